//! Dot products in instructions of AVX2 and AVX-512.
//!
//! Sums of 12 x 2 registers only stay in registers if the compiler sees registers: of the same
//! loop over arrays some shapes run at full speed and others 20 times slower. So each
//! implementation here says which instruction it means. (It gains 2 to 20 times.)
//!
//! - 8-bit integers, AVX-512: `vpdpbusd` sums four products of an unsigned and a signed byte.
//!   The low eight bits are right for every mix of signs.
//! - 8-bit and 16-bit integers: `vpdpwssd`, or `vpmaddwd` in AVX2, sums two 16-bit products.
//! - 64-bit integers: there is no fast instruction for the low half of a 64-bit product. With
//!   a = (h, l) and b = (H, L) in halves, the product is l*L + ((l*H + h*L) << 32) modulo 2^64.
//!   `vpmuludq` gives l*L; one 32-bit multiplication of (h, l) with the exchanged (L, H) gives
//!   both others. The two sums are kept apart until the end.
//!
//! SAFETY of every block: each function takes the token of the level whose instructions it uses,
//! and a token exists only where the CPU has them; loads are of whole arrays of the register's size.
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;
use std::mem::transmute;

use super::{Dot, FloatDot, Halves, Packed, joined};
use crate::simd::token::{Avx2, Avx512};

/// A packed register of AVX2, aligned so that it never crosses a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub struct Packed256<G, const LANES: usize>([G; LANES]);

/// As [`Packed256`], for AVX-512.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Packed512<G, const LANES: usize>([G; LANES]);

impl<G: Copy + Send + Default, const LANES: usize> Packed<G> for Packed256<G, LANES> {
    #[inline(always)]
    fn zero() -> Self {
        Packed256([G::default(); LANES])
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, group: G) {
        self.0[lane] = group;
    }
}

impl<G: Copy + Send + Default, const LANES: usize> Packed<G> for Packed512<G, LANES> {
    #[inline(always)]
    fn zero() -> Self {
        Packed512([G::default(); LANES])
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, group: G) {
        self.0[lane] = group;
    }
}

/// The register in memory.
#[inline(always)]
fn load256<const LANES: usize, G>(_proof: Avx2, packed: &Packed256<G, LANES>) -> __m256i {
    const { assert!(size_of::<[G; LANES]>() == size_of::<__m256i>()) };
    // SAFETY: by the token; the array is as large as the register.
    unsafe { _mm256_loadu_si256(packed.0.as_ptr().cast()) }
}

/// The register in memory.
#[inline(always)]
fn load512<const LANES: usize, G>(_proof: Avx512, packed: &Packed512<G, LANES>) -> __m512i {
    const { assert!(size_of::<[G; LANES]>() == size_of::<__m512i>()) };
    // SAFETY: by the token; the array is as large as the register.
    unsafe { _mm512_loadu_si512(packed.0.as_ptr().cast()) }
}

/// The lanes added up by halves.
#[inline]
#[target_feature(enable = "avx2")]
fn fold256_pd(sums: __m256d) -> f64 {
    let sums = _mm_add_pd(_mm256_castpd256_pd128(sums), _mm256_extractf128_pd::<1>(sums));
    _mm_cvtsd_f64(_mm_add_sd(sums, _mm_unpackhi_pd(sums, sums)))
}

/// The lanes added up by halves.
#[inline]
#[target_feature(enable = "avx2")]
fn fold256_ps(sums: __m256) -> f32 {
    let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
    let sums = _mm_add_ps(sums, _mm_movehl_ps(sums, sums));
    _mm_cvtss_f32(_mm_add_ss(sums, _mm_movehdup_ps(sums)))
}

/// Bits that name the first lanes, from a place that depends on how many.
static MASK: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

// A macro, as instructions have a name for each type, and no trait names them all.
macro_rules! float_dot {
    ($token:ty, $type:ty, $packed:ident, $lanes:literal, $register:ty;
     $zero:ident, $load:ident, $load_some:expr, $splat:ident, $plus:ident, $add:ident, $subtract:ident, $fold:expr) => {
        impl Dot<$type> for $token {
            type Group = $type;
            type Packed = $packed<$type, $lanes>;
            type Sums = $register;
            type Lanes = [$type; $lanes];
            const DEPTH: usize = 1;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn group(values: [$type; 4]) -> $type {
                values[0]
            }

            #[inline(always)]
            fn zero(self) -> $register {
                // SAFETY: by the token.
                unsafe { $zero() }
            }

            #[inline(always)]
            fn add_products(self, sums: $register, left: $type, right: &Self::Packed) -> $register {
                // SAFETY: by the token; the array is as large as the register.
                unsafe { $add($splat(left), $load(right.0.as_ptr()), sums) }
            }

            #[inline(always)]
            fn lanes(self, sums: $register) -> Self::Lanes {
                // SAFETY: the array is as large as the register.
                unsafe { transmute::<$register, [$type; $lanes]>(sums) }
            }
        }

        impl FloatDot<$type> for $token {
            #[inline(always)]
            fn subtract_products(self, sums: $register, left: $type, right: &Self::Packed) -> $register {
                // SAFETY: by the token; the array is as large as the register.
                unsafe { $subtract($splat(left), $load(right.0.as_ptr()), sums) }
            }

            #[inline(always)]
            fn splat(self, value: $type) -> $register {
                // SAFETY: by the token.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            fn load(self, lanes: &Self::Lanes) -> $register {
                // SAFETY: by the token; the array is as large as the register.
                unsafe { $load(lanes.as_ptr()) }
            }

            #[inline(always)]
            fn load_from(self, elements: &[$type]) -> $register {
                let elements = &elements[..$lanes];
                // SAFETY: by the token; as many as the register has lanes, by the line above.
                unsafe { $load(elements.as_ptr()) }
            }

            #[inline(always)]
            fn load_up_to(self, elements: &[$type]) -> $register {
                let len = elements.len().min($lanes);
                // SAFETY: by the token; of the lanes that the mask names, which are as many as there are elements.
                unsafe { $load_some(elements.as_ptr(), len) }
            }

            #[inline(always)]
            fn folded(self, sums: $register) -> $type {
                // SAFETY: by the token.
                unsafe { $fold(sums) }
            }

            #[inline(always)]
            fn plus(self, left: $register, right: $register) -> $register {
                // SAFETY: by the token.
                unsafe { $plus(left, right) }
            }

            #[inline(always)]
            fn multiply_add(self, sums: $register, left: $register, right: $register) -> $register {
                // SAFETY: by the token.
                unsafe { $add(left, right, sums) }
            }
        }
    };
}

float_dot!(Avx512, f64, Packed512, 8, __m512d;
    _mm512_setzero_pd, _mm512_loadu_pd, |from, len: usize| _mm512_maskz_loadu_pd(((1u32 << len) - 1) as u8, from), _mm512_set1_pd, _mm512_add_pd,
    _mm512_fmadd_pd, _mm512_fnmadd_pd,
    |sums| fold256_pd(_mm256_add_pd(_mm512_castpd512_pd256(sums), _mm512_extractf64x4_pd::<1>(sums))));
float_dot!(Avx512, f32, Packed512, 16, __m512;
    _mm512_setzero_ps, _mm512_loadu_ps, |from, len: usize| _mm512_maskz_loadu_ps(((1u32 << len) - 1) as u16, from), _mm512_set1_ps, _mm512_add_ps,
    _mm512_fmadd_ps, _mm512_fnmadd_ps,
    |sums| fold256_ps(_mm256_add_ps(_mm512_castps512_ps256(sums), _mm512_extractf32x8_ps::<1>(sums))));
float_dot!(Avx2, f64, Packed256, 4, __m256d;
    _mm256_setzero_pd, _mm256_loadu_pd, |from, len: usize| _mm256_maskload_pd(from, _mm256_loadu_si256(MASK.as_ptr().add(8 - 2 * len).cast())), _mm256_set1_pd, _mm256_add_pd,
    _mm256_fmadd_pd, _mm256_fnmadd_pd, fold256_pd);
float_dot!(Avx2, f32, Packed256, 8, __m256;
    _mm256_setzero_ps, _mm256_loadu_ps, |from, len: usize| _mm256_maskload_ps(from, _mm256_loadu_si256(MASK.as_ptr().add(8 - len).cast())), _mm256_set1_ps, _mm256_add_ps,
    _mm256_fmadd_ps, _mm256_fnmadd_ps, fold256_ps);

/// Two neighbours along the sum in the halves of a lane.
#[inline(always)]
fn pair(values: [impl Into<u32> + Copy; 4]) -> u32 {
    values[0].into() | values[1].into() << 16
}

/// Four products of bytes a lane.
impl Dot<u8> for Avx512 {
    type Group = u32;
    type Packed = Packed512<u32, 16>;
    type Sums = __m512i;
    type Lanes = [u8; 16];
    const DEPTH: usize = 4;
    const LANES: usize = 16;

    #[inline(always)]
    fn group(values: [u8; 4]) -> u32 {
        u32::from_le_bytes(values)
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: by the token.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, left: u32, right: &Self::Packed) -> __m512i {
        // SAFETY: by the token.
        unsafe { _mm512_dpbusd_epi32(sums, load512(self, right), _mm512_set1_epi32(left as i32)) }
    }

    #[inline(always)]
    fn lanes(self, sums: __m512i) -> [u8; 16] {
        // SAFETY: the array is as large as the register.
        unsafe { transmute::<__m512i, [u32; 16]>(sums) }.map(|sum| sum as u8)
    }
}

/// Two products of 16-bit integers a lane.
impl Dot<u16> for Avx512 {
    type Group = u32;
    type Packed = Packed512<u32, 16>;
    type Sums = __m512i;
    type Lanes = [u16; 16];
    const DEPTH: usize = 2;
    const LANES: usize = 16;

    #[inline(always)]
    fn group(values: [u16; 4]) -> u32 {
        pair(values)
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: by the token.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, left: u32, right: &Self::Packed) -> __m512i {
        // SAFETY: by the token.
        unsafe { _mm512_dpwssd_epi32(sums, load512(self, right), _mm512_set1_epi32(left as i32)) }
    }

    #[inline(always)]
    fn lanes(self, sums: __m512i) -> [u16; 16] {
        // SAFETY: the array is as large as the register.
        unsafe { transmute::<__m512i, [u32; 16]>(sums) }.map(|sum| sum as u16)
    }
}

/// Two products of 16-bit integers a lane.
impl Dot<u16> for Avx2 {
    type Group = u32;
    type Packed = Packed256<u32, 8>;
    type Sums = __m256i;
    type Lanes = [u16; 8];
    const DEPTH: usize = 2;
    const LANES: usize = 8;

    #[inline(always)]
    fn group(values: [u16; 4]) -> u32 {
        pair(values)
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: by the token.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, left: u32, right: &Self::Packed) -> __m256i {
        // SAFETY: by the token.
        unsafe {
            let products = _mm256_madd_epi16(load256(self, right), _mm256_set1_epi32(left as i32));
            _mm256_add_epi32(sums, products)
        }
    }

    #[inline(always)]
    fn lanes(self, sums: __m256i) -> [u16; 8] {
        // SAFETY: the array is as large as the register.
        let sums = unsafe { transmute::<__m256i, [u32; 8]>(sums) };
        let mut lanes = [0; 8];
        for lane in 0..8 {
            lanes[lane] = sums[lane] as u16;
        }
        lanes
    }
}

/// Bytes as 16-bit integers: the low bits are the same.
impl Dot<u8> for Avx2 {
    type Group = u32;
    type Packed = Packed256<u32, 8>;
    type Sums = __m256i;
    type Lanes = [u8; 8];
    const DEPTH: usize = 2;
    const LANES: usize = 8;

    #[inline(always)]
    fn group(values: [u8; 4]) -> u32 {
        pair(values)
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        Dot::<u16>::zero(self)
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, left: u32, right: &Self::Packed) -> __m256i {
        Dot::<u16>::add_products(self, sums, left, right)
    }

    #[inline(always)]
    fn lanes(self, sums: __m256i) -> [u8; 8] {
        // SAFETY: the array is as large as the register.
        let sums = unsafe { transmute::<__m256i, [u32; 8]>(sums) };
        let mut lanes = [0; 8];
        for lane in 0..8 {
            lanes[lane] = sums[lane] as u8;
        }
        lanes
    }
}

impl Dot<u32> for Avx512 {
    type Group = u32;
    type Packed = Packed512<u32, 16>;
    type Sums = __m512i;
    type Lanes = [u32; 16];
    const DEPTH: usize = 1;
    const LANES: usize = 16;

    #[inline(always)]
    fn group(values: [u32; 4]) -> u32 {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: by the token.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, left: u32, right: &Self::Packed) -> __m512i {
        // SAFETY: by the token.
        unsafe {
            let products = _mm512_mullo_epi32(load512(self, right), _mm512_set1_epi32(left as i32));
            _mm512_add_epi32(sums, products)
        }
    }

    #[inline(always)]
    fn lanes(self, sums: __m512i) -> [u32; 16] {
        // SAFETY: the array is as large as the register.
        unsafe { transmute::<__m512i, [u32; 16]>(sums) }
    }
}

impl Dot<u32> for Avx2 {
    type Group = u32;
    type Packed = Packed256<u32, 8>;
    type Sums = __m256i;
    type Lanes = [u32; 8];
    const DEPTH: usize = 1;
    const LANES: usize = 8;

    #[inline(always)]
    fn group(values: [u32; 4]) -> u32 {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: by the token.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, left: u32, right: &Self::Packed) -> __m256i {
        // SAFETY: by the token.
        unsafe {
            let products = _mm256_mullo_epi32(load256(self, right), _mm256_set1_epi32(left as i32));
            _mm256_add_epi32(sums, products)
        }
    }

    #[inline(always)]
    fn lanes(self, sums: __m256i) -> [u32; 8] {
        // SAFETY: the array is as large as the register.
        unsafe { transmute::<__m256i, [u32; 8]>(sums) }
    }
}

impl Dot<u64> for Avx512 {
    type Group = u64;
    type Packed = Packed512<u64, 8>;
    type Sums = Halves<__m512i>;
    type Lanes = [u64; 8];
    const DEPTH: usize = 1;
    const LANES: usize = 8;
    const SUM_REGISTERS: usize = 2;

    #[inline(always)]
    fn group(values: [u64; 4]) -> u64 {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> Halves<__m512i> {
        // SAFETY: by the token.
        unsafe { Halves { low: _mm512_setzero_si512(), mixed: _mm512_setzero_si512() } }
    }

    #[inline(always)]
    fn add_products(self, sums: Halves<__m512i>, left: u64, right: &Self::Packed) -> Halves<__m512i> {
        let right = load512(self, right);
        // SAFETY: by the token.
        unsafe {
            let left = _mm512_set1_epi64(left as i64);
            let exchanged = _mm512_shuffle_epi32::<0xb1>(left);
            Halves {
                low: _mm512_add_epi64(sums.low, _mm512_mul_epu32(left, right)),
                mixed: _mm512_add_epi32(sums.mixed, _mm512_mullo_epi32(exchanged, right)),
            }
        }
    }

    #[inline(always)]
    fn lanes(self, sums: Halves<__m512i>) -> [u64; 8] {
        // SAFETY: the arrays are as large as the registers.
        unsafe {
            joined(transmute::<__m512i, [u64; 8]>(sums.low), transmute::<__m512i, [u64; 8]>(sums.mixed))
        }
    }
}

impl Dot<u64> for Avx2 {
    type Group = u64;
    type Packed = Packed256<u64, 4>;
    type Sums = Halves<__m256i>;
    type Lanes = [u64; 4];
    const DEPTH: usize = 1;
    const LANES: usize = 4;
    const SUM_REGISTERS: usize = 2;

    #[inline(always)]
    fn group(values: [u64; 4]) -> u64 {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> Halves<__m256i> {
        // SAFETY: by the token.
        unsafe { Halves { low: _mm256_setzero_si256(), mixed: _mm256_setzero_si256() } }
    }

    #[inline(always)]
    fn add_products(self, sums: Halves<__m256i>, left: u64, right: &Self::Packed) -> Halves<__m256i> {
        let right = load256(self, right);
        // SAFETY: by the token.
        unsafe {
            let left = _mm256_set1_epi64x(left as i64);
            let exchanged = _mm256_shuffle_epi32::<0xb1>(left);
            Halves {
                low: _mm256_add_epi64(sums.low, _mm256_mul_epu32(left, right)),
                mixed: _mm256_add_epi32(sums.mixed, _mm256_mullo_epi32(exchanged, right)),
            }
        }
    }

    #[inline(always)]
    fn lanes(self, sums: Halves<__m256i>) -> [u64; 4] {
        // SAFETY: the arrays are as large as the registers.
        unsafe {
            joined(transmute::<__m256i, [u64; 4]>(sums.low), transmute::<__m256i, [u64; 4]>(sums.mixed))
        }
    }
}
