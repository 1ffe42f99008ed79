//! Copies of matrices with contiguous columns as matrices with contiguous rows.
//!
//! A few columns are read at a time, and written as a strip of rows: squares of elements that fit
//! registers, which are transposed by shuffles.

use super::matrix::Matrix;
use crate::dtype::Element;
use crate::simd::{self, Kernel, Level, Simd};

/// Rows that are written at a time: enough that a column is read as a stream, and so few that the
/// lines that are written stay in the first-level cache until they are full.
const ROWS: usize = 128;

/// Copies `matrix` to rows that are `stride` elements apart, by squares of `SIDE` rows.
pub fn copy_rows<T: Element, const SIDE: usize>(
    level: Level,
    matrix: Matrix<'_, T>,
    copy: &mut [T],
    stride: usize,
) {
    simd::run_up_to_avx2(level, CopyRows::<T, SIDE> { matrix, copy, stride });
}

struct CopyRows<'a, T, const SIDE: usize> {
    matrix: Matrix<'a, T>,
    copy: &'a mut [T],
    stride: usize,
}

impl<T: Element, const SIDE: usize> Kernel for CopyRows<'_, T, SIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let CopyRows { matrix, copy, stride } = self;
        let (rows, cols) = (matrix.rows, matrix.cols);
        let (whole_rows, whole_cols) =
            if matrix.is_col_contiguous() { (rows / SIDE * SIDE, cols / SIDE * SIDE) } else { (0, 0) };
        for row in (0..whole_rows).step_by(ROWS) {
            let height = ROWS.min(whole_rows - row);
            let copy = &mut copy[row * stride..][..height * stride];
            for col in (0..whole_cols).step_by(SIDE) {
                let mut cols = [matrix.col(col, row..row + height); SIDE];
                for lane in 1..SIDE {
                    cols[lane] = matrix.col(col + lane, row..row + height);
                }
                squares::<S, T, SIDE>(simd, cols, &mut copy[col..], stride);
            }
        }
        for i in 0..rows {
            let done = if i < whole_rows { whole_cols } else { 0 };
            for j in done..cols {
                copy[i * stride + j] = matrix.get(i, j);
            }
        }
    }
}

/// Writes columns of the same length as rows that are `stride` elements apart.
#[inline(always)]
fn squares<S: Simd, T: Element, const SIDE: usize>(
    simd: S,
    cols: [&[T]; SIDE],
    copy: &mut [T],
    stride: usize,
) {
    let height = cols[0].len();
    let mut start = 0;
    for row in (0..height).step_by(SIDE) {
        let mut square = [[cols[0][row]; SIDE]; SIDE];
        for lane in 0..SIDE {
            // Arrays, of a known length: `copy_from_slice` would be a call.
            square[lane] = cols[lane][row..][..SIDE].try_into().expect("a slice of this length");
        }
        let square = simd.transpose(square);
        for lane in 0..SIDE {
            let row: &mut [T; SIDE] =
                (&mut copy[start..][..SIDE]).try_into().expect("a slice of this length");
            *row = square[lane];
            // Below the length of `copy`, or the next slice is refused.
            start = start.wrapping_add(stride);
        }
    }
}
