//! Copies elements that are a step apart into a slice.
//!
//! `unsafe`, as safe ways to walk a strided view check every index, which
//! is most of the time where an array with a step is read.
#![allow(unsafe_code)]

use ndarray::{ArrayView1, Axis};

/// Copies the elements of a view, as many as the slice has.
pub fn gather<T: Copy>(from: &ArrayView1<'_, T>, into: &mut [T]) {
    assert_eq!(from.len(), into.len());
    match from.stride_of(Axis(0)) {
        // The compiler has vector instructions for these.
        2 => copy(from, into, 2),
        3 => copy(from, into, 3),
        step => copy(from, into, step),
    }
}

#[inline(always)]
fn copy<T: Copy>(from: &ArrayView1<'_, T>, into: &mut [T], step: isize) {
    let start = from.as_ptr();
    for (index, element) in into.iter_mut().enumerate() {
        // SAFETY: `step` is the distance of neighbours of the view and `index` is less than its
        // length, so this is the address of one of its elements.
        *element = unsafe { *start.wrapping_offset((index as isize).wrapping_mul(step)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_step_is_copied() {
        let data: Vec<i32> = (0..60).collect();
        for step in [-7, -2, -1, 1, 2, 3, 5] {
            let view = ArrayView1::from(&data).slice_move(ndarray::s![..;step]);
            let mut copied = vec![0; view.len()];
            gather(&view, &mut copied);
            assert_eq!(copied, view.to_vec());
        }
    }
}
