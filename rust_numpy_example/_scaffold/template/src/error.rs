//! What can go wrong in a kernel, as data. The bindings put it into words.

/// An error of a kernel. `bindings::error` makes one Python exception of each variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A NaN among the elements of an array that is to have none.
    Nan,
    /// Memory was refused.
    Memory {
        /// How much was asked for.
        bytes: usize,
    },
    /// The caller asked to stop.
    Interrupted,
}

/// The result of a kernel.
pub type Result<T> = std::result::Result<T, Error>;
