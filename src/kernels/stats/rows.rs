//! The moments of many short rows, each of which is contiguous.

use super::block::{Adder, BLOCK, LANES, Sums, Total, pivot_of};
use super::center::Center;
use super::exact;
use super::lanes16::{self, Lines};
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::sample::Sample;
use super::shift::guess;
use crate::layout::Strided;
use crate::simd::{self, Kernel, Simd};

/// The longest row that is short.
pub const SHORT: usize = BLOCK;

/// Rows that are found before they are read.
const BATCH: usize = 16 * LANES;

/// Writes the moments of contiguous rows.
pub type ReadRows<C> = fn(&Strided<'_>, &mut [Moments<Number, C>]);

/// What writes the moments of contiguous rows of 1 to [`SHORT`] elements, without NaN if `SKIP`. Only
/// for a type that an `f64` holds exactly: there is one origin for all rows.
pub fn short<T: Sample<Key: ToNumber>, const SKIP: bool>() -> Option<ReadRows<T::Center>> {
    if T::HAS_ORIGIN {
        return None;
    }
    Some(|rows, results| {
        let mut lanes = rows.lanes();
        for results in results.chunks_mut(BATCH) {
            let mut batch: [&[T]; BATCH] = [&[]; BATCH];
            for (slice, row) in batch.iter_mut().zip(lanes.by_ref().take(results.len())) {
                *slice = row.as_slice().expect("elements of a row have stride 1").typed();
            }
            let mut moments = [Moments::<T::Key, T::Center>::default(); BATCH];
            let (rows, moments) = (&batch[..results.len()], &mut moments[..results.len()]);
            simd::run(ShortRows::<T, SKIP> { rows, results: moments });
            results.iter_mut().zip(moments).for_each(|(result, moments)| *result = moments.any());
        }
    })
}

struct ShortRows<'a, 'b, T: Sample, const SKIP: bool> {
    rows: &'a [&'b [T]],
    results: &'a mut [Moments<T::Key, T::Center>],
}

impl<T: Sample, const SKIP: bool> Kernel for ShortRows<'_, '_, T, SKIP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        for (rows, results) in self.rows.chunks(LANES).zip(self.results.chunks_mut(LANES)) {
            // The last lanes, if there are fewer.
            let idle = LANES - results.len();
            let mut sixteen: SixteenRows<'_, T> = SixteenRows([&[]; LANES]);
            sixteen.0[idle..].copy_from_slice(rows);
            let origin = T::Key::default();
            let mut pivots = [0.0; LANES];
            for (pivot, row) in pivots.iter_mut().zip(&sixteen.0).skip(idle) {
                *pivot = pivot_of::<T::Center>(guess(row.len(), |index| row[index], origin).0);
            }
            let mut sums = Sums::new();
            sixteen.read::<SKIP, S>(origin, &pivots, &mut sums);
            lanes16::merge::<T, SKIP, S>(&sixteen, origin, &mut pivots, &mut sums, results, &mut false);
        }
    }
}

/// Sixteen rows; at the end some may be empty.
struct SixteenRows<'a, T>([&'a [T]; LANES]);

impl<T: Sample> Lines<T> for SixteenRows<'_, T> {
    fn len(&self) -> usize {
        self.0[LANES - 1].len()
    }

    fn line(&self, lane: usize) -> impl Iterator<Item = &T> {
        self.0[lane].iter()
    }

    #[inline(always)]
    fn read<const SKIP: bool, S: Simd>(
        &self,
        origin: T::Key,
        pivots: &[f64; LANES],
        sums: &mut Sums<T::Key>,
    ) {
        let adder = Adder::<S>::new();
        let mut row = Total::new();
        for lane in 0..LANES {
            row.read::<T, SKIP, S>(self.0[lane], origin, pivots[lane], adder);
            row.fold_into(sums, lane, self.len());
        }
    }
    #[inline(always)]
    fn exact<S: Simd>(&self, states: &mut [Moments<T::Key, T::Center>]) {
        for (row, state) in self.0[LANES - states.len()..].iter().zip(states) {
            state.merge(&exact::block(row).with_center(T::Center::of_integers));
        }
    }
}
