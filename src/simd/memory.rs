//! Writing that goes past the caches, and reading that runs ahead.
//!
//! A store to memory that is not in a cache first reads the line it is about to overwrite. For an
//! output larger than the caches this is a third of all traffic of a product of two arrays;
//! non-temporal stores leave it out. For what fits into the caches, and for memory fresh from the
//! system, they are slower: see [`pays`].
#![allow(unsafe_code)]

use std::any::TypeId;
use std::ops::{Deref, DerefMut, Range};

use crate::alloc::try_filled;
use crate::error::Result;

/// Bytes of an output from which streaming pays: larger than the last-level cache of one core.
const LARGE: usize = 32 << 20;

/// Whether to stream an output of so many bytes whose pages exist already.
pub fn pays(bytes: usize) -> bool {
    streams_from().is_some_and(|least| bytes >= least)
}

/// Bytes of an output from which it may be streamed; `None` where there are no such stores.
pub fn streams_from() -> Option<usize> {
    cfg!(x86_simd).then_some(LARGE)
}

/// Elements that are streamed at once: one cache line of bytes, or several of larger elements.
pub const LINE: usize = 64;

/// Bytes of a cache line, and of the widest registers: what a large output should be aligned to.
pub const CACHE_LINE: usize = 64;

/// Elements until `slice` is aligned: all of it, if it never is.
#[inline(always)]
pub fn unaligned<T>(slice: &[T]) -> usize {
    slice.as_ptr().align_offset(CACHE_LINE).min(slice.len())
}

/// Copies `source` to `target` past the caches, if that is aligned. [`fence`] must follow the last
/// of them.
#[inline(always)]
pub fn copy<T: Copy>(source: &[T; LINE], target: &mut [T; LINE]) {
    #[cfg(x86_simd)]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        let (from, to) = (source.as_ptr().cast::<__m128i>(), target.as_mut_ptr().cast::<__m128i>());
        if to.is_aligned() {
            for i in 0..size_of_val(source) / size_of::<__m128i>() {
                // SAFETY: both are 64 elements long, a multiple of 16 bytes, of which `i` counts
                // those within; the target is aligned to 16; SSE2 is part of x86-64. `T: Copy` may
                // be copied as bytes. Half as much time again for a product of large arrays.
                unsafe { _mm_stream_si128(to.add(i), _mm_loadu_si128(from.add(i))) };
            }
            return;
        }
    }
    *target = *source;
}

/// Orders what was streamed before all stores that tell another thread of it.
#[inline(always)]
pub fn fence() {
    // SAFETY: an instruction of SSE, which is part of x86-64, without operands.
    #[cfg(x86_simd)]
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// `slice` itself, if its elements are of type `B`.
#[inline(always)]
pub fn same_type<A: 'static, B: 'static>(slice: &[A]) -> Option<&[B]> {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return None;
    }
    // SAFETY: the elements are of the same type, by the test above. There is no safe way to say
    // so, and without it a filter can neither copy nor stream what is of the type it computes in.
    Some(unsafe { std::slice::from_raw_parts(slice.as_ptr().cast::<B>(), slice.len()) })
}

/// Copies `source` to `target` past the caches. Of a target that is not aligned, the ends go
/// through them.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn stream<T: Copy>(source: &[T], target: &mut [T]) {
    assert_eq!(source.len(), target.len());
    let start = unaligned(target);
    let rest = source.len() - (source.len() - start) % LINE;
    let lines = target[start..rest].chunks_exact_mut(LINE).zip(source[start..rest].chunks_exact(LINE));
    for (target, source) in lines {
        if let (Some(source), Some(target)) = (source.first_chunk(), target.first_chunk_mut()) {
            copy(source, target);
        }
    }
    fence();
    target[..start].copy_from_slice(&source[..start]);
    target[rest..].copy_from_slice(&source[rest..]);
}

/// Asks for memory that is about to be read.
#[inline]
pub fn prefetch<T>(data: &[T]) {
    #[cfg(x86_simd)]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for at in (0..size_of_val(data)).step_by(CACHE_LINE) {
            // SAFETY: in bounds; a hint that neither reads nor faults. Where the CPU does not run
            // ahead by itself, a filter waits for each new row: a tenth of its time.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(data.as_ptr().cast::<i8>().add(at)) }
        }
    }
    #[cfg(not(x86_simd))]
    let _ = data;
}

/// Asks for memory that is to be read later: it is brought into the second-level cache.
#[inline(always)]
pub fn prefetch_later<T>(data: &[T]) {
    #[cfg(x86_simd)]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        for at in (0..size_of_val(data)).step_by(CACHE_LINE) {
            // SAFETY: in bounds; a hint that neither reads nor faults.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(data.as_ptr().cast::<i8>().add(at)) }
        }
    }
    #[cfg(not(x86_simd))]
    let _ = data;
}

/// Asks for `slice[index]` to be brought into the caches, wherever that lies. It hides the latency of
/// a table that is larger than they are.
#[inline(always)]
pub fn prefetch_element<T>(slice: &[T], index: usize) {
    #[cfg(x86_simd)]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint that neither reads nor faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(slice.as_ptr().wrapping_add(index).cast()) }
    }
    #[cfg(not(x86_simd))]
    let _ = (slice, index);
}

/// The whole arrays that the elements make, one after the other, as the standard library has it from Rust 1.88 on.
#[inline(always)]
pub fn as_arrays<T, const N: usize>(slice: &[T]) -> &[[T; N]] {
    // SAFETY: so many arrays lie within the slice, with the alignment of their elements.
    unsafe { std::slice::from_raw_parts(slice.as_ptr().cast(), slice.len() / N) }
}

/// As [`as_arrays`].
#[inline(always)]
pub fn as_arrays_mut<T, const N: usize>(slice: &mut [T]) -> &mut [[T; N]] {
    // SAFETY: as above; the slice is borrowed mutably for as long.
    unsafe { std::slice::from_raw_parts_mut(slice.as_mut_ptr().cast(), slice.len() / N) }
}

/// Scratch memory that begins at a cache line, as loads that cross from one line to the next take
/// twice as long.
#[derive(Default)]
pub struct Aligned<T> {
    memory: Vec<T>,
    range: Range<usize>,
}

impl<T: Copy + Default> Aligned<T> {
    /// `len` elements.
    pub fn new(len: usize) -> Result<Self> {
        let spare = CACHE_LINE / size_of::<T>();
        let memory = try_filled(len.saturating_add(spare), T::default())?;
        // Where it cannot be told (it may be so in an interpreter), the start is as good.
        let start = memory.as_ptr().align_offset(CACHE_LINE).min(spare);
        Ok(Aligned { memory, range: start..start + len })
    }

    /// Makes it at least `len` elements long, and forgets what was in it if it was shorter.
    #[inline(always)]
    pub fn grow(&mut self, len: usize) -> Result<()> {
        if self.len() < len {
            *self = Aligned::new(len)?;
        }
        Ok(())
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.memory[self.range.clone()]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.range.clone()]
    }
}

/// How many elements rows stand apart, so that each holds `len` of them and begins at a line.
///
/// An odd number of lines: rows a power of two apart would share few sets of a cache.
pub fn padded_stride<T>(len: usize) -> usize {
    let line = CACHE_LINE / size_of::<T>();
    (len.div_ceil(line) | 1).saturating_mul(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_scratch_begin_at_lines_an_odd_number_apart() {
        for len in [0, 1, 31, 32, 33, 64, 1000] {
            let stride = padded_stride::<u16>(len);
            assert!(stride >= len && stride * 2 / CACHE_LINE % 2 == 1 && stride * 2 % CACHE_LINE == 0);
            let scratch = Aligned::<u16>::new(3 * stride).expect("memory is there");
            assert!(scratch.len() == 3 * stride && scratch.iter().all(|&element| element == 0));
            assert!(cfg!(miri) || scratch.as_ptr().addr() % CACHE_LINE == 0);
        }
    }

    #[test]
    fn elements_are_seen_as_whole_arrays() {
        let mut data = [1, 2, 3, 4, 5, 6, 7];
        assert_eq!(as_arrays::<_, 3>(&data), [[1, 2, 3], [4, 5, 6]]);
        as_arrays_mut::<_, 2>(&mut data)[2][1] = 0;
        assert_eq!(data, [1, 2, 3, 4, 5, 0, 7]);
        assert!(as_arrays::<_, 8>(&data).is_empty());
    }

    #[test]
    fn copies_at_every_offset() {
        let source: [u8; LINE] = std::array::from_fn(|i| i as u8 + 1);
        for start in 0..20 {
            let mut target = [0; 100];
            copy(&source, target[start..].first_chunk_mut().expect("there is room"));
            fence();
            assert_eq!(target[start..start + LINE], source);
            assert!(target[..start].iter().chain(&target[start + LINE..]).all(|&byte| byte == 0));
        }
    }

    #[test]
    fn alignment_is_found_or_given_up() {
        // Aligned to its size on every system, as wider types are not where addresses have 32 bits.
        let data = [0u32; 40];
        let start = unaligned(&data);
        assert!(start < 16 && data[start..].as_ptr().addr() % CACHE_LINE == 0);
        assert_eq!(unaligned(&data[start + 1..start + 3]), 2);
    }

    #[test]
    fn slices_of_equal_types_are_streamed() {
        let source: Vec<u8> = (0..200).collect();
        let source = same_type::<u8, u8>(&source).expect("one type");
        assert!(same_type::<u8, i8>(source).is_none());
        for start in 0..70 {
            let mut target = [0; 200];
            stream(&source[start..], &mut target[start..]);
            assert_eq!((&target[..start], &target[start..]), (&vec![0; start][..], &source[start..]));
        }
        prefetch(source);
    }
}
