//! The sums of windows, of eight stretches of a line side by side.
//!
//! Each addition of a running sum has to wait for the one before it. So a tile of a line is cut into eight stretches
//! of equal length, and its elements are put into rows: one element of each stretch, which is a vector.
//!
//! ```text
//! a tile, in three stretches            its rows
//! a b c d   e f g h   i j k l           a e i    b f j    c g k    d h l
//! ```
//!
//! Where windows are short, a stretch is whole blocks, and the block before its first is the last of the stretch
//! before. Where they are long for their line, a block is tiles, whose stretches are parts of it; there the sums of
//! the stretches before are added, and the sums from the end are made when the whole block has been read.
//!
//! A running sum is that of a run and of the runs before it, so that few roundings follow each other. A run is an
//! eighth of a block, or of a tile of it, and so a stretch of a long block: up to [`SHORT`], both ways have the same
//! bits, and the line decides which is faster.

use super::sum::Sample;
use crate::alloc::try_filled;
use crate::error::Result;
use crate::kernels::eft::CompensatedSum;
use crate::simd::{F64x8, Simd};

/// The stretches of a tile.
const LANES: usize = 8;

/// Elements of the longest run.
const RUN: usize = 32;

/// Elements of a stretch, where they may be as many as one wants: enough for few ends, and few enough for the
/// first-level cache. Chosen with `cargo bench --bench kernels -- window`, as the next.
const STRETCH: usize = 64;

/// The longest windows that may be short: those of one tile.
pub(super) const SHORT: usize = LANES * RUN;

/// One element of each stretch. Aligned, as loads that cross from one cache line to the next take twice as long.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Row([f64; LANES]);

/// How a line is cut.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    window: usize,
    is_long: bool,
    /// The tiles of a long block, and otherwise one.
    tiles: usize,
    /// The rows of a tile: the elements of a stretch, and at least as many as there are stretches.
    rows: usize,
    /// The elements of a run.
    run: usize,
}

impl Plan {
    /// For windows of so many elements, of lines of so many.
    pub fn new(window: usize, len: usize) -> Self {
        let [long, short] = Self::both(window, len);
        // Of a line of few blocks, most stretches would be empty. The sums of stretches take a while, too.
        let few = 3 * len.div_ceil(window) * long.rows <= 2 * len.div_ceil(short.longest()) * short.rows;
        if window > SHORT || few { long } else { short }
    }

    /// The two ways, the second for windows up to [`SHORT`].
    pub(super) fn both(window: usize, len: usize) -> [Self; 2] {
        // A block is tiles, and each of their stretches a run.
        let tiles = window.div_ceil(LANES * RUN);
        let run = window.div_ceil(LANES * tiles).max(LANES);
        let long = Plan { window, is_long: true, tiles, rows: run, run };
        // A stretch is blocks: of an eighth of the line, unless that is long.
        let eighth = len.div_ceil(LANES).max(LANES);
        let stretch = if eighth > 4 * STRETCH { STRETCH } else { eighth };
        let rows = stretch.div_ceil(window) * window;
        [long, Plan { window, is_long: false, tiles: 1, rows, run }]
    }

    /// The elements of the longest tile.
    pub fn longest(self) -> usize {
        LANES * self.rows
    }
}

/// The tile in work, and what it needs of what came before.
pub struct Tiles {
    plan: Plan,
    /// The tile of a long block that is in work.
    index: usize,
    /// The elements of the tile in work; of all tiles of a long block.
    elements: Vec<Row>,
    /// For each of these rows the sums to the end of the block before. Where windows are short, there follow those of
    /// the last block of each stretch.
    before: Vec<Row>,
    /// The latter of the last stretch of the tile before.
    carried: Vec<f64>,
    /// The sum of each stretch of the tiles of a long block, from its start and from its end.
    totals: Vec<[Row; 2]>,
    /// The sum of the long block up to the tile in work.
    total: CompensatedSum,
    /// The sums of the windows that end in the tile in work.
    sums: Vec<Row>,
    /// Counts of windows of which nothing is missing.
    full: Vec<f64>,
    /// For what is less than a tile, or is not read as it is.
    buffer: Vec<f64>,
}

impl Tiles {
    /// Room for the tiles of a plan.
    pub fn new(plan: Plan) -> Result<Self> {
        let Plan { window, is_long, tiles, rows, .. } = plan;
        Ok(Tiles {
            plan,
            index: 0,
            elements: try_filled(tiles * rows, Row::default())?,
            before: try_filled(if is_long { tiles * rows } else { rows + window }, Row::default())?,
            carried: try_filled(if is_long { 0 } else { window }, 0.0)?,
            totals: try_filled(tiles, [Row::default(); 2])?,
            total: CompensatedSum::ZERO,
            sums: try_filled(rows, Row::default())?,
            full: try_filled(LANES * rows, window as f64)?,
            buffer: try_filled(LANES * rows, 0.0)?,
        })
    }

    /// The elements of the tile in work.
    #[inline(always)]
    pub fn len(&self) -> usize {
        let Plan { window, is_long, rows, .. } = self.plan;
        let longest = LANES * rows;
        if is_long { longest.min(window - self.index * longest) } else { longest }
    }

    /// Begins a line, with the block before its first if there is one.
    #[inline(always)]
    pub fn start<T: Sample, S: Simd>(&mut self, simd: S, block: &[T], leave_out: bool) {
        let Plan { window, is_long, run, .. } = self.plan;
        (self.index, self.total) = (0, CompensatedSum::ZERO);
        if block.is_empty() {
            self.before.fill(Row::default());
            self.carried.fill(0.0);
        } else if is_long {
            let mut start = 0;
            while start < window {
                let len = self.len();
                self.read(simd, block, start, len, leave_out);
                self.advance(simd);
                start += len;
            }
        } else {
            let (rows, sums) = self.before.split_at_mut(window);
            for k in 0..window {
                rows[k] = Row([value(block[k], leave_out); LANES]);
            }
            sums_to_the_end(simd, rows, &mut sums[..window], [window, run], Row::default());
            for k in 0..window {
                self.carried[k] = sums[k].0[0];
            }
        }
    }

    /// Reads the next tile: the `len` elements of a line from `start` on. NaN may be left out.
    #[inline(always)]
    pub fn read<T: Sample, S: Simd>(
        &mut self,
        simd: S,
        line: &[T],
        start: usize,
        len: usize,
        leave_out: bool,
    ) {
        let Plan { window, is_long, rows, run, .. } = self.plan;
        let elements = &mut self.elements[self.index * rows..][..rows];
        let end = start + LANES * rows;
        if end <= line.len() && !leave_out {
            to_rows(simd, &line[start..end], elements);
            // What follows the block does not belong to it.
            for at in len..LANES * rows {
                elements[at % rows].0[at / rows] = 0.0;
            }
        } else {
            let (values, rest) = self.buffer.split_at_mut(len);
            for i in 0..len {
                values[i] = value(line[start + i], leave_out);
            }
            rest.fill(0.0);
            to_rows(simd, &self.buffer, elements);
        }
        if is_long {
            let (mut from_start, mut from_end) = (simd.splat_f64x8(0.0), simd.splat_f64x8(0.0));
            for k in 0..rows {
                from_start = from_start.add(simd.load_f64x8(&elements[k].0));
                from_end = from_end.add(simd.load_f64x8(&elements[rows - 1 - k].0));
            }
            let totals = &mut self.totals[self.index];
            from_start.store(&mut totals[0].0);
            from_end.store(&mut totals[1].0);
        } else {
            let (first, sums) = self.before.split_at_mut(window);
            sums_to_the_end(simd, elements, sums, [window, run], Row::default());
            // The block before the first of a stretch is the last of the stretch before.
            let last = &sums[rows - window..rows];
            for k in 0..window {
                simd.load_f64x8(&last[k].0).shift_in(self.carried[k]).store(&mut first[k].0);
                self.carried[k] = last[k].0[LANES - 1];
            }
        }
    }

    /// Writes the means of the windows that end in the tile, as many as there is room for; `counts` are those of
    /// their elements, unless all are full.
    #[inline(always)]
    pub fn write<T: Sample, S: Simd>(
        &mut self,
        simd: S,
        counts: Option<&[f64]>,
        min_count: f64,
        out: &mut [T::Mean],
    ) {
        let Plan { window, is_long, rows, run, .. } = self.plan;
        let at = self.index * rows;
        let mut windows = Windows {
            elements: &self.elements[at..][..rows],
            before: &self.before[at..][..rows],
            block: if is_long { rows } else { window },
            run,
            base: Row::default(),
            sums: &mut self.sums,
            counts: counts.unwrap_or(&self.full),
            min_count,
        };
        if is_long {
            windows.base = bases(&mut self.total, self.totals[self.index][0], false);
        }
        if LANES * rows <= out.len() {
            windows.means::<T, S>(simd, &mut out[..LANES * rows]);
        } else {
            windows.means::<f64, S>(simd, &mut self.buffer);
            for i in 0..out.len() {
                out[i] = T::round(self.buffer[i]);
            }
        }
    }

    /// Goes on to the next tile.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, simd: S) {
        let Plan { is_long, tiles, rows, .. } = self.plan;
        if !is_long {
            return;
        }
        self.index += 1;
        if self.index == tiles {
            (self.index, self.total) = (0, CompensatedSum::ZERO);
            let mut total = CompensatedSum::ZERO;
            for tile in (0..tiles).rev() {
                let base = bases(&mut total, self.totals[tile][1], true);
                let (elements, sums) = (&self.elements[tile * rows..], &mut self.before[tile * rows..]);
                sums_to_the_end(simd, &elements[..rows], &mut sums[..rows], [rows, rows], base);
            }
        }
    }
}

/// An element as it is summed.
#[inline(always)]
fn value<T: Sample>(x: T, leave_out: bool) -> f64 {
    if leave_out && x.is_nan() { 0.0 } else { x.to_f64() }
}

/// The sums of all before each stretch of a long block; `total` is that of the tiles before. From the end, if `backward`.
#[inline(always)]
fn bases(total: &mut CompensatedSum, stretches: Row, backward: bool) -> Row {
    let before = total.finish();
    let (mut sum, mut bases) = (0.0, Row::default());
    for i in 0..LANES {
        let lane = if backward { LANES - 1 - i } else { i };
        bases.0[lane] = before + sum;
        sum += stretches.0[lane];
    }
    total.add(sum);
    bases
}

/// Puts the elements of eight stretches into rows, in squares of eight.
#[inline(always)]
fn to_rows<T: Sample, S: Simd>(simd: S, elements: &[T], rows: &mut [Row]) {
    let len = rows.len();
    let mut end = 0;
    while end < len {
        // The last square overlaps the one before it.
        end = (end + LANES).min(len);
        let at = end - LANES;
        let mut square = [simd.splat_f64x8(0.0); LANES];
        for lane in 0..LANES {
            let stretch = &elements[lane * len + at..][..LANES];
            let mut values = [0.0; LANES];
            for i in 0..LANES {
                values[i] = stretch[i].to_f64();
            }
            square[lane] = simd.load_f64x8(&values);
        }
        let (square, rows) = (S::F64x8::transpose(square), &mut rows[at..end]);
        for k in 0..LANES {
            square[k].store(&mut rows[k].0);
        }
    }
}

/// For each row the sums of those behind it, to the end of its block, in runs from the start of the block; `base` is
/// what is behind a block.
#[inline(always)]
fn sums_to_the_end<S: Simd>(simd: S, rows: &[Row], sums: &mut [Row], [block, run]: [usize; 2], base: Row) {
    for (rows, sums) in rows.chunks(block).zip(sums.chunks_mut(block)) {
        let mut base = simd.load_f64x8(&base.0);
        for (rows, sums) in rows.chunks(run).zip(sums.chunks_mut(run)).rev() {
            let mut sum = simd.splat_f64x8(0.0);
            let sums = &mut sums[..rows.len()];
            for k in (0..rows.len()).rev() {
                base.add(sum).store(&mut sums[k].0);
                sum = sum.add(simd.load_f64x8(&rows[k].0));
            }
            base = base.add(sum);
        }
    }
}

/// The windows that end in a tile.
struct Windows<'a> {
    elements: &'a [Row],
    /// The sums to the end of the block before.
    before: &'a [Row],
    /// The rows of a block, and of a run.
    block: usize,
    run: usize,
    /// What precedes the first row in its block.
    base: Row,
    /// For the sums of the windows.
    sums: &'a mut [Row],
    counts: &'a [f64],
    min_count: f64,
}

impl Windows<'_> {
    /// Adds the sums from the start of each block to those to the end of the block before, and divides. A square of
    /// sums at a time, as division takes so long that other work is done meanwhile.
    #[inline(always)]
    fn means<T: Sample, S: Simd>(self, simd: S, out: &mut [T::Mean]) {
        let Windows { elements, before, block, run, base, sums, counts, min_count } = self;
        let len = elements.len();
        let (out, counts) = (&mut out[..LANES * len], &counts[..LANES * len]);
        let (before, sums) = (&before[..len], &mut sums[..len]);
        let zero = simd.splat_f64x8(0.0);
        let (mut base, mut sum) = (simd.load_f64x8(&base.0), zero);
        let (mut end_of_block, mut end_of_run) = (block, block.min(run));
        let mut end = 0;
        while end < len {
            let start = end;
            end = (end + LANES).min(len);
            for k in start..end {
                if k == end_of_run {
                    (base, sum) = (base.add(sum), zero);
                    if k == end_of_block {
                        base = zero;
                        end_of_block += block;
                    }
                    end_of_run = (k + run).min(end_of_block);
                }
                sum = sum.add(simd.load_f64x8(&elements[k].0));
                base.add(sum).add(simd.load_f64x8(&before[k].0)).store(&mut sums[k].0);
            }
            let at = end - LANES;
            let mut square = [zero; LANES];
            for k in 0..LANES {
                square[k] = simd.load_f64x8(&sums[at + k].0);
            }
            let square = S::F64x8::transpose(square);
            for lane in 0..LANES {
                let (mut divisors, mut means) = ([0.0; LANES], [0.0; LANES]);
                let (counts, out) =
                    (&counts[lane * len + at..][..LANES], &mut out[lane * len + at..][..LANES]);
                divisors.copy_from_slice(counts);
                square[lane].div(simd.load_f64x8(&divisors)).store(&mut means);
                for i in 0..LANES {
                    // One NaN for all, whatever made it. No short circuit, which would be a branch.
                    let is_mean = (counts[i] >= min_count) & !means[i].is_nan();
                    out[i] = T::round(if is_mean { means[i] } else { f64::NAN });
                }
            }
        }
    }
}
