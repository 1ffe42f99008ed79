//! How an element is read: the type it is compared in, and its distance from an origin as `f64`.

use half::f16;

use super::center::Center;
use super::central::CentralMoments;
use super::integers::IntegerSums;
use crate::dtype::{Bool, Element};

/// A type in which minimum and maximum are kept.
pub trait Key: Copy + PartialOrd + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Not less than any element: where a minimum starts.
    const HIGHEST: Self;
    /// Not greater than any element: where a maximum starts.
    const LOWEST: Self;
    /// NaN, if the type has one.
    const NAN: Option<Self>;
    /// Whether this is an integer type of up to 32 bits.
    const IS_NARROW: bool;

    /// The nearest `f64`.
    fn to_f64(self) -> f64;

    /// The same integer, if it is one of up to 64 bits.
    fn to_integer(self) -> i128;

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
    /// What is kept of where they are.
    type Center: Center;

    /// Whether elements have an origin other than zero: see [`Sample::to_f64_from`].
    const HAS_ORIGIN: bool = false;

    /// The element to be compared.
    fn key(self) -> Self::Key;

    /// The element again.
    fn from_key(key: Self::Key) -> Self;

    /// The distance from `origin`, rounded at most once. Only elements that an `f64` does not
    /// hold exactly, 64-bit integers, have an origin other than zero.
    fn to_f64_from(key: Self::Key, origin: Self::Key) -> f64;

    /// The origin to use for elements like this one.
    #[inline(always)]
    fn origin(_like: Self::Key) -> Self::Key {
        Self::Key::default()
    }
}

/// A macro, as no trait of the standard library has the ends of a type.
macro_rules! key {
    ($($type:ty, $integer:ty, $low:expr, $high:expr, $nan:expr;)*) => {
        $(impl Key for $type {
            const HIGHEST: Self = $high;
            const LOWEST: Self = $low;
            const NAN: Option<Self> = $nan;
            const IS_NARROW: bool = <Self as Key>::NAN.is_none() && size_of::<Self>() <= 4;

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn to_integer(self) -> i128 {
                self as $integer as i128
            }
        })*
    };
}

key! {
    f32, i64, f32::NEG_INFINITY, f32::INFINITY, Some(f32::NAN);
    f64, i64, f64::NEG_INFINITY, f64::INFINITY, Some(f64::NAN);
    i8, i8, i8::MIN, i8::MAX, None;
    i16, i16, i16::MIN, i16::MAX, None;
    i32, i32, i32::MIN, i32::MAX, None;
    i64, i64, i64::MIN, i64::MAX, None;
    u8, u8, u8::MIN, u8::MAX, None;
    u16, u16, u16::MIN, u16::MAX, None;
    u32, u32, u32::MIN, u32::MAX, None;
    u64, u64, u64::MIN, u64::MAX, None;
}

/// A type that an `f64` holds exactly, and that is compared as it is.
pub trait Held: Element + Key + Into<f64> {
    /// What is kept of where elements are.
    type Center: Center;
}

/// A macro, as a type of the standard library says of no number whether it is an integer.
macro_rules! held {
    ($($center:ty: $($type:ty)*;)*) => {
        $($(impl Held for $type {
            type Center = $center;
        })*)*
    };
}

held! {
    IntegerSums: i8 i16 i32 u8 u16 u32;
    CentralMoments: f32 f64;
}

impl<T: Held> Sample for T {
    type Key = T;
    type Center = <T as Held>::Center;
    #[inline(always)]
    fn key(self) -> T {
        self
    }
    #[inline(always)]
    fn from_key(key: T) -> T {
        key
    }
    #[inline(always)]
    fn to_f64_from(key: T, _origin: T) -> f64 {
        key.into()
    }
}

/// The distance of a 64-bit integer from another: each half of 32 bits is exact as an `f64`, and so is
/// the difference of two such halves; the two are added with one rounding. Nothing overflows, whatever
/// the range.
#[inline(always)]
fn distance((high, low): (f64, f64), (origin_high, origin_low): (f64, f64)) -> f64 {
    (high - origin_high) + (low - origin_low)
}

/// What the upper half of a 64-bit integer counts.
const UPPER: f64 = 4294967296.0;

/// An integer as the sum of two floats.
#[inline(always)]
fn halves_i64(key: i64) -> (f64, f64) {
    (f64::from((key >> 32) as i32) * UPPER, f64::from(key as u32))
}

/// The same without a sign.
#[inline(always)]
fn halves_u64(key: u64) -> (f64, f64) {
    (f64::from((key >> 32) as u32) * UPPER, f64::from(key as u32))
}

/// Integers below this are exact without an origin.
const NEAR_ZERO: u64 = 1 << 51;

impl Sample for i64 {
    type Key = i64;
    type Center = IntegerSums;
    const HAS_ORIGIN: bool = true;
    #[inline(always)]
    fn key(self) -> i64 {
        self
    }
    #[inline(always)]
    fn from_key(key: i64) -> i64 {
        key
    }
    #[inline(always)]
    fn to_f64_from(key: i64, origin: i64) -> f64 {
        distance(halves_i64(key), halves_i64(origin))
    }
    #[inline(always)]
    fn origin(like: i64) -> i64 {
        if like.unsigned_abs() < NEAR_ZERO { 0 } else { like }
    }
}

impl Sample for u64 {
    type Key = u64;
    type Center = IntegerSums;
    const HAS_ORIGIN: bool = true;
    #[inline(always)]
    fn key(self) -> u64 {
        self
    }
    #[inline(always)]
    fn from_key(key: u64) -> u64 {
        key
    }
    #[inline(always)]
    fn to_f64_from(key: u64, origin: u64) -> f64 {
        distance(halves_u64(key), halves_u64(origin))
    }
    #[inline(always)]
    fn origin(like: u64) -> u64 {
        if like < NEAR_ZERO { 0 } else { like }
    }
}

impl Sample for Bool {
    type Key = u8;
    type Center = IntegerSums;
    #[inline(always)]
    fn key(self) -> u8 {
        u8::from(self.get())
    }
    #[inline(always)]
    fn from_key(key: u8) -> Bool {
        Bool(key)
    }
    #[inline(always)]
    fn to_f64_from(key: u8, _origin: u8) -> f64 {
        f64::from(key)
    }
}

impl Sample for f16 {
    type Key = f32;
    type Center = CentralMoments;
    #[inline(always)]
    fn key(self) -> f32 {
        crate::simd::half::to_f32(self)
    }
    #[inline(always)]
    fn from_key(key: f32) -> f16 {
        f16::from_f32(key)
    }
    #[inline(always)]
    fn to_f64_from(key: f32, _origin: f32) -> f64 {
        f64::from(key)
    }
}
