//! The axes of arrays of one shape that are walked together: integers only, no elements.
//!
//! Whoever does not care for the order of the elements walks them as they lie in memory: axes that
//! run backwards are turned round, the axis with the smallest stride becomes the innermost, and two
//! axes that follow each other in memory become one.

use std::cmp::Reverse;

/// The most arrays that are walked together: an output and three inputs.
pub(super) const ARRAYS: usize = 4;

/// An axis of several arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: usize,
    /// Of each array, in elements.
    pub(super) strides: [isize; ARRAYS],
}

/// The axes, the outermost first, and the offset at which the walk of each array starts. The first
/// array decides on the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) axes: Vec<Axis>,
    pub(super) start: [isize; ARRAYS],
}

impl Order {
    /// The axes of one array as they are.
    pub(super) fn new(shape: &[usize], strides: &[isize]) -> Self {
        let axis = |(&len, &stride): (&usize, &isize)| {
            let mut strides = [0; ARRAYS];
            strides[0] = stride;
            Axis { len, strides }
        };
        Order { axes: shape.iter().zip(strides).map(axis).collect(), start: [0; ARRAYS] }
    }

    /// The axes of an array that is contiguous in C order.
    pub(super) fn contiguous(shape: &[usize]) -> Self {
        let mut order = Order::new(shape, &vec![0; shape.len()]);
        let mut stride = 1;
        for axis in order.axes.iter_mut().rev() {
            axis.strides[0] = stride;
            stride = stride.wrapping_mul(axis.len as isize);
        }
        order
    }

    /// Adds array number `array`, broadcast to the shape by NumPy's rules.
    ///
    /// # Panics
    /// If its shape does not broadcast.
    pub(super) fn add(&mut self, array: usize, shape: &[usize], strides: &[isize]) {
        let missing = self.axes.len().checked_sub(shape.len()).expect("no more axes than the first array");
        for (axis, (&len, &stride)) in self.axes[missing..].iter_mut().zip(shape.iter().zip(strides)) {
            assert!(len == axis.len || len == 1, "the shape of each array broadcasts to that of the first");
            axis.strides[array] = if len == axis.len { stride } else { 0 };
        }
    }

    /// How many elements are walked.
    pub(super) fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.len).product()
    }

    /// The axes in another order.
    pub(super) fn permuted(&self, order: &[usize]) -> Self {
        Order { axes: order.iter().map(|&axis| self.axes[axis]).collect(), start: self.start }
    }

    fn advance(&mut self, axis: &Axis, index: usize) {
        for (start, stride) in self.start.iter_mut().zip(axis.strides) {
            *start = start.wrapping_add(stride.wrapping_mul(index as isize));
        }
    }

    /// The elements of a range of indices along an axis.
    pub(super) fn narrow(&mut self, axis: usize, start: usize, len: usize) {
        let whole = self.axes[axis];
        assert!(start <= whole.len && len <= whole.len - start);
        if len > 0 {
            self.advance(&whole, start);
        }
        self.axes[axis].len = len;
    }

    /// One line of the axes from `kept` on; `index` counts through the axes before these.
    pub(super) fn line(&self, kept: usize, index: usize) -> Self {
        let mut line = Order { axes: self.axes[kept..].to_vec(), start: self.start };
        let mut remaining = index;
        for axis in self.axes[..kept].iter().rev() {
            line.advance(axis, remaining % axis.len);
            remaining /= axis.len;
        }
        line
    }

    /// Every axis forwards in the first array, from the largest stride to the smallest; axes of
    /// length one are gone.
    pub(super) fn sort(&mut self) {
        self.axes.retain(|axis| axis.len != 1);
        for index in 0..self.axes.len() {
            let axis = self.axes[index];
            if axis.strides[0] < 0 && axis.len > 0 {
                self.advance(&axis, axis.len - 1);
                self.axes[index].strides = axis.strides.map(isize::wrapping_neg);
            }
        }
        self.axes.sort_by_key(|axis| Reverse(axis.strides[0]));
    }

    /// Axes that follow each other in the memory of all arrays become one.
    pub(super) fn merge(&mut self) {
        for inner in (1..self.axes.len()).rev() {
            let (outer, axis) = (self.axes[inner - 1], self.axes[inner]);
            let follows =
                |array: usize| outer.strides[array] == axis.strides[array].wrapping_mul(axis.len as isize);
            if (0..ARRAYS).all(follows) {
                self.axes[inner].len *= outer.len;
                self.axes.remove(inner - 1);
            }
        }
    }

    /// Walks along no axis that repeats the elements; returns how often each counts.
    pub(super) fn drop_repeats(&mut self) -> u64 {
        let repeats = |axis: &Axis| axis.len > 0 && axis.strides == [0; ARRAYS];
        let times = self.axes.iter().filter(|axis| repeats(axis)).map(|axis| axis.len as u64).product();
        self.axes.retain(|axis| !repeats(axis));
        times
    }

    /// Whether the elements of the first array are one slice, in this order.
    pub(super) fn is_contiguous(&self) -> bool {
        let mut stride = 1;
        self.axes.iter().rev().filter(|axis| axis.len != 1).all(|axis| {
            let fits = axis.strides[0] == stride;
            stride = stride.wrapping_mul(axis.len as isize);
            fits
        })
    }

    /// The part with this index.
    pub(super) fn part(&self, parts: &Parts, index: usize) -> Self {
        let mut part = self.line(parts.axis, index / parts.pieces);
        if let Some(axis) = self.axes.get(parts.axis) {
            let start = index % parts.pieces * parts.piece;
            part.narrow(0, start, parts.piece.min(axis.len - start));
        }
        part
    }

    /// The offsets at which the lines along the innermost axis start; its length and strides.
    pub(super) fn lines(&self) -> (Offsets<'_>, Axis) {
        match self.axes.split_last() {
            Some((inner, outer)) => {
                let remaining = if inner.len == 0 { 0 } else { outer.iter().map(|axis| axis.len).product() };
                (Offsets { axes: outer, index: vec![0; outer.len()], next: self.start, remaining }, *inner)
            }
            None => (
                Offsets { axes: &[], index: Vec::new(), next: self.start, remaining: 1 },
                Axis { len: 1, strides: [0; ARRAYS] },
            ),
        }
    }
}

/// The offsets of each line, one after the other.
pub(super) struct Offsets<'a> {
    axes: &'a [Axis],
    index: Vec<usize>,
    next: [isize; ARRAYS],
    remaining: usize,
}

impl Iterator for Offsets<'_> {
    type Item = [isize; ARRAYS];

    #[inline(always)]
    fn next(&mut self) -> Option<[isize; ARRAYS]> {
        self.remaining = self.remaining.checked_sub(1)?;
        let offsets = self.next;
        // Mostly the next line is one further along the innermost of these axes.
        match (self.axes.last(), self.index.last_mut()) {
            (Some(axis), Some(index)) if *index + 1 < axis.len => {
                *index += 1;
                for array in 0..ARRAYS {
                    self.next[array] = self.next[array].wrapping_add(axis.strides[array]);
                }
            }
            _ => self.turn(),
        }
        Some(offsets)
    }
}

impl Offsets<'_> {
    /// Back to the start of the axes that end here, and one further along the axis outside them.
    fn turn(&mut self) {
        for (axis, index) in self.axes.iter().zip(&mut self.index).rev() {
            *index += 1;
            let turns = *index == axis.len;
            let by = if turns { 1 - axis.len as isize } else { 1 };
            for (next, stride) in self.next.iter_mut().zip(axis.strides) {
                *next = next.wrapping_add(stride.wrapping_mul(by));
            }
            if !turns {
                break;
            }
            *index = 0;
        }
    }
}

/// How an array is cut into parts, the units of work of a thread: one axis into pieces, and the
/// axes outside it into single indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    axis: usize,
    piece: usize,
    pieces: usize,
    count: usize,
}

impl Parts {
    /// How many parts.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Parts of about `size` elements.
    pub(super) fn new(order: &Order, size: usize) -> Self {
        let mut inner = order.len();
        for (axis, &Axis { len, .. }) in order.axes.iter().enumerate() {
            inner /= len.max(1);
            if inner <= size {
                let outer: usize = order.axes[..axis].iter().map(|axis| axis.len).product();
                return Parts::along(axis, len, inner, size, outer);
            }
        }
        Parts { axis: 0, piece: usize::MAX, pieces: 1, count: 1 }
    }

    /// The same, but only the outermost axis is cut: where its elements are larger parts are.
    pub(super) fn of_outermost(order: &Order, size: usize) -> Self {
        match order.axes.first() {
            Some(axis) => Parts::along(0, axis.len, order.len() / axis.len.max(1), size, 1),
            None => Parts { axis: 0, piece: usize::MAX, pieces: 1, count: 1 },
        }
    }

    fn along(axis: usize, len: usize, inner: usize, size: usize, outer: usize) -> Self {
        let piece = (size / inner.max(1)).max(1);
        let pieces = len.div_ceil(piece).max(1);
        Parts { axis, piece, pieces, count: pieces * outer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offsets of all elements in the first array.
    fn offsets(order: &Order) -> Vec<isize> {
        let (lines, inner) = order.lines();
        lines.flat_map(|line| (0..inner.len as isize).map(move |i| line[0] + i * inner.strides[0])).collect()
    }

    fn order(shape: &[usize], strides: &[isize]) -> Order {
        Order::new(shape, strides)
    }

    #[test]
    fn an_order_as_it_is_is_that_of_c() {
        assert_eq!(offsets(&order(&[2, 3], &[10, 1])), [0, 1, 2, 10, 11, 12]);
        assert_eq!(offsets(&order(&[2, 3], &[1, -4])), [0, -4, -8, 1, -3, -7]);
        assert_eq!(offsets(&order(&[], &[])), [0]);
        assert!(offsets(&order(&[3, 0], &[1, 1])).is_empty());
        assert!(offsets(&order(&[0, 3], &[3, 1])).is_empty());
        assert_eq!(Order::contiguous(&[2, 3, 4]), order(&[2, 3, 4], &[12, 4, 1]));
    }

    #[test]
    fn memory_is_walked_forwards() {
        let mut backwards = order(&[3, 1, 2], &[-1, 7, 3]);
        backwards.sort();
        assert_eq!(offsets(&backwards), [-2, -1, 0, 1, 2, 3]);
        assert!(backwards.is_contiguous());
        backwards.merge();
        assert_eq!(backwards.axes.len(), 1);
        let mut apart = order(&[3, 2], &[5, 1]);
        apart.merge();
        assert_eq!((apart.axes.len(), apart.is_contiguous()), (2, false));
    }

    #[test]
    fn repeated_elements_are_counted() {
        let mut repeated = order(&[4, 3, 1, 5], &[0, 1, 9, 0]);
        assert_eq!(repeated.drop_repeats(), 20);
        assert_eq!(offsets(&repeated), [0, 1, 2]);
    }

    #[test]
    fn a_line_fixes_the_axes_outside_it() {
        let array = order(&[2, 3, 4], &[12, 4, 1]);
        assert_eq!(offsets(&array.line(2, 5)), [20, 21, 22, 23]);
        let mut range = array.line(1, 1);
        range.narrow(0, 1, 2);
        assert_eq!(offsets(&range), [16, 17, 18, 19, 20, 21, 22, 23]);
    }

    #[test]
    fn arrays_are_broadcast() {
        let mut both = Order::contiguous(&[2, 3]);
        both.add(1, &[3], &[5]);
        both.add(2, &[2, 1], &[7, 1]);
        assert_eq!(both.axes[0].strides[..3], [3, 0, 7]);
        assert_eq!(both.axes[1].strides[..3], [1, 5, 0]);
        both.merge();
        assert_eq!(both.axes.len(), 2);
    }

    #[test]
    fn parts_hold_every_element_once_and_in_order() {
        for (shape, strides) in [
            (&[][..], &[][..]),
            (&[1000], &[2]),
            (&[30, 40], &[41, 1]),
            (&[3, 50, 7], &[1000, 10, 1]),
            (&[0, 3], &[3, 1]),
        ] {
            let array = order(shape, strides);
            for size in [1, 6, 100, 5000] {
                for parts in [Parts::new(&array, size), Parts::of_outermost(&array, size)] {
                    let all: Vec<isize> =
                        (0..parts.count()).flat_map(|index| offsets(&array.part(&parts, index))).collect();
                    assert_eq!(all, offsets(&array), "{shape:?} {size}");
                }
            }
        }
    }
}
