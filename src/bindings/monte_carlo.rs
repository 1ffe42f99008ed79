//! Monte Carlo.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::argument::{Arg, Argument, Workers, callable, shortened, threads};
use super::call::Call;
use super::guard::guard;
use crate::kernels::monte_carlo::{BLOCK, Key, blocks, count_inside};

/// The function that is named in messages.
const NAME: &str = "monte_carlo_pi";

/// Samples between two reports of progress at most: about 50 ms of a thread.
const REPORT: u64 = 128 * BLOCK;

/// Estimate pi from random points in a square: 4 times the share that lies in the quarter circle.
///
/// Parameters
/// ----------
/// n_samples : int
///     Number of points, at least 1.
/// rng : None, int, array of ints, SeedSequence, BitGenerator or Generator, optional
///     Where the randomness comes from, as ``numpy.random.default_rng(rng)`` takes it
///     (SPEC 7). 256 bits are drawn from it; with a Generator its state moves on, so that the
///     next call gives another estimate. None: from the operating system.
/// workers : int, optional
///     Number of threads, 1 to 1024; default: see ``get_num_threads``.
/// progress : callable, optional
///     Called as ``progress(done, n_samples)`` from the calling thread, about every 1 % or
///     every 50 ms, whichever is more often, and at the end. An exception that it raises stops
///     the work and is passed on.
///
/// Returns
/// -------
/// float
///     The estimate. Its standard error is ``1.642 / sqrt(n_samples)``.
///
/// Raises
/// ------
/// TypeError
///     If ``n_samples`` is not an integer (a float that is one neither), or ``progress`` cannot
///     be called.
/// ValueError
///     If ``n_samples`` is less than 1 or more than ``2**63 - 1``, or ``workers`` is out of range.
///
/// Notes
/// -----
/// The points are midpoints of a grid of ``2**31 x 2**31`` cells and the test is exact, so that
/// the bias is below 1e-11. One seed gives the same bits for every number of threads and on every
/// CPU. The interpreter is released; Ctrl-C stops the work.
///
/// The generator is xoshiro256++ of Blackman and Vigna (ACM TOMS 47, 2021), with independent
/// streams for every block of about a million samples, seeded by SplitMix64 from the bits
/// drawn from ``rng``.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> abs(rne.monte_carlo_pi(1_000_000, rng=1) - 3.14159) < 0.01
/// True
/// >>> rne.monte_carlo_pi(1000, rng=7) == rne.monte_carlo_pi(1000, rng=7, workers=4)
/// True
#[pyfunction]
#[pyo3(signature = (n_samples, *, rng=None, workers=None, progress=None))]
pub fn monte_carlo_pi(
    py: Python<'_>,
    n_samples: Argument<i64>,
    rng: Option<&Bound<'_, PyAny>>,
    workers: Workers,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<f64> {
    guard(|| {
        let arg = |name| Arg::new(NAME, name);
        const COUNTS: &str = "an integer from 1 to 2**63 - 1";
        let samples = n_samples.within(arg("n_samples"), 1..=i64::MAX, COUNTS)? as u64;
        let workers = threads(NAME, workers)?;
        let progress = progress.map(|progress| callable(arg("progress"), progress)).transpose()?;
        let key = draw_key(arg("rng"), py, rng)?;
        let last = blocks(samples);
        let round = match &progress {
            None => last,
            Some(_) => last.div_ceil(100).clamp(1, REPORT / BLOCK),
        };
        let (mut inside, mut start) = (0, 0);
        while start < last {
            let end = last.min(start + round);
            // 0.3 nanoseconds a sample.
            let cost =
                usize::try_from((samples - start * BLOCK).min(round * BLOCK) / 3).unwrap_or(usize::MAX);
            inside += Call::new(py, NAME, cost)
                .threads(workers)
                .run(|work| count_inside(&key, samples, start..end, work))?;
            start = end;
            if let Some(progress) = &progress {
                progress.call1((samples.min(end * BLOCK), samples))?;
            }
        }
        Ok(4.0 * inside as f64 / samples as f64)
    })
}

/// 256 bits from `rng`.
fn draw_key(arg: Arg, py: Python<'_>, rng: Option<&Bound<'_, PyAny>>) -> PyResult<Key> {
    const EXPECTED: &str =
        "None, an int from 0, a sequence of them, a SeedSequence, a BitGenerator or a Generator";
    let generator =
        py.import("numpy.random")?.call_method1("default_rng", (rng,)).map_err(|error| match rng {
            Some(rng) if error.is_instance_of::<PyTypeError>(py) => arg.wrong_type(rng, EXPECTED),
            Some(rng) if error.is_instance_of::<PyValueError>(py) => match shortened(rng) {
                Ok(got) => arg.value_error(got, EXPECTED),
                Err(error) => error,
            },
            _ => error,
        })?;
    let options = PyDict::new(py);
    options.set_item("size", 4)?;
    options.set_item("dtype", "uint64")?;
    options.set_item("endpoint", true)?;
    generator.call_method("integers", (0, u64::MAX), Some(&options))?.call_method0("tolist")?.extract()
}
