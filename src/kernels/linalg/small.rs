//! Products of small matrices: no packing, a tile of results in registers.
//!
//! Below some tens of rows and columns, packing and choosing tiles costs more than the
//! multiplication. Here the rows of b are read where they are, up to 32 elements at a time, and
//! some rows of results are summed at once. The sums are those of `gemm`, bit for bit.

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};

/// Does the product if the sizes are at most `largest` and rows are in one piece; says whether
/// it did. Tiles of sums are up to `HIGH` by `WIDE`.
#[inline(always)]
pub fn multiply<T: Number, const FUSED: bool, const HIGH: usize, const WIDE: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    largest: usize,
) -> bool {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let plain = a.has_plain_rows() && b.has_plain_rows() && c.has_plain_rows();
    if !plain || m.max(k).max(n) > largest {
        return false;
    }
    if m == n && m == k && (2..=4).contains(&m) {
        if let (Some(a), Some(b), Some(c)) = (a.dense(), b.dense(), c.dense()) {
            match m {
                2 => square::<T, FUSED, 2>(a, b, c),
                3 => square::<T, FUSED, 3>(a, b, c),
                _ => square::<T, FUSED, 4>(a, b, c),
            }
            return true;
        }
    }
    let mut row = 0;
    while row < m {
        match m - row {
            left if HIGH >= 8 && left >= 8 => row += strips::<T, FUSED, 8, WIDE>(a, b, c, row),
            left if HIGH >= 4 && left >= 4 => row += strips::<T, FUSED, 4, WIDE>(a, b, c, row),
            _ => row += strips::<T, FUSED, 1, WIDE>(a, b, c, row),
        }
    }
    true
}

/// Matrices of `N` rows and columns, one row after the other.
#[inline(always)]
fn square<T: Number, const FUSED: bool, const N: usize>(a: &[T], b: &[T], c: &mut [T]) {
    let (a, b, c) = (&a[..N * N], &b[..N * N], &mut c[..N * N]);
    for i in 0..N {
        let mut sums = [T::Value::default(); N];
        for place in 0..N {
            for lane in 0..N {
                sums[lane] =
                    sums[lane].multiply_add::<FUSED>(a[i * N + place].value(), b[place * N + lane].value());
            }
        }
        for lane in 0..N {
            c[i * N + lane] = T::from_value(sums[lane]);
        }
    }
}

/// `HEIGHT` rows from `row`; returns `HEIGHT`.
#[inline(always)]
fn strips<T: Number, const FUSED: bool, const HEIGHT: usize, const WIDE: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    row: usize,
) -> usize {
    let n = b.cols;
    let mut col = 0;
    while col < n {
        match n - col {
            left if WIDE >= 32 && left >= 32 => col += tile::<T, FUSED, HEIGHT, 32>(a, b, c, row, col),
            left if WIDE >= 16 && left >= 16 => col += tile::<T, FUSED, HEIGHT, 16>(a, b, c, row, col),
            left if WIDE >= 8 && left >= 8 => col += tile::<T, FUSED, HEIGHT, 8>(a, b, c, row, col),
            4.. => col += tile::<T, FUSED, HEIGHT, 4>(a, b, c, row, col),
            _ => col += tile::<T, FUSED, HEIGHT, 1>(a, b, c, row, col),
        }
    }
    HEIGHT
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
