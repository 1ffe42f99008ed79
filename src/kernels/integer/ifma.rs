//! The schoolbook product in digits of 52 bits, with the instructions of AVX-512 IFMA.
//!
//! These multiply eight pairs of 52-bit numbers and add the low or the high half of the products to
//! 64-bit sums, which can hold 2^12 of them: so there are no carries before the end. Column
//! by column: a vector of eight digits of the result collects `a[i] * b[8 c - i ..]` for all `i`
//! in registers; `b` is read at any offset and has zeros on both sides. Three times as fast as with
//! 64-bit limbs. (S. Gueron, V. Krasnov, "Accelerating big integer arithmetic using Intel IFMA
//! extensions", ARITH 2016.)

use crate::simd::{Ifma, Kernel, Simd, U64x8};

/// Zeros on each side of `b`: as far as two vectors of the sums reach beyond it.
const PAD: usize = 16;

/// The most limbs of a product: what scratch memory stays in the first-level cache for.
pub const MAX_LIMBS: usize = 768;

/// Words of scratch memory for products of up to `limbs` limbs.
pub fn scratch_len(limbs: usize) -> usize {
    3 * digits(limbs) + 5 * PAD
}

const MASK: u64 = (1 << 52) - 1;

/// `out = a * b` for factors that `scratch` is long enough for; `a` is better the shorter one.
pub fn product(ifma: Ifma, a: &[u64], b: &[u64], out: &mut [u64], scratch: &mut [u64]) {
    ifma.run(Product { ifma, a, b, out, scratch });
}

struct Product<'a> {
    ifma: Ifma,
    a: &'a [u64],
    b: &'a [u64],
    out: &'a mut [u64],
    scratch: &'a mut [u64],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let Product { ifma, a, b, out, scratch } = self;
        let (a_len, b_len) = (digits(a.len()), digits(b.len()));
        // An even number of digits of `a`; two vectors of digits of the result at a time.
        let a_even = a_len.next_multiple_of(2);
        let sums = (a_len + b_len + 1).next_multiple_of(16);
        let (a_digits, scratch) = scratch.split_at_mut(a_even);
        let (b_digits, scratch) = scratch.split_at_mut(b_len + 2 * PAD);
        let (low, scratch) = scratch.split_at_mut(sums);
        let high = &mut scratch[..sums];
        a_digits[a_even - 1] = 0;
        split(a, &mut a_digits[..a_len]);
        b_digits[..PAD].fill(0);
        split(b, &mut b_digits[PAD..PAD + b_len]);
        b_digits[PAD + b_len..].fill(0);

        for first in (0..sums).step_by(16) {
            // The `i` for which `b[first - i .. first - i + 16]` is not all zeros.
            let from = (first + 1).saturating_sub(b_len) & !1;
            let to = (first + 16).min(a_even);
            let zero = ifma.splat(0);
            let (mut low0, mut low1, mut high0, mut high1) = (zero, zero, zero, zero);
            let (mut low2, mut low3, mut high2, mut high3) = (zero, zero, zero, zero);
            let mut i = from;
            // Even and odd `i` apart, as an instruction takes four cycles.
            while i < to {
                let x = ifma.splat(a_digits[i]);
                let y = ifma.splat(a_digits[i + 1]);
                let window: &[u64; 17] =
                    b_digits[PAD + first - i - 1..].first_chunk().expect("PAD digits on both sides");
                let (b0, b1) = (eight::<1>(ifma, window), eight::<9>(ifma, window));
                let (b2, b3) = (eight::<0>(ifma, window), eight::<8>(ifma, window));
                low0 = low0.add_low(x, b0);
                low1 = low1.add_low(x, b1);
                low2 = low2.add_low(y, b2);
                low3 = low3.add_low(y, b3);
                high0 = high0.add_high(x, b0);
                high1 = high1.add_high(x, b1);
                high2 = high2.add_high(y, b2);
                high3 = high3.add_high(y, b3);
                i += 2;
            }
            store(&mut low[first..first + 16], low0.wrapping_add(low2), low1.wrapping_add(low3));
            store(&mut high[first..first + 16], high0.wrapping_add(high2), high1.wrapping_add(high3));
        }
        join(low, high, out);
    }
}

/// Eight words of a window.
#[inline(always)]
fn eight<const FROM: usize>(ifma: Ifma, window: &[u64; 17]) -> U64x8 {
    ifma.load(window[FROM..].first_chunk().expect("the window is longer"))
}

/// Two vectors to sixteen words.
#[inline(always)]
fn store(to: &mut [u64], first: U64x8, second: U64x8) {
    let (low, high) = to.split_at_mut(8);
    first.store(low.first_chunk_mut().expect("sixteen words"));
    second.store(high.first_chunk_mut().expect("sixteen words"));
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
