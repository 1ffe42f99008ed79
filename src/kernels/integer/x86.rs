//! Vectors of eight doubles of AVX-512 and AVX2.
//!
//! They are used only in code that `simd::run_at` compiles for these levels and calls where the
//! CPU has them; there the instructions are inlined.
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

use super::vector::Vector;

/// One register.
#[derive(Clone, Copy)]
pub struct Avx512(__m512d);

// SAFETY (all blocks below): the CPU has the instructions, see above; pointers are to eight doubles.
impl Vector for Avx512 {
    #[inline(always)]
    fn load(from: &[f64; 8]) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_set1_pd(value) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_add_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_sub_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_mul_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_fmadd_pd(self.0, other.0, more.0) })
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        // SAFETY: see above.
        Avx512(unsafe { _mm512_fmsub_pd(self.0, other.0, less.0) })
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
                Avx512(_mm512_shuffle_f64x2::<0x88>(e04, f04)),
                Avx512(_mm512_shuffle_f64x2::<0x88>(o15, p15)),
                Avx512(_mm512_shuffle_f64x2::<0x88>(e26, f26)),
                Avx512(_mm512_shuffle_f64x2::<0x88>(o37, p37)),
                Avx512(_mm512_shuffle_f64x2::<0xdd>(e04, f04)),
                Avx512(_mm512_shuffle_f64x2::<0xdd>(o15, p15)),
                Avx512(_mm512_shuffle_f64x2::<0xdd>(e26, f26)),
                Avx512(_mm512_shuffle_f64x2::<0xdd>(o37, p37)),
            ]
        }
    }
}

/// Two registers.
#[derive(Clone, Copy)]
pub struct Avx2(__m256d, __m256d);

impl Vector for Avx2 {
    #[inline(always)]
    fn load(from: &[f64; 8]) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        // SAFETY: see above.
        unsafe {
            _mm256_storeu_pd(to.as_mut_ptr(), self.0);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), self.1);
        }
    }

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see above.
        let value = unsafe { _mm256_set1_pd(value) };
        Avx2(value, value)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_fmadd_pd(self.0, other.0, more.0), _mm256_fmadd_pd(self.1, other.1, more.1)) }
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        // SAFETY: see above.
        unsafe { Avx2(_mm256_fmsub_pd(self.0, other.0, less.0), _mm256_fmsub_pd(self.1, other.1, less.1)) }
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        let [a0, a1, a2, a3] = transpose4([r0.0, r1.0, r2.0, r3.0]);
        let [a4, a5, a6, a7] = transpose4([r0.1, r1.1, r2.1, r3.1]);
        let [b0, b1, b2, b3] = transpose4([r4.0, r5.0, r6.0, r7.0]);
        let [b4, b5, b6, b7] = transpose4([r4.1, r5.1, r6.1, r7.1]);
        [
            Avx2(a0, b0),
            Avx2(a1, b1),
            Avx2(a2, b2),
            Avx2(a3, b3),
            Avx2(a4, b4),
            Avx2(a5, b5),
            Avx2(a6, b6),
            Avx2(a7, b7),
        ]
    }
}

#[inline(always)]
fn transpose4([r0, r1, r2, r3]: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: see above.
    unsafe {
        let (e0, o0) = (_mm256_unpacklo_pd(r0, r1), _mm256_unpackhi_pd(r0, r1));
        let (e1, o1) = (_mm256_unpacklo_pd(r2, r3), _mm256_unpackhi_pd(r2, r3));
        [
            _mm256_permute2f128_pd::<0x20>(e0, e1),
            _mm256_permute2f128_pd::<0x20>(o0, o1),
            _mm256_permute2f128_pd::<0x31>(e0, e1),
            _mm256_permute2f128_pd::<0x31>(o0, o1),
        ]
    }
}
