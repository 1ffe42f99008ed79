//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there.
//!
//! - [`by_rows`]: where rows are in one piece, a dot product for each row. The sums are kept in as
//!   many lanes as two of the largest registers have, on every level, for two rows at a time.
//! - [`by_cols`]: where columns are in one piece, the sum of the columns times an element of the
//!   vector each. Some columns are added at a time, so that sums are loaded and stored less often;
//!   each is added in order, so their number does not show in the result.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use crate::alloc::try_reserve;
use crate::error::Result;
use crate::parallel::Work;

/// Rows that are multiplied side by side.
const ROWS: usize = 2;

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
    let mut row = 0;
    while row < a.rows {
        let count = if a.rows - row >= ROWS {
            let rows = [a.row(row, 0..k), a.row(row + 1, 0..k)];
            let products = dots::<T, FUSED, LANES, ROWS>(rows, vector);
            for (index, product) in products.into_iter().enumerate() {
                *c.at(row + index, 0) = product;
            }
            ROWS
        } else {
            [*c.at(row, 0)] = dots::<T, FUSED, LANES, 1>([a.row(row, 0..k)], vector);
            1
        };
        row += count;
        read += count * k;
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
    let factors: [T; COUNT] = vector[col..][..COUNT].try_into().expect("a slice of this length");
    let len = sums.len();
    let mut cols = [a.col(col, rows.clone()); COUNT];
    for lane in 0..COUNT {
        cols[lane] = &a.col(col + lane, rows.clone())[..len];
    }
    let whole = len / LANES * LANES;
    for from in (0..whole).step_by(LANES) {
        let sums: &mut [T; LANES] = (&mut sums[from..][..LANES]).try_into().expect("a slice of this length");
        let mut total = *sums;
        for lane in 0..COUNT {
            let col = &cols[lane][from..][..LANES];
            for place in 0..LANES {
                total[place] = total[place].multiply_add::<FUSED>(col[place], factors[lane]);
            }
        }
        *sums = total;
    }
    for place in whole..len {
        for lane in 0..COUNT {
            sums[place] = sums[place].multiply_add::<FUSED>(cols[lane][place], factors[lane]);
        }
    }
}

/// The dot products of some rows with a vector: side by side, so that one need not wait for the
/// other. What comes out does not depend on their number.
#[inline(always)]
fn dots<T: Value, const FUSED: bool, const LANES: usize, const ROWS: usize>(
    rows: [&[T]; ROWS],
    vector: &[T],
) -> [T; ROWS] {
    let len = vector.len();
    let whole = len / LANES * LANES;
    let sums = whole_lanes::<T, FUSED, LANES, ROWS>(rows, &vector[..whole]);
    let mut products = [T::default(); ROWS];
    for row in 0..ROWS {
        // What is left over has a sum of its own: to add it to lanes that are not known when this
        // is compiled would move all of them to memory.
        for (&x, &y) in rows[row][whole..len].iter().zip(&vector[whole..]) {
            products[row] = products[row].multiply_add::<FUSED>(x, y);
        }
        products[row] = lanes_sum(&sums[row]).plus(products[row]);
    }
    products
}

/// The sums of each row by lanes; the vector is a multiple of the lanes long.
#[inline(always)]
fn whole_lanes<T: Value, const FUSED: bool, const LANES: usize, const ROWS: usize>(
    rows: [&[T]; ROWS],
    vector: &[T],
) -> [[T; LANES]; ROWS] {
    let mut sums = [[T::default(); LANES]; ROWS];
    for (block, vector) in vector.chunks_exact(LANES).enumerate() {
        let vector: &[T; LANES] = vector.try_into().expect("a chunk of this length");
        for row in 0..ROWS {
            let elements: &[T; LANES] =
                rows[row][block * LANES..][..LANES].try_into().expect("a slice of this length");
            for lane in 0..LANES {
                sums[row][lane] = sums[row][lane].multiply_add::<FUSED>(elements[lane], vector[lane]);
            }
        }
    }
    sums
}

/// The lanes as one: in eight, and these in pairs.
///
/// Not inlined: the compiler would see one large expression, and make scalars of the lanes.
#[inline(never)]
fn lanes_sum<T: Value, const LANES: usize>(sums: &[T; LANES]) -> T {
    let mut eight = [T::default(); 8];
    for part in sums.chunks_exact(8) {
        for lane in 0..8 {
            eight[lane] = eight[lane].plus(part[lane]);
        }
    }
    let [a, b, c, d, e, f, g, h] = eight;
    let (left, right) = (a.plus(e).plus(c.plus(g)), b.plus(f).plus(d.plus(h)));
    left.plus(right)
}
