//! Matrices as the kernels see them: an address, two lengths, two steps.
//!
//! A product of 4x4 matrices takes some tens of nanoseconds, and a stack may hold millions of
//! them. Views of the `ndarray` crate with a dynamic number of axes cost several times that to
//! slice, so these types do the arithmetic on addresses themselves; every access checks its
//! bounds once for a row or an element.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

/// A matrix that is read, with any steps (in elements; they may be zero or negative).
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    pub(super) start: *const T,
    pub rows: usize,
    pub cols: usize,
    pub(super) row_step: isize,
    pub(super) col_step: isize,
    pub(super) life: PhantomData<&'a T>,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// The matrix whose rows follow each other in `elements`.
    pub fn from_slice(elements: &'a [T], rows: usize, cols: usize) -> Self {
        assert_eq!(elements.len(), rows * cols);
        Matrix {
            start: elements.as_ptr(),
            rows,
            cols,
            row_step: cols as isize,
            col_step: 1,
            life: PhantomData,
        }
    }

    /// The same, with rows `step` elements apart.
    pub fn with_step(elements: &'a [T], rows: usize, cols: usize, step: usize) -> Self {
        assert!(cols <= step && elements.len() >= rows * step);
        let (start, row_step) = (elements.as_ptr(), step as isize);
        Matrix { start, rows, cols, row_step, col_step: 1, life: PhantomData }
    }

    /// The address, and the steps between rows and between columns.
    #[inline(always)]
    pub fn raw(&self) -> (*const T, isize, isize) {
        (self.start, self.row_step, self.col_step)
    }

    /// Rows become columns.
    #[inline(always)]
    pub fn transposed(self) -> Self {
        Matrix { rows: self.cols, cols: self.rows, row_step: self.col_step, col_step: self.row_step, ..self }
    }

    /// Whether the elements of a row follow each other.
    #[inline(always)]
    pub fn has_plain_rows(&self) -> bool {
        self.col_step == 1 || self.cols <= 1
    }

    /// Whether the elements of a column follow each other.
    #[inline(always)]
    pub fn has_plain_cols(&self) -> bool {
        self.row_step == 1 || self.rows <= 1
    }

    /// Whether it costs much to read a few rows: their elements are far apart, and in the same few
    /// sets of the caches.
    pub fn rows_are_slow(&self) -> bool {
        let bytes = self.col_step.unsigned_abs().wrapping_mul(size_of::<T>());
        !self.has_plain_rows() && (!self.has_plain_cols() || bytes % 1024 == 0)
    }

    #[inline(always)]
    pub fn get(&self, row: usize, col: usize) -> T {
        assert!(row < self.rows && col < self.cols);
        // SAFETY: in bounds by the line above; the memory is readable for 'a (`Stack::new`).
        unsafe { *self.start.offset(row as isize * self.row_step + col as isize * self.col_step) }
    }

    /// All elements, if rows follow each other.
    #[inline(always)]
    pub fn dense(&self) -> Option<&'a [T]> {
        (self.has_plain_rows() && self.rows > 0 && self.row_step == self.cols as isize).then(|| {
            // SAFETY: rows are in one piece and follow each other; readable for 'a.
            unsafe { std::slice::from_raw_parts(self.start, self.rows * self.cols) }
        })
    }

    /// Part of a row, if its elements follow each other.
    #[inline(always)]
    pub fn row(&self, row: usize, cols: Range<usize>) -> &'a [T] {
        assert!(self.has_plain_rows() && row < self.rows && cols.start <= cols.end && cols.end <= self.cols);
        // SAFETY: in bounds by the line above, one element after the other; readable for 'a.
        unsafe {
            let start = self.start.offset(row as isize * self.row_step + cols.start as isize);
            std::slice::from_raw_parts(start, cols.len())
        }
    }

    /// Part of a column, if its elements follow each other.
    #[inline(always)]
    pub fn col(&self, col: usize, rows: Range<usize>) -> &'a [T] {
        self.transposed().row(col, rows)
    }

    /// Some rows and some columns.
    #[inline(always)]
    pub fn block(self, rows: Range<usize>, cols: Range<usize>) -> Self {
        assert!(
            rows.start <= rows.end
                && rows.end <= self.rows
                && cols.start <= cols.end
                && cols.end <= self.cols
        );
        let offset = rows.start as isize * self.row_step + cols.start as isize * self.col_step;
        // An empty block may start outside: its address is never read.
        Matrix { start: self.start.wrapping_offset(offset), rows: rows.len(), cols: cols.len(), ..self }
    }
}

/// A matrix that is written, with any steps; no two of its elements share memory.
pub struct MatrixMut<'a, T> {
    pub(super) view: Matrix<'a, T>,
    pub(super) life: PhantomData<&'a mut T>,
}

impl<'a, T: Copy> MatrixMut<'a, T> {
    /// The matrix whose rows follow each other in `elements`.
    pub fn from_slice(elements: &'a mut [T], rows: usize, cols: usize) -> Self {
        assert_eq!(elements.len(), rows * cols);
        let start = elements.as_mut_ptr().cast_const();
        let view = Matrix { start, rows, cols, row_step: cols as isize, col_step: 1, life: PhantomData };
        MatrixMut { view, life: PhantomData }
    }

    /// The address, and the steps between rows and between columns.
    #[inline(always)]
    pub fn raw(&self) -> (*mut T, isize, isize) {
        (self.view.start.cast_mut(), self.view.row_step, self.view.col_step)
    }

    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.view.rows
    }

    #[inline(always)]
    pub fn cols(&self) -> usize {
        self.view.cols
    }

    #[inline(always)]
    pub fn transposed(self) -> Self {
        MatrixMut { view: self.view.transposed(), ..self }
    }

    #[inline(always)]
    pub fn has_plain_rows(&self) -> bool {
        self.view.has_plain_rows()
    }

    #[inline(always)]
    pub fn has_plain_cols(&self) -> bool {
        self.view.has_plain_cols()
    }

    /// All elements, if rows follow each other.
    #[inline(always)]
    pub fn dense(&mut self) -> Option<&mut [T]> {
        let elements = self.view.dense()?;
        // SAFETY: the memory is this matrix's alone, and it is borrowed mutably by the caller.
        Some(unsafe { std::slice::from_raw_parts_mut(elements.as_ptr().cast_mut(), elements.len()) })
    }

    #[inline(always)]
    pub fn at(&mut self, row: usize, col: usize) -> &mut T {
        let view = &self.view;
        assert!(row < view.rows && col < view.cols);
        // SAFETY: in bounds by the line above; the memory is this matrix's alone (`StackMut`).
        unsafe {
            &mut *view.start.offset(row as isize * view.row_step + col as isize * view.col_step).cast_mut()
        }
    }

    /// Part of a row, if its elements follow each other.
    #[inline(always)]
    pub fn row(&mut self, row: usize, cols: Range<usize>) -> &mut [T] {
        let row = self.view.row(row, cols);
        // SAFETY: the memory is this matrix's alone, and it is borrowed mutably by the caller.
        unsafe { std::slice::from_raw_parts_mut(row.as_ptr().cast_mut(), row.len()) }
    }

    /// Writes what `convert` makes of `values` into part of a row.
    #[inline(always)]
    pub fn write<V: Copy>(&mut self, row: usize, cols: Range<usize>, values: &[V], convert: fn(V) -> T) {
        if self.has_plain_rows() {
            for (element, &value) in self.row(row, cols).iter_mut().zip(values) {
                *element = convert(value);
            }
        } else {
            for (col, &value) in cols.zip(values) {
                *self.at(row, col) = convert(value);
            }
        }
    }

    /// Some rows and some columns.
    #[inline(always)]
    pub fn block(&mut self, rows: Range<usize>, cols: Range<usize>) -> MatrixMut<'_, T> {
        MatrixMut { view: self.view.block(rows, cols), life: PhantomData }
    }
}
