//! An array of any layout as a sequence of short slices, for reductions.
//!
//! A reduction that does not care for the order of the elements reads them as they lie in
//! memory: axes that run backwards are turned round, the axis with the smallest step becomes the
//! innermost. What is contiguous is handed on as it is, the rest through a buffer of one block.
//! How an array is cut depends on its shape and strides only, never on the number of threads.

use ndarray::{ArrayViewD, Axis, Slice};

use crate::dtype::Element;
use crate::error::Result;
use crate::parallel::Work;

/// Elements in a block: 8 KiB of float64, so that a block stays in the first-level cache while a
/// kernel reads it more than once.
pub const BLOCK: usize = 1024;

/// Elements in a part, the unit of work of a thread: some tens of microseconds. Parts of a very
/// large array are larger, so that their results stay few.
const PART: usize = 128 * BLOCK;
const MAX_PARTS: usize = 4096;

/// What takes in the blocks of an array one after the other.
pub trait Sink<T> {
    /// Takes in 1 to [`BLOCK`] elements.
    fn block(&mut self, block: &[T]);

    /// Takes in contiguous elements, of any number that is worth 20 to 100 microseconds.
    fn part(&mut self, part: &[T]) {
        part.chunks(BLOCK).for_each(|block| self.block(block));
    }
}

/// The view with every axis running forwards and the axes ordered from the largest step to the
/// smallest; axes of length one are gone.
pub fn memory_order<T>(mut view: ArrayViewD<'_, T>) -> ArrayViewD<'_, T> {
    for axis in (0..view.ndim()).rev() {
        if view.len_of(Axis(axis)) == 1 {
            view = view.index_axis_move(Axis(axis), 0);
        } else if view.stride_of(Axis(axis)) < 0 {
            view.invert_axis(Axis(axis));
        }
    }
    let mut order: Vec<usize> = (0..view.ndim()).collect();
    order.sort_by_key(|&axis| std::cmp::Reverse(view.stride_of(Axis(axis))));
    view.permuted_axes(order)
}

/// Feeds a view to `sink`, block by block.
pub fn feed<T: Element>(view: ArrayViewD<'_, T>, sink: &mut impl Sink<T>, work: &Work<'_>) -> Result<()> {
    let view = memory_order(view);
    match view.as_slice() {
        Some(slice) => feed_slice(slice, sink, work),
        None => feed_lanes(view, sink, work),
    }
}

fn feed_slice<T: Element>(slice: &[T], sink: &mut impl Sink<T>, work: &Work<'_>) -> Result<()> {
    for part in slice.chunks(PART) {
        work.check()?;
        sink.part(part);
    }
    Ok(())
}

fn feed_lanes<T: Element>(view: ArrayViewD<'_, T>, sink: &mut impl Sink<T>, work: &Work<'_>) -> Result<()> {
    let innermost = Axis(view.ndim() - 1);
    let mut buffer = Buffer { elements: Vec::with_capacity(BLOCK), sink, unchecked: 0 };
    for lane in view.lanes(innermost) {
        match lane.to_slice() {
            Some(slice) if slice.len() >= BLOCK => feed_slice(slice, buffer.sink, work)?,
            Some(slice) => buffer.extend(slice.len(), slice.iter().copied(), work)?,
            None => buffer.extend(lane.len(), lane.iter().copied(), work)?,
        }
    }
    buffer.flush();
    Ok(())
}

/// Collects short or strided lanes into blocks.
struct Buffer<'a, T, S> {
    elements: Vec<T>,
    sink: &'a mut S,
    /// Blocks since the last look at the stop flag.
    unchecked: usize,
}

impl<T: Copy, S: Sink<T>> Buffer<'_, T, S> {
    fn extend(
        &mut self,
        mut len: usize,
        mut elements: impl Iterator<Item = T>,
        work: &Work<'_>,
    ) -> Result<()> {
        while len > 0 {
            let room = len.min(BLOCK - self.elements.len());
            self.elements.extend(elements.by_ref().take(room));
            len -= room;
            if self.elements.len() == BLOCK {
                self.flush();
                self.unchecked += 1;
                if self.unchecked == PART / BLOCK {
                    work.check()?;
                    self.unchecked = 0;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.elements.is_empty() {
            self.sink.block(&self.elements);
            self.elements.clear();
        }
    }
}

fn part_of(len: usize) -> usize {
    PART.max(len.div_ceil(MAX_PARTS).next_multiple_of(BLOCK))
}

/// As [`reduce`], for flat memory.
pub fn reduce_slice<T: Element, S: Sink<T> + Default, R: Send>(
    slice: &[T],
    work: &Work<'_>,
    finish: impl Fn(S) -> R + Sync,
) -> Result<Vec<R>> {
    let part = part_of(slice.len());
    work.map(slice.len().div_ceil(part), |index| {
        let mut state = S::default();
        let start = index * part;
        feed_slice(&slice[start..slice.len().min(start + part)], &mut state, work)?;
        Ok(finish(state))
    })
}

/// Reduces a view part by part on all threads; the results come in the order of the parts.
pub fn reduce<T: Element, S: Sink<T> + Default, R: Send>(
    view: ArrayViewD<'_, T>,
    work: &Work<'_>,
    finish: impl Fn(S) -> R + Sync,
) -> Result<Vec<R>> {
    let view = memory_order(view);
    if let Some(slice) = view.as_slice() {
        return reduce_slice(slice, work, finish);
    }
    let part = part_of(view.len());
    let outer = view.len_of(Axis(0));
    let rows = (part / (view.len() / outer).max(1)).max(1);
    work.map(outer.div_ceil(rows), |index| {
        let mut state = S::default();
        let start = index * rows;
        let part = view.slice_axis(Axis(0), Slice::from(start..outer.min(start + rows)));
        feed(part, &mut state, work)?;
        Ok(finish(state))
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn, s};

    use super::*;

    #[derive(Default)]
    struct Collect(Vec<i64>);

    impl Sink<i64> for Collect {
        fn block(&mut self, block: &[i64]) {
            assert!((1..=BLOCK).contains(&block.len()));
            self.0.extend(block);
        }
    }

    fn collected(view: ArrayViewD<'_, i64>, workers: usize) -> Vec<i64> {
        let parts =
            reduce(view, &Work::with_threads(workers), |state: Collect| state.0).expect("nothing fails here");
        let mut all: Vec<i64> = parts.into_iter().flatten().collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn every_element_comes_once_whatever_the_layout() {
        let array =
            Array::from_iter(0..60_000i64).into_shape_with_order(IxDyn(&[30, 100, 20])).expect("fits");
        let parts = Array::from_iter(0..2 * PART as i64 + 5).into_dyn();
        let views = [
            array.view(),
            array.view().reversed_axes(),
            array.slice(s![..;-1, 5..50;3, ..;2]).into_dyn(),
            array.slice(s![.., 3..4, 7]).into_dyn(),
            array.slice(s![0, 0, 0]).into_dyn(),
            array.slice(s![0..0, .., ..]).into_dyn(),
            array.slice(s![0..1, 0, ..]).into_dyn(),
            parts.view(),
            parts.slice(s![..;-1]).into_dyn(),
            parts.slice(s![..;2]).into_dyn(),
        ];
        for view in views {
            let mut expected: Vec<i64> = view.iter().copied().collect();
            expected.sort_unstable();
            assert_eq!(collected(view.clone(), 1), expected);
            assert_eq!(collected(view, 3), expected);
        }
    }
}
