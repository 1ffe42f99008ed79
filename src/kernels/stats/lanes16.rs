//! Sixteen lines at a time, a line to a lane: what is done once for a line is done for sixteen in
//! the time of two or four.

use super::block::{CANCELLED, LANES, Sums, TOLERANCE, is_regular};
use super::center::Center;
use super::central::{CentralMoments, SMALL};
use super::fallback::{Weight, irregular, neumaier_sum};
use super::moments::Moments;
use super::sample::{Key, Sample};
use super::shift::{FAR, REACH, SUM, from_sums, pivot_near, shifted_mean, whole};
use crate::simd::Simd;

/// Sixteen lines of as many elements each.
pub trait Lines<T: Sample> {
    /// Elements of a line.
    fn len(&self) -> usize;

    /// The elements of one of the lines.
    fn line(&self, lane: usize) -> impl Iterator<Item = &T>;

    /// Adds the elements of all lines to the sums of their lanes.
    fn read<const SKIP: bool, S: Simd>(&self, origin: T::Key, pivots: &[f64; LANES], sums: &mut Sums<T::Key>);

    /// Adds integers of the last lanes, as many as there are states, to these, without sums of floats.
    fn exact<S: Simd>(&self, states: &mut [Moments<T::Key, T::Center>]);
}

/// Adds the lines of the last lanes, as many as there are totals, to these. `sums` have been read of the lines,
/// unless `is_wide` is true: it becomes so for integers whose sums floats do not hold.
#[inline(always)]
pub(super) fn merge<T: Sample, const SKIP: bool, S: Simd>(
    lines: &impl Lines<T>,
    origin: T::Key,
    pivots: &mut [f64; LANES],
    sums: &mut Sums<T::Key>,
    totals: &mut [Moments<T::Key, T::Center>],
    is_wide: &mut bool,
) {
    if const { T::Center::IS_EXACT } {
        merge_integers::<T, S>(lines, origin, pivots, sums, totals, is_wide);
    } else {
        merge_floats::<T, SKIP, S>(lines, origin, pivots, sums, totals);
    }
}

/// The same for floats, which are read once more if a pivot was bad.
#[inline(always)]
fn merge_floats<T: Sample, const SKIP: bool, S: Simd>(
    lines: &impl Lines<T>,
    origin: T::Key,
    pivots: &mut [f64; LANES],
    sums: &mut Sums<T::Key>,
    totals: &mut [Moments<T::Key, T::Center>],
) {
    let mut centers = Centers::of::<T, SKIP>(sums, lines.len(), origin, pivots);
    if centers.far {
        *pivots = centers.better;
        *sums = Sums::new();
        lines.read::<SKIP, S>(origin, pivots, sums);
        centers = Centers::of::<T, SKIP>(sums, lines.len(), origin, pivots);
    }
    if centers.cancelled {
        for lane in LANES - totals.len()..LANES {
            sums.sum[lane] = neumaier_sum(&distances::<T>(lines, lane, origin), SKIP, pivots[lane]);
        }
        centers = Centers::of::<T, SKIP>(sums, lines.len(), origin, pivots);
    }
    *pivots = centers.better;
    for (lane, total) in (LANES - totals.len()..LANES).zip(totals) {
        let (count, min, max) = (centers.count[lane], sums.min[lane], sums.max[lane]);
        let squares = centers.squares[lane];
        if is_regular(squares) || (squares <= SMALL && min == max) {
            let (mean, mean_low) = (centers.mean[lane], centers.mean_low[lane]);
            let mut center = CentralMoments { mean, mean_low, squares, ..CentralMoments::default() };
            if min == max {
                center = CentralMoments { mean: min.to_f64(), ..CentralMoments::default() };
            }
            total.merge(&Moments::from_parts(count as u64, T::Center::of_floats(center), min, max));
        } else {
            let center = irregular(&distances::<T>(lines, lane, origin), SKIP, Weight::of_count(count));
            let moments = Moments::of_irregular(count as u64, center, min, max);
            total.merge(&moments.with_center(T::Center::of_floats));
        }
    }
}

/// The same for integers.
#[inline(always)]
fn merge_integers<T: Sample, S: Simd>(
    lines: &impl Lines<T>,
    origin: T::Key,
    pivots: &mut [f64; LANES],
    sums: &mut Sums<T::Key>,
    states: &mut [Moments<T::Key, T::Center>],
    is_wide: &mut bool,
) {
    let first = LANES - states.len();
    if !*is_wide {
        let mut reach = [0.0; LANES];
        for lane in first..LANES {
            let ends = [
                T::to_f64_from(sums.min[lane], origin) - pivots[lane],
                T::to_f64_from(sums.max[lane], origin) - pivots[lane],
            ];
            reach[lane] = ends[0].abs().max(ends[1].abs());
        }
        for lane in first..LANES {
            // A sum of squares is not exact if it is not less, even if they are.
            let is_exact = reach[lane] <= REACH && sums.squares[lane] < SUM && pivots[lane].abs() < FAR;
            let center = origin.to_integer() + i128::from(pivots[lane] as i64);
            *is_wide |= !is_exact || center.unsigned_abs() >> 64 != 0;
        }
    }
    if *is_wide {
        lines.exact::<S>(states);
        return;
    }
    let count = lines.len() as u64;
    for (lane, state) in (first..LANES).zip(states) {
        let (sum, squares) = (sums.sum[lane] as i64, sums.squares[lane] as u64);
        if let Some(center) = from_sums(count, origin, pivots[lane], sum, squares) {
            let center = T::Center::of_integers(center);
            state.merge(&Moments::from_parts(count, center, sums.min[lane], sums.max[lane]));
        }
        pivots[lane] = whole(pivots[lane] + sums.sum[lane] / count as f64);
    }
}

/// The distances of the elements of a line from the origin, for what is rarely needed.
fn distances<T: Sample>(
    lines: &impl Lines<T>,
    lane: usize,
    origin: T::Key,
) -> impl Fn(&mut dyn FnMut(f64, f64)) {
    move |take| lines.line(lane).for_each(|element| take(T::to_f64_from(element.key(), origin), 1.0))
}

/// What follows from the sums of a lane, as in `block`.
struct Centers {
    count: [f64; LANES],
    mean: [f64; LANES],
    mean_low: [f64; LANES],
    squares: [f64; LANES],
    /// The pivots to be used from now on.
    better: [f64; LANES],
    /// Whether a pivot was so far from its mean that digits were lost.
    far: bool,
    /// Whether a sum may have lost its digits.
    cancelled: bool,
}

impl Centers {
    #[inline(always)]
    fn of<T: Sample, const SKIP: bool>(
        sums: &Sums<T::Key>,
        len: usize,
        origin: T::Key,
        pivots: &[f64; LANES],
    ) -> Self {
        let zero = [0.0; LANES];
        let count = if SKIP { sums.count } else { [len as f64; LANES] };
        let (mut excess, mut far, mut cancelled) = (zero, false, false);
        let mut centers = Centers {
            count,
            mean: zero,
            mean_low: zero,
            squares: zero,
            better: zero,
            far: false,
            cancelled: false,
        };
        for lane in 0..LANES {
            excess[lane] = sums.sum[lane] * (sums.sum[lane] / count[lane]);
            let squares = sums.squares[lane] - excess[lane];
            // A NaN stays one.
            centers.squares[lane] = if squares < 0.0 { 0.0 } else { squares };
        }
        for lane in 0..LANES {
            far |= excess[lane] > TOLERANCE * centers.squares[lane];
        }
        for lane in 0..LANES {
            let range = T::to_f64_from(sums.max[lane], origin) - T::to_f64_from(sums.min[lane], origin);
            let mean = pivots[lane] + sums.sum[lane] / count[lane];
            let better = pivot_near(mean, range, centers.squares[lane] / count[lane]);
            centers.better[lane] = if better.is_finite() { better } else { 0.0 };
        }
        for lane in 0..LANES {
            let ends = [
                T::to_f64_from(sums.min[lane], origin) - pivots[lane],
                T::to_f64_from(sums.max[lane], origin) - pivots[lane],
            ];
            cancelled |= sums.sum[lane].abs() < CANCELLED * ends[0].abs().max(ends[1].abs());
        }
        for lane in 0..LANES {
            let (mean, low) = shifted_mean(pivots[lane], sums.sum[lane], count[lane]);
            (centers.mean[lane], centers.mean_low[lane]) = (mean, low);
        }
        Centers { far, cancelled, ..centers }
    }
}
