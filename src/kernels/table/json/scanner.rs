//! The tokens of JSON (RFC 8259) in a slice of bytes, as far as a table needs to know them: where a value starts
//! and ends, and of what kind it is. Values are checked in full, also those that are nested and kept as they are.
//!
//! `NaN`, `Infinity` and `-Infinity`, which Python writes, are taken too.

use memchr::memchr2;

/// Arrays and objects in each other; more are refused. The stack of a thread has room for many times that.
const DEEPEST: usize = 256;

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The text ends inside it: more may complete it.
    End,
    /// It is wrong.
    Wrong(&'static str),
}

/// What was read, or why not.
pub type Scanned<T> = std::result::Result<T, Fault>;

/// The bytes of a text from a start to an end, without the end.
pub type Span = (usize, usize);

/// A value: its kind, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// `null`, or NaN.
    Missing,
    /// A number, `true` or `false`, as it is written.
    Word(Span),
    /// Infinity.
    Infinite {
        /// Whether it has a minus.
        negative: bool,
    },
    /// What is between the quotes of a text, and whether escapes are in it.
    Text(Span, bool),
    /// An array or an object.
    Nested(Span),
}

/// Reads values one after the other.
pub struct Scanner<'a> {
    text: &'a [u8],
    /// How far it has come: where a fault is, if there is one.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner that starts at `at`.
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Scanner { text, at }
    }

    /// The next byte behind white space, which is not taken.
    #[inline(always)]
    pub fn peek(&mut self) -> Scanned<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(Fault::End),
            }
        }
    }

    /// Takes `byte` if it is next, or it is a fault that something else is.
    #[inline(always)]
    pub fn expect(&mut self, byte: u8, otherwise: &'static str) -> Scanned<()> {
        if self.peek()? != byte {
            return Err(Fault::Wrong(otherwise));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads an object. Gives each key (what is between its quotes, and whether escapes are in it) and value to `take`.
    #[inline(always)]
    pub fn object(&mut self, depth: usize, mut take: impl FnMut(&'a [u8], bool, Item)) -> Scanned<()> {
        self.expect(b'{', "expected an object, which starts with '{'")?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek()? != b'"' {
                return Err(Fault::Wrong("expected a key, which stands in double quotes"));
            }
            let ((start, end), escaped) = self.string()?;
            self.expect(b':', "expected ':' after a key")?;
            let value = self.value(depth)?;
            take(&self.text[start..end], escaped, value);
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Wrong("expected ',' or '}' after a value")),
            }
        }
    }

    /// Reads a value in `depth` others.
    #[inline(always)]
    pub fn value(&mut self, depth: usize) -> Scanned<Item> {
        let byte = self.peek()?;
        let start = self.at;
        match byte {
            b'"' => self.string().map(|(span, escaped)| Item::Text(span, escaped)),
            b'0'..=b'9' => self.number(start),
            b'-' if self.text.get(start + 1) == Some(&b'I') => {
                self.at += 1;
                self.word(b"Infinity", Item::Infinite { negative: true })
            }
            b'-' => self.number(start),
            b'{' | b'[' => {
                self.nested(byte, depth)?;
                Ok(Item::Nested((start, self.at)))
            }
            b't' => self.word(b"true", Item::Word((start, start + 4))),
            b'f' => self.word(b"false", Item::Word((start, start + 5))),
            b'n' => self.word(b"null", Item::Missing),
            b'N' => self.word(b"NaN", Item::Missing),
            b'I' => self.word(b"Infinity", Item::Infinite { negative: false }),
            _ => Err(Fault::Wrong("expected a value of JSON")),
        }
    }

    #[inline(never)]
    fn nested(&mut self, open: u8, depth: usize) -> Scanned<()> {
        if depth >= DEEPEST {
            return Err(Fault::Wrong("arrays and objects are nested more than 256 deep"));
        }
        if open == b'{' {
            return self.object(depth + 1, |_, _, _| {});
        }
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Wrong("expected ',' or ']' after a value")),
            }
        }
    }

    fn word(&mut self, word: &[u8], item: Item) -> Scanned<Item> {
        let rest = &self.text[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(item);
        }
        Err(if word.starts_with(rest) { Fault::End } else { Fault::Wrong("expected a value of JSON") })
    }

    /// A text, at whose first quote the scanner is: what is between the quotes, and whether escapes are in it.
    #[inline(always)]
    fn string(&mut self) -> Scanned<(Span, bool)> {
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            let Some(length) = memchr2(b'"', b'\\', &self.text[at..]) else { return Err(Fault::End) };
            let end = at + length;
            if let Some(control) = self.text[at..end].iter().position(|&byte| byte < b' ') {
                self.at = at + control;
                return Err(Fault::Wrong("a control character in a text, or a text that is not closed"));
            }
            at = end + 1;
            if self.text[end] == b'"' {
                self.at = at;
                return Ok(((start, end), escaped));
            }
            escaped = true;
            self.at = end;
            let wrong = Fault::Wrong("an escape that JSON does not have");
            match self.text.get(at) {
                None => return Err(Fault::End),
                Some(b'u') => {
                    let digits = &self.text[at + 1..self.text.len().min(at + 5)];
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return Err(wrong);
                    }
                    if digits.len() < 4 {
                        return Err(Fault::End);
                    }
                    at += 5;
                }
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 1,
                Some(_) => return Err(wrong),
            }
        }
    }

    #[inline(always)]
    fn number(&mut self, start: usize) -> Scanned<Item> {
        let wrong = Fault::Wrong("expected a number of JSON");
        let byte = |at: usize| self.text.get(at).copied().unwrap_or(0);
        let digits = |mut at: usize| {
            while byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        let first = start + usize::from(byte(start) == b'-');
        let mut at = digits(first);
        let mut is_number = at > first && (byte(first) != b'0' || at == first + 1);
        if byte(at) == b'.' {
            let end = digits(at + 1);
            is_number &= end > at + 1;
            at = end;
        }
        if matches!(byte(at), b'e' | b'E') {
            let sign = usize::from(matches!(byte(at + 1), b'+' | b'-'));
            let end = digits(at + 1 + sign);
            is_number &= end > at + 1 + sign;
            at = end;
        }
        self.at = at;
        match is_number {
            true => Ok(Item::Word((start, at))),
            false if at >= self.text.len() => Err(Fault::End),
            false => {
                self.at = start;
                Err(wrong)
            }
        }
    }
}

/// The text that stands between quotes with escapes, in UTF-8. Halves of surrogate pairs, and the NUL that no
/// text has, become the replacement character.
pub fn unescape(raw: &[u8], text: &mut Vec<u8>) {
    let hex = |at: usize| {
        let digits = raw.get(at..at + 4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != b'\\' {
            text.push(raw[at]);
            at += 1;
            continue;
        }
        let escape = raw.get(at + 1).copied().unwrap_or(b'\\');
        at += 2;
        let byte = match escape {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = hex(at).unwrap_or(0);
                at += 4;
                if (0xd800..0xdc00).contains(&code) && raw[at.min(raw.len())..].starts_with(b"\\u") {
                    if let Some(low) = hex(at + 2).filter(|low| (0xdc00..0xe000).contains(low)) {
                        code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                        at += 6;
                    }
                }
                let character = char::from_u32(code).filter(|&c| c != '\0').unwrap_or('\u{fffd}');
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            other => other,
        };
        text.push(byte);
    }
}
