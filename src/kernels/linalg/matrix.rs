//! Matrices as the kernels see them: an address, two lengths, two strides.
//!
//! A product of 4x4 matrices takes some tens of nanoseconds, and a stack may hold millions of
//! them. Views of the `ndarray` crate with a dynamic number of axes cost several times that to
//! slice, so these types do the arithmetic on addresses themselves; every access checks its
//! bounds once for a row or an element.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::marker::PhantomData;
use std::ops::Range;

/// The sizes of a matrix, and its strides in elements.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub rows: usize,
    pub cols: usize,
    pub row_stride: isize,
    pub col_stride: isize,
}

impl Layout {
    /// Rows become columns.
    #[inline(always)]
    pub fn transposed(self) -> Self {
        Layout { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride }
    }

    /// Whether the elements of a row follow each other.
    #[inline(always)]
    pub fn is_row_contiguous(self) -> bool {
        self.col_stride == 1 || self.cols <= 1
    }

    /// Whether the elements of a column follow each other.
    #[inline(always)]
    pub fn is_col_contiguous(self) -> bool {
        self.row_stride == 1 || self.rows <= 1
    }
}

/// A matrix that is read, with any strides (in elements; they may be zero or negative).
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    pub(super) start: *const T,
    pub rows: usize,
    pub cols: usize,
    pub(super) row_stride: isize,
    pub(super) col_stride: isize,
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
            row_stride: cols as isize,
            col_stride: 1,
            life: PhantomData,
        }
    }

    /// The same, with rows `stride` elements apart.
    pub fn with_stride(elements: &'a [T], rows: usize, cols: usize, stride: usize) -> Self {
        assert!(cols <= stride && elements.len() >= rows * stride);
        let (start, row_stride) = (elements.as_ptr(), stride as isize);
        Matrix { start, rows, cols, row_stride, col_stride: 1, life: PhantomData }
    }

    /// The address, and the strides between rows and between columns.
    #[inline(always)]
    pub fn raw(&self) -> (*const T, isize, isize) {
        (self.start, self.row_stride, self.col_stride)
    }

    /// Rows become columns.
    #[inline(always)]
    pub fn transposed(self) -> Self {
        Matrix {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// Sizes and strides.
    #[inline(always)]
    pub fn layout(&self) -> Layout {
        let &Matrix { rows, cols, row_stride, col_stride, .. } = self;
        Layout { rows, cols, row_stride, col_stride }
    }

    /// Whether the elements of a row follow each other.
    #[inline(always)]
    pub fn is_row_contiguous(&self) -> bool {
        self.layout().is_row_contiguous()
    }

    /// Whether the elements of a column follow each other.
    #[inline(always)]
    pub fn is_col_contiguous(&self) -> bool {
        self.layout().is_col_contiguous()
    }

    #[inline(always)]
    pub fn get(&self, row: usize, col: usize) -> T {
        assert!(row < self.rows && col < self.cols);
        // SAFETY: in bounds by the line above; the memory is readable for 'a (`Batch::new`).
        unsafe { *self.start.offset(row as isize * self.row_stride + col as isize * self.col_stride) }
    }

    /// The number of elements, if rows are contiguous and follow each other.
    #[inline(always)]
    pub fn contiguous_len(&self) -> Option<usize> {
        (self.is_row_contiguous() && self.rows > 0 && self.row_stride == self.cols as isize)
            .then(|| self.rows * self.cols)
    }

    /// All elements, if rows are contiguous and follow each other.
    #[inline(always)]
    pub fn contiguous(&self) -> Option<&'a [T]> {
        // SAFETY: contiguous, and readable for 'a.
        self.contiguous_len().map(|len| unsafe { std::slice::from_raw_parts(self.start, len) })
    }

    /// The address of an element of a row whose elements up to `cols.end` follow each other.
    #[inline(always)]
    fn row_start(&self, row: usize, cols: &Range<usize>) -> *const T {
        assert!(
            self.is_row_contiguous() && row < self.rows && cols.start <= cols.end && cols.end <= self.cols
        );
        // SAFETY: in bounds by the line above.
        unsafe { self.start.offset(row as isize * self.row_stride + cols.start as isize) }
    }

    /// Part of a row, if its elements follow each other.
    #[inline(always)]
    pub fn row(&self, row: usize, cols: Range<usize>) -> &'a [T] {
        // SAFETY: in bounds and one element after the other, as `row_start` asserts; readable for 'a.
        unsafe { std::slice::from_raw_parts(self.row_start(row, &cols), cols.len()) }
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
        let offset = rows.start as isize * self.row_stride + cols.start as isize * self.col_stride;
        // An empty block may start outside: its address is never read.
        Matrix { start: self.start.wrapping_offset(offset), rows: rows.len(), cols: cols.len(), ..self }
    }
}

/// The distances of some rows from the first one, for kernels that read them at the same time.
///
/// Odd multiples of the distance of two rows: with the scaled ones that addresses may have, they reach all rows from
/// one pointer. The compiler, if it knew, would add the distance up from row to row, and each step would wait for that.
#[derive(Clone, Copy)]
pub struct RowOffsets {
    odd: [isize; RowOffsets::MOST / 2],
}

impl RowOffsets {
    /// The most rows.
    pub const MOST: usize = 12;

    /// Of so many rows, `distance` apart.
    #[inline(always)]
    pub fn new(distance: isize, rows: usize) -> Self {
        let mut odd = [0; Self::MOST / 2];
        for (i, offset) in odd.iter_mut().enumerate().take(rows / 2) {
            *offset = black_box((2 * i as isize + 1) * distance);
        }
        RowOffsets { odd }
    }

    /// The distance of a row, in the unit that the distance of two rows had.
    #[inline(always)]
    pub fn of(&self, row: usize) -> isize {
        match row {
            0 => 0,
            _ => self.odd[(row >> row.trailing_zeros()) / 2] << row.trailing_zeros(),
        }
    }
}

/// A matrix that is written, with any strides; no two of its elements share memory.
pub struct MatrixMut<'a, T> {
    pub(super) view: Matrix<'a, T>,
    pub(super) life: PhantomData<&'a mut T>,
}

impl<'a, T: Copy> MatrixMut<'a, T> {
    /// The matrix whose rows follow each other in `elements`.
    pub fn from_slice(elements: &'a mut [T], rows: usize, cols: usize) -> Self {
        assert_eq!(elements.len(), rows * cols);
        let start = elements.as_mut_ptr().cast_const();
        let view = Matrix { start, rows, cols, row_stride: cols as isize, col_stride: 1, life: PhantomData };
        MatrixMut { view, life: PhantomData }
    }

    /// The address, and the strides between rows and between columns.
    #[inline(always)]
    pub fn raw(&self) -> (*mut T, isize, isize) {
        (self.view.start.cast_mut(), self.view.row_stride, self.view.col_stride)
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
    pub fn is_row_contiguous(&self) -> bool {
        self.view.is_row_contiguous()
    }

    /// All elements, if rows follow each other.
    #[inline(always)]
    pub fn contiguous(&mut self) -> Option<&mut [T]> {
        let len = self.view.contiguous_len()?;
        // SAFETY: the memory is this matrix's alone, and it is borrowed mutably by the caller.
        Some(unsafe { std::slice::from_raw_parts_mut(self.view.start.cast_mut(), len) })
    }

    #[inline(always)]
    pub fn at(&mut self, row: usize, col: usize) -> &mut T {
        let view = &self.view;
        assert!(row < view.rows && col < view.cols);
        // SAFETY: in bounds by the line above; the memory is this matrix's alone (`BatchMut`).
        unsafe {
            &mut *view
                .start
                .offset(row as isize * view.row_stride + col as isize * view.col_stride)
                .cast_mut()
        }
    }

    /// Part of a row, if its elements follow each other.
    #[inline(always)]
    pub fn row(&mut self, row: usize, cols: Range<usize>) -> &mut [T] {
        let start = self.view.row_start(row, &cols).cast_mut();
        // SAFETY: as for `Matrix::row`; the memory is this matrix's alone, and it is borrowed mutably
        // by the caller.
        unsafe { std::slice::from_raw_parts_mut(start, cols.len()) }
    }

    /// Writes what `convert` makes of `values` into part of a row.
    #[inline(always)]
    pub fn write<V: Copy>(&mut self, row: usize, cols: Range<usize>, values: &[V], convert: fn(V) -> T) {
        if self.is_row_contiguous() {
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
