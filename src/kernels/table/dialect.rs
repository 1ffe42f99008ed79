//! How a table is written down: what stands between fields, around them, in numbers, and for no value.

use crate::error::{Error, Result};

/// How a table in text is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Between two fields.
    pub delimiter: u8,
    /// Fields may be quoted, as in RFC 4180. If not, a quote is a character as any other.
    pub quoting: bool,
    /// A field in quotes is text or a date, whatever it looks like, and each record is one line of a file of which this
    /// text was made. The header is none.
    pub quoted_text: bool,
    /// Lines that start with this byte do not count.
    pub comment: Option<u8>,
    /// Lines before the first record that are not read.
    pub skip: u64,
    /// Between the whole part of a number and its fraction.
    pub decimal: u8,
    /// Between groups of three digits of a number.
    pub thousands: Option<u8>,
    /// Words for "not available" besides those that are known.
    pub missing: Vec<Vec<u8>>,
    /// Records with another number of fields than the first are left out, and listed.
    pub skip_bad: bool,
}

impl Dialect {
    /// Comma separated values, with `delimiter` between them.
    pub fn new(delimiter: &str) -> Result<Self> {
        let delimiter = match delimiter.as_bytes() {
            // A delimiter is not part of a number, not a quote, and does not end a line.
            &[byte]
                if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"+-.\n\r\0".contains(&byte) =>
            {
                byte
            }
            _ => return Err(Error::Delimiter { got: delimiter.to_owned() }),
        };
        Ok(Dialect {
            delimiter,
            quoting: true,
            quoted_text: false,
            comment: None,
            skip: 0,
            decimal: b'.',
            thousands: None,
            missing: Vec::new(),
            skip_bad: false,
        })
    }

    /// Whether a field that begins as a number of the default dialect, and ends where that does, is that number.
    pub fn has_plain_numbers(&self) -> bool {
        self.decimal == b'.'
            && self.thousands != Some(b'.')
            && !self.missing.iter().any(|word| matches!(word.first(), Some(b'0'..=b'9' | b'-' | b'.')))
    }

    /// The length of a line at the start of `text` that is no record: it is empty, white space or a comment.
    /// `None` too if `text` ends before it.
    #[inline(always)]
    pub fn ignored_line(&self, text: &[u8]) -> Option<usize> {
        match text {
            [b'\n', ..] => Some(1),
            [b'\r', b'\n', ..] => Some(2),
            [b' ' | b'\t' | b'\r', ..] => self.blank_line(text),
            [first, ..] if self.comment == Some(*first) => memchr::memchr(b'\n', text).map(|at| at + 1),
            _ => None,
        }
    }

    #[cold]
    fn blank_line(&self, text: &[u8]) -> Option<usize> {
        let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r') && byte != self.delimiter;
        let end = text.iter().position(|&byte| !is_blank(byte))?;
        (text[end] == b'\n').then_some(end + 1)
    }
}
