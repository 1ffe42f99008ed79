//! The means of chunks.
//!
//! A chunk is summed in lanes, each of which keeps what rounding takes from its sum (see `eft`): as if it had
//! been done with twice the digits, and rounded once. Of integers, of up to 64 bits, nothing at all is lost:
//! pieces are short enough for both floats of a lane to be integers, which are added up as such. Short chunks would
//! leave most lanes idle: of them, each lane has one.

use super::buffer::Numbers;
use crate::kernels::eft::{CompensatedSum, two_product, two_sum};
use crate::kernels::stats::{IntegerSums, moments};
use crate::simd::{F64x8, Kernel, Simd};

/// Numbers whose sum is exact in two floats if they are integers: 2^16 of 64 bits have sums of 80, of which
/// rounding takes less than 2^27 each time.
const PIECE: usize = 1 << 16;

/// Independent sums.
const LANES: usize = 16;

/// Chunks side by side.
const SIDE_BY_SIDE: usize = 8;

/// Chunks up to this go side by side, and are each added up one number after the other.
const SHORT: usize = 32;

/// The mean of every `chunk_size` numbers.
pub struct ChunkMeans<'a> {
    pub numbers: Numbers<'a>,
    pub chunk_size: usize,
    pub means: &'a mut [f64],
}

impl Kernel for ChunkMeans<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (Numbers { values, lows, are_integers }, size) = (self.numbers, self.chunk_size);
        let (mut values, mut means) = (values, self.means);
        if size <= SHORT && !are_integers && lows.is_empty() {
            let whole = means.len() - means.len() % SIDE_BY_SIDE;
            let (groups, rest) = means.split_at_mut(whole);
            short_chunks(simd, &values[..whole * size], size, groups);
            (values, means) = (&values[whole * size..], rest);
        }
        let chunks = means.iter_mut().zip(values.chunks_exact(size));
        if are_integers {
            for (index, (mean, chunk)) in chunks.enumerate() {
                let lows = lows.get(index * size..(index + 1) * size).unwrap_or_default();
                let sum = integer_sum(chunk) + integer_sum(lows);
                *mean = IntegerSums::new(sum, [0; 3]).mean(size as u64).0;
            }
        } else if lows.is_empty() {
            for (mean, chunk) in chunks {
                *mean = mean_of(sum_of(chunk), chunk);
            }
        } else {
            for (index, (mean, chunk)) in chunks.enumerate() {
                let mut sum = sum_of(chunk);
                sum.merge(sum_of(&lows[index * size..(index + 1) * size]));
                *mean = mean_of(sum, chunk);
            }
        }
    }
}

/// The means of short chunks of floats, as many as a multiple of those side by side. The bits are those of
/// [`sum_of`] and [`mean_of`], however many chunks come at a time.
#[inline(always)]
fn short_chunks<S: Simd>(simd: S, values: &[f64], size: usize, means: &mut [f64]) {
    let count = size as f64;
    let groups = values.chunks_exact(SIDE_BY_SIDE * size).zip(means.chunks_exact_mut(SIDE_BY_SIDE));
    for (group, means) in groups {
        let mut chunks = [group; SIDE_BY_SIDE];
        for lane in 0..SIDE_BY_SIDE {
            chunks[lane] = &group[lane * size..][..size];
        }
        let (mut sum, mut low) = (simd.splat_f64x8(0.0), simd.splat_f64x8(0.0));
        for k in 0..size {
            let mut numbers = [0.0; SIDE_BY_SIDE];
            for lane in 0..SIDE_BY_SIDE {
                numbers[lane] = chunks[lane][k];
            }
            let lost;
            (sum, lost) = two_sums(sum, simd.load_f64x8(&numbers));
            low = low.add(lost);
        }
        let (sum, low) = two_sums(sum, low);
        let mean = sum.div(simd.splat_f64x8(count));
        let [mut sums, mut lows, mut quotients] = [[0.0; SIDE_BY_SIDE]; 3];
        sum.store(&mut sums);
        low.store(&mut lows);
        mean.store(&mut quotients);
        let mut are_finite = true;
        for lane in 0..SIDE_BY_SIDE {
            let exact = corrected(quotients[lane], sums[lane], lows[lane], count);
            means[lane] = if lows[lane] == 0.0 { quotients[lane] } else { exact };
            are_finite &= means[lane].is_finite();
        }
        if !are_finite {
            for lane in 0..SIDE_BY_SIDE {
                means[lane] = finite_mean(means[lane], chunks[lane]);
            }
        }
    }
}

/// [`two_sum`], in eight lanes.
#[inline(always)]
fn two_sums<V: F64x8>(a: V, b: V) -> (V, V) {
    let sum = a.add(b);
    let b_part = sum.sub(a);
    (sum, a.sub(sum.sub(b_part)).add(b.sub(b_part)))
}

/// The mean of numbers whose sum this is.
#[inline(always)]
fn mean_of(sum: CompensatedSum, chunk: &[f64]) -> f64 {
    let ((sum, low), count) = (sum.rounded(), chunk.len() as f64);
    if low == 0.0 {
        return finite_mean(sum / count, chunk);
    }
    finite_mean(corrected(sum / count, sum, low, count), chunk)
}

/// The quotient of a sum of two floats, from that of the first.
#[inline(always)]
fn corrected(quotient: f64, sum: f64, low: f64, count: f64) -> f64 {
    let (product, product_low) = two_product(quotient, count);
    quotient + ((sum - product) - product_low + low) / count
}

/// The mean, which is that of `moments` where it is not finite.
#[inline(always)]
fn finite_mean(mean: f64, chunk: &[f64]) -> f64 {
    if mean.is_finite() { mean } else { moments::<f64>(chunk).mean() }
}

#[inline(always)]
fn integer_sum(numbers: &[f64]) -> i128 {
    let mut total = 0;
    for piece in numbers.chunks(PIECE) {
        let (sum, low) = sum_of(piece).rounded();
        total += sum as i128 + low as i128;
    }
    total
}

/// The sum of numbers, in lanes if they are many.
#[inline(always)]
fn sum_of(numbers: &[f64]) -> CompensatedSum {
    let in_lanes = if numbers.len() > SHORT { numbers.len() - numbers.len() % LANES } else { 0 };
    let (rows, remainder) = numbers.split_at(in_lanes);
    let mut total = CompensatedSum::default();
    if !rows.is_empty() {
        let (mut sums, mut lows) = ([0.0; LANES], [0.0; LANES]);
        for row in rows.chunks_exact(LANES) {
            let row: &[f64; LANES] = row.try_into().expect("chunks_exact gives whole rows");
            for lane in 0..LANES {
                let sum = sums[lane] + row[lane];
                let part = sum - sums[lane];
                lows[lane] += (sums[lane] - (sum - part)) + (row[lane] - part);
                sums[lane] = sum;
            }
        }
        total = lanes_sum(&sums, &lows);
    }
    for &number in remainder {
        total.add(number);
    }
    total
}

/// Not inlined: the compiler would choose the vectors for this sum instead of for the loop before it.
#[inline(never)]
fn lanes_sum(sums: &[f64; LANES], lows: &[f64; LANES]) -> CompensatedSum {
    let (mut sums, mut lows, mut half) = (*sums, *lows, LANES / 2);
    while half > 0 {
        for lane in 0..half {
            let (sum, lost) = two_sum(sums[lane], sums[lane + half]);
            (sums[lane], lows[lane]) = (sum, lows[lane] + lows[lane + half] + lost);
        }
        half /= 2;
    }
    CompensatedSum::of_parts(sums[0], lows[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, run_at};

    fn means(level: Level, data: &[f64], chunk_size: usize) -> Vec<f64> {
        let mut means = vec![0.0; data.len() / chunk_size];
        let numbers = Numbers { values: data, lows: &[], are_integers: false };
        run_at(level, ChunkMeans { numbers, chunk_size, means: &mut means });
        means
    }

    #[test]
    fn what_cancels_leaves_what_is_small() {
        for len in [3, 16, 40, 1000, 70_000] {
            let mut numbers = vec![0.0; len];
            (numbers[0], numbers[1], numbers[len - 1]) = (1e16, 1.0, -1e16);
            assert_eq!(means(Level::Baseline, &numbers, len), [1.0 / len as f64]);
        }
        assert_eq!(means(Level::Baseline, &[1e16, 1.0, 0.0], 3), [3_333_333_333_333_333.5]);
        let numbers = [1e308, 1e308, -1e308, -1e308, f64::MAX, f64::MAX, f64::MAX, f64::MAX];
        assert_eq!(means(Level::Baseline, &numbers, 4), [0.0, f64::MAX]);
    }

    #[test]
    fn integers_have_exact_means() {
        for len in [1usize, 2, 17, 5000, 70_001] {
            let integers: Vec<i128> =
                (0..len as i128).map(|i| (i * 0x9e37_79b9_7f4a_7c15) & 0xffff_ffff_ffff_ffff).collect();
            let values: Vec<f64> = integers.iter().map(|&integer| integer as f64).collect();
            let lows: Vec<f64> = integers
                .iter()
                .zip(&values)
                .map(|(integer, &value)| (integer - value as i128) as f64)
                .collect();
            let numbers = Numbers { values: &values, lows: &lows, are_integers: true };
            for chunk_size in [len, 1 + len / 3] {
                let chunks = integers.chunks_exact(chunk_size);
                let expected: Vec<f64> = chunks
                    .map(|chunk| IntegerSums::new(chunk.iter().sum(), [0; 3]).mean(chunk_size as u64).0)
                    .collect();
                for level in Level::available() {
                    let mut means = vec![0.0; len / chunk_size];
                    run_at(level, ChunkMeans { numbers, chunk_size, means: &mut means });
                    assert_eq!(means, expected, "{len} {chunk_size} {level:?}");
                }
            }
        }
    }

    #[test]
    fn what_floats_cannot_hold_of_integers_among_them_counts() {
        let (values, lows) = ([1e18, -1e18, 2.0, 1.0, 1e18, -1e18], [3.0, 0.0, 0.0, 0.0, -64.0, 5.0]);
        for are_integers in [false, true] {
            let numbers = Numbers { values: &values, lows: &lows, are_integers };
            for level in Level::available() {
                let mut means = [0.0; 3];
                run_at(level, ChunkMeans { numbers, chunk_size: 2, means: &mut means });
                assert_eq!(means, [1.5, 1.5, -29.5]);
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let data: Vec<f64> = (0..6000).map(|i| f64::from(i).sin()).collect();
        for chunk_size in [1, 10, 31, 32, 33, 100, 1000, 3000] {
            let expected = means(Level::Baseline, &data, chunk_size);
            assert!(Level::available().all(|level| means(level, &data, chunk_size) == expected));
        }
    }

    #[test]
    fn short_chunks_have_the_same_means_side_by_side_and_alone() {
        let mut data: Vec<f64> =
            (0..4000).map(|i| f64::from(i).sin() * 10f64.powi(i * 7 % 40 - 20)).collect();
        (data[40], data[901], data[903]) = (f64::NAN, f64::MAX, f64::MAX);
        (data[1500], data[1600], data[1601]) = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY);
        for chunk_size in [1, 2, 9, 10, 16, 27, SHORT, SHORT + 1] {
            let alone = data.chunks_exact(chunk_size).map(|chunk| mean_of(sum_of(chunk), chunk).to_bits());
            let alone: Vec<u64> = alone.collect();
            for level in Level::available() {
                let bits: Vec<u64> = means(level, &data, chunk_size).into_iter().map(f64::to_bits).collect();
                assert_eq!(bits, alone, "{chunk_size} {level:?}");
            }
        }
    }
}
