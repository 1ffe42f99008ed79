//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there.
//!
//! - [`by_rows`]: where rows are contiguous, a dot product for each row. The sums are kept in as
//!   many lanes as hide how long an addition takes, the same on all levels that fuse. The lanes of
//!   some rows are a square that is transposed in registers, and then added up for all of them.
//! - [`by_cols`]: where columns are contiguous, the sum of the columns times an element of the
//!   vector each. Some columns are added at a time, so that sums are loaded and stored less often;
//!   each is added in order, so their number does not show in the result.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::number::Value;
use super::partition::{OfVector, Operands, Part, Split};
use crate::alloc::try_reserve;
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::{self, Kernel, Level, Simd};

/// Elements of a row or of a vector between two questions whether to stop.
const PIECE: usize = 1 << 18;

/// The sums of a row are kept in so many lanes: as many as hide how long an addition takes, in
/// registers of AVX2 as in those of AVX-512.
pub const fn lanes<T>() -> usize {
    256 / size_of::<T>()
}

/// The lanes are added up for so many rows at a time, as squares that fit registers of AVX2.
pub const fn side<T>() -> usize {
    32 / size_of::<T>()
}

/// c = a b, where one of both is a vector. `LANES` and `SIDE` are [`lanes`] and [`side`].
pub fn multiply<T: Value, const LANES: usize, const SIDE: usize>(
    level: Level,
    operands: &mut Operands<'_, T>,
    vector: OfVector,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    operands.for_each(split, work, |part| simd::run_at(level, Gemv::<T, LANES, SIDE> { part, vector, work }))
}

struct Gemv<'p, 'w, T, const LANES: usize, const SIDE: usize> {
    part: Part<'p, T>,
    vector: OfVector,
    work: &'w Work<'w>,
}

impl<T: Value, const LANES: usize, const SIDE: usize> Kernel for Gemv<'_, '_, T, LANES, SIDE> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) -> Result<()> {
        let mut pacer = Pacer::new(self.work);
        for index in self.part.matrices() {
            let (mut a, mut b, mut c) = self.part.matrix_in_loop(index, &mut pacer)?;
            if self.vector.is_left {
                (a, b, c) = (b.transposed(), a.transposed(), c.transposed());
            }
            if self.vector.by_rows {
                by_rows::<S, T, LANES, SIDE>(simd, a, b, c, &mut pacer)?;
            } else {
                by_cols::<S, T, LANES>(a, b, c, &mut pacer)?;
            }
        }
        Ok(())
    }
}

/// c = a b, where b has one column and the rows of a are contiguous.
#[inline(always)]
fn by_rows<S: Simd, T: Value, const LANES: usize, const SIDE: usize>(
    simd: S,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    pacer: &mut Pacer<'_>,
) -> Result<()> {
    // A long row is read in pieces, to ask in between whether to stop.
    for from in (0..a.cols.max(1)).step_by(PIECE) {
        let k = PIECE.min(a.cols - from);
        let mut copy = Vec::new();
        let vector = elements(b.block(from..from + k, 0..1), &mut copy, pacer)?;
        // What is left over has sums of its own: in lanes of which the compiler does not know which is
        // meant, it would make scalars of all of them.
        let whole = k / SIDE * SIDE;
        for start in (0..a.rows).step_by(SIDE) {
            let rows = start..a.rows.min(start + SIDE);
            let mut square = [[T::default(); SIDE]; SIDE];
            let mut remainders = [T::default(); SIDE];
            for index in 0..rows.len() {
                let row = a.row(start + index, from..from + k);
                square[index] = dot::<S, T, LANES, SIDE>(&row[..whole], &vector[..whole]);
                for p in whole..k {
                    remainders[index] = remainders[index].multiply_add::<S>(row[p], vector[p]);
                }
            }
            let mut lanes = simd.transpose(square);
            let mut half = SIDE / 2;
            while half > 0 {
                for lane in 0..half {
                    lanes[lane] = plus(lanes[lane], &lanes[lane + half]);
                }
                half /= 2;
            }
            for index in 0..rows.len() {
                let (c, sum) = (c.at(start + index, 0), lanes[0][index].plus(remainders[index]));
                *c = if from > 0 { (*c).plus(sum) } else { sum };
            }
            pacer.spend(rows.len() * k.max(1))?;
        }
    }
    Ok(())
}

/// The dot product of a row with a vector, as lanes that are still to be added up. Both are a
/// multiple of the lanes long.
#[inline(always)]
fn dot<S: Simd, T: Value, const LANES: usize, const SIDE: usize>(row: &[T], vector: &[T]) -> [T; SIDE] {
    let whole = vector.len() / LANES * LANES;
    let wide = products::<S, T, LANES>(&row[..whole], &vector[..whole]);
    let mut lanes = products::<S, T, SIDE>(&row[whole..], &vector[whole..]);
    for from in (0..LANES).step_by(SIDE) {
        lanes = plus(lanes, array(&wide[from..]));
    }
    lanes
}

/// The sums of products by lanes, of a multiple of as many elements.
#[inline(always)]
fn products<S: Simd, T: Value, const LANES: usize>(row: &[T], vector: &[T]) -> [T; LANES] {
    let mut sums = [T::default(); LANES];
    for from in (0..vector.len()).step_by(LANES) {
        let (row, vector) = (array::<T, LANES>(&row[from..]), array::<T, LANES>(&vector[from..]));
        for lane in 0..LANES {
            sums[lane] = sums[lane].multiply_add::<S>(row[lane], vector[lane]);
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

/// The elements of a column, contiguous.
#[inline(always)]
fn elements<'v, T: Value>(b: Matrix<'v, T>, copy: &'v mut Vec<T>, pacer: &mut Pacer<'_>) -> Result<&'v [T]> {
    if b.is_col_contiguous() {
        return Ok(b.col(0, 0..b.rows));
    }
    try_reserve(copy, b.rows)?;
    for from in (0..b.rows).step_by(PIECE) {
        let rows = from..b.rows.min(from + PIECE);
        pacer.spend(rows.len())?;
        for row in rows {
            copy.push(b.get(row, 0));
        }
    }
    Ok(copy)
}

/// Sums that are kept in the first-level cache.
const SUMS: usize = 1024;

/// Columns that are added at a time.
const COLS: usize = 8;

/// c = a b, where b has one column and the columns of a are contiguous.
#[inline(always)]
fn by_cols<S: Simd, T: Value, const LANES: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    pacer: &mut Pacer<'_>,
) -> Result<()> {
    let (m, k) = (a.rows, a.cols);
    let mut copy = Vec::new();
    let vector = elements(b, &mut copy, pacer)?;
    let mut sums = [T::default(); SUMS];
    for from in (0..m).step_by(SUMS) {
        let rows = from..m.min(from + SUMS);
        let sums = &mut sums[..rows.len()];
        sums.fill(T::default());
        let mut col = 0;
        while col < k {
            if k - col >= COLS {
                add::<S, T, LANES, COLS>(a, col, rows.clone(), vector, sums);
                col += COLS;
            } else {
                add::<S, T, LANES, 1>(a, col, rows.clone(), vector, sums);
                col += 1;
            }
            pacer.spend(COLS * sums.len())?;
        }
        pacer.spend(sums.len())?;
        for (row, &sum) in rows.zip(&*sums) {
            *c.at(row, 0) = sum;
        }
    }
    Ok(())
}

/// Adds `COUNT` columns from `col`, times their elements of `vector`.
#[inline(always)]
fn add<S: Simd, T: Value, const LANES: usize, const COUNT: usize>(
    a: Matrix<'_, T>,
    col: usize,
    rows: Range<usize>,
    vector: &[T],
    sums: &mut [T],
) {
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
            for row in 0..LANES {
                total[row] = total[row].multiply_add::<S>(col[row], factors[lane]);
            }
        }
        *sums = total;
    }
    for row in whole..len {
        for lane in 0..COUNT {
            sums[row] = sums[row].multiply_add::<S>(cols[lane][row], factors[lane]);
        }
    }
}
