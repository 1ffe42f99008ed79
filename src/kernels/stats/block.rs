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
        let (mut first, mut second) = (FirstLanes::new(), SecondLanes::new());
        read_first::<T, SKIP>(block, origin, wide.as_mut(), &mut first);
        for next in blocks {
            let found = first.finish::<T, SKIP>(block.len(), origin);
            let next_origin = T::origin(next[0].key());
            let values = if T::IS_F64 { T::as_f64(block) } else { wide.as_ref() };
            if next.len() == BLOCK {
                let next_wide = next_wide.as_mut();
                read_both::<T, SKIP>(values, found.pivot, next, next_origin, next_wide, &mut first, &mut second);
            } else {
                read_second::<SKIP>(values, found.pivot, &mut second);
                read_first::<T, SKIP>(next, next_origin, next_wide.as_mut(), &mut first);
            }
            merge_block::<T, SKIP>(&mut total, &found, &second, values, origin);
            (block, origin) = (next, next_origin);
            std::mem::swap(&mut wide, &mut next_wide);
        }
        let found = first.finish::<T, SKIP>(block.len(), origin);
        let values = if T::IS_F64 { T::as_f64(block) } else { &wide.as_ref()[..block.len()] };
        read_second::<SKIP>(values, found.pivot, &mut second);
        merge_block::<T, SKIP>(&mut total, &found, &second, values, origin);
        total
    }
}

/// What the first pass over a block finds.
struct First<K> {
    /// Elements that count.
    count: f64,
    /// What the second pass subtracts: near the mean.
    pivot: f64,
    min: K,
    max: K,
}

/// The sums of the first pass, side by side.
struct FirstLanes<K> {
    count: [f64; LANES],
    sum: [f64; LANES],
    min: [K; LANES],
    max: [K; LANES],
}

impl<K: Key> FirstLanes<K> {
    #[inline(always)]
    fn new() -> Self {
        let zero = [0.0; LANES];
        FirstLanes { count: zero, sum: zero, min: [K::HIGHEST; LANES], max: [K::LOWEST; LANES] }
    }

    /// Reads `LANES` elements and returns them as `f64`.
    ///
    /// One step at a time for all lanes: so the compiler sees that each step is a vector.
    #[inline(always)]
    fn add<T: Sample<Key = K>, const SKIP: bool>(&mut self, chunk: &[T; LANES], origin: K) -> [f64; LANES] {
        let mut keys = [K::default(); LANES];
        let mut values = [0.0; LANES];
        for lane in 0..LANES {
            keys[lane] = chunk[lane].key();
        }
        for lane in 0..LANES {
            values[lane] = T::wide(keys[lane], origin);
        }
        for lane in 0..LANES {
            self.sum[lane] += if SKIP && keys[lane].is_nan() { 0.0 } else { values[lane] };
        }
        // A comparison with NaN is false: it is skipped.
        for lane in 0..LANES {
            self.min[lane] = if keys[lane] < self.min[lane] { keys[lane] } else { self.min[lane] };
        }
        for lane in 0..LANES {
            self.max[lane] = if keys[lane] > self.max[lane] { keys[lane] } else { self.max[lane] };
        }
        if SKIP {
            for lane in 0..LANES {
                self.count[lane] += if keys[lane].is_nan() { 0.0 } else { 1.0 };
            }
        }
        values
    }

    /// Reads what is left of a block, fewer than `LANES` elements.
    #[inline(never)]
    fn add_tail<T: Sample<Key = K>, const SKIP: bool>(&mut self, tail: &[T], origin: K, wide: &mut [f64]) {
        for (lane, element) in tail.iter().enumerate() {
            let key = element.key();
            let value = T::wide(key, origin);
            if !(SKIP && key.is_nan()) {
                self.sum[lane] += value;
                self.count[lane] += 1.0;
            }
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
            if !T::IS_F64 {
                wide[lane] = value;
            }
        }
    }

    /// Not inlined, like all that comes after a loop: seeing this sum of the lanes, the compiler
    /// cuts them into vectors that suit it, and not the loop, which then takes four times as long.
    #[inline(never)]
    fn finish<T: Sample<Key = K>, const SKIP: bool>(&self, len: usize, origin: K) -> First<K> {
        let count = if SKIP { tree(&self.count, add) } else { len as f64 };
        let (min, max) = (tree(&self.min, K::least), tree(&self.max, K::greatest));
        let mean = tree(&self.sum, add) / count;
        First { count, pivot: rounded(mean, T::wide(max, origin) - T::wide(min, origin)), min, max }
    }
}

/// A number near the mean with few digits, so that an element less this number is exact whenever
/// it can be: a multiple of 1/256 to 1/512 of the range.
///
/// The deviations then add up to the mean without a rounding for all data that have less than
/// about 43 bits between their range and their last digit: integers, `f32`, what has an offset.
/// As the squares of `count` deviations are at least half the square of the range, the correction
/// for a pivot that is off by 1/512 of it is below 1/128 of them, and costs no digits.
#[inline(always)]
fn rounded(mean: f64, range: f64) -> f64 {
    let power = f64::from_bits(range.to_bits() & 0x7ff0_0000_0000_0000);
    // Adding a number whose last digit is worth 1/256 of the power of two rounds to that digit.
    let rounder = power * (1.5 * (1u64 << 44) as f64);
    let is_large = mean.abs() >= power * (1u64 << 43) as f64;
    if is_large || !rounder.is_finite() { mean } else { (mean + rounder) - rounder }
}

/// The sums of the second pass, side by side.
struct SecondLanes {
    sum: [f64; LANES],
    squares: [f64; LANES],
}

impl SecondLanes {
    #[inline(always)]
    fn new() -> Self {
        SecondLanes { sum: [0.0; LANES], squares: [0.0; LANES] }
    }

    #[inline(always)]
    fn add<const SKIP: bool>(&mut self, values: &[f64; LANES], pivot: f64) {
        let mut deviations = [0.0; LANES];
        for lane in 0..LANES {
            let value = values[lane];
            deviations[lane] = if SKIP && value.is_nan() { 0.0 } else { value - pivot };
        }
        for lane in 0..LANES {
            self.sum[lane] += deviations[lane];
        }
        for lane in 0..LANES {
            self.squares[lane] += deviations[lane] * deviations[lane];
        }
    }

    #[inline(never)]
    fn add_tail<const SKIP: bool>(&mut self, tail: &[f64], pivot: f64) {
        for (lane, value) in tail.iter().enumerate() {
            if !(SKIP && value.is_nan()) {
                let deviation = value - pivot;
                self.sum[lane] += deviation;
                self.squares[lane] += deviation * deviation;
            }
        }
    }
}

/// The first pass over a block; writes it to `wide` unless it is of `f64` already.
#[inline(always)]
fn read_first<T: Sample, const SKIP: bool>(
    block: &[T],
    origin: T::Key,
    wide: &mut [f64],
    first: &mut FirstLanes<T::Key>,
) {
    let mut sums = FirstLanes::new();
    let chunks = block.chunks_exact(LANES);
    let tail = chunks.remainder();
    if T::IS_F64 {
        for chunk in chunks {
            sums.add::<T, SKIP>(lanes(chunk), origin);
        }
    } else {
        for (chunk, wide) in chunks.zip(wide.chunks_exact_mut(LANES)) {
            wide.copy_from_slice(&sums.add::<T, SKIP>(lanes(chunk), origin));
        }
    }
    *first = sums;
    if !tail.is_empty() {
        let wide = if T::IS_F64 { wide } else { &mut wide[block.len() - tail.len()..] };
        first.add_tail::<T, SKIP>(tail, origin, wide);
    }
}

/// The second pass over a block.
#[inline(always)]
fn read_second<const SKIP: bool>(values: &[f64], pivot: f64, second: &mut SecondLanes) {
    let mut sums = SecondLanes::new();
    let chunks = values.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        sums.add::<SKIP>(lanes(chunk), pivot);
    }
    *second = sums;
    if !tail.is_empty() {
        second.add_tail::<SKIP>(tail, pivot);
    }
}

/// The second pass over a block and the first pass over the next one; both are full.
#[inline(always)]
fn read_both<T: Sample, const SKIP: bool>(
    values: &[f64],
    pivot: f64,
    next: &[T],
    origin: T::Key,
    wide: &mut [f64],
    first: &mut FirstLanes<T::Key>,
    second: &mut SecondLanes,
) {
    // Sums of this function's own, that can be in registers.
    let (mut next_sums, mut sums) = (FirstLanes::new(), SecondLanes::new());
    let pairs = values.chunks_exact(LANES).zip(next.chunks_exact(LANES));
    if T::IS_F64 {
        for (values, next) in pairs {
            next_sums.add::<T, SKIP>(lanes(next), origin);
            sums.add::<SKIP>(lanes(values), pivot);
        }
    } else {
        for ((values, next), wide) in pairs.zip(wide.chunks_exact_mut(LANES)) {
            wide.copy_from_slice(&next_sums.add::<T, SKIP>(lanes(next), origin));
            sums.add::<SKIP>(lanes(values), pivot);
        }
    }
    (*first, *second) = (next_sums, sums);
}

/// A chunk, with its length known to the compiler: with a slice nothing becomes a vector.
#[inline(always)]
fn lanes<T>(chunk: &[T]) -> &[T; LANES] {
    chunk.try_into().expect("chunks_exact gives whole chunks")
}

/// Adds a block that was read twice. Not inlined for the reason given above.
#[inline(never)]
fn merge_block<T: Sample, const SKIP: bool>(
    total: &mut Moments<T::Key>,
    first: &First<T::Key>,
    second: &SecondLanes,
    values: &[f64],
    origin: T::Key,
) {
    // The deviations do not add up to zero, as the pivot is rounded: what is left is the rest of
    // the mean, and the squares are that much too large.
    let sum = tree(&second.sum, add);
    let low = sum / first.count;
    let squares = tree(&second.squares, add) - sum * low;
    if !squares.is_finite() {
        return total.merge(&irregular::<T, SKIP>(values, first.count, first.min, first.max));
    }
    let (mean, mean_low) = shift::<T>(first.pivot, low, origin);
    let center = Center { mean, mean_low, squares: if squares > 0.0 { squares } else { 0.0 }, squares_low: 0.0 };
    total.merge(&Moments::from_parts(first.count as u64, center, first.min, first.max));
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
    let mut eight = [lanes[0]; 8];
    for lane in 0..8 {
        eight[lane] = merge(lanes[lane], lanes[lane + 8]);
    }
    let [a, b, c, d, e, f, g, h] = eight;
    let [a, b, c, d] = [merge(a, e), merge(b, f), merge(c, g), merge(d, h)];
    merge(merge(a, c), merge(b, d))
}

#[inline(always)]
fn add(a: f64, b: f64) -> f64 {
    a + b
}
