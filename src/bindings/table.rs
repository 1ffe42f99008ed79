//! The statistics behind the command line. Private: the names start with an underscore.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList};

use super::argument::{Arg, Workers};
use super::array::{Input, Operand};
use super::call::Call;
use super::error::{Named, malformed};
use super::guard::guard;
use super::stats::Stats;
use crate::dtype::{DType, Kind};
use crate::error::{Error, Result};
use crate::kernels::histogram::{Bins, Histogram};
use crate::kernels::stats::Moments;
use crate::kernels::table::{
    Arrays, Column, Dialect, FirstText, Found, Header, Kinds, MOST_PARTS, Numbers, Observe, Quantile,
    Quantiles, Query, Shown, State, Table,
};

/// Nanoseconds to read a byte of text, and to take in an element of an array.
const NS_PER_BYTE: usize = 2;

/// Statistics of the columns of delimited text, which is fed in blocks.
///
/// Parameters
/// ----------
/// delimiter : str, default ','
///     One ASCII character.
/// select : sequence of int, optional
///     The indices of the columns to keep; default: all.
/// header : bool, optional
///     Whether the first record holds names; default: unless all its fields are numbers.
/// quoting : bool, default True
///     Whether fields may be quoted, as in RFC 4180.
/// comment : str, optional
///     Lines that start with this character do not count.
/// skip : int, default 0
///     How many lines come before the first record.
/// decimal : {'.', ','}
///     What stands before the fraction of a number.
/// thousands : str, optional
///     What stands between groups of three digits of a number.
/// missing : sequence of bytes, optional
///     More words for "not available".
/// skip_bad : bool, default False
///     Leave out records with another number of fields than the first, and list them.
/// quoted_text : bool, default False
///     Fields in quotes are text or dates, whatever they look like, as those that ``_JsonRows`` writes.
/// distinct : bool, default False
///     Count the different values.
/// top : int, default 0
///     How many of the most frequent values to find.
/// quantiles : sequence of float, optional
///     The levels of the quantiles to find.
/// once : bool, default False
///     Whether the text can be read only once.
/// keys : int, optional
///     How many numbers may be kept for the quantiles, of all columns together.
/// several : bool, default False
///     Whether several texts are one table.
/// by : sequence of int, optional
///     The indices of columns whose fields make groups of rows: then only the groups have statistics.
/// weight : int, optional
///     The index of the column that holds the weights of the rows: numbers from 0 on. Not with ``by``.
/// histogram : bool, default False
///     Find how the numbers are spread.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_TableStats", frozen)]
pub struct TableStats(Mutex<Table>, Query);

#[pymethods]
impl TableStats {
    #[new]
    #[pyo3(signature = (
        delimiter=",", select=None, header=None, *, quoting=true, comment=None, skip=0, decimal='.', thousands=None,
        missing=vec![], skip_bad=false, quoted_text=false, distinct=false, top=0, histogram=false, quantiles=vec![],
        once=false, keys=None, several=false, by=vec![], weight=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        delimiter: &str,
        select: Option<Vec<usize>>,
        header: Option<bool>,
        quoting: bool,
        comment: Option<char>,
        skip: u64,
        decimal: char,
        thousands: Option<char>,
        missing: Vec<Vec<u8>>,
        skip_bad: bool,
        quoted_text: bool,
        distinct: bool,
        top: usize,
        histogram: bool,
        quantiles: Vec<f64>,
        once: bool,
        keys: Option<usize>,
        several: bool,
        by: Vec<usize>,
        weight: Option<usize>,
    ) -> PyResult<Self> {
        guard(|| {
            if by.len() > MOST_PARTS {
                let expected = format!("at most {MOST_PARTS} columns");
                return Err(Arg::new("_TableStats", "by").value_error(by.len(), expected));
            }
            if let (Some(index), false) = (weight, by.is_empty()) {
                return Err(Arg::new("_TableStats", "weight").value_error(index, "none with groups"));
            }
            let header = match header {
                None => Header::Auto,
                Some(true) => Header::Yes,
                Some(false) => Header::No,
            };
            let dialect = Dialect::new(delimiter).named("_TableStats")?;
            let byte = |name, character: char| {
                u8::try_from(character).ok().filter(u8::is_ascii).ok_or_else(|| {
                    Arg::new("_TableStats", name).value_error(format!("{character:?}"), "one ASCII character")
                })
            };
            let comment = comment.map(|comment| byte("comment", comment)).transpose()?;
            let thousands = thousands.map(|thousands| byte("thousands", thousands)).transpose()?;
            let decimal = byte("decimal", decimal)?;
            let dialect = Dialect {
                quoting,
                quoted_text,
                comment,
                skip,
                decimal,
                thousands,
                missing,
                skip_bad,
                ..dialect
            };
            let quantiles = quantiles_of("_TableStats", quantiles, once, keys)?;
            let observe = Observe { distinct, top, histogram };
            let query = Query { dialect, header, select, observe, quantiles, several, by, weight };
            Ok(TableStats(Mutex::new(Table::new(query.clone())), query))
        })
    }

    /// Return the names of the columns of a text that starts with ``data``, or None if it takes more to know.
    fn names(&self, data: &Bound<'_, PyBytes>) -> PyResult<Option<Vec<String>>> {
        guard(|| Ok(self.1.names(data.as_bytes()).named("_TableStats.names")?.map(|names| names.names)))
    }

    /// Take the next bytes of the text.
    #[pyo3(signature = (data, *, workers=None))]
    fn feed(&self, data: &Bound<'_, PyBytes>, workers: Workers) -> PyResult<()> {
        let bytes = data.as_bytes();
        Call::new(data.py(), "_TableStats.feed", NS_PER_BYTE.saturating_mul(bytes.len()))
            .workers(workers)?
            .run(move |work| locked(&self.0)?.feed(bytes, work))
    }

    /// End the text; another one may follow.
    #[pyo3(signature = (*, workers=None))]
    fn end_text(&self, py: Python<'_>, workers: Workers) -> PyResult<()> {
        Call::new(py, "_TableStats.end_text", usize::MAX)
            .workers(workers)?
            .run(|work| locked(&self.0)?.end_text(work))
    }

    /// End all texts; return whether they have to be fed again, for the quantiles.
    #[pyo3(signature = (*, workers=None))]
    fn again(&self, py: Python<'_>, workers: Workers) -> PyResult<bool> {
        Call::new(py, "_TableStats.again", usize::MAX)
            .workers(workers)?
            .run(|work| locked(&self.0)?.again(work))
    }

    /// End the text; return the statistics of the columns. With ``take`` they are kept no longer, and nothing more
    /// can come.
    #[pyo3(signature = (*, take=false, workers=None))]
    fn finish<'py>(&self, py: Python<'py>, take: bool, workers: Workers) -> PyResult<Bound<'py, PyList>> {
        Call::new(py, "_TableStats.finish", usize::MAX)
            .workers(workers)?
            .run(|work| locked(&self.0)?.finish(work))?;
        guard(|| {
            let mut table = locked(&self.0).named("_TableStats.finish")?;
            if take {
                // Each is freed as soon as it is done: there may be a million.
                return PyList::new(py, table.take().into_iter().map(|column| ColumnStats::from(&column)));
            }
            PyList::new(py, table.columns().iter().map(ColumnStats::from))
        })
    }

    /// The keys of the groups, each the fields that make it.
    fn group_keys(&self) -> PyResult<Vec<Vec<String>>> {
        guard(|| {
            let mut table = locked(&self.0).named("_TableStats.group_keys")?;
            let Some(groups) = table.groups() else { return Ok(Vec::new()) };
            let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            Ok((0..groups.count()).map(|index| groups.key(index).map(text).collect()).collect())
        })
    }

    /// The columns of which groups have statistics: name, how many fields are numbers, how many something else, and
    /// whether quantiles are left out because a float64 does not hold its integers.
    fn group_columns(&self) -> PyResult<Vec<(String, u64, u64, bool)>> {
        guard(|| {
            let mut table = locked(&self.0).named("_TableStats.group_columns")?;
            let Some(groups) = table.groups() else { return Ok(Vec::new()) };
            let columns = groups.names().zip(groups.totals());
            Ok(columns
                .map(|(name, (numbers, others, beyond))| (name.to_owned(), numbers, others, beyond))
                .collect())
        })
    }

    /// Return the statistics of the columns in a group.
    fn group<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyList>> {
        guard(|| {
            let arg = Arg::new("_TableStats.group", "index");
            let mut table = locked(&self.0).named("_TableStats.group")?;
            let Some(groups) = table.groups().filter(|groups| index < groups.count()) else {
                return Err(arg.value_error(index, "the index of a group"));
            };
            let names: Vec<String> = groups.names().map(str::to_owned).collect();
            let found = groups.group(index).named("_TableStats.group")?;
            let columns = names.into_iter().zip(found);
            PyList::new(
                py,
                columns
                    .map(|(name, (state, quantiles))| ColumnStats::of_group(name, state, quantiles))
                    .collect::<Vec<_>>(),
            )
        })
    }

    /// Whether there are no quantiles of groups: the numbers do not fit.
    #[getter]
    fn lacks_quantiles(&self) -> PyResult<bool> {
        guard(|| {
            let mut table = locked(&self.0).named("_TableStats.lacks_quantiles")?;
            Ok(table.groups().is_some_and(|groups| groups.lacks_quantiles()))
        })
    }

    /// The number of records so far, less the one with the names.
    #[getter]
    fn rows(&self) -> PyResult<u64> {
        guard(|| Ok(locked(&self.0).named("_TableStats.rows")?.rows()))
    }

    /// Whether the first record held names.
    #[getter]
    fn named(&self) -> PyResult<bool> {
        guard(|| Ok(locked(&self.0).named("_TableStats.named")?.is_named()))
    }

    /// Whether the first record was taken for names, but all of it are numbers and missing values.
    #[getter]
    fn doubtful(&self) -> PyResult<bool> {
        guard(|| Ok(locked(&self.0).named("_TableStats.doubtful")?.is_doubtful()))
    }

    /// How many records were left out.
    #[getter]
    fn rejected(&self) -> PyResult<u64> {
        guard(|| Ok(locked(&self.0).named("_TableStats.rejected")?.rejected()))
    }

    /// The line of the first quoted field that may have swallowed rows.
    #[getter]
    fn swallowed(&self) -> PyResult<Option<u64>> {
        guard(|| Ok(locked(&self.0).named("_TableStats.swallowed")?.swallowed()))
    }

    /// Return the records that were left out since the last call: line, column and reason of each.
    fn rejects(&self) -> PyResult<Vec<(u64, usize, String)>> {
        guard(|| {
            let rejects = locked(&self.0).named("_TableStats.rejects")?.take_rejects();
            Ok(rejects.into_iter().map(|(line, column, reason)| (line, column, malformed(reason))).collect())
        })
    }
}

/// Statistics of the columns of arrays, which come in blocks. NaN is a missing value.
///
/// Parameters
/// ----------
/// names : sequence of str
///     The names of the columns.
/// distinct : bool, default False
///     Count the different values.
/// top : int, default 0
///     How many of the most frequent values to find.
/// histogram : bool, default False
///     Find how the numbers are spread.
/// quantiles : sequence of float, optional
///     The levels of the quantiles to find.
/// once : bool, default False
///     Whether the elements come only once.
/// keys : int, optional
///     How many numbers may be kept for the quantiles, of all columns together.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_ArrayStats", frozen)]
pub struct ArrayStats(Mutex<Arrays>);

#[pymethods]
impl ArrayStats {
    #[new]
    #[pyo3(signature = (names, *, distinct=false, top=0, histogram=false, quantiles=vec![], once=false, keys=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        names: Vec<String>,
        distinct: bool,
        top: usize,
        histogram: bool,
        quantiles: Vec<f64>,
        once: bool,
        keys: Option<usize>,
    ) -> PyResult<Self> {
        guard(|| {
            let quantiles = quantiles_of("_ArrayStats", quantiles, once, keys)?;
            let arrays = Arrays::new(names, Observe { distinct, top, histogram }, &quantiles);
            Ok(ArrayStats(Mutex::new(arrays.named("_ArrayStats")?)))
        })
    }

    /// Take rows of some columns, of which ``first`` is the index of the first.
    #[pyo3(signature = (block, first=0, *, workers=None))]
    fn update(&self, block: &Bound<'_, PyAny>, first: usize, workers: Workers) -> PyResult<()> {
        guard(|| {
            let input = Input::real(Arg::new("_ArrayStats.update", "block"), block)?;
            let is_integer = matches!(input.dtype().kind(), Kind::Signed | Kind::Unsigned);
            // Of the integers, an int64 holds all but the largest.
            let input = match input.dtype() {
                DType::U64 => input,
                _ => input.cast(if is_integer { DType::I64 } else { DType::F64 })?,
            };
            let held: [&dyn Operand; 1] = [&input];
            let call = Call::new(block.py(), "_ArrayStats.update", NS_PER_BYTE.saturating_mul(input.len()))
                .workers(workers)?
                .holding(&held);
            if !is_integer {
                let view = input.view::<f64>();
                call.run(move |work| locked(&self.0)?.update(view, first, work))
            } else if input.dtype() == DType::U64 {
                let view = input.view::<u64>();
                call.run(move |work| locked(&self.0)?.update_integers(view, first, work))
            } else {
                let view = input.view::<i64>();
                call.run(move |work| locked(&self.0)?.update_integers(view, first, work))
            }
        })
    }

    /// End a pass; return the indices of the columns of which all elements have to come again, for their quantiles.
    #[pyo3(signature = (*, workers=None))]
    fn again(&self, py: Python<'_>, workers: Workers) -> PyResult<Vec<usize>> {
        Call::new(py, "_ArrayStats.again", usize::MAX)
            .workers(workers)?
            .run(|work| locked(&self.0)?.again(work))
    }

    /// Return the statistics of the columns. With ``take`` they are kept no longer.
    #[pyo3(signature = (*, take=false))]
    fn finish<'py>(&self, py: Python<'py>, take: bool) -> PyResult<Bound<'py, PyList>> {
        guard(|| {
            let mut arrays = locked(&self.0).named("_ArrayStats.finish")?;
            if take {
                let columns = arrays.take().named("_ArrayStats.finish")?;
                return PyList::new(py, columns.into_iter().map(|column| ColumnStats::from(&column)));
            }
            let columns = arrays.finish().named("_ArrayStats.finish")?;
            PyList::new(py, columns.iter().map(ColumnStats::from))
        })
    }
}

/// Statistics of a column.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_Column", frozen)]
pub struct ColumnStats {
    name: String,
    missing: u64,
    moments: Moments,
    mean: f64,
    var: f64,
    is_integer: bool,
    sum: Option<String>,
    /// What most columns do not have, apart: a table may have a million.
    more: Option<Box<More>>,
}

#[derive(Default, PartialEq)]
struct More {
    kinds: Kinds,
    /// As digits, where a float64 does not have them.
    extremes: Option<(String, String)>,
    lengths: Option<(u32, u32)>,
    times: Option<(String, String)>,
    beyond: u64,
    first_text: Option<FirstText>,
    distinct: Option<(u64, f64)>,
    frequent: Option<(Vec<(Shown, u64)>, u64)>,
    quantiles: Option<Found>,
    weight: Option<f64>,
    histogram: Option<Box<Histogram>>,
}

impl From<&Column> for ColumnStats {
    fn from(column: &Column) -> Self {
        let numbers = &column.numbers;
        let more = More {
            kinds: column.kinds(),
            lengths: column.lengths(),
            times: column.times(),
            first_text: column.first_text.clone(),
            distinct: column.distinct.as_ref().map(|distinct| distinct.count()),
            frequent: column.frequent.as_ref().map(|frequent| frequent.top()),
            histogram: numbers.histogram.clone(),
            quantiles: numbers.quantiles(),
            weight: numbers.weight(),
            ..More::default()
        };
        ColumnStats::new(column.name.clone(), column.missing, numbers, more)
    }
}

impl ColumnStats {
    /// A column of a group of rows.
    fn of_group(name: String, state: &State, quantiles: Option<Found>) -> Self {
        let kinds = Kinds { texts: state.others, ..Kinds::default() };
        ColumnStats::new(name, state.missing, &state.numbers, More { kinds, quantiles, ..More::default() })
    }

    fn new(name: String, missing: u64, numbers: &Numbers, more: More) -> Self {
        let moments = numbers.moments();
        let is_exact = moments.min().abs().max(moments.max().abs()) < 2.0 / f64::EPSILON;
        let extremes = if is_exact { None } else { numbers.integer_extremes() };
        let more = More { extremes, beyond: numbers.beyond(), ..more };
        ColumnStats {
            name,
            missing,
            moments,
            mean: numbers.mean(),
            var: numbers.var(),
            is_integer: numbers.is_integer(),
            sum: numbers.integer_sum().map(|sum| sum.to_string()),
            more: (more != More::default()).then(|| Box::new(more)),
        }
    }
}

impl ColumnStats {
    fn kinds(&self) -> Kinds {
        self.more.as_ref().map_or_else(Kinds::default, |more| more.kinds)
    }

    /// An extreme, as an int if the column holds integers.
    fn extreme<'py>(
        &self,
        py: Python<'py>,
        value: f64,
        digits: impl Fn(&(String, String)) -> &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.more.as_ref().and_then(|more| more.extremes.as_ref()) {
            Some(extremes) => py.get_type::<PyInt>().call1((digits(extremes),)),
            None => self.number(py, value),
        }
    }

    /// A number, as an int if the column holds integers.
    fn number<'py>(&self, py: Python<'py>, value: f64) -> PyResult<Bound<'py, PyAny>> {
        if !self.is_integer {
            return Ok(value.into_pyobject(py)?.into_any());
        }
        if value.abs() < 2.0 / f64::EPSILON {
            return Ok((value as i64).into_pyobject(py)?.into_any());
        }
        py.get_type::<PyInt>().call1((value,))
    }
}

#[pymethods]
impl ColumnStats {
    /// Its name.
    #[getter]
    fn name(&self) -> PyResult<&str> {
        guard(|| Ok(self.name.as_str()))
    }

    /// How many fields are numbers.
    #[getter]
    fn numbers(&self) -> PyResult<u64> {
        guard(|| Ok(self.moments.count()))
    }

    /// The state of the numbers, to be merged with that of others.
    #[getter]
    fn stats(&self) -> PyResult<Stats> {
        guard(|| Ok(Stats::one(self.moments.any(), 1.0)))
    }

    /// How many fields are neither numbers nor missing.
    #[getter]
    fn texts(&self) -> PyResult<u64> {
        guard(|| Ok(self.kinds().total()))
    }

    /// How many of these are ``true``, and how many ``false``.
    #[getter]
    fn booleans(&self) -> PyResult<(u64, u64)> {
        guard(|| Ok(self.kinds().booleans.into()))
    }

    /// How many of these are dates, and how many have a time of day as well.
    #[getter]
    fn dates(&self) -> PyResult<(u64, u64)> {
        guard(|| Ok((self.kinds().dates, self.kinds().timestamps)))
    }

    /// How many of those with a time of day say how far they are from UTC.
    #[getter]
    fn zoned(&self) -> PyResult<u64> {
        guard(|| Ok(self.kinds().zoned))
    }

    /// How many fields are missing.
    #[getter]
    fn missing(&self) -> PyResult<u64> {
        guard(|| Ok(self.missing))
    }

    /// Whether all numbers are written as integers.
    #[getter]
    fn is_integer(&self) -> PyResult<bool> {
        guard(|| Ok(self.is_integer))
    }

    /// The mean of the numbers; NaN without one, as what follows.
    #[getter]
    fn mean(&self) -> PyResult<f64> {
        guard(|| Ok(self.mean))
    }

    /// What they weigh together, or None without weights.
    #[getter]
    fn weight(&self) -> PyResult<Option<f64>> {
        guard(|| Ok(self.more.as_ref().and_then(|more| more.weight)))
    }

    /// Their variance, with one less than their count, or what they weigh, in the denominator.
    #[getter]
    fn var(&self) -> PyResult<f64> {
        guard(|| Ok(self.var))
    }

    /// Their standard deviation, likewise.
    #[getter]
    fn std(&self) -> PyResult<f64> {
        guard(|| Ok(self.var.sqrt()))
    }

    /// The smallest: an int, if all are integers.
    #[getter]
    fn min<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extreme(py, self.moments.min(), |extremes| &extremes.0))
    }

    /// The largest.
    #[getter]
    fn max<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| self.extreme(py, self.moments.max(), |extremes| &extremes.1))
    }

    /// Their sum if all are integers and it is exact, or None.
    #[getter]
    fn sum<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guard(|| self.sum.as_ref().map(|sum| py.get_type::<PyInt>().call1((sum,))).transpose())
    }

    /// How many numbers are beyond the range of float64, and became infinity or zero.
    #[getter]
    fn beyond(&self) -> PyResult<u64> {
        guard(|| Ok(self.more.as_ref().map_or(0, |more| more.beyond)))
    }

    /// The shortest and the longest of what is not a number, in characters.
    #[getter]
    fn lengths(&self) -> PyResult<Option<(u32, u32)>> {
        guard(|| Ok(self.more.as_ref().and_then(|more| more.lengths)))
    }

    /// The first and the last date or timestamp, as ISO 8601 has them.
    #[getter]
    fn times(&self) -> PyResult<Option<(String, String)>> {
        guard(|| Ok(self.more.as_ref().and_then(|more| more.times.clone())))
    }

    /// How many different values there are, and the relative standard error of that: 0 if it is exact.
    #[getter]
    fn distinct(&self) -> PyResult<Option<(u64, f64)>> {
        guard(|| Ok(self.more.as_ref().and_then(|more| more.distinct)))
    }

    /// The most frequent values and their counts, and by how much a count may be too low.
    #[getter]
    #[allow(clippy::type_complexity)]
    fn top<'py>(&self, py: Python<'py>) -> PyResult<Option<(Vec<(Bound<'py, PyAny>, u64)>, u64)>> {
        guard(|| {
            let Some((values, low)) = self.more.as_ref().and_then(|more| more.frequent.as_ref()) else {
                return Ok(None);
            };
            let shown = |(shown, count): &(Shown, u64)| {
                let value = match shown {
                    Shown::Number(value) => self.number(py, *value)?,
                    Shown::Text(text) => text.into_pyobject(py)?.into_any(),
                };
                Ok((value, *count))
            };
            Ok(Some((values.iter().map(shown).collect::<PyResult<Vec<_>>>()?, *low)))
        })
    }

    /// The quantiles, each as the numbers below and above and the weight of the second, and the error of their
    /// ranks, as a share of the count: 0 if they are exact. None if they are not known.
    #[getter]
    #[allow(clippy::type_complexity)]
    fn quantiles<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>, f64)>, f64)>> {
        guard(|| {
            let found = self.more.as_ref().and_then(|more| more.quantiles.as_ref());
            let Some(Found::Values(quantiles, error)) = found else { return Ok(None) };
            let number = |shown: &Shown| match shown {
                Shown::Number(value) => self.number(py, *value),
                Shown::Text(digits) => py.get_type::<PyInt>().call1((digits,)),
            };
            let parts = |q: &Quantile| Ok((number(&q.lower)?, number(&q.upper)?, q.weight));
            Ok(Some((quantiles.iter().map(parts).collect::<PyResult<_>>()?, *error)))
        })
    }

    /// Whether there are quantiles that were asked for and left out: too many columns come only once; or with
    /// weights, numbers that come only once and do not fit, or integers that a float64 does not hold.
    #[getter]
    fn lacks_quantiles(&self) -> PyResult<bool> {
        guard(|| {
            let found = self.more.as_ref().and_then(|more| more.quantiles.as_ref());
            Ok(found == Some(&Found::TooMany))
        })
    }

    /// Return the start of a histogram of at most ``most`` bins, how wide they are (of integers, 1 or more), and
    /// how many numbers are in each; None if it was not asked for.
    fn histogram(&self, most: usize) -> PyResult<Option<(f64, f64, Vec<u64>)>> {
        guard(|| {
            let histogram = self.more.as_ref().and_then(|more| more.histogram.as_ref());
            let least = if self.is_integer { 1.0 } else { 0.0 };
            Ok(histogram.map(|histogram| {
                let Bins { start, width, counts } = histogram.bins(most, least);
                (start, width, counts)
            }))
        })
    }

    /// The first text, shortened.
    #[getter]
    fn first_text(&self) -> PyResult<Option<&str>> {
        guard(|| {
            Ok(self.more.as_ref().and_then(|more| more.first_text.as_ref()).map(|first| first.text.as_str()))
        })
    }

    /// The line on which the row of the first text starts.
    #[getter]
    fn first_text_line(&self) -> PyResult<Option<u64>> {
        guard(|| Ok(self.more.as_ref().and_then(|more| more.first_text.as_ref()).map(|first| first.line)))
    }
}

/// Never blocks: the thread that holds the lock may be waiting for the interpreter, which the caller holds.
fn locked<T>(state: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    state.try_lock().map_err(|_| Error::Busy)
}

/// What is asked of quantiles.
fn quantiles_of(
    function: &'static str,
    levels: Vec<f64>,
    once: bool,
    keys: Option<usize>,
) -> PyResult<Quantiles> {
    if let Some(level) = levels.iter().find(|level| !(0.0..=1.0).contains(*level)) {
        return Err(Arg::new(function, "quantiles").value_error(level, "levels from 0 to 1"));
    }
    let default = Quantiles::default();
    Ok(Quantiles { levels, once, keys: keys.unwrap_or(default.keys), ..default })
}
