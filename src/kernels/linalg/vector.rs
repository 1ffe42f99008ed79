//! The product of a matrix and a vector: a dot product for each row.
//!
//! Memory is the limit, so each row is read once, from its start to its end. The sums are kept in
//! as many lanes as four of the largest registers have, on every level.

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use crate::alloc::try_vec;
use crate::error::Result;
use crate::parallel::Work;

/// Elements read between two questions whether to stop.
const CHECK: usize = 1 << 20;

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
    let mut read = 0;
    for i in 0..a.rows {
        *c.at(i, 0) = dot::<T, FUSED, LANES>(a.row(i, 0..k), vector);
        read += k;
        if read >= CHECK {
            read = 0;
            work.check()?;
        }
    }
    Ok(())
}

#[inline(always)]
fn dot<T: Value, const FUSED: bool, const LANES: usize>(x: &[T], y: &[T]) -> T {
    let mut sums = [T::default(); LANES];
    let whole = x.len() / LANES;
    for block in 0..whole {
        let (x, y) = (&x[block * LANES..][..LANES], &y[block * LANES..][..LANES]);
        for lane in 0..LANES {
            sums[lane] = sums[lane].multiply_add::<FUSED>(x[lane], y[lane]);
        }
    }
    let (x, y) = (&x[whole * LANES..], &y[whole * LANES..]);
    for lane in 0..x.len() {
        sums[lane] = sums[lane].multiply_add::<FUSED>(x[lane], y[lane]);
    }
    // By halves, so that the additions are vectors too.
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] = sums[lane].plus(sums[lane + half]);
        }
        half /= 2;
    }
    sums[0]
}
