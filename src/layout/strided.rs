//! An array of any dtype and layout, to be read: whole, in parts, line by line, or as a sequence of
//! contiguous slices.
//!
//! What is contiguous is handed on as it lies; anything else is copied through a buffer of one
//! block, many elements in one loop. Nothing is copied beyond that.
//!
//! `unsafe`, as in `slice` and `gather`.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use ndarray::ArrayViewD;

use super::elements::Elements;
use super::gather::{compress, gather};
use super::order::{ARRAYS, Axis, Offsets, Order, Parts};
use super::slice::AnySlice;
use crate::alloc::{try_filled, try_vec};
use crate::dtype::{Bool, DType, Element};
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// The most arrays of one shape beside an array and its mask.
pub const BESIDE: usize = ARRAYS - 2;

/// An array, with a mask of its shape if there is one, and with others that are walked beside it.
///
/// Every offset of `order`, in elements from `first` (and, of its second array, from `mask`, then from those
/// `beside`), is that of an element of the view it was made of.
#[derive(Debug, Clone)]
pub struct Strided<'a> {
    first: *const u8,
    dtype: DType,
    mask: Option<*const u8>,
    beside: [Option<(*const u8, DType)>; BESIDE],
    order: Order,
    elements: PhantomData<&'a [u8]>,
}

// SAFETY: it stands for views of elements, and every element type is `Sync`.
unsafe impl Send for Strided<'_> {}
// SAFETY: as above.
unsafe impl Sync for Strided<'_> {}

/// Where a slice of [`Strided::blocks`] lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the array.
    Array,
    /// In the buffer, which is full.
    Buffer,
    /// In the buffer, at the end: this comes last, and once, even if it is empty.
    Remainder,
}

impl<'a, T: Element> From<&'a [T]> for Strided<'a> {
    fn from(slice: &'a [T]) -> Self {
        let (first, order) = (slice.as_ptr().cast(), Order::contiguous(&[slice.len()]));
        Strided { first, dtype: T::DTYPE, mask: None, beside: [None; BESIDE], order, elements: PhantomData }
    }
}

impl<'a, T: Element> From<ArrayViewD<'a, T>> for Strided<'a> {
    fn from(view: ArrayViewD<'a, T>) -> Self {
        let (first, order) = (view.as_ptr().cast(), Order::new(view.shape(), view.strides()));
        Strided { first, dtype: T::DTYPE, mask: None, beside: [None; BESIDE], order, elements: PhantomData }
    }
}

impl<'a, T: Element> From<Elements<'a, T>> for Strided<'a> {
    fn from(elements: Elements<'a, T>) -> Self {
        match elements {
            Elements::Contiguous(slice) => slice.into(),
            Elements::Strided(view) => view.into(),
        }
    }
}

impl<'a> Strided<'a> {
    /// The elements for which a mask of bools is true.
    ///
    /// # Panics
    /// If the mask has another shape (but for elements that are contiguous: they may have any shape of
    /// the same length, and take that of the mask), or is of another dtype.
    pub fn masked(mut self, mask: Self) -> Self {
        assert!(mask.dtype == DType::Bool);
        let shape: Vec<usize> = mask.order.axes.iter().map(|axis| axis.len).collect();
        if self.order.is_contiguous() && self.len() == mask.len() {
            self.order = Order::contiguous(&shape);
        }
        assert!(self.order.axes.iter().map(|axis| axis.len).eq(shape.iter().copied()));
        let strides: Vec<isize> = mask.order.axes.iter().map(|axis| axis.strides[0]).collect();
        self.order.add(1, &shape, &strides);
        self.mask = Some(mask.first);
        self
    }

    /// The same with another array of this shape in a place beside it.
    ///
    /// # Panics
    /// If the array has another shape.
    pub fn beside(mut self, place: usize, other: &Self) -> Self {
        let shape: Vec<usize> = other.order.axes.iter().map(|axis| axis.len).collect();
        assert!(self.order.axes.iter().map(|axis| axis.len).eq(shape.iter().copied()));
        let strides: Vec<isize> = other.order.axes.iter().map(|axis| axis.strides[0]).collect();
        self.order.add(2 + place, &shape, &strides);
        self.beside[place] = Some((other.first, other.dtype));
        self
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a mask.
    pub fn is_masked(&self) -> bool {
        self.mask.is_some()
    }

    /// How many axes.
    pub fn ndim(&self) -> usize {
        self.order.axes.len()
    }

    /// The length of an axis.
    pub fn len_of(&self, axis: usize) -> usize {
        self.order.axes[axis].len
    }

    /// The stride of an axis, in elements.
    pub fn stride_of(&self, axis: usize) -> isize {
        self.order.axes[axis].strides[0]
    }

    /// The axes in another order.
    pub fn permuted(&self, order: &[usize]) -> Self {
        debug_assert!(order.len() == self.ndim());
        self.with(self.order.permuted(order))
    }

    /// The axes in the order of memory, from the largest stride to the smallest, each forwards. Axes
    /// of length one are gone.
    pub fn in_memory_order(mut self) -> Self {
        self.order.sort();
        self
    }

    /// The same with as few axes as can be, and how often each element counts: an axis that repeats
    /// the elements is not walked.
    pub fn merged(mut self) -> (Self, u64) {
        if self.is_masked() {
            return (self, 1);
        }
        if self.beside.iter().any(Option::is_some) {
            self.order.merge();
            return (self, 1);
        }
        let times = self.order.drop_repeats();
        self.order.merge();
        (self, times)
    }

    /// One line along the axes from `kept` on; `index` counts through the axes before these.
    pub fn line(&self, kept: usize, index: usize) -> Self {
        self.with(self.order.line(kept, index))
    }

    /// A range of indices along an axis.
    ///
    /// # Panics
    /// If it is not within the axis.
    pub fn narrowed(mut self, axis: usize, start: usize, len: usize) -> Self {
        self.order.narrow(axis, start, len);
        self
    }

    /// Parts of about `size` elements.
    pub fn parts(&self, size: usize) -> Parts {
        Parts::new(&self.order, size)
    }

    /// The same, but only the outermost axis is cut.
    pub fn outermost_parts(&self, size: usize) -> Parts {
        Parts::of_outermost(&self.order, size)
    }

    /// The part with this index.
    pub fn part(&self, parts: &Parts, index: usize) -> Self {
        self.with(self.order.part(parts, index))
    }

    fn with(&self, order: Order) -> Self {
        Strided { order, ..*self }
    }

    /// The elements, if they are contiguous in this order and have no mask.
    pub fn as_slice(&self) -> Option<AnySlice<'a>> {
        if self.is_masked() || !self.order.is_contiguous() {
            return None;
        }
        let first = self.at(self.order.start[0]);
        // SAFETY: contiguous, and elements of the view this was made of.
        Some(unsafe { AnySlice::from_raw(first, self.len(), self.dtype) })
    }

    /// The lines along the innermost axis, in the order of the axes.
    pub fn lanes(&self) -> Lanes<'_> {
        let (offsets, inner) = self.order.lines();
        Lanes { array: self, offsets, inner }
    }

    /// One of the elements, if there are any.
    ///
    /// # Panics
    /// If the elements are of another type.
    pub fn first<T: Element>(&self) -> Option<T> {
        let lane = self.lanes().next().filter(|lane| !lane.is_empty())?;
        lane.part(0, 1).as_slice().map(|slice| slice.typed::<T>()[0])
    }

    fn at(&self, offset: isize) -> *const u8 {
        self.first.wrapping_offset(offset.wrapping_mul(self.dtype.size() as isize))
    }

    /// Calls `take` with contiguous slices of all elements that count, in the order of the axes: lines
    /// of `longest` elements and more as they lie, the others in blocks of `block` elements.
    pub fn blocks(
        &self,
        block: usize,
        longest: usize,
        work: &Work<'_>,
        take: &mut dyn FnMut(AnySlice<'_>, Origin) -> Result<()>,
    ) -> Result<()> {
        // Of a short line no more is cleared than is filled.
        let mut buffer = Buffer::new(self.dtype, block, self.len())?;
        let mut pacer = Pacer::new(work);
        if let Some(mask) = self.mask {
            self.masked_blocks(mask, &mut buffer, &mut pacer, take)?;
            return take(buffer.filled(), Origin::Remainder);
        }
        for lane in self.lanes() {
            match lane.as_slice().filter(|slice| slice.len() >= longest) {
                Some(slice) => {
                    take(slice, Origin::Array)?;
                    pacer.spend(slice.len())?;
                }
                None => {
                    let mut start = 0;
                    while start < lane.len() {
                        let len = (lane.len() - start).min(buffer.free());
                        buffer.gather(&lane.part(start, len));
                        start += len;
                        if buffer.free() == 0 {
                            take(buffer.filled(), Origin::Buffer)?;
                            buffer.len = 0;
                            pacer.spend(block)?;
                        }
                    }
                }
            }
        }
        take(buffer.filled(), Origin::Remainder)
    }

    /// Calls `take` with contiguous slices of all elements that count, in the order of the axes, and with those
    /// of the arrays beside it; where there is none, the slice is empty. Long lines come as they lie, if they lie
    /// so in all arrays, anything else in blocks of `block` elements.
    pub fn blocks_beside(
        &self,
        block: usize,
        work: &Work<'_>,
        take: &mut dyn FnMut(AnySlice<'_>, [AnySlice<'_>; BESIDE]) -> Result<()>,
    ) -> Result<()> {
        let mut pacer = Pacer::new(work);
        // The array, then those beside it.
        let dtypes = self.dtypes();
        let mut buffers = try_vec(1 + BESIDE)?;
        let mut scratch = try_vec(1 + BESIDE)?;
        for dtype in dtypes {
            let len = if dtype.is_some() { self.len() } else { 0 };
            buffers.push(Buffer::new(dtype.unwrap_or(DType::U8), block, len)?);
            let len = if self.is_masked() { len } else { 0 };
            scratch.push(Buffer::new(dtype.unwrap_or(DType::U8), block, len)?);
        }
        let len = if self.is_masked() { self.len() } else { 0 };
        let mut counts = Buffer::new(DType::Bool, block, len)?;
        let (offsets, inner) = self.order.lines();
        for offsets in offsets {
            let lanes = self.lanes_beside(&offsets, &inner);
            let is_direct = self.mask.is_none()
                && inner.len >= block
                && lanes.iter().flatten().all(|lane| lane.as_slice().is_some());
            if is_direct {
                let mut start = 0;
                while start < inner.len {
                    let len = (inner.len - start).min(LONGEST);
                    let slice = |lane: &Option<Lane<'a>>| {
                        lane.and_then(|lane| lane.part(start, len).as_slice()).unwrap_or(AnySlice::EMPTY)
                    };
                    take(slice(&lanes[0]), std::array::from_fn(|place| slice(&lanes[1 + place])))?;
                    start += len;
                    pacer.spend(len)?;
                }
                continue;
            }
            let mut start = 0;
            while start < inner.len {
                let len = (inner.len - start).min(buffers[0].free());
                match self.mask {
                    None => {
                        for (lane, buffer) in lanes.iter().zip(&mut buffers) {
                            if let Some(lane) = lane {
                                buffer.gather(&lane.part(start, len));
                            }
                        }
                    }
                    Some(mask) => {
                        let mask = Lane {
                            first: mask.wrapping_offset(offsets[1]),
                            len: inner.len,
                            stride: inner.strides[1],
                            dtype: DType::Bool,
                            elements: PhantomData,
                        };
                        let mask = mask.part(start, len).read(&mut counts).typed::<Bool>();
                        for ((lane, buffer), scratch) in lanes.iter().zip(&mut buffers).zip(&mut scratch) {
                            if let Some(lane) = lane {
                                buffer.compress(lane.part(start, len).read(scratch), mask);
                            }
                        }
                    }
                }
                start += len;
                if buffers[0].free() == 0 {
                    take_filled(&mut buffers, take)?;
                }
                pacer.spend(len)?;
            }
        }
        take_filled(&mut buffers, take)
    }

    /// Of what elements the array is, and those beside it.
    fn dtypes(&self) -> [Option<DType>; 1 + BESIDE] {
        std::array::from_fn(|index| match index {
            0 => Some(self.dtype),
            _ => self.beside[index - 1].map(|(_, dtype)| dtype),
        })
    }

    /// A line of the array, and of those beside it.
    fn lanes_beside(&self, offsets: &[isize; ARRAYS], inner: &Axis) -> [Option<Lane<'a>>; 1 + BESIDE] {
        std::array::from_fn(|index| {
            if index == 0 {
                return Some(self.lane(offsets, inner));
            }
            let (first, dtype) = self.beside[index - 1]?;
            let offset = offsets[index + 1].wrapping_mul(dtype.size() as isize);
            let first = first.wrapping_offset(offset);
            Some(Lane {
                first,
                len: inner.len,
                stride: inner.strides[index + 1],
                dtype,
                elements: PhantomData,
            })
        })
    }

    /// Calls `take` once with all lines along the innermost axis as slices, which are copied if they
    /// are not contiguous: for few and short lines.
    pub fn rows(&self, take: &mut dyn FnMut(&[AnySlice<'_>]) -> Result<()>) -> Result<()> {
        let count =
            self.ndim().checked_sub(1).map_or(1, |outer| (0..outer).map(|axis| self.len_of(axis)).product());
        let mut rows = try_vec(count)?;
        let is_copied = self.lanes().next().is_some_and(|lane| lane.as_slice().is_none());
        let len = if is_copied { self.len() } else { 0 };
        let mut buffer = Buffer::new(self.dtype, len, len)?;
        if is_copied {
            self.lanes().for_each(|lane| buffer.gather(&lane));
            rows.extend(buffer.filled().chunks(self.len() / count));
        } else {
            rows.extend(self.lanes().filter_map(|lane| lane.as_slice()));
        }
        take(&rows)
    }

    fn masked_blocks(
        &self,
        mask: *const u8,
        buffer: &mut Buffer,
        pacer: &mut Pacer<'_>,
        take: &mut dyn FnMut(AnySlice<'_>, Origin) -> Result<()>,
    ) -> Result<()> {
        let block = buffer.capacity;
        let (mut elements, mut counts) =
            (Buffer::new(self.dtype, block, self.len())?, Buffer::new(DType::Bool, block, self.len())?);
        let (offsets, inner) = self.order.lines();
        for offsets in offsets {
            let line = self.lane(&offsets, &inner);
            let masks = Lane {
                first: mask.wrapping_offset(offsets[1]),
                stride: inner.strides[1],
                dtype: DType::Bool,
                ..line
            };
            let mut start = 0;
            while start < line.len() {
                let len = (line.len() - start).min(buffer.free());
                let line = line.part(start, len).read(&mut elements);
                let mask = masks.part(start, len).read(&mut counts).typed::<Bool>();
                buffer.compress(line, mask);
                start += len;
                if buffer.free() == 0 {
                    take(buffer.filled(), Origin::Buffer)?;
                    buffer.len = 0;
                }
                pacer.spend(len)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn lane(&self, offsets: &[isize; ARRAYS], inner: &Axis) -> Lane<'a> {
        Lane {
            first: self.at(offsets[0]),
            len: inner.len,
            stride: inner.strides[0],
            dtype: self.dtype,
            elements: PhantomData,
        }
    }
}

/// Elements of a long line that are handed on before the work is asked whether to go on.
const LONGEST: usize = 1 << 16;

/// Calls `take` with what the buffers hold, and empties them.
fn take_filled(
    buffers: &mut [Buffer],
    take: &mut dyn FnMut(AnySlice<'_>, [AnySlice<'_>; BESIDE]) -> Result<()>,
) -> Result<()> {
    take(buffers[0].filled(), std::array::from_fn(|place| buffers[1 + place].filled()))?;
    buffers.iter_mut().for_each(|buffer| buffer.len = 0);
    Ok(())
}

/// The lines of an array along its innermost axis.
pub struct Lanes<'a> {
    array: &'a Strided<'a>,
    offsets: Offsets<'a>,
    inner: Axis,
}

impl<'a> Iterator for Lanes<'a> {
    type Item = Lane<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Lane<'a>> {
        let offsets = self.offsets.next()?;
        Some(self.array.lane(&offsets, &self.inner))
    }
}

/// Elements with one stride between them.
#[derive(Debug, Clone, Copy)]
pub struct Lane<'a> {
    first: *const u8,
    len: usize,
    stride: isize,
    dtype: DType,
    elements: PhantomData<&'a [u8]>,
}

impl<'a> Lane<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements, if they are contiguous.
    #[inline]
    pub fn as_slice(&self) -> Option<AnySlice<'a>> {
        // SAFETY: elements of the view that the lane is of, and contiguous.
        (self.stride == 1 || self.len <= 1)
            .then(|| unsafe { AnySlice::from_raw(self.first, self.len, self.dtype) })
    }

    /// Copies the elements.
    ///
    /// # Panics
    /// If the slice has another length, or its elements another type.
    pub fn gather<T: Element>(&self, into: &mut [T]) {
        assert!(into.len() == self.len && T::DTYPE == self.dtype);
        // SAFETY: elements of the view that the lane is of, and as many in `into`.
        unsafe { gather(self.first, self.stride, size_of::<T>(), self.len, into.as_mut_ptr().cast()) }
    }

    fn part(&self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        let offset = self.stride.wrapping_mul((start * self.dtype.size()) as isize);
        Lane { first: self.first.wrapping_offset(offset), len, ..*self }
    }

    /// The elements as a slice: their own, or copied into the buffer.
    fn read<'b>(&self, buffer: &'b mut Buffer) -> AnySlice<'b>
    where
        'a: 'b,
    {
        match self.as_slice() {
            Some(slice) => slice,
            None => {
                buffer.len = 0;
                buffer.gather(self);
                buffer.filled()
            }
        }
    }
}

/// Memory for elements of some dtype: aligned for all of them.
struct Buffer {
    memory: Vec<u128>,
    dtype: DType,
    capacity: usize,
    len: usize,
}

impl Buffer {
    /// For blocks of `capacity` of in all `len` elements.
    fn new(dtype: DType, capacity: usize, len: usize) -> Result<Self> {
        let memory = try_filled((capacity.min(len) * dtype.size()).div_ceil(size_of::<u128>()), 0)?;
        Ok(Buffer { memory, dtype, capacity, len: 0 })
    }

    fn free(&self) -> usize {
        self.capacity - self.len
    }

    /// Whether there is memory for so many more.
    fn has_memory_for(&self, len: usize) -> bool {
        len <= self.free() && (self.len + len) * self.dtype.size() <= size_of_val(&self.memory[..])
    }

    fn filled(&self) -> AnySlice<'_> {
        // SAFETY: `len` elements are in memory (`has_memory_for`), every byte of which is initialised; every bit pattern
        // is a value of every element type.
        unsafe { AnySlice::from_raw(self.memory.as_ptr().cast(), self.len, self.dtype) }
    }

    fn end(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast::<u8>().wrapping_add(self.len * self.dtype.size())
    }

    /// Appends the elements of a lane.
    fn gather(&mut self, lane: &Lane<'_>) {
        assert!(lane.dtype == self.dtype && self.has_memory_for(lane.len));
        // SAFETY: elements of the view that the lane is of; there is room for as many.
        unsafe { gather(lane.first, lane.stride, self.dtype.size(), lane.len, self.end()) };
        self.len += lane.len;
    }

    /// Appends the elements for which the mask is true.
    fn compress(&mut self, elements: AnySlice<'_>, mask: &[Bool]) {
        assert!(
            elements.dtype() == self.dtype && elements.len() == mask.len() && self.has_memory_for(mask.len())
        );
        // SAFETY: as many elements as the mask has, and room for as many.
        self.len += unsafe { compress(elements.as_ptr(), mask, self.dtype.size(), self.end()) };
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, IxDyn, s};

    use super::*;

    fn cube() -> ArrayD<i64> {
        Array::from_iter(0..60_000).into_shape_with_order(IxDyn(&[30, 100, 20])).expect("fits")
    }

    /// All elements of the blocks, which are checked for their lengths.
    fn collected(strided: &Strided<'_>, block: usize, longest: usize) -> Vec<i64> {
        let (mut all, mut ended) = (Vec::new(), false);
        strided
            .blocks(block, longest, &Work::serial(), &mut |slice, origin| {
                assert!(!ended);
                match origin {
                    Origin::Array => assert!(slice.len() >= longest),
                    Origin::Buffer => assert_eq!(slice.len(), block),
                    Origin::Remainder => assert!(slice.len() < block),
                }
                ended = origin == Origin::Remainder;
                all.extend(slice.typed::<i64>());
                Ok(())
            })
            .expect("nothing fails here");
        assert!(ended);
        all
    }

    fn views(cube: &ArrayD<i64>) -> Vec<ArrayViewD<'_, i64>> {
        vec![
            cube.view(),
            cube.view().reversed_axes(),
            cube.slice(s![..;-1, 5..50;3, ..;2]).into_dyn(),
            cube.slice(s![.., 3..4, 7]).into_dyn(),
            cube.slice(s![0, 0, 0]).into_dyn(),
            cube.slice(s![0..0, .., ..]).into_dyn(),
            cube.slice(s![0..1, 0, ..]).into_dyn(),
            cube.slice(s![.., ..90, ..]).into_dyn(),
            cube.slice(s![..;-1, .., ..;-1]).into_dyn(),
        ]
    }

    #[test]
    fn every_element_comes_once_whatever_the_layout() {
        let cube = cube();
        for view in views(&cube) {
            let expected: Vec<i64> = view.iter().copied().collect();
            let strided = Strided::from(view);
            for (block, longest) in [(1, 1), (7, 20), (1024, 1024), (4096, 1)] {
                let sorted = |mut all: Vec<i64>| {
                    all.sort_unstable();
                    all
                };
                // A line that lies in the array comes before those that are still in the buffer.
                assert_eq!(sorted(collected(&strided, block, longest)), sorted(expected.clone()));
                let (merged, times) = strided.clone().in_memory_order().merged();
                assert_eq!(times, 1);
                assert_eq!(sorted(collected(&merged, block, longest)), sorted(expected.clone()));
                for parts in [merged.parts(1000), merged.outermost_parts(1000)] {
                    let all = (0..parts.count()).map(|index| merged.part(&parts, index));
                    let all = all.flat_map(|part| collected(&part, block, longest)).collect();
                    assert_eq!(sorted(all), sorted(expected.clone()));
                }
            }
            // Without lines as they lie the order is that of the axes.
            assert_eq!(collected(&strided, 1000, usize::MAX), expected);
        }
    }

    #[test]
    fn contiguous_memory_is_one_slice_however_it_is_turned() {
        let cube = cube();
        for view in [cube.view(), cube.view().reversed_axes(), cube.slice(s![.., ..;-1, ..]).into_dyn()] {
            let slice = Strided::from(view).in_memory_order().as_slice().expect("contiguous");
            assert!(slice.typed::<i64>().iter().copied().eq(0..60_000));
        }
        assert!(
            Strided::from(cube.slice(s![.., ..90, ..]).into_dyn()).in_memory_order().as_slice().is_none()
        );
    }

    #[test]
    fn repeated_elements_are_walked_once() {
        let row = Array::from_iter(0..50i64).into_dyn();
        let wide = row.broadcast(IxDyn(&[7, 3, 50])).expect("fits");
        let (merged, times) = Strided::from(wide).in_memory_order().merged();
        assert_eq!((times, merged.as_slice().map(AnySlice::len)), (21, Some(50)));
    }

    #[test]
    fn what_the_mask_leaves_out_does_not_come() {
        let cube = cube();
        let masks = Array::from_shape_fn(cube.raw_dim(), |i| Bool(((i[0] * 7 + i[1] * 3 + i[2]) % 3) as u8));
        for (view, mask) in [
            (cube.view(), masks.view()),
            (cube.slice(s![..;2, 5..50, ..;-3]).into_dyn(), masks.slice(s![..;2, 5..50, ..;-3]).into_dyn()),
            (cube.view().reversed_axes(), masks.view().reversed_axes()),
            (cube.slice(s![..0, .., ..]).into_dyn(), masks.slice(s![..0, .., ..]).into_dyn()),
        ] {
            let counted = view.iter().zip(&mask).filter(|(_, counts)| counts.get());
            let expected: Vec<i64> = counted.map(|(element, _)| *element).collect();
            let strided = Strided::from(Elements::from(view)).masked(mask.into());
            for block in [1, 13, 1024] {
                assert_eq!(collected(&strided, block, 1), expected);
            }
            let mut all = collected(&strided.in_memory_order(), 100, 1);
            all.sort_unstable();
            let mut expected = expected;
            expected.sort_unstable();
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn what_lies_beside_comes_with_its_elements() {
        let cube = cube();
        let beside = cube.mapv(|x| x as f64 / 2.0);
        let masks = Array::from_shape_fn(cube.raw_dim(), |i| Bool(((i[0] * 7 + i[1] * 3 + i[2]) % 3) as u8));
        // Along one axis, for all others the same; what is one more than the index.
        let of_axis = Array::from_shape_fn(IxDyn(&[1, 100, 1]), |i| i[1] as u32 + 1);
        let of_all = of_axis.broadcast(cube.raw_dim()).expect("fits");
        for (index, view) in views(&cube).into_iter().enumerate() {
            let (halves, numbers, mask) = match index {
                1 => (
                    beside.view().reversed_axes(),
                    of_all.clone().reversed_axes(),
                    masks.view().reversed_axes(),
                ),
                2 => (
                    beside.slice(s![..;-1, 5..50;3, ..;2]).into_dyn(),
                    of_all.slice(s![..;-1, 5..50;3, ..;2]).into_dyn(),
                    masks.slice(s![..;-1, 5..50;3, ..;2]).into_dyn(),
                ),
                0 | 5 => (
                    beside.slice(s![..view.shape()[0], .., ..]).into_dyn(),
                    of_all.slice(s![..view.shape()[0], .., ..]).into_dyn(),
                    masks.slice(s![..view.shape()[0], .., ..]).into_dyn(),
                ),
                _ => continue,
            };
            for mask in [None, Some(mask)] {
                let mut expected: Vec<i64> = match &mask {
                    None => view.iter().copied().collect(),
                    Some(mask) => {
                        view.iter().zip(mask).filter(|(_, mask)| mask.get()).map(|(&x, _)| x).collect()
                    }
                };
                expected.sort_unstable();
                let mut array = Strided::from(view.clone());
                if let Some(mask) = mask {
                    array = array.masked(mask.into());
                }
                let array = array.beside(0, &halves.clone().into()).beside(1, &numbers.clone().into());
                for array in [array.clone(), array.in_memory_order().merged().0] {
                    for block in [1, 7, 1000, 4096] {
                        let mut found = Vec::new();
                        let parts = array.parts(10_000);
                        for part in 0..parts.count() {
                            array
                                .part(&parts, part)
                                .blocks_beside(block, &Work::serial(), &mut |slice, beside| {
                                    let [halves, numbers] = beside;
                                    let pairs = halves.typed::<f64>().iter().zip(numbers.typed::<u32>());
                                    for (&x, (&half, &number)) in slice.typed::<i64>().iter().zip(pairs) {
                                        assert_eq!((x as f64 / 2.0, x / 20 % 100 + 1), (half, number.into()));
                                        found.push(x);
                                    }
                                    Ok(())
                                })
                                .expect("nothing fails here");
                        }
                        found.sort_unstable();
                        assert_eq!(found, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn lanes_are_copied_as_their_own_type() {
        let cube = cube();
        let strided = Strided::from(cube.slice(s![3, 5..7, ..;4]).into_dyn());
        let lanes: Vec<_> = strided.lanes().collect();
        assert_eq!(lanes.len(), 2);
        let mut copy = [0i64; 5];
        lanes[1].gather(&mut copy);
        assert_eq!(copy, [6120, 6124, 6128, 6132, 6136]);
        assert!(lanes[1].as_slice().is_none());
    }

    #[test]
    fn work_that_is_to_stop_stops() {
        let cube = Array::<f64, _>::zeros(IxDyn(&[2, 1 << 18]));
        let strided = Strided::from(cube.slice(s![.., ..;2]).into_dyn());
        assert!(strided.blocks(1024, 1024, &Work::stopped(), &mut |_, _| Ok(())).is_err());
    }
}
