//! What describes an array: where its elements are, how many there are, and of what type.
//!
//! NumPy takes no lock where it sets a shape, strides or a dtype, or moves the memory of an array. With a lock of
//! the interpreter nothing changes while a function looks, so it looks at the array itself, and `pin` keeps the memory
//! where it is once the interpreter is released. Without one, another thread may set each of these at any time. There
//! an array is pinned first, and what describes it is read once; from then on only what was read is used, so that a
//! shape that another thread sets changes nothing for a call that has begun. What is read between two steps of such a
//! change does not fit together, or is another thing when it is read again: then it is read once more.
#![allow(unsafe_code)]

#[cfg(not(Py_GIL_DISABLED))]
use numpy::npyffi::NPY_ARRAY_C_CONTIGUOUS;
use numpy::npyffi::{NPY_ARRAY_ALIGNED, NPY_ARRAY_WRITEABLE};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

#[cfg(Py_GIL_DISABLED)]
pub use without_lock::Description;

/// The dtype of an array without a reference of its own, which would take two calls of Python. No code of
/// the user's, which could set another one, may run while it is used.
#[inline(always)]
fn descr<'a, 'py>(array: &'a Bound<'py, PyUntypedArray>) -> Borrowed<'a, 'py, PyArrayDescr> {
    // SAFETY: an array object, which holds its dtype.
    unsafe {
        let descr = (*array.as_array_ptr()).fields.descr;
        Borrowed::from_ptr(array.py(), descr.cast()).cast_unchecked()
    }
}

/// What describes an array: it is looked at where it is.
#[cfg(not(Py_GIL_DISABLED))]
#[derive(Clone)]
pub struct Description;

#[cfg(not(Py_GIL_DISABLED))]
impl Description {
    /// That of an array which others have.
    #[inline(always)]
    pub fn of(_: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        Ok(Description)
    }

    /// That of an array which nobody else has yet.
    #[inline(always)]
    pub fn of_new(_: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        Ok(Description)
    }

    /// Whether the memory is still where it was.
    #[inline(always)]
    pub fn is_unmoved(&self, _: &Bound<'_, PyUntypedArray>) -> bool {
        true
    }

    /// The address of the first element.
    #[inline(always)]
    pub fn data(&self, array: &Bound<'_, PyUntypedArray>) -> *mut u8 {
        // SAFETY: an array object.
        unsafe { (*array.as_array_ptr()).fields.data }.cast()
    }

    /// The lengths of the axes.
    #[inline(always)]
    pub fn shape<'a>(&'a self, array: &'a Bound<'_, PyUntypedArray>) -> &'a [usize] {
        array.shape()
    }

    /// Bytes from one element of an axis to the next.
    #[inline(always)]
    pub fn strides<'a>(&'a self, array: &'a Bound<'_, PyUntypedArray>) -> &'a [isize] {
        array.strides()
    }

    /// NumPy's number of the dtype.
    #[inline(always)]
    pub fn number(&self, array: &Bound<'_, PyUntypedArray>) -> i32 {
        descr(array).num()
    }

    /// Bytes of an element.
    #[inline(always)]
    pub fn size(&self, array: &Bound<'_, PyUntypedArray>) -> usize {
        descr(array).itemsize()
    }

    /// Whether the bytes of an element are in the other order than the machine's.
    #[inline(always)]
    pub fn is_swapped(&self, array: &Bound<'_, PyUntypedArray>) -> bool {
        descr(array).is_native_byteorder() == Some(false)
    }

    /// Whether the elements are one slice, in C order.
    #[inline(always)]
    pub fn is_contiguous(&self, array: &Bound<'_, PyUntypedArray>) -> bool {
        flags(array) & NPY_ARRAY_C_CONTIGUOUS != 0
    }

    /// Whether NumPy says that each element has an address as its type wants it.
    #[inline(always)]
    pub fn is_aligned(&self, array: &Bound<'_, PyUntypedArray>) -> bool {
        flags(array) & NPY_ARRAY_ALIGNED != 0
    }

    /// Whether elements may be written.
    #[inline(always)]
    pub fn is_writeable(&self, array: &Bound<'_, PyUntypedArray>) -> bool {
        flags(array) & NPY_ARRAY_WRITEABLE != 0
    }
}

#[cfg(not(Py_GIL_DISABLED))]
#[inline(always)]
fn flags(array: &Bound<'_, PyUntypedArray>) -> i32 {
    // SAFETY: an array object.
    unsafe { (*array.as_array_ptr()).fields.flags }
}

#[cfg(Py_GIL_DISABLED)]
mod without_lock {
    use std::rc::Rc;
    use std::sync::atomic::Ordering::Acquire;
    use std::sync::atomic::{AtomicI32, AtomicIsize, AtomicPtr};

    use numpy::npyffi::{NPY_ARRAY_C_CONTIGUOUS, PyArrayObject_fields};
    use pyo3::exceptions::PyRuntimeError;

    use super::*;
    use crate::bindings::array::dtypes::supported;
    use crate::bindings::array::pin::Pin;
    use crate::dtype::dispatch;

    /// The most axes an array can have.
    const MAX_DIMS: usize = 64;

    /// Looks at an array that another thread is changing, before the call gives up. Each but the first few lets
    /// other threads run, so that one which was stopped in the middle of a change goes on.
    const LOOKS: usize = 1000;

    /// What describes an array, as it was when the call looked, and what keeps its memory there.
    #[derive(Clone)]
    pub struct Description(Rc<(Seen, Option<Pin>)>);

    /// What was read of an array.
    struct Seen {
        fields: Fields,
        shape: Vec<usize>,
        strides: Vec<isize>,
        is_contiguous: bool,
    }

    /// What an array object and its dtype hold themselves.
    #[derive(Clone, Copy, PartialEq)]
    struct Fields {
        data: *mut u8,
        ndim: usize,
        shape: *mut isize,
        strides: *mut isize,
        flags: i32,
        number: i32,
        size: usize,
        is_swapped: bool,
    }

    impl Description {
        pub fn of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
            // Before anything is read: it stays as it is read.
            let pin = Pin::of(array)?;
            Ok(Description(Rc::new((Seen::of(array)?, Some(pin)))))
        }

        pub fn of_new(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
            Ok(Description(Rc::new((Seen::of(array)?, None))))
        }

        pub fn is_unmoved(&self, array: &Bound<'_, PyUntypedArray>) -> bool {
            let Seen { fields, shape, .. } = &self.0.0;
            let bytes = |size: usize, shape: &mut dyn Iterator<Item = usize>| {
                shape.fold(size, |bytes, len| bytes.wrapping_mul(len))
            };
            let seen = bytes(fields.size, &mut shape.iter().copied());
            // A shape that is being set is looked at again.
            (0..LOOKS).any(|look| {
                if look > 8 {
                    std::thread::yield_now();
                }
                Fields::of(array).is_some_and(|now| {
                    let lengths = &mut words(now.shape, now.ndim).map(|len| len as usize);
                    now.data == fields.data && bytes(now.size, lengths) == seen
                })
            })
        }

        pub fn data(&self, _: &Bound<'_, PyUntypedArray>) -> *mut u8 {
            self.0.0.fields.data
        }

        pub fn shape<'a>(&'a self, _: &'a Bound<'_, PyUntypedArray>) -> &'a [usize] {
            &self.0.0.shape
        }

        pub fn strides<'a>(&'a self, _: &'a Bound<'_, PyUntypedArray>) -> &'a [isize] {
            &self.0.0.strides
        }

        pub fn number(&self, _: &Bound<'_, PyUntypedArray>) -> i32 {
            self.0.0.fields.number
        }

        pub fn size(&self, _: &Bound<'_, PyUntypedArray>) -> usize {
            self.0.0.fields.size
        }

        pub fn is_swapped(&self, _: &Bound<'_, PyUntypedArray>) -> bool {
            self.0.0.fields.is_swapped
        }

        pub fn is_contiguous(&self, _: &Bound<'_, PyUntypedArray>) -> bool {
            self.0.0.is_contiguous
        }

        pub fn is_aligned(&self, _: &Bound<'_, PyUntypedArray>) -> bool {
            self.0.0.fields.flags & NPY_ARRAY_ALIGNED != 0
        }

        pub fn is_writeable(&self, _: &Bound<'_, PyUntypedArray>) -> bool {
            self.0.0.fields.flags & NPY_ARRAY_WRITEABLE != 0
        }
    }

    impl Seen {
        fn of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
            for look in 0..LOOKS {
                if let Some(seen) = Self::look(array) {
                    return Ok(seen);
                }
                if look > 8 {
                    std::thread::yield_now();
                }
            }
            Err(PyRuntimeError::new_err(
                "the shape, the strides or the dtype of an array is changed by another thread all the time",
            ))
        }

        /// What an array says twice, if that fits together.
        fn look(array: &Bound<'_, PyUntypedArray>) -> Option<Self> {
            let fields = Fields::of(array)?;
            let shape: Vec<usize> = words(fields.shape, fields.ndim)
                .map(|len| usize::try_from(len).ok())
                .collect::<Option<_>>()?;
            let strides: Vec<isize> = words(fields.strides, fields.ndim).collect();
            let is_same = Fields::of(array) == Some(fields)
                && words(fields.shape, fields.ndim).eq(shape.iter().map(|&len| len as isize))
                && words(fields.strides, fields.ndim).eq(strides.iter().copied());
            let bytes = shape.iter().try_fold(fields.size, |bytes, &len| bytes.checked_mul(len));
            let is_contiguous = is_contiguous(&shape, &strides, fields.size);
            let is_aligned = supported(fields.number)
                .is_none_or(|dtype| dispatch!(dtype, T => fields.data.cast::<T>().is_aligned()));
            // NumPy sets the flags last.
            let fits = (is_contiguous || fields.flags & NPY_ARRAY_C_CONTIGUOUS == 0)
                && (shape.contains(&0)
                    || bytes.is_some() && (is_aligned || fields.flags & NPY_ARRAY_ALIGNED == 0));
            (is_same && fits).then_some(Seen { fields, shape, strides, is_contiguous })
        }
    }

    impl Fields {
        /// Those of an array; `None` while another thread sets them.
        fn of(array: &Bound<'_, PyUntypedArray>) -> Option<Self> {
            // SAFETY: an array object. Its fields are read as atomic ones, as another thread may set them.
            let (data, ndim, shape, strides, flags) = unsafe {
                let fields: *mut PyArrayObject_fields = &raw mut (*array.as_array_ptr()).fields;
                (
                    AtomicPtr::from_ptr(&raw mut (*fields).data).load(Acquire),
                    AtomicI32::from_ptr(&raw mut (*fields).nd).load(Acquire),
                    AtomicPtr::from_ptr(&raw mut (*fields).dimensions).load(Acquire),
                    AtomicPtr::from_ptr(&raw mut (*fields).strides).load(Acquire),
                    AtomicI32::from_ptr(&raw mut (*fields).flags).load(Acquire),
                )
            };
            let ndim = usize::try_from(ndim).ok().filter(|&ndim| ndim <= MAX_DIMS)?;
            // The number of axes is set before where they are.
            if ndim > 0 && (shape.is_null() || strides.is_null()) {
                return None;
            }
            let descr = descr(array);
            let (number, size) = (descr.num(), descr.itemsize());
            let is_swapped = descr.is_native_byteorder() == Some(false);
            Some(Fields { data: data.cast(), ndim, shape, strides, flags, number, size, is_swapped })
        }
    }

    /// The lengths or strides of an array. NumPy gives back the memory of those that it replaces: what is read there,
    /// at most 64 words, may then be anything, and is thrown away as it differs or does not fit.
    fn words(start: *mut isize, ndim: usize) -> impl Iterator<Item = isize> {
        // SAFETY: as many words as the array has axes, or what was that a moment ago, read as atomic ones.
        (0..ndim).map(move |axis| unsafe { AtomicIsize::from_ptr(start.add(axis)).load(Acquire) })
    }

    /// Whether elements of `size` bytes are one slice in C order.
    fn is_contiguous(shape: &[usize], strides: &[isize], size: usize) -> bool {
        let mut span = size;
        let is_one = shape.iter().zip(strides).rev().all(|(&len, &stride)| {
            let expected = span;
            span = span.saturating_mul(len);
            len == 1 || usize::try_from(stride) == Ok(expected)
        });
        is_one || shape.contains(&0)
    }
}
