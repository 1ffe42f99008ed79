//! An array that is written.
#![allow(unsafe_code)]

use std::fmt::Display;

use ndarray::{ArrayViewMutD, Axis};
use numpy::npyffi::{PY_ARRAY_API, npy_intp};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::dtypes::type_number;
use super::foreign::refuse_lost;
use super::memory::Memory;
use super::modules::{array, numpy};
use super::operand::Operand;
use crate::alloc::checked_size;
use crate::bindings::argument::Arg;
use crate::bindings::display::Shape;
use crate::bindings::error::{Named, exception};
use crate::dtype::{DType, Element};
use crate::error::Error;
use crate::layout::ElementsMut;

/// The most axes a NumPy array can have.
const MAX_DIMS: usize = 64;

/// An array that is written: new, or the caller's `out`.
pub struct Output<'py> {
    /// Where the kernel writes.
    memory: Memory<'py>,
    dtype: DType,
    out: Out<'py>,
}

/// What the caller gets.
enum Out<'py> {
    /// The array, which is new.
    New,
    /// The array, which was given.
    Given,
    /// Another array, which was given, and into which the result is copied: it overlaps an input or cannot
    /// be written as it is.
    Copied(Memory<'py>),
}

impl Operand for Output<'_> {
    fn memory(&self) -> &Memory<'_> {
        &self.memory
    }
}

/// The result of a function that is about to be computed.
pub struct Request<'a, 'py> {
    function: &'static str,
    dtype: DType,
    shape: &'a [usize],
    out: Option<&'a Bound<'py, PyAny>>,
    inputs: &'a [&'a dyn Operand],
    in_place: bool,
}

impl<'a, 'py> Request<'a, 'py> {
    /// The `out` argument of the caller.
    pub fn out(self, out: Option<&'a Bound<'py, PyAny>>) -> Self {
        Request { out, ..self }
    }

    /// What the kernel reads: where it overlaps `out`, the result goes through a copy.
    pub fn reading(self, inputs: &'a [&'a dyn Operand]) -> Self {
        Request { inputs, ..self }
    }

    /// The kernel may write over exactly one of its inputs, if it asks for it ([`Output::overwrites`]).
    pub fn in_place(self) -> Self {
        Request { in_place: true, ..self }
    }

    /// The array: `out` if it is given, else a new one.
    pub fn make(self, py: Python<'py>) -> PyResult<Output<'py>> {
        let Request { function, dtype, shape, out, inputs, in_place } = self;
        let Some(out) = out else { return Output::like(py, function, dtype, shape, inputs) };
        let memory = given(function, out, shape, &dtype.name(), |memory| memory.dtype() == Some(dtype))?;
        let clashes = |input: &&dyn Operand| {
            let input = input.memory();
            let same = in_place && input.dtype() == Some(dtype) && input.is_same(&memory);
            !same && input.overlaps(&memory)
        };
        if !memory.is_native(dtype) || memory.repeats() || inputs.iter().any(clashes) {
            let scratch = Output::new(py, function, dtype, shape)?;
            return Ok(Output { out: Out::Copied(memory), ..scratch });
        }
        Ok(Output { memory, dtype, out: Out::Given })
    }
}

impl<'py> Output<'py> {
    /// The result of `function`; [`Request::make`] makes it.
    pub fn request<'a>(function: &'static str, dtype: DType, shape: &'a [usize]) -> Request<'a, 'py> {
        Request { function, dtype, shape, out: None, inputs: &[], in_place: false }
    }

    /// A new array in C order, not initialised. Memory that NumPy cannot get is a `MemoryError`.
    pub fn new(py: Python<'py>, function: &str, dtype: DType, shape: &[usize]) -> PyResult<Self> {
        Self::like(py, function, dtype, shape, &[])
    }

    /// As [`Output::new`]. C has several types of one size, and NumPy a scalar type for each: it is the
    /// largest of the inputs of this dtype, as in NumPy.
    pub fn like(
        py: Python<'py>,
        function: &str,
        dtype: DType,
        shape: &[usize],
        inputs: &[&dyn Operand],
    ) -> PyResult<Self> {
        let number = match dtype {
            DType::I32 | DType::I64 | DType::U32 | DType::U64 => {
                let of_dtype = |input: &&&dyn Operand| input.memory().dtype() == Some(dtype);
                inputs.iter().filter(of_dtype).map(|input| input.memory().number()).max()
            }
            _ => None,
        };
        let bytes = checked_size(shape).and_then(|len| checked_size(&[len, dtype.size()])).named(function)?;
        if isize::try_from(bytes).is_err() {
            return Err(exception(function, Error::Memory { bytes }));
        }
        if shape.len() > MAX_DIMS {
            return Err(PyValueError::new_err(format!(
                "{function}: the result would have {} axes, and NumPy's arrays have at most {MAX_DIMS}",
                shape.len()
            )));
        }
        // SAFETY: the shape is an array of `shape.len()` lengths that fit; the call takes over
        // the reference to the dtype; it returns a new array or null with an exception set.
        let array = unsafe {
            let mut dims = [0; MAX_DIMS];
            for (dim, &len) in dims.iter_mut().zip(shape) {
                *dim = len as npy_intp;
            }
            let descr =
                PY_ARRAY_API.PyArray_DescrFromType(py, number.unwrap_or(type_number(dtype) as i32) as _);
            let array = PY_ARRAY_API.PyArray_Empty(py, shape.len() as _, dims.as_mut_ptr(), descr, 0);
            Bound::from_owned_ptr_or_err(py, array)?
        };
        Ok(Output { memory: Memory::of_new(array.cast_into()?)?, dtype, out: Out::New })
    }

    /// A new array of the values, in C order.
    ///
    /// # Panics
    /// If there are not as many as the shape has elements.
    pub fn of<T: Element>(
        py: Python<'py>,
        function: &str,
        shape: &[usize],
        values: impl ExactSizeIterator<Item = T>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut output = Self::new(py, function, T::DTYPE, shape)?;
        let elements = output.slice_mut::<T>();
        assert_eq!(elements.len(), values.len());
        elements.iter_mut().zip(values).for_each(|(element, value)| *element = value);
        output.finish()
    }

    /// The elements to write; what they are before is undefined.
    ///
    /// # Panics
    /// If `T` is not the element type.
    #[inline]
    pub fn elements_mut<T: Element>(&mut self) -> ElementsMut<'_, T> {
        match self.memory.is_contiguous() {
            true => ElementsMut::Contiguous(self.slice_mut()),
            false => ElementsMut::Strided(self.view_mut()),
        }
    }

    /// The array to write into; what it holds before is undefined.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view_mut<T: Element>(&mut self) -> ArrayViewMutD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = self.memory.layout::<T>();
        // SAFETY: as in `Input::view`. The array is new, or it is writeable, does not repeat an
        // element and overlaps no input of the call but exactly (`Request::make`), of which the caller then
        // makes no view (`overwrites`). Memory from the allocator is written before it is read.
        let mut view = unsafe { ArrayViewMutD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }

    /// The elements of an array that is contiguous in C order, as a new one is.
    ///
    /// # Panics
    /// If it is not, or `T` is not the element type.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert!(T::DTYPE == self.dtype && self.memory.is_contiguous());
        let (start, len) = self.memory.contiguous::<T>();
        // SAFETY: as in `view_mut`; elements in C order are one slice.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// Whether the kernel overwrites exactly this input: then it must not look at that as well.
    pub fn overwrites(&self, input: &dyn Operand) -> bool {
        self.is_given() && self.memory.is_same(input.memory())
    }

    /// Whether the kernel writes into the caller's array.
    pub fn is_given(&self) -> bool {
        matches!(self.out, Out::Given)
    }

    /// The array as an operand of a call, while a view of it is in use.
    pub fn held(&self) -> Held<'py> {
        Held(self.memory.clone())
    }

    /// The finished array.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        match self.out {
            Out::New | Out::Given => Ok(self.memory.into_array().into_any()),
            Out::Copied(result) => {
                copy_to(result.array(), self.memory.array())?;
                Ok(result.into_array().into_any())
            }
        }
    }

    /// The finished array or, as with NumPy's functions, a scalar if it has no axes and is new.
    pub fn finish_scalar(self) -> PyResult<Bound<'py, PyAny>> {
        let is_scalar = matches!(self.out, Out::New) && self.memory.shape().is_empty();
        let array = self.finish()?;
        if is_scalar { array.get_item(PyTuple::empty(array.py())) } else { Ok(array) }
    }
}

/// The caller's `out`, with what NumPy computed written into it.
pub(super) fn written<'py>(
    function: &'static str,
    out: &Bound<'py, PyAny>,
    result: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let result = numpy(out.py(), "asarray")?.call1((result,))?.cast_into::<PyUntypedArray>()?;
    let dtype = result.dtype();
    let is_dtype = |array: &Bound<'py, PyUntypedArray>| array.dtype().is_equiv_to(&dtype);
    let memory = given(function, out, result.shape(), &dtype, |memory| is_dtype(memory.array()))?;
    copy_to(memory.array(), &result)?;
    Ok(out.clone())
}

/// The caller's `out`, if a result of this shape and dtype can be written into it.
fn given<'py>(
    function: &'static str,
    out: &Bound<'py, PyAny>,
    shape: &[usize],
    dtype: &dyn Display,
    is_dtype: impl FnOnce(&Memory<'py>) -> bool,
) -> PyResult<Memory<'py>> {
    let arg = Arg::new(function, "out");
    let Some(array) = array(out)? else { return Err(arg.wrong_type(out, "a NumPy array")) };
    refuse_lost(arg, array)?;
    let memory = Memory::new(array.clone())?;
    if memory.shape() != shape {
        return Err(arg.value_error(format_args!("shape {}", Shape(memory.shape())), Shape(shape)));
    }
    if !is_dtype(&memory) {
        return Err(arg.type_error(format_args!("dtype {}", array.dtype()), dtype));
    }
    if !memory.is_writeable() {
        return Err(arg.value_error("a read-only array", "one that can be written"));
    }
    Ok(memory)
}

/// Copies into the memory of `out`: no method of a subclass is called.
fn copy_to<'py>(out: &Bound<'py, PyUntypedArray>, result: &Bound<'py, PyUntypedArray>) -> PyResult<()> {
    let memory = numpy(out.py(), "asarray")?.call1((out,))?;
    numpy(out.py(), "copyto")?.call1((memory, result)).map(drop)
}

/// See [`Output::held`].
pub struct Held<'py>(Memory<'py>);

impl Operand for Held<'_> {
    fn memory(&self) -> &Memory<'_> {
        &self.0
    }
}
