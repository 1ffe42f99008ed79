//! Copies of matrices whose columns are in one piece, with rows in one piece.
//!
//! A few columns are read at a time, and written as a strip of rows: squares of elements that fit
//! registers, which are transposed by shuffles.

use super::matrix::Matrix;
use crate::simd::{Kernel, Simd};

/// How a square of elements is transposed in registers.
pub trait Flip<T, const SIDE: usize> {
    /// Rows become columns.
    fn flip(square: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE];
}

/// One element after the other, for every CPU.
pub struct PortableFlip;

impl<T: Copy, const SIDE: usize> Flip<T, SIDE> for PortableFlip {
    #[inline(always)]
    fn flip(square: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE] {
        let mut flipped = square;
        for i in 0..SIDE {
            for j in 0..SIDE {
                flipped[j][i] = square[i][j];
            }
        }
        flipped
    }
}

/// Bytes in a line of the caches.
pub const LINE: usize = 64;

/// Rows that are written at a time: enough that a column is read as a stream, and so few that the
/// lines that are written stay in the first-level cache until they are full.
const ROWS: usize = 128;

/// The steps between rows of a copy with `cols` columns: whole cache lines, but not a number of
/// them with which rows meet in the same sets of the first-level cache.
pub fn step<T>(cols: usize) -> usize {
    let line = LINE / size_of::<T>();
    let lines = cols.div_ceil(line);
    (lines + usize::from(lines % 8 == 0)) * line
}

/// The copy of `matrix` into `copy`, with rows `step` elements apart.
pub struct Transpose<'a, T, F, const SIDE: usize> {
    pub matrix: Matrix<'a, T>,
    pub copy: &'a mut [T],
    pub step: usize,
    pub flip: std::marker::PhantomData<F>,
}

impl<T: Copy, F: Flip<T, SIDE>, const SIDE: usize> Kernel for Transpose<'_, T, F, SIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let Transpose { matrix, copy, step, .. } = self;
        let (rows, cols) = (matrix.rows, matrix.cols);
        let (whole_rows, whole_cols) =
            if matrix.has_plain_cols() { (rows / SIDE * SIDE, cols / SIDE * SIDE) } else { (0, 0) };
        for row in (0..whole_rows).step_by(ROWS) {
            let height = ROWS.min(whole_rows - row);
            let copy = &mut copy[row * step..][..height * step];
            for col in (0..whole_cols).step_by(SIDE) {
                let mut cols = [matrix.col(col, row..row + height); SIDE];
                for lane in 1..SIDE {
                    cols[lane] = matrix.col(col + lane, row..row + height);
                }
                squares::<T, F, SIDE>(cols, &mut copy[col..], step);
            }
        }
        for i in 0..rows {
            let done = if i < whole_rows { whole_cols } else { 0 };
            for j in done..cols {
                copy[i * step + j] = matrix.get(i, j);
            }
        }
    }
}

/// Writes columns of the same length as rows that are `step` elements apart.
#[inline(always)]
fn squares<T: Copy, F: Flip<T, SIDE>, const SIDE: usize>(cols: [&[T]; SIDE], copy: &mut [T], step: usize) {
    let height = cols[0].len();
    let mut start = 0;
    for row in (0..height).step_by(SIDE) {
        let mut square = [[cols[0][row]; SIDE]; SIDE];
        for lane in 0..SIDE {
            // Arrays, of a known length: `copy_from_slice` would be a call.
            square[lane] = cols[lane][row..][..SIDE].try_into().expect("a slice of this length");
        }
        let square = F::flip(square);
        for lane in 0..SIDE {
            let row: &mut [T; SIDE] =
                (&mut copy[start..][..SIDE]).try_into().expect("a slice of this length");
            *row = square[lane];
            // Below the length of `copy`, or the next slice is refused.
            start = start.wrapping_add(step);
        }
    }
}
