//! The one door for arrays.
//!
//! [`Input`] takes whatever `np.asarray` takes and gives a view of it, at any stride, without a
//! copy where the memory can be read as it is. [`Output`] is a new array from NumPy's allocator,
//! or the caller's `out`. All that is `unsafe` about arrays is in this folder.
//!
//! | file | what it holds |
//! |---|---|
//! | `input` | an argument that is read |
//! | `output` | an array that is written |
//! | `dtypes` | NumPy's dtypes and the rows of the table |
//! | `memory` | addresses, strides and overlaps |
//!
//! What may be done to an array while a call works on it: nothing that moves its memory (NumPy
//! refuses to resize it, see `pin`); to write into it from another thread gives wrong numbers,
//! as in NumPy, and never a crash, as kernels derive no address from an element, and check again
//! what they have counted. (`__setstate__` frees the memory under any user of an array, NumPy's own
//! functions included.)
#![allow(unsafe_code)]

use std::fmt::Display;

use numpy::PyUntypedArray;
use numpy::npyffi::PyArrayObject;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyWeakrefReference;

use super::cached::cached;
use super::guard::guard;

mod dtypes;
mod input;
mod memory;
mod output;

pub use super::display::{Shape, kind_of};
pub use dtypes::dtype_of;
pub use input::Input;
pub use output::{Aliases, Output, written};

/// An array in use by a call.
pub trait Operand {
    /// The array.
    fn array(&self) -> &Bound<'_, PyUntypedArray>;

    /// Weak references to the array and to every array whose memory it is a view of: as long as
    /// they live, `resize` refuses to move that memory. See [`pin`].
    fn pin(&self) -> PyResult<Pin> {
        let mut pins = Vec::new();
        let mut array = self.array().clone();
        loop {
            pins.push(PyWeakrefReference::new(&array)?.unbind());
            // SAFETY: an array object; its base is null or a live object that it owns.
            let base = unsafe {
                let base = (*array.as_ptr().cast::<PyArrayObject>()).fields.base;
                Bound::from_borrowed_ptr_or_opt(array.py(), base)
            };
            match base.map(|base| base.cast_into::<PyUntypedArray>()) {
                Some(Ok(base)) => array = base,
                _ => return Ok(Pin { _weak: pins }),
            }
        }
    }
}

/// See [`Operand::pin`].
pub struct Pin {
    _weak: Vec<Py<PyWeakrefReference>>,
}

/// Pins arrays whose addresses have been taken. Up to CPython 3.11 any new object may start the garbage
/// collector, and so a finalizer that resizes an array which is not pinned yet: not while this pins.
pub fn pin(_py: Python<'_>, operands: &[&dyn Operand]) -> PyResult<Vec<Pin>> {
    // SAFETY: the interpreter is attached.
    let was_enabled = unsafe { ffi::PyGC_Disable() } == 1;
    let pins = operands.iter().map(|operand| operand.pin()).collect();
    if was_enabled {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    pins
}

/// `object` as an array of any dtype: itself if it is one, else what `np.asarray` makes of it.
pub fn as_array<'py>(
    function: &str,
    name: &str,
    object: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    refuse_masked(function, name, object)?;
    // Of a subclass only the memory counts: no method of it is called from here on.
    Ok(numpy(object.py(), "asarray")?.call1((object,))?.cast_into()?)
}

/// A masked array is refused: its mask would be lost.
pub fn refuse_masked(function: &str, name: &str, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if object.is_exact_instance_of::<PyUntypedArray>() || !object.is_instance_of::<PyUntypedArray>() {
        return Ok(());
    }
    match masked_array(object.py())? {
        Some(class) if object.is_instance(&class)? => Err(PyTypeError::new_err(format!(
            "{function}: {name} is a masked array, and its mask would be lost; expected an array without a mask \
             (use its filled() or compressed())"
        ))),
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

/// The error for an argument of another dtype than a function for real numbers takes.
pub fn not_real(function: &str, name: &str, dtype: &dyn Display) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}: {name} has dtype {dtype}, expected bool, an integer or a float up to 64 bits"
    ))
}

/// A function of NumPy.
pub fn numpy<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    cached(py, &NUMPY, || Ok(py.import("numpy")?.unbind()))?.bind(py).getattr(name)
}

/// Imports NumPy and its C interface, while nobody can call a function of the extension by its name yet: the
/// crate that keeps the interface runs Python code to find it, with its cell locked (see [`cached`]).
pub fn init(py: Python<'_>) -> PyResult<()> {
    guard(|| {
        numpy(py, "ndarray")?;
        numpy::npyffi::is_numpy_2(py);
        Ok(())
    })
}
