//! An argument of a simple type, whose error names function, argument, what came and what is accepted.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;

/// An argument or, where it cannot be one, why.
pub struct Argument<T>(Result<T, Wrong>);

enum Wrong {
    /// The name of its type.
    Type(String),
    /// What it is.
    Value(String),
}

impl<T> Argument<T> {
    /// What an argument is that was not given.
    #[cfg(feature = "net")]
    pub fn default(value: T) -> Self {
        Argument(Ok(value))
    }

    /// The argument `name` of `function`.
    pub fn get(self, function: &str, name: &str, expected: &str) -> PyResult<T> {
        let text = |got| format!("{function}: argument {name}, got {got}, expected {expected}");
        self.0.map_err(|wrong| match wrong {
            Wrong::Type(got) => PyTypeError::new_err(text(got)),
            Wrong::Value(got) => PyOverflowError::new_err(text(got)),
        })
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Argument<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        match object.extract().map_err(Into::<PyErr>::into) {
            Ok(value) => Ok(Argument(Ok(value))),
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {
                Ok(Argument(Err(Wrong::Type(object.get_type().name()?.to_string()))))
            }
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
                // An int of thousands of digits has no repr.
                let got = shortened(&object).unwrap_or_else(|_| "a large int".to_owned());
                Ok(Argument(Err(Wrong::Value(got))))
            }
            // Such as one that the object itself raises.
            Err(error) => Err(error),
        }
    }
}

/// What `object` raised, or a TypeError with a text in its place where it says just that of `object`.
pub fn or_type_error(object: &Bound<'_, PyAny>, raised: PyErr, text: impl FnOnce() -> String) -> PyErr {
    if raised.is_instance_of::<PyTypeError>(object.py()) { PyTypeError::new_err(text()) } else { raised }
}

/// The repr of `value`, cut where it is long.
pub fn shortened(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let repr = value.repr()?.to_string();
    Ok(match repr.char_indices().nth(60) {
        Some((cut, _)) => format!("{}...", &repr[..cut]),
        None => repr,
    })
}
