//! Writing that goes past the caches.
//!
//! A store to memory that is not in a cache first reads the line it is about to overwrite. For an
//! output larger than the caches this is a third of all traffic of a product of two arrays;
//! non-temporal stores leave it out. For what fits into the caches, and for memory fresh from the
//! system, they are slower: see [`pays`].
#![allow(unsafe_code)]

/// Bytes of an output from which streaming pays: larger than the last-level cache of one core.
const LARGE: usize = 32 << 20;

/// Whether to stream an output of so many bytes whose pages exist already.
pub fn pays(bytes: usize) -> bool {
    cfg!(x86_simd) && bytes >= LARGE
}

/// Copies `source` to `target` past the caches.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn copy<T: Copy>(source: &[T], target: &mut [T]) {
    assert_eq!(source.len(), target.len());
    #[cfg(x86_simd)]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
        const WIDE: usize = size_of::<__m128i>();
        let bytes = size_of_val(source);
        let start = target.as_mut_ptr().align_offset(WIDE).saturating_mul(size_of::<T>());
        if start < bytes {
            let wide = (bytes - start) / WIDE;
            // SAFETY: both slices are `bytes` long, and `start + wide * 16` is not more. `T: Copy`
            // may be copied as bytes (padding, if it had any, as well, by instructions). The
            // target is aligned to 16 from `start`; SSE2 is part of x86-64; the fence orders the
            // stores before those that tell another thread of them. Gains where
            // memory, not the kernel, is the limit, on some CPUs more than on others.
            unsafe {
                let (from, to) = (source.as_ptr().cast::<u8>(), target.as_mut_ptr().cast::<u8>());
                std::ptr::copy_nonoverlapping(from, to, start);
                for i in 0..wide {
                    let at = start + i * WIDE;
                    _mm_stream_si128(to.add(at).cast(), _mm_loadu_si128(from.add(at).cast()));
                }
                let rest = start + wide * WIDE;
                std::ptr::copy_nonoverlapping(from.add(rest), to.add(rest), bytes - rest);
                _mm_sfence();
            }
            return;
        }
    }
    target.copy_from_slice(source);
}

#[cfg(test)]
mod tests {
    #[test]
    fn copies_at_every_offset() {
        let source: Vec<u8> = (0..200).collect();
        for start in 0..20 {
            for len in [0, 1, 15, 16, 17, 100] {
                let mut target = [0; 200];
                super::copy(&source[start..start + len], &mut target[start + 3..start + 3 + len]);
                assert_eq!(target[start + 3..start + 3 + len], source[start..start + len]);
                assert!(target[start + 3 + len..].iter().all(|&byte| byte == 0));
            }
        }
    }
}
