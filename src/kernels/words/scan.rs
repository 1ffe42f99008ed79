//! From text to words, 4 KB at a time, in three passes over what is then in the first-level cache:
//! 64 bytes at a time to a mask of the white space and a copy in ASCII lowercase; from the masks to
//! the list of edges between words and white space; from pairs of edges to counted words.

use super::count::Counts;
use super::key_table::PADDING;
use super::space::{AHEAD, LANES, ascii_spaces, case_bit, lower_ascii, space_len, wide_spaces};
use crate::alloc::{try_copied, try_filled};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::{Kernel, Simd};

/// Bytes that go through the three passes at once.
const CHUNK: usize = 4096;

/// Before a text is read, the table of short words gets the capacity for one new word in so many
/// bytes, but not for more than so many new words: growing takes longer than unused memory.
const BYTES_PER_WORD: usize = 32;
const MAX_EXPECTED: usize = 1 << 13;

/// Edges that are written at once, those beyond the last being of no meaning.
const GROUP: usize = 8;

/// Memory for the passes over a chunk.
#[derive(Debug, Default)]
pub struct ScanBuffers {
    /// The last bytes of a text, then spaces.
    tail: Vec<u8>,
    lowered: Vec<u8>,
    edges: Vec<u16>,
}

impl ScanBuffers {
    /// Reserves what the chunks of a text of `len` bytes need.
    fn prepare(&mut self, len: usize) -> Result<()> {
        let size = (len.min(CHUNK + AHEAD) / LANES + 1) * LANES;
        if self.lowered.len() < size + PADDING {
            self.tail = try_filled(size + AHEAD, b' ')?;
            self.lowered = try_filled(size + PADDING, b' ')?;
            self.edges = try_filled(size + 2 * GROUP, 0)?;
        }
        Ok(())
    }
}

/// Counts the words of `text`, which lies at `base` in the whole text.
pub struct Scan<'a> {
    pub work: &'a Work<'a>,
    pub text: &'a [u8],
    pub base: u64,
    /// Whether ASCII letters become lowercase.
    pub lower: bool,
    pub counts: &'a mut Counts,
    pub buffers: &'a mut ScanBuffers,
}

impl Kernel for Scan<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let Scan { work, text, base, lower, counts, buffers } = self;
        buffers.prepare(text.len())?;
        counts.short.reserve((text.len() / BYTES_PER_WORD).min(MAX_EXPECTED))?;
        let mut at = 0;
        let mut pacer = Pacer::new(work);
        while at < text.len() {
            let len = chunk(&text[at..], base + at as u64, lower, counts, buffers)?;
            at += len;
            pacer.spend(len)?;
        }
        Ok(())
    }
}

/// Counts the words of the first chunk of `text`; returns how many bytes are done with.
#[inline(always)]
fn chunk(
    text: &[u8],
    base: u64,
    lower: bool,
    counts: &mut Counts,
    buffers: &mut ScanBuffers,
) -> Result<usize> {
    let ScanBuffers { tail, lowered, edges } = buffers;
    let is_last = text.len() < CHUNK + AHEAD;
    let (bytes, blocks) = if is_last {
        // At least one space comes after the last word and ends it.
        let blocks = text.len() / LANES + 1;
        tail[..text.len()].copy_from_slice(text);
        tail[text.len()..blocks * LANES + AHEAD].fill(b' ');
        (&tail[..], blocks)
    } else {
        (text, CHUNK / LANES)
    };

    let case_bit = case_bit(lower);
    let mut count = 0;
    let mut was_space = 1;
    let mut beyond = 0;
    for block in 0..blocks {
        let at = block * LANES;
        let seen: &[u8; LANES + AHEAD] = bytes[at..].first_chunk().expect("bytes ahead of a block");
        let (now, lowered) = (
            seen.first_chunk().expect("a block and the bytes ahead"),
            lowered[at..].first_chunk_mut().expect("the buffer has whole blocks"),
        );
        lower_ascii(now, lowered, case_bit);
        let (mut spaces, is_wide) = ascii_spaces(now);
        // A character of white space may have begun in the block before.
        spaces |= (1u64 << beyond) - 1;
        beyond = 0;
        if is_wide {
            let (wide, more) = wide_spaces(seen);
            spaces |= wide;
            beyond = more;
        }
        write_edges(spaces ^ (spaces << 1 | was_space), at as u16, edges, &mut count);
        was_space = spaces >> (LANES - 1);
    }

    let is_open = count % 2 == 1;
    for pair in edges[..count].chunks_exact(2) {
        let (start, end) = (usize::from(pair[0]), usize::from(pair[1]));
        counts.push(lowered, start, end, base + start as u64)?;
    }
    Ok(match (is_last, is_open) {
        (true, _) => text.len(),
        (false, false) => CHUNK + beyond,
        // The next chunk begins with the word that is cut off here.
        (false, true) if edges[count - 1] > 0 => usize::from(edges[count - 1]),
        (false, true) => longer_than_a_chunk(text, base, lower, counts)?,
    })
}

/// Appends the offsets of the bits of `edges` to `list`.
#[inline(always)]
fn write_edges(mut edges: u64, base: u16, list: &mut [u16], count: &mut usize) {
    let found = edges.count_ones() as usize;
    let mut written = 0;
    // In groups, as a branch for each edge would often be mispredicted.
    while written < found {
        let group = &mut list[*count + written..][..GROUP];
        for offset in group {
            *offset = base.wrapping_add(edges.trailing_zeros() as u16);
            edges &= edges.wrapping_sub(1);
        }
        written += GROUP;
    }
    *count += found;
}

/// Counts the word at the start of `text`, which is longer than a chunk.
#[cold]
#[inline(never)]
fn longer_than_a_chunk(text: &[u8], base: u64, lower: bool, counts: &mut Counts) -> Result<usize> {
    let end = (CHUNK..text.len()).find(|&at| space_len(&text[at..]) > 0).unwrap_or(text.len());
    if lower {
        let mut word = try_copied(&text[..end])?;
        word.make_ascii_lowercase();
        counts.push_word(&word, base)?;
    } else {
        counts.push_word(&text[..end], base)?;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::kernels::words::result::Words;
    use crate::simd::{Level, run_at};

    /// One character at a time.
    fn naive(text: &[u8], lower: bool) -> Vec<(Vec<u8>, u64, u64)> {
        let mut found: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
        let (mut at, mut start) = (0, 0);
        while at <= text.len() {
            let space = if at == text.len() { 1 } else { space_len(&text[at..]) };
            if space > 0 && start < at {
                let word =
                    if lower { text[start..at].to_ascii_lowercase() } else { text[start..at].to_vec() };
                found.entry(word).or_insert((0, start as u64)).0 += 1;
            }
            at += space.max(1);
            if space > 0 {
                start = at;
            }
        }
        let mut words: Vec<_> =
            found.into_iter().map(|(word, (count, first))| (word, count, first)).collect();
        words.sort_by_key(|word| word.2);
        words
    }

    fn scanned(level: Level, text: &[u8], lower: bool) -> Vec<(Vec<u8>, u64, u64)> {
        let (mut counts, mut buffers) = (Counts::default(), ScanBuffers::default());
        let scan =
            Scan { work: &Work::serial(), text, base: 0, lower, counts: &mut counts, buffers: &mut buffers };
        run_at(level, scan).expect("there is memory");
        let words = Words::finish(counts).expect("there is memory");
        words.iter().map(|word| (word.bytes.to_vec(), word.count, word.first)).collect()
    }

    fn check(text: &[u8]) {
        for level in Level::available() {
            let shown = String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned();
            for lower in [true, false] {
                assert_eq!(scanned(level, text, lower), naive(text, lower), "{level:?} {shown:?}");
            }
        }
    }

    /// Numbers that look random (Knuth's MMIX).
    fn noise(state: &mut u64) -> usize {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) as usize
    }

    #[test]
    fn random_text_with_all_white_space_is_counted() {
        const PARTS: [&str; 24] = [
            "a", "B", "Z", "the", " ", " ", "  ", "\n", "\u{1c}", "\u{85}", "\u{a0}", "\u{2003}", "\u{2028}",
            "\u{205f}", "\u{3000}", "\u{1680}", "É", "ж", "日本", "\0", "\u{7f}", "[", "@", "fourteen",
        ];
        let mut state = 1;
        for len in [0, 1, 2, 3, 20, 40, 60, 70, 200, 2000, 4000] {
            for _ in 0..if len > 1000 { 3 } else { 20 } {
                let text: String = (0..len).map(|_| PARTS[noise(&mut state) % PARTS.len()]).collect();
                check(text.as_bytes());
            }
        }
    }

    #[test]
    fn words_of_every_length_are_counted_at_every_offset() {
        for len in (1..70).chain([4000, 4095, 4096, 4097, 4098, 5000, 9000]) {
            for before in [0, 1, 63, 64, 4095, 4096] {
                let mut text = vec![b' '; before];
                text.resize(before + len, b'X');
                check(&text);
                text.extend_from_slice("\u{3000}y xX".as_bytes());
                check(&text);
            }
        }
    }

    #[test]
    fn wide_white_space_may_lie_across_two_chunks() {
        for space in ["\u{85}", "\u{2009}", "\u{3000}"] {
            for before in 4085..4110 {
                let text = format!("{}{space}{}{space}b", "a ".repeat(before / 2), "a".repeat(before % 2));
                check(text.as_bytes());
            }
        }
    }
}
