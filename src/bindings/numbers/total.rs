//! A sum of Python numbers: ints exact, floats with compensation, and what is both when it is asked for.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

use super::integer::{int, int_from_bytes};
use crate::bindings::argument::Arg;
use crate::bindings::array::numpy;
use crate::kernels::eft::CompensatedSum;
use crate::kernels::reduce::integers::Integers;

/// A sum of Python numbers.
#[derive(Default)]
pub struct Total {
    /// Ints of up to `integers::MAX_DIGITS` digits.
    pub integers: Integers,
    floats: CompensatedSum,
    has_floats: bool,
    /// The sum of longer ints.
    long: Option<Py<PyAny>>,
}

impl Total {
    /// Takes in floats.
    pub fn add_floats(&mut self, values: &[f64]) {
        self.has_floats = true;
        self.floats.add_all(values);
    }

    /// Takes in a number of any type, which is an item of an argument.
    pub fn add_object(&mut self, arg: Arg, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = item.py();
        if let Ok(float) = item.cast::<PyFloat>() {
            self.add_floats(&[float.value()]);
        } else if let Ok(value) = item.extract::<i64>() {
            self.integers.add(value);
        } else if let Ok(int) = item.call_method0("__index__") {
            let long = match self.long.take() {
                Some(long) => long.bind(py).add(int)?,
                None => int,
            };
            self.long = Some(long.unbind());
        } else if let Some(item) = unwrapped(item)? {
            self.add_object(arg, &item)?;
        } else {
            return Err(arg.wrong_type(item, "a number"));
        }
        Ok(())
    }

    /// Takes in another sum, without the long ints.
    pub fn merge(&mut self, other: Self) {
        self.integers.merge(&other.integers);
        self.floats.merge(other.floats);
        self.has_floats |= other.has_floats;
    }

    /// The sum: an int if there was no float.
    pub fn finish(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self.integers.small() {
            Some(small) if self.long.is_none() => Ok(self.finish_small(py, small)),
            _ => self.finish_long(py),
        }
    }

    fn finish_small(mut self, py: Python<'_>, integer: i128) -> Bound<'_, PyAny> {
        if !self.has_floats {
            return int(py, integer);
        }
        let high = integer as f64;
        self.floats.add(high);
        self.floats.add((integer - high as i128) as f64);
        PyFloat::new(py, self.floats.finish()).into_any()
    }

    fn finish_long(mut self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let mut integer = match self.integers.small() {
            Some(small) => int(py, small),
            None => int_from_bytes(py, &self.integers.to_bytes())?,
        };
        if let Some(long) = self.long {
            integer = integer.add(long)?;
        }
        if !self.has_floats {
            return Ok(integer);
        }
        let high = integer
            .extract::<f64>()
            .map_err(|_| PyOverflowError::new_err("int too large to convert to float"))?;
        let low = integer.sub(PyFloat::new(py, high).call_method0("__int__")?)?.extract::<f64>()?;
        self.floats.add(high);
        self.floats.add(low);
        Ok(PyFloat::new(py, self.floats.finish()).into_any())
    }
}

/// The Python number in a NumPy scalar, if there is one.
fn unwrapped<'py>(item: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let scalar = numpy(item.py(), "generic")?;
    if !item.is_instance(&scalar)? {
        return Ok(None);
    }
    let inner = item.call_method0("item")?;
    // A longdouble is its own item.
    Ok(if inner.is_instance(&scalar)? { None } else { Some(inner) })
}
