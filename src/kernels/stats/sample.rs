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

    /// The origin as the sum of two floats.
    #[inline(always)]
    fn split(_origin: Self::Key) -> (f64, f64) {
        (0.0, 0.0)
    }
}

/// A macro, as no trait of the standard library has the ends of a type.
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

/// A type that an `f64` holds exactly, and that is compared as it is.
trait Exact: Element + Key + Into<f64> {}

impl Exact for i8 {}
impl Exact for i16 {}
impl Exact for i32 {}
impl Exact for u8 {}
impl Exact for u16 {}
impl Exact for u32 {}
impl Exact for f32 {}
impl Exact for f64 {}

impl<T: Exact> Sample for T {
    type Key = T;
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

/// Integers below this are exact without an origin.
const NEAR_ZERO: u64 = 1 << 51;

impl Sample for i64 {
    type Key = i64;
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
        distance(Self::split(key), Self::split(origin))
    }
    #[inline(always)]
    fn origin(like: i64) -> i64 {
        if like.unsigned_abs() < NEAR_ZERO { 0 } else { like }
    }
    #[inline(always)]
    fn split(origin: i64) -> (f64, f64) {
        (f64::from((origin >> 32) as i32) * UPPER, f64::from(origin as u32))
    }
}

impl Sample for u64 {
    type Key = u64;
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
        distance(Self::split(key), Self::split(origin))
    }
    #[inline(always)]
    fn origin(like: u64) -> u64 {
        if like < NEAR_ZERO { 0 } else { like }
    }
    #[inline(always)]
    fn split(origin: u64) -> (f64, f64) {
        (f64::from((origin >> 32) as u32) * UPPER, f64::from(origin as u32))
    }
}

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
    fn to_f64_from(key: u8, _origin: u8) -> f64 {
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
    fn to_f64_from(key: f32, _origin: f32) -> f64 {
        f64::from(key)
    }
}
