//! A minimum or maximum of any element type, exact.

use std::cmp::Ordering;

use super::center::Center;
use super::moments::Moments;
use super::sample::Key;

/// An element of any real type.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Of a signed integer type.
    Signed(i64),
    /// Of an unsigned integer type, or a bool.
    Unsigned(u64),
    /// Of a float type.
    Float(f64),
}

impl Number {
    /// Its value if it is of an integer type.
    pub fn integer(self) -> Option<i128> {
        match self {
            Number::Signed(value) => Some(value.into()),
            Number::Unsigned(value) => Some(value.into()),
            Number::Float(_) => None,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Number::Float(0.0)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.integer(), other.integer()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            (None, None) => self.to_f64().partial_cmp(&other.to_f64()),
            (Some(a), None) => compare(a, other.to_f64()),
            (None, Some(b)) => compare(b, self.to_f64()).map(Ordering::reverse),
        }
    }
}

/// An integer of up to 65 bits with a float: no rounding on either side.
fn compare(integer: i128, float: f64) -> Option<Ordering> {
    let whole = float.floor();
    match integer.partial_cmp(&(whole as i128)) {
        _ if float.is_nan() => None,
        Some(Ordering::Equal) if float > whole => Some(Ordering::Less),
        // `as` stops at the ends of the type, which no integer here reaches.
        order => order,
    }
}

impl Key for Number {
    const HIGHEST: Self = Number::Float(f64::INFINITY);
    const LOWEST: Self = Number::Float(f64::NEG_INFINITY);
    const NAN: Option<Self> = Some(Number::Float(f64::NAN));
    const IS_NARROW: bool = false;

    fn to_f64(self) -> f64 {
        match self {
            Number::Signed(value) => value as f64,
            Number::Unsigned(value) => value as f64,
            Number::Float(value) => value,
        }
    }

    fn to_integer(self) -> i128 {
        self.integer().unwrap_or_else(|| self.to_f64() as i128)
    }
}

/// Types that a [`Number`] can hold and give back.
pub trait ToNumber: Key {
    /// As a number of any type.
    fn number(self) -> Number;
    /// Back; the nearest one where the number is of another type.
    fn from_number(number: Number) -> Self;
}

/// A macro, as `as` has no trait.
macro_rules! to_number {
    ($variant:ident $wide:ty: $($type:ty)*) => {
        $(impl ToNumber for $type {
            #[inline]
            fn number(self) -> Number { Number::$variant(<$wide>::from(self)) }
            #[inline]
            fn from_number(number: Number) -> Self {
                match number {
                    Number::Signed(value) => value as $type,
                    Number::Unsigned(value) => value as $type,
                    Number::Float(value) => value as $type,
                }
            }
        })*
    };
}

to_number! { Signed i64: i8 i16 i32 i64 }
to_number! { Unsigned u64: u8 u16 u32 u64 }
to_number! { Float f64: f32 f64 }

impl<K: ToNumber, C: Center> Moments<K, C> {
    /// The same with minimum and maximum as numbers of any type.
    pub fn any(self) -> Moments<Number, C> {
        match self.extremes() {
            None => Moments::default(),
            Some((min, max)) => Moments::from_parts(self.count(), self.center(), min.number(), max.number()),
        }
    }
}

impl<C: Center> Moments<Number, C> {
    /// The same with minimum and maximum of this type; the nearest ones where they are of another.
    pub fn narrow<K: ToNumber>(self) -> Moments<K, C> {
        match self.extremes() {
            None => Moments::default(),
            Some((min, max)) => {
                Moments::from_parts(self.count(), self.center(), K::from_number(min), K::from_number(max))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use super::Number::{Float, Signed, Unsigned};

    #[test]
    fn a_whole_number_of_any_type_is_an_integer() {
        let integers = [Signed(-7), Unsigned(u64::MAX), Float(-3.0)].map(Key::to_integer);
        assert_eq!(integers, [-7, u64::MAX.into(), -3]);
    }

    #[test]
    fn numbers_of_all_types_are_in_one_order() {
        let ordered = [
            Float(f64::NEG_INFINITY),
            Signed(i64::MIN),
            Signed(-1),
            Float(-0.5),
            Unsigned(0),
            Float(0.5),
            Signed((1 << 53) - 1),
            Float((1u64 << 53) as f64),
            Unsigned((1 << 53) + 1),
            Unsigned(u64::MAX),
            Float(18_446_744_073_709_551_616.0),
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(a.partial_cmp(b), Some(i.cmp(&j)), "{a:?} {b:?}");
            }
            assert_eq!(a.partial_cmp(&Float(f64::NAN)), None);
        }
        assert!(Signed(7) == Unsigned(7) && Float(7.0) == Signed(7) && Float(0.0) == Float(-0.0));
    }
}
