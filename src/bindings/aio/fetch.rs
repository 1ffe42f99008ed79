//! A fetch that is careful by default. No Python here.
//!
//! Redirects are followed by a loop, which sees every address before anything is sent to it; there is no proxy;
//! the time and the size of the body, as it is without its codings, have limits.

use std::io;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Response, Uri};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use url::Url;

use super::answer;
use super::client::Web;
use super::failure::{Failure, Kind};
use super::trust::Sources;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// What is to be fetched, and its limits.
pub struct Request {
    url: Url,
    timeout: Duration,
    max_bytes: usize,
    trust: Sources,
}

impl Request {
    /// A request for `url`, if this is an http or https address.
    pub fn new(url: &str, timeout: Duration, max_bytes: usize, trust: Sources) -> Result<Self, Failure> {
        // The address itself is not repeated: it may hold a password.
        let wrong = |got: &str| {
            let text = format!("argument url, got {got}, expected an http:// or https:// address");
            Failure::new(Kind::Address, text)
        };
        let url = Url::parse(url).map_err(|error| wrong(&format!("text that is no address ({error})")))?;
        if !is_web(&url) {
            return Err(wrong(&format!("the scheme {:?}", url.scheme())));
        }
        uri(&url).map_err(|error| wrong(&format!("text that is no address ({error})")))?;
        Ok(Request { url, timeout, max_bytes, trust })
    }

    /// The body of the answer.
    pub async fn send(self, web: Web) -> Result<Vec<u8>, Failure> {
        let address = shown(&self.url);
        let Request { url, timeout, max_bytes, trust } = self;
        let answer = async {
            let (url, response) = follow(&web, &trust, url).await?;
            answer::body(response, max_bytes).await.map_err(|failure| failure.at(&shown(&url)))
        };
        tokio::time::timeout(timeout, answer).await.unwrap_or_else(|_| {
            let text = format!("{address}: not done after {} seconds", timeout.as_secs_f64());
            Err(Failure::new(Kind::Io(io::ErrorKind::TimedOut, None), text))
        })
    }
}

/// The answer after all redirects, and its address.
async fn follow(web: &Web, trust: &Sources, mut url: Url) -> Result<(Url, Response<Incoming>), Failure> {
    let first = shown(&url);
    let client = web.client(trust)?;
    for _ in 0..=REDIRECTS {
        let told = |failure: Failure| failure.at(&shown(&url));
        let address =
            uri(&url).map_err(|_| told(Failure::refused("redirect to something that is no address")))?;
        let response = client.get(address, credentials(&url)).await.map_err(told)?;
        match next(&url, &response).map_err(told)? {
            Some(next) => url = next,
            None => return Ok((url, response)),
        }
    }
    Err(Failure::refused(format!("more than {REDIRECTS} redirects")).at(&first))
}

/// Where a redirect leads, if it is one and may be followed.
fn next(url: &Url, response: &Response<Incoming>) -> Result<Option<Url>, Failure> {
    let location = match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION),
        _ => None,
    };
    let Some(location) = location else { return Ok(None) };
    let refused = |reason: &str| Failure::refused(reason);
    let mut next =
        join(url, location.as_bytes()).ok_or_else(|| refused("redirect to something that is no address"))?;
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

/// The address that `location` is, seen from `url`. Bytes that are no UTF-8, such as Latin-1, stay as they are.
fn join(url: &Url, location: &[u8]) -> Option<Url> {
    /// What is left alone: all of ASCII, with which the address itself deals.
    const NOT_ASCII: &AsciiSet = &CONTROLS.remove(b'\t').remove(b'\n').remove(b'\r');
    match std::str::from_utf8(location) {
        Ok(location) => url.join(location).ok(),
        Err(_) => url.join(&percent_encode(location, NOT_ASCII).to_string()).ok(),
    }
}

/// The name and the password of an address as a value of the header `Authorization`: the bytes that they stand
/// for, in whatever encoding.
fn credentials(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut bytes: Vec<u8> = percent_decode_str(url.username()).collect();
    bytes.push(b':');
    bytes.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", base64(&bytes))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .enumerate()
            .fold(0, |bits, (index, &byte)| bits | u32::from(byte) << (16 - 8 * index));
        for digit in 0..4 {
            let used = digit <= group.len();
            text.push(if used { DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char } else { '=' });
        }
    }
    text
}

/// The address without what is not sent.
fn uri(url: &Url) -> Result<Uri, hyper::http::uri::InvalidUri> {
    let mut url = url.clone();
    url.set_fragment(None);
    // Neither fails: an address on the web has a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.as_str().parse()
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The address as it may be shown: without what may be a secret.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn bytes_of_any_encoding_lead_somewhere() {
        let url = Url::parse("http://a/b/c?d").expect("an address");
        let joined = |location: &[u8]| join(&url, location).map(|url| url.to_string());
        assert_eq!(joined(b"/caf\xe9 x").as_deref(), Some("http://a/caf%E9%20x"));
        assert_eq!(joined("caf\u{e9}?\u{e9}".as_bytes()).as_deref(), Some("http://a/b/caf%C3%A9?%C3%A9"));
        assert_eq!(joined(b"http://\xe9/"), None);
    }
}
