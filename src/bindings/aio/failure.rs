//! What can go wrong in a fetch. Knows nothing of Python; `exceptions` says which exception it is.

use std::error::Error;
use std::io;

use super::coding::Damage;

/// What the library says of a head that is too long; of such errors it tells only servers in another way.
const TOO_LARGE: &str = "message head is too large";

/// Why a fetch failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind of error it is.
    pub kind: Kind,
    /// What it says, without the name of the function.
    pub text: String,
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The address cannot be used.
    Address,
    /// The connection, or a rule for it; the number is that of the system, or the kind chooses the exception.
    Io(io::ErrorKind, Option<i32>),
    /// The certificate, with the number that OpenSSL has for what is wrong with it.
    Certificate(i32),
    /// The encryption, but for the certificate.
    Tls,
    /// The server answered, and not with a success.
    Status(u16),
    /// There is no memory for so many bytes.
    Memory(usize),
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Failure { kind, text: text.into() }
    }

    /// A rule of this client was about to be broken, or the server has broken one.
    pub fn refused(text: impl Into<String>) -> Self {
        Failure::new(Kind::Io(io::ErrorKind::Other, None), text)
    }

    /// The same, and what it is about.
    pub fn at(self, address: &str) -> Self {
        Failure { text: format!("{address}: {}", self.text), ..self }
    }

    /// What an error of the connection means.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut kind = Kind::Io(io::ErrorKind::Other, None);
        let mut text = String::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(failure) = error.downcast_ref::<Failure>() {
                return failure.clone();
            }
            // The innermost cause says it best.
            text = error.to_string();
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                if text == TOO_LARGE {
                    return Failure::refused("the head of the answer is too long, or has too many lines");
                }
                if error.is_parse() {
                    text = format!("the answer is not valid HTTP: {error}");
                    break;
                }
                if error.is_incomplete_message() {
                    kind = Kind::Io(io::ErrorKind::ConnectionReset, None);
                    text = "the connection was closed before the answer was complete".to_owned();
                }
            } else if let Some(error) = error.downcast_ref::<io::Error>() {
                kind = match error.kind() {
                    io::ErrorKind::UnexpectedEof => Kind::Io(io::ErrorKind::ConnectionReset, None),
                    other => Kind::Io(other, error.raw_os_error()),
                };
                if let Some(number) = error.raw_os_error() {
                    // Python says the number itself.
                    let suffix = format!(" (os error {number})");
                    text = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
                }
            }
            cause = error.source();
        }
        Failure { kind, text }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {}

impl From<Damage> for Failure {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::Memory(bytes) => Failure::new(Kind::Memory(bytes), ""),
            damage => Failure::refused(damage.to_string()),
        }
    }
}
