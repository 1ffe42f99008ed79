//! Matrix products of every element type.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | the entry points |
//! | `shape` | how the shapes of two operands fit; what a product costs |
//! | `product` | from an element type to its algorithm |
//! | `gemm` | the blocked product of integers and float16: its loops, packing, the micro-kernel |
//! | `small`, `gemv` | the product of two small matrices, of a matrix and a vector |
//! | `float` | the blocked product of floats and complex numbers |
//! | `boolean` | bools, as bits |
//! | `partition` | operands, and how a product is cut into parts |
//! | `element` | floats and complex numbers as the parts that they are made of |
//! | `number` | what an element stands for, and what it is summed in |
//! | `matrix`, `batch`, `transpose` | matrices and batches of them in memory |
//!
//! Instructions are none of this topic's business: those of a level are in `simd`, and a NEON
//! micro-kernel is an implementation of `simd::Dot`.

mod batch;
mod boolean;
mod element;
mod float;
mod gemm;
mod gemv;
mod matrix;
mod number;
mod partition;
mod product;
mod shape;
mod small;
#[cfg(test)]
mod tests;
mod transpose;

use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Axis, IxDyn, RawData};

use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Level};
use batch::{Batch, BatchMut};
use partition::{Operands, Split};

pub use product::Product;
pub use shape::MatmulShape;

/// c = a b, for arrays in C order whose axes before the last two are the same.
///
/// # Panics
/// If the lengths are not those that `shape` gives.
pub fn matmul_contiguous<T: Product>(
    shape: &MatmulShape,
    a: &[T],
    b: &[T],
    c: &mut [T],
    work: &Work<'_>,
) -> Result<()> {
    let &MatmulShape { count, m, k, n, .. } = shape;
    let operands = Operands::new(
        Batch::from_slice(a, count, m, k),
        Batch::from_slice(b, count, k, n),
        BatchMut::from_slice(c, count, m, n),
    );
    T::multiply(simd::level(), operands, &Split::new(shape, T::DTYPE, 1, work.workers()), work)
}

/// c = a b, for views whose shapes gave `shape`.
pub fn matmul<T: Product>(
    shape: &MatmulShape,
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    c: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    matmul_at(simd::level(), shape, a, b, c, work)
}

/// The same with the instructions of `level`, which the CPU must have.
pub fn matmul_at<T: Product>(
    level: Level,
    shape: &MatmulShape,
    mut a: ArrayViewD<'_, T>,
    mut b: ArrayViewD<'_, T>,
    mut c: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    if a.ndim() == 1 {
        let axis = c.ndim() + 1 - b.ndim().min(2);
        a.insert_axis_inplace(Axis(0));
        c.insert_axis_inplace(Axis(axis));
    }
    if b.ndim() == 1 {
        b.insert_axis_inplace(Axis(1));
        c.insert_axis_inplace(Axis(c.ndim()));
    }
    let tall;
    let shape = if is_one_matrix(shape, &a, &b, &c) {
        (a, b, c) = (rows_of(a), matrix_of(b), rows_of(c));
        tall = shape.of_one_matrix();
        &tall
    } else {
        shape
    };
    let operands =
        Operands::new(Batch::new(&a, &shape.batch), Batch::new(&b, &shape.batch), BatchMut::new(&mut c));
    let split = Split::new(shape, T::DTYPE, operands.cost_of_b(), work.workers());
    T::multiply(level, operands, &split, work)
}

/// Whether a stack of matrices is multiplied with the same one, and its rows follow each other, and those of the result:
/// so it is a single matrix, which is read, and cut into parts, as one.
fn is_one_matrix<T>(
    shape: &MatmulShape,
    a: &ArrayViewD<'_, T>,
    b: &ArrayViewD<'_, T>,
    c: &ArrayViewMutD<'_, T>,
) -> bool {
    let &MatmulShape { count, m, k, n, .. } = shape;
    let axes = shape.batch.len();
    let follow = |mut view: ArrayViewD<'_, T>| {
        view.ndim() == axes + 2 && (0..axes).rev().all(|axis| view.merge_axes(Axis(axis), Axis(axes)))
    };
    count > 1
        && m.min(k).min(n) > 0
        && b.len() == k * n
        && a.len() == count * m * k
        && follow(a.view())
        && follow(c.view())
}

/// The rows of a stack of matrices, one after the other.
fn rows_of<S: RawData>(mut stack: ArrayBase<S, IxDyn>) -> ArrayBase<S, IxDyn> {
    let axes = stack.ndim() - 2;
    for axis in (0..axes).rev() {
        stack.merge_axes(Axis(axis), Axis(axes));
    }
    matrix_of(stack)
}

/// The only matrix of a stack.
fn matrix_of<S: RawData>(mut stack: ArrayBase<S, IxDyn>) -> ArrayBase<S, IxDyn> {
    while stack.ndim() > 2 {
        stack = stack.index_axis_move(Axis(0), 0);
    }
    stack
}
