//! What is rarely needed: blocks that are not finite, and sums that cancel.

use super::moments::{Center, Moments};
use super::pivot::shift;
use super::sample::{Key, Sample};
use crate::kernels::eft::CompensatedSum;

/// The state of a block in which something is not finite.
#[cold]
#[inline(never)]
pub(super) fn irregular<'a, T: Sample, const SKIP: bool, I: Iterator<Item = &'a T>>(
    elements: impl Fn() -> I,
    origin: T::Key,
    count: f64,
    min: T::Key,
    max: T::Key,
) -> Moments<T::Key> {
    let values = || elements().map(|element| T::wide(element.key(), origin));
    let has = |what: fn(f64) -> bool| values().any(what);
    let nan = Center { mean: f64::NAN, mean_low: 0.0, squares: f64::NAN, squares_low: 0.0 };
    let count_u64 = count as u64;
    if let Some(not_a_number) = T::Key::NAN.filter(|_| !SKIP && has(f64::is_nan)) {
        return Moments::from_parts(count_u64, nan, not_a_number, not_a_number);
    }
    if has(f64::is_infinite) {
        let mean = match (has(|value| value == f64::INFINITY), has(|value| value == f64::NEG_INFINITY)) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        return Moments::from_parts(count_u64, Center { mean, ..nan }, min, max);
    }
    // Finite elements with a sum, or squares, that are not: as well as it goes without a sum.
    let numbers = || values().filter(|value| !value.is_nan());
    let mean = numbers().fold(0.0, |mean, value| mean + value / count);
    let squares = numbers().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    let (mean, mean_low) = shift::<T>(mean, 0.0, 1.0, origin);
    Moments::from_parts(count_u64, Center { mean, mean_low, squares, squares_low: 0.0 }, min, max)
}

/// The sum of the distances from the pivot, with the digits that cancel.
#[cold]
#[inline(never)]
pub(super) fn careful_sum<'a, T: Sample, const SKIP: bool>(
    elements: impl Iterator<Item = &'a T>,
    origin: T::Key,
    pivot: f64,
) -> f64 {
    let mut sum = CompensatedSum::default();
    for key in elements.map(|element| element.key()).filter(|key| !(SKIP && key.is_nan())) {
        sum.add(T::wide(key, origin) - pivot);
    }
    sum.finish()
}
