//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there.
//!
//! - [`by_rows`]: where rows are in one piece, a dot product for each row. The sums are kept in as
//!   many lanes as hide how long an addition takes, the same on all levels that fuse. The lanes of
//!   some rows are a square that is transposed in registers, and then added up for all of them.
//! - [`by_cols`]: where columns are in one piece, the sum of the columns times an element of the
//!   vector each. Some columns are added at a time, so that sums are loaded and stored less often;
//!   each is added in order, so their number does not show in the result.

use std::ops::Range;

use super::Pace;
use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use super::transpose::Flip;
use crate::alloc::try_reserve;
use crate::error::Result;

/// Elements of a row or of a vector between two questions whether to stop.
const PIECE: usize = 1 << 18;

/// c = a b, where b has one column and the rows of a are in one piece.
#[inline(always)]
pub fn by_rows<T, F, const FUSED: bool, const LANES: usize, const SIDE: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    pace: &mut Pace<'_>,
) -> Result<()>
where
    T: Number<Value = T> + Value,
    F: Flip<T, SIDE>,
{
    // A long row is read in pieces, to ask in between whether to stop.
    for from in (0..a.cols.max(1)).step_by(PIECE) {
        let k = PIECE.min(a.cols - from);
        let mut copy = Vec::new();
        let vector = elements(b.block(from..from + k, 0..1), &mut copy, pace)?;
        // What is left over has sums of its own: in lanes of which the compiler does not know which is
        // meant, it would make scalars of all of them.
        let whole = k / SIDE * SIDE;
        for start in (0..a.rows).step_by(SIDE) {
            let rows = start..a.rows.min(start + SIDE);
            let mut square = [[T::default(); SIDE]; SIDE];
            let mut rests = [T::default(); SIDE];
            for index in 0..rows.len() {
                let row = a.row(start + index, from..from + k);
                square[index] = dot::<T, FUSED, LANES, SIDE>(&row[..whole], &vector[..whole]);
                for place in whole..k {
                    rests[index] = rests[index].multiply_add::<FUSED>(row[place], vector[place]);
                }
            }
            let mut lanes = F::flip(square);
            let mut half = SIDE / 2;
            while half > 0 {
                for lane in 0..half {
                    lanes[lane] = plus(lanes[lane], &lanes[lane + half]);
                }
                half /= 2;
            }
            for index in 0..rows.len() {
                let (c, sum) = (c.at(start + index, 0), lanes[0][index].plus(rests[index]));
                *c = if from > 0 { (*c).plus(sum) } else { sum };
            }
            pace.add(rows.len() * k.max(1))?;
        }
    }
    Ok(())
}

/// The dot product of a row with a vector, as lanes that are still to be added up. Both are a
/// multiple of the lanes long.
#[inline(always)]
fn dot<T: Value, const FUSED: bool, const LANES: usize, const SIDE: usize>(
    row: &[T],
    vector: &[T],
) -> [T; SIDE] {
    let whole = vector.len() / LANES * LANES;
    let wide = products::<T, FUSED, LANES>(&row[..whole], &vector[..whole]);
    let mut lanes = products::<T, FUSED, SIDE>(&row[whole..], &vector[whole..]);
    for from in (0..LANES).step_by(SIDE) {
        lanes = plus(lanes, array(&wide[from..]));
    }
    lanes
}

/// The sums of products by lanes, of a multiple of as many elements.
#[inline(always)]
fn products<T: Value, const FUSED: bool, const LANES: usize>(row: &[T], vector: &[T]) -> [T; LANES] {
    let mut sums = [T::default(); LANES];
    for from in (0..vector.len()).step_by(LANES) {
        let (row, vector) = (array::<T, LANES>(&row[from..]), array::<T, LANES>(&vector[from..]));
        for lane in 0..LANES {
            sums[lane] = sums[lane].multiply_add::<FUSED>(row[lane], vector[lane]);
        }
    }
    sums
}

/// The sums of lanes.
#[inline(always)]
fn plus<T: Value, const LANES: usize>(mut left: [T; LANES], right: &[T; LANES]) -> [T; LANES] {
    for lane in 0..LANES {
        left[lane] = left[lane].plus(right[lane]);
    }
    left
}

/// The first elements, as many as there are lanes.
#[inline(always)]
fn array<T, const LANES: usize>(elements: &[T]) -> &[T; LANES] {
    elements[..LANES].try_into().expect("a slice of this length")
}

/// The elements of a column, in one piece.
#[inline(always)]
fn elements<'v, T: Number>(b: Matrix<'v, T>, copy: &'v mut Vec<T>, pace: &mut Pace<'_>) -> Result<&'v [T]> {
    if b.has_plain_cols() {
        return Ok(b.col(0, 0..b.rows));
    }
    try_reserve(copy, b.rows)?;
    for from in (0..b.rows).step_by(PIECE) {
        let places = from..b.rows.min(from + PIECE);
        pace.add(places.len())?;
        for place in places {
            copy.push(b.get(place, 0));
        }
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
    pace: &mut Pace<'_>,
) -> Result<()>
where
    T: Number<Value = T> + Value,
{
    let (m, k) = (a.rows, a.cols);
    let mut copy = Vec::new();
    let vector = elements(b, &mut copy, pace)?;
    let mut sums = [T::default(); SUMS];
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
            pace.add(COLS * sums.len())?;
        }
        pace.add(sums.len())?;
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
