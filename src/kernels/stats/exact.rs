//! Sums of integers, and of their squares, without any rounding: for those that are too far apart for the
//! floats of `block`.
//!
//! Lanes side by side, as there. A square of up to 64 bits is added in two halves to two sums of 64 bits, which
//! hold 2^32 of them; one of up to 128 bits likewise to two sums of 128 bits.

use super::integers::IntegerSums;
use super::moments::Moments;
use super::sample::{Key, Sample};
use super::wide;

/// Lanes of integers of up to 32 bits, as in `block`.
const NARROW_LANES: usize = 16;

/// Lanes of 64-bit integers: more would not be in registers.
const WIDE_LANES: usize = 2;

/// Sums side by side.
pub trait Exact<T: Sample, const N: usize> {
    /// Of nothing.
    fn new() -> Self;
    /// Adds a row of lanes.
    fn add(&mut self, row: &[T; N]);
    /// The state of a lane to which `count` rows were added.
    fn lane(&self, lane: usize, count: usize) -> Moments<T::Key, IntegerSums>;
}

/// Of integers of up to 32 bits.
pub struct Narrow<K, const N: usize> {
    sum: [i64; N],
    low: [u64; N],
    high: [u64; N],
    min: [K; N],
    max: [K; N],
}

/// Of integers of 64 bits.
pub struct Wide<K, const N: usize> {
    sum: [i128; N],
    low: [u128; N],
    high: [u128; N],
    min: [K; N],
    max: [K; N],
}

impl<T: Sample, const N: usize> Exact<T, N> for Narrow<T::Key, N> {
    #[inline(always)]
    fn new() -> Self {
        let (low, high) = ([0; N], [0; N]);
        Narrow { sum: [0; N], low, high, min: [T::Key::HIGHEST; N], max: [T::Key::LOWEST; N] }
    }

    #[inline(always)]
    fn add(&mut self, row: &[T; N]) {
        for lane in 0..N {
            let key = row[lane].key();
            let value = key.to_integer() as i64;
            // So the compiler sees that both factors have 32 bits.
            let magnitude = u64::from(value.unsigned_abs() as u32);
            let square = magnitude * magnitude;
            self.sum[lane] += value;
            self.low[lane] += square & 0xffff_ffff;
            self.high[lane] += square >> 32;
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
        }
    }

    fn lane(&self, lane: usize, count: usize) -> Moments<T::Key, IntegerSums> {
        let squares = u128::from(self.low[lane]) + (u128::from(self.high[lane]) << 32);
        let sums = IntegerSums::new(self.sum[lane].into(), wide::words(squares));
        Moments::from_parts(count as u64, sums, self.min[lane], self.max[lane])
    }
}

impl<T: Sample, const N: usize> Exact<T, N> for Wide<T::Key, N> {
    #[inline(always)]
    fn new() -> Self {
        let (low, high) = ([0; N], [0; N]);
        Wide { sum: [0; N], low, high, min: [T::Key::HIGHEST; N], max: [T::Key::LOWEST; N] }
    }

    #[inline(always)]
    fn add(&mut self, row: &[T; N]) {
        for lane in 0..N {
            let key = row[lane].key();
            let value = key.to_integer();
            let magnitude = u128::from(value.unsigned_abs() as u64);
            let square = magnitude * magnitude;
            self.sum[lane] += value;
            self.low[lane] += u128::from(square as u64);
            self.high[lane] += square >> 64;
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
        }
    }

    fn lane(&self, lane: usize, count: usize) -> Moments<T::Key, IntegerSums> {
        let high = self.high[lane];
        let high = [0, high as u64, (high >> 64) as u64];
        let sums = IntegerSums::new(self.sum[lane], wide::sum(wide::words(self.low[lane]), high));
        Moments::from_parts(count as u64, sums, self.min[lane], self.max[lane])
    }
}

/// The moments of at most 2^16 integers.
#[inline(always)]
pub fn block<T: Sample>(block: &[T]) -> Moments<T::Key, IntegerSums> {
    debug_assert!(block.len() <= 1 << 16);
    if const { T::Key::IS_NARROW } {
        lanes::<T, Narrow<T::Key, NARROW_LANES>, Narrow<T::Key, 1>, NARROW_LANES>(block)
    } else {
        lanes::<T, Wide<T::Key, WIDE_LANES>, Wide<T::Key, 1>, WIDE_LANES>(block)
    }
}

#[inline(always)]
fn lanes<T: Sample, E: Exact<T, N>, O: Exact<T, 1>, const N: usize>(
    block: &[T],
) -> Moments<T::Key, IntegerSums> {
    let (mut sums, mut tail) = (E::new(), O::new());
    let rows = block.chunks_exact(N);
    let (count, remainder) = (rows.len(), rows.remainder());
    for row in rows {
        sums.add(row.try_into().expect("chunks_exact gives whole rows"));
    }
    for element in remainder {
        tail.add(&[*element]);
    }
    let mut total = tail.lane(0, remainder.len());
    for lane in 0..N {
        total.merge(&sums.lane(lane, count));
    }
    total
}
