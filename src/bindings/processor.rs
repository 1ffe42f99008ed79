//! `DataProcessor`.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::argument::{Arg, Argument};
use super::array::{Input, Operand, Output};
use super::call::locked;
use super::error::Named;
use super::guard::guard;
use super::stats::Stats;
use crate::dtype::{DType, dispatch_real};
use crate::error::Result;
use crate::kernels::processor::{Buffer, Processor};
use crate::parallel::Work;

/// The class that is named in messages.
const NAME: &str = "DataProcessor";

/// Numbers that arrive bit by bit and leave as means of chunks.
///
/// Parameters
/// ----------
/// chunk_size : int
///     How many numbers make a chunk; at least 1.
///
/// Raises
/// ------
/// ValueError
///     If ``chunk_size`` is less than 1.
///
/// Notes
/// -----
/// The numbers are kept as float64 (8 bytes each, 16 once an integer beyond 2**53 has come) until they
/// leave. Means and statistics of integers are exact and rounded once, as those of :func:`compute_stats`.
/// Those of floats, also among integers, are summed with twice the digits of a float. Any number of threads
/// may use one object: each call is done as a whole, and none waits for the lock while it holds the
/// interpreter. It can be pickled.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> p = rne.DataProcessor(2)
/// >>> p.add_data([1.0, 3.0, 5.0])
/// >>> p.process_chunks()
/// array([2.])
/// >>> p
/// DataProcessor(chunk_size=2, buffered=1, added=3)
/// >>> p.stats().mean
/// 3.0
#[pyclass(frozen, module = "rust_numpy_example")]
pub struct DataProcessor {
    state: Mutex<Processor>,
}

impl DataProcessor {
    /// Does `body` with the state.
    #[inline]
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        cost: usize,
        operands: &[&dyn Operand],
        body: impl FnOnce(&mut Processor, &Work<'_>) -> Result<T> + Send,
    ) -> PyResult<T> {
        locked(py, NAME, &self.state, cost, operands, body)
    }

    /// How many numbers are in the buffer: what work on it costs.
    fn buffered(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, 0, &[], |state, _| Ok(state.len()))
    }
}

/// What pickles.
const STATE: Arg = Arg::new(NAME, "_state");

/// The buffer of a state that `DataProcessor.__reduce__` has made: an array, and what rounding took from it if
/// all are integers. One of an older version is an array alone.
fn restore(state: &Bound<'_, PyAny>) -> PyResult<Buffer> {
    let bad = || STATE.value_error("another tuple", "one that DataProcessor has made");
    let floats = |array: &Bound<'_, PyAny>| {
        let input = Input::new(STATE, array)?.cast(DType::F64)?;
        Ok::<Vec<f64>, PyErr>(input.view::<f64>().iter().copied().collect())
    };
    if !state.is_instance_of::<PyTuple>() {
        return Buffer::from_parts(floats(state)?, Vec::new(), false).ok_or_else(bad);
    }
    let parts: (Bound<'_, PyAny>, Bound<'_, PyAny>, bool) = state.extract().map_err(|_| bad())?;
    Buffer::from_parts(floats(&parts.0)?, floats(&parts.1)?, parts.2).ok_or_else(bad)
}

#[pymethods]
impl DataProcessor {
    #[new]
    #[pyo3(signature = (chunk_size, *, _state=None), text_signature = "(chunk_size)")]
    fn new(
        chunk_size: Argument<i64>,
        _state: Option<(Bound<'_, PyAny>, Bound<'_, Stats>)>,
    ) -> PyResult<Self> {
        guard(|| {
            const SIZES: &str = match isize::BITS {
                64 => "an int from 1 to 2**63 - 1",
                _ => "an int from 1 to 2**31 - 1",
            };
            let size = chunk_size.within(Arg::new(NAME, "chunk_size"), 1..=isize::MAX as i64, SIZES)?;
            let size = NonZeroUsize::new(size as usize).expect("at least 1");
            let state = match _state {
                None => Processor::new(size),
                Some((buffer, total)) => {
                    let (buffer, total) = (restore(&buffer)?, total.get().moments()?);
                    Processor::with_state(size, buffer, total).named(NAME)?
                }
            };
            Ok(DataProcessor { state: Mutex::new(state) })
        })
    }

    /// How many numbers make a chunk.
    #[getter]
    fn chunk_size(&self, py: Python<'_>) -> PyResult<usize> {
        guard(|| self.with(py, 0, &[], |state, _| Ok(state.chunk_size())))
    }

    /// Add numbers to the buffer.
    ///
    /// Parameters
    /// ----------
    /// values : array_like
    ///     Any bool, integer or float dtype up to 64 bits, any shape (added in C order) and layout.
    ///     An array is read in place, without a Python object for each number. Integers are exact.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If ``values`` is complex or not numeric; then nothing is added.
    fn add_data(&self, py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let input = Input::real(Arg::new("DataProcessor.add_data", "values"), values)?;
            dispatch_real!(input.dtype(), T => {
                let elements = input.elements::<T>();
                self.with(py, input.len(), &[&input], move |state, _| state.add(elements))
            }, complex => unreachable!("complex input is refused"))
        })
    }

    /// Take the full chunks out of the buffer.
    ///
    /// Returns
    /// -------
    /// ndarray of float64
    ///     The mean of each full chunk, oldest first. What is left stays in the buffer. A chunk of integers has
    ///     the exact mean rounded once; one of floats has a mean as if summed with twice the digits, finite
    ///     where all numbers are.
    fn process_chunks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            let means = self.with(py, 0, &[], |state, _| Ok(state.process()))?;
            Output::of(py, NAME, &[means.len()], means.iter().copied())
        })
    }

    /// Statistics of what is in the buffer.
    ///
    /// Returns
    /// -------
    /// tuple of int, float, float
    ///     Count, mean and population standard deviation; exact as those of :func:`compute_stats`, but that an
    ///     integer beyond 2**53 beside floats is rounded to one. An empty buffer has (0, 0.0, 0.0); in
    ///     :meth:`stats`, what has no value is NaN.
    fn get_statistics(&self, py: Python<'_>) -> PyResult<(u64, f64, f64)> {
        guard(|| {
            let cost = self.buffered(py)?;
            let moments = self.with(py, cost, &[], |state, work| state.buffered(work))?;
            Ok(match moments.count() {
                0 => (0, 0.0, 0.0),
                count => (count, moments.mean(), moments.std(0.0)),
            })
        })
    }

    /// Statistics of all numbers that were ever added, also those that have left.
    ///
    /// Returns
    /// -------
    /// Stats
    ///     As :func:`compute_stats` gives, with ``ddof=1``: what has no value is NaN.
    fn stats(&self, py: Python<'_>) -> PyResult<Stats> {
        guard(|| {
            let moments = self.with(py, 0, &[], |state, _| Ok(state.total()))?;
            Ok(Stats::one(moments, 1.0))
        })
    }

    /// Add what another one has: its buffer after this one's, and its statistics.
    ///
    /// Parameters
    /// ----------
    /// other : DataProcessor
    ///     It is not changed; its ``chunk_size`` does not matter.
    fn merge(&self, py: Python<'_>, other: Argument<Bound<'_, DataProcessor>>) -> PyResult<()> {
        guard(|| {
            let other = other.get(Arg::new("DataProcessor.merge", "other"), NAME)?;
            let other = other.get();
            let cost = other.buffered(py)?;
            // One lock after the other, never both: the other may be this one.
            let (buffer, total) = other.with(py, cost, &[], |state, _| state.state())?;
            self.with(py, cost, &[], |state, _| state.merge(&buffer, &total))
        })
    }

    /// Forget all numbers: those in the buffer and the statistics of all.
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        guard(|| {
            self.with(py, 0, &[], |state, _| {
                state.clear();
                Ok(())
            })
        })
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        guard(|| self.buffered(py))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| {
            self.with(py, 0, &[], |state, _| {
                let (chunk_size, buffered, added) = (state.chunk_size(), state.len(), state.total().count());
                Ok(format!("DataProcessor(chunk_size={chunk_size}, buffered={buffered}, added={added})"))
            })
        })
    }

    /// The memory that this takes, in bytes.
    fn __sizeof__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        guard(|| {
            let py = slf.py();
            let own: usize = py.get_type::<PyAny>().call_method1("__sizeof__", (slf,))?.extract()?;
            Ok(own + slf.get().with(py, 0, &[], |state, _| Ok(state.bytes()))?)
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        guard(|| {
            let py = slf.py();
            let this = slf.get();
            let cost = this.buffered(py)?;
            let (chunk_size, (buffer, total)) =
                this.with(py, cost, &[], |state, _| Ok((state.chunk_size(), state.state()?)))?;
            let numbers = buffer.all();
            let array = |values: &[f64]| Output::of(py, NAME, &[values.len()], values.iter().copied());
            let buffer = (array(numbers.values)?, array(numbers.lows)?, numbers.are_integers);
            let arguments = PyDict::new(py);
            arguments.set_item("_state", (buffer, Stats::one(total, 1.0)))?;
            let partial = py.import("functools")?.getattr("partial")?;
            Ok((partial.call((slf.get_type(), chunk_size), Some(&arguments))?, PyTuple::empty(py)))
        })
    }
}
