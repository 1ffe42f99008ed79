//! Numbers as products are summed in them: integers wrap, floats fuse where the level does.

use std::fmt::Debug;
use std::ops::Neg;

use num_complex::Complex;

use super::token::Token;

/// A number that products are summed in.
pub trait Arithmetic: Copy + Send + Sync + PartialEq + Debug + Default + 'static {
    /// `self + a * b`, rounded once if the level [fuses](Token::FUSES).
    fn multiply_add<S: Token>(self, a: Self, b: Self) -> Self;

    /// `self + other`.
    fn plus(self, other: Self) -> Self;
}

// A macro, as an implementation for all that wraps would overlap with that for complex numbers.
macro_rules! wrapping {
    ($($type:ty)*) => { $(
        impl Arithmetic for $type {
            #[inline(always)]
            fn multiply_add<S: Token>(self, a: Self, b: Self) -> Self {
                self.wrapping_add(a.wrapping_mul(b))
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
        }
    )* };
}
wrapping!(u8 u16 u32 u64);

impl Arithmetic for f32 {
    #[inline(always)]
    fn multiply_add<S: Token>(self, a: Self, b: Self) -> Self {
        if S::FUSES { a.mul_add(b, self) } else { self + a * b }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Arithmetic for f64 {
    #[inline(always)]
    fn multiply_add<S: Token>(self, a: Self, b: Self) -> Self {
        if S::FUSES { a.mul_add(b, self) } else { self + a * b }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl<T: Arithmetic + Neg<Output = T>> Arithmetic for Complex<T> {
    /// In the order of [`Dot`](super::Dot) of complex numbers.
    #[inline(always)]
    fn multiply_add<S: Token>(self, a: Self, b: Self) -> Self {
        let re = self.re.multiply_add::<S>(a.re, b.re).multiply_add::<S>(-a.im, b.im);
        let im = self.im.multiply_add::<S>(a.re, b.im).multiply_add::<S>(a.im, b.re);
        Complex { re, im }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Complex { re: self.re.plus(other.re), im: self.im.plus(other.im) }
    }
}
