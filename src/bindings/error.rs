//! Every error of a kernel becomes one Python exception, here and nowhere else.
//!
//! A kernel says what is wrong as data ([`Error`]). What a user reads begins with the name of the function
//! that was called, which only the bindings know: there is no `From<Error> for PyErr`, so that `?` alone
//! cannot lose it.

use std::any::Any;
use std::io::ErrorKind;

use pyo3::create_exception;
use pyo3::exceptions::{
    PyKeyboardInterrupt, PyMemoryError, PyOSError, PyOverflowError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;

use super::display::Shape;
use crate::error::{Error, Malformed, ShapeRule, WeightRule};

create_exception!(
    rust_numpy_example,
    InternalError,
    PyRuntimeError,
    "A bug in rust_numpy_example: a panic of its compiled code, as an ordinary exception.\n\n\
     It can be caught with ``except Exception`` and pickled. Please report it with its text."
);

/// The result of a kernel on its way to Python.
pub trait Named<T> {
    /// What the kernel gave, or what `function` raises in its place.
    fn named(self, function: &str) -> PyResult<T>;
}

impl<T> Named<T> for crate::error::Result<T> {
    #[inline]
    fn named(self, function: &str) -> PyResult<T> {
        self.map_err(|error| exception(function, error))
    }
}

/// What `function` raises for an error of a kernel.
#[cold]
pub fn exception(function: &str, error: Error) -> PyErr {
    let value_error = |text: String| PyValueError::new_err(format!("{function}: {text}"));
    match error {
        Error::Shapes { got: [a, b], rule } => {
            let expected = match rule {
                ShapeRule::Axes => "one axis or more of each",
                ShapeRule::Inner => "as many columns of a as rows of b",
                ShapeRule::Batch => "axes before the last two that can be broadcast",
            };
            let (a, b) = (Shape(&a), Shape(&b));
            value_error(format!("arguments a and b, got shapes {a} and {b}, expected {expected}"))
        }
        Error::Block { shape, first, columns } => {
            let shape = Shape(&shape);
            value_error(format!(
                "argument block, got shape {shape} for the columns from {first} on, expected two axes and at \
                 most {} columns",
                columns.saturating_sub(first)
            ))
        }
        Error::Overflow { dtype } => PyOverflowError::new_err(format!(
            "{function}: a number of dtype {} cannot be doubled without overflow",
            dtype.name()
        )),
        Error::Count => PyOverflowError::new_err(format!("{function}: more than 2**63 - 1 elements")),
        Error::Utf8 { byte, offset, path } => {
            let place = path.map_or_else(|| "the text".to_owned(), |path| path.display().to_string());
            value_error(format!("{place} is not UTF-8: byte {byte:#04x} at offset {offset}"))
        }
        Error::Word { offset, limit } => PyValueError::new_err(format!(
            "no word ends within {} MiB from offset {offset} on: is it a text?",
            limit >> 20
        )),
        Error::Delimiter { got } => PyValueError::new_err(format!(
            "the delimiter is {got:?}, expected one ASCII character that is no letter, digit, quote, sign, point \
             or line end"
        )),
        Error::Csv { line, column, reason } => {
            let column = column.map_or_else(String::new, |column| format!(", column {column}"));
            PyValueError::new_err(format!("line {line}{column}: {}", malformed(reason)))
        }
        Error::Empty => PyValueError::new_err("the file is empty"),
        Error::UnknownColumn { index, columns } => {
            value_error(format!("argument select, got {index}, expected an index below {columns}"))
        }
        Error::Columns { more, fewer } => {
            let column = |name: Option<String>, verb: &str| name.map(|name| format!("{verb} '{name}'"));
            let said: Vec<_> = [column(more, "has"), column(fewer, "lacks")].into_iter().flatten().collect();
            let said = if said.is_empty() { "has some twice".to_owned() } else { said.join(" and ") };
            PyValueError::new_err(format!("the columns are not those of the first file: it {said}"))
        }
        Error::Groups { limit, columns } => PyValueError::new_err(format!(
            "more than {limit} groups, which is the most for {columns} columns (--select takes fewer)"
        )),
        Error::Taken => value_error("the statistics have been taken".to_owned()),
        Error::Nan => {
            value_error("argument arr, got a NaN, expected none with nan_policy='raise'".to_owned())
        }
        Error::Weights(WeightRule::Negative) => {
            value_error("argument weights, got a negative one, expected none".to_owned())
        }
        Error::Weights(WeightRule::Finite) => {
            value_error("argument weights, got an infinity or NaN, expected finite numbers".to_owned())
        }
        Error::Weights(WeightRule::Large) => value_error(
            "argument weights, got a sum above the largest float, expected a finite one".to_owned(),
        ),
        Error::Weights(WeightRule::Sum) => value_error(
            "argument weights, got a sum that is 0, infinite or NaN, expected a positive number".to_owned(),
        ),
        Error::Changed { got, expected } => value_error(format!(
            "this pass has {got} elements, expected the {expected} of the first pass again"
        )),
        Error::Memory { bytes: usize::MAX } => {
            PyMemoryError::new_err(format!("{function}: the size asked for is larger than any memory"))
        }
        Error::Memory { bytes } => {
            PyMemoryError::new_err(format!("{function}: could not allocate {bytes} bytes"))
        }
        // Python chooses the subclass by the number, such as FileNotFoundError.
        Error::File { code: Some(code), text, path, .. } if cfg!(windows) => {
            PyOSError::new_err((0, text, path.into_os_string(), code))
        }
        Error::File { code: Some(code), text, path, .. } => {
            PyOSError::new_err((code, text, path.into_os_string()))
        }
        // Such as a zero byte in the name.
        Error::File { code: None, kind: ErrorKind::InvalidInput, text, .. } => {
            value_error(format!("argument path, got a name that no file can have: {text}"))
        }
        Error::File { code: None, text, path, .. } => {
            PyOSError::new_err(format!("{text}: {}", path.display()))
        }
        Error::Forked => PyOSError::new_err(format!("{function}: the process was forked during this call")),
        Error::Busy => PyValueError::new_err("the statistics are in use by another thread"),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
    }
}

pub fn malformed(reason: Malformed) -> String {
    match reason {
        Malformed::OpenQuote => "a quoted field is not closed".to_owned(),
        Malformed::CarriageReturn => {
            "a carriage return without a line feed, expected lines that end with LF or CR LF".to_owned()
        }
        Malformed::Nul => "a NUL byte: not a text file, or not in UTF-8".to_owned(),
        Malformed::Utf8 => "the names are not in UTF-8".to_owned(),
        Malformed::Utf16 => "the text is UTF-16, expected UTF-8".to_owned(),
        Malformed::Weight => "the weight is not a number from 0 on".to_owned(),
        Malformed::Json { reason } => reason.to_owned(),
        Malformed::Long { limit } => {
            format!("the row is longer than {} MiB: no line end, or a quote that is not closed", limit >> 20)
        }
        Malformed::Fields { got, expected } => {
            let fields = if got == 1 { "field" } else { "fields" };
            format!("the row has {got} {fields}, expected {expected}")
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
