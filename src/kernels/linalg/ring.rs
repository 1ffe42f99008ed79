//! What a product is made of, for each type of number and each CPU level.
//!
//! The blocked algorithm in `gemm` knows nothing about numbers. It packs elements into groups
//! and registers, and asks a [`Ring`] to multiply one group of the left matrix with a register
//! of groups of the right one. A group holds as many neighbours along k as one instruction sums:
//! one, or two (16-bit integers), or four (8-bit integers).

use std::fmt::Debug;

use half::f16;
use num_complex::Complex;

use crate::dtype::Element;

/// A type of numbers inside a product, with the instructions to compute it.
pub trait Ring: 'static {
    /// What is multiplied and summed.
    type Value: Value;
    /// [`Ring::DEPTH`] values that are neighbours along k.
    type Group: Copy + Send;
    /// A register of packed groups of the right matrix, one a lane.
    type Right: Copy + Send;
    /// A register of sums.
    type Sum: Copy;
    /// A register of sums as values.
    type Lanes: Copy + AsRef<[Self::Value]>;
    /// Values in a group.
    const DEPTH: usize;
    /// Sums in a register.
    const LANES: usize;
    /// Whether a product and its sum are rounded once.
    const FUSES: bool = true;
    /// A group; only the first `DEPTH` values count.
    fn group(values: [Self::Value; 4]) -> Self::Group;
    /// Nothing but zeros.
    fn right() -> Self::Right;
    /// Puts a group into a lane.
    fn set(right: &mut Self::Right, lane: usize, group: Self::Group);
    /// Zero.
    fn zero() -> Self::Sum;
    /// Adds the products of one group of the left matrix and those of a register.
    fn step(sum: Self::Sum, left: Self::Group, right: &Self::Right) -> Self::Sum;
    /// The sums.
    fn finish(sum: Self::Sum) -> Self::Lanes;
}

/// A number as it is multiplied and summed.
pub trait Value: Copy + Send + Sync + PartialEq + Debug + Default + 'static {
    /// `self + a * b`, rounded once if `FUSED`.
    fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self;
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
}

/// Whether the baseline of the target has a fused multiply-add.
pub const BASELINE_FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

macro_rules! wrapping_values {
    ($($type:ty)*) => { $(
        impl Value for $type {
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                self.wrapping_add(a.wrapping_mul(b))
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
        }
    )* };
}
wrapping_values!(u8 u16 u32 u64);

macro_rules! float_values {
    ($($type:ty)*) => { $(
        impl Value for $type {
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                if FUSED { a.mul_add(b, self) } else { self + a * b }
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
        }

        impl Value for Complex<$type> {
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                // In the order of `ComplexRing`.
                let re = self.re.multiply_add::<FUSED>(a.re, b.re).multiply_add::<FUSED>(-a.im, b.im);
                let im = self.im.multiply_add::<FUSED>(a.re, b.im).multiply_add::<FUSED>(a.im, b.re);
                Complex { re, im }
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
        }
    )* };
}
float_values!(f32 f64);

/// An element of a matrix, and the value it stands for in a product.
pub trait Number: Element {
    /// What it is multiplied and summed as.
    type Value: Value;
    /// Whether sums have to be rounded to fit.
    const ROUNDS: bool = false;
    /// As a value.
    fn value(self) -> Self::Value;
    /// From a value.
    fn from_value(value: Self::Value) -> Self;
}

macro_rules! numbers {
    ($($type:ty),*) => { $(
        impl Number for $type {
            type Value = $type;
            #[inline(always)]
            fn value(self) -> $type {
                self
            }
            #[inline(always)]
            fn from_value(value: $type) -> Self {
                value
            }
        }
    )* };
}
numbers!(u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>);

impl Number for f16 {
    type Value = f32;
    const ROUNDS: bool = true;
    #[inline(always)]
    fn value(self) -> f32 {
        // Without a branch, so that the loop that packs is compiled to vectors: the bits moved
        // to where float32 has them give the number times 2^-112; infinity and NaN keep the
        // largest exponent.
        let bits = u32::from(self.to_bits());
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((254 - 15) << 23);
        let special = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
        f32::from_bits(magnitude.to_bits() | special | (bits & 0x8000) << 16)
    }
    #[inline(always)]
    fn from_value(value: f32) -> Self {
        // Rounded to nearest, ties to even; also without a branch.
        let bits = value.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        let normal = magnitude.wrapping_add(0xc800_0fff).wrapping_add(magnitude >> 13 & 1) >> 13;
        // Below 2^-14 the sum with 0.5 has the spacing of float16 there, and rounds to it.
        let small = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
        let finite = if magnitude < 113 << 23 { small } else { normal };
        let special = if magnitude > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
        let rounded = if magnitude >= 143 << 23 { special } else { finite };
        f16::from_bits((rounded | bits >> 16 & 0x8000) as u16)
    }
}

/// A ring in plain Rust over arrays of lanes, for every CPU.
pub struct Portable<V, const LANES: usize, const FUSED: bool>(V);

impl<V: Value, const LANES: usize, const FUSED: bool> Ring for Portable<V, LANES, FUSED> {
    type Value = V;
    type Group = V;
    type Right = [V; LANES];
    type Sum = [V; LANES];
    type Lanes = [V; LANES];
    const DEPTH: usize = 1;
    const LANES: usize = LANES;
    const FUSES: bool = FUSED;
    #[inline(always)]
    fn group(values: [V; 4]) -> V {
        values[0]
    }
    #[inline(always)]
    fn right() -> [V; LANES] {
        [V::default(); LANES]
    }
    #[inline(always)]
    fn set(right: &mut [V; LANES], lane: usize, group: V) {
        right[lane] = group;
    }
    #[inline(always)]
    fn zero() -> [V; LANES] {
        [V::default(); LANES]
    }
    #[inline(always)]
    fn step(mut sum: [V; LANES], left: V, right: &[V; LANES]) -> [V; LANES] {
        for (sum, &right) in sum.iter_mut().zip(right) {
            *sum = sum.multiply_add::<FUSED>(left, right);
        }
        sum
    }
    #[inline(always)]
    fn finish(sum: [V; LANES]) -> [V; LANES] {
        sum
    }
}

/// Eight-bit integers as sixteen-bit ones where there is no instruction for bytes: the low bits
/// of the sums are the same.
pub struct Widened<const LANES: usize>;

impl<const LANES: usize> Ring for Widened<LANES> {
    type Value = u8;
    type Group = u16;
    type Right = [u16; LANES];
    type Sum = [u16; LANES];
    type Lanes = [u8; LANES];
    const DEPTH: usize = 1;
    const LANES: usize = LANES;
    #[inline(always)]
    fn group(values: [u8; 4]) -> u16 {
        u16::from(values[0])
    }
    #[inline(always)]
    fn right() -> [u16; LANES] {
        [0; LANES]
    }
    #[inline(always)]
    fn set(right: &mut [u16; LANES], lane: usize, group: u16) {
        right[lane] = group;
    }
    #[inline(always)]
    fn zero() -> [u16; LANES] {
        [0; LANES]
    }
    #[inline(always)]
    fn step(sum: [u16; LANES], left: u16, right: &[u16; LANES]) -> [u16; LANES] {
        Portable::<u16, LANES, false>::step(sum, left, right)
    }
    #[inline(always)]
    fn finish(sum: [u16; LANES]) -> [u8; LANES] {
        sum.map(|sum| sum as u8)
    }
}

/// A ring of real numbers that complex numbers can be built on.
pub trait RealRing: Ring<Group = <Self as Ring>::Value> {
    /// A register of complex sums.
    type Woven: Copy + AsRef<[Complex<Self::Value>]>;
    /// Subtracts what [`Ring::step`] adds.
    fn step_back(sum: Self::Sum, left: Self::Group, right: &Self::Right) -> Self::Sum;
    /// Real and imaginary parts, in turn.
    fn weave(re: Self::Lanes, im: Self::Lanes) -> Self::Woven;
}

macro_rules! portable_real_rings {
    ($($type:ty)*) => { $(
        impl<const LANES: usize, const FUSED: bool> RealRing for Portable<$type, LANES, FUSED> {
            type Woven = [Complex<$type>; LANES];
            #[inline(always)]
            fn step_back(sum: Self::Sum, left: $type, right: &Self::Right) -> Self::Sum {
                Self::step(sum, -left, right)
            }
            #[inline(always)]
            fn weave(re: Self::Lanes, im: Self::Lanes) -> Self::Woven {
                weave(re, im)
            }
        }
    )* };
}
portable_real_rings!(f32 f64);

/// Real and imaginary parts, in turn.
#[inline(always)]
pub fn weave<T: Copy + Default, const LANES: usize>(re: [T; LANES], im: [T; LANES]) -> [Complex<T>; LANES] {
    let mut lanes = [Complex { re: T::default(), im: T::default() }; LANES];
    for (lane, (&re, &im)) in lanes.iter_mut().zip(re.iter().zip(&im)) {
        *lane = Complex { re, im };
    }
    lanes
}

/// Complex numbers over the ring of their parts. Real and imaginary parts lie in registers of
/// their own, so that a product is four multiply-adds and no shuffle.
pub struct ComplexRing<R>(R);

/// Something for the real parts and the same for the imaginary ones.
#[derive(Clone, Copy)]
pub struct Parts<T> {
    re: T,
    im: T,
}

impl<R: RealRing> Ring for ComplexRing<R>
where
    Complex<R::Value>: Value,
{
    type Value = Complex<R::Value>;
    type Group = Complex<R::Value>;
    type Right = Parts<R::Right>;
    type Sum = Parts<R::Sum>;
    type Lanes = R::Woven;
    const DEPTH: usize = 1;
    const LANES: usize = R::LANES;
    const FUSES: bool = R::FUSES;
    #[inline(always)]
    fn group(values: [Self::Value; 4]) -> Self::Group {
        values[0]
    }
    #[inline(always)]
    fn right() -> Self::Right {
        Parts { re: R::right(), im: R::right() }
    }
    #[inline(always)]
    fn set(right: &mut Self::Right, lane: usize, group: Self::Group) {
        R::set(&mut right.re, lane, group.re);
        R::set(&mut right.im, lane, group.im);
    }
    #[inline(always)]
    fn zero() -> Self::Sum {
        Parts { re: R::zero(), im: R::zero() }
    }
    #[inline(always)]
    fn step(sum: Self::Sum, left: Self::Group, right: &Self::Right) -> Self::Sum {
        let re = R::step_back(R::step(sum.re, left.re, &right.re), left.im, &right.im);
        let im = R::step(R::step(sum.im, left.re, &right.im), left.im, &right.re);
        Parts { re, im }
    }
    #[inline(always)]
    fn finish(sum: Self::Sum) -> Self::Lanes {
        R::weave(R::finish(sum.re), R::finish(sum.im))
    }
}
