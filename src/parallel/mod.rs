//! Threads: the pool, how work is split, and how it is stopped.
//!
//! A kernel receives a [`Work`]. It cuts its input into parts by a rule that does not depend on
//! the number of threads, hands them to [`Work::for_each`] or [`Work::map`], and combines the
//! results in the order of the parts: so the result has the same bits for every thread count.
//! A loop over many short pieces asks with a [`Pacer`] whether to go on.
//!
//! | file | what it holds |
//! |---|---|
//! | `work` | the permission to work: parts, threads, interruption |
//! | `pacer` | when a loop over short pieces asks whether to stop |
//! | `threads` | how many threads a call may use |
//! | `pool` | the threads of this process |
//! | `join` | the work of one thread in which others may join |
//! | `standby` | helpers that wait awake for the next call |
//! | `waiting` | what waits for the end of work on another thread |

mod join;
mod pacer;
mod pool;
mod standby;
mod threads;
mod waiting;
mod work;

pub use pacer::Pacer;
pub use pool::prepare;
pub use threads::{
    MAX_THREADS, call_ended, num_threads, num_threads_of_short_call, set_num_threads, valid_threads,
};
pub use waiting::Waiting;
pub use work::{Interrupt, Work};

/// Variables whose text means nothing here, and which so are passed over: name, text, and what is expected.
pub fn unknown_settings() -> impl Iterator<Item = (&'static str, String, String)> {
    let threads = threads::unknown_settings().map(|(name, got)| (name, got, format!("1 to {MAX_THREADS}")));
    threads.chain(standby::unknown_setting().map(|(name, got)| (name, got, "0 or 1".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_that_are_set_are_passed_over() {
        for (name, text, expected) in unknown_settings() {
            assert_eq!(std::env::var(name).as_deref().map(str::trim), Ok(&*text), "{expected}");
        }
    }
}
