//! Python: thin functions that call the kernels, and the doors they go through.
//!
//! | file | what goes through it |
//! |---|---|
//! | `array` | every array, in and out |
//! | `call` | every piece of work: interpreter, signals, panics, threads |
//! | `error` | every error, to one Python exception |
//! | `argument` | arguments of simple types, where they are wrong |
//! | `axes` | every `axis` argument |
//! | `objects` | numbers in lists, read in place |
//! | `once` | what is looked up in Python and kept |
//! | `package` | names about the package itself |
//! | the others | a topic each: signature, docstring, one call |

mod aio;
mod argument;
mod array;
mod axes;
mod call;
mod elementwise;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod fibonacci;
mod image;
mod interop;
mod linalg;
mod monte_carlo;
mod objects;
mod once;
mod package;
mod processor;
mod reduce;
mod stats;
mod table;
mod words;

use pyo3::prelude::*;

/// NumPy arrays processed in Rust: the compiled part of `rust_numpy_example`.
#[pymodule(gil_used = true)]
pub fn rust_numpy_example(m: &Bound<'_, PyModule>) -> PyResult<()> {
    for register in [
        array::register,
        package::register,
        linalg::register,
        elementwise::register,
        reduce::register,
        stats::register,
        words::register,
        image::register,
        monte_carlo::register,
        fibonacci::register,
        processor::register,
        interop::register,
        aio::register,
        table::register,
        #[cfg(feature = "faults")]
        faults::register,
    ] {
        register(m)?;
    }
    Ok(())
}
