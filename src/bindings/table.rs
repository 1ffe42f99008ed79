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
    Arrays, Column, Dialect, FirstText, Header, Kinds, Observe, Query, Shown, Table,
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
/// histogram : bool, default False
///     Find how the numbers are spread.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_TableStats", frozen)]
pub struct TableStats(Mutex<Table>, Query);

#[pymethods]
impl TableStats {
    #[new]
    #[pyo3(signature = (
        delimiter=",", select=None, header=None, *, quoting=true, comment=None, skip=0, decimal='.', thousands=None,
        missing=vec![], skip_bad=false, quoted_text=false, distinct=false, top=0, histogram=false
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
    ) -> PyResult<Self> {
        guard(|| {
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
            let query = Query { dialect, header, select, observe: Observe { distinct, top, histogram } };
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

    /// End the text; return the statistics of the columns.
    #[pyo3(signature = (*, workers=None))]
    fn finish<'py>(&self, py: Python<'py>, workers: Workers) -> PyResult<Bound<'py, PyList>> {
        Call::new(py, "_TableStats.finish", usize::MAX)
            .workers(workers)?
            .run(|work| locked(&self.0)?.finish(work))?;
        guard(|| {
            PyList::new(
                py,
                locked(&self.0).named("_TableStats.finish")?.columns().iter().map(ColumnStats::from),
            )
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
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_ArrayStats", frozen)]
pub struct ArrayStats(Mutex<Arrays>);

#[pymethods]
impl ArrayStats {
    #[new]
    #[pyo3(signature = (names, *, distinct=false, top=0, histogram=false))]
    fn new(names: Vec<String>, distinct: bool, top: usize, histogram: bool) -> PyResult<Self> {
        guard(|| {
            let arrays = Arrays::new(names, Observe { distinct, top, histogram });
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

    /// Return the statistics of the columns.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        guard(|| {
            PyList::new(
                py,
                locked(&self.0).named("_ArrayStats.finish")?.finish().iter().map(ColumnStats::from),
            )
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
    sum: Option<i128>,
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
    histogram: Option<Box<Histogram>>,
}

impl From<&Column> for ColumnStats {
    fn from(column: &Column) -> Self {
        let moments = column.moments();
        let is_exact = moments.min().abs().max(moments.max().abs()) < 2.0 / f64::EPSILON;
        let more = More {
            kinds: column.kinds(),
            extremes: if is_exact { None } else { column.integer_extremes() },
            lengths: column.lengths(),
            times: column.times(),
            beyond: column.beyond(),
            first_text: column.first_text.clone(),
            distinct: column.distinct.as_ref().map(|distinct| distinct.count()),
            frequent: column.frequent.as_ref().map(|frequent| frequent.top()),
            histogram: column.histogram.clone(),
        };
        ColumnStats {
            name: column.name.clone(),
            missing: column.missing,
            moments,
            mean: column.mean(),
            var: column.var(),
            is_integer: column.is_integer(),
            sum: column.integer_sum(),
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
            None if self.is_integer => Ok((value as i64).into_pyobject(py)?.into_any()),
            None => Ok(value.into_pyobject(py)?.into_any()),
        }
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

    /// Their variance, with one less than their count in the denominator.
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
        guard(|| self.sum.map(|sum| py.get_type::<PyInt>().call1((sum.to_string(),))).transpose())
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
                    Shown::Number(value) if self.is_integer => (*value as i64).into_pyobject(py)?.into_any(),
                    Shown::Number(value) => value.into_pyobject(py)?.into_any(),
                    Shown::Text(text) => text.into_pyobject(py)?.into_any(),
                };
                Ok((value, *count))
            };
            Ok(Some((values.iter().map(shown).collect::<PyResult<Vec<_>>>()?, *low)))
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
