//! An array whose memory stays where it is.
#![allow(unsafe_code)]

use numpy::PyUntypedArray;
use numpy::npyffi::PyArrayObject;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

/// A weak reference to the array that owns the memory of another one, or of itself: as long as it lives, `resize`
/// refuses to move that memory. (It refuses always what is a view.)
pub struct Pin {
    _weak: Py<PyWeakrefReference>,
}

impl Pin {
    /// Pins an array.
    pub fn of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        let mut owner = array.clone();
        loop {
            // SAFETY: an array object; its base is null or a live object that it owns.
            let base = unsafe {
                let base = (*owner.as_ptr().cast::<PyArrayObject>()).fields.base;
                Bound::from_borrowed_ptr_or_opt(array.py(), base)
            };
            match base.map(|base| base.cast_into::<PyUntypedArray>()) {
                Some(Ok(base)) => owner = base,
                _ => return Ok(Pin { _weak: PyWeakrefReference::new(&owner)?.unbind() }),
            }
        }
    }
}
