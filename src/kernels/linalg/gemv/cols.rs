//! Where the columns of the matrix are contiguous, and it is large.

use std::ops::Range;

use super::super::element::Float;
use super::super::matrix::{Matrix, MatrixMut};
use crate::alloc::try_filled;
use crate::error::Result;
use crate::parallel::Pacer;
use crate::simd::FloatDot;
use crate::simd::memory::{as_arrays, as_arrays_mut};

/// Bytes of sums that are kept in the first-level cache.
const SUMS_BYTES: usize = 32 << 10;

/// Columns of parts that are added at a time.
const COLS: usize = 8;

/// c = a b, where b has one column and the columns of a are contiguous.
#[inline(always)]
pub fn by_cols<D, F, const WIDTH: usize, const LINE: usize>(
    dot: D,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    mut c: MatrixMut<'_, F>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let (m, k) = (a.rows, a.cols);
    let most = SUMS_BYTES / size_of::<F>();
    // Whole lines; of floats the second ones are not used.
    let len = (m.min(most) * F::PARTS).next_multiple_of(LINE);
    let mut by_re = try_filled(len, F::Part::default())?;
    let mut by_im = try_filled(if F::PARTS == 1 { 0 } else { len }, F::Part::default())?;
    for from in (0..m).step_by(most) {
        let rows = from..m.min(from + most);
        by_re.fill(F::Part::default());
        by_im.fill(F::Part::default());
        let mut col = 0;
        while col < k {
            let sums = [&mut *by_re, &mut *by_im];
            let cols = if (k - col) * F::PARTS >= COLS {
                add::<D, F, COLS, WIDTH, LINE>(dot, a, b, col, rows.clone(), sums)
            } else if F::PARTS == 1 {
                add::<D, F, 1, WIDTH, LINE>(dot, a, b, col, rows.clone(), sums)
            } else {
                add::<D, F, 2, WIDTH, LINE>(dot, a, b, col, rows.clone(), sums)
            };
            col += cols;
            pacer.spend(cols * rows.len())?;
        }
        pacer.spend(rows.len())?;
        for (index, row) in rows.enumerate() {
            let first = index * F::PARTS;
            *c.at(row, 0) = F::joined(&by_re[first..], if F::PARTS == 1 { &[] } else { &by_im[first..] });
        }
    }
    Ok(())
}

/// Adds the columns from `col`, as many as have `COUNT` parts in a row, times their elements of b; returns how many.
#[inline(always)]
fn add<D, F, const COUNT: usize, const WIDTH: usize, const LINE: usize>(
    dot: D,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    col: usize,
    rows: Range<usize>,
    sums: [&mut [F::Part]; 2],
) -> usize
where
    D: FloatDot<F::Part>,
    F: Float,
{
    assert!(WIDTH * D::LANES == LINE && COUNT % F::PARTS == 0);
    let count = COUNT / F::PARTS;
    let mut cols = [F::parts(a.col(col, rows.clone())); COUNT];
    let mut factors = [dot.zero(); COUNT];
    for at in 0..count {
        let element = [b.get(col + at, 0)];
        for part in 0..F::PARTS {
            cols[at * F::PARTS + part] = F::parts(a.col(col + at, rows.clone()));
            factors[at * F::PARTS + part] = dot.splat(F::parts(&element)[part]);
        }
    }
    let lines = cols[0].len() / LINE;
    let mut matrix = [as_arrays::<_, LINE>(cols[0]); COUNT];
    for at in 0..COUNT {
        matrix[at] = &as_arrays(cols[at])[..lines];
    }
    let [by_re, by_im] = sums;
    let (by_re, by_re_rest) = as_arrays_mut::<_, LINE>(by_re).split_at_mut(lines);
    let (by_im, by_im_rest) =
        as_arrays_mut::<_, LINE>(by_im).split_at_mut(if F::PARTS == 1 { 0 } else { lines });
    let (sums, rest) = ([by_re, by_im], [by_re_rest, by_im_rest]);
    for line in 0..lines {
        for v in 0..WIDTH {
            let mut totals = [dot.zero(); 2];
            for part in 0..F::PARTS {
                totals[part] = dot.load_from(&sums[part][line][v * D::LANES..]);
            }
            for at in 0..count {
                let elements = dot.load_from(&matrix[at * F::PARTS][line][v * D::LANES..]);
                for part in 0..F::PARTS {
                    totals[part] = dot.multiply_add(totals[part], factors[at * F::PARTS + part], elements);
                }
            }
            for part in 0..F::PARTS {
                dot.store(totals[part], &mut sums[part][line][v * D::LANES..]);
            }
        }
    }
    for (part, rest) in rest.into_iter().enumerate().take(F::PARTS) {
        let Some(rest) = rest.first_mut() else { continue };
        for v in 0..WIDTH {
            let from = cols[0].len().min(lines * LINE + v * D::LANES);
            let mut total = dot.load_from(&rest[v * D::LANES..]);
            for at in 0..count {
                let elements = dot.load_up_to(&cols[at * F::PARTS][from..]);
                total = dot.multiply_add(total, factors[at * F::PARTS + part], elements);
            }
            dot.store(total, &mut rest[v * D::LANES..]);
        }
    }
    count
}
