//! Memory that may be refused: scratch space comes from here only.

use crate::error::{Error, Result};

/// An empty vector with room for `len` elements.
pub fn try_vec<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::Memory { bytes: len.saturating_mul(size_of::<T>()) })?;
    Ok(vec)
}

/// A vector of `len` times `value`.
pub fn try_filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}
