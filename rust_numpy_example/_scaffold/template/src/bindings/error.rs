//! Every error of a kernel becomes one Python exception, here and nowhere else.

use std::any::Any;

use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::error::Error;

create_exception!(
    rust_numpy_example,
    InternalError,
    PyRuntimeError,
    "A bug in rust_numpy_example: a panic of its compiled code, as an ordinary exception."
);

/// What `function` raises for an error of a kernel.
#[cold]
pub fn exception(function: &str, error: Error) -> PyErr {
    match error {
        Error::Nan => PyValueError::new_err(format!(
            "{function}: argument arr, got a NaN, expected none with nan_policy='raise'"
        )),
        Error::Memory { bytes } => {
            PyMemoryError::new_err(format!("{function}: could not allocate {bytes} bytes"))
        }
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
    }
}

/// What a panic becomes.
pub fn from_panic(payload: Box<dyn Any + Send>) -> PyErr {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    InternalError::new_err(text.to_owned())
}
