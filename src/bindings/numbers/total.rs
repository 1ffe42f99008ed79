//! A sum of Python numbers: ints exact, floats with compensation, and what is both when it is asked for.

use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyFloat, PyInt, PyTuple};

use super::extended;
use super::integer::{int, int_from_bytes};
use crate::bindings::argument::Arg;
use crate::bindings::array::{array, as_array, is_bfloat16, is_of_user, numpy, refuse_lost};
use crate::bindings::display::Shape;
use crate::kernels::eft::CompensatedSum;
use crate::kernels::reduce::integers::Integers;

/// What is accepted.
const NUMBER: &str = "a number";

/// A sum of Python numbers.
#[derive(Default)]
pub struct Total {
    /// Ints of up to `integers::MAX_DIGITS` digits.
    pub integers: Integers,
    /// Floats, and the real parts of complex numbers.
    floats: CompensatedSum,
    has_floats: bool,
    /// The imaginary parts, if there are complex numbers.
    imaginary: Option<CompensatedSum>,
    /// The sum of longer ints.
    long: Option<Py<PyAny>>,
    /// Numbers of more digits than a float has.
    longdoubles: Vec<Py<PyAny>>,
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
        } else if item.is_instance_of::<PyInt>() {
            self.add_int(item)?;
        } else if let Ok(complex) = item.cast::<PyComplex>() {
            self.add_floats(&[complex.real()]);
            self.imaginary.get_or_insert_default().add(complex.imag());
        } else if array(item)?.is_some() {
            let array = as_array(arg, item)?;
            if array.ndim() > 0 {
                let got = format!("an array of shape {}", Shape(array.shape()));
                return Err(arg.type_error(got, NUMBER));
            }
            self.add_object(arg, &array.get_item(PyTuple::empty(py))?)?;
        } else if item.is_instance(&numpy(py, "generic")?)? {
            self.add_scalar(arg, item)?;
        } else {
            refuse_lost(arg, item)?;
            match item.call_method0("__index__") {
                Ok(int) => self.add_int(&int)?,
                Err(_) => return Err(arg.wrong_type(item, NUMBER)),
            }
        }
        Ok(())
    }

    fn add_int(&mut self, int: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(value) = int.extract::<i64>() {
            self.integers.add(value);
            return Ok(());
        }
        // Of a class of its own, which may add in its own way.
        let int = int.call_method0("__index__")?;
        let long = match self.long.take() {
            Some(long) => long.bind(int.py()).add(int)?,
            None => int,
        };
        self.long = Some(long.unbind());
        Ok(())
    }

    /// Takes in a scalar of NumPy that is no float or complex number of Python's.
    fn add_scalar(&mut self, arg: Arg, scalar: &Bound<'_, PyAny>) -> PyResult<()> {
        let descr = scalar.getattr(intern!(scalar.py(), "dtype"))?.cast_into::<PyArrayDescr>()?;
        // Times and their differences are integers as well, but no numbers.
        if is_bfloat16(&descr)? {
            self.add_floats(&[scalar.extract()?]);
        } else if !matches!(descr.kind(), b'b' | b'i' | b'u' | b'f' | b'c') || is_of_user(&descr) {
            return Err(arg.wrong_type(scalar, NUMBER));
        } else if matches!(descr.char(), b'g' | b'G') {
            self.has_floats = true;
            self.longdoubles.push(scalar.clone().unbind());
        } else {
            self.add_object(arg, &scalar.call_method0("item")?)?;
        }
        Ok(())
    }

    /// Takes in another sum, without the long ints and the longdoubles.
    pub fn merge(&mut self, other: Self) {
        self.integers.merge(&other.integers);
        self.floats.merge(other.floats);
        self.has_floats |= other.has_floats;
        if let Some(imaginary) = other.imaginary {
            self.imaginary.get_or_insert_default().merge(imaginary);
        }
    }

    /// The sum: an int if there was no float.
    pub fn finish(mut self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        if !self.has_floats {
            return self.integer(py);
        }
        self.floats_of_integers(py)?;
        if !self.longdoubles.is_empty() {
            return extended::sum(py, self.floats, self.imaginary, self.longdoubles);
        }
        let real = self.floats.finish();
        Ok(match self.imaginary {
            Some(imaginary) => PyComplex::from_doubles(py, real, imaginary.finish()).into_any(),
            None => PyFloat::new(py, real).into_any(),
        })
    }

    /// The sum of the ints.
    fn integer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let integer = match self.integers.small() {
            Some(small) => int(py, small),
            None => int_from_bytes(py, &self.integers.to_bytes())?,
        };
        match &self.long {
            Some(long) => integer.add(long),
            None => Ok(integer),
        }
    }

    /// Adds the ints to the floats.
    fn floats_of_integers(&mut self, py: Python<'_>) -> PyResult<()> {
        if let (Some(integer), None) = (self.integers.small(), &self.long) {
            let high = integer as f64;
            self.floats.add(high);
            self.floats.add((integer - high as i128) as f64);
            return Ok(());
        }
        let integer = self.integer(py)?;
        let high = integer
            .extract::<f64>()
            .map_err(|_| PyOverflowError::new_err("int too large to convert to float"))?;
        let low = integer.sub(PyFloat::new(py, high).call_method0("__int__")?)?.extract::<f64>()?;
        self.floats.add(high);
        self.floats.add(low);
        Ok(())
    }
}
