//! The `axis` argument.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::array::{kind_of, numpy};

/// The axes to reduce over, each once and from zero, in ascending order: those of `axis` (None,
/// an int or a tuple of ints, negative ones from the end), or all.
pub fn axes(function: &str, axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<usize>> {
    let Some(axis) = axis else { return Ok((0..ndim).collect()) };
    let mut axes = match axis.cast::<PyTuple>() {
        Ok(tuple) => tuple.iter().map(|axis| one(function, &axis, ndim)).collect::<PyResult<Vec<_>>>()?,
        Err(_) => vec![one(function, axis, ndim)?],
    };
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(PyValueError::new_err(format!("{function}: axis names the same axis twice")));
    }
    Ok(axes)
}

fn one(function: &str, axis: &Bound<'_, PyAny>, ndim: usize) -> PyResult<usize> {
    let number = axis.extract::<isize>().or_else(|error| {
        if error.is_instance_of::<PyOverflowError>(axis.py()) {
            return Ok(isize::MAX);
        }
        Err(PyTypeError::new_err(format!(
            "{function}: axis must be None, an int or a tuple of ints, got {}",
            kind_of(axis)
        )))
    })?;
    let from_start = if number < 0 { number.saturating_add(ndim as isize) } else { number };
    match usize::try_from(from_start) {
        Ok(axis) if axis < ndim => Ok(axis),
        _ => Err(out_of_bounds(axis.py(), function, number, ndim)),
    }
}

/// NumPy's `AxisError`, which is a `ValueError` and an `IndexError`.
fn out_of_bounds(py: Python<'_>, function: &str, axis: isize, ndim: usize) -> PyErr {
    let text = format!("{function}: axis {axis} is out of bounds for array of dimension {ndim}");
    let class = py
        .import("numpy.exceptions")
        .and_then(|module| module.getattr("AxisError"))
        // Where it lives before NumPy 1.25.
        .or_else(|_| numpy(py, "AxisError"));
    match class.and_then(|class| class.call1((&text,))) {
        Ok(error) => PyErr::from_value(error),
        Err(_) => PyValueError::new_err(text),
    }
}
