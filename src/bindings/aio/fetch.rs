//! An HTTP client that is careful by default. No Python here.
//!
//! The library follows redirects, asks the environment for a proxy and sets no limits unless it
//! is told otherwise. Here a redirect is followed by our own loop, which sees every address
//! before anything is sent to it; there is no proxy; the time and the size of the body, as it is
//! after decompression, have limits.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::catch_unwind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Client, Response, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::task::JoinHandle;

use super::failure::Failure;
use crate::alloc::ask_for;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// How long one connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// An upper bound of the memory of the client and the certificates of the system.
const CLIENT_MEMORY: usize = 8 << 20;

/// An upper bound of the memory of a request.
const REQUEST_MEMORY: usize = 64 << 10;

/// The HTTP client of one process, built at the first fetch. It keeps idle connections for a while.
#[derive(Clone, Default)]
pub struct Web(Arc<OnceLock<Client>>);

impl Web {
    fn client(&self) -> Result<&Client, Failure> {
        let known = self.0.get();
        let bytes = if known.is_some() { REQUEST_MEMORY } else { CLIENT_MEMORY };
        ask_for::<u8>(bytes).map_err(|_| Failure::Memory(bytes))?;
        if let Some(client) = known {
            return Ok(client);
        }
        let client =
            client().map_err(|error| Failure::refused("the client cannot be built", &error.to_string()))?;
        Ok(self.0.get_or_init(|| client))
    }
}

fn client() -> Result<Client, Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = match Verifier::new(provider) {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        // A system without certificates can use http, and trusts no https server.
        Err(_) => config.with_root_certificates(RootCertStore::empty()),
    };
    let client = Client::builder()
        .tls_backend_preconfigured(config.with_no_client_auth())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Lookup)
        .connect_timeout(CONNECT);
    Ok(client.build()?)
}

/// Asks the system for the addresses of a name, on another thread, as the call blocks.
struct Lookup;

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = move || Ok((name.as_str(), 0).to_socket_addrs()?.collect::<Vec<SocketAddr>>());
        // It panics where the system refuses a thread.
        let task = catch_unwind(|| tokio::task::spawn_blocking(lookup)).map(AbortOnDrop);
        Box::pin(async {
            let mut task =
                task.map_err(|_| io::Error::other("no thread for the name lookup can be started"))?;
            let found: io::Result<_> = (&mut task.0).await?;
            Ok(Box::new(found?.into_iter()) as Addrs)
        })
    }
}

/// Cancels the lookup when nobody waits for it any more.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is to be fetched, and its limits.
pub struct Request {
    url: Url,
    timeout: Duration,
    max_bytes: usize,
}

impl Request {
    /// A request for `url`, if this is an http or https address.
    pub fn new(url: &str, timeout: Duration, max_bytes: usize) -> Result<Self, Failure> {
        // The address itself is not repeated: it may hold a password.
        let wrong = |got: &str| {
            Failure::Address(format!(
                "async_fetch_data: argument url, got {got}, expected an http:// or https:// address"
            ))
        };
        let url = Url::parse(url).map_err(|error| wrong(&format!("text that is no address ({error})")))?;
        if !is_web(&url) {
            return Err(wrong(&format!("the scheme {:?}", url.scheme())));
        }
        Ok(Request { url, timeout, max_bytes })
    }

    /// The body of the answer.
    pub async fn send(self, web: Web) -> Result<Body, Failure> {
        let address = shown(&self.url);
        let Request { url, timeout, max_bytes } = self;
        let answer =
            tokio::time::timeout(timeout, async { read(follow(web.client()?, url).await?, max_bytes).await });
        answer.await.unwrap_or_else(|_| {
            let text =
                format!("async_fetch_data: {address}: not done after {} seconds", timeout.as_secs_f64());
            Err(Failure::Io(io::ErrorKind::TimedOut, text))
        })
    }
}

/// The answer after all redirects.
async fn follow(client: &Client, mut url: Url) -> Result<Response, Failure> {
    let first = shown(&url);
    for _ in 0..=REDIRECTS {
        let sent = client.get(url.clone()).send().await;
        let response = sent.map_err(|error| Failure::from_client(&error, &shown(&url)))?;
        match next(&url, &response)? {
            Some(next) => url = next,
            None => return Ok(response),
        }
    }
    Err(Failure::refused(&first, &format!("more than {REDIRECTS} redirects")))
}

/// Where a redirect leads, if it is one and may be followed.
fn next(url: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    let location = match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION),
        _ => None,
    };
    let Some(location) = location else { return Ok(None) };
    let refused = |reason: &str| Failure::refused(&shown(url), reason);
    let location = std::str::from_utf8(location.as_bytes()).ok().and_then(|location| url.join(location).ok());
    let mut next = location.ok_or_else(|| refused("redirect to something that is no address"))?;
    if !is_web(&next) {
        return Err(refused(&format!("redirect to the scheme {:?}, which is refused", next.scheme())));
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(refused("redirect from https to http, which is refused"));
    }
    // The name and password of the caller go to their origin and nowhere else; those that a
    // server invents are not used.
    let (name, password) =
        if next.origin() == url.origin() { (url.username(), url.password()) } else { ("", None) };
    let set = next.set_username(name).and_then(|()| next.set_password(password));
    set.map_err(|()| refused("redirect to something that is no address"))?;
    Ok(Some(next))
}

/// The body of a success, at most `max_bytes` long.
async fn read(mut response: Response, max_bytes: usize) -> Result<Body, Failure> {
    let address = shown(response.url());
    let status = response.status();
    if !status.is_success() {
        return Err(Failure::Status(
            status.as_u16(),
            format!("async_fetch_data: {address}: status {status}"),
        ));
    }
    let too_long = || Failure::refused(&address, &format!("the body is longer than max_bytes, {max_bytes}"));
    if response.content_length().is_some_and(|length| length > max_bytes as u64) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::from_client(&error, &address))? {
        if chunk.len() > max_bytes - body.len() {
            return Err(too_long());
        }
        body.try_reserve(chunk.len()).map_err(|_| Failure::Memory(body.len() + chunk.len()))?;
        body.extend_from_slice(&chunk);
    }
    Ok(Body(body))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The address as it may be shown: without what may be a secret.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// A body; `bytes` in Python.
pub struct Body(Vec<u8>);

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
