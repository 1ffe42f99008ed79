//! What is made of an argument: an array, and which of its elements are nulls.

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyEllipsis, PyTuple};

use super::modules::numpy;
use crate::bindings::argument::Arg;

/// An array and, if some of its elements are nulls, an array of bool of the same shape that says which are values.
pub struct Taken<'py> {
    /// The elements; those of nulls may be anything.
    pub array: Bound<'py, PyUntypedArray>,
    /// Where they are values.
    pub valid: Option<Bound<'py, PyUntypedArray>>,
}

impl<'py> From<Bound<'py, PyUntypedArray>> for Taken<'py> {
    fn from(array: Bound<'py, PyUntypedArray>) -> Self {
        Taken { array, valid: None }
    }
}

impl<'py> Taken<'py> {
    /// The array, if it has no nulls.
    pub fn without_nulls(self, arg: Arg) -> PyResult<Bound<'py, PyUntypedArray>> {
        let Some(valid) = self.valid else { return Ok(self.array) };
        let count = numpy(valid.py(), "count_nonzero")?.call1((&valid,))?.extract::<usize>()?;
        let nulls = valid.len() - count;
        Err(arg.value_error(
            format_args!("{nulls} null{} in {} elements", if nulls == 1 { "" } else { "s" }, valid.len()),
            "none (drop them or fill them first)",
        ))
    }
}

/// Columns of one length as a matrix, in the dtype that NumPy promotes theirs to.
pub fn side_by_side<'py>(arg: Arg, py: Python<'py>, columns: Vec<Taken<'py>>) -> PyResult<Taken<'py>> {
    for column in &columns {
        let descr = column.array.dtype();
        if !matches!(descr.kind(), b'b' | b'i' | b'u' | b'f' | b'c') {
            return Err(arg.type_error(format_args!("a column of dtype {descr}"), "columns of numbers"));
        }
        if column.array.ndim() != 1 {
            return Err(arg.type_error("a column of lists", "columns of numbers"));
        }
    }
    if let [only] = &columns[..] {
        let as_column = |array: &Bound<'py, PyUntypedArray>| {
            Ok::<_, PyErr>(
                array.call_method1(intern!(py, "reshape"), ((-1, 1),))?.cast_into::<PyUntypedArray>()?,
            )
        };
        let valid = only.valid.as_ref().map(as_column).transpose()?;
        return Ok(Taken { array: as_column(&only.array)?, valid });
    }
    let rows = columns.first().map_or(0, |column| column.array.len());
    let dtypes = columns.iter().map(|column| column.array.dtype());
    let dtype = match columns.is_empty() {
        true => numpy(py, "float64")?,
        false => numpy(py, "result_type")?.call1(PyTuple::new(py, dtypes)?)?,
    };
    let empty = |dtype: &Bound<'py, PyAny>| {
        let options = PyDict::new(py);
        options.set_item("dtype", dtype)?;
        options.set_item("order", "F")?;
        let matrix = numpy(py, "empty")?.call(((rows, columns.len()),), Some(&options))?;
        Ok::<_, PyErr>(matrix.cast_into::<PyUntypedArray>()?)
    };
    let array = empty(&dtype)?;
    let has_nulls = columns.iter().any(|column| column.valid.is_some());
    let valid = has_nulls.then(|| empty(&numpy(py, "bool_")?)).transpose()?;
    for (index, column) in columns.iter().enumerate() {
        let at = (PyEllipsis::get(py), index);
        array.set_item(at, &column.array)?;
        match (&valid, &column.valid) {
            (Some(valid), Some(of_column)) => valid.set_item(at, of_column)?,
            (Some(valid), None) => valid.set_item(at, true)?,
            (None, _) => {}
        }
    }
    Ok(Taken { array, valid })
}
