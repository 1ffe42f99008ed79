//! Python ints of any size.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyBytes, PyInt};

use super::cpython_layout::Layout;
use crate::bindings::cached::cached;

/// Bits of a digit of CPython's ints.
const DIGIT: usize = 30;

/// `value` as a Python int. Most fit in 64 bits, for which there is a faster way.
pub fn int(py: Python<'_>, value: i128) -> Bound<'_, PyAny> {
    match i64::try_from(value) {
        Ok(small) => PyInt::new(py, small).into_any(),
        Err(_) => PyInt::new(py, value).into_any(),
    }
}

/// The int that `bytes` hold in two's complement, the lowest first.
pub fn int_from_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let signed = [("signed", true)].into_py_dict(py)?;
    py.get_type::<PyInt>().call_method("from_bytes", (PyBytes::new(py, bytes), "little"), Some(&signed))
}

/// The int of limbs of 64 bits, the lowest first. There is no faster door in the stable ABI: half a
/// nanosecond a byte.
pub fn int_from_limbs<'py>(py: Python<'py>, limbs: Vec<u64>) -> PyResult<Bound<'py, PyAny>> {
    static FROM_BYTES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let from_bytes = cached(py, &FROM_BYTES, || Ok(py.get_type::<PyInt>().getattr("from_bytes")?.unbind()))?;
    let bytes = PyBytes::new_with(py, 8 * limbs.len(), |bytes| {
        for (to, limb) in bytes.chunks_exact_mut(8).zip(&limbs) {
            to.copy_from_slice(&limb.to_le_bytes());
        }
        Ok(())
    })?;
    drop(limbs);
    from_bytes.bind(py).call1((bytes, intern!(py, "little")))
}

/// The length of a number in digits of 30 bits, at least; none if it is no int, or of a class that
/// inherits from int and so may multiply in its own way.
#[inline]
pub fn exact_int_digits(number: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    let layout = Layout::get(number.py());
    match layout.digits(number) {
        None if !layout.reads_ints() && number.is_exact_instance_of::<PyInt>() => {
            let bits: usize = number.call_method0(intern!(number.py(), "bit_length"))?.extract()?;
            Ok(Some(bits.div_ceil(DIGIT)))
        }
        digits => Ok(digits),
    }
}

/// The bytes of an int of `digits` digits without its sign, the lowest first.
pub fn magnitude<'py>(int: &Bound<'py, PyAny>, digits: usize) -> PyResult<Bound<'py, PyBytes>> {
    let py = int.py();
    let len = digits.saturating_mul(DIGIT).div_ceil(8);
    let bytes = int.abs()?.call_method1(intern!(py, "to_bytes"), (len, intern!(py, "little")))?;
    Ok(bytes.cast_into()?)
}
