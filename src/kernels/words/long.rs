//! The table of words that fit into no key: their bytes are in an arena.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::alloc::try_reserve;
use crate::error::{Error, Result};

#[derive(Debug)]
pub struct LongEntry {
    /// Where the word is in the arena.
    at: usize,
    len: usize,
    pub count: u64,
    pub first: u64,
}

/// Counts of long words. The hash is keyed by random numbers.
#[derive(Debug, Default)]
pub struct LongTable {
    entries: HashTable<LongEntry>,
    arena: Vec<u8>,
    hasher: RandomState,
}

impl LongTable {
    /// Adds `count` to the count of `word`, which was first seen at `first`.
    pub fn add(&mut self, word: &[u8], count: u64, first: u64) -> Result<()> {
        let LongTable { entries, arena, hasher } = self;
        let hash = hasher.hash_one(word);
        let same = |entry: &LongEntry| bytes(arena, entry) == word;
        if let Some(entry) = entries.find_mut(hash, same) {
            entry.count += count;
            entry.first = entry.first.min(first);
            return Ok(());
        }
        try_reserve(arena, word.len())?;
        entries
            .try_reserve(1, |entry| hasher.hash_one(bytes(arena, entry)))
            .map_err(|_| Error::Memory { bytes: 2 * entries.len() * size_of::<LongEntry>() })?;
        let entry = LongEntry { at: arena.len(), len: word.len(), count, first };
        arena.extend_from_slice(word);
        entries.insert_unique(hash, entry, |entry| hasher.hash_one(bytes(arena, entry)));
        Ok(())
    }

    /// Adds what another table has counted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        other.iter().try_for_each(|(word, entry)| self.add(word, entry.count, entry.first))
    }

    /// The words, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &LongEntry)> {
        self.entries.iter().map(|entry| (bytes(&self.arena, entry), entry))
    }

    /// How many different words there are, and how many bytes they have.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.arena.len())
    }
}

fn bytes<'a>(arena: &'a [u8], entry: &LongEntry) -> &'a [u8] {
    &arena[entry.at..entry.at + entry.len]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_counted_and_merged() -> Result<()> {
        let (mut a, mut b) = (LongTable::default(), LongTable::default());
        for i in 0..2000u64 {
            let word = format!("{:040}", i * i % 97);
            if i % 2 == 0 { &mut a } else { &mut b }.add(word.as_bytes(), 1, i)?;
        }
        a.merge(&b)?;
        let residues: std::collections::HashSet<u64> = (0..97).map(|i| i * i % 97).collect();
        assert_eq!(a.size(), (residues.len(), 40 * residues.len()));
        assert_eq!(a.iter().map(|(_, entry)| entry.count).fold(0, |a, b| a + b), 2000);
        for (word, entry) in a.iter() {
            assert_eq!(format!("{:040}", entry.first * entry.first % 97).as_bytes(), word);
            assert!(entry.first < 97);
        }
        Ok(())
    }
}
