//! Python: thin functions that call the kernels, and the doors they go through.
//!
//! | file | what goes through it |
//! |---|---|
//! | `array` | every array, in and out |
//! | `call` | every piece of work: interpreter, signals, threads |
//! | `guard` | every panic, to `InternalError` |
//! | `error` | every error, to one Python exception |
//! | `argument` | arguments of simple types, and the one form of message for an argument |
//! | `nan_policy`, `weights` | what a NaN does, how much each element counts |
//! | `missing` | what stands for a missing value |
//! | `display` | types and shapes, as messages have them |
//! | `cached` | what is looked up in Python and kept |
//! | `numbers` | Python numbers in lists, tuples and ranges, and their exact sum |
//! | `package` | names about the package itself |
//! | the others | a topic each: signature, docstring, one call |

#[cfg(feature = "net")]
mod aio;
mod argument;
mod array;
mod cached;
mod call;
mod display;
mod elementwise;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod fibonacci;
mod guard;
mod image;
mod interop;
mod json_rows;
mod linalg;
mod missing;
mod monte_carlo;
mod nan_policy;
mod numbers;
mod package;
mod processor;
mod quantiles;
mod reduce;
mod stats;
mod table;
mod weights;
mod window;
mod words;

/// NumPy arrays processed in Rust: the compiled part of `rust_numpy_example`.
#[pyo3::pymodule(gil_used = false)]
pub mod rust_numpy_example {
    use pyo3::prelude::*;

    use super::guard::guard;
    use super::{array, interop, package, stats};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::{
        elementwise::{array_multiply, process_batch, process_data, process_numbers, process_single},
        error::InternalError,
        fibonacci::{fibonacci, get_fibonacci},
        image::{gaussian_blur, process_image, sobel},
        interop::arithmetic::{divide, multiply, sum_as_string},
        interop::errors::{MyCustomError, fallible_function, greater_than_2, risky_operation},
        interop::json::{Human, human_says_hi},
        interop::logging::{log_different_levels, log_example},
        interop::printing::{dict_printer, word_printer},
        interop::rust_struct::RustStruct,
        json_rows::JsonRows,
        linalg::{matrix_multiply, multiply_matrices},
        monte_carlo::monte_carlo_pi,
        package::{build_info, get_num_threads, set_num_threads},
        processor::DataProcessor,
        quantiles::{QuantileFinder, QuantileSketch, quantiles},
        reduce::{cpu_intensive, list_sum, parallel_sum, sum_array},
        stats::{GroupedStats, Stats, compute_stats},
        table::{ArrayStats, ColumnStats, TableStats},
        window::moving_average,
        words::{WordStats, word_count, word_count_file},
    };

    #[cfg(feature = "net")]
    #[pymodule_export]
    use super::aio::{async_fetch_data, async_sleep};

    #[cfg(feature = "faults")]
    #[pymodule_export]
    use super::faults::{_Panics, _panic, _panic_after, _sum_below};

    /// Import what calls may need: NumPy and `logging`.
    ///
    /// The package calls it when it is imported, while nobody can call a function by its name yet, and a finalizer or a
    /// signal handler cannot come in between. The command line does not: it imports what it needs when it needs it.
    #[pyfunction]
    fn _prepare(py: Python<'_>) -> PyResult<()> {
        guard(|| {
            array::prepare(py)?;
            interop::prepare(py)
        })
    }

    /// What is done once, at import.
    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        package::init(m.py())?;
        stats::init(m.py())?;
        interop::init(m.py())?;
        #[cfg(feature = "net")]
        super::aio::init(m)?;
        Ok(())
    }
}
