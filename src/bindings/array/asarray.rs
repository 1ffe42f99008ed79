//! Python objects as arrays, and the functions of NumPy.
#![allow(unsafe_code)]

use numpy::PyUntypedArray;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bindings::argument::Arg;
use crate::bindings::cached::cached;

/// `object` as an array of any dtype: itself if it is one, else what `np.asarray` makes of it.
pub fn as_array<'py>(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    refuse_masked(arg, object)?;
    // Of a subclass only the memory counts: no method of it is called from here on.
    Ok(numpy(object.py(), "asarray")?.call1((object,))?.cast_into()?)
}

/// A masked array is refused: its mask would be lost.
pub fn refuse_masked(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if object.is_exact_instance_of::<PyUntypedArray>() || !object.is_instance_of::<PyUntypedArray>() {
        return Ok(());
    }
    match masked_array(object.py())? {
        Some(class) if object.is_instance(&class)? => Err(arg.type_error(
            "a masked array",
            "an array without a mask, which would be lost (use its filled() or compressed())",
        )),
        _ => Ok(()),
    }
}

/// The class of masked arrays; `None` if nobody has imported it: then there are none.
fn masked_array(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    // SAFETY: the interpreter is attached; null is no module, or an error.
    let module = unsafe {
        let module = ffi::PyImport_GetModule(intern!(py, "numpy.ma").as_ptr());
        Bound::from_owned_ptr_or_opt(py, module)
    };
    match (module, PyErr::take(py)) {
        (_, Some(error)) => Err(error),
        // While the module is being imported, the class is not there.
        (Some(module), None) => module.getattr_opt(intern!(py, "MaskedArray")),
        (None, None) => Ok(None),
    }
}

/// A function of NumPy.
pub fn numpy<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    cached(py, &NUMPY, || Ok(py.import("numpy")?.unbind()))?.bind(py).getattr(name)
}
