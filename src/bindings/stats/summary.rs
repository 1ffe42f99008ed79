//! `Stats`: what `compute_stats` returns.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use super::pickle::restore;
use super::values::{Values, common};
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::Output;
use crate::bindings::cached::cached;
use crate::bindings::display::Shape;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;
use crate::dtype::Kind;
use crate::error::{Error, WeightRule};
use crate::kernels::stats::{AnyMoments, Key, Lines, Measure, Number};

/// Count, mean, standard deviation, minimum and maximum: a read-only mapping.
///
/// It comes from :func:`compute_stats` and :meth:`DataProcessor.stats`. ``Stats()`` is that of
/// no elements, to start merging with. It holds more than it shows (of floats the mean in two floats and the
/// sum of squares, of integers their exact sum and that of their squares), so that two of them merge without
/// a loss of digits.
///
/// Parameters
/// ----------
/// ddof : float, optional
///     As in :func:`compute_stats`.
///
/// Notes
/// -----
/// ``a + b`` is ``a.merge(b)``, and ``sum`` adds up a list of Stats. Two are equal if they show the same; NaN
/// is equal to NaN. Stats can be pickled. What takes a dict and no other mapping, such as ``json.dumps`` and
/// columns of ``pandas.DataFrame``, takes :meth:`to_dict`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> s = rne.compute_stats([1.0, 2.0]) + rne.compute_stats([3.0])
/// >>> dict(s)
/// {'count': 3, 'mean': 2.0, 'std': 1.0, 'min': 1.0, 'max': 3.0}
/// >>> s.var, s.sum, s.ddof
/// (1.0, 6.0, 1)
#[pyclass(frozen, mapping, module = "rust_numpy_example")]
pub struct Stats {
    pub(super) values: Values,
    pub(super) ddof: f64,
}

pub(super) const KEYS: [&str; 5] = ["count", "mean", "std", "min", "max"];

impl Stats {
    /// Of one set of elements.
    pub fn one(moments: impl Into<AnyMoments>, ddof: f64) -> Self {
        Stats { values: Values::One(moments.into()), ddof }
    }

    /// The state of one set of elements.
    pub fn moments(&self) -> PyResult<AnyMoments> {
        match &self.values {
            Values::One(moments) if !self.values.is_weighted() => Ok(*moments),
            _ => Err(Arg::new("DataProcessor", "_state")
                .value_error("Stats of arrays or with weights", "one that it has made")),
        }
    }

    pub(super) fn item<'py>(&self, py: Python<'py>, key: &str) -> Option<PyResult<Bound<'py, PyAny>>> {
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
                None => Values::One(AnyMoments::default()),
                Some(state) => restore(&state)?,
            };
            Ok(Stats { values, ddof })
        })
    }

    /// Number of elements.
    #[getter]
    pub(super) fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.count(py))
    }

    /// Sum of the weights: without weights the number of elements.
    #[getter]
    pub(super) fn weight<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            if self.values.is_weighted() { self.values.measure(py, Measure::Weight) } else { self.count(py) }
        })
    }

    /// Mean.
    #[getter]
    pub(super) fn mean<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.measure(py, Measure::Mean))
    }

    /// Variance: the sum of squared deviations over ``weight - ddof``.
    #[getter]
    pub(super) fn var<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.measure(py, Measure::Var { ddof: self.ddof }))
    }

    /// Standard deviation: the square root of the variance.
    #[getter]
    pub(super) fn std<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.measure(py, Measure::Std { ddof: self.ddof }))
    }

    /// Minimum.
    #[getter]
    pub(super) fn min<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.extremes(py, |(min, _)| min))
    }

    /// Maximum.
    #[getter]
    pub(super) fn max<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.values.extremes(py, |(_, max)| max))
    }

    /// Sum, by weight: of integers without weights exact, a Python int, or an array of int64, uint64 or else of
    /// Python ints; of floats rounded once from the mean, which has more digits than it shows. 0 if there are no
    /// elements.
    #[getter]
    pub(super) fn sum<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| match &self.values {
            Values::One(moments) => match moments.integer_sum() {
                Some(sum) => sum.into_bound_py_any(py),
                None => moments.sum().into_bound_py_any(py),
            },
            Values::Many { shape, lines, .. } => integer_sums(py, shape, lines)
                .unwrap_or_else(|| Output::of(py, "Stats", shape, lines.iter().map(|line| line.sum()))),
        })
    }

    /// What the standard deviation is corrected by; see :func:`compute_stats`.
    #[getter]
    pub(super) fn ddof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
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
            Ok(Stats { values: self.merged(other, arg)?, ddof: self.ddof })
        })
    }

    fn __add__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let Ok(other) = other.cast::<Stats>() else {
                return Ok(other.py().NotImplemented().into_bound(other.py()));
            };
            let values = self.merged(other.get(), Arg::new("Stats.__add__", "other"))?;
            Stats { values, ddof: self.ddof }.into_bound_py_any(other.py())
        })
    }

    // `sum` starts with 0.
    fn __radd__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| match other.is_exact_instance_of::<PyInt>() && other.eq(0)? {
            true => Ok(slf.clone().into_any()),
            false => Ok(slf.py().NotImplemented().into_bound(slf.py())),
        })
    }

    /// The same as a dict of Python's numbers, or of nested lists of them.
    ///
    /// Returns
    /// -------
    /// dict
    ///     With the keys of this mapping, for what takes no other mapping.
    ///
    /// Examples
    /// --------
    /// >>> import json
    /// >>> import rust_numpy_example as rne
    /// >>> json.dumps(rne.compute_stats([1, 2, 3]).to_dict())
    /// '{"count": 3, "mean": 2.0, "std": 1.0, "min": 1, "max": 3}'
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(|| {
            let dict = PyDict::new(py);
            for key in KEYS {
                let value = self.item(py, key).expect("one of the keys")?;
                let value = match &self.values {
                    Values::One(_) => value,
                    Values::Many { .. } => value.call_method0("tolist")?,
                };
                dict.set_item(key, value)?;
            }
            Ok(dict)
        })
    }

    // What makes a column of an array, such as `pandas.DataFrame({"name": stats})`, would make one of the keys.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let (py, _) = (slf.py(), copy);
            let numpy = py.import("numpy")?;
            let wants_object = match dtype {
                Some(dtype) => numpy.call_method1("dtype", (dtype,))?.getattr("hasobject")?.is_truthy()?,
                None => false,
            };
            if !wants_object {
                return Err(PyTypeError::new_err(
                    "Stats is a mapping and no array: use its to_dict(), or one of its values",
                ));
            }
            let array = numpy.call_method1("empty", (PyTuple::empty(py), "O"))?;
            array.set_item(PyTuple::empty(py), slf)?;
            Ok(array)
        })
    }

    /// The memory that this takes, in bytes.
    fn __sizeof__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        guard(|| {
            let own: usize = slf.py().get_type::<PyAny>().call_method1("__sizeof__", (slf,))?.extract()?;
            Ok(own + slf.get().bytes())
        })
    }

    /// A small table: the values, or of arrays their shape and ranges.
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<String> {
        guard(|| {
            let mut rows = String::new();
            for key in KEYS {
                let value = slf.get_item(key)?;
                let text = match &slf.get().values {
                    Values::One(_) => value.repr()?.to_string(),
                    Values::Many { .. } => range(&value)?,
                };
                rows += &format!("<tr><th scope=\"row\">{key}</th><td>{text}</td></tr>");
            }
            let caption = match &slf.get().values {
                Values::One(_) => "Stats".to_owned(),
                Values::Many { shape, .. } => format!("Stats, shape {}", Shape(shape)),
            };
            Ok(format!("<table><caption>{caption}</caption><tbody>{rows}</tbody></table>"))
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
            let arguments = PyDict::new(py);
            arguments.set_item("ddof", this.ddof)?;
            arguments.set_item("_state", this.values.state(py)?)?;
            let constructor = partial.call((slf.get_type(),), Some(&arguments))?;
            (constructor, PyTuple::empty(py)).into_bound_py_any(py)
        })
    }
}

impl Stats {
    /// The values of the elements of both.
    pub(super) fn merged(&self, other: &Stats, arg: Arg) -> PyResult<Values> {
        let too_many =
            |(a, b): (AnyMoments, AnyMoments)| a.count().saturating_add(b.count()) > i64::MAX as u64;
        let values = match (&self.values, &other.values) {
            (Values::One(empty), values) | (values, Values::One(empty)) if empty.count() == 0 => {
                return Ok(values.clone());
            }
            (Values::One(_), Values::One(_)) => None,
            (Values::Many { shape, .. }, Values::Many { shape: other_shape, .. }) if shape == other_shape => {
                None
            }
            _ => {
                let (got, expected) = (Shape(other.shape()), Shape(self.shape()));
                Some(arg.value_error(format_args!("shape {got}"), expected))
            }
        };
        if let Some(error) = values {
            return Err(error);
        }
        if self.values.lines().zip(other.values.lines()).any(too_many) {
            return Err(Error::Count).named(arg.function);
        }
        let mut values = self.values.clone();
        match (&mut values, &other.values) {
            (Values::One(moments), Values::One(other)) => moments.merge(other),
            (Values::Many { dtype, lines, .. }, Values::Many { dtype: other, lines: others, .. }) => {
                lines.merge(others);
                *dtype = common(*dtype, *other, lines);
            }
            _ => unreachable!("both are of one kind"),
        }
        if values.lines().any(|line| !line.weight().is_finite()) {
            return Err(Error::Weights(WeightRule::Large)).named(arg.function);
        }
        Ok(values)
    }

    /// Of nothing.
    pub(super) fn empty() -> Self {
        Stats::one(AnyMoments::default(), 1.0)
    }

    /// The same once more.
    pub(super) fn copied(&self) -> Self {
        Stats { values: self.values.clone(), ddof: self.ddof }
    }

    /// The memory beside the object.
    pub(super) fn bytes(&self) -> usize {
        match &self.values {
            Values::One(_) => 0,
            Values::Many { shape, lines, .. } => lines.bytes() + size_of_val(shape.as_slice()),
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    /// The extremes of a line as they are shown: integers beside floats are floats in an array.
    fn shown(&self, line: &AnyMoments) -> Option<(Number, Number)> {
        let is_float = matches!(&self.values, Values::Many { dtype, .. } if dtype.kind() == Kind::Float);
        let show = |number: Number| if is_float { Number::Float(number.to_f64()) } else { number };
        line.extremes().map(|(min, max)| (show(min), show(max)))
    }

    pub(super) fn equals(&self, other: &Stats) -> bool {
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        let same_number = |a: Number, b: Number| a == b || (a.to_f64().is_nan() && b.to_f64().is_nan());
        let same_extremes = |a: &AnyMoments, b: &AnyMoments| match (self.shown(a), other.shown(b)) {
            (Some(a), Some(b)) => same_number(a.0, b.0) && same_number(a.1, b.1),
            (a, b) => a.is_none() && b.is_none(),
        };
        let is_one = |values: &Values| matches!(values, Values::One(_));
        is_one(&self.values) == is_one(&other.values)
            && self.shape() == other.shape()
            && self.ddof == other.ddof
            && self.values.lines().zip(other.values.lines()).all(|(a, b)| {
                a.count() == b.count()
                    && same(a.weight(), b.weight())
                    && same(a.mean(), b.mean())
                    && same(a.std(0.0), b.std(0.0))
                    && same_extremes(&a, &b)
            })
    }
}

/// The sums of integers, if that is what they all are.
fn integer_sums<'py>(py: Python<'py>, shape: &[usize], lines: &Lines) -> Option<PyResult<Bound<'py, PyAny>>> {
    let sums: Vec<i128> = lines.iter().map(|line| line.integer_sum()).collect::<Option<_>>()?;
    let len = sums.len();
    if let Ok(sums) = sums.iter().map(|&sum| i64::try_from(sum)).collect::<Result<Vec<_>, _>>() {
        return Some(Output::of(py, "Stats", shape, sums.into_iter()));
    }
    if let Ok(sums) = sums.iter().map(|&sum| u64::try_from(sum)).collect::<Result<Vec<_>, _>>() {
        return Some(Output::of(py, "Stats", shape, sums.into_iter()));
    }
    let objects = || {
        let array = py.import("numpy")?.call_method1("empty", (len, "O"))?;
        for (index, sum) in sums.into_iter().enumerate() {
            array.set_item(index, sum)?;
        }
        array.call_method1("reshape", (PyTuple::new(py, shape)?,))
    };
    Some(objects())
}

/// The range of an array, for a table.
pub(super) fn range(array: &Bound<'_, PyAny>) -> PyResult<String> {
    let numpy = array.py().import("numpy")?;
    let isnan = numpy.call_method1("isnan", (array,))?;
    let numbers = array.get_item(numpy.call_method1("logical_not", (isnan,))?)?;
    if numbers.len()? == 0 {
        return Ok("nan".to_owned());
    }
    let end = |name| PyResult::Ok(numbers.call_method0(name)?.call_method0("item")?.repr()?.to_string());
    let (least, most) = (end("min")?, end("max")?);
    Ok(if least == most { least } else { format!("{least} to {most}") })
}

/// A class of `collections.abc`.
pub(super) fn abc<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static ABC: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    // `collections.abc` is the same under its public name, but imports more.
    cached(py, &ABC, || Ok(py.import("_collections_abc")?.unbind()))?.bind(py).getattr(name)
}
