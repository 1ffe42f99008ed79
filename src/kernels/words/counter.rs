//! What does the counting: for each thread a table, and the memory of the scan that fills it.

use std::sync::{Mutex, PoisonError};

use super::count::Counts;
use super::grams::{self, Edges, Window};
use super::options::{Options, Tokenizer};
use super::result::Words;
use super::scan::{Scan, ScanBuffers};
use super::unicode;
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::parallel::Work;
use crate::simd;

/// What one thread counts with.
#[derive(Default)]
pub struct Counter {
    counts: Counts,
    buffers: ScanBuffers,
}

impl Counter {
    /// Counts the words of `text`, which lies at `base` in the whole text.
    pub fn count(&mut self, work: &Work<'_>, options: Options, text: &[u8], base: u64) -> Result<()> {
        validate(options, text, base)?;
        let Counter { counts, buffers } = self;
        let lower = options.lowercase;
        match options.tokenizer {
            Tokenizer::Whitespace => simd::run(Scan { work, text, base, lower, counts, buffers }),
            Tokenizer::Unicode => unicode::scan(work, text, base, lower, counts),
        }
    }

    /// Counts the n-grams of `text`, which lies at `base` in the whole text, of which texts end at `ends`.
    pub fn count_grams(
        &mut self,
        work: &Work<'_>,
        options: Options,
        text: &[u8],
        base: u64,
        ends: &[u64],
    ) -> Result<Edges> {
        validate(options, text, base)?;
        grams::scan(work, options, text, base, ends, &mut |gram, first| self.counts.push_word(gram, first))
    }

    /// Counts the n-grams that lie across two parts, of which `window` has what came before.
    pub fn join(&mut self, edges: Edges, window: &mut Window) -> Result<()> {
        edges.join(window, &mut |gram, first| self.counts.push_word(gram, first))
    }

    /// The words that were counted.
    pub fn finish(self) -> Result<Words> {
        Words::finish(self.counts)
    }
}

fn validate(options: Options, text: &[u8], base: u64) -> Result<()> {
    if !options.validate {
        return Ok(());
    }
    std::str::from_utf8(text).map(drop).map_err(|error| {
        let at = error.valid_up_to();
        Error::Utf8 { byte: text[at], offset: base + at as u64, path: None }
    })
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
