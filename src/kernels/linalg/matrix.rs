//! Matrices as the kernels see them: an address, two lengths, two steps.
//!
//! A product of 4x4 matrices takes some tens of nanoseconds, and a stack may hold millions of
//! them. Views of the `ndarray` crate with a dynamic number of axes cost several times that to
//! slice, so these types do the arithmetic on addresses themselves; every access checks its
//! bounds once for a row or an element.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayViewD, ArrayViewMutD};

/// A matrix that is read, with any steps (in elements; they may be zero or negative).
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    start: *const T,
    pub rows: usize,
    pub cols: usize,
    row_step: isize,
    col_step: isize,
    life: PhantomData<&'a T>,
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
    view: Matrix<'a, T>,
    life: PhantomData<&'a mut T>,
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

/// An array seen as a stack of matrices: all axes but the last two count the matrices.
pub struct Stack<'a, T> {
    first: Matrix<'a, T>,
    lens: Vec<usize>,
    steps: Vec<isize>,
}

// SAFETY: it only gives shared access to elements that may be shared.
unsafe impl<T: Sync> Sync for Stack<'_, T> {}

impl<'a, T: Copy> Stack<'a, T> {
    /// The view, which has two axes or more; those before are broadcast to `batch`.
    pub fn new(view: &ArrayViewD<'a, T>, batch: &[usize]) -> Self {
        let axes = view.ndim() - 2;
        assert!(axes <= batch.len());
        let (shape, strides) = (view.shape(), view.strides());
        let mut steps = vec![0; batch.len()];
        for axis in 0..axes {
            let target = batch.len() - axes + axis;
            // An axis of one element is repeated.
            assert!(shape[axis] == batch[target] || shape[axis] == 1);
            steps[target] = if shape[axis] == 1 { 0 } else { strides[axis] };
        }
        let mut stack = Stack { first: first(view.as_ptr(), shape, strides), lens: batch.to_vec(), steps };
        stack.merge();
        stack
    }

    /// `count` matrices, one after the other.
    #[inline]
    pub fn from_slice(elements: &'a [T], count: usize, rows: usize, cols: usize) -> Self {
        assert_eq!(elements.len(), count * rows * cols);
        let (start, row_step) = (elements.as_ptr(), cols as isize);
        let first = Matrix { start, rows, cols, row_step, col_step: 1, life: PhantomData };
        // One matrix needs no memory for axes.
        let (lens, steps) =
            if count == 1 { (Vec::new(), Vec::new()) } else { (vec![count], vec![(rows * cols) as isize]) };
        Stack { first, lens, steps }
    }

    /// Makes neighbouring axes one where that is possible: a stack of one axis needs no division.
    fn merge(&mut self) {
        for axis in (1..self.lens.len()).rev() {
            let (outer, inner) = (self.steps[axis - 1], self.steps[axis]);
            if outer == inner * self.lens[axis] as isize {
                self.lens[axis - 1] *= self.lens[axis];
                self.steps[axis - 1] = inner;
                self.lens.remove(axis);
                self.steps.remove(axis);
            }
        }
    }

    /// Matrix number `index`, in C order of the axes that count them.
    #[inline(always)]
    pub fn matrix(&self, index: usize) -> Matrix<'a, T> {
        let mut offset = 0;
        if self.lens.len() == 1 {
            assert!(index < self.lens[0]);
            offset = index as isize * self.steps[0];
        } else {
            let mut rest = index;
            for axis in (0..self.lens.len()).rev() {
                offset += (rest % self.lens[axis]) as isize * self.steps[axis];
                rest /= self.lens[axis];
            }
            assert!(rest == 0);
        }
        Matrix { start: self.first.start.wrapping_offset(offset), ..self.first }
    }
}

/// The first matrix of an array.
fn first<'a, T>(start: *const T, shape: &[usize], strides: &[isize]) -> Matrix<'a, T> {
    let axes = shape.len() - 2;
    let (rows, cols) = (shape[axes], shape[axes + 1]);
    Matrix { start, rows, cols, row_step: strides[axes], col_step: strides[axes + 1], life: PhantomData }
}

impl<'a, T: Copy> Stack<'a, T> {
    /// The same memory as elements of another type.
    ///
    /// # Safety
    /// All bytes of a `T` are an `U` and the other way round.
    unsafe fn cast<U>(self) -> Stack<'a, U> {
        let Matrix { start, rows, cols, row_step, col_step, .. } = self.first;
        let first = Matrix { start: start.cast(), rows, cols, row_step, col_step, life: PhantomData };
        Stack { first, lens: self.lens, steps: self.steps }
    }
}

/// As [`Stack`], to be written.
pub struct StackMut<'a, T> {
    stack: Stack<'a, T>,
    life: PhantomData<&'a mut T>,
}

// SAFETY: shared access gives nothing but through `part`, whose callers promise to be alone.
unsafe impl<T: Send> Sync for StackMut<'_, T> {}

impl<'a, T: Copy> StackMut<'a, T> {
    /// The view, which has two axes or more.
    pub fn new(view: &'a mut ArrayViewMutD<'_, T>) -> Self {
        let start = view.as_mut_ptr().cast_const();
        let (shape, strides) = (view.shape(), view.strides());
        let axes = view.ndim() - 2;
        let mut stack = Stack {
            first: first(start, shape, strides),
            lens: shape[..axes].to_vec(),
            steps: strides[..axes].to_vec(),
        };
        stack.merge();
        StackMut { stack, life: PhantomData }
    }

    /// `count` matrices, one after the other.
    #[inline]
    pub fn from_slice(elements: &'a mut [T], count: usize, rows: usize, cols: usize) -> Self {
        let start = elements.as_mut_ptr().cast_const();
        let mut stack = Stack::from_slice(elements, count, rows, cols);
        stack.first.start = start;
        StackMut { stack, life: PhantomData }
    }

    /// A block of matrix number `index`.
    ///
    /// # Safety
    /// No other block that is in use, on any thread, has an element of this one.
    #[inline(always)]
    pub unsafe fn part(&self, index: usize, rows: Range<usize>, cols: Range<usize>) -> MatrixMut<'_, T> {
        MatrixMut { view: self.stack.matrix(index).block(rows, cols), life: PhantomData }
    }
}

/// The stacks of a product.
pub struct Operands<'a, T> {
    pub a: Stack<'a, T>,
    pub b: Stack<'a, T>,
    pub c: StackMut<'a, T>,
}

/// Integers with a sign, and those without that have the same bits.
pub trait Signed: Copy {
    /// The type without a sign.
    type Unsigned: Copy;
}

macro_rules! signed {
    ($($type:ty as $unsigned:ty),*) => { $(
        impl Signed for $type {
            type Unsigned = $unsigned;
        }
    )* };
}
signed!(i8 as u8, i16 as u16, i32 as u32, i64 as u64);

impl<'a, T: Signed> Operands<'a, T> {
    /// The same memory as integers without a sign, whose products have the same bits.
    pub fn unsigned(self) -> Operands<'a, T::Unsigned> {
        // SAFETY: `signed!` names integer types of the same size only.
        unsafe {
            let c = StackMut { stack: self.c.stack.cast(), life: PhantomData };
            Operands { a: self.a.cast(), b: self.b.cast(), c }
        }
    }
}

impl<T: Copy> Operands<'_, T> {
    /// Rows of a, columns of a, columns of b.
    #[inline]
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.a.first.rows, self.a.first.cols, self.b.first.cols)
    }

    /// Whether the elements of each row follow each other.
    #[inline]
    pub fn have_plain_rows(&self) -> bool {
        [self.a.first, self.b.first, self.c.stack.first].iter().all(Matrix::has_plain_rows)
    }

    /// Whether the elements of each row of a follow each other.
    #[inline]
    pub fn a_has_plain_rows(&self) -> bool {
        self.a.first.has_plain_rows()
    }

    /// Whether the elements of each column of b follow each other.
    #[inline]
    pub fn b_has_plain_cols(&self) -> bool {
        self.b.first.has_plain_cols()
    }

    /// Whether the elements of each column of c follow each other, and not those of a row.
    #[inline]
    pub fn c_has_plain_cols(&self) -> bool {
        let c = self.c.stack.first;
        c.has_plain_cols() && (c.cols == 1 || !c.has_plain_rows())
    }

    /// What belongs to a part in matrix number `index` of the stacks.
    #[inline(always)]
    pub fn part(&self, index: usize, part: &Part) -> (Matrix<'_, T>, Matrix<'_, T>, MatrixMut<'_, T>) {
        let (a, b) = (self.a.matrix(index), self.b.matrix(index));
        let a = a.block(part.rows.clone(), 0..a.cols);
        let b = b.block(0..b.rows, part.cols.clone());
        // SAFETY: parts cannot be copied and only `Split` makes them, none with a result of
        // another; it gives each to one thread, which uses one matrix at a time.
        let c = unsafe { self.c.part(index, part.rows.clone(), part.cols.clone()) };
        (a, b, c)
    }
}

/// A part of a product: of some matrices of the stack, some rows and some columns. No two parts
/// of a split have a result in common.
#[derive(Debug)]
pub struct Part {
    pub matrices: Range<usize>,
    pub rows: Range<usize>,
    pub cols: Range<usize>,
}

impl Part {
    /// The part in blocks of one matrix, at most `rows` by `cols` in size.
    pub fn blocks(self, rows: usize, cols: usize) -> impl Iterator<Item = Part> {
        let (all_rows, all_cols) = (self.rows, self.cols);
        self.matrices.flat_map(move |index| {
            let all_cols = all_cols.clone();
            let end = all_rows.end;
            all_rows.clone().step_by(rows).flat_map(move |row| {
                let end_col = all_cols.end;
                all_cols.clone().step_by(cols).map(move |col| Part {
                    matrices: index..index + 1,
                    rows: row..end.min(row + rows),
                    cols: col..end_col.min(col + cols),
                })
            })
        })
    }
}
