//! The one door for arrays.
//!
//! [`Input`] takes whatever `np.asarray` takes and gives a view of its elements, at any stride, without a copy where
//! the memory can be read as it is. [`Output`] is a new array. All that is `unsafe` about arrays is in this folder.
#![allow(unsafe_code)]

use ndarray::{ArrayViewD, ArrayViewMutD, Axis};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::argument::{Arg, shortened};
use crate::dtype::{DType, Element};

mod description;
mod dtypes;
mod memory;
mod operand;
mod pin;

use memory::Memory;
pub use operand::{Operand, check_unmoved, pin};
use pin::Pin;

/// An argument that is read.
pub struct Input<'py> {
    memory: Memory<'py>,
    dtype: DType,
    /// From here on, as what is done until the work begins may run other code.
    _pin: Pin,
}

impl Operand for Input<'_> {
    fn memory(&self) -> &Memory<'_> {
        &self.memory
    }
}

impl<'py> Input<'py> {
    /// An argument, as an array of one of the dtypes of the table.
    pub fn real(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let numpy = object.py().import("numpy")?;
        // A mask is not dropped without a word.
        if object.is_instance(&numpy.getattr("ma")?.getattr("MaskedArray")?)? {
            return Err(arg.type_error("a masked array", "an array without a mask"));
        }
        let array = numpy.call_method1("asarray", (object,))?.cast_into::<PyUntypedArray>()?;
        let memory = Memory::new(array)?;
        let Some(dtype) = memory.dtype() else {
            let expected = "bool, an integer, float32 or float64";
            return Err(arg.type_error(format_args!("dtype {}", memory.array().dtype()), expected));
        };
        if memory.is_native(dtype) {
            return Self::pinned(memory, dtype);
        }
        // Of another byte order, not aligned, or with a stride that is no whole number of elements.
        let options = PyDict::new(object.py());
        options.set_item("dtype", dtype.name())?;
        options.set_item("copy", true)?;
        let array = numpy.call_method("array", (memory.array(),), Some(&options))?.cast_into()?;
        Self::pinned(Memory::of_new(array)?, dtype)
    }

    fn pinned(memory: Memory<'py>, dtype: DType) -> PyResult<Self> {
        Ok(Input { _pin: Pin::of(memory.array())?, memory, dtype })
    }

    /// As a Python object.
    pub fn object(&self) -> &Bound<'py, PyAny> {
        self.memory.array().as_any()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.memory.shape()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// The array to look at.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        let (start, dim, inverted) = self.memory.layout::<T>();
        // SAFETY: `layout` checks that the array is of this type, aligned and native, with whole strides, and gives
        // its lowest address and strides that are not negative. The array lives as long as the view, and its
        // memory is not moved (`pin`, or the interpreter is attached).
        let mut view = unsafe { ArrayViewD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }
}

/// An array that is written: a new one, in C order.
pub struct Output<'py> {
    memory: Memory<'py>,
}

impl<'py> Output<'py> {
    /// The result of a function. Memory that NumPy cannot get is a `MemoryError`.
    pub fn new(py: Python<'py>, _function: &str, dtype: DType, shape: &[usize]) -> PyResult<Self> {
        let numpy = py.import("numpy")?;
        let array = numpy.call_method1("empty", (PyTuple::new(py, shape)?, dtype.name()))?;
        Ok(Output { memory: Memory::of_new(array.cast_into()?)? })
    }

    /// The array to write into; what it holds before is undefined.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view_mut<T: Element>(&mut self) -> ArrayViewMutD<'_, T> {
        let (start, dim, _) = self.memory.layout::<T>();
        // SAFETY: as in `Input::view`; the array is new, and nobody else has it. Every bit pattern is an element.
        unsafe { ArrayViewMutD::from_shape_ptr(dim, start) }
    }

    /// The finished array.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.memory.into_array().into_any())
    }
}

/// The axis of an array of `ndim` axes that an argument names, counted from the start or, below zero, from the end.
pub fn axis(arg: Arg, axis: &Bound<'_, PyAny>, ndim: usize) -> PyResult<usize> {
    let number = match axis.extract::<isize>() {
        Ok(number) => Some(if number < 0 { number + ndim as isize } else { number }),
        Err(error) if error.is_instance_of::<PyOverflowError>(axis.py()) => None,
        Err(_) => return Err(arg.wrong_type(axis, "an int")),
    };
    match number.and_then(|axis| usize::try_from(axis).ok()) {
        Some(axis) if axis < ndim => Ok(axis),
        _ => {
            let got = shortened(axis).unwrap_or_else(|_| "a large int".to_owned());
            Err(arg.value_error(got, format_args!("{} to {}", -(ndim as isize), ndim as isize - 1)))
        }
    }
}
