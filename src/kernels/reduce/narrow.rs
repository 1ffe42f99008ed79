//! From a total to the element type of an array of sums, which is NumPy's.

use half::f16;
use num_complex::Complex;

use super::block::Summand;
use crate::dtype::{Bool, Element};

/// An element whose sums along an axis have a dtype.
pub trait Narrow: Summand {
    /// The element type of `np.sum`.
    type Sum: Element + FromTotal<Self::Total>;

    /// Rounds or wraps a total.
    #[inline(always)]
    fn narrow(total: Self::Total) -> Self::Sum {
        Self::Sum::from_total(total)
    }
}

/// What a total is rounded or wrapped to.
pub trait FromTotal<A> {
    /// The total as this type.
    fn from_total(total: A) -> Self;
}

impl FromTotal<i128> for i64 {
    #[inline(always)]
    fn from_total(total: i128) -> Self {
        total as i64
    }
}

impl FromTotal<i128> for u64 {
    #[inline(always)]
    fn from_total(total: i128) -> Self {
        total as u64
    }
}

impl FromTotal<f64> for f16 {
    #[inline(always)]
    fn from_total(total: f64) -> Self {
        f16::from_f64(total)
    }
}

impl FromTotal<f64> for f32 {
    #[inline(always)]
    fn from_total(total: f64) -> Self {
        total as f32
    }
}

impl FromTotal<f64> for f64 {
    #[inline(always)]
    fn from_total(total: f64) -> Self {
        total
    }
}

impl<P: FromTotal<f64>> FromTotal<Complex<f64>> for Complex<P> {
    #[inline(always)]
    fn from_total(total: Complex<f64>) -> Self {
        Complex { re: P::from_total(total.re), im: P::from_total(total.im) }
    }
}

impl Narrow for Bool {
    type Sum = i64;
}
impl Narrow for i8 {
    type Sum = i64;
}
impl Narrow for i16 {
    type Sum = i64;
}
impl Narrow for i32 {
    type Sum = i64;
}
impl Narrow for i64 {
    type Sum = i64;
}
impl Narrow for u8 {
    type Sum = u64;
}
impl Narrow for u16 {
    type Sum = u64;
}
impl Narrow for u32 {
    type Sum = u64;
}
impl Narrow for u64 {
    type Sum = u64;
}
impl Narrow for f16 {
    type Sum = f16;
}
impl Narrow for f32 {
    type Sum = f32;
}
impl Narrow for f64 {
    type Sum = f64;
}
impl Narrow for Complex<f32> {
    type Sum = Complex<f32>;
}
impl Narrow for Complex<f64> {
    type Sum = Complex<f64>;
}
