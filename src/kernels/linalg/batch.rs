//! Batches of matrices: arrays whose axes before the last two count matrices.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::matrix::{Layout, Matrix, MatrixMut};
use crate::dtype::Element;

/// An array seen as a batch of matrices.
pub struct Batch<'a, T> {
    first: Matrix<'a, T>,
    lens: Vec<usize>,
    strides: Vec<isize>,
}

// SAFETY: it only gives shared access to elements that may be shared.
unsafe impl<T: Sync> Sync for Batch<'_, T> {}

impl<'a, T: Copy> Batch<'a, T> {
    /// The view, which has two axes or more; those before are broadcast to `batch`.
    pub fn new(view: &ArrayViewD<'a, T>, batch: &[usize]) -> Self {
        let axes = view.ndim() - 2;
        assert!(axes <= batch.len());
        let (shape, view_strides) = (view.shape(), view.strides());
        let mut strides = vec![0; batch.len()];
        for axis in 0..axes {
            let target = batch.len() - axes + axis;
            // An axis of one element is repeated.
            assert!(shape[axis] == batch[target] || shape[axis] == 1);
            strides[target] = if shape[axis] == 1 { 0 } else { view_strides[axis] };
        }
        let first = first(view.as_ptr(), shape, view_strides);
        let mut batch = Batch { first, lens: batch.to_vec(), strides };
        batch.merge();
        batch
    }

    /// `count` matrices, one after the other.
    #[inline]
    pub fn from_slice(elements: &'a [T], count: usize, rows: usize, cols: usize) -> Self {
        assert_eq!(elements.len(), count * rows * cols);
        let (start, row_stride) = (elements.as_ptr(), cols as isize);
        let first = Matrix { start, rows, cols, row_stride, col_stride: 1, life: PhantomData };
        // One matrix needs no memory for axes.
        let (lens, strides) =
            if count == 1 { (Vec::new(), Vec::new()) } else { (vec![count], vec![(rows * cols) as isize]) };
        Batch { first, lens, strides }
    }

    /// Makes neighbouring axes one where that is possible: a batch of one axis needs no division.
    fn merge(&mut self) {
        for axis in (1..self.lens.len()).rev() {
            let (outer, inner) = (self.strides[axis - 1], self.strides[axis]);
            if outer == inner * self.lens[axis] as isize {
                self.lens[axis - 1] *= self.lens[axis];
                self.strides[axis - 1] = inner;
                self.lens.remove(axis);
                self.strides.remove(axis);
            }
        }
    }

    /// Sizes and strides of each matrix.
    #[inline]
    pub fn layout(&self) -> Layout {
        self.first.layout()
    }

    /// Some columns of the only matrix, cut into `count` matrices of as many columns each.
    pub fn pieces_of_cols(&self, cols: Range<usize>, count: usize) -> Self {
        assert!(self.lens.iter().all(|&len| len == 1) && cols.len() % count == 0);
        let width = cols.len() / count;
        let all = self.first.block(0..self.first.rows, cols);
        let first = all.block(0..all.rows, 0..width);
        Batch { first, lens: vec![count], strides: vec![width as isize * first.col_stride] }
    }

    /// Rows become columns, in each matrix.
    pub fn transposed(&self) -> Self {
        Batch { first: self.first.transposed(), lens: self.lens.clone(), strides: self.strides.clone() }
    }

    /// All elements of some matrices, if rows and matrices follow each other.
    pub fn contiguous(&self, matrices: &Range<usize>) -> Option<&'a [T]> {
        let (start, len) = self.contiguous_range(matrices)?;
        // SAFETY: the elements are contiguous, and readable for 'a.
        Some(unsafe { std::slice::from_raw_parts(start, len) })
    }

    /// The address and the number of these elements.
    fn contiguous_range(&self, matrices: &Range<usize>) -> Option<(*const T, usize)> {
        let len = self.first.contiguous_len()?;
        let follow = match (&self.lens[..], &self.strides[..]) {
            ([], []) => matrices.end <= 1,
            (&[count], &[stride]) => matrices.end <= count && stride == len as isize,
            _ => false,
        };
        follow.then(|| (self.first.start.wrapping_add(matrices.start * len), matrices.len() * len))
    }

    /// Matrix number `index`, in C order of the axes that count them.
    #[inline(always)]
    pub fn matrix(&self, index: usize) -> Matrix<'a, T> {
        let mut offset = 0;
        if self.lens.len() == 1 {
            assert!(index < self.lens[0]);
            offset = index as isize * self.strides[0];
        } else {
            let mut remainder = index;
            for axis in (0..self.lens.len()).rev() {
                offset += (remainder % self.lens[axis]) as isize * self.strides[axis];
                remainder /= self.lens[axis];
            }
            assert!(remainder == 0);
        }
        Matrix { start: self.first.start.wrapping_offset(offset), ..self.first }
    }

    /// The same memory as integers without a sign.
    pub fn unsigned(self) -> Batch<'a, T::Unsigned>
    where
        T: Signed,
    {
        let Matrix { start, rows, cols, row_stride, col_stride, .. } = self.first;
        let first = Matrix { start: start.cast(), rows, cols, row_stride, col_stride, life: PhantomData };
        Batch { first, lens: self.lens, strides: self.strides }
    }
}

/// The first matrix of an array.
fn first<'a, T>(start: *const T, shape: &[usize], strides: &[isize]) -> Matrix<'a, T> {
    let axes = shape.len() - 2;
    let (rows, cols) = (shape[axes], shape[axes + 1]);
    Matrix { start, rows, cols, row_stride: strides[axes], col_stride: strides[axes + 1], life: PhantomData }
}

/// As [`Batch`], to be written.
pub struct BatchMut<'a, T> {
    batch: Batch<'a, T>,
    life: PhantomData<&'a mut T>,
}

// SAFETY: shared access gives nothing but through unsafe functions, whose callers promise to be alone.
unsafe impl<T: Send> Sync for BatchMut<'_, T> {}

impl<'a, T: Copy> BatchMut<'a, T> {
    /// The view, which has two axes or more.
    pub fn new(view: &'a mut ArrayViewMutD<'_, T>) -> Self {
        let start = view.as_mut_ptr().cast_const();
        let (shape, strides) = (view.shape(), view.strides());
        let axes = view.ndim() - 2;
        let mut batch = Batch {
            first: first(start, shape, strides),
            lens: shape[..axes].to_vec(),
            strides: strides[..axes].to_vec(),
        };
        batch.merge();
        BatchMut { batch, life: PhantomData }
    }

    /// `count` matrices, one after the other.
    #[inline]
    pub fn from_slice(elements: &'a mut [T], count: usize, rows: usize, cols: usize) -> Self {
        let start = elements.as_mut_ptr().cast_const();
        let mut batch = Batch::from_slice(elements, count, rows, cols);
        batch.first.start = start;
        BatchMut { batch, life: PhantomData }
    }

    /// Sizes and strides of each matrix.
    #[inline]
    pub fn layout(&self) -> Layout {
        self.batch.layout()
    }

    /// The same memory as integers without a sign.
    pub fn unsigned(self) -> BatchMut<'a, T::Unsigned>
    where
        T: Signed,
    {
        BatchMut { batch: self.batch.unsigned(), life: PhantomData }
    }

    /// A block of matrix number `index`.
    ///
    /// # Safety
    /// No other block that is in use, on any thread, has an element of this one.
    #[inline(always)]
    pub unsafe fn block(&self, index: usize, rows: Range<usize>, cols: Range<usize>) -> MatrixMut<'_, T> {
        MatrixMut { view: self.batch.matrix(index).block(rows, cols), life: PhantomData }
    }

    /// All elements of some matrices, if rows and matrices follow each other.
    ///
    /// # Safety
    /// No other block that is in use, on any thread, has an element of these matrices.
    #[allow(clippy::mut_from_ref)] // alone by what the caller promises
    pub unsafe fn contiguous(&self, matrices: &Range<usize>) -> Option<&mut [T]> {
        let (start, len) = self.batch.contiguous_range(matrices)?;
        // SAFETY: the elements are contiguous, and this caller's alone, as it promises.
        Some(unsafe { std::slice::from_raw_parts_mut(start.cast_mut(), len) })
    }
}

/// Integers with a sign, and those without, whose products have the same bits.
///
/// # Safety
/// Every combination of bits of each type is a value of the other.
pub unsafe trait Signed: Element {
    /// The type without a sign.
    type Unsigned: Element;
}

// SAFETY: integers of the same size; without this the kernels would be compiled twice.
unsafe impl Signed for i8 {
    type Unsigned = u8;
}
// SAFETY: as above.
unsafe impl Signed for i16 {
    type Unsigned = u16;
}
// SAFETY: as above.
unsafe impl Signed for i32 {
    type Unsigned = u32;
}
// SAFETY: as above.
unsafe impl Signed for i64 {
    type Unsigned = u64;
}
