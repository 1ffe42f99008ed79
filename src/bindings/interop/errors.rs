//! Exceptions of one's own, and Rust errors that become exceptions.

use std::fmt;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use super::arithmetic::integer;
use crate::bindings::argument::Arg;
use crate::bindings::guard::guard;

create_exception!(
    rust_numpy_example,
    MyCustomError,
    PyException,
    "An exception defined in Rust, raised by :func:`risky_operation`."
);

/// Return a number that is greater than 2.
///
/// Parameters
/// ----------
/// number : int
///     Of any size. Or anything with ``__index__``, such as ``numpy.int64``.
///
/// Returns
/// -------
/// int
///     The number.
///
/// Raises
/// ------
/// OSError
///     If the number is less than or equal to 2.
/// TypeError
///     If it is not an integer.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.greater_than_2(3)
/// 3
/// >>> rne.greater_than_2(2)
/// Traceback (most recent call last):
///     ...
/// OSError: Error from Rust: number is less than or equal to 2
#[pyfunction]
#[pyo3(signature = (number))]
pub fn greater_than_2<'py>(number: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyInt>> {
    guard(|| {
        let number = integer(Arg::new("greater_than_2", "number"), number)?;
        if number.gt(2)? {
            Ok(number)
        } else {
            Err(PyOSError::new_err("Error from Rust: number is less than or equal to 2"))
        }
    })
}

/// Raise an exception that is defined in Rust.
///
/// Raises
/// ------
/// MyCustomError
///     Always.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> try:
/// ...     rne.risky_operation()
/// ... except rne.MyCustomError as error:
/// ...     print(error)
/// Something went wrong!
#[pyfunction]
pub fn risky_operation() -> PyResult<()> {
    guard(|| Err(MyCustomError::new_err("Something went wrong!")))
}

/// A Rust error as a library without a word of Python would define it.
#[derive(Debug)]
struct MyError {
    message: &'static str,
}

impl fmt::Display for MyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MyError: {}", self.message)
    }
}

impl std::error::Error for MyError {}

/// What lets `?` turn the error into an exception.
impl From<MyError> for PyErr {
    fn from(error: MyError) -> PyErr {
        PyValueError::new_err(error.to_string())
    }
}

fn fails() -> Result<(), MyError> {
    Err(MyError { message: "Failed operation" })
}

/// Call Rust code whose error type becomes a Python exception.
///
/// Raises
/// ------
/// ValueError
///     Always: what the Rust type ``MyError`` is converted to.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.fallible_function()
/// Traceback (most recent call last):
///     ...
/// ValueError: MyError: Failed operation
#[pyfunction]
pub fn fallible_function() -> PyResult<()> {
    guard(|| Ok(fails()?))
}
