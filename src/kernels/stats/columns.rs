//! The moments along axes that are not the innermost in memory: many lines side by side.
//!
//! To walk one line at a time would touch a new cache line, and often a new page, for every
//! element. Instead a tile of 256 neighbouring lines is read row by row, a line to a lane of the
//! sums of `block`. The sums of a tile are more than the registers hold: those of sixteen lines
//! are loaded, eight rows are added, and they are stored again. So memory is read in order, and
//! once.

use ndarray::iter::LanesIter;
use ndarray::{ArrayViewD, Axis, Dimension, Ix2};

use super::block::{LANES, Sums, Verdict, pivot_of};
use super::moments::Moments;
use super::sample::Sample;
use crate::alloc::{try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel};

/// Lines in a tile.
pub const TILE: usize = 256;

/// Rows that are added up before the states are merged.
const ROWS: usize = 512;

/// Rows that are added while the sums are in registers.
const STRIP: usize = 8;

/// The moments of the lines of a tile: one for each index of the first axis, of which there are
/// at most [`TILE`], along all others.
pub fn tile<T: Sample>(
    tile: &ArrayViewD<'_, T>,
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Vec<Moments<T::Key>>> {
    // Two axes are the common case, and walked faster if the compiler knows it.
    match tile.view().into_dimensionality::<Ix2>() {
        Ok(two) => of_rows(two.lanes(Axis(0)).into_iter(), tile.len_of(Axis(0)), skip_nan, work),
        Err(_) => of_rows(tile.lanes(Axis(0)).into_iter(), tile.len_of(Axis(0)), skip_nan, work),
    }
}

fn of_rows<T: Sample, D: Dimension>(
    mut rows: LanesIter<'_, T, D>,
    lines: usize,
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Vec<Moments<T::Key>>> {
    let mut states = Lines::<T>::new(lines)?;
    let mut buffer = try_vec::<T>(0)?;
    loop {
        work.check()?;
        let mut batch: Vec<&[T]> = try_vec(ROWS)?;
        buffer.clear();
        for row in rows.by_ref().take(ROWS) {
            match row.to_slice() {
                Some(row) => batch.push(row),
                None => {
                    crate::alloc::try_reserve(&mut buffer, lines)?;
                    buffer.extend(row.iter());
                }
            }
        }
        batch.extend(buffer.chunks_exact(lines));
        let Some(first) = batch.first() else { return states.finish(lines) };
        states.turn_to(T::origin(first[0].key()), &batch);
        if skip_nan {
            simd::run(Rows::<T, true> { rows: &batch, states: &mut states });
        } else {
            simd::run(Rows::<T, false> { rows: &batch, states: &mut states });
        }
    }
}

/// The states of the lines of a tile, a multiple of [`LANES`]; those left over repeat the last.
struct Lines<T: Sample> {
    origin: Option<T::Key>,
    pivots: Vec<[f64; LANES]>,
    sums: Vec<Sums<T::Key>>,
    totals: Vec<Moments<T::Key>>,
}

impl<T: Sample> Lines<T> {
    fn new(lines: usize) -> Result<Self> {
        let width = lines.next_multiple_of(LANES);
        Ok(Lines {
            origin: None,
            pivots: try_filled(width / LANES, [0.0; LANES])?,
            sums: try_filled(width / LANES, Sums::new())?,
            totals: try_filled(width, Moments::default())?,
        })
    }

    /// Makes pivots, if there are none for this origin.
    fn turn_to(&mut self, origin: T::Key, rows: &[&[T]]) {
        if self.origin != Some(origin) {
            self.origin = Some(origin);
            for (line, pivot) in self.pivots.iter_mut().flatten().enumerate() {
                *pivot = pivot_of(rows, line.min(rows[0].len() - 1), origin);
            }
        }
    }

    fn finish(mut self, lines: usize) -> Result<Vec<Moments<T::Key>>> {
        self.totals.truncate(lines);
        Ok(self.totals)
    }
}

/// Rows, each element of which is added to the state of its line.
struct Rows<'a, 'b, T: Sample, const SKIP: bool> {
    rows: &'a [&'b [T]],
    states: &'a mut Lines<T>,
}

impl<T: Sample, const SKIP: bool> Kernel for Rows<'_, '_, T, SKIP> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Lines { origin, pivots, sums, totals } = self.states;
        let Some(origin) = *origin else { return };
        sums.fill(Sums::new());
        for strip in self.rows.chunks(STRIP) {
            for (group, sums) in sums.iter_mut().enumerate() {
                let group = Group { rows: strip, first: group * LANES };
                group.read::<SKIP>(origin, &pivots[group.first / LANES], sums);
            }
        }
        for ((group, totals), sums) in totals.chunks_exact_mut(LANES).enumerate().zip(sums) {
            let pivots = &mut pivots[group];
            let group = Group { rows: self.rows, first: group * LANES };
            for attempt in 0..2 {
                if sums.finish_lines::<T, SKIP>(&group, origin, pivots, attempt, totals) == Verdict::Merged {
                    break;
                }
                *sums = Sums::new();
                group.read::<SKIP>(origin, pivots, sums);
            }
        }
    }
}

/// Sixteen lines of some rows, or fewer at the end of the rows.
pub(super) struct Group<'a, 'b, T> {
    /// The rows.
    rows: &'a [&'b [T]],
    /// Where in a row the first of the lines is.
    first: usize,
}

impl<T: Sample> Group<'_, '_, T> {
    #[inline(always)]
    fn read<const SKIP: bool>(&self, origin: T::Key, pivots: &[f64; LANES], sums: &mut Sums<T::Key>) {
        // Sums of this function's own, that can be in registers.
        let mut own = *sums;
        for row in self.rows {
            match row[self.first..].first_chunk::<LANES>() {
                Some(row) => own.add::<T, SKIP>(row, origin, pivots),
                None => own.add::<T, SKIP>(&padded(&row[self.first..]), origin, pivots),
            }
        }
        *sums = own;
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The elements of one of the lines.
    pub(super) fn line(&self, lane: usize) -> impl Iterator<Item = &T> {
        self.rows.iter().map(move |row| &row[(self.first + lane).min(row.len() - 1)])
    }
}

/// A short row, and its last element as often as it takes.
#[inline(always)]
fn padded<T: Sample>(row: &[T]) -> [T; LANES] {
    let mut lanes = [row[row.len() - 1]; LANES];
    lanes[..row.len()].copy_from_slice(row);
    lanes
}
