//! The counts of words of every length: one table for each of three ranges of lengths, so that most
//! entries are small and of a fixed size.

use super::arena_table::ArenaTable;
use super::key_table::{KeyTable, PADDING, key, max_len};
use crate::error::Result;

/// Words of up to this many bytes are in the table of short words.
pub const SHORT: usize = max_len(2);

/// Longer words of up to this many bytes are in the table of medium words.
pub const MEDIUM: usize = max_len(4);

/// How often each word was seen.
#[derive(Debug, Default)]
pub struct Counts {
    pub short: KeyTable<2>,
    pub medium: KeyTable<4>,
    pub long: ArenaTable,
}

impl Counts {
    /// Counts the word `bytes[start..end]`, which begins at `first` in the whole text. There must be
    /// [`PADDING`] bytes, of any value, from `start` on.
    #[inline(always)]
    pub fn push(&mut self, bytes: &[u8], start: usize, end: usize, first: u64) -> Result<()> {
        let len = end - start;
        if len <= SHORT {
            self.short.push(key(&bytes[start..], len), first)
        } else if len <= MEDIUM {
            self.medium.push(key(&bytes[start..], len), first)
        } else {
            self.long.add(&bytes[start..end], 1, first).map(drop)
        }
    }

    /// Counts a word of any length that need not be followed by anything.
    pub fn push_word(&mut self, word: &[u8], first: u64) -> Result<()> {
        if word.len() > MEDIUM {
            return self.long.add(word, 1, first).map(drop);
        }
        let mut padded = [0; PADDING];
        padded[..word.len()].copy_from_slice(word);
        self.push(&padded, 0, word.len(), first)
    }

    /// Counts the words that still wait in a batch.
    pub fn flush(&mut self) -> Result<()> {
        self.short.flush()?;
        self.medium.flush()
    }

    /// Adds what another thread has counted.
    pub fn merge(&mut self, mut other: Self) -> Result<()> {
        self.short.merge(&mut other.short)?;
        self.medium.merge(&mut other.medium)?;
        self.long.merge(&other.long)
    }
}
