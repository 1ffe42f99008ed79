//! Helpers that wait awake for the next call.
//!
//! A thread that sleeps takes 5 to 100 microseconds to wake, as long as many a call takes. So a helper that has
//! done its work looks out for more for a moment before it sleeps, as the threads of OpenMP and OpenBLAS do. It
//! yields its CPU all the time, and goes to sleep at once where that took long: somebody else has use for it. How
//! long it waits follows what came of it before: twice as long after each time that work came, half as long
//! after each that none did. Where a pool has more threads than there are CPUs, nobody waits.
//! `RUST_NUMPY_EXAMPLE_SPIN=0` turns it off.
//!
//! Work that is shorter than waking a thread is done alone, but where calls follow each other closely: there a
//! helper is woken for one, and is awake for the next.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::kept::Kept;

/// The environment variable.
const VARIABLE: &str = "RUST_NUMPY_EXAMPLE_SPIN";

/// How long a helper waits, in microseconds.
const SHORTEST: u32 = 10;
const LONGEST: u32 = 1000;

/// A yield that takes longer let somebody else work.
const BUSY: Duration = Duration::from_micros(30);

/// Calls follow each other closely if each begins so many microseconds after the end of the one before, or earlier;
/// and helpers that wait no longer than this have found that they are not needed, or that the CPUs are.
const CLOSE: u32 = 100;

/// After so many microseconds it is tried again.
const RETRY: u64 = 20_000;

/// How many calls have to follow closely before a helper is woken for one that is short.
const STREAK: u32 = 4;

/// Where helpers wait, and work of type `J` is handed to them.
#[derive(Debug)]
pub(super) struct Standby<J> {
    state: Mutex<State<J>>,
    /// How much work is there to be taken, to be read without the lock.
    handed: AtomicUsize,
    patience: AtomicU32,
    /// When the last call ended, in microseconds since the first.
    ended: AtomicU64,
    /// How many calls have followed closely.
    streak: AtomicU32,
    /// When short calls had help last although helpers had found that they are not needed.
    tried: AtomicU64,
}

#[derive(Debug)]
struct State<J> {
    /// The helpers that wait and have nothing handed to them.
    free: usize,
    handed: Vec<J>,
}

impl<J> Default for Standby<J> {
    fn default() -> Self {
        let state = Mutex::new(State { free: 0, handed: Vec::new() });
        Standby {
            state,
            handed: AtomicUsize::new(0),
            patience: AtomicU32::new(LONGEST),
            ended: AtomicU64::new(0),
            streak: AtomicU32::new(0),
            tried: AtomicU64::new(0),
        }
    }
}

impl<J: Clone> Standby<J> {
    /// Hands `work` to as many waiting helpers as there are, at most to `most`; returns to how many.
    pub(super) fn hand(&self, work: &J, most: usize) -> usize {
        let mut state = self.state();
        let count = state.free.min(most);
        // Memory that is refused means no help, and not the end of the process.
        if count == 0 || state.handed.try_reserve(count).is_err() {
            return 0;
        }
        state.free -= count;
        state.handed.extend((0..count).map(|_| work.clone()));
        self.handed.store(state.handed.len(), Ordering::Release);
        count
    }

    /// Whether a call that is shorter than waking a thread is to have helpers.
    pub(super) fn helps_short_call(&self) -> bool {
        self.helps_short_call_at(microseconds())
    }

    fn helps_short_call_at(&self, now: u64) -> bool {
        let pause = now.saturating_sub(self.ended.load(Ordering::Relaxed));
        // Calls of several threads may miscount each other, which costs a little time.
        let streak =
            if pause <= CLOSE.into() { self.streak.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.streak.store(streak, Ordering::Relaxed);
        if streak < STREAK {
            return false;
        }
        if self.patience.load(Ordering::Relaxed) <= CLOSE {
            if now.saturating_sub(self.tried.load(Ordering::Relaxed)) < RETRY {
                return false;
            }
            self.tried.store(now, Ordering::Relaxed);
            self.patience.store(2 * CLOSE, Ordering::Relaxed);
        }
        true
    }

    /// A call has ended.
    pub(super) fn call_ended(&self) {
        self.ended.store(microseconds(), Ordering::Relaxed);
    }

    /// Waits awake for work that is handed over; `None` once there is reason to sleep.
    pub(super) fn wait(&self) -> Option<J> {
        let patience = self.patience.load(Ordering::Relaxed);
        self.state().free += 1;
        let work = self.look_out(Duration::from_micros(patience.into()));
        let next = if work.is_some() { (2 * patience).min(LONGEST) } else { (patience / 2).max(SHORTEST) };
        self.patience.store(next, Ordering::Relaxed);
        work
    }

    fn look_out(&self, patience: Duration) -> Option<J> {
        let end = Instant::now() + patience;
        loop {
            let gives_up = !stay_awake(end, || self.handed.load(Ordering::Acquire) > 0);
            let mut state = self.state();
            if let Some(work) = state.handed.pop() {
                self.handed.store(state.handed.len(), Ordering::Release);
                return Some(work);
            }
            if gives_up {
                // All that was handed over is counted for others who wait.
                state.free -= 1;
                return None;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Waits awake until it is `done`; returns false at the `end`, or earlier if somebody else has use for the CPU.
pub(super) fn stay_awake(end: Instant, done: impl Fn() -> bool) -> bool {
    let mut before = Instant::now();
    while !done() {
        std::thread::yield_now();
        let now = Instant::now();
        if now > end || now - before > BUSY {
            return done();
        }
        before = now;
    }
    true
}

/// Microseconds since this was first asked.
fn microseconds() -> u64 {
    static START: Kept<Instant> = Kept::new();
    START.get_or(Instant::now).elapsed().as_micros() as u64
}

/// Whether the helpers of a pool of so many threads may wait awake.
pub(super) fn is_welcome(threads: usize) -> bool {
    static CPUS: Kept<usize> = Kept::new();
    let cpus = *CPUS.get_or(|| match setting() {
        Some(Ok(false)) => 0,
        _ => std::thread::available_parallelism().map_or(1, |cpus| cpus.get()),
    });
    // The calling thread is one more.
    threads < cpus
}

/// What the variable says, if it is set.
fn setting() -> Option<Result<bool, String>> {
    let text = std::env::var_os(VARIABLE)?.to_string_lossy().trim().to_owned();
    match text.as_str() {
        "" => None,
        "0" => Some(Ok(false)),
        "1" => Some(Ok(true)),
        _ => Some(Err(text)),
    }
}

/// The variable and its text, if that is neither 0 nor 1, and so is passed over.
pub(super) fn unknown_setting() -> Option<(&'static str, String)> {
    Some((VARIABLE, setting()?.err()?))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn work_is_handed_to_those_who_wait_and_to_no_more() {
        let standby = Standby::default();
        assert_eq!(standby.hand(&7, 3), 0);
        let taken = std::thread::scope(|scope| {
            let waiting: Vec<_> =
                (0..2).map(|_| scope.spawn(|| (0..10_000).find_map(|_| standby.wait()))).collect();
            let mut handed = 0;
            while handed < 2 {
                handed += standby.hand(&7, 2 - handed);
            }
            waiting.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert_eq!(taken, [Some(7), Some(7)]);
        let state = standby.state();
        assert_eq!((state.free, state.handed.len()), (0, 0));
    }

    #[test]
    fn who_waits_awake_does_so_until_it_is_done() {
        let end = Instant::now() + Duration::from_secs(60);
        // On a busy machine a wait may be given up: not each of them.
        let lasts = (0..1000).any(|_| {
            let asked = Cell::new(0);
            stay_awake(end, || asked.replace(asked.get() + 1) >= 3)
        });
        assert!(lasts);
        assert!(!stay_awake(Instant::now(), || false));
    }

    #[test]
    fn who_waits_awake_leaves_a_cpu_to_the_caller() {
        assert!(!is_welcome(std::thread::available_parallelism().map_or(1, |cpus| cpus.get())));
    }

    #[test]
    fn time_goes_on() {
        let before = microseconds();
        std::thread::sleep(Duration::from_millis(2));
        assert!(microseconds() >= before + 2000);
    }

    #[test]
    fn short_calls_have_help_where_they_follow_closely() {
        let standby = Standby::<i32>::default();
        let mut now = 1_000_000;
        let mut call = |pause: u64| {
            standby.ended.store(now, Ordering::Relaxed);
            now += pause;
            standby.helps_short_call_at(now)
        };
        let (close, apart) = (u64::from(CLOSE), u64::from(CLOSE) + 1);
        assert!(!call(apart));
        assert_eq!([close; STREAK as usize + 1].map(&mut call), [false, false, false, true, true]);
        assert!(!call(apart) && !call(close));
        // Helpers that found nothing to do are left alone for a while after they were tried again.
        let gave_up = || standby.patience.store(SHORTEST, Ordering::Relaxed);
        gave_up();
        assert_eq!([close; 3].map(&mut call), [false, false, true]);
        assert_eq!(standby.patience.load(Ordering::Relaxed), 2 * CLOSE);
        gave_up();
        let calls = RETRY.div_ceil(close) as usize;
        assert!(!(1..calls).any(|_| call(close)) && call(close));
        standby.call_ended();
        assert!(microseconds() - standby.ended.load(Ordering::Relaxed) < 1_000_000);
    }

    #[test]
    fn patience_follows_what_comes_of_it() {
        let standby = Standby::<i32>::default();
        for _ in 0..10 {
            assert_eq!(standby.wait(), None);
        }
        assert_eq!(standby.patience.load(Ordering::Relaxed), SHORTEST);
        assert_eq!(standby.state().free, 0);
        // Counted, as one who waits is.
        standby.state().free = 1;
        assert_eq!(standby.hand(&1, 5), 1);
        assert_eq!(standby.wait(), Some(1));
        assert_eq!(standby.patience.load(Ordering::Relaxed), 2 * SHORTEST);
    }
}
