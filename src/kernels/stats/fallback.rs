//! What is rarely needed: blocks that are not finite, and sums that cancel. Compiled once: it takes the
//! distances of the elements from their origin one by one, whatever their type.

use super::central::{CentralMoments, LARGE, exponent_of, times_power};
use crate::kernels::eft::{CompensatedSum, fast_two_sum, two_product, two_sum};

/// Calls a function with the distance of each element from the origin.
pub(super) type Each<'a> = dyn Fn(&mut dyn FnMut(f64)) + 'a;

/// By how many powers of two floats above [`LARGE`] are scaled down: more than there are elements.
const DOWN: i32 = 200;

/// The state of a block in which something is not finite, or whose sum of squares is not from `SMALL` to
/// [`LARGE`]; `None` if everything is NaN.
#[cold]
#[inline(never)]
pub(super) fn irregular(each: &Each<'_>, skip_nan: bool, count: f64) -> Option<CentralMoments> {
    let (mut has_nan, mut has_infinity, mut has_negative) = (false, false, false);
    each(&mut |value| {
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
    let numbers = |take: &mut dyn FnMut(f64)| {
        each(&mut |value| {
            if !value.is_nan() {
                take(value)
            }
        })
    };
    Some(of_numbers(&numbers, count))
}

/// The state of finite numbers of any size.
fn of_numbers(numbers: &Each<'_>, count: f64) -> CentralMoments {
    // Large numbers apart from others: so no sum overflows, and where the large ones cancel, the others are
    // there with all digits.
    let (mut large, mut others) = (CompensatedSum::default(), CompensatedSum::default());
    numbers(&mut |value| {
        if value.abs() > LARGE {
            large.add(times_power(value, -DOWN));
        } else {
            others.add(value);
        }
    });
    let (large, others) = (large.rounded(), others.rounded());
    let down = if large.0 == 0.0 { 0 } else { DOWN };
    let (sum, lost) = two_sum(large.0, times_power(others.0, -down));
    let (sum, sum_low) = fast_two_sum(sum, lost + large.1 + times_power(others.1, -down));
    let mean = sum / count;
    let (product, product_low) = two_product(mean, count);
    let mean_low = ((sum - product) - product_low + sum_low) / count;
    let (mean, mean_low) = fast_two_sum(mean, mean_low);
    // Rounding may not carry the mean over the largest float.
    let mean = times_power(mean, down).clamp(-f64::MAX, f64::MAX);
    let mean_low = times_power(mean_low, down);
    // Half of a difference of two floats is finite; it is exact unless they are near zero.
    let mut largest = 0f64;
    numbers(&mut |value| largest = largest.max(value.abs()));
    let half = if largest > LARGE { 0.5 } else { 1.0 };
    let deviation = |value: f64| (value * half - mean * half) - mean_low * half;
    let mut reach = 0f64;
    numbers(&mut |value| reach = reach.max(deviation(value).abs()));
    let unit = exponent_of(reach);
    let (mut sum, mut squares) = (0.0, CompensatedSum::default());
    numbers(&mut |value| {
        let deviation = times_power(deviation(value), -unit);
        sum += deviation;
        let (square, low) = two_product(deviation, deviation);
        squares.add(square);
        squares.add(low);
    });
    // What the mean lacks (Björck).
    squares.add(-(sum * sum / count));
    let exponent = unit + if half < 1.0 { 1 } else { 0 };
    CentralMoments::scaled((mean, mean_low), squares.rounded(), exponent)
}

/// The sum of the distances from the pivot with the digits that cancel, as Neumaier's algorithm keeps
/// them; without NaN if `skip_nan`.
#[cold]
#[inline(never)]
pub(super) fn neumaier_sum(each: &Each<'_>, skip_nan: bool, pivot: f64) -> f64 {
    let mut sum = CompensatedSum::default();
    each(&mut |value| {
        if !(skip_nan && value.is_nan()) {
            sum.add(value - pivot);
        }
    });
    sum.finish()
}
