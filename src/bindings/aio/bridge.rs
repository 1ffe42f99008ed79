//! From a Rust future to an asyncio future, and back.
//!
//! ```text
//!   event loop's thread              the driver
//!   awaitable() ── spawn ──────────> the work
//!   the future's result <─ delivery ─ its result
//!   Cancel() when the future is done, in whatever way ── abort ──> the work is dropped
//! ```
//!
//! The work and its messages hold no Python object, only a number: so the driver neither
//! waits for the interpreter nor ever touches it.

use std::future::Future;
use std::sync::Arc;

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::delivery::{Message, Pending, outcome};
use super::fetch::Web;
use super::runtime::with_engine;
use crate::alloc::has_room;
use crate::bindings::cached::cached_attribute;
use crate::bindings::guard::guard;

/// Starts the work and returns an asyncio future of its result.
pub fn awaitable<'py, W, T, E>(py: Python<'py>, work: impl FnOnce(Web) -> W) -> PyResult<Bound<'py, PyAny>>
where
    W: Future<Output = Result<T, E>> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
    E: Into<PyErr> + Send + 'static,
{
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if !has_room() {
        return Err(PyMemoryError::new_err("no memory is left to start async work"));
    }
    // Raises RuntimeError where no loop runs.
    let event_loop = cached_attribute(py, &RUNNING_LOOP, "asyncio", "get_running_loop")?.call0()?;
    let future = event_loop.call_method0("create_future")?;
    with_engine(py, |engine, _| Arc::clone(&engine.pending))?.forget_closed(&event_loop)?;
    let cancel = with_engine(py, |engine, runtime| {
        let work = work(engine.web.clone());
        let messages = engine.messages.clone();
        let number = engine.pending.insert(&event_loop, &future, |number| {
            let task = runtime.spawn(async move {
                let outcome = outcome(work).await;
                // Nobody listens once Python is about to end.
                let _ = messages.send(Message::Done(number, outcome));
            });
            task.abort_handle()
        });
        Cancel { number, pending: Arc::clone(&engine.pending) }
    })?;
    future.call_method1("add_done_callback", (cancel,))?;
    Ok(future)
}

/// Called by the event loop when the future is done, in whatever way: ends the work if it goes on.
#[pyclass(frozen)]
struct Cancel {
    number: u64,
    pending: Arc<Pending>,
}

#[pymethods]
impl Cancel {
    fn __call__(&self, _future: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            self.pending.cancel(self.number);
            Ok(())
        })
    }
}
