//! The numbers of a product: what an element stands for, and what it is summed in.

use half::f16;
use num_complex::Complex;

use crate::dtype::Element;
use crate::simd::{self, Arithmetic, Dot, Simd};

/// A number as it is multiplied and summed.
pub trait Value: Element + Arithmetic {
    /// `S` itself: this tells the compiler that every level multiplies this type, where the type
    /// is generic.
    type Dot<S: Simd>: Dot<Self> + From<S>;
}

impl Value for u8 {
    type Dot<S: Simd> = S;
}
impl Value for u16 {
    type Dot<S: Simd> = S;
}
impl Value for u32 {
    type Dot<S: Simd> = S;
}
impl Value for u64 {
    type Dot<S: Simd> = S;
}
impl Value for f32 {
    type Dot<S: Simd> = S;
}
impl Value for f64 {
    type Dot<S: Simd> = S;
}
impl Value for Complex<f32> {
    type Dot<S: Simd> = S;
}
impl Value for Complex<f64> {
    type Dot<S: Simd> = S;
}

/// An element of a matrix, and the value it stands for in a product.
pub trait Number: Element {
    /// What it is multiplied and summed as.
    type Value: Value;
    /// Whether sums have to be rounded to fit.
    const ROUNDS: bool;
    /// As a value.
    fn value(self) -> Self::Value;
    /// From a value.
    fn from_value(value: Self::Value) -> Self;
}

impl<T: Value> Number for T {
    type Value = T;
    const ROUNDS: bool = false;

    #[inline(always)]
    fn value(self) -> T {
        self
    }

    #[inline(always)]
    fn from_value(value: T) -> Self {
        value
    }
}

impl Number for f16 {
    type Value = f32;
    const ROUNDS: bool = true;

    #[inline(always)]
    fn value(self) -> f32 {
        simd::half::to_f32(self)
    }

    #[inline(always)]
    fn from_value(value: f32) -> Self {
        simd::half::from_f32(value)
    }
}
