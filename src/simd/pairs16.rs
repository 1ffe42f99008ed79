//! Sums of products of 16-bit integers, two neighbours at a time.
//!
//! x86 has one instruction for this, `pmaddwd`, and with VNNI one that also adds up, `vpdpwssd`:
//! each 32-bit lane gains the two products of the 16-bit lanes in its place. The compiler does not
//! make them from plain loops for all widths; without them a filter takes 3 to 6 times as long.
//!
//! NEON has none, but `smlal` adds four products of the low or of the high halves of two registers. So a
//! register of pairs holds the first ones in its low half and the second ones in its high half.
#![allow(unsafe_code)]
// The intrinsics are compiled by Rust 1.89 and newer only: see build.rs.
#![allow(clippy::incompatible_msrv)]

#[cfg(neon)]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
use super::token::Baseline;
#[cfg(not(target_arch = "x86_64"))]
use super::token::Baseline as Portable;
#[cfg(neon)]
use super::token::Neon;
#[cfg(x86_simd)]
use super::token::{Avx2, Avx512};

/// Operations on registers of 16-bit integers and of the 32-bit sums of their products.
pub trait Pairs16: Copy {
    /// 16-bit integers in a register; half as many 32-bit ones.
    const I16_LANES: usize;
    /// A register of 16-bit integers.
    type I16s: Copy;
    /// A register of 32-bit integers.
    type I32s: Copy;
    /// Two factors, for every pair.
    type Pair: Copy;

    /// The integers from `from[at]` on, as [`store_i16`](Pairs16::store_i16) wrote them.
    fn load_i16(self, from: &[i16], at: usize) -> Self::I16s;
    /// The integers from `from[at]` on: neighbours are pairs.
    #[inline(always)]
    fn load_pairs(self, from: &[i16], at: usize) -> Self::I16s {
        self.load_i16(from, at)
    }
    /// Writes `value` to `to[at]` and what follows.
    fn store_i16(self, to: &mut [i16], at: usize, value: Self::I16s);
    /// The bytes from `from[at]` on.
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> Self::I16s;
    /// `pair`, to be multiplied with every pair.
    fn splat_pair(self, pair: [i16; 2]) -> Self::Pair;
    /// `value` in every lane.
    fn splat_i32(self, value: i32) -> Self::I32s;
    /// The lanes of `a` and `b` in pairs, in an order of the level's choice: that of
    /// [`narrow_i32`](Pairs16::narrow_i32).
    fn interleave_i16(self, a: Self::I16s, b: Self::I16s) -> [Self::I16s; 2];
    /// Adds to each sum the two products of the pair in its place.
    fn add_pair_products(self, sums: Self::I32s, pairs: Self::I16s, factors: Self::Pair) -> Self::I32s;
    /// Divides by two to the power `shift` below 32, rounding down.
    fn shift_right_i32(self, sums: Self::I32s, shift: u32) -> Self::I32s;
    /// Sums that fit in 16 bits: of interleaved pairs, in the order from before interleaving.
    fn narrow_i32(self, sums: [Self::I32s; 2]) -> Self::I16s;
    /// Writes sums below 256 to `to[at]` and what follows, one of `even` and one of `odd` in turns.
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [Self::I32s; 2], odd: [Self::I32s; 2]);
}

/// SSE2, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
impl Pairs16 for Baseline {
    const I16_LANES: usize = 8;
    type I16s = __m128i;
    type I32s = __m128i;
    type Pair = __m128i;

    #[inline(always)]
    fn load_i16(self, from: &[i16], at: usize) -> __m128i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; SSE2 is part of x86-64.
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_i16(self, to: &mut [i16], at: usize, value: __m128i) {
        let to = &mut to[at..at + Self::I16_LANES];
        // SAFETY: as in `load_i16`.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), value) }
    }

    #[inline(always)]
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> __m128i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: half a register's worth of memory, by the line above; SSE2 is part of x86-64.
        unsafe { _mm_unpacklo_epi8(_mm_loadl_epi64(from.as_ptr().cast()), _mm_setzero_si128()) }
    }

    #[inline(always)]
    fn splat_pair(self, pair: [i16; 2]) -> __m128i {
        self.splat_i32(both(pair))
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_set1_epi32(value) }
    }

    #[inline(always)]
    fn interleave_i16(self, a: __m128i, b: __m128i) -> [__m128i; 2] {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { [_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)] }
    }

    #[inline(always)]
    fn add_pair_products(self, sums: __m128i, a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_add_epi32(sums, _mm_madd_epi16(a, b)) }
    }

    #[inline(always)]
    fn shift_right_i32(self, sums: __m128i, shift: u32) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_sra_epi32(sums, _mm_cvtsi32_si128(shift as i32)) }
    }

    #[inline(always)]
    fn narrow_i32(self, [low, high]: [__m128i; 2]) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_packs_epi32(low, high) }
    }

    #[inline(always)]
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [__m128i; 2], odd: [__m128i; 2]) {
        let to = &mut to[at..at + 2 * Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; SSE2 is part of x86-64.
        unsafe {
            let low = _mm_or_si128(even[0], _mm_slli_epi32::<16>(odd[0]));
            let high = _mm_or_si128(even[1], _mm_slli_epi32::<16>(odd[1]));
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_packus_epi16(low, high));
        }
    }
}

/// The operations in plain Rust, for the baseline of other CPUs than x86-64; there for tests alone.
#[cfg(all(test, target_arch = "x86_64"))]
#[derive(Clone, Copy)]
struct Portable;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Pairs16 for Portable {
    const I16_LANES: usize = 8;
    type I16s = [i16; 8];
    type I32s = [i32; 4];
    type Pair = [i16; 8];

    #[inline(always)]
    #[allow(clippy::manual_memcpy)] // One copy would be compiled as one large integer.
    fn load_i16(self, from: &[i16], at: usize) -> [i16; 8] {
        let from = &from[at..at + 8];
        let mut value = [0; 8];
        for l in 0..8 {
            value[l] = from[l];
        }
        value
    }

    #[inline(always)]
    #[allow(clippy::manual_memcpy)] // As above.
    fn store_i16(self, to: &mut [i16], at: usize, value: [i16; 8]) {
        let to = &mut to[at..at + 8];
        for l in 0..8 {
            to[l] = value[l];
        }
    }

    #[inline(always)]
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> [i16; 8] {
        let from = &from[at..at + 8];
        let mut value = [0; 8];
        for l in 0..8 {
            value[l] = i16::from(from[l]);
        }
        value
    }

    #[inline(always)]
    fn splat_pair(self, [a, b]: [i16; 2]) -> [i16; 8] {
        [a, b, a, b, a, b, a, b]
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> [i32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn interleave_i16(self, a: [i16; 8], b: [i16; 8]) -> [[i16; 8]; 2] {
        [[a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]], [a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]]]
    }

    #[inline(always)]
    fn add_pair_products(self, sums: [i32; 4], a: [i16; 8], b: [i16; 8]) -> [i32; 4] {
        let mut out = [0; 4];
        for l in 0..4 {
            // `wrapping`, as a check would keep the loop from being vectorised.
            let first = i32::from(a[2 * l]).wrapping_mul(i32::from(b[2 * l]));
            let second = i32::from(a[2 * l + 1]).wrapping_mul(i32::from(b[2 * l + 1]));
            out[l] = sums[l].wrapping_add(first.wrapping_add(second));
        }
        out
    }

    #[inline(always)]
    fn shift_right_i32(self, sums: [i32; 4], shift: u32) -> [i32; 4] {
        let mut out = [0; 4];
        for l in 0..4 {
            out[l] = sums[l].wrapping_shr(shift);
        }
        out
    }

    #[inline(always)]
    fn narrow_i32(self, [low, high]: [[i32; 4]; 2]) -> [i16; 8] {
        let mut out = [0; 8];
        for l in 0..4 {
            out[l] = low[l] as i16;
            out[l + 4] = high[l] as i16;
        }
        out
    }

    #[inline(always)]
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [[i32; 4]; 2], odd: [[i32; 4]; 2]) {
        let to = &mut to[at..at + 16];
        for half in 0..2 {
            for l in 0..4 {
                to[8 * half + 2 * l] = even[half][l] as u8;
                to[8 * half + 2 * l + 1] = odd[half][l] as u8;
            }
        }
    }
}

#[cfg(neon)]
impl<const DOT: bool> Pairs16 for Neon<DOT> {
    const I16_LANES: usize = 8;
    type I16s = int16x8_t;
    type I32s = int32x4_t;
    type Pair = int16x4_t;

    #[inline(always)]
    fn load_i16(self, from: &[i16], at: usize) -> int16x8_t {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; NEON is part of the target.
        unsafe { vld1q_s16(from.as_ptr()) }
    }

    #[inline(always)]
    fn load_pairs(self, from: &[i16], at: usize) -> int16x8_t {
        const ORDER: [u8; 16] = [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15];
        let pairs = self.load_i16(from, at);
        // SAFETY: NEON is part of the target; the order is as long as a register.
        unsafe { vreinterpretq_s16_u8(vqtbl1q_u8(vreinterpretq_u8_s16(pairs), vld1q_u8(ORDER.as_ptr()))) }
    }

    #[inline(always)]
    fn store_i16(self, to: &mut [i16], at: usize, value: int16x8_t) {
        let to = &mut to[at..at + Self::I16_LANES];
        // SAFETY: as in `load_i16`.
        unsafe { vst1q_s16(to.as_mut_ptr(), value) }
    }

    #[inline(always)]
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> int16x8_t {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: half a register's worth of memory, by the line above; NEON is part of the target.
        unsafe { vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from.as_ptr()))) }
    }

    #[inline(always)]
    fn splat_pair(self, [first, second]: [i16; 2]) -> int16x4_t {
        let both = u32::from(first as u16) | u32::from(second as u16) << 16;
        // SAFETY: NEON is part of the target.
        unsafe { vreinterpret_s16_u32(vdup_n_u32(both)) }
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> int32x4_t {
        // SAFETY: NEON is part of the target.
        unsafe { vdupq_n_s32(value) }
    }

    #[inline(always)]
    fn interleave_i16(self, a: int16x8_t, b: int16x8_t) -> [int16x8_t; 2] {
        // SAFETY: NEON is part of the target.
        unsafe {
            let (a, b) = (vreinterpretq_s64_s16(a), vreinterpretq_s64_s16(b));
            [vreinterpretq_s16_s64(vzip1q_s64(a, b)), vreinterpretq_s16_s64(vzip2q_s64(a, b))]
        }
    }

    #[inline(always)]
    fn add_pair_products(self, sums: int32x4_t, pairs: int16x8_t, factors: int16x4_t) -> int32x4_t {
        // SAFETY: NEON is part of the target.
        unsafe {
            let sums = vmlal_lane_s16::<0>(sums, vget_low_s16(pairs), factors);
            vmlal_high_lane_s16::<1>(sums, pairs, factors)
        }
    }

    #[inline(always)]
    fn shift_right_i32(self, sums: int32x4_t, shift: u32) -> int32x4_t {
        // SAFETY: NEON is part of the target.
        unsafe { vshlq_s32(sums, vdupq_n_s32(-(shift as i32))) }
    }

    #[inline(always)]
    fn narrow_i32(self, [low, high]: [int32x4_t; 2]) -> int16x8_t {
        // SAFETY: NEON is part of the target.
        unsafe { vuzp1q_s16(vreinterpretq_s16_s32(low), vreinterpretq_s16_s32(high)) }
    }

    #[inline(always)]
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [int32x4_t; 2], odd: [int32x4_t; 2]) {
        let (even, odd) = (self.narrow_i32(even), self.narrow_i32(odd));
        let to = &mut to[at..at + 2 * Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; NEON is part of the target.
        unsafe {
            let bytes = vtrn1q_u8(vreinterpretq_u8_s16(even), vreinterpretq_u8_s16(odd));
            vst1q_u8(to.as_mut_ptr(), bytes);
        }
    }
}

#[cfg(x86_simd)]
impl Pairs16 for Avx2 {
    const I16_LANES: usize = 16;
    type I16s = __m256i;
    type I32s = __m256i;
    type Pair = __m256i;

    #[inline(always)]
    fn load_i16(self, from: &[i16], at: usize) -> __m256i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX2.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_i16(self, to: &mut [i16], at: usize, value: __m256i) {
        let to = &mut to[at..at + Self::I16_LANES];
        // SAFETY: as in `load_i16`.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value) }
    }

    #[inline(always)]
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> __m256i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: half a register's worth of memory, by the line above; the token proves AVX2.
        unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat_pair(self, pair: [i16; 2]) -> __m256i {
        self.splat_i32(both(pair))
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_set1_epi32(value) }
    }

    /// The low halves of each 128 bits, and the high halves: `narrow_i32` packs in the same order.
    #[inline(always)]
    fn interleave_i16(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
        // SAFETY: the token proves AVX2.
        unsafe { [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)] }
    }

    #[inline(always)]
    fn add_pair_products(self, sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }

    #[inline(always)]
    fn shift_right_i32(self, sums: __m256i, shift: u32) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_sra_epi32(sums, _mm_cvtsi32_si128(shift as i32)) }
    }

    #[inline(always)]
    fn narrow_i32(self, [low, high]: [__m256i; 2]) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_packs_epi32(low, high) }
    }

    #[inline(always)]
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [__m256i; 2], odd: [__m256i; 2]) {
        let to = &mut to[at..at + 2 * Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX2.
        unsafe {
            let low = _mm256_or_si256(even[0], _mm256_slli_epi32::<8>(odd[0]));
            let high = _mm256_or_si256(even[1], _mm256_slli_epi32::<8>(odd[1]));
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
            _mm256_storeu_si256(to.as_mut_ptr().cast(), words);
        }
    }
}

#[cfg(x86_simd)]
impl Pairs16 for Avx512 {
    const I16_LANES: usize = 32;
    type I16s = __m512i;
    type I32s = __m512i;
    type Pair = __m512i;

    #[inline(always)]
    fn load_i16(self, from: &[i16], at: usize) -> __m512i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX-512 F.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_i16(self, to: &mut [i16], at: usize, value: __m512i) {
        let to = &mut to[at..at + Self::I16_LANES];
        // SAFETY: as in `load_i16`.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value) }
    }

    #[inline(always)]
    fn load_u8_as_i16(self, from: &[u8], at: usize) -> __m512i {
        let from = &from[at..at + Self::I16_LANES];
        // SAFETY: half a register's worth of memory, by the line above; the token proves AVX-512 BW.
        unsafe { _mm512_cvtepu8_epi16(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat_pair(self, pair: [i16; 2]) -> __m512i {
        self.splat_i32(both(pair))
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_set1_epi32(value) }
    }

    /// As for AVX2.
    #[inline(always)]
    fn interleave_i16(self, a: __m512i, b: __m512i) -> [__m512i; 2] {
        // SAFETY: the token proves AVX-512 BW.
        unsafe { [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)] }
    }

    #[inline(always)]
    fn add_pair_products(self, sums: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 VNNI.
        unsafe { _mm512_dpwssd_epi32(sums, a, b) }
    }

    #[inline(always)]
    fn shift_right_i32(self, sums: __m512i, shift: u32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_sra_epi32(sums, _mm_cvtsi32_si128(shift as i32)) }
    }

    #[inline(always)]
    fn narrow_i32(self, [low, high]: [__m512i; 2]) -> __m512i {
        // SAFETY: the token proves AVX-512 BW.
        unsafe { _mm512_packs_epi32(low, high) }
    }

    #[inline(always)]
    fn store_as_u8(self, to: &mut [u8], at: usize, even: [__m512i; 2], odd: [__m512i; 2]) {
        let to = &mut to[at..at + 2 * Self::I16_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX-512 F and BW.
        unsafe {
            let low = _mm512_or_si512(even[0], _mm512_slli_epi32::<8>(odd[0]));
            let high = _mm512_or_si512(even[1], _mm512_slli_epi32::<8>(odd[1]));
            let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
            let words = _mm512_permutexvar_epi64(order, _mm512_packus_epi32(low, high));
            _mm512_storeu_si512(to.as_mut_ptr().cast(), words);
        }
    }
}

/// Both integers in one of 32 bits.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn both([first, second]: [i16; 2]) -> i32 {
    i32::from(second) << 16 | i32::from(first as u16)
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};
    use super::*;

    /// Every operation once.
    struct Operations;

    impl Kernel for Operations {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            check(simd);
        }
    }

    #[inline(always)]
    fn check<S: Pairs16>(simd: S) {
        let lanes = S::I16_LANES;
        let a: Vec<i16> = (0..lanes).map(|l| (l as i16 * 1021) ^ 0x55).collect();
        let bytes: Vec<u8> = (0..2 * lanes).map(|l| (l * 37 % 256) as u8).collect();
        let (first, second) = (simd.load_i16(&a, 0), simd.load_u8_as_i16(&bytes, lanes));
        let [low, high] = simd.interleave_i16(first, second);
        let weights = simd.splat_pair([3, -2]);
        let sums = [low, high]
            .map(|pairs| simd.shift_right_i32(simd.add_pair_products(simd.splat_i32(-7), pairs, weights), 3));
        let mut out = vec![0; 2 * lanes];
        simd.store_i16(&mut out, lanes, simd.narrow_i32(sums));
        for l in 0..lanes {
            let exact = (3 * i32::from(a[l]) - 2 * i32::from(bytes[lanes + l]) - 7) >> 3;
            assert_eq!(i32::from(out[lanes + l]), exact, "lane {l}");
        }
        assert!(out[..lanes].iter().all(|&value| value == 0));

        // Pairs of neighbours: sums of bytes, the even ones and the odd ones.
        let words: Vec<i16> = bytes.iter().map(|&byte| i16::from(byte / 2)).collect();
        let halves = [0, lanes].map(|at| simd.load_pairs(&words, at));
        let sum = |weights| {
            halves.map(|half| simd.add_pair_products(simd.splat_i32(1), half, simd.splat_pair(weights)))
        };
        let mut to = vec![0; 3 * lanes];
        simd.store_as_u8(&mut to, lanes, sum([1, 0]), sum([0, 1]));
        for l in 0..2 * lanes {
            assert_eq!(i16::from(to[lanes + l]), words[l] + 1, "byte {l}");
        }
    }

    #[test]
    fn every_level_has_the_same_operations() {
        for level in Level::available() {
            run_at(level, Operations);
        }
        check(Portable);
    }
}
