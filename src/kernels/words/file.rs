//! A file of any size, in memory that does not grow with it: threads take turns to read a block,
//! and count the one they have read while the next reads.
//!
//! A block ends where a word does; what comes after its last word is the start of the next block.
//! A word longer than a block makes the block grow, up to a limit beyond which it is no text.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::counter::Counters;
use super::options::{Options, Tokenizer};
use super::result::Words;
use super::stream::{LONGEST_WORD, Stream};
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::parallel::Work;

/// Called on the calling thread with how many bytes are done and their total (0: not known).
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> Result<()> + Sync);

/// Counts the words of the file `path`, of which `chunk_bytes` are read at a time.
pub fn count_file(
    work: &Work<'_>,
    path: &Path,
    options: Options,
    chunk_bytes: usize,
    progress: Option<Progress<'_>>,
) -> Result<Words> {
    let failed = |error| Error::file(path, &error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    // Reading what is no regular file, such as a pipe, may block: on the calling thread a signal ends
    // that.
    let workers = if metadata.is_file() { work.workers() } else { 1 };
    let total = metadata.len();
    if options.ngrams > 1 {
        return grams_of_file(work, path, file, options, chunk_bytes, progress, total);
    }
    let blocks = Mutex::new(BlockReader::new(file, chunk_bytes, options.tokenizer));
    let counters = Counters::default();
    let done = AtomicU64::new(0);
    let failure = FirstFailure::default();
    let caller = std::thread::current().id();

    work.for_each(workers, |_| {
        let mut counter = counters.take();
        let mut block = Vec::new();
        while !failure.is_set() {
            let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).next(work, path, &mut block);
            let base = match next {
                Ok(Some(base)) => base,
                Ok(None) => break,
                Err((base, error)) => return failure.set(base, error),
            };
            if let Err(error) = counter.count(work, options, &block, base) {
                return failure.set(base, about(path, error));
            }
            let now = done.fetch_add(block.len() as u64, Ordering::Relaxed) + block.len() as u64;
            if let Some(report) = progress.filter(|_| std::thread::current().id() == caller) {
                report(now, total)?;
            }
        }
        counters.put(counter)
    })?;
    failure.into_result()?;
    if let Some(report) = progress {
        report(done.into_inner(), total)?;
    }
    counters.finish()
}

/// Counts the n-grams of a file: read block by block, of which threads count several at once.
fn grams_of_file(
    work: &Work<'_>,
    path: &Path,
    file: File,
    options: Options,
    chunk_bytes: usize,
    progress: Option<Progress<'_>>,
    total: u64,
) -> Result<Words> {
    let mut blocks = BlockReader::new(file, chunk_bytes, options.tokenizer);
    let mut stream = Stream::new(options);
    let (mut block, mut done) = (Vec::new(), 0);
    loop {
        block.clear();
        blocks.read(work, path, &mut block)?;
        if block.is_empty() {
            break;
        }
        stream.feed(&block, &[], work).map_err(|error| about(path, error))?;
        done += block.len() as u64;
        if let Some(report) = progress {
            report(done, total)?;
        }
    }
    stream.finish(work).map_err(|error| about(path, error))
}

/// The error with the name of the file.
fn about(path: &Path, error: Error) -> Error {
    match error {
        Error::Utf8 { byte, offset, .. } => Error::Utf8 { byte, offset, path: Some(path.to_owned()) },
        error => error,
    }
}

/// Of several errors the one that is first in the file. Blocks are read in order and every thread
/// completes its own, so which error that is does not depend on the threads.
#[derive(Default)]
struct FirstFailure {
    is_set: AtomicBool,
    first: Mutex<Option<(u64, Error)>>,
}

impl FirstFailure {
    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    fn set(&self, at: u64, error: Error) -> Result<()> {
        // An interrupt takes precedence over what is in the file.
        if error == Error::Interrupted {
            return Err(error);
        }
        self.is_set.store(true, Ordering::Relaxed);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|(lowest, _)| at < *lowest) {
            *first = Some((at, error));
        }
        Ok(())
    }

    fn into_result(self) -> Result<()> {
        match self.first.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

/// Reads a file in blocks that end where words do.
struct BlockReader<R> {
    source: R,
    chunk: usize,
    tokenizer: Tokenizer,
    /// What was read after the last block, and its offset in the file.
    remainder: Vec<u8>,
    at: u64,
}

impl<R: Read> BlockReader<R> {
    fn new(source: R, chunk: usize, tokenizer: Tokenizer) -> Self {
        BlockReader { source, chunk, tokenizer, remainder: Vec::new(), at: 0 }
    }

    /// Puts the next block into `block` and returns its offset in the file, which an error has too.
    fn next(
        &mut self,
        work: &Work<'_>,
        path: &Path,
        block: &mut Vec<u8>,
    ) -> std::result::Result<Option<u64>, (u64, Error)> {
        let base = self.at;
        let len = self.cut(work, path, block).map_err(|error| (base, error))?;
        self.at += len as u64;
        Ok((len > 0).then_some(base))
    }

    fn cut(&mut self, work: &Work<'_>, path: &Path, block: &mut Vec<u8>) -> Result<usize> {
        std::mem::swap(block, &mut self.remainder);
        self.remainder.clear();
        loop {
            let old = block.len();
            self.read(work, path, block)?;
            if block.len() - old < self.chunk {
                return Ok(block.len());
            }
            if old > LONGEST_WORD.max(self.chunk) {
                return Err(Error::Word { offset: self.at, limit: LONGEST_WORD });
            }
            if let Some(cut) = (old.max(1)..block.len()).rev().find(|&at| self.tokenizer.is_border(block, at))
            {
                try_reserve(&mut self.remainder, block.len() - cut)?;
                self.remainder.extend_from_slice(&block[cut..]);
                block.truncate(cut);
                return Ok(cut);
            }
        }
    }

    /// Appends `chunk` bytes to `block`, or fewer if the file ends.
    fn read(&mut self, work: &Work<'_>, path: &Path, block: &mut Vec<u8>) -> Result<()> {
        let mut len = block.len();
        let end = len + self.chunk;
        try_reserve(block, self.chunk)?;
        block.resize(end, 0);
        while len < end {
            match self.source.read(&mut block[len..]) {
                Ok(0) => break,
                Ok(more) => len += more,
                // By a signal, which Python handles in `check`.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::file(path, &error)),
            }
            work.check()?;
        }
        block.truncate(len);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte or two at a time, and is now and then interrupted.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            if self.1 % 3 == 0 {
                return Err(ErrorKind::Interrupted.into());
            }
            let len = buffer.len().min(1 + self.1 % 2);
            self.0.read(&mut buffer[..len])
        }
    }

    #[test]
    fn blocks_end_where_words_do_and_leave_nothing_out() {
        let text = "ab c  defghijkl\u{3000}\u{3000}m\n\nno p\u{a0}q rs".as_bytes();
        for chunk in 1..40 {
            let mut blocks = BlockReader::new(Slow(text, 0), chunk, Tokenizer::Whitespace);
            let (mut all, mut block) = (Vec::new(), Vec::new());
            while let Some(base) = blocks.next(&Work::serial(), Path::new("x"), &mut block).expect("no error")
            {
                assert_eq!(base, all.len() as u64);
                assert!(base == 0 || Tokenizer::Whitespace.is_border(text, base as usize));
                all.extend_from_slice(&block);
            }
            assert_eq!(all, text);
        }
    }
}
