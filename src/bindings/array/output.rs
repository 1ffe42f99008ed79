//! An array that is written.

use std::fmt::Display;

use ndarray::{ArrayViewMutD, Axis};
use numpy::npyffi::{PY_ARRAY_API, npy_intp};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::dtypes::{supported, type_number};
use super::memory::{flat, is_plain, is_same_memory, layout, overlaps, repeats};
use super::{Input, Operand, Shape, kind_of, numpy, refuse_masked};
use crate::alloc::checked_size;
use crate::bindings::error::{Named, exception};
use crate::dtype::{DType, Element};
use crate::error::Error;

/// An array that is written: new, or the caller's `out`.
pub struct Output<'py> {
    /// Where the kernel writes.
    array: Bound<'py, PyUntypedArray>,
    dtype: DType,
    /// What the caller gets, if it is another array: `out` overlapped an input or cannot be
    /// written as it is.
    result: Option<Bound<'py, PyUntypedArray>>,
    given: bool,
}

impl Operand for Output<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.array
    }
}

impl<'py> Output<'py> {
    /// A new array in C order, not initialised. Memory that NumPy cannot get is a `MemoryError`.
    pub fn new(py: Python<'py>, function: &str, dtype: DType, shape: &[usize]) -> PyResult<Self> {
        let bytes = checked_size(shape).and_then(|len| checked_size(&[len, dtype.size()])).named(function)?;
        if isize::try_from(bytes).is_err() {
            return Err(exception(function, Error::Memory { bytes }));
        }
        assert!(shape.len() <= MAX_DIMS);
        // SAFETY: the shape is an array of `shape.len()` lengths that fit; the call takes over
        // the reference to the dtype; it returns a new array or null with an exception set.
        let array = unsafe {
            let mut dims = [0; MAX_DIMS];
            for (dim, &len) in dims.iter_mut().zip(shape) {
                *dim = len as npy_intp;
            }
            let descr = PY_ARRAY_API.PyArray_DescrFromType(py, type_number(dtype) as _);
            let array = PY_ARRAY_API.PyArray_Empty(py, shape.len() as _, dims.as_mut_ptr(), descr, 0);
            Bound::from_owned_ptr_or_err(py, array)?
        };
        Ok(Output { array: array.cast_into()?, dtype, result: None, given: false })
    }

    /// The caller's `out` if it is given, else a new array. `aliases` says whether `out` may be one
    /// of `inputs` exactly ([`Output::overwrites`]); any other overlap goes through a copy.
    pub fn new_or(
        function: &str,
        out: Option<&Bound<'py, PyAny>>,
        dtype: DType,
        shape: &[usize],
        inputs: &[&Input<'py>],
        aliases: Aliases,
        py: Python<'py>,
    ) -> PyResult<Self> {
        let Some(out) = out else { return Self::new(py, function, dtype, shape) };
        let array = given(function, out, shape, &dtype.name(), |asked| supported(asked) == Some(dtype))?;
        let clashes = |input: &&Input<'py>| {
            let same =
                aliases == Aliases::Exact && input.dtype() == dtype && is_same_memory(input.array(), array);
            !same && overlaps(input.array(), array)
        };
        if !is_plain(array, dtype) || repeats(array) || inputs.iter().any(clashes) {
            let scratch = Self::new(py, function, dtype, shape)?;
            return Ok(Output { result: Some(array.clone()), ..scratch });
        }
        Ok(Output { array: array.clone(), dtype, result: None, given: true })
    }

    /// The array to write into; what it holds before is undefined.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view_mut<T: Element>(&mut self) -> ArrayViewMutD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = layout::<T>(&self.array);
        // SAFETY: as in `Input::view`. The array is new, or it is writeable, does not repeat an
        // element and overlaps no input of the call but exactly (`new_or`), of which the caller then
        // makes no view (`overwrites`). Memory from the allocator is written before it is read.
        let mut view = unsafe { ArrayViewMutD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }

    /// The elements of an array in C order, as a new one is.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        self.flat_mut().expect("a new array is in C order")
    }

    /// Whether the elements are contiguous in C order.
    pub fn is_contiguous(&self) -> bool {
        self.array.is_c_contiguous()
    }

    /// The elements, if they are flat memory in C order.
    pub fn flat_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        assert_eq!(T::DTYPE, self.dtype);
        self.array.is_c_contiguous().then(|| {
            let (start, len) = flat::<T>(&self.array);
            // SAFETY: as in `view_mut`; elements in C order are one slice.
            unsafe { std::slice::from_raw_parts_mut(start, len) }
        })
    }

    /// Whether the kernel overwrites exactly this input: then it must not look at that as well.
    pub fn overwrites(&self, input: &Input<'py>) -> bool {
        self.given && is_same_memory(input.array(), &self.array)
    }

    /// Whether the kernel writes into the caller's array.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// The array as an operand of a call, while a view of it is in use.
    pub fn held(&self) -> Held<'py> {
        Held(self.array.clone())
    }

    /// The finished array.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        match self.result {
            None => Ok(self.array.into_any()),
            Some(result) => {
                copy_to(&result, &self.array)?;
                Ok(result.into_any())
            }
        }
    }

    /// The finished array; one without axes becomes a scalar, as with NumPy's functions, unless
    /// it was given by the caller.
    pub fn finish_scalar(self, given: bool) -> PyResult<Bound<'py, PyAny>> {
        let array = self.finish()?;
        if given { Ok(array) } else { array.get_item(PyTuple::empty(array.py())).or(Ok(array)) }
    }
}

/// The caller's `out`, with what NumPy computed written into it.
pub fn written<'py>(
    function: &str,
    out: &Bound<'py, PyAny>,
    result: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let result = numpy(out.py(), "asarray")?.call1((result,))?.cast_into::<PyUntypedArray>()?;
    let dtype = result.dtype();
    let array = given(function, out, result.shape(), &dtype, |asked| asked.is_equiv_to(&dtype))?;
    copy_to(array, &result)?;
    Ok(out.clone())
}

/// The caller's `out`, if a result of this shape and dtype can be written into it.
fn given<'a, 'py>(
    function: &str,
    out: &'a Bound<'py, PyAny>,
    shape: &[usize],
    dtype: &dyn Display,
    is_dtype: impl FnOnce(&Bound<'py, PyArrayDescr>) -> bool,
) -> PyResult<&'a Bound<'py, PyUntypedArray>> {
    let Ok(array) = out.cast::<PyUntypedArray>() else {
        return Err(PyTypeError::new_err(format!(
            "{function}: out must be a NumPy array, got {}",
            kind_of(out)
        )));
    };
    refuse_masked(function, "out", array)?;
    if array.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "{function}: out has shape {}, expected {}",
            Shape(array.shape()),
            Shape(shape)
        )));
    }
    if !is_dtype(&array.dtype()) {
        return Err(PyTypeError::new_err(format!(
            "{function}: out has dtype {}, expected {dtype}",
            array.dtype()
        )));
    }
    // SAFETY: an array object.
    if unsafe { (*array.as_array_ptr()).fields.flags } & numpy::npyffi::NPY_ARRAY_WRITEABLE == 0 {
        return Err(PyValueError::new_err(format!("{function}: out is read-only")));
    }
    Ok(array)
}

/// Copies into the memory of `out`: no method of a subclass is called.
fn copy_to<'py>(out: &Bound<'py, PyUntypedArray>, result: &Bound<'py, PyUntypedArray>) -> PyResult<()> {
    let memory = numpy(out.py(), "asarray")?.call1((out,))?;
    numpy(out.py(), "copyto")?.call1((memory, result)).map(drop)
}

/// See [`Output::held`].
pub struct Held<'py>(Bound<'py, PyUntypedArray>);

impl Operand for Held<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.0
    }
}

/// What a kernel does when its output is exactly one of its inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Aliases {
    /// It reads that input where it writes.
    Exact,
    /// It needs memory of its own.
    Never,
}

/// The most axes a NumPy array can have.
const MAX_DIMS: usize = 64;
