//! Records (rows) and fields of delimited text: RFC 4180, and the same reading of what it leaves
//! open as Python's `csv` module: a quote inside a field that did not start with one is an
//! ordinary character, and what follows a closing quote belongs to the field.
//!
//! What is done for speed: most fields of most tables are numbers, so a field is first read as a
//! number, and the end of the number is the end of the field. Only where that fails is the end
//! searched for (with a vectorised search for two bytes).

use memchr::{memchr, memchr_iter, memchr2};

use super::cell::{Aside, Cell};
use super::column::{FirstText, Observe};
use super::dialect::Dialect;
use super::distinct::hash;
use super::field::{Value, classify, classify_text, leading_number};
use super::keys::{BETWEEN, Keys};
use crate::alloc::{try_copied, try_reserve};
use crate::error::{Error, Malformed, Result};
use crate::parallel::{Pacer, Work};

/// The slot of a column that is not kept.
pub const SKIP: u32 = u32::MAX;

/// The slot of the column that is the first part of the key of a group; the next parts have the next ones.
pub const KEY: u32 = u32::MAX - MOST_PARTS as u32;

/// The slot of the column that holds the weights of the rows. From here on slots are of no column that is kept.
pub const WEIGHT: u32 = KEY - 1;
const _: () = assert!(WEIGHT < KEY && KEY + MOST_PARTS as u32 == SKIP);

/// The most columns of which a key is made.
pub const MOST_PARTS: usize = 64;

/// Characters of a field that errors and results show.
const SHOWN: usize = 40;

/// How a record is divided into fields, and which of them are kept.
pub struct Schema {
    /// How the text is written.
    pub dialect: Dialect,
    /// For each column of the text its index among the columns kept, or [`SKIP`].
    pub slots: Vec<u32>,
    /// How many columns are kept.
    pub kept: usize,
    /// Their slots in the order of the text, if that is another one.
    pub order: Vec<u32>,
    /// Whether a field that begins as a number in the simplest spelling, and ends where that does, is that.
    pub plain: bool,
    /// Of how many columns keys are made.
    pub parts: usize,
    /// Whether the rows have weights.
    pub weighted: bool,
    /// Are the different values of the columns asked for, and their texts?
    pub observe: Observe,
}

/// Consecutive records that were read.
#[derive(Default)]
pub struct Chunk {
    /// The kept fields, row by row.
    pub cells: Vec<Cell>,
    /// Lines of the records and of the empty lines between them.
    pub lines: u64,
    /// Where the chunk ends in the text.
    pub stop: usize,
    /// For each column with text in this chunk the first one, lines counted from the chunk's start.
    pub texts: Vec<(u32, FirstText)>,
    /// What is wrong with the record at `stop`.
    pub problem: Option<Problem>,
    /// The records that were left out.
    pub rejects: Vec<Problem>,
    /// What cells refer to, and the texts of that.
    pub asides: Vec<Aside>,
    /// The texts that are kept.
    pub kept_texts: Vec<u8>,
    /// For each column kept, not 0 if a number of it is not written as an integer.
    pub floats: Vec<u8>,
    /// The weights of the rows, if they have some.
    pub weights: Vec<f64>,
    /// Of groups: the keys, and the number of the key of each row.
    pub keys: Keys,
    pub ids: Vec<u32>,
    /// The key of the record that is read, and its parts.
    key: Vec<u8>,
    parts: Vec<Vec<u8>>,
    /// The first line of a quoted field that may have swallowed rows.
    pub swallowed: Option<u64>,
    /// The same before the record that is read, where records may be left out.
    floats_before: Vec<u8>,
    /// A bit for each column kept: text seen.
    seen: Vec<u64>,
    unquoted: Vec<u8>,
}

/// How much there was before a record.
struct Mark {
    cells: usize,
    asides: usize,
    kept_texts: usize,
    texts: usize,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from where the chunk starts, first is 0.
    pub line: u64,
    /// The field in the record, first is 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: Malformed,
}

/// The longest text of a value that is shown, in bytes.
const LONGEST_VALUE: usize = 200;

/// A field and where it ends.
struct Field<'a> {
    bytes: &'a [u8],
    /// The delimiter or line feed after it.
    end: usize,
    /// Line feeds in it.
    lines: u64,
    /// Whether it is in quotes.
    is_quoted: bool,
}

impl Chunk {
    /// Reads the records that start in `start..until` of `text`, which ends with a line feed.
    /// Stops early before a record whose last field has an open quote, or at a problem.
    pub fn read(
        &mut self,
        schema: &Schema,
        text: &[u8],
        start: usize,
        until: usize,
        work: &Work<'_>,
    ) -> Result<()> {
        self.cells.clear();
        self.rejects.clear();
        self.asides.clear();
        self.kept_texts.clear();
        self.weights.clear();
        self.keys.clear();
        self.ids.clear();
        self.parts.resize_with(schema.parts, Vec::new);
        self.floats.clear();
        try_reserve(&mut self.floats, schema.kept)?;
        self.floats.resize(schema.kept, 0);
        self.floats_before.clear();
        if schema.dialect.skip_bad {
            try_reserve(&mut self.floats_before, schema.kept)?;
            self.floats_before.resize(schema.kept, 0);
        }
        self.swallowed = None;
        self.texts.clear();
        self.seen.clear();
        self.problem = None;
        self.lines = 0;
        self.stop = start;
        let mut unquoted = std::mem::take(&mut self.unquoted);
        let mut pacer = Pacer::new(work);
        while self.stop < until {
            if let Some(empty) = schema.dialect.ignored_line(&text[self.stop..]) {
                self.stop += empty;
                self.lines += 1;
                continue;
            }
            try_reserve(&mut self.cells, schema.kept)?;
            let before = self.stop;
            if !self.read_record(schema, text, &mut unquoted)? {
                break;
            }
            pacer.spend(self.stop - before)?;
        }
        self.unquoted = unquoted;
        Ok(())
    }

    /// Reads the record at `stop` and moves there to the next. False: it is not complete, or wrong.
    #[inline]
    fn read_record(&mut self, schema: &Schema, text: &[u8], unquoted: &mut Vec<u8>) -> Result<bool> {
        let before = self.mark(schema);
        let mut at = self.stop;
        let mut lines = 1;
        let mut column = 0;
        let (mut weight, mut weight_at) = (None, 0);
        let delimiter = schema.dialect.delimiter;
        loop {
            let slot = schema.slots.get(column).copied().unwrap_or(SKIP);
            let number = if slot >= WEIGHT || !schema.plain { None } else { number_at(text, at, delimiter) };
            let end = if let Some((cell, end, is_float)) = number {
                self.floats[slot as usize] |= u8::from(is_float);
                self.cells.push(cell);
                end
            } else {
                let Some(field) = field_at(text, at, &schema.dialect, unquoted)? else {
                    // An open quote: more text may close it.
                    self.forget(&before);
                    return Ok(false);
                };
                if slot >= KEY && slot != SKIP {
                    let part = &mut self.parts[(slot - KEY) as usize];
                    part.clear();
                    append(part, field.bytes.trim_ascii())?;
                } else if slot == WEIGHT {
                    weight = self::weight(&field, &schema.dialect);
                    weight_at = column;
                } else if slot != SKIP {
                    let cell = self.cell(schema, slot, &field)?;
                    self.cells.push(cell);
                }
                // Of what was made of one line, the line ends were written otherwise.
                lines += if schema.dialect.quoted_text { 0 } else { field.lines };
                field.end
            };
            column += 1;
            at = end + 1;
            if text[end] == b'\n' {
                break;
            }
        }
        let width = schema.slots.len();
        let is_whole = column == width && weight.is_some() == schema.weighted;
        if !is_whole {
            let (column_at, reason) = match column {
                _ if column == width => (weight_at + 1, Malformed::Weight),
                _ => (column.min(width) + 1, Malformed::Fields { got: column, expected: width }),
            };
            let problem = Problem { line: self.lines, column: column_at, reason };
            if !schema.dialect.skip_bad {
                self.problem = Some(problem);
                return Ok(false);
            }
            self.forget(&before);
            try_reserve(&mut self.rejects, 1)?;
            self.rejects.push(problem);
        } else if lines > 1 && self.swallowed.is_none() && are_rows(&text[self.stop..at], delimiter, width) {
            self.swallowed = Some(self.lines);
        }
        if let (true, Some(weight)) = (is_whole, weight) {
            try_reserve(&mut self.weights, 1)?;
            self.weights.push(weight);
        }
        if schema.parts > 0 && is_whole {
            self.key.clear();
            for (index, part) in self.parts.iter().enumerate() {
                if index > 0 {
                    append(&mut self.key, &[BETWEEN])?;
                }
                append(&mut self.key, part)?;
            }
            let id = self.keys.number(&self.key)?;
            try_reserve(&mut self.ids, 1)?;
            self.ids.push(id);
        }
        if !schema.order.is_empty() && is_whole {
            self.reorder(&schema.order, before.cells)?;
        }
        self.lines += lines;
        self.stop = at;
        Ok(true)
    }

    /// Puts the cells of a record, if it was not left out, into the order of the columns.
    #[cold]
    fn reorder(&mut self, order: &[u32], start: usize) -> Result<()> {
        let cells = try_copied(&self.cells[start..])?;
        cells.iter().zip(order).for_each(|(&cell, &slot)| self.cells[start + slot as usize] = cell);
        Ok(())
    }

    /// What there is before a record.
    #[inline]
    fn mark(&mut self, schema: &Schema) -> Mark {
        if schema.dialect.skip_bad {
            self.floats_before.copy_from_slice(&self.floats);
        }
        let (cells, asides) = (self.cells.len(), self.asides.len());
        Mark { cells, asides, kept_texts: self.kept_texts.len(), texts: self.texts.len() }
    }

    /// Takes back all that came of a record that is left out, or read again.
    #[cold]
    fn forget(&mut self, before: &Mark) {
        self.cells.truncate(before.cells);
        self.asides.truncate(before.asides);
        self.kept_texts.truncate(before.kept_texts);
        for (slot, _) in self.texts.drain(before.texts..) {
            self.seen[slot as usize / 64] &= !(1 << (slot % 64));
        }
        if !self.floats_before.is_empty() {
            self.floats.copy_from_slice(&self.floats_before);
        }
    }

    /// The cell of a field that is not a number in the simplest spelling.
    fn cell(&mut self, schema: &Schema, slot: u32, field: &Field<'_>) -> Result<Cell> {
        let bytes = field.bytes;
        let value = if field.is_quoted && schema.dialect.quoted_text {
            classify_text(bytes)
        } else {
            classify(bytes, &schema.dialect)
        };
        match value {
            Value::Missing => return Ok(Cell::MISSING),
            Value::Number(number, is_integer) => {
                self.floats[slot as usize] |= u8::from(!is_integer);
                return Ok(Cell::number(number));
            }
            Value::Integer(_) | Value::Huge(_) => {}
            Value::Beyond(_) => self.floats[slot as usize] = 1,
            Value::Text => self.note_text(schema.kept, slot, self.lines, bytes)?,
            Value::Boolean(_) | Value::Stamp(_) => {}
        }
        let index = u32::try_from(self.asides.len()).map_err(|_| Error::Memory { bytes: usize::MAX })?;
        let mut text = (0, 0);
        if schema.observe.top > 0 || matches!(value, Value::Huge(_)) {
            let start = self.kept_texts.len();
            let most = if matches!(value, Value::Huge(_)) { bytes.len() } else { LONGEST_VALUE };
            append(&mut self.kept_texts, &bytes[..bytes.len().min(most)])?;
            text = (start as u32, self.kept_texts.len() as u32);
        }
        // Bytes that go on with a character do not begin one.
        let chars = bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let chars = u32::try_from(chars).unwrap_or(u32::MAX);
        let hash = if schema.observe.any() { hash(bytes) } else { 0 };
        try_reserve(&mut self.asides, 1)?;
        self.asides.push(Aside { value, chars, hash, text });
        Ok(Cell::aside(index))
    }

    /// Keeps the first text of each column.
    fn note_text(&mut self, kept: usize, slot: u32, line: u64, bytes: &[u8]) -> Result<()> {
        if self.seen.is_empty() {
            let words = kept.div_ceil(64);
            try_reserve(&mut self.seen, words)?;
            self.seen.resize(words, 0);
        }
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
            try_reserve(&mut self.texts, 1)?;
            self.texts.push((slot, FirstText { line, text: shown(bytes) }));
        }
        Ok(())
    }
}

/// The weight that a field says, if it is one.
fn weight(field: &Field<'_>, dialect: &Dialect) -> Option<f64> {
    let is_text = field.is_quoted && dialect.quoted_text;
    let value = if is_text { classify_text(field.bytes) } else { classify(field.bytes, dialect) };
    value.number().filter(|weight| (0.0..=f64::MAX).contains(weight))
}

/// Whether each line of a record by itself has as many fields as a record has: then its quotes may be none, and
/// have swallowed rows.
#[cold]
fn are_rows(record: &[u8], delimiter: u8, width: usize) -> bool {
    width > 1
        && record
            .strip_suffix(b"\n")
            .unwrap_or(record)
            .split(|&byte| byte == b'\n')
            .all(|line| memchr_iter(delimiter, line).count() + 1 == width)
}

/// The number or missing value at `at` and where its field ends; `None` where the field may be
/// anything else.
#[inline(always)]
fn number_at(text: &[u8], at: usize, delimiter: u8) -> Option<(Cell, usize, bool)> {
    let first = text[at];
    if first == delimiter || first == b'\n' {
        return Some((Cell::MISSING, at, false));
    }
    if !matches!(first, b'0'..=b'9' | b'-' | b'.') {
        return None;
    }
    let (value, len, is_integer) = leading_number(&text[at..])?;
    let end = at + len;
    match text[end] {
        byte if byte == delimiter || byte == b'\n' => Some((Cell::number(value), end, !is_integer)),
        b'\r' if text[end + 1] == b'\n' => Some((Cell::number(value), end + 1, !is_integer)),
        _ => None,
    }
}

/// The field at `at`; `None` if it has a quote that is not closed.
fn field_at<'a>(
    text: &'a [u8],
    at: usize,
    dialect: &Dialect,
    unquoted: &'a mut Vec<u8>,
) -> Result<Option<Field<'a>>> {
    if text[at] == b'"' && dialect.quoting {
        return quoted_at(text, at, dialect.delimiter, unquoted);
    }
    let end = end_of_field(text, at, dialect.delimiter);
    Ok(Some(Field { bytes: without_return(text, at, end), end, lines: 0, is_quoted: false }))
}

fn quoted_at<'a>(
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    unquoted: &'a mut Vec<u8>,
) -> Result<Option<Field<'a>>> {
    unquoted.clear();
    let mut from = at + 1;
    loop {
        let Some(length) = memchr(b'"', &text[from..]) else { return Ok(None) };
        let quote = from + length;
        if text[quote + 1] == b'"' {
            // Two quotes stand for one.
            append(unquoted, &text[from..=quote])?;
            from = quote + 2;
            continue;
        }
        let lines = memchr_iter(b'\n', &text[at..quote]).count() as u64;
        let end = end_of_field(text, quote + 1, delimiter);
        let tail = without_return(text, quote + 1, end);
        if unquoted.is_empty() && tail.is_empty() {
            return Ok(Some(Field { bytes: &text[from..quote], end, lines, is_quoted: true }));
        }
        append(unquoted, &text[from..quote])?;
        append(unquoted, tail)?;
        return Ok(Some(Field { bytes: unquoted, end, lines, is_quoted: true }));
    }
}

fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Result<()> {
    try_reserve(bytes, more.len())?;
    bytes.extend_from_slice(more);
    Ok(())
}

fn end_of_field(text: &[u8], at: usize, delimiter: u8) -> usize {
    at + memchr2(delimiter, b'\n', &text[at..]).expect("the text ends with a line feed")
}

/// `text[at..end]`, less a carriage return before the line feed at `end`.
fn without_return(text: &[u8], at: usize, end: usize) -> &[u8] {
    match &text[at..end] {
        [bytes @ .., b'\r'] if text[end] == b'\n' => bytes,
        bytes => bytes,
    }
}

/// The first record of a text.
pub struct FirstRecord {
    /// Its fields without quotes.
    pub fields: Vec<Vec<u8>>,
    /// Where the next record starts.
    pub next: usize,
    /// How many lines it has.
    pub lines: u64,
    /// Whether a carriage return is in a field that is not quoted.
    pub has_return: bool,
}

/// The record at `at`; `None` if a quote is not closed.
pub fn record(text: &[u8], at: usize, dialect: &Dialect) -> Result<Option<FirstRecord>> {
    let mut unquoted = Vec::new();
    let mut first = FirstRecord { fields: Vec::new(), next: at, lines: 1, has_return: false };
    loop {
        let is_quoted = dialect.quoting && text[first.next] == b'"';
        let Some(field) = field_at(text, first.next, dialect, &mut unquoted)? else { return Ok(None) };
        let mut bytes = Vec::new();
        append(&mut bytes, field.bytes)?;
        first.has_return |= !is_quoted && memchr(b'\r', &bytes).is_some();
        try_reserve(&mut first.fields, 1)?;
        first.fields.push(bytes);
        first.lines += field.lines;
        first.next = field.end + 1;
        if text[field.end] == b'\n' {
            return Ok(Some(first));
        }
    }
}

/// A field for people to read: its first characters.
pub fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]);
    if text.chars().count() <= SHOWN && bytes.len() <= 4 * SHOWN {
        return text.into_owned();
    }
    text.chars().take(SHOWN).chain(std::iter::once('…')).collect()
}

impl Problem {
    /// As an error, where `lines` lines come before the chunk.
    pub fn into_error(self, lines: u64) -> Error {
        Error::Csv { line: lines + self.line + 1, column: Some(self.column), reason: self.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriage_return_belongs_to_the_end_of_a_line_and_to_no_other() {
        assert_eq!(without_return(b"a\r\n", 0, 2), b"a");
        assert_eq!(without_return(b"a\r,\n", 0, 2), b"a\r");
    }
}
