//! Statistics of every column of a table, in one pass: of delimited text (CSV), and of arrays that
//! arrive in blocks.
//!
//! | file | what it holds |
//! |---|---|
//! | `reader` | [`Table`]: text that arrives in blocks, read by all threads |
//! | `dialect` | [`Dialect`]: how a text is written |
//! | `record` | records and their fields |
//! | `field` | from the bytes of a field to what it says |
//! | `date` | dates and timestamps |
//! | `json` | [`JsonRows`]: objects of JSON as records of text |
//! | `arrays` | [`Arrays`]: columns that arrive as numbers |
//! | `column` | what is kept of a column |
//! | `integers` | exact sums of integers |
//! | `distinct` | different values and the most frequent ones |

mod arrays;
mod column;
mod date;
mod dialect;
mod distinct;
mod field;
mod integers;
mod json;
mod reader;
mod record;

pub use arrays::Arrays;
pub use column::{Column, FirstText, Kinds, Observe};
pub use dialect::Dialect;
pub use distinct::Shown;
pub use json::{JsonForm, JsonRows};
pub use reader::{Header, Names, Query, Table};
