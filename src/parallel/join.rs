//! Helpers that come if they can: work of the calling thread in which others may join.
//!
//! A scoped task has to be run before its scope ends. On a busy machine a thread that is woken may
//! take milliseconds to come, and the caller, who has long done everything by itself, would wait for
//! it. Here the caller closes the door when nothing is left to be taken, and waits only for those
//! who are inside; who comes later finds the door closed and goes.
//!
//! A signal handler that runs while the caller works may fork. In the child there are no helpers, and
//! what they had taken is never done: there the work ends with an error.
#![allow(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use super::standby::{Standby, is_welcome, stay_awake};
use crate::error::{Error, Result};

/// How long the caller waits awake for those who are inside.
const LAST_PART: Duration = Duration::from_micros(100);

/// Set in the count of helpers inside when no more may come in.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Runs `body` on this thread, and at the same time on up to `helpers` threads of the pool: on those
/// that come before it has returned here. All have left when this function returns. A panic on any
/// thread goes on here.
pub(super) fn with_help(
    pool: &ThreadPool,
    standby: &'static Standby<Arc<Join>>,
    helpers: usize,
    body: &(dyn Fn() + Sync),
) -> Result<()> {
    let join = Arc::new(Join {
        inside: AtomicUsize::new(0),
        caller: std::thread::current(),
        process: std::process::id(),
        panic: Mutex::new(None),
        body: Body::of(body),
    });
    let waits = is_welcome(pool.current_num_threads());
    let open = Open { join: &join, waits };
    let awake = if waits { standby.hand(&join, helpers) } else { 0 };
    for _ in awake..helpers {
        let mut join = Arc::clone(&join);
        pool.spawn(move || {
            join.help();
            while let Some(next) = waits.then(|| standby.wait()).flatten() {
                join = next;
                join.help();
            }
        });
    }
    body();
    drop(open);
    if join.is_forked() {
        return Err(Error::Forked);
    }
    let panic = join.panic.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    Ok(())
}

/// Where the work is done.
pub(super) struct Join {
    /// How many helpers are inside, and [`CLOSED`].
    inside: AtomicUsize,
    caller: Thread,
    /// The process that the helpers are in.
    process: u32,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    body: Body,
}

/// What helpers do, for as long as the door is open: the pool's threads outlive the call, and so
/// cannot be told of its lifetime.
struct Body(*const (dyn Fn() + Sync));

// SAFETY: it is a reference to something that may be called from any thread, and is used by helpers
// only while the call that it comes from lasts (see `Join::help`).
unsafe impl Send for Body {}
// SAFETY: as above.
unsafe impl Sync for Body {}

impl Body {
    fn of<'a>(body: &'a (dyn Fn() + Sync + 'a)) -> Self {
        // SAFETY: only the lifetime is changed, of a pointer, which promises nothing.
        Body(unsafe { std::mem::transmute::<*const (dyn Fn() + Sync + 'a), *const (dyn Fn() + Sync)>(body) })
    }
}

impl Join {
    /// Whether this is a child of the process in which the work began.
    fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }

    /// Comes in, unless the door is closed, works, and leaves.
    fn help(&self) {
        // Acquires what the caller has written; the order of coming in and closing is one.
        if self.inside.fetch_add(1, Ordering::AcqRel) & CLOSED == 0 {
            // SAFETY: the door was open when this helper came in, so the caller is still in
            // `with_help`, which borrows the body, and `Open` keeps it there until this one has left.
            let body = unsafe { &*self.body.0 };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
                *self.panic.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(payload);
            }
        }
        // Releases what the helper has written.
        if self.inside.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            self.caller.unpark();
        }
    }
}

/// The open door: closed, and all have left, when this is dropped.
struct Open<'a> {
    join: &'a Join,
    /// Awake, at first.
    waits: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let Open { join, waits } = self;
        if join.is_forked() {
            return;
        }
        join.inside.fetch_or(CLOSED, Ordering::AcqRel);
        // A helper that finds the door closed may be counted for a moment.
        let all_left = || join.inside.load(Ordering::Acquire) == CLOSED;
        // To be woken takes as long as many a part.
        if *waits {
            stay_awake(Instant::now() + LAST_PART, all_left);
        }
        while !all_left() {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_comes_late_does_nothing() {
        let join = Join {
            inside: AtomicUsize::new(0),
            caller: std::thread::current(),
            process: std::process::id(),
            panic: Mutex::new(None),
            body: Body::of(&|| panic!("the door is closed")),
        };
        drop(Open { join: &join, waits: true });
        join.help();
        assert!(join.panic.into_inner().expect("not poisoned").is_none());
        assert_eq!(join.inside.into_inner(), CLOSED);
    }

    #[test]
    fn all_have_left_when_it_returns() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("there are threads");
        let standby = Box::leak(Box::default());
        for round in 0..2000 {
            let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
            with_help(&pool, standby, 4, &|| {
                inside.fetch_add(1, Ordering::SeqCst);
                while taken.fetch_add(1, Ordering::SeqCst) < round % 50 {
                    std::thread::yield_now();
                }
                inside.fetch_sub(1, Ordering::SeqCst);
            })
            .expect("no process is forked");
            assert_eq!(inside.into_inner(), 0);
        }
    }
}
