//! A text that arrives in pieces of any size, in memory that does not grow with it.
//!
//! Pieces are collected until they are worth the work of several threads; what comes after the last word of
//! them waits for the next. Where no word ends within [`LONGEST_WORD`] bytes, it is no text.

use super::counter::Counters;
use super::grams::Window;
use super::options::Options;
use super::result::Words;
use super::text::{BLOCK, cuts};
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::parallel::Work;

/// Bytes in which a word has to end.
pub const LONGEST_WORD: usize = if cfg!(test) { 1 << 12 } else { 16 << 20 };

/// Bytes that are collected: several blocks for each of a few threads.
const COLLECTED: usize = if cfg!(test) { 100 } else { 4 << 20 };

/// Counts of the words of a text that is not complete yet.
pub struct Stream {
    options: Options,
    counters: Counters,
    pending: Vec<u8>,
    /// Where `pending` begins in the text.
    base: u64,
    /// The last words before that, for n-grams, and where texts end from there on.
    window: Window,
    ends: Vec<u64>,
    failed: Option<Error>,
}

impl Stream {
    /// A text of which nothing has been read.
    pub fn new(options: Options) -> Self {
        Stream {
            options,
            counters: Counters::default(),
            pending: Vec::new(),
            base: 0,
            window: Window::new(options),
            ends: Vec::new(),
            failed: None,
        }
    }

    /// Takes the next bytes of the text. Where it is in fact several, `ends` are the offsets in `bytes` at which one
    /// ends, in order: no n-gram goes on there. After an error every call returns that error.
    pub fn feed(&mut self, bytes: &[u8], ends: &[usize], work: &Work<'_>) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let done = self.note(ends);
        let done =
            done.and_then(|()| bytes.chunks(COLLECTED).try_for_each(|piece| self.feed_piece(piece, work)));
        done.inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn note(&mut self, ends: &[usize]) -> Result<()> {
        if self.options.ngrams > 1 {
            let next = self.base + self.pending.len() as u64;
            try_reserve(&mut self.ends, ends.len())?;
            self.ends.extend(ends.iter().map(|&end| next + end as u64));
        }
        Ok(())
    }

    fn feed_piece(&mut self, piece: &[u8], work: &Work<'_>) -> Result<()> {
        let old = self.pending.len();
        try_reserve(&mut self.pending, piece.len())?;
        self.pending.extend_from_slice(piece);
        if self.pending.len() < COLLECTED {
            return Ok(());
        }
        // Before the old end no word ends, but at most as many bytes before it as are looked at.
        let from = if old < COLLECTED { 1 } else { old.saturating_sub(super::unicode::LOOKED_AT).max(1) };
        let text = &self.pending;
        let border = (from..text.len()).rev().find(|&at| self.options.tokenizer.is_border(text, at));
        match border {
            Some(cut) => self.count(cut, work),
            None if text.len() > LONGEST_WORD => Err(Error::Word { offset: self.base, limit: LONGEST_WORD }),
            None => Ok(()),
        }
    }

    /// Counts the words of the first `end` bytes, and drops these.
    fn count(&mut self, end: usize, work: &Work<'_>) -> Result<()> {
        let (text, base, options) = (&self.pending[..end], self.base, self.options);
        let cuts = cuts(text, BLOCK, options.tokenizer)?;
        let counters = &self.counters;
        if options.ngrams == 1 {
            work.for_each(cuts.len() - 1, |i| {
                let mut counter = counters.take();
                let part = &text[cuts[i]..cuts[i + 1]];
                counter.count(work, options, part, base + cuts[i] as u64)?;
                counters.put(counter)
            })?;
        } else {
            let end_of = |i: usize| self.ends.partition_point(|&end| end < base + cuts[i] as u64);
            let edges = work.map(cuts.len() - 1, |i| {
                let mut counter = counters.take();
                let part = &text[cuts[i]..cuts[i + 1]];
                let ends = &self.ends[end_of(i)..end_of(i + 1)];
                let edges = counter.count_grams(work, options, part, base + cuts[i] as u64, ends)?;
                counters.put(counter)?;
                Ok(edges)
            })?;
            let mut counter = counters.take();
            edges.into_iter().try_for_each(|edges| counter.join(edges, &mut self.window))?;
            counters.put(counter)?;
            self.ends.drain(..self.ends.partition_point(|&at| at < base + end as u64));
        }
        self.pending.drain(..end);
        self.base += end as u64;
        Ok(())
    }

    /// The words, when the text has ended.
    pub fn finish(mut self, work: &Work<'_>) -> Result<Words> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.count(self.pending.len(), work)?;
        self.counters.finish()
    }
}

/// Counts the n-grams of `text`.
pub fn count_grams(work: &Work<'_>, text: &[u8], options: Options) -> Result<Words> {
    let mut stream = Stream::new(options);
    stream.feed(text, &[], work)?;
    stream.finish(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::words::options::Tokenizer;

    #[test]
    fn pieces_of_any_size_give_what_the_whole_text_gives() -> Result<()> {
        let text: String = (0..300u32).map(|i| format!("W{} é{}\u{3000}漢字 ", i * i % 17, i % 5)).collect();
        for tokenizer in [Tokenizer::Whitespace, Tokenizer::Unicode] {
            let options = Options { tokenizer, lowercase: true, validate: true, ngrams: 1 };
            let whole = super::super::text::count(&Work::serial(), text.as_bytes(), options)?;
            let expected: Vec<_> = whole.iter().collect();
            for size in [1, 7, 99, 100, 1000, text.len()] {
                let work = Work::with_threads(2);
                let mut stream = Stream::new(options);
                text.as_bytes().chunks(size).try_for_each(|piece| stream.feed(piece, &[], &work))?;
                assert!(stream.pending.len() < 2 * COLLECTED);
                assert_eq!(stream.finish(&work)?.iter().collect::<Vec<_>>(), expected, "{size}");
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_no_text_is_refused_before_it_takes_all_memory() {
        for (tokenizer, byte) in [(Tokenizer::Whitespace, 0), (Tokenizer::Unicode, b'a')] {
            let mut stream = Stream::new(Options { tokenizer, lowercase: true, validate: true, ngrams: 1 });
            let fed = (0..1000).map(|_| stream.feed(&[byte; 64], &[], &Work::serial())).find(Result::is_err);
            assert_eq!(fed, Some(Err(Error::Word { offset: 0, limit: LONGEST_WORD })));
            assert!(stream.finish(&Work::serial()).is_err());
        }
        let mut zeros = Stream::new(Options {
            tokenizer: Tokenizer::Unicode,
            lowercase: true,
            validate: true,
            ngrams: 1,
        });
        for _ in 0..1000 {
            assert_eq!(zeros.feed(&[0; 64], &[], &Work::serial()), Ok(()));
        }
        assert!(zeros.pending.len() < COLLECTED);
        let mut han = Stream::new(Options {
            tokenizer: Tokenizer::Unicode,
            lowercase: true,
            validate: true,
            ngrams: 1,
        });
        for _ in 0..1000 {
            assert_eq!(han.feed("漢字".as_bytes(), &[], &Work::serial()), Ok(()));
        }
        assert!(han.pending.len() < COLLECTED);
    }
}
