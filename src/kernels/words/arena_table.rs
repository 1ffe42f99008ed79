//! The table of words that fit into no key: their bytes are one after the other in an arena, and
//! `hashbrown` finds them. Such words are rare, so nothing more is done for speed.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::alloc::try_reserve;
use crate::error::{Error, Result};

/// A word, how often it was seen, and where first.
#[derive(Debug)]
pub struct ArenaEntry {
    /// Where the word begins in the arena.
    offset: usize,
    len: usize,
    /// How often it was seen.
    pub count: u64,
    /// Where it was seen first.
    pub first: u64,
}

/// Counts of long words. The hash is keyed by random numbers.
#[derive(Debug, Default)]
pub struct ArenaTable {
    /// Indices into `entries`.
    index: HashTable<usize>,
    entries: Vec<ArenaEntry>,
    arena: Vec<u8>,
    hasher: RandomState,
}

impl ArenaTable {
    /// Adds `count` to the count of `word`, which was first seen at `first`; returns its place in the entries.
    pub fn add(&mut self, word: &[u8], count: u64, first: u64) -> Result<usize> {
        let ArenaTable { index, entries, arena, hasher } = self;
        let hash = hasher.hash_one(word);
        if let Some(&i) = index.find(hash, |&i| bytes(arena, &entries[i]) == word) {
            let entry = &mut entries[i];
            entry.count += count;
            entry.first = entry.first.min(first);
            return Ok(i);
        }
        try_reserve(arena, word.len())?;
        try_reserve(entries, 1)?;
        let hash_of = |&i: &usize| hasher.hash_one(bytes(arena, &entries[i]));
        index
            .try_reserve(1, hash_of)
            .map_err(|_| Error::Memory { bytes: 2 * index.len() * size_of::<usize>() })?;
        index.insert_unique(hash, entries.len(), hash_of);
        entries.push(ArenaEntry { offset: arena.len(), len: word.len(), count, first });
        arena.extend_from_slice(word);
        Ok(entries.len() - 1)
    }

    /// Adds what another table has counted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        other
            .entries
            .iter()
            .try_for_each(|entry| self.add(other.word(entry), entry.count, entry.first).map(drop))
    }

    /// The words in the order in which they came.
    pub fn entries(&self) -> &[ArenaEntry] {
        &self.entries
    }

    /// The bytes of one of the words.
    pub fn word(&self, entry: &ArenaEntry) -> &[u8] {
        bytes(&self.arena, entry)
    }
}

fn bytes<'a>(arena: &'a [u8], entry: &ArenaEntry) -> &'a [u8] {
    &arena[entry.offset..entry.offset + entry.len]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_counted_and_merged() -> Result<()> {
        let (mut a, mut b) = (ArenaTable::default(), ArenaTable::default());
        for i in 0..2000u64 {
            let word = format!("{:040}", i * i % 97);
            if i % 2 == 0 { &mut a } else { &mut b }.add(word.as_bytes(), 1, i)?;
        }
        a.merge(&b)?;
        let residues: std::collections::HashSet<u64> = (0..97).map(|i| i * i % 97).collect();
        assert_eq!(a.entries().len(), residues.len());
        assert_eq!(a.entries().iter().map(|entry| entry.count).sum::<u64>(), 2000);
        for entry in a.entries() {
            assert_eq!(format!("{:040}", entry.first * entry.first % 97).as_bytes(), a.word(entry));
            assert!(entry.first < 97);
        }
        Ok(())
    }
}
