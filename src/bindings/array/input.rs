//! An argument that is read.

use ndarray::{ArrayViewD, Axis};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::dtypes::supported;
use super::memory::{flat, is_plain, layout};
use super::{Operand, Output, as_array, not_real, numpy};
use crate::dtype::{DType, Element};

/// An argument that is read.
pub struct Input<'py> {
    array: Bound<'py, PyUntypedArray>,
    dtype: DType,
}

impl Operand for Input<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.array
    }
}

impl<'py> Input<'py> {
    /// The argument `name` of `function`, as an array of one of the dtypes of the table.
    pub fn new(function: &str, name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = as_array(function, name, object)?;
        match supported(&array.dtype()) {
            Some(dtype) => Self::readable(array, dtype),
            None => Err(PyTypeError::new_err(format!(
                "{function}: {name} has dtype {}, expected bool, an integer, a float up to 64 bits or a complex \
                 number up to 128 bits",
                array.dtype()
            ))),
        }
    }

    /// As [`Input::new`], for a function that complex numbers have no meaning for.
    pub fn real(function: &str, name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = as_array(function, name, object)?;
        match supported(&array.dtype()).filter(|dtype| dtype.is_real()) {
            Some(dtype) => Self::readable(array, dtype),
            None => Err(not_real(function, name, &array.dtype())),
        }
    }

    /// As [`Input::new`], but `None` where NumPy has to do the work: its dtype (such as
    /// longdouble or object) is not in the table.
    pub fn if_supported(function: &str, name: &str, object: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let array = as_array(function, name, object)?;
        supported(&array.dtype()).map(|dtype| Self::readable(array, dtype)).transpose()
    }

    /// Copies an array that cannot be read as it is.
    fn readable(array: Bound<'py, PyUntypedArray>, dtype: DType) -> PyResult<Self> {
        if is_plain(&array, dtype) {
            return Ok(Input { array, dtype });
        }
        Self::copied(&array, dtype)
    }

    /// A copy in C order, made by NumPy and by no method of a subclass. (`ascontiguousarray` would give
    /// back an array that is contiguous but not aligned.)
    fn copied(array: &Bound<'py, PyUntypedArray>, dtype: DType) -> PyResult<Self> {
        let options = PyDict::new(array.py());
        options.set_item("dtype", dtype.name())?;
        options.set_item("order", "C")?;
        let copy = numpy(array.py(), "array")?.call((array,), Some(&options))?;
        Ok(Input { array: copy.cast_into()?, dtype })
    }

    /// The same data as elements of `dtype`, converted by NumPy if they are of another.
    pub fn cast(self, dtype: DType) -> PyResult<Self> {
        if self.dtype == dtype {
            return Ok(self);
        }
        Self::copied(&self.array, dtype)
    }

    /// A Python number as an array without axes.
    pub fn number(
        py: Python<'py>,
        function: &str,
        dtype: DType,
        number: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let array = Output::new(py, function, dtype, &[])?.finish()?.cast_into::<PyUntypedArray>()?;
        array.set_item(pyo3::types::PyEllipsis::get(py), number)?;
        Ok(Input { array, dtype })
    }

    /// The elements, if they are flat memory in C order.
    pub fn flat<T: Element>(&self) -> Option<&[T]> {
        assert_eq!(T::DTYPE, self.dtype);
        self.array.is_c_contiguous().then(|| {
            let (start, len) = flat::<T>(&self.array);
            // SAFETY: as in `view`; elements in C order are one slice.
            unsafe { std::slice::from_raw_parts(start, len) }
        })
    }

    /// The same data, contiguous in C order, copied if they are not.
    pub fn in_c_order(self) -> PyResult<Self> {
        if self.array.is_c_contiguous() {
            return Ok(self);
        }
        Self::copied(&self.array, self.dtype)
    }

    /// The elements of an array in C order.
    ///
    /// # Panics
    /// If the array is not in C order ([`Input::in_c_order`]), or `T` is not the element type.
    pub fn slice<T: Element>(&self) -> &[T] {
        self.flat().expect("an array in C order")
    }

    /// As a Python object.
    pub fn object(&self) -> &Bound<'py, PyAny> {
        self.array.as_any()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The number of elements, repeated ones of a broadcast array included.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// The array to look at.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = layout::<T>(&self.array);
        // SAFETY: `is_plain` holds for the array: aligned, native, whole strides; `layout` gives
        // its lowest address and strides that are not negative. The array lives as long as the
        // view, and its memory is not moved (`pin`, or the interpreter is attached).
        let mut view = unsafe { ArrayViewD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }
}
