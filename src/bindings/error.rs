//! Every error of a kernel becomes one Python exception, here and nowhere else.

use std::any::Any;

use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{
    PyKeyboardInterrupt, PyMemoryError, PyOSError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError,
};

use crate::error::Error;

create_exception!(
    rust_numpy_example,
    InternalError,
    PyRuntimeError,
    "A bug in rust_numpy_example: a panic of its compiled code, as an ordinary exception.\n\n\
     It can be caught with ``except Exception`` and pickled. Please report it with its text."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        let text = error.to_string();
        match error {
            Error::Value(_) => PyValueError::new_err(text),
            Error::Type(_) => PyTypeError::new_err(text),
            Error::Overflow(_) => PyOverflowError::new_err(text),
            Error::Memory { .. } => PyMemoryError::new_err(text),
            Error::Os(_) => PyOSError::new_err(text),
            // Python chooses the subclass by the number, such as FileNotFoundError.
            Error::File { code, text, path } if cfg!(windows) => {
                PyOSError::new_err((0, text, path.into_os_string(), code))
            }
            Error::File { code, text, path } => PyOSError::new_err((code, text, path.into_os_string())),
            Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        }
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
