//! Products of small matrices: no packing, a tile of results in registers.
//!
//! Below some tens of rows and columns, packing and choosing tiles costs more than the
//! multiplication. Here the rows of b are read where they are, up to 32 elements at a time, and
//! some rows of results are summed at once. The sums are those of `gemm`, bit for bit.

use crate::error::Result;
use crate::parallel::Work;

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
                2 => square::<T, FUSED, 2, 2, 2>(a, b, c),
                3 => square::<T, FUSED, 3, 3, 3>(a, b, c),
                _ => square::<T, FUSED, 4, 4, 4>(a, b, c),
            }
            return true;
        }
    }
    tiles::<T, FUSED, HIGH, WIDE>(a, b, c);
    true
}

/// The product in tiles of up to `HIGH` by `WIDE`. The last one ends where the matrix does: what it has
/// in common with the one before is computed twice, and is the same.
#[inline(always)]
fn tiles<T: Number, const FUSED: bool, const HIGH: usize, const WIDE: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
) {
    let m = a.rows;
    let mut row = 0;
    while row < m {
        match m - row {
            left if HIGH >= 8 && left >= 8 => row += strips::<T, FUSED, 8, WIDE>(a, b, c, row),
            left if HIGH >= 4 && left >= 4 => row += strips::<T, FUSED, 4, WIDE>(a, b, c, row),
            2.. if HIGH >= 4 && m >= 4 => row = m - 4 + strips::<T, FUSED, 4, WIDE>(a, b, c, m - 4),
            _ => row += strips::<T, FUSED, 1, WIDE>(a, b, c, row),
        }
    }
}

/// Products between two questions whether to stop.
const CHECK: usize = 64;

/// Multiplies matrices of `n` rows and columns that follow each other. Tiles of sums are up to
/// `HIGH` by `WIDE`.
#[inline(always)]
pub fn stack<T: Number, const FUSED: bool, const HIGH: usize, const WIDE: usize>(
    n: usize,
    a: &[T],
    b: &[T],
    c: &mut [T],
    work: &Work<'_>,
) -> Result<()> {
    // No iterators here and below: a call of theirs that is not inlined has none of the instructions
    // that this is compiled for, and costs more than a small product.
    let (len, mut start) = ((CHECK * n * n).max(1), 0);
    while start < c.len() {
        let some = start..c.len().min(start + len);
        let (a, b, c) = (&a[some.clone()], &b[some.clone()], &mut c[some]);
        match n {
            2 => squares::<T, FUSED, 2, 2, 2>(a, b, c),
            3 => squares::<T, FUSED, 3, 3, 3>(a, b, c),
            4 => squares::<T, FUSED, 4, 4, 4>(a, b, c),
            8 if HIGH >= 8 => squares::<T, FUSED, 8, 8, 8>(a, b, c),
            8 if WIDE >= 8 => squares::<T, FUSED, 8, 4, 8>(a, b, c),
            _ => {
                let len = (n * n).max(1);
                for from in (0..c.len()).step_by(len) {
                    let (a, b) = (
                        Matrix::from_slice(&a[from..][..len], n, n),
                        Matrix::from_slice(&b[from..][..len], n, n),
                    );
                    tiles::<T, FUSED, HIGH, WIDE>(
                        a,
                        b,
                        &mut MatrixMut::from_slice(&mut c[from..][..len], n, n),
                    );
                }
            }
        }
        start += len;
        work.check()?;
    }
    Ok(())
}

/// Matrices of `N` rows and columns, one after the other.
#[inline(always)]
fn squares<T: Number, const FUSED: bool, const N: usize, const HEIGHT: usize, const WIDTH: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
) {
    for from in (0..c.len()).step_by(N * N) {
        // The compiler would take eight matrices at a time and gather their elements one by one.
        let from = std::hint::black_box(from);
        square::<T, FUSED, N, HEIGHT, WIDTH>(&a[from..], &b[from..], &mut c[from..]);
    }
}

/// Matrices of `N` rows and columns, in tiles of `HEIGHT` by `WIDTH`.
#[inline(always)]
fn square<T: Number, const FUSED: bool, const N: usize, const HEIGHT: usize, const WIDTH: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
) {
    let (a, b, c) = (&a[..N * N], &b[..N * N], &mut c[..N * N]);
    for row in (0..N).step_by(HEIGHT) {
        for col in (0..N).step_by(WIDTH) {
            let mut sums = [[T::Value::default(); WIDTH]; HEIGHT];
            for place in 0..N {
                let right = values::<T, WIDTH>(&b[place * N + col..]);
                for i in 0..HEIGHT {
                    let left = a[(row + i) * N + place].value();
                    for lane in 0..WIDTH {
                        sums[i][lane] = sums[i][lane].multiply_add::<FUSED>(left, right[lane]);
                    }
                }
            }
            for i in 0..HEIGHT {
                let c = &mut c[(row + i) * N + col..][..WIDTH];
                for lane in 0..WIDTH {
                    c[lane] = T::from_value(sums[i][lane]);
                }
            }
        }
    }
}

/// The first elements of a row, together: the compiler sees that they are a vector.
#[inline(always)]
fn values<T: Number, const WIDTH: usize>(row: &[T]) -> [T::Value; WIDTH] {
    let row: &[T; WIDTH] = row[..WIDTH].try_into().expect("a slice of this length");
    let mut values = [T::Value::default(); WIDTH];
    for lane in 0..WIDTH {
        values[lane] = row[lane].value();
    }
    values
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
            _ if n >= 4 => col = n - 4 + tile::<T, FUSED, HEIGHT, 4>(a, b, c, row, n - 4),
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
        let right = values::<T, WIDTH>(b.row(place, col..col + WIDTH));
        for i in 0..HEIGHT {
            let left = left[i][place].value();
            for lane in 0..WIDTH {
                sums[i][lane] = sums[i][lane].multiply_add::<FUSED>(left, right[lane]);
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
