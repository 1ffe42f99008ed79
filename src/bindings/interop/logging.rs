//! Python's `logging`, called from Rust.
//!
//! The usual way is a logger behind the `log` crate that remembers which levels are enabled. It
//! misses a level that is changed later, and a worker thread that logs waits for the interpreter
//! while the thread that holds it may wait for the worker. Here the logger is asked each time, by
//! the calling thread, which is attached: there is nothing to remember and nobody to wait for.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bindings::cached::cached_attribute;
use crate::bindings::guard::guard;

/// The name of the logger; its parent is the logger of the package.
const LOGGER: &str = "rust_numpy_example.interop";

/// The levels of Python.
#[derive(Clone, Copy)]
enum Level {
    Error = 40,
    Warning = 30,
    Info = 20,
    Debug = 10,
}

/// `logging.getLogger`, kept because nothing can be imported while Python ends.
fn get_logger(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static GET_LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    cached_attribute(py, &GET_LOGGER, "logging", "getLogger")
}

/// Finds, at import, what is needed when Python ends: a finalizer may log.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    get_logger(py).map(drop)
}

fn log(py: Python<'_>, level: Level, message: &str) -> PyResult<()> {
    let logger = get_logger(py)?.call1((LOGGER,))?;
    logger.call_method1("log", (level as u8, message)).map(drop)
}

/// Log one message of level INFO.
///
/// The logger is ``rust_numpy_example.interop``.
///
/// Notes
/// -----
/// The message takes the way of every message in Python: handlers, filters and levels are those
/// of :mod:`logging` at the time of the call, and the record's file and line are the caller's. An
/// exception that a handler lets through is raised.
///
/// Examples
/// --------
/// >>> import logging, sys
/// >>> import rust_numpy_example as rne
/// >>> logger = logging.getLogger("rust_numpy_example")
/// >>> handler = logging.StreamHandler(sys.stdout)
/// >>> logger.addHandler(handler)
/// >>> logger.setLevel(logging.INFO)
/// >>> rne.log_example()
/// A log message from Rust!
/// >>> logger.removeHandler(handler)
/// >>> logger.setLevel(logging.NOTSET)
#[pyfunction]
pub fn log_example(py: Python<'_>) -> PyResult<()> {
    guard(|| log(py, Level::Info, "A log message from Rust!"))
}

/// Log a message of each level: ERROR, WARNING, INFO, DEBUG, in this order.
///
/// The logger is ``rust_numpy_example.interop``; see :func:`log_example`.
///
/// Examples
/// --------
/// >>> import logging, sys
/// >>> import rust_numpy_example as rne
/// >>> logger = logging.getLogger("rust_numpy_example")
/// >>> handler = logging.StreamHandler(sys.stdout)
/// >>> logger.addHandler(handler)
/// >>> logger.setLevel(logging.WARNING)
/// >>> rne.log_different_levels()
/// logging an error
/// logging a warning
/// >>> logger.removeHandler(handler)
/// >>> logger.setLevel(logging.NOTSET)
#[pyfunction]
pub fn log_different_levels(py: Python<'_>) -> PyResult<()> {
    guard(|| {
        log(py, Level::Error, "logging an error")?;
        log(py, Level::Warning, "logging a warning")?;
        log(py, Level::Info, "logging an info message")?;
        log(py, Level::Debug, "logging a debug message")
    })
}
