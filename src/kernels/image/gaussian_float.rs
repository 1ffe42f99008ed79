//! The Gaussian in floating point: two passes of a symmetric FIR filter.
//!
//! A tile is made three rows at a time. Its padded rows are in a circular buffer. The vertical pass
//! makes three rows of it at once, as all but four of the elements that they need are the same, and
//! each is so loaded once; the horizontal pass reads them from the first-level cache, a pixel's
//! neighbour in the same channel lying `channels` values away. There the two elements at the
//! same distance are added first, which halves the multiplications.
//!
//! **Flat regions keep their value**, to the bit and at every magnitude: what is summed are not
//! the elements `x` but their differences, and the element in the middle is taken at its full weight.
//! With weights `w` whose sum is one,
//!
//! ```text
//! sum_j w_j x_j  =  x_0 - sum_j>0 w_j (2 x_0 - (x_-j + x_j))               along a row
//!                =  x_0 + sum_j>0 u_j ((x_j - x_j-1) - (x_-j+1 - x_-j))    down the rows
//! ```
//!
//! where `u_j` is the sum of the weights from `j` on (summation by parts). The first form takes one
//! subtraction for each tap; in the second the differences of neighbouring rows are the same for all three results.
//! However the weights are rounded, those of a result add up to one, and the mean of an image is kept.
//!
//! Products are added with one rounding at every level ([`Fused`]), in the same order, so every level
//! gives the same bits. A result is within some units in the last place of the largest element that it is made of;
//! the outermost taps come first, while partial sums are small.
//!
//! **Differences overflow** where the result need not, and those of an infinity are NaN. Rows in which a result
//! is not finite are looked through once more ([`Rows::mend`]): such a result is made anew, in double precision or scaled
//! down, unless the element in the middle is NaN.

use super::pixel::Real;
use super::tiles::{Columns, Padded, Tile};
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::memory::Aligned;
use crate::simd::{Kernel, Level, Simd, run_at};

/// The rows that are made at once.
const ROWS: usize = 3;

/// Rows are padded to a multiple of the elements that any level computes at once.
const ROW_MULTIPLE: usize = 64;

/// Elements that a level computes at once: in the vertical pass of each of three rows, and in the horizontal one. Enough
/// independent sums to hide the latency of a multiply-add, and no more than stay in registers. Measured; the compiler
/// does badly with some numbers in between.
const fn elements_at_once<A>(level: Level) -> [usize; 2] {
    match (level, size_of::<A>()) {
        (Level::Avx512, 4) => [64, 64],
        (Level::Avx512, _) => [16, 64],
        (_, 4) => [16, 32],
        (_, _) => [8, 16],
    }
}

/// The weights of both axes.
pub struct Weights<'a, A> {
    /// For `j = 0, 1, …`, as they were computed.
    exact: &'a [Vec<f64>; 2],
    /// Those of the columns, rounded.
    half: Vec<A>,
    /// Those of the differences of rows, from the outermost above to the outermost below.
    differences: Vec<A>,
}

impl<'a, A: Real> Weights<'a, A> {
    /// Of this precision.
    pub fn new(exact: &'a [Vec<f64>; 2]) -> Result<Self> {
        let [down, along] = exact;
        let mut half = try_vec(along.len())?;
        half.extend(along.iter().map(|&weight| A::from_f64(weight)));
        let radius = down.len() - 1;
        let mut differences = try_filled(2 * radius, A::ZERO)?;
        let mut outside = 0.0;
        for j in (1..=radius).rev() {
            outside += down[j];
            differences[radius - j] = A::from_f64(outside);
            differences[radius + j - 1] = A::from_f64(-outside);
        }
        Ok(Weights { exact, half, differences })
    }

    /// How far the kernel reaches along each axis.
    pub fn radii(&self) -> [usize; 2] {
        [self.differences.len() / 2, self.half.len() - 1]
    }

    /// Bytes of scratch memory for each value of a row.
    pub fn scratch(&self) -> usize {
        (self.differences.len() + 1 + 2 * ROWS) * size_of::<A>()
    }
}

/// Makes a tile.
pub fn make<A: Real>(
    level: Level,
    image: &Padded<'_>,
    weights: &Weights<'_, A>,
    tile: &mut Tile<'_>,
    work: &Work<'_>,
) -> Result<()> {
    let [_, width, channels] = tile.size();
    let [ry, rx] = weights.radii();
    let values = width * channels;
    let padded = checked_size(&[width + 2 * rx, channels])?;
    // The last elements of the horizontal pass read on as far beyond their end as the others do.
    let stride = checked_size(&[values.next_multiple_of(ROW_MULTIPLE) + 2 * rx * channels, 1])?
        .next_multiple_of(ROW_MULTIPLE);
    let columns = image.columns(tile.x as isize - rx as isize, width + 2 * rx)?;
    let slots = 2 * ry + ROWS;
    let rows = Rows {
        image,
        columns: &columns,
        weights,
        tile,
        work,
        padded,
        stride,
        circular: &mut Aligned::new(checked_size(&[slots, stride])?)?,
        offsets: &mut try_filled(slots, 0)?,
        lines: &mut Aligned::new(checked_size(&[ROWS, stride])?)?,
        result: &mut Aligned::new(values.next_multiple_of(ROW_MULTIPLE))?,
    };
    run_at(level, rows)
}

/// Makes the rows of a tile. A level is entered once for all of them: of a small image a row takes
/// little longer than that.
struct Rows<'a, 't, A> {
    image: &'a Padded<'a>,
    columns: &'a Columns,
    weights: &'a Weights<'a, A>,
    tile: &'a mut Tile<'t>,
    work: &'a Work<'a>,
    /// The values of a padded row.
    padded: usize,
    /// How far the rows of the buffers are apart.
    stride: usize,
    circular: &'a mut [A],
    offsets: &'a mut [usize],
    lines: &'a mut [A],
    result: &'a mut [A],
}

impl<A: Real> Kernel for Rows<'_, '_, A> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(mut self, _simd: S) -> Result<()> {
        let [height, width, channels] = self.tile.size();
        let (ry, slots, stride) = (self.weights.radii()[0], self.offsets.len(), self.stride);
        let mut loaded = 0;
        for y in (0..height).step_by(ROWS) {
            self.work.check()?;
            while loaded < y + slots {
                let slot = &mut self.circular[loaded % slots * stride..][..self.padded];
                self.image.load((self.tile.y + loaded) as isize - ry as isize, self.columns, slot);
                loaded += 1;
            }
            for k in 0..slots {
                self.offsets[k] = (y + k) % slots * stride;
            }
            Vertical {
                circular: self.circular,
                offsets: self.offsets,
                weights: &self.weights.differences,
                lines: self.lines,
                stride,
            }
            .run::<S>();
            for k in 0..ROWS.min(height - y) {
                // Once more only if the line has changed.
                while !self.horizontal::<S>(k) {
                    if !self.mend_line(k) {
                        self.mend_result(k);
                        break;
                    }
                }
                self.tile.store(y + k, &self.result[..width * channels]);
            }
        }
        Ok(())
    }
}

impl<A: Real> Rows<'_, '_, A> {
    /// Makes a row of the result from line `k`; whether all of it is finite.
    #[inline(always)]
    fn horizontal<S: Simd>(&mut self, k: usize) -> bool {
        let line = &self.lines[k * self.stride..][..self.stride];
        let [_, _, channels] = self.tile.size();
        Horizontal { line, channels, half: &self.weights.half, out: self.result }.run::<S>()
    }

    /// Makes anew what is not finite in line `k`; whether that changed anything.
    #[cold]
    #[inline(never)]
    fn mend_line(&mut self, k: usize) -> bool {
        let radius = self.weights.radii()[0];
        let line = &mut self.lines[k * self.stride..][..self.padded];
        let rows = &self.offsets[k..=k + 2 * radius];
        let middle = &self.circular[rows[radius]..][..self.padded];
        let (mut changed, mut next) = (false, 0);
        while let Some(l) = find_suspect(line, middle, next) {
            let at = |row: usize| self.circular[rows[row] + l];
            let mean = weighted_mean(&self.weights.exact[0], |j| [at(radius - j), at(radius + j)]);
            changed |= (mean != line[l]) & !mean.is_nan();
            line[l] = mean;
            next = l + 1;
        }
        changed
    }

    /// Makes anew what is not finite in the result of line `k`.
    #[cold]
    #[inline(never)]
    fn mend_result(&mut self, k: usize) {
        let [_, width, channels] = self.tile.size();
        let reach = self.weights.radii()[1] * channels;
        let line = &self.lines[k * self.stride..][..self.padded];
        let result = &mut self.result[..width * channels];
        let middle = &line[reach..][..result.len()];
        let mut next = 0;
        while let Some(l) = find_suspect(result, middle, next) {
            let at = |distance: usize| [line[reach + l - distance], line[reach + l + distance]];
            result[l] = weighted_mean(&self.weights.exact[1], |j| at(j * channels));
            next = l + 1;
        }
    }
}

/// Finds the first result from `next` on that is not finite although the element in the middle is no NaN.
fn find_suspect<A: Real>(results: &[A], middle: &[A], next: usize) -> Option<usize> {
    let is_suspect = |l: usize| !results[l].is_finite() & !middle[l].is_nan();
    let len = results.len().min(middle.len());
    let mut start = next;
    while start < len {
        // Most parts have none, and whole parts are looked through in vectors.
        let end = len.min(start + ROW_MULTIPLE);
        if (start..end).fold(false, |any, l| any | is_suspect(l)) {
            return (start..end).find(|&l| is_suspect(l));
        }
        start = end;
    }
    None
}

/// The mean with the weights for `j = 0, 1, …` of elements that are `at(j)` on the two sides: finite wherever the
/// elements are, and what IEEE arithmetic makes of infinities and NaN where they are not.
fn weighted_mean<A: Real>(half: &[f64], at: impl Fn(usize) -> [A; 2]) -> A {
    let scaled = |j: usize| at(j).map(|element| element.to_f64() * A::SCALE);
    let [middle, _] = scaled(0);
    let (mut difference, mut sum) = (0.0, half[0] * middle);
    let mut finite = middle.is_finite();
    for j in (1..half.len()).rev() {
        let [before, after] = scaled(j);
        difference += half[j] * ((middle - before) + (middle - after));
        sum += half[j] * (before + after);
        finite &= before.is_finite() & after.is_finite();
    }
    let limit = A::MAX.to_f64() * A::SCALE;
    A::from_f64(if finite { (middle - difference).clamp(-limit, limit) / A::SCALE } else { sum })
}

/// Rows from those at `offsets` of a circular buffer.
struct Vertical<'a, A> {
    circular: &'a [A],
    offsets: &'a [usize],
    /// Those of the differences.
    weights: &'a [A],
    /// [`ROWS`] of them.
    lines: &'a mut [A],
    stride: usize,
}

impl<A: Real> Vertical<'_, A> {
    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let lanes = const { elements_at_once::<A>(S::LEVEL)[0] };
        for part in 0..self.stride / lanes {
            let at = part * lanes;
            match lanes {
                64 => self.elements::<S, 64>(at),
                16 => self.elements::<S, 16>(at),
                _ => self.elements::<S, 8>(at),
            }
        }
    }

    #[inline(always)]
    fn elements<S: Simd, const N: usize>(&mut self, at: usize) {
        let Vertical { circular, offsets, weights, .. } = *self;
        let (taps, radius) = (weights.len(), weights.len() / 2);
        let mut sums = [[A::ZERO; N]; ROWS];
        if taps > 0 {
            let mut before = *elements::<A, N>(circular, offsets[0] + at);
            // The first differences are for the upper rows alone.
            for k in 0..ROWS - 1 {
                let difference = differences(elements(circular, offsets[k + 1] + at), &mut before);
                for row in 0..=k {
                    A::add_products::<S, N>(&mut sums[row], &difference, weights[k - row]);
                }
            }
            for k in ROWS - 1..taps {
                let difference = differences(elements(circular, offsets[k + 1] + at), &mut before);
                // One check for all weights.
                let weights: &[A; ROWS] = weights[k + 1 - ROWS..].first_chunk().expect("as many as rows");
                for row in 0..ROWS {
                    A::add_products::<S, N>(&mut sums[row], &difference, weights[ROWS - 1 - row]);
                }
            }
            // And the last for the lower ones.
            for k in 0..ROWS - 1 {
                let difference = differences(elements(circular, offsets[taps + k + 1] + at), &mut before);
                for row in k + 1..ROWS {
                    A::add_products::<S, N>(&mut sums[row], &difference, weights[taps + k - row]);
                }
            }
        }
        for row in 0..ROWS {
            let middle = elements::<A, N>(circular, offsets[radius + row] + at);
            for l in 0..N {
                // From the middle, and not to it: -0.0 stays what it is.
                sums[row][l] = middle[l] - sums[row][l];
            }
            self.lines[row * self.stride + at..][..N].copy_from_slice(&sums[row]);
        }
    }
}

/// The differences from a row to the next, which is left in its place.
#[inline(always)]
fn differences<A: Real, const N: usize>(row: &[A; N], before: &mut [A; N]) -> [A; N] {
    let mut differences = [A::ZERO; N];
    for l in 0..N {
        differences[l] = row[l] - before[l];
    }
    *before = *row;
    differences
}

/// A row of the result from a line of the vertical pass.
struct Horizontal<'a, A> {
    line: &'a [A],
    channels: usize,
    half: &'a [A],
    out: &'a mut [A],
}

impl<A: Real> Horizontal<'_, A> {
    /// Makes the row; whether all of it is finite.
    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        match const { elements_at_once::<A>(S::LEVEL)[1] } {
            64 => self.elements_at_once::<S, 64>(),
            32 => self.elements_at_once::<S, 32>(),
            _ => self.elements_at_once::<S, 16>(),
        }
    }

    #[inline(always)]
    fn elements_at_once<S: Simd, const N: usize>(self) -> bool {
        let Horizontal { line, channels, half, out } = self;
        let radius = half.len() - 1;
        for part in 0..out.len() / N {
            let at = part * N;
            let mut sum = [A::ZERO; N];
            let middle = elements::<A, N>(line, at + radius * channels);
            let mut twice = [A::ZERO; N];
            for l in 0..N {
                twice[l] = middle[l] + middle[l];
            }
            for i in 0..radius {
                let j = radius - i;
                let left = elements::<A, N>(line, at + (radius - j) * channels);
                let right = elements::<A, N>(line, at + (radius + j) * channels);
                let mut difference = [A::ZERO; N];
                for l in 0..N {
                    difference[l] = twice[l] - (left[l] + right[l]);
                }
                A::add_products::<S, N>(&mut sum, &difference, half[j]);
            }
            for l in 0..N {
                sum[l] = middle[l] - sum[l];
            }
            out[at..at + N].copy_from_slice(&sum);
        }
        all_finite::<A, N>(out)
    }
}

/// Whether all elements are finite. A loop of its own: in that before, the compiler kept no sums in registers, and with
/// AVX2 the row took more than twice as long.
#[inline(always)]
fn all_finite<A: Real, const N: usize>(row: &[A]) -> bool {
    // Zero times what is finite is zero, and else NaN.
    let mut zeros = [A::ZERO; N];
    for part in 0..row.len() / N {
        let elements = elements::<A, N>(row, part * N);
        for l in 0..N {
            zeros[l] = zeros[l] + elements[l] * A::ZERO;
        }
    }
    let mut finite = true;
    for l in 0..N {
        finite &= zeros[l] == A::ZERO;
    }
    finite
}

#[inline(always)]
fn elements<A: Real, const N: usize>(row: &[A], at: usize) -> &[A; N] {
    row[at..].first_chunk().expect("rows are padded to a multiple of what is computed at once")
}
