//! The result: the distinct words in the order of their first appearance, or of their counts. They stay
//! in the tables; what is sorted are their indices.

use super::count::Counts;
use crate::alloc::{try_filled, try_vec};
use crate::error::Result;
use crate::simd::memory::prefetch_element;

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
    counts: Counts,
    /// For each word the number to sort by and its index: in the table of short words, then counting
    /// on in that of medium words, then in that of long words.
    order: Vec<(u64, usize)>,
}

/// How many words ahead entries are fetched into the cache.
const AHEAD: usize = 8;

impl Words {
    /// The words in the order of their first appearance.
    pub fn finish(mut counts: Counts) -> Result<Self> {
        counts.flush()?;
        let Counts { short, medium, long, .. } = &counts;
        let firsts = short.entries().iter().map(|entry| entry.first);
        let firsts = firsts.chain(medium.entries().iter().map(|entry| entry.first));
        let firsts = firsts.chain(long.entries().iter().map(|entry| entry.first));
        let mut order = try_vec(short.entries().len() + medium.entries().len() + long.entries().len())?;
        order.extend(firsts.enumerate().map(|(index, first)| (first, index)));
        Ok(Words { order: sorted(order)?, counts })
    }

    /// How many different words there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Was there no word at all?
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The words in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Word<'_>> {
        self.order.iter().enumerate().map(|(i, &(_, index))| {
            if let Some(&(_, soon)) = self.order.get(i + AHEAD) {
                prefetch_element(self.counts.short.entries(), soon);
            }
            self.word(index)
        })
    }

    /// Are all words ASCII?
    pub fn is_ascii(&self) -> bool {
        self.iter().all(|word| word.bytes.is_ascii())
    }

    /// Keeps the `top` words with the highest counts, highest first; of words with equal counts the
    /// one that was seen earlier comes first.
    pub fn keep_most_common(&mut self, top: usize) -> Result<()> {
        let mut ranks = try_vec(self.len())?;
        for (i, word) in self.iter().enumerate() {
            ranks.push((std::cmp::Reverse(word.count), i));
        }
        if top < ranks.len() {
            ranks.select_nth_unstable(top);
            ranks.truncate(top);
        }
        ranks.sort_unstable();
        let mut order = try_vec(ranks.len())?;
        order.extend(ranks.into_iter().map(|(_, i)| self.order[i]));
        self.order = order;
        Ok(())
    }

    #[inline(always)]
    fn word(&self, index: usize) -> Word<'_> {
        let Counts { short, medium, long, .. } = &self.counts;
        if let Some(entry) = short.entries().get(index) {
            return Word { bytes: entry.word(), count: entry.count, first: entry.first };
        }
        let index = index - short.entries().len();
        if let Some(entry) = medium.entries().get(index) {
            return Word { bytes: entry.word(), count: entry.count, first: entry.first };
        }
        let entry = &long.entries()[index - medium.entries().len()];
        Word { bytes: long.word(entry), count: entry.count, first: entry.first }
    }
}

/// The most bits of a digit of the radix sort.
const MAX_DIGIT_BITS: u32 = 11;

/// Fewer numbers than this are sorted by comparison.
const MIN_RADIX: usize = 64;

/// Sorts by the first numbers, which are all different: a radix sort from the lowest digit, whose
/// time is linear in their number.
fn sorted(mut from: Vec<(u64, usize)>) -> Result<Vec<(u64, usize)>> {
    if from.is_sorted() {
        return Ok(from);
    }
    if from.len() < MIN_RADIX {
        from.sort_unstable();
        return Ok(from);
    }
    let digit_bits = if from.len() < 1 << 12 { 8 } else { MAX_DIGIT_BITS };
    let mask = (1 << digit_bits) - 1;
    let all = from.iter().fold(0, |all, &(number, _)| all | number);
    let mut to = try_filled(from.len(), (0, 0))?;
    for shift in (0..u64::BITS - all.leading_zeros()).step_by(digit_bits as usize) {
        let mut offsets = [0usize; 1 << MAX_DIGIT_BITS];
        for &(number, _) in &from {
            offsets[(number >> shift) as usize & mask] += 1;
        }
        let mut next = 0;
        for offset in &mut offsets[..=mask] {
            next += std::mem::replace(offset, next);
        }
        for &pair in &from {
            let offset = &mut offsets[(pair.0 >> shift) as usize & mask];
            to[*offset] = pair;
            *offset += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_by_first_appearance_or_by_count() -> Result<()> {
        let long = "x".repeat(40);
        let text = ["b", "a", &long, "a", "seventeen letters", "c", &long, "c"];
        let counted = || {
            let mut counts = Counts::default();
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
        words.keep_most_common(3)?;
        assert_eq!(list(&words), [own("a", 2, 1), own(&long, 2, 2), own("c", 2, 5)]);
        let mut words = counted()?;
        words.keep_most_common(0)?;
        assert!(words.is_empty() && words.is_ascii());
        let mut counts = Counts::default();
        counts.push_word("\u{df}".as_bytes(), 0)?;
        assert!(!Words::finish(counts)?.is_ascii());
        Ok(())
    }
}
