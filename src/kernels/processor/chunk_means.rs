//! The means of chunks.
//!
//! A chunk is summed in blocks, each of them in lanes, and the sums of the blocks are added with
//! compensation. So a long chunk loses no more than a block does, at the speed of the lanes.

use crate::kernels::eft::CompensatedSum;
use crate::simd::{Kernel, Simd};

/// Numbers that are summed without compensation.
const BLOCK: usize = 1024;

/// Independent sums.
const LANES: usize = 32;

/// The mean of every `chunk_size` numbers.
pub struct ChunkMeans<'a> {
    pub data: &'a [f64],
    pub chunk_size: usize,
    pub means: &'a mut [f64],
}

impl Kernel for ChunkMeans<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let count = self.chunk_size as f64;
        for (mean, chunk) in self.means.iter_mut().zip(self.data.chunks_exact(self.chunk_size)) {
            let mut sum = CompensatedSum::default();
            for block in chunk.chunks(BLOCK) {
                sum.add(block_sum(block));
            }
            *mean = sum.finish() / count;
        }
    }
}

#[inline(always)]
fn block_sum(block: &[f64]) -> f64 {
    let chunks = block.chunks_exact(LANES);
    let remainder = chunks.remainder();
    let mut sum = 0.0;
    if block.len() >= LANES {
        let mut sums = [0.0; LANES];
        for chunk in chunks {
            let chunk: &[f64; LANES] = chunk.try_into().expect("chunks_exact gives whole chunks");
            for lane in 0..LANES {
                sums[lane] += chunk[lane];
            }
        }
        sum = lanes_sum(&sums);
    }
    remainder.iter().fold(sum, |sum, value| sum + value)
}

/// Not inlined: the compiler would choose the vectors for this sum instead of for the loop before it.
#[inline(never)]
fn lanes_sum(lanes: &[f64; LANES]) -> f64 {
    let mut lanes = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, run_at};

    fn means(level: Level, data: &[f64], chunk_size: usize) -> Vec<f64> {
        let mut means = vec![0.0; data.len() / chunk_size];
        run_at(level, ChunkMeans { data, chunk_size, means: &mut means });
        means
    }

    #[test]
    fn a_long_chunk_loses_nothing_between_its_blocks() {
        let mut numbers = vec![0.0; 8 * BLOCK];
        numbers[0] = 2f64.powi(53);
        (1..7).for_each(|block| numbers[block * BLOCK] = 1.0);
        let expected = (2f64.powi(53) + 6.0) / (8 * BLOCK) as f64;
        assert_eq!(means(Level::Baseline, &numbers, numbers.len()), [expected]);
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
