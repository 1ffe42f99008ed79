//! The schoolbook product in digits of 52 bits, with the instructions of AVX-512 IFMA.
//!
//! These multiply eight pairs of 52-bit numbers and add the low or the high half of the products to
//! 64-bit sums, which have room for 2^12 of them: so there are no carries before the end. Column
//! by column: a vector of eight digits of the result collects `a[i] * b[8 c - i ..]` for all `i`
//! in registers; `b` is read at any offset and has zeros on both sides. Three times as fast as with
//! 64-bit limbs. (S. Gueron, V. Krasnov, "Accelerating big integer arithmetic using Intel IFMA
//! extensions", ARITH 2016.)
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

/// Zeros on each side of `b`: as far as the two vectors of a step reach beyond it.
const PAD: usize = 16;

/// The most limbs of a factor.
pub const MAX_LIMBS: usize = 256;

/// Words of scratch memory for factors of up to `limbs` limbs.
pub fn scratch_len(limbs: usize) -> usize {
    6 * digits(limbs) + 5 * PAD
}

const MASK: u64 = (1 << 52) - 1;

/// Whether the CPU has the instructions.
pub fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// `out = a * b` for factors that `scratch` is long enough for.
#[target_feature(enable = "avx512f,avx512ifma,bmi2")]
pub fn product(a: &[u64], b: &[u64], out: &mut [u64], scratch: &mut [u64]) {
    let (a_len, b_len) = (digits(a.len()), digits(b.len()));
    // An even number of digits of `a`; two vectors of digits of the result at a time.
    let a_even = a_len.next_multiple_of(2);
    let sums = (a_len + b_len + 1).next_multiple_of(16);
    let (a_digits, rest) = scratch.split_at_mut(a_even);
    let (b_digits, rest) = rest.split_at_mut(b_len + 2 * PAD);
    let (low, rest) = rest.split_at_mut(sums);
    let high = &mut rest[..sums];
    a_digits[a_even - 1] = 0;
    split(a, &mut a_digits[..a_len]);
    b_digits[..PAD].fill(0);
    split(b, &mut b_digits[PAD..PAD + b_len]);
    b_digits[PAD + b_len..].fill(0);

    for first in (0..sums).step_by(16) {
        // The `i` for which `b[first - i .. first - i + 16]` is not all zeros.
        let from = (first + 1).saturating_sub(b_len) & !1;
        let to = (first + 16).min(a_even);
        let zero = _mm512_setzero_si512();
        let (mut low0, mut low1, mut high0, mut high1) = (zero, zero, zero, zero);
        let (mut low2, mut low3, mut high2, mut high3) = (zero, zero, zero, zero);
        let mut i = from;
        // Even and odd `i` apart, as an instruction takes four cycles.
        while i < to {
            let x = _mm512_set1_epi64(a_digits[i] as i64);
            let y = _mm512_set1_epi64(a_digits[i + 1] as i64);
            let window: &[u64; 17] =
                b_digits[PAD + first - i - 1..].first_chunk().expect("PAD digits on both sides");
            // SAFETY: eight words of 17 from the words 0, 1, 8 and 9.
            let (b0, b1, b2, b3) = unsafe {
                let at = window.as_ptr();
                (load(at.add(1)), load(at.add(9)), load(at), load(at.add(8)))
            };
            low0 = _mm512_madd52lo_epu64(low0, x, b0);
            low1 = _mm512_madd52lo_epu64(low1, x, b1);
            low2 = _mm512_madd52lo_epu64(low2, y, b2);
            low3 = _mm512_madd52lo_epu64(low3, y, b3);
            high0 = _mm512_madd52hi_epu64(high0, x, b0);
            high1 = _mm512_madd52hi_epu64(high1, x, b1);
            high2 = _mm512_madd52hi_epu64(high2, y, b2);
            high3 = _mm512_madd52hi_epu64(high3, y, b3);
            i += 2;
        }
        let (low, high): (&mut [u64], &mut [u64]) =
            (&mut low[first..first + 16], &mut high[first..first + 16]);
        // SAFETY: both slices have sixteen words.
        unsafe {
            store(low.as_mut_ptr(), _mm512_add_epi64(low0, low2));
            store(low.as_mut_ptr().add(8), _mm512_add_epi64(low1, low3));
            store(high.as_mut_ptr(), _mm512_add_epi64(high0, high2));
            store(high.as_mut_ptr().add(8), _mm512_add_epi64(high1, high3));
        }
    }
    join(low, high, out);
}

/// # Safety
/// Eight words can be read at `from`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(from: *const u64) -> __m512i {
    // SAFETY: the caller's.
    unsafe { _mm512_loadu_si512(from.cast()) }
}

/// # Safety
/// Eight words can be written at `to`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store(to: *mut u64, vector: __m512i) {
    // SAFETY: the caller's.
    unsafe { _mm512_storeu_si512(to.cast(), vector) }
}

/// Digits of a number of `limbs` limbs.
fn digits(limbs: usize) -> usize {
    (64 * limbs).div_ceil(52)
}

/// Limbs to digits.
#[inline(always)]
fn split(limbs: &[u64], digits: &mut [u64]) {
    for (j, digit) in digits.iter_mut().enumerate() {
        let (at, shift) = (52 * j / 64, 52 * j % 64);
        let next = limbs.get(at + 1).copied().unwrap_or(0);
        *digit = (limbs[at] >> shift | (next << 1) << (63 - shift)) & MASK;
    }
}

/// Carries through the sums, of which the high halves belong to the next digit; digits to limbs.
#[inline(always)]
fn join(low: &[u64], high: &[u64], out: &mut [u64]) {
    let (mut carry, mut previous) = (0u64, 0u64);
    let (mut word, mut filled, mut index) = (0u64, 0u32, 0);
    for (&low, &high) in low.iter().zip(high) {
        let sum = low.wrapping_add(previous).wrapping_add(carry);
        previous = high;
        let digit = sum & MASK;
        carry = sum >> 52;
        word |= digit << filled;
        filled += 52;
        if filled >= 64 {
            if index == out.len() {
                return;
            }
            out[index] = word;
            index += 1;
            filled -= 64;
            word = digit >> (52 - filled);
        }
    }
    if index < out.len() {
        out[index] = word;
    }
}
