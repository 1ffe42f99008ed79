//! One element at a time.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyList, PyTuple};

use super::argument::{Arg, Given, Workers};
use super::array::{
    Fallback, Input, Operand, OutRule, Output, broadcast, is_overridden, numpy, promote, refuse_no_number,
};
use super::call::Call;
use super::guard::guard;
use crate::dtype::{DType, Kind, dispatch, dispatch_real};
use crate::kernels::elementwise::multiply::{Factor, Pages, multiply};
use crate::kernels::elementwise::select::{Cut, Doubled, Threshold, count, fill};
use crate::layout::{Convert, Elements};

/// Multiply two arrays, element by element.
///
/// Parameters
/// ----------
/// a, b : array_like
///     Factors, of shapes that broadcast against each other and any layout.
/// out : ndarray, optional
///     Where the result is written: of the shape and dtype of the result; may be one of the
///     factors or overlap them.
/// workers : int, optional
///     Threads; by default :func:`get_num_threads`.
///
/// Returns
/// -------
/// ndarray or scalar
///     The product, or ``out``. Value, dtype and shape are those of ``np.multiply``: NumPy's
///     promotion, integers wrap. Of objects that override NumPy's functions (pandas, xarray,
///     units) it is what ``np.multiply`` makes of them.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not fit, or that of ``out``, or it is read-only; if ``workers`` is out of
///     range.
/// TypeError
///     If an array is masked, sparse or lazy, or ``out`` is no array of the right dtype.
///
/// Notes
/// -----
/// bool, all integers, float16 to float64, complex64 and complex128 are multiplied here, other
/// dtypes by NumPy. No RuntimeWarning is given where a product overflows. Complex products are those
/// of the formula, each step rounded: the last bit, and what overflows on the way, may differ from
/// NumPy's, which depend on the CPU. A large ``out`` is written past the caches.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> rne.array_multiply([[1], [2]], [3, 4])
/// array([[3, 4],
///        [6, 8]])
#[pyfunction]
#[pyo3(signature = (a, b, *, out=None, workers=None))]
pub fn array_multiply<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let args = ["a", "b"].map(|name| Arg::new("array_multiply", name));
        times(args, [a, b], out, workers)
    })
}

/// Multiply every element by a factor.
///
/// Parameters
/// ----------
/// data : array_like
///     Any shape and layout.
/// factor : scalar or array_like, optional
///     What to multiply by.
/// out : ndarray, optional
///     Where the result is written; may be ``data`` itself.
/// workers : int, optional
///     Threads; by default :func:`get_num_threads`.
///
/// Returns
/// -------
/// ndarray or scalar
///     ``data * factor`` with the dtype that NumPy gives it, or ``out``.
///
/// Raises
/// ------
/// ValueError, TypeError
///     As :func:`array_multiply`.
/// OverflowError
///     If the factor is an int that the dtype of ``data`` cannot hold (NumPy 2).
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.process_data([1, 2, 3])
/// array([2, 4, 6])
/// >>> rne.process_data([1, 2, 3], 0.5)
/// array([0.5, 1. , 1.5])
#[pyfunction]
#[pyo3(signature = (data, factor=Given(None), *, out=None, workers=None), text_signature = "(data, factor=2, *, out=None, workers=None)")]
pub fn process_data<'py>(
    data: &Bound<'py, PyAny>,
    factor: Given<'_, 'py>,
    out: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let args = ["data", "factor"].map(|name| Arg::new("process_data", name));
        let factor = match factor.0 {
            Some(factor) if factor.is_none() => {
                return Err(args[1].wrong_type(&factor, "a number or an array of numbers"));
            }
            Some(factor) => factor.to_owned(),
            None => PyInt::new(data.py(), 2).into_any(),
        };
        times(args, [data, &factor], out, workers)
    })
}

/// The product of two arguments.
fn times<'py>(
    args: [Arg; 2],
    [a, b]: [&Bound<'py, PyAny>; 2],
    out: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let function = args[0].function;
    let numpys = Fallback { function, ufunc: "multiply", out: OutRule::Exact };
    if is_overridden([a, b], out)? {
        return numpys.overridden(args, [a, b], out, workers);
    }
    match promote(args, [a, b])? {
        Some((dtype, inputs)) => product(args, dtype, inputs, out, workers),
        None => numpys.call([a, b], out, workers),
    }
}

/// The product of two inputs, of which long ones are converted to `dtype` block by block.
fn product<'py>(
    args: [Arg; 2],
    dtype: DType,
    [left, right]: [Input<'py>; 2],
    out: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, function) = (left.object().py(), args[0].function);
    let shape = broadcast(args, [left.shape(), right.shape()])?;
    let mut output =
        Output::request(function, dtype, &shape).out(out).reading(&[&left, &right]).in_place().make(py)?;
    let overwritten = [output.overwrites(&left), output.overwrites(&right)];
    let held = output.held();
    let operands: [&dyn Operand; 3] = [&left, &right, &held];
    let pages = if output.is_given() { Pages::Used } else { Pages::Fresh };
    let words = shape.iter().product::<usize>().saturating_mul(dtype.size()) / 8;
    let call = Call::elements(py, function, words).workers(workers)?.holding(&operands);
    dispatch!(dtype, T => {
        let factor = |side: usize, input| if overwritten[side] { Factor::Out } else { factor::<T>(input, &shape) };
        let (x, y, product) = (factor(0, &left), factor(1, &right), output.elements_mut::<T>());
        call.run(|work| multiply(x, y, product, &shape, pages, work))?;
    });
    output.finish_scalar()
}

/// An input as a factor of a product of this shape.
fn factor<'a, T: Convert>(input: &'a Input<'_>, shape: &[usize]) -> Factor<'a, T> {
    if input.dtype() != T::DTYPE {
        return dispatch!(input.dtype(), S => Factor::cast(&input.view::<S>()));
    }
    match input.elements::<T>() {
        Elements::Contiguous(&[one]) => Factor::Scalar(one),
        Elements::Contiguous(_) if input.shape() != shape => {
            Factor::Array(Elements::Strided(input.view::<T>()))
        }
        elements => Factor::Array(elements),
    }
}

/// The first argument of [`process_numbers`].
const NUMBERS: Arg = Arg::new("process_numbers", "numbers");

/// Keep what is greater than a threshold, doubled, in its order.
///
/// Parameters
/// ----------
/// numbers : list, tuple, or array_like of integers or floats
///     An array of any shape is read in C order; one that is not contiguous is copied first.
/// threshold : int or float
///     Compared exactly with integers; rounded to the dtype of a float array, as NumPy does.
///
/// Returns
/// -------
/// list or ndarray
///     For a list or tuple a list, whose ints are exact whatever their size; for an array a 1-D
///     array of its dtype (bool becomes int64). NaN is never kept.
///
/// Raises
/// ------
/// OverflowError
///     If a kept integer of an array cannot be doubled in its dtype; if the threshold for floats is an
///     int beyond the largest float.
/// TypeError
///     If an item is no number (the message names its index), or an array is complex, or has a mask
///     or units.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> rne.process_numbers([1, 5, 2.5, 2**70], 2)
/// [10, 5.0, 2361183241434822606848]
/// >>> rne.process_numbers(np.array([1, 5, 3]), 2)
/// array([10,  6])
#[pyfunction]
#[pyo3(signature = (numbers, threshold, /))]
pub fn process_numbers<'py>(
    numbers: &Bound<'py, PyAny>,
    threshold: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        if numbers.is_instance_of::<PyList>() || numbers.is_instance_of::<PyTuple>() {
            return select_objects(numbers, threshold);
        }
        let input = Input::real(NUMBERS, numbers)?;
        // Twice a bool is an integer, as in NumPy.
        let input = if input.dtype() == DType::Bool { input.cast(DType::I64)? } else { input };
        let threshold = parse(threshold, input.dtype().kind())?;
        let input = input.in_c_order()?;
        dispatch_real!(
            input.dtype(),
            T => select::<T>(numbers.py(), &input, T::cut(threshold)),
            complex => unreachable!("complex input is refused")
        )
    })
}

/// A threshold for numbers of a kind; an int that no float can be is an `OverflowError` for floats.
fn parse(threshold: &Bound<'_, PyAny>, kind: Kind) -> PyResult<Threshold> {
    let Some(int) = whole_number(threshold)? else {
        let arg = Arg::new(NUMBERS.function, "threshold");
        return arg.read(threshold, "an int or a float").map(Threshold::Float);
    };
    match int.extract::<i128>() {
        Ok(int) => Ok(Threshold::Integer(int)),
        Err(_) if kind == Kind::Float => {
            let arg = Arg::new(NUMBERS.function, "threshold");
            arg.read(&int, "a number up to the largest float").map(Threshold::Float)
        }
        Err(_) => Ok(Threshold::Integer(if int.gt(0)? { i128::MAX } else { i128::MIN })),
    }
}

/// An int, or an integer of NumPy, as an int: a float would round it.
fn whole_number<'py>(number: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyInt>>> {
    let py = number.py();
    if let Ok(int) = number.cast::<PyInt>() {
        return Ok(Some(int.clone()));
    }
    if number.get_type().getattr_opt(intern!(py, "__index__"))?.is_none() {
        return Ok(None);
    }
    match number.call_method0(intern!(py, "__index__")) {
        Ok(int) => Ok(int.cast_into().ok()),
        // Arrays have the method, and refuse if they are no integer.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

fn select<'py, T: Doubled>(py: Python<'py>, input: &Input<'py>, cut: Cut<T>) -> PyResult<Bound<'py, PyAny>> {
    let numbers = input.contiguous::<T>().expect("an array in C order");
    let call = || Call::elements(py, NUMBERS.function, numbers.len());
    let counts = call().holding(&[input]).run(|work| count(numbers, cut, work))?;
    let mut output = Output::like(py, NUMBERS.function, T::DTYPE, &[counts.iter().sum()], &[input])?;
    let out = output.slice_mut::<T>();
    call().holding(&[input]).run(|work| fill(numbers, cut, &counts, out, work))?;
    output.finish()
}

/// A number of a list, as it is; an integer of NumPy as an int, which does not wrap. `Err` is what is no real
/// number.
fn real<'py>(item: Bound<'py, PyAny>) -> PyResult<Result<Bound<'py, PyAny>, Bound<'py, PyAny>>> {
    let py = item.py();
    if item.is_instance_of::<PyInt>()
        || item.is_instance_of::<PyFloat>()
        || item.is_instance(&numpy(py, "floating")?)?
    {
        return Ok(Ok(item));
    }
    if item.is_instance(&numpy(py, "integer")?)? {
        // A difference of times is one of NumPy's integers, too, but has no index.
        return Ok(item.call_method0("__index__").map_err(|_| item));
    }
    Ok(Err(item))
}

/// The same for Python objects, one after the other.
fn select_objects<'py>(
    numbers: &Bound<'py, PyAny>,
    threshold: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    parse(threshold, Kind::Signed)?;
    let kept = PyList::empty(numbers.py());
    for (index, item) in numbers.try_iter()?.enumerate() {
        let item = item?;
        refuse_no_number(NUMBERS.item(index), &item)?;
        let item = real(item)?.map_err(|item| NUMBERS.item(index).wrong_type(&item, "an int or a float"))?;
        if item.gt(threshold)? {
            kept.append(item.mul(2)?)?;
        }
    }
    Ok(kept.into_any())
}

/// Double many numbers in one call: the batch form of :func:`process_single`.
///
/// Parameters
/// ----------
/// xs : list, tuple, or array_like of real numbers
///     Numbers.
///
/// Returns
/// -------
/// list of float, or ndarray of float64
///     Twice each number: a list for a list or tuple, else an array of the same shape.
///
/// Raises
/// ------
/// TypeError
///     If an item is no number, or the array is complex, or has a mask or units.
/// OverflowError
///     If an int is beyond the largest float.
///
/// Notes
/// -----
/// A call from Python to Rust costs tens of nanoseconds, whatever it does: one call for all
/// numbers pays them once.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.process_batch([1, 2.5])
/// [2.0, 5.0]
#[pyfunction]
#[pyo3(signature = (xs, /))]
pub fn process_batch<'py>(xs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let (py, arg) = (xs.py(), Arg::new("process_batch", "xs"));
        if xs.is_instance_of::<PyList>() || xs.is_instance_of::<PyTuple>() {
            let doubled = PyList::empty(py);
            for (index, item) in xs.try_iter()?.enumerate() {
                let item = item?;
                let x = real_number(arg.item(index), &item)?;
                doubled.append(x + x)?;
            }
            return Ok(doubled.into_any());
        }
        let input = Input::real(arg, xs)?;
        let two = Input::new(arg, &Output::of(py, arg.function, &[], [2.0].into_iter())?)?;
        product([arg; 2], DType::F64, [input, two], None, None)
    })
}

/// Double one number: the one-at-a-time form of :func:`process_batch`.
///
/// Parameters
/// ----------
/// x : float
///     A number.
///
/// Returns
/// -------
/// float
///     Twice the number.
///
/// Raises
/// ------
/// TypeError
///     If it is no real number.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> [rne.process_single(x) for x in (1, 2.5)]
/// [2.0, 5.0]
#[pyfunction]
#[pyo3(signature = (x, /))]
pub fn process_single(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    guard(|| {
        let x = real_number(Arg::new("process_single", "x"), x)?;
        Ok(x + x)
    })
}

/// A number, as a float.
#[inline]
fn real_number(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(float) = object.cast_exact::<PyFloat>() {
        return Ok(float.value());
    }
    refuse_no_number(arg, object)?;
    arg.read(object, "a real number")
}
