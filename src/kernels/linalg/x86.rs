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

use super::boolean::Bits;
use super::ring::{RealRing, Ring, weave};
use super::transpose::{Flip, PortableFlip};

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

/// Two neighbours along k in the halves of a lane.
#[inline(always)]
fn pair(values: [impl Into<u32> + Copy; 4]) -> u32 {
    values[0].into() | values[1].into() << 16
}

/// Rings of integers that are multiplied as 16-bit ones, two products a lane.
macro_rules! pairs_avx2 {
    ($($name:ident: $value:ty;)*) => { $(
        ring! {
            /// Integers as 16-bit ones, two products a lane.
            $name: $value, u32, 2;
            Half[u32; 8], __m256i;
            group values => pair(values);
            zero _mm256_setzero_si256();
            step (sum, left, right) => {
                let products = _mm256_madd_epi16(_mm256_loadu_si256(right), _mm256_set1_epi32(left as i32));
                _mm256_add_epi32(sum, products)
            };
            finish sum => {
                let sums = std::mem::transmute::<__m256i, [u32; 8]>(sum);
                let mut lanes = [0; 8];
                for lane in 0..8 {
                    lanes[lane] = sums[lane] as $value;
                }
                lanes
            };
        }
    )* };
}
pairs_avx2! { U8Avx2: u8; U16Avx2: u16; }

ring! {
    /// 16-bit integers, two products a lane.
    U16Avx512: u16, u32, 2;
    Wide[u32; 16], __m512i;
    group values => pair(values);
    zero _mm512_setzero_si512();
    step (sum, left, right) =>
        _mm512_dpwssd_epi32(sum, _mm512_loadu_si512(right), _mm512_set1_epi32(left as i32));
    finish sum => std::mem::transmute::<__m512i, [u32; 16]>(sum).map(|sum| sum as u16);
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

/// The sums modulo 2^64.
#[inline(always)]
fn joined<const LANES: usize>(low: [u64; LANES], mixed: [u64; LANES]) -> [u64; LANES] {
    let mut lanes = low;
    for lane in 0..LANES {
        let mixed = (mixed[lane] << 32).wrapping_add(mixed[lane] & !0xffff_ffff);
        lanes[lane] = low[lane].wrapping_add(mixed);
    }
    lanes
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
    finish sum => joined(
        std::mem::transmute::<__m512i, [u64; 8]>(sum.low),
        std::mem::transmute::<__m512i, [u64; 8]>(sum.mixed),
    );
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
    finish sum => joined(
        std::mem::transmute::<__m256i, [u64; 4]>(sum.low),
        std::mem::transmute::<__m256i, [u64; 4]>(sum.mixed),
    );
}

/// Bools and bits, 32 at a time.
pub struct BitsAvx2;

impl Bits for BitsAvx2 {
    #[inline(always)]
    fn gather(bytes: &[u8; 64]) -> u64 {
        let mut word = 0;
        for (half, bytes) in bytes.chunks_exact(32).enumerate() {
            // SAFETY: see `ring!`; there are 32 bytes.
            let zeros = unsafe {
                let bytes = _mm256_loadu_si256(bytes.as_ptr().cast());
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()))
            };
            word |= u64::from(!zeros as u32) << (32 * half);
        }
        word
    }

    #[inline(always)]
    fn scatter(word: u64) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (half, bytes) in bytes.chunks_exact_mut(32).enumerate() {
            // SAFETY: see `ring!`; there are 32 bytes.
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

/// Squares in registers of 256 bits.
pub struct FlipAvx2;

impl Flip<f64, 4> for FlipAvx2 {
    #[inline(always)]
    fn flip(square: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
        // SAFETY: see `ring!`; the arrays are as large as the registers.
        unsafe {
            let [a, b, c, d] = std::mem::transmute::<[[f64; 4]; 4], [__m256d; 4]>(square);
            // Pairs of rows: elements 0 and 2, 1 and 3; then halves.
            let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            std::mem::transmute::<[__m256d; 4], [[f64; 4]; 4]>([
                _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
                _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
                _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
                _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
            ])
        }
    }
}

impl Flip<Complex<f32>, 4> for FlipAvx2 {
    #[inline(always)]
    fn flip(square: [[Complex<f32>; 4]; 4]) -> [[Complex<f32>; 4]; 4] {
        // SAFETY: elements of the same size, for which every combination of bits is valid.
        unsafe {
            let square = std::mem::transmute::<[[Complex<f32>; 4]; 4], [[f64; 4]; 4]>(square);
            std::mem::transmute::<[[f64; 4]; 4], [[Complex<f32>; 4]; 4]>(Self::flip(square))
        }
    }
}

impl Flip<f32, 8> for FlipAvx2 {
    #[inline(always)]
    fn flip(square: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        // SAFETY: see `ring!`; the arrays are as large as the registers.
        unsafe {
            let rows = std::mem::transmute::<[[f32; 8]; 8], [__m256; 8]>(square);
            let mut flipped = rows;
            for half in 0..2 {
                let [a, b, c, d] =
                    [rows[4 * half], rows[4 * half + 1], rows[4 * half + 2], rows[4 * half + 3]];
                // Four rows: elements 0, 1, 4, 5 of two in turn, and 2, 3, 6, 7.
                let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                flipped[4 * half] = _mm256_shuffle_ps::<0x44>(ab_low, cd_low);
                flipped[4 * half + 1] = _mm256_shuffle_ps::<0xee>(ab_low, cd_low);
                flipped[4 * half + 2] = _mm256_shuffle_ps::<0x44>(ab_high, cd_high);
                flipped[4 * half + 3] = _mm256_shuffle_ps::<0xee>(ab_high, cd_high);
            }
            let four = flipped;
            for lane in 0..4 {
                flipped[lane] = _mm256_permute2f128_ps::<0x20>(four[lane], four[lane + 4]);
                flipped[lane + 4] = _mm256_permute2f128_ps::<0x31>(four[lane], four[lane + 4]);
            }
            std::mem::transmute::<[__m256; 8], [[f32; 8]; 8]>(flipped)
        }
    }
}

impl Flip<Complex<f64>, 4> for FlipAvx2 {
    #[inline(always)]
    fn flip(square: [[Complex<f64>; 4]; 4]) -> [[Complex<f64>; 4]; 4] {
        // An element is half a register: the compiler moves halves.
        PortableFlip::flip(square)
    }
}
