//! When a loop over short pieces asks whether to stop.

use super::work::Work;
use crate::error::Result;

/// Elementary operations (elements read, multiply-adds, bytes) between two questions: 10
/// microseconds to a millisecond of work, and a question costs some 20 nanoseconds.
const OPERATIONS: usize = 1 << 18;

/// Counts the work of a loop, so that it asks only now and then whether to stop.
pub struct Pacer<'w> {
    work: &'w Work<'w>,
    done: usize,
}

impl<'w> Pacer<'w> {
    /// A pacer for a loop in `work`.
    #[inline]
    pub fn new(work: &'w Work<'w>) -> Self {
        Pacer { work, done: 0 }
    }

    /// To be called with about how many elementary operations each piece takes;
    /// `Err(Interrupted)` if the work is to stop.
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
    use crate::error::Error;

    #[test]
    fn it_asks_when_enough_is_done() {
        let work = Work::stopped();
        let mut pacer = Pacer::new(&work);
        assert_eq!(pacer.spend(OPERATIONS - 1), Ok(()));
        assert_eq!(pacer.spend(1), Err(Error::Interrupted));
        assert_eq!(pacer.spend(OPERATIONS - 1), Ok(()));
        assert_eq!(pacer.spend(usize::MAX), Err(Error::Interrupted));
    }
}
