//! `quantiles`, `QuantileFinder` and `QuantileSketch`.

use pyo3::prelude::*;

use self::levels::{Levels, name_of};
use super::argument::{Arg, Argument, Workers};
use super::array::{Input, Operand, axes, reduced_shape};
use super::call::Call;
use super::display::Shape;
use super::guard::guard;
use super::weights::weights_of;
use crate::bindings::nan_policy::{NAN_POLICIES, NanPolicy};
use crate::dtype::{Kind, dispatch_real};
use crate::kernels::quantiles::{METHODS, Method, Request, along, along_weighted};

mod finder;
mod levels;
mod sketch;

pub use finder::QuantileFinder;
pub use sketch::QuantileSketch;

/// The function that is named in messages.
const NAME: &str = "quantiles";

/// Nanoseconds an element, about.
const COST: usize = 2;

/// Quantiles of an array, exact, over all or some of its axes.
///
/// Parameters
/// ----------
/// arr : array_like
///     Any bool, integer or float dtype up to 64 bits, any shape and layout.
/// q : float or array_like of float
///     The levels, from 0 to 1; at most two axes.
/// axis : int, tuple of int or None, optional
///     The axes to reduce; None, the default, is all of them.
/// method : str, optional
///     One of NumPy's: 'linear' (the default), 'inverted_cdf', 'averaged_inverted_cdf',
///     'closest_observation', 'interpolated_inverted_cdf', 'hazen', 'weibull',
///     'median_unbiased', 'normal_unbiased', 'lower', 'higher', 'midpoint', 'nearest'.
/// nan_policy : {'propagate', 'omit', 'raise'}, optional
///     What a NaN does: makes the quantiles of its line NaN, is left out, or raises
///     ``ValueError``.
/// weights : array_like, optional
///     How much each element counts, with ``method='inverted_cdf'`` only: of the shape of
///     ``arr``, or of that of the reduced axes.
/// keepdims : bool, optional
///     Keep the reduced axes, with length 1.
/// workers : int, optional
///     Threads to use at most; see :func:`get_num_threads` for the default. The result has the
///     same bits for every number.
///
/// Returns
/// -------
/// scalar or ndarray
///     The shape of ``q``, then the axes that remain. Methods that take an element
///     ('inverted_cdf', 'closest_observation', 'lower', 'higher', 'nearest') keep the dtype of
///     ``arr``, and are exact for integers of any size. The others give the dtype of ``arr`` if that
///     is float, or float64; it is promoted with that of ``q``, if ``q`` is not a Python number.
///
/// Raises
/// ------
/// TypeError
///     If ``arr``, ``q`` or ``weights`` is complex or not numeric.
/// ValueError
///     If a level is not within 0 to 1, a line has no elements, an axis is out of range
///     (``numpy.exceptions.AxisError``) or repeated, ``method``, ``nan_policy`` or ``workers`` is
///     invalid, weights have another shape, are negative or add up to 0, infinity or NaN, or a NaN is
///     found that is not allowed.
///
/// See Also
/// --------
/// QuantileFinder : exact quantiles of data larger than the memory, read several times.
/// QuantileSketch : quantiles of data that is read once, with a bound of their error.
///
/// Notes
/// -----
/// The result is that of ``np.quantile`` (with 'omit', ``np.nanquantile``) of NumPy 2.4 and later, in every bit
/// for float32 and float64, but for what NumPy gets wrong or leaves open:
///
/// - next to an infinity it gives NaN even where the infinity has no weight, and where the
///   difference of two elements overflows; here those are numbers;
/// - it wraps the difference of two signed integers (the median of int8 -128 and 127 is 127.5
///   there and -0.5 here), and refuses bools, which count as 0 and 1 here;
/// - it computes positions in the dtype of ``q``, here always in float64;
/// - -0.0 comes before 0.0 here; there are no warnings; a line that is all NaN is NaN with 'omit'.
///
/// NumPy before 2.4 rounds ``q`` to the dtype of a float ``arr``, and before 2.0 has no weights. Between
/// 64-bit integers, the two elements are rounded to float64 first, as in NumPy.
///
/// Nothing is sorted and, of a long line, little is copied: a sample encloses each rank (Floyd and
/// Rivest 1975), and one pass counts what is below and keeps what lies between. Keys of 16 bits
/// are counted. Large input is shared among threads; Ctrl-C stops it.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> float(rne.quantiles([3, 1, 2, 10], 0.5))
/// 2.5
/// >>> rne.quantiles([[1.0, 2.0], [3.0, 6.0]], [0.0, 0.5], axis=0)
/// array([[1., 2.],
///        [2., 4.]])
/// >>> int(rne.quantiles([2**62 + 1, 5, 7], 1.0, method="nearest")) - 2**62
/// 1
/// >>> float(rne.quantiles([1.0, float("nan"), 3.0], 0.5, nan_policy="omit"))
/// 2.0
#[pyfunction]
#[pyo3(
    signature = (
        arr, q, axis=None, *, method=Argument::default("linear"), nan_policy=Argument::default("propagate"),
        weights=None, keepdims=Argument::default(false), workers=None
    ),
    text_signature = "(arr, q, axis=None, *, method='linear', nan_policy='propagate', weights=None, \
                      keepdims=False, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn quantiles<'py>(
    py: Python<'py>,
    arr: &Bound<'py, PyAny>,
    q: &Bound<'py, PyAny>,
    axis: Option<&Bound<'py, PyAny>>,
    method: Argument<&str>,
    nan_policy: Argument<&str>,
    weights: Option<&Bound<'py, PyAny>>,
    keepdims: Argument<bool>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = |name| Arg::new(NAME, name);
        let method = method.choice(arg("method"), &METHODS)?;
        let nan_policy = nan_policy.choice(arg("nan_policy"), &NAN_POLICIES)?;
        let keepdims = keepdims.flag(arg("keepdims"))?;
        let input = Input::real(arg("arr"), arr)?;
        let levels = Levels::new(arg("q"), q)?;
        let axes_sorted = axes(arg("axis"), axis, input.shape().len())?;
        let weights = match weights {
            None => None,
            Some(_) if method != Method::InvertedCdf => {
                return Err(arg("method").value_error(
                    format_args!("'{}'", name_of(&METHODS, method)),
                    "'inverted_cdf' with weights",
                ));
            }
            Some(weights) => Some(weights_of(arg("weights"), weights, &input, axis, &axes_sorted)?),
        };
        let shape = reduced_shape(input.shape(), &axes_sorted, keepdims);
        let (dtype, omits) = (input.dtype(), nan_policy == NanPolicy::Omit);
        let is_empty = input.len() == 0 && shape.iter().all(|&len| len > 0);
        if is_empty && !(omits && dtype.kind() == Kind::Float) {
            let got = format!("shape {}", Shape(input.shape()));
            return Err(arg("arr").value_error(got, "at least one element in each line"));
        }
        let operands: [&dyn Operand; 2] = [&input, weights.as_ref().unwrap_or(&input)];
        let call = Call::new(py, NAME, input.len().saturating_mul(COST)).workers(workers)?.holding(&operands);
        let request = Request { levels: &levels.values, method, skip_nan: omits };
        dispatch_real!(dtype, T => {
            let (array, weights) = (input.view::<T>(), weights.as_ref().map(|weights| weights.view::<f64>()));
            let found = call.run(|work| match weights {
                None => along(array, &axes_sorted, request, work),
                Some(weights) => {
                    let levels = (&levels.values[..], levels.precision());
                    along_weighted(array, weights, &axes_sorted, levels, omits, work)
                }
            })?;
            if nan_policy == NanPolicy::Raise && found.has_nan {
                return Err(arg("arr").value_error("a NaN", "none with nan_policy='raise'"));
            }
            levels.output(py, NAME, &shape, method, &found)
        }, complex => unreachable!("complex input is refused"))
    })
}
