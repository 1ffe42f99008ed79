//! Values that are made once, and for which nobody waits.
//!
//! Who finds a `OnceLock` in the making waits for the thread that makes the value. After a fork that thread does
//! not exist in the child, which would wait for ever. Here each thread that finds nothing makes a value, and that
//! of the first is kept.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that lives as long as the process does, once it is made.
#[derive(Debug)]
pub struct Kept<T: Send + Sync + 'static>(AtomicPtr<T>);

impl<T: Send + Sync> Kept<T> {
    /// No value yet.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Kept(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<&'static T> {
        leaked(self.0.load(Ordering::Acquire))
    }

    /// The value; one that `make` returns, if there is none.
    pub fn get_or(&self, make: impl FnOnce() -> T) -> &'static T {
        self.get_if(|_| true, make)
    }

    /// The value if it is `valid`; else one that `make` returns, which takes its place. What was there before is never
    /// dropped.
    pub fn get_if(&self, valid: impl FnOnce(&T) -> bool, make: impl FnOnce() -> T) -> &'static T {
        let current = self.0.load(Ordering::Acquire);
        if let Some(value) = leaked(current).filter(|value| valid(value)) {
            return value;
        }
        let fresh = Box::into_raw(Box::new(make()));
        let stored = match self.0.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            // Another thread was first.
            Err(other) => {
                // SAFETY: from `Box::into_raw` above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
                other
            }
        };
        leaked(stored).expect("a value that was stored is never null")
    }
}

fn leaked<T>(value: *mut T) -> Option<&'static T> {
    // SAFETY: null, or stored by `get_if`, and then never freed nor changed; what other threads see is `Sync`.
    unsafe { value.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_see_one_value() {
        let kept = &*Box::leak(Box::new(Kept::new()));
        assert!(kept.get().is_none());
        let seen: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|id| scope.spawn(move || *kept.get_or(|| id))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(seen, [*kept.get().expect("made above"); 8]);
    }

    #[test]
    fn a_value_that_is_not_valid_is_replaced() {
        let kept = Box::leak(Box::new(Kept::new()));
        assert_eq!((kept.get_or(|| 1), kept.get_or(|| 2)), (&1, &1));
        assert_eq!(kept.get_if(|&value| value > 1, || 3), &3);
        assert_eq!(kept.get(), Some(&3));
    }

    #[test]
    fn nobody_waits_for_a_value_in_the_making() {
        let kept = Box::leak(Box::new(Kept::new()));
        let first = kept.get_or(|| {
            // As in a child that was forked while its parent was here.
            let second = std::thread::scope(|scope| scope.spawn(|| *kept.get_or(|| 2)).join());
            second.expect("no panic") - 1
        });
        assert_eq!(*first, 2);
    }
}
