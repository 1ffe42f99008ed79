//! `compute_stats`, `Stats` and `GroupedStats`.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use self::labels::By;
use self::observations::Observations;
use self::summary::abc;
use self::values::Values;
use super::argument::{Arg, Argument, Workers, threads};
use super::array::{Input, Operand, axes, broadcast_to, numpy, reduced_shape};
use super::call::Call;
use super::guard::guard;
use super::nan_policy::{NAN_POLICIES, NanPolicy};
use super::weights::weights_of;
use crate::kernels::stats::Groups;

mod groups;
mod labels;
mod observations;
mod pickle;
mod summary;
mod values;

pub use groups::GroupedStats;
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
/// weights : array_like, optional
///     How much each element counts: of the shape of ``arr``, or of that of the reduced axes, as in
///     ``numpy.average``. Finite numbers from 0 on, read as float64. An element of weight 0 is left out,
///     whatever it is.
/// by : array_like, optional
///     Labels of groups: of the shape of ``arr``, or with an ``axis``, which is then an int, one for each index along
///     it. Bools, integers, floats, dates, texts (of NumPy, str objects, Arrow strings) or a Categorical of
///     pandas. Elements whose label is missing (NaN, None, NaT, a null) are left out, as in pandas.
/// workers : int, optional
///     Threads to use at most; see :func:`get_num_threads` for the default. The result has the
///     same bits for every number.
///
/// Returns
/// -------
/// Stats
///     A read-only mapping with the keys ``count``, ``mean``, ``std``, ``min`` and ``max``, and
///     the same as attributes. Numbers where ``axis`` is None (arrays with ``keepdims``), else arrays.
/// GroupedStats
///     With ``by``: the same of each group, a mapping from label to Stats. The groups take the place of the axis.
///
/// Raises
/// ------
/// TypeError
///     If ``arr`` or ``weights`` is complex or not numeric, has a mask, units or zeros that are not stored, or
///     is lazy; or ``where`` is not of bool.
/// ValueError
///     If an axis is out of range (``numpy.exceptions.AxisError``) or repeated, ``where`` does
///     not fit, ``nan_policy`` or ``workers`` is invalid, a NaN or null is found that is not
///     allowed, or weights have another shape, are negative or not finite, or add up to more than the
///     largest float.
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
/// A weight stands for so many copies of its element, as the ``fweights`` of ``numpy.cov``, but may be any
/// number: ``count`` is the number of elements with a weight above 0, ``weight`` the sum of the weights, ``mean`` the
/// weighted mean, and the weighted squared deviations are divided by ``weight - ddof``. With weights that do not
/// count copies, such as precisions or probabilities, ``ddof=0`` is mostly meant. Minimum and maximum do not
/// depend on weights above 0. Stats with and without weights merge: an element without one weighs 1. With
/// weights, all is accumulated as of floats, and of 64-bit integers no digit is lost on the way.
///
/// With ``by`` the elements of a part of the array are brought into the order of their labels, and those of each
/// group are read as above: so all that is said here is true of each group, weights and ``nan_policy`` included. It
/// is done in one pass, in memory for a number of elements that depends on that of the groups. Groups of which
/// ``where`` or ``nan_policy='omit'`` leaves nothing have a count of 0.
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
/// >>> s = rne.compute_stats([1.0, 2.0, 5.0], weights=[3, 1, 0])
/// >>> s.mean, s.count, s.weight
/// (1.25, 2, 4.0)
/// >>> rne.compute_stats([1, 2, 6], by=["b", "a", "b"])["b"]
/// Stats(count=2, mean=3.5, std=3.5355339059327378, min=1, max=6)
#[pyfunction]
#[pyo3(
    signature = (
        arr, axis=None, *, ddof=Argument::default(1.0), keepdims=Argument::default(false), r#where=None,
        nan_policy=Argument::default("propagate"), weights=None, by=None, workers=None
    ),
    text_signature = "(arr, axis=None, *, ddof=1, keepdims=False, where=None, nan_policy='propagate', weights=None, \
                      by=None, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn compute_stats<'py>(
    py: Python<'py>,
    arr: &Bound<'py, PyAny>,
    axis: Option<&Bound<'py, PyAny>>,
    ddof: Argument<f64>,
    keepdims: Argument<bool>,
    r#where: Option<&Bound<'py, PyAny>>,
    nan_policy: Argument<&str>,
    weights: Option<&Bound<'py, PyAny>>,
    by: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = |name| Arg::new("compute_stats", name);
        let ddof = ddof.get(arg("ddof"), "a number")?;
        let keepdims = keepdims.flag(arg("keepdims"))?;
        let nan_policy = nan_policy.choice(arg("nan_policy"), &NAN_POLICIES)?;
        let (mut input, mut valid) = Input::real_with_nulls(arg("arr"), arr)?;
        if (weights.is_some() || by.is_some()) && nan_policy != NanPolicy::Omit {
            // A null is a NaN, which counts by its weight, and in its group.
            if let Some(valid) = valid.take() {
                let filled = numpy(py, "where")?.call1((valid.object(), input.object(), f64::NAN))?;
                input = Input::real(arg("arr"), &filled)?;
            }
        }
        let mask = r#where
            .map(|mask| broadcast_to(arg("where"), Input::bools(arg("where"), mask)?, input.shape(), "arr"))
            .transpose()?;
        let axes = axis.map(|axis| axes(arg("axis"), Some(axis), input.shape().len())).transpose()?;
        let weights = weights
            .map(|weights| {
                let all;
                let reduced = match &axes {
                    Some(axes) => axes,
                    None => {
                        all = (0..input.shape().len()).collect();
                        &all
                    }
                };
                weights_of(arg("weights"), weights, &input, axis, reduced)
            })
            .transpose()?;
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
        let operands: [&dyn Operand; 3] =
            [&input, mask.as_ref().unwrap_or(&input), weights.as_ref().unwrap_or(&input)];
        let workers = threads("compute_stats", workers)?;
        let by = match by {
            None => None,
            Some(_) if keepdims => return Err(arg("keepdims").value_error("True", "False with by")),
            Some(by) => {
                let along = match axes.as_deref() {
                    None => None,
                    Some(&[axis]) => Some(axis),
                    Some(_) => return Err(arg("axis").value_error("a tuple", "None or an int with by")),
                };
                Some((By::new(arg("by"), by, input.shape(), along, workers)?, along))
            }
        };
        let cost = if by.is_some() { 4 * input.len() } else { input.len() / 4 };
        let call = Call::new(py, "compute_stats", cost).threads(workers).holding(&operands);
        let observations = Observations {
            values: &input,
            mask: mask.as_ref(),
            weights: weights.as_ref(),
            skip_nan: nan_policy == NanPolicy::Omit,
        };
        let dtype = input.dtype();
        if let Some((by, along)) = by {
            let shape = input.shape();
            let reduced = along.map_or_else(|| (0..shape.len()).collect(), |axis| vec![axis]);
            let (codes, count) = (by.codes(), by.count()?);
            let codes = codes.broadcast(shape).expect("along one axis, or of this shape");
            let lines = observations.grouped(&Groups { codes: codes.view(), count }, &reduced, call)?;
            // The groups come after the axes that are kept, and go where the axis was.
            let axis = along.unwrap_or(0);
            let inner: usize = if along.is_some() { shape[axis + 1..].iter().product() } else { 1 };
            let outer: usize = shape[..axis].iter().product();
            let places = (0..outer).flat_map(|outer| {
                (0..count).flat_map(move |group| {
                    (0..inner).map(move |place| Some((outer * inner + place) * count + group))
                })
            });
            let lines = if inner == 1 { lines } else { lines.select(places) };
            let shape = match along {
                None => vec![count],
                Some(axis) => [&shape[..axis], &[count], &shape[axis + 1..]].concat(),
            };
            let values = Values::Many { dtype, shape, lines };
            if nan_policy == NanPolicy::Raise && values.has_nan() {
                return Err(arg("arr").value_error("a NaN", "none with nan_policy='raise'"));
            }
            return GroupedStats::of(by.labels, Stats { values, ddof }, axis).into_bound_py_any(py);
        }
        let mut values = match axes {
            None if weights.is_none() && !keepdims => Values::One(observations.whole(call)?),
            None if weights.is_none() => {
                let lines = observations.whole(call)?.into();
                Values::Many { dtype, shape: vec![1; input.shape().len()], lines }
            }
            None if !keepdims => {
                let all: Vec<_> = (0..input.shape().len()).collect();
                Values::One(observations.along(&all, call)?.get(0))
            }
            axes => {
                let reduced = axes.unwrap_or_else(|| (0..input.shape().len()).collect());
                let shape = reduced_shape(input.shape(), &reduced, keepdims);
                Values::Many { dtype, shape, lines: observations.along(&reduced, call)? }
            }
        };
        if nan_policy == NanPolicy::Propagate {
            values.add_nulls(&nulls);
        }
        if nan_policy == NanPolicy::Raise && values.has_nan() {
            return Err(arg("arr").value_error("a NaN", "none with nan_policy='raise'"));
        }
        Stats { values, ddof }.into_bound_py_any(py)
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

/// Lets `isinstance` know that these are mappings.
pub fn init(py: Python<'_>) -> PyResult<()> {
    abc(py, "Mapping")?.call_method1("register", (py.get_type::<Stats>(),))?;
    abc(py, "Mapping")?.call_method1("register", (py.get_type::<GroupedStats>(),)).map(drop)
}
