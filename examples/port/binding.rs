//! Spikes.

use pyo3::prelude::*;

use super::argument::{Arg, Argument, Given, Workers};
use super::array::{Input, Output, axis};
use super::call::Call;
use super::guard::guard;
use crate::dtype::{Element, dispatch};
use crate::kernels::despike::{self as kernel, Rule};
use crate::kernels::window::Sample;

/// The function that is named in messages.
const DESPIKE: &str = "despike";

/// Nanoseconds for an element.
const COST: usize = 5;

/// Replace the spikes of a sensor by its level, along an axis.
///
/// Parameters
/// ----------
/// values : array_like of one axis or more
///     bool, integers, float32 or float64; any layout, not copied. NaN is a gap, and stays.
/// axis : int, optional
///     The axis of time; by default the last.
/// limit : float, optional
///     A value that is further from the level than so many times the spread is a spike.
/// decay : float, optional
///     What level and spread keep of themselves at each value.
/// patience : int, optional
///     So many in a row are no spikes: level and spread start anew.
/// workers : int, optional
///     Threads to use at most; a line is the work of one.
///
/// Returns
/// -------
/// ndarray
///     Of the shape of ``values``: of its dtype if that is a float, else of float64.
///
/// Examples
/// --------
/// >>> import fast_loops
/// >>> fast_loops.despike([1.0, 2.0, 1.0, 2.0, 99.0, 1.0], patience=3).round(2)
/// array([1.  , 2.  , 1.  , 2.  , 1.1 , 1.  ])
#[pyfunction]
#[pyo3(
    signature = (
        values, axis = Given(None), *, limit = Argument::default(4.0), decay = Argument::default(0.95),
        patience = Argument::default(5), workers = None
    ),
    text_signature = "(values, axis=-1, *, limit=4.0, decay=0.95, patience=5, workers=None)"
)]
pub fn despike<'py>(
    values: &Bound<'py, PyAny>,
    axis: Given<'_, 'py>,
    limit: Argument<f64>,
    decay: Argument<f64>,
    patience: Argument<i64>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = |name| Arg::new(DESPIKE, name);
        let input = Input::real(arg("values"), values)?;
        let axis = along(arg("axis"), axis, input.shape().len())?;
        let patience = patience.within(arg("patience"), 2..=1 << 31, "an int from 2 to 2**31")?;
        let limit = limit.get(arg("limit"), "a number")?;
        let decay = decay.get(arg("decay"), "a number")?;
        let rule = Rule { limit, decay, patience: patience as usize };
        dispatch!(
            input.dtype(),
            T => cleaned::<T>(&input, axis, rule, workers)
        )
    })
}

/// The axis, which is the last one by default.
fn along(arg: Arg, given: Given<'_, '_>, ndim: usize) -> PyResult<usize> {
    match given.0 {
        Some(given) => axis(arg, &given, ndim),
        None if ndim == 0 => Err(Arg::new(DESPIKE, "values").value_error("no axes", "one axis or more")),
        None => Ok(ndim - 1),
    }
}

fn cleaned<'py, T: Sample>(
    input: &Input<'py>,
    axis: usize,
    rule: Rule,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let py = input.object().py();
    let mut output = Output::new(py, DESPIKE, <T::Mean as Element>::DTYPE, input.shape())?;
    let (view, out) = (input.view::<T>(), output.view_mut::<T::Mean>());
    Call::new(py, DESPIKE, input.len().saturating_mul(COST))
        .workers(workers)?
        .holding(&[input])
        .run(|work| kernel::despike(view, out, axis, rule, work))?;
    output.finish()
}
