//! The moments of a slice, block by block: the inner loop.
//!
//! A block of 4096 elements is read once: minimum, maximum, the sum of the deviations from a
//! pivot and the sum of their squares. The pivot is a guess at the mean, from some elements of the
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
//! again, by `fallback`.
//!
//! Of integers the pivot is one, too. If none is further from it than 2^22, nothing is rounded in these
//! loops, and what they give is taken as the integers that it is; else the block is read by `exact`, and so
//! are those after it until one has a smaller range.
//!
//! Sixteen sums run side by side; the compiler makes two, four or eight vectors of them. Four rows
//! of lanes are added in pairs before they are added to the sums: as many additions, but a fourth of
//! them one after the other, so that less is rounded away. Their order is the same on every CPU
//! level, no rounding is left out (see [`Adder`]), and so the results have the same bits.

use std::marker::PhantomData;

use super::center::Center;
use super::central::{CentralMoments, LARGE, SMALL};
use super::exact;
use super::fallback::{Weight, irregular, neumaier_sum};
use super::integers::IntegerSums;
use super::moments::Moments;
use super::sample::{Key, Sample};
use super::shift::{FAR, REACH, from_sums, guess, pivot_near, shifted_mean, whole};
use crate::kernels::eft::two_sum;
use crate::simd::{self, Kernel, Level, Simd};

/// Elements that are read before their state is merged: 32 KiB of `f64`.
pub const BLOCK: usize = 4096;

/// Elements whose sums are added up, 64 to a lane, four at a time. What rounding takes from the sums
/// of such sums is kept.
const RUN: usize = 1024;

/// Elements whose lanes hold so little that it does not pay to add these up without a rounding.
const FEW: usize = 256;

/// Sums that run side by side: two vectors of AVX-512.
pub const LANES: usize = 16;

/// A block is read again if the square of the distance from pivot to mean is this many times the
/// variance: two of the 53 binary digits of the sum of squares have then gone.
pub(super) const TOLERANCE: f64 = 4.0;

/// The same, for a pivot that is good enough for this block and not for the next.
pub(super) const NEAR: f64 = 1.0 / 256.0;

/// A sum that is so much smaller than one of its terms has lost too many digits: it is added up once
/// more, with care.
pub(super) const CANCELLED: f64 = 1.0 / (1u64 << 26) as f64;

/// The moments of `data`.
pub fn moments<T: Sample>(data: &[T]) -> Moments<T::Key, T::Center> {
    moments_at::<T, T::Center, false>(simd::level(), data)
}

/// The moments of floats that are whole numbers of at most 2^53.
pub fn moments_of_whole_numbers(data: &[f64]) -> Moments<f64, IntegerSums> {
    moments_at::<f64, IntegerSums, false>(simd::level(), data)
}

impl Moments {
    /// Adds the elements of a slice; a NaN makes everything but the count NaN.
    pub fn update(&mut self, data: &[f64]) {
        self.merge(&moments::<f64>(data));
    }
}

/// The distances of the elements from the origin, for what is rarely needed.
fn distances<T: Sample>(block: &[T], origin: T::Key) -> impl Fn(&mut dyn FnMut(f64, f64)) {
    move |take| block.iter().for_each(|element| take(T::to_f64_from(element.key(), origin), 1.0))
}

/// The moments of a slice at a level; without its NaNs if `SKIP`.
pub(super) fn moments_at<T: Sample, C: Center, const SKIP: bool>(
    level: Level,
    data: &[T],
) -> Moments<T::Key, C> {
    simd::run_at(level, Blocks::<T, C, SKIP>(data, PhantomData))
}

/// The moments of the elements of `data` that are not NaN.
pub fn moments_without_nan<T: Sample>(data: &[T]) -> Moments<T::Key, T::Center> {
    if const { T::Key::NAN.is_some() } {
        moments_at::<T, T::Center, true>(simd::level(), data)
    } else {
        moments(data)
    }
}

/// The moments of a slice; without its NaNs if `SKIP`.
struct Blocks<'a, T, C, const SKIP: bool>(&'a [T], PhantomData<C>);

impl<T: Sample, C: Center, const SKIP: bool> Kernel for Blocks<'_, T, C, SKIP> {
    type Output = Moments<T::Key, C>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Moments<T::Key, C> {
        let mut total = Moments::default();
        let Some(first) = self.0.first() else { return total };
        let origin = T::origin(first.key());
        let (pivot, range) = guess(self.0.len().min(BLOCK), |index| self.0[index], origin);
        let (mut pivot, mut is_wide) = (pivot_of::<C>(pivot), C::IS_EXACT && range > 2.0 * REACH);
        let adder = Adder::<S>::new();
        let mut sums = Total::new();
        for block in self.0.chunks(BLOCK) {
            if C::IS_EXACT && is_wide {
                let state = exact_block(block);
                (pivot, is_wide) = narrow_pivot::<T, C>(&state, origin);
                total.merge(&state);
                continue;
            }
            for attempt in 0..2 {
                sums.read::<T, SKIP, S>(block, origin, pivot, adder);
                let verdict = if const { C::IS_EXACT } {
                    sums.finish_integers(block, origin, &mut pivot, &mut total)
                } else {
                    sums.finish_floats::<T, C, SKIP>(block, origin, &mut pivot, attempt, &mut total)
                };
                match verdict {
                    Verdict::Merged => break,
                    Verdict::Again => {}
                    Verdict::Wide => {
                        total.merge(&exact_block(block));
                        is_wide = true;
                        break;
                    }
                }
            }
        }
        total
    }
}

/// A pivot like this one for elements with this center.
#[inline(always)]
pub(super) fn pivot_of<C: Center>(pivot: f64) -> f64 {
    if const { C::IS_EXACT } && pivot.abs() < FAR { whole(pivot) } else { pivot }
}

/// The state of a block of integers without sums of floats.
#[inline(always)]
fn exact_block<T: Sample, C: Center>(block: &[T]) -> Moments<T::Key, C> {
    if const { C::IS_EXACT } { exact::block(block).with_center(C::of_integers) } else { Moments::default() }
}

/// A pivot for integers like those of a block, and whether they are too far from any.
fn narrow_pivot<T: Sample, C: Center>(state: &Moments<T::Key, C>, origin: T::Key) -> (f64, bool) {
    let (min, max) = state.extremes().unwrap_or_default();
    let (min, max) = (T::to_f64_from(min, origin), T::to_f64_from(max, origin));
    (min, max - min > REACH || min.abs() >= FAR)
}

/// Whether a pivot was good.
pub enum Verdict {
    /// It was; the block is merged.
    Merged,
    /// It was not; there is a better one.
    Again,
    /// None can be; the block is not merged.
    Wide,
}

/// Additions that may be done by the multiplier: `a * 1 + b` is rounded once, as `a + b` is, and
/// so is the same to the last bit. A core that has as many multipliers as adders, and little to
/// multiply, does twice as many additions in the same time.
#[derive(Clone, Copy)]
pub(super) struct Adder<S: Simd> {
    /// A one of which the compiler does not know.
    one: f64,
    level: PhantomData<S>,
}

impl<S: Simd> Adder<S> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Adder { one: std::hint::black_box(1.0), level: PhantomData }
    }

    #[inline(always)]
    fn add(self, a: f64, b: f64) -> f64 {
        if S::FUSES { a.mul_add(self.one, b) } else { a + b }
    }

    #[inline(always)]
    fn sub(self, a: f64, b: f64) -> f64 {
        if S::FUSES { a.mul_add(self.one, -b) } else { a - b }
    }

    #[inline(always)]
    fn add_lanes(self, mut a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
        for lane in 0..LANES {
            a[lane] = self.add(a[lane], b[lane]);
        }
        a
    }
}

/// Additions that are done by the adders, in turn with multiplications.
#[inline(always)]
fn add_lanes(mut a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
    for lane in 0..LANES {
        a[lane] += b[lane];
    }
    a
}

/// Sums of a block, side by side.
#[derive(Clone, Copy)]
pub struct Sums<K> {
    /// Elements that are not NaN; only counted if some are to be skipped.
    pub(super) count: [f64; LANES],
    /// Of the deviations from the pivot.
    pub(super) sum: [f64; LANES],
    /// Of their squares.
    pub(super) squares: [f64; LANES],
    pub(super) min: [K; LANES],
    pub(super) max: [K; LANES],
}

/// Reads the whole rows of lanes of a run.
#[inline(always)]
fn read_run<T: Sample, const SKIP: bool, S: Simd>(
    run: &[T],
    origin: T::Key,
    pivot: f64,
    adder: Adder<S>,
) -> Sums<T::Key> {
    let mut sums = Sums::new();
    let fours = run.chunks_exact(4 * LANES);
    let ones = fours.remainder().chunks_exact(LANES);
    for four in fours {
        let four = [row(four, 0), row(four, 1), row(four, 2), row(four, 3)];
        sums.add_four::<T, SKIP, S>(four, origin, &[pivot; LANES], adder);
    }
    for one in ones {
        sums.add::<T, SKIP, S>(row(one, 0), origin, &[pivot; LANES], adder);
    }
    sums
}

/// A row of lanes, with the length known to the compiler: with a slice nothing becomes a vector.
#[inline(always)]
fn row<T>(rows: &[T], index: usize) -> &[T; LANES] {
    rows[index * LANES..][..LANES].try_into().expect("a whole row")
}

impl<K: Key> Sums<K> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let zero = [0.0; LANES];
        Sums { count: zero, sum: zero, squares: zero, min: [K::HIGHEST; LANES], max: [K::LOWEST; LANES] }
    }

    /// Adds a row of lanes.
    #[inline(always)]
    pub(super) fn add<T: Sample<Key = K>, const SKIP: bool, S: Simd>(
        &mut self,
        row: &[T; LANES],
        origin: K,
        pivots: &[f64; LANES],
        adder: Adder<S>,
    ) {
        let (deviations, squares) = self.terms::<T, SKIP, S>(row, origin, pivots, adder);
        self.sum = adder.add_lanes(deviations, self.sum);
        self.squares = add_lanes(squares, self.squares);
    }

    /// Adds four rows, in pairs first: no more additions, and a fourth of them one after the other.
    #[inline(always)]
    pub(super) fn add_four<T: Sample<Key = K>, const SKIP: bool, S: Simd>(
        &mut self,
        rows: [&[T; LANES]; 4],
        origin: K,
        pivots: &[f64; LANES],
        adder: Adder<S>,
    ) {
        let (a, a_squares) = self.terms::<T, SKIP, S>(rows[0], origin, pivots, adder);
        let (b, b_squares) = self.terms::<T, SKIP, S>(rows[1], origin, pivots, adder);
        let (c, c_squares) = self.terms::<T, SKIP, S>(rows[2], origin, pivots, adder);
        let (d, d_squares) = self.terms::<T, SKIP, S>(rows[3], origin, pivots, adder);
        let (ab, cd) = (adder.add_lanes(a, b), adder.add_lanes(c, d));
        self.sum = adder.add_lanes(adder.add_lanes(ab, cd), self.sum);
        let (ab, cd) = (add_lanes(a_squares, b_squares), add_lanes(c_squares, d_squares));
        self.squares = add_lanes(add_lanes(ab, cd), self.squares);
    }

    /// Takes a row into all but the sums, and returns what is to be added to these: the deviations
    /// and their squares. One operation at a time for all lanes: so the compiler sees that each is a vector.
    #[inline(always)]
    fn terms<T: Sample<Key = K>, const SKIP: bool, S: Simd>(
        &mut self,
        row: &[T; LANES],
        origin: K,
        pivots: &[f64; LANES],
        adder: Adder<S>,
    ) -> ([f64; LANES], [f64; LANES]) {
        let mut keys = [K::default(); LANES];
        let mut deviations = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for lane in 0..LANES {
            keys[lane] = row[lane].key();
        }
        for lane in 0..LANES {
            let deviation = adder.sub(T::to_f64_from(keys[lane], origin), pivots[lane]);
            deviations[lane] = if SKIP && keys[lane].is_nan() { 0.0 } else { deviation };
        }
        for lane in 0..LANES {
            squares[lane] = deviations[lane] * deviations[lane];
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
        (deviations, squares)
    }

    /// Reads what is left of a block, fewer than `LANES` elements.
    #[inline(never)]
    fn add_tail<T: Sample<Key = K>, const SKIP: bool>(&mut self, tail: &[T], origin: K, pivot: f64) {
        for (lane, element) in tail.iter().enumerate() {
            let key = element.key();
            if !(SKIP && key.is_nan()) {
                let deviation = T::to_f64_from(key, origin) - pivot;
                self.sum[lane] += deviation;
                self.squares[lane] += deviation * deviation;
                self.count[lane] += 1.0;
            }
            self.min[lane] = if key < self.min[lane] { key } else { self.min[lane] };
            self.max[lane] = if key > self.max[lane] { key } else { self.max[lane] };
        }
    }
}

/// The sums of the runs of a block.
pub struct Total<K> {
    sums: Sums<K>,
    low: Lows,
}

/// What rounding takes from the sums of runs, if there are several.
struct Lows {
    sum: [f64; LANES],
    squares: [f64; LANES],
}

impl<K: Key> Total<K> {
    pub(super) fn new() -> Self {
        Total { sums: Sums::new(), low: Lows { sum: [0.0; LANES], squares: [0.0; LANES] } }
    }

    /// Forgets what it holds, and reads a block.
    #[inline(always)]
    pub(super) fn read<T: Sample<Key = K>, const SKIP: bool, S: Simd>(
        &mut self,
        block: &[T],
        origin: K,
        pivot: f64,
        adder: Adder<S>,
    ) {
        let (first, others) = block.split_at(block.len().min(RUN));
        self.sums = read_run::<T, SKIP, S>(first, origin, pivot, adder);
        if !others.is_empty() {
            self.low = Lows { sum: [0.0; LANES], squares: [0.0; LANES] };
        }
        for run in others.chunks(RUN) {
            self.add::<SKIP>(&read_run::<T, SKIP, S>(run, origin, pivot, adder));
        }
        // Only the last run has a tail: `RUN` is a multiple of `LANES`.
        let tail = &block[block.len() / LANES * LANES..];
        if !tail.is_empty() {
            self.sums.add_tail::<T, SKIP>(tail, origin, pivot);
        }
    }

    /// Adds the sums of a run.
    ///
    /// Not inlined: see `finish`.
    #[inline(never)]
    fn add<const SKIP: bool>(&mut self, run: &Sums<K>) {
        let Total { sums, low } = self;
        for lane in 0..LANES {
            let (sum, lost) = two_sum(sums.sum[lane], run.sum[lane]);
            (sums.sum[lane], low.sum[lane]) = (sum, low.sum[lane] + lost);
        }
        for lane in 0..LANES {
            let (squares, lost) = two_sum(sums.squares[lane], run.squares[lane]);
            (sums.squares[lane], low.squares[lane]) = (squares, low.squares[lane] + lost);
        }
        for lane in 0..LANES {
            sums.min[lane] = lesser(sums.min[lane], run.min[lane]);
        }
        for lane in 0..LANES {
            sums.max[lane] = greater(sums.max[lane], run.max[lane]);
        }
        if SKIP {
            for lane in 0..LANES {
                sums.count[lane] += run.count[lane];
            }
        }
    }

    /// The sum of the deviations and that of their squares, and what rounding took from them; `len`
    /// is that of the block.
    #[inline(always)]
    fn trees(&self, len: usize) -> [(f64, f64); 2] {
        let Total { sums, low } = self;
        let lows = |lows: &[f64; LANES]| if len > RUN { tree(lows, add) } else { 0.0 };
        if len <= FEW {
            return [(tree(&sums.sum, add), 0.0), (tree(&sums.squares, add), 0.0)];
        }
        let (sum, sum_low) = exact_tree(&sums.sum);
        let (squares, squares_low) = exact_tree(&sums.squares);
        [(sum, sum_low + lows(&low.sum)), (squares, squares_low + lows(&low.squares))]
    }

    /// Minimum and maximum.
    #[inline(always)]
    fn extremes(&self) -> (K, K) {
        (tree(&self.sums.min, lesser), tree(&self.sums.max, greater))
    }

    /// Puts the sums of all lanes into one lane of others.
    ///
    /// Not inlined: see `finish`.
    #[inline(never)]
    pub(super) fn fold_into(&self, others: &mut Sums<K>, lane: usize, len: usize) {
        let [(sum, sum_low), (squares, squares_low)] = self.trees(len);
        others.count[lane] = tree(&self.sums.count, add);
        others.sum[lane] = sum + sum_low;
        others.squares[lane] = squares + squares_low;
        others.min[lane] = tree(&self.sums.min, lesser);
        others.max[lane] = tree(&self.sums.max, greater);
    }

    /// Adds a block of floats to a state, or asks for another attempt; the pivot is made better.
    ///
    /// Not inlined: seeing this sum of the lanes, the compiler cuts them into vectors that suit
    /// it, and not the loop, which then takes four times as long.
    #[inline(never)]
    fn finish_floats<T: Sample<Key = K>, C: Center, const SKIP: bool>(
        &self,
        block: &[T],
        origin: K,
        pivot: &mut f64,
        attempt: u32,
        state: &mut Moments<K, C>,
    ) -> Verdict {
        let count = if SKIP { tree(&self.sums.count, add) } else { block.len() as f64 };
        let (min, max) = self.extremes();
        let used = *pivot;
        let [(sum, sum_low), (squares, squares_low)] = self.trees(block.len());
        let mut sum = sum + sum_low;
        let (least, most) = (T::to_f64_from(min, origin), T::to_f64_from(max, origin));
        if sum.abs() < CANCELLED * (least - used).abs().max((most - used).abs()) {
            sum = neumaier_sum(&distances(block, origin), SKIP, used);
        }
        let low = sum / count;
        // The deviations are not from the mean: their squares are so much too large.
        let excess = sum * low;
        let squares = (squares - excess) + squares_low;
        if !(is_regular(squares) || squares <= SMALL && least == most) {
            *pivot = 0.0;
            let center = irregular(&distances(block, origin), SKIP, Weight::of_count(count));
            state.merge(&Moments::of_irregular(count as u64, center, min, max).with_center(C::of_floats));
            return Verdict::Merged;
        }
        if excess > NEAR * squares {
            *pivot = pivot_near(used + low, most - least, squares / count);
            let lost = excess > TOLERANCE * squares || *pivot == 0.0;
            if lost && attempt == 0 {
                return Verdict::Again;
            }
        }
        let (mut mean, mut mean_low) = shifted_mean(used, sum, count);
        let mut squares = if squares > 0.0 { squares } else { 0.0 };
        if least == most {
            (mean, mean_low, squares) = (most, 0.0, 0.0);
        }
        let center = CentralMoments { mean, mean_low, squares, ..CentralMoments::default() };
        state.merge(&Moments::from_parts(count as u64, C::of_floats(center), min, max));
        Verdict::Merged
    }

    /// Adds a block of integers to a state, if its sums are exact; the pivot is made better.
    ///
    /// Not inlined: as above.
    #[inline(never)]
    fn finish_integers<T: Sample<Key = K>, C: Center>(
        &self,
        block: &[T],
        origin: K,
        pivot: &mut f64,
        state: &mut Moments<K, C>,
    ) -> Verdict {
        let (min, max) = self.extremes();
        let used = *pivot;
        let ends = [T::to_f64_from(min, origin) - used, T::to_f64_from(max, origin) - used];
        let reach = ends[0].abs().max(ends[1].abs());
        if reach > REACH || used.abs() >= FAR {
            return Verdict::Wide;
        }
        // All floats are integers: each lane has at most 53 bits, and what rounding takes from their sum is known.
        let [(sum, sum_low), (squares, squares_low)] = self.trees(block.len());
        let (sum, squares) = (sum as i64 + sum_low as i64, squares as i64 + squares_low as i64);
        let count = block.len() as u64;
        let Some(center) = from_sums(count, origin, used, sum, squares as u64) else {
            return Verdict::Wide;
        };
        if reach > REACH / 4.0 {
            // For the next block. It stays as it is for as long as it is near, so that no block has to wait for
            // the one before.
            *pivot = whole(used + sum as f64 / count as f64);
        }
        state.merge(&Moments::from_parts(count, C::of_integers(center), min, max));
        Verdict::Merged
    }
}

/// Whether a sum of squares is one that floats hold with all digits.
#[inline(always)]
pub(super) fn is_regular(squares: f64) -> bool {
    (SMALL..=LARGE).contains(&squares)
}

/// The sum of the lanes, and what rounding took from it.
#[inline(always)]
pub(super) fn exact_tree(lanes: &[f64; LANES]) -> (f64, f64) {
    let (mut sums, mut lows) = (*lanes, [0.0; LANES]);
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let (sum, lost) = two_sum(sums[lane], sums[lane + half]);
            (sums[lane], lows[lane]) = (sum, lows[lane] + lows[lane + half] + lost);
        }
        half /= 2;
    }
    (sums[0], lows[0])
}

/// The lanes as one, in a fixed order.
#[inline(always)]
pub(super) fn tree<K: Copy>(lanes: &[K; LANES], merge: impl Fn(K, K) -> K) -> K {
    let mut eight = [lanes[0]; 8];
    for lane in 0..8 {
        eight[lane] = merge(lanes[lane], lanes[lane + 8]);
    }
    let [a, b, c, d, e, f, g, h] = eight;
    let [a, b, c, d] = [merge(a, e), merge(b, f), merge(c, g), merge(d, h)];
    merge(merge(a, c), merge(b, d))
}

#[inline(always)]
pub(super) fn add(a: f64, b: f64) -> f64 {
    a + b
}

/// The lesser of two, neither of which is NaN: no lane ever takes one in.
#[inline(always)]
pub(super) fn lesser<K: Key>(a: K, b: K) -> K {
    if b < a { b } else { a }
}

/// The greater of two, neither of which is NaN.
#[inline(always)]
pub(super) fn greater<K: Key>(a: K, b: K) -> K {
    if b > a { b } else { a }
}
