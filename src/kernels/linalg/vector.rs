//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there.
//!
//! - [`by_rows`]: where rows are in one piece, a dot product for each row. The sums are kept in as
//!   many lanes as two of the largest registers have, on every level.
//! - [`by_cols`]: where columns are in one piece, the sum of the columns times an element of the
//!   vector each. Some columns are added at a time, so that sums are loaded and stored less often;
//!   each is added in order, so their number does not show in the result.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use crate::alloc::try_reserve;
use crate::error::Result;
use crate::parallel::Work;

/// Elements read between two questions whether to stop.
const CHECK: usize = 1 << 20;

/// c = a b, where b has one column and the rows of a are in one piece.
#[inline(always)]
pub fn by_rows<T, const FUSED: bool, const LANES: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    work: &Work<'_>,
) -> Result<()>
where
    T: Number<Value = T> + Value,
{
    let k = a.cols;
    let mut copy = Vec::new();
    let vector = elements(b, &mut copy)?;
    let mut read = 0;
    for row in 0..a.rows {
        *c.at(row, 0) = dot::<T, FUSED, LANES>(a.row(row, 0..k), vector);
        read += k;
        if read >= CHECK {
            read = 0;
            work.check()?;
        }
    }
    Ok(())
}

/// The elements of a column, in one piece.
#[inline(always)]
fn elements<'v, T: Number>(b: Matrix<'v, T>, copy: &'v mut Vec<T>) -> Result<&'v [T]> {
    if b.has_plain_cols() {
        return Ok(b.col(0, 0..b.rows));
    }
    try_reserve(copy, b.rows)?;
    for place in 0..b.rows {
        copy.push(b.get(place, 0));
    }
    Ok(copy)
}

/// Sums that are kept in the first-level cache.
const SUMS: usize = 1024;

/// Columns that are added at a time.
const COLS: usize = 8;

/// c = a b, where b has one column and the columns of a are in one piece.
#[inline(always)]
pub fn by_cols<T, const FUSED: bool, const LANES: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    work: &Work<'_>,
) -> Result<()>
where
    T: Number<Value = T> + Value,
{
    let (m, k) = (a.rows, a.cols);
    let mut copy = Vec::new();
    let vector = elements(b, &mut copy)?;
    let mut sums = [T::default(); SUMS];
    let mut read = 0;
    for from in (0..m).step_by(SUMS) {
        let rows = from..m.min(from + SUMS);
        let sums = &mut sums[..rows.len()];
        sums.fill(T::default());
        let mut col = 0;
        while col < k {
            if k - col >= COLS {
                add::<T, FUSED, LANES, COLS>(a, col, rows.clone(), vector, sums);
                col += COLS;
            } else {
                add::<T, FUSED, LANES, 1>(a, col, rows.clone(), vector, sums);
                col += 1;
            }
            read += COLS * sums.len();
            if read >= CHECK {
                read = 0;
                work.check()?;
            }
        }
        for (row, &sum) in rows.zip(&*sums) {
            *c.at(row, 0) = sum;
        }
    }
    Ok(())
}

/// Adds `COUNT` columns from `col`, times their elements of `vector`.
#[inline(always)]
fn add<T, const FUSED: bool, const LANES: usize, const COUNT: usize>(
    a: Matrix<'_, T>,
    col: usize,
    rows: Range<usize>,
    vector: &[T],
    sums: &mut [T],
) where
    T: Number<Value = T> + Value,
{
    // In registers: the compiler does not know that sums are not written there.
    let mut factors = [vector[col]; COUNT];
    for lane in 1..COUNT {
        factors[lane] = vector[col + lane];
    }
    let len = sums.len();
    let mut cols = [a.col(col, rows.clone()); COUNT];
    for lane in 0..COUNT {
        cols[lane] = &a.col(col + lane, rows.clone())[..len];
    }
    let whole = len / LANES * LANES;
    for from in (0..whole).step_by(LANES) {
        let sums = &mut sums[from..][..LANES];
        let mut total = [T::default(); LANES];
        for place in 0..LANES {
            total[place] = sums[place];
        }
        for lane in 0..COUNT {
            let col = &cols[lane][from..][..LANES];
            for place in 0..LANES {
                total[place] = total[place].multiply_add::<FUSED>(col[place], factors[lane]);
            }
        }
        for place in 0..LANES {
            sums[place] = total[place];
        }
    }
    for place in whole..len {
        for lane in 0..COUNT {
            sums[place] = sums[place].multiply_add::<FUSED>(cols[lane][place], factors[lane]);
        }
    }
}

/// The dot product.
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
    // What is left over has a sum of its own: to add it to lanes that are not known when this is
    // compiled would move all of them to memory.
    let mut rest = T::default();
    for (&x, &y) in x[whole * LANES..].iter().zip(&y[whole * LANES..]) {
        rest = rest.multiply_add::<FUSED>(x, y);
    }
    // Without this the compiler sees one large expression, and makes scalars of the lanes.
    let sums = std::hint::black_box(sums);
    // In eight lanes, and these in pairs.
    let mut eight = [T::default(); 8];
    for part in sums.chunks_exact(8) {
        for lane in 0..8 {
            eight[lane] = eight[lane].plus(part[lane]);
        }
    }
    let [a, b, c, d, e, f, g, h] = eight;
    let (left, right) = (a.plus(e).plus(c.plus(g)), b.plus(f).plus(d.plus(h)));
    left.plus(right).plus(rest)
}
