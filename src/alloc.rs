//! Sizes that are checked and memory that may be refused: scratch space comes from here only.
//!
//! `unsafe`, to ask the system for large pages: see [`try_reserve`].
#![allow(unsafe_code)]

use crate::error::{Error, Result};

/// The product of `sizes`, or an error where it does not fit.
pub fn checked_size(sizes: &[usize]) -> Result<usize> {
    let mut product = Some(1usize);
    for &size in sizes {
        // A zero anywhere makes the product zero, however large the others are.
        if size == 0 {
            return Ok(0);
        }
        product = product.and_then(|product| product.checked_mul(size));
    }
    match product {
        Some(product) => Ok(product),
        None => Err(Error::Memory { bytes: usize::MAX }),
    }
}

/// An empty vector with room for `len` elements.
pub fn try_vec<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    try_reserve(&mut vec, len)?;
    Ok(vec)
}

/// A vector of `len` times `value`.
pub fn try_filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}

/// A copy of `slice`.
pub fn try_copied<T: Copy>(slice: &[T]) -> Result<Vec<T>> {
    let mut vec = try_vec(slice.len())?;
    vec.extend_from_slice(slice);
    Ok(vec)
}

/// Whether some kilobytes are to be had: to be asked before what ends the process without them, such
/// as handing a task to another thread.
pub fn has_room() -> bool {
    ask_for::<u8>(16 << 10).is_ok()
}

/// An error if there is no memory for `len` elements: to be asked before the code of others takes it,
/// which ends the process where it is refused.
pub fn ask_for<T>(len: usize) -> Result<()> {
    // Otherwise the compiler leaves out memory that is not used.
    std::hint::black_box(try_vec::<T>(len)?.as_ptr());
    Ok(())
}

/// Room in `vec` for `additional` more elements.
///
/// Room of many megabytes is asked for in large pages, as NumPy's is: in pages of 4 KiB the first
/// write to each costs several times what writing does.
#[inline]
pub fn try_reserve<T>(vec: &mut Vec<T>, additional: usize) -> Result<()> {
    if vec.capacity() - vec.len() >= additional {
        return Ok(());
    }
    vec.try_reserve(additional)
        .map_err(|_| Error::Memory { bytes: additional.saturating_mul(size_of::<T>()) })?;
    advise_large_pages(vec.as_ptr().cast(), vec.capacity().saturating_mul(size_of::<T>()));
    Ok(())
}

/// Bytes from which large pages are asked for: NumPy's limit.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

#[cfg(target_os = "linux")]
fn advise_large_pages(start: *const u8, bytes: usize) {
    const PAGE: usize = 4096;
    if bytes < LARGE {
        return;
    }
    // Whole pages, also at the ends: of memory that is advised in part, the system makes two mappings, which it cannot
    // move as one when the vector grows, so all would be copied.
    let before = start.addr() % PAGE;
    let len = (before + bytes).next_multiple_of(PAGE);
    // SAFETY: the advice changes how the system maps memory, never what is in it, whoever it belongs to. A refusal is
    // of no consequence.
    unsafe { libc::madvise(start.wrapping_sub(before).cast_mut().cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages(_start: *const u8, _bytes: usize) {}

/// Bytes from which memory comes in large pages; `None` where the system has none to give.
#[cfg(target_os = "linux")]
pub fn large_pages_from() -> Option<usize> {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok()?;
    (!setting.contains("[never]")).then_some(LARGE)
}

/// Bytes from which memory comes in large pages; `None` where the system has none to give.
#[cfg(not(target_os = "linux"))]
pub fn large_pages_from() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_multiply_with_a_check() {
        assert_eq!(checked_size(&[2, 3, 4]), Ok(24));
        assert_eq!(checked_size(&[]), Ok(1));
        assert_eq!(checked_size(&[usize::MAX, 2, 0]), Ok(0));
        assert!(matches!(checked_size(&[usize::MAX, 2]), Err(Error::Memory { .. })));
    }

    #[test]
    fn a_refusal_is_an_error() {
        let len = usize::MAX / 8;
        assert_eq!(try_vec::<u64>(len).err(), Some(Error::Memory { bytes: len * 8 }));
        assert_eq!(try_filled(3, 7u8), Ok(vec![7, 7, 7]));
        assert_eq!(try_copied(&[1, 2]), Ok(vec![1, 2]));
    }
}
