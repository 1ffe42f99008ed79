//! Statistics of every column of a table, in one pass: of delimited text (CSV), and of arrays that
//! arrive in blocks.
//!
//! | file | what it holds |
//! |---|---|
//! | `reader` | [`Table`]: text that arrives in blocks, read by all threads |
//! | `record` | records and their fields |
//! | `field` | from the bytes of a field to a number |
//! | `arrays` | [`Arrays`]: columns that arrive as numbers |
//! | `column` | what is kept of a column |

mod arrays;
mod column;
mod field;
mod reader;
mod record;

pub use arrays::Arrays;
pub use column::{Column, FirstText};
pub use reader::{Header, Table};
