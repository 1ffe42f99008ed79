//! Exact statistics of integers: the sum and the sum of squares, as integers.
//!
//! Values are taken less the first of them, which keeps the squares small; the mean is one division of
//! integers, rounded once. The sum of the squares of the deviations from an integer near the mean is computed
//! modulo 2^128: the steps may overflow, the result does not.
//!
//! What does not fit into 128 bits, a value or a sum, goes to sums of any size: there the differences to the first are
//! exact, and rounded before they are squared. Both parts are put together as those of two samples are, with an exact
//! difference of their means.

use super::big::Big;
use crate::kernels::stats::Moments;

/// The largest integer up to which every one is a float64.
pub const EXACT: f64 = 9_007_199_254_740_992.0;

/// Differences that are added up at a time.
const GROUP: usize = 256;

/// The sums of integers.
#[derive(Debug, Clone, Default)]
pub struct Integers {
    count: u64,
    base: i128,
    /// Of the values less `base`.
    sum: i128,
    /// Of their squares.
    squares: u128,
    /// Whether one of these did not fit.
    overflow: [bool; 2],
    /// Those that did not fit.
    beyond: Option<Box<Beyond>>,
}

/// The sums of integers of any size.
#[derive(Debug, Clone)]
struct Beyond {
    count: u64,
    base: Big,
    sum: Big,
    /// Of the values less `base`.
    moments: Moments,
    pending: Vec<f64>,
}

impl Beyond {
    fn push(&mut self, value: &Big) {
        self.count += 1;
        self.sum.add(value);
        if self.pending.len() == GROUP {
            self.moments.update(&self.pending);
            self.pending.clear();
        }
        self.pending.push(value.minus(&self.base).over(1));
    }

    fn squared_deviations(&self) -> f64 {
        let mut all = self.moments;
        all.update(&self.pending);
        all.var(0.0) * self.count as f64
    }
}

impl Integers {
    /// Adds integers that are exact as float64.
    pub fn extend(&mut self, values: &[f64]) {
        let Some(&first) = values.first() else { return };
        if self.count == 0 {
            self.base = first as i128;
        }
        let near = |base: i128| base.unsigned_abs() <= 1 << 53;
        if !near(self.base) {
            values.iter().for_each(|&value| self.push(value as i128));
            return;
        }
        // The base is within 2^53, so a difference is within 2^54, and a thousand of them within an i64.
        let base = self.base as i64;
        for part in values.chunks(256) {
            let (mut sum, mut squares) = (0_i64, 0_u128);
            for &value in part {
                let difference = value as i64 - base;
                sum += difference;
                let magnitude = u128::from(difference.unsigned_abs());
                squares += magnitude * magnitude;
            }
            self.count += part.len() as u64;
            self.add(Some(i128::from(sum)), Some(squares));
        }
    }

    /// Adds an integer.
    pub fn push(&mut self, value: i128) {
        if self.count == 0 {
            self.base = value;
        }
        let difference = value.checked_sub(self.base);
        let squares = difference.and_then(|d| d.unsigned_abs().checked_mul(d.unsigned_abs()));
        let sums = difference.and_then(|more| self.sum.checked_add(more));
        let squares = squares.and_then(|more| self.squares.checked_add(more));
        let (Some(sum), Some(squares)) = (sums, squares) else {
            self.push_beyond(&Big::from(value));
            return;
        };
        self.count += 1;
        (self.sum, self.squares) = (sum, squares);
    }

    /// Adds an integer of any size.
    pub fn push_beyond(&mut self, value: &Big) {
        let beyond = self.beyond.get_or_insert_with(|| {
            Box::new(Beyond {
                count: 0,
                base: value.clone(),
                sum: Big::default(),
                moments: Moments::default(),
                pending: Vec::new(),
            })
        });
        beyond.push(value);
    }

    fn add(&mut self, sum: Option<i128>, squares: Option<u128>) {
        match sum.and_then(|more| self.sum.checked_add(more)) {
            Some(sum) => self.sum = sum,
            None => self.overflow[0] = true,
        }
        match squares.and_then(|more| self.squares.checked_add(more)) {
            Some(squares) => self.squares = squares,
            None => self.overflow[1] = true,
        }
    }

    /// Their sum, if it is known exactly.
    pub fn sum(&self) -> Option<Big> {
        let mut sum = self.sum_within()?;
        if let Some(beyond) = &self.beyond {
            sum.add(&beyond.sum);
        }
        Some(sum)
    }

    /// The sum of those that fit.
    fn sum_within(&self) -> Option<Big> {
        if self.overflow[0] {
            return None;
        }
        let mut sum = Big::from(self.base).repeated(self.count);
        sum.add(&Big::from(self.sum));
        Some(sum)
    }

    /// Their mean, rounded once.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count + self.beyond.as_ref().map_or(0, |beyond| beyond.count);
        if count == 0 { None } else { Some(self.sum()?.over(count)) }
    }

    /// The sum of the squares of their deviations from the mean.
    pub fn squared_deviations(&self) -> Option<f64> {
        let Some(beyond) = &self.beyond else { return self.squares_within() };
        let squares = beyond.squared_deviations();
        if self.count == 0 {
            return Some(squares);
        }
        // The difference of the means, times both counts.
        let difference =
            self.sum_within()?.repeated(beyond.count).minus(&beyond.sum.repeated(self.count)).over(1);
        let (n, m) = (self.count as f64, beyond.count as f64);
        let between = difference / n / m;
        Some(self.squares_within()? + squares + between * between * (n * m / (n + m)))
    }

    fn squares_within(&self) -> Option<f64> {
        if self.overflow != [false; 2] || self.count == 0 {
            return None;
        }
        let n = i128::from(self.count);
        // The remainder of a division that rounds to the nearest: |r| <= n / 2.
        let mut q = self.sum.div_euclid(n);
        if self.sum.rem_euclid(n) > n / 2 {
            q += 1;
        }
        let r = self.sum - q * n;
        let (q, sum, n) = (q as u128, self.sum as u128, n as u128);
        let about_q = self
            .squares
            .wrapping_sub(q.wrapping_mul(sum).wrapping_mul(2))
            .wrapping_add(n.wrapping_mul(q).wrapping_mul(q));
        let r2 = r.unsigned_abs() * r.unsigned_abs();
        match about_q.checked_mul(n) {
            Some(product) => Some(ratio(product - r2, n)),
            // Then it is 2^64 times as large as what is left out.
            None => Some(about_q as f64 - ratio(r2, n)),
        }
    }
}

/// `a / b`, rounded once: the quotient has 63 bits or more, and the last says whether there is a remainder.
fn ratio(a: u128, b: u128) -> f64 {
    if a == 0 {
        return 0.0;
    }
    let shift = a.leading_zeros();
    let a = a << shift;
    let quotient = (a / b) | u128::from(a % b != 0);
    quotient as f64 * 0.5_f64.powi(shift as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean and the squared deviations by integers of a hundred thousand bits would be better; values small
    /// enough for i128 have to do.
    fn naive(values: &[i128]) -> (f64, f64) {
        let n = values.len() as i128;
        let sum: i128 = values.iter().sum();
        let squares: i128 = values.iter().map(|v| (v * n - sum) * (v * n - sum)).sum();
        (sum as f64 / n as f64, squares as f64 / (n * n) as f64)
    }

    #[test]
    fn sums_are_exact() {
        for offset in [0_i128, 1 << 52, -(1 << 52) + 7, (1 << 62) + 1, -(1 << 62), 1 << 100] {
            for spread in [1_i128, 3, 1000, 1 << 30] {
                let values: Vec<i128> =
                    (0..1000).map(|i| (i * i * 7919 % 1009) * spread % (1 << 34)).collect();
                let (mean, squares) = naive(&values);
                let mut exact = Integers::default();
                values.iter().for_each(|&value| exact.push(value + offset));
                let ours = exact.squared_deviations().expect("no overflow");
                assert!((ours - squares).abs() <= 1e-15 * squares, "{offset} {spread}: {ours} {squares}");
                assert_eq!(exact.sum(), Some(Big::from(values.iter().sum::<i128>() + 1000 * offset)));
                if offset == 0 {
                    assert_eq!(exact.mean(), Some(mean));
                    let floats: Vec<f64> = values.iter().map(|&value| value as f64).collect();
                    let mut fast = Integers::default();
                    floats.chunks(300).for_each(|part| fast.extend(part));
                    assert_eq!((fast.sum(), fast.squared_deviations()), (exact.sum(), Some(ours)));
                }
            }
        }
    }

    #[test]
    fn a_mean_is_rounded_once_and_what_does_not_fit_is_none() {
        let mut three = Integers::default();
        [(1_i128 << 53) + 1, (1 << 53) + 1, (1 << 53) + 1].iter().for_each(|&value| three.push(value));
        assert_eq!((three.mean(), three.squared_deviations()), (Some(EXACT), Some(0.0)));
        let mut thirds = Integers::default();
        [0, 0, 1].iter().for_each(|&value| thirds.push(value));
        assert_eq!(thirds.mean(), Some(1.0 / 3.0));
        let mut wide = Integers::default();
        [i128::MAX, i128::MIN].iter().for_each(|&value| wide.push(value));
        assert_eq!((wide.sum(), wide.mean()), (Some(Big::from(-1)), Some(-0.5)));
        let half = 2_f64.powi(127);
        assert_eq!(wide.squared_deviations(), Some(2.0 * half * half));
        assert_eq!(Integers::default().mean(), None);
    }

    #[test]
    fn sums_beyond_128_bits_are_exact() {
        let base = Big::from_digits(&format!("1{}", "0".repeat(70)));
        let offsets = [1, 2, 4, 1 << 40, 3];
        let mut all = Integers::default();
        for offset in offsets {
            let mut value = base.clone();
            value.add(&Big::from(offset));
            all.push_beyond(&value);
        }
        let (mean, squares) = naive(&offsets);
        let mut sum = base.repeated(5);
        sum.add(&Big::from(offsets.iter().sum::<i128>()));
        assert_eq!((all.sum(), all.mean()), (Some(sum.clone()), Some(sum.over(5))));
        assert!((all.squared_deviations().expect("known") / squares - 1.0).abs() < 1e-14, "{mean}");

        // On both sides of what fits.
        let mut both = Integers::default();
        for offset in -500_i128..=500 {
            match i128::MAX.checked_add(offset) {
                Some(value) => both.push(value),
                None => {
                    let mut value = Big::from(i128::MAX);
                    value.add(&Big::from(offset));
                    both.push_beyond(&value);
                }
            }
        }
        assert_eq!(
            (both.sum(), both.mean()),
            (Some(Big::from(i128::MAX).repeated(1001)), Some(2_f64.powi(127)))
        );
        let squares = (1..=500).map(|offset| 2 * offset * offset).sum::<i64>() as f64;
        assert!((both.squared_deviations().expect("known") / squares - 1.0).abs() < 1e-14);
    }

    #[test]
    fn a_spread_whose_squares_do_not_fit_is_no_reason_to_forget_digits() {
        let mut wide = Integers::default();
        let offsets = [0, 1 << 65, 1 << 66, 5];
        offsets.iter().for_each(|&offset| wide.push(10_i128.pow(37) + offset));
        let scaled: Vec<f64> = offsets.iter().map(|&offset| offset as f64).collect();
        let mean = scaled.iter().sum::<f64>() / 4.0;
        let squares: f64 = scaled.iter().map(|value| (value - mean) * (value - mean)).sum();
        assert!((wide.squared_deviations().expect("known") / squares - 1.0).abs() < 1e-14);
        assert_eq!(wide.sum(), Some(Big::from(4 * 10_i128.pow(37) + offsets.iter().sum::<i128>())));
    }
}
