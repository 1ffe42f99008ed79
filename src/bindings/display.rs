//! What is about an object or array, as messages have it.

use std::fmt::{self, Display};

use pyo3::prelude::*;

/// The name of an object's type, for a message.
pub fn kind_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}

/// A shape as Python writes it.
pub struct Shape<'a>(pub &'a [usize]);

impl Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [len] => write!(f, "({len},)"),
            shape => {
                let lengths: Vec<_> = shape.iter().map(usize::to_string).collect();
                write!(f, "({})", lengths.join(", "))
            }
        }
    }
}
