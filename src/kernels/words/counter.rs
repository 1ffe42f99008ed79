//! What is asked of a count, and what does the counting: for each thread a table, and the memory of the
//! scan that fills it.

use std::sync::{Mutex, PoisonError};

use super::count::Counts;
use super::result::Words;
use super::scan::{Scan, ScanBuffers};
use super::space::space_len;
use super::unicode;
use crate::alloc::try_reserve;
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

/// What is counted, and how words are compared.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a word is.
    pub tokenizer: Tokenizer,
    /// Converts ASCII letters to lowercase.
    pub lowercase: bool,
    /// Text that is not UTF-8 is an error. If not set, the text must be UTF-8, but for lone surrogates.
    pub validate: bool,
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

/// What one thread counts with.
#[derive(Default)]
pub struct Counter {
    counts: Counts,
    buffers: ScanBuffers,
}

impl Counter {
    /// Counts the words of `text`, which lies at `base` in the whole text.
    pub fn count(&mut self, work: &Work<'_>, options: Options, text: &[u8], base: u64) -> Result<()> {
        if options.validate {
            std::str::from_utf8(text).map_err(|error| {
                let at = error.valid_up_to();
                Error::Utf8 { byte: text[at], offset: base + at as u64, path: None }
            })?;
        }
        let Counter { counts, buffers } = self;
        let lower = options.lowercase;
        match options.tokenizer {
            Tokenizer::Whitespace => simd::run(Scan { work, text, base, lower, counts, buffers }),
            Tokenizer::Unicode => unicode::scan(work, text, base, lower, counts),
        }
    }

    /// The words that were counted.
    pub fn finish(self) -> Result<Words> {
        Words::finish(self.counts)
    }
}

/// The counters of the threads: one for each that is at work. Which thread counts what with which
/// does not matter.
#[derive(Default)]
pub struct Counters(Mutex<Vec<Counter>>);

impl Counters {
    /// A counter that no other thread uses now.
    pub fn take(&self) -> Counter {
        self.lock().pop().unwrap_or_default()
    }

    /// Gives a counter back.
    pub fn put(&self, counter: Counter) -> Result<()> {
        let mut counters = self.lock();
        try_reserve(&mut counters, 1)?;
        counters.push(counter);
        Ok(())
    }

    /// The words of all counters.
    pub fn finish(self) -> Result<Words> {
        let counters = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut counters = counters.into_iter();
        let mut total = counters.next().unwrap_or_default();
        counters.try_for_each(|counter| total.counts.merge(counter.counts))?;
        total.finish()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
