//! Dot products of some rows with a vector, at the same time.
//!
//! A line of the vector is loaded once for all rows. Where rows are short, what is done once for each of them takes as
//! long as the products: so the bounds are checked once, and rows are reached from one pointer.
#![allow(unsafe_code)]

use super::super::element::Float;
use super::super::matrix::{Matrix, RowOffsets};
use crate::simd::FloatDot;

/// Cache lines of a row that are summed before they are added to the sum of the row: so few that the error stays small,
/// and that the CPU works on several such blocks at a time where there is a single row.
const LINES: usize = 16;

/// The `SUMS` parts of the products of the rows of a, which are contiguous, with a vector, for each part of whose
/// elements there is one in `vectors`. A line is `WIDTH` registers.
#[inline(always)]
pub fn dots<D, F, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    a: Matrix<'_, F>,
    vectors: [&[F::Part]; 2],
) -> [F::Part; SUMS]
where
    D: FloatDot<F::Part>,
    F: Float,
{
    const { assert!(size_of::<D::Lanes>() == D::LANES * size_of::<F::Part>()) };
    const { assert!(size_of::<F>() == F::PARTS * size_of::<F::Part>()) };
    let len = a.cols * F::PARTS;
    assert!(a.rows * F::PARTS == SUMS && a.is_row_contiguous());
    assert!(vectors[0].len() == len && vectors[1].len() == len);
    let (start, row, _) = a.raw();
    let offsets = RowOffsets::new(row * size_of::<F>() as isize, SUMS / F::PARTS);
    let line = WIDTH * D::LANES;
    let lines = len / line;
    let mut totals = [[dot.zero(); WIDTH]; SUMS];
    let (mut rows, mut factors) = (start.cast::<F::Part>(), vectors.map(<[_]>::as_ptr));
    // Of a whole block the compiler knows how long it is, and leaves less to do between two of them.
    for _ in 0..lines / LINES {
        // SAFETY: so many lines are left in each row and in each vector, by the assertions above.
        let sums = unsafe { block::<D, F, SUMS, WIDTH>(dot, rows, &offsets, factors, LINES) };
        totals = sums_of::<D, F::Part, SUMS, WIDTH>(dot, totals, sums);
        rows = rows.wrapping_add(LINES * line);
        factors = factors.map(|vector| vector.wrapping_add(LINES * line));
    }
    // SAFETY: as above.
    let sums = unsafe { block::<D, F, SUMS, WIDTH>(dot, rows, &offsets, factors, lines % LINES) };
    totals = sums_of::<D, F::Part, SUMS, WIDTH>(dot, totals, sums);
    if lines * line < len {
        add_rest::<D, F, SUMS, WIDTH>(dot, a, vectors, lines * line, &mut totals);
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
    products
}

/// The sums of both.
#[inline(always)]
fn sums_of<D, P: Copy, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    mut totals: [[D::Sums; WIDTH]; SUMS],
    sums: [[D::Sums; WIDTH]; SUMS],
) -> [[D::Sums; WIDTH]; SUMS]
where
    D: FloatDot<P>,
{
    for sum in 0..SUMS {
        for v in 0..WIDTH {
            totals[sum][v] = dot.plus(totals[sum][v], sums[sum][v]);
        }
    }
    totals
}

/// Adds the products of the parts from `done`, which are less than a line.
#[inline(always)]
fn add_rest<D, F, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    a: Matrix<'_, F>,
    vectors: [&[F::Part]; 2],
    done: usize,
    totals: &mut [[D::Sums; WIDTH]; SUMS],
) where
    D: FloatDot<F::Part>,
    F: Float,
{
    for v in 0..WIDTH {
        let from = vectors[0].len().min(done + v * D::LANES);
        let mut factors = [dot.zero(); 2];
        for part in 0..F::PARTS {
            factors[part] = dot.load_up_to(&vectors[part][from..]);
        }
        for sum in 0..SUMS {
            let row = a.row(sum / F::PARTS, from / F::PARTS..a.cols);
            let elements = dot.load_up_to(F::parts(row));
            totals[sum][v] = dot.multiply_add(totals[sum][v], elements, factors[sum % F::PARTS]);
        }
    }
}

/// The dot products of lines, a lane each.
///
/// # Safety
/// There are so many in each row and in each vector.
#[inline(always)]
unsafe fn block<D, F, const SUMS: usize, const WIDTH: usize>(
    dot: D,
    mut rows: *const F::Part,
    offsets: &RowOffsets,
    mut vectors: [*const F::Part; 2],
    lines: usize,
) -> [[D::Sums; WIDTH]; SUMS]
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let mut sums = [[dot.zero(); WIDTH]; SUMS];
    for _ in 0..lines {
        for v in 0..WIDTH {
            let mut factors = [dot.zero(); 2];
            for part in 0..F::PARTS {
                // SAFETY: of a line of a vector, as the caller promises.
                factors[part] =
                    dot.load(unsafe { &*vectors[part].wrapping_add(v * D::LANES).cast::<D::Lanes>() });
            }
            for sum in 0..SUMS {
                let row = rows.wrapping_byte_offset(offsets.of(sum / F::PARTS));
                // SAFETY: of a line of a row, as the caller promises.
                let elements = dot.load(unsafe { &*row.wrapping_add(v * D::LANES).cast::<D::Lanes>() });
                sums[sum][v] = dot.multiply_add(sums[sum][v], elements, factors[sum % F::PARTS]);
            }
        }
        rows = rows.wrapping_add(WIDTH * D::LANES);
        for part in 0..F::PARTS {
            vectors[part] = vectors[part].wrapping_add(WIDTH * D::LANES);
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
