//! What waits for the end of work on another thread, by the number of the work: each is taken once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

/// Nothing is dropped under the lock: what waits may be of Python, and call back.
#[derive(Debug)]
pub struct Waiting<W> {
    waiting: Mutex<HashMap<u64, W>>,
    numbers: AtomicU64,
    /// How many were added since all were looked at.
    unseen: AtomicUsize,
}

impl<W> Default for Waiting<W> {
    fn default() -> Self {
        Waiting { waiting: Mutex::default(), numbers: AtomicU64::new(0), unseen: AtomicUsize::new(0) }
    }
}

impl<W> Waiting<W> {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, W>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Starts work with a number of its own, and keeps what waits for it.
    pub fn insert(&self, start: impl FnOnce(u64) -> W) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        // Under the lock, so that the work does not end before there is somebody who waits for it.
        let mut waiting = self.lock();
        let waiter = start(number);
        waiting.insert(number, waiter);
        number
    }

    /// What waits for the work with this number, if it still does.
    pub fn take(&self, number: u64) -> Option<W> {
        self.lock().remove(&number)
    }

    /// Shows all, if half of them were added since the last time: so each is seen about once, however often it is
    /// asked. Returns whether it did.
    pub fn look(&self, see: impl FnMut(&W)) -> bool {
        let waiting = self.lock();
        if self.unseen.fetch_add(1, Ordering::Relaxed) + 1 < waiting.len() / 2 {
            return false;
        }
        self.unseen.store(0, Ordering::Relaxed);
        waiting.values().for_each(see);
        true
    }

    /// Those that wait in vain.
    pub fn take_where(&self, is_vain: impl Fn(&W) -> bool) -> Vec<W> {
        let mut waiting = self.lock();
        let numbers: Vec<u64> =
            waiting.iter().filter(|(_, waiter)| is_vain(waiter)).map(|(&number, _)| number).collect();
        numbers.iter().filter_map(|number| waiting.remove(number)).collect()
    }

    /// All of them.
    pub fn take_all(&self) -> Vec<W> {
        let all = std::mem::take(&mut *self.lock());
        all.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const EACH: u64 = 2000;

    #[test]
    fn each_is_taken_once_by_whoever_comes_first() {
        let waiting = &Waiting::default();
        let taken = std::thread::scope(|scope| {
            let (done, inbox) = channel();
            let (cancelled, to_cancel) = channel();
            for starter in 0..2 {
                let (done, cancelled) = (done.clone(), cancelled.clone());
                scope.spawn(move || {
                    for index in 0..EACH {
                        let number = waiting.insert(|number| {
                            done.send(number).expect("somebody listens");
                            Box::new((starter, index))
                        });
                        cancelled.send(number).expect("somebody listens");
                        waiting.look(|waiter| assert!(waiter.1 < EACH));
                    }
                });
            }
            drop((done, cancelled));
            let takers = [
                scope.spawn(move || {
                    inbox.iter().filter_map(|number| waiting.take(number)).collect::<Vec<_>>()
                }),
                scope.spawn(move || to_cancel.iter().filter_map(|number| waiting.take(number)).collect()),
                scope.spawn(move || {
                    (0..EACH).flat_map(|_| waiting.take_where(|waiter| waiter.1 % 7 == 0)).collect()
                }),
            ];
            takers.map(|taker| taker.join().expect("no panic")).concat()
        });
        let mut all: Vec<_> = taken.into_iter().map(|waiter| *waiter).collect();
        all.sort_unstable();
        let expected: Vec<_> =
            (0..2).flat_map(|starter| (0..EACH).map(move |index| (starter, index))).collect();
        assert_eq!(all, expected);
        assert!(waiting.take_all().is_empty());
    }

    #[test]
    fn work_that_ends_at_once_finds_who_waits() {
        let waiting = &Waiting::default();
        std::thread::scope(|scope| {
            let (done, inbox) = channel();
            scope.spawn(move || {
                for _ in 0..EACH {
                    waiting.insert(|number| {
                        done.send(number).expect("somebody listens");
                        std::thread::yield_now();
                    });
                }
            });
            assert_eq!(inbox.iter().filter_map(|number| waiting.take(number)).count() as u64, EACH);
        });
    }

    #[test]
    fn each_is_seen_about_once() {
        let waiting = Waiting::default();
        let mut seen = 0;
        for _ in 0..1000 {
            waiting.insert(|number| number);
            waiting.look(|_| seen += 1);
        }
        assert!((1000..5000).contains(&seen), "{seen}");
        assert_eq!(waiting.take_where(|&number| number % 2 == 0).len(), 500);
        assert_eq!(waiting.take_all().len(), 500);
    }
}
