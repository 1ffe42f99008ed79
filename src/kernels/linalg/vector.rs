//! The product of a matrix and a vector: a dot product for each row.
//!
//! Memory is the limit, so each row is read once, from its start to its end, beside three others.
//! The sums of a row are kept in as many lanes as the largest register has, on every level.

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use crate::alloc::try_vec;
use crate::error::Result;
use crate::parallel::Work;

/// Elements read between two questions whether to stop.
const CHECK: usize = 1 << 20;

/// Rows that are read at a time.
const ROWS: usize = 4;

/// c = a b, where b has one column and the rows of a are in one piece.
#[inline(always)]
pub fn multiply<T: Number<Value = T> + Value, const FUSED: bool, const LANES: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    let k = a.cols;
    let mut copy;
    let vector = if b.has_plain_cols() {
        b.col(0, 0..k)
    } else {
        copy = try_vec(k)?;
        for place in 0..k {
            copy.push(b.get(place, 0));
        }
        &copy
    };
    let mut row = 0;
    let mut read = 0;
    while row < a.rows {
        let step = if a.rows - row >= ROWS {
            dots::<T, FUSED, LANES, ROWS>(a, vector, &mut c, row)
        } else {
            dots::<T, FUSED, LANES, 1>(a, vector, &mut c, row)
        };
        row += step;
        read += step * k;
        if read >= CHECK {
            read = 0;
            work.check()?;
        }
    }
    Ok(())
}

/// The results of `HEIGHT` rows from `row`; returns `HEIGHT`.
#[inline(always)]
fn dots<T: Number<Value = T> + Value, const FUSED: bool, const LANES: usize, const HEIGHT: usize>(
    a: Matrix<'_, T>,
    vector: &[T],
    c: &mut MatrixMut<'_, T>,
    row: usize,
) -> usize {
    let k = vector.len();
    let mut rows = [a.row(row, 0..k); HEIGHT];
    for i in 1..HEIGHT {
        rows[i] = &a.row(row + i, 0..k)[..k];
    }
    let mut sums = [[T::default(); LANES]; HEIGHT];
    let whole = k / LANES;
    for block in 0..whole {
        let from = block * LANES;
        let right = &vector[from..from + LANES];
        for i in 0..HEIGHT {
            let left = &rows[i][from..from + LANES];
            for lane in 0..LANES {
                sums[i][lane] = sums[i][lane].multiply_add::<FUSED>(left[lane], right[lane]);
            }
        }
    }
    for i in 0..HEIGHT {
        let (left, right) = (&rows[i][whole * LANES..], &vector[whole * LANES..]);
        let sums = &mut sums[i];
        for (sum, (&left, &right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum = sum.multiply_add::<FUSED>(left, right);
        }
        // By halves, so that the additions are vectors too.
        let mut half = LANES / 2;
        while half > 0 {
            for lane in 0..half {
                sums[lane] = sums[lane].plus(sums[lane + half]);
            }
            half /= 2;
        }
        *c.at(row + i, 0) = sums[0];
    }
    HEIGHT
}
