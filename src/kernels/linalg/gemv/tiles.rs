//! Where the columns of the matrix are contiguous, and it is small: the sums stay in registers.
//!
//! These are tiles of the micro-kernel of products, with a single row of c. They read all columns for some rows of the
//! matrix, then for the next ones, which costs little where all is near. Each sum is made in the same order as by
//! `by_cols`: which of them is chosen does not show in the results.

use super::super::element::Float;
use super::super::float::microkernel::{cols, tile};
use super::super::matrix::{Matrix, MatrixMut};
use crate::error::Result;
use crate::parallel::Pacer;
use crate::simd::FloatDot;

/// The most registers of a small matrix: where tiles are wide, as registers are, they read more of a column at once.
const REGISTERS: usize = 6 << 10;

/// Whether tiles pay, and there are as many rows as the narrowest one has.
#[inline(always)]
pub fn are_faster<D, F>(a: Matrix<'_, F>) -> bool
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let lanes = const { cols::<D, F, 1>() };
    a.rows >= lanes && a.rows * a.cols <= lanes * REGISTERS
}

/// c = a b, where b has one column and the columns of a are contiguous.
#[inline(always)]
pub fn by_tiles<D, F>(
    dot: D,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    c: MatrixMut<'_, F>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: FloatDot<F::Part>,
    F: Float,
{
    pacer.spend(a.rows * a.cols)?;
    let lanes = const { cols::<D, F, 1>() };
    // As the micro-kernel sees it: a row times a matrix.
    let (x, a, mut c) = (b.transposed(), a.transposed(), c.transposed());
    let all = a.cols / lanes;
    // Each register of complex numbers is kept for two sums.
    let is_wide = const { F::PARTS == 1 || D::REGISTERS >= 32 };
    let mut col = 0;
    while col < a.cols {
        let left = (a.cols - col).div_ceil(lanes);
        let c = &mut c;
        // A tile with few registers waits for each addition: a wider one, that computes some sums again, is as fast.
        col = if is_wide && left > 7 && all >= 8 {
            tile_at::<D, F, 8>(dot, x, a, c, col)
        } else if is_wide && left > 4 && all >= 6 {
            tile_at::<D, F, 6>(dot, x, a, c, col)
        } else if left > 2 && all >= 4 {
            tile_at::<D, F, 4>(dot, x, a, c, col)
        } else if left > 1 && all >= 2 {
            tile_at::<D, F, 2>(dot, x, a, c, col)
        } else {
            tile_at::<D, F, 1>(dot, x, a, c, col)
        };
    }
    Ok(())
}

/// The columns of c from `col`, or from before that where fewer are left; returns their end.
#[inline(always)]
fn tile_at<D, F, const WIDTH: usize>(
    dot: D,
    x: Matrix<'_, F>,
    a: Matrix<'_, F>,
    c: &mut MatrixMut<'_, F>,
    col: usize,
) -> usize
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let width = const { cols::<D, F, WIDTH>() };
    let from = col.min(a.cols - width);
    let to = from + width;
    let (a, c) = (a.block(0..a.rows, from..to), c.block(0..1, from..to));
    if F::PARTS == 1 {
        tile::<D, F, 1, WIDTH>(dot, x, a, c, false);
    } else {
        tile::<D, F, 2, WIDTH>(dot, x, a, c, false);
    }
    to
}
