//! The state: count, mean, sum of squared deviations, minimum and maximum, and how two merge.
//!
//! Two states merge by the formulas of Chan, Golub and LeVeque, "Updating formulae and a pairwise
//! algorithm for computing sample variances" (1979). The mean and the sum of squares are each
//! kept as an unevaluated sum of two floats (Dekker 1971, Knuth's TwoSum): with one float alone
//! the mean of a block near 1e9 is rounded by so much that the standard deviation loses half of
//! its digits, and a long chain of merges drifts. With two, a chain is as good as a tree, so no
//! stack of partial results is needed.

use super::sample::Key;
use crate::kernels::eft::{fast_two_sum, two_product, two_sum};

/// Moments of the elements seen so far. `K` is the type in which minimum and maximum are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<K = f64> {
    count: u64,
    center: CentralMoments,
    min: K,
    max: K,
}

/// Mean and sum of squared deviations from it, each the sum of two floats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CentralMoments {
    /// The mean, rounded.
    pub mean: f64,
    /// What rounding took from the mean.
    pub mean_low: f64,
    /// The sum of the squared deviations, rounded.
    pub squares: f64,
    /// What rounding took from the sum.
    pub squares_low: f64,
}

impl CentralMoments {
    /// Of elements one of which is NaN.
    pub const NAN: Self =
        CentralMoments { mean: f64::NAN, mean_low: 0.0, squares: f64::NAN, squares_low: 0.0 };
}

impl<K: Key> Default for Moments<K> {
    /// Of no elements.
    fn default() -> Self {
        Moments { count: 0, center: CentralMoments::default(), min: K::HIGHEST, max: K::LOWEST }
    }
}

impl<K: Key> Moments<K> {
    /// From parts that another state was taken apart into.
    pub fn from_parts(count: u64, center: CentralMoments, min: K, max: K) -> Self {
        if count == 0 { Moments::default() } else { Moments { count, center, min, max } }
    }

    /// From a state that is not regular; `None` stands for NaN everywhere.
    pub(super) fn of_irregular(count: u64, center: Option<CentralMoments>, min: K, max: K) -> Self {
        match (center, K::NAN) {
            (Some(center), _) => Self::from_parts(count, center, min, max),
            (None, nan) => {
                Self::from_parts(count, CentralMoments::NAN, nan.unwrap_or(min), nan.unwrap_or(max))
            }
        }
    }

    /// Adds the elements of another state.
    #[inline(always)]
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.center = merge(self.center, self.count as f64, other.center, other.count as f64);
        self.count += other.count;
        self.min = self.min.least(other.min);
        self.max = self.max.greatest(other.max);
    }

    /// The state of `times` copies of the elements.
    pub fn repeated(self, times: u64) -> Self {
        let CentralMoments { squares, squares_low, .. } = self.center;
        let times_f64 = times as f64;
        let center = CentralMoments {
            squares: squares * times_f64,
            squares_low: squares_low * times_f64,
            ..self.center
        };
        Self::from_parts(self.count * times, center, self.min, self.max)
    }

    /// The number of elements.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean and sum of squares as they are kept.
    pub fn center(&self) -> CentralMoments {
        self.center
    }

    /// The mean; NaN if there are no elements.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.center.mean }
    }

    /// The sum of squared deviations from the mean over `count - ddof`; NaN unless that is above zero.
    pub fn var(&self, ddof: f64) -> f64 {
        variance(self.count as f64, self.center.squares, ddof)
    }

    /// The square root of the variance.
    pub fn std(&self, ddof: f64) -> f64 {
        self.var(ddof).sqrt()
    }

    /// Minimum and maximum, if there are any elements.
    pub fn extremes(&self) -> Option<(K, K)> {
        (self.count > 0).then_some((self.min, self.max))
    }
}

impl Moments<f64> {
    /// The minimum; NaN if there are no elements.
    pub fn min(&self) -> f64 {
        self.extremes().map_or(f64::NAN, |(min, _)| min)
    }

    /// The maximum; NaN if there are no elements.
    pub fn max(&self) -> f64 {
        self.extremes().map_or(f64::NAN, |(_, max)| max)
    }
}

/// The variance from a count and a sum of squares.
#[inline(always)]
pub fn variance(count: f64, squares: f64, ddof: f64) -> f64 {
    let freedom = count - ddof;
    if count > 0.0 && freedom > 0.0 { squares / freedom } else { f64::NAN }
}

/// The center of `a_count` and `b_count` elements together; neither is zero.
#[inline(always)]
pub fn merge(a: CentralMoments, a_count: f64, b: CentralMoments, b_count: f64) -> CentralMoments {
    // From the larger side, so that the step, and with it the rounding, is the smaller one.
    let (a, a_count, b, b_count) =
        if a_count >= b_count { (a, a_count, b, b_count) } else { (b, b_count, a, a_count) };
    let share = b_count / (a_count + b_count);
    let (delta, delta_low) = two_sum(b.mean, -a.mean);
    let (delta, delta_low) = fast_two_sum(delta, delta_low + (b.mean_low - a.mean_low));
    if !delta.is_finite() {
        return merge_infinite(a, b, share);
    }
    let step = delta * share;
    // What the step lacks, from the two products that should be equal; beyond 1e300 it is lost.
    let ((wanted, wanted_low), (got, got_low)) =
        (two_product(delta, b_count), two_product(step, a_count + b_count));
    let lack = ((wanted - got) + (wanted_low - got_low) + delta_low * b_count) / (a_count + b_count);
    let (mean, lost) = two_sum(a.mean, step);
    let (mean, mean_low) = fast_two_sum(mean, lost + a.mean_low + if lack.is_finite() { lack } else { 0.0 });
    let (squares, lost) = two_sum(a.squares, b.squares);
    let between = delta * delta * (a_count * share);
    let (squares, more_lost) = two_sum(squares, between);
    let (squares, squares_low) = fast_two_sum(squares, lost + more_lost + (a.squares_low + b.squares_low));
    let squares_low = if squares.is_finite() { squares_low } else { 0.0 };
    // An infinite term makes NaN of the rest that rounding leaves: only the sum itself counts.
    let squares =
        if between.is_finite() && !squares.is_nan() { squares } else { a.squares + b.squares + between };
    CentralMoments { mean, mean_low, squares, squares_low }
}

/// A mean is infinite or NaN, or the means are further apart than the largest float.
#[cold]
fn merge_infinite(a: CentralMoments, b: CentralMoments, share: f64) -> CentralMoments {
    if a.mean.is_finite() && b.mean.is_finite() {
        let mean = a.mean * (1.0 - share) + b.mean * share;
        return CentralMoments { mean, mean_low: 0.0, squares: f64::INFINITY, squares_low: 0.0 };
    }
    CentralMoments { mean: a.mean + b.mean, mean_low: 0.0, squares: f64::NAN, squares_low: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_states_have_beyond_a_float_is_merged() {
        let tiny = 2f64.powi(-60);
        let a = CentralMoments { mean: 8.0, mean_low: tiny, squares: 5.0, squares_low: tiny };
        let b = CentralMoments { mean: 4.0, mean_low: 5.0 * tiny, squares: 6.0, squares_low: 3.0 * tiny };
        // The mean is (6 a + 2 b) / 8; between the two lie (8 - 4)² · 6 · 2 / 8.
        let CentralMoments { mean, mean_low, squares, squares_low } = merge(a, 6.0, b, 2.0);
        assert_eq!((mean, mean_low, squares, squares_low), (7.0, 2.0 * tiny, 35.0, 4.0 * tiny));
    }

    #[test]
    fn squares_beyond_the_largest_float_are_infinite() {
        let center = |mean, squares| CentralMoments { mean, squares, ..CentralMoments::default() };
        let far = merge(center(1e200, 1.0), 2.0, center(-1e200, 1.0), 2.0);
        let sum = merge(center(1.0, f64::MAX), 2.0, center(2.0, f64::MAX), 2.0);
        let kept = merge(center(1.0, f64::INFINITY), 2.0, center(2.0, 1.0), 2.0);
        for (state, mean) in [(far, 0.0), (sum, 1.5), (kept, 1.5)] {
            assert_eq!((state.mean, state.squares, state.squares_low), (mean, f64::INFINITY, 0.0));
        }
    }
}
