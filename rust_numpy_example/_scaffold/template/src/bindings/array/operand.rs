//! Arrays in use by a call.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::memory::Memory;
use super::pin::Pin;

/// An array in use by a call.
pub trait Operand {
    /// The array.
    fn memory(&self) -> &Memory<'_>;
}

/// Pins arrays whose addresses have been taken. Without a lock of the interpreter they are pinned since they came.
///
/// Up to CPython 3.11 any new object may start the garbage collector, and so a finalizer that resizes an array
/// which is not pinned yet: then its address means nothing any more, which is an error.
pub fn pin(function: &str, operands: &[&dyn Operand]) -> PyResult<Vec<Pin>> {
    if cfg!(Py_GIL_DISABLED) {
        return Ok(Vec::new());
    }
    let places = || operands.iter().map(|operand| operand.memory().place());
    let before: Vec<_> = places().collect();
    let pins = operands.iter().map(|operand| Pin::of(operand.memory().array())).collect::<PyResult<_>>()?;
    if places().eq(before) { Ok(pins) } else { Err(moved(function)) }
}

/// An error if the memory of an array is not where it was when the call began, and so the result may be anything.
/// Without a lock of the interpreter that happens if NumPy was about to move it when it was pinned: NumPy looks
/// whether it is, and moves it later. With a lock it cannot happen.
#[inline(always)]
pub fn check_unmoved(function: &str, operands: &[&dyn Operand]) -> PyResult<()> {
    // Otherwise each would be asked, through its table of methods.
    if !cfg!(Py_GIL_DISABLED) || operands.iter().all(|operand| operand.memory().is_unmoved()) {
        return Ok(());
    }
    Err(moved(function))
}

#[cold]
fn moved(function: &str) -> PyErr {
    PyRuntimeError::new_err(format!("{function}: an array was resized while the call looked at it"))
}
