//! The bytes of an answer: the same body, or an error, however they are cut into packets; never more than the limit.

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

#[allow(dead_code)]
#[path = "../../src/bindings/aio/answer.rs"]
mod answer;
#[allow(dead_code)]
#[path = "../../src/bindings/aio/coding.rs"]
mod coding;
#[allow(dead_code)]
#[path = "../../src/bindings/aio/failure.rs"]
mod failure;

/// The largest body.
const LIMIT: usize = 5000;

/// Checks an answer behind a byte that says how it is cut.
pub fn check(data: &[u8]) {
    let Some((&size, reply)) = data.split_first() else { return };
    let whole = fetched(reply, usize::MAX);
    if let Ok(body) = &whole {
        assert!(body.len() <= LIMIT);
    }
    for size in [1, usize::from(size).max(1)] {
        let cut = fetched(reply, size);
        assert_eq!(cut.as_ref().ok(), whole.as_ref().ok(), "in pieces of {size}: {cut:?}, {whole:?}");
    }
}

/// What the client makes of an answer that comes in pieces of `size` bytes.
fn fetched(reply: &[u8], size: usize) -> Result<Vec<u8>, failure::Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let reply = reply.to_vec();
    runtime.block_on(async move {
        let (client, mut server) = duplex(1 << 16);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && server.read_buf(&mut head).await.is_ok_and(|read| read > 0)
            {
            }
            for piece in reply.chunks(size) {
                if server.write_all(piece).await.is_err() {
                    return;
                }
                // The client takes the piece.
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
            }
        });
        let mut builder = http1::Builder::new();
        builder.max_headers(answer::MAX_HEADERS).allow_obsolete_multiline_headers_in_responses(true);
        let (mut sender, connection) = builder.handshake(TokioIo::new(client)).await.expect("a connection");
        tokio::spawn(connection);
        let request = Request::get("/").header("host", "a").body(Empty::<Bytes>::new()).expect("a request");
        let response = sender.send_request(request).await.map_err(|error| failure::Failure::of(&error))?;
        answer::body(response, LIMIT).await
    })
}
