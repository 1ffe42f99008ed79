//! From a Rust future to a coroutine of Python, and cancellation back.
//!
//! ```text
//!   event loop's thread              the driver
//!   await: start() ── spawn ───────> the work
//!   the future's result <─ delivery ─ its result
//!   cancel() when the coroutine ends, in whatever way ── abort ──> the work is dropped
//! ```
//!
//! Only Python makes what `asyncio.create_task` and `inspect.iscoroutine` take for a coroutine, so two lines of
//! it stand between the event loop and the work. As with every coroutine nothing begins before the first
//! `await`.
//!
//! The work and its messages hold no Python object, only a number: so the driver neither
//! waits for the interpreter nor ever touches it.

use std::ffi::CStr;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};

use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::client::Web;
use super::delivery::{Message, Pending, outcome};
use super::runtime::with_engine;
use crate::alloc::{ask_for, has_room};
use crate::bindings::cached::{cached, cached_attribute};
use crate::bindings::guard::guard;

/// The coroutine function. Its frame holds no more than the work: an exception that passes through it, and so
/// holds the frame, is no part of a circle of references.
const AWAITED: &CStr = c"
async def awaited(work):
    try:
        return await work.start()
    finally:
        work.cancel()
";

/// More than what its compilation takes: CPython's allocator asks the system for a mebibyte at a time.
const COMPILER: usize = 2 << 20;

/// A coroutine, called `name`, of what the work returns.
pub fn coroutine<'py, W, T, E>(
    py: Python<'py>,
    name: &str,
    work: impl FnOnce(Web) -> W + Send + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    W: Future<Output = Result<T, E>> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
    E: Into<PyErr> + Send + 'static,
{
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = cached(py, &FUNCTION, || {
        // Where memory is refused, the compiler of CPython 3.12 fails without an exception.
        if ask_for::<u8>(COMPILER).is_err() {
            return Err(PyMemoryError::new_err("no memory is left to compile a coroutine"));
        }
        let names = PyDict::new(py);
        py.run(AWAITED, Some(&names), None)?;
        Ok(names.as_any().get_item("awaited")?.unbind())
    })?;
    let start: Start = Box::new(|py| start(py, work));
    let work = AsyncWork { start: Mutex::new(Some(start)), started: OnceLock::new() };
    let coroutine = function.bind(py).call1((work,))?;
    coroutine.setattr("__name__", name)?;
    coroutine.setattr("__qualname__", name)?;
    Ok(coroutine)
}

/// Starts the work; the asyncio future of its result.
type Start = Box<dyn FnOnce(Python<'_>) -> PyResult<(Started, Py<PyAny>)> + Send>;

/// Work that was started.
struct Started {
    number: u64,
    pending: Arc<Pending>,
    process: u32,
}

fn start<W, T, E>(py: Python<'_>, work: impl FnOnce(Web) -> W) -> PyResult<(Started, Py<PyAny>)>
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
    let started = with_engine(py, |engine, runtime| {
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
        Started { number, pending: Arc::clone(&engine.pending), process: std::process::id() }
    })?;
    Ok((started, future.unbind()))
}

/// What a coroutine awaits.
#[pyclass(frozen)]
struct AsyncWork {
    start: Mutex<Option<Start>>,
    started: OnceLock<Started>,
}

#[pymethods]
impl AsyncWork {
    /// Starts the work; the future of its result.
    fn start(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guard(|| {
            let start = self.start.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
            let start = start.ok_or_else(|| PyRuntimeError::new_err("the work was started before"))?;
            let (started, future) = start(py)?;
            let _ = self.started.set(started);
            Ok(future)
        })
    }

    /// Ends the work if it goes on.
    fn cancel(&self) -> PyResult<()> {
        guard(|| {
            match self.started.get() {
                // A forked child has none of the threads that do the work.
                Some(started) if started.process == std::process::id() => {
                    started.pending.cancel(started.number);
                }
                _ => {}
            }
            Ok(())
        })
    }
}
