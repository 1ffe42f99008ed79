//! Addresses, strides and overlaps.
#![allow(unsafe_code)]

use ndarray::{IxDyn, ShapeBuilder};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::dtypes::supported;
use crate::dtype::{DType, Element};

/// The row of the table for the elements of an array, whatever their byte order.
#[inline]
pub(super) fn dtype(array: &Bound<'_, PyUntypedArray>) -> Option<DType> {
    supported(&descr(array))
}

/// NumPy's number of the dtype of an array.
pub(super) fn number(array: &Bound<'_, PyUntypedArray>) -> i32 {
    descr(array).num()
}

/// The dtype of an array without a reference of its own, which would take two calls of Python. No code of
/// the user's, which could set another one, may run while it is used.
#[inline]
fn descr<'a, 'py>(array: &'a Bound<'py, PyUntypedArray>) -> Borrowed<'a, 'py, PyArrayDescr> {
    // SAFETY: an array object, which holds its dtype.
    unsafe {
        let descr = (*array.as_array_ptr()).fields.descr;
        Borrowed::from_ptr(array.py(), descr.cast()).cast_unchecked()
    }
}

/// Whether the memory can be read as Rust reads elements: native byte order, aligned,
/// and every stride a whole number of elements. (NumPy's flag alone does not say the last: a
/// complex field of a struct of 24 bytes is "aligned", with a stride of one and a half elements.)
#[inline]
pub(super) fn is_native(array: &Bound<'_, PyUntypedArray>, dtype: DType) -> bool {
    // SAFETY: an array object.
    let aligned = unsafe { (*array.as_array_ptr()).fields.flags } & numpy::npyffi::NPY_ARRAY_ALIGNED != 0;
    let native = aligned && descr(array).is_native_byteorder() != Some(false);
    (native && (array.is_c_contiguous() || has_whole_strides(array, dtype))) || array.is_empty()
}

fn has_whole_strides(array: &Bound<'_, PyUntypedArray>, dtype: DType) -> bool {
    let size = dtype.size() as isize;
    array.shape().iter().zip(array.strides()).all(|(&len, stride)| len <= 1 || stride % size == 0)
}

/// The address and number of the elements of an array in C order.
pub(super) fn contiguous<T: Element>(array: &Bound<'_, PyUntypedArray>) -> (*mut T, usize) {
    check::<T>(array);
    match array.len() {
        0 => (std::ptr::NonNull::dangling().as_ptr(), 0),
        len => (start(array), len),
    }
}

/// What is built on an address is undefined otherwise. It was checked when the array came; since then,
/// code of the user's (a finalizer, an `__index__`) may have changed its dtype or strides.
fn check<T: Element>(array: &Bound<'_, PyUntypedArray>) {
    assert!(
        dtype(array) == Some(T::DTYPE) && is_native(array, T::DTYPE),
        "the dtype or the strides of an array were changed during the call"
    );
}

/// The address of the first element of an array that has one and is native.
fn start<T>(array: &Bound<'_, PyUntypedArray>) -> *mut T {
    // SAFETY: an array object.
    let start = unsafe { (*array.as_array_ptr()).fields.data }.cast::<T>();
    // As above, even where the CPU does not mind.
    assert!(start.is_aligned(), "an array that is not aligned goes through a copy");
    start
}

/// The lowest address, the lengths and strides (in elements, none negative), and the axes that run
/// backwards.
pub(super) fn layout<T: Element>(
    array: &Bound<'_, PyUntypedArray>,
) -> (*mut T, ndarray::StrideShape<IxDyn>, Vec<usize>) {
    check::<T>(array);
    let shape = array.shape();
    if array.is_empty() {
        return (
            std::ptr::NonNull::dangling().as_ptr(),
            IxDyn(shape).into_shape_with_order().into(),
            Vec::new(),
        );
    }
    let mut start = start::<T>(array);
    let mut strides = IxDyn::zeros(shape.len());
    let mut inverted = Vec::new();
    let mut inner = 1;
    for axis in (0..shape.len()).rev() {
        let stride = array.strides()[axis] / size_of::<T>() as isize;
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

/// The first and the last byte address of an array's elements, the latter exclusive.
fn extent(array: &Bound<'_, PyUntypedArray>) -> (isize, isize) {
    // SAFETY: an array object.
    let data = unsafe { (*array.as_array_ptr()).fields.data } as isize;
    let size = descr(array).itemsize() as isize;
    if array.is_c_contiguous() {
        return (data, data + array.len() as isize * size);
    }
    let (mut low, mut high) = (data, data + size);
    for (&len, &stride) in array.shape().iter().zip(array.strides()) {
        let reach = stride.saturating_mul(len as isize - 1);
        if reach < 0 { low = low.saturating_add(reach) } else { high = high.saturating_add(reach) }
    }
    (low, high)
}

pub(super) fn overlaps(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    let ((a_low, a_high), (b_low, b_high)) = (extent(a), extent(b));
    !a.is_empty() && !b.is_empty() && a_low < b_high && b_low < a_high
}

pub(super) fn is_same_memory(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    // SAFETY: array objects.
    let data = |array: &Bound<'_, PyUntypedArray>| unsafe { (*array.as_array_ptr()).fields.data };
    data(a) == data(b) && a.shape() == b.shape() && a.strides() == b.strides()
}

/// Whether an element may have several indices: a stride smaller than what the smaller strides span.
pub(super) fn repeats(array: &Bound<'_, PyUntypedArray>) -> bool {
    if array.is_c_contiguous() {
        return false;
    }
    let mut axes: Vec<(usize, usize)> = array
        .strides()
        .iter()
        .zip(array.shape())
        .filter(|(_, len)| **len > 1)
        .map(|(stride, &len)| (stride.unsigned_abs(), len))
        .collect();
    axes.sort_unstable();
    let mut span = array.dtype().itemsize();
    for (stride, len) in axes {
        if stride < span {
            return true;
        }
        span = stride.saturating_mul(len - 1).saturating_add(span);
    }
    false
}
