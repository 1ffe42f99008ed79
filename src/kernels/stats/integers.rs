//! The state of integers: their sum and that of their squares, both exact.
//!
//! 2^63 elements of 64 bits have a sum of 127 bits and a sum of squares of 191. From them follow the mean and
//! the sum of squared deviations, `Σx² - (Σx)² / n`: exact until the division, which is rounded once. So
//! merging loses nothing, however often and in whatever order it is done.

use super::central::CentralMoments;
use super::wide::{self, U192};

/// The sum of integers, and the sum of their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct IntegerSums {
    /// In two words of two's complement, the lower first: an `i128` would be aligned to 16 bytes.
    sum: [u64; 2],
    squares: U192,
}

impl IntegerSums {
    /// From a sum and a sum of squares.
    #[inline(always)]
    pub fn new(sum: i128, squares: U192) -> Self {
        IntegerSums { sum: wide::words(sum as u128), squares }
    }

    /// The same, if `count` numbers can have these.
    pub fn checked(count: u64, sum: i128, squares: U192) -> Option<Self> {
        let (all, square) = (wide::product::<3, 4>(squares, count), wide::square(sum.unsigned_abs()));
        let is_less = all.iter().rev().lt(square.iter().rev());
        (!is_less && squares[2] >> 63 == 0).then(|| Self::new(sum, squares))
    }

    /// Of `count` integers, less than 2^13 of them: from the sums of their distances from `center`, which is
    /// an integer of 64 bits with or without a sign, and of the squares of the distances.
    #[inline(always)]
    pub(super) fn from_distances(count: u64, center: i128, sum: i64, squares: u64) -> Self {
        let (total, wide_sum) = (i128::from(count) * center + i128::from(sum), i128::from(sum));
        if center.unsigned_abs() < 1 << 56 {
            // The product of three factors has at most 13 + 2 · 56 bits.
            let squares = i128::from(squares) + 2 * center * wide_sum + i128::from(count) * center * center;
            return Self::new(total, wide::words(squares as u128));
        }
        let magnitude = center.unsigned_abs();
        let cross = 2 * magnitude * wide_sum.unsigned_abs();
        let central = wide::product(wide::words::<2>(magnitude * magnitude), count);
        let all = wide::sum(central, wide::words(u128::from(squares)));
        let is_negative = (center < 0) != (sum < 0);
        let cross = wide::words(cross);
        Self::new(total, if is_negative { wide::difference(all, cross) } else { wide::sum(all, cross) })
    }

    /// Of one integer.
    pub fn of(value: i128) -> Self {
        let magnitude = value.unsigned_abs();
        let squares = wide::square(magnitude);
        Self::new(value, [squares[0], squares[1], squares[2]])
    }

    /// The sum.
    #[inline(always)]
    pub fn sum(&self) -> i128 {
        (u128::from(self.sum[1]) << 64 | u128::from(self.sum[0])) as i128
    }

    /// The sum of the squares.
    pub fn squares(&self) -> U192 {
        self.squares
    }

    /// Adds other integers.
    #[inline(always)]
    pub fn merge(&mut self, other: &Self) {
        self.sum = wide::words(self.sum().wrapping_add(other.sum()) as u128);
        self.squares = wide::sum(self.squares, other.squares);
    }

    /// Of as many copies.
    pub fn repeated(&self, times: u64) -> Self {
        Self::new(self.sum().wrapping_mul(i128::from(times)), wide::product(self.squares, times))
    }

    /// The mean of `count` integers, rounded, and what rounding took from it.
    pub fn mean(&self, count: u64) -> (f64, f64) {
        let sum = self.sum();
        let (mean, low) = wide::quotient(wide::words(sum.unsigned_abs()), count);
        if sum < 0 { (-mean, -low) } else { (mean, low) }
    }

    /// The moments of `count` integers.
    pub fn central(&self, count: u64) -> CentralMoments {
        let (mean, mean_low) = self.mean(count);
        // The sum's square is not the larger one, by the inequality of Cauchy and Schwarz.
        let all = wide::product(self.squares, count);
        let deviations = wide::difference(all, wide::square(self.sum().unsigned_abs()));
        let (squares, squares_low) = wide::quotient(deviations, count);
        CentralMoments { mean, mean_low, squares, squares_low, exponent: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_from_any_center_give_the_same_sums() {
        for base in [0i128, -7, 1 << 55, 1 << 56, -(1 << 63), (1 << 64) - 60, (1 << 63) - 5] {
            let values: Vec<i128> = (0..50).map(|i| base + i * 7919 % 53).collect();
            let mut expected = IntegerSums::default();
            values.iter().for_each(|&value| expected.merge(&IntegerSums::of(value)));
            for center in [base, base + 3, base - 10, base + 50] {
                let distances: Vec<i64> = values.iter().map(|value| (value - center) as i64).collect();
                let squares = distances.iter().map(|distance| (distance * distance) as u64).sum();
                let got = IntegerSums::from_distances(50, center, distances.iter().sum(), squares);
                assert_eq!(got, expected);
            }
            assert_eq!(expected.sum(), values.iter().sum::<i128>());
        }
    }

    #[test]
    fn the_largest_sums_fit() {
        let largest = IntegerSums::of(i128::from(u64::MAX)).repeated(1 << 62);
        assert_eq!(largest.mean(1 << 62), (2f64.powi(64), -1.0));
        assert_eq!(largest.central(1 << 62).squares, 0.0);
        let mut both = IntegerSums::of(i128::from(i64::MIN)).repeated(1 << 62);
        both.merge(&IntegerSums::of(i128::from(i64::MAX)).repeated(1 << 62));
        assert_eq!(both.mean(1 << 63), (-0.5, 0.0));
        // The deviations are (2^64 - 1) / 2.
        assert_eq!(both.central(1 << 63).squares, 2f64.powi(189));
    }
}
