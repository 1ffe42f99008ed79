//! Products of small matrices: no packing, a row of results in registers.
//!
//! Below some tens of rows and columns, packing and choosing tiles costs more than the
//! multiplication. Here the rows of b are read where they are, 4, 8 or 16 elements at a time,
//! and a row of results is written at once. The sums are those of `gemm`, bit for bit.

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};

/// The largest sizes for which it pays.
pub const LARGEST: usize = 32;

/// Rows of a tile of sums.
const ROWS: usize = 4;

/// Does the product if it is small and rows are in one piece; says whether it did.
#[inline(always)]
pub fn multiply<T: Number, const FUSED: bool>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
) -> bool {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let plain = a.has_plain_rows() && b.has_plain_rows() && c.has_plain_rows();
    if !plain || m.max(k).max(n) > LARGEST {
        return false;
    }
    let mut row = 0;
    while row + ROWS <= m {
        strips::<T, FUSED, ROWS>(a, b, c, row);
        row += ROWS;
    }
    while row < m {
        strips::<T, FUSED, 1>(a, b, c, row);
        row += 1;
    }
    true
}

/// `HEIGHT` rows from `row`.
#[inline(always)]
fn strips<T: Number, const FUSED: bool, const HEIGHT: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    row: usize,
) {
    let n = b.cols;
    let mut col = 0;
    while col < n {
        match n - col {
            16.. => col += tile::<T, FUSED, HEIGHT, 16>(a, b, c, row, col),
            8.. => col += tile::<T, FUSED, HEIGHT, 8>(a, b, c, row, col),
            4.. => col += tile::<T, FUSED, HEIGHT, 4>(a, b, c, row, col),
            _ => col += tile::<T, FUSED, HEIGHT, 1>(a, b, c, row, col),
        }
    }
}

/// `HEIGHT` rows and `WIDTH` columns; returns `WIDTH`.
#[inline(always)]
fn tile<T: Number, const FUSED: bool, const HEIGHT: usize, const WIDTH: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    row: usize,
    col: usize,
) -> usize {
    let k = a.cols;
    let mut left = [a.row(row, 0..k); HEIGHT];
    for i in 1..HEIGHT {
        left[i] = &a.row(row + i, 0..k)[..k];
    }
    let mut sums = [[T::Value::default(); WIDTH]; HEIGHT];
    for place in 0..k {
        let right = &b.row(place, col..col + WIDTH)[..WIDTH];
        for i in 0..HEIGHT {
            let left = left[i][place].value();
            for lane in 0..WIDTH {
                sums[i][lane] = sums[i][lane].multiply_add::<FUSED>(left, right[lane].value());
            }
        }
    }
    for i in 0..HEIGHT {
        let row = &mut c.row(row + i, col..col + WIDTH)[..WIDTH];
        for lane in 0..WIDTH {
            row[lane] = T::from_value(sums[i][lane]);
        }
    }
    WIDTH
}
