//! `QuantileSketch`.

use std::sync::Mutex;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::levels::{Levels, name_of};
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::{Input, Operand, Output};
use crate::bindings::call::locked;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;
use crate::bindings::nan_policy::{NAN_POLICIES, NanPolicy};
use crate::dtype::{DType, Kind, dispatch_real};
use crate::error::Result;
use crate::kernels::quantiles::{Found, Method, Ordered, Sketch, Summary};
use crate::parallel::Work;

/// The class that is named in messages.
const NAME: &str = "QuantileSketch";

/// What pickles.
const STATE: Arg = Arg::new(NAME, "_state");

/// Quantiles of data that is read once, with a bound of their error; sketches merge.
///
/// Parameters
/// ----------
/// error : float, optional
///     How far the rank of a quantile may be off, as a share of the number of elements: from
///     0.00001 to 0.5. The default is 0.001: what is given as the median has between 49.9 % and 50.1 %
///     of the elements below it.
/// nan_policy : {'propagate', 'omit', 'raise'}, optional
///     As in :func:`quantiles`.
///
/// Raises
/// ------
/// ValueError
///     If an argument is invalid.
///
/// See Also
/// --------
/// QuantileFinder : exact, for data that can be read again.
///
/// Notes
/// -----
/// The sketch of Karnin, Lang and Liberty (KLL, FOCS 2016): compactors of keys, each half as
/// dense as the one below. Each quantile is within the error with a probability of at least
/// 99.99 %, whatever the data and its order; ``error_bound`` is what the compactions that took place
/// amount to by Hoeffding's inequality, and never more than ``error``. It is 0, and the quantiles
/// exact, as long as every element is there. The least and the greatest element always are.
/// Memory grows with 1 / error (200 KB at 0.001), and hardly with the number of elements.
///
/// The same calls give the same bits: its random bits have a fixed seed. Any number of threads may
/// use one object. It can be pickled.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> sketch = rne.QuantileSketch(0.01)
/// >>> for start in range(0, 100_000, 10_000):
/// ...     sketch.update(np.arange(start, start + 10_000.0))
/// >>> bool(abs(sketch.quantile(0.5) - 50_000) < 1_000)
/// True
/// >>> sketch.count, 0 < sketch.error_bound <= sketch.error
/// (100000, True)
#[pyclass(frozen, module = "rust_numpy_example")]
pub struct QuantileSketch {
    nan_policy: NanPolicy,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    sketch: Sketch,
    /// That of the first elements.
    dtype: Option<DType>,
}

impl QuantileSketch {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        elements: usize,
        operands: &[&dyn Operand],
        body: impl FnOnce(&mut State, &Work<'_>) -> Result<T> + Send,
    ) -> PyResult<T> {
        locked(py, NAME, &self.state, elements, operands, body)
    }

    fn get<T: Send>(&self, py: Python<'_>, of: impl FnOnce(&Sketch) -> T + Send) -> PyResult<T> {
        self.with(py, 0, &[], |state, _| Ok(of(&state.sketch)))
    }
}

#[pymethods]
impl QuantileSketch {
    #[new]
    #[pyo3(
        signature = (
            error=Argument::default(0.001), *, nan_policy=Argument::default("propagate"), _state=None
        ),
        text_signature = "(error=0.001, *, nan_policy='propagate')"
    )]
    fn new(
        error: Argument<f64>,
        nan_policy: Argument<&str>,
        _state: Option<Bound<'_, PyTuple>>,
    ) -> PyResult<Self> {
        guard(|| {
            let error_arg = Arg::new(NAME, "error");
            let error = error.get(error_arg, "a number")?;
            if !(1e-5..=0.5).contains(&error) {
                return Err(error_arg.value_error(error, "a number from 0.00001 to 0.5"));
            }
            let nan_policy = nan_policy.choice(Arg::new(NAME, "nan_policy"), &NAN_POLICIES)?;
            let state = match _state {
                None => State { sketch: Sketch::new(error), dtype: None },
                Some(state) => restore(error, &state)?,
            };
            Ok(QuantileSketch { nan_policy, state: Mutex::new(state) })
        })
    }

    /// Add elements.
    ///
    /// Parameters
    /// ----------
    /// arr : array_like
    ///     Any bool, integer or float dtype up to 64 bits, any shape and layout; always the same dtype.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If the dtype is none of these, or not that of the elements before.
    /// ValueError
    ///     If there is a NaN that is not allowed.
    fn update(&self, py: Python<'_>, arr: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let arg = Arg::new("QuantileSketch.update", "arr");
            let input = Input::real(arg, arr)?;
            let dtype = input.dtype();
            // A tenth of a microsecond to sort ten elements.
            let (first, has_nan) = dispatch_real!(dtype, T => {
                let elements = input.elements::<T>();
                self.with(py, input.len().saturating_mul(10), &[&input], move |state, work| {
                    let first = *state.dtype.get_or_insert(dtype);
                    if first == dtype {
                        state.sketch.update(elements, work)?;
                    }
                    Ok((first, state.sketch.summary().nan > 0))
                })?
            }, complex => unreachable!("complex input is refused"));
            if first != dtype {
                let got = format!("dtype {}", dtype.name());
                return Err(arg.type_error(got, format_args!("{}, as the elements before", first.name())));
            }
            if has_nan && self.nan_policy == NanPolicy::Raise {
                return Err(arg.value_error("a NaN", "none with nan_policy='raise'"));
            }
            Ok(())
        })
    }

    /// Add what another sketch has.
    ///
    /// Parameters
    /// ----------
    /// other : QuantileSketch
    ///     Of the same dtype; it is not changed. If its error is larger, so may be that of this one afterwards.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If it is none, or of another dtype.
    fn merge(&self, py: Python<'_>, other: Argument<Bound<'_, QuantileSketch>>) -> PyResult<()> {
        guard(|| {
            let arg = Arg::new("QuantileSketch.merge", "other");
            let other = other.get(arg, NAME)?;
            // One lock after the other, never both: the other may be this one.
            let other = other.get().with(py, usize::MAX, &[], |state, _| Ok(state.clone()))?;
            let Some(dtype) = other.dtype else { return Ok(()) };
            let first = self.with(py, usize::MAX, &[], |state, _| {
                let first = *state.dtype.get_or_insert(dtype);
                if first == dtype {
                    state.sketch.merge(&other.sketch)?;
                }
                Ok(first)
            })?;
            match first == dtype {
                true => Ok(()),
                false => Err(arg.type_error(format_args!("dtype {}", dtype.name()), first.name())),
            }
        })
    }

    /// Quantiles: elements at which the share of elements reaches the levels, as the method
    /// ``'inverted_cdf'`` of :func:`quantiles`, within the error.
    ///
    /// Parameters
    /// ----------
    /// q : float or array_like of float
    ///     The levels, from 0 to 1; at most two axes.
    ///
    /// Returns
    /// -------
    /// scalar or ndarray
    ///     Elements, of their dtype, in the shape of ``q``. At 0 and 1 they are exact.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If a level is not within 0 to 1, or there are no elements (of floats: NaN).
    fn quantile<'py>(&self, py: Python<'py>, q: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            const FUNCTION: &str = "QuantileSketch.quantile";
            let levels = Levels::new(Arg::new(FUNCTION, "q"), q)?;
            let (dtype, summary) =
                self.with(py, 0, &[], |state, _| Ok((state.dtype, state.sketch.summary())))?;
            let count = summary.count;
            let Some(dtype) = dtype.filter(|dtype| count > 0 || dtype.kind() == Kind::Float) else {
                return Err(PyValueError::new_err(format!("{FUNCTION}: there are no elements")));
            };
            let is_nan = summary.nan > 0 && self.nan_policy != NanPolicy::Omit;
            dispatch_real!(dtype, T => {
                let mut found = self.with(py, 0, &[], |state, _| state.sketch.quantiles::<T>(&levels.values))?;
                if is_nan {
                    found.fill(T::from_key(<T as Ordered>::Key::MAX));
                }
                let pairs = found.into_iter().map(|element| [element; 2]).collect();
                let found = Found { pairs, counts: vec![count], has_nan: is_nan };
                levels.output(py, FUNCTION, &[], Method::InvertedCdf, &found)
            }, complex => unreachable!("complex input is refused"))
        })
    }

    /// How many elements were added; with ``nan_policy='omit'`` without NaN.
    #[getter]
    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        guard(|| {
            let summary = self.get(py, Sketch::summary)?;
            Ok(summary.count + if self.nan_policy == NanPolicy::Omit { 0 } else { summary.nan })
        })
    }

    /// The error that was asked for.
    #[getter]
    fn error(&self, py: Python<'_>) -> PyResult<f64> {
        guard(|| self.get(py, Sketch::error))
    }

    /// How far the rank of a quantile is off at most, as a share of the elements, with a
    /// probability of 99.99 %.
    #[getter]
    fn error_bound(&self, py: Python<'_>) -> PyResult<f64> {
        guard(|| self.get(py, Sketch::bound))
    }

    /// What a NaN does.
    #[getter]
    fn nan_policy(&self) -> PyResult<&'static str> {
        guard(|| Ok(name_of(&NAN_POLICIES, self.nan_policy)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        guard(|| {
            let (count, error) = (slf.getattr("count")?, slf.getattr("error")?);
            let bound = slf.get().get(slf.py(), Sketch::bound)?;
            Ok(format!("QuantileSketch(error={}, count={count}, error_bound={bound:.6})", error.repr()?))
        })
    }

    fn __sizeof__(&self, py: Python<'_>) -> PyResult<usize> {
        guard(|| Ok(size_of::<Self>() - size_of::<Sketch>() + self.get(py, Sketch::bytes)?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        guard(|| {
            let py = slf.py();
            let this = slf.get();
            let State { sketch, dtype } = this.with(py, usize::MAX, &[], |state, _| Ok(state.clone()))?;
            let Summary { count, nan, ends, variance, random } = sketch.summary();
            let keys = {
                let keys = sketch.levels().concat();
                Output::of(py, NAME, &[keys.len()], keys.iter().copied())?
            };
            let sizes: Vec<usize> = sketch.levels().iter().map(Vec::len).collect();
            let state = (dtype.map(DType::name), count, nan, ends, variance, random, sizes, keys);
            let arguments = PyDict::new(py);
            arguments.set_item("nan_policy", name_of(&NAN_POLICIES, this.nan_policy))?;
            arguments.set_item("_state", state.into_bound_py_any(py)?)?;
            let partial = py.import("functools")?.getattr("partial")?;
            Ok((partial.call((slf.get_type(), sketch.error()), Some(&arguments))?, PyTuple::empty(py)))
        })
    }
}

/// The state that `__reduce__` has made.
fn restore(error: f64, state: &Bound<'_, PyTuple>) -> PyResult<State> {
    type Fields<'py> = (Option<String>, u64, u64, [i64; 2], f64, u64, Vec<usize>, Bound<'py, PyAny>);
    let bad = || STATE.value_error("another tuple", "one that QuantileSketch has made");
    let (name, count, nan, ends, variance, random, sizes, keys): Fields<'_> =
        state.extract().map_err(|_| bad())?;
    let dtype = match name {
        None => None,
        Some(name) => {
            Some(*DType::ALL.iter().find(|dtype| dtype.name() == name && dtype.is_real()).ok_or_else(bad)?)
        }
    };
    let keys = Input::new(STATE, &keys)?.cast(DType::I64)?;
    let keys: Vec<i64> = keys.view::<i64>().iter().copied().collect();
    let summary = Summary { count, nan, ends, variance, random };
    match Sketch::with_state(error, summary, &keys, &sizes).named(NAME)? {
        Some(sketch) => Ok(State { sketch, dtype }),
        None => Err(bad()),
    }
}
