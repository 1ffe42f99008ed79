//! Where the rows of the matrix are contiguous.

use super::super::element::{Float, Workspace};
use super::super::matrix::{Matrix, MatrixMut};
use super::dots::dots;
use crate::error::Result;
use crate::parallel::Pacer;
use crate::simd::FloatDot;

/// Elements of a row between two questions whether to stop.
const PIECE: usize = 1 << 18;

/// The same of few complex rows: the copies of what they are multiplied with stay in the innermost cache.
const COPIED: usize = 1 << 9;

/// c = a b, where b has one column and the rows of a are contiguous: `SUMS` dot products of parts at a time, each in
/// `WIDTH` registers, which are a line.
#[inline(always)]
pub fn by_rows<D, F, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    mut c: MatrixMut<'_, F>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let mut workspace = F::workspace().take();
    // A long row is read in pieces, to ask in between whether to stop.
    let piece = if F::PARTS > 1 && a.rows * F::PARTS < SUMS { COPIED } else { PIECE };
    for from in (0..a.cols.max(1)).step_by(piece) {
        let k = piece.min(a.cols - from);
        let vectors = factors(b.block(from..from + k, 0..1), &mut workspace, pacer)?;
        let mut row = 0;
        while row < a.rows {
            let a = a.block(row..a.rows, from..from + k);
            let c = c.block(row..row + a.rows, 0..1);
            let rows = if a.rows * F::PARTS >= SUMS {
                first::<D, F, SUMS, WIDTH>(dot, a, vectors, c, from > 0)
            } else if F::PARTS == 1 {
                first::<D, F, 1, WIDTH>(dot, a, vectors, c, from > 0)
            } else {
                first::<D, F, 2, WIDTH>(dot, a, vectors, c, from > 0)
            };
            row += rows;
            pacer.spend(rows * k.max(1))?;
        }
    }
    F::workspace().set(workspace);
    Ok(())
}

/// What rows of parts are multiplied with, for each part of their products; of floats both are the column itself.
#[inline(always)]
fn factors<'v, F: Float>(
    b: Matrix<'v, F>,
    workspace: &'v mut Workspace<F>,
    pacer: &mut Pacer<'_>,
) -> Result<[&'v [F::Part]; 2]> {
    if F::PARTS == 1 && b.is_col_contiguous() {
        return Ok([F::parts(b.col(0, 0..b.rows)); 2]);
    }
    let copies = [&mut workspace.a, &mut workspace.b];
    for (part, copy) in copies.into_iter().enumerate().take(F::PARTS) {
        copy.grow(b.rows)?;
        let copy = &mut copy[..b.rows];
        let factor = |x: F| F::from_parts(&x.factors(part)[..F::PARTS]);
        if b.is_col_contiguous() {
            for (copy, &x) in copy.iter_mut().zip(b.col(0, 0..b.rows)) {
                *copy = factor(x);
            }
        } else {
            for (row, copy) in copy.iter_mut().enumerate() {
                *copy = factor(b.get(row, 0));
            }
        }
        pacer.spend(b.rows)?;
    }
    let re = F::parts(&workspace.a[..b.rows]);
    Ok([re, if F::PARTS == 1 { re } else { F::parts(&workspace.b[..b.rows]) }])
}

/// Writes or adds the products of the first rows of a, as many as have `SUMS` parts; returns how many they are.
#[inline(always)]
fn first<D, F, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    a: Matrix<'_, F>,
    vectors: [&[F::Part]; 2],
    mut c: MatrixMut<'_, F>,
    accumulate: bool,
) -> usize
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let rows = SUMS / F::PARTS;
    let products = dots::<D, F, SUMS, WIDTH>(dot, a.block(0..rows, 0..a.cols), vectors);
    for row in 0..rows {
        let product = F::from_parts(&products[row * F::PARTS..][..F::PARTS]);
        let c = c.at(row, 0);
        *c = if accumulate { (*c).plus(product) } else { product };
    }
    rows
}
