//! Fibonacci numbers.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::argument::{Arg, shortened};
use super::cached::cached;
use super::call::Call;
use super::error::exception;
use super::guard::guard;
use super::numbers::int_from_limbs;
use crate::error::Error;
use crate::kernels::fibonacci::{self as kernel, MAX_SMALL, SMALL};

/// Exact Fibonacci number.
///
/// Parameters
/// ----------
/// n : int
///     The index, from 0.
///
/// Returns
/// -------
/// int
///     ``F(n)``, where ``F(0) == 0``, ``F(1) == 1`` and ``F(n) == F(n - 1) + F(n - 2)``.
///
/// Raises
/// ------
/// TypeError
///     If ``n`` is not an integer (a float that is one neither).
/// ValueError
///     If ``n`` is negative.
/// MemoryError
///     If ``F(n)``, of about ``0.694 * n`` bits, or what it takes to compute it, about 20 times
///     as much, is refused by the system. That is found out before the work.
///
/// Notes
/// -----
/// Up to 186 the number is taken from a table. Beyond, the index is doubled with two squares a bit
/// (Knuth, The Art of Computer Programming, 1.2.8); large squares are made by a floating-point
/// Fourier transform with digits so small that rounding is proven to give the exact result. One
/// thread; the interpreter is released and Ctrl-C stops the work.
///
/// To print a number of more than 4300 digits, see ``sys.set_int_max_str_digits``.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> [rne.fibonacci(n) for n in range(10)]
/// [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
/// >>> rne.fibonacci(200)
/// 280571172992510140037611932413038677189525
/// >>> rne.fibonacci(1_000_000).bit_length()
/// 694241
#[pyfunction]
#[pyo3(signature = (n))]
pub fn fibonacci<'py>(n: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| number(Arg::new("fibonacci", "n"), n))
}

/// Exact Fibonacci number: :func:`fibonacci` under another name.
///
/// Parameters
/// ----------
/// number : int
///     The index, from 0.
///
/// Returns
/// -------
/// int
///     ``F(number)``.
///
/// Raises
/// ------
/// TypeError, ValueError, MemoryError
///     As :func:`fibonacci`.
///
/// Notes
/// -----
/// See :func:`fibonacci`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.get_fibonacci(30)
/// 832040
#[pyfunction]
#[pyo3(signature = (number))]
pub fn get_fibonacci<'py>(number: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| self::number(Arg::new("get_fibonacci", "number"), number))
}

fn number<'py>(arg: Arg, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = index.py();
    let n = index.extract::<u64>().map_err(|error| refusal(arg, index, error))?;
    if n <= MAX_SMALL as u64 {
        return Ok(cached(py, &SMALL_INTS, || small_ints(py))?[n as usize].bind(py).clone());
    }
    // Less than half a nanosecond a unit of `n` for all that is not gigantic.
    let cost = usize::try_from(n / 2).unwrap_or(usize::MAX);
    let limbs = Call::new(py, arg.function, cost).run(|work| kernel::fibonacci(n, work))?;
    int_from_limbs(py, limbs)
}

/// The numbers that have up to 128 bits, made once: a call then makes no object.
static SMALL_INTS: PyOnceLock<Vec<Py<PyAny>>> = PyOnceLock::new();

fn small_ints(py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
    SMALL.iter().map(|number| Ok(number.into_pyobject(py)?.into_any().unbind())).collect()
}

/// Why an index that is no `u64` is refused.
fn refusal(arg: Arg, index: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyTypeError>(index.py()) {
        return arg.wrong_type(index, "an integer");
    }
    if !error.is_instance_of::<PyOverflowError>(index.py()) {
        // One that its `__index__` raises.
        return error;
    }
    if index.lt(0).is_ok_and(|is_negative| !is_negative) {
        return exception(arg.function, Error::Memory { bytes: usize::MAX });
    }
    let got = shortened(index).unwrap_or_else(|_| "a negative int".to_owned());
    arg.value_error(got, "an integer that is not negative")
}
