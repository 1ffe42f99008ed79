//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there, and in several streams:
//!
//! - [`by_rows`]: where rows are contiguous, dot products of some rows with the vector. Each sum is kept in as many
//!   lanes as a cache line has numbers, on every level; blocks of a row are summed on their own, which keeps the
//!   error small, and the lanes are added up by halves at the end.
//! - [`by_cols`]: where columns are contiguous, the sum of the columns, each times an element of the vector. Some
//!   columns are added at a time, so that sums are loaded and stored less often; each is added in order, so their
//!   number does not show in the result.
//! - [`by_tiles`]: the same sums in registers, where the matrix is small.
//!
//! A single long row is a stack of pieces.
//!
//! A complex matrix is read as the parts that it is made of, re and im in turn. By rows, the real part of a product
//! is that of the parts with (re, -im, …) of the vector, and the imaginary part that with (im, re, …). By columns it
//! is as in the micro-kernel: columns times re and columns times im have sums of their own, joined at the end.

mod cols;
mod dots;
mod rows;
mod tiles;

use super::element::{self, Float};
use super::partition::{OfVector, Operands, Part, Split};
use super::shape::MatmulShape;
use crate::alloc::try_filled;
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::memory::CACHE_LINE;
use crate::simd::{self, Dot, FloatDot, Kernel, Level, Simd};
use cols::by_cols;
use rows::by_rows;
use tiles::by_tiles;

/// A type whose cache lines have a known length.
pub trait Line: element::Part {
    /// See [`multiply`].
    fn multiply<F: Float<Part = Self>>(
        level: Level,
        operands: &mut Operands<'_, F>,
        vector: OfVector,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()>;
}

// A macro, as the length of an array cannot be an associated constant.
macro_rules! lines {
    ($($type:ty)*) => { $(
        impl Line for $type {
            fn multiply<F: Float<Part = Self>>(
                level: Level,
                operands: &mut Operands<'_, F>,
                vector: OfVector,
                split: &Split,
                work: &Work<'_>,
            ) -> Result<()> {
                const LINE: usize = CACHE_LINE / size_of::<$type>();
                operands.for_each(split, work, |part| {
                    simd::run_at(level, Gemv::<F, LINE> { part, vector, work })
                })
            }
        }
    )* };
}
lines!(f32 f64);

/// Elements of a row and a column that are multiplied on their own where both are longer than some of these: so there is
/// something to do for several threads.
const PIECE: usize = 1 << 14;

/// c = a b, where one of both is a vector.
pub fn multiply<F: Float<Part: Line>>(
    level: Level,
    operands: &mut Operands<'_, F>,
    vector: OfVector,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    match operands.sizes() {
        (1, k, 1) if k >= 2 * PIECE && split.is_of_one() => {
            multiply_long(level, operands, vector, split, work)
        }
        _ => F::Part::multiply(level, operands, vector, split, work),
    }
}

/// The product of a long row and a long column: a stack of products of pieces, which are added in order, so that the
/// result is the same on any number of threads.
fn multiply_long<F: Float<Part: Line>>(
    level: Level,
    operands: &mut Operands<'_, F>,
    vector: OfVector,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    let (_, k, _) = operands.sizes();
    let mut products = try_filled(k / PIECE + 1, F::default())?;
    let (whole, rest) = products.split_at_mut(k / PIECE);
    let end = whole.len() * PIECE;
    for (inner, products) in [(0..end, whole), (end..k, rest)] {
        let shape = MatmulShape::of_rows(products.len(), inner.len() / products.len());
        let split = Split::new(&shape, F::DTYPE, 1, work.workers());
        F::Part::multiply(level, &mut operands.pieces(inner, products), vector, &split, work)?;
    }
    let sum = products.into_iter().fold(F::default(), F::plus);
    operands.for_each(split, work, |mut part| {
        let (_, _, mut c) = part.matrix(0);
        *c.at(0, 0) = sum;
        Ok(())
    })
}

struct Gemv<'p, 'w, F, const LINE: usize> {
    part: Part<'p, F>,
    vector: OfVector,
    work: &'w Work<'w>,
}

impl<F: Float, const LINE: usize> Kernel for Gemv<'_, '_, F, LINE> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let dot = <F::Part as element::Part>::Lanes::<S>::from(simd);
        // As many sums as hide how long an addition takes, and leave registers for what is multiplied.
        match const { LINE / <<F::Part as element::Part>::Lanes<S> as Dot<F::Part>>::LANES } {
            1 => self.multiply::<_, 8, 1>(dot),
            2 => self.multiply::<_, 4, 2>(dot),
            _ if S::REGISTERS >= 32 => self.multiply::<_, 4, 4>(dot),
            _ => self.multiply::<_, 2, 4>(dot),
        }
    }
}

impl<F: Float, const LINE: usize> Gemv<'_, '_, F, LINE> {
    #[inline(always)]
    fn multiply<D, const SUMS: usize, const WIDTH: usize>(mut self, dot: D) -> Result<()>
    where
        D: FloatDot<F::Part>,
    {
        let mut pacer = Pacer::new(self.work);
        for index in self.part.matrices() {
            let (mut a, mut b, mut c) = self.part.matrix_in_loop(index, &mut pacer)?;
            if self.vector.is_left {
                (a, b, c) = (b.transposed(), a.transposed(), c.transposed());
            }
            if self.vector.by_rows {
                by_rows::<D, F, SUMS, WIDTH>(dot, a, b, c, &mut pacer)?;
            } else if tiles::are_faster::<D, F>(a) {
                by_tiles::<D, F>(dot, a, b, c, &mut pacer)?;
            } else {
                by_cols::<D, F, WIDTH, LINE>(dot, a, b, c, &mut pacer)?;
            }
        }
        Ok(())
    }
}
