//! The state of elements with weights: what they weigh together, and their moments around the weighted mean.
//!
//! A weight stands for so many copies of an element, as the `fweights` of `numpy.cov`, and may be any number from
//! zero on: with weights of one all is as without. The formulas by which states merge are the same, with the sum of
//! the weights in place of the count.

use super::center::Center;
use super::central::{CentralMoments, merge_extreme};
use super::integers::IntegerSums;
use crate::kernels::eft::{fast_two_sum, two_sum};

/// The sum of the weights, and the moments around the weighted mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WeightedMoments {
    /// The sum of the weights, rounded.
    pub weight: f64,
    /// What rounding took from it.
    pub weight_low: f64,
    /// The moments.
    pub central: CentralMoments,
}

impl WeightedMoments {
    /// Of elements each of which weighs one.
    pub fn of_count(count: u64, central: CentralMoments) -> Self {
        let weight = count as f64;
        WeightedMoments { weight, weight_low: (count as i128 - weight as i128) as f64, central }
    }
}

/// Weights are so large or so small that a product with one may leave the floats.
fn is_extreme(weight: f64) -> bool {
    const MOST: f64 = f64::from_bits((1023 + 300) << 52);
    const LEAST: f64 = f64::from_bits((1023 - 300) << 52);
    !(LEAST..=MOST).contains(&weight)
}

impl Center for WeightedMoments {
    const IS_EXACT: bool = false;

    fn of_floats(_center: CentralMoments) -> Self {
        unreachable!("the weights are not in it")
    }

    fn of_integers(_sums: IntegerSums) -> Self {
        unreachable!("the weights are not in it")
    }

    fn integers(&self) -> Option<IntegerSums> {
        None
    }

    fn merge(&mut self, _count: u64, other: &Self, _other_count: u64) {
        let (weight, lost) = two_sum(self.weight, other.weight);
        let (sum, low) = fast_two_sum(weight, lost + (self.weight_low + other.weight_low));
        let central = if is_extreme(self.weight) || is_extreme(other.weight) {
            let (a, b) = ((self.central, self.weight), (other.central, other.weight));
            let (a, b) = if a.1 >= b.1 { (a, b) } else { (b, a) };
            merge_extreme(a.0, a.1, b.0, b.1)
        } else {
            CentralMoments::merge(self.central, self.weight, other.central, other.weight)
        };
        *self = WeightedMoments { weight: sum, weight_low: low, central };
    }

    fn repeated(&self, times: u64) -> Self {
        let times = times as f64;
        let (weight, weight_low) = (self.weight * times, self.weight_low * times);
        WeightedMoments { weight, weight_low, central: self.central.repeated(times) }
    }

    fn weight(&self, _count: u64) -> f64 {
        self.weight
    }

    fn mean(&self, count: u64, min: f64, max: f64) -> f64 {
        Center::mean(&self.central, count, min, max)
    }

    fn central(&self, _count: u64) -> CentralMoments {
        self.central
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(weight: f64, mean: f64) -> WeightedMoments {
        let central = CentralMoments { mean, ..CentralMoments::default() };
        WeightedMoments { weight, weight_low: 0.0, central }
    }

    #[test]
    fn weights_of_every_size_merge() {
        for unit in [5e-324, 1e-310, 1e-200, 1.0, 1e300] {
            let (mut a, b) = (of(3.0 * unit, -2.0), of(unit, 2.0));
            a.merge(1, &b, 1);
            // (3 · -2 + 2) / 4, and the squares are 3 + 9.
            assert_eq!((a.weight, a.central.mean), (4.0 * unit, -1.0));
            assert_eq!((a.central.std(a.weight, 0.0), a.central.var(a.weight, 0.0)), (3f64.sqrt(), 3.0));
        }
    }

    #[test]
    fn the_sum_of_weights_has_the_digits_of_two_floats() {
        let mut all = of(1e16, 0.0);
        (0..10).for_each(|_| all.merge(1, &of(0.5, 0.0), 1));
        assert_eq!((all.weight, all.weight_low), (1e16 + 4.0, 1.0));
        let large = WeightedMoments::of_count(u64::MAX, CentralMoments::default());
        assert_eq!((large.weight, large.weight_low), (2f64.powi(64), -1.0));
    }
}
