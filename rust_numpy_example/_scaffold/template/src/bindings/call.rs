//! The one door for work, [`Call::run`].
//!
//! - A panic becomes `InternalError`, see `guard`.
//! - Above a cost the interpreter is released, and the calling thread takes it back every few
//!   milliseconds to run signal handlers: Ctrl-C stops the work.
//! - The arrays in use are pinned: as long as a weak reference to it exists, NumPy refuses to
//!   resize an array, and so its memory stays where it is.

use std::sync::Mutex;

use pyo3::prelude::*;

use super::argument::{Workers, threads};
use super::array::{Operand, check_unmoved, pin};
use super::error::exception;
use super::guard::{caught, guard};
use crate::error::Result;
use crate::parallel::{Interrupt, Work, num_threads};

/// A cost, in nanoseconds of one thread, above which the interpreter is released.
const DETACH: usize = 10_000;

/// A cost, in nanoseconds of one thread, above which other threads are started where the caller does not say.
const THREADS: usize = 500_000;

/// A piece of work about to be done.
pub struct Call<'a, 'py> {
    py: Python<'py>,
    function: &'static str,
    cost: usize,
    workers: Option<usize>,
    operands: &'a [&'a dyn Operand],
}

impl<'a, 'py> Call<'a, 'py> {
    /// Work of `function` that takes about `cost` nanoseconds on one thread.
    pub fn new(py: Python<'py>, function: &'static str, cost: usize) -> Self {
        Call { py, function, cost, workers: None, operands: &[] }
    }

    /// The `workers` argument of the caller.
    pub fn workers(self, workers: Workers) -> PyResult<Self> {
        Ok(Call { workers: threads(self.function, workers)?, ..self })
    }

    /// The arrays that the work reads.
    pub fn holding(self, operands: &'a [&'a dyn Operand]) -> Self {
        Call { operands, ..self }
    }

    /// Does the work: small work at once, larger work with the interpreter released.
    pub fn run<T: Send>(self, body: impl FnOnce(&Work<'_>) -> Result<T> + Send) -> PyResult<T> {
        let Call { py, function, cost, workers, operands } = self;
        if cost < DETACH {
            let result = guard(|| body(&Work::serial()).map_err(|error| exception(function, error)))?;
            check_unmoved(function, operands)?;
            return Ok(result);
        }
        let workers = workers.unwrap_or_else(|| if cost < THREADS { 1 } else { num_threads() });
        let _pins = pin(function, operands)?;
        let signals = Signals::default();
        let result = py.detach(|| caught(|| body(&Work::interruptible(workers, &signals))));
        // What a signal handler raised wins over the error it caused.
        if let Some(raised) = signals.take() {
            return Err(raised);
        }
        let result = result?.map_err(|error| exception(function, error))?;
        check_unmoved(function, operands)?;
        Ok(result)
    }
}

/// Runs Python's signal handlers and keeps what they raise.
#[derive(Default)]
struct Signals(Mutex<Option<PyErr>>);

impl Signals {
    fn take(self) -> Option<PyErr> {
        self.0.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Interrupt for Signals {
    fn pending(&self) -> bool {
        Python::attach(|py| match py.check_signals() {
            Ok(()) => false,
            Err(raised) => {
                *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(raised);
                true
            }
        })
    }
}
