//! The moments along axes that are not the innermost in memory: many lines side by side.
//!
//! To walk one line at a time would touch a new cache line, and often a new page, for every
//! element. Instead a tile of 128 neighbouring lines is read row by row: 256 rows are copied to a
//! buffer, and there sixteen lines at a time are added up as in `block`, a line to a lane. The
//! copy costs little, as it reads memory in order, and it makes any stride, even one that is a
//! power of two and maps all rows to the same place of the cache, behave alike.

use ndarray::{ArrayView1, ArrayViewD, Axis, Ix2};

use super::block::{LANES, Sums, Verdict, pivots_of};
use super::moments::Moments;
use super::sample::Sample;
use crate::alloc::{try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel};

/// Lines in a tile.
pub const TILE: usize = 128;

/// Rows that are added up before the states are merged.
const ROWS: usize = 256;

/// The moments of the lines of a tile: one for each index of the first axis, of which there are
/// at most [`TILE`], along all others.
pub fn tile<T: Sample>(
    tile: &ArrayViewD<'_, T>,
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Vec<Moments<T::Key>>> {
    let lines = tile.len_of(Axis(0));
    let width = lines.next_multiple_of(LANES);
    let mut totals = try_filled(width, Moments::default())?;
    let mut buffer = try_vec::<T>(ROWS * width)?;
    let mut pivots = None;
    let mut flush = |buffer: &mut Vec<T>, totals: &mut [Moments<T::Key>]| {
        if let Some(&like) = buffer.first() {
            let origin = T::origin(like.key());
            let pivots: &mut Vec<f64> = match &mut pivots {
                Some((same, pivots)) if *same == origin => pivots,
                other => &mut other.insert((origin, pivots_of(buffer, width, origin)?)).1,
            };
            if skip_nan {
                simd::run(Rows::<T, true> { rows: buffer, width, origin, pivots, totals });
            } else {
                simd::run(Rows::<T, false> { rows: buffer, width, origin, pivots, totals });
            }
            buffer.clear();
        }
        work.check()
    };
    let mut put = |row: ArrayView1<'_, T>, totals: &mut [Moments<T::Key>]| {
        match row.to_slice() {
            Some(row) => buffer.extend_from_slice(row),
            None => buffer.extend(row.iter()),
        }
        // The lanes that are left over repeat the last line.
        buffer.extend(std::iter::repeat_n(row[lines - 1], width - lines));
        if buffer.len() == ROWS * width { flush(&mut buffer, totals) } else { Ok(()) }
    };
    // Two axes are the common case, and walked faster if the compiler knows it.
    match tile.view().into_dimensionality::<Ix2>() {
        Ok(tile) => tile.lanes(Axis(0)).into_iter().try_for_each(|row| put(row, &mut totals))?,
        Err(_) => tile.lanes(Axis(0)).into_iter().try_for_each(|row| put(row, &mut totals))?,
    }
    flush(&mut buffer, &mut totals)?;
    totals.truncate(lines);
    Ok(totals)
}

/// Rows of `width` elements, each of which is added to the state of its line.
struct Rows<'a, T: Sample, const SKIP: bool> {
    rows: &'a [T],
    width: usize,
    origin: T::Key,
    pivots: &'a mut [f64],
    totals: &'a mut [Moments<T::Key>],
}

impl<T: Sample, const SKIP: bool> Kernel for Rows<'_, T, SKIP> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lines = self.pivots.chunks_exact_mut(LANES).zip(self.totals.chunks_exact_mut(LANES));
        for (group, (pivots, totals)) in lines.enumerate() {
            let pivots: &mut [f64; LANES] = pivots.try_into().expect("chunks are whole");
            for attempt in 0..2 {
                let mut sums = Sums::new();
                for row in self.rows.chunks_exact(self.width) {
                    let row = &row[group * LANES..][..LANES];
                    sums.add::<T, SKIP>(row.try_into().expect("a slice of this length"), self.origin, pivots);
                }
                let result = sums;
                let rows = Group { rows: self.rows, width: self.width, first: group * LANES };
                if result.finish_lines::<T, SKIP>(&rows, self.origin, pivots, attempt, totals)
                    == Verdict::Merged
                {
                    break;
                }
            }
        }
    }
}

/// Sixteen lines of a buffer of rows.
pub(super) struct Group<'a, T> {
    /// The buffer.
    pub rows: &'a [T],
    /// Elements in a row.
    pub width: usize,
    /// Where in a row the first of the lines is.
    pub first: usize,
}
