//! What can go wrong in a kernel, as data. It knows nothing of Python and has no text but that of `Debug`: the
//! bindings know which function was called and with what, and put both into words.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::dtype::DType;

/// An error of a kernel. `bindings::error` makes one Python exception of each variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Two operands whose shapes do not fit together.
    Shapes {
        /// The shapes of the left and of the right operand.
        got: [Vec<usize>; 2],
        /// The rule that they break.
        rule: ShapeRule,
    },
    /// A block of columns that is not one of a table.
    Block {
        /// The shape of the block.
        shape: Vec<usize>,
        /// The index in the table of its first column.
        first: usize,
        /// The number of columns of the table.
        columns: usize,
    },
    /// A result that its type cannot hold.
    Overflow {
        /// The type.
        dtype: DType,
    },
    /// More elements than can be counted.
    Count,
    /// A byte that is not UTF-8.
    Utf8 {
        /// The byte.
        byte: u8,
        /// Its offset in the text.
        offset: u64,
        /// The file of the text, if it is that of a file.
        path: Option<PathBuf>,
    },
    /// No word ends for so long that it is no text.
    Word {
        /// Where the word begins in the text.
        offset: u64,
        /// Bytes in which a word has to end.
        limit: usize,
    },
    /// A text that can be no delimiter.
    Delimiter {
        /// The text.
        got: String,
    },
    /// Delimited text that cannot be read.
    Csv {
        /// The line, from 1.
        line: u64,
        /// The field in the record, from 1, if it is known.
        column: Option<usize>,
        /// What is wrong there.
        reason: Malformed,
    },
    /// A table without a record.
    Empty,
    /// A column that is not in a table.
    UnknownColumn {
        /// The index that was asked for.
        index: usize,
        /// The number of columns of the table.
        columns: usize,
    },
    /// A text of a table that has other columns than the first one.
    Columns {
        /// Of the columns of this text one that the first has not.
        more: Option<String>,
        /// Of the columns of the first text one that this has not.
        fewer: Option<String>,
    },
    /// More groups than there is room for.
    Groups {
        /// How many there may be.
        limit: usize,
        /// Of so many columns.
        columns: usize,
    },
    /// A NaN among the elements of an array that is to have none.
    Nan,
    /// Weights that nothing can be made of.
    Weights(WeightRule),
    /// Data that was to be read again has another number of elements.
    Changed {
        /// The number in this pass.
        got: u64,
        /// The number in the first one.
        expected: u64,
    },
    /// Memory was refused.
    Memory {
        /// How much was asked for; `usize::MAX` for more than can be counted.
        bytes: usize,
    },
    /// The system refused something about a file.
    File {
        /// The system's number of the error, if it has one.
        code: Option<i32>,
        /// What kind of error it is.
        kind: io::ErrorKind,
        /// What the system says.
        text: String,
        /// The file.
        path: PathBuf,
    },
    /// The statistics have been given away.
    Taken,
    /// The process was forked during the work, and the threads that shared it are gone.
    Forked,
    /// The state is in use by another thread.
    Busy,
    /// The caller asked to stop.
    Interrupted,
}

/// What shapes have to obey in a matrix product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeRule {
    /// Each operand has an axis.
    Axes,
    /// The left operand has as many columns as the right one has rows.
    Inner,
    /// The axes before the last two broadcast.
    Batch,
}

/// What weights have to obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightRule {
    /// None is negative.
    Negative,
    /// All are finite.
    Finite,
    /// Their sum is finite.
    Large,
    /// Those of a line have a sum that is finite and not zero.
    Sum,
}

/// What is wrong with delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A quoted field does not end.
    OpenQuote,
    /// A carriage return stands where a line ends.
    CarriageReturn,
    /// A byte that no text has.
    Nul,
    /// A byte-order mark of UTF-16.
    Utf16,
    /// Names that are not UTF-8.
    Utf8,
    /// What should be an object of JSON is none.
    Json {
        /// In words.
        reason: &'static str,
    },
    /// The weight of a record is no number, or a negative one.
    Weight,
    /// A record is longer than is allowed.
    Long {
        /// The length allowed, in bytes.
        limit: usize,
    },
    /// A record has another number of fields than the first one.
    Fields {
        /// The number that it has.
        got: usize,
        /// The number of the first record.
        expected: usize,
    },
}

/// The result of a kernel.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// What went wrong with the file `path`.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let code = error.raw_os_error();
        let mut text = error.to_string();
        if let Some(code) = code {
            text = text.replace(&format!(" (os error {code})"), "");
        }
        Error::File { code, kind: error.kind(), text, path: path.to_owned() }
    }
}
