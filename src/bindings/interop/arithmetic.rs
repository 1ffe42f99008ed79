//! Python numbers of any size.
//!
//! The arithmetic is handed to the interpreter: a result past 64 bits is as right as a small one.
//! For small numbers this is also the fastest way: to read two ints into `i64`, multiply them and
//! make a new int costs more than `PyNumber_Multiply`, which has a fast path of its own. Only products
//! of long ints, which Python makes by Karatsuba's method, are those of `kernels::integer`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt, PyString};

use crate::bindings::argument::Arg;
use crate::bindings::cached::cached_attribute;
use crate::bindings::call::Call;
use crate::bindings::guard::guard;
use crate::bindings::numbers::{exact_int_digits, int_from_limbs, magnitude};
use crate::kernels::integer as kernel;

/// Digits of 30 bits of the shorter factor from which on a product is ours: below, reading a long factor
/// takes longer than multiplying it.
const MIN_DIGITS: usize = 16;

/// Products of two digits from which on a product is ours. Of two ints of 60 digits CPython 3.11 and 3.13
/// take 2.8 microseconds for the product and 1.6 for a square; to read them and make the int of the
/// product takes 0.8, the kernel 0.4 (IFMA) to 0.9 (baseline). (`timeit` on an EPYC with AVX-512,
/// and the kernel alone.)
const MIN_PRODUCTS: usize = 64 * 64;

/// `value` as a Python int: an int, a bool, or anything with `__index__` such as `numpy.int64`.
#[inline]
pub fn integer<'py>(arg: Arg, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyInt>> {
    match value.cast::<PyInt>() {
        Ok(int) => Ok(int.clone()),
        Err(_) => index(arg, value),
    }
}

#[cold]
fn index<'py>(arg: Arg, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyInt>> {
    static INDEX: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let found = cached_attribute(py, &INDEX, "operator", "index")?.call1((value,));
    match found {
        Ok(int) => Ok(int.cast_into::<PyInt>()?),
        Err(error) if error.is_instance_of::<PyTypeError>(py) => Err(arg.wrong_type(value, "int")),
        Err(error) => Err(error),
    }
}

/// Product of two ints of any size.
///
/// Parameters
/// ----------
/// a, b : int
///     Or anything with ``__index__``, such as ``numpy.int64``.
///
/// Returns
/// -------
/// int
///     The exact product.
///
/// Raises
/// ------
/// TypeError
///     If an argument is not an integer.
/// MemoryError
///     If the product, or what it takes to compute it, is refused by the system.
///
/// Notes
/// -----
/// Small products are Python's own. Those of long ints, for which Python has Karatsuba's method, are made by
/// vector instructions or a floating-point Fourier transform, as in :func:`fibonacci`: exact, on one thread, with
/// the interpreter released; Ctrl-C stops the work. A class that inherits from int and defines ``__mul__``
/// multiplies as it says.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.multiply(2, 3)
/// 6
/// >>> rne.multiply(10**20, 10**20) == 10**40
/// True
#[pyfunction]
#[pyo3(signature = (a, b))]
pub fn multiply<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        if a.is_instance_of::<PyInt>() && b.is_instance_of::<PyInt>() {
            product(a, b)
        } else {
            product(
                integer(Arg::new("multiply", "a"), a)?.as_any(),
                integer(Arg::new("multiply", "b"), b)?.as_any(),
            )
        }
    })
}

/// `a * b` of two ints.
#[inline]
fn product<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // Most ints are short: then the other one is not looked at.
    if let Some(a_digits) = exact_int_digits(a)?.filter(|&digits| digits >= MIN_DIGITS) {
        if let Some(b_digits) = exact_int_digits(b)?.filter(|&digits| pays(a_digits, digits)) {
            return long_product((a, a_digits), (b, b_digits));
        }
    }
    a.mul(b)
}

/// Whether a product of ints of so many digits is faster here than in Python, although the ints are to be
/// read and that of the product made.
#[inline]
fn pays(a_digits: usize, b_digits: usize) -> bool {
    let (long, short) = (a_digits.max(b_digits), a_digits.min(b_digits));
    short >= MIN_DIGITS && long.saturating_mul(short) >= MIN_PRODUCTS
}

/// `a * b` of two exact ints of so many digits.
#[cold]
fn long_product<'py>(
    (a, a_digits): (&Bound<'py, PyAny>, usize),
    (b, b_digits): (&Bound<'py, PyAny>, usize),
) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let negative = a.lt(0)? != b.lt(0)?;
    let (a, b) = (magnitude(a, a_digits)?, magnitude(b, b_digits)?);
    // A tenth of a nanosecond for two digits, or some for each where it is a transform.
    let cost =
        (a_digits.saturating_mul(b_digits) / 16).min(a_digits.saturating_add(b_digits).saturating_mul(10));
    let (a_bytes, b_bytes) = (a.as_bytes(), b.as_bytes());
    let limbs = Call::new(py, "multiply", cost).run(|work| {
        kernel::product(&kernel::from_le_bytes(a_bytes, work)?, &kernel::from_le_bytes(b_bytes, work)?, work)
    })?;
    drop((a, b));
    let product = int_from_limbs(py, limbs)?;
    if negative { product.neg() } else { Ok(product) }
}

/// Sum of two ints of any size, as decimal text.
///
/// Parameters
/// ----------
/// a, b : int
///     Or anything with ``__index__``, such as ``numpy.int64``.
///
/// Returns
/// -------
/// str
///     The exact sum in decimal digits.
///
/// Raises
/// ------
/// TypeError
///     If an argument is not an integer.
///
/// Notes
/// -----
/// ``str(int)`` refuses numbers of more than ``sys.get_int_max_str_digits()`` digits (4300 where
/// nobody changed it). This function does not: larger sums are converted by :mod:`decimal`, which
/// takes a fraction of a second for a million digits.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.sum_as_string(5, 20)
/// '25'
/// >>> rne.sum_as_string(2**64, 1)
/// '18446744073709551617'
#[pyfunction]
#[pyo3(signature = (a, b))]
pub fn sum_as_string<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    guard(|| {
        let sum =
            integer(Arg::new("sum_as_string", "a"), a)?.add(integer(Arg::new("sum_as_string", "b"), b)?)?;
        match sum.str() {
            Err(error) if error.is_instance_of::<PyValueError>(sum.py()) => long_digits(&sum),
            digits => digits,
        }
    })
}

/// The digits of an int that is too long for `str`.
fn long_digits<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // The constructor is exact whatever the precision of the context is.
    let decimal = cached_attribute(value.py(), &DECIMAL, "decimal", "Decimal")?.call1((value,))?;
    Ok(decimal.call_method1("__format__", ("f",))?.cast_into::<PyString>()?)
}

/// True quotient of two real numbers, as Python's ``/`` gives it.
///
/// Parameters
/// ----------
/// a, b : real number
///     Ints of any size, floats, fractions, or anything with ``__index__`` or ``__float__``, such as
///     ``numpy.int64``.
///
/// Returns
/// -------
/// float
///     a / b, rounded once: also where a and b are ints that no float can hold.
///
/// Raises
/// ------
/// ValueError
///     If b is zero, be it 0, 0.0 or -0.0.
/// OverflowError
///     Where Python's ``/`` raises it: the quotient of two ints is too large for a float, or one of them is
///     and the other is a float.
/// TypeError
///     If an argument is not a real number.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.divide(10, 4)
/// 2.5
/// >>> rne.divide(10.0, 4.0)
/// 2.5
/// >>> rne.divide(10**400, 10**399)
/// 10.0
/// >>> rne.divide(1, 0)
/// Traceback (most recent call last):
///     ...
/// ValueError: Cannot divide by zero
#[pyfunction]
#[pyo3(signature = (a, b))]
pub fn divide<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let (a, b) = (real(Arg::new("divide", "a"), a)?, real(Arg::new("divide", "b"), b)?);
        if !b.is_truthy()? {
            return Err(PyValueError::new_err("Cannot divide by zero"));
        }
        let quotient = a.div(b)?;
        // Of a fraction it is a fraction.
        match quotient.is_exact_instance_of::<PyFloat>() {
            true => Ok(quotient),
            false => a.py().get_type::<PyFloat>().call1((quotient,)),
        }
    })
}

/// `value` as an int, a float or a fraction, whose quotients Python rounds once.
fn real<'py>(arg: Arg, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static INTEGRAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static RATIONAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static REAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static COMPLEX: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if value.is_exact_instance_of::<PyFloat>() || value.is_exact_instance_of::<PyInt>() {
        return Ok(value.clone());
    }
    let py = value.py();
    let expected = "a real number";
    let is = |cell: &'static PyOnceLock<Py<PyAny>>, name| {
        value.is_instance(cached_attribute(py, cell, "numbers", name)?)
    };
    let kind = value.get_type();
    let found = if is(&INTEGRAL, "Integral")? || kind.hasattr("__index__")? {
        // A plain int: a class of its own may divide in a way of its own.
        integer(arg, value).and_then(|int| py.get_type::<PyInt>().call1((int,)))
    } else if is(&RATIONAL, "Rational")? {
        Ok(value.clone())
    } else if kind.hasattr("__float__")? && (is(&REAL, "Real")? || !is(&COMPLEX, "Complex")?) {
        py.get_type::<PyFloat>().call1((value,))
    } else {
        return Err(arg.wrong_type(value, expected));
    };
    // What has the method and refuses, such as an array of several numbers.
    found.map_err(|error| match error.is_instance_of::<PyTypeError>(py) {
        true => arg.wrong_type(value, expected),
        false => error,
    })
}
