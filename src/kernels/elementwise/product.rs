//! The product of two elements, as NumPy defines it: integers wrap, bools are combined by "and",
//! complex numbers by the schoolbook formula, float16 through float32 with one rounding.

use std::ops::Mul;

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use num_complex::Complex;

use crate::dtype::{Bool, Element};

/// An element that can be multiplied.
pub trait Multiply: Element {
    /// The type whose instructions are used: integers with a sign wrap as those without.
    type Bits: Multiply;

    /// The product.
    fn times(self, other: Self) -> Self;

    /// The products of pairs.
    ///
    /// # Panics
    /// If the lengths differ.
    #[inline(always)]
    fn times_slice(a: &[Self], b: &[Self], out: &mut [Self]) {
        assert!(a.len() == out.len() && b.len() == out.len());
        for i in 0..out.len() {
            out[i] = a[i].times(b[i]);
        }
    }

    /// The products in place of the first factors.
    ///
    /// # Panics
    /// If the lengths differ.
    #[inline(always)]
    fn times_out(out: &mut [Self], b: &[Self]) {
        assert_eq!(b.len(), out.len());
        for i in 0..out.len() {
            out[i] = out[i].times(b[i]);
        }
    }

    /// The products with one element, in place.
    #[inline(always)]
    fn times_out_scalar(out: &mut [Self], b: Self) {
        for i in 0..out.len() {
            out[i] = out[i].times(b);
        }
    }

    /// The products with one element.
    ///
    /// # Panics
    /// If the lengths differ.
    #[inline(always)]
    fn times_scalar(a: &[Self], b: Self, out: &mut [Self]) {
        assert_eq!(a.len(), out.len());
        for i in 0..out.len() {
            out[i] = a[i].times(b);
        }
    }
}

/// Integers wrap.
///
/// A macro, as a blanket implementation for integers could not stand beside that for floats.
macro_rules! integer {
    ($($type:ty as $bits:ty,)*) => {$(
        impl Multiply for $type {
            type Bits = $bits;

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
        }
    )*};
}

integer! { i8 as u8, i16 as u16, i32 as u32, i64 as u64, u8 as u8, u16 as u16, u32 as u32, u64 as u64, }

/// A float, or a pair of them, for which the formula is that of its crate.
trait Float: Element + Mul<Output = Self> {}

impl Float for f32 {}
impl Float for f64 {}
impl Float for Complex<f32> {}
impl Float for Complex<f64> {}

impl<T: Float> Multiply for T {
    type Bits = T;

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self * other
    }
}

impl Multiply for Bool {
    type Bits = Bool;

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Bool::from(self.get() & other.get())
    }
}

/// Elements converted at a time.
const HALVES: usize = 256;

impl Multiply for f16 {
    type Bits = f16;

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        f16::from_f32(self.to_f32() * other.to_f32())
    }

    // Converted a slice at a time: a single conversion asks for the CPU's features each time.
    #[inline(always)]
    fn times_slice(a: &[Self], b: &[Self], out: &mut [Self]) {
        assert!(a.len() == out.len() && b.len() == out.len());
        let (mut left, mut right) = ([0f32; HALVES], [0f32; HALVES]);
        for start in (0..out.len()).step_by(HALVES) {
            let end = out.len().min(start + HALVES);
            let (left, right) = (&mut left[..end - start], &mut right[..end - start]);
            a[start..end].convert_to_f32_slice(left);
            b[start..end].convert_to_f32_slice(right);
            for i in 0..left.len() {
                left[i] *= right[i];
            }
            out[start..end].convert_from_f32_slice(left);
        }
    }

    #[inline(always)]
    fn times_scalar(a: &[Self], b: Self, out: &mut [Self]) {
        let b = [b; HALVES];
        for start in (0..out.len()).step_by(HALVES) {
            let end = out.len().min(start + HALVES);
            Self::times_slice(&a[start..end], &b[..end - start], &mut out[start..end]);
        }
    }

    #[inline(always)]
    fn times_out(out: &mut [Self], b: &[Self]) {
        let mut a = [Self::ZERO; HALVES];
        for start in (0..out.len()).step_by(HALVES) {
            let end = out.len().min(start + HALVES);
            let a = &mut a[..end - start];
            a.copy_from_slice(&out[start..end]);
            Self::times_slice(a, &b[start..end], &mut out[start..end]);
        }
    }

    #[inline(always)]
    fn times_out_scalar(out: &mut [Self], b: Self) {
        let b = [b; HALVES];
        for start in (0..out.len()).step_by(HALVES) {
            let end = out.len().min(start + HALVES);
            Self::times_out(&mut out[start..end], &b[..end - start]);
        }
    }
}
