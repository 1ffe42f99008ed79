//! The micro-kernel: a tile of c, summed along k in registers.
//!
//! At each step along k it loads a few registers of a row of b, and multiplies them with one number of a
//! after the other, each in all lanes. Those may lie at any strides.
//!
//! A complex number of a is two numbers, as if it were two rows: the products of both with the row of b,
//! whose real and imaginary parts are in turn, are summed on their own. At the end the first sums
//! (re re, re im) and the second ones (im re, im im) are joined to (re re - im im, re im + im re).
#![allow(unsafe_code)]

use std::slice::from_raw_parts;

use super::super::element::Float;
use super::super::matrix::{Matrix, MatrixMut, RowOffsets};
use crate::simd::FloatDot;
use crate::simd::memory::{CACHE_LINE, prefetch_element};

/// Elements in a row of a tile of `WIDTH` registers.
pub const fn cols<D: FloatDot<F::Part>, F: Float, const WIDTH: usize>() -> usize {
    WIDTH * D::LANES / F::PARTS
}

/// c = a b or c += a b, for `ROWS` rows of parts of a and `WIDTH` registers of b, whose rows are
/// contiguous. Of rows and columns that c does not have, the results are dropped.
#[inline(always)]
pub fn tile<D, F, const ROWS: usize, const WIDTH: usize>(
    dot: D,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    c: MatrixMut<'_, F>,
    accumulate: bool,
) where
    D: FloatDot<F::Part>,
    F: Float,
{
    const { assert!(size_of::<D::Lanes>() == D::LANES * size_of::<F::Part>()) };
    const { assert!(size_of::<F>() == F::PARTS * size_of::<F::Part>()) };
    let (rows, cols, depth) = (ROWS / F::PARTS, cols::<D, F, WIDTH>(), a.cols);
    assert!(ROWS % F::PARTS == 0);
    assert!(a.rows == rows && b.cols == cols && b.rows == depth && b.is_row_contiguous());
    assert!(c.rows() <= rows && c.cols() <= cols);
    let ((left, row, step), (right, stride, _)) = (a.raw(), b.raw());
    let parts = F::PARTS as isize;
    let whole = c.rows() == rows && c.cols() == cols && c.is_row_contiguous();
    let (target, target_stride, _) = c.raw();
    if whole {
        for i in 0..rows {
            // A hint: the address need not be that of an element.
            let line = target.wrapping_offset(i as isize * target_stride).cast_const();
            for from in (0..cols).step_by(CACHE_LINE / size_of::<F>()) {
                prefetch_address(line.wrapping_add(from));
            }
            prefetch_address(line.wrapping_add(cols - 1));
        }
    }
    // SAFETY: by the assertions above, a has as many rows, and rows of b as many elements, of as many parts.
    let sums = unsafe {
        sums::<D, F, ROWS, WIDTH>(
            dot,
            left.cast(),
            row * parts,
            step * parts,
            right.cast(),
            stride * parts,
            depth,
        )
    };
    if whole {
        for i in 0..rows {
            let line = target.wrapping_offset(i as isize * target_stride).cast::<F::Part>();
            for v in 0..WIDTH {
                // SAFETY: of a row of c, which has as many parts, by the assertions above, and is this
                // call's alone.
                let to = unsafe { &mut *line.add(v * D::LANES).cast::<D::Lanes>() };
                let product = sums[i][v];
                *to =
                    if accumulate { dot.lanes(dot.plus(dot.load(to), dot.load(&product))) } else { product };
            }
        }
    } else {
        // SAFETY: elements are parts, one after the other, and the array has no others.
        let products = unsafe { from_raw_parts(sums.as_ptr().cast::<F>(), rows * cols) };
        store_edge(products, cols, c, accumulate);
    }
}

/// The sums of products of `ROWS` rows of parts of a and of `WIDTH` registers of each row of b.
///
/// # Safety
/// Of both there is as much as is said, with these strides between rows of elements and along k.
#[inline(always)]
unsafe fn sums<D, F, const ROWS: usize, const WIDTH: usize>(
    dot: D,
    mut left: *const F::Part,
    row: isize,
    step: isize,
    mut right: *const F::Part,
    stride: isize,
    depth: usize,
) -> [[D::Lanes; WIDTH]; ROWS]
where
    D: FloatDot<F::Part>,
    F: Float,
{
    let offsets = RowOffsets::new(row * size_of::<F::Part>() as isize, ROWS / F::PARTS);
    let mut sums = [[dot.zero(); WIDTH]; ROWS];
    for _ in 0..depth {
        let mut lanes = [dot.zero(); WIDTH];
        for v in 0..WIDTH {
            // SAFETY: of a row of b, as the caller promises.
            lanes[v] = dot.load(unsafe { &*right.wrapping_add(v * D::LANES).cast::<D::Lanes>() });
        }
        for i in 0..ROWS {
            let element = left.wrapping_byte_offset(offsets.of(i / F::PARTS));
            let factor = if F::PARTS == 1 {
                // SAFETY: of an element of a, as the caller promises.
                dot.splat(unsafe { *element })
            } else {
                // SAFETY: the parts of an element of a, as the caller promises.
                dot.splat_of(unsafe { &*element.cast::<[F::Part; 2]>() }, i % 2)
            };
            for v in 0..WIDTH {
                sums[i][v] = dot.multiply_add(sums[i][v], factor, lanes[v]);
            }
        }
        left = left.wrapping_offset(step);
        right = right.wrapping_offset(stride);
    }
    // Into others, as arrays with an index that is not known are in memory for good.
    let mut products = [[dot.lanes(dot.zero()); WIDTH]; ROWS];
    for i in 0..ROWS / F::PARTS {
        for v in 0..WIDTH {
            products[i][v] = if F::PARTS == 1 {
                dot.lanes(sums[i][v])
            } else {
                dot.joined(sums[i * F::PARTS][v], sums[i * F::PARTS + F::PARTS - 1][v])
            };
        }
    }
    products
}

#[inline(always)]
fn prefetch_address<T>(address: *const T) {
    // SAFETY: no elements are read: of none, any address that is no null pointer will do.
    prefetch_element(unsafe { from_raw_parts(address, 0) }, 0);
}

/// Writes or adds a tile at an edge of c, or where its rows are not contiguous. A call of its own, as it is
/// rare and long.
#[inline(never)]
fn store_edge<F: Float>(products: &[F], cols: usize, mut c: MatrixMut<'_, F>, accumulate: bool) {
    for (row, products) in (0..c.rows()).zip(products.chunks_exact(cols)) {
        for (col, &product) in (0..c.cols()).zip(products) {
            let c = c.at(row, col);
            *c = if accumulate { (*c).plus(product) } else { product };
        }
    }
}
