//! Shifted data: the pivot that is subtracted from all elements of a block, a guess at their mean. Of integers
//! it is one, too, and what follows is exact for as long as floats hold it.

use super::integers::IntegerSums;
use super::sample::{Key, Sample};
use crate::kernels::eft::{fast_two_sum, two_product, two_sum};

/// Runs of elements from which a pivot is guessed.
const RUNS: usize = 4;

/// Elements of a run, if there are more than [`FEW`] in all.
const LENGTH: usize = 4;

/// Elements of which it does not pay to take many for a guess.
const FEW: usize = 512;

/// A pivot from some of `len` elements, which is an integer if it `IS_EXACT`, and their range.
#[inline(always)]
pub(super) fn guess<T: Sample>(len: usize, element: impl Fn(usize) -> T, origin: T::Key) -> (f64, f64) {
    let first = T::to_f64_from(element(0).key(), origin);
    let (mut min, mut max, mut sum) = (first, first, 0.0);
    let length = if len > FEW { LENGTH } else { 1 };
    for run in 0..RUNS {
        let start = run * (len - length) / (RUNS - 1);
        for index in start..start + length {
            let value = T::to_f64_from(element(index).key(), origin);
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
            sum += value;
        }
    }
    let count = (RUNS * length) as f64;
    let (mean, range) = (sum / count, max - min);
    let pivot = if mean.is_finite() { pivot_near(mean, range, range * range / 8.0) } else { 0.0 };
    (pivot, range)
}

/// The pivot for elements with about this mean, range and variance.
///
/// It is zero where the mean is less than the standard deviation: digits of the sum of squares are
/// not lost then, and a mean near zero is as exact as the elements are.
#[inline(always)]
pub(super) fn pivot_near(mean: f64, range: f64, variance: f64) -> f64 {
    if mean * mean <= variance { 0.0 } else { rounded(mean, range) }
}

/// A number near the mean with few digits, so that an element less this number is exact whenever
/// it can be: a multiple of 1/256 to 1/512 of the range.
///
/// The deviations then add up without a rounding for all data that have less than about 43 bits
/// between their range and their last digit: integers, `f32`, what has an offset.
#[inline(always)]
fn rounded(mean: f64, range: f64) -> f64 {
    let power = f64::from_bits(range.to_bits() & 0x7ff0_0000_0000_0000);
    // Adding a number whose last digit is worth 1/256 of the power of two rounds to that digit.
    let rounder = power * (1.5 * (1u64 << 44) as f64);
    let is_large = mean.abs() >= power * (1u64 << 43) as f64;
    if is_large || !rounder.is_finite() { mean } else { (mean + rounder) - rounder }
}

/// The mean of what has this pivot, `pivot + sum / count`, as the sum of two floats.
#[inline(always)]
pub(super) fn shifted_mean(pivot: f64, sum: f64, count: f64) -> (f64, f64) {
    // The remainder of the division matters where pivot and quotient cancel.
    let quotient = sum / count;
    let (product, product_low) = two_product(quotient, count);
    let remainder = ((sum - product) - product_low) / count;
    let (mean, low) = two_sum(pivot, quotient);
    let low = low + if remainder.is_finite() { remainder } else { 0.0 };
    fast_two_sum(mean, low)
}

/// The distances of integers from a pivot are exact up to this, and so are the sums of the squares in each
/// of the lanes of a block: 257 of them have 53 bits.
pub(super) const REACH: f64 = (1u64 << 22) as f64;

/// A pivot up to this may be rounded to an integer and subtracted from one, exactly.
pub(super) const FAR: f64 = (1u64 << 51) as f64;

/// Sums of integers below this are exact.
pub(super) const SUM: f64 = (1u64 << 53) as f64;

/// The nearest integer, of a pivot that is less than [`FAR`].
#[inline(always)]
pub(super) fn whole(pivot: f64) -> f64 {
    let rounder = 3.0 * FAR;
    (pivot + rounder) - rounder
}

/// The state of integers from the sums of their distances from `origin + pivot`, if these are exact.
#[inline(always)]
pub(super) fn from_sums<K: Key>(
    count: u64,
    origin: K,
    pivot: f64,
    sum: i64,
    squares: u64,
) -> Option<IntegerSums> {
    let center = origin.to_integer() + i128::from(pivot as i64);
    (center.unsigned_abs() < 1 << 64).then(|| IntegerSums::from_distances(count, center, sum, squares))
}
