//! The moments of a slice, block by block: the inner loops.
//!
//! A block of 1024 elements is read twice: once for its sum, minimum and maximum, and once, from
//! the first-level cache, for the deviations from its mean and their squares (the two-pass
//! algorithm with Björck's correction; Chan, Golub and LeVeque 1983). Nothing large is ever
//! subtracted from something large, so an offset costs no digits. Blocks merge as in `moments`.
//!
//! For speed:
//! - The second pass over a block runs in the same loop as the first pass over the next one.
//!   Out of cache the memory is kept busy so; two loops, one after the other, take 1.6 times as long.
//! - Elements other than `f64` are converted once, in the first pass, into a block of `f64`.
//! - NaN is not looked for: a block whose sum is finite has none. Only other blocks are looked at
//!   again, by [`irregular`].
//!
//! Sixteen sums run side by side; the compiler makes two, four or eight vectors of them. Their
//! order of additions is the same on every CPU level, no multiplication is fused with an
//! addition, and so the results have the same bits.

use super::moments::{Center, Moments, quick_two_sum, two_sum};
use super::sample::{Key, Sample};
use crate::simd::{self, Kernel};

/// Elements that are read twice before the next: 8 KiB of `f64`.
pub const BLOCK: usize = 1024;

/// Sums that run side by side: two vectors of AVX-512.
const LANES: usize = 16;

/// The moments of `data`.
pub fn moments<T: Sample>(data: &[T]) -> Moments<T::Key> {
    simd::run(Blocks::<T, false>(data))
}

/// The moments of the elements of `data` that are not NaN.
pub fn moments_without_nan<T: Sample>(data: &[T]) -> Moments<T::Key> {
    match T::Key::NAN {
        Some(_) => simd::run(Blocks::<T, true>(data)),
        None => moments(data),
    }
}

/// The moments of a slice; without its NaNs if `SKIP`.
pub(super) struct Blocks<'a, T, const SKIP: bool>(pub &'a [T]);

impl<T: Sample, const SKIP: bool> Kernel for Blocks<'_, T, SKIP> {
    type Output = Moments<T::Key>;

    #[inline(always)]
    fn run(self) -> Moments<T::Key> {
        let mut total = Moments::default();
        let mut blocks = self.0.chunks(BLOCK);
        let Some(mut block) = blocks.next() else { return total };
        let (mut wide, mut next_wide) = (T::SCRATCH, T::SCRATCH);
        let mut origin = T::origin(block[0].key());
        let mut first = First::<T, SKIP>::new();
        first.read(block, origin, wide.as_mut());
        for next in blocks {
            let mut second = Second::<SKIP>::new(first.pivot(block.len()));
            let mut next_first = First::new();
            let next_origin = T::origin(next[0].key());
            let values = if T::IS_F64 { T::as_f64(block) } else { wide.as_ref() };
            if next.len() == BLOCK {
                read_both(&mut second, values, &mut next_first, next, next_origin, next_wide.as_mut());
            } else {
                second.read(values);
                next_first.read(next, next_origin, next_wide.as_mut());
            }
            total.merge(&finish::<T, SKIP>(&first, &second, values, origin));
            (block, origin, first) = (next, next_origin, next_first);
            std::mem::swap(&mut wide, &mut next_wide);
        }
        let values = if T::IS_F64 { T::as_f64(block) } else { &wide.as_ref()[..block.len()] };
        let mut second = Second::<SKIP>::new(first.pivot(block.len()));
        second.read(values);
        total.merge(&finish::<T, SKIP>(&first, &second, values, origin));
        total
    }
}

/// The first pass over a block.
struct First<T: Sample, const SKIP: bool> {
    sum: [f64; LANES],
    min: [T::Key; LANES],
    max: [T::Key; LANES],
    /// Elements that are not NaN; only counted if `SKIP`.
    count: [f64; LANES],
}

impl<T: Sample, const SKIP: bool> First<T, SKIP> {
    #[inline(always)]
    fn new() -> Self {
        First {
            sum: [0.0; LANES],
            min: [T::Key::HIGHEST; LANES],
            max: [T::Key::LOWEST; LANES],
            count: [0.0; LANES],
        }
    }

    /// Reads a block, and writes it to `wide` unless it is of `f64` already.
    #[inline(always)]
    fn read(&mut self, block: &[T], origin: T::Key, wide: &mut [f64]) {
        let chunks = block.chunks_exact(LANES);
        let tail = chunks.remainder();
        if T::IS_F64 {
            chunks.for_each(|chunk| {
                self.add(chunk, LANES, origin);
            });
        } else {
            for (chunk, wide) in chunks.zip(wide.chunks_exact_mut(LANES)) {
                wide.copy_from_slice(&self.add(chunk, LANES, origin));
            }
        }
        if !tail.is_empty() {
            // Filled with an element that is there: minimum and maximum do not change.
            let mut padded = [tail[0]; LANES];
            padded[..tail.len()].copy_from_slice(tail);
            let values = self.add(&padded, tail.len(), origin);
            if !T::IS_F64 {
                let start = block.len() - tail.len();
                wide[start..block.len()].copy_from_slice(&values[..tail.len()]);
            }
        }
    }

    /// Reads `LANES` elements, of which the first `len` count, and returns them as `f64`.
    #[inline(always)]
    fn add(&mut self, chunk: &[T], len: usize, origin: T::Key) -> [f64; LANES] {
        let mut values = [0.0; LANES];
        for lane in 0..LANES {
            let key = chunk[lane].key();
            let value = T::wide(key, origin);
            let counts = lane < len && !(SKIP && key.is_nan());
            self.sum[lane] += if counts { value } else { 0.0 };
            // A comparison with NaN is false: it is skipped.
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
            if SKIP {
                self.count[lane] += if counts { 1.0 } else { 0.0 };
            }
            values[lane] = value;
        }
        values
    }

    /// How many elements count, of `len`.
    #[inline(always)]
    fn count(&self, len: usize) -> f64 {
        if SKIP { tree_sum(&self.count) } else { len as f64 }
    }

    /// What the second pass subtracts: the mean, but for its last digits.
    #[inline(always)]
    fn pivot(&self, len: usize) -> f64 {
        tree_sum(&self.sum) / self.count(len)
    }
}

/// The second pass over a block.
struct Second<const SKIP: bool> {
    pivot: f64,
    sum: [f64; LANES],
    squares: [f64; LANES],
}

impl<const SKIP: bool> Second<SKIP> {
    #[inline(always)]
    fn new(pivot: f64) -> Self {
        Second { pivot, sum: [0.0; LANES], squares: [0.0; LANES] }
    }

    #[inline(always)]
    fn read(&mut self, values: &[f64]) {
        let chunks = values.chunks_exact(LANES);
        let tail = chunks.remainder();
        chunks.for_each(|chunk| self.add(chunk, LANES));
        if !tail.is_empty() {
            let mut padded = [0.0; LANES];
            padded[..tail.len()].copy_from_slice(tail);
            self.add(&padded, tail.len());
        }
    }

    #[inline(always)]
    fn add(&mut self, chunk: &[f64], len: usize) {
        for lane in 0..LANES {
            let value = chunk[lane];
            let counts = lane < len && !(SKIP && value.is_nan());
            let deviation = if counts { value - self.pivot } else { 0.0 };
            self.sum[lane] += deviation;
            self.squares[lane] += deviation * deviation;
        }
    }
}

/// The second pass over a block and the first pass over the next one; both are full.
#[inline(always)]
fn read_both<T: Sample, const SKIP: bool>(
    second: &mut Second<SKIP>,
    values: &[f64],
    first: &mut First<T, SKIP>,
    next: &[T],
    origin: T::Key,
    wide: &mut [f64],
) {
    let pairs = values.chunks_exact(LANES).zip(next.chunks_exact(LANES));
    if T::IS_F64 {
        for (values, next) in pairs {
            first.add(next, LANES, origin);
            second.add(values, LANES);
        }
    } else {
        for ((values, next), wide) in pairs.zip(wide.chunks_exact_mut(LANES)) {
            wide.copy_from_slice(&first.add(next, LANES, origin));
            second.add(values, LANES);
        }
    }
}

/// The state of a block that was read twice.
#[inline(always)]
fn finish<T: Sample, const SKIP: bool>(
    first: &First<T, SKIP>,
    second: &Second<SKIP>,
    values: &[f64],
    origin: T::Key,
) -> Moments<T::Key> {
    let count = first.count(values.len());
    let (min, max) = (tree(&first.min, T::Key::least), tree(&first.max, T::Key::greatest));
    let sum = tree_sum(&second.sum);
    // The deviations do not add up to zero, as the pivot is rounded: what is left is the rest of
    // the mean, and the squares are that much too large.
    let low = sum / count;
    let squares = tree_sum(&second.squares) - sum * low;
    if !squares.is_finite() {
        return irregular::<T, SKIP>(values, count, min, max);
    }
    let (mean, mean_low) = shift::<T>(second.pivot, low, origin);
    let center = Center { mean, mean_low, squares: if squares > 0.0 { squares } else { 0.0 }, squares_low: 0.0 };
    Moments::from_parts(count as u64, center, min, max)
}

/// The mean `pivot + low` of distances from `origin`, as the sum of two floats.
#[inline(always)]
fn shift<T: Sample>(pivot: f64, low: f64, origin: T::Key) -> (f64, f64) {
    let (mean, low) = quick_two_sum(pivot, low);
    let (origin, origin_low) = T::split(origin);
    let (origin, origin_low) = quick_two_sum(origin, origin_low);
    let (mean, rest) = two_sum(origin, mean);
    quick_two_sum(mean, rest + (origin_low + low))
}

/// The state of a block in which something is not finite.
#[cold]
#[inline(never)]
fn irregular<T: Sample, const SKIP: bool>(
    values: &[f64],
    count: f64,
    min: T::Key,
    max: T::Key,
) -> Moments<T::Key> {
    let has = |what: fn(f64) -> bool| values.iter().any(|&value| what(value));
    let nan = Center { mean: f64::NAN, mean_low: 0.0, squares: f64::NAN, squares_low: 0.0 };
    let count_u64 = count as u64;
    if let Some(not_a_number) = T::Key::NAN.filter(|_| !SKIP && has(f64::is_nan)) {
        return Moments::from_parts(count_u64, nan, not_a_number, not_a_number);
    }
    if has(f64::is_infinite) {
        let mean = match (has(|value| value == f64::INFINITY), has(|value| value == f64::NEG_INFINITY)) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        return Moments::from_parts(count_u64, Center { mean, ..nan }, min, max);
    }
    // Finite elements with a sum that is not, or with squares that are not: in halves of a size
    // that cannot overflow, and with what is left of the squares.
    let numbers = || values.iter().filter(|value| !value.is_nan());
    let mean = numbers().fold(0.0, |mean, value| mean + value / count);
    let squares = numbers().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    let center = Center { mean, mean_low: 0.0, squares, squares_low: 0.0 };
    Moments::from_parts(count_u64, center, min, max)
}

/// The lanes as one, in a fixed order.
#[inline(always)]
fn tree<K: Copy>(lanes: &[K; LANES], merge: impl Fn(K, K) -> K) -> K {
    let mut lanes = *lanes;
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] = merge(lanes[lane], lanes[lane + half]);
        }
    }
    lanes[0]
}

#[inline(always)]
fn tree_sum(lanes: &[f64; LANES]) -> f64 {
    tree(lanes, |a, b| a + b)
}
