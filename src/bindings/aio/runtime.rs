//! The tokio runtime of this process: built at the first use, ended before Python ends.
//!
//! A Rust thread that touches a Python that is ending crashes the process. So one thread alone,
//! the courier of `bridge`, ever touches Python, and a function registered with `atexit` stops it
//! and waits for it. What the other threads do is pure Rust and may go on to the last moment.
//!
//! The runtime belongs to one process: its threads do not exist in a forked child, which leaks
//! what it inherits and builds its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::bridge::{self, Message, Pending};
use super::fetch::Web;
use crate::bindings::call::guard;

/// Threads of the runtime; they wait for the network nearly all the time.
const THREADS: usize = 2;

/// How long the end of Python waits for the courier, which is delivering at most a few results.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// How long it waits for the other threads: one may be inside a name lookup of the system.
const LAST_WORK: Duration = Duration::from_secs(1);

/// What runs the awaitables of one process.
pub struct Engine {
    runtime: tokio::runtime::Runtime,
    /// To the courier.
    pub post: Sender<Message>,
    /// The awaitables that are not done.
    pub pending: Arc<Pending>,
    /// The HTTP client.
    pub web: Web,
    /// Closed when the courier has ended.
    courier: Receiver<()>,
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
pub fn with_engine<T>(
    _py: Python<'_>,
    body: impl FnOnce(&Engine, &tokio::runtime::Handle) -> T,
) -> PyResult<T> {
    let mut process = this_process();
    if process.closing {
        return Err(PyRuntimeError::new_err("no async work can be started: Python is about to end"));
    }
    if process.engine.is_none() {
        process.engine = Some(Engine::start()?);
    }
    let engine = process.engine.as_ref().expect("the engine was started above");
    Ok(body(engine, engine.runtime.handle()))
}

impl Engine {
    fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("rust_numpy_example-async")
            .enable_all()
            .build()?;
        let pending = Arc::new(Pending::default());
        let (post, inbox) = channel();
        let (ended, courier) = channel();
        let theirs = Arc::clone(&pending);
        std::thread::Builder::new().name("rust_numpy_example-courier".to_owned()).spawn(move || {
            bridge::courier(&inbox, &theirs);
            drop::<Sender<()>>(ended);
        })?;
        Ok(Engine { runtime, post, pending, web: Web::default(), courier })
    }

    /// Ends all threads.
    fn stop(self, py: Python<'_>) {
        let Engine { runtime, post, pending, web, courier } = self;
        // The courier may be waiting for the interpreter.
        py.detach(move || {
            // It cannot be sent to a courier that has ended already, which is as well.
            let _ = post.send(Message::Stop);
            let ended = courier.recv_timeout(LAST_DELIVERY);
            debug_assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
            drop(web);
            runtime.shutdown_timeout(LAST_WORK);
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
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    static REGISTERED: PyOnceLock<()> = PyOnceLock::new();
    let py = m.py();
    REGISTERED.get_or_try_init(py, || {
        py.import("atexit")?.call_method1("register", (wrap_pyfunction!(close, m)?,)).map(drop)
    })?;
    Ok(())
}
