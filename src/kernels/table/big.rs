//! Integers of any size, for sums: a sign, and limbs of 64 bits, the least significant first.
//!
//! What is added up has a few limbs, so everything is done limb by limb. A quotient is rounded once: it has 64 bits or
//! more, and the last says whether there is a remainder.

use std::cmp::Ordering;
use std::fmt;

/// Digits that a limb takes at a time.
const STEP: u64 = 10_000_000_000_000_000_000;

/// An integer. Zero has no limbs and is not negative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Big {
    negative: bool,
    limbs: Vec<u64>,
}

impl From<i128> for Big {
    fn from(value: i128) -> Self {
        let magnitude = value.unsigned_abs();
        Big::of(value < 0, vec![magnitude as u64, (magnitude >> 64) as u64])
    }
}

impl Big {
    fn of(negative: bool, mut limbs: Vec<u64>) -> Self {
        trim(&mut limbs);
        Big { negative: negative && !limbs.is_empty(), limbs }
    }

    /// The integer of these digits, which may have a minus.
    pub fn from_digits(text: &str) -> Self {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let mut limbs = Vec::new();
        let (first, rest) = digits.as_bytes().split_at(digits.len() % 19);
        for part in std::iter::once(first).chain(rest.chunks(19)) {
            let value = part.iter().fold(0, |value, digit| 10 * value + u64::from(digit & 15));
            times(&mut limbs, 10_u64.pow(part.len() as u32), value);
        }
        Big::of(negative, limbs)
    }

    /// The same without its sign.
    fn negated(&self) -> Self {
        Big::of(!self.negative, self.limbs.clone())
    }

    /// Adds another.
    pub fn add(&mut self, other: &Big) {
        if self.negative == other.negative {
            add_to(&mut self.limbs, &other.limbs);
            return;
        }
        match compared(&self.limbs, &other.limbs) {
            Ordering::Less => {
                let mut limbs = other.limbs.clone();
                subtract_from(&mut limbs, &self.limbs);
                *self = Big::of(other.negative, limbs);
            }
            _ => {
                subtract_from(&mut self.limbs, &other.limbs);
                *self = Big::of(self.negative, std::mem::take(&mut self.limbs));
            }
        }
    }

    /// The difference to another.
    pub fn minus(&self, other: &Big) -> Big {
        let mut difference = other.negated();
        difference.add(self);
        difference
    }

    /// So many of it.
    pub fn repeated(&self, count: u64) -> Big {
        let mut limbs = self.limbs.clone();
        times(&mut limbs, count, 0);
        Big::of(self.negative, limbs)
    }

    /// The nearest float64 of its part in `count`.
    pub fn over(&self, count: u64) -> f64 {
        let used =
            |limbs: &[u64]| limbs.last().map_or(0, |last| 64 * limbs.len() - last.leading_zeros() as usize);
        // Enough bits behind the point that the quotient has 64.
        let places = 192_usize.saturating_sub(used(&self.limbs)).div_ceil(64);
        let mut limbs = vec![0; places];
        limbs.extend_from_slice(&self.limbs);
        let remainder = divide(&mut limbs, count);
        trim(&mut limbs);
        let shift = used(&limbs).saturating_sub(128);
        let mut top = 0_u128;
        let mut rest = remainder != 0;
        for (index, &limb) in limbs.iter().enumerate() {
            let low = 64 * index;
            if low + 64 <= shift {
                rest |= limb != 0;
            } else if low < shift {
                let cut = shift - low;
                rest |= limb << (64 - cut) != 0;
                top |= u128::from(limb >> cut);
            } else {
                top |= u128::from(limb) << (low - shift);
            }
        }
        let magnitude = (top | u128::from(rest)) as f64;
        let magnitude = scaled(magnitude, shift as i32 - 64 * places as i32);
        if self.negative { -magnitude } else { magnitude }
    }
}

/// A float64 times a power of two, of which neither is beyond the range by itself.
fn scaled(value: f64, power: i32) -> f64 {
    let half = power / 2;
    value * 2_f64.powi(half) * 2_f64.powi(power - half)
}

impl fmt::Display for Big {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limbs = self.limbs.clone();
        let mut parts = Vec::new();
        while !limbs.is_empty() {
            parts.push(divide(&mut limbs, STEP));
            trim(&mut limbs);
        }
        if self.negative {
            formatter.write_str("-")?;
        }
        write!(formatter, "{}", parts.pop().unwrap_or(0))?;
        parts.iter().rev().try_for_each(|part| write!(formatter, "{part:019}"))
    }
}

fn trim(limbs: &mut Vec<u64>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

/// Multiplies by `factor` and adds `carry`.
fn times(limbs: &mut Vec<u64>, factor: u64, mut carry: u64) {
    for limb in limbs.iter_mut() {
        let product = u128::from(*limb) * u128::from(factor) + u128::from(carry);
        (*limb, carry) = (product as u64, (product >> 64) as u64);
    }
    if carry > 0 {
        limbs.push(carry);
    }
}

/// Divides, and returns the remainder.
fn divide(limbs: &mut [u64], divisor: u64) -> u64 {
    let mut remainder = 0;
    for limb in limbs.iter_mut().rev() {
        let value = u128::from(remainder) << 64 | u128::from(*limb);
        *limb = (value / u128::from(divisor)) as u64;
        remainder = (value % u128::from(divisor)) as u64;
    }
    remainder
}

fn add_to(limbs: &mut Vec<u64>, other: &[u64]) {
    if limbs.len() < other.len() {
        limbs.resize(other.len(), 0);
    }
    let mut carry = false;
    for (index, limb) in limbs.iter_mut().enumerate() {
        let (sum, first) = limb.overflowing_add(other.get(index).copied().unwrap_or(0));
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, first || second);
    }
    if carry {
        limbs.push(1);
    }
}

/// Subtracts what is not larger.
fn subtract_from(limbs: &mut [u64], other: &[u64]) {
    let mut borrow = false;
    for (index, limb) in limbs.iter_mut().enumerate() {
        let (rest, first) = limb.overflowing_sub(other.get(index).copied().unwrap_or(0));
        let (rest, second) = rest.overflowing_sub(u64::from(borrow));
        (*limb, borrow) = (rest, first || second);
    }
}

fn compared(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> Big {
        Big::from_digits(text)
    }

    #[test]
    fn what_fits_is_as_i128() {
        let values =
            [0, 1, -1, 7, i128::from(u64::MAX), -(1 << 64), 10_i128.pow(19), 1 << 100, -(1 << 100) + 3];
        for a in values {
            assert_eq!(Big::from(a).to_string(), a.to_string());
            assert_eq!(big(&a.to_string()), Big::from(a));
            for b in values {
                let mut sum = Big::from(a);
                sum.add(&Big::from(b));
                assert_eq!(sum, Big::from(a + b), "{a} + {b}");
                assert_eq!(Big::from(a).minus(&Big::from(b)), Big::from(a - b), "{a} - {b}");
            }
            for count in [1, 3, 1000] {
                assert_eq!(Big::from(a).repeated(count), Big::from(a * i128::from(count)));
                // Where both are exact, the quotient of floats is rounded once.
                if a.unsigned_abs() < 1 << 53 {
                    assert_eq!(Big::from(a).over(count), a as f64 / count as f64);
                }
            }
            assert_eq!(Big::from(a).over(1), a as f64);
        }
    }

    #[test]
    fn large_ones_are_rounded_once() {
        for text in [
            "340282366920938463463374607431768211455",
            "-340282366920938463463374607431768211457",
            "100000000000000000000000000000000000000000000000000000000000000000000000000000000001",
            "9007199254740993",
            "18014398509481985",
            "9007199254740992000000000000000000000000000000000000000000000000000000000000000001",
        ] {
            assert_eq!(big(text).to_string(), text);
            assert_eq!(big(text).over(1), text.parse::<f64>().expect("a number"), "{text}");
            assert_eq!(big(text).repeated(12345).over(12345), big(text).over(1));
        }
        let most = format!("{:.0}", f64::MAX);
        assert_eq!((big(&most).over(1), big(&most).repeated(3).over(3)), (f64::MAX, f64::MAX));
    }
}
