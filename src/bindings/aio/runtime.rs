//! The tokio runtime of this process: built at the first use, ended before Python ends.
//!
//! A Rust thread that touches a Python that is ending crashes the process. So one thread alone,
//! the delivery thread, ever touches Python, and a function registered with `atexit` stops it
//! and waits for it. What the other threads do is pure Rust and may go on to the last moment.
//!
//! All coroutines are driven on one thread, the driver, which waits for the network nearly all the time.
//! It is ours, and not one of tokio's: where the system refuses a thread, tokio panics, and then
//! waits for ever for the threads that it has started before. Name lookups, which block, are on
//! threads of tokio; the check of a certificate is on the driver, and Windows and macOS may ask a
//! server for it.
//!
//! The runtime belongs to one process: its threads do not exist in a forked child, which leaks
//! what it inherits and builds its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::client::Web;
use super::delivery::{Message, Pending, deliver_results};
use super::exceptions::os_error;
use crate::alloc::ask_for;
use crate::bindings::cached::cached;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;

/// The stack of a thread.
const STACK: usize = 2 << 20;

/// An upper bound of what two threads and the runtime take besides.
const RUNTIME_MEMORY: usize = 1 << 20;

/// How long the end of Python waits for the delivery thread, which is delivering at most a few results.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// How long it waits for the other threads: one may be inside a name lookup of the system.
const LAST_WORK: Duration = Duration::from_secs(1);

/// What runs the coroutines of one process.
pub struct Engine {
    runtime: Handle,
    /// Ends the driver.
    keep_alive: AbortHandle,
    /// To the delivery thread.
    pub messages: Sender<Message>,
    /// The coroutines that are not done.
    pub pending: Arc<Pending>,
    /// The HTTP client.
    pub web: Web,
    /// Closed when the delivery thread has ended.
    delivery: Receiver<()>,
    /// Closed when the driver has ended.
    driver: Receiver<()>,
}

struct Process {
    id: u32,
    closing: bool,
    engine: Option<Engine>,
}

/// Locked only while attached to the interpreter, for a moment in which no Python code runs. A
/// fork happens while attached too, so a child never inherits the lock in a locked state.
static PROCESS: Mutex<Process> = Mutex::new(Process { id: 0, closing: false, engine: None });

fn this_process() -> MutexGuard<'static, Process> {
    let mut process = PROCESS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let id = std::process::id();
    if process.id != id {
        // To drop a runtime is to wait for its threads, which do not exist here.
        std::mem::forget(std::mem::replace(&mut *process, Process { id, closing: false, engine: None }));
    }
    process
}

/// Calls `body` with the engine of this process.
pub fn with_engine<T>(_py: Python<'_>, body: impl FnOnce(&Engine, &Handle) -> T) -> PyResult<T> {
    let mut process = this_process();
    if process.closing {
        return Err(PyRuntimeError::new_err("no async work can be started: Python is about to end"));
    }
    if process.engine.is_none() {
        process.engine = Some(Engine::start()?);
    }
    let engine = process.engine.as_ref().expect("the engine was started above");
    Ok(body(engine, &engine.runtime))
}

/// Starts a thread; what it returns is closed when the thread has ended.
fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> PyResult<Receiver<()>> {
    let (running, ended) = channel();
    let body = move || {
        body();
        drop::<Sender<()>>(running);
    };
    let started = thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(body);
    started.map_err(|error| {
        let text = format!("no thread for async work can be started: {error}");
        error
            .raw_os_error()
            .map_or_else(|| PyOSError::new_err(text.clone()), |code| os_error(code, text.clone()))
    })?;
    Ok(ended)
}

impl Engine {
    fn start() -> PyResult<Self> {
        // Tokio, and a thread once it runs, end the process where memory is refused.
        ask_for::<u8>(2 * STACK + RUNTIME_MEMORY).named("async_sleep")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .thread_name("rust_numpy_example-lookup")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let keep_alive = runtime.spawn(std::future::pending::<()>());
        let abort = keep_alive.abort_handle();
        let pending = Arc::new(Pending::default());
        let (messages, inbox) = channel();
        let for_delivery = Arc::clone(&pending);
        // Should there be no second thread, the first ends at once, as nobody can send to it.
        let delivery =
            start_thread("rust_numpy_example-delivery", move || deliver_results(&inbox, &for_delivery))?;
        let driver = start_thread("rust_numpy_example-async", move || {
            // Ends as an error: it was aborted.
            let _ = runtime.block_on(keep_alive);
            runtime.shutdown_timeout(LAST_WORK);
        })?;
        Ok(Engine {
            runtime: handle,
            keep_alive: abort,
            messages,
            pending,
            web: Web::default(),
            delivery,
            driver,
        })
    }

    /// Ends all threads.
    fn stop(self, py: Python<'_>) {
        let Engine { runtime: _, keep_alive, messages, pending, web, delivery, driver } = self;
        // The delivery thread may be waiting for the interpreter.
        py.detach(move || {
            // It cannot be sent to a delivery thread that has ended already, which is as well.
            let _ = messages.send(Message::Stop);
            let ended = delivery.recv_timeout(LAST_DELIVERY);
            debug_assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
            drop(web);
            keep_alive.abort();
            // The driver itself waits for the lookups.
            let _ = driver.recv_timeout(2 * LAST_WORK);
        });
        pending.clear();
    }
}

/// Called when Python is about to end.
#[pyfunction]
fn close(py: Python<'_>) -> PyResult<()> {
    guard(|| {
        let engine = {
            let mut process = this_process();
            process.closing = true;
            process.engine.take()
        };
        if let Some(engine) = engine {
            engine.stop(py);
        }
        Ok(())
    })
}

/// Asks to be told when Python is about to end: at import, so that whoever asks later, and may
/// use the engine, is told before.
pub fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
    static REGISTERED: PyOnceLock<()> = PyOnceLock::new();
    let py = m.py();
    cached(py, &REGISTERED, || {
        py.import("atexit")?.call_method1("register", (wrap_pyfunction!(close, m)?,)).map(drop)
    })
    .copied()
}
