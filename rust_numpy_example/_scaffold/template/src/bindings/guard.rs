//! A panic becomes `InternalError`, never a `PanicException` that `except Exception` misses. Every entry from
//! Python goes through [`guard`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use super::error::from_panic;

/// Runs `body`; a panic becomes an exception.
pub fn guard<T>(body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    caught(body)?
}

/// What `body` returns, or the exception that its panic becomes.
pub fn caught<T>(body: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(body)).map_err(from_panic)
}

/// Panics on purpose: the tests see what becomes of it.
#[pyfunction]
pub fn _panic() -> PyResult<()> {
    guard(|| panic!("a panic on purpose"))
}
