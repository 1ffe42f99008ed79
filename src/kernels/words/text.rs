//! A text in memory, cut into blocks that threads take from a queue.

use super::counter::{Counter, Counters};
use super::options::{Options, Tokenizer};
use super::result::Words;
use crate::alloc::try_vec;
use crate::error::Result;
use crate::parallel::Work;

/// Bytes of a block: less than a millisecond of work.
pub const BLOCK: usize = if cfg!(fuzzing) { 64 } else { 1 << 18 };

/// Counts the words of `text`.
pub fn count(work: &Work<'_>, text: &[u8], options: Options) -> Result<Words> {
    if text.len() <= BLOCK {
        let mut counter = Counter::default();
        counter.count(work, options, text, 0)?;
        return counter.finish();
    }
    let cuts = cuts(text, BLOCK, options.tokenizer)?;
    let counters = Counters::default();
    work.for_each(cuts.len() - 1, |i| {
        let mut counter = counters.take();
        counter.count(work, options, &text[cuts[i]..cuts[i + 1]], cuts[i] as u64)?;
        counters.put(counter)
    })?;
    counters.finish()
}

/// Where the blocks begin, and the end of the text: each is at least `block` long, but the last,
/// and ends where a word does.
pub fn cuts(text: &[u8], block: usize, tokenizer: Tokenizer) -> Result<Vec<usize>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::kernels::words::space::space_len;

    const OPTIONS: Options =
        Options { tokenizer: Tokenizer::Whitespace, lowercase: true, validate: true, ngrams: 1 };

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
                assert_eq!(error, Some(Error::Utf8 { byte: 0xff, offset: at as u64, path: None }));
            }
        }
    }
}
