//! Matrix products of every element type.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | shapes, stacks of matrices, how work is split |
//! | `gemm`, `pack` | the blocked product of two matrices |
//! | `blas`, `transpose` | products of floats by the kernels of other crates |
//! | `small`, `vector` | the product of two small matrices, of a matrix and a vector |
//! | `ring`, `x86` | what numbers it is made of, and with which instructions |
//! | `boolean` | bools, as bits |
//! | `matrix`, `stack` | matrices and stacks of them in memory |

mod blas;
mod boolean;
mod gemm;
mod matrix;
mod pack;
mod product;
mod ring;
mod small;
mod stack;
#[cfg(test)]
mod tests;
mod transpose;
mod vector;
#[cfg(x86_simd)]
mod x86;

use std::ops::Range;

use ndarray::{ArrayViewD, ArrayViewMutD, Axis};

use crate::alloc::{checked_size, try_vec};
use crate::error::{Error, Result, ShapeRule};
use crate::parallel::Work;
use crate::simd::{self, Level};

pub use product::Product;
use stack::{Operands, Part, Stack, StackMut};

/// The sizes of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// The axes of the stack of results.
    pub batch: Vec<usize>,
    /// Rows of a.
    pub m: usize,
    /// Columns of a, rows of b.
    pub k: usize,
    /// Columns of b.
    pub n: usize,
    /// The axes of the result.
    pub shape: Vec<usize>,
}

impl Sizes {
    /// The sizes for operands of these shapes: a vector on the left is a row, one on the right a
    /// column, and that axis is missing in the result; the axes before the last two are broadcast.
    pub fn new(a: &[usize], b: &[usize]) -> Result<Sizes> {
        let mismatch = |rule| Error::Shapes { got: [a.to_vec(), b.to_vec()], rule };
        if a.is_empty() || b.is_empty() {
            return Err(mismatch(ShapeRule::Axes));
        }
        let (a_batch, m, k) = match *a {
            [k] => (&a[..0], None, k),
            _ => (&a[..a.len() - 2], Some(a[a.len() - 2]), a[a.len() - 1]),
        };
        let (b_batch, rows, n) = match *b {
            [rows] => (&b[..0], rows, None),
            _ => (&b[..b.len() - 2], b[b.len() - 2], Some(b[b.len() - 1])),
        };
        if rows != k {
            return Err(mismatch(ShapeRule::Inner));
        }
        let mut batch = try_vec(a_batch.len().max(b_batch.len()))?;
        for axis in (0..a_batch.len().max(b_batch.len())).rev() {
            let len = |shape: &[usize]| shape.len().checked_sub(axis + 1).map_or(1, |axis| shape[axis]);
            batch.push(match (len(a_batch), len(b_batch)) {
                (1, other) | (other, 1) => other,
                (same, other) if same == other => same,
                _ => return Err(mismatch(ShapeRule::Batch)),
            });
        }
        let mut shape = try_vec(batch.len() + 2)?;
        shape.extend(batch.iter().copied().chain(m).chain(n));
        checked_size(&shape)?;
        Ok(Sizes { batch, m: m.unwrap_or(1), k, n: n.unwrap_or(1), shape })
    }

    /// The sizes without the axes.
    pub fn dims(&self) -> Dims {
        Dims { count: self.batch.iter().product(), m: self.m, k: self.k, n: self.n }
    }
}

/// The number of products of two matrices, and the sizes of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// How many products.
    pub count: usize,
    /// Rows of a.
    pub m: usize,
    /// Columns of a, rows of b.
    pub k: usize,
    /// Columns of b.
    pub n: usize,
}

impl Dims {
    /// The sizes for two matrices or two stacks of as many, if they fit: the usual case.
    #[inline]
    pub fn of_matrices(a: &[usize], b: &[usize]) -> Option<Dims> {
        match (a, b) {
            (&[m, k], &[rows, n]) if rows == k => Some(Dims { count: 1, m, k, n }),
            (&[count, m, k], &[others, rows, n]) if rows == k && others == count => {
                Some(Dims { count, m, k, n })
            }
            _ => None,
        }
    }

    /// About how many nanoseconds it takes on one thread.
    #[inline]
    pub fn cost<T: Product>(self) -> usize {
        let Dims { count, m, k, n } = self;
        let moved =
            m.saturating_mul(k).saturating_add(k.saturating_mul(n)).saturating_add(m.saturating_mul(n));
        let one = m.saturating_mul(k).saturating_mul(n) / T::RATE + moved / 8 + 10;
        one.saturating_mul(count)
    }
}

/// c = a b, for arrays in C order.
///
/// # Panics
/// If the lengths are not those that `dims` gives.
pub fn multiply_flat<T: Product>(dims: Dims, a: &[T], b: &[T], c: &mut [T], work: &Work<'_>) -> Result<()> {
    let Dims { count, m, k, n } = dims;
    let operands = Operands {
        a: Stack::from_slice(a, count, m, k),
        b: Stack::from_slice(b, count, k, n),
        c: StackMut::from_slice(c, count, m, n),
    };
    T::multiply(simd::level(), operands, &Split::new::<T>(dims, 1, work.workers()), work)
}

/// c = a b, for views whose shapes gave `sizes`.
pub fn multiply<T: Product>(
    sizes: &Sizes,
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    c: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    multiply_at(simd::level(), sizes, a, b, c, work)
}

/// The same with the instructions of `level`, which the CPU must have.
pub fn multiply_at<T: Product>(
    level: Level,
    sizes: &Sizes,
    mut a: ArrayViewD<'_, T>,
    mut b: ArrayViewD<'_, T>,
    mut c: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    if a.ndim() == 1 {
        let axis = c.ndim() + 1 - b.ndim().min(2);
        a.insert_axis_inplace(Axis(0));
        c.insert_axis_inplace(Axis(axis));
    }
    if b.ndim() == 1 {
        b.insert_axis_inplace(Axis(1));
        c.insert_axis_inplace(Axis(c.ndim()));
    }
    let operands = Operands {
        a: Stack::new(&a, &sizes.batch),
        b: Stack::new(&b, &sizes.batch),
        c: StackMut::new(&mut c),
    };
    let split = Split::new::<T>(sizes.dims(), operands.cost_of_b(), work.workers());
    T::multiply(level, operands, &split, work)
}

/// How a product is cut into parts. Results do not depend on it: each is computed the same way
/// in every part.
#[derive(Debug)]
pub struct Split {
    count: usize,
    m: usize,
    n: usize,
    /// Matrices of a part.
    matrices: usize,
    /// Into how many slabs of rows and of columns each matrix is cut.
    slabs: (usize, usize),
}

/// The most parts a thread, so that a thread that is late leaves some to the others.
const PARTS: usize = 4;

/// Nanoseconds of work in a part that are worth a thread.
const GRAIN: usize = 40_000;

/// Nanoseconds of work in a part that is worth being one of several of a thread: each part copies
/// what it has in common with others.
const LARGE: usize = 250_000;

/// Rows or columns of a part are a multiple of this: of the height of a tile, and of the width.
const TILE: (usize, usize) = (12, 64);

impl Split {
    /// The split for so many threads, if that many pay. Slabs of rows share b, and slabs of columns
    /// share a: `cost_of_b` is what an element of b costs each of them, in elements of a.
    fn new<T: Product>(dims: Dims, cost_of_b: usize, workers: usize) -> Split {
        let Dims { count, m, n, .. } = dims;
        // Without results there are no parts, however many matrices there are.
        let count = if m == 0 || n == 0 { 0 } else { count };
        let whole = Split { count, m, n, matrices: count.max(1), slabs: (1, 1) };
        let cost = dims.cost::<T>();
        let workers = workers.min(cost / GRAIN);
        if workers <= 1 || count == 0 {
            return whole;
        }
        let parts = workers * (cost / workers / LARGE).clamp(1, PARTS);
        if count >= parts {
            return Split { matrices: count.div_ceil(parts), ..whole };
        }
        let slabs = parts.div_ceil(count);
        let slabs = if m >= n.saturating_mul(cost_of_b) {
            (slabs.min(m.div_ceil(TILE.0)), 1)
        } else {
            (1, slabs.min(n.div_ceil(TILE.1)))
        };
        Split { matrices: 1, slabs, ..whole }
    }

    /// Hands each part to one thread.
    pub fn for_each(&self, work: &Work<'_>, part: impl Fn(Part) -> Result<()> + Sync) -> Result<()> {
        work.for_each(self.parts(), |index| part(self.part(index)))
    }

    /// The number of parts.
    fn parts(&self) -> usize {
        self.count.div_ceil(self.matrices) * self.slabs.0 * self.slabs.1
    }

    fn part(&self, index: usize) -> Part {
        let (rows, cols) = self.slabs;
        let matrices = index / (rows * cols) * self.matrices;
        Part {
            matrices: matrices..self.count.min(matrices + self.matrices),
            rows: slab(self.m, TILE.0, rows, index / cols % rows),
            cols: slab(self.n, TILE.1, cols, index % cols),
        }
    }
}

/// Counts work, so that a loop over short pieces asks only now and then whether to stop.
struct Pace<'w> {
    work: &'w Work<'w>,
    done: usize,
}

/// Multiply-adds between two such questions.
const PACE: usize = 1 << 18;

/// What a matrix of a stack costs at least, in multiply-adds, and of how many that is added at once.
const MATRIX: usize = 256;
const MATRICES: usize = 64;

impl<'w> Pace<'w> {
    fn new(work: &'w Work<'w>) -> Self {
        Pace { work, done: 0 }
    }

    /// To be called with the work of each piece, in about multiply-adds.
    #[inline(always)]
    fn add(&mut self, work: usize) -> Result<()> {
        self.done += work;
        if self.done < PACE {
            return Ok(());
        }
        self.done = 0;
        self.work.check()
    }

    /// To be called with the number of each matrix.
    #[inline(always)]
    fn matrix(&mut self, index: usize) -> Result<()> {
        if index % MATRICES == 0 { self.add(MATRIX * MATRICES) } else { Ok(()) }
    }
}

/// Slab number `index` of `count` slabs of `len` rows or columns, none of which has more than one
/// tile more than another.
fn slab(len: usize, tile: usize, count: usize, index: usize) -> Range<usize> {
    let start = |index: usize| len.min(len.div_ceil(tile) * index / count * tile);
    start(index)..start(index + 1)
}
