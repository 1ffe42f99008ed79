//! Objects of JSON for the command line. Private: the name starts with an underscore.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::call::{Call, locked};
use super::error::malformed;
use super::guard::guard;
use crate::error::{Error, Result};
use crate::kernels::table::{JsonForm, JsonRows as Rows};

/// The class that is named in messages.
const NAME: &str = "_JsonRows";

/// Makes records of delimited text of objects of JSON, for ``_TableStats`` with ``quoted_text``.
///
/// Parameters
/// ----------
/// keys : sequence of str, optional
///     The columns. Without them, the keys are learnt and no records are made.
/// is_array : bool, default False
///     The objects are the elements of one array; otherwise they stand one a line.
/// missing : sequence of bytes, optional
///     Texts that stand for no value.
/// skip_bad : bool, default False
///     Leave out what is no object, and list it.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_JsonRows", frozen)]
pub struct JsonRows(Mutex<Rows>);

impl JsonRows {
    fn with<T: Send>(&self, py: Python<'_>, body: impl FnOnce(&mut Rows) -> Result<T> + Send) -> PyResult<T> {
        locked(py, NAME, &self.0, 0, &[], |rows, _| body(rows))
    }
}

#[pymethods]
impl JsonRows {
    #[new]
    #[pyo3(signature = (keys=None, *, is_array=false, missing=vec![], skip_bad=false))]
    fn new(
        py: Python<'_>,
        keys: Option<Vec<String>>,
        is_array: bool,
        missing: Vec<Vec<u8>>,
        skip_bad: bool,
    ) -> PyResult<Self> {
        guard(|| {
            let form = JsonForm { is_array, missing, skip_bad };
            Ok(JsonRows(Mutex::new(Call::new(py, NAME, 0).run(|_| Rows::new(form, keys))?)))
        })
    }

    /// The keys in the order of their first appearance.
    #[getter]
    fn keys(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        guard(|| self.with(py, |rows| Ok(rows.keys().collect())))
    }

    /// The keys of which values are arrays or objects, how many, and the line of the first.
    #[getter]
    fn nested(&self, py: Python<'_>) -> PyResult<Vec<(String, u64, u64)>> {
        let nested = |rows: &mut Rows| {
            let with_key = rows.keys().zip(rows.nested());
            Ok(with_key.filter_map(|(key, nested)| nested.map(|n| (key, n.count, n.line))).collect())
        };
        guard(|| self.with(py, nested))
    }

    /// The first key that is none of the columns, and its line.
    #[getter]
    fn late(&self, py: Python<'_>) -> PyResult<Option<(String, u64)>> {
        guard(|| self.with(py, |rows| Ok(rows.late().cloned())))
    }

    /// How many objects were left out.
    #[getter]
    fn rejected(&self, py: Python<'_>) -> PyResult<u64> {
        guard(|| self.with(py, |rows| Ok(rows.rejected())))
    }

    /// Return the record with the names of the columns.
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guard(|| Ok(PyBytes::new(py, &self.with(py, |rows| rows.header())?)))
    }

    /// Take the next bytes of the text.
    fn feed(&self, py: Python<'_>, data: &Bound<'_, PyBytes>) -> PyResult<()> {
        let data = data.as_bytes();
        guard(|| self.with(py, |rows| rows.feed(data)))
    }

    /// Say that the text has ended.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        guard(|| {
            self.with(py, |rows| {
                rows.end();
                Ok(())
            })
        })
    }

    /// Return some more records, none if that takes more text.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guard(|| {
            let rows = Call::new(py, NAME, usize::MAX)
                .run(|work| self.0.try_lock().map_err(|_| Error::Busy)?.rows(work))?;
            Ok(PyBytes::new(py, &rows))
        })
    }

    /// Return what was left out since the last call: line, byte of the line and reason of each.
    fn rejects(&self, py: Python<'_>) -> PyResult<Vec<(u64, usize, String)>> {
        guard(|| {
            let rejects = self.with(py, |rows| Ok(rows.take_rejects()))?;
            Ok(rejects.into_iter().map(|(line, byte, reason)| (line, byte, malformed(reason))).collect())
        })
    }
}
