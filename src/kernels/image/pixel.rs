//! The values of an image, and how they come into and out of a kernel.
//!
//! A kernel computes in `u8`, `f32` or `f64` ([`ComputeType`]); the elements of the image and of the
//! result may be of any real type ([`Pixel`]). Rows are converted where they are loaded and
//! stored, so a kernel is compiled for a few types and not for every pair of two.

use std::ops::Range;

use half::f16;
use ndarray::{ArrayView3, ArrayViewMut2, Axis, s};

use crate::dtype::{Bool, DType, Element};
use crate::simd::memory;
use crate::simd::{self, Kernel, Simd};

/// The element of an image. Into an integer a value is rounded (half to even) and saturated;
/// NaN becomes 0. Into a bool: true above one half, and for NaN.
pub trait Pixel: Element + Default {
    /// As a byte; used for bytes and bools only.
    fn to_u8(self) -> u8;
    /// As a float.
    fn to_f32(self) -> f32;
    /// As a float.
    fn to_f64(self) -> f64;
    /// From a byte.
    fn from_u8(value: u8) -> Self;
    /// Rounded and saturated.
    fn from_f32(value: f32) -> Self;
    /// Rounded and saturated.
    fn from_f64(value: f64) -> Self;
}

macro_rules! pixels {
    ($($type:ty)*, $from:ident => $rounded:expr) => {$(
        impl Pixel for $type {
            #[inline(always)]
            fn to_u8(self) -> u8 {
                self as u8
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_u8(value: u8) -> Self {
                value as $type
            }
            #[inline(always)]
            fn from_f32($from: f32) -> Self {
                $rounded as $type
            }
            #[inline(always)]
            fn from_f64($from: f64) -> Self {
                $rounded as $type
            }
        }
    )*};
}

pixels! { i8 i16 i32 i64 u8 u16 u32 u64, value => value.round_ties_even() }
pixels! { f32 f64, value => value }

impl Pixel for f16 {
    #[inline(always)]
    fn to_u8(self) -> u8 {
        self.to_f32() as u8
    }
    #[inline(always)]
    fn to_f32(self) -> f32 {
        f16::to_f32(self)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f16::to_f64(self)
    }
    #[inline(always)]
    fn from_u8(value: u8) -> Self {
        f16::from(value)
    }
    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f16::from_f32(value)
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        f16::from_f64(value)
    }
}

impl Pixel for Bool {
    #[inline(always)]
    fn to_u8(self) -> u8 {
        u8::from(self.get())
    }
    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from(self.to_u8())
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self.to_u8())
    }
    #[inline(always)]
    fn from_u8(value: u8) -> Self {
        Bool::from(value != 0)
    }
    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        Bool::from(value > 0.5 || value.is_nan())
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Bool::from(value > 0.5 || value.is_nan())
    }
}

/// Whether single precision is enough to compute with elements of `dtype`: it holds each of
/// them exactly, and rounding errors are far below one step of it.
pub fn is_small(dtype: DType) -> bool {
    dtype == DType::F32 || dtype.size() <= 2
}

/// The type that a kernel computes in.
pub trait ComputeType: Pixel {
    /// The value of a pixel.
    fn of<T: Pixel>(pixel: T) -> Self;
    /// The pixel of a value.
    fn into_pixel<T: Pixel>(self) -> T;
    /// A row of `image`: see [`Source`].
    fn load(image: &dyn Source, y: usize, x: Range<usize>, out: &mut [Self]);
}

macro_rules! lanes {
    ($($type:ty, $to:ident, $from:ident, $load:ident;)*) => {
        $(impl ComputeType for $type {
            #[inline(always)]
            fn of<T: Pixel>(pixel: T) -> Self {
                pixel.$to()
            }
            #[inline(always)]
            fn into_pixel<T: Pixel>(self) -> T {
                T::$from(self)
            }
            fn load(image: &dyn Source, y: usize, x: Range<usize>, out: &mut [Self]) {
                image.$load(y, x, out);
            }
        })*

        /// An image of pixels of any type: rows, columns, channels.
        pub trait Source: Sync {
            /// The lengths of the three axes.
            fn size(&self) -> [usize; 3];
            /// What the pixels are.
            fn dtype(&self) -> DType;
            /// Asks for the memory of the columns `x` of row `y`, where they stand together.
            fn prefetch(&self, y: usize, x: Range<usize>);
            $(
                /// Writes the columns `x` of row `y` to `out`, the channels of a pixel together.
                fn $load(&self, y: usize, x: Range<usize>, out: &mut [$type]);
            )*
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
            $(fn $load(&self, y: usize, x: Range<usize>, out: &mut [$type]) {
                load(self, y, x, out);
            })*
        }
    };
}

lanes! {
    u8, to_u8, from_u8, load_u8;
    f32, to_f32, from_f32, load_f32;
    f64, to_f64, from_f64, load_f64;
}

/// The columns `x` of row `y`; where the image is one piece this is cheaper than to make a view.
fn contiguous<'a, T: Pixel>(image: &'a ArrayView3<'_, T>, y: usize, x: &Range<usize>) -> Option<&'a [T]> {
    let (_, columns, channels) = image.dim();
    Some(&image.as_slice()?[(y * columns + x.start) * channels..(y * columns + x.end) * channels])
}

fn load<T: Pixel, L: ComputeType>(image: &ArrayView3<'_, T>, y: usize, x: Range<usize>, out: &mut [L]) {
    if let Some(from) = contiguous(image, y, &x) {
        return simd::run(Load { from, to: out });
    }
    let row = image.slice(s![y, x, ..]);
    match row.to_slice() {
        Some(from) => simd::run(Load { from, to: out }),
        None => row.iter().zip(out).for_each(|(&pixel, value)| *value = L::of(pixel)),
    }
}

/// Writes the values of a row to `out`, the channels of a pixel together.
pub fn store<L: ComputeType, T: Pixel>(values: &[L], mut out: ArrayViewMut2<'_, T>) {
    match out.as_slice_mut() {
        Some(to) => simd::run(Store { from: values, to }),
        None => {
            // Not `iter_mut`: along the rows of a plane the step is long, and indices are cheap.
            let channels = out.len_of(Axis(1));
            for (mut pixel, values) in out.outer_iter_mut().zip(values.chunks_exact(channels.max(1))) {
                pixel.iter_mut().zip(values).for_each(|(pixel, &value)| *pixel = value.into_pixel());
            }
        }
    }
}

struct Load<'a, T, L> {
    from: &'a [T],
    to: &'a mut [L],
}

impl<T: Pixel, L: ComputeType> Kernel for Load<'_, T, L> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let len = self.from.len().min(self.to.len());
        let (from, to) = (&self.from[..len], &mut self.to[..len]);
        for i in 0..len {
            to[i] = L::of(from[i]);
        }
    }
}

struct Store<'a, L, T> {
    from: &'a [L],
    to: &'a mut [T],
}

impl<L: ComputeType, T: Pixel> Kernel for Store<'_, L, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let len = self.from.len().min(self.to.len());
        let (from, to) = (&self.from[..len], &mut self.to[..len]);
        for i in 0..len {
            to[i] = from[i].into_pixel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_to_even_and_saturate() {
        let values = [-1.0, 0.5, 1.5, 2.500_001, 254.4, 254.5, 300.0, f64::NAN];
        assert_eq!(values.map(u8::from_f64), [0, 0, 2, 3, 254, 254, 255, 0]);
        assert_eq!([-129.0, 127.5].map(i8::from_f32), [-128, 127]);
        assert_eq!(
            [-1.0, 0.5, 0.51, f64::NAN].map(Bool::from_f64),
            [false, false, true, true].map(Bool::from)
        );
        assert_eq!(u64::from_f64(1e30), u64::MAX);
    }
}
