//! Floats and complex numbers, as the micro-kernel sees them.

use std::cell::Cell;
use std::thread::LocalKey;

use num_complex::Complex;

use super::super::matrix::Matrix;
use super::super::number::Value;
use super::super::transpose::copy_rows;
use crate::simd::memory::Aligned;
use crate::simd::{FloatDot, Level, Simd};

/// Memory for packed blocks of a and of b. Each thread keeps it, so that it need not be asked for and
/// cleared for each product.
#[derive(Default)]
pub struct Workspace<T> {
    pub a: Aligned<T>,
    pub b: Aligned<T>,
}

/// What a float or a complex number is made of.
pub trait Part: Value {
    /// `S` itself: this tells the compiler that every level multiplies this type.
    type Lanes<S: Simd>: FloatDot<Self> + From<S>;
}

impl Part for f32 {
    type Lanes<S: Simd> = S;
}
impl Part for f64 {
    type Lanes<S: Simd> = S;
}

/// A float, or a complex number.
///
/// It lies in memory as so many parts, one after the other: a float is one, a complex number is its real
/// part and its imaginary part.
pub trait Float: Value {
    /// A part.
    type Part: Part;
    /// How many there are.
    const PARTS: usize;

    /// The memory of this thread.
    fn workspace() -> &'static LocalKey<Cell<Workspace<Self>>>;

    /// Copies the matrix to rows that are `stride` elements apart.
    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize);
}

impl Float for Complex<f32> {
    type Part = f32;
    const PARTS: usize = 2;

    fn workspace() -> &'static LocalKey<Cell<Workspace<Complex<f32>>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<Complex<f32>>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize) {
        copy_rows::<Self, 4>(level, matrix, copy, stride);
    }
}

impl Float for Complex<f64> {
    type Part = f64;
    const PARTS: usize = 2;

    fn workspace() -> &'static LocalKey<Cell<Workspace<Complex<f64>>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<Complex<f64>>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize) {
        copy_rows::<Self, 4>(level, matrix, copy, stride);
    }
}
