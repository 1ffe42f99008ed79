//! The product of a matrix and a vector.
//!
//! Memory is the limit, so the matrix is read once, in the order in which it lies there, and in several streams:
//!
//! - [`by_rows`]: where rows are contiguous, dot products of some rows with the vector. Each sum is kept in as many
//!   lanes as a cache line has numbers, on every level; blocks of a row are summed on their own, which keeps the
//!   error small, and the lanes are added up by halves at the end.
//! - [`by_cols`]: where columns are contiguous, the sum of the columns, each times an element of the vector. Some
//!   columns are added at a time, so that sums are loaded and stored less often; each is added in order, so their
//!   number does not show in the result.
//!
//! A complex matrix is read as the parts that it is made of, re and im in turn. By rows, the real part of a product
//! is that of the parts with (re, -im, …) of the vector, and the imaginary part that with (im, re, …). By columns it
//! is as in the micro-kernel: columns times re and columns times im have sums of their own, joined at the end.

use std::ops::Range;

use super::element::{self, Float};
use super::matrix::{Matrix, MatrixMut};
use super::partition::{OfVector, Operands, Part, Split};
use crate::alloc::{try_filled, try_reserve};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::memory::{CACHE_LINE, as_arrays, as_arrays_mut};
use crate::simd::{self, Dot, FloatDot, Kernel, Level, Simd};

/// Elements of a row or of a vector between two questions whether to stop.
const PIECE: usize = 1 << 18;

/// Cache lines of a row that are summed before they are added to the sum of the row: so few that the error stays small,
/// and that the CPU works on several such blocks at a time where there is a single row.
const LINES: usize = 16;

/// Bytes of sums that are kept in the first-level cache.
const SUMS_BYTES: usize = 32 << 10;

/// Columns of parts that are added at a time.
const COLS: usize = 8;

/// A type whose cache lines have a known length.
pub trait Line: element::Part {
    /// See [`multiply`].
    fn multiply<F: Float<Part = Self>>(
        level: Level,
        operands: &mut Operands<'_, F>,
        vector: OfVector,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()>;
}

// A macro, as the length of an array cannot be an associated constant.
macro_rules! lines {
    ($($type:ty)*) => { $(
        impl Line for $type {
            fn multiply<F: Float<Part = Self>>(
                level: Level,
                operands: &mut Operands<'_, F>,
                vector: OfVector,
                split: &Split,
                work: &Work<'_>,
            ) -> Result<()> {
                const LINE: usize = CACHE_LINE / size_of::<$type>();
                operands.for_each(split, work, |part| {
                    simd::run_at(level, Gemv::<F, LINE> { part, vector, work })
                })
            }
        }
    )* };
}
lines!(f32 f64);

/// c = a b, where one of both is a vector.
pub fn multiply<F: Float<Part: Line>>(
    level: Level,
    operands: &mut Operands<'_, F>,
    vector: OfVector,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    F::Part::multiply(level, operands, vector, split, work)
}

struct Gemv<'p, 'w, F, const LINE: usize> {
    part: Part<'p, F>,
    vector: OfVector,
    work: &'w Work<'w>,
}

impl<F: Float, const LINE: usize> Kernel for Gemv<'_, '_, F, LINE> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let dot = <F::Part as element::Part>::Lanes::<S>::from(simd);
        // As many sums as hide how long an addition takes, and leave registers for what is multiplied.
        match const { LINE / <<F::Part as element::Part>::Lanes<S> as Dot<F::Part>>::LANES } {
            1 => self.multiply::<_, 8, 1>(dot),
            2 => self.multiply::<_, 4, 2>(dot),
            _ if S::REGISTERS >= 32 => self.multiply::<_, 4, 4>(dot),
            _ => self.multiply::<_, 2, 4>(dot),
        }
    }
}

impl<F: Float, const LINE: usize> Gemv<'_, '_, F, LINE> {
    #[inline(always)]
    fn multiply<D, const SUMS: usize, const WIDTH: usize>(mut self, dot: D) -> Result<()>
    where
        D: FloatDot<F::Part>,
    {
        let mut pacer = Pacer::new(self.work);
        for index in self.part.matrices() {
            let (mut a, mut b, mut c) = self.part.matrix_in_loop(index, &mut pacer)?;
            if self.vector.is_left {
                (a, b, c) = (b.transposed(), a.transposed(), c.transposed());
            }
            if self.vector.by_rows {
                by_rows::<D, F, SUMS, WIDTH, LINE>(dot, a, b, c, &mut pacer)?;
            } else {
                by_cols::<D, F, WIDTH, LINE>(dot, a, b, c, &mut pacer)?;
            }
        }
        Ok(())
    }
}

/// c = a b, where b has one column and the rows of a are contiguous: `SUMS` dot products of parts at a time, each in
/// `WIDTH` registers, which are a line.
#[inline(always)]
fn by_rows<D, F, const SUMS: usize, const WIDTH: usize, const LINE: usize>(
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
    let mut copies = [Vec::new(), Vec::new()];
    // A long row is read in pieces, to ask in between whether to stop.
    for from in (0..a.cols.max(1)).step_by(PIECE) {
        let k = PIECE.min(a.cols - from);
        let vectors = factors(b.block(from..from + k, 0..1), &mut copies, pacer)?;
        let mut row = 0;
        while row < a.rows {
            let a = a.block(row..a.rows, from..from + k);
            let c = c.block(row..row + a.rows, 0..1);
            let rows = if a.rows * F::PARTS >= SUMS {
                dots::<D, F, SUMS, WIDTH, LINE>(dot, a, vectors, c, from > 0)
            } else if F::PARTS == 1 {
                dots::<D, F, 1, WIDTH, LINE>(dot, a, vectors, c, from > 0)
            } else {
                dots::<D, F, 2, WIDTH, LINE>(dot, a, vectors, c, from > 0)
            };
            row += rows;
            pacer.spend(rows * k.max(1))?;
        }
    }
    Ok(())
}

/// What rows of parts are multiplied with, for each part of their products; of floats both are the column itself.
#[inline(always)]
fn factors<'v, F: Float>(
    b: Matrix<'v, F>,
    copies: &'v mut [Vec<F::Part>; 2],
    pacer: &mut Pacer<'_>,
) -> Result<[&'v [F::Part]; 2]> {
    if F::PARTS == 1 && b.is_col_contiguous() {
        let parts = F::parts(b.col(0, 0..b.rows));
        return Ok([parts, parts]);
    }
    for (part, copy) in copies.iter_mut().enumerate().take(F::PARTS) {
        copy.clear();
        try_reserve(copy, b.rows * F::PARTS)?;
        for row in 0..b.rows {
            copy.extend_from_slice(&b.get(row, 0).factors(part)[..F::PARTS]);
        }
        pacer.spend(b.rows)?;
    }
    let [re, im] = copies;
    Ok([re, if F::PARTS == 1 { re } else { im }])
}

/// The dot products of the first rows, as many as have `SUMS` parts; returns how many they are.
#[inline(always)]
fn dots<D, F, const SUMS: usize, const WIDTH: usize, const LINE: usize>(
    dot: D,
    a: Matrix<'_, F>,
    vectors: [&[F::Part]; 2],
    mut c: MatrixMut<'_, F>,
    accumulate: bool,
) -> usize
where
    D: FloatDot<F::Part>,
    F: Float,
{
    // Not as a constant, which is evaluated for what is never called, too.
    assert!(WIDTH * D::LANES == LINE && SUMS % F::PARTS == 0);
    // No closures in what follows: they are not always inlined.
    let rows = SUMS / F::PARTS;
    let mut parts = [F::parts(a.row(0, 0..a.cols)); SUMS];
    for sum in 0..SUMS {
        parts[sum] = F::parts(a.row(sum / F::PARTS, 0..a.cols));
    }
    let lines = parts[0].len() / LINE;
    let mut vector = [as_arrays::<_, LINE>(vectors[0]); 2];
    for part in 0..2 {
        vector[part] = &as_arrays(vectors[part])[..lines];
    }
    let mut matrix = [vector[0]; SUMS];
    for sum in 0..SUMS {
        matrix[sum] = &as_arrays(parts[sum])[..lines];
    }
    let mut totals = [[dot.zero(); WIDTH]; SUMS];
    for from in (0..lines).step_by(LINES) {
        let to = lines.min(from + LINES);
        let (mut matrix, mut vector) = (matrix, vector);
        for part in 0..2 {
            vector[part] = &vector[part][from..to];
        }
        for sum in 0..SUMS {
            matrix[sum] = &matrix[sum][from..to];
        }
        let sums = block::<D, F, SUMS, WIDTH, LINE>(dot, matrix, vector);
        for sum in 0..SUMS {
            for v in 0..WIDTH {
                totals[sum][v] = dot.plus(totals[sum][v], sums[sum][v]);
            }
        }
    }
    if lines * LINE < parts[0].len() {
        for v in 0..WIDTH {
            let from = parts[0].len().min(lines * LINE + v * D::LANES);
            let mut factors = [dot.zero(); 2];
            for part in 0..F::PARTS {
                factors[part] = dot.load_up_to(&vectors[part][from..]);
            }
            for sum in 0..SUMS {
                let elements = dot.load_up_to(&parts[sum][from..]);
                totals[sum][v] = dot.multiply_add(totals[sum][v], elements, factors[sum % F::PARTS]);
            }
        }
    }
    let mut products = [F::Part::default(); SUMS];
    for sum in 0..SUMS {
        let lanes = totals[sum];
        let lanes = match WIDTH {
            4 => dot.plus(dot.plus(lanes[0], lanes[2 % WIDTH]), dot.plus(lanes[1 % WIDTH], lanes[3 % WIDTH])),
            2 => dot.plus(lanes[0], lanes[1 % WIDTH]),
            _ => lanes[0],
        };
        products[sum] = dot.folded(lanes);
    }
    for row in 0..rows {
        let sum = F::from_parts(&products[row * F::PARTS..][..F::PARTS]);
        let c = c.at(row, 0);
        *c = if accumulate { (*c).plus(sum) } else { sum };
    }
    rows
}

/// The dot products of lines, a lane each.
#[inline(always)]
fn block<D, F, const SUMS: usize, const WIDTH: usize, const LINE: usize>(
    dot: D,
    matrix: [&[[F::Part; LINE]]; SUMS],
    vector: [&[[F::Part; LINE]]; 2],
) -> [[D::Sums; WIDTH]; SUMS]
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let lines = vector[0].len();
    let (mut rows, mut factors) = (matrix, vector);
    for part in 0..2 {
        factors[part] = &vector[part][..lines];
    }
    for sum in 0..SUMS {
        rows[sum] = &matrix[sum][..lines];
    }
    let mut sums = [[dot.zero(); WIDTH]; SUMS];
    for line in 0..lines {
        for v in 0..WIDTH {
            let mut lanes = [dot.zero(); 2];
            for part in 0..F::PARTS {
                lanes[part] = dot.load_from(&factors[part][line][v * D::LANES..]);
            }
            for sum in 0..SUMS {
                let elements = dot.load_from(&rows[sum][line][v * D::LANES..]);
                sums[sum][v] = dot.multiply_add(sums[sum][v], elements, lanes[sum % F::PARTS]);
            }
        }
    }
    // Into others, as arrays that are indexed elsewhere are in memory for good.
    let mut products = [[dot.zero(); WIDTH]; SUMS];
    for sum in 0..SUMS {
        for v in 0..WIDTH {
            products[sum][v] = sums[sum][v];
        }
    }
    products
}

/// c = a b, where b has one column and the columns of a are contiguous.
#[inline(always)]
fn by_cols<D, F, const WIDTH: usize, const LINE: usize>(
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
