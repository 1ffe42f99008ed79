//! Rings of x86 instructions: what the compiler does not reliably make of arrays of lanes.
//!
//! Sums of 12 x 2 registers only stay in registers if the compiler sees registers: of the same
//! loop over arrays some shapes run at full speed and others 20 times slower. So each ring here
//! says which instruction it means. (It gains 2 to 20 times over [`Portable`](super::ring).)
//!
//! - 8-bit integers, AVX-512: `vpdpbusd` sums four products of an unsigned and a signed byte.
//!   The low eight bits are right for every mix of signs.
//! - 8-bit and 16-bit integers: `vpdpwssd`, or `vpmaddwd` in AVX2, sums two 16-bit products.
//! - 64-bit integers: there is no fast instruction for the low half of a 64-bit product. With
//!   a = (h, l) and b = (H, L) in halves, the product is l*L + ((l*H + h*L) << 32) modulo 2^64.
//!   `vpmuludq` gives l*L; one 32-bit multiplication of (h, l) with the exchanged (L, H) gives
//!   both others. The two sums are kept apart until the end.
#![allow(unsafe_code)]
// Compiled only where the compiler has these instructions: see build.rs.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

use num_complex::Complex;

use super::ring::{RealRing, Ring, weave};

/// A packed register, aligned so that it never crosses a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Wide<T, const LANES: usize>([T; LANES]);

/// As [`Wide`], for the registers of AVX2.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub struct Half<T, const LANES: usize>([T; LANES]);

/// A ring whose registers are those of one instruction set.
///
/// SAFETY of every block in it: the rings are private to `linalg`, and `product` uses those of a
/// level only inside `simd::run_avx2` or `run_avx512`, so the CPU has the instructions;
/// loads and stores are of whole arrays of the register's size.
macro_rules! ring {
    (
        $(#[$doc:meta])* $name:ident: $value:ty, $group:ty, $depth:literal;
        $packed:ident[$lane:ty; $lanes:literal], $sum:ty;
        group $values:ident => $make:expr;
        zero $zero:expr;
        step ($acc:ident, $left:ident, $right:ident) => $step:expr;
        finish $last:ident => $finish:expr;
    ) => {
        $(#[$doc])*
        pub struct $name;

        impl Ring for $name {
            type Value = $value;
            type Group = $group;
            type Right = $packed<$lane, $lanes>;
            type Sum = $sum;
            type Lanes = [$value; $lanes];
            const DEPTH: usize = $depth;
            const LANES: usize = $lanes;
            #[inline(always)]
            fn group($values: [$value; 4]) -> $group {
                $make
            }
            #[inline(always)]
            fn right() -> Self::Right {
                $packed([<$lane>::default(); $lanes])
            }
            #[inline(always)]
            fn set(right: &mut Self::Right, lane: usize, group: $group) {
                right.0[lane] = group;
            }
            #[inline(always)]
            fn zero() -> $sum {
                // SAFETY: see `ring!`.
                unsafe { $zero }
            }
            #[inline(always)]
            fn step($acc: $sum, $left: $group, right: &Self::Right) -> $sum {
                let $right = right.0.as_ptr().cast();
                // SAFETY: see `ring!`.
                unsafe { $step }
            }
            #[inline(always)]
            fn finish($last: $sum) -> Self::Lanes {
                // SAFETY: see `ring!`.
                unsafe { $finish }
            }
        }
    };
}

macro_rules! real_ring {
    ($name:ident: $value:ty, $packed:ident, $lanes:literal, $sum:ty, $bits:ty;
     $zero:ident, $load:ident, $splat:ident, $add:ident, $sub:ident) => {
        ring! {
            /// Floats.
            $name: $value, $value, 1;
            $packed[$value; $lanes], $sum;
            group values => values[0];
            zero $zero();
            step (sum, left, right) => $add($splat(left), $load(right), sum);
            finish sum => std::mem::transmute::<$sum, [$value; $lanes]>(sum);
        }

        impl RealRing for $name {
            type Woven = [Complex<$value>; $lanes];
            #[inline(always)]
            fn step_back(sum: $sum, left: $value, right: &Self::Right) -> $sum {
                // SAFETY: see `ring!`.
                unsafe { $sub($splat(left), $load(right.0.as_ptr()), sum) }
            }
            #[inline(always)]
            fn weave(re: Self::Lanes, im: Self::Lanes) -> Self::Woven {
                weave(re, im)
            }
        }
    };
}

real_ring!(F64Avx512: f64, Wide, 8, __m512d, u64;
    _mm512_setzero_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_fnmadd_pd);
real_ring!(F32Avx512: f32, Wide, 16, __m512, u32;
    _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps);
real_ring!(F64Avx2: f64, Half, 4, __m256d, u64;
    _mm256_setzero_pd, _mm256_loadu_pd, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_fnmadd_pd);
real_ring!(F32Avx2: f32, Half, 8, __m256, u32;
    _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_fnmadd_ps);

ring! {
    /// 8-bit integers, four products a lane.
    U8Avx512: u8, u32, 4;
    Wide[u32; 16], __m512i;
    group values => u32::from_le_bytes(values);
    zero _mm512_setzero_si512();
    step (sum, left, right) =>
        _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(right), _mm512_set1_epi32(left as i32));
    finish sum => std::mem::transmute::<__m512i, [u32; 16]>(sum).map(|sum| sum as u8);
}

ring! {
    /// 8-bit integers as 16-bit ones, two products a lane.
    U8Avx2: u8, u32, 2;
    Half[u32; 8], __m256i;
    group values => u32::from(values[0]) | u32::from(values[1]) << 16;
    zero _mm256_setzero_si256();
    step (sum, left, right) => {
        let products = _mm256_madd_epi16(_mm256_loadu_si256(right), _mm256_set1_epi32(left as i32));
        _mm256_add_epi32(sum, products)
    };
    finish sum => std::mem::transmute::<__m256i, [u32; 8]>(sum).map(|sum| sum as u8);
}

ring! {
    /// 16-bit integers, two products a lane.
    U16Avx512: u16, u32, 2;
    Wide[u32; 16], __m512i;
    group values => u32::from(values[0]) | u32::from(values[1]) << 16;
    zero _mm512_setzero_si512();
    step (sum, left, right) =>
        _mm512_dpwssd_epi32(sum, _mm512_loadu_si512(right), _mm512_set1_epi32(left as i32));
    finish sum => std::mem::transmute::<__m512i, [u32; 16]>(sum).map(|sum| sum as u16);
}

ring! {
    /// 16-bit integers, two products a lane.
    U16Avx2: u16, u32, 2;
    Half[u32; 8], __m256i;
    group values => u32::from(values[0]) | u32::from(values[1]) << 16;
    zero _mm256_setzero_si256();
    step (sum, left, right) => {
        let products = _mm256_madd_epi16(_mm256_loadu_si256(right), _mm256_set1_epi32(left as i32));
        _mm256_add_epi32(sum, products)
    };
    finish sum => std::mem::transmute::<__m256i, [u32; 8]>(sum).map(|sum| sum as u16);
}

ring! {
    /// 32-bit integers.
    U32Avx512: u32, u32, 1;
    Wide[u32; 16], __m512i;
    group values => values[0];
    zero _mm512_setzero_si512();
    step (sum, left, right) => {
        let products = _mm512_mullo_epi32(_mm512_loadu_si512(right), _mm512_set1_epi32(left as i32));
        _mm512_add_epi32(sum, products)
    };
    finish sum => std::mem::transmute::<__m512i, [u32; 16]>(sum);
}

ring! {
    /// 32-bit integers.
    U32Avx2: u32, u32, 1;
    Half[u32; 8], __m256i;
    group values => values[0];
    zero _mm256_setzero_si256();
    step (sum, left, right) => {
        let products = _mm256_mullo_epi32(_mm256_loadu_si256(right), _mm256_set1_epi32(left as i32));
        _mm256_add_epi32(sum, products)
    };
    finish sum => std::mem::transmute::<__m256i, [u32; 8]>(sum);
}

/// The sums of the products of low halves, and of the mixed ones.
#[derive(Clone, Copy)]
pub struct Halves<T> {
    low: T,
    mixed: T,
}

impl<T> Halves<T> {
    /// The sum modulo 2^64 of one lane.
    #[inline(always)]
    fn joined(low: u64, mixed: u64) -> u64 {
        low.wrapping_add((mixed << 32).wrapping_add(mixed & !0xffff_ffff))
    }
}

ring! {
    /// 64-bit integers.
    U64Avx512: u64, u64, 1;
    Wide[u64; 8], Halves<__m512i>;
    group values => values[0];
    zero Halves { low: _mm512_setzero_si512(), mixed: _mm512_setzero_si512() };
    step (sum, left, right) => {
        let right = _mm512_loadu_si512(right);
        let left = _mm512_set1_epi64(left as i64);
        let exchanged = _mm512_shuffle_epi32::<0xb1>(left);
        Halves {
            low: _mm512_add_epi64(sum.low, _mm512_mul_epu32(left, right)),
            mixed: _mm512_add_epi32(sum.mixed, _mm512_mullo_epi32(exchanged, right)),
        }
    };
    finish sum => {
        let low = std::mem::transmute::<__m512i, [u64; 8]>(sum.low);
        let mixed = std::mem::transmute::<__m512i, [u64; 8]>(sum.mixed);
        let mut lanes = [0; 8];
        for lane in 0..8 {
            lanes[lane] = Halves::<()>::joined(low[lane], mixed[lane]);
        }
        lanes
    };
}

ring! {
    /// 64-bit integers.
    U64Avx2: u64, u64, 1;
    Half[u64; 4], Halves<__m256i>;
    group values => values[0];
    zero Halves { low: _mm256_setzero_si256(), mixed: _mm256_setzero_si256() };
    step (sum, left, right) => {
        let right = _mm256_loadu_si256(right);
        let left = _mm256_set1_epi64x(left as i64);
        let exchanged = _mm256_shuffle_epi32::<0xb1>(left);
        Halves {
            low: _mm256_add_epi64(sum.low, _mm256_mul_epu32(left, right)),
            mixed: _mm256_add_epi32(sum.mixed, _mm256_mullo_epi32(exchanged, right)),
        }
    };
    finish sum => {
        let low = std::mem::transmute::<__m256i, [u64; 4]>(sum.low);
        let mixed = std::mem::transmute::<__m256i, [u64; 4]>(sum.mixed);
        let mut lanes = [0; 4];
        for lane in 0..4 {
            lanes[lane] = Halves::<()>::joined(low[lane], mixed[lane]);
        }
        lanes
    };
}
