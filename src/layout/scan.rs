//! Functions along an axis whose output is as long as their input: a line in, a line out.
//!
//! `unsafe`, as in `zip`.
#![allow(unsafe_code)]

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::gather::{gather, scatter};
use super::order::{Order, Parts};
use super::slice::AnySlice;
use crate::alloc::try_filled;
use crate::dtype::Element;
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// Elements of a part, the unit of work of a thread; a line is never cut.
const PART: usize = 1 << 16;

/// Calls `function` with each line along an axis and the same line of the output, of the same shape.
///
/// # Panics
/// If the shapes differ, or there is no such axis.
pub fn scan<T: Element, O: Element>(
    view: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, O>,
    axis: usize,
    work: &Work<'_>,
    function: impl Fn(&[T], &mut [O]) + Sync,
) -> Result<()> {
    assert!(view.shape() == out.shape() && axis < view.ndim());
    let mut order = Order::new(out.shape(), out.strides());
    order.add(1, view.shape(), view.strides());
    if order.len() == 0 {
        return Ok(());
    }
    let inner = order.axes.remove(axis);
    order.sort();
    let lines = Parts::new(&order, (PART / inner.len).max(1));
    let arrays = Arrays { first: view.as_ptr(), out: out.as_mut_ptr() };
    work.for_each(lines.count(), |index| {
        let Arrays { first, out } = &arrays;
        let mut part = order.part(&lines, index);
        part.axes.push(inner);
        let mut pacer = Pacer::new(work);
        let (offsets, inner) = part.lines();
        let (from_stride, into_stride) = (inner.strides[1], inner.strides[0]);
        let is_slice = |stride: isize| stride == 1 || inner.len == 1;
        let buffer = |stride: isize, size: usize| {
            let len = if is_slice(stride) { 0 } else { (inner.len * size).div_ceil(size_of::<u128>()) };
            try_filled(len, 0u128)
        };
        let (mut source, mut target) =
            (buffer(from_stride, size_of::<T>())?, buffer(into_stride, size_of::<O>())?);
        for offsets in offsets {
            let (mut from, line) = (first.wrapping_offset(offsets[1]), out.wrapping_offset(offsets[0]));
            // SAFETY: the offsets and strides are those of elements of the views, which are borrowed for
            // as long as this call. A mutable view has each element once, and each index of a part comes
            // once, so no other thread has this line of the output. The buffers hold a line, are
            // aligned for every element, and every bit pattern is a value of every element type.
            unsafe {
                if !is_slice(from_stride) {
                    let copy = source.as_mut_ptr();
                    gather(from.cast(), from_stride, size_of::<T>(), inner.len, copy.cast());
                    from = copy.cast_const().cast();
                }
                let from = AnySlice::from_raw(from.cast(), inner.len, T::DTYPE).typed();
                let into = if is_slice(into_stride) { line } else { target.as_mut_ptr().cast() };
                function(from, std::slice::from_raw_parts_mut(into, inner.len));
                if !is_slice(into_stride) {
                    scatter(into.cast_const().cast(), size_of::<O>(), inner.len, line.cast(), into_stride);
                }
            }
            pacer.spend(inner.len)?;
        }
        Ok(())
    })
}

/// The first elements of the input and of the output.
struct Arrays<T, O> {
    first: *const T,
    out: *mut O,
}

// SAFETY: elements are read by all threads, and written by one; they are `Sync` and `Send`.
unsafe impl<T: Element, O: Element> Sync for Arrays<T, O> {}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Axis, IxDyn, Slice, s};

    use super::*;

    #[test]
    fn every_line_comes_in_its_own_order() {
        let cube = Array::from_shape_fn(IxDyn(&[4, 30, 9]), |i| (i[0] * 7919 + i[1] * 31 + i[2]) as i32);
        let views = [cube.view(), cube.slice(s![..;-1, .., ..;-2]).into_dyn(), cube.view().reversed_axes()];
        for view in views {
            for axis in 0..3 {
                let mut expected = Array::<i64, _>::zeros(view.raw_dim());
                for (line, mut sums) in view.lanes(Axis(axis)).into_iter().zip(expected.lanes_mut(Axis(axis)))
                {
                    let mut sum = 0;
                    sums.iter_mut().zip(line).for_each(|(out, &x)| {
                        sum += i64::from(x);
                        *out = sum;
                    });
                }
                for workers in [1, 3] {
                    let shape: Vec<usize> = view.shape().iter().rev().map(|len| 2 * len).collect();
                    let mut memory = Array::<i64, _>::zeros(shape);
                    let mut turned = memory.view_mut().reversed_axes();
                    for axis in 0..3 {
                        turned.slice_axis_inplace(
                            Axis(axis),
                            Slice::new(0, None, if axis == 1 { -2 } else { 2 }),
                        );
                    }
                    let mut new = Array::<i64, _>::zeros(view.raw_dim());
                    for out in [&mut new.view_mut(), &mut turned] {
                        let work = Work::with_threads(workers);
                        scan(view.clone(), out.view_mut(), axis, &work, cumulate)
                            .expect("nothing fails here");
                        assert_eq!(out, &expected);
                    }
                }
            }
        }
    }

    fn cumulate(line: &[i32], out: &mut [i64]) {
        let mut sum = 0;
        for (out, &x) in out.iter_mut().zip(line) {
            sum += i64::from(x);
            *out = sum;
        }
    }

    #[test]
    fn nothing_comes_of_no_elements() {
        let none = Array::<f64, _>::zeros(IxDyn(&[3, 0]));
        for axis in 0..2 {
            let mut out = none.clone();
            let never = |_: &[f64], _: &mut [f64]| panic!("there are no lines");
            assert_eq!(scan(none.view(), out.view_mut(), axis, &Work::serial(), never), Ok(()));
        }
    }
}
