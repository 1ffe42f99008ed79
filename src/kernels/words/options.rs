//! What is asked of a count.

use super::space::space_len;
use super::unicode;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokenizer {
    /// A run of characters between white space, as in Python's `str.split`.
    Whitespace,
    /// By Unicode Standard Annex 29.
    Unicode,
}

/// What is counted, and how words are compared.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a word is.
    pub tokenizer: Tokenizer,
    /// Converts ASCII letters to lowercase.
    pub lowercase: bool,
    /// Text that is not UTF-8 is an error. If not set, the text must be UTF-8, but for lone surrogates.
    pub validate: bool,
    /// How many words in a row are counted as one. More than one takes a [`Stream`](super::Stream).
    pub ngrams: usize,
}

impl Tokenizer {
    /// Can a text be cut before `text[at]` (not at an end) without cutting a word?
    pub fn is_border(self, text: &[u8], at: usize) -> bool {
        match self {
            Tokenizer::Whitespace => space_len(&text[at..]) > 0,
            Tokenizer::Unicode => unicode::is_border(text, at),
        }
    }
}
