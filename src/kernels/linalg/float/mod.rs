//! Products of floats and of complex numbers.
//!
//! The loops are those of K. Goto and R. van de Geijn, as in `gemm`:
//!
//! ```text
//! for each block of columns of c
//!     for each block along k
//!         pack the block of b: it stays in the caches
//!         for each panel of rows of a
//!             pack it: it stays in the first-level cache
//!             for each panel of the block of b
//!                 micro-kernel: a tile of c, summed along k in registers
//! ```
//!
//! The micro-kernel reads a at any strides, so a panel of a is copied as it lies, by rows or by columns:
//! a transposed operand costs no more. An operand that is used a few times only is read where it is.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | the loops |
//! | `pack` | the copies |
//! | `microkernel` | a tile |
//!
//! Each result is summed along k in order, in blocks whose depth depends on k and the type only. So it has
//! the same bits whatever part of the matrix a thread computes, in every layout, and on every level that
//! has a fused multiply-add.

pub mod microkernel;
mod pack;

use std::ops::RangeInclusive;

use super::element::{self, Float, Workspace};
use super::matrix::{Matrix, MatrixMut};
use super::partition::{Operands, Part, Split};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::memory::{CACHE_LINE, prefetch_later};
use crate::simd::{self, FloatDot, Kernel, Level, Simd};
use microkernel::{cols, tile};
use pack::{len_of_a, pack_a, pack_b};

/// The most bytes along k of a row of parts in a panel.
const DEPTH_BYTES: usize = 2048;

/// The most bytes of a packed block of b: as many as a thread's share of the last cache, within these bounds. Below
/// them rows of a are packed too often, above them nothing is gained.
const BLOCK_BYTES: RangeInclusive<usize> = 1 << 20..=4 << 20;

/// The most columns of c for which rows of a are read where they are.
const COLS_IN_PLACE: usize = 256;

/// The most panels of rows of c for which rows of b are read where they are: those of a small b, and others.
const PANELS_IN_PLACE: [usize; 2] = [11, 2];

/// The most bytes of a small b: half of a second-level cache.
const SMALL_BYTES: usize = 256 << 10;

/// c = a b, for any sizes.
pub fn multiply<F: Float>(
    level: Level,
    operands: &mut Operands<'_, F>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    let share = simd::cache_share().unwrap_or(0);
    let block_bytes = share.clamp(*BLOCK_BYTES.start(), *BLOCK_BYTES.end());
    multiply_by_blocks(level, operands, split, work, block_bytes)
}

/// The same with blocks of b of at most so many bytes; results do not depend on it.
fn multiply_by_blocks<F: Float>(
    level: Level,
    operands: &mut Operands<'_, F>,
    split: &Split,
    work: &Work<'_>,
    block_bytes: usize,
) -> Result<()> {
    operands.for_each(split, work, |part| simd::run_at(level, Blocked { part, work, block_bytes }))
}

struct Blocked<'p, 'w, F> {
    part: Part<'p, F>,
    work: &'w Work<'w>,
    block_bytes: usize,
}

impl<F: Float> Kernel for Blocked<'_, '_, F> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let dot = <F::Part as element::Part>::Lanes::<S>::from(simd);
        // As many rows as have room for their sums in the registers, two for each. What is not chosen is
        // not compiled.
        if S::REGISTERS >= 32 {
            self.multiply::<_, 12, 8, 4>(dot)
        } else if S::FUSES {
            self.multiply::<_, 6, 4, 4>(dot)
        } else {
            self.multiply::<_, 4, 2, 2>(dot)
        }
    }
}

impl<F: Float> Blocked<'_, '_, F> {
    #[inline(always)]
    fn multiply<D, const HIGH: usize, const MIDDLE: usize, const LOW: usize>(mut self, dot: D) -> Result<()>
    where
        D: FloatDot<F::Part>,
    {
        // Of the whole product, not of a part, so that all parts are computed the same way.
        let exchange = self.part.operands().is_c_col_contiguous();
        let mut pacer = Pacer::new(self.work);
        let mut workspace = F::workspace().take();
        for index in self.part.matrices() {
            let (a, b, c) = self.part.matrix_in_loop(index, &mut pacer)?;
            let (a, b, c) =
                if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
            multiply_matrix::<D, F, HIGH, MIDDLE, LOW>(
                dot,
                [a, b],
                c,
                self.block_bytes,
                &mut workspace,
                &mut pacer,
            )?;
        }
        F::workspace().set(workspace);
        Ok(())
    }
}

/// c = a b, for rows of c that are contiguous, or have to be written one element at a time.
#[inline(always)]
fn multiply_matrix<D, F, const HIGH: usize, const MIDDLE: usize, const LOW: usize>(
    dot: D,
    [a, b]: [Matrix<'_, F>; 2],
    mut c: MatrixMut<'_, F>,
    block_bytes: usize,
    workspace: &mut Workspace<F>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let lanes = const { cols::<D, F, 2>() };
    // Blocks of about the same size: the last one is not a narrow remainder.
    let depth = k.div_ceil(k.div_ceil(DEPTH_BYTES / size_of::<F::Part>()).max(1));
    let most = block_bytes / (depth.max(1) * size_of::<F>());
    let width = n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(lanes);
    let a_is_near = n <= COLS_IN_PLACE && (a.is_row_contiguous() || a.is_col_contiguous());
    let b_is_large = k.saturating_mul(n) > SMALL_BYTES / size_of::<F>();
    let b_is_near = m <= PANELS_IN_PLACE[usize::from(b_is_large)] * HIGH / F::PARTS && b.is_row_contiguous();
    workspace.a.grow(len_of_a::<F>(HIGH / F::PARTS, depth))?;
    workspace.b.grow(depth * if b_is_near { lanes } else { width })?;
    for col in (0..n).step_by(width) {
        let cols = width.min(n - col);
        // One pass even where k is zero: it writes zeros.
        for from in (0..k.max(1)).step_by(depth.max(1)) {
            let depth = depth.min(k - from);
            let b = b.block(from..from + depth, col..col + cols);
            let in_place = if b_is_near { cols / lanes } else { 0 };
            pack_b(D::LEVEL, b.block(0..depth, in_place * lanes..cols), &mut workspace.b, lanes);
            let b = Right { b, packed: &workspace.b, in_place };
            pacer.spend(depth * cols)?;
            let mut row = 0;
            while row < m {
                let left = (m - row) * F::PARTS;
                let c = c.block(row..m, col..col + cols);
                let a = a.block(row..m, from..from + depth);
                let memory = &mut *workspace.a;
                let rows = if left > MIDDLE && (MIDDLE > LOW || left <= HIGH || left > 2 * LOW) {
                    panel::<D, F, HIGH>(dot, a, a_is_near, b, c, memory, from > 0)
                } else if MIDDLE > LOW && left > LOW {
                    panel::<D, F, MIDDLE>(dot, a, a_is_near, b, c, memory, from > 0)
                } else {
                    panel::<D, F, LOW>(dot, a, a_is_near, b, c, memory, from > 0)
                };
                row += rows;
                pacer.spend(rows * depth.max(1) * cols)?;
            }
        }
    }
    Ok(())
}

/// A block of b: the first panels where they are, the others packed.
#[derive(Clone, Copy)]
struct Right<'b, F> {
    b: Matrix<'b, F>,
    packed: &'b [F],
    in_place: usize,
}

/// The rows of c that belong to one panel of a; returns how many they are.
#[inline(always)]
fn panel<D, F, const ROWS: usize>(
    dot: D,
    a: Matrix<'_, F>,
    is_near: bool,
    right: Right<'_, F>,
    mut c: MatrixMut<'_, F>,
    memory: &mut [F],
    accumulate: bool,
) -> usize
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let height = ROWS / F::PARTS;
    let rows = height.min(a.rows);
    let depth = a.cols;
    let next = a.block(rows..a.rows.min(rows + height), 0..depth);
    let ahead = depth
        .div_ceil(c.cols().div_ceil(const { cols::<D, F, 2>() }))
        .next_multiple_of(CACHE_LINE / size_of::<F>());
    let a = a.block(0..rows, 0..depth);
    let a = if is_near && rows == height { a } else { pack_a(a, memory, height) };
    let (lanes, narrow) = const { (cols::<D, F, 2>(), cols::<D, F, 1>()) };
    for (panel, col) in (0..c.cols()).step_by(lanes).enumerate() {
        // The caches are asked for the next panel meanwhile.
        let from = (panel * ahead).min(depth);
        prefetch_panel(next.block(0..next.rows, from..depth.min(from + ahead)));
        let cols = lanes.min(c.cols() - col);
        let c = c.block(0..rows, col..col + cols);
        let b = if panel < right.in_place {
            right.b.block(0..depth, col..col + lanes)
        } else {
            let packed = &right.packed[(panel - right.in_place) * depth * lanes..][..depth * lanes];
            Matrix::with_stride(packed, depth, lanes, lanes)
        };
        if cols > narrow {
            tile::<D, F, ROWS, 2>(dot, a, b, c, accumulate);
        } else {
            tile::<D, F, ROWS, 1>(dot, a, b.block(0..depth, 0..narrow), c, accumulate);
        }
    }
    rows
}

/// Asks for some columns of a panel of a that is to be read later.
#[inline(always)]
fn prefetch_panel<F: Float>(a: Matrix<'_, F>) {
    if a.is_row_contiguous() {
        for row in 0..a.rows {
            prefetch_later(a.row(row, 0..a.cols));
        }
    } else if a.is_col_contiguous() {
        for col in 0..a.cols {
            prefetch_later(a.col(col, 0..a.rows));
        }
    }
}

#[cfg(test)]
mod tests;
