//! The Gaussian in floating point: two passes of a symmetric FIR filter.
//!
//! A tile is made two rows at a time. Its padded rows are in a circular buffer. The vertical pass
//! makes two rows of it at once, as all but two of the elements that they need are the same, and
//! each is so loaded once; the horizontal pass reads them from the first-level cache, a pixel's
//! neighbour in the same channel lying `channels` values away. There the two elements at the
//! same distance are added first, which halves the multiplications.
//!
//! With fused multiply-add (every level but the baseline) a result is within `radius + 1`
//! roundings of the exact sum for each pass, most of them of small partial sums: the outermost
//! taps come first. The baseline rounds each product too, so its results may differ from the
//! other levels' in the last bits; levels with FMA agree with each other exactly.

use super::pixel::Real;
use super::tiles::{Columns, Padded, Tile};
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::memory::Aligned;
use crate::simd::{Kernel, Level, Simd, run_at};

/// The rows that are made at once.
const ROWS: usize = 2;

/// Rows are padded to a multiple of the elements that any level computes at once.
const ROW_MULTIPLE: usize = 64;

/// Elements that a level computes at once, of each of two rows: enough independent sums to hide the
/// latency of a multiply-add, which for floats are four registers of AVX-512 and two of AVX2. (Of
/// doubles it takes twice as many.) With four of AVX2 the compiler does not keep the sums in its 16
/// registers.
const fn elements_at_once(level: Level) -> usize {
    match level {
        Level::Baseline | Level::Avx2 => 16,
        Level::Avx512 => 64,
    }
}

/// The weights of both axes, for `j = 0, 1, …`.
pub struct Weights<A> {
    half: [Vec<A>; 2],
    /// Those of the rows from `-radius` to `radius`.
    rows: Vec<A>,
}

impl<A: Real> Weights<A> {
    /// Of this precision.
    pub fn new(half: &[Vec<f64>; 2]) -> Result<Self> {
        let rounded = |weights: &[f64]| -> Result<Vec<A>> {
            let mut rounded = try_vec(weights.len())?;
            rounded.extend(weights.iter().map(|&weight| A::from_f64(weight)));
            Ok(rounded)
        };
        let half = [rounded(&half[0])?, rounded(&half[1])?];
        let mut rows = try_vec(2 * half[0].len() - 1)?;
        rows.extend(half[0].iter().rev().chain(&half[0][1..]));
        Ok(Weights { half, rows })
    }

    /// How far the kernel reaches along each axis.
    pub fn radii(&self) -> [usize; 2] {
        [self.half[0].len() - 1, self.half[1].len() - 1]
    }

    /// Bytes of scratch memory for each value of a row.
    pub fn scratch(&self) -> usize {
        (self.rows.len() + 1 + 2 * ROWS) * size_of::<A>()
    }
}

/// Makes a tile.
pub fn make<A: Real>(
    level: Level,
    image: &Padded<'_>,
    weights: &Weights<A>,
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
    weights: &'a Weights<A>,
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
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let Rows { image, columns, weights, tile, work, padded, stride, circular, offsets, lines, result } =
            self;
        let [height, width, channels] = tile.size();
        let (ry, slots) = (weights.radii()[0], offsets.len());
        let mut loaded = 0;
        for y in (0..height).step_by(ROWS) {
            work.check()?;
            while loaded < y + slots {
                let slot = &mut circular[loaded % slots * stride..][..padded];
                image.load((tile.y + loaded) as isize - ry as isize, columns, slot);
                loaded += 1;
            }
            for k in 0..slots {
                offsets[k] = (y + k) % slots * stride;
            }
            let (upper, lower) = lines.split_at_mut(stride);
            Vertical { circular, offsets, weights: &weights.rows, upper, lower }.run::<S>();
            for row in y..height.min(y + ROWS) {
                let line = &lines[(row - y) * stride..][..stride];
                Horizontal { line, channels, half: &weights.half[1], out: result }.run::<S>();
                tile.store(row, &result[..width * channels]);
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn multiply_add<S: Simd, A: Real>(a: A, b: A, sum: A) -> A {
    if S::FUSES { a.fused(b, sum) } else { a * b + sum }
}

/// Two rows from those at `offsets` of a circular buffer.
struct Vertical<'a, A> {
    circular: &'a [A],
    offsets: &'a [usize],
    weights: &'a [A],
    upper: &'a mut [A],
    lower: &'a mut [A],
}

impl<A: Real> Vertical<'_, A> {
    #[inline(always)]
    fn run<S: Simd>(self) {
        if const { elements_at_once(S::LEVEL) == 64 } {
            self.elements_at_once::<S, 64>();
        } else {
            self.elements_at_once::<S, 16>();
        }
    }

    #[inline(always)]
    fn elements_at_once<S: Simd, const N: usize>(self) {
        let Vertical { circular, offsets, weights, upper, lower } = self;
        let taps = weights.len();
        assert!(offsets.len() == taps + 1);
        for part in 0..upper.len().min(lower.len()) / N {
            let at = part * N;
            // The first row is for the upper result alone, the last for the lower.
            let first = elements::<A, N>(circular, offsets[0] + at);
            let second = elements::<A, N>(circular, offsets[1] + at);
            let (mut above, mut below) = ([A::ZERO; N], [A::ZERO; N]);
            for l in 0..N {
                above[l] = first[l] * weights[0];
                below[l] = second[l] * weights[0];
            }
            if taps > 1 {
                for l in 0..N {
                    above[l] = multiply_add::<S, A>(second[l], weights[1], above[l]);
                }
                for k in 2..taps {
                    let x = elements::<A, N>(circular, offsets[k] + at);
                    for l in 0..N {
                        above[l] = multiply_add::<S, A>(x[l], weights[k], above[l]);
                        below[l] = multiply_add::<S, A>(x[l], weights[k - 1], below[l]);
                    }
                }
                let last = elements::<A, N>(circular, offsets[taps] + at);
                for l in 0..N {
                    below[l] = multiply_add::<S, A>(last[l], weights[taps - 1], below[l]);
                }
            }
            upper[at..at + N].copy_from_slice(&above);
            lower[at..at + N].copy_from_slice(&below);
        }
    }
}

/// A row of the result from a line of the vertical pass.
struct Horizontal<'a, A> {
    line: &'a [A],
    channels: usize,
    half: &'a [A],
    out: &'a mut [A],
}

impl<A: Real> Horizontal<'_, A> {
    #[inline(always)]
    fn run<S: Simd>(self) {
        if const { elements_at_once(S::LEVEL) == 64 } {
            self.elements_at_once::<S, 64>();
        } else {
            self.elements_at_once::<S, 16>();
        }
    }

    #[inline(always)]
    fn elements_at_once<S: Simd, const N: usize>(self) {
        let Horizontal { line, channels, half, out } = self;
        let radius = half.len() - 1;
        for part in 0..out.len() / N {
            let at = part * N;
            let mut sum = [A::ZERO; N];
            for i in 0..radius {
                let j = radius - i;
                let left = elements::<A, N>(line, at + (radius - j) * channels);
                let right = elements::<A, N>(line, at + (radius + j) * channels);
                for l in 0..N {
                    sum[l] = multiply_add::<S, A>(left[l] + right[l], half[j], sum[l]);
                }
            }
            let middle = elements::<A, N>(line, at + radius * channels);
            if radius == 0 {
                // Not added to a zero where there is nothing to add to: -0.0 stays what it is.
                for l in 0..N {
                    sum[l] = middle[l] * half[0];
                }
            } else {
                for l in 0..N {
                    sum[l] = multiply_add::<S, A>(middle[l], half[0], sum[l]);
                }
            }
            out[at..at + N].copy_from_slice(&sum);
        }
    }
}

#[inline(always)]
fn elements<A: Real, const N: usize>(row: &[A], at: usize) -> &[A; N] {
    row[at..].first_chunk().expect("rows are padded to a multiple of what is computed at once")
}
