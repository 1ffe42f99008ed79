//! What can go wrong, without a word of Python.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of a kernel. `bindings::error` maps each variant to one Python exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An argument has the right type and a value that cannot be used.
    Value(String),
    /// An argument, or an element of it, has a type that cannot be used.
    Type(String),
    /// The result does not fit in its type.
    Overflow(String),
    /// Memory was refused.
    Memory {
        /// How much was asked for.
        bytes: usize,
    },
    /// A file or a connection failed.
    Os(String),
    /// The system refused something about a file.
    File {
        /// The system's number of the error.
        code: i32,
        /// What the system says.
        text: String,
        /// The file.
        path: PathBuf,
    },
    /// The caller asked to stop.
    Interrupted,
}

/// The result of a kernel.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Value(text) | Error::Type(text) | Error::Overflow(text) | Error::Os(text) => {
                f.write_str(text)
            }
            Error::Memory { bytes: usize::MAX } => {
                f.write_str("the size asked for is larger than any memory")
            }
            Error::Memory { bytes } => write!(f, "could not allocate {bytes} bytes"),
            Error::File { text, path, .. } => write!(f, "{text}: {}", path.display()),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// What went wrong with the file `path`.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let text = error.to_string();
        match error.raw_os_error() {
            Some(code) => {
                let text = text.replace(&format!(" (os error {code})"), "");
                Error::File { code, text, path: path.to_owned() }
            }
            // Such as a zero byte in the name.
            None if error.kind() == io::ErrorKind::InvalidInput => Error::Value(text),
            None => Error::Os(text),
        }
    }
}
