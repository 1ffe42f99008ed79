//! Sixteen bytes in another order.
#![allow(unsafe_code)]

#[cfg(neon)]
use std::arch::aarch64::*;
#[cfg(x86_simd)]
use std::arch::x86_64::*;

use super::token::Baseline;
#[cfg(neon)]
use super::token::Neon;
#[cfg(x86_simd)]
use super::token::{Avx2, Avx512};

/// Reordering bytes, which has an instruction (`pshufb`, `tbl`) that the compiler does not find.
pub trait ShuffleBytes: Copy {
    /// `bytes[indices[0] % 16]`, `bytes[indices[1] % 16]`, … No index is above 127.
    fn shuffle_u8(self, bytes: &[u8; 16], indices: &[u8; 16]) -> [u8; 16];
}

impl ShuffleBytes for Baseline {
    #[inline(always)]
    fn shuffle_u8(self, bytes: &[u8; 16], indices: &[u8; 16]) -> [u8; 16] {
        let mut out = [0; 16];
        for i in 0..16 {
            out[i] = bytes[usize::from(indices[i] % 16)];
        }
        out
    }
}

#[cfg(neon)]
impl<const DOT: bool> ShuffleBytes for Neon<DOT> {
    #[inline(always)]
    fn shuffle_u8(self, bytes: &[u8; 16], indices: &[u8; 16]) -> [u8; 16] {
        let mut out = [0; 16];
        // SAFETY: all three are as large as a register; NEON is part of the target.
        unsafe {
            let indices = vandq_u8(vld1q_u8(indices.as_ptr()), vdupq_n_u8(15));
            vst1q_u8(out.as_mut_ptr(), vqtbl1q_u8(vld1q_u8(bytes.as_ptr()), indices));
        }
        out
    }
}

#[cfg(x86_simd)]
impl ShuffleBytes for Avx2 {
    #[inline(always)]
    fn shuffle_u8(self, bytes: &[u8; 16], indices: &[u8; 16]) -> [u8; 16] {
        let mut out = [0; 16];
        // SAFETY: all three are as large as a register; the token proves AVX2, which includes SSSE3.
        unsafe {
            let indices = _mm_loadu_si128(indices.as_ptr().cast());
            let shuffled = _mm_shuffle_epi8(_mm_loadu_si128(bytes.as_ptr().cast()), indices);
            _mm_storeu_si128(out.as_mut_ptr().cast(), shuffled);
        }
        out
    }
}

#[cfg(x86_simd)]
impl ShuffleBytes for Avx512 {
    #[inline(always)]
    fn shuffle_u8(self, bytes: &[u8; 16], indices: &[u8; 16]) -> [u8; 16] {
        self.avx2().shuffle_u8(bytes, indices)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};

    struct Reverse;

    impl Kernel for Reverse {
        type Output = [u8; 16];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [u8; 16] {
            let bytes = std::array::from_fn(|i| 10 * i as u8);
            simd.shuffle_u8(&bytes, &std::array::from_fn(|i| if i == 0 { 31 } else { 15 - i as u8 }))
        }
    }

    #[test]
    fn bytes_come_from_where_the_indices_say() {
        for level in Level::available() {
            assert_eq!(run_at(level, Reverse), std::array::from_fn(|i| 150 - 10 * i as u8));
        }
    }
}
