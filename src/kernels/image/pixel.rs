//! The elements of an image, and the types that filters compute in.
//!
//! A filter computes in `u8`, `f32` or `f64` ([`ComputeType`]); the elements of the image and of the
//! result may be of any real type ([`Pixel`]). They are converted where rows are loaded and stored
//! (`rows`), so a filter is compiled for a few types and not for every pair of two.

use std::ops::{Add, Mul, Sub};

use half::f16;
use num_traits::AsPrimitive;

use crate::dtype::{Bool, DType, Element};
use crate::simd::Fused;

/// The element of an image. Into an integer a value is rounded (half to even) and saturated;
/// NaN becomes 0. Into a bool: true above one half, and for NaN.
pub trait Pixel: Element + Default + Convert<u8> + Convert<f32> + Convert<f64> {
    /// From a float.
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Self::from_computed(value)
    }

    /// As a float.
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.to_computed()
    }
}

impl<T: Element + Default + Convert<u8> + Convert<f32> + Convert<f64>> Pixel for T {}

/// To and from a type that is computed in.
pub trait Convert<C> {
    /// The value of a pixel.
    fn to_computed(self) -> C;
    /// The pixel of a value.
    fn from_computed(value: C) -> Self;
}

/// An element that `as` converts: all but [`Bool`].
pub trait Castable: Element {}

impl Castable for i8 {}
impl Castable for i16 {}
impl Castable for i32 {}
impl Castable for i64 {}
impl Castable for u8 {}
impl Castable for u16 {}
impl Castable for u32 {}
impl Castable for u64 {}
impl Castable for f16 {}
impl Castable for f32 {}
impl Castable for f64 {}

impl<T: Castable + AsPrimitive<C>, C: ComputeType + AsPrimitive<T>> Convert<C> for T {
    #[inline(always)]
    fn to_computed(self) -> C {
        self.as_()
    }

    #[inline(always)]
    fn from_computed(value: C) -> T {
        if const { is_float(T::DTYPE) } { value.as_() } else { value.round_ties_even().as_() }
    }
}

impl<C: ComputeType> Convert<C> for Bool
where
    u8: AsPrimitive<C>,
{
    #[inline(always)]
    fn to_computed(self) -> C {
        u8::from(self.get()).as_()
    }

    #[inline(always)]
    #[allow(clippy::neg_cmp_op_on_partial_ord)] // A NaN is neither below nor at one half.
    fn from_computed(value: C) -> Bool {
        Bool::from(!(value <= C::HALF))
    }
}

/// The type that a filter computes in.
pub trait ComputeType: Pixel + PartialOrd {
    /// One half, rounded down.
    const HALF: Self;
    /// Rounded to an integer.
    fn round_ties_even(self) -> Self;
    /// A row of values, to be converted and stored.
    fn row(values: &[Self]) -> Row<'_>;
    /// A row of values, to be loaded and converted.
    fn row_mut(values: &mut [Self]) -> RowMut<'_>;
}

/// Values of a type that is computed in. A filter that computes in another one, such as the median
/// of integers in their own, adds its variant here, and an arm where `rows` loads and stores.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// For images of bytes.
    U8(&'a [u8]),
    /// For elements that [fit](fits_f32).
    F32(&'a [f32]),
    /// For all others.
    F64(&'a [f64]),
}

/// As [`Row`], to be filled.
#[derive(Debug)]
pub enum RowMut<'a> {
    /// From images of bytes.
    U8(&'a mut [u8]),
    /// From elements that [fit](fits_f32).
    F32(&'a mut [f32]),
    /// From any elements.
    F64(&'a mut [f64]),
}

impl ComputeType for u8 {
    const HALF: u8 = 0;

    #[inline(always)]
    fn round_ties_even(self) -> u8 {
        self
    }

    #[inline]
    fn row(values: &[u8]) -> Row<'_> {
        Row::U8(values)
    }

    #[inline]
    fn row_mut(values: &mut [u8]) -> RowMut<'_> {
        RowMut::U8(values)
    }
}

impl ComputeType for f32 {
    const HALF: f32 = 0.5;

    #[inline(always)]
    fn round_ties_even(self) -> f32 {
        self.round_ties_even()
    }

    #[inline]
    fn row(values: &[f32]) -> Row<'_> {
        Row::F32(values)
    }

    #[inline]
    fn row_mut(values: &mut [f32]) -> RowMut<'_> {
        RowMut::F32(values)
    }
}

impl ComputeType for f64 {
    const HALF: f64 = 0.5;

    #[inline(always)]
    fn round_ties_even(self) -> f64 {
        self.round_ties_even()
    }

    #[inline]
    fn row(values: &[f64]) -> Row<'_> {
        Row::F64(values)
    }

    #[inline]
    fn row_mut(values: &mut [f64]) -> RowMut<'_> {
        RowMut::F64(values)
    }
}

/// A float to compute with.
pub trait Real: ComputeType + Fused + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// Zero.
    const ZERO: Self;
    /// The largest finite value.
    const MAX: Self;
    /// Squares below it may have lost digits of what was squared.
    const SMALLEST_SQUARE: Self;
    /// A power of two: sums and differences of eight numbers that are multiplied by it are in the range of a double.
    const SCALE: f64;
    /// The square root.
    fn square_root(self) -> Self;

    /// Whether it is neither infinite nor NaN.
    #[inline(always)]
    fn is_finite(self) -> bool {
        (self <= Self::MAX) & (self >= Self::ZERO - Self::MAX)
    }

    /// Whether it is NaN.
    #[inline(always)]
    fn is_nan(self) -> bool {
        !((self <= Self::ZERO) | (self >= Self::ZERO))
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const MAX: f32 = f32::MAX;
    const SMALLEST_SQUARE: f32 = 2e-31;
    const SCALE: f64 = 1.0;

    #[inline(always)]
    fn square_root(self) -> f32 {
        self.sqrt()
    }
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const MAX: f64 = f64::MAX;
    const SMALLEST_SQUARE: f64 = 1e-290;
    const SCALE: f64 = 0.0625;

    #[inline(always)]
    fn square_root(self) -> f64 {
        self.sqrt()
    }
}

/// Whether single precision is enough to compute with elements of `dtype`: it holds each of
/// them exactly, and rounding errors are far below the distance between two of them.
pub const fn fits_f32(dtype: DType) -> bool {
    use DType::{Bool, F16, F32, I8, I16, U8, U16};
    matches!(dtype, Bool | I8 | U8 | I16 | U16 | F16 | F32)
}

/// As [`DType::kind`], which is no constant.
const fn is_float(dtype: DType) -> bool {
    use DType::{F16, F32, F64};
    matches!(dtype, F16 | F32 | F64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Kind;

    #[test]
    fn values_round_to_even_and_saturate() {
        let values = [-1.0, 0.5, 1.5, 2.500_001, 254.4, 254.5, 300.0, f64::NAN];
        assert_eq!(values.map(u8::from_f64), [0, 0, 2, 3, 254, 254, 255, 0]);
        assert_eq!([-129.0f32, 127.5].map(i8::from_computed), [-128, 127]);
        assert_eq!(
            [-1.0, 0.5, 0.51, f64::NAN].map(Bool::from_f64),
            [false, false, true, true].map(Bool::from)
        );
        assert_eq!([0u8, 1].map(Bool::from_computed), [false, true].map(Bool::from));
        assert_eq!(u64::from_f64(1e30), u64::MAX);
    }

    #[test]
    fn dtypes_are_told_apart_at_compile_time() {
        for &dtype in DType::ALL {
            assert_eq!(fits_f32(dtype), dtype == DType::F32 || dtype.size() <= 2, "{dtype:?}");
            assert_eq!(is_float(dtype), dtype.kind() == Kind::Float, "{dtype:?}");
        }
    }
}
