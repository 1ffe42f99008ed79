//! asyncio: coroutines whose work is done by Rust threads.
//!
//! | file | what it does |
//! |---|---|
//! | `runtime` | the tokio runtime of this process: built at the first use, ended before Python ends |
//! | `bridge` | from a Rust future to a coroutine, and cancellation back |
//! | `delivery` | results and errors to the futures that wait for them |
//! | `fetch` | a fetch that is careful by default: addresses, redirects, limits |
//! | `client` | the HTTP client: connections, names, encryption |
//! | `trust` | which servers are trusted |
//! | `tls_errors` | what may be wrong with the encryption, in sentences |
//! | `answer`, `coding` | the body of an answer, and its codings |
//! | `failure`, `exceptions` | what can go wrong in a fetch, and which exception it is |

mod answer;
mod bridge;
mod client;
mod coding;
mod delivery;
mod exceptions;
mod failure;
mod fetch;
mod runtime;
mod tls_errors;
mod trust;

use std::convert::Infallible;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use self::failure::Failure;
use super::argument::{Arg, Argument};
use super::guard::guard;

#[cfg(feature = "faults")]
pub use bridge::coroutine;
pub use runtime::init;

/// Sleep without blocking the event loop.
///
/// Parameters
/// ----------
/// seconds : float
///     Zero or more; infinity sleeps until the coroutine is cancelled.
///
/// Returns
/// -------
/// coroutine
///     Returns None. The time runs from the first ``await`` on, or from the first step of its task.
///
/// Raises
/// ------
/// ValueError
///     If seconds is negative or not a number.
/// RuntimeError
///     From the ``await``: no event loop of asyncio runs in this thread, or Python is about to end.
/// MemoryError, OSError
///     From the ``await``: the system refuses memory, or the threads that the first one starts.
///
/// Notes
/// -----
/// A timer on a Rust thread measures the time; one that is cancelled is forgotten at once.
///
/// Examples
/// --------
/// >>> import asyncio
/// >>> import rust_numpy_example as rne
/// >>> async def main():
/// ...     await asyncio.gather(rne.async_sleep(0.01), rne.async_sleep(0.01))
/// ...     return "done"
/// >>> asyncio.run(main())
/// 'done'
#[pyfunction]
#[pyo3(signature = (seconds))]
pub fn async_sleep<'py>(py: Python<'py>, seconds: Argument<f64>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = Arg::new("async_sleep", "seconds");
        let seconds = seconds.get(arg, "a number")?;
        let time = duration(seconds).ok_or_else(|| arg.value_error(seconds, "zero or more"))?;
        bridge::coroutine(py, "async_sleep", move |_| async move {
            tokio::time::sleep(time).await;
            Ok::<_, Infallible>(NOTHING)
        })
    })
}

/// Fetch what is at an HTTP or HTTPS address, without blocking the event loop.
///
/// Parameters
/// ----------
/// url : str
///     An ``http://`` or ``https://`` address. A name and a password in it are sent to its
///     origin only (basic authentication), as the bytes that their percent-encoding stands for.
/// timeout : float or None, optional
///     Seconds for everything together: name lookup, connections, redirects, the whole body.
///     None or infinity is no limit. To connect may take 10 seconds of it.
/// max_bytes : int, optional
///     The largest body, counted without its codings; 64 MiB where not given.
///
/// Returns
/// -------
/// coroutine
///     Returns bytes: the body of a successful answer. The work starts at the first ``await``, or at
///     the first step of its task.
///
/// Raises
/// ------
/// ValueError
///     If url is not such an address, timeout is not greater than zero or max_bytes is negative.
/// RuntimeError
///     From the ``await``: no event loop of asyncio runs in this thread, or Python is about to end.
/// MemoryError
///     From the ``await``: the system refuses memory.
/// TimeoutError
///     From the ``await``: the time is over.
/// ssl.SSLCertVerificationError
///     From the ``await``: the certificate is not valid or not trusted. Other errors of the
///     encryption are :class:`ssl.SSLError`; both are subclasses of OSError.
/// OSError
///     From the ``await``: the address cannot be reached (``ConnectionRefusedError``), the
///     connection was closed early (``ConnectionResetError``), the body is larger than max_bytes,
///     damaged or in a coding that is not known, a redirect was refused, or the status is not a
///     success; then the exception has it as its attribute ``status``. ``errno`` is the number of
///     the system where it gave one.
///
/// Notes
/// -----
/// At most 5 redirects are followed, each only to http or https, never from https to http; the
/// name and password stay behind when the origin changes. Proxies in the environment are not
/// used. Every address is allowed, also of this machine and its network: do not pass on addresses
/// from people you do not trust. Cancelling closes the connection.
///
/// Certificates are checked against those of the system; the check cannot be turned off. On Linux
/// the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace those: what they name is
/// read again when they, or the file, have changed. Keys are RSA, Ed25519, or ECDSA with P-256 or
/// P-384. A server's own certificate may be one of an authority, as ``openssl req -x509`` makes
/// them, if it is itself among those trusted.
///
/// HTTP/2 is used where an https server offers it. Only gzip is asked for, and gzip and deflate are
/// unpacked, also one on top of the other; damaged or cut data are an error. A head may have 5000
/// lines and 400 kB. A connection is kept for the next fetch, also of another event loop, for 90
/// seconds, at most 32 for an origin; where the server closes it just then, the request is sent once
/// more over a fresh one.
///
/// Examples
/// --------
/// >>> import asyncio, http.server, threading
/// >>> import rust_numpy_example as rne
/// >>> class Hello(http.server.BaseHTTPRequestHandler):
/// ...     def do_GET(self):
/// ...         self.send_response(200)
/// ...         self.end_headers()
/// ...         self.wfile.write(b"hello")
/// ...     def log_message(self, *args):
/// ...         pass
/// >>> server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
/// >>> threading.Thread(target=server.serve_forever, daemon=True).start()
/// >>> async def main():
/// ...     return await rne.async_fetch_data(f"http://127.0.0.1:{server.server_port}/")
/// >>> asyncio.run(main())
/// b'hello'
/// >>> server.shutdown()
/// >>> server.server_close()
#[pyfunction]
#[pyo3(
    signature = (url, *, timeout=Argument::default(Some(30.0)), max_bytes=Argument::default(67_108_864)),
    text_signature = "(url, *, timeout=30.0, max_bytes=67108864)",
)]
pub fn async_fetch_data<'py>(
    py: Python<'py>,
    url: Argument<&str>,
    timeout: Argument<Option<f64>>,
    max_bytes: Argument<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let arg = |name| Arg::new("async_fetch_data", name);
        let url = url.get(arg("url"), "str")?;
        let timeout = timeout.get(arg("timeout"), "a number or None")?;
        let max_bytes = max_bytes.get(arg("max_bytes"), "int")?;
        let seconds = timeout.unwrap_or(f64::INFINITY);
        let timeout = duration(seconds)
            .filter(|_| seconds > 0.0)
            // What is not zero is not rounded to it.
            .map(|time| time.max(Duration::from_nanos(1)))
            .ok_or_else(|| arg("timeout").value_error(seconds, "more than zero"))?;
        let max_bytes =
            usize::try_from(max_bytes).map_err(|_| arg("max_bytes").value_error(max_bytes, "0 or more"))?;
        // The environment is read here, where Python cannot write it meanwhile.
        let request = fetch::Request::new(url, timeout, max_bytes, trust::Sources::current())?;
        bridge::coroutine(py, "async_fetch_data", |web| async {
            Ok::<_, Failure>(Body(request.send(web).await?))
        })
    })
}

/// A body; `bytes` in Python.
struct Body(Vec<u8>);

impl<'py> IntoPyObject<'py> for Body {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        // Unlike `PyBytes::new`, this does not panic where there is no memory.
        PyBytes::new_with(py, self.0.len(), |bytes| {
            bytes.copy_from_slice(&self.0);
            Ok(())
        })
    }
}

/// None in Python, where `()` is an empty tuple.
const NOTHING: Option<bool> = None;

/// `seconds` as a duration, the longest one where it is larger; None if it is negative or NaN.
fn duration(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
