//! `compute_stats` and `Stats`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use self::summary::{Values, abc};
use super::array::{Input, Operand, Shape, numpy};
use super::axes::axes;
use super::call::Call;
use super::guard::guard;
use crate::dtype::{Bool, DType, dispatch_real};
use crate::kernels::stats::{Moments, Number, along, whole};
use crate::layout::Elements;

mod summary;

pub use summary::Stats;

/// Count, mean, standard deviation, minimum and maximum of an array, in one pass over it.
///
/// Parameters
/// ----------
/// arr : array_like
///     Any bool, integer or float dtype up to 64 bits, any shape and layout.
/// axis : int, tuple of int or None, optional
///     The axes to reduce; None, the default, is all of them.
/// ddof : float, optional
///     The squared deviations are divided by ``count - ddof``. The default, 1, gives the
///     standard deviation of a sample, as in pandas; 0 gives that of a population, as in NumPy.
/// keepdims : bool, optional
///     Keep the reduced axes, with length 1.
/// where : array_like of bool, optional
///     The elements that count; broadcast to the shape of ``arr``.
/// nan_policy : {'propagate', 'omit', 'raise'}, optional
///     What a NaN does: makes all but the count NaN, is left out, or raises ``ValueError``.
/// workers : int, optional
///     Threads to use at most; see :func:`get_num_threads` for the default. The result has the
///     same bits for every number.
///
/// Returns
/// -------
/// Stats
///     A read-only mapping with the keys ``count``, ``mean``, ``std``, ``min`` and ``max``, and
///     the same as attributes. Numbers where ``axis`` is None (arrays with ``keepdims``), else arrays.
///
/// Raises
/// ------
/// TypeError
///     If ``arr`` is complex or not numeric, or ``where`` is not of bool.
/// ValueError
///     If an axis is out of range (``numpy.exceptions.AxisError``) or repeated, ``where`` does
///     not fit, ``nan_policy`` or ``workers`` is invalid, or a NaN is found that is not allowed.
///
/// See Also
/// --------
/// DataProcessor.stats : the same of data that comes bit by bit.
///
/// Notes
/// -----
/// Every dtype is accumulated in float64, and more than that where it is needed: blocks of 4096
/// elements are summed as deviations from a number near their mean, and are merged by the
/// formulas of Chan, Golub and LeVeque (1979) with the mean held in two floats. So
/// an offset of 1e15 costs no digits of the standard deviation, float32 is as exact as float64,
/// and 64-bit integers are not rounded to 53 bits. The mean of elements whose sum overflows is
/// finite.
///
/// Minimum and maximum are exact: Python integers, or an array of the dtype of ``arr``. Where a
/// line has no elements, its count is 0 and the rest NaN (and then minimum and maximum are
/// arrays of float64). The standard deviation is NaN where ``count <= ddof``. There are no
/// warnings.
///
/// Nothing is copied, whatever the layout. Large input is shared among threads; Ctrl-C stops it.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> s = rne.compute_stats([3, 1, 2])
/// >>> s
/// Stats(count=3, mean=2.0, std=1.0, min=1, max=3)
/// >>> s["std"] == s.std
/// True
/// >>> rne.compute_stats([[1.0, 2.0], [3.0, 6.0]], axis=0).mean
/// array([2., 4.])
/// >>> rne.compute_stats([1.0, float("nan"), 3.0], nan_policy="omit")["mean"]
/// 2.0
#[pyfunction]
#[pyo3(
    signature = (arr, axis=None, *, ddof=1.0, keepdims=false, r#where=None, nan_policy="propagate", workers=None),
    text_signature = "(arr, axis=None, *, ddof=1, keepdims=False, where=None, nan_policy='propagate', workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn compute_stats(
    py: Python<'_>,
    arr: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    ddof: f64,
    keepdims: bool,
    r#where: Option<&Bound<'_, PyAny>>,
    nan_policy: &str,
    workers: Option<i64>,
) -> PyResult<Stats> {
    guard(|| {
        let policy = NanPolicy::new(nan_policy)?;
        let input = Input::real("compute_stats", "arr", arr)?;
        let mask = r#where.map(|mask| where_mask(py, mask, input.shape())).transpose()?;
        let axes = axis.map(|axis| axes("compute_stats", Some(axis), input.shape().len())).transpose()?;
        let operands: [&dyn Operand; 2] = [&input, mask.as_ref().unwrap_or(&input)];
        let call = Call::elements(py, "compute_stats", input.len()).workers(workers).holding(&operands);
        let mask = mask.as_ref().map(|mask| mask.view::<Bool>());
        let skip_nan = policy == NanPolicy::Omit;
        let values = match axes {
            None => {
                let moments = dispatch_real!(input.dtype(), T => {
                    let elements = match input.flat::<T>() {
                        Some(slice) => Elements::Contiguous(slice),
                        None => Elements::Strided(input.view::<T>()),
                    };
                    call.run(|work| whole(elements, mask, skip_nan, work))?
                }, complex => unreachable!("complex input is refused"));
                if keepdims {
                    Values::Many {
                        dtype: input.dtype(),
                        shape: vec![1; input.shape().len()],
                        lines: vec![moments],
                    }
                } else {
                    Values::One(moments)
                }
            }
            Some(axes) => {
                let shape = reduced_shape(input.shape(), &axes, keepdims);
                let lines = dispatch_real!(input.dtype(), T => {
                    let elements = input.view::<T>();
                    call.run(|work| along(elements, mask, skip_nan, &axes, work))?
                }, complex => unreachable!("complex input is refused"));
                Values::Many { dtype: input.dtype(), shape, lines }
            }
        };
        if policy == NanPolicy::Raise && values.lines().iter().any(has_nan) {
            return Err(PyValueError::new_err(
                "compute_stats: arr contains NaN, which nan_policy='raise' does not allow",
            ));
        }
        Ok(Stats { values, ddof })
    })
}

#[derive(PartialEq)]
enum NanPolicy {
    Propagate,
    Omit,
    Raise,
}

impl NanPolicy {
    fn new(name: &str) -> PyResult<Self> {
        match name {
            "propagate" => Ok(NanPolicy::Propagate),
            "omit" => Ok(NanPolicy::Omit),
            "raise" => Ok(NanPolicy::Raise),
            _ => Err(PyValueError::new_err(format!(
                "compute_stats: nan_policy must be 'propagate', 'omit' or 'raise', got {name:?}"
            ))),
        }
    }
}

fn has_nan(moments: &Moments<Number>) -> bool {
    moments.extremes().is_some_and(|(min, _)| min.to_f64().is_nan())
}

/// `mask` as an array of bools of the shape of the data.
fn where_mask<'py>(py: Python<'py>, mask: &Bound<'py, PyAny>, shape: &[usize]) -> PyResult<Input<'py>> {
    let input = Input::new("compute_stats", "where", mask)?;
    if input.dtype() != DType::Bool {
        return Err(PyTypeError::new_err(format!(
            "compute_stats: where has dtype {}, expected bool",
            input.dtype().name()
        )));
    }
    if input.shape() == shape {
        return Ok(input);
    }
    let target = PyTuple::new(py, shape)?;
    match numpy(py, "broadcast_to")?.call1((input.array().clone().unbind(), target)) {
        Ok(broadcast) => Input::new("compute_stats", "where", &broadcast),
        Err(_) => Err(PyValueError::new_err(format!(
            "compute_stats: where has shape {}, which does not broadcast to the shape of arr, {}",
            Shape(input.shape()),
            Shape(shape)
        ))),
    }
}

fn reduced_shape(shape: &[usize], axes: &[usize], keepdims: bool) -> Vec<usize> {
    let lengths = shape.iter().enumerate();
    if keepdims {
        lengths.map(|(axis, &len)| if axes.contains(&axis) { 1 } else { len }).collect()
    } else {
        lengths.filter(|(axis, _)| !axes.contains(axis)).map(|(_, &len)| len).collect()
    }
}

/// Lets `isinstance` know that `Stats` is a mapping.
pub fn init(py: Python<'_>) -> PyResult<()> {
    abc(py, "Mapping")?.call_method1("register", (py.get_type::<Stats>(),)).map(drop)
}
