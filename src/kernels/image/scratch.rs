//! Scratch memory that begins at a cache line, as loads that cross from one line to the next take
//! twice as long.

use std::ops::{Deref, DerefMut, Range};

use crate::alloc::{checked_size, try_filled};
use crate::error::Result;

/// Bytes in a cache line, and in the largest register.
pub const LINE: usize = 64;

/// Elements that begin at a cache line.
pub struct Scratch<T> {
    memory: Vec<T>,
    range: Range<usize>,
}

impl<T: Copy + Default> Scratch<T> {
    /// `rows` times `stride` elements.
    pub fn new(rows: usize, stride: usize) -> Result<Self> {
        let len = checked_size(&[rows, stride])?;
        let spare = LINE / size_of::<T>();
        let memory = try_filled(len.saturating_add(spare), T::default())?;
        // Where it cannot be told (it may be so in an interpreter), the start is as good.
        let start = memory.as_ptr().align_offset(LINE).min(spare);
        Ok(Scratch { memory, range: start..start + len })
    }
}

impl<T> Deref for Scratch<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.memory[self.range.clone()]
    }
}

impl<T> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.range.clone()]
    }
}

/// How many elements rows stand apart, so that each holds `len` of them and begins at a line.
///
/// An odd number of lines: rows a power of two apart would share few places of a cache.
pub fn stride<T>(len: usize) -> usize {
    let line = LINE / size_of::<T>();
    (len.div_ceil(line) | 1).saturating_mul(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_at_lines_an_odd_number_apart() {
        for len in [1, 31, 32, 33, 64, 1000] {
            let apart = stride::<i16>(len);
            assert!(apart >= len && apart * 2 / LINE % 2 == 1 && apart * 2 % LINE == 0);
            let scratch = Scratch::<i16>::new(3, apart).expect("small");
            assert_eq!(scratch.len(), 3 * apart);
            assert!(cfg!(miri) || scratch.as_ptr().addr() % LINE == 0);
        }
    }
}
