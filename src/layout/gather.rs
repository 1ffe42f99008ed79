//! Copies between elements with a stride and contiguous ones, by the size of an element.
//!
//! `unsafe`, as safe ways to walk a strided view check every index, which is most of the time where
//! a strided array is read.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::dtype::Bool;

/// Calls a function for a type of a size in bytes, of which every combination of bits is a value. Of 4 and 8
/// bytes these are floats: the compiler makes vectors of strided ones, and not of integers.
///
/// A macro, as a generic function cannot take a function that is generic over types.
macro_rules! by_size {
    ($size:expr, $U:ident => $body:expr) => {
        match $size {
            1 => {
                type $U = u8;
                $body
            }
            2 => {
                type $U = u16;
                $body
            }
            4 => {
                type $U = f32;
                $body
            }
            8 => {
                type $U = f64;
                $body
            }
            16 => {
                type $U = u128;
                $body
            }
            _ => unreachable!("no dtype has elements of this size"),
        }
    };
}

/// Copies `len` elements of `size` bytes with a stride to contiguous memory.
///
/// # Safety
/// `from` with every multiple of the stride below `len` is valid to read, and `into` with `len`
/// elements to write. The two do not overlap.
pub(super) unsafe fn gather(from: *const u8, stride: isize, size: usize, len: usize, into: *mut u8) {
    // SAFETY: what this function asks for is what `copy` asks for.
    by_size!(size, U => unsafe { copy::<U>(from.cast(), stride, into.cast(), 1, len) });
}

/// Copies `len` contiguous elements of `size` bytes to memory with a stride.
///
/// # Safety
/// As [`gather`], the other way round.
pub(super) unsafe fn scatter(from: *const u8, size: usize, len: usize, into: *mut u8, stride: isize) {
    // SAFETY: what this function asks for is what `copy` asks for.
    by_size!(size, U => unsafe { copy::<U>(from.cast(), 1, into.cast(), stride, len) });
}

/// Copies the elements of `size` bytes for which the mask is true; returns how many.
///
/// # Safety
/// `from` has as many elements as the mask, and `into` is valid to write for as many.
pub(super) unsafe fn compress(from: *const u8, mask: &[Bool], size: usize, into: *mut u8) -> usize {
    by_size!(size, U => {
        let (from, into) = (from.cast::<U>(), into.cast::<U>());
        let mut filled = 0;
        for (index, &counts) in mask.iter().enumerate() {
            // SAFETY: `filled <= index < mask.len()`. Written in any case, and overwritten by the
            // next if it does not count: no branch to mispredict.
            unsafe { into.add(filled).write_unaligned(from.add(index).read_unaligned()) };
            filled += usize::from(counts.get());
        }
        filled
    })
}

/// # Safety
/// As [`gather`] and [`scatter`]: each pointer with every multiple of its stride below `len` is valid.
#[inline(always)]
unsafe fn copy<U: Copy>(from: *const U, from_stride: isize, into: *mut U, into_stride: isize, len: usize) {
    // SAFETY: passed on; in each arm the strides are the same numbers.
    unsafe {
        // The compiler has vector instructions for a stride that it knows.
        let is_aligned = from.is_aligned() && into.is_aligned();
        match (from_stride, into_stride) {
            (1, 1) => {
                std::ptr::copy_nonoverlapping(from.cast::<u8>(), into.cast::<u8>(), len * size_of::<U>());
            }
            (2, 1) if is_aligned => fill(from, 2, std::slice::from_raw_parts_mut(into.cast(), len)),
            (3, 1) if is_aligned => fill(from, 3, std::slice::from_raw_parts_mut(into.cast(), len)),
            (_, 1) if is_aligned => fill(from, from_stride, std::slice::from_raw_parts_mut(into.cast(), len)),
            // An integer of the size of an element may be less aligned than its type says.
            (_, _) => each(from, from_stride, into, into_stride, len),
        }
    }
}

/// As [`each`], for a target that is contiguous and aligned: of a slice the compiler knows that nothing else
/// is written, and makes vectors.
///
/// # Safety
/// As [`copy`], and `from` is aligned.
#[inline(always)]
unsafe fn fill<U: Copy>(from: *const U, stride: isize, into: &mut [MaybeUninit<U>]) {
    for (index, element) in into.iter_mut().enumerate() {
        let from = from.wrapping_offset((index as isize).wrapping_mul(stride));
        // SAFETY: `index` is less than the number of elements, so this is the address of one.
        *element = MaybeUninit::new(unsafe { *from });
    }
}

/// # Safety
/// As [`copy`].
#[inline(always)]
unsafe fn each<U: Copy>(from: *const U, from_stride: isize, into: *mut U, into_stride: isize, len: usize) {
    for index in 0..len as isize {
        let (from, into) = (
            from.wrapping_offset(index.wrapping_mul(from_stride)),
            into.wrapping_offset(index.wrapping_mul(into_stride)),
        );
        // SAFETY: `index` is less than `len`, so both are addresses of elements; an integer of their
        // size may be less aligned than its type says, hence `unaligned`.
        unsafe { into.write_unaligned(from.read_unaligned()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<U: Copy + PartialEq + std::fmt::Debug + Default>(data: [U; 60]) {
        for stride in [-7isize, -2, -1, 1, 2, 3, 5] {
            let expected: Vec<U> = match stride {
                0.. => data.iter().copied().step_by(stride as usize).collect(),
                _ => data.iter().rev().copied().step_by(stride.unsigned_abs()).collect(),
            };
            let first = if stride > 0 { 0 } else { 59 };
            let (len, size) = (expected.len(), size_of::<U>());
            let (mut copied, mut back) = (vec![U::default(); len], [U::default(); 60]);
            // SAFETY: `expected` was taken from the same elements.
            unsafe {
                gather(data.as_ptr().add(first).cast(), stride, size, len, copied.as_mut_ptr().cast());
                scatter(copied.as_ptr().cast(), size, len, back.as_mut_ptr().add(first).cast(), stride);
            }
            assert_eq!(copied, expected);
            let at = |i: usize| if stride > 0 { i } else { 59 - i };
            for i in 0..60 {
                let kept = i % stride.unsigned_abs() == 0;
                assert_eq!(back[at(i)], if kept { data[at(i)] } else { U::default() });
            }
        }
        let mask: Vec<Bool> = (0..60).map(|i| Bool(if i % 3 == 1 { 2 } else { 0 })).collect();
        let mut kept = [U::default(); 60];
        // SAFETY: 60 elements each.
        let count =
            unsafe { compress(data.as_ptr().cast(), &mask, size_of::<U>(), kept.as_mut_ptr().cast()) };
        assert_eq!(kept[..count], data.iter().copied().skip(1).step_by(3).collect::<Vec<_>>());
    }

    #[test]
    fn any_stride_is_copied_for_any_size() {
        check::<u8>(std::array::from_fn(|i| i as u8 + 1));
        check::<i16>(std::array::from_fn(|i| i as i16 - 300));
        check::<f32>(std::array::from_fn(|i| i as f32 + 0.5));
        check::<u64>(std::array::from_fn(|i| (i as u64 + 1) << 40));
        check::<[f64; 2]>(std::array::from_fn(|i| [i as f64 + 0.5, -1.0]));
    }
}
