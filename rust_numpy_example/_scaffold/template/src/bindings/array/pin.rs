//! Arrays whose memory stays where it is.
#![allow(unsafe_code)]

use numpy::PyUntypedArray;
use numpy::npyffi::PyArrayObject;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

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
