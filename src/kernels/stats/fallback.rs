//! What is rarely needed: blocks that are not finite, and sums that cancel. Compiled once: it takes the
//! distances of the elements from their origin one by one, whatever their type.

use super::moments::CentralMoments;
use super::shift::shifted_mean;
use crate::kernels::eft::CompensatedSum;

/// Calls a function with the distance of each element from the origin.
pub(super) type Each<'a> = dyn Fn(&mut dyn FnMut(f64)) + 'a;

/// The state of a block in which something is not finite; `None` if everything is NaN.
#[cold]
#[inline(never)]
pub(super) fn irregular(
    each: &Each<'_>,
    skip_nan: bool,
    origin: (f64, f64),
    count: f64,
) -> Option<CentralMoments> {
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
    // Finite elements with a sum, or squares, that are not: as well as it goes without a sum.
    let numbers = |take: &mut dyn FnMut(f64)| {
        each(&mut |value| {
            if !value.is_nan() {
                take(value)
            }
        })
    };
    let (mut mean, mut squares) = (0.0, 0.0);
    numbers(&mut |value| mean += value / count);
    numbers(&mut |value| squares += (value - mean) * (value - mean));
    let (mean, mean_low) = shifted_mean(mean, 0.0, 1.0, origin);
    Some(CentralMoments { mean, mean_low, squares, squares_low: 0.0 })
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
