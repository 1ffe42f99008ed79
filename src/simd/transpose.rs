//! Squares of elements, transposed in registers.
//!
//! Four rows of 64 bits, or eight of 32, fill registers of 256 bits: with shuffles of pairs and of
//! halves the rows become columns in as many steps as the side has bits. Wider registers gain nothing,
//! as the rows come from and go to memory.
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
use crate::dtype::Element;

/// The transpositions of a level.
pub trait Transpose: Token {
    /// Rows of four elements of 64 bits become columns.
    #[inline(always)]
    fn transpose_4x64(self, rows: [[u64; 4]; 4]) -> [[u64; 4]; 4] {
        transposed(rows)
    }

    /// Rows of eight elements of 32 bits become columns.
    #[inline(always)]
    fn transpose_8x32(self, rows: [[u32; 8]; 8]) -> [[u32; 8]; 8] {
        transposed(rows)
    }

    /// Rows of any elements become columns: with registers, where a method above fits.
    #[inline(always)]
    fn transpose<T: Element, const SIDE: usize>(self, rows: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE] {
        // SAFETY: the types have the same size by the condition. Elements have no padding, and every
        // combination of bits is one; bits are moved only.
        unsafe {
            if size_of::<T>() == 8 && SIDE == 4 {
                let columns = self.transpose_4x64(std::mem::transmute_copy(&rows));
                std::mem::transmute_copy(&columns)
            } else if size_of::<T>() == 4 && SIDE == 8 {
                let columns = self.transpose_8x32(std::mem::transmute_copy(&rows));
                std::mem::transmute_copy(&columns)
            } else {
                transposed(rows)
            }
        }
    }
}

/// Rows become columns, one element after the other.
#[inline(always)]
pub(super) fn transposed<T: Copy, const SIDE: usize>(rows: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE] {
    let mut columns = rows;
    for i in 0..SIDE {
        for j in 0..SIDE {
            columns[j][i] = rows[i][j];
        }
    }
    columns
}

impl Transpose for Baseline {}

/// Registers of 128 bits: the square in four parts, each of which is transposed into the place of another.
#[cfg(neon)]
impl<const DOT: bool> Transpose for Neon<DOT> {
    #[inline(always)]
    fn transpose_4x64(self, rows: [[u64; 4]; 4]) -> [[u64; 4]; 4] {
        // SAFETY: the arrays are as large as the registers, and all their bits are valid; NEON is part of the
        // target.
        unsafe {
            let rows = std::mem::transmute::<[[u64; 4]; 4], [[uint64x2_t; 2]; 4]>(rows);
            let mut columns = rows;
            for i in 0..2 {
                for j in 0..2 {
                    let (a, b) = (rows[2 * i][j], rows[2 * i + 1][j]);
                    columns[2 * j][i] = vtrn1q_u64(a, b);
                    columns[2 * j + 1][i] = vtrn2q_u64(a, b);
                }
            }
            std::mem::transmute::<[[uint64x2_t; 2]; 4], [[u64; 4]; 4]>(columns)
        }
    }

    #[inline(always)]
    fn transpose_8x32(self, rows: [[u32; 8]; 8]) -> [[u32; 8]; 8] {
        // SAFETY: as above.
        unsafe {
            let rows = std::mem::transmute::<[[u32; 8]; 8], [[uint32x4_t; 2]; 8]>(rows);
            let mut columns = rows;
            for i in 0..2 {
                for j in 0..2 {
                    let [a, b, c, d] =
                        [rows[4 * i][j], rows[4 * i + 1][j], rows[4 * i + 2][j], rows[4 * i + 3][j]];
                    // Even and odd columns of pairs of rows, in pairs; then the pairs.
                    let (even, odd) = (vtrn1q_u32(a, b), vtrn2q_u32(a, b));
                    let (even_below, odd_below) = (vtrn1q_u32(c, d), vtrn2q_u32(c, d));
                    columns[4 * j][i] = low_halves(even, even_below);
                    columns[4 * j + 1][i] = low_halves(odd, odd_below);
                    columns[4 * j + 2][i] = high_halves(even, even_below);
                    columns[4 * j + 3][i] = high_halves(odd, odd_below);
                }
            }
            std::mem::transmute::<[[uint32x4_t; 2]; 8], [[u32; 8]; 8]>(columns)
        }
    }
}

#[cfg(neon)]
#[inline(always)]
fn low_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    // SAFETY: NEON is part of the target.
    unsafe { vreinterpretq_u32_u64(vtrn1q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b))) }
}

#[cfg(neon)]
#[inline(always)]
fn high_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    // SAFETY: as above.
    unsafe { vreinterpretq_u32_u64(vtrn2q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b))) }
}

#[cfg(x86_simd)]
impl Transpose for Avx2 {
    #[inline(always)]
    fn transpose_4x64(self, rows: [[u64; 4]; 4]) -> [[u64; 4]; 4] {
        // SAFETY: the arrays are as large as the registers, and all their bits are valid.
        unsafe {
            let rows = std::mem::transmute::<[[u64; 4]; 4], [__m256d; 4]>(rows);
            std::mem::transmute::<[__m256d; 4], [[u64; 4]; 4]>(transpose4(self, rows))
        }
    }

    #[inline(always)]
    fn transpose_8x32(self, rows: [[u32; 8]; 8]) -> [[u32; 8]; 8] {
        // SAFETY: as above, and the token proves that the CPU has the instructions.
        unsafe {
            let rows = std::mem::transmute::<[[u32; 8]; 8], [__m256; 8]>(rows);
            let mut columns = rows;
            for half in 0..2 {
                let [a, b, c, d] =
                    [rows[4 * half], rows[4 * half + 1], rows[4 * half + 2], rows[4 * half + 3]];
                // Four rows: elements 0, 1, 4, 5 of two in turn, and 2, 3, 6, 7.
                let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                columns[4 * half] = _mm256_shuffle_ps::<0x44>(ab_low, cd_low);
                columns[4 * half + 1] = _mm256_shuffle_ps::<0xee>(ab_low, cd_low);
                columns[4 * half + 2] = _mm256_shuffle_ps::<0x44>(ab_high, cd_high);
                columns[4 * half + 3] = _mm256_shuffle_ps::<0xee>(ab_high, cd_high);
            }
            let four = columns;
            for lane in 0..4 {
                columns[lane] = _mm256_permute2f128_ps::<0x20>(four[lane], four[lane + 4]);
                columns[lane + 4] = _mm256_permute2f128_ps::<0x31>(four[lane], four[lane + 4]);
            }
            std::mem::transmute::<[__m256; 8], [[u32; 8]; 8]>(columns)
        }
    }
}

#[cfg(x86_simd)]
impl Transpose for Avx512 {
    #[inline(always)]
    fn transpose_4x64(self, rows: [[u64; 4]; 4]) -> [[u64; 4]; 4] {
        self.avx2().transpose_4x64(rows)
    }

    #[inline(always)]
    fn transpose_8x32(self, rows: [[u32; 8]; 8]) -> [[u32; 8]; 8] {
        self.avx2().transpose_8x32(rows)
    }
}

/// Four registers of doubles: rows become columns.
#[cfg(x86_simd)]
#[inline(always)]
pub(super) fn transpose4(_avx2: Avx2, [a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: the token proves that the CPU has the instructions.
    unsafe {
        // Pairs of rows: elements 0 and 2, 1 and 3; then halves.
        let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
            _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
            _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
            _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};
    use super::*;

    struct Square<T, const SIDE: usize>([[T; SIDE]; SIDE]);

    impl<T: Element, const SIDE: usize> Kernel for Square<T, SIDE> {
        type Output = [[T; SIDE]; SIDE];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            simd.transpose(self.0)
        }
    }

    fn check<T: Element, const SIDE: usize>(number: impl Fn(usize) -> T) {
        let rows = std::array::from_fn(|i| std::array::from_fn(|j| number(SIDE * i + j)));
        let columns = std::array::from_fn(|i| std::array::from_fn(|j| number(SIDE * j + i)));
        for level in Level::available() {
            assert_eq!(run_at(level, Square::<T, SIDE>(rows)), columns, "{level:?}");
        }
    }

    #[test]
    fn rows_become_columns_at_every_level() {
        check::<f64, 4>(|i| i as f64);
        check::<i64, 4>(|i| i as i64 - 7);
        check::<u32, 8>(|i| i as u32);
        check::<num_complex::Complex<f32>, 4>(|i| num_complex::Complex::new(i as f32, -1.0));
        check::<num_complex::Complex<f64>, 4>(|i| num_complex::Complex::new(i as f64, -1.0));
        check::<u8, 8>(|i| i as u8);
        check::<f64, 3>(|i| i as f64);
    }
}
