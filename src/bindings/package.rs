//! Names about the package itself: version, threads, build.

use std::ffi::CString;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::argument::{Arg, Workers, names};
use super::guard::guard;
use super::numbers::read_in_place;
use crate::{alloc, parallel, simd};

/// Prepares what threads share, while nobody can fork; warns of environment variables whose text means nothing here,
/// and which so are ignored.
pub fn init(py: Python<'_>) -> PyResult<()> {
    parallel::prepare();
    let levels = simd::Level::ALL.map(|level| (level.name(), level));
    let level = simd::unknown_setting().map(|got| (simd::VARIABLE, got, names(&levels)));
    for (name, got, expected) in parallel::unknown_settings().chain(level) {
        // A NUL cannot be in the environment.
        let text = CString::new(format!(
            "rust_numpy_example: environment variable {name}, got '{got}', expected {expected}: it is ignored"
        ))?;
        PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 2)?;
    }
    Ok(())
}

/// Number of threads that a call without ``workers`` may use.
///
/// It is what :func:`set_num_threads` was given, else the first valid one of the environment
/// variables ``RUST_NUMPY_EXAMPLE_NUM_THREADS``, ``RAYON_NUM_THREADS`` and ``OMP_NUM_THREADS``
/// (read once; what is no number of threads is a RuntimeWarning at import), else the number of
/// CPUs that this process may use.
///
/// Returns
/// -------
/// int
///     At least 1.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.get_num_threads() >= 1
/// True
#[pyfunction]
pub fn get_num_threads() -> PyResult<usize> {
    guard(|| Ok(parallel::num_threads()))
}

/// Set the number of threads for calls without ``workers``.
///
/// ``threadpoolctl.threadpool_limits`` does so as well, from version 3.2 on: the pool is registered
/// there as the API ``rust_numpy_example`` once both packages are imported.
///
/// Parameters
/// ----------
/// num_threads : int or None
///     1 to 1024; None returns to the default (see :func:`get_num_threads`).
///
/// Raises
/// ------
/// ValueError
///     If the number is out of range.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.set_num_threads(1)
/// >>> rne.get_num_threads()
/// 1
/// >>> rne.set_num_threads(None)
#[pyfunction]
#[pyo3(signature = (num_threads, /))]
pub fn set_num_threads(num_threads: Workers) -> PyResult<()> {
    guard(|| {
        let arg = Arg::new("set_num_threads", "num_threads");
        parallel::set_num_threads(num_threads.map(|threads| threads.threads(arg)).transpose()?);
        Ok(())
    })
}

/// How the extension was built and what it uses on this machine.
///
/// Returns
/// -------
/// dict
///     ``version``, ``profile`` (``'release'`` or ``'debug'``; the latter is slow), ``simd``
///     (the CPU level in use: ``'baseline'``, ``'neon'``, ``'avx2'`` or ``'avx512'``),
///     ``simd_available`` (tuple of the levels that this CPU has; the environment variable
///     ``RUST_NUMPY_EXAMPLE_SIMD`` chooses one of them), ``ifma`` (whether long integers are
///     multiplied with AVX-512 IFMA), ``dotprod`` (whether products of bytes use the dot products
///     of NEON), ``num_threads``, ``huge_pages_from`` and
///     ``streaming_stores_from`` (bytes from which memory is asked for in huge pages, and from which
///     an output may be written past the caches; None where the system or the CPU has none),
///     ``cache_share`` (bytes of the last cache for each CPU that shares it; None where the system does
///     not say, and blocks are small),
///     ``read_in_place`` (tuple of the types of numbers, lists and tuples whose memory is read
///     without a call for each item), ``free_threaded`` (whether it was built for an interpreter
///     without a lock).
///
/// Notes
/// -----
/// Results never depend on the sizes of the caches. Only products of floats use them: for how many columns
/// they pack at a time.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.build_info()["version"] == rne.__version__
/// True
#[pyfunction]
pub fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    guard(|| {
        let info = PyDict::new(py);
        info.set_item("version", env!("CARGO_PKG_VERSION"))?;
        info.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
        info.set_item("simd", simd::level().name())?;
        let available: Vec<_> = simd::Level::available().map(simd::Level::name).collect();
        info.set_item("simd_available", PyTuple::new(py, available)?)?;
        info.set_item("ifma", simd::has_ifma())?;
        info.set_item("dotprod", simd::has_dotprod())?;
        info.set_item("num_threads", parallel::num_threads())?;
        info.set_item("huge_pages_from", alloc::large_pages_from())?;
        info.set_item("streaming_stores_from", simd::memory::streams_from())?;
        info.set_item("cache_share", simd::cache_share())?;
        info.set_item("read_in_place", PyTuple::new(py, read_in_place(py))?)?;
        info.set_item("free_threaded", cfg!(Py_GIL_DISABLED))?;
        Ok(info)
    })
}
