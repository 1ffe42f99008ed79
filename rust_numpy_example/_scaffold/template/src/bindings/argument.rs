//! Arguments: what they are where they are simple, and the one form of message where they are wrong.
//!
//! `{function}: argument {name}, got {what came}, expected {what is accepted}`, and for an item of a list
//! `argument {name}, item {index}, got …`. A wrong type is a `TypeError`, which names the type that came; a wrong
//! value is a `ValueError`, which shows the value. PyO3 would refuse an argument before the function is
//! entered, and with a text of its own: so parameters are an [`Argument`], which keeps what is wrong until the
//! function asks.

use std::fmt::Display;
use std::ops::RangeInclusive;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::display::kind_of;
use crate::parallel;

/// An argument of a function, or an item of it: what a message starts with.
#[derive(Clone, Copy)]
pub struct Arg {
    /// As Python calls it.
    pub function: &'static str,
    name: &'static str,
    item: Option<usize>,
}

impl Arg {
    /// The argument `name` of `function`.
    pub const fn new(function: &'static str, name: &'static str) -> Self {
        Arg { function, name, item: None }
    }

    /// The message.
    fn text(self, got: &dyn Display, expected: &dyn Display) -> String {
        let Arg { function, name, item } = self;
        let item = item.map_or_else(String::new, |index| format!(", item {index}"));
        format!("{function}: argument {name}{item}, got {got}, expected {expected}")
    }

    /// A `TypeError`.
    #[cold]
    pub fn type_error(self, got: impl Display, expected: impl Display) -> PyErr {
        PyTypeError::new_err(self.text(&got, &expected))
    }

    /// A `ValueError`.
    #[cold]
    pub fn value_error(self, got: impl Display, expected: impl Display) -> PyErr {
        PyValueError::new_err(self.text(&got, &expected))
    }

    /// A `TypeError` for an object of the wrong type.
    pub fn wrong_type(self, object: &Bound<'_, PyAny>, expected: impl Display) -> PyErr {
        self.type_error(kind_of(object), expected)
    }

    /// What the name `got` stands for.
    pub fn choice<T: Copy>(self, got: &str, choices: &[(&str, T)]) -> PyResult<T> {
        match choices.iter().find(|(name, _)| *name == got) {
            Some(&(_, choice)) => Ok(choice),
            None => Err(self.value_error(format_args!("'{got}'"), names(choices))),
        }
    }
}

/// `'a', 'b' or 'c'`.
pub fn names<T>(choices: &[(&str, T)]) -> String {
    let mut text = String::new();
    for (index, (name, _)) in choices.iter().enumerate() {
        text += match index {
            0 => "",
            last if last + 1 == choices.len() => " or ",
            _ => ", ",
        };
        text += &format!("'{name}'");
    }
    text
}

/// A parameter of a simple type: its value or, where it cannot be one, why.
pub struct Argument<T>(Result<T, Wrong>);

enum Wrong {
    /// The name of its type.
    Type(String),
    /// What it is.
    Value(String),
}

/// A number of threads.
pub type Workers = Option<Argument<i64>>;

/// The `workers` argument of a function, if a call may have that many threads.
pub fn threads(function: &'static str, workers: Workers) -> PyResult<Option<usize>> {
    workers.map(|workers| workers.threads(Arg::new(function, "workers"))).transpose()
}

impl<T> Argument<T> {
    /// What an argument is that was not given.
    pub fn default(value: T) -> Self {
        Argument(Ok(value))
    }

    /// Its value. An int that the type cannot hold is an `OverflowError`.
    #[allow(dead_code)] // for kernels to come
    pub fn get(self, arg: Arg, expected: &str) -> PyResult<T> {
        self.0.map_err(|wrong| match wrong {
            Wrong::Type(got) => arg.type_error(got, expected),
            Wrong::Value(got) => PyOverflowError::new_err(arg.text(&got, &expected)),
        })
    }
}

impl Argument<i64> {
    /// Its value, if that is in the range.
    pub fn within(self, arg: Arg, range: RangeInclusive<i64>, expected: &str) -> PyResult<i64> {
        let got = match self.0 {
            Ok(value) if range.contains(&value) => return Ok(value),
            Ok(value) => value.to_string(),
            Err(Wrong::Value(got)) => got,
            Err(Wrong::Type(got)) => return Err(arg.type_error(got, expected)),
        };
        Err(arg.value_error(got, expected))
    }

    /// A number of threads that a pool may have.
    pub fn threads(self, arg: Arg) -> PyResult<usize> {
        const LAST: i64 = parallel::MAX_THREADS as i64;
        Ok(self.within(arg, 1..=LAST, &format!("None or 1 to {LAST}"))? as usize)
    }
}

impl Argument<&str> {
    /// What it stands for.
    pub fn choice<T: Copy>(self, arg: Arg, choices: &[(&str, T)]) -> PyResult<T> {
        match self.0 {
            Ok(got) => arg.choice(got, choices),
            Err(Wrong::Type(got) | Wrong::Value(got)) => Err(arg.type_error(got, names(choices))),
        }
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Argument<T> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract() {
            Ok(value) => Ok(Argument(Ok(value))),
            Err(error) => Ok(Argument(Err(Wrong::new(&object, error.into())?))),
        }
    }
}

impl Wrong {
    #[cold]
    fn new(object: &Bound<'_, PyAny>, error: PyErr) -> PyResult<Self> {
        let py = object.py();
        if error.is_instance_of::<PyTypeError>(py) {
            Ok(Wrong::Type(kind_of(object)))
        } else if error.is_instance_of::<PyOverflowError>(py) {
            // An int of thousands of digits has no repr.
            Ok(Wrong::Value(shortened(object).unwrap_or_else(|_| "a large int".to_owned())))
        } else {
            // Such as one that the object itself raises.
            Err(error)
        }
    }
}

/// An optional parameter of any type: the object if one was given, be it None.
#[derive(Clone, Copy, Default)]
pub struct Given<'a, 'py>(pub Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Given(Some(object)))
    }
}

/// The repr of an object, cut where it is long.
pub fn shortened(object: &Bound<'_, PyAny>) -> PyResult<String> {
    let repr = object.repr()?.to_string();
    Ok(match repr.char_indices().nth(60) {
        Some((cut, _)) => format!("{}...", &repr[..cut]),
        None => repr,
    })
}
