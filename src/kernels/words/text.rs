//! A text in memory, cut into blocks that threads take from a queue.

use std::sync::Mutex;

use super::count::Counts;
use super::result::Words;
use super::scan::Scan;
use super::space::space_len;
use super::unicode;
use crate::alloc::try_vec;
use crate::error::{Error, Result};
use crate::parallel::Work;
use crate::simd;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokenizer {
    /// A run of characters between white space, as in Python's `str.split`.
    Whitespace,
    /// By Unicode Standard Annex 29.
    Unicode,
}

/// How words are told apart.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a word is.
    pub tokenizer: Tokenizer,
    /// Makes ASCII letters small.
    pub lowercase: bool,
    /// The text may be no UTF-8, which is an error. If not set, it is taken for UTF-8 in which
    /// there may be surrogates.
    pub validate: bool,
}

/// Bytes of a block: less than a millisecond of work.
const BLOCK: usize = if cfg!(fuzzing) { 64 } else { 1 << 18 };

/// Counts the words of `text`.
pub fn count(work: &Work<'_>, text: &[u8], options: Options) -> Result<Words> {
    if text.len() <= BLOCK {
        let mut counts = Counts::new();
        options.count(work, text, 0, &mut counts)?;
        return Words::finish(counts);
    }
    let cuts = cuts(text, BLOCK, options.tokenizer)?;
    // A table for each thread that is at work; which one gets which block does not matter.
    let tables = Tables::default();
    work.for_each(cuts.len() - 1, |i| {
        let mut counts = tables.take();
        options.count(work, &text[cuts[i]..cuts[i + 1]], cuts[i] as u64, &mut counts)?;
        tables.put(counts)
    })?;
    tables.finish()
}

impl Options {
    /// Counts the words of `text`, which lies at `base` in the whole text.
    pub fn count(self, work: &Work<'_>, text: &[u8], base: u64, counts: &mut Counts) -> Result<()> {
        if self.validate {
            std::str::from_utf8(text).map_err(|error| {
                let at = error.valid_up_to();
                Error::Value(format!("not UTF-8: byte {:#04x} at offset {}", text[at], base + at as u64))
            })?;
        }
        match (self.tokenizer, self.lowercase) {
            (Tokenizer::Whitespace, true) => simd::run(Scan::<true> { work, text, base, counts }),
            (Tokenizer::Whitespace, false) => simd::run(Scan::<false> { work, text, base, counts }),
            (Tokenizer::Unicode, lower) => unicode::scan(work, text, base, lower, counts),
        }
    }
}

impl Tokenizer {
    /// Can a text be cut before `text[at]` (not at an end) without cutting a word?
    pub fn is_border(self, text: &[u8], at: usize) -> bool {
        match self {
            Tokenizer::Whitespace => space_len(&text[at..]) > 0,
            Tokenizer::Unicode => unicode::is_border(text, at),
        }
    }
}

/// Where the blocks begin, and the end of the text: each is at least `block` long, but the last,
/// and ends where a word does.
fn cuts(text: &[u8], block: usize, tokenizer: Tokenizer) -> Result<Vec<usize>> {
    let mut cuts = try_vec(text.len() / block + 2)?;
    cuts.push(0);
    let mut next = block;
    while let Some(cut) = (next..text.len()).find(|&at| tokenizer.is_border(text, at)) {
        cuts.push(cut);
        next = cut + block;
    }
    cuts.push(text.len());
    Ok(cuts)
}

/// The counts of the threads.
#[derive(Default)]
pub struct Tables(Mutex<Vec<Counts>>);

impl Tables {
    /// Counts that no other thread uses now.
    pub fn take(&self) -> Counts {
        self.lock().pop().unwrap_or_else(Counts::new)
    }

    /// Gives counts back.
    pub fn put(&self, counts: Counts) -> Result<()> {
        let mut tables = self.lock();
        crate::alloc::try_reserve(&mut tables, 1)?;
        tables.push(counts);
        Ok(())
    }

    /// The sum of all.
    pub fn finish(self) -> Result<Words> {
        let tables = self.0.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut tables = tables.into_iter();
        let mut total = tables.next().unwrap_or_else(Counts::new);
        tables.try_for_each(|counts| total.merge(counts))?;
        Words::finish(total)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Counts>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options { tokenizer: Tokenizer::Whitespace, lowercase: true, validate: true };

    /// 600 KB of words of all lengths, most of them often.
    fn text() -> String {
        (0..60_000u64)
            .map(|i| format!("W{}{} ", i * i % 1009, "é".repeat((i * i % 47) as usize / 5)))
            .collect()
    }

    #[test]
    fn the_result_is_the_same_for_every_number_of_threads() -> Result<()> {
        let text = text();
        for tokenizer in [Tokenizer::Whitespace, Tokenizer::Unicode] {
            let options = Options { tokenizer, ..OPTIONS };
            let one = count(&Work::serial(), text.as_bytes(), options)?;
            let expected: Vec<_> = one.iter().collect();
            assert_eq!(expected.iter().fold(0, |sum, word| sum + word.count), 60_000);
            for workers in [2, 5] {
                let many = count(&Work::with_threads(workers), text.as_bytes(), options)?;
                assert_eq!(many.iter().collect::<Vec<_>>(), expected);
            }
        }
        Ok(())
    }

    #[test]
    fn a_text_is_cut_between_words_only() -> Result<()> {
        let text = "ab cd\u{3000}efghijklmnop\u{a0}q";
        for block in 1..30 {
            let cuts = cuts(text.as_bytes(), block, Tokenizer::Whitespace)?;
            assert_eq!((cuts[0], cuts.last()), (0, Some(&text.len())));
            assert!(cuts[1..cuts.len() - 1].iter().all(|&cut| space_len(&text.as_bytes()[cut..]) > 0));
        }
        assert_eq!(cuts(b"", 8, Tokenizer::Unicode)?, [0, 0]);
        Ok(())
    }

    #[test]
    fn the_first_bad_byte_is_told() {
        let mut text = text().into_bytes();
        for about in [590_001, 300_001, 299_000] {
            let at = (about..text.len()).find(|&at| text[at] == b'W').expect("a word begins there");
            text[at] = 0xff;
            for workers in [1, 3] {
                let error = count(&Work::with_threads(workers), &text, OPTIONS).err();
                assert_eq!(error, Some(Error::Value(format!("not UTF-8: byte 0xff at offset {at}"))));
            }
        }
    }
}
