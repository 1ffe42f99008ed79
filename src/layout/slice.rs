//! A slice whose element type is known at run time, and slices of types of one size.
//!
//! `unsafe`, for a type that is known by its dtype: what walks arrays is compiled once, and not for
//! each of 14 types.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::dtype::{DType, Element};

/// A slice of elements of some dtype.
#[derive(Debug, Clone, Copy)]
pub struct AnySlice<'a> {
    first: *const u8,
    len: usize,
    dtype: DType,
    elements: PhantomData<&'a [u8]>,
}

// SAFETY: it stands for a `&[T]` with `T: Element`, and every element type is `Sync`.
unsafe impl Send for AnySlice<'_> {}
// SAFETY: as above.
unsafe impl Sync for AnySlice<'_> {}

impl<'a, T: Element> From<&'a [T]> for AnySlice<'a> {
    #[inline]
    fn from(slice: &'a [T]) -> Self {
        let first = slice.as_ptr().cast();
        AnySlice { first, len: slice.len(), dtype: T::DTYPE, elements: PhantomData }
    }
}

impl<'a> AnySlice<'a> {
    /// No elements.
    pub const EMPTY: Self =
        AnySlice { first: std::ptr::dangling(), len: 0, dtype: DType::U8, elements: PhantomData };

    /// # Safety
    /// `first` is aligned, and valid to read for `len` elements of `dtype` for as long as `'a`, in
    /// which nobody writes to them.
    pub(super) unsafe fn from_raw(first: *const u8, len: usize, dtype: DType) -> Self {
        AnySlice { first, len, dtype, elements: PhantomData }
    }

    pub(super) fn as_ptr(self) -> *const u8 {
        self.first
    }

    /// The type of the elements.
    pub fn dtype(self) -> DType {
        self.dtype
    }

    /// How many elements.
    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The slice.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[inline(always)]
    pub fn typed<T: Element>(self) -> &'a [T] {
        assert!(self.dtype == T::DTYPE);
        // SAFETY: made from a slice of this type, or with `from_raw` of this dtype; each dtype has
        // one type, that of the table.
        unsafe { std::slice::from_raw_parts(self.first.cast(), self.len) }
    }

    /// Some of them.
    ///
    /// # Panics
    /// If there are not as many.
    #[inline]
    pub fn part(self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        AnySlice { first: self.first.wrapping_add(start * self.dtype.size()), len, ..self }
    }

    /// The same in slices of `len` elements; the last may be shorter.
    pub fn chunks(self, len: usize) -> impl Iterator<Item = AnySlice<'a>> {
        (0..self.len).step_by(len).map(move |start| AnySlice {
            first: self.first.wrapping_add(start * self.dtype.size()),
            len: len.min(self.len - start),
            ..self
        })
    }
}

/// The elements as those of another type of the same size, bit by bit: signed integers as unsigned
/// ones, for which the same instructions do.
///
/// # Panics
/// If the sizes or alignments of the types differ.
#[inline(always)]
pub fn reinterpret<T: Element, U: Element>(slice: &[T]) -> &[U] {
    assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>());
    // SAFETY: of the same size and alignment, by the line above, and every bit pattern is a value of
    // every element type (`dtype`).
    unsafe { std::slice::from_raw_parts(slice.as_ptr().cast(), slice.len()) }
}

/// As [`reinterpret`].
///
/// # Panics
/// If the sizes or alignments of the types differ.
#[inline(always)]
pub fn reinterpret_mut<T: Element, U: Element>(slice: &mut [T]) -> &mut [U] {
    assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>());
    // SAFETY: as in `reinterpret`; the slice is borrowed for as long as the result.
    unsafe { std::slice::from_raw_parts_mut(slice.as_mut_ptr().cast(), slice.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_comes_back_as_its_own_type() {
        let data = [1.5, 2.5, 3.5];
        let any = AnySlice::from(&data[..]);
        assert_eq!(any.typed::<f64>(), data);
        let chunks: Vec<&[f64]> = any.chunks(2).map(AnySlice::typed).collect();
        assert_eq!(chunks, [&data[..2], &data[2..]]);
        assert_eq!(any.part(1, 2).typed::<f64>(), &data[1..]);
        assert!(std::panic::catch_unwind(|| any.part(2, 2)).is_err());
        assert!(std::panic::catch_unwind(|| any.typed::<i64>()).is_err());
    }

    #[test]
    fn bits_stay_as_they_are() {
        let mut data = [-1i16, 5];
        assert_eq!(reinterpret::<i16, u16>(&data), [u16::MAX, 5]);
        reinterpret_mut::<i16, u16>(&mut data)[1] = 0x8000;
        assert_eq!(data, [-1, i16::MIN]);
        assert!(std::panic::catch_unwind(|| reinterpret::<i16, u32>(&[0])).is_err());
    }
}
