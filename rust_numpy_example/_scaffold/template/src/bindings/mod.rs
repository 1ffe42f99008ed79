//! Python: thin functions that call the kernels, and the doors they go through.
//!
//! | file | what goes through it |
//! |---|---|
//! | `array` | every array, in and out |
//! | `call` | every piece of work: interpreter, signals, threads |
//! | `guard` | every panic, to `InternalError` |
//! | `error` | every error, to one Python exception |
//! | `argument`, `display` | arguments of simple types, and the one form of message for an argument |
//! | the others | a topic each: signature, docstring, one call |

mod argument;
mod array;
mod call;
mod display;
mod error;
mod guard;
mod window;

/// NumPy arrays processed in Rust: the compiled part of `rust_numpy_example`.
#[pyo3::pymodule(gil_used = true)]
pub mod rust_numpy_example {
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::{error::InternalError, guard::_panic, window::moving_average};
}
