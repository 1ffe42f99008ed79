//! Registers of unsigned 64-bit integers.
//!
//! Written out because the compiler turns plain loops over such lanes into gathers and scatters or
//! into scalar code, depending on its version: a random number generator then takes 3 to 4 times
//! as long.
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

/// Operations on registers of 64-bit integers. Sums wrap around.
pub trait Lanes64: Copy {
    /// Integers in a register.
    const U64_LANES: usize;
    /// A register.
    type U64s: Copy;
    /// How many carries there were: see [`count_carries`](Lanes64::count_carries).
    type Carries: Copy;

    /// The integers from `from[at]` on.
    fn load_u64(self, from: &[u64], at: usize) -> Self::U64s;
    /// Writes `x` to `to[at]` and what follows.
    fn store_u64(self, to: &mut [u64], at: usize, x: Self::U64s);
    /// `value` in every lane.
    fn splat_u64(self, value: u64) -> Self::U64s;
    /// The sum.
    fn add_u64(self, x: Self::U64s, y: Self::U64s) -> Self::U64s;
    /// The bits that are set in one of the two, but not in both.
    fn xor_u64(self, x: Self::U64s, y: Self::U64s) -> Self::U64s;
    /// The bits that are set in either.
    fn or_u64(self, x: Self::U64s, y: Self::U64s) -> Self::U64s;
    /// Shifted left by `bits`, from 1 to 63: a constant.
    fn shift_left_u64(self, x: Self::U64s, bits: u32) -> Self::U64s;
    /// Shifted right by `bits`, from 1 to 63: a constant.
    fn shift_right_u64(self, x: Self::U64s, bits: u32) -> Self::U64s;
    /// Rotated left by `bits`, from 1 to 63: a constant.
    #[inline(always)]
    fn rotate_left_u64(self, x: Self::U64s, bits: u32) -> Self::U64s {
        self.or_u64(self.shift_left_u64(x, bits), self.shift_right_u64(x, 64 - bits))
    }
    /// The products of the low 32 bits.
    fn multiply_low_u32(self, x: Self::U64s, y: Self::U64s) -> Self::U64s;

    /// No carries.
    fn no_carries(self) -> Self::Carries;
    /// Counts the lanes in which `x + y` does not fit in 64 bits; both are odd, and their sum is
    /// not exactly two to the power 64.
    fn count_carries(self, count: Self::Carries, x: Self::U64s, y: Self::U64s) -> Self::Carries;
    /// All that were counted.
    fn carries(self, count: Self::Carries) -> u64;
}

/// SSE2, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
impl Lanes64 for Baseline {
    const U64_LANES: usize = 2;
    type U64s = __m128i;
    type Carries = __m128i;

    #[inline(always)]
    fn load_u64(self, from: &[u64], at: usize) -> __m128i {
        let from = &from[at..at + Self::U64_LANES];
        // SAFETY: a register's worth of memory, by the line above; SSE2 is part of x86-64.
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_u64(self, to: &mut [u64], at: usize, x: __m128i) {
        let to = &mut to[at..at + Self::U64_LANES];
        // SAFETY: as in `load_u64`.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), x) }
    }

    #[inline(always)]
    fn splat_u64(self, value: u64) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_set1_epi64x(value as i64) }
    }

    #[inline(always)]
    fn add_u64(self, x: __m128i, y: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_add_epi64(x, y) }
    }

    #[inline(always)]
    fn xor_u64(self, x: __m128i, y: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_xor_si128(x, y) }
    }

    #[inline(always)]
    fn or_u64(self, x: __m128i, y: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_or_si128(x, y) }
    }

    #[inline(always)]
    fn shift_left_u64(self, x: __m128i, bits: u32) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_sll_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn shift_right_u64(self, x: __m128i, bits: u32) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_srl_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn multiply_low_u32(self, x: __m128i, y: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_mul_epu32(x, y) }
    }

    #[inline(always)]
    fn no_carries(self) -> __m128i {
        self.splat_u64(0)
    }

    /// As for AVX2: the carry is the highest bit of the sum of the halves.
    #[inline(always)]
    fn count_carries(self, count: __m128i, x: __m128i, y: __m128i) -> __m128i {
        let halves = self.add_u64(self.shift_right_u64(x, 1), self.shift_right_u64(y, 1));
        self.add_u64(count, self.shift_right_u64(halves, 63))
    }

    #[inline(always)]
    fn carries(self, count: __m128i) -> u64 {
        let mut lanes = [0; 2];
        self.store_u64(&mut lanes, 0, count);
        lanes[0] + lanes[1]
    }
}

/// The operations in plain Rust, for the baseline of other CPUs than x86-64; there for tests alone.
#[cfg(all(test, target_arch = "x86_64"))]
#[derive(Clone, Copy)]
struct Portable;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Lanes64 for Portable {
    const U64_LANES: usize = 2;
    type U64s = [u64; 2];
    type Carries = [u64; 2];

    #[inline(always)]
    fn load_u64(self, from: &[u64], at: usize) -> [u64; 2] {
        [from[at], from[at + 1]]
    }

    #[inline(always)]
    fn store_u64(self, to: &mut [u64], at: usize, x: [u64; 2]) {
        to[at..at + 2].copy_from_slice(&x);
    }

    #[inline(always)]
    fn splat_u64(self, value: u64) -> [u64; 2] {
        [value; 2]
    }

    #[inline(always)]
    fn add_u64(self, mut x: [u64; 2], y: [u64; 2]) -> [u64; 2] {
        for l in 0..2 {
            x[l] = x[l].wrapping_add(y[l]);
        }
        x
    }

    #[inline(always)]
    fn xor_u64(self, mut x: [u64; 2], y: [u64; 2]) -> [u64; 2] {
        for l in 0..2 {
            x[l] ^= y[l];
        }
        x
    }

    #[inline(always)]
    fn or_u64(self, mut x: [u64; 2], y: [u64; 2]) -> [u64; 2] {
        for l in 0..2 {
            x[l] |= y[l];
        }
        x
    }

    #[inline(always)]
    fn shift_left_u64(self, mut x: [u64; 2], bits: u32) -> [u64; 2] {
        for l in 0..2 {
            x[l] = x[l].wrapping_shl(bits);
        }
        x
    }

    #[inline(always)]
    fn shift_right_u64(self, mut x: [u64; 2], bits: u32) -> [u64; 2] {
        for l in 0..2 {
            x[l] = x[l].wrapping_shr(bits);
        }
        x
    }

    #[inline(always)]
    fn rotate_left_u64(self, mut x: [u64; 2], bits: u32) -> [u64; 2] {
        for l in 0..2 {
            x[l] = x[l].rotate_left(bits);
        }
        x
    }

    #[inline(always)]
    fn multiply_low_u32(self, mut x: [u64; 2], y: [u64; 2]) -> [u64; 2] {
        for l in 0..2 {
            x[l] = (x[l] & 0xffff_ffff).wrapping_mul(y[l] & 0xffff_ffff);
        }
        x
    }

    #[inline(always)]
    fn no_carries(self) -> [u64; 2] {
        [0; 2]
    }

    #[inline(always)]
    fn count_carries(self, mut count: [u64; 2], x: [u64; 2], y: [u64; 2]) -> [u64; 2] {
        for l in 0..2 {
            count[l] = count[l].wrapping_add(u64::from(x[l].wrapping_add(y[l]) < x[l]));
        }
        count
    }

    #[inline(always)]
    fn carries(self, count: [u64; 2]) -> u64 {
        count.iter().sum()
    }
}

#[cfg(neon)]
impl<const DOT: bool> Lanes64 for Neon<DOT> {
    const U64_LANES: usize = 2;
    type U64s = uint64x2_t;
    type Carries = uint64x2_t;

    #[inline(always)]
    fn load_u64(self, from: &[u64], at: usize) -> uint64x2_t {
        let from = &from[at..at + Self::U64_LANES];
        // SAFETY: a register's worth of memory, by the line above; NEON is part of the target.
        unsafe { vld1q_u64(from.as_ptr()) }
    }

    #[inline(always)]
    fn store_u64(self, to: &mut [u64], at: usize, x: uint64x2_t) {
        let to = &mut to[at..at + Self::U64_LANES];
        // SAFETY: as in `load_u64`.
        unsafe { vst1q_u64(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn splat_u64(self, value: u64) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vdupq_n_u64(value) }
    }

    #[inline(always)]
    fn add_u64(self, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vaddq_u64(x, y) }
    }

    #[inline(always)]
    fn xor_u64(self, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { veorq_u64(x, y) }
    }

    #[inline(always)]
    fn or_u64(self, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vorrq_u64(x, y) }
    }

    #[inline(always)]
    fn shift_left_u64(self, x: uint64x2_t, bits: u32) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vshlq_u64(x, vdupq_n_s64(i64::from(bits))) }
    }

    #[inline(always)]
    fn shift_right_u64(self, x: uint64x2_t, bits: u32) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vshlq_u64(x, vdupq_n_s64(-i64::from(bits))) }
    }

    #[inline(always)]
    fn multiply_low_u32(self, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vmull_u32(vmovn_u64(x), vmovn_u64(y)) }
    }

    #[inline(always)]
    fn no_carries(self) -> uint64x2_t {
        self.splat_u64(0)
    }

    #[inline(always)]
    fn count_carries(self, count: uint64x2_t, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
        // SAFETY: NEON is part of the target.
        unsafe { vsubq_u64(count, vcgtq_u64(x, vaddq_u64(x, y))) }
    }

    #[inline(always)]
    fn carries(self, count: uint64x2_t) -> u64 {
        // SAFETY: NEON is part of the target.
        unsafe { vaddvq_u64(count) }
    }
}

#[cfg(x86_simd)]
impl Lanes64 for Avx2 {
    const U64_LANES: usize = 4;
    type U64s = __m256i;
    type Carries = u64;

    #[inline(always)]
    fn load_u64(self, from: &[u64], at: usize) -> __m256i {
        let from = &from[at..at + Self::U64_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX2.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_u64(self, to: &mut [u64], at: usize, x: __m256i) {
        let to = &mut to[at..at + Self::U64_LANES];
        // SAFETY: as in `load_u64`.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), x) }
    }

    #[inline(always)]
    fn splat_u64(self, value: u64) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_set1_epi64x(value as i64) }
    }

    #[inline(always)]
    fn add_u64(self, x: __m256i, y: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_add_epi64(x, y) }
    }

    #[inline(always)]
    fn xor_u64(self, x: __m256i, y: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_xor_si256(x, y) }
    }

    #[inline(always)]
    fn or_u64(self, x: __m256i, y: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_or_si256(x, y) }
    }

    #[inline(always)]
    fn shift_left_u64(self, x: __m256i, bits: u32) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_sll_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn shift_right_u64(self, x: __m256i, bits: u32) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_srl_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn multiply_low_u32(self, x: __m256i, y: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_mul_epu32(x, y) }
    }

    #[inline(always)]
    fn no_carries(self) -> u64 {
        0
    }

    /// There is no unsigned compare. But the halves of two odd numbers, rounded down, add up to
    /// 2^63 or more exactly if the numbers add up to 2^64 + 2 or more.
    #[inline(always)]
    fn count_carries(self, count: u64, x: __m256i, y: __m256i) -> u64 {
        let halves = self.add_u64(self.shift_right_u64(x, 1), self.shift_right_u64(y, 1));
        // SAFETY: the token proves AVX2, which includes AVX.
        let carries = unsafe { _mm256_movemask_pd(_mm256_castsi256_pd(halves)) };
        // `wrapping`, as a check in the loop is a branch.
        count.wrapping_add(u64::from(carries.count_ones()))
    }

    #[inline(always)]
    fn carries(self, count: u64) -> u64 {
        count
    }
}

#[cfg(x86_simd)]
impl Lanes64 for Avx512 {
    const U64_LANES: usize = 8;
    type U64s = __m512i;
    type Carries = u64;

    #[inline(always)]
    fn load_u64(self, from: &[u64], at: usize) -> __m512i {
        let from = &from[at..at + Self::U64_LANES];
        // SAFETY: a register's worth of memory, by the line above; the token proves AVX-512 F.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_u64(self, to: &mut [u64], at: usize, x: __m512i) {
        let to = &mut to[at..at + Self::U64_LANES];
        // SAFETY: as in `load_u64`.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), x) }
    }

    #[inline(always)]
    fn splat_u64(self, value: u64) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_set1_epi64(value as i64) }
    }

    #[inline(always)]
    fn add_u64(self, x: __m512i, y: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_add_epi64(x, y) }
    }

    #[inline(always)]
    fn xor_u64(self, x: __m512i, y: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_xor_si512(x, y) }
    }

    #[inline(always)]
    fn or_u64(self, x: __m512i, y: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_or_si512(x, y) }
    }

    #[inline(always)]
    fn shift_left_u64(self, x: __m512i, bits: u32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_sll_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn shift_right_u64(self, x: __m512i, bits: u32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_srl_epi64(x, _mm_cvtsi32_si128(bits as i32)) }
    }

    #[inline(always)]
    fn rotate_left_u64(self, x: __m512i, bits: u32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_rolv_epi64(x, _mm512_set1_epi64(i64::from(bits))) }
    }

    #[inline(always)]
    fn multiply_low_u32(self, x: __m512i, y: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_mul_epu32(x, y) }
    }

    #[inline(always)]
    fn no_carries(self) -> u64 {
        0
    }

    #[inline(always)]
    fn count_carries(self, count: u64, x: __m512i, y: __m512i) -> u64 {
        // SAFETY: the token proves AVX-512 F.
        let carries = unsafe { _mm512_cmplt_epu64_mask(_mm512_add_epi64(x, y), x) };
        // `wrapping`, as a check in the loop is a branch. To add one under the mask takes longer.
        count.wrapping_add(u64::from(carries.count_ones()))
    }

    #[inline(always)]
    fn carries(self, count: u64) -> u64 {
        count
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};
    use super::*;

    const X: [u64; 8] =
        [1, 3, u64::MAX, 0x8000_0000_0000_0001, 0x1234_5678_9abc_def1, 0xffff_ffff, 7, 0xffff_ffff_0000_0001];
    const Y: [u64; 8] = [
        u64::MAX - 2,
        u64::MAX,
        u64::MAX,
        0x7fff_ffff_ffff_fffd,
        0xfedc_ba98_7654_3211,
        0xffff_ffff,
        9,
        0x0000_0001_0000_0001,
    ];

    struct Operations;

    impl Kernel for Operations {
        type Output = ([[u64; 8]; 6], u64);

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> ([[u64; 8]; 6], u64) {
            results(simd)
        }
    }

    /// Those of every operation, and how many carries there are in three times all lanes.
    #[inline(always)]
    fn results<S: Lanes64>(simd: S) -> ([[u64; 8]; 6], u64) {
        let mut results = [[0; 8]; 6];
        let mut count = simd.no_carries();
        for at in (0..8).step_by(S::U64_LANES) {
            let (x, y) = (simd.load_u64(&X, at), simd.load_u64(&Y, at));
            for _ in 0..3 {
                count = simd.count_carries(count, x, y);
            }
            let registers = [
                simd.add_u64(x, y),
                simd.xor_u64(simd.or_u64(x, y), simd.splat_u64(5)),
                simd.shift_left_u64(x, 17),
                simd.shift_right_u64(x, 32),
                simd.rotate_left_u64(x, 45),
                simd.multiply_low_u32(x, y),
            ];
            for (result, register) in results.iter_mut().zip(registers) {
                simd.store_u64(result, at, register);
            }
        }
        (results, simd.carries(count))
    }

    #[test]
    fn every_level_has_the_same_operations() {
        let both = |f: fn(u64, u64) -> u64| std::array::from_fn(|l| f(X[l], Y[l]));
        let carries = X.iter().zip(Y).filter(|&(x, y)| x.checked_add(y).is_none()).count() as u64;
        let expected = [
            both(u64::wrapping_add),
            both(|x, y| (x | y) ^ 5),
            both(|x, _| x << 17),
            both(|x, _| x >> 32),
            both(|x, _| x.rotate_left(45)),
            both(|x, y| u64::from(x as u32) * u64::from(y as u32)),
        ];
        for level in Level::available() {
            assert_eq!(run_at(level, Operations), (expected, 3 * carries), "{level:?}");
        }
        assert_eq!(results(Portable), (expected, 3 * carries));
    }
}
