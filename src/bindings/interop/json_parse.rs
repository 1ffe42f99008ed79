//! A struct from the JSON text of an object, with errors that say where. Knows nothing of Python.
//!
//! The values of other keys are skipped by the library, which looks at no more than their syntax and knows no path
//! within them. A second reader goes over the text: it finds keys that come twice and lone surrogates at every depth,
//! and the path of an error to its end. It keeps a stack of its own, so that no text can exhaust that of the thread.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, MapAccess, Visitor};

/// How much of a path, at each of its ends, and of a key is shown.
const SHOWN: usize = 20;

/// Why a text has no struct.
#[derive(Debug, PartialEq)]
pub enum Wrong {
    /// What is wrong, and where.
    Text(String),
    /// There is no memory for so many bytes.
    Memory(usize),
}

/// The struct in `text`, or what is wrong with it and where.
pub fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Wrong> {
    // As large as before, so that places stay what they are.
    let text = &*without_negative_zeros(text)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let object = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let value = object.deserialize_map(Object(PhantomData));
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => match walk(text, text.len())?.1 {
            Some(Found { at, path, reason }) => Err(wrong(text, at, &path, &reason)),
            None => Ok(value),
        },
        Err(error) => {
            let reason = error.to_string();
            let suffix = format!(" at line {} column {}", error.line(), error.column());
            let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
            let at = offset(text, error.line(), error.column());
            let (known, longer) = (track.path().to_string(), walk(text, at)?.0);
            // The library knows of the first key only; of an error of the whole it knows better.
            let path = if known != "." && longer.starts_with(&known) { longer } else { known };
            Err(wrong(text, at, &path, reason))
        }
    }
}

/// The error at an offset of the text, which the last byte that was read lies before.
fn wrong(text: &str, at: usize, path: &str, reason: &str) -> Wrong {
    let before = &text.as_bytes()[..at];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    // Characters are counted by their first bytes.
    let column = before[start..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count().max(1);
    Wrong::Text(format!("line {line}, column {column}, path {path}: {reason}"))
}

/// The offset behind a column in bytes of a line; both count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column).min(text.len())
}

/// The text with `-0` as ` 0` where it is a value: an integer like any other, which the library would read as a
/// float because of its sign.
fn without_negative_zeros(text: &str) -> Result<Cow<'_, str>, Wrong> {
    let mut found: Option<Vec<u8>> = None;
    let (mut within, mut escaped, mut before) = (false, false, b' ');
    for (index, byte) in text.bytes().enumerate() {
        if within {
            (within, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        within = byte == b'"';
        let next = |index| text.as_bytes().get(index).copied().unwrap_or(b' ');
        let starts = byte == b'-' && matches!(before, b':' | b'[' | b',');
        let is_zero = next(index + 1) == b'0' && !matches!(next(index + 2), b'0'..=b'9' | b'.' | b'e' | b'E');
        if starts && is_zero {
            let text = match &mut found {
                Some(text) => text,
                None => {
                    let mut copy = Vec::new();
                    copy.try_reserve_exact(text.len()).map_err(|_| Wrong::Memory(text.len()))?;
                    copy.extend_from_slice(text.as_bytes());
                    found.insert(copy)
                }
            };
            text[index] = b' ';
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    Ok(found.and_then(|text| String::from_utf8(text).ok()).map_or(Cow::Borrowed(text), Cow::Owned))
}

/// An object or an array that is not closed yet.
enum Open<'t> {
    /// The index of its first key in the list of keys, and the key of its current value.
    Object(usize, Option<&'t str>),
    /// The index of its current item.
    Array(usize),
}

/// What the library does not look for.
struct Found {
    at: usize,
    path: String,
    reason: String,
}

/// Goes over the text, which is valid up to `end`: the path there, and the first thing that the library lets pass.
fn walk(text: &str, end: usize) -> Result<(String, Option<Found>), Wrong> {
    let bytes = &text.as_bytes()[..end];
    let mut open: Vec<Open<'_>> = Vec::new();
    // The keys of all objects that are open, with the offsets behind them.
    let mut keys: Vec<(Cow<'_, str>, usize)> = Vec::new();
    let mut first: Option<Found> = None;
    let mut note = |found: Found| {
        if first.as_ref().is_none_or(|first| found.at < first.at) {
            first = Some(found);
        }
    };
    let mut expects_key = false;
    let mut at = 0;
    while at < end {
        let start = at;
        at += 1;
        match bytes[start] {
            b'"' => {
                while at < end && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if at >= end {
                    break;
                }
                at += 1;
                let content = &text[start + 1..at - 1];
                let decoded = decoded(content);
                if expects_key {
                    if let Some(Open::Object(_, key)) = open.last_mut() {
                        *key = None;
                        let shown = path(&open);
                        match decoded {
                            Ok(name) => push(&mut keys, (name, at))?,
                            Err(behind) => note(surrogate(start + 1 + behind, shown)),
                        }
                    }
                    if let Some(Open::Object(_, key)) = open.last_mut() {
                        *key = Some(content);
                    }
                } else if let Err(behind) = decoded {
                    note(surrogate(start + 1 + behind, path(&open)));
                }
            }
            b'{' => {
                push(&mut open, Open::Object(keys.len(), None))?;
                expects_key = true;
            }
            b'[' => {
                push(&mut open, Open::Array(0))?;
                expects_key = false;
            }
            b':' => expects_key = false,
            b',' => match open.last_mut() {
                Some(Open::Object(_, key)) => {
                    *key = None;
                    expects_key = true;
                }
                Some(Open::Array(index)) => *index += 1,
                None => {}
            },
            b'}' | b']' => {
                if let Some(Open::Object(own, key)) = open.last_mut() {
                    let own = *own;
                    *key = None;
                    // In the order of the text where they are equal.
                    keys[own..].sort_unstable();
                    let twice = keys[own..].windows(2).filter(|pair| pair[0].0 == pair[1].0);
                    if let Some([_, (name, at)]) = twice.min_by_key(|pair| pair[1].1) {
                        let name: String = name.chars().take(3 * SHOWN).collect();
                        note(Found {
                            at: *at,
                            path: path(&open),
                            reason: format!("duplicate field `{name}`"),
                        });
                    }
                    keys.truncate(own);
                }
                open.pop();
                expects_key = false;
            }
            _ => {}
        }
    }
    Ok((path(&open), first))
}

fn surrogate(at: usize, path: String) -> Found {
    Found { at, path, reason: "lone surrogate in hex escape".to_owned() }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Wrong> {
    list.try_reserve(1).map_err(|_| Wrong::Memory((list.len() + 1).saturating_mul(size_of::<T>())))?;
    list.push(item);
    Ok(())
}

/// The path of what is read: `a.b[2]`, or a point for the whole.
fn path(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    let hidden = SHOWN..open.len().saturating_sub(SHOWN).max(SHOWN);
    for (depth, one) in open.iter().enumerate() {
        if depth == hidden.start && !hidden.is_empty() {
            path.push('\u{2026}');
        }
        if hidden.contains(&depth) {
            continue;
        }
        match one {
            Open::Object(_, Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&decoded(key).unwrap_or(Cow::Borrowed(key)));
            }
            Open::Object(_, None) => {}
            Open::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

/// The text of a valid string, or the offset behind a surrogate that is alone in it.
fn decoded(content: &str) -> Result<Cow<'_, str>, usize> {
    if !content.contains('\\') {
        return Ok(Cow::Borrowed(content));
    }
    let unit = |at: usize| {
        let digits = content.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut text = String::new();
    let mut at = 0;
    while let Some(character) = content[at..].chars().next() {
        if character != '\\' {
            text.push(character);
            at += character.len_utf8();
            continue;
        }
        if let Some(high) = unit(at) {
            let low = unit(at + 6).filter(|low| (0xdc00..0xe000).contains(low));
            let (code, length) = match (high, low) {
                (0xd800..0xdc00, Some(low)) => (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12),
                _ => (high, 6),
            };
            text.push(char::from_u32(code).ok_or(at + 6)?);
            at += length;
            continue;
        }
        let escaped = content[at + 1..].chars().next().unwrap_or(character);
        text.push(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            other => other,
        });
        at += 1 + escaped.len_utf8();
    }
    Ok(Cow::Owned(text))
}

/// Takes an object only: by itself serde also reads a struct from an array of its fields.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Human {
        name: String,
        age: u8,
    }

    fn error(text: &str) -> String {
        match parse::<Human>(text) {
            Err(Wrong::Text(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_says_where() {
        assert!(error("{\"name\": \"Zo\u{eb}\", \"age\": -1}").starts_with("line 1, column 25, path age: "));
        assert!(error("{\n \"name\": 1}").starts_with("line 2, column 10, path name: "));
        assert!(error("").starts_with("line 1, column 1, path .: EOF"));
    }

    #[test]
    fn a_path_goes_to_its_end() {
        let place = |more: &str| {
            let error = error(&format!("{{\"name\": \"Ada\", \"age\": 36, \"more\": {more}}}"));
            error.split_once(", path ").expect("a path").1.to_owned()
        };
        assert!(place("{\"a\": [0, {\"b\": NaN}]}").starts_with("more.a[1].b: expected"));
        assert_eq!(place("[[], [{\"a\": 1, \"\\u0061\": 2}]]"), "more[1][0]: duplicate field `a`");
        assert_eq!(place("{\"a\": [\"\\ud800\"]}"), "more.a[0]: lone surrogate in hex escape");
        assert_eq!(place("{\"\\udc00\\ud800\": 1}"), "more: lone surrogate in hex escape");
        let deep = "[".repeat(1000) + "NaN" + &"]".repeat(1000);
        assert!(place(&deep).starts_with(&format!("more{}\u{2026}[0]", "[0]".repeat(19))));
    }

    #[test]
    fn a_negative_zero_is_zero() {
        let age = |age: &str| {
            parse(&format!("{{\"name\": \"-0\", \"age\":{age}, \"more\": [-0, 1e-0, \"\\\":-0\"]}}"))
        };
        assert_eq!(age(" -0"), Ok(Human { name: "-0".into(), age: 0 }));
        assert_eq!(age("-0"), Ok(Human { name: "-0".into(), age: 0 }));
        for wrong in ["-0.0", "-00", "--0", "-0e1", "1-0", "- 0", "-1"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_deep_text_does_not_exhaust_the_stack() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        let text = format!("{{\"name\": \"Ada\", \"more\": {deep}, \"age\": 36}}");
        assert_eq!(parse(&text), Ok(Human { name: "Ada".into(), age: 36 }));
    }
}
