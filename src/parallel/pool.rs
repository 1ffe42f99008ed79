//! The threads of this process.
//!
//! A pool belongs to one process: after a fork the child finds another process id and builds
//! its own. The parent's pool is never dropped there, as its threads do not exist in the child.

use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::join::Join;
use super::standby::Standby;
use crate::kept::Kept;

/// The pool of one process, as large as the largest number of threads asked for so far.
#[derive(Default)]
struct Process {
    id: u32,
    pool: Mutex<Option<Arc<ThreadPool>>>,
    standby: Standby<Arc<Join>>,
}

/// Where helpers of this process wait awake.
pub(super) fn standby() -> &'static Standby<Arc<Join>> {
    &this_process().standby
}

/// A pool with at least `workers - 1` threads: the calling thread works too.
pub(super) fn pool(workers: usize) -> Option<Arc<ThreadPool>> {
    let mut pool = this_process().pool.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(pool) = pool.as_ref().filter(|pool| pool.current_num_threads() >= workers - 1) {
        return Some(Arc::clone(pool));
    }
    let larger = ThreadPoolBuilder::new()
        .num_threads(workers - 1)
        .thread_name(|index| format!("rust_numpy_example-{index}"))
        .build()
        .ok()?;
    // What threads need to start they have from here on, and not in the middle of work that may
    // have left no memory.
    larger.broadcast(|_| ());
    // The smaller pool ends when the last call that works in it does.
    Some(Arc::clone(pool.insert(Arc::new(larger))))
}

/// Makes what the queues of all pools share: for the thread that makes it at its first search for work, all others
/// wait, and in a child that is forked just then they would wait for ever.
pub fn prepare() {
    drop(crossbeam_epoch::pin());
}

/// The state of this process. After a fork the child leaks what it inherits: the threads do not
/// exist there, and a lock may be held for ever by one of them.
fn this_process() -> &'static Process {
    static PROCESS: Kept<Process> = Kept::new();
    let id = std::process::id();
    PROCESS.get_if(|process| process.id == id, || Process { id, ..Process::default() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::parallel::Work;

    #[test]
    fn no_more_threads_work_than_were_asked_for_and_the_pool_is_kept() {
        let large = pool(8).expect("memory");
        assert!(Arc::ptr_eq(&large, &pool(2).expect("memory")));
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let done = Work::with_threads(2).for_each(100, |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_micros(500));
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!((done, most.into_inner()), (Ok(()), 2));
    }
}
