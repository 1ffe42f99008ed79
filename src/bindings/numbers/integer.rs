//! Python ints of any size.

use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyInt};

/// `value` as a Python int. Most fit in 64 bits, for which there is a faster way.
pub fn int(py: Python<'_>, value: i128) -> Bound<'_, PyAny> {
    match i64::try_from(value) {
        Ok(small) => PyInt::new(py, small).into_any(),
        Err(_) => PyInt::new(py, value).into_any(),
    }
}

/// The int that `bytes` hold in two's complement, the lowest first.
pub fn int_from_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let signed = [("signed", true)].into_py_dict(py)?;
    py.get_type::<PyInt>().call_method("from_bytes", (PyBytes::new(py, bytes), "little"), Some(&signed))
}
