//! The body of an answer. Knows nothing of Python.

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderName, TRANSFER_ENCODING};

use super::coding::{Damage, Decoder, codings};
use super::failure::{Failure, Kind};

/// How many lines a head may have.
pub const MAX_HEADERS: usize = 5000;

/// How long a head may be, all lines together: what the client takes of HTTP/1 unless it is told otherwise.
pub const MAX_HEAD: u32 = 408 << 10;

/// After so many steps of a decoder other work has its turn.
const STEPS: usize = 16;

/// The body of a success without its codings, at most `max_bytes` long.
pub async fn body(response: Response<Incoming>, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let (head, mut incoming) = response.into_parts();
    if !head.status.is_success() {
        return Err(Failure::new(Kind::Status(head.status.as_u16()), format!("status {}", head.status)));
    }
    let values = |name: HeaderName| head.headers.get_all(name).into_iter().map(|value| value.as_bytes());
    let codings = codings(values(CONTENT_ENCODING), values(TRANSFER_ENCODING))?;
    let mut decoder = Decoder::new(&codings, max_bytes);
    let told = |damage| match damage {
        Damage::TooLong => Failure::refused(format!("the body is longer than max_bytes, {max_bytes}")),
        damage => damage.into(),
    };
    if decoder.is_identity() && incoming.size_hint().lower() > max_bytes as u64 {
        return Err(told(Damage::TooLong));
    }
    let mut body = Vec::new();
    let mut steps = 0;
    while let Some(frame) = incoming.frame().await {
        // What is no data are headers that follow the body.
        let Ok(data) = frame.map_err(|error| Failure::of(&error))?.into_data() else { continue };
        let mut left = &data[..];
        while decoder.step(&mut left, &mut body).map_err(told)? {
            steps += 1;
            if steps % STEPS == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    decoder.finish().map_err(told)?;
    Ok(body)
}
