//! The moments of a slice, block by block: the inner loop.
//!
//! A block of 4096 elements is read once: minimum, maximum, the sum of the deviations from a
//! pivot and the sum of their squares. The pivot is a guess at the mean, from four elements of the
//! first block. It is kept for as long as it is near, so that a block need not wait for the one
//! before. If it turns out to be further from the mean than twice the standard deviation, so that
//! digits would cancel, the block, by now in the nearest caches, is read again with the mean as
//! its pivot (the two-pass algorithm with Björck's correction; Chan, Golub and LeVeque 1983). So
//! nothing large is ever subtracted from something large, and an offset costs no digits. Blocks
//! merge as in `moments`.
//!
//! What was tried and dropped: always two passes, the second over one block in the same loop as
//! the first over the next, which takes a third more operations.
//!
//! NaN is not looked for: a block whose sums are finite has none. Only other blocks are looked at
//! again, by [`irregular`].
//!
//! Sixteen sums run side by side; the compiler makes two, four or eight vectors of them. Their
//! order of additions is the same on every CPU level, no rounding is left out (see [`Adder`]), and
//! so the results have the same bits.

use super::moments::{Center, Moments, quick_two_sum, two_product, two_sum};
use super::sample::{Key, Sample};
use crate::simd::{self, Fusable, Level};

/// Elements that are read before their state is merged: 32 KiB of `f64`.
pub const BLOCK: usize = 4096;

/// Elements whose sums are added up one after the other: a sum of such sums, in which rounding is
/// a matter of 68 additions, not of 256.
const RUN: usize = 1024;

/// Sums that run side by side: two vectors of AVX-512.
pub(super) const LANES: usize = 16;

/// A block is read again if the square of the distance from pivot to mean is this many times the
/// variance: two of the 53 binary digits of the sum of squares have then gone.
pub(super) const TOLERANCE: f64 = 4.0;

/// The same, for a pivot that is good enough for this block and not for the next.
const NEAR: f64 = 0.25;

/// The moments of `data`.
pub fn moments<T: Sample>(data: &[T]) -> Moments<T::Key> {
    moments_at::<T, false>(simd::level(), data)
}

/// The moments of a slice at a level; without its NaNs if `SKIP`.
pub(super) fn moments_at<T: Sample, const SKIP: bool>(level: Level, data: &[T]) -> Moments<T::Key> {
    simd::run_fusable_at(level, Blocks::<T, SKIP>(data))
}

/// The moments of the elements of `data` that are not NaN.
pub fn moments_without_nan<T: Sample>(data: &[T]) -> Moments<T::Key> {
    match T::Key::NAN {
        Some(_) => moments_at::<T, true>(simd::level(), data),
        None => moments(data),
    }
}

/// The moments of a slice; without its NaNs if `SKIP`.
struct Blocks<'a, T, const SKIP: bool>(&'a [T]);

impl<T: Sample, const SKIP: bool> Fusable for Blocks<'_, T, SKIP> {
    type Output = Moments<T::Key>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Moments<T::Key> {
        let mut total = Moments::default();
        let Some(first) = self.0.first() else { return total };
        let origin = T::origin(first.key());
        let mut pivot = guess(self.0.len().min(BLOCK), |index| self.0[index], origin);
        let adder = Adder::<FUSED>::new();
        for block in self.0.chunks(BLOCK) {
            for attempt in 0..2 {
                let sums = read::<T, SKIP, FUSED>(block, origin, pivot, adder);
                match sums.finish::<T, SKIP>(block, origin, &mut pivot, attempt, &mut total) {
                    Verdict::Merged => break,
                    Verdict::Again => {}
                }
            }
        }
        total
    }
}

/// Whether a pivot was good.
enum Verdict {
    /// It was; the block is merged.
    Merged,
    /// It was not; there is a better one.
    Again,
}

/// Additions that may be done by the multiplier: `a * 1 + b` is rounded once, as `a + b` is, and
/// so is the same to the last bit. A core that has as many multipliers as adders, and little to
/// multiply, does twice as many additions in the same time.
#[derive(Clone, Copy)]
pub(super) struct Adder<const FUSED: bool> {
    /// A one of which the compiler does not know.
    one: f64,
}

impl<const FUSED: bool> Adder<FUSED> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Adder { one: std::hint::black_box(1.0) }
    }

    #[inline(always)]
    fn add(self, a: f64, b: f64) -> f64 {
        if FUSED { a.mul_add(self.one, b) } else { a + b }
    }

    #[inline(always)]
    fn sub(self, a: f64, b: f64) -> f64 {
        if FUSED { a.mul_add(self.one, -b) } else { a - b }
    }
}

/// Sums of a block, side by side.
#[derive(Clone, Copy)]
pub(super) struct Sums<K> {
    /// Elements that are not NaN; only counted if some are to be skipped.
    pub(super) count: [f64; LANES],
    /// Of the deviations from the pivot.
    pub(super) sum: [f64; LANES],
    /// Of their squares.
    pub(super) squares: [f64; LANES],
    pub(super) min: [K; LANES],
    pub(super) max: [K; LANES],
}

/// Reads a block.
#[inline(always)]
pub(super) fn read<T: Sample, const SKIP: bool, const FUSED: bool>(
    block: &[T],
    origin: T::Key,
    pivot: f64,
    adder: Adder<FUSED>,
) -> Sums<T::Key> {
    let (first, rest) = block.split_at(block.len().min(RUN));
    let mut total = read_run::<T, SKIP, FUSED>(first, origin, pivot, adder);
    for run in rest.chunks(RUN) {
        total.add_sums::<SKIP>(&read_run::<T, SKIP, FUSED>(run, origin, pivot, adder));
    }
    // Only the last run has a tail: `RUN` is a multiple of `LANES`.
    let tail = &block[block.len() / LANES * LANES..];
    if !tail.is_empty() {
        total.add_tail::<T, SKIP>(tail, origin, pivot);
    }
    total
}

/// Reads the whole rows of lanes of a run.
#[inline(always)]
fn read_run<T: Sample, const SKIP: bool, const FUSED: bool>(
    run: &[T],
    origin: T::Key,
    pivot: f64,
    adder: Adder<FUSED>,
) -> Sums<T::Key> {
    let mut sums = Sums::new();
    for chunk in run.chunks_exact(LANES) {
        // With the length known to the compiler: with a slice nothing becomes a vector.
        let chunk: &[T; LANES] = chunk.try_into().expect("chunks_exact gives whole chunks");
        sums.add::<T, SKIP, FUSED>(chunk, origin, &[pivot; LANES], adder);
    }
    sums
}

impl<K: Key> Sums<K> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let zero = [0.0; LANES];
        Sums { count: zero, sum: zero, squares: zero, min: [K::HIGHEST; LANES], max: [K::LOWEST; LANES] }
    }

    /// One step at a time for all lanes: so the compiler sees that each step is a vector.
    #[inline(always)]
    pub(super) fn add<T: Sample<Key = K>, const SKIP: bool, const FUSED: bool>(
        &mut self,
        chunk: &[T; LANES],
        origin: K,
        pivots: &[f64; LANES],
        adder: Adder<FUSED>,
    ) {
        let mut keys = [K::default(); LANES];
        let mut deviations = [0.0; LANES];
        for lane in 0..LANES {
            keys[lane] = chunk[lane].key();
        }
        for lane in 0..LANES {
            let deviation = adder.sub(T::wide(keys[lane], origin), pivots[lane]);
            deviations[lane] = if SKIP && keys[lane].is_nan() { 0.0 } else { deviation };
        }
        for lane in 0..LANES {
            self.sum[lane] = adder.add(deviations[lane], self.sum[lane]);
        }
        for lane in 0..LANES {
            self.squares[lane] += deviations[lane] * deviations[lane];
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
    }

    /// Adds the sums of some more elements.
    #[inline(always)]
    fn add_sums<const SKIP: bool>(&mut self, other: &Self) {
        for lane in 0..LANES {
            self.sum[lane] += other.sum[lane];
        }
        for lane in 0..LANES {
            self.squares[lane] += other.squares[lane];
        }
        for lane in 0..LANES {
            self.min[lane] = lesser(self.min[lane], other.min[lane]);
        }
        for lane in 0..LANES {
            self.max[lane] = greater(self.max[lane], other.max[lane]);
        }
        if SKIP {
            for lane in 0..LANES {
                self.count[lane] += other.count[lane];
            }
        }
    }

    /// Reads what is left of a block, fewer than `LANES` elements.
    #[inline(never)]
    fn add_tail<T: Sample<Key = K>, const SKIP: bool>(&mut self, tail: &[T], origin: K, pivot: f64) {
        for (lane, element) in tail.iter().enumerate() {
            let key = element.key();
            if !(SKIP && key.is_nan()) {
                let deviation = T::wide(key, origin) - pivot;
                self.sum[lane] += deviation;
                self.squares[lane] += deviation * deviation;
                self.count[lane] += 1.0;
            }
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
        }
    }

    /// Puts the sums of all lanes into one lane of others.
    ///
    /// Not inlined: see `finish`.
    #[inline(never)]
    pub(super) fn fold_into(&self, others: &mut Self, lane: usize) {
        others.count[lane] = tree(&self.count, add);
        others.sum[lane] = tree(&self.sum, add);
        others.squares[lane] = tree(&self.squares, add);
        others.min[lane] = tree(&self.min, lesser);
        others.max[lane] = tree(&self.max, greater);
    }

    /// Adds the block to the total, or asks for another attempt; the pivot is made better.
    ///
    /// Not inlined: seeing this sum of the lanes, the compiler cuts them into vectors that suit
    /// it, and not the loop, which then takes four times as long.
    #[inline(never)]
    fn finish<T: Sample<Key = K>, const SKIP: bool>(
        &self,
        block: &[T],
        origin: K,
        pivot: &mut f64,
        attempt: u32,
        total: &mut Moments<K>,
    ) -> Verdict {
        let count = if SKIP { tree(&self.count, add) } else { block.len() as f64 };
        let (min, max) = (tree(&self.min, lesser), tree(&self.max, greater));
        let sum = tree(&self.sum, add);
        let low = sum / count;
        // The deviations are not from the mean: their squares are so much too large.
        let excess = sum * low;
        let squares = tree(&self.squares, add) - excess;
        if !squares.is_finite() {
            *pivot = 0.0;
            total.merge(&irregular::<T, SKIP, _>(|| block.iter(), origin, count, min, max));
            return Verdict::Merged;
        }
        let used = *pivot;
        if excess > NEAR * squares {
            *pivot = rounded(used + low, T::wide(max, origin) - T::wide(min, origin));
            if excess > TOLERANCE * squares && attempt == 0 {
                return Verdict::Again;
            }
        }
        let (mean, mean_low) = shift::<T>(used, sum, count, origin);
        let squares = if squares > 0.0 { squares } else { 0.0 };
        let center = Center { mean, mean_low, squares, squares_low: 0.0 };
        total.merge(&Moments::from_parts(count as u64, center, min, max));
        Verdict::Merged
    }
}

/// A pivot from four of `len` elements.
#[inline(always)]
pub(super) fn guess<T: Sample>(len: usize, element: impl Fn(usize) -> T, origin: T::Key) -> f64 {
    let last = len - 1;
    let some = |index| T::wide(element(index).key(), origin);
    let some = [some(0), some(last / 3), some(2 * last / 3), some(last)];
    let (mut min, mut max) = (some[0], some[0]);
    for value in some {
        min = if value < min { value } else { min };
        max = if value > max { value } else { max };
    }
    let mean = (some[0] + some[3] + (some[1] + some[2])) / 4.0;
    if mean.is_finite() { rounded(mean, max - min) } else { 0.0 }
}

/// A number near the mean with few digits, so that an element less this number is exact whenever
/// it can be: a multiple of 1/256 to 1/512 of the range.
///
/// The deviations then add up without a rounding for all data that have less than about 43 bits
/// between their range and their last digit: integers, `f32`, what has an offset.
#[inline(always)]
pub(super) fn rounded(mean: f64, range: f64) -> f64 {
    let power = f64::from_bits(range.to_bits() & 0x7ff0_0000_0000_0000);
    // Adding a number whose last digit is worth 1/256 of the power of two rounds to that digit.
    let rounder = power * (1.5 * (1u64 << 44) as f64);
    let is_large = mean.abs() >= power * (1u64 << 43) as f64;
    if is_large || !rounder.is_finite() { mean } else { (mean + rounder) - rounder }
}

/// The mean of distances from `origin`, `pivot + sum / count`, as the sum of two floats.
#[inline(always)]
pub(super) fn shift<T: Sample>(pivot: f64, sum: f64, count: f64, origin: T::Key) -> (f64, f64) {
    // The rest of the division matters where pivot and quotient cancel.
    let quotient = sum / count;
    let (product, product_low) = two_product(quotient, count);
    let rest = ((sum - product) - product_low) / count;
    let (mean, low) = two_sum(pivot, quotient);
    let low = low + if rest.is_finite() { rest } else { 0.0 };
    let (origin, origin_low) = T::split(origin);
    let (origin, origin_low) = quick_two_sum(origin, origin_low);
    let (mean, rest) = two_sum(origin, mean);
    quick_two_sum(mean, rest + (origin_low + low))
}

/// The state of a block in which something is not finite.
#[cold]
#[inline(never)]
pub(super) fn irregular<'a, T: Sample, const SKIP: bool, I: Iterator<Item = &'a T>>(
    elements: impl Fn() -> I,
    origin: T::Key,
    count: f64,
    min: T::Key,
    max: T::Key,
) -> Moments<T::Key> {
    let values = || elements().map(|element| T::wide(element.key(), origin));
    let has = |what: fn(f64) -> bool| values().any(what);
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
    // Finite elements with a sum, or squares, that are not: as well as it goes without a sum.
    let numbers = || values().filter(|value| !value.is_nan());
    let mean = numbers().fold(0.0, |mean, value| mean + value / count);
    let squares = numbers().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    let (mean, mean_low) = shift::<T>(mean, 0.0, 1.0, origin);
    Moments::from_parts(count_u64, Center { mean, mean_low, squares, squares_low: 0.0 }, min, max)
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

/// The lesser of two, neither of which is NaN: no lane ever takes one in.
#[inline(always)]
fn lesser<K: Key>(a: K, b: K) -> K {
    if b < a { b } else { a }
}

/// The greater of two, neither of which is NaN.
#[inline(always)]
fn greater<K: Key>(a: K, b: K) -> K {
    if b > a { b } else { a }
}
