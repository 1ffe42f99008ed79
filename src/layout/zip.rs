//! Arrays of one shape walked together, one of which is written: element-wise functions.
//!
//! The output decides on the order. What is contiguous is handed on as it lies, what is repeated as
//! a scalar, anything else through buffers of one block: so is what is of another type, which is converted there.
//!
//! `unsafe`, as in `strided`; also each part of the output is written by one thread.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use ndarray::ArrayViewD;

use super::convert::{Convert, convert};
use super::elements::{Elements, ElementsMut};
use super::gather::{gather, scatter};
use super::order::{ARRAYS, Order, Parts};
use super::slice::AnySlice;
use crate::alloc::{try_filled, try_vec};
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::parallel::{Pacer, Work};

/// Elements of a block that is copied: with several arrays it stays in the first-level cache.
const BLOCK: usize = 512;

/// An array that is read.
#[derive(Debug, Clone)]
pub enum Source<'a, T> {
    /// The same element everywhere.
    Scalar(T),
    /// An element each: contiguous ones of the shape of the output, or a view that broadcasts to it.
    Array(Elements<'a, T>),
    /// The same of another type, which is promoted to this one.
    Cast(Cast<'a, T>),
    /// What is overwritten.
    Out,
}

/// A view of elements that are converted to `T`, block by block.
#[derive(Debug, Clone)]
pub struct Cast<'a, T> {
    first: *const u8,
    shape: Vec<usize>,
    strides: Vec<isize>,
    dtype: DType,
    convert: fn(AnySlice<'_>, &mut [T]),
    elements: PhantomData<&'a [u8]>,
}

// SAFETY: it stands for an `ArrayViewD<S>` with `S: Element`, and every element type is `Sync`.
unsafe impl<T> Send for Cast<'_, T> {}

impl<'a, T: Convert> Source<'a, T> {
    /// What is to be converted.
    pub fn cast<S: Element>(view: &ArrayViewD<'a, S>) -> Self {
        Source::Cast(Cast {
            first: view.as_ptr().cast(),
            shape: view.shape().to_vec(),
            strides: view.strides().to_vec(),
            dtype: S::DTYPE,
            convert: convert::<T>,
            elements: PhantomData,
        })
    }
}

/// Some elements of a [`Source`].
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a, T> {
    /// The same element everywhere.
    Scalar(T),
    /// An element each.
    Slice(&'a [T]),
    /// What is overwritten.
    Out,
}

/// Calls `function` with pieces of all arrays until the output, of this shape, is written. The parts
/// that threads take have about `part` elements.
///
/// # Panics
/// If a source does not broadcast to the shape, or the output has another one.
pub fn zip<T: Element, const N: usize>(
    sources: [Source<'_, T>; N],
    out: ElementsMut<'_, T>,
    shape: &[usize],
    part: usize,
    work: &Work<'_>,
    function: impl Fn([Piece<'_, T>; N], &mut [T]) + Sync,
) -> Result<()> {
    const { assert!(N < ARRAYS) };
    let (out, mut order) = match out {
        ElementsMut::Contiguous(slice) => {
            assert!(slice.len() == shape.iter().product::<usize>());
            (slice.as_mut_ptr(), Order::contiguous(shape))
        }
        ElementsMut::Strided(mut view) => {
            assert!(view.shape() == shape);
            (view.as_mut_ptr(), Order::new(shape, view.strides()))
        }
    };
    let mut firsts = [None; ARRAYS];
    let mut casts = [const { None }; N];
    let mut dtypes = [None; ARRAYS];
    for (index, source) in sources.iter().enumerate() {
        match source {
            Source::Scalar(scalar) => firsts[index] = Some(std::ptr::from_ref(scalar).cast()),
            Source::Array(Elements::Contiguous(slice)) => {
                assert!(slice.len() == shape.iter().product::<usize>());
                let contiguous = Order::contiguous(shape);
                let strides: Vec<isize> = contiguous.axes.iter().map(|axis| axis.strides[0]).collect();
                order.add(index + 1, shape, &strides);
                firsts[index] = Some(slice.as_ptr().cast());
            }
            Source::Array(Elements::Strided(view)) => {
                order.add(index + 1, view.shape(), view.strides());
                firsts[index] = Some(view.as_ptr().cast());
            }
            Source::Cast(cast) => {
                order.add(index + 1, &cast.shape, &cast.strides);
                firsts[index] = Some(cast.first);
                (casts[index], dtypes[index]) = (Some(cast.convert), Some(cast.dtype));
            }
            // Nothing to be read by itself; with the output's strides it keeps no axes from merging.
            Source::Out => order.axes.iter_mut().for_each(|axis| axis.strides[index + 1] = axis.strides[0]),
        }
    }
    let arrays = Arrays { out: out.cast(), firsts, dtypes, count: N, size: size_of::<T>(), order };
    let convert = |index: usize, from: AnySlice<'_>, into: *mut u8| {
        let convert: fn(AnySlice<'_>, &mut [T]) = casts[index].expect("a source with a dtype is converted");
        // SAFETY: a buffer for as many elements, which nobody else uses.
        convert(from, unsafe { std::slice::from_raw_parts_mut(into.cast(), from.len()) });
    };
    // SAFETY: the pointers and strides are those of the views, which live as long as this call; a
    // mutable view has each element once, and nothing else reads or writes it.
    unsafe {
        arrays.walk(part, work, &convert, &|pieces, out, len| {
            let piece = |index: usize| match pieces[index] {
                RawPiece::Scalar(scalar) => Piece::Scalar(*scalar.cast::<T>()),
                RawPiece::Slice(first) => Piece::Slice(std::slice::from_raw_parts(first.cast(), len)),
                RawPiece::Out => Piece::Out,
            };
            function(std::array::from_fn(piece), std::slice::from_raw_parts_mut(out.cast(), len));
        })
    }
}

#[derive(Clone, Copy)]
enum RawPiece {
    Scalar(*const u8),
    Slice(*const u8),
    Out,
}

/// The output and what is read, all of elements of one size.
struct Arrays {
    out: *mut u8,
    /// The first element of each source; `None` is the output.
    firsts: [Option<*const u8>; ARRAYS],
    /// Of what elements a source is, where these are converted.
    dtypes: [Option<DType>; ARRAYS],
    /// How many sources.
    count: usize,
    size: usize,
    /// Of the output, then of the sources.
    order: Order,
}

// SAFETY: each thread writes to parts of the output of its own; all else is read. Elements are `Sync`
// and `Send`.
unsafe impl Sync for Arrays {}

/// Takes aligned pieces, a target, and the number of elements of each.
type Function<'a> = dyn Fn(&[RawPiece; ARRAYS], *mut u8, usize) + Sync + 'a;

/// Converts elements of the source at an index, into a buffer.
type Conversion<'a> = dyn Fn(usize, AnySlice<'_>, *mut u8) + Sync + 'a;

impl Arrays {
    /// # Safety
    /// The first elements and the strides are those of arrays that live as long as this call, the
    /// output's of one that is borrowed mutably. Scalars have no strides.
    unsafe fn walk(
        mut self,
        part: usize,
        work: &Work<'_>,
        convert: &Conversion<'_>,
        function: &Function<'_>,
    ) -> Result<()> {
        if self.order.len() == 0 {
            return Ok(());
        }
        self.order.sort();
        self.order.merge();
        let parts = Parts::new(&self.order, part);
        let this = &self;
        work.for_each(parts.count(), |index| {
            // SAFETY: the parts have no element in common, and each index comes once.
            unsafe { this.walk_part(&this.order.part(&parts, index), work, convert, function) }
        })
    }

    /// # Safety
    /// As [`Arrays::walk`]; no other thread has a part with elements of this one.
    unsafe fn walk_part(
        &self,
        order: &Order,
        work: &Work<'_>,
        convert: &Conversion<'_>,
        function: &Function<'_>,
    ) -> Result<()> {
        let (lines, inner) = order.lines();
        let is_direct = inner.strides[0] == 1 || inner.len == 1;
        let is_copied = |index: usize| match self.firsts[index] {
            Some(_) if self.dtypes[index].is_some() => true,
            Some(_) => !(0..=1).contains(&inner.strides[index + 1]) && inner.len > 1,
            None => false,
        };
        let mut buffers: Vec<Vec<u128>> = try_vec(self.count + 1)?;
        for index in 0..self.count {
            buffers.push(self.buffer(is_copied(index))?);
        }
        let mut target = self.buffer(!is_direct)?;
        // What is converted may have to be gathered first, and is of a size of its own.
        let casts = (0..self.count).any(|index| self.dtypes[index].is_some());
        let mut scattered = try_filled(if casts { BLOCK } else { 0 }, 0u128)?;
        let copies = !is_direct || (0..self.count).any(is_copied);
        let reads_out = (0..self.count).any(|index| self.firsts[index].is_none());
        let mut pacer = Pacer::new(work);
        let at = |offset: isize, stride: isize, index: usize, size: usize| {
            offset.wrapping_add(stride.wrapping_mul(index as isize)).wrapping_mul(size as isize)
        };
        for offsets in lines {
            let mut start = 0;
            while start < inner.len {
                let len = if copies { BLOCK.min(inner.len - start) } else { inner.len };
                let mut pieces = [RawPiece::Out; ARRAYS];
                for index in 0..self.count {
                    let Some(first) = self.firsts[index] else { continue };
                    let stride = inner.strides[index + 1];
                    let size = self.dtypes[index].map_or(self.size, DType::size);
                    let first = first.wrapping_offset(at(offsets[index + 1], stride, start, size));
                    pieces[index] = if let Some(dtype) = self.dtypes[index] {
                        let buffer = buffers[index].as_mut_ptr().cast();
                        let is_repeated = stride == 0 && inner.len > 1;
                        let count = if is_repeated { 1 } else { len };
                        let mut from = first;
                        // SAFETY: as below, for elements of this dtype, none of which is larger than those of the
                        // buffers.
                        let from = unsafe {
                            if stride != 1 && count > 1 {
                                gather(first, stride, size, count, scattered.as_mut_ptr().cast());
                                from = scattered.as_ptr().cast();
                            }
                            AnySlice::from_raw(from, count, dtype)
                        };
                        convert(index, from, buffer);
                        if is_repeated { RawPiece::Scalar(buffer) } else { RawPiece::Slice(buffer) }
                    } else if is_copied(index) {
                        let buffer = buffers[index].as_mut_ptr().cast();
                        // SAFETY: `len` elements of this array from index `start` of the line on; the
                        // buffer holds a block of them.
                        unsafe { gather(first, stride, self.size, len, buffer) };
                        RawPiece::Slice(buffer.cast_const())
                    } else if stride == 0 && inner.len > 1 {
                        RawPiece::Scalar(first)
                    } else {
                        RawPiece::Slice(first)
                    };
                }
                let out = self.out.wrapping_offset(at(offsets[0], inner.strides[0], start, self.size));
                if is_direct {
                    function(&pieces, out, len);
                } else {
                    let buffer: *mut u8 = target.as_mut_ptr().cast();
                    // SAFETY: as above, for elements of the output, which only this thread uses.
                    unsafe {
                        if reads_out {
                            gather(out, inner.strides[0], self.size, len, buffer);
                        }
                        function(&pieces, buffer, len);
                        scatter(buffer, self.size, len, out, inner.strides[0]);
                    }
                }
                start += len;
                pacer.spend(len)?;
            }
        }
        Ok(())
    }

    fn buffer(&self, is_used: bool) -> Result<Vec<u128>> {
        let len = if is_used { (BLOCK * self.size).div_ceil(size_of::<u128>()) } else { 0 };
        try_filled(len, 0)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, ArrayViewD, ArrayViewMutD, IxDyn, s};

    use super::*;

    /// `out = 2 a + 3 b` by pieces.
    fn combine([a, b]: [Piece<'_, i64>; 2], out: &mut [i64]) {
        for i in 0..out.len() {
            let [a, b] = [a, b].map(|piece| match piece {
                Piece::Scalar(scalar) => scalar,
                Piece::Slice(slice) => {
                    assert_eq!(slice.len(), out.len());
                    slice[i]
                }
                Piece::Out => out[i],
            });
            out[i] = 2 * a + 3 * b;
        }
    }

    fn check(a: ArrayViewD<'_, i64>, b: ArrayViewD<'_, i64>, mut out: ArrayViewMutD<'_, i64>) {
        let shape = out.shape().to_vec();
        let [wide_a, wide_b] = [&a, &b].map(|view| view.broadcast(shape.clone()).expect("fits").to_owned());
        let before = Array::from_shape_fn(out.raw_dim(), |i| 17 + wide_a[&i]);
        for (workers, part) in [(1, 1 << 16), (3, 50), (2, 1)] {
            let work = Work::with_threads(workers);
            let mut run = |sources: [Source<'_, i64>; 2], expected: &ArrayD<i64>| {
                out.assign(&before);
                zip(sources, out.view_mut().into(), &shape, part, &work, combine)
                    .expect("nothing fails here");
                assert_eq!(out, expected);
            };
            let (x, y) = (|| source(&a, &shape), || source(&b, &shape));
            run([x(), y()], &(&wide_a * 2 + &wide_b * 3));
            run([Source::Out, y()], &(&before * 2 + &wide_b * 3));
            run([x(), Source::Out], &(&wide_a * 2 + &before * 3));
            run([Source::Out, Source::Out], &(&before * 5));
            run([x(), Source::Scalar(7)], &(&wide_a * 2 + 21));
            run([Source::Scalar(7), Source::Scalar(1)], &before.mapv(|_| 17));
            let (small_a, small_b) = (a.mapv(|a| a as i32), b.mapv(|b| b as i32));
            let reversed = small_a.view().reversed_axes().as_standard_layout().into_owned();
            for small in [small_a.view(), reversed.view().reversed_axes()] {
                run([Source::cast(&small), y()], &(&wide_a * 2 + &wide_b * 3));
                run([Source::cast(&small), Source::Out], &(&wide_a * 2 + &before * 3));
                run([Source::cast(&small), Source::cast(&small_b.view())], &(&wide_a * 2 + &wide_b * 3));
            }
        }
    }

    fn source<'a>(view: &ArrayViewD<'a, i64>, shape: &[usize]) -> Source<'a, i64> {
        Source::Array(if view.shape() == shape {
            view.clone().into()
        } else {
            Elements::Strided(view.clone())
        })
    }

    #[test]
    fn every_element_is_written_once_whatever_the_layouts() {
        let shape = IxDyn(&[5, 7, 30]);
        let a = Array::from_shape_fn(shape.clone(), |i| (i[0] * 7919 + i[1] * 31 + i[2]) as i64);
        let b = Array::from_shape_fn(shape.clone(), |i| (i[0] + i[1] * 104_729 + i[2] * 3) as i64);
        let mut out = Array::zeros(shape.clone());
        check(a.view(), b.view(), out.view_mut());
        check(a.slice(s![..;-1, .., ..;-1]).into_dyn(), b.view(), out.view_mut());
        check(a.view(), b.slice(s![0, 0, ..]).into_dyn(), out.view_mut());
        check(a.view(), b.slice(s![0..1, 3..4, 2..3]).into_dyn(), out.view_mut());
        check(a.slice(s![.., .., 0..1]).into_dyn(), b.view(), out.view_mut());
        check(a.view(), b.view(), out.slice_mut(s![.., ..;-1, ..;-1]).into_dyn());
        let mut reversed = Array::zeros(IxDyn(&[30, 7, 5]));
        check(a.view(), b.view(), reversed.view_mut().reversed_axes());
        check(a.view().reversed_axes(), b.view().reversed_axes(), reversed.view_mut());
        let mut spread = Array::zeros(IxDyn(&[10, 7, 90]));
        check(a.view(), b.view(), spread.slice_mut(s![..;2, .., ..;3]).into_dyn());
        let long = Array::from_iter(0..3 * BLOCK as i64).into_dyn();
        let mut target = Array::zeros(IxDyn(&[BLOCK]));
        check(long.slice(s![..;3]).into_dyn(), long.slice(s![..BLOCK;-1]).into_dyn(), target.view_mut());
        let none = Array::zeros(IxDyn(&[0, 3]));
        check(none.view(), none.view(), none.clone().view_mut());
        let one = Array::from_elem(IxDyn(&[]), 7);
        check(one.view(), one.view(), one.clone().view_mut());
    }
}
