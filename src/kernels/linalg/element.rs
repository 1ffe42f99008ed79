//! Floats and complex numbers, as products see them: made of parts.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::thread::LocalKey;

use num_complex::Complex;

use super::matrix::Matrix;
use super::number::Value;
use super::transpose::copy_rows;
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

    /// The parts of elements that follow each other.
    fn parts(elements: &[Self]) -> &[Self::Part];

    /// From its parts.
    fn from_parts(parts: &[Self::Part]) -> Self;

    /// What the parts of an element are multiplied with for each part of its product with this one.
    fn factors(self, part: usize) -> [Self::Part; 2];

    /// The sum of products, of those with the first part of a factor, and those with the second one.
    fn joined(by_re: &[Self::Part], by_im: &[Self::Part]) -> Self;

    /// The memory of this thread.
    fn workspace() -> &'static LocalKey<Cell<Workspace<Self>>>;

    /// Copies the matrix to rows that are `stride` elements apart.
    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize);
}

impl Float for f32 {
    type Part = f32;
    const PARTS: usize = 1;

    #[inline(always)]
    fn parts(elements: &[f32]) -> &[f32] {
        elements
    }

    #[inline(always)]
    fn from_parts(parts: &[f32]) -> f32 {
        parts[0]
    }

    #[inline(always)]
    fn factors(self, _part: usize) -> [f32; 2] {
        [self; 2]
    }

    #[inline(always)]
    fn joined(by_re: &[f32], _by_im: &[f32]) -> f32 {
        by_re[0]
    }

    fn workspace() -> &'static LocalKey<Cell<Workspace<f32>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<f32>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, f32>, copy: &mut [f32], stride: usize) {
        copy_rows::<f32, 8>(level, matrix, copy, stride);
    }
}

impl Float for f64 {
    type Part = f64;
    const PARTS: usize = 1;

    #[inline(always)]
    fn parts(elements: &[f64]) -> &[f64] {
        elements
    }

    #[inline(always)]
    fn from_parts(parts: &[f64]) -> f64 {
        parts[0]
    }

    #[inline(always)]
    fn factors(self, _part: usize) -> [f64; 2] {
        [self; 2]
    }

    #[inline(always)]
    fn joined(by_re: &[f64], _by_im: &[f64]) -> f64 {
        by_re[0]
    }

    fn workspace() -> &'static LocalKey<Cell<Workspace<f64>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<f64>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, f64>, copy: &mut [f64], stride: usize) {
        copy_rows::<f64, 4>(level, matrix, copy, stride);
    }
}

impl Float for Complex<f32> {
    type Part = f32;
    const PARTS: usize = 2;

    #[inline(always)]
    fn parts(elements: &[Self]) -> &[f32] {
        // SAFETY: a complex number is its two parts, one after the other (`repr(C)`).
        unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), 2 * elements.len()) }
    }

    #[inline(always)]
    fn from_parts(parts: &[f32]) -> Self {
        Complex::new(parts[0], parts[1])
    }

    #[inline(always)]
    fn factors(self, part: usize) -> [f32; 2] {
        if part == 0 { [self.re, -self.im] } else { [self.im, self.re] }
    }

    #[inline(always)]
    fn joined(by_re: &[f32], by_im: &[f32]) -> Self {
        Complex::new(by_re[0] - by_im[1], by_re[1] + by_im[0])
    }

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

    #[inline(always)]
    fn parts(elements: &[Self]) -> &[f64] {
        // SAFETY: a complex number is its two parts, one after the other (`repr(C)`).
        unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), 2 * elements.len()) }
    }

    #[inline(always)]
    fn from_parts(parts: &[f64]) -> Self {
        Complex::new(parts[0], parts[1])
    }

    #[inline(always)]
    fn factors(self, part: usize) -> [f64; 2] {
        if part == 0 { [self.re, -self.im] } else { [self.im, self.re] }
    }

    #[inline(always)]
    fn joined(by_re: &[f64], by_im: &[f64]) -> Self {
        Complex::new(by_re[0] - by_im[1], by_re[1] + by_im[0])
    }

    fn workspace() -> &'static LocalKey<Cell<Workspace<Complex<f64>>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<Complex<f64>>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize) {
        copy_rows::<Self, 4>(level, matrix, copy, stride);
    }
}
