//! The result: the distinct words in order.

use super::count::Counts;
use super::space::load;
use super::table::{Entry, bytes_of};
use crate::alloc::{try_reserve, try_vec};
use crate::error::Result;

/// A word, how often it was seen, and at which byte of the text first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// UTF-8.
    pub bytes: &'a [u8],
    /// How often it was seen.
    pub count: u64,
    /// Where it was seen first.
    pub first: u64,
}

/// The distinct words of a text, in the order of their first appearance or of their counts.
#[derive(Debug)]
pub struct Words {
    found: Vec<Found>,
    /// The bytes of the words that are not in their keys.
    arena: Vec<u8>,
}

/// A word of up to 15 bytes, with its length in the last byte. With `ELSEWHERE` for a length: its
/// place in the arena in the first eight bytes, and its length in the seven after that.
#[derive(Debug, Clone, Copy)]
struct Found {
    inline: [u8; 16],
    count: u64,
    first: u64,
}

const ELSEWHERE: u8 = 0xff;

impl Words {
    /// The words in the order of their first appearance.
    pub fn finish(mut counts: Counts) -> Result<Self> {
        counts.flush()?;
        let (long, long_bytes) = counts.long.size();
        let mut found: Vec<Found> = try_vec(counts.short.len() + counts.medium.len() + long)?;
        found.extend(counts.short.iter().map(|&Entry { key, count, first }| Found {
            inline: bytes_of(&key),
            count,
            first,
        }));
        let mut arena = try_vec(long_bytes)?;
        let mut put = |word: &[u8], count, first| {
            try_reserve(&mut arena, word.len())?;
            let mut inline = [0; 16];
            inline[..8].copy_from_slice(&(arena.len() as u64).to_le_bytes());
            inline[8..].copy_from_slice(&(word.len() as u64).to_le_bytes());
            inline[15] = ELSEWHERE;
            found.push(Found { inline, count, first });
            arena.extend_from_slice(word);
            Ok(())
        };
        for entry in counts.medium.iter() {
            let bytes: [u8; 32] = bytes_of(&entry.key);
            put(&bytes[..usize::from(bytes[31])], entry.count, entry.first)?;
        }
        for (word, entry) in counts.long.iter() {
            put(word, entry.count, entry.first)?;
        }
        found.sort_unstable_by_key(|word| word.first);
        Ok(Words { found, arena })
    }

    /// How many different words there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Was there no word at all?
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The words in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Word<'_>> {
        self.found.iter().map(|found| Word {
            bytes: self.bytes(found),
            count: found.count,
            first: found.first,
        })
    }

    /// Are all words ASCII?
    pub fn is_ascii(&self) -> bool {
        self.found.iter().all(|found| self.bytes(found).is_ascii())
    }

    /// Keeps the `top` words with the highest counts, highest first; of words that were seen as
    /// often, the one that was seen earlier comes first.
    pub fn keep_most_common(&mut self, top: usize) {
        let order = |word: &Found| (std::cmp::Reverse(word.count), word.first);
        if top < self.found.len() {
            self.found.select_nth_unstable_by_key(top, order);
            self.found.truncate(top);
        }
        self.found.sort_unstable_by_key(order);
    }

    fn bytes<'a>(&'a self, found: &'a Found) -> &'a [u8] {
        let inline = &found.inline;
        match inline[15] {
            ELSEWHERE => {
                let (at, len) = (load(inline, 0) as usize, load(inline, 8) as usize & (usize::MAX >> 8));
                &self.arena[at..at + len]
            }
            len => &inline[..usize::from(len)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_by_first_appearance_or_by_count() -> Result<()> {
        let long = "x".repeat(40);
        let text = ["b", "a", &long, "a", "seventeen letters", "c", &long, "c"];
        let counted = || {
            let mut counts = Counts::new();
            text.iter().zip(0..).try_for_each(|(word, at)| counts.push_word(word.as_bytes(), at))?;
            Words::finish(counts)
        };
        let list = |words: &Words| -> Vec<_> {
            let own =
                |word: Word<'_>| (String::from_utf8_lossy(word.bytes).into_owned(), word.count, word.first);
            words.iter().map(own).collect()
        };
        let mut words = counted()?;
        let own = |word: &str, count, first| (word.to_owned(), count, first);
        let in_order = [
            own("b", 1, 0),
            own("a", 2, 1),
            own(&long, 2, 2),
            own("seventeen letters", 1, 4),
            own("c", 2, 5),
        ];
        assert_eq!(list(&words), in_order);
        assert!(words.is_ascii());
        words.keep_most_common(3);
        assert_eq!(list(&words), [own("a", 2, 1), own(&long, 2, 2), own("c", 2, 5)]);
        let mut words = counted()?;
        words.keep_most_common(0);
        assert!(words.is_empty());
        Ok(())
    }
}
