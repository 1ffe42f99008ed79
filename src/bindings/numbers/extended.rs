//! Sums of longdoubles, whose digits and range are more than those of a float.
//!
//! Each is taken apart into floats, exactly, which a compensated sum takes in. What is not finite, or so large or so
//! small that a part would be, is left to NumPy.

use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyList, PyTuple};

use crate::bindings::argument::Arg;
use crate::bindings::array::{Input, numpy};
use crate::kernels::eft::CompensatedSum;

/// Floats that make up a longdouble: 113 bits at most.
const PARTS: usize = 3;

/// Within these magnitudes no part of a number overflows or loses bits.
const SAFE: (f64, f64) = (1e-250, 1e300);

/// The sum of floats, of imaginary parts where there are some, and of longdoubles, real or complex, as one of these.
pub fn sum<'py>(
    py: Python<'py>,
    floats: CompensatedSum,
    imaginary: Option<CompensatedSum>,
    longdoubles: Vec<Py<PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let quiet = numpy(py, "errstate")?.call((), Some(&[("all", "ignore")].into_py_dict(py)?))?;
    quiet.call_method0("__enter__")?;
    let result = added(py, floats, imaginary, longdoubles);
    quiet.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
    result
}

fn added<'py>(
    py: Python<'py>,
    floats: CompensatedSum,
    imaginary: Option<CompensatedSum>,
    longdoubles: Vec<Py<PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = numpy(py, "asarray")?.call1((PyList::new(py, longdoubles)?,))?;
    let is_complex = array.getattr("dtype")?.getattr("kind")?.eq("c")?;
    let real = added_real(&array.getattr("real")?, floats)?;
    if !is_complex && imaginary.is_none() {
        return Ok(real);
    }
    let imaginary = added_real(&array.getattr("imag")?, imaginary.unwrap_or_default())?;
    let result = numpy(py, "empty")?.call1((PyTuple::empty(py), "clongdouble"))?;
    result.setattr("real", real)?;
    result.setattr("imag", imaginary)?;
    result.get_item(PyTuple::empty(py))
}

/// The sum of an array of real longdoubles and of `floats`.
fn added_real<'py>(array: &Bound<'py, PyAny>, mut floats: CompensatedSum) -> PyResult<Bound<'py, PyAny>> {
    const ARG: Arg = Arg::new("parallel_sum", "numbers");
    let py = array.py();
    let size = numpy(py, "abs")?.call1((array,))?;
    let at_least = numpy(py, "greater_equal")?.call1((&size, SAFE.0))?;
    let is_safe = at_least.bitand(numpy(py, "less_equal")?.call1((&size, SAFE.1))?)?;
    let others = array.get_item(numpy(py, "logical_not")?.call1((&is_safe,))?)?;
    let mut rest = array.get_item(&is_safe)?.cast_into::<PyUntypedArray>()?;
    for _ in 0..PARTS {
        let part = rest.call_method1("astype", ("float64",))?;
        let input = Input::new(ARG, &part)?;
        floats.add_all(input.contiguous::<f64>().expect("a new array"));
        rest = rest.sub(part)?.cast_into()?;
    }
    let (sum, error) = floats.parts();
    let long = |value: f64| numpy(py, "longdouble")?.call1((value,));
    let mut result = long(sum)?;
    // With an infinity among the values the error is NaN and means nothing.
    if error.is_finite() {
        result = result.add(long(error)?)?;
    }
    if others.len()? > 0 {
        result = result.add(others.call_method0("sum")?)?;
    }
    Ok(result)
}
