//! The area of a quarter circle by random points.
//!
//! A 64-bit random number gives one point: each half is a coordinate. Its lowest bit is set to
//! one, so that in units of 2^-32 the coordinates are odd: the midpoints of a grid of 2^31 by
//! 2^31 cells. A point is inside if `x^2 + y^2 < 2^64`, which is exact in 64-bit integers: it
//! is the absence of a carry in the sum of the squares. (The sum of two odd squares is 2 modulo
//! 8, so that no point lies on the circle.) The share of midpoints inside differs from pi / 4
//! by less than 1e-12, whereas the corners of the cells would give 2e-10 too much.
//!
//! The samples are cut into blocks of fixed size with their own streams (see [`xoshiro`]), and
//! what is added up are integers: the result has the same bits for every number of threads and
//! every CPU level.
//!
//! For speed: integers only; no test for a carry but a compare of vectors; as many streams at a
//! time as the registers hold, which hides the latency of the multiplication. xoshiro256+ would
//! be 10 % faster, but its lowest bits are weak.

mod xoshiro;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel, Level, Simd, run_at};
pub use xoshiro::Key;
use xoshiro::{LANES, State, load, next, next_of_each, seed, store};

/// Groups of eight streams in a block.
const GROUPS: usize = 4;

/// Points from one number of each stream of a block.
const WIDTH: u64 = (GROUPS * LANES) as u64;

/// Samples in a block: 0.3 to 1 ms of one thread.
pub const BLOCK: u64 = 1 << 20;

/// The lowest bits of both coordinates.
const ODD: u64 = 0x1_0000_0001;

/// How many blocks `samples` are.
pub fn blocks(samples: u64) -> u64 {
    samples.div_ceil(BLOCK)
}

/// The number of points inside the circle in some of the blocks of `samples` points.
pub fn count_inside(key: &Key, samples: u64, blocks: Range<u64>, work: &Work<'_>) -> Result<u64> {
    let total = AtomicU64::new(0);
    let count = usize::try_from(blocks.end - blocks.start).unwrap_or(usize::MAX);
    work.for_each(count, |index| {
        let block = blocks.start + index as u64;
        let len = BLOCK.min(samples - block * BLOCK);
        total.fetch_add(inside(simd::level(), key, block, len), Ordering::Relaxed);
        Ok(())
    })?;
    Ok(total.into_inner())
}

/// The points inside among the first `samples` of a block.
fn inside(level: Level, key: &Key, block: u64, samples: u64) -> u64 {
    let (rounds, remainder) = (samples / WIDTH, samples % WIDTH);
    let first = block.wrapping_mul(WIDTH);
    let mut states = std::array::from_fn(|group| seed(key, first.wrapping_add((group * LANES) as u64)));
    let mut total = rounds * WIDTH - run_at(level, CountOutside { states: &mut states, rounds });
    for (group, state) in states.iter_mut().enumerate() {
        let wanted = remainder.saturating_sub((group * LANES) as u64).min(LANES as u64) as usize;
        total += next_of_each(state)[..wanted].iter().filter(|&&random| !is_outside(random)).count() as u64;
    }
    total
}

/// Whether the point of a random number is outside of the circle.
fn is_outside(random: u64) -> bool {
    let odd = random | ODD;
    let (x, y) = (odd & 0xffff_ffff, odd >> 32);
    (x * x).checked_add(y * y).is_none()
}

/// Takes `rounds` numbers of each stream of a block and counts the points outside of the circle.
struct CountOutside<'a> {
    states: &'a mut [State; GROUPS],
    rounds: u64,
}

impl Kernel for CountOutside<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        // Half of the registers hold states, the others what is computed.
        if const { S::REGISTERS >= 32 } {
            self.with_registers::<S, 4>(simd)
        } else {
            self.with_registers::<S, 2>(simd)
        }
    }
}

impl CountOutside<'_> {
    /// With as many streams at a time as `N` registers hold.
    #[inline(always)]
    fn with_registers<S: Simd, const N: usize>(self, simd: S) -> u64 {
        let mut outside = 0;
        for first in (0..GROUPS * LANES).step_by(N * S::U64_LANES) {
            let mut states = [[simd.splat_u64(0); 4]; N];
            for n in 0..N {
                let stream = first + n * S::U64_LANES;
                states[n] = load(simd, &self.states[stream / LANES], stream % LANES);
            }
            let mut counts = [simd.no_carries(); N];
            for _ in 0..self.rounds {
                for n in 0..N {
                    let x = simd.or_u64(next(simd, &mut states[n]), simd.splat_u64(ODD));
                    let y = simd.shift_right_u64(x, 32);
                    let squares = [simd.multiply_low_u32(x, x), simd.multiply_low_u32(y, y)];
                    // Both are odd, and their sum is 2 modulo 8.
                    counts[n] = simd.count_carries(counts[n], squares[0], squares[1]);
                }
            }
            for n in 0..N {
                let stream = first + n * S::U64_LANES;
                store(simd, &mut self.states[stream / LANES], stream % LANES, states[n]);
                outside += simd.carries(counts[n]);
            }
        }
        outside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [0x0123_4567_89ab_cdef, 42, u64::MAX, 7];

    /// The same points one by one, with exact arithmetic.
    fn naive(block: u64, samples: u64) -> u64 {
        let mut total = 0;
        for group in 0..GROUPS as u64 {
            let mut state = seed(&KEY, block * WIDTH + group * LANES as u64);
            for round in 0..=samples / WIDTH {
                for (lane, random) in next_of_each(&mut state).into_iter().enumerate() {
                    let index = round * WIDTH + group * LANES as u64 + lane as u64;
                    let x = u128::from(random as u32 | 1);
                    let y = u128::from((random >> 32) as u32 | 1);
                    total += u64::from(index < samples && x * x + y * y < 1 << 64);
                }
            }
        }
        total
    }

    #[test]
    fn every_level_counts_the_same_points() {
        for samples in [1, 7, 8, 9, 31, 32, 33, 63, 64, 1000, 10_007] {
            for block in [0, 1, 1 << 43] {
                let expected = naive(block, samples);
                for level in Level::available() {
                    assert_eq!(inside(level, &KEY, block, samples), expected, "{level:?} {samples} {block}");
                }
            }
        }
    }

    #[test]
    fn the_circle_is_exact_at_its_edge() {
        let top = u64::from(u32::MAX);
        let cases = [
            (1, 1, false),
            (top, 1, false),
            (top, top, true),
            // 92681^2 < 2^33 < 92683^2, and (2^32 - 1)^2 = 2^64 - 2^33 + 1.
            (92_681, top, false),
            (92_683, top, true),
            (92_683, top - 2, false),
        ];
        for (x, y, expected) in cases {
            assert_eq!(u128::from(x * x) + u128::from(y * y) >= 1 << 64, expected, "{x} {y}");
            assert_eq!(is_outside(x | y << 32), expected);
            assert_eq!(is_outside(y | x << 32), expected);
            // The lowest bits do not count.
            assert_eq!(is_outside((x - 1) | (y - 1) << 32), expected);
            assert_eq!(is_outside((y - 1) | (x - 1) << 32), expected);
        }
    }

    #[test]
    fn threads_and_ranges_of_blocks_do_not_change_the_count() {
        let samples = 2 * BLOCK + 12_345;
        let samples = if cfg!(debug_assertions) { samples / 2 } else { samples };
        let last = blocks(samples);
        let whole = count_inside(&KEY, samples, 0..last, &Work::serial()).expect("nobody interrupts");
        for workers in [1, 2, 5] {
            let work = Work::with_threads(workers);
            let parts = [0..1, 1..1, 1..last].map(|range| count_inside(&KEY, samples, range, &work));
            assert_eq!(parts.into_iter().map(|part| part.expect("nobody interrupts")).sum::<u64>(), whole);
        }
        let pi = 4.0 * whole as f64 / samples as f64;
        assert!((pi - std::f64::consts::PI).abs() < 5.0 * 1.64 / (samples as f64).sqrt(), "{pi}");
    }
}
