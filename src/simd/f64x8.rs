//! Vectors of eight doubles: an array, one register of AVX-512, two of AVX2, or four of NEON.
//!
//! A vector is made by a token, from memory or from a number; after that it is its own proof that the
//! CPU has the instructions, and so its operations are safe.
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
#[cfg(x86_simd)]
use super::transpose::transpose4;
use super::transpose::transposed;

/// The vectors of eight doubles of a level.
pub trait WithF64x8: Token {
    /// Eight doubles.
    type F64x8: F64x8;

    /// From memory.
    fn load_f64x8(self, from: &[f64; 8]) -> Self::F64x8;

    /// Eight times the same.
    fn splat_f64x8(self, value: f64) -> Self::F64x8;
}

/// Eight doubles.
pub trait F64x8: Copy {
    /// To memory.
    fn store(self, to: &mut [f64; 8]);
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// The lanes moved up by one, with a new first and without the last.
    fn shift_in(self, first: f64) -> Self;
    /// `0 - self`.
    fn neg(self) -> Self;
    /// `self * other + more`, with one or two roundings.
    fn mul_add(self, other: Self, more: Self) -> Self;
    /// `self * other - less`, with one or two roundings.
    fn mul_sub(self, other: Self, less: Self) -> Self;
    /// Rows become columns.
    fn transpose(rows: [Self; 8]) -> [Self; 8];
}

impl WithF64x8 for Baseline {
    type F64x8 = [f64; 8];

    #[inline(always)]
    fn load_f64x8(self, from: &[f64; 8]) -> [f64; 8] {
        *from
    }

    #[inline(always)]
    fn splat_f64x8(self, value: f64) -> [f64; 8] {
        [value; 8]
    }
}

// Loops over lanes use an index: iterator adapters are not always inlined, and then not compiled for
// the CPU level.
impl F64x8 for [f64; 8] {
    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        *to = self;
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] += other[l];
        }
        self
    }

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] -= other[l];
        }
        self
    }

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] *= other[l];
        }
        self
    }

    #[inline(always)]
    fn div(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] /= other[l];
        }
        self
    }

    #[inline(always)]
    fn shift_in(self, first: f64) -> Self {
        let mut shifted = [first; 8];
        shifted[1..].copy_from_slice(&self[..7]);
        shifted
    }

    #[inline(always)]
    fn neg(self) -> Self {
        [0.0; 8].sub(self)
    }

    // `f64::mul_add` would call a function where the CPU has no such instruction.
    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        self.mul(other).add(more)
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        self.mul(other).sub(less)
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        transposed(rows)
    }
}

/// Eight doubles in one register: proof of [`Avx512`].
#[cfg(x86_simd)]
#[derive(Debug, Clone, Copy)]
pub struct F64x8Avx512(__m512d);

// SAFETY (all blocks below): a vector, or the token that makes one, proves that the CPU has the
// instructions; pointers are to eight doubles.
#[cfg(x86_simd)]
impl WithF64x8 for Avx512 {
    type F64x8 = F64x8Avx512;

    #[inline(always)]
    fn load_f64x8(self, from: &[f64; 8]) -> F64x8Avx512 {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    fn splat_f64x8(self, value: f64) -> F64x8Avx512 {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_set1_pd(value) })
    }
}

#[cfg(x86_simd)]
impl F64x8 for F64x8Avx512 {
    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_add_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_sub_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_mul_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_div_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn shift_in(self, first: f64) -> Self {
        // SAFETY: see above.
        unsafe {
            let (lanes, first) = (_mm512_castpd_si512(self.0), _mm512_castpd_si512(_mm512_set1_pd(first)));
            F64x8Avx512(_mm512_castsi512_pd(_mm512_alignr_epi64::<7>(lanes, first)))
        }
    }

    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_sub_pd(_mm512_setzero_pd(), self.0) })
    }

    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_fmadd_pd(self.0, other.0, more.0) })
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        // SAFETY: see above.
        F64x8Avx512(unsafe { _mm512_fmsub_pd(self.0, other.0, less.0) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        // SAFETY: see above.
        unsafe {
            // Even and odd columns of pairs of rows, in pairs of doubles; then the pairs.
            let (e0, o0) = (_mm512_unpacklo_pd(r0.0, r1.0), _mm512_unpackhi_pd(r0.0, r1.0));
            let (e1, o1) = (_mm512_unpacklo_pd(r2.0, r3.0), _mm512_unpackhi_pd(r2.0, r3.0));
            let (e2, o2) = (_mm512_unpacklo_pd(r4.0, r5.0), _mm512_unpackhi_pd(r4.0, r5.0));
            let (e3, o3) = (_mm512_unpacklo_pd(r6.0, r7.0), _mm512_unpackhi_pd(r6.0, r7.0));
            let (e04, e26) = (_mm512_shuffle_f64x2::<0x88>(e0, e1), _mm512_shuffle_f64x2::<0xdd>(e0, e1));
            let (f04, f26) = (_mm512_shuffle_f64x2::<0x88>(e2, e3), _mm512_shuffle_f64x2::<0xdd>(e2, e3));
            let (o15, o37) = (_mm512_shuffle_f64x2::<0x88>(o0, o1), _mm512_shuffle_f64x2::<0xdd>(o0, o1));
            let (p15, p37) = (_mm512_shuffle_f64x2::<0x88>(o2, o3), _mm512_shuffle_f64x2::<0xdd>(o2, o3));
            [
                F64x8Avx512(_mm512_shuffle_f64x2::<0x88>(e04, f04)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0x88>(o15, p15)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0x88>(e26, f26)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0x88>(o37, p37)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0xdd>(e04, f04)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0xdd>(o15, p15)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0xdd>(e26, f26)),
                F64x8Avx512(_mm512_shuffle_f64x2::<0xdd>(o37, p37)),
            ]
        }
    }
}

/// Eight doubles in two registers: proof of [`Avx2`].
#[cfg(x86_simd)]
#[derive(Debug, Clone, Copy)]
pub struct F64x8Avx2(Avx2, __m256d, __m256d);

#[cfg(x86_simd)]
impl WithF64x8 for Avx2 {
    type F64x8 = F64x8Avx2;

    #[inline(always)]
    fn load_f64x8(self, from: &[f64; 8]) -> F64x8Avx2 {
        // SAFETY: see above.
        unsafe { F64x8Avx2(self, _mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))) }
    }

    #[inline(always)]
    fn splat_f64x8(self, value: f64) -> F64x8Avx2 {
        // SAFETY: see above.
        let value = unsafe { _mm256_set1_pd(value) };
        F64x8Avx2(self, value, value)
    }
}

#[cfg(x86_simd)]
impl F64x8 for F64x8Avx2 {
    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        // SAFETY: see above.
        unsafe {
            _mm256_storeu_pd(to.as_mut_ptr(), self.1);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), self.2);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { F64x8Avx2(self.0, _mm256_add_pd(self.1, other.1), _mm256_add_pd(self.2, other.2)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { F64x8Avx2(self.0, _mm256_sub_pd(self.1, other.1), _mm256_sub_pd(self.2, other.2)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { F64x8Avx2(self.0, _mm256_mul_pd(self.1, other.1), _mm256_mul_pd(self.2, other.2)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { F64x8Avx2(self.0, _mm256_div_pd(self.1, other.1), _mm256_div_pd(self.2, other.2)) }
    }

    #[inline(always)]
    fn shift_in(self, first: f64) -> Self {
        // SAFETY: see above.
        unsafe {
            // The last lane of each half comes first.
            let (low, high) = (_mm256_permute4x64_pd::<0x93>(self.1), _mm256_permute4x64_pd::<0x93>(self.2));
            let first = _mm256_blend_pd::<1>(low, _mm256_set1_pd(first));
            F64x8Avx2(self.0, first, _mm256_blend_pd::<1>(high, low))
        }
    }

    #[inline(always)]
    fn neg(self) -> Self {
        self.0.splat_f64x8(0.0).sub(self)
    }

    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        // SAFETY: see above.
        unsafe {
            F64x8Avx2(
                self.0,
                _mm256_fmadd_pd(self.1, other.1, more.1),
                _mm256_fmadd_pd(self.2, other.2, more.2),
            )
        }
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        // SAFETY: see above.
        unsafe {
            F64x8Avx2(
                self.0,
                _mm256_fmsub_pd(self.1, other.1, less.1),
                _mm256_fmsub_pd(self.2, other.2, less.2),
            )
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        let avx2 = r0.0;
        let [a0, a1, a2, a3] = transpose4(avx2, [r0.1, r1.1, r2.1, r3.1]);
        let [a4, a5, a6, a7] = transpose4(avx2, [r0.2, r1.2, r2.2, r3.2]);
        let [b0, b1, b2, b3] = transpose4(avx2, [r4.1, r5.1, r6.1, r7.1]);
        let [b4, b5, b6, b7] = transpose4(avx2, [r4.2, r5.2, r6.2, r7.2]);
        [
            F64x8Avx2(avx2, a0, b0),
            F64x8Avx2(avx2, a1, b1),
            F64x8Avx2(avx2, a2, b2),
            F64x8Avx2(avx2, a3, b3),
            F64x8Avx2(avx2, a4, b4),
            F64x8Avx2(avx2, a5, b5),
            F64x8Avx2(avx2, a6, b6),
            F64x8Avx2(avx2, a7, b7),
        ]
    }
}

/// Eight doubles in four registers.
#[cfg(neon)]
#[derive(Debug, Clone, Copy)]
pub struct F64x8Neon([float64x2_t; 4]);

// SAFETY (all blocks below): NEON is part of the target; pointers are to eight doubles.
#[cfg(neon)]
impl<const DOT: bool> WithF64x8 for Neon<DOT> {
    type F64x8 = F64x8Neon;

    #[inline(always)]
    fn load_f64x8(self, from: &[f64; 8]) -> F64x8Neon {
        let mut registers = self.splat_f64x8(0.0).0;
        for r in 0..4 {
            // SAFETY: see above.
            registers[r] = unsafe { vld1q_f64(from.as_ptr().add(2 * r)) };
        }
        F64x8Neon(registers)
    }

    #[inline(always)]
    fn splat_f64x8(self, value: f64) -> F64x8Neon {
        // SAFETY: see above.
        F64x8Neon([unsafe { vdupq_n_f64(value) }; 4])
    }
}

#[cfg(neon)]
impl F64x8 for F64x8Neon {
    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        for r in 0..4 {
            // SAFETY: see above.
            unsafe { vst1q_f64(to.as_mut_ptr().add(2 * r), self.0[r]) }
        }
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            self.0[r] = unsafe { vaddq_f64(self.0[r], other.0[r]) };
        }
        self
    }

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            self.0[r] = unsafe { vsubq_f64(self.0[r], other.0[r]) };
        }
        self
    }

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            self.0[r] = unsafe { vmulq_f64(self.0[r], other.0[r]) };
        }
        self
    }

    #[inline(always)]
    fn div(mut self, other: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            self.0[r] = unsafe { vdivq_f64(self.0[r], other.0[r]) };
        }
        self
    }

    #[inline(always)]
    fn shift_in(mut self, first: f64) -> Self {
        // SAFETY: see above.
        let mut before = unsafe { vdupq_n_f64(first) };
        for r in 0..4 {
            let own = self.0[r];
            // SAFETY: see above.
            self.0[r] = unsafe { vextq_f64::<1>(before, own) };
            before = own;
        }
        self
    }

    #[inline(always)]
    fn neg(mut self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            self.0[r] = unsafe { vsubq_f64(vdupq_n_f64(0.0), self.0[r]) };
        }
        self
    }

    #[inline(always)]
    fn mul_add(self, other: Self, mut more: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            more.0[r] = unsafe { vfmaq_f64(more.0[r], self.0[r], other.0[r]) };
        }
        more
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, mut less: Self) -> Self {
        for r in 0..4 {
            // SAFETY: see above.
            less.0[r] = unsafe { vfmaq_f64(vnegq_f64(less.0[r]), self.0[r], other.0[r]) };
        }
        less
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut columns = rows;
        for i in 0..4 {
            for j in 0..4 {
                let (a, b) = (rows[2 * i].0[j], rows[2 * i + 1].0[j]);
                // SAFETY: see above.
                unsafe {
                    columns[2 * j].0[i] = vtrn1q_f64(a, b);
                    columns[2 * j + 1].0[i] = vtrn2q_f64(a, b);
                }
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};
    use super::*;

    struct Operations;

    impl Kernel for Operations {
        type Output = [[f64; 8]; 9];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [[f64; 8]; 9] {
            let row = |row: usize| std::array::from_fn(|l| (8 * row + l) as f64);
            let (a, b) = (simd.load_f64x8(&row(1)), simd.load_f64x8(&row(2)));
            let c = simd.splat_f64x8(3.0);
            let rows = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| simd.load_f64x8(&row(i)));
            let columns = S::F64x8::transpose(rows);
            let back = S::F64x8::transpose(columns);
            [
                a.add(b),
                b.sub(a).neg(),
                a.mul(b),
                a.mul_add(b, c),
                a.mul_sub(b, c),
                columns[3],
                back[5],
                a.div(c),
                a.shift_in(-1.0),
            ]
            .map(|vector| {
                let mut to = [0.0; 8];
                vector.store(&mut to);
                to
            })
        }
    }

    #[test]
    fn the_operations_of_every_level_are_those_of_numbers() {
        for level in Level::available() {
            let [sum, difference, product, more, less, column, row, quotient, shifted] =
                run_at(level, Operations);
            for l in 0..8 {
                let (a, b) = ((8 + l) as f64, (16 + l) as f64);
                assert_eq!([sum[l], difference[l], product[l]], [a + b, -8.0, a * b], "{level:?}");
                assert_eq!([more[l], less[l]], [a * b + 3.0, a * b - 3.0], "{level:?}");
                let before = if l == 0 { -1.0 } else { a - 1.0 };
                assert_eq!([quotient[l], shifted[l]], [a / 3.0, before], "{level:?}");
                assert_eq!([column[l], row[l]], [(8 * l + 3) as f64, (40 + l) as f64], "{level:?}");
            }
        }
    }
}
