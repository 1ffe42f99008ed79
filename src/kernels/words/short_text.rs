//! A text of a line: a table, and the allocation of one, would cost more than everything else. The text
//! is one block of 64 bytes; its words are compared with a list on the stack.

use super::count::SHORT;
use super::key_table::{Entry, PADDING, key};
use super::options::{Options, Tokenizer};
use super::result::Word;
use super::space::{AHEAD, LANES, ascii_spaces, case_bit, lower_ascii, wide_spaces};

/// The most distinct words.
const MAX_WORDS: usize = 16;

/// The words of a short text in the order of their first appearance.
#[derive(Debug)]
pub struct ShortText {
    words: [Entry<2>; MAX_WORDS],
    len: usize,
}

impl ShortText {
    /// Counts the words of `text`; `None` where that is left to [`count`](super::count): a text that is
    /// too long, with a word that is, or with too many words, other words than those between white
    /// space, and what may not be UTF-8.
    #[inline]
    pub fn count(text: &[u8], options: Options) -> Option<Self> {
        // At least one space comes after the last word and ends it.
        if text.len() >= LANES || options.tokenizer != Tokenizer::Whitespace || options.ngrams > 1 {
            return None;
        }
        if options.validate && !text.is_ascii() {
            return None;
        }
        let mut seen = [b' '; LANES + AHEAD];
        seen[..text.len()].copy_from_slice(text);
        let mut lowered = [b' '; LANES + PADDING];
        let (block, lower) = (seen.first_chunk()?, lowered.first_chunk_mut()?);
        lower_ascii(block, lower, case_bit(options.lowercase));
        let (mut spaces, is_wide) = ascii_spaces(block);
        if is_wide {
            spaces |= wide_spaces(&seen).0;
        }

        let mut few = ShortText { words: [Entry::EMPTY; MAX_WORDS], len: 0 };
        let mut edges = spaces ^ (spaces << 1 | 1);
        while edges != 0 {
            let start = edges.trailing_zeros() as usize;
            edges &= edges - 1;
            let len = edges.trailing_zeros() as usize - start;
            edges &= edges - 1;
            if len > SHORT {
                return None;
            }
            few.add(Entry::new(&key(&lowered[start..], len), 1, start as u64))?;
        }
        Some(few)
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = Word<'_>> {
        let words = self.words[..self.len].iter();
        words.map(|entry| Word { bytes: entry.word(), count: entry.count, first: entry.first })
    }

    #[inline(always)]
    fn add(&mut self, new: Entry<2>) -> Option<()> {
        if let Some(known) = self.words[..self.len].iter_mut().find(|known| known.key() == new.key()) {
            known.count += 1;
        } else {
            *self.words.get_mut(self.len)? = new;
            self.len += 1;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::count;
    use super::*;
    use crate::parallel::Work;

    #[test]
    fn a_line_is_counted_as_a_text() {
        let parts = ["a", "B", " ", "\n", "\u{a0}", "\u{3000}", "é", "the", "sixteen letters!"];
        let mut state = 3u64;
        let mut counted = 0;
        for parts_of_text in 0..3000 {
            let text: String = (0..parts_of_text % 60)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    parts[(state >> 33) as usize % parts.len()]
                })
                .collect();
            for lowercase in [false, true] {
                let options =
                    Options { tokenizer: Tokenizer::Whitespace, lowercase, validate: false, ngrams: 1 };
                let expected = count(&Work::serial(), text.as_bytes(), options).expect("there is memory");
                if let Some(few) = ShortText::count(text.as_bytes(), options) {
                    assert!(few.iter().eq(expected.iter()), "{text:?}");
                    counted += 1;
                }
            }
        }
        assert!(counted > 500);
    }

    #[test]
    fn what_is_no_word_between_white_space_is_left_to_others() {
        let options =
            Options { tokenizer: Tokenizer::Whitespace, lowercase: false, validate: true, ngrams: 1 };
        assert!(ShortText::count(b"a b", options).is_some());
        assert!(ShortText::count("\u{e9} b".as_bytes(), options).is_none());
        assert!(ShortText::count(b"a b", Options { ngrams: 2, ..options }).is_none());
        assert!(ShortText::count(b"a b", Options { tokenizer: Tokenizer::Unicode, ..options }).is_none());
    }
}
