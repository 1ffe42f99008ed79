//! What stands for a missing value among Python objects.

use pyo3::prelude::*;
use pyo3::types::PyFloat;

/// Whether an object stands for a missing value: None, NaN or pandas' NA.
pub fn is_missing(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(number) = item.cast::<PyFloat>() {
        return Ok(number.value().is_nan());
    }
    Ok(item.is_none() || item.get_type().name()? == "NAType")
}
