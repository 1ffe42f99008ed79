//! What is looked up in Python once and kept.
//!
//! Not with `get_or_try_init`: an import runs Python code, and with it finalizers, signal handlers and other
//! threads. One that came back to the cell on the same thread would wait for itself, and a child forked in
//! between for a thread that it does not have.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// What `cell` holds. Where it is empty, what `find` gives; of several who find, the first is kept.
#[inline]
pub fn cached<'a, T>(
    py: Python<'_>,
    cell: &'a PyOnceLock<T>,
    find: impl FnOnce() -> PyResult<T>,
) -> PyResult<&'a T> {
    if let Some(kept) = cell.get(py) {
        return Ok(kept);
    }
    let found = find()?;
    let _ = cell.set(py, found);
    Ok(cell.get(py).expect("it has just been set"))
}

/// The attribute `name` of a module.
pub fn cached_attribute<'a, 'py>(
    py: Python<'py>,
    cell: &'a PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'a Bound<'py, PyAny>> {
    Ok(cached(py, cell, || Ok(py.import(module)?.getattr(name)?.unbind()))?.bind(py))
}
