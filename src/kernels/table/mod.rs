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
//! | `cell` | a field that was read |
//! | `column` | what is kept of a column |
//! | `numbers` | what is kept of numbers |
//! | `search` | their quantiles |
//! | `weighted` | the same of numbers whose rows have weights |
//! | `groups`, `keys` | the statistics of groups of rows, and what makes a group |
//! | `integers`, `large` | exact sums of integers, and integers that no float64 holds |
//! | `big` | sums beyond 128 bits |
//! | `distinct` | different values and the most frequent ones |

mod arrays;
mod big;
mod cell;
mod column;
mod date;
mod dialect;
mod distinct;
mod field;
mod groups;
mod integers;
mod json;
mod keys;
mod large;
mod numbers;
mod reader;
mod record;
mod search;
mod weighted;

pub use arrays::Arrays;
pub use column::{Column, FirstText, Kinds, Observe};
pub use dialect::Dialect;
pub use distinct::Shown;
pub use groups::{Groups, State};
pub use json::{JsonForm, JsonRows};
pub use numbers::Numbers;
pub use reader::{Header, Names, Query, Table};
pub use record::MOST_PARTS;
pub use search::{Found, Quantile, Quantiles};
