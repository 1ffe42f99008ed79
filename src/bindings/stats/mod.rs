//! `compute_stats` and `Stats`.

use pyo3::prelude::*;

use self::summary::{Values, abc};
use super::argument::{Arg, Argument, Workers};
use super::array::{Input, Operand, axes, broadcast_to, numpy, reduced_shape};
use super::call::Call;
use super::guard::guard;
use super::nan_policy::{NAN_POLICIES, NanPolicy};
use crate::dtype::{Bool, dispatch_real};
use crate::kernels::stats::{AnyMoments, Lines, along, whole};

mod summary;

pub use summary::Stats;

/// Count, mean, standard deviation, minimum and maximum of an array, in one pass over it.
///
/// Parameters
/// ----------
/// arr : array_like
///     Any bool, integer or float dtype up to 64 bits, any shape and layout; bfloat16 is read as
///     float32. Columns and tables with nulls, of Arrow, polars and pandas.
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
///     What a NaN or a null does: makes all but the count NaN, is left out, or raises
///     ``ValueError``. A null among integers or bools makes the minimum and maximum NaN as well.
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
///     If ``arr`` is complex or not numeric, has a mask, units or zeros that are not stored, or
///     is lazy; or ``where`` is not of bool.
/// ValueError
///     If an axis is out of range (``numpy.exceptions.AxisError``) or repeated, ``where`` does
///     not fit, ``nan_policy`` or ``workers`` is invalid, or a NaN or null is found that is not
///     allowed.
///
/// See Also
/// --------
/// DataProcessor.stats : the same of data that comes bit by bit.
///
/// Notes
/// -----
/// Of integers and bools the sum and the sum of squares are exact, whatever their size, and so are merges: the
/// mean is the exact mean rounded once, variance and standard deviation are within one unit in the last
/// place. Floats are accumulated in float64, and more than that where it is needed: blocks of 4096
/// elements are summed as deviations from a number near their mean, and are merged by the
/// formulas of Chan, Golub and LeVeque (1979) with the mean held in two floats. So
/// an offset of 1e15 costs no digits of the standard deviation, and float32 is as exact as float64.
/// The mean of finite elements is finite and lies between minimum and maximum, up to the largest float;
/// variance and standard deviation are infinite, or zero, only where no float is nearer.
///
/// Minimum and maximum are exact: Python integers, or an array of the dtype of ``arr``. Where a
/// line has no elements, its count is 0 and the rest NaN (and then minimum and maximum are
/// arrays of float64). The standard deviation is NaN where ``count <= ddof``. There are no
/// warnings.
///
/// Nothing is copied, whatever the layout, but bfloat16, chunks, and columns that do not lie side by
/// side. Large input is shared among threads; Ctrl-C stops it.
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
    signature = (
        arr, axis=None, *, ddof=Argument::default(1.0), keepdims=Argument::default(false), r#where=None,
        nan_policy=Argument::default("propagate"), workers=None
    ),
    text_signature = "(arr, axis=None, *, ddof=1, keepdims=False, where=None, nan_policy='propagate', workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn compute_stats(
    py: Python<'_>,
    arr: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    ddof: Argument<f64>,
    keepdims: Argument<bool>,
    r#where: Option<&Bound<'_, PyAny>>,
    nan_policy: Argument<&str>,
    workers: Workers,
) -> PyResult<Stats> {
    guard(|| {
        let arg = |name| Arg::new("compute_stats", name);
        let ddof = ddof.get(arg("ddof"), "a number")?;
        let keepdims = keepdims.flag(arg("keepdims"))?;
        let nan_policy = nan_policy.choice(arg("nan_policy"), &NAN_POLICIES)?;
        let (input, valid) = Input::real_with_nulls(arg("arr"), arr)?;
        let mask = r#where
            .map(|mask| broadcast_to(arg("where"), Input::bools(arg("where"), mask)?, input.shape(), "arr"))
            .transpose()?;
        let axes = axis.map(|axis| axes(arg("axis"), Some(axis), input.shape().len())).transpose()?;
        let nulls = match &valid {
            Some(valid) => nulls(mask.as_ref(), valid, axis)?,
            None => Vec::new(),
        };
        if nan_policy == NanPolicy::Raise && nulls.iter().any(|&nulls| nulls > 0) {
            return Err(arg("arr").value_error("a null", "none with nan_policy='raise'"));
        }
        let mask = match valid {
            Some(valid) => Some(both(mask, valid)?),
            None => mask,
        };
        let operands: [&dyn Operand; 2] = [&input, mask.as_ref().unwrap_or(&input)];
        let call = Call::elements(py, "compute_stats", input.len()).workers(workers)?.holding(&operands);
        let mask = mask.as_ref().map(|mask| mask.view::<Bool>());
        let skip_nan = nan_policy == NanPolicy::Omit;
        let dtype = input.dtype();
        let mut values = match axes {
            None => {
                let moments = dispatch_real!(dtype, T => {
                    let elements = input.elements::<T>();
                    AnyMoments::from(call.run(|work| whole(elements, mask, skip_nan, work))?)
                }, complex => unreachable!("complex input is refused"));
                match keepdims {
                    true => {
                        Values::Many { dtype, shape: vec![1; input.shape().len()], lines: moments.into() }
                    }
                    false => Values::One(moments),
                }
            }
            Some(axes) => {
                let shape = reduced_shape(input.shape(), &axes, keepdims);
                let lines = dispatch_real!(dtype, T => {
                    let elements = input.view::<T>();
                    Lines::from(call.run(|work| along(elements, mask, skip_nan, &axes, work))?)
                }, complex => unreachable!("complex input is refused"));
                Values::Many { dtype, shape, lines }
            }
        };
        if nan_policy == NanPolicy::Propagate {
            values.add_nulls(&nulls);
        }
        if nan_policy == NanPolicy::Raise && values.has_nan() {
            return Err(arg("arr").value_error("a NaN", "none with nan_policy='raise'"));
        }
        Ok(Stats { values, ddof })
    })
}

/// The elements that count of `mask` and are values.
fn both<'py>(mask: Option<Input<'py>>, valid: Input<'py>) -> PyResult<Input<'py>> {
    let Some(mask) = mask else { return Ok(valid) };
    let both = numpy(valid.object().py(), "logical_and")?.call1((mask.object(), valid.object()))?;
    Input::bools(Arg::new("compute_stats", "where"), &both)
}

/// How many nulls each line has among the elements that count.
fn nulls(mask: Option<&Input<'_>>, valid: &Input<'_>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<u64>> {
    let py = valid.object().py();
    let nulls = numpy(py, "logical_not")?.call1((valid.object(),))?;
    let nulls = match mask {
        Some(mask) => numpy(py, "logical_and")?.call1((mask.object(), nulls))?,
        None => nulls,
    };
    numpy(py, "atleast_1d")?
        .call1((numpy(py, "sum")?.call1((nulls, axis, "uint64"))?,))?
        .call_method0("ravel")?
        .call_method0("tolist")?
        .extract()
}

/// Lets `isinstance` know that `Stats` is a mapping.
pub fn init(py: Python<'_>) -> PyResult<()> {
    abc(py, "Mapping")?.call_method1("register", (py.get_type::<Stats>(),)).map(drop)
}
