//! NumPy, and other libraries that someone has imported.
//!
//! The package imports NumPy with itself ([`prepare`]), the command line at the first call that an array may come to:
//! words, files and big integers need none, and NumPy takes ten times as long to import as all the rest. So every look
//! at what may be an array goes through [`array`], [`exact_array`] or [`numpy`]. Nothing else may ask PyO3's casts
//! whether an object is one, as the crate that keeps NumPy's C interface would import NumPy behind our back (see
//! [`load`]), and panic where there is none. `tests/test_architecture.py` looks for such casts.
#![allow(unsafe_code)]

use std::cell::Cell;

use numpy::PyUntypedArray;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::bindings::cached::cached;

/// A function of NumPy.
pub fn numpy<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    loaded(py)?.bind(py).getattr(name)
}

/// The object, if it is an array of NumPy or of a subclass.
#[inline]
pub fn array<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<Option<&'a Bound<'py, PyUntypedArray>>> {
    loaded(object.py())?;
    Ok(object.cast::<PyUntypedArray>().ok())
}

/// The object, if it is an array of NumPy and of no subclass.
#[inline]
pub fn exact_array<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyUntypedArray>>> {
    loaded(object.py())?;
    Ok(object.cast_exact::<PyUntypedArray>().ok())
}

/// NumPy, whose C interface has been looked up.
#[inline]
fn loaded(py: Python<'_>) -> PyResult<&Py<PyModule>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    cached(py, &NUMPY, || load(py))
}

/// Imports NumPy and its C interface.
///
/// The crate that keeps the interface looks for it with a cell locked, and runs Python code to do so: a signal handler
/// or a finalizer that ran in between, and called us, would wait for itself. It is told so instead. (Other threads wait
/// for the cell without the interpreter, and go on when it is filled.) All that is imported there has been imported
/// here before, so that what is missing is an `ImportError` and no panic, and the cell is locked for microseconds.
#[cold]
fn load(py: Python<'_>) -> PyResult<Py<PyModule>> {
    thread_local!(static LOADING: Cell<bool> = const { Cell::new(false) });
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            LOADING.set(false);
        }
    }

    let module = py.import("numpy")?;
    py.import("numpy.lib")?.getattr("NumpyVersion")?;
    // Its name since NumPy 2.
    py.import("numpy._core.multiarray")
        .or_else(|_| py.import("numpy.core.multiarray"))?
        .getattr("_ARRAY_API")?;
    if LOADING.replace(true) {
        return Err(PyRuntimeError::new_err(
            "rust_numpy_example: called by a signal handler or a finalizer while the first call with an array loads \
             NumPy in this thread",
        ));
    }
    let _reset = Reset;
    ::numpy::npyffi::is_numpy_2(py);
    Ok(module.unbind())
}

/// Imports NumPy and its C interface, before a call needs it.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    loaded(py).map(drop)
}

/// A class of a module; `None` if nobody has imported that: then there are no objects of it.
pub fn imported<'py>(py: Python<'py>, module: &str, class: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let name = PyString::new(py, module);
    // SAFETY: the interpreter is attached; null is no module, or an error.
    let module = unsafe {
        let module = ffi::PyImport_GetModule(name.as_ptr());
        Bound::from_owned_ptr_or_opt(py, module)
    };
    match (module, PyErr::take(py)) {
        (_, Some(error)) => Err(error),
        // While the module is being imported, the class is not there.
        (Some(module), None) => module.getattr_opt(class),
        (None, None) => Ok(None),
    }
}

/// Whether an object is of a class of a module, which nobody need have imported.
pub fn is_a(object: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    match imported(object.py(), module, class)? {
        Some(class) => object.is_instance(&class),
        None => Ok(false),
    }
}
