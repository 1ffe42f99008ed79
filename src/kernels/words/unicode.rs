//! Words by the rules of Unicode Standard Annex 29, which `unicode-segmentation` implements. What is done
//! here: lone surrogates, which UTF-8 cannot have, and borders at which a text can be cut for threads.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::count::Counts;
use crate::error::{Error, Result};
use crate::parallel::{Pacer, Work};

/// What finding the borders of words costs, beside reading a byte.
const OPERATIONS_PER_BYTE: usize = 8;

/// Counts the words of `text`, which lies at `base` in the whole text.
pub fn scan(work: &Work<'_>, text: &[u8], base: u64, lower: bool, counts: &mut Counts) -> Result<()> {
    let mut lowered = Vec::new();
    each_word(work, text, base, |word, first| {
        if !lower {
            return counts.push_word(word, first);
        }
        lowered.clear();
        crate::alloc::try_reserve(&mut lowered, word.len())?;
        lowered.extend_from_slice(word);
        lowered.make_ascii_lowercase();
        counts.push_word(&lowered, first)
    })
}

/// Calls `each` with every word of `text`, which lies at `base` in the whole text, and where it begins there.
pub fn each_word(
    work: &Work<'_>,
    text: &[u8],
    base: u64,
    mut each: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    let text = without_surrogates(text, base)?;
    let mut pacer = Pacer::new(work);
    let mut done = 0;
    for (at, word) in text.unicode_word_indices() {
        pacer.spend(OPERATIONS_PER_BYTE * (at - done))?;
        done = at;
        each(word.as_bytes(), base + at as u64)?;
    }
    Ok(())
}

/// The text with a replacement character for each lone surrogate: it has as many bytes, and is no
/// part of a word either.
fn without_surrogates(text: &[u8], base: u64) -> Result<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(text) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = crate::alloc::try_copied(text)?;
    for at in 0..bytes.len().saturating_sub(2) {
        if matches!(bytes[at..at + 3], [0xed, 0xa0..=0xbf, _]) {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Error::Utf8 { byte: error.as_bytes()[at], offset: base + at as u64, path: None })
        }
    }
}

/// The bytes before a border that decide whether it is one.
pub const LOOKED_AT: usize = 3;

/// Is there a border between words before `text[at]` whatever comes before and after these bytes? After a line
/// feed there always is one; between an ASCII letter, digit or sign and a space; between two control characters;
/// and between two characters of the larger part of the CJK Unified Ideographs, each of which is a word.
pub fn is_border(text: &[u8], at: usize) -> bool {
    let (before, after) = (text[at - 1], text[at]);
    before == b'\n'
        || (after == b' ' && before.is_ascii_graphic())
        || (is_control(before) && is_control(after))
        || (is_ideograph(after) && before >= 0x80 && at >= 3 && is_ideograph(text[at - 3]))
}

/// Control characters that no rule mentions.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 14..=31 | 127)
}

/// Whether a byte is the first of a character of U+5000 to U+8FFF.
fn is_ideograph(byte: u8) -> bool {
    matches!(byte, 0xe5..=0xe8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cut_at_borders_has_the_same_words() {
        let parts = [
            "a", "'", ".", "1", ",", " ", "\n", "\r", "\u{301}", "\u{200d}", "א", "\"", "カ", "🇩", "ё", "_",
            "\0", "\u{1b}", "漢", "字", "\u{fe0f}",
        ];
        let mut state = 7u64;
        for _ in 0..2000 {
            let text: String = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    parts[(state >> 33) as usize % parts.len()]
                })
                .collect();
            let whole: Vec<&str> = text.unicode_words().collect();
            for at in (1..text.len()).filter(|&at| is_border(text.as_bytes(), at)) {
                let cut: Vec<&str> = text[..at].unicode_words().chain(text[at..].unicode_words()).collect();
                assert_eq!(cut, whole, "{text:?} at {at}");
            }
        }
    }

    #[test]
    fn a_lone_surrogate_is_no_part_of_a_word() {
        let text = b"ab\xed\xa0\x80cd";
        assert_eq!(without_surrogates(text, 0).as_deref(), Ok("ab\u{fffd}cd"));
        assert_eq!(without_surrogates(b"a\xff", 7), Err(Error::Utf8 { byte: 0xff, offset: 8, path: None }));
    }
}
