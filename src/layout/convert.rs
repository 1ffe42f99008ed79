//! Elements of one type as those of the type that NumPy promotes them to.
//!
//! By way of a wide type, which holds every value exactly or is rounded once, as NumPy's cast: i64 for integers (those
//! of u64 bit by bit), f64 for floats, a pair of these for complex numbers. So there is a loop for each pair of a type
//! and a wide one, and not for each pair of types.

use half::f16;
use num_complex::Complex;

use super::slice::AnySlice;
use crate::dtype::{Bool, Element, Kind, dispatch};
use crate::simd::half::{from_f32, to_f32};

/// Elements that are converted at a time, on the stack.
const STEP: usize = 64;

/// An element that converts to and from the wide types; to a narrower kind of number it does not.
pub trait Convert: Element {
    /// As an integer.
    fn to_i64(self) -> i64 {
        unreachable!("{:?} is promoted to no integer", Self::DTYPE)
    }

    /// As a float.
    fn to_f64(self) -> f64;

    /// As a complex number.
    #[inline(always)]
    fn to_complex(self) -> Complex<f64> {
        Complex::new(self.to_f64(), 0.0)
    }

    /// From an integer.
    fn from_i64(_value: i64) -> Self {
        unreachable!("{:?} is no integer", Self::DTYPE)
    }

    /// From a float.
    fn from_f64(_value: f64) -> Self {
        unreachable!("{:?} is no float", Self::DTYPE)
    }

    /// From a complex number.
    fn from_complex(_value: Complex<f64>) -> Self {
        unreachable!("{:?} is not complex", Self::DTYPE)
    }
}

// A macro, as `as` is no trait.
macro_rules! integers {
    ($($type:ty)*) => {
        $(impl Convert for $type {
            #[inline(always)]
            fn to_i64(self) -> i64 {
                self as i64
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as Self
            }
        })*
    };
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl Convert for Bool {
    #[inline(always)]
    fn to_i64(self) -> i64 {
        i64::from(self.get())
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self.get()))
    }

    #[inline(always)]
    fn from_i64(value: i64) -> Self {
        Bool::from(value != 0)
    }
}

impl Convert for f16 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(to_f32(self))
    }

    /// Only small integers are promoted to float16: nothing is rounded.
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        from_f32(value as f32)
    }
}

impl Convert for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Convert for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

macro_rules! complex {
    ($($part:ty)*) => {
        $(impl Convert for Complex<$part> {
            fn to_f64(self) -> f64 {
                unreachable!("a complex number is promoted to no float")
            }

            #[inline(always)]
            fn to_complex(self) -> Complex<f64> {
                Complex::new(f64::from(self.re), f64::from(self.im))
            }

            #[inline(always)]
            fn from_complex(value: Complex<f64>) -> Self {
                Complex::new(value.re as $part, value.im as $part)
            }
        })*
    };
}

complex!(f32 f64);

trait Wide: Copy + Default {
    fn widened<S: Convert>(value: S) -> Self;
    fn narrowed<T: Convert>(self) -> T;
}

impl Wide for i64 {
    #[inline(always)]
    fn widened<S: Convert>(value: S) -> Self {
        value.to_i64()
    }

    #[inline(always)]
    fn narrowed<T: Convert>(self) -> T {
        T::from_i64(self)
    }
}

impl Wide for f64 {
    #[inline(always)]
    fn widened<S: Convert>(value: S) -> Self {
        value.to_f64()
    }

    #[inline(always)]
    fn narrowed<T: Convert>(self) -> T {
        T::from_f64(self)
    }
}

impl Wide for Complex<f64> {
    #[inline(always)]
    fn widened<S: Convert>(value: S) -> Self {
        value.to_complex()
    }

    #[inline(always)]
    fn narrowed<T: Convert>(self) -> T {
        T::from_complex(self)
    }
}

/// Converts elements to the type that theirs is promoted to.
///
/// # Panics
/// If it is not promoted to that, or there are not as many.
pub fn convert<T: Convert>(from: AnySlice<'_>, into: &mut [T]) {
    assert!(from.len() == into.len());
    match T::DTYPE.kind() {
        Kind::Bool | Kind::Unsigned | Kind::Signed => through::<T, i64>(from, into),
        Kind::Float => through::<T, f64>(from, into),
        Kind::Complex => through::<T, Complex<f64>>(from, into),
    }
}

fn through<T: Convert, W: Wide>(from: AnySlice<'_>, into: &mut [T]) {
    let mut wide = [W::default(); STEP];
    for (from, into) in from.chunks(STEP).zip(into.chunks_mut(STEP)) {
        widen(from, &mut wide[..into.len()]);
        for (into, wide) in into.iter_mut().zip(&wide) {
            *into = wide.narrowed();
        }
    }
}

#[inline(never)]
fn widen<W: Wide>(from: AnySlice<'_>, into: &mut [W]) {
    dispatch!(from.dtype(), S => {
        for (into, &from) in into.iter_mut().zip(from.typed::<S>()) {
            *into = W::widened(from);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promotion_keeps_or_rounds_once() {
        let large: Vec<i64> = (0..150).map(|i| i64::MAX - i * 511).collect();
        let mut floats = vec![0.0f64; 150];
        convert((&large[..]).into(), &mut floats);
        assert!(large.iter().zip(&floats).all(|(&int, &float)| float == int as f64));
        let unsigned = [u64::MAX, 1 << 63, 5];
        let mut same = [0u64; 3];
        convert((&unsigned[..]).into(), &mut same);
        assert_eq!(same, unsigned);
        convert((&unsigned[..]).into(), &mut floats[..3]);
        assert_eq!(floats[..3], unsigned.map(|x| x as f64));
        let bools = [Bool(2), Bool(0)];
        let (mut ints, mut halves) = ([0i8; 2], [f16::ONE; 2]);
        convert((&bools[..]).into(), &mut ints);
        convert((&bools[..]).into(), &mut halves);
        assert_eq!((ints, halves), ([1, 0], [f16::ONE, f16::ZERO]));
        let singles = [Complex::new(1.5f32, -0.0), Complex::new(f32::NAN, f32::INFINITY)];
        let mut doubles = [Complex::new(0.0f64, 0.0); 2];
        convert((&singles[..]).into(), &mut doubles);
        assert!(doubles[0].im.is_sign_negative() && doubles[1].re.is_nan() && doubles[1].im == f64::INFINITY);
        let mut from_real = [Complex::new(9.0f32, 9.0)];
        convert((&[-3i16][..]).into(), &mut from_real);
        assert_eq!(from_real, [Complex::new(-3.0, 0.0)]);
        assert!(std::panic::catch_unwind(|| convert((&[1.5f64][..]).into(), &mut [0i32])).is_err());
    }
}
