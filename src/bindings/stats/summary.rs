//! `Stats`: what `compute_stats` returns.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::{Input, Output};
use crate::bindings::cached::cached;
use crate::bindings::display::Shape;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;
use crate::dtype::{DType, Kind, dispatch_real};
use crate::error::{Error, WeightRule};
use crate::kernels::stats::{
    AnyMoments, CentralMoments, IntegerSums, Key, Lines, Measure, Moments, Number, Sample, ToNumber,
    WeightedMoments,
};

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

/// The state of one set of elements, or of one for each element of an array.
#[derive(Clone)]
pub(super) enum Values {
    One(AnyMoments),
    Many { dtype: DType, shape: Vec<usize>, lines: Lines },
}

impl Values {
    /// The states, in C order.
    fn lines(&self) -> impl ExactSizeIterator<Item = AnyMoments> {
        let len = match self {
            Values::One(_) => 1,
            Values::Many { lines, .. } => lines.len(),
        };
        (0..len).map(move |index| match self {
            Values::One(moments) => *moments,
            Values::Many { lines, .. } => lines.get(index),
        })
    }

    /// Whether an element is NaN.
    pub(super) fn has_nan(&self) -> bool {
        self.lines().any(|moments| moments.extremes().is_some_and(|(min, _)| min.to_f64().is_nan()))
    }
}

impl Values {
    /// Those at an index of an axis.
    pub(super) fn at(&self, axis: usize, index: usize) -> Self {
        match self.spread(axis, &[Some(index)]) {
            Values::Many { dtype, mut shape, lines } => {
                shape.remove(axis);
                if shape.is_empty() {
                    Values::One(lines.get(0))
                } else {
                    Values::Many { dtype, shape, lines }
                }
            }
            one => one,
        }
    }

    /// Those at some indices of an axis; states of nothing where there is none.
    pub(super) fn spread(&self, axis: usize, from: &[Option<usize>]) -> Self {
        let Values::Many { dtype, shape, lines } = self else { return self.clone() };
        let (len, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let mut new_shape = shape.clone();
        new_shape[axis] = from.len();
        let outer: usize = shape[..axis].iter().product();
        let places = (0..outer).flat_map(|outer| {
            from.iter().flat_map(move |from| {
                (0..inner).map(move |inner_index| from.map(|from| (outer * len + from) * inner + inner_index))
            })
        });
        Values::Many { dtype: *dtype, shape: new_shape, lines: lines.select(places) }
    }

    /// Adds nulls to the lines that have some: each counts, and makes all else NaN.
    pub(super) fn add_nulls(&mut self, nulls: &[u64]) {
        const NAN: Number = Number::Float(f64::NAN);
        if nulls.iter().all(|&nulls| nulls == 0) {
            return;
        }
        let with_nulls = |line: AnyMoments, nulls: u64| match nulls {
            0 => line.floats(),
            nulls => Moments::from_parts(line.count() + nulls, CentralMoments::NAN, NAN, NAN),
        };
        let all: Vec<_> = self.lines().zip(nulls).map(|(line, &nulls)| with_nulls(line, nulls)).collect();
        match self {
            Values::One(moments) => *moments = all[0].into(),
            Values::Many { dtype, lines, .. } => {
                if dtype.kind() != Kind::Float {
                    *dtype = DType::F64;
                }
                *lines = all.into();
            }
        }
    }
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
            Values::One(moments) if !self.is_weighted() => Ok(*moments),
            _ => Err(Arg::new("DataProcessor", "_state")
                .value_error("Stats of arrays or with weights", "one that it has made")),
        }
    }

    /// A number, or an array of it.
    fn floats<'py>(&self, py: Python<'py>, of: impl Fn(&AnyMoments) -> f64) -> PyResult<Bound<'py, PyAny>> {
        match &self.values {
            Values::One(moments) => of(moments).into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                Output::of(py, "Stats", shape, lines.iter().map(|moments| of(&moments)))
            }
        }
    }

    /// A measure, or an array of it.
    fn measure<'py>(&self, py: Python<'py>, measure: Measure) -> PyResult<Bound<'py, PyAny>> {
        match &self.values {
            Values::One(moments) => moments.measure(measure).into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                let mut output = Output::new(py, "Stats", DType::F64, shape)?;
                lines.measure(measure, output.slice_mut());
                output.finish()
            }
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
            Values::Many { dtype, lines, .. } => {
                let is_empty = lines.iter().any(|line| line.count() == 0);
                let dtype = if is_empty && dtype.kind() != Kind::Float { DType::F64 } else { *dtype };
                self.extremes_as(py, dtype, of)
            }
        }
    }

    /// The same for a pickle: where a line has no elements, the integers of the others stay what they are.
    fn extremes_of_state<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.values {
            Values::One(_) => self.extremes(py, of),
            Values::Many { dtype, .. } => self.extremes_as(py, *dtype, of),
        }
    }

    /// An array of minima or maxima as a dtype; of no elements NaN, or an integer that stands for nothing.
    fn extremes_as<'py>(
        &self,
        py: Python<'py>,
        dtype: DType,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        let extremes = self.values.lines().map(|line| line.extremes().map_or(Number::Float(f64::NAN), &of));
        dispatch_real!(dtype, T => {
            let values = extremes.map(|extreme| T::from_key(ToNumber::from_number(extreme)));
            Output::of::<T>(py, "Stats", self.shape(), values)
        }, complex => unreachable!("complex input is refused"))
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
        guard(|| match &self.values {
            Values::One(moments) => moments.count().into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                Output::of(py, "Stats", shape, lines.iter().map(|line| line.count() as i64))
            }
        })
    }

    /// Sum of the weights: without weights the number of elements.
    #[getter]
    pub(super) fn weight<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| if self.is_weighted() { self.measure(py, Measure::Weight) } else { self.count(py) })
    }

    /// Mean.
    #[getter]
    pub(super) fn mean<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.measure(py, Measure::Mean))
    }

    /// Variance: the sum of squared deviations over ``weight - ddof``.
    #[getter]
    pub(super) fn var<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.measure(py, Measure::Var { ddof: self.ddof }))
    }

    /// Standard deviation: the square root of the variance.
    #[getter]
    pub(super) fn std<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.measure(py, Measure::Std { ddof: self.ddof }))
    }

    /// Minimum.
    #[getter]
    pub(super) fn min<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extremes(py, |(min, _)| min))
    }

    /// Maximum.
    #[getter]
    pub(super) fn max<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extremes(py, |(_, max)| max))
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
            arguments.set_item("_state", this.state(py)?)?;
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

    /// Whether some elements have weights.
    fn is_weighted(&self) -> bool {
        matches!(
            self.values,
            Values::One(AnyMoments::Weighted(_)) | Values::Many { lines: Lines::Weighted(_), .. }
        )
    }

    pub(super) fn shape(&self) -> &[usize] {
        match &self.values {
            Values::One(_) => &[],
            Values::Many { shape, .. } => shape,
        }
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

    /// What `restore` reads. Of integers: count, the words of their sum and of that of their squares. Of
    /// floats: count, mean, its rest, squares, their rest, their exponent. With weights: count, weight, its rest, then
    /// as of floats. Then minimum, maximum and, for arrays, the name of the dtype.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut state = vec![self.count(py)?];
        let integers = self.values.lines().map(|line| match line {
            AnyMoments::Integers(moments) => Some(moments.center()),
            AnyMoments::Floats(_) | AnyMoments::Weighted(_) => None,
        });
        if self.is_weighted() {
            state.push(self.floats(py, |moments| moments.weighted().center().weight)?);
            state.push(self.floats(py, |moments| moments.weighted().center().weight_low)?);
        }
        match integers.collect::<Option<Vec<_>>>() {
            Some(sums) => {
                let shape = |words| [self.shape(), &[words]].concat();
                let totals: Vec<u64> =
                    sums.iter().flat_map(|sums| [sums.sum() as u64, (sums.sum() >> 64) as u64]).collect();
                let squares: Vec<u64> = sums.iter().flat_map(IntegerSums::squares).collect();
                state.push(Output::of(py, "Stats", &shape(2), totals.into_iter())?);
                state.push(Output::of(py, "Stats", &shape(3), squares.into_iter())?);
            }
            None => {
                state.push(self.floats(py, |moments| moments.central().mean)?);
                state.push(self.floats(py, |moments| moments.central().mean_low)?);
                state.push(self.floats(py, |moments| moments.central().squares)?);
                state.push(self.floats(py, |moments| moments.central().squares_low)?);
                state.push(self.floats(py, |moments| moments.central().exponent.into())?);
            }
        }
        state.push(self.extremes_of_state(py, |(min, _)| min)?);
        state.push(self.extremes_of_state(py, |(_, max)| max)?);
        state.push(match &self.values {
            Values::One(_) => py.None().into_bound(py),
            Values::Many { dtype, .. } => dtype.name().into_bound_py_any(py)?,
        });
        PyTuple::new(py, state)
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

/// The dtype of extremes of two dtypes: NumPy's, but that of the integers if one holds them all.
fn common(a: DType, b: DType, lines: &Lines) -> DType {
    if a == b {
        return a;
    }
    let Lines::Integers(lines) = lines else { return DType::F64 };
    let integers = || lines.iter().filter_map(Moments::extremes);
    if integers().all(|(_, max)| max.to_integer() <= i64::MAX.into()) {
        DType::I64
    } else if integers().all(|(min, _)| min.to_integer() >= 0) {
        DType::U64
    } else {
        DType::F64
    }
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

/// What pickles.
const STATE: Arg = Arg::new("Stats", "_state");

/// The values of a state made by `Stats::state`, or by that of a version that kept floats of integers, too,
/// and no exponent: seven items for a number, eight for arrays. States with weights have eleven.
fn restore(state: &Bound<'_, PyTuple>) -> PyResult<Values> {
    let bad = || STATE.value_error("another tuple", "one that Stats has made");
    let len = state.len();
    if !(6..=9).contains(&len) && len != 11 {
        return Err(bad());
    }
    let column = |at: usize| Input::new(STATE, &state.get_item(at)?);
    let first = column(0)?;
    let (shape, lines) = (first.shape().to_vec(), first.len());
    let floats = |at: usize| {
        let input = column(at)?.cast(DType::F64)?;
        let values: Vec<f64> = input.view::<f64>().iter().copied().collect();
        if values.len() == lines { Ok(values) } else { Err(bad()) }
    };
    let words = |at: usize, each: usize| {
        let input = column(at)?;
        if input.dtype() != DType::U64 || input.len() != lines * each {
            return Err(bad());
        }
        Ok::<Vec<u64>, PyErr>(input.view::<u64>().iter().copied().collect())
    };
    let numbers = |at: usize| {
        let input = column(at)?;
        let values = dispatch_real!(input.dtype(), T => {
            input.view::<T>().iter().map(|value| value.key().number()).collect::<Vec<Number>>()
        }, complex => return Err(bad()));
        if values.len() == lines { Ok(values) } else { Err(bad()) }
    };
    let counts: Vec<i64> = first.cast(DType::I64)?.view::<i64>().iter().copied().collect();
    let count = |i: usize| counts[i].max(0) as u64;
    let name = match len {
        7 => None,
        _ => state.get_item(len - 1)?.extract::<Option<String>>()?,
    };
    let states = if len == 6 {
        let (sums, squares, mins, maxs) = (words(1, 2)?, words(2, 3)?, numbers(3)?, numbers(4)?);
        let state = |i: usize| {
            let sum = (u128::from(sums[2 * i + 1]) << 64 | u128::from(sums[2 * i])) as i128;
            let squares = [squares[3 * i], squares[3 * i + 1], squares[3 * i + 2]];
            // What no integers give would end in a negative number of squares.
            let sums = IntegerSums::checked(count(i), sum, squares).ok_or_else(bad)?;
            Ok(Moments::from_parts(count(i), sums, mins[i], maxs[i]))
        };
        Lines::Integers((0..lines).map(state).collect::<PyResult<_>>()?)
    } else {
        let at = if len == 11 { 3 } else { 1 };
        let (means, mean_lows, squares, squares_lows) =
            (floats(at)?, floats(at + 1)?, floats(at + 2)?, floats(at + 3)?);
        let exponents = if len >= 9 { floats(at + 4)? } else { vec![0.0; lines] };
        let at = if len >= 9 { at + 5 } else { at + 4 };
        let (mins, maxs) = (numbers(at)?, numbers(at + 1)?);
        let central = |i: usize| CentralMoments {
            mean: means[i],
            mean_low: mean_lows[i],
            squares: squares[i],
            squares_low: squares_lows[i],
            exponent: exponents[i].clamp(-4000.0, 4000.0) as i32,
        };
        if len == 11 {
            let (weights, weight_lows) = (floats(1)?, floats(2)?);
            let state = |i: usize| {
                let center =
                    WeightedMoments { weight: weights[i], weight_low: weight_lows[i], central: central(i) };
                Moments::from_parts(count(i), center, mins[i], maxs[i])
            };
            Lines::Weighted((0..lines).map(state).collect())
        } else {
            let state = |i: usize| Moments::from_parts(count(i), central(i), mins[i], maxs[i]);
            Lines::Floats((0..lines).map(state).collect())
        }
    };
    let Some(name) = name else {
        return if lines == 1 { Ok(Values::One(states.get(0))) } else { Err(bad()) };
    };
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == name && dtype.kind() != Kind::Complex);
    Ok(Values::Many { dtype: *dtype.ok_or_else(bad)?, shape, lines: states })
}

/// A class of `collections.abc`.
pub(super) fn abc<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static ABC: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    // `collections.abc` is the same under its public name, but imports more.
    cached(py, &ABC, || Ok(py.import("_collections_abc")?.unbind()))?.bind(py).getattr(name)
}
