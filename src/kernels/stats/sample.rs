//! How an element is read: the type it is compared in, and its distance from an origin as `f64`.

use half::f16;

use crate::dtype::{Bool, Element};

/// A type in which minimum and maximum are kept.
pub trait Key: Copy + PartialOrd + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Not less than any element: where a minimum starts.
    const HIGHEST: Self;
    /// Not greater than any element: where a maximum starts.
    const LOWEST: Self;
    /// NaN, if the type has one.
    const NAN: Option<Self>;

    /// The lesser of two; NaN if one of them is.
    #[inline(always)]
    fn least(self, other: Self) -> Self {
        if other < self || other.is_nan() { other } else { self }
    }

    /// The greater of two; NaN if one of them is.
    #[inline(always)]
    fn greatest(self, other: Self) -> Self {
        if other > self || other.is_nan() { other } else { self }
    }

    /// Whether this is NaN.
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn is_nan(self) -> bool {
        self != self
    }
}

/// An element of an array of real numbers.
pub trait Sample: Element {
    /// What elements are compared as.
    type Key: Key;

    /// Whether the element is an `f64` already, and a slice can be read as it lies.
    const IS_F64: bool = false;

    /// Whether elements have an origin other than zero: see [`Sample::wide`].
    const HAS_ORIGIN: bool = false;

    /// The element to be compared.
    fn key(self) -> Self::Key;

    /// The element again.
    fn from_key(key: Self::Key) -> Self;

    /// The distance from `origin`, rounded at most once. Only elements that an `f64` does not
    /// hold exactly, 64-bit integers, have an origin other than zero.
    fn wide(key: Self::Key, origin: Self::Key) -> f64;

    /// The origin to use for elements like this one.
    #[inline(always)]
    fn origin(_like: Self::Key) -> Self::Key {
        Self::Key::default()
    }

    /// The origin as the sum of two floats.
    #[inline(always)]
    fn split(_origin: Self::Key) -> (f64, f64) {
        (0.0, 0.0)
    }

    /// The slice itself if it is one of `f64`.
    #[inline(always)]
    fn as_f64(_slice: &[Self]) -> &[f64] {
        &[]
    }
}

macro_rules! key {
    ($($type:ty, $low:expr, $high:expr, $nan:expr;)*) => {
        $(impl Key for $type {
            const HIGHEST: Self = $high;
            const LOWEST: Self = $low;
            const NAN: Option<Self> = $nan;
        })*
    };
}

key! {
    f32, f32::NEG_INFINITY, f32::INFINITY, Some(f32::NAN);
    f64, f64::NEG_INFINITY, f64::INFINITY, Some(f64::NAN);
    i8, i8::MIN, i8::MAX, None;
    i16, i16::MIN, i16::MAX, None;
    i32, i32::MIN, i32::MAX, None;
    i64, i64::MIN, i64::MAX, None;
    u8, u8::MIN, u8::MAX, None;
    u16, u16::MIN, u16::MAX, None;
    u32, u32::MIN, u32::MAX, None;
    u64, u64::MIN, u64::MAX, None;
}

/// Types that an `f64` holds exactly.
macro_rules! exact {
    ($($type:ty)*) => {
        $(impl Sample for $type {
            type Key = $type;
            #[inline(always)]
            fn key(self) -> $type { self }
            #[inline(always)]
            fn from_key(key: $type) -> $type { key }
            #[inline(always)]
            fn wide(key: $type, _origin: $type) -> f64 { f64::from(key) }
        })*
    };
}

exact! { i8 i16 i32 u8 u16 u32 f32 }

impl Sample for f64 {
    type Key = f64;
    const IS_F64: bool = true;
    #[inline(always)]
    fn key(self) -> f64 {
        self
    }
    #[inline(always)]
    fn from_key(key: f64) -> f64 {
        key
    }
    #[inline(always)]
    fn wide(key: f64, _origin: f64) -> f64 {
        key
    }
    #[inline(always)]
    fn as_f64(slice: &[f64]) -> &[f64] {
        slice
    }
}

/// 64-bit integers: each half of 32 bits is exact as an `f64`, and so is the difference of two
/// such halves; the two are added with one rounding. Nothing overflows, whatever the range.
macro_rules! long {
    ($($type:ty, $half:ty;)*) => {
        $(impl Sample for $type {
            type Key = $type;
            const HAS_ORIGIN: bool = true;
            #[inline(always)]
            fn key(self) -> $type { self }
            #[inline(always)]
            fn from_key(key: $type) -> $type { key }
            #[inline(always)]
            fn wide(key: $type, origin: $type) -> f64 {
                let (high, low) = Self::split(key);
                let (origin_high, origin_low) = Self::split(origin);
                (high - origin_high) + (low - origin_low)
            }
            #[inline(always)]
            fn origin(like: $type) -> $type {
                // Smaller numbers are exact as they are.
                if (like as i128).abs() < 1 << 51 { 0 } else { like }
            }
            #[inline(always)]
            fn split(origin: $type) -> (f64, f64) {
                (f64::from((origin >> 32) as $half) * 4294967296.0, f64::from(origin as u32))
            }
        })*
    };
}

long! { i64, i32; u64, u32; }

impl Sample for Bool {
    type Key = u8;
    #[inline(always)]
    fn key(self) -> u8 {
        u8::from(self.get())
    }
    #[inline(always)]
    fn from_key(key: u8) -> Bool {
        Bool(key)
    }
    #[inline(always)]
    fn wide(key: u8, _origin: u8) -> f64 {
        f64::from(key)
    }
}

impl Sample for f16 {
    type Key = f32;
    #[inline(always)]
    fn key(self) -> f32 {
        crate::simd::half::to_f32(self)
    }
    #[inline(always)]
    fn from_key(key: f32) -> f16 {
        f16::from_f32(key)
    }
    #[inline(always)]
    fn wide(key: f32, _origin: f32) -> f64 {
        f64::from(key)
    }
}
