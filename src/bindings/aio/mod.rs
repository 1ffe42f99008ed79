//! To be written.

use pyo3::prelude::*;

/// Adds the topic's names to the module.
pub fn register(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
