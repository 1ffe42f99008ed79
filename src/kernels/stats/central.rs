//! The state of floats: mean and sum of squared deviations, and how two merge.
//!
//! Two states merge by the formulas of Chan, Golub and LeVeque, "Updating formulae and a pairwise
//! algorithm for computing sample variances" (1979). The mean and the sum of squares are each
//! kept as an unevaluated sum of two floats (Dekker 1971, Knuth's TwoSum): with one float alone
//! the mean of a block near 1e9 is rounded by so much that the standard deviation loses half of
//! its digits, and a long chain of merges drifts. With two, a chain is as good as a tree, so no
//! stack of partial results is needed.
//!
//! A sum of squares that no float holds, though the mean does, and mostly the variance too, is kept
//! with an exponent of its own. What is so large or so small takes a path of its own, that is
//! rarely needed and compiled once.

use crate::kernels::eft::{fast_two_sum, two_product, two_sum};

/// Mean and sum of squared deviations from it, each the sum of two floats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CentralMoments {
    /// The mean, rounded.
    pub mean: f64,
    /// What rounding took from the mean.
    pub mean_low: f64,
    /// The sum of the squared deviations, rounded, in units of 4 to the power of the exponent.
    pub squares: f64,
    /// What rounding took from the sum.
    pub squares_low: f64,
    /// Zero but for a sum that is not from [`SMALL`] to [`LARGE`].
    pub exponent: i32,
}

/// Sums of squares from this on are as exact as floats can be: what rounding takes from them is no less than
/// the least float.
pub(super) const SMALL: f64 = f64::from_bits((1023 - 900) << 52);

/// And up to this, products of two floats are so as well.
pub(super) const LARGE: f64 = f64::from_bits((1023 + 900) << 52);

/// A divisor between these moves no sum of squares out of the range of floats: every number of elements is one.
const FEW: f64 = 1.0 / 4096.0;
const MANY: f64 = u64::MAX as f64;

/// By how many powers of two numbers near the largest float are scaled, so that their sums are finite.
const DOWN: i32 = 200;

impl CentralMoments {
    /// Of elements one of which is NaN.
    pub const NAN: Self =
        CentralMoments { mean: f64::NAN, mean_low: 0.0, squares: f64::NAN, squares_low: 0.0, exponent: 0 };

    /// From a sum of squares of any size, in units of 4 to the power of `exponent`.
    pub(super) fn scaled(mean: (f64, f64), squares: (f64, f64), exponent: i32) -> Self {
        let (mean, mean_low) = mean;
        let size = exponent_of(squares.0) + 2 * exponent;
        let unit = match squares.0 {
            _ if size.abs() < 900 => 0,
            0.0 => 0,
            _ => size.div_euclid(2),
        };
        let to_unit = |value| times_power(value, 2 * (exponent - unit));
        let (squares, squares_low) = (to_unit(squares.0), to_unit(squares.1));
        CentralMoments { mean, mean_low, squares, squares_low, exponent: unit }
    }

    /// The center of these elements and of others; neither count is zero.
    #[inline(always)]
    pub fn merge(self, count: f64, other: Self, other_count: f64) -> Self {
        // From the larger side, so that the step, and with it the rounding, is the smaller one.
        let (a, a_count, b, b_count) = if count >= other_count {
            (self, count, other, other_count)
        } else {
            (other, other_count, self, count)
        };
        let share = b_count / (a_count + b_count);
        let (delta, mean, mean_low) =
            merge_means((a.mean, a.mean_low), a_count, (b.mean, b.mean_low), b_count);
        let (squares, lost) = two_sum(a.squares, b.squares);
        let between = delta * delta * (a_count * share);
        let (squares, more_lost) = two_sum(squares, between);
        let (squares, squares_low) =
            fast_two_sum(squares, lost + more_lost + (a.squares_low + b.squares_low));
        let is_regular = (SMALL..=LARGE).contains(&squares) || (squares == 0.0 && delta == 0.0);
        if !is_regular || !mean.is_finite() || (a.exponent | b.exponent) != 0 {
            return merge_extreme(a, a_count, b, b_count);
        }
        CentralMoments { mean, mean_low, squares, squares_low, exponent: 0 }
    }

    /// Of as many copies of the elements.
    pub fn repeated(self, times: f64) -> Self {
        let CentralMoments { mean, mean_low, squares, squares_low, exponent } = self;
        Self::scaled((mean, mean_low), (squares * times, squares_low * times), exponent)
    }

    /// The sum of squared deviations over `count - ddof`, as the sum of two floats, and the power of 4 in units of
    /// which they are; NaN unless the divisor is above zero.
    #[inline]
    fn over(&self, count: f64, ddof: f64) -> (f64, f64, i32) {
        let freedom = count - ddof;
        if !(count > 0.0 && freedom > 0.0) {
            return (f64::NAN, 0.0, 0);
        }
        // Weights may be so large or small that their power of two has to stand apart.
        let power = if (FEW..=MANY).contains(&freedom) { 0 } else { even_power(freedom) };
        let freedom = times_power(freedom, -power);
        let quotient = self.squares / freedom;
        let (product, low) = two_product(quotient, freedom);
        let rest = ((self.squares - product) - low + self.squares_low) / freedom;
        (quotient, if rest.is_finite() { rest } else { 0.0 }, self.exponent - power / 2)
    }

    /// The variance, rounded once.
    #[inline]
    pub fn var(&self, count: f64, ddof: f64) -> f64 {
        let (high, low, exponent) = self.over(count, ddof);
        times_power(high + low, 2 * exponent)
    }

    /// The sum of `count` elements, rounded once.
    pub fn sum(&self, count: f64) -> f64 {
        let (product, low) = two_product(self.mean, count);
        let sum = product + (low + self.mean_low * count);
        if sum.is_finite() { sum } else { self.mean * count }
    }

    /// The square root of the variance, rounded once.
    #[inline]
    pub fn std(&self, count: f64, ddof: f64) -> f64 {
        let (high, low, exponent) = self.over(count, ddof);
        let root = high.sqrt();
        let (square, square_low) = two_product(root, root);
        let correction = ((high - square) - square_low + low) / (2.0 * root);
        let root = root + if correction.is_finite() { correction } else { 0.0 };
        times_power(root, exponent)
    }
}

/// The difference of two means, and the mean of both as the sum of two floats.
#[inline(always)]
fn merge_means(a: (f64, f64), a_count: f64, b: (f64, f64), b_count: f64) -> (f64, f64, f64) {
    let (delta, delta_low) = two_sum(b.0, -a.0);
    let (delta, delta_low) = fast_two_sum(delta, delta_low + (b.1 - a.1));
    let count = a_count + b_count;
    let step = delta * (b_count / count);
    // What the step lacks, from the two products that should be equal. It is not finite from 1e300 on, and
    // then the mean is not.
    let ((wanted, wanted_low), (got, got_low)) = (two_product(delta, b_count), two_product(step, count));
    let lack = ((wanted - got) + (wanted_low - got_low) + delta_low * b_count) / count;
    let (mean, lost) = two_sum(a.0, step);
    let (mean, mean_low) = fast_two_sum(mean, lost + a.1 + lack);
    (delta, mean, mean_low)
}

/// A mean or a sum of squares, or what it is made of, is so large or so small that a float holds it no more
/// or with fewer digits, or is not finite.
#[cold]
#[inline(never)]
pub(super) fn merge_extreme(
    a: CentralMoments,
    a_count: f64,
    b: CentralMoments,
    b_count: f64,
) -> CentralMoments {
    let largest = a.mean.abs().max(b.mean.abs());
    if !largest.is_finite() || a.mean.is_nan() || b.mean.is_nan() {
        return CentralMoments { mean: a.mean + b.mean, ..CentralMoments::NAN };
    }
    // Weights may be of any size.
    let power = even_power(a_count.max(b_count));
    let (a_count, b_count) = (times_power(a_count, -power), times_power(b_count, -power));
    let down = if largest > LARGE { DOWN } else { 0 };
    let scaled =
        |center: &CentralMoments| (times_power(center.mean, -down), times_power(center.mean_low, -down));
    let (delta, mean, mean_low) = merge_means(scaled(&a), a_count, scaled(&b), b_count);
    // Rounding may not carry the mean over the largest float.
    let (least, most) = if a.mean < b.mean { (a.mean, b.mean) } else { (b.mean, a.mean) };
    let mean = times_power(mean, down).clamp(least, most);
    let mean_low = times_power(mean_low, down);
    let near_one = times_power(delta, -exponent_of(delta));
    let between = near_one * near_one * (a_count * (b_count / (a_count + b_count)));
    let terms = [
        (a.squares, a.squares_low, a.exponent),
        (b.squares, b.squares_low, b.exponent),
        (between, 0.0, exponent_of(delta) + down + power / 2),
    ];
    // In units of the largest of them.
    let size = |&(squares, _, exponent): &(f64, f64, i32)| match squares {
        0.0 => i32::MIN,
        squares => exponent_of(squares) / 2 + exponent,
    };
    let unit = terms.iter().map(size).max().unwrap_or(0).max(-2000);
    let (mut sum, mut sum_low) = (0.0, 0.0);
    for (squares, low, exponent) in terms {
        let (next, lost) = two_sum(sum, times_power(squares, 2 * (exponent - unit)));
        (sum, sum_low) = (next, sum_low + lost + times_power(low, 2 * (exponent - unit)));
    }
    if !sum.is_finite() {
        return CentralMoments { mean, mean_low, squares: sum, squares_low: 0.0, exponent: 0 };
    }
    CentralMoments::scaled((mean, mean_low), fast_two_sum(sum, sum_low), unit)
}

/// The power of two in a number; -1023 in zero and in what is smaller than all normal floats.
pub(super) fn exponent_of(value: f64) -> i32 {
    (value.to_bits() >> 52 & 0x7ff) as i32 - 1023
}

/// An even power of two near a number above zero, which may be smaller than all normal floats.
pub(super) fn even_power(value: f64) -> i32 {
    let power =
        if value < f64::MIN_POSITIVE { exponent_of(value * 2f64.powi(54)) - 54 } else { exponent_of(value) };
    power & !1
}

/// `value` times two to the power of `exponent`.
#[inline]
pub(super) fn times_power(value: f64, exponent: i32) -> f64 {
    if exponent == 0 || value == 0.0 { value } else { times_power_in_steps(value, exponent) }
}

#[cold]
fn times_power_in_steps(value: f64, exponent: i32) -> f64 {
    // In steps of powers that are normal floats. The first is the one that may leave their range.
    let (mut value, mut left) = (value, exponent.clamp(-5000, 5000));
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        value *= f64::from_bits(((1023 + step) as u64) << 52);
        left -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn center(mean: f64, squares: f64) -> CentralMoments {
        CentralMoments { mean, squares, ..CentralMoments::default() }
    }

    #[test]
    fn what_two_states_have_beyond_a_float_is_merged() {
        let tiny = 2f64.powi(-60);
        let a = CentralMoments { mean_low: tiny, squares_low: tiny, ..center(8.0, 5.0) };
        let b = CentralMoments { mean_low: 5.0 * tiny, squares_low: 3.0 * tiny, ..center(4.0, 6.0) };
        // The mean is (6 a + 2 b) / 8; between the two lie (8 - 4)² · 6 · 2 / 8.
        let CentralMoments { mean, mean_low, squares, squares_low, .. } = a.merge(6.0, b, 2.0);
        assert_eq!((mean, mean_low, squares, squares_low), (7.0, 2.0 * tiny, 35.0, 4.0 * tiny));
    }

    #[test]
    fn squares_that_no_float_holds_have_a_variance() {
        for exponent in [-560, -500, 449, 500, 530, 1000] {
            let unit = times_power(1.0, exponent);
            let both = center(-3.0 * unit, 0.0).merge(1.0, center(5.0 * unit, 0.0), 1.0);
            assert_eq!((both.mean, both.std(2.0, 0.0)), (unit, 4.0 * unit));
            assert_eq!(both.var(2.0, 0.0), 16.0 * unit * unit);
            let four = both.merge(2.0, both, 2.0).merge(4.0, both.repeated(6.0), 12.0);
            assert_eq!((four.mean, four.std(16.0, 0.0)), (unit, 4.0 * unit));
            // Beside what a float holds.
            let mixed = both.merge(2.0, center(unit, 2f64.powi(-890)), 2.0);
            let expected = if exponent < 0 { 2f64.powi(-446) } else { unit * 8f64.sqrt() };
            assert_eq!((mixed.mean, mixed.std(4.0, 0.0)), (unit, expected));
        }
    }

    #[test]
    fn a_variance_is_finite_if_it_can_be() {
        // The squared distance of the two is not.
        let two = center(-8e153, 0.0).merge(1.0, center(8e153, 0.0), 1.0);
        assert!((two.var(2.0, 1.0) / 1.28e308 - 1.0).abs() < 1e-15);
        let far = center(-1e300, 0.0).merge(1.0, center(1e300, 0.0), 1.0);
        assert_eq!((far.var(2.0, 0.0), far.std(2.0, 0.0)), (f64::INFINITY, 1e300));
    }

    #[test]
    fn means_near_the_largest_float_merge() {
        let max = center(f64::MAX, 0.0);
        let both = max.merge(3.0, max, 5.0);
        assert_eq!((both.mean, both.squares), (f64::MAX, 0.0));
        let none = max.merge(4.0, center(-f64::MAX, 0.0), 4.0);
        assert_eq!((none.mean, none.std(8.0, 0.0)), (0.0, f64::MAX));
        let quarter = max.merge(1.0, center(-f64::MAX, 0.0), 3.0);
        assert_eq!(quarter.mean, -f64::MAX / 2.0);
    }
}
