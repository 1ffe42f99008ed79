//! The axes of an array, as arguments name them.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::modules::numpy;
use crate::bindings::argument::{Arg, shortened};

/// The axis of an array of `ndim` axes that an argument names, counted from the start or, below zero, from
/// the end.
pub fn axis(arg: Arg, axis: &Bound<'_, PyAny>, ndim: usize) -> PyResult<usize> {
    one(arg, axis, ndim, "an int")
}

/// The same, where the argument may name none.
pub fn axis_or_none(arg: Arg, axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Option<usize>> {
    axis.map(|axis| one(arg, axis, ndim, "None or an int")).transpose()
}

/// The axes to reduce over, each once and from zero, in ascending order: those of `axis` (None,
/// an int or a tuple of ints), or all.
pub fn axes(arg: Arg, axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<usize>> {
    const EXPECTED: &str = "None, an int or a tuple of ints";
    let Some(axis) = axis else { return Ok((0..ndim).collect()) };
    let mut axes = match axis.cast::<PyTuple>() {
        Ok(tuple) => {
            tuple.iter().map(|axis| one(arg, &axis, ndim, EXPECTED)).collect::<PyResult<Vec<_>>>()?
        }
        Err(_) => vec![one(arg, axis, ndim, EXPECTED)?],
    };
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(arg.value_error(shortened(axis)?, "no axis twice"));
    }
    Ok(axes)
}

/// The shape of an array when these axes have been reduced, each to length one if it is kept.
pub fn reduced_shape(shape: &[usize], axes: &[usize], keepdims: bool) -> Vec<usize> {
    let lengths = shape.iter().enumerate();
    if keepdims {
        lengths.map(|(axis, &len)| if axes.contains(&axis) { 1 } else { len }).collect()
    } else {
        lengths.filter(|(axis, _)| !axes.contains(axis)).map(|(_, &len)| len).collect()
    }
}

fn one(arg: Arg, axis: &Bound<'_, PyAny>, ndim: usize, expected: &str) -> PyResult<usize> {
    let number = match axis.extract::<isize>() {
        Ok(number) => Some(number),
        Err(error) if error.is_instance_of::<PyOverflowError>(axis.py()) => None,
        Err(error) if error.is_instance_of::<PyTypeError>(axis.py()) => {
            return Err(arg.wrong_type(axis, expected));
        }
        Err(error) => return Err(error),
    };
    let from_start = number.map(|number| if number < 0 { number + ndim as isize } else { number });
    match from_start.and_then(|axis| usize::try_from(axis).ok()) {
        Some(axis) if axis < ndim => Ok(axis),
        _ => Err(out_of_bounds(arg, axis, ndim)),
    }
}

/// NumPy's `AxisError`, which is a `ValueError` and an `IndexError`.
fn out_of_bounds(arg: Arg, axis: &Bound<'_, PyAny>, ndim: usize) -> PyErr {
    let py = axis.py();
    let got = shortened(axis).unwrap_or_else(|_| "a large int".to_owned());
    let error = match ndim {
        0 => arg.value_error(got, "none, as the array has no axes"),
        _ => arg.value_error(got, format_args!("{} to {}", -(ndim as isize), ndim - 1)),
    };
    let class = py
        .import("numpy.exceptions")
        .and_then(|module| module.getattr("AxisError"))
        // Where it lives before NumPy 1.25.
        .or_else(|_| numpy(py, "AxisError"));
    match class.and_then(|class| class.call1((error.value(py).str()?,))) {
        Ok(error) => PyErr::from_value(error),
        Err(_) => error,
    }
}
