//! The HTTP client of one process: HTTP/1.1 and, where a server offers it for https, HTTP/2. Knows nothing of Python.
//!
//! Connections are kept for the next request to their origin. A server may close one at any moment, also just when a
//! request is on its way: then the request, which is always a GET, is sent once more over a fresh connection.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, USER_AGENT};
use hyper::http::Extensions;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::answer::{MAX_HEAD, MAX_HEADERS};
use super::failure::{Failure, Kind};
use super::tls_errors;
use super::trust::Sources;
use crate::alloc::ask_for;

/// How long one connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(90);

/// How many of them are kept for one origin.
const MAX_IDLE: usize = 32;

/// An upper bound of the memory of the client and the certificates of the system.
const CLIENT_MEMORY: usize = 8 << 20;

/// An upper bound of the memory of a request, with the heads and the decoders of its answer.
const REQUEST_MEMORY: usize = 2 << 20;

/// The client, built at the first fetch, and anew when other certificates are trusted: then no connection is kept.
#[derive(Clone, Default)]
pub struct Web(Arc<Mutex<Option<(Sources, Client)>>>);

impl Web {
    /// The client that trusts what `sources` name.
    pub fn client(&self, sources: &Sources) -> Result<Client, Failure> {
        let mut known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let current = known.as_ref().filter(|(known, _)| known == sources).map(|(_, client)| client.clone());
        let bytes = if current.is_some() { REQUEST_MEMORY } else { CLIENT_MEMORY };
        ask_for::<u8>(bytes).map_err(|_| Failure::new(Kind::Memory(bytes), ""))?;
        if let Some(client) = current {
            return Ok(client);
        }
        let client = Client::new(sources.clone());
        *known = Some((sources.clone(), client.clone()));
        Ok(client)
    }
}

/// What sends requests.
#[derive(Clone)]
pub struct Client {
    keeping: legacy::Client<Connector, Empty<Bytes>>,
    /// Makes a connection for each request.
    fresh: legacy::Client<Connector, Empty<Bytes>>,
}

impl Client {
    fn new(sources: Sources) -> Self {
        let mut http = HttpConnector::new_with_resolver(Lookup);
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = Connector { http, tls: Arc::new(Tls { sources, config: OnceLock::new() }) };
        let build = |idle| {
            legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle)
                .http1_max_headers(MAX_HEADERS)
                .http1_allow_obsolete_multiline_headers_in_responses(true)
                .http2_max_header_list_size(MAX_HEAD)
                .build(connector.clone())
        };
        Client { keeping: build(MAX_IDLE), fresh: build(0) }
    }

    /// The answer to a GET.
    pub async fn get(
        &self,
        uri: Uri,
        authorization: Option<HeaderValue>,
    ) -> Result<Response<Incoming>, Failure> {
        let request = || {
            let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
            let mut request = Request::new(Empty::new());
            *request.uri_mut() = uri.clone();
            let headers = request.headers_mut();
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            if let Some(authorization) = &authorization {
                headers.insert(AUTHORIZATION, authorization.clone());
            }
            request
        };
        let answer = match self.keeping.request(request()).await {
            Err(error) if was_kept(&error) => self.fresh.request(request()).await,
            other => other,
        };
        let answer = answer.map_err(|error| Failure::of(&error))?;
        if let Some(used) = answer.extensions().get::<Used>() {
            used.0.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }
}

/// Whether a connection that had served before was lost: the server has closed it, and has not answered.
fn was_kept(error: &legacy::Error) -> bool {
    let Some(connected) = error.connect_info() else { return false };
    let mut extensions = Extensions::new();
    connected.get_extras(&mut extensions);
    let used = extensions.get::<Used>().is_some_and(|used| used.0.load(Ordering::Relaxed));
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<hyper::Error>());
    used && !cause.is_some_and(hyper::Error::is_parse)
}

/// Whether a connection has served a request.
#[derive(Clone, Default)]
struct Used(Arc<AtomicBool>);

/// How connections are encrypted, with HTTP/2 where the server has it.
fn config(sources: &Sources) -> Result<ClientConfig, Failure> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| tls_errors::failure(&error))?;
    let verifier = sources.verifier(provider)?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The encryption of a client. What is trusted is read at its first https connection.
struct Tls {
    sources: Sources,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    // A forked child has a client of its own.
    #[allow(clippy::disallowed_methods)]
    fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(config(&self.sources)?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

/// Makes connections.
#[derive(Clone)]
struct Connector {
    http: HttpConnector<Lookup>,
    tls: Arc<Tls>,
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Link, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.http.poll_ready(context).map_err(|error| Failure::of(&error))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (tcp, tls) = (self.http.call(uri.clone()), Arc::clone(&self.tls));
        Box::pin(async move {
            let link = async {
                let stream = tcp.await.map_err(|error| Failure::of(&error))?;
                Link::over(stream, &uri, &tls).await
            };
            tokio::time::timeout(CONNECT, link).await.unwrap_or_else(|_| {
                let text = format!("no connection after {} seconds", CONNECT.as_secs());
                Err(Failure::new(Kind::Io(io::ErrorKind::TimedOut, None), text))
            })
        })
    }
}

/// What bytes go through.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// A connection.
struct Link {
    stream: Pin<Box<dyn Stream>>,
    is_http2: bool,
    used: Used,
}

impl Link {
    /// A connection over a stream, encrypted if the address says so.
    async fn over(stream: TokioIo<TcpStream>, uri: &Uri, tls: &Tls) -> Result<Self, Failure> {
        let used = Used::default();
        if uri.scheme_str() != Some("https") {
            return Ok(Link { stream: Box::pin(stream), is_http2: false, used });
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned());
        let name =
            name.map_err(|_| Failure::refused("the name of the host cannot be that of a certificate"))?;
        let stream = TlsConnector::from(tls.config()?).connect(name, stream.into_inner()).await;
        let stream = stream.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            inner.map_or_else(|| Failure::of(&error), tls_errors::failure)
        })?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Link { stream: Box::pin(TokioIo::new(stream)), is_http2, used })
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.used.clone());
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}

/// Asks the system for the addresses of a name, on another thread, as the call blocks.
#[derive(Clone)]
struct Lookup;

impl Service<Name> for Lookup {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup =
            move || Ok((name.as_str(), 0).to_socket_addrs()?.collect::<Vec<SocketAddr>>().into_iter());
        // It panics where the system refuses a thread.
        let task = catch_unwind(|| tokio::task::spawn_blocking(lookup)).map(AbortOnDrop);
        Box::pin(async {
            let mut task =
                task.map_err(|_| io::Error::other("no thread for the name lookup can be started"))?;
            (&mut task.0).await?
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
