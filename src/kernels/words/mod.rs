//! How often each word occurs in a text.
//!
//! The text is UTF-8. By default a word is what Python's `str.split()` gives: a run of bytes
//! between white space, which is a fixed set of 29 code points ([`space`]). The text goes through
//! the first-level cache in pieces of 4 KB ([`scan`]): the ASCII letters of a piece are made small
//! and its white space becomes a mask, 64 bytes at a time; the edges in the mask are the words; a
//! word of up to 31 bytes becomes a key of two or four machine words, to be looked up in a table
//! that is indexed by the high bits of a keyed hash ([`key_table`]); words are looked up in batches,
//! with their places fetched into the cache ahead. Longer words are kept in an arena ([`arena_table`]).
//!
//! What is beyond ASCII is not made small here. That would need the tables of the Unicode version
//! that the caller uses, and is cheaper done to the distinct words at the end: no rule of
//! Unicode's lower case looks across white space.
//!
//! Threads take blocks of the text from a queue and count into a table each. Counts add up and
//! the first position of a word is the least one, so the result is the same however it was cut.

mod arena_table;
mod count;
mod counter;
mod file;
mod key_table;
mod result;
mod scan;
mod short_text;
mod space;
mod text;
mod unicode;

pub use counter::{Options, Tokenizer};
pub use file::{Progress, count_file};
pub use result::{Word, Words};
pub use short_text::ShortText;
pub use text::count;
