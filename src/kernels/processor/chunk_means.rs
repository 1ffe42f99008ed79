//! The means of chunks.
//!
//! A chunk is summed in lanes, each of which keeps what rounding takes from its sum (see `eft`): as if it had
//! been done with twice the digits, and rounded once. Of integers, of up to 64 bits, nothing at all is lost:
//! pieces are short enough for both floats of a lane to be integers, which are added up as such.

use super::buffer::Numbers;
use crate::kernels::eft::{CompensatedSum, two_product, two_sum};
use crate::kernels::stats::{IntegerSums, moments};
use crate::simd::{Kernel, Simd};

/// Numbers whose sum is exact in two floats if they are integers: 2^16 of 64 bits have sums of 80, of which
/// rounding takes less than 2^27 each time.
const PIECE: usize = 1 << 16;

/// Independent sums.
const LANES: usize = 16;

/// The mean of every `chunk_size` numbers.
pub struct ChunkMeans<'a> {
    pub numbers: Numbers<'a>,
    pub chunk_size: usize,
    pub means: &'a mut [f64],
}

impl Kernel for ChunkMeans<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let (Numbers { values, lows, are_integers }, size) = (self.numbers, self.chunk_size);
        let chunks = self.means.iter_mut().zip(values.chunks_exact(size));
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

/// The mean of numbers whose sum this is.
#[inline(always)]
fn mean_of(sum: CompensatedSum, chunk: &[f64]) -> f64 {
    let ((sum, low), count) = (sum.rounded(), chunk.len() as f64);
    if low == 0.0 {
        return finite_mean(sum / count, chunk);
    }
    let mean = sum / count;
    let (product, product_low) = two_product(mean, count);
    let mean = mean + ((sum - product) - product_low + low) / count;
    finite_mean(mean, chunk)
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

/// The sum of numbers, in lanes.
#[inline(always)]
fn sum_of(numbers: &[f64]) -> CompensatedSum {
    let rows = numbers.chunks_exact(LANES);
    let remainder = rows.remainder();
    let mut total = CompensatedSum::default();
    if numbers.len() >= LANES {
        let (mut sums, mut lows) = ([0.0; LANES], [0.0; LANES]);
        for row in rows {
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
            let expected = IntegerSums::new(integers.iter().sum(), [0; 3]).mean(len as u64).0;
            for level in Level::available() {
                let mut means = [0.0];
                run_at(level, ChunkMeans { numbers, chunk_size: len, means: &mut means });
                assert_eq!(means, [expected]);
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let data: Vec<f64> = (0..6000).map(|i| f64::from(i).sin()).collect();
        for chunk_size in [1, 10, 31, 32, 100, 1000, 3000] {
            let expected = means(Level::Baseline, &data, chunk_size);
            assert!(Level::available().all(|level| means(level, &data, chunk_size) == expected));
        }
    }
}
