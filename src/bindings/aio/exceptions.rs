//! Which exception a failure is.

use std::io;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use super::failure::{Failure, Kind};
use crate::bindings::error::exception;
use crate::error::Error;

impl From<Failure> for PyErr {
    fn from(Failure { kind, text }: Failure) -> PyErr {
        let text = format!("async_fetch_data: {text}");
        match kind {
            Kind::Address => PyValueError::new_err(text),
            Kind::Io(_, Some(code)) => os_error(code, text),
            Kind::Io(kind, None) => io::Error::new(kind, text).into(),
            Kind::Memory(bytes) => exception("async_fetch_data", Error::Memory { bytes }),
            Kind::Status(status) => {
                with_attributes(PyOSError::new_err(text), &[("status", Value::Int(status.into()))])
            }
            Kind::Tls => ssl_error("SSLError", text, &[]),
            Kind::Certificate(code) => {
                let message = text.rsplit(": ").next().unwrap_or_default().to_owned();
                let attributes = [
                    ("verify_code", Value::Int(code)),
                    ("verify_message", Value::Text(&message)),
                    ("reason", Value::Text("CERTIFICATE_VERIFY_FAILED")),
                    ("library", Value::Text("SSL")),
                ];
                ssl_error("SSLCertVerificationError", text, &attributes)
            }
        }
    }
}

/// An `OSError` with the number of the system, by which Python chooses the subclass.
pub fn os_error(code: i32, text: String) -> PyErr {
    if cfg!(windows) {
        PyOSError::new_err((0, text, None::<String>, code))
    } else {
        PyOSError::new_err((code, text))
    }
}

/// The value of an attribute.
enum Value<'a> {
    Int(i32),
    Text(&'a str),
}

/// The same error with attributes, or what goes wrong when they are set.
fn with_attributes(error: PyErr, attributes: &[(&str, Value<'_>)]) -> PyErr {
    Python::attach(|py| {
        let value = error.value(py);
        let set = attributes.iter().try_for_each(|(name, attribute)| match attribute {
            Value::Int(int) => value.setattr(*name, int),
            Value::Text(text) => value.setattr(*name, text),
        });
        match set {
            Ok(()) => error,
            Err(other) => other,
        }
    })
}

/// An error of the module `ssl`, a subclass of `OSError`; plain where a Python was built without it.
fn ssl_error(name: &str, text: String, attributes: &[(&str, Value<'_>)]) -> PyErr {
    Python::attach(|py| {
        // 1 is SSL_ERROR_SSL, as for errors of Python's own connections.
        let error = py.import("ssl").and_then(|ssl| ssl.getattr(name)?.call1((1, &text)));
        match error {
            Ok(error) => with_attributes(PyErr::from_value(error), attributes),
            Err(_) => PyOSError::new_err(text),
        }
    })
}
