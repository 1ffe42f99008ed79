//! What is kept of elements besides their count and extremes: of floats the moments around their mean, of
//! integers exact sums.

use super::central::CentralMoments;
use super::integers::IntegerSums;

/// The part of a state that tells where elements are.
pub trait Center: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Whether it is that of integers.
    const IS_EXACT: bool;

    /// From that of floats.
    ///
    /// # Panics
    /// If this is that of integers.
    fn of_floats(center: CentralMoments) -> Self;

    /// From that of integers.
    ///
    /// # Panics
    /// If this is that of floats.
    fn of_integers(sums: IntegerSums) -> Self;

    /// The sums of integers, if it is made of them.
    fn integers(&self) -> Option<IntegerSums>;

    /// Adds elements; neither count is zero.
    fn merge(&mut self, count: u64, other: &Self, other_count: u64);

    /// Of as many copies.
    fn repeated(&self, times: u64) -> Self;

    /// What `count` elements weigh together: as much as they are, but where they have weights.
    fn weight(&self, count: u64) -> f64 {
        count as f64
    }

    /// The mean of `count` elements that lie from `min` to `max`.
    fn mean(&self, count: u64, min: f64, max: f64) -> f64;

    /// The moments around the mean.
    fn central(&self, count: u64) -> CentralMoments;
}

impl Center for CentralMoments {
    const IS_EXACT: bool = false;

    #[inline(always)]
    fn of_floats(center: CentralMoments) -> Self {
        center
    }

    fn of_integers(_sums: IntegerSums) -> Self {
        unreachable!("floats have no exact sums")
    }

    fn integers(&self) -> Option<IntegerSums> {
        None
    }

    #[inline(always)]
    fn merge(&mut self, count: u64, other: &Self, other_count: u64) {
        *self = CentralMoments::merge(*self, count as f64, *other, other_count as f64);
    }

    fn repeated(&self, times: u64) -> Self {
        CentralMoments::repeated(*self, times as f64)
    }

    fn mean(&self, _count: u64, min: f64, max: f64) -> f64 {
        // In all of a sum's digits but the last ones it does lie there.
        if self.mean < min {
            min
        } else if self.mean > max {
            max
        } else {
            // A sum that is zero is 0.0, and so is its mean, also of elements that are all -0.0.
            self.mean + 0.0
        }
    }

    fn central(&self, _count: u64) -> CentralMoments {
        *self
    }
}

impl Center for IntegerSums {
    const IS_EXACT: bool = true;

    fn of_floats(_center: CentralMoments) -> Self {
        unreachable!("integers have exact sums")
    }

    #[inline(always)]
    fn of_integers(sums: IntegerSums) -> Self {
        sums
    }

    fn integers(&self) -> Option<IntegerSums> {
        Some(*self)
    }

    #[inline(always)]
    fn merge(&mut self, _count: u64, other: &Self, _other_count: u64) {
        IntegerSums::merge(self, other);
    }

    fn repeated(&self, times: u64) -> Self {
        IntegerSums::repeated(self, times)
    }

    fn mean(&self, count: u64, _min: f64, _max: f64) -> f64 {
        IntegerSums::mean(self, count).0
    }

    fn central(&self, count: u64) -> CentralMoments {
        IntegerSums::central(self, count)
    }
}
