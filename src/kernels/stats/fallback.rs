//! What is rarely needed: blocks that are not finite, and sums that cancel. Compiled once: it takes the
//! distances of the elements from their origin one by one, whatever their type.

use super::central::{CentralMoments, LARGE, exponent_of, times_power};
use crate::kernels::eft::{CompensatedSum, fast_two_sum, two_product, two_sum};

/// Calls a function with the distance of each element from the origin, and its weight, which is above zero.
pub(super) type Each<'a> = dyn Fn(&mut dyn FnMut(f64, f64)) + 'a;

/// The weight of all elements that count, and what it is scaled by.
#[derive(Clone, Copy)]
pub(super) struct Weight {
    /// Their sum, scaled.
    pub(super) sum: f64,
    /// An even number of powers of two that weights are scaled down by, so that none is above two.
    pub(super) exponent: i32,
}

impl Weight {
    /// Of elements that all have a weight of one.
    #[inline(always)]
    pub(super) fn of_count(count: f64) -> Self {
        Weight { sum: count, exponent: 0 }
    }
}

/// By how many powers of two floats above [`LARGE`] are scaled down: more than there are elements.
const DOWN: i32 = 200;

/// The state of a block in which something is not finite, or whose sum of squares is not from `SMALL` to
/// [`LARGE`]; `None` if everything is NaN.
#[cold]
#[inline(never)]
pub(super) fn irregular(each: &Each<'_>, skip_nan: bool, weight: Weight) -> Option<CentralMoments> {
    let (mut has_nan, mut has_infinity, mut has_negative) = (false, false, false);
    each(&mut |value, _| {
        has_nan |= value.is_nan();
        has_infinity |= value == f64::INFINITY;
        has_negative |= value == f64::NEG_INFINITY;
    });
    if has_nan && !skip_nan {
        return None;
    }
    if has_infinity || has_negative {
        let mean = match (has_infinity, has_negative) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        return Some(CentralMoments { mean, ..CentralMoments::NAN });
    }
    let numbers = |take: &mut dyn FnMut(f64, f64)| {
        each(&mut |value, of_value| {
            if !value.is_nan() {
                take(value, times_power(of_value, -weight.exponent))
            }
        })
    };
    Some(of_numbers(&numbers, weight))
}

/// Takes in a product.
fn add_product(sum: &mut CompensatedSum, value: f64, weight: f64) {
    // A factor of one takes nothing away, and of a number near the largest one there is no product.
    if weight == 1.0 {
        return sum.add(value);
    }
    let (product, low) = two_product(value, weight);
    sum.add(product);
    sum.add(low);
}

/// The state of finite numbers of any size, whose weights are scaled.
fn of_numbers(numbers: &Each<'_>, weight: Weight) -> CentralMoments {
    let total = weight.sum;
    // Large numbers apart from others: so no sum overflows, and where the large ones cancel, the others are
    // there with all digits.
    let (mut large, mut others) = (CompensatedSum::default(), CompensatedSum::default());
    numbers(&mut |value, weight| {
        if value.abs() > LARGE {
            add_product(&mut large, times_power(value, -DOWN), weight);
        } else {
            add_product(&mut others, value, weight);
        }
    });
    let (large, others) = (large.rounded(), others.rounded());
    let down = if large.0 == 0.0 { 0 } else { DOWN };
    let (sum, lost) = two_sum(large.0, times_power(others.0, -down));
    let (sum, sum_low) = fast_two_sum(sum, lost + large.1 + times_power(others.1, -down));
    let mean = sum / total;
    let (product, product_low) = two_product(mean, total);
    let mean_low = ((sum - product) - product_low + sum_low) / total;
    let (mean, mean_low) = fast_two_sum(mean, mean_low);
    // Rounding may not carry the mean over the largest float.
    let mean = times_power(mean, down).clamp(-f64::MAX, f64::MAX);
    let mean_low = times_power(mean_low, down);
    // Half of a difference of two floats is finite; it is exact unless they are near zero.
    let mut largest = 0f64;
    numbers(&mut |value, _| largest = largest.max(value.abs()));
    let half = if largest > LARGE { 0.5 } else { 1.0 };
    let deviation = |value: f64| (value * half - mean * half) - mean_low * half;
    let mut reach = 0f64;
    numbers(&mut |value, _| reach = reach.max(deviation(value).abs()));
    let unit = exponent_of(reach);
    let (mut sum, mut squares) = (0.0, CompensatedSum::default());
    numbers(&mut |value, weight| {
        let deviation = times_power(deviation(value), -unit);
        sum += deviation * weight;
        let (square, low) = two_product(deviation, deviation);
        add_product(&mut squares, square, weight);
        squares.add(low * weight);
    });
    // What the mean lacks (Björck).
    squares.add(-(sum * sum / total));
    let exponent = unit + weight.exponent / 2 + if half < 1.0 { 1 } else { 0 };
    CentralMoments::scaled((mean, mean_low), squares.rounded(), exponent)
}

/// The sum of the distances from the pivot with the digits that cancel, as Neumaier's algorithm keeps
/// them; without NaN if `skip_nan`.
#[cold]
#[inline(never)]
pub(super) fn neumaier_sum(each: &Each<'_>, skip_nan: bool, pivot: f64) -> f64 {
    let mut sum = CompensatedSum::default();
    each(&mut |value, weight| {
        if !(skip_nan && value.is_nan()) {
            add_product(&mut sum, value - pivot, weight);
        }
    });
    sum.finish()
}
