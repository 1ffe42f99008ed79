//! Threads: the pool, how work is split, and how it is stopped.
//!
//! A kernel receives a [`Work`]. It cuts its input into parts by a rule that does not depend on
//! the number of threads, hands them to [`Work::for_each`] or [`Work::map`], and combines the
//! results in the order of the parts: so the result has the same bits for every thread count.
//! Parts are taken from a shared counter one by one, so a slow or busy CPU takes fewer of them, and
//! a thread that does not come in time takes none.
//!
//! The pool belongs to one process: after a fork the child finds another process id and builds
//! its own. The parent's pool is never dropped there, as its threads do not exist in the child.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::alloc::{has_room, try_vec};
use crate::error::{Error, Result};

mod help;

/// How long the calling thread works before it asks again whether to stop.
const POLL: Duration = Duration::from_millis(5);

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

/// Asked by the calling thread every few milliseconds: should the work stop?
pub trait Interrupt: Sync {
    /// True to stop.
    fn pending(&self) -> bool;
}

/// The permission to work: how many threads may be used, and whether to go on.
pub struct Work<'a> {
    workers: usize,
    stop: AtomicBool,
    poll: Option<Poll<'a>>,
}

struct Poll<'a> {
    interrupt: &'a dyn Interrupt,
    caller: ThreadId,
    start: Instant,
    /// Milliseconds from `start` to the last question.
    asked: AtomicU32,
}

impl Work<'static> {
    /// Work on this thread alone that nobody interrupts: for small input and for tests.
    pub fn serial() -> Self {
        Self::with_threads(1)
    }

    /// Work on `workers` threads that nobody interrupts.
    pub fn with_threads(workers: usize) -> Self {
        Work { workers, stop: AtomicBool::new(false), poll: None }
    }

    /// Work that is to stop where it asks.
    #[cfg(test)]
    pub fn stopped() -> Self {
        Work { stop: AtomicBool::new(true), ..Self::serial() }
    }
}

impl<'a> Work<'a> {
    /// Work on `workers` threads; the calling thread asks `interrupt` every few milliseconds.
    pub fn interruptible(workers: usize, interrupt: &'a dyn Interrupt) -> Self {
        let poll = Poll {
            interrupt,
            caller: std::thread::current().id(),
            start: Instant::now(),
            asked: AtomicU32::new(0),
        };
        Work { workers, stop: AtomicBool::new(false), poll: Some(poll) }
    }

    /// How many threads may be used.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// To be called between pieces of work of 10 microseconds to 5 milliseconds each:
    /// `Err(Interrupted)` if the work is to stop.
    pub fn check(&self) -> Result<()> {
        if let Some(poll) = &self.poll {
            if poll.is_due() && poll.interrupt.pending() {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Calls `part(0)`, …, `part(count - 1)`, each once, on all threads. After an error no new
    /// part is started; of several errors the one with the lowest index is returned.
    pub fn for_each(&self, count: usize, part: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
        let workers = self.workers.min(count);
        if workers <= 1 {
            return (0..count).try_for_each(|index| self.check().and_then(|()| part(index)));
        }
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let has_failed = AtomicBool::new(false);
        let drain = || {
            while !has_failed.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
                }
                if let Err(error) = self.check().and_then(|()| part(index)) {
                    has_failed.store(true, Ordering::Relaxed);
                    let mut first = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if first.as_ref().is_none_or(|(lowest, _)| index < *lowest) {
                        *first = Some((index, error));
                    }
                }
            }
        };
        let pool = if has_room() { pool(self.workers) } else { None };
        match pool.filter(|_| has_room()) {
            Some(pool) => help::with_help(&pool, workers - 1, &drain)?,
            // The system gives no more threads or memory: this one does it all.
            None => drain(),
        }
        match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// The results of `part(0)`, …, `part(count - 1)` in this order.
    pub fn map<T: Send>(&self, count: usize, part: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let mut results = try_vec::<Option<T>>(count)?;
        results.resize_with(count, || None);
        self.for_each_mut(&mut results, |index, slot| {
            *slot = Some(part(index)?);
            Ok(())
        })?;
        Ok(results.into_iter().flatten().collect())
    }

    /// Calls `part(index, item)` for each item, on all threads.
    pub fn for_each_mut<T: Send>(
        &self,
        items: &mut [T],
        part: impl Fn(usize, &mut T) -> Result<()> + Sync,
    ) -> Result<()> {
        let items = Shared(items.as_mut_ptr(), items.len());
        self.for_each(items.1, |index| part(index, items.get(index)))
    }
}

/// A slice whose items are each handed to one thread.
struct Shared<T>(*mut T, usize);

#[allow(unsafe_code)]
// SAFETY: `for_each` gives each index to exactly one thread, so no two threads have a reference
// to the same item; `T: Send` lets an item be changed on another thread.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    #[allow(unsafe_code, clippy::mut_from_ref)]
    fn get(&self, index: usize) -> &mut T {
        assert!(index < self.1);
        // SAFETY: in bounds by the line above, and the only reference to this item (see `Sync`).
        unsafe { &mut *self.0.add(index) }
    }
}

impl Poll<'_> {
    fn is_due(&self) -> bool {
        if std::thread::current().id() != self.caller {
            return false;
        }
        let now = self.start.elapsed().as_millis() as u32;
        let due = u128::from(now.wrapping_sub(self.asked.load(Ordering::Relaxed))) >= POLL.as_millis();
        if due {
            self.asked.store(now, Ordering::Relaxed);
        }
        due
    }
}

/// The pool of one process, as large as the largest number of threads asked for so far.
#[derive(Default)]
struct Process {
    id: u32,
    pool: Mutex<Option<Arc<ThreadPool>>>,
}

/// A pool with at least `workers - 1` threads: the calling thread works too.
fn pool(workers: usize) -> Option<Arc<ThreadPool>> {
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

/// The state of this process. After a fork the child leaks what it inherits: the threads do not
/// exist there, and a lock may be held for ever by one of them.
fn this_process() -> &'static Process {
    static PROCESS: AtomicPtr<Process> = AtomicPtr::new(std::ptr::null_mut());
    let id = std::process::id();
    let current = PROCESS.load(Ordering::Acquire);
    if let Some(process) = leaked(current).filter(|process| process.id == id) {
        return process;
    }
    let fresh = Box::into_raw(Box::new(Process { id, pool: Mutex::default() }));
    // Where another thread was first, its state is used and ours, still empty, is leaked.
    match PROCESS.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => leaked(fresh),
        Err(other) => leaked(other),
    }
    .expect("a process state that was stored is never null")
}

#[allow(unsafe_code)]
fn leaked(process: *mut Process) -> Option<&'static Process> {
    // SAFETY: null, or from `Box::into_raw` in `this_process` and never freed nor changed.
    unsafe { process.as_ref() }
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

    #[test]
    fn results_come_in_order_for_every_thread_count() {
        for workers in [1, 2, 3, 16] {
            let squares = Work::with_threads(workers).map(100, |i| Ok(i * i));
            assert_eq!(squares, Ok((0..100).map(|i| i * i).collect()));
        }
        assert_eq!(Work::with_threads(4).map(0, Ok), Ok(vec![]));
    }

    #[test]
    fn the_first_error_in_order_wins() {
        let serial =
            Work::serial().for_each(64, |i| if i >= 3 { Err(Error::Value(i.to_string())) } else { Ok(()) });
        assert_eq!(serial, Err(Error::Value("3".into())));
        for workers in [2, 5] {
            let later = AtomicBool::new(false);
            let error = Work::with_threads(workers).for_each(64, |i| {
                let start = Instant::now();
                // If another thread comes, its error is the first in time.
                while i == 3 && !later.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(2) {
                    std::thread::yield_now();
                }
                later.fetch_or(i > 3, Ordering::SeqCst);
                if i >= 3 { Err(Error::Value(i.to_string())) } else { Ok(()) }
            });
            assert_eq!(error, Err(Error::Value("3".into())));
        }
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller_and_leaves_the_pool_usable() {
        let work = Work::with_threads(3);
        let panics = || work.for_each(64, |i| if i == 33 { panic!("part 33") } else { Ok(()) });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(work.map(3, Ok), Ok(vec![0, 1, 2]));
    }

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

    #[test]
    fn nested_work_does_not_deadlock() {
        let work = Work::with_threads(2);
        let sums = work.map(8, |i| Ok(work.map(8, |j| Ok(i * j))?.iter().sum::<usize>()));
        assert_eq!(sums, Ok((0..8).map(|i| 28 * i).collect()));
    }

    struct Always;

    impl Interrupt for Always {
        fn pending(&self) -> bool {
            true
        }
    }

    #[test]
    fn an_interrupt_stops_the_work() {
        for workers in [1, 2] {
            let work = Work::interruptible(workers, &Always);
            let stopped = work.for_each(1_000_000, |_| {
                std::thread::sleep(Duration::from_micros(100));
                Ok(())
            });
            assert_eq!(stopped, Err(Error::Interrupted));
        }
    }
}
