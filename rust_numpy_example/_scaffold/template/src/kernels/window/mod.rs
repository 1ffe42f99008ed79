//! Moving averages: at every element of a line, the mean of the last `window` elements.
//!
//! A running sum, to which an element is added as one is taken away, is what most implementations do. What
//! rounding takes from it stays in it for the rest of the series, and so does a NaN. Here nothing is ever taken
//! away. A line is cut into blocks of as many elements as the window. A window that ends in a block is the end of
//! the block before and the start of this one:
//!
//! ```text
//! block before        this block
//! . . . a b c d e     f g h . . . . .        the window that ends at h = (a + … + e) + (f + g + h)
//! ```
//!
//! So two passes of running sums do for all windows: over each block from its end backwards, and from its start.
//! That is the algorithm of M. van Herk ("A fast algorithm for local minimum and maximum
//! filters on rectangular and octagonal kernels", Pattern Recognition Letters 13, 1992) and of J. Gil and M. Werman
//! ("Computing 2-D min, median, and max filters", IEEE Transactions on Pattern Analysis and Machine Intelligence
//! 15, 1993), which has only the addition to ask of its numbers: three for each element, whatever the window.
//!
//! For speed, running sums are made of eight stretches of a line side by side (`tile`): each is whole blocks, or an
//! eighth of a tile of a long one. Blocks and tiles are counted from the start of a line, and it is cut between
//! blocks: the bits depend on nothing but the line.

mod sum;
mod tile;

use ndarray::{ArrayViewD, ArrayViewMutD};

use crate::alloc::try_filled;
use crate::error::{Error, Result};
use crate::layout::scan;
use crate::parallel::{Pacer, Work};
use crate::simd::{Kernel, Simd, prefetch, run};
pub use sum::Sample;
use tile::{Plan, Tiles};

/// What is averaged.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The elements of a window: at least one, and no more than a line has.
    pub len: usize,
    /// The elements without which a mean is NaN: at least one.
    pub min_count: usize,
    /// What a NaN does.
    pub nan: NanPolicy,
}

/// What a NaN does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanPolicy {
    /// It makes the mean of every window that it is in NaN.
    Propagate,
    /// It is left out, and does not count.
    Omit,
    /// It is an error.
    Raise,
}

/// The means of the windows that end at each element of the lines along an axis.
///
/// # Panics
/// If `out` has another shape, or the window is empty or longer than a line.
pub fn moving_average<T: Sample>(
    view: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Mean>,
    axis: usize,
    window: Window,
    work: &Work<'_>,
) -> Result<()> {
    let len = view.len_of(ndarray::Axis(axis));
    assert!(window.min_count >= 1 && (1..=len.max(1)).contains(&window.len));
    let plan = Plan::new(window.len, len);
    let scratch = || Ok((Tiles::new(plan)?, try_filled(plan.longest(), 0.0)?));
    scan(view, out, axis, window.len, work, scratch, |(tiles, counts), line, out| {
        match sum::needs_integers(line, window.len) {
            true => sum::means_of_integers(line, out, window.len, window.min_count, work),
            false => run(Line { line, out, window, tiles, counts, work }),
        }
    })
}

/// Some blocks of a line, and the one before them if there is one.
struct Line<'a, T: Sample> {
    /// The block before, if it is not the start of the line, and what belongs to `out`.
    line: &'a [T],
    out: &'a mut [T::Mean],
    window: Window,
    tiles: &'a mut Tiles,
    /// Room for the counts of a tile.
    counts: &'a mut [f64],
    work: &'a Work<'a>,
}

impl<T: Sample> Kernel for Line<'_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let Line { line, mut out, window, tiles, counts, work } = self;
        let omit = window.nan == NanPolicy::Omit;
        let (before, _) = line.split_at(line.len() - out.len());
        if window.nan == NanPolicy::Raise && has_nan(&line[before.len()..]) {
            return Err(Error::Nan);
        }
        let mut count = Count::new(before, window.len, omit);
        let mut pacer = Pacer::new(work);
        tiles.start(simd, before, omit);
        let mut start = before.len();
        while !out.is_empty() {
            let len = tiles.len().min(out.len());
            let has_nan = omit && has_nan(&line[start..start + len]);
            // Its stretches would be read side by side, which no CPU foresees.
            let next = &line[start + len..];
            prefetch(&next[..len.min(next.len())]);
            tiles.read(simd, line, start, len, has_nan);
            let counts = count.slide(line, start, len, has_nan, counts);
            tiles.write::<T, S>(simd, counts, window.min_count as f64, out);
            tiles.advance(simd);
            (_, out) = out.split_at_mut(len);
            start += len;
            pacer.spend(len)?;
        }
        Ok(())
    }
}

/// Whether there is a NaN among the elements.
#[inline(always)]
fn has_nan<T: Sample>(elements: &[T]) -> bool {
    let mut found = false;
    for i in 0..elements.len() {
        found |= elements[i].is_nan();
    }
    found
}

/// How many elements of a window count: whole numbers, which lose nothing when what leaves is taken away.
struct Count {
    count: f64,
    window: usize,
    omit: bool,
}

impl Count {
    #[inline(always)]
    fn new<T: Sample>(before: &[T], window: usize, omit: bool) -> Self {
        let mut count = Count { count: 0.0, window, omit };
        for i in 0..before.len() {
            count.count += count.of(before[i]);
        }
        count
    }

    /// What an element counts.
    #[inline(always)]
    fn of<T: Sample>(&self, x: T) -> f64 {
        if self.omit & x.is_nan() { 0.0 } else { 1.0 }
    }

    /// The counts of the windows that end at the `len` elements from `start` on, unless all are full.
    #[inline(always)]
    fn slide<'a, T: Sample>(
        &mut self,
        line: &[T],
        start: usize,
        len: usize,
        has_nan: bool,
        counts: &'a mut [f64],
    ) -> Option<&'a [f64]> {
        let full = self.window as f64;
        if self.count == full && !has_nan {
            return None;
        }
        let filling = self.window.saturating_sub(start).min(len);
        let entering = &line[start..start + len];
        let leaving = &line[(start + filling).saturating_sub(self.window)..];
        if self.count == start as f64 && !has_nan {
            for i in 0..filling {
                self.count += 1.0;
                counts[i] = self.count;
            }
            counts[filling..len].fill(full);
        } else {
            for i in 0..filling {
                counts[i] = self.of(entering[i]);
            }
            for i in filling..len {
                counts[i] = self.of(entering[i]) - self.of(leaving[i - filling]);
            }
            for i in 0..len {
                self.count += counts[i];
                counts[i] = self.count;
            }
        }
        Some(counts)
    }
}

#[cfg(test)]
mod tests;
