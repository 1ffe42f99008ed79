//! The permission to work: how many threads may be used, and whether to go on.
//!
//! Parts are taken from a shared counter one by one, so a slow or busy CPU takes fewer of them, and
//! a thread that does not come in time takes none.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::join;
use super::pool::{pool, standby};
use crate::alloc::{has_room, try_vec};
use crate::error::{Error, Result};

/// How long the calling thread works before it asks again whether to stop.
const POLL: Duration = Duration::from_millis(5);

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
        self.each(count, &part)
    }

    /// As [`Work::for_each`], compiled once: a virtual call costs nothing beside a part, and copies of
    /// this with every kernel inlined into it were a tenth of all code.
    fn each(&self, count: usize, part: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
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
            Some(pool) => join::with_help(&pool, standby(), workers - 1, &drain)?,
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

#[cfg(test)]
mod tests {
    use super::*;

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
            Work::serial().for_each(64, |i| if i >= 3 { Err(Error::Memory { bytes: i }) } else { Ok(()) });
        assert_eq!(serial, Err(Error::Memory { bytes: 3 }));
        for workers in [2, 5] {
            let later = AtomicBool::new(false);
            let error = Work::with_threads(workers).for_each(64, |i| {
                let start = Instant::now();
                // If another thread comes, its error is the first in time.
                while i == 3 && !later.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(2) {
                    std::thread::yield_now();
                }
                later.fetch_or(i > 3, Ordering::SeqCst);
                if i >= 3 { Err(Error::Memory { bytes: i }) } else { Ok(()) }
            });
            assert_eq!(error, Err(Error::Memory { bytes: 3 }));
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
    fn nested_work_does_not_deadlock() {
        let work = Work::with_threads(2);
        let sums = work.map(8, |i| Ok(work.map(8, |j| Ok(i * j))?.iter().sum::<usize>()));
        assert_eq!(sums, Ok((0..8).map(|i| 28 * i).collect()));
    }

    #[test]
    fn it_is_not_asked_more_often_than_it_has_to_be() {
        struct Counts(AtomicU32);

        impl Interrupt for Counts {
            fn pending(&self) -> bool {
                self.0.fetch_add(1, Ordering::Relaxed);
                false
            }
        }

        let (start, counts) = (Instant::now(), Counts(AtomicU32::new(0)));
        let work = Work::interruptible(3, &counts);
        assert_eq!(work.workers(), 3);
        (0..10_000).for_each(|_| assert_eq!(work.check(), Ok(())));
        let most = start.elapsed().as_millis() / POLL.as_millis() + 1;
        assert!(u128::from(counts.0.into_inner()) <= most);
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
