//! How many threads a call uses where it does not say.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::pool::standby;
use super::standby::is_welcome;
use crate::kept::Kept;

/// How the text of a variable is read: the number in it, as text.
type Read = fn(&str) -> &str;

/// The environment variables that set the number of threads, the first that says one wins: how each is read.
const VARIABLES: [(&str, Read); 3] = [
    ("RUST_NUMPY_EXAMPLE_NUM_THREADS", |text| text),
    // Zero is Rayon's word for the default.
    ("RAYON_NUM_THREADS", |text| if text == "0" { "" } else { text }),
    // OpenMP takes a number for each level of nesting.
    ("OMP_NUM_THREADS", |text| text.split(',').next().unwrap_or(text).trim()),
];

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

/// The number of threads of a call that does not say, and is shorter than waking one: this one, but where calls follow
/// each other so closely that others wait awake.
pub fn num_threads_of_short_call() -> usize {
    match num_threads() {
        threads if threads > 1 && is_welcome(threads - 1) && standby().helps_short_call() => threads,
        _ => 1,
    }
}

/// To be called when a call has ended that took as long as a short one or longer.
pub fn call_ended() {
    standby().call_ended();
}

/// Sets the number of threads for the calls that do not say; `None` returns to the default.
///
/// # Panics
/// If it is not one of [`valid_threads`].
pub fn set_num_threads(num_threads: Option<usize>) {
    assert!(num_threads.is_none_or(|threads| (1..=MAX_THREADS).contains(&threads)));
    CHOSEN.store(num_threads.unwrap_or(0), Ordering::Relaxed);
}

/// A number of threads, if a pool may have that many.
pub fn valid_threads(threads: i64) -> Option<usize> {
    usize::try_from(threads).ok().filter(|threads| (1..=MAX_THREADS).contains(threads))
}

fn default_threads() -> usize {
    static DEFAULT: Kept<usize> = Kept::new();
    *DEFAULT.get_or(|| {
        settings()
            .find_map(|(_, setting)| setting.ok())
            // Respects the affinity mask and the quota of the process.
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |threads| threads.get()))
            .min(MAX_THREADS)
    })
}

/// The variables that are set: what they say or, where that is no number of threads, their text.
fn settings() -> impl Iterator<Item = (&'static str, Result<usize, String>)> {
    VARIABLES.iter().filter_map(|&(name, read)| {
        let text = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
        let number = read(&text);
        if number.is_empty() {
            return None;
        }
        let threads = number.parse().ok().and_then(valid_threads);
        Some((name, threads.ok_or(text)))
    })
}

/// Variables whose text is no number of threads, and which so are passed over.
pub fn unknown_settings() -> impl Iterator<Item = (&'static str, String)> {
    settings().map_while(|(name, setting)| setting.err().map(|text| (name, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_can_be_chosen() {
        let default = num_threads();
        assert!((1..=MAX_THREADS).contains(&default));
        set_num_threads(Some(3));
        assert_eq!(num_threads(), 3);
        assert_eq!([-1, 0, 1, 1024, 1025].map(valid_threads), [None, None, Some(1), Some(1024), None]);
        set_num_threads(None);
        assert_eq!(num_threads(), default);
    }
}
