//! Addresses and strides.
#![allow(unsafe_code)]

use ndarray::{IxDyn, ShapeBuilder};
use numpy::PyUntypedArray;
use pyo3::prelude::*;

use super::description::Description;
use super::dtypes::supported;
use crate::dtype::{DType, Element};

/// An array and what describes it: see `description`.
pub struct Memory<'py> {
    array: Bound<'py, PyUntypedArray>,
    description: Description,
}

impl<'py> Memory<'py> {
    /// An array that others have, too.
    #[inline]
    pub fn new(array: Bound<'py, PyUntypedArray>) -> PyResult<Self> {
        Ok(Memory { description: Description::of(&array)?, array })
    }

    /// An array that nobody else has yet.
    #[inline]
    pub fn of_new(array: Bound<'py, PyUntypedArray>) -> PyResult<Self> {
        Ok(Memory { description: Description::of_new(&array)?, array })
    }

    /// The array.
    #[inline(always)]
    pub fn array(&self) -> &Bound<'py, PyUntypedArray> {
        &self.array
    }

    /// The same without what describes it.
    #[inline(always)]
    pub fn into_array(self) -> Bound<'py, PyUntypedArray> {
        self.array
    }

    /// The lengths of the axes.
    #[inline(always)]
    pub fn shape(&self) -> &[usize] {
        self.description.shape(&self.array)
    }

    /// Bytes from one element of an axis to the next.
    #[inline(always)]
    fn strides(&self) -> &[isize] {
        self.description.strides(&self.array)
    }

    /// The number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether it has no elements.
    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// Whether the elements are one slice, in C order.
    #[inline(always)]
    pub fn is_contiguous(&self) -> bool {
        self.description.is_contiguous(&self.array)
    }

    /// The row of the table for the elements, whatever their byte order.
    #[inline(always)]
    pub fn dtype(&self) -> Option<DType> {
        supported(self.description.number(&self.array))
    }

    /// The address of the first byte, and how many bytes the elements have: `resize` changes one of them.
    pub fn place(&self) -> (usize, usize) {
        (self.description.data(&self.array) as usize, self.len().saturating_mul(self.size()))
    }

    /// Bytes of an element.
    #[inline(always)]
    fn size(&self) -> usize {
        self.description.size(&self.array)
    }

    /// Whether the memory is still where it was when the array came.
    #[inline(always)]
    pub fn is_unmoved(&self) -> bool {
        self.description.is_unmoved(&self.array)
    }

    /// Whether the memory can be read as Rust reads elements: native byte order, aligned,
    /// and every stride a whole number of elements. (NumPy's flag alone does not say the last: a
    /// complex field of a struct of 24 bytes is "aligned", with a stride of one and a half elements.)
    #[inline]
    pub fn is_native(&self, dtype: DType) -> bool {
        let native = self.description.is_aligned(&self.array) && !self.description.is_swapped(&self.array);
        (native && (self.is_contiguous() || self.has_whole_strides(dtype))) || self.is_empty()
    }

    fn has_whole_strides(&self, dtype: DType) -> bool {
        let size = dtype.size() as isize;
        self.shape().iter().zip(self.strides()).all(|(&len, stride)| len <= 1 || stride % size == 0)
    }

    /// What is built on an address is undefined otherwise. It was checked when the array came; since then,
    /// code of the user's (a finalizer, an `__index__`) may have changed its dtype or strides.
    fn check<T: Element>(&self) {
        assert!(
            self.dtype() == Some(T::DTYPE) && self.is_native(T::DTYPE),
            "the dtype or the strides of an array were changed during the call"
        );
    }

    /// The address of the first element of an array that has one and is native.
    fn start<T>(&self) -> *mut T {
        let start = self.description.data(&self.array).cast::<T>();
        // As above, even where the CPU does not mind.
        assert!(start.is_aligned(), "an array that is not aligned goes through a copy");
        start
    }

    /// The lowest address, the lengths and strides (in elements, none negative), and the axes that run
    /// backwards.
    pub fn layout<T: Element>(&self) -> (*mut T, ndarray::StrideShape<IxDyn>, Vec<usize>) {
        self.check::<T>();
        let shape = self.shape();
        if self.is_empty() {
            return (
                std::ptr::NonNull::dangling().as_ptr(),
                IxDyn(shape).into_shape_with_order().into(),
                Vec::new(),
            );
        }
        let mut start = self.start::<T>();
        let mut strides = IxDyn::zeros(shape.len());
        let mut inverted = Vec::new();
        let mut inner = 1;
        for axis in (0..shape.len()).rev() {
            let stride = self.strides()[axis] / size_of::<T>() as isize;
            strides[axis] = if shape[axis] == 1 { inner } else { stride.unsigned_abs() };
            if shape[axis] > 1 && stride < 0 {
                // SAFETY: the last element along an axis is inside the array's memory.
                start = unsafe { start.offset(stride * (shape[axis] as isize - 1)) };
                inverted.push(axis);
            }
            inner = shape[axis].saturating_mul(inner);
        }
        (start, IxDyn(shape).strides(strides), inverted)
    }
}
