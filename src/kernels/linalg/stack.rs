//! Stacks of matrices, and how a part of a product gets at its own.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::matrix::{Matrix, MatrixMut};

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

    /// All elements of some matrices, if rows and matrices follow each other.
    fn dense(&self, matrices: &Range<usize>) -> Option<&'a [T]> {
        let len = self.first.dense()?.len();
        let follow = match (&self.lens[..], &self.steps[..]) {
            ([], []) => matrices.end <= 1,
            (&[count], &[step]) => matrices.end <= count && step == len as isize,
            _ => false,
        };
        // SAFETY: the matrices are in one piece and follow each other; readable for 'a.
        follow.then(|| unsafe {
            std::slice::from_raw_parts(self.first.start.add(matrices.start * len), matrices.len() * len)
        })
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

/// A product with a vector.
#[derive(Debug, Clone, Copy)]
pub struct OfVector {
    /// The vector is the left operand, and the matrix is meant transposed.
    pub is_left: bool,
    /// The rows of the matrix are in one piece, or else its columns.
    pub by_rows: bool,
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

    /// How to compute the product if one operand is a vector and the other one has rows or columns
    /// in one piece.
    pub fn vector(&self) -> Option<OfVector> {
        let (a, b) = (self.a.first, self.b.first);
        let is_left = b.cols != 1;
        let matrix = if is_left { b.transposed() } else { a };
        let is_vector = !is_left || a.rows == 1;
        let by_rows = matrix.has_plain_rows();
        (is_vector && (by_rows || matrix.has_plain_cols())).then_some(OfVector { is_left, by_rows })
    }

    /// What an element of b costs, in elements of a, to bring it to where it is multiplied: rows of
    /// b are read in one piece, so columns are turned first.
    pub fn cost_of_b(&self) -> usize {
        if self.a.first.has_plain_rows() && !self.b.first.has_plain_rows() { 4 } else { 1 }
    }

    /// Whether the elements of each column of c follow each other, and not those of a row.
    #[inline]
    pub fn c_has_plain_cols(&self) -> bool {
        let c = self.c.stack.first;
        c.has_plain_cols() && (c.cols == 1 || !c.has_plain_rows())
    }

    /// All elements of the matrices of a part, if the part has whole matrices, and rows and
    /// matrices follow each other.
    pub fn dense<'p>(&'p self, part: &'p mut Part) -> Option<(&'p [T], &'p [T], &'p mut [T])> {
        let (m, _, n) = self.sizes();
        let is_whole = part.rows == (0..m) && part.cols == (0..n);
        if !is_whole || part.matrices.is_empty() {
            return None;
        }
        let (a, b) = (self.a.dense(&part.matrices)?, self.b.dense(&part.matrices)?);
        let c = self.c.stack.dense(&part.matrices)?;
        // SAFETY: as in `Operands::part`; the part is borrowed for as long as what is returned.
        Some((a, b, unsafe { std::slice::from_raw_parts_mut(c.as_ptr().cast_mut(), c.len()) }))
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
