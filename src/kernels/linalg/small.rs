//! Products of small matrices: no packing, a row of results in registers.
//!
//! Below some tens of rows and columns, packing and choosing tiles costs more than the
//! multiplication. Here the rows of b are read where they are, 4, 8 or 16 elements at a time,
//! and a row of results is written at once. The sums are those of `gemm`, bit for bit.

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};

/// The largest sizes for which it pays.
const LARGEST: usize = 16;

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
    let mut col = 0;
    while col < n {
        match n - col {
            16.. => col += strip::<T, FUSED, 16>(a, b, c, col),
            8.. => col += strip::<T, FUSED, 8>(a, b, c, col),
            4.. => col += strip::<T, FUSED, 4>(a, b, c, col),
            _ => col += strip::<T, FUSED, 1>(a, b, c, col),
        }
    }
    true
}

/// `WIDTH` columns from `col`; returns `WIDTH`.
#[inline(always)]
fn strip<T: Number, const FUSED: bool, const WIDTH: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    col: usize,
) -> usize {
    let k = a.cols;
    let cols = col..col + WIDTH;
    let mut right = [[T::Value::default(); WIDTH]; LARGEST];
    for (place, right) in right.iter_mut().enumerate().take(k) {
        let row = &b.row(place, cols.clone())[..WIDTH];
        for lane in 0..WIDTH {
            right[lane] = row[lane].value();
        }
    }
    for i in 0..a.rows {
        let mut sums = [T::Value::default(); WIDTH];
        for (left, right) in a.row(i, 0..k).iter().zip(&right) {
            let left = left.value();
            for lane in 0..WIDTH {
                sums[lane] = sums[lane].multiply_add::<FUSED>(left, right[lane]);
            }
        }
        let row = &mut c.row(i, cols.clone())[..WIDTH];
        for lane in 0..WIDTH {
            row[lane] = T::from_value(sums[lane]);
        }
    }
    WIDTH
}
