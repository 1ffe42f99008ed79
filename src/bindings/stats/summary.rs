//! `Stats`: what `compute_stats` returns.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::{Input, Output};
use crate::bindings::cached::cached;
use crate::bindings::display::Shape;
use crate::bindings::guard::guard;
use crate::dtype::{DType, Kind, dispatch_real};
use crate::kernels::stats::{CentralMoments, Moments, Number, Sample, ToNumber};

/// Count, mean, standard deviation, minimum and maximum: a read-only mapping.
///
/// It comes from :func:`compute_stats` and :meth:`DataProcessor.stats`. ``Stats()`` is that of
/// no elements, to start merging with. It holds more than it shows (the mean in two floats, the
/// sum of squares), so that two of them merge without a loss of digits.
///
/// Parameters
/// ----------
/// ddof : float, optional
///     As in :func:`compute_stats`.
///
/// Notes
/// -----
/// Two are equal if they show the same; NaN is equal to NaN. Stats can be pickled.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> s = rne.compute_stats([1.0, 2.0]).merge(rne.compute_stats([3.0]))
/// >>> dict(s)
/// {'count': 3, 'mean': 2.0, 'std': 1.0, 'min': 1.0, 'max': 3.0}
/// >>> s.var, s.ddof
/// (1.0, 1)
#[pyclass(frozen, mapping, module = "rust_numpy_example")]
pub struct Stats {
    pub(super) values: Values,
    pub(super) ddof: f64,
}

/// The state of one set of elements, or of one for each element of an array.
#[derive(Clone)]
pub(super) enum Values {
    One(Moments<Number>),
    Many { dtype: DType, shape: Vec<usize>, lines: Vec<Moments<Number>> },
}

impl Values {
    pub(super) fn lines(&self) -> &[Moments<Number>] {
        match self {
            Values::One(moments) => std::slice::from_ref(moments),
            Values::Many { lines, .. } => lines,
        }
    }
}

impl Values {
    /// Adds nulls to the lines that have some: each counts, and makes all else NaN.
    pub(super) fn add_nulls(&mut self, nulls: &[u64]) {
        const NAN: Number = Number::Float(f64::NAN);
        let lines = match self {
            Values::One(moments) => std::slice::from_mut(moments),
            Values::Many { dtype, lines, .. } => {
                if nulls.iter().any(|&nulls| nulls > 0) && dtype.kind() != Kind::Float {
                    *dtype = DType::F64;
                }
                lines
            }
        };
        for (line, &nulls) in lines.iter_mut().zip(nulls).filter(|&(_, &nulls)| nulls > 0) {
            *line = Moments::from_parts(line.count() + nulls, CentralMoments::NAN, NAN, NAN);
        }
    }
}

const KEYS: [&str; 5] = ["count", "mean", "std", "min", "max"];

impl Stats {
    /// Of one set of elements.
    pub fn one(moments: Moments<Number>, ddof: f64) -> Self {
        Stats { values: Values::One(moments), ddof }
    }

    /// The state of one set of floats.
    pub fn floats_moments(&self) -> PyResult<Moments> {
        match &self.values {
            Values::One(moments) => {
                let (min, max) = moments.extremes().unwrap_or_default();
                Ok(Moments::from_parts(moments.count(), moments.center(), min.to_f64(), max.to_f64()))
            }
            Values::Many { .. } => {
                Err(Arg::new("DataProcessor", "_state")
                    .value_error("Stats of arrays", "one that it has made"))
            }
        }
    }

    /// A number, or an array of it.
    fn floats<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn(&Moments<Number>) -> f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.values {
            Values::One(moments) => of(moments).into_bound_py_any(py),
            Values::Many { shape, lines, .. } => Output::of(py, "Stats", shape, lines.iter().map(of)),
        }
    }

    /// A minimum or maximum, or an array of it.
    fn extremes<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.values {
            Values::One(moments) => match moments.extremes().map(of) {
                None => f64::NAN.into_bound_py_any(py),
                Some(Number::Signed(value)) => value.into_bound_py_any(py),
                Some(Number::Unsigned(value)) => value.into_bound_py_any(py),
                Some(Number::Float(value)) => value.into_bound_py_any(py),
            },
            Values::Many { dtype, shape, lines } => {
                let is_empty = lines.iter().any(|line| line.count() == 0);
                let dtype = if is_empty && dtype.kind() != Kind::Float { DType::F64 } else { *dtype };
                let extremes = lines.iter().map(|line| line.extremes().map_or(Number::Float(f64::NAN), &of));
                dispatch_real!(dtype, T => {
                    let values = extremes.map(|extreme| T::from_key(ToNumber::from_number(extreme)));
                    Output::of::<T>(py, "Stats", shape, values)
                }, complex => unreachable!("complex input is refused"))
            }
        }
    }

    fn item<'py>(&self, py: Python<'py>, key: &str) -> Option<PyResult<Bound<'py, PyAny>>> {
        Some(match key {
            "count" => self.count(py),
            "mean" => self.mean(py),
            "std" => self.std(py),
            "min" => self.min(py),
            "max" => self.max(py),
            _ => return None,
        })
    }
}

#[pymethods]
impl Stats {
    #[new]
    #[pyo3(signature = (*, ddof=Argument::default(1.0), _state=None), text_signature = "(*, ddof=1)")]
    fn new(ddof: Argument<f64>, _state: Option<Bound<'_, PyTuple>>) -> PyResult<Self> {
        guard(|| {
            let ddof = ddof.get(Arg::new("Stats", "ddof"), "a number")?;
            let values = match _state {
                None => Values::One(Moments::default()),
                Some(state) => restore(&state)?,
            };
            Ok(Stats { values, ddof })
        })
    }

    /// Number of elements.
    #[getter]
    fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| match &self.values {
            Values::One(moments) => moments.count().into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                Output::of(py, "Stats", shape, lines.iter().map(|line| line.count() as i64))
            }
        })
    }

    /// Mean.
    #[getter]
    fn mean<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.floats(py, Moments::mean))
    }

    /// Variance: the sum of squared deviations over ``count - ddof``.
    #[getter]
    fn var<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.floats(py, |moments| moments.var(self.ddof)))
    }

    /// Standard deviation: the square root of the variance.
    #[getter]
    fn std<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.floats(py, |moments| moments.std(self.ddof)))
    }

    /// Minimum.
    #[getter]
    fn min<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extremes(py, |(min, _)| min))
    }

    /// Maximum.
    #[getter]
    fn max<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extremes(py, |(_, max)| max))
    }

    /// What the standard deviation is corrected by; see :func:`compute_stats`.
    #[getter]
    fn ddof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let whole = self.ddof as i64;
            if whole as f64 == self.ddof {
                whole.into_bound_py_any(py)
            } else {
                self.ddof.into_bound_py_any(py)
            }
        })
    }

    /// The Stats of the elements of both.
    ///
    /// Parameters
    /// ----------
    /// other : Stats
    ///     Of the same shape, or of no elements.
    ///
    /// Returns
    /// -------
    /// Stats
    ///     A new one, with the ``ddof`` of this one.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the shapes differ.
    ///
    /// Examples
    /// --------
    /// >>> import rust_numpy_example as rne
    /// >>> rne.compute_stats([1, 2]).merge(rne.compute_stats([6])).mean
    /// 3.0
    fn merge(&self, other: Argument<Bound<'_, Stats>>) -> PyResult<Stats> {
        guard(|| {
            let arg = Arg::new("Stats.merge", "other");
            let other = other.get(arg, "Stats")?;
            let other = other.get();
            let values = match (&self.values, &other.values) {
                (Values::One(empty), values) | (values, Values::One(empty)) if empty.count() == 0 => {
                    values.clone()
                }
                (Values::One(a), Values::One(b)) => {
                    let mut merged = *a;
                    merged.merge(b);
                    Values::One(merged)
                }
                (
                    Values::Many { dtype, shape, lines },
                    Values::Many { dtype: other_dtype, shape: other_shape, lines: other_lines },
                ) if shape == other_shape => {
                    let mut lines = lines.clone();
                    lines.iter_mut().zip(other_lines).for_each(|(line, other)| line.merge(other));
                    let dtype = if dtype == other_dtype { *dtype } else { DType::F64 };
                    Values::Many { dtype, shape: shape.clone(), lines }
                }
                _ => {
                    let (got, expected) = (Shape(other.shape()), Shape(self.shape()));
                    return Err(arg.value_error(format_args!("shape {got}"), expected));
                }
            };
            Ok(Stats { values, ddof: self.ddof })
        })
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let name = key.cast::<PyString>().ok().and_then(|name| name.to_cow().ok());
            name.and_then(|name| self.item(key.py(), &name))
                .unwrap_or_else(|| Err(PyKeyError::new_err(key.clone().unbind())))
        })
    }

    fn __len__(&self) -> PyResult<usize> {
        guard(|| Ok(KEYS.len()))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| Ok(PyTuple::new(py, KEYS)?.try_iter()?.into_any()))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        guard(|| Ok(key.cast::<PyString>().is_ok_and(|name| KEYS.iter().any(|&key| name == key))))
    }

    /// The keys, as those of a dict.
    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "KeysView")?.call1((slf,)))
    }

    /// The values, as those of a dict.
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "ValuesView")?.call1((slf,)))
    }

    /// Pairs of key and value, as those of a dict.
    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "ItemsView")?.call1((slf,)))
    }

    /// The value of a key, or ``default`` if there is no such key.
    #[pyo3(signature = (key, default=None, /))]
    fn get<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        guard(|| {
            let name = key.cast::<PyString>().ok().and_then(|name| name.to_cow().ok());
            name.and_then(|name| self.item(key.py(), &name)).map_or(Ok(default), |value| value.map(Some))
        })
    }

    fn __eq__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| match other.cast::<Stats>() {
            Ok(other) => self.equals(other.get()).into_bound_py_any(other.py()),
            Err(_) => Ok(other.py().NotImplemented().into_bound(other.py())),
        })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        guard(|| {
            let values = KEYS
                .iter()
                .map(|key| Ok(format!("{key}={}", slf.get_item(key)?.repr()?.to_cow()?)))
                .collect::<PyResult<Vec<_>>>()?;
            Ok(format!("Stats({})", values.join(", ")))
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let py = slf.py();
            let this = slf.get();
            let partial = py.import("functools")?.getattr("partial")?;
            let arguments = pyo3::types::PyDict::new(py);
            arguments.set_item("ddof", this.ddof)?;
            arguments.set_item("_state", this.state(slf)?)?;
            let constructor = partial.call((slf.get_type(),), Some(&arguments))?;
            (constructor, PyTuple::empty(py)).into_bound_py_any(py)
        })
    }
}

impl Stats {
    fn shape(&self) -> &[usize] {
        match &self.values {
            Values::One(_) => &[],
            Values::Many { shape, .. } => shape,
        }
    }

    fn equals(&self, other: &Stats) -> bool {
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        let same_number = |a: Number, b: Number| a == b || (a.to_f64().is_nan() && b.to_f64().is_nan());
        let same_extremes = |a: &Moments<Number>, b: &Moments<Number>| match (a.extremes(), b.extremes()) {
            (Some(a), Some(b)) => same_number(a.0, b.0) && same_number(a.1, b.1),
            (a, b) => a.is_none() && b.is_none(),
        };
        let is_one = |values: &Values| matches!(values, Values::One(_));
        is_one(&self.values) == is_one(&other.values)
            && self.shape() == other.shape()
            && self.ddof == other.ddof
            && self.values.lines().iter().zip(other.values.lines()).all(|(a, b)| {
                a.count() == b.count()
                    && same(a.mean(), b.mean())
                    && same(a.center().squares, b.center().squares)
                    && same_extremes(a, b)
            })
    }

    /// What `restore` reads: count, mean, its rest, squares, their rest, minimum, maximum, and
    /// for arrays the name of the dtype.
    fn state<'py>(&self, slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let mut state = vec![self.count(py)?];
        state.push(self.floats(py, |moments| moments.center().mean)?);
        state.push(self.floats(py, |moments| moments.center().mean_low)?);
        state.push(self.floats(py, |moments| moments.center().squares)?);
        state.push(self.floats(py, |moments| moments.center().squares_low)?);
        state.push(self.min(py)?);
        state.push(self.max(py)?);
        if let Values::Many { dtype, .. } = &self.values {
            state.push(dtype.name().into_bound_py_any(py)?);
        }
        PyTuple::new(py, state)
    }
}

/// What pickles.
const STATE: Arg = Arg::new("Stats", "_state");

/// The values of a state made by `Stats::state`.
fn restore(state: &Bound<'_, PyTuple>) -> PyResult<Values> {
    let bad = || STATE.value_error("another tuple", "one that Stats has made");
    if !(7..=8).contains(&state.len()) {
        return Err(bad());
    }
    let column = |at: usize| Input::new(STATE, &state.get_item(at)?);
    let first = column(0)?;
    let (shape, len) = (first.shape().to_vec(), first.len());
    let floats = |at: usize| {
        let input = column(at)?.cast(DType::F64)?;
        Ok::<Vec<f64>, PyErr>(input.view::<f64>().iter().copied().collect())
    };
    let numbers = |at: usize| {
        let input = column(at)?;
        dispatch_real!(input.dtype(), T => {
            Ok::<Vec<Number>, PyErr>(input.view::<T>().iter().map(|value| value.key().number()).collect())
        }, complex => Err(bad()))
    };
    let counts: Vec<i64> = first.cast(DType::I64)?.view::<i64>().iter().copied().collect();
    let columns = [floats(1)?, floats(2)?, floats(3)?, floats(4)?];
    let (mins, maxs) = (numbers(5)?, numbers(6)?);
    if columns.iter().any(|column| column.len() != len) || mins.len() != len || maxs.len() != len {
        return Err(bad());
    }
    let [means, mean_lows, squares, squares_lows] = &columns;
    let line = |i: usize| {
        let center = CentralMoments {
            mean: means[i],
            mean_low: mean_lows[i],
            squares: squares[i],
            squares_low: squares_lows[i],
        };
        Moments::from_parts(counts[i].max(0) as u64, center, mins[i], maxs[i])
    };
    let lines: Vec<_> = (0..len).map(line).collect();
    if state.len() == 7 {
        return lines.first().map(|&moments| Values::One(moments)).ok_or_else(bad);
    }
    let name: String = state.get_item(7)?.extract()?;
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == name && dtype.kind() != Kind::Complex);
    Ok(Values::Many { dtype: *dtype.ok_or_else(bad)?, shape, lines })
}

/// A class of `collections.abc`.
pub(super) fn abc<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static ABC: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    cached(py, &ABC, || Ok(py.import("collections.abc")?.unbind()))?.bind(py).getattr(name)
}
