//! JSON text to a Rust struct, with errors that say where.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::printing::print;
use crate::bindings::call::guard;

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
struct Human {
    name: String,
    age: u8,
}

#[pymethods]
impl Human {
    #[new]
    #[pyo3(signature = (name, age))]
    fn new(name: String, age: u8) -> PyResult<Self> {
        guard(|| Ok(Human { name, age }))
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

/// Read a human from JSON, and let them say hi.
///
/// Prints the text, the Rust struct made from it, and the line "NAME is AGE years old.".
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
/// Stricter than :func:`json.loads`: a key that comes twice, ``NaN``, a lone surrogate and an age
/// with a fraction are errors. Other keys are checked and skipped, however deep they are nested:
/// no text can exhaust the stack. About :data:`sys.stdout` see :func:`dict_printer`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> human = rne.human_says_hi('{"name": "Ada", "age": 36}')
/// {"name": "Ada", "age": 36}
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
fn human_says_hi(py: Python<'_>, human_data: &str) -> PyResult<Human> {
    guard(|| {
        let human =
            parse(human_data).map_err(|error| PyValueError::new_err(format!("human_says_hi: {error}")))?;
        let Human { name, age } = &human;
        print(py, &format!("{human_data}\n{human:#?}\n{name} is {age} years old.\n"))?;
        Ok(human)
    })
}

/// The human in `text`, or what is wrong with it and where.
fn parse(text: &str) -> Result<Human, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let human = serde_path_to_error::Deserializer::new(&mut json, &mut track).deserialize_map(Object);
    human.and_then(|human| json.end().map(|()| human)).map_err(|error| {
        let reason = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = reason.strip_suffix(&place).unwrap_or(&reason);
        let column = column(text, error.line(), error.column());
        format!("line {}, column {column}, path {}: {reason}", error.line(), track.path())
    })
}

/// Takes an object only: by itself serde also reads a struct from an array of its fields.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Human;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Human, A::Error> {
        Human::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The column in characters of a column in bytes; both count from 1.
fn column(text: &str, line: usize, bytes: usize) -> usize {
    let line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    line.char_indices().take_while(|&(start, _)| start < bytes).count().max(1)
}

/// Adds the names of this file to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Human>()?;
    m.add_function(wrap_pyfunction!(human_says_hi, m)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where() {
        let error = |text| parse(text).expect_err("the text is wrong");
        assert!(error("{\"name\": \"Zo\u{eb}\", \"age\": -1}").starts_with("line 1, column 25, path age: "));
        assert!(error("{\n \"name\": 1}").starts_with("line 2, column 10, path name: "));
        assert!(error("").starts_with("line 1, column 1, path .: EOF"));
    }

    #[test]
    fn a_deep_text_does_not_exhaust_the_stack() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        let text = format!("{{\"name\": \"Ada\", \"more\": {deep}, \"age\": 36}}");
        assert_eq!(parse(&text), Ok(Human { name: "Ada".into(), age: 36 }));
    }
}
