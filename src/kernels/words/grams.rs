//! Words in a row: how often each n-gram occurs, which is `n` words of one text, whatever stands between them.
//!
//! A window slides over the words of a part of the text; what is in it, joined by single spaces, is counted as a word
//! is. (No word has a space, so different n-grams are different when they are joined, and no rule of Unicode's lowercase
//! looks across a space.) Threads take parts, each with a window of its own, and give back their [`Edges`]: the
//! first words, which may be the end of an n-gram that begins in an earlier part, and the window as it is at the end.
//! Those are put together one after the other, so that the result does not depend on the cuts.

use std::collections::VecDeque;

use super::options::{Options, Tokenizer};
use super::space::space_len;
use super::unicode;
use crate::alloc::{try_copied, try_reserve};
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// What looking for white space costs, beside reading a byte.
const OPERATIONS_PER_BYTE: usize = 2;

/// Bytes of words that have left a window before they are dropped.
const DROPPED: usize = 1 << 12;

/// Calls what is called with each n-gram and where it begins.
type Found<'a> = &'a mut dyn FnMut(&[u8], u64) -> Result<()>;

/// The last words of a text, as many as an n-gram has at most.
#[derive(Debug, Clone)]
pub struct Window {
    size: usize,
    lower: bool,
    /// The words, a space between each two.
    joined: Vec<u8>,
    /// Where each begins: in `joined`, and in the text.
    starts: VecDeque<(usize, u64)>,
}

impl Window {
    /// A window of which no word has been seen.
    pub fn new(options: Options) -> Self {
        Window { size: options.ngrams, lower: options.lowercase, joined: Vec::new(), starts: VecDeque::new() }
    }

    /// Takes in the next word, which begins at `first` in the text, and counts the n-gram that it ends, if it ends one.
    pub fn push(&mut self, word: &[u8], first: u64, found: Found<'_>) -> Result<()> {
        if self.starts.len() == self.size {
            self.starts.pop_front();
        }
        let kept = self.starts.front().map_or(self.joined.len(), |&(start, _)| start);
        if kept > DROPPED && kept > self.joined.len() / 2 {
            self.joined.drain(..kept);
            self.starts.iter_mut().for_each(|(start, _)| *start -= kept);
        }
        try_reserve(&mut self.joined, word.len() + 1)?;
        self.joined.push(b' ');
        let start = self.joined.len();
        self.joined.extend_from_slice(word);
        if self.lower {
            self.joined[start..].make_ascii_lowercase();
        }
        self.starts.push_back((start, first));
        match self.starts.front() {
            Some(&(start, first)) if self.starts.len() == self.size => found(&self.joined[start..], first),
            _ => Ok(()),
        }
    }

    /// What comes next is another text.
    pub fn clear(&mut self) {
        self.joined.clear();
        self.starts.clear();
    }
}

/// What a part leaves to be put together with those before and after it.
#[derive(Debug)]
pub struct Edges {
    /// The first words of it, of the text that it begins with: as many as an n-gram has beside the last one.
    head: Vec<(Vec<u8>, u64)>,
    /// Whether no n-gram can go on from before the part to behind it: it has as many words, or a text ends in it.
    is_cut: bool,
    window: Window,
}

impl Edges {
    /// Counts the n-grams that begin before the part and end in it; `window` is then that of all until here.
    pub fn join(self, window: &mut Window, found: Found<'_>) -> Result<()> {
        self.head.iter().try_for_each(|(word, first)| window.push(word, *first, found))?;
        if self.is_cut {
            *window = self.window;
        }
        Ok(())
    }
}

/// Counts the n-grams of `text`, which lies at `base` in the whole text. `ends` are, in order, where texts end in it:
/// no n-gram goes on there.
pub fn scan(
    work: &Work<'_>,
    options: Options,
    text: &[u8],
    base: u64,
    ends: &[u64],
    found: Found<'_>,
) -> Result<Edges> {
    let mut window = Window::new(options);
    let (mut head, mut is_cut) = (Vec::new(), false);
    let mut ends = ends.iter().peekable();
    each_word(work, options.tokenizer, text, base, |word, first| {
        while ends.next_if(|&&end| end <= first).is_some() {
            window.clear();
            is_cut = true;
        }
        if !is_cut {
            try_reserve(&mut head, 1)?;
            head.push((try_copied(word)?, first));
            is_cut = head.len() + 1 >= options.ngrams;
        }
        window.push(word, first, found)
    })?;
    if ends.next().is_some() {
        window.clear();
        is_cut = true;
    }
    Ok(Edges { head, is_cut, window })
}

fn each_word(
    work: &Work<'_>,
    tokenizer: Tokenizer,
    text: &[u8],
    base: u64,
    mut each: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    if tokenizer == Tokenizer::Unicode {
        return unicode::each_word(work, text, base, each);
    }
    let mut pacer = Pacer::new(work);
    let (mut at, mut start) = (0, 0);
    while at <= text.len() {
        let space = if at == text.len() { 1 } else { space_len(&text[at..]) };
        if space == 0 {
            at += 1;
            continue;
        }
        if start < at {
            pacer.spend(OPERATIONS_PER_BYTE * (at - start))?;
            each(&text[start..at], base + start as u64)?;
        }
        at += space;
        start = at;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::stream::Stream;
    use super::*;

    /// The n-grams of texts, by the definition; in the order of their first appearance.
    fn naive(texts: &[&str], n: usize, tokenizer: Tokenizer) -> Vec<(String, u64)> {
        let mut order = Vec::new();
        let mut counts = HashMap::new();
        for text in texts {
            let text = text.to_lowercase();
            let words: Vec<&str> = match tokenizer {
                Tokenizer::Whitespace => text.split_whitespace().collect(),
                Tokenizer::Unicode => {
                    unicode_segmentation::UnicodeSegmentation::unicode_words(text.as_str()).collect()
                }
            };
            for gram in words.windows(n) {
                let count = counts.entry(gram.join(" ")).or_insert(0);
                *count += 1;
                if *count == 1 {
                    order.push(gram.join(" "));
                }
            }
        }
        order.into_iter().map(|gram| (gram.clone(), counts[&gram])).collect()
    }

    fn counted(
        texts: &[&str],
        n: usize,
        tokenizer: Tokenizer,
        piece: usize,
        threads: usize,
    ) -> Result<Vec<(String, u64)>> {
        let work = Work::with_threads(threads);
        let mut stream = Stream::new(Options { tokenizer, lowercase: true, validate: true, ngrams: n });
        for text in texts {
            text.as_bytes().chunks(piece).try_for_each(|piece| stream.feed(piece, &[], &work))?;
            stream.feed(b"\n", &[0], &work)?;
        }
        let words = stream.finish(&work)?;
        Ok(words
            .iter()
            .map(|gram| (String::from_utf8_lossy(gram.bytes).to_lowercase(), gram.count))
            .collect())
    }

    #[test]
    fn n_grams_of_any_pieces_are_those_of_the_texts() -> Result<()> {
        let long = "Ab ".repeat(150) + &"x".repeat(300) + "  É-é y'z Ab ab\u{3000}c";
        let texts = ["", "one", "One two", "a b a B a b", "  ", &long, "b a", "c d e f g"];
        for tokenizer in [Tokenizer::Whitespace, Tokenizer::Unicode] {
            for n in [2, 3, 5, 200] {
                let expected = naive(&texts, n, tokenizer);
                for piece in [1, 7, 100, 10_000] {
                    for threads in [1, 3] {
                        let found = counted(&texts, n, tokenizer, piece, threads)?;
                        assert_eq!(found, expected, "{n} {piece} {threads}");
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_has_left_the_window_takes_no_memory() -> Result<()> {
        let options =
            Options { tokenizer: Tokenizer::Whitespace, lowercase: true, validate: true, ngrams: 2 };
        let mut window = Window::new(options);
        for at in 0..100_000 {
            window.push(b"word", at, &mut |_, _| Ok(()))?;
        }
        assert!(window.joined.len() < 3 * DROPPED);
        Ok(())
    }
}
