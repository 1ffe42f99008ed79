//! Rows of images of any element type, loaded into and stored from the types that are computed in.
//!
//! Filters see images and results as [`Source`] and [`Target`], whose methods are called once for a
//! row of some hundred elements: only what converts a row is compiled for each element type.

use std::ops::Range;

use ndarray::{ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis, s};

use super::pixel::{Convert, Pixel, Row, RowMut, fits_f32};
use crate::dtype::{DType, Kind};
use crate::simd::{self, Kernel, Simd, memory};

/// An image of pixels of any type: rows, columns, channels.
pub trait Source: Sync {
    /// The lengths of the three axes.
    fn size(&self) -> [usize; 3];
    /// What the pixels are.
    fn dtype(&self) -> DType;
    /// Prefetches the columns `x` of row `y`, where they are contiguous.
    fn prefetch(&self, y: usize, x: Range<usize>);
    /// Writes the columns `x` of row `y` to `out`, the channels of a pixel together.
    fn load(&self, y: usize, x: Range<usize>, out: RowMut<'_>);
    /// See [`anchor`].
    fn anchor(&self) -> Option<i128>;
    /// As `load`, less the anchor.
    fn load_less(&self, anchor: i128, y: usize, x: Range<usize>, out: &mut [f64]);
}

/// A result of pixels of any type: rows, columns, channels.
pub trait Target: Send {
    /// The lengths of the three axes.
    fn size(&self) -> [usize; 3];
    /// What the pixels are.
    fn dtype(&self) -> DType;
    /// What is before `index` of an axis, and what is not.
    fn split_at<'s>(self: Box<Self>, axis: Axis, index: usize) -> [Box<dyn Target + 's>; 2]
    where
        Self: 's;
    /// Writes the values of row `y`, the channels of a pixel together; past the caches, if they
    /// are to be `streamed` and of the type of the pixels.
    fn store(&mut self, y: usize, values: Row<'_>, streamed: bool);
    /// Writes values of row `y` to which the anchor is added first.
    fn store_plus(&mut self, anchor: i128, y: usize, values: &[f64]);
}

impl<T: Pixel> Source for ArrayView3<'_, T> {
    fn size(&self) -> [usize; 3] {
        self.dim().into()
    }

    fn dtype(&self) -> DType {
        T::DTYPE
    }

    fn prefetch(&self, y: usize, x: Range<usize>) {
        if let Some(row) = contiguous(self, y, &x) {
            memory::prefetch(row);
        }
    }

    fn load(&self, y: usize, x: Range<usize>, out: RowMut<'_>) {
        match out {
            RowMut::U8(out) if const { matches!(T::DTYPE, DType::U8) } => load(self, y, x, out),
            RowMut::F32(out) if const { fits_f32(T::DTYPE) } => load(self, y, x, out),
            RowMut::F64(out) => load(self, y, x, out),
            out => unreachable!("{:?} loaded into {out:?}", T::DTYPE),
        }
    }

    fn anchor(&self) -> Option<i128> {
        anchor(self)
    }

    fn load_less(&self, anchor: i128, y: usize, x: Range<usize>, out: &mut [f64]) {
        for (&pixel, value) in self.slice(s![y, x, ..]).iter().zip(out) {
            *value = wide(pixel).map_or(0.0, |pixel| (pixel - anchor) as f64);
        }
    }
}

impl<T: Pixel> Target for ArrayViewMut3<'_, T> {
    fn size(&self) -> [usize; 3] {
        self.dim().into()
    }

    fn dtype(&self) -> DType {
        T::DTYPE
    }

    fn split_at<'s>(self: Box<Self>, axis: Axis, index: usize) -> [Box<dyn Target + 's>; 2]
    where
        Self: 's,
    {
        let (before, after) = (*self).split_at(axis, index);
        [Box::new(before), Box::new(after)]
    }

    fn store(&mut self, y: usize, values: Row<'_>, streamed: bool) {
        let row = self.index_axis_mut(Axis(0), y);
        match values {
            Row::U8(values) if const { matches!(T::DTYPE, DType::U8) } => store(values, row, streamed),
            Row::F32(values) if const { fits_f32(T::DTYPE) } => store(values, row, streamed),
            Row::F64(values) => store(values, row, streamed),
            values => unreachable!("{:?} stored from {values:?}", T::DTYPE),
        }
    }

    fn store_plus(&mut self, anchor: i128, y: usize, values: &[f64]) {
        for (pixel, &value) in self.index_axis_mut(Axis(0), y).iter_mut().zip(values) {
            *pixel = plus(anchor, value);
        }
    }
}

/// What to take from all pixels, and to add to results again, so that no digits are lost.
///
/// Only integers of 64 bits have more digits than a float64. Where all of an image are far from zero and near each
/// other, as times in nanoseconds are, their differences from one of them are exact, and a filter of these is as good.
fn anchor<T: Pixel>(image: &ArrayView3<'_, T>) -> Option<i128> {
    /// Differences up to it are exact, and so are integers.
    const EXACT: u128 = 1 << 53;
    let anchor = wide(*image.first()?)?;
    let are_near = || {
        let near = |&pixel: &T| wide(pixel).is_some_and(|pixel| pixel.abs_diff(anchor) <= EXACT);
        image.iter().all(near)
    };
    (anchor.unsigned_abs() > EXACT / 2 && are_near()).then_some(anchor)
}

/// A pixel of 64 bits, if it is an integer.
#[inline(always)]
fn wide<T: Pixel>(pixel: T) -> Option<i128> {
    let pixel = [pixel];
    match memory::same_type::<T, i64>(&pixel) {
        Some(&[pixel]) => Some(pixel.into()),
        _ => match memory::same_type::<T, u64>(&pixel) {
            Some(&[pixel]) => Some(pixel.into()),
            _ => None,
        },
    }
}

/// The pixel for `anchor + value`.
fn plus<T: Pixel>(anchor: i128, value: f64) -> T {
    if T::DTYPE.kind() == Kind::Float {
        return T::from_f64(anchor as f64 + value);
    }
    // A float becomes an integer as near to it as there is one, and NaN zero.
    let sum = if value.is_nan() { 0 } else { anchor.saturating_add(value.round_ties_even() as i128) };
    let signed = [sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64];
    let unsigned = [sum.clamp(0, u64::MAX.into()) as u64];
    match (memory::same_type::<i64, T>(&signed), memory::same_type::<u64, T>(&unsigned)) {
        (Some(&[pixel]), _) | (_, Some(&[pixel])) => pixel,
        _ => T::from_f64(sum as f64),
    }
}

/// The columns `x` of row `y`; where the image is contiguous this is cheaper than to make a view.
fn contiguous<'a, T>(image: &'a ArrayView3<'_, T>, y: usize, x: &Range<usize>) -> Option<&'a [T]> {
    let (_, columns, channels) = image.dim();
    Some(&image.as_slice()?[(y * columns + x.start) * channels..(y * columns + x.end) * channels])
}

fn load<T: Pixel + Convert<C>, C: Copy + 'static>(
    image: &ArrayView3<'_, T>,
    y: usize,
    x: Range<usize>,
    to: &mut [C],
) {
    if let Some(from) = contiguous(image, y, &x) {
        return load_slice(from, to);
    }
    let row = image.slice(s![y, x, ..]);
    match row.to_slice() {
        Some(from) => load_slice(from, to),
        None => row.iter().zip(to).for_each(|(&pixel, value)| *value = pixel.to_computed()),
    }
}

/// Rows of the type that is computed in are short copies: to enter a level would take longer.
#[inline]
fn load_slice<T: Pixel + Convert<C>, C: Copy + 'static>(from: &[T], to: &mut [C]) {
    match memory::same_type(from) {
        Some(from) => to.copy_from_slice(from),
        None => simd::run(Load { from, to }),
    }
}

fn store<T: Pixel + Convert<C>, C: Copy + 'static>(
    from: &[C],
    mut row: ArrayViewMut2<'_, T>,
    streamed: bool,
) {
    let Some(to) = row.as_slice_mut() else {
        // Not `iter_mut`: along the rows of a plane the stride is long, and indices are cheap.
        let channels = row.len_of(Axis(1));
        for (mut pixel, values) in row.outer_iter_mut().zip(from.chunks_exact(channels.max(1))) {
            pixel.iter_mut().zip(values).for_each(|(pixel, &value)| *pixel = T::from_computed(value));
        }
        return;
    };
    match memory::same_type(from) {
        Some(from) if streamed => memory::stream(from, to),
        Some(from) => to.copy_from_slice(from),
        None => simd::run(Store { from, to }),
    }
}

struct Load<'a, T, C> {
    from: &'a [T],
    to: &'a mut [C],
}

impl<T: Convert<C> + Copy, C> Kernel for Load<'_, T, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let len = self.from.len().min(self.to.len());
        let (from, to) = (&self.from[..len], &mut self.to[..len]);
        for i in 0..len {
            to[i] = from[i].to_computed();
        }
    }
}

struct Store<'a, C, T> {
    from: &'a [C],
    to: &'a mut [T],
}

impl<C: Copy, T: Convert<C>> Kernel for Store<'_, C, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let len = self.from.len().min(self.to.len());
        let (from, to) = (&self.from[..len], &mut self.to[..len]);
        for i in 0..len {
            to[i] = T::from_computed(from[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn rows_are_stored_past_the_caches_as_well() {
        let mut out = Array3::<u8>::zeros((2, 50, 3));
        let values: [u8; 150] = std::array::from_fn(|i| i as u8);
        let mut target = out.view_mut();
        target.store(0, Row::U8(&values), true);
        target.store(1, Row::F32(&values.map(f32::from)), true);
        assert!(out.rows().into_iter().flatten().eq(values.iter().chain(&values)));
        // The rows of a plane are not contiguous.
        let mut out = Array3::<u8>::zeros((3, 50, 1));
        out.view_mut().permuted_axes([1, 0, 2]).store(7, Row::U8(&[1, 2, 3]), true);
        assert_eq!([out[[0, 7, 0]], out[[1, 7, 0]], out[[2, 7, 0]]], [1, 2, 3]);
    }
}
