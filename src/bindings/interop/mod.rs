//! How Rust and Python work together, a subject a file: what the tutorials show, finished.
//!
//! | file | what it shows |
//! |---|---|
//! | `numbers` | Python ints of any size |
//! | `printing` | text that goes through Python's `sys.stdout` |
//! | `record` | a class with state, shared by threads |
//! | `json` | text to a Rust struct, with errors that say where (the reader: `object`) |
//! | `logging` | Python's `logging`, called from Rust |
//! | `errors` | exceptions of one's own, and Rust errors that become exceptions |

mod errors;
mod json;
mod logging;
mod numbers;
mod object;
mod printing;
mod record;

use pyo3::prelude::*;

/// Adds the topic's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    numbers::register(m)?;
    printing::register(m)?;
    record::register(m)?;
    json::register(m)?;
    logging::register(m)?;
    errors::register(m)
}
