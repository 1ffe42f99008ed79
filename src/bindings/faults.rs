//! Entries that panic on purpose, one for each way into the extension. Only test builds have them.

use std::convert::Infallible;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::aio;
use super::call::Call;
use super::guard::{guard, trip};
use crate::error::Result;

/// A cost far above the one at which the interpreter is released.
const LARGE: usize = 1_000_000_000;

/// Panics; the type only satisfies the caller.
fn fault<T>(entry: &str) -> T {
    panic!("a panic in {entry}")
}

/// Let the door after the next `doors` ones that this thread goes through panic; none with None.
/// Return whether one was still due.
#[pyfunction]
#[pyo3(signature = (doors))]
pub fn _panic_after(doors: Option<u64>) -> bool {
    trip::set(doors).is_some()
}

fn nothing<'py>((): ()) -> Option<Bound<'py, PyAny>> {
    None
}

/// Panic in ``where``: 'function', 'work', 'detached work', 'pool threads' or 'async work'.
#[pyfunction]
#[pyo3(signature = (r#where))]
pub fn _panic<'py>(py: Python<'py>, r#where: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    match r#where {
        "function" => guard(|| fault("a function")),
        "work" => Call::new(py, "_panic", 0).run(|_| fault("work")).map(nothing),
        "detached work" => Call::new(py, "_panic", LARGE).run(|_| fault("detached work")).map(nothing),
        "pool threads" => Call::new(py, "_panic", LARGE)
            .threads(Some(3))
            .run(|work| work.for_each(64, |part| if part == 33 { fault("a pool thread") } else { Ok(()) }))
            .map(nothing),
        "async work" => guard(|| {
            aio::coroutine(py, "_panic", |_| async {
                tokio::task::yield_now().await;
                fault::<std::result::Result<Option<bool>, Infallible>>("async work")
            })
            .map(Some)
        }),
        other => guard(|| Err(PyValueError::new_err(format!("_panic: argument where, got {other:?}")))),
    }
}

/// Add the numbers below n on three threads: shows that the threads still work.
#[pyfunction]
#[pyo3(signature = (n))]
pub fn _sum_below(py: Python<'_>, n: usize) -> PyResult<usize> {
    Call::new(py, "_sum_below", LARGE).threads(Some(3)).run(|work| {
        let parts: Result<Vec<usize>> = work.map(n, Ok);
        Ok(parts?.into_iter().sum())
    })
}

/// Panics in its constructor if told to, and in everything else always.
#[pyclass(frozen, module = "rust_numpy_example")]
pub struct _Panics;

#[pymethods]
impl _Panics {
    #[new]
    #[pyo3(signature = (now=false))]
    fn new(now: bool) -> PyResult<Self> {
        guard(|| if now { fault("a constructor") } else { Ok(_Panics) })
    }

    fn method(&self) -> PyResult<()> {
        guard(|| fault("a method"))
    }

    #[getter]
    fn getter(&self) -> PyResult<()> {
        guard(|| fault("a getter"))
    }
}
