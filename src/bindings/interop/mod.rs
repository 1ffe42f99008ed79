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

pub mod errors;
pub mod json;
pub mod logging;
pub mod numbers;
mod object;
pub mod printing;
pub mod record;
