//! Moving averages.

use pyo3::prelude::*;

use super::argument::{Arg, Argument, Given, Workers};
use super::array::{Input, Output, axis};
use super::call::Call;
use super::guard::guard;
use crate::dtype::{Element, dispatch};
use crate::kernels::window::{self, NanPolicy, Sample, Window};

/// The function that is named in messages.
const MOVING_AVERAGE: &str = "moving_average";

/// Nanoseconds for an element, whatever the window.
const COST: usize = 2;

const NAN_POLICIES: [(&str, NanPolicy); 3] =
    [("propagate", NanPolicy::Propagate), ("omit", NanPolicy::Omit), ("raise", NanPolicy::Raise)];

/// Mean of the last ``window`` elements, at every element along an axis.
///
/// Parameters
/// ----------
/// arr : array_like of one axis or more
///     bool, integers, float32 or float64; any layout, not copied.
/// window : int
///     The elements of a window, from 1 to the length of the axis.
/// axis : int, optional
///     The axis along which the window moves; by default the last.
/// min_count : int or None, optional
///     Windows with fewer elements are NaN: those at the start, and with ``nan_policy='omit'`` those with
///     NaN. From 1 to ``window``, which it is by default.
/// nan_policy : {'propagate', 'omit', 'raise'}, optional
///     What a NaN does: makes the mean of every window that it is in NaN, is left out and not counted, or
///     raises ``ValueError``.
/// workers : int, optional
///     Threads to use at most. The result has the same bits for every number.
///
/// Returns
/// -------
/// ndarray
///     Of the shape of ``arr``, in C order: of its dtype if that is a float, else of float64.
///
/// Raises
/// ------
/// TypeError
///     If ``arr`` is complex or not numeric, or ``window`` or ``min_count`` is no int.
/// ValueError
///     If ``window``, ``min_count``, ``axis`` (``numpy.exceptions.AxisError``), ``nan_policy`` or
///     ``workers`` is not one of the above, or a NaN is found that is not allowed.
///
/// Notes
/// -----
/// Equal to ``bottleneck.move_mean`` with ``nan_policy='omit'``, and to ``rolling(window, min_count).mean()`` of
/// pandas, but for their rounding: those take away from a running sum what leaves the window, and what rounding
/// has taken stays. Here nothing is ever taken away (van Herk 1992): a NaN, an infinity or a large
/// element leaves nothing behind, and the error of a mean is that of adding up its window, with some forty
/// roundings in float64 at most, however long the window and the series.
///
/// Sums of integers are exact, and only the mean is rounded; a sum of floats above the largest float makes an infinite
/// mean. The time does not depend on the window.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.moving_average([1, 2, 3, 6], 2)
/// array([nan, 1.5, 2.5, 4.5])
/// >>> rne.moving_average([1.0, float("nan"), 3.0], 2, min_count=1, nan_policy="omit")
/// array([1., 1., 3.])
#[pyfunction]
#[pyo3(
    signature = (
        arr, window, axis = Given(None), *, min_count = None, nan_policy = Argument::default("propagate"),
        workers = None
    ),
    text_signature = "(arr, window, axis=-1, *, min_count=None, nan_policy='propagate', workers=None)"
)]
pub fn moving_average<'py>(
    arr: &Bound<'py, PyAny>,
    window: Argument<i64>,
    axis: Given<'_, 'py>,
    min_count: Option<Argument<i64>>,
    nan_policy: Argument<&str>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = |name| Arg::new(MOVING_AVERAGE, name);
        let input = Input::real(arg("arr"), arr)?;
        let axis = along(arg("axis"), axis, input.shape().len())?;
        let len = window.within(
            arg("window"),
            1..=input.shape()[axis] as i64,
            &format!("an int from 1 to {}, the length of axis {axis}", input.shape()[axis]),
        )?;
        let min_count = match min_count {
            Some(count) => count.within(
                arg("min_count"),
                1..=len,
                &format!("None or an int from 1 to {len}, the window"),
            )?,
            None => len,
        };
        let nan = nan_policy.choice(arg("nan_policy"), &NAN_POLICIES)?;
        let window = Window { len: len as usize, min_count: min_count as usize, nan };
        dispatch!(
            input.dtype(),
            T => averages::<T>(&input, window, axis, workers)
        )
    })
}

/// The axis, which is the last one by default.
fn along(arg: Arg, given: Given<'_, '_>, ndim: usize) -> PyResult<usize> {
    match given.0 {
        Some(given) => axis(arg, &given, ndim),
        None if ndim == 0 => Err(Arg::new(MOVING_AVERAGE, "arr").value_error("no axes", "one axis or more")),
        None => Ok(ndim - 1),
    }
}

fn averages<'py, T: Sample>(
    input: &Input<'py>,
    window: Window,
    axis: usize,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let py = input.object().py();
    let mut output = Output::new(py, MOVING_AVERAGE, <T::Mean as Element>::DTYPE, input.shape())?;
    let (view, out) = (input.view::<T>(), output.view_mut::<T::Mean>());
    Call::new(py, MOVING_AVERAGE, input.len().saturating_mul(COST))
        .workers(workers)?
        .holding(&[input])
        .run(|work| window::moving_average(view, out, axis, window, work))?;
    output.finish()
}
