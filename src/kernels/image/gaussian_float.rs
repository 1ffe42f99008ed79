//! The Gaussian in floating point: two passes of a symmetric FIR filter.
//!
//! A tile is made two rows at a time. Its padded rows stand in a ring. The vertical pass makes
//! two rows of it at once, as all but two of the elements that they need are the same, and each
//! is so loaded once; the horizontal pass reads them from the first-level cache, a pixel's
//! neighbour in the same channel lying `channels` values away. There the two elements at the
//! same distance are added first, which halves the multiplications.
//!
//! With fused multiply-add (every level but the baseline) a result is within `radius + 1`
//! roundings of the exact sum for each pass, most of them of small partial sums: the outermost
//! taps come first. The baseline rounds each product too, so its results may differ from the
//! other levels' in the last bits; levels with FMA agree with each other exactly.

use std::ops::{Add, Mul};

use super::pixel::{ComputeType, Pixel};
use super::scratch::Scratch;
use super::tiles::{Padded, Tile};
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{Kernel, Level, Simd, run_at};

/// A float to compute with.
pub trait Real: ComputeType + Add<Output = Self> + Mul<Output = Self> {
    /// `self * a + b`, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
}

/// The rows that are made at once.
const ROWS: usize = 2;

/// Rows are padded to a multiple of the values that any level takes at once.
const BLOCK: usize = 64;

/// The weights of both axes, for `j = 0, 1, …`.
pub struct Weights<A> {
    half: [Vec<A>; 2],
    /// Those of the rows from `-radius` to `radius`.
    rows: Vec<A>,
}

impl<A: Real> Weights<A> {
    /// Of this precision.
    pub fn new(half: &[Vec<f64>; 2]) -> Result<Self> {
        let lanes = |weights: &[f64]| -> Result<Vec<A>> {
            let mut lanes = try_vec(weights.len())?;
            lanes.extend(weights.iter().map(|&weight| A::of(weight)));
            Ok(lanes)
        };
        let half = [lanes(&half[0])?, lanes(&half[1])?];
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
pub fn make<A: Real, T: Pixel>(
    level: Level,
    image: &Padded<'_>,
    weights: &Weights<A>,
    tile: &mut Tile<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    let (height, width, channels) = tile.out.dim();
    let [ry, rx] = weights.radii();
    let values = width * channels;
    let padded = checked_size(&[width + 2 * rx, channels])?;
    // The last block of the horizontal pass reads on as far beyond its end as the others do.
    let stride =
        checked_size(&[values.next_multiple_of(BLOCK) + 2 * rx * channels, 1])?.next_multiple_of(BLOCK);
    let columns = image.columns(tile.x as isize - rx as isize, width + 2 * rx)?;
    let slots = 2 * ry + ROWS;
    let mut ring = Scratch::<A>::new(slots, stride)?;
    let mut lines = Scratch::<A>::new(ROWS, stride)?;
    let mut result = Scratch::<A>::new(1, values.next_multiple_of(BLOCK))?;
    let mut order = try_filled(slots, 0)?;

    let mut loaded = 0;
    for y in (0..height).step_by(ROWS) {
        work.check()?;
        while loaded < y + slots {
            let slot = &mut ring[loaded % slots * stride..][..padded];
            image.load((tile.y + loaded) as isize - ry as isize, &columns, slot);
            loaded += 1;
        }
        order.iter_mut().enumerate().for_each(|(k, at)| *at = (y + k) % slots * stride);
        let (upper, lower) = lines.split_at_mut(stride);
        at_level(level, Vertical { ring: &ring, order: &order, weights: &weights.rows, upper, lower });
        for (line, row) in lines.chunks_exact(stride).zip(y..height) {
            at_level(level, Horizontal { line, channels, half: &weights.half[1], out: &mut result });
            tile.store(row, &result[..values]);
        }
    }
    Ok(())
}

/// A kernel that is compiled for a number of lanes, with and without FMA.
trait Pass {
    fn run<const N: usize, const FMA: bool>(self);
}

struct Compiled<P, const N: usize, const FMA: bool>(P);

impl<P: Pass, const N: usize, const FMA: bool> Kernel for Compiled<P, N, FMA> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        self.0.run::<N, FMA>();
    }
}

/// Two registers of AVX2, four of the others (of floats; of doubles it takes twice as many): with
/// four of AVX2 the compiler does not keep the sums of two rows in registers.
fn at_level<P: Pass>(level: Level, pass: P) {
    match level {
        Level::Baseline => run_at(level, Compiled::<_, 16, false>(pass)),
        Level::Avx2 => run_at(level, Compiled::<_, 16, true>(pass)),
        Level::Avx512 => run_at(level, Compiled::<_, 64, true>(pass)),
    }
}

#[inline(always)]
fn multiply_add<A: Real, const FMA: bool>(a: A, b: A, sum: A) -> A {
    if FMA { a.fused(b, sum) } else { a * b + sum }
}

/// Two rows from those of the ring, whose places are `order`.
struct Vertical<'a, A> {
    ring: &'a [A],
    order: &'a [usize],
    weights: &'a [A],
    upper: &'a mut [A],
    lower: &'a mut [A],
}

impl<A: Real> Pass for Vertical<'_, A> {
    #[inline(always)]
    fn run<const N: usize, const FMA: bool>(self) {
        let Vertical { ring, order, weights, upper, lower } = self;
        let taps = weights.len();
        assert!(order.len() == taps + 1);
        for block in 0..upper.len().min(lower.len()) / N {
            let at = block * N;
            // The first row is for the upper result alone, the last for the lower.
            let (first, second) = (lanes::<A, N>(ring, order[0] + at), lanes::<A, N>(ring, order[1] + at));
            let (mut above, mut below) = ([A::default(); N], [A::default(); N]);
            for l in 0..N {
                above[l] = first[l] * weights[0];
                below[l] = second[l] * weights[0];
            }
            if taps > 1 {
                for l in 0..N {
                    above[l] = multiply_add::<A, FMA>(second[l], weights[1], above[l]);
                }
                for k in 2..taps {
                    let x = lanes::<A, N>(ring, order[k] + at);
                    for l in 0..N {
                        above[l] = multiply_add::<A, FMA>(x[l], weights[k], above[l]);
                        below[l] = multiply_add::<A, FMA>(x[l], weights[k - 1], below[l]);
                    }
                }
                let last = lanes::<A, N>(ring, order[taps] + at);
                for l in 0..N {
                    below[l] = multiply_add::<A, FMA>(last[l], weights[taps - 1], below[l]);
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

impl<A: Real> Pass for Horizontal<'_, A> {
    #[inline(always)]
    fn run<const N: usize, const FMA: bool>(self) {
        let Horizontal { line, channels, half, out } = self;
        let radius = half.len() - 1;
        for block in 0..out.len() / N {
            let at = block * N;
            let mut sum = [A::default(); N];
            for i in 0..radius {
                let j = radius - i;
                let left = lanes::<A, N>(line, at + (radius - j) * channels);
                let right = lanes::<A, N>(line, at + (radius + j) * channels);
                for l in 0..N {
                    sum[l] = multiply_add::<A, FMA>(left[l] + right[l], half[j], sum[l]);
                }
            }
            let middle = lanes::<A, N>(line, at + radius * channels);
            if radius == 0 {
                // Not added to a zero where there is nothing to add to: -0.0 stays what it is.
                for l in 0..N {
                    sum[l] = middle[l] * half[0];
                }
            } else {
                for l in 0..N {
                    sum[l] = multiply_add::<A, FMA>(middle[l], half[0], sum[l]);
                }
            }
            out[at..at + N].copy_from_slice(&sum);
        }
    }
}

#[inline(always)]
fn lanes<A: Real, const N: usize>(row: &[A], at: usize) -> &[A; N] {
    row[at..].first_chunk().expect("rows are padded to whole blocks")
}
