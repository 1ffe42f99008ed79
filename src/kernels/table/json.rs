//! Objects of JSON, one a line or in one array, as records of delimited text, which [`Table`](super::Table) reads.
//!
//! Each key is a column. Most files have the keys of all their objects in one order, so a key is
//! first compared with the one that came behind the one before it; only another is looked up. A value goes into the
//! record as it is written: numbers with all their digits, texts in quotes, by which the table knows that they are
//! none ([`Dialect::quoted_text`](super::Dialect)), arrays and objects as texts. Which keys there are is known in
//! advance: a first reader learns them, of the start of a file or of all of it.
//!
//! A line gives a record of one line, one that is empty or left out an empty line: a line of the table is
//! that of the file.

mod scanner;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use memchr::{memchr, memchr_iter, memrchr};

use crate::alloc::{try_filled, try_reserve};
use crate::error::{Error, Malformed, Result};
use crate::parallel::{Pacer, Work};
use scanner::{Fault, Item, Scanner, unescape};

/// Bytes of records that are given at a time, or a little more.
const ENOUGH: usize = 4 << 20;

/// The longest object.
const LONGEST: usize = 64 << 20;

/// How objects are read.
#[derive(Debug, Clone, Default)]
pub struct JsonForm {
    /// They are the elements of one array, and not one a line.
    pub is_array: bool,
    /// Texts that stand for no value.
    pub missing: Vec<Vec<u8>>,
    /// What is no object is left out, and listed.
    pub skip_bad: bool,
}

/// Keys of which a value was an array or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nested {
    /// How many were.
    pub count: u64,
    /// The line of the first.
    pub line: u64,
}

/// Where an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its bracket, if it has one.
    Start,
    /// Before the first element.
    First,
    /// Behind an element.
    Next,
    /// Behind the array.
    End,
}

/// Makes records of objects.
pub struct JsonRows {
    form: JsonForm,
    is_learning: bool,
    keys: Vec<Vec<u8>>,
    places: HashMap<Vec<u8>, usize>,
    nested: Vec<Option<Nested>>,
    /// Of a key that is not known, the first.
    late: Option<(String, u64)>,
    unread: Vec<u8>,
    /// How much of that has been read.
    at: usize,
    has_ended: bool,
    /// Whether nothing has been read yet.
    is_new: bool,
    state: State,
    /// Line feeds so far.
    lines: u64,
    /// Bytes so far of the line.
    in_line: usize,
    rejects: Vec<(u64, usize, Malformed)>,
    rejected: u64,
    /// For each key its value in the object that is read, and of which one it is.
    row: Vec<(u64, Item)>,
    object: u64,
}

/// What came of an attempt to read an object.
enum Step {
    /// It was read, or left out: the text behind it is next.
    Done,
    /// It takes more text.
    More,
}

impl JsonRows {
    /// A reader that knows the keys, or one that learns them and makes no records.
    pub fn new(form: JsonForm, keys: Option<Vec<String>>) -> Result<Self> {
        let mut rows = JsonRows {
            form,
            is_learning: keys.is_none(),
            keys: Vec::new(),
            places: HashMap::new(),
            nested: Vec::new(),
            late: None,
            unread: Vec::new(),
            at: 0,
            has_ended: false,
            is_new: true,
            state: State::Start,
            lines: 0,
            in_line: 0,
            rejects: Vec::new(),
            rejected: 0,
            row: Vec::new(),
            object: 0,
        };
        for key in keys.into_iter().flatten() {
            rows.add_key(key.into_bytes())?;
        }
        Ok(rows)
    }

    /// The keys in the order of their first appearance.
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.keys.iter().map(|key| String::from_utf8_lossy(key).into_owned())
    }

    /// For each key, how many of its values were arrays and objects.
    pub fn nested(&self) -> &[Option<Nested>] {
        &self.nested
    }

    /// The first key that was not known, and its line.
    pub fn late(&self) -> Option<&(String, u64)> {
        self.late.as_ref()
    }

    /// How many objects were left out.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// What was left out since the last call: the line, the byte in it, the reason.
    pub fn take_rejects(&mut self) -> Vec<(u64, usize, Malformed)> {
        std::mem::take(&mut self.rejects)
    }

    /// Takes the next bytes of the text.
    pub fn feed(&mut self, data: &[u8]) -> Result<()> {
        self.unread.drain(..self.at);
        self.at = 0;
        try_reserve(&mut self.unread, data.len())?;
        self.unread.extend_from_slice(data);
        Ok(())
    }

    /// Says that the text has ended.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// The records of some more objects; nothing if that takes more text.
    pub fn rows(&mut self, work: &Work<'_>) -> Result<Vec<u8>> {
        let mut rows = Vec::new();
        let mut pacer = Pacer::new(work);
        if self.is_new {
            if self.unread.len() < 3 && !self.has_ended {
                return Ok(rows);
            }
            self.is_new = false;
            // A byte-order mark is no part of the text.
            self.at = if self.unread.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        }
        while rows.len() < ENOUGH {
            let before = self.at;
            let text = std::mem::take(&mut self.unread);
            let step = if self.form.is_array {
                self.read_element(&text, &mut rows)
            } else {
                self.read_line(&text, &mut rows)
            };
            self.unread = text;
            if let Step::More = step? {
                if self.unread.len() - self.at > LONGEST {
                    return Err(self.error(1, None, Malformed::Long { limit: LONGEST }));
                }
                break;
            }
            pacer.spend(self.at - before)?;
        }
        Ok(rows)
    }

    /// The header of the table.
    pub fn header(&self) -> Result<Vec<u8>> {
        let mut header = Vec::new();
        for (index, key) in self.keys.iter().enumerate() {
            try_reserve(&mut header, 2 * key.len() + 4)?;
            if index > 0 {
                header.push(b',');
            }
            push_quoted(&mut header, key);
        }
        header.push(b'\n');
        Ok(header)
    }

    fn error(&self, line: u64, column: Option<usize>, reason: Malformed) -> Error {
        Error::Csv { line: self.lines + line, column, reason }
    }

    /// The line feeds and the bytes of the line when `read` has been read.
    fn place(&self, read: &[u8]) -> (u64, usize) {
        match memrchr(b'\n', read) {
            None => (self.lines, self.in_line + read.len()),
            Some(last) => (self.lines + memchr_iter(b'\n', read).count() as u64, read.len() - last - 1),
        }
    }

    /// A fault at `at`, where what is read starts at `start`: it is left out, or an error.
    fn refuse(&mut self, text: &[u8], start: usize, at: usize, reason: &'static str) -> Result<()> {
        let (lines, in_line) = self.place(&text[start..at.max(start)]);
        let (line, column) = (lines + 1, in_line + 1);
        let reason = Malformed::Json { reason };
        if !self.form.skip_bad {
            return Err(Error::Csv { line, column: Some(column), reason });
        }
        self.rejected += 1;
        try_reserve(&mut self.rejects, 1)?;
        self.rejects.push((line, column, reason));
        Ok(())
    }

    fn read_line(&mut self, text: &[u8], rows: &mut Vec<u8>) -> Result<Step> {
        let start = self.at;
        let (end, next) = match memchr(b'\n', &text[start..]) {
            Some(length) => (start + length, start + length + 1),
            None if self.has_ended && start < text.len() => (text.len(), text.len()),
            None => return Ok(Step::More),
        };
        let line = &text[..end];
        let mut scanner = Scanner::new(line, start);
        if scanner.peek().is_err() {
            try_reserve(rows, 1)?;
            rows.push(b'\n');
        } else {
            let read = self.read_object(&mut scanner, line, start).and_then(|()| match scanner.peek() {
                Ok(_) => Err(Fault::Wrong("expected the end of the line after the object")),
                Err(_) => Ok(()),
            });
            match read {
                Ok(()) => self.write(text, end - start, rows)?,
                Err(fault) => {
                    let reason = match fault {
                        Fault::End => "the line ends inside the object",
                        Fault::Wrong(reason) => reason,
                    };
                    self.refuse(text, start, scanner.at, reason)?;
                    try_reserve(rows, 1)?;
                    rows.push(b'\n');
                }
            }
        }
        self.lines += 1;
        self.at = next;
        Ok(Step::Done)
    }

    fn read_element(&mut self, text: &[u8], rows: &mut Vec<u8>) -> Result<Step> {
        let mut scanner = Scanner::new(text, self.at);
        let next = match scanner.peek() {
            Ok(byte) => byte,
            Err(_) if self.has_ended && self.state != State::End => {
                return Err(self.error(1, None, Malformed::Json { reason: "the array does not end" }));
            }
            Err(_) => return Ok(Step::More),
        };
        let (from, lines) = (self.at, self.lines);
        let bad = |scanner: &Scanner<'_>, reason| {
            let before = memchr_iter(b'\n', &text[from..scanner.at]).count() as u64;
            Error::Csv { line: lines + before + 1, column: None, reason: Malformed::Json { reason } }
        };
        match (self.state, next) {
            (State::Start, b'[') => (scanner.at, self.state) = (scanner.at + 1, State::First),
            (State::First | State::Next, b']') => (scanner.at, self.state) = (scanner.at + 1, State::End),
            (State::Start, _) => return Err(bad(&scanner, "expected an array, which starts with '['")),
            (State::End, _) => return Err(bad(&scanner, "more after the array")),
            (State::Next, byte) if byte != b',' => {
                return Err(bad(&scanner, "expected ',' or ']' after an object"));
            }
            (State::First | State::Next, _) => {
                scanner.at += usize::from(self.state == State::Next);
                let start = match scanner.peek() {
                    Ok(_) => scanner.at,
                    Err(_) if self.has_ended => return Err(bad(&scanner, "the array does not end")),
                    Err(_) => return Ok(Step::More),
                };
                match self.read_object(&mut scanner, text, start) {
                    Ok(()) => self.write(text, scanner.at - start, rows)?,
                    Err(Fault::End) if !self.has_ended => return Ok(Step::More),
                    Err(Fault::End) => return Err(bad(&scanner, "the array does not end")),
                    Err(Fault::Wrong(reason)) => {
                        let at = scanner.at;
                        // A value that is no object is left out; behind what is none nothing can be found.
                        scanner.at = start;
                        match scanner.value(0) {
                            Ok(_) => self.refuse(text, self.at, at, reason)?,
                            Err(Fault::End) if !self.has_ended => return Ok(Step::More),
                            Err(_) => {
                                self.form.skip_bad = false;
                                self.refuse(text, self.at, at, reason)?;
                            }
                        }
                    }
                }
                self.state = State::Next;
            }
        }
        (self.lines, self.in_line) = self.place(&text[self.at..scanner.at]);
        self.at = scanner.at;
        Ok(Step::Done)
    }

    /// Reads the object at `start` of `text` into `row`.
    #[inline]
    fn read_object(
        &mut self,
        scanner: &mut Scanner<'_>,
        text: &[u8],
        start: usize,
    ) -> std::result::Result<(), Fault> {
        self.object += 1;
        let mut guess = 0;
        let mut unknown: Vec<(Vec<u8>, Item)> = Vec::new();
        let (keys, places, row, object) = (&self.keys, &self.places, &mut self.row, self.object);
        scanner.object(0, |raw, escaped, item| {
            let place = if !escaped && keys.get(guess).is_some_and(|key| key == raw) {
                guess
            } else {
                let mut key = Vec::new();
                if escaped {
                    unescape(raw, &mut key)
                } else {
                    key.extend_from_slice(raw)
                }
                match places.get(&key) {
                    Some(&place) => place,
                    None => return unknown.push((key, item)),
                }
            };
            row[place] = (object, item);
            guess = place + 1;
        })?;
        if let Err(error) = std::str::from_utf8(&text[start..scanner.at]) {
            scanner.at = start + error.valid_up_to();
            return Err(Fault::Wrong("not in UTF-8"));
        }
        for (key, item) in unknown {
            if !self.is_learning {
                let key = String::from_utf8_lossy(&key).into_owned();
                self.late.get_or_insert((key, self.lines + 1));
                continue;
            }
            // One that comes twice counts once.
            if !self.places.contains_key(&key) && self.add_key(key).is_err() {
                return Err(Fault::Wrong("more keys than fit into the memory"));
            }
            if let Some(last) = self.row.last_mut() {
                *last = (self.object, item);
            }
        }
        Ok(())
    }

    fn add_key(&mut self, key: Vec<u8>) -> Result<()> {
        let bytes = key.len();
        self.places.try_reserve(1).map_err(|_| Error::Memory { bytes })?;
        try_reserve(&mut self.keys, 1)?;
        try_reserve(&mut self.nested, 1)?;
        try_reserve(&mut self.row, 1)?;
        self.places.insert(key.clone(), self.keys.len());
        self.keys.push(key);
        self.nested.push(None);
        self.row.push((0, Item::Missing));
        Ok(())
    }

    /// Writes the record of the object that was read, which has `length` bytes.
    fn write(&mut self, text: &[u8], length: usize, rows: &mut Vec<u8>) -> Result<()> {
        if self.is_learning {
            return Ok(());
        }
        // Quotes come twice, and each field takes a comma and quotes of its own.
        try_reserve(rows, 2 * length + 5 * self.row.len() + 4)?;
        let line = self.lines + 1;
        let count = self.row.len();
        for (place, &(object, item)) in self.row.iter().enumerate() {
            if place > 0 {
                rows.push(b',');
            }
            match if object == self.object { item } else { Item::Missing } {
                // A line with nothing would be no record.
                Item::Missing if count == 1 => rows.extend_from_slice(b"NA"),
                Item::Missing => {}
                Item::Word((start, end)) => rows.extend_from_slice(&text[start..end]),
                Item::Infinite { negative } => {
                    rows.extend_from_slice(if negative { b"-inf" } else { b"inf" })
                }
                Item::Nested((start, end)) => {
                    let nested = self.nested[place].get_or_insert(Nested { count: 0, line });
                    nested.count += 1;
                    push_quoted(rows, &text[start..end]);
                }
                Item::Text((start, end), escaped) => {
                    let raw = &text[start..end];
                    if !escaped && self.form.missing.is_empty() {
                        rows.push(b'"');
                        rows.extend_from_slice(raw);
                        rows.push(b'"');
                        continue;
                    }
                    let mut text = try_filled(0, 0)?;
                    try_reserve(&mut text, raw.len())?;
                    if escaped {
                        unescape(raw, &mut text)
                    } else {
                        text.extend_from_slice(raw)
                    }
                    if !self.form.missing.contains(&text) {
                        push_quoted(rows, &text);
                    } else if count == 1 {
                        rows.extend_from_slice(b"NA");
                    }
                }
            }
        }
        rows.push(b'\n');
        Ok(())
    }
}

/// Adds a field in quotes; there is room for it.
fn push_quoted(rows: &mut Vec<u8>, text: &[u8]) {
    rows.push(b'"');
    for part in text.split_inclusive(|&byte| byte == b'"') {
        rows.extend_from_slice(part);
        if part.ends_with(b"\"") {
            rows.push(b'"');
        }
    }
    rows.push(b'"');
}
