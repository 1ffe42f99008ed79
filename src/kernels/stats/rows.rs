//! The moments of many short rows, each of which is contiguous.

use ndarray::{ArrayView2, Axis};

use super::block::{Adder, BLOCK, LANES, Sums, Total};
use super::lines::{self, Lines};
use super::moments::Moments;
use super::pivot::guess;
use super::sample::Sample;
use crate::simd::{self, Kernel, Simd};

/// The longest row that is short.
pub const SHORT: usize = BLOCK;

/// The moments of each of the rows, of 1 to [`SHORT`] elements with step 1, of a type that an `f64`
/// holds exactly: there is one origin for all.
pub fn short<T: Sample>(rows: &ArrayView2<'_, T>, skip_nan: bool, results: &mut [Moments<T::Key>]) {
    debug_assert!(!T::HAS_ORIGIN && rows.nrows() == results.len());
    let level = simd::level();
    if skip_nan {
        simd::run_at(level, ShortRows::<T, true> { rows, results });
    } else {
        simd::run_at(level, ShortRows::<T, false> { rows, results });
    }
}

struct ShortRows<'a, 'b, T: Sample, const SKIP: bool> {
    rows: &'a ArrayView2<'b, T>,
    results: &'a mut [Moments<T::Key>],
}

impl<T: Sample, const SKIP: bool> Kernel for ShortRows<'_, '_, T, SKIP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let rows = self.rows.axis_chunks_iter(Axis(0), LANES);
        for (rows, results) in rows.into_iter().zip(self.results.chunks_mut(LANES)) {
            // The last lanes, if there are fewer.
            let idle = LANES - results.len();
            let mut sixteen: Rows<'_, T> = Rows([&[]; LANES]);
            for (slice, row) in sixteen.0[idle..].iter_mut().zip(rows.outer_iter()) {
                *slice = row.to_slice().expect("elements of a row have step 1");
            }
            let origin = T::Key::default();
            let mut pivots = [0.0; LANES];
            for (pivot, row) in pivots.iter_mut().zip(&sixteen.0).skip(idle) {
                *pivot = guess(row.len(), |index| row[index], origin);
            }
            let mut sums = Sums::new();
            sixteen.read::<SKIP, S>(origin, &pivots, &mut sums);
            lines::merge::<T, SKIP, S>(&sixteen, origin, &mut pivots, &mut sums, results);
        }
    }
}

/// Sixteen rows; at the end some may be empty.
struct Rows<'a, T>([&'a [T]; LANES]);

impl<T: Sample> Lines<T> for Rows<'_, T> {
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
}
