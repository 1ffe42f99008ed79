//! Delimited text (CSV) that arrives in blocks of any size.
//!
//! [`Table`] keeps, besides the statistics of the columns, only the record that is not complete yet:
//! a table of any length takes bounded memory. A block is cut into chunks at line feeds, the threads
//! read the chunks, and their cells enter the columns in the order of the text.
//!
//! A line feed inside quotes does not end a record. Whether it is inside depends on everything before
//! it, so a cut is speculative: a line feed with an even number of quotes before it in the block. Each
//! chunk records where its last record ended; where that is not where the next chunk started, the
//! guess was wrong (a stray quote in a field) and the remainder of the block is read again from there.
//! So the result is exact for any input, and a wrong guess only costs time.

use std::collections::HashSet;

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::column::{Column, FirstText};
use super::field::classify;
use super::record::{Chunk, SKIP, Schema, empty_line, record, shown};
use crate::alloc::{try_filled, try_reserve, try_vec};
use crate::error::{Error, Malformed, Result};
use crate::parallel::Work;

/// Bytes of a block. Its cells take eight times as much memory, at most.
const BLOCK: usize = 4 << 20;

/// Bytes that a thread reads at a time.
const CHUNK: usize = if cfg!(fuzzing) { 16 } else { 128 << 10 };

/// The longest record: a line without end is an error and does not take all memory.
const LONGEST_RECORD: usize = 64 << 20;

/// How many names the error shows when a column is not found.
const NAMES_SHOWN: usize = 10;

/// Whether the first record holds the names of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// Unless all its fields are numbers.
    Auto,
    /// It does.
    Yes,
    /// It does not: the columns are called `column 1`, `column 2`, …
    No,
}

/// The statistics of the columns of a table in delimited text.
pub struct Table {
    delimiter: u8,
    header: Header,
    select: Option<Vec<String>>,
    /// Known once the first record has been read.
    schema: Option<Schema>,
    columns: Vec<Column>,
    /// Text that has not been read: the start of a record.
    unread: Vec<u8>,
    rows: u64,
    lines: u64,
    named: bool,
    chunks: Vec<Chunk>,
    chunk_len: usize,
    failed: Option<Error>,
}

impl Table {
    /// A table with `delimiter` between its fields, of which the columns named in `select` are
    /// kept, or all.
    pub fn new(delimiter: &str, header: Header, select: Option<Vec<String>>) -> Result<Self> {
        let delimiter = match delimiter.as_bytes() {
            // A delimiter is not part of a number, not a quote, and does not end a line.
            &[byte]
                if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"+-.\n\r\0".contains(&byte) =>
            {
                byte
            }
            _ => return Err(Error::Delimiter { got: delimiter.to_owned() }),
        };
        Ok(Table {
            delimiter,
            header,
            select,
            schema: None,
            columns: Vec::new(),
            unread: Vec::new(),
            rows: 0,
            lines: 0,
            named: false,
            chunks: Vec::new(),
            chunk_len: CHUNK,
            failed: None,
        })
    }

    /// Takes the next bytes of the text. After an error every call returns that error.
    pub fn feed(&mut self, data: &[u8], work: &Work<'_>) -> Result<()> {
        self.unless_failed(|table| data.chunks(BLOCK).try_for_each(|block| table.feed_block(block, work)))
    }

    /// To be called when the text has ended.
    pub fn finish(&mut self, work: &Work<'_>) -> Result<()> {
        self.unless_failed(|table| {
            if table.unread.last().is_some_and(|&last| last != b'\n') {
                try_reserve(&mut table.unread, 1)?;
                table.unread.push(b'\n');
                table.consume(table.unread.len(), work)?;
            }
            if !table.unread.is_empty() {
                return Err(table.error_here(Malformed::OpenQuote));
            }
            if table.schema.is_none() {
                return Err(Error::Empty);
            }
            table.columns.iter_mut().for_each(Column::flush);
            Ok(())
        })
    }

    /// The columns kept, in the order of the text; complete after [`Table::finish`].
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of records read, without the one with the names.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the first record was one of names.
    pub fn is_named(&self) -> bool {
        self.named
    }

    fn unless_failed(&mut self, action: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        action(self).inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn feed_block(&mut self, block: &[u8], work: &Work<'_>) -> Result<()> {
        let before = self.unread.len();
        try_reserve(&mut self.unread, block.len())?;
        self.unread.extend_from_slice(block);
        // A byte-order mark is one at the very start only; what is unread of a text whose first lines
        // were empty starts later.
        let is_start = self.schema.is_none() && self.lines == 0;
        if is_start && (self.unread.starts_with(b"\xff\xfe") || self.unread.starts_with(b"\xfe\xff")) {
            return Err(self.error_here(Malformed::Utf16));
        }
        if let Some(offset) = memchr(0, block) {
            // An error before it is reported first, however the text was cut into blocks.
            let until = memrchr(b'\n', &self.unread[..before + offset]).map_or(0, |at| at + 1);
            self.consume(until, work)?;
            return Err(self.error_here(Malformed::Nul));
        }
        if let Some(last) = memrchr(b'\n', block) {
            self.consume(before + last + 1, work)?;
        }
        if self.unread.len() > LONGEST_RECORD {
            return Err(self.error_here(Malformed::Long { limit: LONGEST_RECORD }));
        }
        Ok(())
    }

    /// An error in the first record that has not been read.
    fn error_here(&self, reason: Malformed) -> Error {
        Error::Csv { line: self.lines + 1, column: None, reason }
    }

    /// Reads the records in `unread[..until]`, which ends with a line feed, and drops their text.
    fn consume(&mut self, until: usize, work: &Work<'_>) -> Result<()> {
        let unread = std::mem::take(&mut self.unread);
        let done = self.read_text(&unread[..until], work);
        self.unread = unread;
        self.unread.drain(..done?);
        Ok(())
    }

    /// Reads the complete records of `text`; returns where they end.
    fn read_text(&mut self, text: &[u8], work: &Work<'_>) -> Result<usize> {
        let start = if self.schema.is_some() { 0 } else { self.read_names(text)? };
        let Some(schema) = self.schema.take() else { return Ok(start) };
        let done = self.read_records(&schema, text, start, work);
        self.schema = Some(schema);
        done
    }

    /// Finds the first record and sets up the columns; returns where the records to count start.
    fn read_names(&mut self, text: &[u8]) -> Result<usize> {
        let mut at = 0;
        if self.lines == 0 && text.starts_with(b"\xef\xbb\xbf") {
            at = 3;
        }
        while let Some(empty) = empty_line(&text[at..]) {
            at += empty;
            self.lines += 1;
        }
        if at >= text.len() {
            return Ok(at);
        }
        let Some((fields, next, lines)) = record(text, at, self.delimiter)? else {
            // The byte-order mark is read again.
            return Ok(if self.lines == 0 { 0 } else { at });
        };
        if fields.iter().any(|field| memchr(b'\r', field).is_some()) {
            return Err(self.error_here(Malformed::CarriageReturn));
        }
        self.named = match self.header {
            Header::Yes => true,
            Header::No => false,
            Header::Auto => !fields.iter().all(|field| classify(field).value().is_some()),
        };
        let named = self.named;
        let names = fields.into_iter().enumerate().map(|(index, field)| {
            match String::from_utf8_lossy(&field).trim() {
                name if named && !name.is_empty() => name.to_owned(),
                _ => format!("column {}", index + 1),
            }
        });
        self.set_columns(names.collect())?;
        if named {
            self.lines += lines;
            Ok(next)
        } else {
            Ok(at)
        }
    }

    fn set_columns(&mut self, names: Vec<String>) -> Result<()> {
        if let Some(select) = &self.select {
            let all: HashSet<&str> = names.iter().map(String::as_str).collect();
            if let Some(unknown) = select.iter().find(|name| !all.contains(name.as_str())) {
                return Err(Error::UnknownColumn {
                    name: unknown.clone(),
                    known: names.iter().take(NAMES_SHOWN).map(|name| shown(name.as_bytes())).collect(),
                    more: names.len() > NAMES_SHOWN,
                });
            }
        }
        let wanted: Option<HashSet<&str>> =
            self.select.as_ref().map(|select| select.iter().map(String::as_str).collect());
        let mut slots = try_filled(names.len(), SKIP)?;
        for (slot, name) in slots.iter_mut().zip(names) {
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(name.as_str())) {
                *slot = u32::try_from(self.columns.len()).map_err(|_| Error::Memory { bytes: usize::MAX })?;
                try_reserve(&mut self.columns, 1)?;
                self.columns.push(Column::new(name));
            }
        }
        self.schema = Some(Schema { delimiter: self.delimiter, slots, kept: self.columns.len() });
        Ok(())
    }

    fn read_records(&mut self, schema: &Schema, text: &[u8], start: usize, work: &Work<'_>) -> Result<usize> {
        let cuts = cuts(text, start, self.chunk_len)?;
        let count = cuts.len() - 1;
        if self.chunks.len() < count {
            let more = count - self.chunks.len();
            try_reserve(&mut self.chunks, more)?;
            self.chunks.resize_with(count, Chunk::default);
        }
        let mut chunks = std::mem::take(&mut self.chunks);
        let done = self.read_chunks(schema, text, &cuts, &mut chunks[..count], work);
        self.chunks = chunks;
        done
    }

    fn read_chunks(
        &mut self,
        schema: &Schema,
        text: &[u8],
        cuts: &[usize],
        chunks: &mut [Chunk],
        work: &Work<'_>,
    ) -> Result<usize> {
        work.for_each_mut(chunks, |index, chunk| {
            chunk.read(schema, text, cuts[index], cuts[index + 1], work)
        })?;
        let right =
            (1..chunks.len()).find(|&index| chunks[index - 1].stop != cuts[index]).unwrap_or(chunks.len());
        if right < chunks.len() {
            let stop = chunks[right - 1].stop;
            if chunks[right - 1].problem.is_none() && stop > cuts[right] {
                chunks[right].read(schema, text, stop, text.len(), work)?;
                return self.accept(schema, &mut chunks[..=right], work);
            }
        }
        self.accept(schema, &mut chunks[..right], work)
    }

    /// Adds the cells of consecutive chunks to the columns; returns where they end.
    fn accept(&mut self, schema: &Schema, chunks: &mut [Chunk], work: &Work<'_>) -> Result<usize> {
        for chunk in chunks.iter_mut() {
            for (slot, first) in chunk.texts.drain(..) {
                let line = self.lines + first.line + 1;
                self.columns[slot as usize].first_text.get_or_insert(FirstText { line, text: first.text });
            }
            if let Some(problem) = chunk.problem.take() {
                return Err(problem.into_error(self.lines));
            }
            self.lines += chunk.lines;
        }
        let group = Column::group(self.columns.len());
        if schema.kept > 0 {
            for chunk in chunks.iter() {
                for row in chunk.cells.chunks_exact(schema.kept) {
                    for (column, &cell) in self.columns.iter_mut().zip(row) {
                        column.push(cell, group)?;
                    }
                }
                self.rows += (chunk.cells.len() / schema.kept) as u64;
                work.check()?;
            }
        }
        Ok(chunks.last().map_or(0, |chunk| chunk.stop))
    }
}

/// The offsets at which `text[start..]` is cut into chunks.
fn cuts(text: &[u8], start: usize, chunk_len: usize) -> Result<Vec<usize>> {
    let mut cuts = try_vec(text.len() / chunk_len + 2)?;
    cuts.push(start);
    let mut at = start;
    let mut quoted = false;
    while text.len() - at > chunk_len {
        let end = at + chunk_len;
        quoted ^= memchr_iter(b'"', &text[at..end]).count() % 2 == 1;
        at = end;
        while let Some(offset) = memchr2(b'"', b'\n', &text[at..]) {
            at += offset + 1;
            if text[at - 1] == b'"' {
                quoted = !quoted;
            } else if !quoted {
                break;
            }
        }
        // Either after a line feed, or no record ends in the remainder of the text.
        if quoted || text[at - 1] != b'\n' || at >= text.len() {
            break;
        }
        cuts.push(at);
    }
    cuts.push(text.len());
    Ok(cuts)
}

#[cfg(test)]
mod tests;
