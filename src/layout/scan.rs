//! Functions along an axis whose output is as long as their input: a line in, a line out.
//!
//! `unsafe`, as in `zip`.
#![allow(unsafe_code)]

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::gather::{gather, scatter};
use super::order::{Order, Parts};
use super::slice::AnySlice;
use crate::alloc::{checked_size, try_filled};
use crate::dtype::Element;
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// Elements of a part, the unit of work of a thread.
const PART: usize = 1 << 16;

/// Calls `function` with lines along an axis and the same lines of the output, of the same shape. Long lines come in
/// pieces: each but the first of a line with the `history` elements before it, by which its input is longer
/// than its output, and all but the last as long as a multiple of that. `scratch` makes what the calls of a part share.
///
/// # Panics
/// If the shapes differ, there is no such axis, or `history` is zero.
pub fn scan<T: Element, O: Element, S>(
    view: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, O>,
    axis: usize,
    history: usize,
    work: &Work<'_>,
    scratch: impl Fn() -> Result<S> + Sync,
    function: impl Fn(&mut S, &[T], &mut [O]) -> Result<()> + Sync,
) -> Result<()> {
    assert!(view.shape() == out.shape() && axis < view.ndim() && history > 0);
    let mut order = Order::new(out.shape(), out.strides());
    order.add(1, view.shape(), view.strides());
    if order.len() == 0 {
        return Ok(());
    }
    let whole = order.axes.remove(axis);
    order.sort();
    let lines = Parts::new(&order, (PART / whole.len).max(1));
    let longest = (PART / history).max(1).saturating_mul(history).min(whole.len);
    let pieces = whole.len.div_ceil(longest);
    let arrays = Arrays { first: view.as_ptr(), out: out.as_mut_ptr() };
    work.for_each(checked_size(&[lines.count(), pieces])?, |index| {
        let Arrays { first, out } = &arrays;
        let start = index % pieces * longest;
        let before = start.min(history);
        let mut part = order.part(&lines, index / pieces);
        part.axes.push(whole);
        part.narrow(part.axes.len() - 1, start, longest.min(whole.len - start));
        let mut pacer = Pacer::new(work);
        let (offsets, inner) = part.lines();
        let (from_stride, into_stride) = (inner.strides[1], inner.strides[0]);
        let from_len = before + inner.len;
        let is_slice = |stride: isize, len: usize| stride == 1 || len == 1;
        let buffer = |stride: isize, len: usize, size: usize| {
            let len = if is_slice(stride, len) { 0 } else { (len * size).div_ceil(size_of::<u128>()) };
            try_filled(len, 0u128)
        };
        let mut source = buffer(from_stride, from_len, size_of::<T>())?;
        let mut target = buffer(into_stride, inner.len, size_of::<O>())?;
        let mut scratch = scratch()?;
        for offsets in offsets {
            let from = offsets[1].wrapping_sub(from_stride.wrapping_mul(before as isize));
            let (mut from, line) = (first.wrapping_offset(from), out.wrapping_offset(offsets[0]));
            // SAFETY: the offsets and strides are those of elements of the views, which are borrowed for
            // as long as this call; there are `before` elements of the line before `start`. A mutable
            // view has each element once, and each piece of a line of a part comes once, so no other
            // thread has this one of the output. The buffers hold as many elements, are aligned for all of
            // them, and every bit pattern is a value of every element type.
            unsafe {
                if !is_slice(from_stride, from_len) {
                    let copy = source.as_mut_ptr();
                    gather(from.cast(), from_stride, size_of::<T>(), from_len, copy.cast());
                    from = copy.cast_const().cast();
                }
                let from = AnySlice::from_raw(from.cast(), from_len, T::DTYPE).typed();
                let is_direct = is_slice(into_stride, inner.len);
                let into = if is_direct { line } else { target.as_mut_ptr().cast() };
                function(&mut scratch, from, std::slice::from_raw_parts_mut(into, inner.len))?;
                if !is_direct {
                    scatter(into.cast_const().cast(), size_of::<O>(), inner.len, line.cast(), into_stride);
                }
            }
            pacer.spend(from_len)?;
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
                        scan(view.clone(), out.view_mut(), axis, 30, &work, || Ok(()), cumulate)
                            .expect("nothing fails here");
                        assert_eq!(out, &expected);
                    }
                }
            }
        }
    }

    fn cumulate(_: &mut (), line: &[i32], out: &mut [i64]) -> Result<()> {
        let mut sum = 0;
        for (out, &x) in out.iter_mut().zip(line) {
            sum += i64::from(x);
            *out = sum;
        }
        Ok(())
    }

    #[test]
    fn pieces_of_long_lines_come_with_what_is_before_them() {
        for (len, history) in [(3 * PART + 5, 1000), (PART + 1, PART), (3 * PART, PART + 1), (PART, PART / 2)]
        {
            let line = Array::from_iter(0..len as i64).into_dyn();
            let spread = Array::from_iter(0..2 * len as i64).into_dyn();
            for view in [line.view(), line.slice(s![..;-1]).into_dyn(), spread.slice(s![..;2]).into_dyn()] {
                let mut out = Array::<i64, _>::zeros(view.raw_dim());
                let work = Work::with_threads(2);
                scan(
                    view.clone(),
                    out.view_mut(),
                    0,
                    history,
                    &work,
                    || Ok(()),
                    |(), line, out| {
                        let before = line.len() - out.len();
                        assert!(before == 0 || before == history);
                        for (index, out) in out.iter_mut().enumerate() {
                            *out = line[(before + index).saturating_sub(history)];
                        }
                        Ok(())
                    },
                )
                .expect("nothing fails here");
                for index in 0..len {
                    assert_eq!(out[index], view[index.saturating_sub(history)]);
                }
            }
        }
    }

    #[test]
    fn nothing_comes_of_no_elements() {
        let none = Array::<f64, _>::zeros(IxDyn(&[3, 0]));
        for axis in 0..2 {
            let mut out = none.clone();
            let never = |(): &mut (), _: &[f64], _: &mut [f64]| panic!("there are no lines");
            assert_eq!(scan(none.view(), out.view_mut(), axis, 1, &Work::serial(), || Ok(()), never), Ok(()));
        }
    }
}
