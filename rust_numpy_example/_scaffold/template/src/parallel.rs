//! Threads: how work is split, and how it is stopped.
//!
//! A kernel cuts its input into parts by a rule that does not depend on the number of threads, so its result has the
//! same bits for every number. Threads live as long as the call: nothing is left for a forked child to wait for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder, ThreadId};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The most threads of a call.
pub const MAX_THREADS: usize = 1024;

/// How long the calling thread works before it asks again whether to stop.
const POLL: Duration = Duration::from_millis(5);

/// Elements between two questions of a [`Pacer`].
const OPERATIONS: usize = 1 << 16;

/// As many threads as the process has CPUs.
pub fn num_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
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
    poll: Option<(&'a dyn Interrupt, ThreadId, Mutex<Instant>)>,
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
}

impl<'a> Work<'a> {
    /// Work on `workers` threads; the calling thread asks `interrupt` every few milliseconds.
    pub fn interruptible(workers: usize, interrupt: &'a dyn Interrupt) -> Self {
        let poll = Some((interrupt, thread::current().id(), Mutex::new(Instant::now())));
        Work { workers, stop: AtomicBool::new(false), poll }
    }

    /// To be called every few milliseconds at least: `Err(Interrupted)` if the work is to stop.
    pub fn check(&self) -> Result<()> {
        if let Some((interrupt, caller, asked)) = &self.poll {
            if thread::current().id() == *caller {
                let mut asked = asked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if asked.elapsed() >= POLL {
                    *asked = Instant::now();
                    if interrupt.pending() {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                }
            }
        }
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Calls `part(item)` for each item, on all threads; of several errors the one of the first item is returned.
    pub fn for_each<T: Send>(
        &self,
        items: impl ExactSizeIterator<Item = T> + Send,
        part: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        let workers = self.workers.min(items.len());
        let queue = Mutex::new(items.enumerate());
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let has_failed = AtomicBool::new(false);
        let drain = || {
            while !has_failed.load(Ordering::Relaxed) {
                let next = queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                let Some((index, item)) = next else { break };
                if let Err(error) = self.check().and_then(|()| part(item)) {
                    has_failed.store(true, Ordering::Relaxed);
                    let mut first = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if first.as_ref().is_none_or(|(lowest, _)| index < *lowest) {
                        *first = Some((index, error));
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..workers {
                // Where the system gives no thread, those that there are do it all.
                let _ = Builder::new().spawn_scoped(scope, drain);
            }
            drain();
        });
        match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

/// Counts the work of a loop over short pieces, so that it asks only now and then whether to stop.
pub struct Pacer<'w> {
    work: &'w Work<'w>,
    done: usize,
}

impl<'w> Pacer<'w> {
    /// A pacer for a loop in `work`.
    pub fn new(work: &'w Work<'w>) -> Self {
        Pacer { work, done: 0 }
    }

    /// To be called with about how many elementary operations each piece takes.
    #[inline(always)]
    pub fn spend(&mut self, operations: usize) -> Result<()> {
        self.done = self.done.saturating_add(operations);
        if self.done < OPERATIONS {
            return Ok(());
        }
        self.done = 0;
        self.work.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always;

    impl Interrupt for Always {
        fn pending(&self) -> bool {
            true
        }
    }

    #[test]
    fn every_item_comes_once_and_the_first_error_in_order_wins() {
        for workers in [1, 2, 5] {
            let mut items = vec![0; 100];
            let work = Work::with_threads(workers);
            work.for_each(items.iter_mut().enumerate(), |(index, item)| {
                *item += index;
                Ok(())
            })
            .expect("nothing fails here");
            assert!(items.iter().enumerate().all(|(index, item)| *item == index));
            let failed = work.for_each(0..1, |bytes| Err(Error::Memory { bytes }));
            assert_eq!(failed, Err(Error::Memory { bytes: 0 }));
        }
    }

    #[test]
    fn an_interrupt_stops_the_work() {
        for workers in [1, 2] {
            let stopped = Work::interruptible(workers, &Always).for_each(0..1_000_000, |_| {
                thread::sleep(Duration::from_micros(100));
                Ok(())
            });
            assert_eq!(stopped, Err(Error::Interrupted));
        }
    }
}
