//! Elements as signed integers in the same order: all that is selected and counted is one of three
//! types, and comparisons are those of integers, of which NaN is one: the greatest.
//!
//! The bits of a float are in its order if those of negative ones, but the sign, are turned over.
//! -0.0 comes before 0.0.

use std::fmt::Debug;
use std::ops::Add;

use half::f16;

use crate::dtype::{Bool, Element};
use crate::layout::AnySlice;
use crate::simd::{self, Kernel, Simd};

/// An integer that elements are compared as.
pub trait Key:
    Copy + Ord + Default + Debug + Send + Sync + From<bool> + Add<Output = Self> + Into<i64> + 'static
{
    /// The least one.
    const MIN: Self;
    /// The greatest one: NaN, where there is NaN.
    const MAX: Self;
    /// Whether there are few enough to count each.
    const IS_SHORT: bool = false;

    /// Back from `i64`, of which the key is one.
    fn narrow(wide: i64) -> Self;
}

/// A macro, as `as` has no trait.
macro_rules! key {
    ($($type:ty, $short:expr;)*) => {
        $(impl Key for $type {
            const MIN: Self = <$type>::MIN;
            const MAX: Self = <$type>::MAX;
            const IS_SHORT: bool = $short;
            #[inline(always)]
            fn narrow(wide: i64) -> Self { wide as $type }
        })*
    };
}

key! {
    i16, true;
    i32, false;
    i64, false;
}

/// An element that has a place in an order.
pub trait Ordered: Element {
    /// What elements are compared as.
    type Key: Key;
    /// Whether the greatest key is NaN.
    const HAS_NAN: bool = false;

    /// The key of the element.
    fn key(self) -> Self::Key;

    /// The element of a key.
    fn from_key(key: Self::Key) -> Self;

    /// The nearest `f64`.
    fn to_f64(self) -> f64;

    /// `other - self`, as this type has it but without a wrap; `other` is not less.
    fn distance(self, other: Self) -> f64;
}

/// A macro, as generics have no `as`.
macro_rules! integer {
    ($($type:ty, $key:ty, $flip:expr, $wide:ty;)*) => {
        $(impl Ordered for $type {
            type Key = $key;
            #[inline(always)]
            fn key(self) -> $key { (self ^ $flip) as $key }
            #[inline(always)]
            fn from_key(key: $key) -> $type { key as $type ^ $flip }
            #[inline]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline]
            fn distance(self, other: $type) -> f64 { other.wrapping_sub(self) as $wide as f64 }
        })*
    };
}

integer! {
    i8, i16, 0, u8;
    u8, i16, 0, u8;
    i16, i16, 0, u16;
    u16, i16, 1 << 15, u16;
    i32, i32, 0, u32;
    u32, i32, 1 << 31, u32;
    i64, i64, 0, u64;
    u64, i64, 1 << 63, u64;
}

impl Ordered for Bool {
    type Key = i16;
    #[inline(always)]
    fn key(self) -> i16 {
        i16::from(self.get())
    }
    #[inline(always)]
    fn from_key(key: i16) -> Bool {
        Bool::from(key != 0)
    }
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self.get()))
    }
    #[inline]
    fn distance(self, other: Bool) -> f64 {
        other.to_f64() - self.to_f64()
    }
}

/// A macro, as the bits of floats have no trait.
macro_rules! float {
    ($($type:ty, $key:ty, $bits:ty, $is_nan:expr, $distance:expr;)*) => {
        $(impl Ordered for $type {
            type Key = $key;
            const HAS_NAN: bool = true;
            #[inline(always)]
            fn key(self) -> $key {
                let bits = self.to_bits() as $key;
                let key = bits ^ ((bits >> (<$key>::BITS - 1)) as $bits >> 1) as $key;
                if $is_nan(self) { <$key>::MAX } else { key }
            }
            #[inline(always)]
            fn from_key(key: $key) -> $type {
                if key == <$key>::MAX {
                    return <$type>::NAN;
                }
                <$type>::from_bits((key ^ ((key >> (<$key>::BITS - 1)) as $bits >> 1) as $key) as $bits)
            }
            #[inline]
            fn to_f64(self) -> f64 { self.into() }
            #[inline]
            fn distance(self, other: $type) -> f64 { $distance(self, other) }
        })*
    };
}

float! {
    f16, i16, u16, |x: f16| x.to_bits() & 0x7fff > 0x7c00, |a: f16, b: f16| f16::from_f64(b.to_f64() - a.to_f64()).to_f64();
    f32, i32, u32, |x: f32| x.is_nan(), |a: f32, b: f32| f64::from(b - a);
    f64, i64, u64, |x: f64| x.is_nan(), |a: f64, b: f64| b - a;
}

/// Writes the keys of a slice, and returns how many are NaN.
pub type Read<K> = fn(AnySlice<'_>, &mut [K]) -> usize;

/// How the keys of `T` are read.
pub fn reader<T: Ordered>() -> Read<T::Key> {
    |slice, into| simd::run(ReadKeys { from: slice.typed::<T>(), into })
}

/// The same for keys of 64 bits.
pub fn wide_reader<T: Ordered>() -> Read<i64> {
    |slice, into| simd::run(ReadWide { from: slice.typed::<T>(), into })
}

/// The key that all types share: in the order of the type, and NaN the greatest of all.
#[inline(always)]
pub fn widen<T: Ordered>(key: T::Key) -> i64 {
    if T::HAS_NAN && key == T::Key::MAX { i64::MAX } else { key.into() }
}

/// The element of such a key.
pub fn from_wide<T: Ordered>(wide: i64) -> T {
    let is_nan = T::HAS_NAN && wide == i64::MAX;
    T::from_key(if is_nan { T::Key::MAX } else { T::Key::narrow(wide) })
}

struct ReadKeys<'a, T: Ordered> {
    from: &'a [T],
    into: &'a mut [T::Key],
}

impl<T: Ordered> Kernel for ReadKeys<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> usize {
        let into = &mut self.into[..self.from.len()];
        for index in 0..into.len() {
            into[index] = self.from[index].key();
        }
        count_nan::<T, T::Key>(into, T::Key::MAX)
    }
}

struct ReadWide<'a, T: Ordered> {
    from: &'a [T],
    into: &'a mut [i64],
}

impl<T: Ordered> Kernel for ReadWide<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> usize {
        let into = &mut self.into[..self.from.len()];
        for index in 0..into.len() {
            into[index] = widen::<T>(self.from[index].key());
        }
        count_nan::<T, i64>(into, i64::MAX)
    }
}

#[inline(always)]
fn count_nan<T: Ordered, K: Key>(keys: &[K], nan: K) -> usize {
    if !T::HAS_NAN {
        return 0;
    }
    // Counted in the type of the keys, whose lanes are as wide, and in pieces that this holds.
    let mut total = 0;
    for piece in keys.chunks(1 << 14) {
        let mut count = K::default();
        for index in 0..piece.len() {
            count = count + K::from(piece[index] == nan);
        }
        total += Into::<i64>::into(count) as usize;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Ordered>(sorted: &[T]) {
        for pair in sorted.windows(2) {
            assert!(pair[0].key() < pair[1].key(), "{pair:?}");
            assert!(widen::<T>(pair[0].key()) < widen::<T>(pair[1].key()), "{pair:?}");
        }
        for &element in sorted {
            let back = [T::from_key(element.key()), from_wide::<T>(widen::<T>(element.key()))];
            assert!(back.iter().all(|back| back.key() == element.key()));
        }
        let mut keys = vec![T::Key::default(); sorted.len()];
        let nan = reader::<T>()(sorted.into(), &mut keys);
        assert_eq!(nan, usize::from(T::HAS_NAN));
        assert!(keys.iter().zip(sorted).all(|(&key, element)| key == element.key()));
    }

    #[test]
    fn keys_have_the_order_of_the_elements() {
        check(&[Bool(0), Bool(2)]);
        check(&[i8::MIN, -1, 0, 1, i8::MAX]);
        check(&[0, 1, 127, 128, u8::MAX]);
        check(&[i16::MIN, -1, 0, i16::MAX]);
        check(&[0, 1, 0x7fff, 0x8000, u16::MAX]);
        check(&[i32::MIN, -1, 0, i32::MAX]);
        check(&[0, 0x7fff_ffff, 0x8000_0000, u32::MAX]);
        check(&[i64::MIN, -1, 0, i64::MAX]);
        check(&[0, 1 << 62, 1 << 63, u64::MAX]);
        let floats =
            [f64::NEG_INFINITY, -1e300, -1.0, -1e-310, -0.0, 0.0, 1e-310, 2.0, f64::INFINITY, -f64::NAN];
        check(&floats);
        check(&[f32::NEG_INFINITY, -1.0, -1e-42, -0.0, 0.0, 1e-42, 3.0, f32::INFINITY, f32::NAN]);
        check(&[f16::NEG_INFINITY, -f16::ONE, f16::NEG_ZERO, f16::ZERO, f16::ONE, f16::INFINITY, -f16::NAN]);
    }

    #[test]
    fn a_distance_does_not_wrap() {
        assert_eq!((-128i8).distance(127), 255.0);
        assert_eq!(i64::MIN.distance(i64::MAX), 2f64.powi(64));
        assert_eq!(Bool(0).distance(Bool(3)), 1.0);
    }
}
