//! How often each word occurs in a text.
//!
//! The text is UTF-8. By default a word is what Python's `str.split()` gives: a run of bytes
//! between white space, which is a fixed set of 29 code points. The text goes through the first-level
//! cache 4 KB at a time: its ASCII letters become lowercase and its white space becomes a mask, 64
//! bytes at a time; the edges in the mask delimit the words; a word of up to 31 bytes becomes a key of
//! two or four machine words, which is looked up in a hash table, in batches with a prefetch. Longer
//! words are kept in an arena.
//!
//! Beyond ASCII nothing becomes lowercase here. That would need the tables of the Unicode version
//! that the caller uses, and costs less for the distinct words at the end: no rule of Unicode's
//! lowercase looks across white space.
//!
//! Threads take blocks of the text from a queue, each with a table of its own. Counts add up and
//! the first offset of a word is the least one, so the result does not depend on the cuts.
//!
//! | file | what it holds |
//! |---|---|
//! | `text` | [`count`]: a text in memory, in blocks for the threads |
//! | `file` | [`count_file`]: a file of any size in bounded memory |
//! | `stream` | [`Stream`]: a text that arrives in pieces, in bounded memory |
//! | `grams` | words in a row, of a text that arrives in pieces |
//! | `short_text` | [`ShortText`]: a text of a line, without a table |
//! | `options` | what is asked of a count |
//! | `counter` | what a thread counts with |
//! | `scan`, `unicode` | from text to words: between white space, by Unicode's rules |
//! | `space` | white space and lowercase, one character or 64 bytes at a time |
//! | `count` | the counts of words of every length |
//! | `key_table`, `arena_table` | the tables of short and of long words |
//! | `result` | [`Words`]: the distinct words in order |

mod arena_table;
mod count;
mod counter;
mod file;
mod grams;
mod key_table;
mod options;
mod result;
mod scan;
mod short_text;
mod space;
mod stream;
mod text;
mod unicode;

pub use arena_table::{ArenaEntry, ArenaTable};
pub use file::{Progress, count_file};
pub use options::{Options, Tokenizer};
pub use result::{Word, Words};
pub use short_text::ShortText;
pub use stream::{Stream, count_grams};
pub use text::count;
