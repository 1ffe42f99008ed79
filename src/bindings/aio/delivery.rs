//! From the result of a piece of work to the asyncio future that waits for it.
//!
//! ```text
//!   the driver                   the delivery thread
//!   its result ── message ──> call_soon_threadsafe ─┐
//!                                                   │    event loop's thread
//!                                                   └──> SetResult() sets the result of the future
//! ```
//!
//! A result becomes a Python object on the thread of the loop.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::task::Poll;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::bindings::error::from_panic;
use crate::bindings::guard::guard;
use crate::parallel::Waiting;

/// The result of the work, to be made a Python object on the thread of the loop.
pub type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What the delivery thread is told.
pub enum Message {
    /// The work with this number is done.
    Done(u64, Outcome),
    /// No message after this one is to be delivered.
    Stop,
}

/// A future that waits for a result.
struct Waiter {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    work: AbortHandle,
}

/// The futures that wait. Locked only while attached to the interpreter, for a moment in which no Python code runs.
#[derive(Default)]
pub struct Pending(Waiting<Waiter>);

impl Pending {
    /// Starts the work with its number, and lets `future` wait for it.
    pub fn insert(
        &self,
        event_loop: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        start: impl FnOnce(u64) -> AbortHandle,
    ) -> u64 {
        let (event_loop, future) = (event_loop.clone().unbind(), future.clone().unbind());
        self.0.insert(|number| Waiter { event_loop, future, work: start(number) })
    }

    /// Ends the work with this number, if somebody waits for it still.
    pub fn cancel(&self, number: u64) {
        if let Some(Waiter { work, .. }) = self.0.take(number) {
            work.abort();
        }
    }

    /// Removes those whose loop is closed: nothing else tells of a loop that ends with futures that no task
    /// awaits.
    pub fn forget_closed(&self, running: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = running.py();
        let mut loops: HashMap<usize, Py<PyAny>> = HashMap::new();
        self.0.look(|Waiter { event_loop, .. }| {
            if !event_loop.is(running) {
                loops.entry(event_loop.as_ptr() as usize).or_insert_with(|| event_loop.clone_ref(py));
            }
        });
        let mut closed = Vec::new();
        for event_loop in loops.values() {
            if event_loop.call_method0(py, "is_closed")?.is_truthy(py)? {
                closed.push(event_loop.as_ptr());
            }
        }
        if !closed.is_empty() {
            let gone = self.0.take_where(|one| closed.contains(&one.event_loop.as_ptr()));
            gone.iter().for_each(|one| one.work.abort());
        }
        Ok(())
    }

    /// Removes all.
    pub fn clear(&self) {
        drop(self.0.take_all());
    }
}

/// What the work returns or, where it panics, the exception that this is.
pub async fn outcome<T, E>(work: impl Future<Output = Result<T, E>>) -> Outcome
where
    T: for<'any> IntoPyObject<'any> + Send + 'static,
    E: Into<PyErr> + Send + 'static,
{
    let mut work = Box::pin(work);
    let result = poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        poll.map_or_else(|payload| Poll::Ready(Err(payload)), |poll| poll.map(Ok))
    });
    match result.await {
        Ok(Ok(value)) => Box::new(|py| value.into_py_any(py)),
        Ok(Err(error)) => Box::new(|_| Err(error.into())),
        Err(payload) => Box::new(|_| Err(from_panic(payload))),
    }
}

/// The delivery thread, the only one that touches Python: brings each result to its event loop.
pub fn deliver_results(inbox: &Receiver<Message>, pending: &Pending) {
    while let Ok(Message::Done(number, outcome)) = inbox.recv() {
        let attached = Python::try_attach(|py| {
            deliver(py, pending, number, outcome);
            // To attach once serves all that has come in.
            loop {
                match inbox.try_recv() {
                    Ok(Message::Done(number, outcome)) => deliver(py, pending, number, outcome),
                    Ok(Message::Stop) => return ControlFlow::Break(()),
                    Err(_) => return ControlFlow::Continue(()),
                }
            }
        });
        if attached != Some(ControlFlow::Continue(())) {
            return;
        }
    }
}

fn deliver(py: Python<'_>, pending: &Pending, number: u64, outcome: Outcome) {
    // A future that was cancelled does not wait any more.
    let Some(Waiter { event_loop, future, .. }) = pending.0.take(number) else { return };
    let set_result = SetResult { outcome: Mutex::new(Some(outcome)) };
    let sent = guard(|| event_loop.call_method1(py, "call_soon_threadsafe", (set_result, future)));
    if let Err(error) = sent {
        // A loop may be closed before its work is done: that is no error.
        let closed = event_loop.call_method0(py, "is_closed").and_then(|closed| closed.is_truthy(py));
        if !closed.unwrap_or(false) {
            error.write_unraisable(py, Some(event_loop.bind(py)));
        }
    }
}

/// Called by the event loop with the future: sets its result.
#[pyclass(frozen)]
struct SetResult {
    outcome: Mutex<Option<Outcome>>,
}

#[pymethods]
impl SetResult {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        match guard(|| self.set_result(future)) {
            Ok(()) => Ok(()),
            // Whatever went wrong, the future is done: nobody waits for ever.
            Err(error) => future.call_method1("set_exception", (error,)).map(drop),
        }
    }
}

impl SetResult {
    fn set_result(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let outcome = self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        // It may have been cancelled while the result was on its way.
        let (Some(outcome), false) = (outcome, future.call_method0("done")?.is_truthy()?) else {
            return Ok(());
        };
        let value = outcome(future.py())?;
        future.call_method1("set_result", (value,)).map(drop)
    }
}
