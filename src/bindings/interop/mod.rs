//! How Rust and Python work together, a subject a file: what the tutorials show, finished.
//!
//! | file | what it shows |
//! |---|---|
//! | `arithmetic` | Python ints of any size |
//! | `printing` | text that goes through Python's `sys.stdout` |
//! | `rust_struct` | a class with state, shared by threads |
//! | `json` | text to a Rust struct, with errors that say where (the reader: `json_parse`) |
//! | `logging` | Python's `logging`, called from Rust |
//! | `errors` | exceptions of one's own, and Rust errors that become exceptions |

pub mod arithmetic;
pub mod errors;
pub mod json;
mod json_parse;
pub mod logging;
pub mod printing;
pub mod rust_struct;

use pyo3::prelude::*;

/// What is done once, at import.
pub fn init(py: Python<'_>) -> PyResult<()> {
    printing::init(py)
}

/// Finds what is needed when Python ends, but takes a while to import: a finalizer may log.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    logging::prepare(py)
}
