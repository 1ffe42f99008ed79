//! An argument that is read.
#![allow(unsafe_code)]

use ndarray::{ArrayViewD, Axis};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::asarray::{as_array, exactly, take};
use super::dtypes::{REAL, is_bfloat16, is_of_user};
use super::memory::Memory;
use super::modules::numpy;
use super::operand::Operand;
use crate::bindings::argument::Arg;
use crate::dtype::{DType, Element};
use crate::layout::Elements;

/// The dtypes of the table, in words.
const ANY: &str = "bool, an integer, a float up to 64 bits or a complex number up to 128 bits";

/// The same with bfloat16.
const ANY_WIDENED: &str =
    "bool, an integer, a float up to 64 bits, bfloat16 or a complex number up to 128 bits";

/// The real ones, with bfloat16.
const REAL_WIDENED: &str = "bool, an integer, a float up to 64 bits or bfloat16";

/// An argument that is read.
pub struct Input<'py> {
    memory: Memory<'py>,
    dtype: DType,
}

impl Operand for Input<'_> {
    fn memory(&self) -> &Memory<'_> {
        &self.memory
    }
}

impl<'py> Input<'py> {
    /// An argument, as an array of one of the dtypes of the table.
    pub fn new(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(arg, as_array(arg, object)?, |_| true, ANY)
    }

    /// As [`Input::new`], for a function that complex numbers have no meaning for.
    pub fn real(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(arg, exactly(object, as_array(arg, object)?)?, DType::is_real, REAL)
    }

    /// As [`Input::new`], for what is true or false.
    pub fn bools(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(arg, as_array(arg, object)?, |dtype| dtype == DType::Bool, "dtype bool")
    }

    /// As [`Input::new`], for a function whose result is of no narrow dtype: bfloat16 comes as float32.
    pub fn widened(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(arg, wide(as_array(arg, object)?)?, |_| true, ANY_WIDENED)
    }

    /// As [`Input::real`] and [`Input::widened`], with nulls: where the elements are values, if there are nulls.
    pub fn real_with_nulls(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<(Self, Option<Self>)> {
        let taken = take(arg, object)?;
        let array = exactly(object, wide(taken.array)?)?;
        let input = Self::of(arg, array, DType::is_real, REAL_WIDENED)?;
        let valid = taken.valid.map(|valid| Self::of(arg, valid, |dtype| dtype == DType::Bool, "dtype bool"));
        Ok((input, valid.transpose()?))
    }

    /// As [`Input::new`], but `None` where NumPy has to do the work: its dtype (such as
    /// longdouble or object) is not in the table.
    pub fn if_supported(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let memory = Memory::new(as_array(arg, object)?)?;
        if let Some(dtype) = memory.dtype() {
            return Self::readable(memory, dtype).map(Some);
        }
        let descr = memory.array().dtype();
        // Texts and records; what another library defines may be anything.
        if matches!(descr.kind(), b'U' | b'S' | b'T' | b'V') && !is_of_user(&descr) {
            return Err(arg.type_error(format_args!("dtype {descr}"), "numbers"));
        }
        Ok(None)
    }

    fn of(
        arg: Arg,
        array: Bound<'py, PyUntypedArray>,
        takes: fn(DType) -> bool,
        expected: &str,
    ) -> PyResult<Self> {
        let memory = Memory::new(array)?;
        match memory.dtype().filter(|&dtype| takes(dtype)) {
            Some(dtype) => Self::readable(memory, dtype),
            None => Err(arg.type_error(format_args!("dtype {}", memory.array().dtype()), expected)),
        }
    }

    /// Copies an array that cannot be read as it is.
    fn readable(memory: Memory<'py>, dtype: DType) -> PyResult<Self> {
        if memory.is_native(dtype) {
            return Ok(Input { memory, dtype });
        }
        Self::copied(memory.array(), dtype)
    }

    /// A copy in C order, made by NumPy and by no method of a subclass. (`ascontiguousarray` would give
    /// back an array that is contiguous but not aligned.)
    fn copied(array: &Bound<'py, PyUntypedArray>, dtype: DType) -> PyResult<Self> {
        let options = PyDict::new(array.py());
        options.set_item("dtype", dtype.name())?;
        options.set_item("order", "C")?;
        let copy = numpy(array.py(), "array")?.call((array,), Some(&options))?;
        Ok(Input { memory: Memory::of_new(copy.cast_into()?)?, dtype })
    }

    /// The same data as elements of `dtype`, converted by NumPy if they are of another.
    pub fn cast(self, dtype: DType) -> PyResult<Self> {
        if self.dtype == dtype {
            return Ok(self);
        }
        Self::copied(self.memory.array(), dtype)
    }

    /// The same data, contiguous in C order, copied if they are not.
    pub fn in_c_order(self) -> PyResult<Self> {
        if self.memory.is_contiguous() {
            return Ok(self);
        }
        Self::copied(self.memory.array(), self.dtype)
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

    /// The number of elements, repeated ones of a broadcast array included.
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// The elements: what a kernel is given. No view is made of what is contiguous.
    ///
    /// # Panics
    /// If `T` is not the element type.
    #[inline]
    pub fn elements<T: Element>(&self) -> Elements<'_, T> {
        match self.contiguous() {
            Some(slice) => Elements::Contiguous(slice),
            None => Elements::Strided(self.view()),
        }
    }

    /// The elements, if they are contiguous in C order.
    ///
    /// # Panics
    /// If `T` is not the element type.
    #[inline]
    pub fn contiguous<T: Element>(&self) -> Option<&[T]> {
        assert_eq!(T::DTYPE, self.dtype);
        self.memory.is_contiguous().then(|| {
            let (start, len) = self.memory.contiguous::<T>();
            // SAFETY: as in `view`; elements in C order are one slice.
            unsafe { std::slice::from_raw_parts(start, len) }
        })
    }

    /// The array to look at.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = self.memory.layout::<T>();
        // SAFETY: `is_native` holds for the array: aligned, native, whole strides; `layout` gives
        // its lowest address and strides that are not negative. The array lives as long as the
        // view, and its memory is not moved (`pin`, or the interpreter is attached and has a lock).
        let mut view = unsafe { ArrayViewD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }
}

/// An array of bfloat16 as one of float32, which holds its values exactly; any other as it is.
fn wide(array: Bound<'_, PyUntypedArray>) -> PyResult<Bound<'_, PyUntypedArray>> {
    if !is_bfloat16(&array.dtype())? {
        return Ok(array);
    }
    Ok(array.call_method1("astype", ("float32",))?.cast_into()?)
}
