//! What can go wrong in a fetch, and which exception it is.

use std::error::Error as _;
use std::io;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::bindings::error::exception;
use crate::error::Error;

/// Why a fetch failed.
#[derive(Debug)]
pub enum Failure {
    /// The address cannot be used.
    Address(String),
    /// The connection, or a rule for it; the kind chooses the subclass of `OSError`.
    Io(io::ErrorKind, String),
    /// The server answered, and not with a success.
    Status(u16, String),
    /// There is no memory for the body.
    Memory(usize),
}

impl Failure {
    /// What an error of the client means, in an exchange with `address`.
    pub fn from_client(error: &reqwest::Error, address: &str) -> Self {
        let mut kind = if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<io::Error>() {
                kind = if cause.kind() == io::ErrorKind::UnexpectedEof {
                    io::ErrorKind::ConnectionReset
                } else {
                    cause.kind()
                };
            } else if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
                kind = io::ErrorKind::ConnectionReset;
            }
            // The innermost cause says it best.
            text = cause.to_string();
            source = cause.source();
        }
        Failure::Io(kind, format!("async_fetch_data: {address}: {text}"))
    }

    /// A rule of this client was about to be broken.
    pub fn refused(address: &str, reason: &str) -> Self {
        Failure::Io(io::ErrorKind::Other, format!("async_fetch_data: {address}: {reason}"))
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> PyErr {
        match failure {
            Failure::Address(text) => PyValueError::new_err(text),
            Failure::Io(kind, text) => io::Error::new(kind, text).into(),
            Failure::Memory(bytes) => exception("async_fetch_data", Error::Memory { bytes }),
            Failure::Status(status, text) => Python::attach(|py| {
                let error = PyOSError::new_err(text);
                match error.value(py).setattr("status", status) {
                    Ok(()) => error,
                    Err(other) => other,
                }
            }),
        }
    }
}
