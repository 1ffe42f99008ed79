//! A panic becomes `InternalError`, never a `PanicException` that `except Exception` misses. Every entry from
//! Python goes through [`guard`] or, for work on arrays, `call`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use super::error::from_panic;

/// Runs `body` attached to the interpreter; a panic becomes an exception.
#[inline]
pub fn guard<T>(body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    caught(body)?
}

/// What `body` returns, or the exception that its panic becomes.
#[inline]
pub fn caught<T>(body: impl FnOnce() -> T) -> PyResult<T> {
    let body = || {
        #[cfg(feature = "faults")]
        trip::trip();
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).map_err(from_panic)
}

/// Panics on purpose, for the tests.
#[cfg(feature = "faults")]
pub mod trip {
    use std::cell::Cell;

    thread_local! {
        /// How many doors this thread goes through before one panics.
        static DOORS: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Lets the door after the next `doors` ones of this thread panic; what was set before.
    pub fn set(doors: Option<u64>) -> Option<u64> {
        DOORS.replace(doors)
    }

    /// Panics if it is the turn of this door. Every door calls it.
    pub(super) fn trip() {
        let Some(left) = DOORS.get() else { return };
        DOORS.set(left.checked_sub(1));
        if left == 0 {
            panic!("a panic on purpose")
        }
    }
}
