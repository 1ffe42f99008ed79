//! How many threads a call uses where it does not say.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// The environment variables that set the number of threads, the first that is valid wins.
const VARIABLES: [&str; 3] = ["RUST_NUMPY_EXAMPLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"];

/// The most threads that may be asked for.
pub const MAX_THREADS: usize = 1024;

/// Set by [`set_num_threads`]; zero means not set.
static CHOSEN: AtomicUsize = AtomicUsize::new(0);

/// The number of threads used where a call does not say.
pub fn num_threads() -> usize {
    match CHOSEN.load(Ordering::Relaxed) {
        0 => default_threads(),
        chosen => chosen,
    }
}

/// Sets the number of threads for the calls that do not say; `None` returns to the default.
pub fn set_num_threads(num_threads: Option<i64>) -> Result<()> {
    let chosen = num_threads.map_or(Ok(0), |threads| valid_threads("num_threads", threads))?;
    CHOSEN.store(chosen, Ordering::Relaxed);
    Ok(())
}

/// The argument `name`, if a pool may have that many threads.
pub fn valid_threads(name: &str, threads: i64) -> Result<usize> {
    let valid = usize::try_from(threads).ok().filter(|threads| (1..=MAX_THREADS).contains(threads));
    valid.ok_or_else(|| Error::Value(format!("{name} must be between 1 and {MAX_THREADS}, got {threads}")))
}

fn default_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        VARIABLES
            .iter()
            .find_map(|name| valid_threads(name, std::env::var(name).ok()?.trim().parse().ok()?).ok())
            // Respects the affinity mask and the quota of the process.
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |threads| threads.get()))
            .min(MAX_THREADS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_can_be_chosen() {
        let default = num_threads();
        assert!((1..=MAX_THREADS).contains(&default));
        set_num_threads(Some(3)).expect("a valid number");
        assert_eq!(num_threads(), 3);
        assert!(set_num_threads(Some(0)).is_err() && set_num_threads(Some(-1)).is_err());
        set_num_threads(None).expect("the default");
        assert_eq!(num_threads(), default);
    }
}
