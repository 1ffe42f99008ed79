//! The one door for work, [`Call::run`].
//!
//! - A panic becomes `InternalError`, see `guard`.
//! - Above a cost the interpreter is released, and the calling thread takes it back every few
//!   milliseconds to run signal handlers: Ctrl-C stops the work.
//! - The arrays in use are pinned: as long as a weak reference to it exists, NumPy refuses to
//!   resize an array, and so its memory stays where it is.

use std::sync::{Mutex, TryLockError};

use pyo3::prelude::*;

use super::argument::{Workers, threads};
use super::array::{Operand, check_unmoved, pin};
use super::error::{Named, exception};
use super::guard::{caught, guard};
use crate::error::Result;
use crate::parallel::{self, Interrupt, Work};

/// A cost, in nanoseconds of one thread, above which the interpreter is released. Giving it up
/// and taking it back costs about 0.1 microseconds, when nobody waits for it.
const DETACH: usize = 10_000;

/// A cost, in nanoseconds of one thread, above which other threads are woken where the caller
/// does not say. To wake a thread costs 5 to 100 microseconds.
const THREADS: usize = 150_000;

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

    /// A simple loop over so many elements, each of which takes a tenth to a half of a nanosecond.
    pub fn elements(py: Python<'py>, function: &'static str, count: usize) -> Self {
        Self::new(py, function, count / 4)
    }

    /// The `workers` argument of the caller.
    pub fn workers(self, workers: Workers) -> PyResult<Self> {
        let workers = threads(self.function, workers)?;
        Ok(self.threads(workers))
    }

    /// The same, if it has been looked at ([`threads`]).
    pub fn threads(self, workers: Option<usize>) -> Self {
        Call { workers, ..self }
    }

    /// The arrays that the work reads and writes.
    pub fn holding(self, operands: &'a [&'a dyn Operand]) -> Self {
        Call { operands, ..self }
    }

    /// Does the work: small work at once, larger work with the interpreter released.
    #[inline]
    pub fn run<T: Send>(self, body: impl FnOnce(&Work<'_>) -> Result<T> + Send) -> PyResult<T> {
        let Call { function, operands, .. } = self;
        if self.cost < DETACH {
            let result = guard(|| once(body, &Work::serial()).named(function))?;
            check_unmoved(function, operands)?;
            return Ok(result);
        }
        let (mut body, mut result) = (Some(body), None);
        self.run_detached(&mut |work| {
            result = body.take().map(|body| once(body, work)).transpose()?;
            Ok(())
        })?;
        Ok(result.expect("work without an error has a result"))
    }

    /// Compiled once: each of hundreds of calls would bring its own copy.
    fn run_detached(self, body: &mut (dyn FnMut(&Work<'_>) -> Result<()> + Send)) -> PyResult<()> {
        let workers = match self.workers {
            Some(workers) => workers,
            None if self.cost < THREADS => parallel::num_threads_of_short_call(),
            None => parallel::num_threads(),
        };
        let _pins = pin(self.function, self.operands)?;
        let signals = Signals::default();
        let result = self.py.detach(|| caught(|| body(&Work::interruptible(workers, &signals))));
        parallel::call_ended();
        // What a signal handler raised wins over the error it caused.
        if let Some(raised) = signals.take() {
            return Err(raised);
        }
        result?.map_err(|error| exception(self.function, error))?;
        check_unmoved(self.function, self.operands)
    }
}

/// Work of this many elements and more waits for the lock of a state, and is done, without the interpreter.
const LOCK_DETACHED: usize = 20_000;

/// Does `body` with the state of an object. Small work is done at once if nobody else is at it; else the
/// interpreter is released first and the lock taken second. The work is not interruptible: a signal
/// handler is Python code that might use this object, and would wait for ever.
#[inline]
pub fn locked<S: Send, T: Send>(
    py: Python<'_>,
    function: &'static str,
    state: &Mutex<S>,
    elements: usize,
    operands: &[&dyn Operand],
    body: impl FnOnce(&mut S, &Work<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let at_once = |result: Result<T>| {
        let result = result.named(function)?;
        check_unmoved(function, operands)?;
        Ok(result)
    };
    if elements < LOCK_DETACHED {
        match state.try_lock() {
            Ok(mut state) => return at_once(body(&mut state, &Work::serial())),
            Err(TryLockError::Poisoned(state)) => {
                return at_once(body(&mut state.into_inner(), &Work::serial()));
            }
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Call::new(py, function, elements.max(LOCK_DETACHED)).holding(operands).run(|work| {
        let mut state = state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        body(&mut state, &Work::with_threads(work.workers()))
    })
}

/// The work, whose code stands here alone, and not once for each way to it.
#[inline(never)]
fn once<T>(body: impl FnOnce(&Work<'_>) -> Result<T>, work: &Work<'_>) -> Result<T> {
    body(work)
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
