//! Memory that may be refused: scratch space comes from here only.

use crate::error::{Error, Result};

/// An empty vector with room for `len` elements.
pub fn try_vec<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::Memory { bytes: len.saturating_mul(size_of::<T>()) })?;
    Ok(vec)
}

/// Appends to a vector, for results whose length is not known before.
#[inline]
pub fn try_push<T>(vec: &mut Vec<T>, value: T) -> Result<()> {
    if vec.len() == vec.capacity() {
        // Twice the room, so that a long vector is not copied often.
        let more = vec.len().max(64);
        vec.try_reserve(more).map_err(|_| Error::Memory { bytes: more.saturating_mul(size_of::<T>()) })?;
    }
    vec.push(value);
    Ok(())
}

/// A vector of `len` times `value`.
pub fn try_filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}
