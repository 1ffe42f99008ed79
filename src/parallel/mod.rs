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

mod join;
mod pacer;
mod pool;
mod threads;
mod work;

pub use pacer::Pacer;
pub use threads::{MAX_THREADS, num_threads, set_num_threads, unknown_settings, valid_threads};
pub use work::{Interrupt, Work};
