//! Sums.

use numpy::{PyArrayDescrMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyComplex, PyFloat, PyList, PyMemoryView, PyRange, PyTuple};

use super::argument::{Arg, Argument, Workers};
use super::array::{Input, Operand, Output, as_array, axes, is_array_like, reduced_shape};
use super::cached::cached_attribute;
use super::call::Call;
use super::guard::guard;
use super::numbers;
use crate::dtype::{Element, dispatch, dispatch_real};
use crate::kernels::reduce::axis::sum_axes;
use crate::kernels::reduce::narrow::Narrow;
use crate::kernels::reduce::{sum, sum_of_sines};

/// The function that is named in messages.
const SUM_ARRAY: &str = "sum_array";

/// Sum of the elements of an array, over all or some of its axes.
///
/// Parameters
/// ----------
/// arr : array_like of any shape
///     bool, integers, floats up to 64 bits, complex up to 128 bits; any layout, not copied.
///     bfloat16 is read as float32.
/// axis : None, int or tuple of ints, optional
///     Axes to sum over; None sums over all.
/// keepdims : bool, optional
///     Keep the axes summed over, with length one.
/// workers : int, optional
///     Threads; by default :func:`get_num_threads`. The bits of the result do not depend on it.
///
/// Returns
/// -------
/// int, float, complex or ndarray
///     Over all axes: a Python int, exact whatever its size, for bool and integers; a Python
///     float or complex, not rounded to the dtype, for the others. With ``axis`` or ``keepdims``
///     an array of the dtype of ``np.sum``, in which integers wrap as NumPy's do. The sum of
///     nothing is 0.
///
/// Raises
/// ------
/// TypeError
///     If the dtype is not one of the above, or the array has a mask or units, is sparse or lazy.
/// ValueError
///     If an axis is out of bounds or given twice, ``workers`` is out of range, or a column has nulls.
///
/// Notes
/// -----
/// Floats are added pairwise in float64 (Higham 1993), so float16 and float32 lose nothing on
/// the way. NaN and infinities go through as in NumPy.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> rne.sum_array(np.array([2**63 - 1, 2**63 - 1]))
/// 18446744073709551614
/// >>> rne.sum_array(np.ones((2, 3), "f4"), axis=0)
/// array([2., 2., 2.], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (arr, axis=None, *, keepdims=Argument::default(false), workers=None),
    text_signature = "(arr, axis=None, *, keepdims=False, workers=None)"
)]
pub fn sum_array<'py>(
    arr: &Bound<'py, PyAny>,
    axis: Option<&Bound<'py, PyAny>>,
    keepdims: Argument<bool>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        const ARR: Arg = Arg::new(SUM_ARRAY, "arr");
        let keepdims = keepdims.flag(Arg::new(SUM_ARRAY, "keepdims"))?;
        let input = Input::widened(ARR, arr)?;
        if axis.is_none() && !keepdims {
            return sum_all(ARR, arr.py(), &input, workers);
        }
        let axes = axes(Arg::new(SUM_ARRAY, "axis"), axis, input.shape().len())?;
        dispatch!(input.dtype(), T => sum_over::<T>(arr.py(), &input, &axes, keepdims, workers))
    })
}

fn sum_all<'py>(
    arg: Arg,
    py: Python<'py>,
    input: &Input<'py>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let operands: [&dyn Operand; 1] = [input];
    let call = Call::elements(py, arg.function, input.len()).workers(workers)?.holding(&operands);
    dispatch!(input.dtype(), T => {
        let elements = input.elements::<T>();
        call.run(|work| sum(elements, work))?.into_python(py)
    })
}

/// A total as a Python object.
trait IntoPython {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

impl IntoPython for i128 {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(numbers::int(py, self))
    }
}

impl IntoPython for f64 {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(PyFloat::new(py, self).into_any())
    }
}

impl IntoPython for num_complex::Complex<f64> {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(PyComplex::from_doubles(py, self.re, self.im).into_any())
    }
}

fn sum_over<'py, T: Narrow>(
    py: Python<'py>,
    input: &Input<'py>,
    axes: &[usize],
    keepdims: bool,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = reduced_shape(input.shape(), axes, false);
    let mut output = Output::like(py, SUM_ARRAY, <T::Sum as Element>::DTYPE, &shape, &[input])?;
    let (view, out) = (input.view::<T>(), output.slice_mut::<T::Sum>());
    Call::elements(py, SUM_ARRAY, input.len())
        .workers(workers)?
        .holding(&[input])
        .run(|work| sum_axes(view, axes, out, work))?;
    if keepdims {
        let kept = reduced_shape(input.shape(), axes, true);
        return output.finish()?.call_method1("reshape", (PyTuple::new(py, kept)?,));
    }
    output.finish_scalar()
}

/// Sum of a list, tuple, range, iterable, array.array or ndarray of numbers.
///
/// Parameters
/// ----------
/// numbers : iterable of int, float, complex, bool or NumPy scalar; or an array
///     Lists and tuples are read in place, on several threads where they are long. Arrays are
///     whatever :func:`sum_array` takes, and those of objects and longdoubles.
///
/// Returns
/// -------
/// int, float, complex, numpy.longdouble or numpy.clongdouble
///     An exact int of any size if all numbers are integers, else a float, or complex if one is
///     complex; with a longdouble one of these; 0 for no numbers.
///
/// Raises
/// ------
/// TypeError
///     If an item is not a number; the message names its index. If it has a mask or units.
/// OverflowError
///     If floats are among the numbers and the sum of the ints is beyond their range.
///
/// Notes
/// -----
/// Integers are exact. Floats of an iterable are summed with compensation (Neumaier 1974): the
/// error does not grow with their number. So are real and imaginary parts, and longdoubles. Those of an array are summed as by :func:`sum_array`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.parallel_sum([2**100, 1, True])
/// 1267650600228229401496703205378
/// >>> rne.parallel_sum([0.1] * 10)
/// 1.0
#[pyfunction]
#[pyo3(signature = (numbers, /))]
pub fn parallel_sum<'py>(numbers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| sum_objects(Arg::new("parallel_sum", "numbers"), numbers))
}

/// Sum of a list of numbers: :func:`parallel_sum` under the name that tutorials use.
///
/// Parameters
/// ----------
/// a : list, or whatever :func:`parallel_sum` takes
///     Numbers.
///
/// Returns
/// -------
/// int, float, complex, numpy.longdouble or numpy.clongdouble
///     As :func:`parallel_sum`.
///
/// Raises
/// ------
/// TypeError, OverflowError
///     As :func:`parallel_sum`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.list_sum([1, 2, 3])
/// 6
#[pyfunction]
#[pyo3(signature = (a, /))]
pub fn list_sum<'py>(a: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| sum_objects(Arg::new("list_sum", "a"), a))
}

fn sum_objects<'py>(arg: Arg, numbers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if !is_array(numbers)? {
        return numbers::sum(arg, numbers);
    }
    let array = as_array(arg, numbers)?;
    // Python's numbers, and NumPy's that no kernel has.
    if matches!(array.dtype().char(), b'O' | b'g' | b'G') {
        return numbers::sum(arg, &array.getattr("flat")?);
    }
    sum_all(arg, numbers.py(), &Input::widened(arg, &array)?, None)
}

/// Whether the numbers are held as an array and not as objects.
fn is_array(numbers: &Bound<'_, PyAny>) -> PyResult<bool> {
    static ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = numbers.py();
    if numbers.is_exact_instance_of::<PyList>()
        || numbers.is_exact_instance_of::<PyTuple>()
        || numbers.is_exact_instance_of::<PyRange>()
    {
        return Ok(false);
    }
    Ok(is_array_like(numbers)?
        || numbers.is_instance(cached_attribute(py, &ARRAY, "array", "array")?)?
        || numbers.is_instance_of::<PyMemoryView>())
}

/// Sum of the sines of all elements: a function that keeps the CPU busy.
///
/// Parameters
/// ----------
/// data : array_like of bool, integers or floats
///     Angles in radians; any shape and layout. Other dtypes than float64 are converted to it, block by block.
/// workers : int, optional
///     Threads; by default :func:`get_num_threads`.
///
/// Returns
/// -------
/// float
///     The sum; each sine is within 1 ulp, and the sum is pairwise. NaN if an element is NaN or
///     infinite; 0.0 for no elements.
///
/// Raises
/// ------
/// TypeError
///     If the data are complex, masked or no numbers.
/// ValueError
///     If ``workers`` is out of range.
///
/// Notes
/// -----
/// The reduction is that of Cody and Waite with three parts of pi/2, the polynomials are those of
/// FreeBSD's msun. Above 1.6e6 each sine is computed by the C library. The bits are the same for
/// every number of threads and every CPU.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> rne.cpu_intensive([0.0, np.pi / 2])
/// 1.0
#[pyfunction]
#[pyo3(signature = (data, /, *, workers=None))]
pub fn cpu_intensive(data: &Bound<'_, PyAny>, workers: Workers) -> PyResult<f64> {
    guard(|| {
        let input = Input::real(Arg::new("cpu_intensive", "data"), data)?;
        let operands: [&dyn Operand; 1] = [&input];
        let call = Call::new(data.py(), "cpu_intensive", input.len().saturating_mul(2))
            .workers(workers)?
            .holding(&operands);
        dispatch_real!(input.dtype(), T => {
            let elements = input.elements::<T>();
            call.run(|work| sum_of_sines(elements, work))
        }, complex => unreachable!("complex input is refused"))
    })
}
