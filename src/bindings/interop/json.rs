//! JSON text to a Rust struct, with errors that say where.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use serde::Deserialize;

use super::json_parse::{Wrong, parse};
use super::printing::print;
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::error::exception;
use crate::bindings::guard::guard;
use crate::error::Error;

/// A name and an age, read from JSON by :func:`human_says_hi`.
///
/// Parameters
/// ----------
/// name : str
///     The name.
/// age : int
///     The age in years, 0 to 255.
///
/// Attributes
/// ----------
/// name : str
///     The name.
/// age : int
///     The age in years.
///
/// Raises
/// ------
/// OverflowError
///     If age is out of range.
///
/// Notes
/// -----
/// Instances do not change; they compare and hash by value and can be pickled.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.Human("Ada", 36)
/// Human(name='Ada', age=36)
#[pyclass(frozen, module = "rust_numpy_example")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Human {
    name: String,
    age: u8,
}

#[pymethods]
impl Human {
    #[new]
    #[pyo3(signature = (name, age))]
    fn new(name: Argument<String>, age: Argument<u8>) -> PyResult<Self> {
        guard(|| {
            let name = name.get(Arg::new("Human", "name"), "str")?;
            Ok(Human { name, age: age.get(Arg::new("Human", "age"), "an int from 0 to 255")? })
        })
    }

    #[getter]
    fn name(&self) -> PyResult<&str> {
        guard(|| Ok(self.name.as_str()))
    }

    #[getter]
    fn age(&self) -> PyResult<u8> {
        guard(|| Ok(self.age))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        guard(|| {
            let py = other.py();
            Ok(match other.cast::<Human>() {
                Ok(other) => (self == other.get()).into_pyobject(py)?.to_owned().into_any().unbind(),
                Err(_) => py.NotImplemented(),
            })
        })
    }

    fn __hash__(&self) -> PyResult<u64> {
        guard(|| {
            let mut hasher = DefaultHasher::new();
            self.hash(&mut hasher);
            Ok(hasher.finish())
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| Ok(format!("Human(name={}, age={})", PyString::new(py, &self.name).repr()?, self.age)))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (&str, u8))> {
        guard(|| Ok((py.get_type::<Human>(), (self.name.as_str(), self.age))))
    }
}

/// What is printed before the struct.
const STRUCT: &str = "Now we can work with the struct:";

/// Read a human from JSON, and let them say hi.
///
/// Prints the text, the line "Now we can work with the struct:", the Rust struct in its debug form, and
/// the line "NAME is AGE years old.".
///
/// Parameters
/// ----------
/// human_data : str
///     A JSON object with the keys ``name``, a string, and ``age``, an integer from 0 to 255.
///
/// Returns
/// -------
/// Human
///     The struct.
///
/// Raises
/// ------
/// ValueError
///     If the text is not such an object. The message has the line and the column (from 1, in
///     characters) and the path of the key. Nothing is printed then.
///
/// Notes
/// -----
/// Stricter than :func:`json.loads`: a key that comes twice, ``NaN`` and a lone surrogate, at every
/// depth, and an age with a fraction are errors. Other keys are checked and skipped, however deep
/// they are nested: no text can exhaust the stack. About :data:`sys.stdout` see :func:`dict_printer`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> human = rne.human_says_hi('{"name": "Ada", "age": 36}')
/// {"name": "Ada", "age": 36}
/// Now we can work with the struct:
/// Human {
///     name: "Ada",
///     age: 36,
/// }
/// Ada is 36 years old.
/// >>> human.age
/// 36
/// >>> rne.human_says_hi('{"name": "Ada", "age": 360}')
/// Traceback (most recent call last):
///     ...
/// ValueError: human_says_hi: line 1, column 26, path age: invalid value: integer `360`, expected u8
#[pyfunction]
#[pyo3(signature = (human_data))]
pub fn human_says_hi(py: Python<'_>, human_data: Argument<&str>) -> PyResult<Human> {
    guard(|| {
        let human_data = human_data.get(Arg::new("human_says_hi", "human_data"), "str")?;
        let human: Human = parse(human_data).map_err(|wrong| match wrong {
            Wrong::Text(text) => PyValueError::new_err(format!("human_says_hi: {text}")),
            Wrong::Memory(bytes) => exception("human_says_hi", Error::Memory { bytes }),
        })?;
        let Human { name, age } = &human;
        print(py, &format!("{human_data}\n{STRUCT}\n{human:#?}\n{name} is {age} years old.\n"))?;
        Ok(human)
    })
}
