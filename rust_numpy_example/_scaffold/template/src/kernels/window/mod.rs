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
//! So two passes of running sums do for all windows: over the block before from its end backwards, and over this
//! block from its start. That is the algorithm of M. van Herk ("A fast algorithm for local minimum and maximum
//! filters on rectangular and octagonal kernels", Pattern Recognition Letters 13, 1992) and of J. Gil and M. Werman
//! ("Computing 2-D min, median, and max filters", IEEE Transactions on Pattern Analysis and Machine Intelligence
//! 15, 1993), which has only the addition to ask of its numbers: three for each element, whatever the window.
//!
//! For speed, and so that few additions follow each other, running sums are made by tiles that stay in the
//! first-level cache, in eight stretches side by side. Where the window is short, so are the blocks; there windows of two elements are made of
//! one, of four of two, and so on, and those that the window consists of are added: logarithmically many additions,
//! but of vectors. Blocks and tiles are counted from the start of a line, and it is cut between blocks: the
//! bits depend on nothing but the line.

mod sum;

use ndarray::{ArrayViewD, ArrayViewMutD};

use crate::alloc::try_filled;
use crate::error::{Error, Result};
use crate::layout::scan;
use crate::parallel::{Pacer, Work};
use crate::simd::{Kernel, Simd, run};
pub use sum::Sample;
use sum::{Sum, needs_integers};

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
    assert!(window.min_count >= 1 && (1..=view.len_of(ndarray::Axis(axis)).max(1)).contains(&window.len));
    let scratch = || try_filled(window.len, 0.0);
    scan(view, out, axis, window.len, work, scratch, |before, line, out| {
        if needs_integers(line, window.len) {
            let before = &mut try_filled(window.len, 0i128)?;
            return run(Line::<T, i128, false> { line, out, window, before, work });
        }
        match window.nan == NanPolicy::Omit && T::LARGEST == 0.0 {
            true => run(Line::<T, f64, true> { line, out, window, before, work }),
            false => run(Line::<T, f64, false> { line, out, window, before, work }),
        }
    })
}

/// Elements whose sums and counts are kept between two passes.
const TILE: usize = 256;

/// The stretches of a tile whose running sums are made side by side.
const STRETCHES: usize = 8;

/// Windows shorter than this are added up by doubling. Chosen with `cargo bench --bench kernels -- window`.
const SHORT: usize = 64;

/// Some blocks of a line, and the one before them if there is one.
struct Line<'a, T: Sample, A, const OMIT: bool> {
    /// The block before, if it is not the start of the line, and what belongs to `out`.
    line: &'a [T],
    out: &'a mut [T::Mean],
    window: Window,
    /// For the sums over the block before.
    before: &'a mut [A],
    work: &'a Work<'a>,
}

impl<T: Sample, A: Sum, const OMIT: bool> Kernel for Line<'_, T, A, OMIT> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let Line { line, out, window, before, work } = self;
        let first = line.len() - out.len();
        if window.nan == NanPolicy::Raise && line[first..].iter().any(|x| x.is_nan()) {
            return Err(Error::Nan);
        }
        let is_short = window.len < SHORT;
        let block_len = if is_short { out.len() } else { window.len };
        let mut count = Count::new::<T, OMIT>(&line[..first], window.len);
        let (mut sums, mut counts) = ([A::default(); TILE], [0.0; TILE]);
        let mut buffers = [[A::default(); SHORT + TILE]; 2];
        let mut pacer = Pacer::new(work);
        for (block, out) in out.chunks_mut(block_len.max(1)).enumerate() {
            let start = first + block * block_len;
            let mut total = A::START;
            if !is_short {
                Self::sums_to_the_end(&line[start.saturating_sub(window.len)..start], before, &mut sums);
            }
            for (tile, out) in out.chunks_mut(TILE).enumerate() {
                let (at, start, len) = (tile * TILE, start + tile * TILE, out.len());
                count.slide::<T, OMIT>(line, start, len, &mut counts);
                if is_short {
                    Self::sums_by_doubling(line, start, window.len, &mut buffers, &mut sums[..len]);
                } else {
                    Self::sums_from_the_start(&line[start..start + len], &mut total, &mut sums);
                    for (sum, before) in sums[..len].iter_mut().zip(&before[at..at + len]) {
                        *sum = sum.plus(*before);
                    }
                }
                means::<T, A>(&sums[..len], &counts[..len], window.min_count as f64, out);
                pacer.spend(len)?;
            }
        }
        Ok(())
    }
}

impl<T: Sample, A: Sum, const OMIT: bool> Line<'_, T, A, OMIT> {
    /// The sums of the windows that end at the elements from `start` on, where the window is short.
    #[inline(always)]
    fn sums_by_doubling(
        line: &[T],
        start: usize,
        window: usize,
        buffers: &mut [[A; SHORT + TILE]; 2],
        sums: &mut [A],
    ) {
        let [mut windows, mut next] = buffers.each_mut();
        let end = window + sums.len();
        let elements = &line[start.saturating_sub(window)..start + sums.len()];
        let (missing, values) = windows[..end].split_at_mut(end - elements.len());
        missing.fill(A::default());
        for i in 0..values.len() {
            values[i] = Self::value(elements[i]);
        }
        // The windows are of `len` elements, and the sums have the last `done`.
        let (mut len, mut done) = (1, 0);
        loop {
            if window & len != 0 {
                let windows = &windows[window - done..end];
                if done == 0 {
                    sums.copy_from_slice(windows);
                } else {
                    for i in 0..sums.len() {
                        sums[i] = sums[i].plus(windows[i]);
                    }
                }
                done += len;
            }
            if done == window {
                break;
            }
            let (next_windows, late) = (&mut next[len..end], &windows[len..end]);
            let early = &windows[..end - len];
            for i in 0..next_windows.len() {
                next_windows[i] = late[i].plus(early[i]);
            }
            (windows, next) = (next, windows);
            len *= 2;
        }
    }

    /// For each element the sum of those behind it, to the end of the block.
    #[inline(always)]
    fn sums_to_the_end(block: &[T], sums: &mut [A], buffer: &mut [A; TILE]) {
        let Some((_, block)) = block.split_first() else { return sums.fill(A::default()) };
        let (sums, last) = sums.split_at_mut(block.len());
        last.fill(A::default());
        let mut total = A::START;
        for (elements, sums) in block.rchunks(TILE).zip(sums.rchunks_mut(TILE)) {
            let len = elements.len();
            for i in 0..len {
                buffer[len - 1 - i] = Self::value(elements[i]);
            }
            running_sums(buffer, len, &mut total);
            for i in 0..len {
                sums[i] = buffer[len - 1 - i];
            }
        }
    }

    /// For each element the sum of the elements from the start of the block to it; `total` is that of what came before.
    #[inline(always)]
    fn sums_from_the_start(block: &[T], total: &mut A::Total, sums: &mut [A; TILE]) {
        for i in 0..block.len() {
            sums[i] = Self::value(block[i]);
        }
        running_sums(sums, block.len(), total);
    }

    /// An element as a sum.
    #[inline(always)]
    fn value(x: T) -> A {
        if is_missing::<T, OMIT>(x) { A::default() } else { A::of(x) }
    }
}

/// Makes of the first `len` values the sums of each with all before it, `total` included.
///
/// Each addition of a running sum has to wait for the one before it. So the values are cut into stretches that
/// run side by side.
#[inline(always)]
fn running_sums<A: Sum>(values: &mut [A; TILE], len: usize, total: &mut A::Total) {
    let stretch = len.div_ceil(STRETCHES);
    values[len..STRETCHES * stretch].fill(A::default());
    let mut sums = [A::default(); STRETCHES];
    for k in 0..stretch {
        for s in 0..STRETCHES {
            let value = &mut values[s * stretch + k];
            sums[s] = sums[s].plus(*value);
            *value = sums[s];
        }
    }
    for s in 0..STRETCHES {
        let before = A::rounded(total);
        A::add(total, sums[s]);
        for value in &mut values[s * stretch..(s + 1) * stretch] {
            *value = value.plus(before);
        }
    }
}

/// Whether an element is left out.
#[inline(always)]
fn is_missing<T: Sample, const OMIT: bool>(x: T) -> bool {
    OMIT && x.is_nan()
}

/// How many elements of a window count. Integers lose nothing: what leaves can be taken away.
struct Count {
    count: usize,
    window: usize,
}

impl Count {
    #[inline(always)]
    fn new<T: Sample, const OMIT: bool>(before: &[T], window: usize) -> Self {
        let mut count = 0;
        for i in 0..before.len() {
            count += usize::from(!is_missing::<T, OMIT>(before[i]));
        }
        Count { count, window }
    }

    /// The counts of the windows that end at the `len` elements from `start` on.
    #[inline(always)]
    fn slide<T: Sample, const OMIT: bool>(
        &mut self,
        line: &[T],
        start: usize,
        len: usize,
        counts: &mut [f64; TILE],
    ) {
        if !OMIT && start >= self.window {
            return counts.fill(self.window as f64);
        }
        let entering = &line[start..start + len];
        let leaving = &line[start.saturating_sub(self.window)..];
        let filling = self.window.saturating_sub(start);
        for i in 0..len {
            self.count += usize::from(!is_missing::<T, OMIT>(entering[i]));
            if i >= filling {
                self.count -= usize::from(!is_missing::<T, OMIT>(leaving[i - filling]));
            }
            counts[i] = self.count as f64;
        }
    }
}

#[inline(always)]
fn means<T: Sample, A: Sum>(sums: &[A], counts: &[f64], min_count: f64, out: &mut [T::Mean]) {
    let (sums, counts) = (&sums[..out.len()], &counts[..out.len()]);
    for i in 0..out.len() {
        let mean = sums[i].mean(counts[i]);
        // One NaN for all, whatever made it.
        out[i] = T::round(if counts[i] >= min_count && !mean.is_nan() { mean } else { f64::NAN });
    }
}

#[cfg(test)]
mod tests;
