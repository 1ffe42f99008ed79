//! The moments of a slice whose elements have weights: the inner loop.
//!
//! As in `block`: the sums of a block are of deviations from a pivot, a guess at the mean; a block whose pivot was
//! too far from its mean is read again; lanes run side by side and are added up without a rounding; what is not
//! finite or near the ends of what is goes to `fallback`. A block is shorter, so that no second level of sums is
//! needed. An element of weight zero is left out, whatever it is.
//!
//! Of integers the sums are not exact here, as weights are floats; a 64-bit integer is read as its distance from an
//! origin, so that no digit of it is lost. The origin is an element. Distances above 2^53 are rounded, so it has to be
//! as near the mean as most of the weight is, and is replaced where the first one is not.

use super::block::{CANCELLED, LANES, NEAR, TOLERANCE, add, exact_tree, greater, is_regular, lesser, tree};
use super::central::{CentralMoments, SMALL, even_power, times_power};
use super::fallback::{Each, Weight, irregular, neumaier_sum};
use super::moments::Moments;
use super::sample::{Key, Sample};
use super::shift::{guess, pivot_near, shifted_mean};
use super::weight::WeightedMoments;
use crate::error::{Error, Result, WeightRule};
use crate::kernels::eft::{fast_two_sum, two_sum};
use crate::simd::{self, Kernel, Level, Simd};

/// Elements whose state is merged: 64 to a lane.
const BLOCK: usize = 1024;

/// An origin is near the mean where the square of the distance is up to so many variances.
const NEAR_ORIGIN: f64 = 16.0;

/// The moments of `data` with a weight for each element; without NaN if `SKIP`.
pub fn moments<T: Sample, const SKIP: bool>(
    data: &[T],
    weights: &[f64],
) -> Result<Moments<T::Key, WeightedMoments>> {
    moments_at::<T, SKIP>(simd::level(), data, weights)
}

/// The same at a level.
pub(super) fn moments_at<T: Sample, const SKIP: bool>(
    level: Level,
    data: &[T],
    weights: &[f64],
) -> Result<Moments<T::Key, WeightedMoments>> {
    assert_eq!(data.len(), weights.len(), "a weight for each element");
    simd::run_at(level, Blocks::<T, SKIP> { data, weights })
}

struct Blocks<'a, T, const SKIP: bool> {
    data: &'a [T],
    weights: &'a [f64],
}

impl<T: Sample, const SKIP: bool> Kernel for Blocks<'_, T, SKIP> {
    type Output = Result<Moments<T::Key, WeightedMoments>>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Self::Output {
        let mut total = Moments::default();
        let Some(first) = self.data.first() else { return Ok(total) };
        let mut origin = T::origin(first.key());
        let mut pivot = guess(self.data.len().min(BLOCK), |index| self.data[index], origin).0;
        for (block, weights) in self.data.chunks(BLOCK).zip(self.weights.chunks(BLOCK)) {
            let (mut attempt, mut has_origin) = (0, !T::HAS_ORIGIN);
            loop {
                let mut sums = Sums::new();
                sums.read::<T, SKIP>(block, weights, origin, pivot);
                if !has_origin {
                    has_origin = true;
                    if let Some(nearer) = sums.nearer_origin((block, weights), origin, pivot) {
                        (origin, pivot) = (nearer, 0.0);
                        continue;
                    }
                }
                if sums.finish::<T, SKIP>((block, weights), origin, &mut pivot, attempt, &mut total)? {
                    break;
                }
                attempt += 1;
            }
        }
        Ok(total)
    }
}

/// Sums of a block, side by side.
struct Sums<K> {
    /// Elements that count.
    count: [f64; LANES],
    /// Above zero where a weight is negative or not finite.
    bad: [f64; LANES],
    weight: [f64; LANES],
    /// Of the deviations from the pivot, and of their squares, by weight.
    sum: [f64; LANES],
    squares: [f64; LANES],
    min: [K; LANES],
    max: [K; LANES],
}

impl<K: Key> Sums<K> {
    #[inline(always)]
    fn new() -> Self {
        let zero = [0.0; LANES];
        Sums {
            count: zero,
            bad: zero,
            weight: zero,
            sum: zero,
            squares: zero,
            min: [K::HIGHEST; LANES],
            max: [K::LOWEST; LANES],
        }
    }

    #[inline(always)]
    fn read<T: Sample<Key = K>, const SKIP: bool>(
        &mut self,
        block: &[T],
        weights: &[f64],
        origin: K,
        pivot: f64,
    ) {
        let (rows, of_rows) = (block.chunks_exact(LANES), weights.chunks_exact(LANES));
        let (tail, of_tail) = (rows.remainder(), of_rows.remainder());
        for (row, weights) in rows.zip(of_rows) {
            let row: &[T; LANES] = row.try_into().expect("a whole row");
            self.add::<T, SKIP>(row, weights.try_into().expect("a whole row"), origin, pivot);
        }
        if let Some(&first) = tail.first() {
            // What fills the row has no weight.
            let (mut row, mut weights) = ([first; LANES], [0.0; LANES]);
            row[..tail.len()].copy_from_slice(tail);
            weights[..tail.len()].copy_from_slice(of_tail);
            self.add::<T, SKIP>(&row, &weights, origin, pivot);
        }
    }

    /// Adds a row of lanes, one operation at a time for all of them.
    #[inline(always)]
    fn add<T: Sample<Key = K>, const SKIP: bool>(
        &mut self,
        row: &[T; LANES],
        weights: &[f64; LANES],
        origin: K,
        pivot: f64,
    ) {
        let mut keys = [K::default(); LANES];
        let mut counts = [false; LANES];
        let mut used = [0.0; LANES];
        let mut deviations = [0.0; LANES];
        for lane in 0..LANES {
            keys[lane] = row[lane].key();
        }
        for lane in 0..LANES {
            counts[lane] = weights[lane] > 0.0 && !(SKIP && keys[lane].is_nan());
        }
        for lane in 0..LANES {
            used[lane] = if counts[lane] { weights[lane] } else { 0.0 };
        }
        for lane in 0..LANES {
            let deviation = T::to_f64_from(keys[lane], origin) - pivot;
            deviations[lane] = if counts[lane] { deviation } else { 0.0 };
        }
        for lane in 0..LANES {
            let is_good = weights[lane] >= 0.0 && weights[lane] <= f64::MAX;
            self.bad[lane] = if is_good { self.bad[lane] } else { 1.0 };
        }
        for lane in 0..LANES {
            self.count[lane] += if counts[lane] { 1.0 } else { 0.0 };
        }
        for lane in 0..LANES {
            self.weight[lane] += used[lane];
        }
        for lane in 0..LANES {
            let product = deviations[lane] * used[lane];
            self.sum[lane] += product;
            self.squares[lane] += product * deviations[lane];
        }
        for lane in 0..LANES {
            let lower = counts[lane] && keys[lane] < self.min[lane];
            self.min[lane] = if lower { keys[lane] } else { self.min[lane] };
        }
        for lane in 0..LANES {
            let higher = counts[lane] && keys[lane] > self.max[lane];
            self.max[lane] = if higher { keys[lane] } else { self.max[lane] };
        }
    }

    /// An origin that is nearer the mean, where this one is far from it and distances are rounded.
    ///
    /// Not inlined: as in `block`.
    #[inline(never)]
    fn nearer_origin<T: Sample<Key = K>>(
        &self,
        (block, weights): (&[T], &[f64]),
        origin: K,
        pivot: f64,
    ) -> Option<K> {
        /// Distances up to it are exact.
        const EXACT: f64 = (1u64 << 53) as f64;
        let ends = [tree(&self.min, lesser), tree(&self.max, greater)].map(|end| T::to_f64_from(end, origin));
        let weight = tree(&self.weight, add);
        if ends.iter().all(|end| end.abs() <= EXACT) || !(weight > 0.0 && weight.is_finite()) {
            return None;
        }
        let low = tree(&self.sum, add) / weight;
        let (mean, variance) = (pivot + low, tree(&self.squares, add) / weight - low * low);
        if mean * mean <= NEAR_ORIGIN * variance {
            return None;
        }
        let away = |key: K| (T::to_f64_from(key, origin) - mean).abs();
        let counted = block.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
        let nearest = counted.map(|(element, _)| element.key()).min_by(|&a, &b| away(a).total_cmp(&away(b)));
        nearest.map(T::origin)
    }

    /// Adds a block to a state, and makes the pivot better; false if the block is to be read again.
    ///
    /// Not inlined: as in `block`.
    #[inline(never)]
    fn finish<T: Sample<Key = K>, const SKIP: bool>(
        &self,
        (block, weights): (&[T], &[f64]),
        origin: K,
        pivot: &mut f64,
        attempt: u32,
        state: &mut Moments<K, WeightedMoments>,
    ) -> Result<bool> {
        if tree(&self.bad, add) > 0.0 {
            let is_negative = weights.iter().any(|&weight| weight < 0.0);
            let rule = if is_negative { WeightRule::Negative } else { WeightRule::Finite };
            return Err(Error::Weights(rule));
        }
        let count = tree(&self.count, add);
        if count == 0.0 {
            return Ok(true);
        }
        let (weight, weight_low) = exact_tree(&self.weight);
        if !weight.is_finite() {
            return Err(Error::Weights(WeightRule::Large));
        }
        let (weight, weight_low) = fast_two_sum(weight, weight_low);
        let (min, max) = (tree(&self.min, lesser), tree(&self.max, greater));
        let (least, most) = (T::to_f64_from(min, origin), T::to_f64_from(max, origin));
        let each = |take: &mut dyn FnMut(f64, f64)| {
            for (element, &weight) in block.iter().zip(weights) {
                if weight > 0.0 {
                    take(T::to_f64_from(element.key(), origin), weight);
                }
            }
        };
        let used = *pivot;
        let (sum, sum_low) = exact_tree(&self.sum);
        let (squares, squares_low) = exact_tree(&self.squares);
        let mut sum = sum + sum_low;
        if sum.abs() < CANCELLED * weight * (least - used).abs().max((most - used).abs()) {
            sum = neumaier_sum(&each, SKIP, used);
        }
        let low = sum / weight;
        let excess = sum * low;
        let squares = (squares - excess) + squares_low;
        let merged = |mean: (f64, f64), central: CentralMoments| {
            let (mean, mean_low) = from_origin(mean, origin);
            let central = CentralMoments { mean, mean_low, ..central };
            Moments::from_parts(count as u64, WeightedMoments { weight, weight_low, central }, min, max)
        };
        if !(is_regular(squares) || squares <= SMALL && least == most) {
            *pivot = 0.0;
            state.merge(&match self.irregular(&each, SKIP, weights) {
                Some(central) => merged((central.mean, central.mean_low), central),
                None => {
                    let central = WeightedMoments { weight, weight_low, central: CentralMoments::NAN };
                    let nan = K::NAN;
                    Moments::from_parts(count as u64, central, nan.unwrap_or(min), nan.unwrap_or(max))
                }
            });
            return Ok(true);
        }
        if excess > NEAR * squares {
            *pivot = pivot_near(used + low, most - least, squares / weight);
            let lost = excess > TOLERANCE * squares || *pivot == 0.0;
            if lost && attempt == 0 {
                return Ok(false);
            }
            // Weights of very different sizes: nearly all of it lies in a place narrower than the digits of a pivot.
            if excess > TOLERANCE * squares && attempt == 1 {
                *pivot = used + low;
                return Ok(false);
            }
        }
        let mut mean = shifted_mean(used, sum, weight);
        let mut squares = if squares > 0.0 { squares } else { 0.0 };
        if least == most {
            (mean, squares) = ((most, 0.0), 0.0);
        }
        state.merge(&merged(mean, CentralMoments { squares, ..CentralMoments::default() }));
        Ok(true)
    }

    /// The moments of a block that floats hold only if its weights are scaled; `None` if everything is NaN.
    #[cold]
    fn irregular(&self, each: &Each<'_>, skip_nan: bool, weights: &[f64]) -> Option<CentralMoments> {
        let largest = weights.iter().fold(0f64, |largest, &weight| largest.max(weight));
        let exponent = even_power(largest);
        let mut sum = 0.0;
        each(&mut |value, weight| {
            if !(skip_nan && value.is_nan()) {
                sum += times_power(weight, -exponent);
            }
        });
        irregular(each, skip_nan, Weight { sum, exponent })
    }
}

/// A mean of distances from an origin as a mean.
fn from_origin<K: Key>((mean, mean_low): (f64, f64), origin: K) -> (f64, f64) {
    let integer = origin.to_integer();
    if integer == 0 {
        return (mean, mean_low);
    }
    let high = integer as f64;
    let low = (integer - high as i128) as f64;
    let (sum, lost) = two_sum(high, mean);
    fast_two_sum(sum, lost + low + mean_low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights that are whole numbers, as so many copies.
    fn repeated(data: &[f64], weights: &[f64]) -> Moments {
        let copies: Vec<f64> =
            data.iter().zip(weights).flat_map(|(&x, &w)| std::iter::repeat_n(x, w as usize)).collect();
        super::super::block::moments(&copies)
    }

    fn at_every_level<T: Sample>(data: &[T], weights: &[f64]) -> Moments<T::Key, WeightedMoments> {
        let base = moments_at::<T, false>(Level::Baseline, data, weights).expect("good weights");
        for level in Level::available() {
            let other = moments_at::<T, false>(level, data, weights).expect("good weights");
            assert_eq!(format!("{base:?}"), format!("{other:?}"), "{}", level.name());
        }
        base
    }

    fn assert_close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance * expected.abs(), "{got} {expected}");
    }

    #[test]
    fn a_weight_stands_for_copies() {
        for len in [1, 2, 15, 16, 17, 100, 1023, 1024, 1025, 5000] {
            for offset in [0.0, 1e9, -1e15] {
                let data: Vec<f64> = (0..len).map(|i| offset + f64::from(i * 7919 % 1009) / 8.0).collect();
                let weights: Vec<f64> = (0..len).map(|i| f64::from((i * i + 1) % 5)).collect();
                let (got, expected) = (at_every_level(&data, &weights), repeated(&data, &weights));
                let is_counted = |weight: &&f64| **weight > 0.0;
                assert_eq!(got.count(), weights.iter().filter(is_counted).count() as u64);
                assert_eq!((got.weight(), got.extremes()), (expected.weight(), expected.extremes()));
                assert_close(got.mean(), expected.mean(), 2e-16);
                assert_close(got.var(0.5), expected.var(0.5), 1e-14);
            }
        }
    }

    #[test]
    fn integers_of_64_bits_lose_no_digit() {
        let data: Vec<u64> = (0..3000u64).map(|i| (1 << 63) + i * 7919 % 1009).collect();
        let near: Vec<f64> = data.iter().map(|&x| (x - (1 << 63)) as f64).collect();
        let weights: Vec<f64> = (0..3000).map(|i| f64::from(i % 7) / 4.0).collect();
        let (got, expected) = (at_every_level(&data, &weights), at_every_level(&near, &weights));
        assert_close(got.std(0.0), expected.std(0.0), 1e-14);
        let CentralMoments { mean, mean_low, .. } = got.central();
        assert_close((mean - 2f64.powi(63)) + mean_low, expected.mean(), 1e-13);
    }

    #[test]
    fn integers_of_64_bits_far_from_those_that_weigh_most_take_no_digit_from_them() {
        for far in [i64::MIN, i64::MAX, 1 << 62, -(1 << 60)] {
            for weight in [0.0, 1e-30, 3.0 / (far as f64).abs()] {
                for at in [0, 1, 3] {
                    let (mut data, mut weights) = (vec![3, 5, 8], vec![1.0; 3]);
                    data.insert(at, far);
                    weights.insert(at, weight);
                    let got = at_every_level(&data, &weights);
                    assert_close(got.mean(), (16.0 + weight * far as f64) / (3.0 + weight), 3e-16);
                    if weight == 0.0 {
                        assert_close(got.var(0.0), 38.0 / 9.0, 1e-15);
                    }
                }
            }
        }
        // And in many blocks.
        let data: Vec<i64> = (0..5000).map(|i| if i == 0 { 7 } else { i64::MAX - i * 7919 % 1009 }).collect();
        let weights: Vec<f64> = (0..5000).map(|i| if i == 0 { 0.0 } else { f64::from(i % 3) }).collect();
        let near: Vec<f64> =
            data.iter().map(|&x| if x == 7 { 7.0 } else { -((i64::MAX - x) as f64) }).collect();
        let (got, expected) = (at_every_level(&data, &weights), at_every_level(&near, &weights));
        assert_close(got.std(0.0), expected.std(0.0), 1e-14);
    }

    #[test]
    fn what_weighs_next_to_nothing_beside_another_has_a_variance() {
        for share in [1.0, 1e-6, 1e-12, 1e-20, 1e-30] {
            let (data, weights) = ([0.7839388289477206, 1.0209161879058086], [1e9, 1e9 * share]);
            let between = (data[1] - data[0]) * (data[1] - data[0]);
            let expected = share * between / ((1.0 + share) * (1.0 + share));
            assert_close(at_every_level(&data, &weights).var(0.0), expected, 1e-15);
            assert_close(
                at_every_level(&[data[1], data[0]], &[weights[1], weights[0]]).var(0.0),
                expected,
                1e-15,
            );
        }
    }

    #[test]
    fn numbers_and_weights_of_every_magnitude_have_all_digits() {
        let small: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 13) - 4.0).collect();
        let ones: Vec<f64> = (0..40).map(|i| f64::from(i % 4 + 1)).collect();
        let expected = at_every_level(&small, &ones);
        for exponent in [-1000, -600, -300, 0, 300, 600, 1000] {
            for of_weight in [-1074, -1050, -700, -300, 0, 300, 700, 1000] {
                let data: Vec<f64> = small.iter().map(|&x| times_power(x, exponent)).collect();
                let weights: Vec<f64> = ones.iter().map(|&w| times_power(w, of_weight)).collect();
                let got = at_every_level(&data, &weights);
                assert_eq!(got.mean(), times_power(expected.mean(), exponent), "{exponent} {of_weight}");
                assert_close(got.std(0.0), times_power(expected.std(0.0), exponent), 4e-16);
                let mut twice = got;
                twice.merge(&got);
                assert_close(twice.std(0.0), got.std(0.0), 4e-16);
            }
        }
    }

    #[test]
    fn what_has_no_weight_is_left_out() {
        let data = [1.0, f64::NAN, 3.0, f64::INFINITY, -7.0];
        let got = at_every_level(&data, &[1.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!((got.count(), got.mean(), got.extremes()), (2, 2.0, Some((1.0, 3.0))));
        let none = at_every_level(&data, &[0.0; 5]);
        assert_eq!((none.count(), none.extremes()), (0, None));
        let with_nan = at_every_level(&data, &[1.0; 5]);
        assert!(with_nan.mean().is_nan() && with_nan.extremes().is_some_and(|(min, _)| min.is_nan()));
        let skipped = moments::<f64, true>(&data, &[1.0, 9.0, 1.0, 0.0, 2.0]).expect("good weights");
        assert_eq!((skipped.count(), skipped.weight(), skipped.mean()), (3, 4.0, -2.5));
        let infinite = at_every_level(&data, &[1.0, 0.0, 1.0, 2.0, 0.0]);
        assert_eq!(infinite.mean(), f64::INFINITY);
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        for (weight, rule) in [
            (-1.0, WeightRule::Negative),
            (f64::NAN, WeightRule::Finite),
            (f64::INFINITY, WeightRule::Finite),
        ] {
            for at in [0, 20, 36] {
                let mut weights = [1.0; 37];
                weights[at] = weight;
                let got = moments::<f64, false>(&[1.0; 37], &weights);
                assert_eq!(got.err(), Some(Error::Weights(rule)));
            }
        }
        let got = moments::<f64, false>(&[1.0; 37], &[1e308; 37]);
        assert_eq!(got.err(), Some(Error::Weights(WeightRule::Large)));
    }
}
