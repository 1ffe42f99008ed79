//! Unsigned integers of 192 and 256 bits, as far as sums of squares need them: words of 64 bits, the lowest
//! first.

use crate::kernels::eft::two_product;

/// What sums of squares of 64-bit integers are held in: 2^63 of them have 191 bits.
pub type U192 = [u64; 3];

/// What a count times such a sum has.
pub type U256 = [u64; 4];

/// `value` as words.
#[inline(always)]
pub fn words<const N: usize>(value: u128) -> [u64; N] {
    let mut words = [0; N];
    (words[0], words[1]) = (value as u64, (value >> 64) as u64);
    words
}

/// `a + b`, which has to fit.
#[inline(always)]
pub fn sum<const N: usize>(a: [u64; N], b: [u64; N]) -> [u64; N] {
    let (mut sum, mut carry) = (a, false);
    for word in 0..N {
        let (partial, first) = a[word].overflowing_add(b[word]);
        let (total, second) = partial.overflowing_add(u64::from(carry));
        (sum[word], carry) = (total, first | second);
    }
    sum
}

/// `a - b`, which may not be negative.
#[inline(always)]
pub fn difference<const N: usize>(a: [u64; N], b: [u64; N]) -> [u64; N] {
    let (mut difference, mut borrow) = (a, false);
    for word in 0..N {
        let (partial, first) = a[word].overflowing_sub(b[word]);
        let (rest, second) = partial.overflowing_sub(u64::from(borrow));
        (difference[word], borrow) = (rest, first | second);
    }
    difference
}

/// `a · b`, which has to fit.
#[inline(always)]
pub fn product<const N: usize, const M: usize>(a: [u64; N], b: u64) -> [u64; M] {
    let (mut product, mut carry) = ([0; M], 0);
    for word in 0..M {
        let digit = if word < N { a[word] } else { 0 };
        let total = u128::from(digit) * u128::from(b) + carry;
        (product[word], carry) = (total as u64, total >> 64);
    }
    product
}

/// `value²`.
pub fn square(value: u128) -> U256 {
    let (low, high): (u64, u64) = (value as u64, (value >> 64) as u64);
    let (low_square, cross) = (u128::from(low) * u128::from(low), u128::from(low) * u128::from(high));
    let high_square = u128::from(high) * u128::from(high);
    let squares =
        [low_square as u64, (low_square >> 64) as u64, high_square as u64, (high_square >> 64) as u64];
    let cross = [0, cross as u64, (cross >> 64) as u64, 0];
    sum(sum(squares, cross), cross)
}

/// Integers up to this are exact as an `f64`.
const EXACT: u64 = 1 << 53;

/// Bits of the quotient that two floats are made of.
const BITS: i32 = 120;

/// `number / by` as the sum of two floats, the first of which is the quotient rounded once.
pub fn quotient(number: U256, by: u64) -> (f64, f64) {
    if number[1..] == [0; 3] && number[0] <= EXACT && by <= EXACT {
        let (number, by) = (number[0] as f64, by as f64);
        let rounded = number / by;
        let (product, low) = two_product(rounded, by);
        return (rounded, ((number - product) - low) / by);
    }
    let length = |word: u64| 64 - word.leading_zeros() as i32;
    let bits =
        (0..4).rev().find(|&word| number[word] != 0).map(|word| 64 * word as i32 + length(number[word]));
    let Some(bits) = bits else { return (0.0, 0.0) };
    // So shifted, it has as many bits more than the divisor as the quotient is to have: at most 184.
    let shift = BITS - bits + length(by);
    let (shifted, mut lost) = shifted(number, shift);
    let (mut quotient, mut remainder) = (0u128, 0u128);
    for word in shifted[..3].iter().rev() {
        let dividend = remainder << 64 | u128::from(*word);
        quotient = quotient << 64 | (dividend / u128::from(by));
        remainder = dividend % u128::from(by);
    }
    lost |= remainder != 0;
    // What is lost is less than a bit that is far below the last one of the first float: it only decides
    // where that would be half-way.
    let quotient = quotient | u128::from(lost);
    let rounded = quotient as f64;
    let low = quotient as i128 - rounded as i128;
    let unit = 2f64.powi(-shift);
    (rounded * unit, low as f64 * unit)
}

/// `number · 2^shift`, rounded down, and whether that took anything from it.
fn shifted(number: U256, shift: i32) -> (U256, bool) {
    let word = |index: i32| if (0..4).contains(&index) { number[index as usize] } else { 0 };
    let (words, bits) = (shift.div_euclid(64), shift.rem_euclid(64) as u32);
    let mut result = [0; 4];
    for (index, result) in result.iter_mut().enumerate() {
        let from = index as i32 - words;
        let pair = u128::from(word(from)) << 64 | u128::from(word(from - 1));
        *result = (pair << bits >> 64) as u64;
    }
    let below = (-shift).max(0);
    let lost = (0..4).any(|index| {
        let bits = (below - 64 * index).clamp(0, 64) as u32;
        bits > 0 && number[index as usize] << (64 - bits) != 0
    });
    (result, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_carry_and_borrow() {
        let ones = [u64::MAX; 3];
        assert_eq!(sum(words::<3>(u128::MAX), [1, 0, 0]), [0, 0, 1]);
        assert_eq!(difference([0, 0, 1], [1, 0, 0]), words(u128::MAX));
        assert_eq!(product::<3, 4>(ones, u64::MAX), [1, u64::MAX, u64::MAX, u64::MAX - 1]);
        assert_eq!(square(u128::MAX), [1, 0, u64::MAX - 1, u64::MAX]);
        assert_eq!(square(3 << 64), [0, 0, 9, 0]);
        assert_eq!(square((1 << 64) + 1), [1, 2, 1, 0]);
    }

    #[test]
    fn a_quotient_is_rounded_once() {
        // Half-way between two floats, and a little above, below bits that a float has and beyond them.
        for shift in [0, 1, 10, 60, 64, 120, 138] {
            for by in [1u64, 3, 1 << 40, u64::MAX] {
                let scaled = |value: u128| {
                    let (wide, lost) = shifted(product::<4, 4>(words(value), by), shift);
                    assert!(!lost);
                    wide
                };
                let unit = 2f64.powi(shift);
                let odd = (1u128 << 53) + 1;
                assert_eq!(quotient(scaled(odd), by), (2f64.powi(53) * unit, unit));
                assert_eq!(quotient(scaled(odd + 2), by), ((2f64.powi(53) + 4.0) * unit, -unit));
                let above = sum(scaled(odd), [1, 0, 0, 0]);
                let (rounded, low) = quotient(above, by);
                assert_eq!(rounded, 2f64.powi(53) * unit + 2.0 * unit);
                assert!(low <= 0.0);
            }
        }
        assert_eq!(quotient([0; 4], 7), (0.0, 0.0));
        assert_eq!(quotient([7, 0, 0, 0], 2), (3.5, 0.0));
        assert_eq!(quotient([u64::MAX; 4], u64::MAX).0, 2f64.powi(192));
        let (third, low) = quotient([1, 0, 0, 0], 3);
        assert_eq!(third, 1.0 / 3.0);
        assert!((low * 2f64.powi(54) - 1.0 / 3.0).abs() < 1e-15);
    }
}
