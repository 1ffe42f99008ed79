//! Delimited text (CSV) that arrives in blocks of any size.
//!
//! [`Table`] keeps, besides the statistics of the columns, only the record that is not complete yet:
//! a table of any length takes bounded memory. A block is cut into chunks at line feeds, the threads
//! read the chunks, and their cells enter the columns in the order of the text.
//!
//! Several texts may be one table, and all of them may have to be read again, for the quantiles: see `search`.
//!
//! A line feed inside quotes does not end a record. Whether it is inside depends on everything before
//! it, so a cut is speculative: a line feed with an even number of quotes before it in the block. Each
//! chunk records where its last record ended; where that is not where the next chunk started, the
//! guess was wrong (a stray quote in a field) and the remainder of the block is read again from there.
//! So the result is exact for any input, and a wrong guess only costs time.

use std::collections::HashSet;

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::column::{Column, FirstText, Observe, next_pass};
use super::dialect::Dialect;
use super::field::{Value, classify};
use super::groups::Groups;
use super::record::{Chunk, FirstRecord, KEY, Problem, SKIP, Schema, WEIGHT, record};
use super::search::Quantiles;
use crate::alloc::{try_copied, try_filled, try_reserve, try_vec};
use crate::error::{Error, Malformed, Result};
use crate::parallel::Work;

/// Bytes of a block. Its cells take eight times as much memory, at most.
const BLOCK: usize = 4 << 20;

/// Bytes that a thread reads at a time.
const CHUNK: usize = if cfg!(fuzzing) { 16 } else { 128 << 10 };

/// The longest record: a line without end is an error and does not take all memory.
const LONGEST_RECORD: usize = 64 << 20;

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

/// What is asked of a table.
#[derive(Debug, Clone)]
pub struct Query {
    /// How the text is written.
    pub dialect: Dialect,
    /// Whether the first record holds names.
    pub header: Header,
    /// The indices of the columns to keep, if not all are.
    pub select: Option<Vec<usize>>,
    /// Are the different values of the columns asked for?
    pub observe: Observe,
    /// The quantiles that are asked for.
    pub quantiles: Quantiles,
    /// Whether several texts are one table.
    pub several: bool,
    /// The indices of the columns whose fields make groups of rows.
    pub by: Vec<usize>,
    /// The index of the column that holds the weights of the rows; not with groups.
    pub weight: Option<usize>,
}

impl Query {
    /// All columns of text with `delimiter` between fields.
    pub fn new(delimiter: &str) -> Result<Self> {
        let dialect = Dialect::new(delimiter)?;
        Ok(Query {
            dialect,
            header: Header::Auto,
            select: None,
            observe: Observe::default(),
            quantiles: Quantiles::default(),
            several: false,
            by: Vec::new(),
            weight: None,
        })
    }
}

/// What the first record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The names of the columns, each a different one if they had none.
    pub names: Vec<String>,
    /// Whether it is a record of names.
    pub named: bool,
    /// Whether it is taken for names, but all of it are numbers and missing values.
    pub doubtful: bool,
    /// Where the records to count start.
    start: usize,
    /// The lines before that.
    lines: u64,
}

/// The statistics of the columns of a table in delimited text.
pub struct Table {
    query: Query,
    /// Known once the first record of a text has been read.
    schema: Option<Schema>,
    columns: Vec<Column>,
    /// For each column of the text its index in `columns`, or [`SKIP`].
    places: Vec<u32>,
    /// The indices of the columns that are read again, if any are.
    again: Option<Vec<usize>>,
    /// The groups of rows, if these are asked for: then the columns have no statistics of their own.
    groups: Option<Groups>,
    /// All names of the first text, if more texts may come.
    names: Vec<String>,
    /// Whether a text has ended and no other has begun.
    ended: bool,
    /// Whether the groups are complete.
    finished: bool,
    /// Text that has not been read: the start of a record.
    unread: Vec<u8>,
    rows: u64,
    lines: u64,
    named: bool,
    doubtful: bool,
    /// The lines of the records that were left out, since they were last asked for.
    rejects: Vec<(u64, Problem)>,
    rejected: u64,
    /// The line of the first quoted field that may have swallowed rows.
    swallowed: Option<u64>,
    chunks: Vec<Chunk>,
    chunk_len: usize,
    failed: Option<Error>,
}

impl Table {
    /// A table of which no text has been read.
    pub fn new(query: Query) -> Self {
        Table {
            query,
            schema: None,
            columns: Vec::new(),
            places: Vec::new(),
            again: None,
            groups: None,
            names: Vec::new(),
            ended: false,
            finished: false,
            unread: Vec::new(),
            rows: 0,
            lines: 0,
            named: false,
            doubtful: false,
            rejects: Vec::new(),
            rejected: 0,
            swallowed: None,
            chunks: Vec::new(),
            chunk_len: CHUNK,
            failed: None,
        }
    }

    /// Takes the next bytes of the text. After an error every call returns that error.
    pub fn feed(&mut self, data: &[u8], work: &Work<'_>) -> Result<()> {
        self.unless_failed(|table| {
            table.ended = false;
            data.chunks(BLOCK).try_for_each(|block| table.feed_block(block, work))
        })
    }

    /// To be called when the text has ended: after it another one may come, of the same table.
    pub fn end_text(&mut self, work: &Work<'_>) -> Result<()> {
        self.unless_failed(|table| {
            if table.unread.last().is_some_and(|&last| last != b'\n') {
                try_reserve(&mut table.unread, 1)?;
                table.unread.push(b'\n');
                table.consume(table.unread.len(), work)?;
            }
            if table.schema.is_none() {
                let first = table.query.leading(&table.unread);
                let is_empty = first.is_none_or(|(at, _)| at == table.unread.len());
                return Err(if is_empty { Error::Empty } else { table.error_here(Malformed::OpenQuote) });
            }
            if !table.unread.is_empty() {
                return Err(table.error_here(Malformed::OpenQuote));
            }
            table.schema = None;
            table.lines = 0;
            table.ended = true;
            Ok(())
        })
    }

    /// Ends a pass over all texts; whether they have to be read again, for the quantiles.
    pub fn again(&mut self, work: &Work<'_>) -> Result<bool> {
        self.finish(work)?;
        self.unless_failed(|table| {
            let columns = next_pass(&mut table.columns, table.query.quantiles.live, work)?;
            let again = !columns.is_empty();
            table.again = Some(columns);
            Ok(again)
        })
    }

    /// To be called when all has been read.
    pub fn finish(&mut self, work: &Work<'_>) -> Result<()> {
        if !self.ended {
            self.end_text(work)?;
        }
        self.unless_failed(|table| {
            if let Some(groups) = &mut table.groups {
                return if std::mem::replace(&mut table.finished, true) {
                    Ok(())
                } else {
                    groups.finish(work)
                };
            }
            table.columns.iter_mut().try_for_each(|column| column.numbers.flush())
        })
    }

    /// The columns kept, in the order of the text; complete after [`Table::finish`].
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Gives the columns away, after [`Table::finish`]: nothing more can come.
    pub fn take(&mut self) -> Vec<Column> {
        self.failed = Some(Error::Taken);
        (self.chunks, self.unread) = (Vec::new(), Vec::new());
        std::mem::take(&mut self.columns)
    }

    /// The groups, if these were asked for; complete after [`Table::finish`].
    pub fn groups(&mut self) -> Option<&mut Groups> {
        self.groups.as_mut()
    }

    /// The number of records read, without the one with the names.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the first record was one of names.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Whether the first record was taken for names, but all of it are numbers and missing values.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// How many records were left out.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The records that were left out since the last call: the line, the field and the reason.
    pub fn take_rejects(&mut self) -> Vec<(u64, usize, Malformed)> {
        let with_line =
            |(lines, problem): (u64, Problem)| (lines + problem.line + 1, problem.column, problem.reason);
        std::mem::take(&mut self.rejects).into_iter().map(with_line).collect()
    }

    /// The line of the first quoted field that may have swallowed rows.
    pub fn swallowed(&self) -> Option<u64> {
        self.swallowed
    }

    fn unless_failed<T>(&mut self, action: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        action(self).inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn feed_block(&mut self, block: &[u8], work: &Work<'_>) -> Result<()> {
        let before = self.unread.len();
        try_reserve(&mut self.unread, block.len())?;
        self.unread.extend_from_slice(block);
        // All text is unread until there are names. A byte-order mark is one at the very start only.
        let is_start = self.schema.is_none();
        if is_start && (self.unread.starts_with(b"\xff\xfe") || self.unread.starts_with(b"\xfe\xff")) {
            return Err(self.error_here(Malformed::Utf16));
        }
        if let Some(offset) = memchr(0, block) {
            // An error before it is reported first, however the text was cut into blocks.
            let until = memrchr(b'\n', &self.unread[..before + offset]).map_or(0, |at| at + 1);
            self.consume(until, work)?;
            // Nor does what comes after it say where it is.
            self.unread.truncate(memchr(0, &self.unread).unwrap_or(self.unread.len()));
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
        let leading = if self.schema.is_none() { self.query.leading(&self.unread) } else { None };
        let lines = leading.map_or(self.lines, |(_, lines)| lines);
        Error::Csv { line: lines + 1, column: None, reason }
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

    /// Sets up the columns by the first record; returns where the records to count start.
    fn read_names(&mut self, text: &[u8]) -> Result<usize> {
        let Some(names) = self.query.names(text)? else { return Ok(0) };
        self.lines = names.lines;
        if self.places.is_empty() {
            self.named = names.named;
            self.doubtful = names.doubtful;
            self.set_columns(names.names)?;
        } else {
            self.find_columns(&names.names)?;
        }
        Ok(names.start)
    }

    fn set_columns(&mut self, mut names: Vec<String>) -> Result<()> {
        let Query { select, observe, quantiles, several, .. } = &self.query;
        let wanted: Option<HashSet<usize>> = select.as_ref().map(|select| select.iter().copied().collect());
        let (by, weight) = (&self.query.by, self.query.weight);
        if let Some(&index) =
            wanted.iter().flatten().chain(by).chain(&weight).find(|&&index| index >= names.len())
        {
            return Err(Error::UnknownColumn { index, columns: names.len() });
        }
        let mut places = try_filled(names.len(), SKIP)?;
        let count = wanted.as_ref().map_or(names.len(), HashSet::len).min(names.len());
        self.columns
            .try_reserve_exact(count)
            .map_err(|_| Error::Memory { bytes: size_of::<Column>() * count })?;
        for (index, (place, name)) in places.iter_mut().zip(&mut names).enumerate() {
            if let Some(part) = by.iter().position(|&by| by == index) {
                *place = KEY + part as u32;
            } else if weight == Some(index) {
                *place = WEIGHT;
            } else if wanted.as_ref().is_none_or(|wanted| wanted.contains(&index)) {
                *place =
                    u32::try_from(self.columns.len()).map_err(|_| Error::Memory { bytes: usize::MAX })?;
                try_reserve(&mut self.columns, 1)?;
                let name = if *several { name.clone() } else { std::mem::take(name) };
                self.columns.push(Column::new(name));
            }
        }
        let kept = self.columns.len();
        if by.is_empty() {
            for (index, column) in self.columns.iter_mut().enumerate() {
                column.ask(*observe, quantiles, index, kept, weight.is_some())?;
            }
        } else {
            let names = self.columns.iter().map(|column| column.name.clone()).collect();
            self.groups = Some(Groups::new(names, quantiles)?);
        }
        if *several {
            self.names = names;
        }
        self.schema = Some(self.schema_of(&places)?);
        self.places = places;
        Ok(())
    }

    /// Finds the columns of the first text in another one, in which they may have another order.
    fn find_columns(&mut self, names: &[String]) -> Result<()> {
        let is_same = names.len() == self.places.len() && (!self.query.several || *names == self.names[..]);
        if is_same {
            self.schema = Some(self.schema_of(&self.places)?);
            return Ok(());
        }
        if !self.query.several {
            let [got, expected] = [names.len(), self.places.len()].map(|count| count as u64);
            return Err(Error::Changed { got, expected });
        }
        let sorted = |names: &[String]| {
            let mut sorted = try_vec(names.len())?;
            sorted.extend(0..names.len());
            sorted.sort_by(|&a: &usize, &b| names[a].cmp(&names[b]));
            Ok(sorted)
        };
        let (mine, theirs) = (sorted(&self.names)?, sorted(names)?);
        let is_twice = mine.windows(2).any(|pair| self.names[pair[0]] == self.names[pair[1]]);
        let are_all =
            mine.iter().map(|&index| &self.names[index]).eq(theirs.iter().map(|&index| &names[index]));
        if is_twice || !are_all {
            let only = |some: &[String], others: &[String]| {
                let others: HashSet<&String> = others.iter().collect();
                some.iter().find(|name| !others.contains(name)).cloned()
            };
            return Err(Error::Columns { more: only(names, &self.names), fewer: only(&self.names, names) });
        }
        let mut places = try_filled(names.len(), SKIP)?;
        mine.iter().zip(&theirs).for_each(|(&my, &their)| places[their] = self.places[my]);
        let mut schema = self.schema_of(&places)?;
        schema.order = schema.slots.iter().copied().filter(|&slot| slot < WEIGHT).collect();
        self.schema = Some(schema);
        Ok(())
    }

    /// How records are read whose columns have these places: in a later pass only those that are needed.
    fn schema_of(&self, places: &[u32]) -> Result<Schema> {
        let dialect = self.query.dialect.clone();
        let plain = dialect.has_plain_numbers();
        let (slots, kept, observe) = match &self.again {
            None => (try_copied(places)?, self.columns.len(), self.query.observe),
            Some(again) => {
                let mut slots = try_vec(places.len())?;
                // There are no groups in a later pass.
                slots.extend(places.iter().map(|&place| {
                    if place == WEIGHT {
                        return WEIGHT;
                    }
                    again.binary_search(&(place as usize)).map_or(SKIP, |slot| slot as u32)
                }));
                (slots, again.len(), Observe::default())
            }
        };
        let (parts, weighted) = (self.query.by.len(), self.query.weight.is_some());
        Ok(Schema { dialect, slots, kept, plain, observe, order: Vec::new(), parts, weighted })
    }

    fn read_records(&mut self, schema: &Schema, text: &[u8], start: usize, work: &Work<'_>) -> Result<usize> {
        let cuts = cuts(text, start, self.chunk_len, schema.dialect.quoting)?;
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
        if self.again.is_some() {
            return self.accept_again(schema, chunks, work);
        }
        for chunk in chunks.iter_mut() {
            for (slot, first) in chunk.texts.drain(..) {
                let line = self.lines + first.line + 1;
                self.columns[slot as usize].first_text.get_or_insert(FirstText { line, text: first.text });
            }
            for (column, &is_float) in self.columns.iter_mut().zip(&chunk.floats) {
                column.numbers.has_floats |= is_float != 0;
            }
            if self.swallowed.is_none() {
                self.swallowed = chunk.swallowed.map(|line| self.lines + line + 1);
            }
            self.rejected += chunk.rejects.len() as u64;
            try_reserve(&mut self.rejects, chunk.rejects.len())?;
            self.rejects.extend(chunk.rejects.drain(..).map(|problem| (self.lines, problem)));
            if let Some(problem) = chunk.problem.take() {
                return Err(problem.into_error(self.lines));
            }
            self.lines += chunk.lines;
        }
        if let Some(groups) = &mut self.groups {
            self.rows += chunks.iter().map(|chunk| chunk.ids.len() as u64).sum::<u64>();
            groups.accept(chunks, work)?;
            return Ok(chunks.last().map_or(0, |chunk| chunk.stop));
        }
        let group = Column::group(self.columns.len());
        if schema.weighted {
            let chunks = &*chunks;
            self.rows += chunks.iter().map(|chunk| chunk.weights.len() as u64).sum::<u64>();
            work.for_each_mut(&mut self.columns, |index, column| {
                for chunk in chunks {
                    work.check()?;
                    let cells = chunk.cells.iter().skip(index).step_by(schema.kept);
                    for (&cell, &weight) in cells.zip(&chunk.weights) {
                        column.push_weighted(cell, weight, &chunk.asides, &chunk.kept_texts, group)?;
                    }
                }
                Ok(())
            })?;
            return Ok(chunks.last().map_or(0, |chunk| chunk.stop));
        }
        if schema.kept > 0 {
            for chunk in chunks.iter() {
                for row in chunk.cells.chunks_exact(schema.kept) {
                    for (column, &cell) in self.columns.iter_mut().zip(row) {
                        column.push(cell, &chunk.asides, &chunk.kept_texts, group)?;
                    }
                }
                self.rows += (chunk.cells.len() / schema.kept) as u64;
                work.check()?;
            }
        }
        if schema.observe.any() {
            let chunks = &*chunks;
            work.for_each_mut(&mut self.columns, |index, column| {
                for chunk in chunks {
                    work.check()?;
                    for &cell in chunk.cells.iter().skip(index).step_by(schema.kept) {
                        column.observe(cell, &chunk.asides, &chunk.kept_texts)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(chunks.last().map_or(0, |chunk| chunk.stop))
    }

    /// The same in a later pass, in which only the numbers count.
    fn accept_again(&mut self, schema: &Schema, chunks: &mut [Chunk], work: &Work<'_>) -> Result<usize> {
        for chunk in chunks.iter_mut() {
            chunk.texts.clear();
            chunk.rejects.clear();
            if let Some(problem) = chunk.problem.take() {
                return Err(problem.into_error(self.lines));
            }
            self.lines += chunk.lines;
        }
        let group = Column::group(self.columns.len());
        let again = self.again.as_deref().unwrap_or_default();
        let mut columns = try_vec(again.len())?;
        let mut places = again.iter().copied().peekable();
        columns.extend(
            self.columns
                .iter_mut()
                .enumerate()
                .filter_map(|(index, column)| places.next_if_eq(&index).map(|_| column)),
        );
        let chunks = &*chunks;
        work.for_each_mut(&mut columns, |slot, column| {
            for chunk in chunks {
                work.check()?;
                let cells = chunk.cells.iter().skip(slot).step_by(schema.kept);
                if schema.weighted {
                    cells.zip(&chunk.weights).try_for_each(|(&cell, &weight)| {
                        column.push_weight(cell, weight, &chunk.asides, group)
                    })?;
                    continue;
                }
                for &cell in cells {
                    column.push_again(cell, &chunk.asides, &chunk.kept_texts, group)?;
                }
            }
            Ok(())
        })?;
        Ok(chunks.last().map_or(0, |chunk| chunk.stop))
    }
}

impl Query {
    /// The first record of `text` as names; `None` if it is not complete.
    pub fn names(&self, text: &[u8]) -> Result<Option<Names>> {
        let Some((at, lines)) = self.leading(text) else { return Ok(None) };
        let here = |reason| Error::Csv { line: lines + 1, column: None, reason };
        let Some(last) = memrchr(b'\n', &text[at..]) else { return Ok(None) };
        let Some(first) = record(&text[..at + last + 1], at, &self.dialect)? else { return Ok(None) };
        if first.has_return {
            return Err(here(Malformed::CarriageReturn));
        }
        let FirstRecord { fields, next, lines: record_lines, .. } = first;
        let is_number = |value: Value| {
            matches!(value, Value::Number(..) | Value::Integer(_) | Value::Huge(_) | Value::Beyond(_))
        };
        let values = || fields.iter().map(|field| classify(field, &self.dialect));
        let named = match self.header {
            Header::Yes => true,
            Header::No => false,
            Header::Auto => !values().all(is_number),
        };
        let doubtful = named
            && self.header == Header::Auto
            && values().any(is_number)
            && values().all(|value| is_number(value) || value == Value::Missing);
        let (start, lines) = match named {
            // It was made, and is in no file.
            true if self.dialect.quoted_text => (next, 0),
            true => (next, lines + record_lines),
            false => (at, lines),
        };
        let mut names = try_vec(fields.len())?;
        for field in &fields {
            match std::str::from_utf8(field) {
                Ok(name) if named => names.push(name.trim().to_owned()),
                Err(_) if named => return Err(here(Malformed::Utf8)),
                _ => names.push(String::new()),
            }
        }
        name_the_nameless(&mut names)?;
        Ok(Some(Names { names, named, doubtful, start, lines }))
    }

    /// Where the first record of `text` starts, and the lines before it; `None` if more lines are to be skipped
    /// than there are.
    fn leading(&self, text: &[u8]) -> Option<(usize, u64)> {
        let mut at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut lines = 0;
        while lines < self.dialect.skip {
            at += memchr(b'\n', &text[at..])? + 1;
            lines += 1;
        }
        while let Some(ignored) = self.dialect.ignored_line(&text[at..]) {
            at += ignored;
            lines += 1;
        }
        Some((at, lines))
    }
}

/// Gives each column without a name one of its own.
fn name_the_nameless(names: &mut [String]) -> Result<()> {
    if !names.iter().any(String::is_empty) {
        return Ok(());
    }
    let mut taken: HashSet<String> = HashSet::new();
    let bytes = size_of_val(names);
    taken.try_reserve(names.len()).map_err(|_| Error::Memory { bytes })?;
    taken.extend(names.iter().filter(|name| !name.is_empty()).cloned());
    for (index, name) in names.iter_mut().enumerate() {
        if name.is_empty() {
            let mut new = format!("column {}", index + 1);
            while taken.contains(&new) {
                new += " (no name)";
            }
            *name = new;
        }
    }
    Ok(())
}

/// The offsets at which `text[start..]` is cut into chunks.
fn cuts(text: &[u8], start: usize, chunk_len: usize, quoting: bool) -> Result<Vec<usize>> {
    let mut cuts = try_vec(text.len() / chunk_len + 2)?;
    cuts.push(start);
    let mut at = start;
    let mut quoted = false;
    while text.len() - at > chunk_len {
        let end = at + chunk_len;
        quoted ^= quoting && memchr_iter(b'"', &text[at..end]).count() % 2 == 1;
        at = end;
        while let Some(offset) = memchr2(b'"', b'\n', &text[at..]) {
            at += offset + 1;
            if text[at - 1] == b'"' && !quoting {
                continue;
            }
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
