//! Bytes that are zero or not, as bits, and the other way round.
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

#[cfg(neon)]
use std::arch::aarch64::*;
#[cfg(x86_simd)]
use std::arch::x86_64::*;

#[cfg(neon)]
use super::token::Neon;
#[cfg(x86_simd)]
use super::token::{Avx2, Avx512};
use super::token::{Baseline, Token};

/// How a level turns 64 bytes into bits, the first one the lowest, and back.
pub trait ByteMask: Token {
    /// A bit for each byte: whether it is not zero.
    fn nonzero(self, bytes: &[u8; 64]) -> u64;

    /// A byte for each bit: zero or one.
    fn spread(self, word: u64) -> [u8; 64];
}

/// One in each byte that is not zero.
#[inline(always)]
fn ones(eight: u64) -> u64 {
    let low = 0x7f7f_7f7f_7f7f_7f7f;
    (((eight & low) + low) | eight) >> 7 & 0x0101_0101_0101_0101
}

/// Eight at a time.
impl ByteMask for Baseline {
    #[inline(always)]
    fn nonzero(self, bytes: &[u8; 64]) -> u64 {
        let mut word = 0;
        for (index, eight) in bytes.chunks_exact(8).enumerate() {
            let mut copy = [0; 8];
            copy.copy_from_slice(eight);
            // The multiplication collects the ones in the highest byte.
            let ones = ones(u64::from_le_bytes(copy));
            word |= (ones.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
        }
        word
    }

    #[inline(always)]
    fn spread(self, word: u64) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (index, eight) in bytes.chunks_exact_mut(8).enumerate() {
            // A copy of the eight bits in each byte, then one bit of each.
            let copies = (word >> (8 * index) & 0xff).wrapping_mul(0x0101_0101_0101_0101);
            eight.copy_from_slice(&ones(copies & 0x8040_2010_0804_0201).to_le_bytes());
        }
        bytes
    }
}

/// The bit of a byte among eight.
#[cfg(neon)]
const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// 64 at a time: there is no instruction for it, but one that adds neighbours.
#[cfg(neon)]
impl<const DOT: bool> ByteMask for Neon<DOT> {
    #[inline(always)]
    fn nonzero(self, bytes: &[u8; 64]) -> u64 {
        // SAFETY: NEON is part of the target; there are four times 16 bytes.
        unsafe {
            let bit = vld1q_u8(BITS.as_ptr());
            let mut parts = [bit; 4];
            for part in 0..4 {
                let bytes = vld1q_u8(bytes.as_ptr().add(16 * part));
                parts[part] = vandq_u8(vtstq_u8(bytes, bytes), bit);
            }
            let halves = [vpaddq_u8(parts[0], parts[1]), vpaddq_u8(parts[2], parts[3])];
            let whole = vpaddq_u8(halves[0], halves[1]);
            vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(whole, whole)))
        }
    }

    #[inline(always)]
    fn spread(self, word: u64) -> [u8; 64] {
        let mut bytes = [0; 64];
        // SAFETY: as above.
        unsafe {
            let (bit, word) = (vld1q_u8(BITS.as_ptr()), vreinterpretq_u8_u64(vdupq_n_u64(word)));
            // Each byte gets the eight bits that its own is among, and keeps that one.
            let eights = vcombine_u8(vdup_n_u8(0), vdup_n_u8(1));
            for part in 0..4 {
                let own = vqtbl1q_u8(word, vaddq_u8(eights, vdupq_n_u8(2 * part as u8)));
                vst1q_u8(bytes.as_mut_ptr().add(16 * part), vshrq_n_u8::<7>(vtstq_u8(own, bit)));
            }
        }
        bytes
    }
}

/// 32 at a time.
#[cfg(x86_simd)]
impl ByteMask for Avx2 {
    #[inline(always)]
    fn nonzero(self, bytes: &[u8; 64]) -> u64 {
        let mut word = 0;
        for (half, bytes) in bytes.chunks_exact(32).enumerate() {
            // SAFETY: by the token; there are 32 bytes.
            let zeros = unsafe {
                let bytes = _mm256_loadu_si256(bytes.as_ptr().cast());
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()))
            };
            word |= u64::from(!zeros as u32) << (32 * half);
        }
        word
    }

    #[inline(always)]
    fn spread(self, word: u64) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (half, bytes) in bytes.chunks_exact_mut(32).enumerate() {
            // SAFETY: by the token; there are 32 bytes.
            unsafe {
                // Each byte gets the eight bits that its own is among, and keeps that one.
                let word = _mm256_set1_epi32((word >> (32 * half)) as i32);
                let eights = _mm256_setr_epi64x(
                    0,
                    0x0101_0101_0101_0101,
                    0x0202_0202_0202_0202,
                    0x0303_0303_0303_0303,
                );
                let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
                let chosen = _mm256_and_si256(_mm256_shuffle_epi8(word, eights), bit);
                let ones = _mm256_and_si256(_mm256_cmpeq_epi8(chosen, bit), _mm256_set1_epi8(1));
                _mm256_storeu_si256(bytes.as_mut_ptr().cast(), ones);
            }
        }
        bytes
    }
}

/// AVX-512 would be no faster: what uses the bits waits for the caches.
#[cfg(x86_simd)]
impl ByteMask for Avx512 {
    #[inline(always)]
    fn nonzero(self, bytes: &[u8; 64]) -> u64 {
        self.avx2().nonzero(bytes)
    }

    #[inline(always)]
    fn spread(self, word: u64) -> [u8; 64] {
        self.avx2().spread(word)
    }
}
