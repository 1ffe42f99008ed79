//! The result: the distinct words in order.

use super::count::Counts;
use super::space::load;
use super::table::{Entry, bytes_of};
use crate::alloc::{try_filled, try_reserve, try_vec};
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
        for &Entry { key: [a, b], count, first } in counts.short.iter() {
            found.push(Found { inline: bytes_of(a, b), count, first });
        }
        let mut arena = try_vec(long_bytes)?;
        let mut put = |word: &[u8], count, first| {
            try_reserve(&mut arena, word.len())?;
            let inline = bytes_of(arena.len() as u64, word.len() as u64 | u64::from(ELSEWHERE) << 56);
            found.push(Found { inline, count, first });
            arena.extend_from_slice(word);
            Ok(())
        };
        for &Entry { key: [a, b, c, d], count, first } in counts.medium.iter() {
            let bytes = [bytes_of(a, b), bytes_of(c, d)];
            put(&bytes.as_flattened()[..usize::from(bytes[1][15])], count, first)?;
        }
        for (word, entry) in counts.long.iter() {
            put(word, entry.count, entry.first)?;
        }
        Ok(Words { found: sorted_by_first(found)?, arena })
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

/// Digits of `BITS` bits, from the lowest: two or three passes for what fits into memory.
const BITS: u32 = 11;

/// Below this number of words comparing is faster.
const FEW: usize = 64;

/// The words by their first positions, which are all different: a radix sort of the positions,
/// as comparing a few hundred thousand takes three times as long, then one move of each word.
fn sorted_by_first(mut found: Vec<Found>) -> Result<Vec<Found>> {
    if found.len() < FEW {
        found.sort_unstable_by_key(|word| word.first);
        return Ok(found);
    }
    let mut from: Vec<(u64, usize)> = try_vec(found.len())?;
    let mut all = 0;
    for (i, word) in found.iter().enumerate() {
        all |= word.first;
        from.push((word.first, i));
    }
    let mut to = try_filled(found.len(), (0, 0))?;
    for shift in (0..u64::BITS - all.leading_zeros()).step_by(BITS as usize) {
        let digit = |first: u64| (first >> shift) as usize & ((1 << BITS) - 1);
        let mut places = [0usize; 1 << BITS];
        for &(first, _) in &from {
            places[digit(first)] += 1;
        }
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        for &pair in &from {
            let place = &mut places[digit(pair.0)];
            to[*place] = pair;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    let mut sorted = try_vec(found.len())?;
    for &(_, i) in &from {
        sorted.push(found[i]);
    }
    Ok(sorted)
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
