//! What is about an object or array, as messages have it.

use pyo3::prelude::*;

/// The name of an object's type, for a message.
pub fn kind_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}
