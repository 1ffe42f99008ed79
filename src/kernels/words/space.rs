//! White space as Python knows it, in UTF-8: one code point at a time, and 64 bytes at a time.
//!
//! The set is that of `str.isspace` and `str.split` and has been the same since Unicode 6.3:
//! U+0009..000D, U+001C..0020, U+0085, U+00A0, U+1680, U+2000..200A, U+2028, U+2029, U+202F,
//! U+205F and U+3000. (Rust's `char::is_whitespace` has no U+001C..001F.)

/// How many bytes the white-space character at the start of `text` has, or 0 if there is none.
#[inline(always)]
pub fn space_len(text: &[u8]) -> usize {
    match *text {
        [0x09..=0x0d | 0x1c..=0x20, ..] => 1,
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Bytes of a block, which are looked at together.
pub const LANES: usize = 64;

/// Bytes after a block that are looked at for a character that begins in the block.
pub const AHEAD: usize = 2;

/// Bytes that are 0 or 1.
type Flags = [u8; LANES];

/// The ASCII white space of a block, a bit a byte, and whether there are bytes beyond ASCII.
#[inline(always)]
pub fn ascii_spaces(block: &[u8; LANES]) -> (u64, bool) {
    let mut flags: Flags = [0; LANES];
    let mut all = 0;
    for (flag, &byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(byte.wrapping_sub(0x09) < 5) | u8::from(byte.wrapping_sub(0x1c) < 5);
        all |= byte;
    }
    (pack(&flags), all >= 0x80)
}

/// The white space beyond ASCII that begins in a block of `text`: the bits of those of its bytes
/// that are in the block, and how many (0 to 2) are in the next.
#[inline(always)]
pub fn wide_spaces(text: &[u8; LANES + AHEAD]) -> (u64, usize) {
    let (mut two, mut three): (Flags, Flags) = ([0; LANES], [0; LANES]);
    for i in 0..LANES {
        let (a, b, c) = (text[i], text[i + 1], text[i + 2]);
        let is = |condition: bool| u8::from(condition);
        two[i] = is(a == 0xc2) & (is(b == 0x85) | is(b == 0xa0));
        // U+2000..200A, 2028, 2029, 202F
        let punctuation = is(c.wrapping_sub(0x80) <= 0x0a) | is(c & 0xfe == 0xa8) | is(c == 0xaf);
        three[i] = (is(a == 0xe2) & is(b == 0x80) & punctuation)
            | (is(a == 0xe2) & is(b == 0x81) & is(c == 0x9f))
            | (is(a == 0xe1) & is(b == 0x9a) & is(c == 0x80))
            | (is(a == 0xe3) & is(b == 0x80) & is(c == 0x80));
    }
    let (two, three) = (pack(&two), pack(&three));
    let beyond = ((two | three) >> (LANES - 1)) + (three >> (LANES - 2));
    (
        two | two << 1 | three | three << 1 | three << 2,
        if three >> (LANES - 1) == 1 { 2 } else { beyond.min(1) as usize },
    )
}

/// Bit i of the result is byte i.
#[inline(always)]
fn pack(flags: &Flags) -> u64 {
    let mut bits = 0;
    for i in 0..LANES / 8 {
        // The product moves the lowest bit of byte k to bit 56 + k; no two meet, so nothing carries.
        let byte = load(flags, 8 * i).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (8 * i);
    }
    bits
}

/// The eight bytes from `at`, the first of them lowest.
#[inline(always)]
pub fn load(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("eight bytes from there"))
}

/// The bit that makes an ASCII letter lowercase, or none.
#[inline(always)]
pub fn case_bit(lower: bool) -> u8 {
    u8::from(lower) << 5
}

/// Copies `from` to `to`, with [`case_bit`] set in uppercase ASCII letters.
#[inline(always)]
pub fn lower_ascii(from: &[u8; LANES], to: &mut [u8; LANES], case_bit: u8) {
    for (to, &byte) in to.iter_mut().zip(from) {
        *to = byte | if byte.wrapping_sub(b'A') < 26 { case_bit } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_white_space_is_pythons() {
        let of_python = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
        for c in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes).as_bytes();
            assert_eq!(space_len(text), if of_python(c) { text.len() } else { 0 }, "{c:?}");
        }
    }

    #[test]
    fn a_block_finds_what_one_character_at_a_time_finds() {
        // Every pair of a lead byte and any second byte, with every third byte that matters.
        for a in [0x20, 0x61, 0xc2, 0xc3, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4] {
            for b in 0..=255 {
                for c in [0x00, 0x7f, 0x80, 0x81, 0x8a, 0x8b, 0x9f, 0xa7, 0xa8, 0xa9, 0xaa, 0xae, 0xaf, 0xb0]
                {
                    for at in [0, 31, 61, 62, 63] {
                        let mut text = [b'x'; LANES + AHEAD];
                        text[at..at + 3].copy_from_slice(&[a, b, c]);
                        let mut expected = [false; LANES + AHEAD];
                        for i in 0..LANES {
                            let len = if text[i] < 0x80 { 0 } else { space_len(&text[i..]) };
                            expected[i..i + len].fill(true);
                        }
                        let mask = (0..LANES).fold(0, |mask, i| mask | u64::from(expected[i]) << i);
                        let beyond = expected[LANES..].iter().filter(|&&flag| flag).count();
                        assert_eq!(wide_spaces(&text), (mask, beyond), "{a:x} {b:x} {c:x} at {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn ascii_is_told_apart_and_lowercased() {
        for byte in 0..=255u8 {
            let mut block = [b'x'; LANES];
            block[17] = byte;
            assert_eq!(ascii_spaces(&block), ((space_len(&[byte]) as u64) << 17, byte >= 0x80));
            let mut lower = [0; LANES];
            lower_ascii(&block, &mut lower, case_bit(true));
            assert_eq!(lower[17], byte.to_ascii_lowercase());
            lower_ascii(&block, &mut lower, case_bit(false));
            assert_eq!(lower, block);
        }
    }
}
