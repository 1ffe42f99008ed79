//! The sum of one block, by lanes: element `i` goes to lane `i % LANES`, at every CPU level, and
//! the lanes are added as a tree. So all levels give the same bits. The floats of a block are added
//! in two halves: 16 additions in a lane, 5 in the tree and one are NumPy's error bound.
//!
//! 64-bit integers may overflow 64-bit lanes. If all of a block are within ±2^53 they cannot; else
//! their halves are summed apart.

use std::ops::Add;

use half::f16;
use num_complex::Complex;

use crate::dtype::{Bool, Element};
use crate::kernels::blocks::BLOCK;
use crate::simd::Kernel;

/// Lanes of a block: four registers of AVX-512, to hide the latency of an addition.
const LANES: usize = 32;

/// An element that can be summed.
pub trait Summand: Element {
    /// What a sum is accumulated in.
    type Total: Copy + Default + Add<Output = Self::Total> + Send;

    /// The sum of a block of at most [`BLOCK`] elements.
    fn sum_block(block: &[Self]) -> Self::Total;

    /// The element as a total.
    fn widen(self) -> Self::Total;
}

/// [`Summand::sum_block`] at a level.
pub struct SumBlock<'a, T>(pub &'a [T]);

impl<T: Summand> Kernel for SumBlock<'_, T> {
    type Output = T::Total;

    #[inline(always)]
    fn run(self) -> T::Total {
        T::sum_block(self.0)
    }
}

/// Sums a block in lanes of `A`.
#[inline(always)]
pub fn sum_lanes<T: Copy, A: Copy + Default + Add<Output = A>>(block: &[T], widen: impl Fn(T) -> A) -> A {
    let mut lanes = [A::default(); LANES];
    let mut rows = block.chunks_exact(LANES);
    // An array's length is known to the compiler: without it the lanes stay in memory.
    for row in &mut rows {
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            lanes[lane] = lanes[lane] + widen(row[lane]);
        }
    }
    let mut last = [A::default(); LANES];
    for (lane, &x) in last.iter_mut().zip(rows.remainder()) {
        *lane = widen(x);
    }
    for lane in 0..LANES {
        lanes[lane] = lanes[lane] + last[lane];
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = lanes[lane] + lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

macro_rules! summand {
    ($($type:ty => $total:ty, $lane:ty, |$x:ident| $widen:expr;)*) => {$(
        impl Summand for $type {
            type Total = $total;

            #[inline(always)]
            fn sum_block(block: &[Self]) -> $total {
                sum_lanes::<_, $lane>(block, #[inline(always)] |$x| $widen).into()
            }

            #[inline(always)]
            fn widen(self) -> $total {
                let $x = self;
                <$total>::from($widen)
            }
        }
    )*};
}

// A block of 1024 elements of up to 32 bits cannot overflow these lanes.
summand! {
    Bool => i128, Wrapping, |x| Wrapping(i64::from(x.get()));
    i8 => i128, Wrapping, |x| Wrapping(i64::from(x));
    i16 => i128, Wrapping, |x| Wrapping(i64::from(x));
    i32 => i128, Wrapping, |x| Wrapping(i64::from(x));
    u8 => i128, Wrapping, |x| Wrapping(i64::from(x));
    u16 => i128, Wrapping, |x| Wrapping(i64::from(x));
    u32 => i128, Wrapping, |x| Wrapping(i64::from(x));
    f16 => f64, f64, |x| f64::from(x);
    f32 => f64, f64, |x| f64::from(x);
}

impl Summand for f64 {
    type Total = f64;

    #[inline(always)]
    fn sum_block(block: &[f64]) -> f64 {
        let (first, second) = block.split_at(block.len().min(BLOCK / 2));
        sum_lanes(
            first,
            #[inline(always)]
            |x| x,
        ) + sum_lanes(
            second,
            #[inline(always)]
            |x| x,
        )
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

macro_rules! summand64 {
    ($($type:ty, $bias:expr, $sign:expr;)*) => {$(
        impl Summand for $type {
            type Total = i128;

            #[inline(always)]
            fn sum_block(block: &[Self]) -> i128 {
                match sum_if_narrow(block, #[inline(always)] |x| x as i64, #[inline(always)] |x| (x ^ $sign(x)) as u64) {
                    Some(sum) => sum.into(),
                    None => sum_halves(block, #[inline(always)] |x| x as u64 ^ $bias, $bias),
                }
            }

            #[inline(always)]
            fn widen(self) -> i128 {
                i128::from(self)
            }
        }
    )*};
}

summand64! {
    i64, 1u64 << 63, |x: i64| x >> 63;
    u64, 0u64, |_| 0;
}

/// The sum of a block of integers if all are within ±2^53, so that it fits in 64 bits. `bits` has
/// those bits set that differ from the sign.
#[inline(always)]
fn sum_if_narrow<T: Copy>(block: &[T], signed: impl Fn(T) -> i64, bits: impl Fn(T) -> u64) -> Option<i64> {
    let (mut sums, mut seen) = ([0i64; LANES], [0u64; LANES]);
    let mut rows = block.chunks_exact(LANES);
    for row in &mut rows {
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            sums[lane] = sums[lane].wrapping_add(signed(row[lane]));
            seen[lane] |= bits(row[lane]);
        }
    }
    let (mut sum, mut all) = (0i64, 0);
    for lane in 0..LANES {
        sum = sum.wrapping_add(sums[lane]);
        all |= seen[lane];
    }
    for &x in rows.remainder() {
        sum = sum.wrapping_add(signed(x));
        all |= bits(x);
    }
    (all >> 53 == 0).then_some(sum)
}

/// The sum of a block of unsigned integers that are too large by `bias` each: their halves are
/// summed apart, which in a block cannot overflow.
#[inline(always)]
fn sum_halves<T: Copy>(block: &[T], unsigned: impl Fn(T) -> u64, bias: u64) -> i128 {
    let (mut low, mut high) = (0u64, 0u64);
    for &x in block {
        low = low.wrapping_add(unsigned(x) & 0xffff_ffff);
        high = high.wrapping_add(unsigned(x) >> 32);
    }
    (i128::from(high) << 32) + i128::from(low) - i128::from(bias) * block.len() as i128
}

/// A sum of narrow integers, which cannot overflow in a block either.
#[derive(Clone, Copy, Default)]
struct Wrapping(i64);

impl Add for Wrapping {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Wrapping(self.0.wrapping_add(other.0))
    }
}

impl From<Wrapping> for i128 {
    #[inline(always)]
    fn from(sum: Wrapping) -> i128 {
        i128::from(sum.0)
    }
}

macro_rules! summand_complex {
    ($($part:ty),*) => {$(
        impl Summand for Complex<$part> {
            type Total = Complex<f64>;

            #[inline(always)]
            fn sum_block(block: &[Self]) -> Complex<f64> {
                let re = sum_lanes::<_, f64>(block, #[inline(always)] |x| x.re.into());
                let im = sum_lanes::<_, f64>(block, #[inline(always)] |x| x.im.into());
                Complex::new(re, im)
            }

            #[inline(always)]
            fn widen(self) -> Complex<f64> {
                Complex::new(self.re.into(), self.im.into())
            }
        }
    )*};
}

summand_complex!(f32, f64);
