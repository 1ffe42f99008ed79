//! Dot products in the lanes of a register: what a matrix product is made of.
//!
//! An instruction that multiplies and adds takes one element a lane, or a group of neighbours
//! along the sum: two of 16 bits, or four of 8. So both operands are packed into groups. One group
//! of the left operand is multiplied with a register of groups of the right one, and the products
//! are added to a register of sums.
//!
//! The implementations for x86 are in `dot/x86.rs`, those for NEON in `dot/neon.rs`, those for every CPU
//! and for complex numbers here. A new level implements [`Dot`] for `u8`, `u16`, `u32` and `u64`, and [`FloatDot`] for
//! `f32` and `f64`; integers with a sign have the same bits.

#[cfg(neon)]
mod neon;
#[cfg(x86_simd)]
mod x86;

use std::ops::Neg;

use num_complex::Complex;

use super::arithmetic::Arithmetic;
use super::token::{Baseline, Token};

/// Dot products of elements of type `T`, one in each lane.
pub trait Dot<T>: Token {
    /// [`Dot::DEPTH`] elements that are neighbours along the sum.
    type Group: Copy + Send;
    /// A register of groups of the right operand, one a lane, as it lies in memory.
    type Packed: Packed<Self::Group>;
    /// The sums, in registers.
    type Sums: Copy;
    /// The sums as elements.
    type Lanes: Copy + AsRef<[T]>;
    /// Elements in a group, at most four.
    const DEPTH: usize;
    /// Dot products that are summed at once.
    const LANES: usize;
    /// Registers that [`Dot::Sums`] takes.
    const SUM_REGISTERS: usize = 1;

    /// A group; only the first [`Dot::DEPTH`] values count.
    fn group(values: [T; 4]) -> Self::Group;

    /// Sums of nothing.
    fn zero(self) -> Self::Sums;

    /// Adds the products of one group with each lane.
    fn add_products(self, sums: Self::Sums, left: Self::Group, right: &Self::Packed) -> Self::Sums;

    /// The sums as elements.
    fn lanes(self, sums: Self::Sums) -> Self::Lanes;
}

/// Dot products of floats, which those of complex numbers are made of.
pub trait FloatDot<T: Copy>: Dot<T, Group = T, Lanes: Interleave<T>> {
    /// Subtracts what [`Dot::add_products`] adds.
    fn subtract_products(self, sums: Self::Sums, left: T, right: &Self::Packed) -> Self::Sums;

    /// One number in every lane.
    fn splat(self, value: T) -> Self::Sums;

    /// One of two numbers that follow each other in every lane. They are loaded once for both where an instruction
    /// takes a factor from a lane.
    #[inline(always)]
    fn splat_of(self, values: &[T; 2], index: usize) -> Self::Sums {
        self.splat(values[index])
    }

    /// Lanes from memory.
    fn load(self, lanes: &Self::Lanes) -> Self::Sums;

    /// From the first elements.
    fn load_from(self, elements: &[T]) -> Self::Sums;

    /// From the elements that there are, and zeros for those that are missing.
    fn load_up_to(self, elements: &[T]) -> Self::Sums;

    /// To the first elements.
    #[inline(always)]
    fn store(self, sums: Self::Sums, elements: &mut [T]) {
        elements[..Self::LANES].copy_from_slice(self.lanes(sums).as_ref());
    }

    /// All lanes, added up by halves.
    fn folded(self, sums: Self::Sums) -> T;

    /// `left + right`.
    fn plus(self, left: Self::Sums, right: Self::Sums) -> Self::Sums;

    /// `sums + left * right`, rounded once if the level [fuses](Token::FUSES).
    fn multiply_add(self, sums: Self::Sums, left: Self::Sums, right: Self::Sums) -> Self::Sums;

    /// Complex products, whose real and imaginary parts are in turn, of the products with the real part
    /// of a factor and those with its imaginary part.
    #[inline(always)]
    fn joined(self, by_re: Self::Sums, by_im: Self::Sums) -> Self::Lanes {
        Interleave::joined(self.lanes(by_re), self.lanes(by_im))
    }
}

/// A register of groups in memory.
pub trait Packed<G>: Copy + Send {
    /// Nothing but zeros.
    fn zero() -> Self;

    /// Puts a group into a lane.
    fn set(&mut self, lane: usize, group: G);
}

impl<G: Copy + Send + Default, const LANES: usize> Packed<G> for [G; LANES] {
    #[inline(always)]
    fn zero() -> Self {
        [G::default(); LANES]
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, group: G) {
        self[lane] = group;
    }
}

/// Real parts and imaginary parts that become complex numbers.
pub trait Interleave<T>: Sized {
    /// As many complex numbers.
    type Interleaved: Copy + AsRef<[Complex<T>]>;

    /// Real and imaginary parts, in turn.
    fn interleave(re: Self, im: Self) -> Self::Interleaved;

    /// See [`FloatDot::joined`].
    fn joined(by_re: Self, by_im: Self) -> Self;
}

impl<T: Arithmetic + Neg<Output = T>, const LANES: usize> Interleave<T> for [T; LANES] {
    type Interleaved = [Complex<T>; LANES];

    #[inline(always)]
    fn joined(by_re: Self, by_im: Self) -> Self {
        let mut lanes = by_re;
        for lane in (0..LANES).step_by(2) {
            lanes[lane] = by_re[lane].plus(-by_im[lane + 1]);
            lanes[lane + 1] = by_re[lane + 1].plus(by_im[lane]);
        }
        lanes
    }

    #[inline(always)]
    fn interleave(re: Self, im: Self) -> Self::Interleaved {
        let mut lanes = [Complex { re: T::default(), im: T::default() }; LANES];
        for (lane, (&re, &im)) in lanes.iter_mut().zip(re.iter().zip(&im)) {
            *lane = Complex { re, im };
        }
        lanes
    }
}

/// Something for the real parts and the same for the imaginary ones.
#[derive(Clone, Copy)]
pub struct Parts<T> {
    re: T,
    im: T,
}

impl<T, P: Packed<T>> Packed<Complex<T>> for Parts<P> {
    #[inline(always)]
    fn zero() -> Self {
        Parts { re: P::zero(), im: P::zero() }
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, group: Complex<T>) {
        self.re.set(lane, group.re);
        self.im.set(lane, group.im);
    }
}

/// Real and imaginary parts lie in registers of their own, so that a product is four
/// multiply-adds and no shuffle.
impl<T: Copy + Send, S: FloatDot<T>> Dot<Complex<T>> for S {
    type Group = Complex<T>;
    type Packed = Parts<S::Packed>;
    type Sums = Parts<S::Sums>;
    type Lanes = <S::Lanes as Interleave<T>>::Interleaved;
    const DEPTH: usize = 1;
    const LANES: usize = <S as Dot<T>>::LANES;
    const SUM_REGISTERS: usize = 2;

    #[inline(always)]
    fn group(values: [Complex<T>; 4]) -> Complex<T> {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        Parts { re: Dot::<T>::zero(self), im: Dot::<T>::zero(self) }
    }

    #[inline(always)]
    fn add_products(self, sums: Self::Sums, left: Complex<T>, right: &Self::Packed) -> Self::Sums {
        let re = Dot::<T>::add_products(self, sums.re, left.re, &right.re);
        let im = Dot::<T>::add_products(self, sums.im, left.re, &right.im);
        Parts {
            re: self.subtract_products(re, left.im, &right.im),
            im: Dot::<T>::add_products(self, im, left.im, &right.re),
        }
    }

    #[inline(always)]
    fn lanes(self, sums: Self::Sums) -> Self::Lanes {
        Interleave::interleave(Dot::<T>::lanes(self, sums.re), Dot::<T>::lanes(self, sums.im))
    }
}

/// The sums of the products of low halves of 64-bit integers, and of the mixed ones.
#[cfg(any(x86_simd, neon))]
#[derive(Clone, Copy)]
pub struct Halves<T> {
    low: T,
    mixed: T,
}

/// The sums modulo 2^64.
#[cfg(any(x86_simd, neon))]
#[inline(always)]
fn joined<const LANES: usize>(low: [u64; LANES], mixed: [u64; LANES]) -> [u64; LANES] {
    let mut lanes = low;
    for lane in 0..LANES {
        let mixed = (mixed[lane] << 32).wrapping_add(mixed[lane] & !0xffff_ffff);
        lanes[lane] = low[lane].wrapping_add(mixed);
    }
    lanes
}

// A macro, as the length of an array cannot be an associated constant.
/// Dot products in plain Rust over arrays of 16 bytes.
macro_rules! portable {
    ($($type:ty as $lane:ty, $lanes:literal;)*) => { $(
        impl Dot<$type> for Baseline {
            type Group = $lane;
            type Packed = [$lane; $lanes];
            type Sums = [$lane; $lanes];
            type Lanes = [$type; $lanes];
            const DEPTH: usize = 1;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn group(values: [$type; 4]) -> $lane {
                <$lane>::from(values[0])
            }

            #[inline(always)]
            fn zero(self) -> Self::Sums {
                [<$lane>::default(); $lanes]
            }

            #[inline(always)]
            fn add_products(self, mut sums: Self::Sums, left: $lane, right: &Self::Packed) -> Self::Sums {
                for (sum, &right) in sums.iter_mut().zip(right) {
                    *sum = sum.multiply_add::<Baseline>(left, right);
                }
                sums
            }

            #[inline(always)]
            fn lanes(self, sums: Self::Sums) -> Self::Lanes {
                sums.map(|sum| sum as $type)
            }
        }
    )* };
}
portable! {
    // There is no instruction for bytes: of wider sums the low bits are the same.
    u8 as u16, 8;
    u16 as u16, 8;
    u32 as u32, 4;
    u64 as u64, 2;
    f32 as f32, 4;
    f64 as f64, 2;
}

/// The sum of all, of the first half and the second one, and so on.
#[inline(always)]
fn added_by_halves<T: Arithmetic, const N: usize>(mut lanes: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane].plus(lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

// A macro, as the length of an array cannot be an associated constant.
macro_rules! portable_floats {
    ($($type:ty, $lanes:literal;)*) => { $(
        impl FloatDot<$type> for Baseline {
            #[inline(always)]
            fn subtract_products(self, sums: Self::Sums, left: $type, right: &Self::Packed) -> Self::Sums {
                Dot::<$type>::add_products(self, sums, -left, right)
            }

            #[inline(always)]
            fn splat(self, value: $type) -> Self::Sums {
                [value; $lanes]
            }

            #[inline(always)]
            fn load(self, lanes: &Self::Lanes) -> Self::Sums {
                *lanes
            }

            #[inline(always)]
            fn load_from(self, elements: &[$type]) -> Self::Sums {
                elements[..$lanes].try_into().expect("a slice of this length")
            }

            #[inline(always)]
            fn load_up_to(self, elements: &[$type]) -> Self::Sums {
                let mut lanes = [0.0; $lanes];
                for lane in 0..elements.len().min($lanes) {
                    lanes[lane] = elements[lane];
                }
                lanes
            }

            #[inline(always)]
            fn folded(self, sums: Self::Sums) -> $type {
                added_by_halves(sums)
            }

            #[inline(always)]
            fn plus(self, mut left: Self::Sums, right: Self::Sums) -> Self::Sums {
                for lane in 0..$lanes {
                    left[lane] += right[lane];
                }
                left
            }

            #[inline(always)]
            fn multiply_add(self, mut sums: Self::Sums, left: Self::Sums, right: Self::Sums) -> Self::Sums {
                for lane in 0..$lanes {
                    sums[lane] = sums[lane].multiply_add::<Baseline>(left[lane], right[lane]);
                }
                sums
            }
        }
    )* };
}
portable_floats! {
    f32, 4;
    f64, 2;
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level, Simd, run_at};
    use super::*;

    /// What the operations on memory make of the numbers from 1 on.
    struct Operations;

    impl Kernel for Operations {
        type Output = [Vec<f64>; 2];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [Vec<f64>; 2] {
            let single: Vec<f32> = (1..40u8).map(f32::from).collect();
            let double: Vec<f64> = (1..40u8).map(f64::from).collect();
            [operations(simd, &single).into_iter().map(f64::from).collect(), operations(simd, &double)]
        }
    }

    /// The lanes of the first elements, of each number of first elements, and the sums of these.
    fn operations<T: Copy + Default, D: FloatDot<T>>(dot: D, elements: &[T]) -> Vec<T> {
        let mut found = Vec::new();
        let mut keep = |lanes: D::Sums| {
            let mut memory = vec![T::default(); D::LANES];
            dot.store(lanes, &mut memory);
            found.append(&mut memory);
            found.push(dot.folded(lanes));
        };
        keep(dot.load_from(elements));
        for len in 0..=D::LANES + 1 {
            // Memory of its own, which ends where the elements do.
            let memory = elements[..len].to_vec();
            keep(dot.load_up_to(&memory));
        }
        found
    }

    #[test]
    fn lanes_are_loaded_stored_and_folded_at_every_level() {
        for level in Level::available() {
            for found in run_at(level, Operations) {
                // As many as give so many results.
                let lanes = (1..17).find(|lanes| (lanes + 1) * (lanes + 3) == found.len()).expect("whole");
                let loads = [lanes].into_iter().chain(0..=lanes + 1);
                for (count, found) in loads.zip(found.chunks_exact(lanes + 1)) {
                    let number = |lane| if lane < count.min(lanes) { (lane + 1) as f64 } else { 0.0 };
                    assert!(
                        (0..lanes).all(|lane| found[lane] == number(lane)),
                        "{level:?} {count} {found:?}"
                    );
                    assert_eq!(found[lanes], (0..lanes).map(number).sum::<f64>(), "{level:?} {count}");
                }
            }
        }
    }

    /// Sums of eight products in each lane, as the instructions and as the definition have it.
    fn check<D: Dot<T>, T: Arithmetic>(dot: D, number: fn(usize) -> T) {
        let right = |k: usize, lane: usize| number(31 * k + lane + 5);
        let mut sums = dot.zero();
        for k in (0..8).step_by(D::DEPTH) {
            let group = |of: &dyn Fn(usize) -> T| D::group(std::array::from_fn(|i| of(k + i)));
            let mut packed = D::Packed::zero();
            for lane in 0..D::LANES {
                packed.set(lane, group(&|k| right(k, lane)));
            }
            sums = dot.add_products(sums, group(&number), &packed);
        }
        let lanes = dot.lanes(sums);
        assert_eq!(lanes.as_ref().len(), D::LANES);
        for (lane, &sum) in lanes.as_ref().iter().enumerate() {
            let add = |sum: T, k| sum.multiply_add::<D>(number(k), right(k, lane));
            assert_eq!(sum, (0..8).fold(T::default(), add), "{:?}, lane {lane}", D::LEVEL);
        }
    }

    struct Products;

    impl Kernel for Products {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let large = |i: usize| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            check::<S, u8>(simd, |i| (i * 37) as u8);
            check::<S, u16>(simd, |i| (i * 7919) as u16);
            check::<S, u32>(simd, |i| (i as u32 + 1).wrapping_mul(0x9e37_79b9));
            check::<S, u64>(simd, large);
            check::<S, f32>(simd, |i| 1.0 / (i as f32 + 3.0));
            check::<S, f64>(simd, |i| 1.0 / (i as f64 + 3.0));
            check::<S, Complex<f64>>(simd, |i| Complex::new(1.0 / (i as f64 + 3.0), i as f64 - 7.5));
        }
    }

    #[test]
    fn products_are_added_as_the_definition_says_at_every_level() {
        for level in Level::available() {
            run_at(level, Products);
        }
        // The level uses dot products where the CPU has them.
        #[cfg(neon)]
        crate::simd::Neon::new().run(Products);
    }
}
