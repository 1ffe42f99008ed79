//! NumPy, and other libraries that someone has imported.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::bindings::cached::cached;

/// A function of NumPy.
pub fn numpy<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    cached(py, &NUMPY, || Ok(py.import("numpy")?.unbind()))?.bind(py).getattr(name)
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
