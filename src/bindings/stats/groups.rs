//! `GroupedStats`: what `compute_stats` returns where elements have labels.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyKeyError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyList, PyTuple};

use super::summary::{KEYS, Stats, abc, range};
use super::values::Values;
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::numpy;
use crate::bindings::cached::cached;
use crate::bindings::display::Shape;
use crate::bindings::guard::guard;
use crate::dtype::DType;
use crate::kernels::stats::Lines;

/// Groups of a table in a notebook, if there are more.
const SHOWN: usize = 20;

/// Count, mean, standard deviation, minimum and maximum of groups: a read-only mapping.
///
/// It comes from :func:`compute_stats` with ``by``, and maps each label to its :class:`Stats`. ``groups`` holds the
/// labels; each statistic is an array with an entry for each of them, in the same order. ``GroupedStats()`` has no
/// groups, to start merging with.
///
/// Notes
/// -----
/// Labels are in ascending order, as of ``numpy.unique``; those of a Categorical are its categories that occur, in
/// their order. ``a + b`` is ``a.merge(b)``, and ``sum`` adds up a list of them. Two are equal if they show the same.
/// They can be pickled. ``pandas.DataFrame`` and ``polars.DataFrame`` take :meth:`to_dict`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> g = rne.compute_stats([1.0, 2.0, 6.0], by=["b", "a", "b"])
/// >>> g.groups.tolist(), g.mean.tolist()
/// (['a', 'b'], [2.0, 3.5])
/// >>> g["b"]
/// Stats(count=2, mean=3.5, std=3.5355339059327378, min=1.0, max=6.0)
#[pyclass(frozen, mapping, module = "rust_numpy_example")]
pub struct GroupedStats {
    groups: Py<PyAny>,
    stats: Stats,
    /// Which axis of the arrays is that of the groups.
    axis: usize,
    /// Where each label is, made when the first is looked up.
    places: PyOnceLock<Py<PyDict>>,
}

/// What pickles: the labels, their statistics, and the axis of the groups.
type State<'py> = Argument<(Bound<'py, PyAny>, Bound<'py, Stats>, usize)>;

impl GroupedStats {
    pub(super) fn of(groups: Bound<'_, PyAny>, stats: Stats, axis: usize) -> Self {
        GroupedStats { groups: groups.unbind(), stats, axis, places: PyOnceLock::new() }
    }

    /// The labels as Python has them.
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let groups = self.groups.bind(py);
        let kind = groups.getattr("dtype")?.getattr("kind")?.extract::<String>()?;
        // A date as Python has it may be an integer.
        match kind.as_str() {
            "M" | "m" => py.get_type::<PyList>().call1((groups,)),
            _ => groups.call_method0("tolist"),
        }
    }

    fn places<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyDict>> {
        let places = cached(py, &self.places, || {
            let places = PyDict::new(py);
            for (place, label) in self.labels(py)?.try_iter()?.enumerate() {
                places.set_item(label?, place)?;
            }
            Ok(places.unbind())
        })?;
        Ok(places.bind(py))
    }

    /// The statistics of a label, if it is one.
    fn item<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Stats>> {
        let Some(place) = self.places(key.py())?.get_item(key)? else { return Ok(None) };
        let place: usize = place.extract()?;
        Ok(Some(Stats { values: self.stats.values.at(self.axis, place), ddof: self.stats.ddof }))
    }

    fn merged<'py>(&self, other: &GroupedStats, arg: Arg, py: Python<'py>) -> PyResult<GroupedStats> {
        let (ours, theirs) = (self.groups.bind(py), other.groups.bind(py));
        let ddof = self.stats.ddof;
        if ours.len()? == 0 || theirs.len()? == 0 {
            let either = if ours.len()? == 0 { other } else { self };
            let values = either.stats.values.clone();
            return Ok(GroupedStats::of(either.groups.bind(py).clone(), Stats { values, ddof }, either.axis));
        }
        let kind = |groups: &Bound<'py, PyAny>| groups.getattr("dtype")?.getattr("kind")?.extract::<String>();
        let sort = |kind: String| match kind.as_str() {
            "b" | "i" | "u" | "f" => "numbers",
            "U" | "O" | "T" => "texts",
            "S" => "bytes",
            _ => "dates",
        };
        let (sort_of_ours, sort_of_theirs) = (sort(kind(ours)?), sort(kind(theirs)?));
        if sort_of_ours != sort_of_theirs {
            let got = format!("groups whose labels are {sort_of_theirs}");
            return Err(arg.value_error(got, format_args!("{sort_of_ours}, as here")));
        }
        let shape = |groups: &GroupedStats| {
            let mut shape = groups.stats.shape().to_vec();
            shape.remove(groups.axis);
            shape
        };
        if (shape(self), self.axis) != (shape(other), other.axis) {
            let (got, expected) = (Shape(other.stats.shape()), Shape(self.stats.shape()));
            return Err(arg.value_error(
                format_args!("shape {got} with the groups at axis {}", other.axis),
                format_args!("{expected} with those at axis {}, but for the number of groups", self.axis),
            ));
        }
        let refusal = || -> PyResult<PyErr> {
            Ok(arg.value_error(
                format_args!("groups whose labels are of dtype {}", theirs.getattr("dtype")?),
                format_args!(
                    "a dtype that has one with {} which holds the labels of both",
                    ours.getattr("dtype")?
                ),
            ))
        };
        // NumPy from 2.5 on refuses itself to convert dates that do not fit.
        let of_both = |function| match numpy(py, function)?.call1((ours, theirs)) {
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => Err(refusal()?),
            result => result,
        };
        // NumPy compares numbers of two dtypes in one that may not hold both.
        let is_exact = sort_of_ours != "numbers" || ours.getattr("dtype")?.eq(theirs.getattr("dtype")?)?;
        let are_equal = match is_exact {
            true => of_both("array_equal")?.is_truthy()?,
            false => ours.call_method0("tolist")?.eq(theirs.call_method0("tolist")?)?,
        };
        if are_equal {
            let values = self.stats.merged(&other.stats, arg)?;
            return Ok(GroupedStats::of(ours.clone(), Stats { values, ddof: self.stats.ddof }, self.axis));
        }
        let all = of_both("union1d")?;
        let count = all.len()?;
        let of_all = GroupedStats::of(all, Stats::empty(), self.axis);
        // Where each of all labels is among some of them, if it is.
        let widened = |groups: &GroupedStats| {
            let (places, mut from) = (groups.places(py)?, vec![None; count]);
            for (label, from) in of_all.labels(py)?.try_iter()?.zip(&mut from) {
                *from = places.get_item(label?)?.map(|place| place.extract::<usize>()).transpose()?;
            }
            // One that the common dtype does not hold would be lost, with its elements.
            if from.iter().flatten().count() < places.len() {
                return Err(refusal()?);
            }
            let values = groups.stats.values.spread(groups.axis, &from);
            Ok::<_, PyErr>(Stats { values, ddof: self.stats.ddof })
        };
        let values = widened(self)?.merged(&widened(other)?, arg)?;
        Ok(GroupedStats { stats: Stats { values, ddof: self.stats.ddof }, ..of_all })
    }
}

#[pymethods]
impl GroupedStats {
    #[new]
    #[pyo3(signature = (*, _state=None), text_signature = "()")]
    fn new(py: Python<'_>, _state: Option<State<'_>>) -> PyResult<Self> {
        guard(|| {
            let Some(state) = _state else {
                let groups = numpy(py, "empty")?.call1((0,))?;
                let lines = Lines::Floats(Vec::new());
                let values = Values::Many { dtype: DType::F64, shape: vec![0], lines };
                return Ok(GroupedStats::of(groups, Stats { values, ddof: 1.0 }, 0));
            };
            let arg = Arg::new("GroupedStats", "_state");
            let expected = "one that GroupedStats has made";
            let (groups, stats, axis) = state.get(arg, expected)?;
            let groups = numpy(py, "asarray")?.call1((groups,))?;
            let stats = stats.get().copied();
            let is_whole = stats.shape().get(axis) == Some(&groups.len()?)
                && matches!(stats.values, Values::Many { .. });
            if !is_whole {
                return Err(arg.value_error("another tuple", expected));
            }
            Ok(GroupedStats::of(groups, stats, axis))
        })
    }

    /// The labels, in the order of the statistics.
    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| Ok(self.groups.bind(py).clone()))
    }

    /// Number of elements of each group.
    #[getter]
    fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.count(py)
    }

    /// Sum of the weights of each group: without weights the number of elements.
    #[getter]
    fn weight<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.weight(py)
    }

    /// Mean of each group.
    #[getter]
    fn mean<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.mean(py)
    }

    /// Variance of each group: the sum of squared deviations over ``weight - ddof``.
    #[getter]
    fn var<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.var(py)
    }

    /// Standard deviation of each group: the square root of the variance.
    #[getter]
    fn std<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.std(py)
    }

    /// Minimum of each group.
    #[getter]
    fn min<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.min(py)
    }

    /// Maximum of each group.
    #[getter]
    fn max<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.max(py)
    }

    /// Sum of each group, as :attr:`Stats.sum`.
    #[getter]
    fn sum<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.sum(py)
    }

    /// What the standard deviation is corrected by; see :func:`compute_stats`.
    #[getter]
    fn ddof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.stats.ddof(py)
    }

    /// The statistics of the elements of both: of the groups that either has.
    ///
    /// Parameters
    /// ----------
    /// other : GroupedStats
    ///     With labels of the same sort, and of the same shape but for the number of groups.
    ///
    /// Returns
    /// -------
    /// GroupedStats
    ///     A new one, with the ``ddof`` of this one. If the labels differ, they are in ascending order.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the labels or the shapes do not fit together.
    ///
    /// Examples
    /// --------
    /// >>> import rust_numpy_example as rne
    /// >>> g = rne.compute_stats([1, 2], by=[0, 7]).merge(rne.compute_stats([5], by=[7]))
    /// >>> g.groups.tolist(), g.max.tolist()
    /// ([0, 7], [1, 5])
    fn merge(&self, other: Argument<Bound<'_, GroupedStats>>) -> PyResult<GroupedStats> {
        guard(|| {
            let arg = Arg::new("GroupedStats.merge", "other");
            let other = other.get(arg, "GroupedStats")?;
            self.merged(other.get(), arg, other.py())
        })
    }

    fn __add__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let py = other.py();
            let Ok(other) = other.cast::<GroupedStats>() else {
                return Ok(py.NotImplemented().into_bound(py));
            };
            self.merged(other.get(), Arg::new("GroupedStats.__add__", "other"), py)?.into_bound_py_any(py)
        })
    }

    // `sum` starts with 0.
    fn __radd__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| match other.is_exact_instance_of::<PyInt>() && other.eq(0)? {
            true => Ok(slf.clone().into_any()),
            false => Ok(slf.py().NotImplemented().into_bound(slf.py())),
        })
    }

    /// The same as a dict of columns.
    ///
    /// Returns
    /// -------
    /// dict
    ///     With the keys ``group``, ``count``, ``mean``, ``std``, ``min`` and ``max``, each a list.
    ///
    /// Examples
    /// --------
    /// >>> import rust_numpy_example as rne
    /// >>> rne.compute_stats([1, 3, 2], by=[True, False, True]).to_dict()["mean"]
    /// [3.0, 1.5]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(|| {
            let dict = PyDict::new(py);
            dict.set_item("group", self.labels(py)?)?;
            for key in KEYS {
                let array = self.stats.item(py, key).expect("one of the keys")?;
                let array = numpy(py, "moveaxis")?.call1((array, self.axis, 0))?;
                dict.set_item(key, array.call_method0("tolist")?)?;
            }
            Ok(dict)
        })
    }

    /// A small table: a row for each group, the first and last of many.
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<String> {
        guard(|| {
            let (py, this) = (slf.py(), slf.get());
            let escape = py.import("html")?.getattr("escape")?;
            let labels = this.labels(py)?;
            let columns = KEYS
                .iter()
                .map(|key| {
                    let array = this.stats.item(py, key).expect("one of the keys")?;
                    numpy(py, "moveaxis")?.call1((array, this.axis, 0))
                })
                .collect::<PyResult<Vec<_>>>()?;
            let heads: String = KEYS.iter().map(|key| format!("<th scope=\"col\">{key}</th>")).collect();
            let count = this.groups.bind(py).len()?;
            let mut rows = String::new();
            for index in 0..count {
                if count > SHOWN && (SHOWN / 2..count - SHOWN / 2).contains(&index) {
                    if index == SHOWN / 2 {
                        rows += "<tr><th scope=\"row\">…</th><td colspan=\"5\"></td></tr>";
                    }
                    continue;
                }
                let label = escape.call1((labels.get_item(index)?.str()?,))?;
                rows += &format!("<tr><th scope=\"row\">{label}</th>");
                for column in &columns {
                    let value = column.get_item(index)?;
                    let text = match value.getattr("ndim")?.extract::<usize>()? {
                        0 => value.call_method0("item")?.repr()?.to_string(),
                        _ => range(&value)?,
                    };
                    rows += &format!("<td>{text}</td>");
                }
                rows += "</tr>";
            }
            let caption = match this.stats.shape() {
                [_] => format!("GroupedStats of {count} groups"),
                shape => format!("GroupedStats of {count} groups, shape {}", Shape(shape)),
            };
            Ok(format!(
                "<table><caption>{caption}</caption><thead><tr><th scope=\"col\">group</th>{heads}</tr></thead>\
                 <tbody>{rows}</tbody></table>"
            ))
        })
    }

    /// The memory that this takes, in bytes.
    fn __sizeof__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        guard(|| {
            let own: usize = slf.py().get_type::<PyAny>().call_method1("__sizeof__", (slf,))?.extract()?;
            Ok(own + slf.get().stats.bytes())
        })
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<Stats> {
        guard(|| self.item(key)?.ok_or_else(|| PyKeyError::new_err(key.clone().unbind())))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        guard(|| self.groups.bind(py).len())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| Ok(self.labels(py)?.try_iter()?.into_any()))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        guard(|| self.places(key.py())?.contains(key))
    }

    /// The labels, as keys of a dict.
    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "KeysView")?.call1((slf,)))
    }

    /// The Stats of each group, as values of a dict.
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "ValuesView")?.call1((slf,)))
    }

    /// Pairs of label and Stats, as items of a dict.
    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| abc(slf.py(), "ItemsView")?.call1((slf,)))
    }

    /// The Stats of a label, or ``default`` if there is no such label.
    #[pyo3(signature = (key, default=None, /))]
    fn get<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        guard(|| match self.item(key)? {
            Some(stats) => stats.into_bound_py_any(key.py()).map(Some),
            None => Ok(default),
        })
    }

    fn __eq__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let py = other.py();
            let Ok(other) = other.cast::<GroupedStats>() else {
                return Ok(py.NotImplemented().into_bound(py));
            };
            let other = other.get();
            let is_same = self.axis == other.axis
                && numpy(py, "array_equal")?.call1((&self.groups, &other.groups))?.is_truthy()?
                && self.stats.equals(&other.stats);
            is_same.into_bound_py_any(py)
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| {
            let mut text = format!("GroupedStats(groups={}", self.groups.bind(py).repr()?.to_cow()?);
            for key in KEYS {
                let value = self.stats.item(py, key).expect("one of the keys")?;
                text += &format!(", {key}={}", value.repr()?.to_cow()?);
            }
            Ok(text + ")")
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let (py, this) = (slf.py(), slf.get());
            let partial = py.import("functools")?.getattr("partial")?;
            let arguments = PyDict::new(py);
            let stats = this.stats.copied().into_bound_py_any(py)?;
            arguments.set_item("_state", (&this.groups, stats, this.axis))?;
            let constructor = partial.call((slf.get_type(),), Some(&arguments))?;
            (constructor, PyTuple::empty(py)).into_bound_py_any(py)
        })
    }
}
