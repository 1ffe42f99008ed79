//! The statistics behind the command line. Private: the names start with an underscore.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::argument::{Arg, Workers};
use super::array::Input;
use super::call::Call;
use super::error::Named;
use super::guard::guard;
use super::stats::Stats;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::stats::Moments;
use crate::kernels::table::{Arrays, Column, FirstText, Header, Table};

/// Nanoseconds to read a byte of text, and to take in an element of an array.
const NS_PER_BYTE: usize = 2;

/// Statistics of the columns of delimited text, which is fed in blocks.
///
/// Parameters
/// ----------
/// delimiter : str, default ','
///     One ASCII character.
/// select : sequence of str, optional
///     The names of the columns to keep; default: all.
/// header : bool, optional
///     Whether the first record holds names; default: unless all its fields are numbers.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_TableStats", frozen)]
pub struct TableStats(Mutex<Table>);

#[pymethods]
impl TableStats {
    #[new]
    #[pyo3(signature = (delimiter=",", select=None, header=None))]
    fn new(delimiter: &str, select: Option<Vec<String>>, header: Option<bool>) -> PyResult<Self> {
        guard(|| {
            let header = match header {
                None => Header::Auto,
                Some(true) => Header::Yes,
                Some(false) => Header::No,
            };
            Ok(TableStats(Mutex::new(Table::new(delimiter, header, select).named("_TableStats")?)))
        })
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
}

/// Statistics of the columns of arrays, which come in blocks. NaN is a missing value.
///
/// Parameters
/// ----------
/// names : sequence of str
///     The names of the columns.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_ArrayStats", frozen)]
pub struct ArrayStats(Mutex<Arrays>);

#[pymethods]
impl ArrayStats {
    #[new]
    #[pyo3(signature = (names))]
    fn new(names: Vec<String>) -> PyResult<Self> {
        guard(|| Ok(ArrayStats(Mutex::new(Arrays::new(names).named("_ArrayStats")?))))
    }

    /// Take rows of some columns, of which ``first`` is the index of the first.
    #[pyo3(signature = (block, first=0, *, workers=None))]
    fn update(&self, block: &Bound<'_, PyAny>, first: usize, workers: Workers) -> PyResult<()> {
        guard(|| {
            let input = Input::real(Arg::new("_ArrayStats.update", "block"), block)?.cast(DType::F64)?;
            let view = input.view::<f64>();
            Call::new(block.py(), "_ArrayStats.update", NS_PER_BYTE.saturating_mul(input.len()))
                .workers(workers)?
                .holding(&[&input])
                .run(move |work| locked(&self.0)?.update(view, first, work))
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
    texts: u64,
    missing: u64,
    moments: Moments,
    first_text: Option<FirstText>,
}

impl From<&Column> for ColumnStats {
    fn from(column: &Column) -> Self {
        ColumnStats {
            name: column.name.clone(),
            texts: column.texts,
            missing: column.missing,
            moments: *column.moments(),
            first_text: column.first_text.clone(),
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

    /// How many fields are text.
    #[getter]
    fn texts(&self) -> PyResult<u64> {
        guard(|| Ok(self.texts))
    }

    /// How many fields are missing.
    #[getter]
    fn missing(&self) -> PyResult<u64> {
        guard(|| Ok(self.missing))
    }

    /// The mean of the numbers; NaN without one, as what follows.
    #[getter]
    fn mean(&self) -> PyResult<f64> {
        guard(|| Ok(self.moments.mean()))
    }

    /// Their standard deviation, with one less than their count in the denominator.
    #[getter]
    fn std(&self) -> PyResult<f64> {
        guard(|| Ok(self.moments.std(1.0)))
    }

    /// The smallest.
    #[getter]
    fn min(&self) -> PyResult<f64> {
        guard(|| Ok(self.moments.min()))
    }

    /// The largest.
    #[getter]
    fn max(&self) -> PyResult<f64> {
        guard(|| Ok(self.moments.max()))
    }

    /// The first text, shortened.
    #[getter]
    fn first_text(&self) -> PyResult<Option<&str>> {
        guard(|| Ok(self.first_text.as_ref().map(|first| first.text.as_str())))
    }

    /// The line on which the row of the first text starts.
    #[getter]
    fn first_text_line(&self) -> PyResult<Option<u64>> {
        guard(|| Ok(self.first_text.as_ref().map(|first| first.line)))
    }
}

/// Never blocks: the thread that holds the lock may be waiting for the interpreter, which the caller holds.
fn locked<T>(state: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    state.try_lock().map_err(|_| Error::Busy)
}
