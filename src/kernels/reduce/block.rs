//! The sum of a slice, by lanes: element `i` goes to lane `i % LANES`, at every CPU level, and the
//! lanes are added as a tree. So all levels give the same bits. Runs of 16 elements a lane are added
//! in pairs, pairs in pairs, and so on, all lanes at once: NumPy's error bound at the price of one
//! addition of all lanes a run.
//!
//! 64-bit integers may overflow 64-bit lanes. If all of a slice are within ±2^50 they cannot; else
//! their halves are summed apart.

use std::ops::Add;

use half::f16;
use num_complex::Complex;

use super::pairwise::Pairwise;
use crate::dtype::{Bool, Element};
use crate::simd::{Kernel, Simd};

/// Lanes: four registers of AVX-512, to hide the latency of an addition.
const LANES: usize = 32;
/// Elements that are added one after the other in their lanes.
const RUN: usize = 16 * LANES;
/// The longest slice that is summed at once: no sum of this many narrow integers overflows.
pub const LONGEST: usize = 1 << 17;
/// Sums of runs that wait for another one: as many as their greatest number has binary digits.
const DEPTH: usize = (LONGEST / RUN).ilog2() as usize + 1;

/// An element that can be summed.
pub trait Summand: Element {
    /// What a sum is accumulated in.
    type Total: Copy + Default + Add<Output = Self::Total> + Send;

    /// The sum of at most [`LONGEST`] elements.
    fn sum_slice(slice: &[Self]) -> Self::Total;

    /// The element as a total.
    fn widen(self) -> Self::Total;
}

/// [`Summand::sum_slice`] at a level.
pub struct SumSlice<'a, T>(pub &'a [T]);

impl<T: Summand> Kernel for SumSlice<'_, T> {
    type Output = T::Total;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> T::Total {
        assert!(self.0.len() <= LONGEST);
        T::sum_slice(self.0)
    }
}

/// Sums in the lanes of a register, or of several.
#[derive(Clone, Copy)]
struct Lanes<A>([A; LANES]);

impl<A: Copy + Default> Default for Lanes<A> {
    #[inline(always)]
    fn default() -> Self {
        Lanes([A::default(); LANES])
    }
}

impl<A: Copy + Add<Output = A>> Add for Lanes<A> {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane] + other.0[lane];
        }
        self
    }
}

impl<A: Copy + Add<Output = A>> Lanes<A> {
    /// The lanes as one.
    #[inline(always)]
    fn tree(mut self) -> A {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                self.0[lane] = self.0[lane] + self.0[lane + width];
            }
            width /= 2;
        }
        self.0[0]
    }
}

/// Sums a slice in lanes of `A`.
#[inline(always)]
pub fn sum_lanes<T: Copy, A: Copy + Default + Add<Output = A>>(slice: &[T], widen: impl Fn(T) -> A) -> A {
    let (rows, rest) = slice.split_at(slice.len() / LANES * LANES);
    let mut last = Lanes::default();
    // A loop of its own: the lanes of one of unknown length are not kept in registers.
    for (lane, &x) in last.0.iter_mut().zip(rest) {
        *lane = widen(x);
    }
    if rows.len() <= 2 * RUN {
        let (first, second) = rows.split_at(rows.len().min(RUN));
        return (sum_run(first, &widen) + sum_run(second, &widen) + last).tree();
    }
    let mut sum = Pairwise::<Lanes<A>, DEPTH>::default();
    for run in rows.chunks(RUN) {
        sum.push(sum_run(run, &widen));
    }
    (sum.finish() + last).tree()
}

/// Sums the rows of a run in lanes.
#[inline(always)]
fn sum_run<T: Copy, A: Copy + Default + Add<Output = A>>(run: &[T], widen: &impl Fn(T) -> A) -> Lanes<A> {
    let mut lanes = [A::default(); LANES];
    for row in run.chunks_exact(LANES) {
        // An array's length is known to the compiler: without it the lanes stay in memory.
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            lanes[lane] = lanes[lane] + widen(row[lane]);
        }
    }
    Lanes(lanes)
}

macro_rules! summand {
    ($($type:ty => $total:ty, $lane:ty, |$x:ident| $widen:expr;)*) => {$(
        impl Summand for $type {
            type Total = $total;

            #[inline(always)]
            fn sum_slice(slice: &[Self]) -> $total {
                sum_lanes::<_, $lane>(slice, #[inline(always)] |$x| $widen).into()
            }

            #[inline(always)]
            fn widen(self) -> $total {
                let $x = self;
                <$total>::from($widen)
            }
        }
    )*};
}

// A slice of 2^17 elements of up to 32 bits cannot overflow these lanes.
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
    f64 => f64, f64, |x| x;
}

macro_rules! summand64 {
    ($($type:ty, $bias:expr, $shift:expr;)*) => {$(
        impl Summand for $type {
            type Total = i128;

            #[inline(always)]
            fn sum_slice(slice: &[Self]) -> i128 {
                match sum_if_narrow(slice, #[inline(always)] |x| x as i64, #[inline(always)] |x| (x as u64).wrapping_add($shift)) {
                    Some(sum) => sum,
                    None => sum_halves(slice, #[inline(always)] |x| x as u64 ^ $bias, $bias),
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
    i64, 1u64 << 63, 1u64 << 50;
    u64, 0u64, 0u64;
}

/// The sum of integers if all are within ±2^50, so that no lane overflows 64 bits. `shifted` is the
/// element less the least that is allowed, and so has its upper bits set if it is beyond.
#[inline(always)]
fn sum_if_narrow<T: Copy>(
    slice: &[T],
    signed: impl Fn(T) -> i64,
    shifted: impl Fn(T) -> u64,
) -> Option<i128> {
    let (mut sums, mut seen) = ([0i64; LANES], [0u64; LANES]);
    let mut rows = slice.chunks_exact(LANES);
    for row in &mut rows {
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            sums[lane] = sums[lane].wrapping_add(signed(row[lane]));
            seen[lane] |= shifted(row[lane]);
        }
    }
    let (mut sum, mut all) = (0i64, 0);
    for &x in rows.remainder() {
        sum = sum.wrapping_add(signed(x));
        all |= shifted(x);
    }
    let all = seen.into_iter().fold(all, |all, seen| all | seen);
    (all >> 51 == 0).then(|| sums.into_iter().fold(i128::from(sum), |sum, lane| sum + i128::from(lane)))
}

/// The sum of unsigned integers that are too large by `bias` each: their halves are summed apart,
/// which cannot overflow.
#[inline(always)]
fn sum_halves<T: Copy>(slice: &[T], unsigned: impl Fn(T) -> u64, bias: u64) -> i128 {
    let (mut low, mut high) = (0u64, 0u64);
    for &x in slice {
        low = low.wrapping_add(unsigned(x) & 0xffff_ffff);
        high = high.wrapping_add(unsigned(x) >> 32);
    }
    (i128::from(high) << 32) + i128::from(low) - i128::from(bias) * slice.len() as i128
}

/// A sum of narrow integers, which cannot overflow either.
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
            fn sum_slice(slice: &[Self]) -> Complex<f64> {
                let re = sum_lanes::<_, f64>(slice, #[inline(always)] |x| x.re.into());
                let im = sum_lanes::<_, f64>(slice, #[inline(always)] |x| x.im.into());
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
