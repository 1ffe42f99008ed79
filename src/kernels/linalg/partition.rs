//! How a product is cut into parts, each of which is one thread's at a time.
//!
//! A [`Part`] is the only way to the elements of a result. Only [`Operands::for_each`] makes
//! them, from ranges of which none has a result of another, and a part lends one matrix at a time:
//! so two threads cannot write the same element, whatever the kernels do.
#![allow(unsafe_code)]

use std::ops::Range;

use super::batch::{Batch, BatchMut, Signed};
use super::matrix::{Matrix, MatrixMut};
use super::shape::MatmulShape;
use crate::dtype::DType;
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// The most parts a thread, so that a thread that is late leaves some to the others.
const PARTS: usize = 4;

/// Nanoseconds of work in a part that are worth a thread.
const GRAIN: usize = 12_000;

/// Nanoseconds of work in a part that is worth being one of several of a thread: each part copies
/// what it has in common with others.
const LARGE: usize = 250_000;

/// Rows or columns of a part below which a thread has no more than one: each part copies what it has in common with
/// others, and that is to cost little beside its products.
const LEAST: usize = 192;

/// Rows or columns of a part are a multiple of this: of the height of a tile, and of the width.
pub const TILE: (usize, usize) = (12, 64);

/// How a product is cut. Results do not depend on it: each is computed the same way in every part.
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

impl Split {
    /// The split for so many threads, if that many pay. Slabs of rows share b, and slabs of columns
    /// share a: `cost_of_b` is what an element of b costs each of them, in elements of a.
    #[inline]
    pub fn new(shape: &MatmulShape, dtype: DType, cost_of_b: usize, workers: usize) -> Split {
        // Without results there are no parts, however many matrices there are.
        let &MatmulShape { count, m, n, .. } = shape;
        let count = if m == 0 || n == 0 { 0 } else { count };
        let whole = Split { count, m, n, matrices: count.max(1), slabs: (1, 1) };
        let cost = shape.cost(dtype);
        let workers = workers.min(cost / GRAIN);
        if workers <= 1 || count == 0 {
            return whole;
        }
        let parts = workers * (cost / workers / LARGE).clamp(1, PARTS);
        if count >= parts {
            return Split { matrices: count.div_ceil(parts), ..whole };
        }
        let slabs = parts.div_ceil(count);
        let most = |len: usize, tile| len.div_ceil(tile).min(workers * (len / LEAST / workers).max(1));
        let slabs = if m >= n.saturating_mul(cost_of_b) {
            (slabs.min(most(m, TILE.0)), 1)
        } else {
            (1, slabs.min(most(n, TILE.1)))
        };
        Split { matrices: 1, slabs, ..whole }
    }

    /// Whether it is of a single product.
    #[inline]
    pub fn is_of_one(&self) -> bool {
        self.count == 1
    }

    /// The number of parts.
    #[inline]
    pub fn parts(&self) -> usize {
        self.count.div_ceil(self.matrices) * self.slabs.0 * self.slabs.1
    }

    /// The matrices, rows and columns of part number `index`. No two parts have a result in common.
    #[inline]
    pub fn part(&self, index: usize) -> [Range<usize>; 3] {
        let (rows, cols) = self.slabs;
        if self.count <= self.matrices && self.slabs == (1, 1) {
            // Short products are one part, and feel the divisions.
            return [0..self.count, 0..self.m, 0..self.n];
        }
        let matrices = index / (rows * cols) * self.matrices;
        [
            matrices..self.count.min(matrices + self.matrices),
            slab(self.m, TILE.0, rows, index / cols % rows),
            slab(self.n, TILE.1, cols, index % cols),
        ]
    }
}

/// Slab number `index` of `count` slabs of `len` rows or columns, none of which has more than one
/// tile more than another.
#[inline]
fn slab(len: usize, tile: usize, count: usize, index: usize) -> Range<usize> {
    let start = |index: usize| len.min(len.div_ceil(tile) * index / count * tile);
    start(index)..start(index + 1)
}

/// A product with a vector.
#[derive(Debug, Clone, Copy)]
pub struct OfVector {
    /// The vector is the left operand, and the matrix is meant transposed.
    pub is_left: bool,
    /// The rows of the matrix are contiguous, or else its columns.
    pub by_rows: bool,
}

/// Two batches of matrices, and that of their products.
pub struct Operands<'a, T> {
    a: Batch<'a, T>,
    b: Batch<'a, T>,
    c: BatchMut<'a, T>,
}

impl<'a, T: Copy + Send + Sync> Operands<'a, T> {
    #[inline(always)]
    pub fn new(a: Batch<'a, T>, b: Batch<'a, T>, c: BatchMut<'a, T>) -> Self {
        let (rows, inner, cols) = (a.layout().rows, a.layout().cols, b.layout().cols);
        assert!(inner == b.layout().rows && rows == c.layout().rows && cols == c.layout().cols);
        Operands { a, b, c }
    }

    /// Of the product of a row and a column, that of some elements of both: as many products of as many elements each as
    /// there is room for in `products`, of which it is the sum.
    pub fn pieces<'p>(&'p self, inner: Range<usize>, products: &'p mut [T]) -> Operands<'p, T> {
        let count = products.len();
        let a = self.a.pieces_of_cols(inner.clone(), count);
        let b = self.b.transposed().pieces_of_cols(inner, count).transposed();
        Operands::new(a, b, BatchMut::from_slice(products, count, 1, 1))
    }

    /// The same memory as integers without a sign, whose products have the same bits.
    pub fn unsigned(self) -> Operands<'a, T::Unsigned>
    where
        T: Signed,
    {
        Operands { a: self.a.unsigned(), b: self.b.unsigned(), c: self.c.unsigned() }
    }

    /// Rows of a, columns of a, columns of b.
    #[inline]
    pub fn sizes(&self) -> (usize, usize, usize) {
        let (a, b) = (self.a.layout(), self.b.layout());
        (a.rows, a.cols, b.cols)
    }

    /// Whether the elements of each row follow each other.
    #[inline]
    pub fn are_row_contiguous(&self) -> bool {
        self.a.layout().is_row_contiguous()
            && self.b.layout().is_row_contiguous()
            && self.c.layout().is_row_contiguous()
    }

    /// Whether the elements of each column of c follow each other, and not those of a row.
    #[inline]
    pub fn is_c_col_contiguous(&self) -> bool {
        let c = self.c.layout();
        c.is_col_contiguous() && (c.cols == 1 || !c.is_row_contiguous())
    }

    /// How to compute the product if one operand is a vector and the other one has contiguous rows
    /// or columns.
    pub fn vector(&self) -> Option<OfVector> {
        let (a, b) = (self.a.layout(), self.b.layout());
        let is_left = b.cols != 1;
        let matrix = if is_left { b.transposed() } else { a };
        let is_vector = !is_left || a.rows == 1;
        let by_rows = matrix.is_row_contiguous();
        (is_vector && (by_rows || matrix.is_col_contiguous())).then_some(OfVector { is_left, by_rows })
    }

    /// What an element of b costs, in elements of a, to bring it to where it is multiplied: rows of
    /// b are read as they are, so columns are transposed first.
    pub fn cost_of_b(&self) -> usize {
        if self.a.layout().is_row_contiguous() && !self.b.layout().is_row_contiguous() { 4 } else { 1 }
    }

    /// Hands each part of `split` to one thread.
    #[inline]
    pub fn for_each(
        &mut self,
        split: &Split,
        work: &Work<'_>,
        part: impl Fn(Part<'_, T>) -> Result<()> + Sync,
    ) -> Result<()> {
        let operands = &*self;
        work.for_each(split.parts(), |index| {
            let [matrices, rows, cols] = split.part(index);
            part(Part { operands, matrices, rows, cols })
        })
    }
}

/// A part of a product: of some matrices of the batch, some rows and some columns. While it lives,
/// no other part has a result of it: see [`Operands::for_each`] and [`Part::for_each_block`].
pub struct Part<'p, T> {
    operands: &'p Operands<'p, T>,
    matrices: Range<usize>,
    rows: Range<usize>,
    cols: Range<usize>,
}

/// What a matrix of a batch costs at least, in multiply-adds, and of how many that is added at once.
pub const MATRIX: usize = 256;
const MATRICES: usize = 64;

impl<'p, T: Copy + Send + Sync> Part<'p, T> {
    /// The whole product, not of this part.
    #[inline(always)]
    pub fn operands(&self) -> &'p Operands<'p, T> {
        self.operands
    }

    /// The numbers of its matrices.
    #[inline(always)]
    pub fn matrices(&self) -> Range<usize> {
        self.matrices.clone()
    }

    /// What belongs to it in matrix number `index` of the batches.
    #[inline(always)]
    pub fn matrix(&mut self, index: usize) -> (Matrix<'_, T>, Matrix<'_, T>, MatrixMut<'_, T>) {
        assert!(self.matrices.start <= index && index < self.matrices.end);
        let (a, b) = (self.operands.a.matrix(index), self.operands.b.matrix(index));
        let a = a.block(self.rows.clone(), 0..a.cols);
        let b = b.block(0..b.rows, self.cols.clone());
        // SAFETY: the block is of this part, whose results are no other part's; the part is borrowed
        // mutably for as long as the block.
        let c = unsafe { self.operands.c.block(index, self.rows.clone(), self.cols.clone()) };
        (a, b, c)
    }

    /// As [`Part::matrix`], in a loop over all of them that asks in time whether to stop.
    #[inline(always)]
    pub fn matrix_in_loop(
        &mut self,
        index: usize,
        pacer: &mut Pacer<'_>,
    ) -> Result<(Matrix<'_, T>, Matrix<'_, T>, MatrixMut<'_, T>)> {
        if index % MATRICES == 0 {
            pacer.spend(MATRIX * MATRICES)?;
        }
        Ok(self.matrix(index))
    }

    /// All elements of its matrices, if they are whole matrices, and rows and matrices follow each
    /// other.
    pub fn contiguous(&mut self) -> Option<(&[T], &[T], &mut [T])> {
        let (m, _, n) = self.operands.sizes();
        let is_whole = self.rows == (0..m) && self.cols == (0..n);
        if !is_whole || self.matrices.is_empty() {
            return None;
        }
        let a = self.operands.a.contiguous(&self.matrices)?;
        let b = self.operands.b.contiguous(&self.matrices)?;
        // SAFETY: as in `Part::matrix`.
        let c = unsafe { self.operands.c.contiguous(&self.matrices) }?;
        Some((a, b, c))
    }

    /// Calls `block` with the part in blocks of one matrix, at most `rows` by `cols` in size.
    pub fn for_each_block(
        &mut self,
        rows: usize,
        cols: usize,
        mut block: impl FnMut(Part<'_, T>) -> Result<()>,
    ) -> Result<()> {
        for index in self.matrices() {
            for row in self.rows.clone().step_by(rows) {
                for col in self.cols.clone().step_by(cols) {
                    // Within this part, which is borrowed mutably meanwhile.
                    block(Part {
                        operands: self.operands,
                        matrices: index..index + 1,
                        rows: row..self.rows.end.min(row + rows),
                        cols: col..self.cols.end.min(col + cols),
                    })?;
                }
            }
        }
        Ok(())
    }
}
