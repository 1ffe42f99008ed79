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
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

#[cfg(x86_simd)]
mod x86;
mod xoshiro;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Level};
pub use xoshiro::Key;
use xoshiro::{LANES, Lanes, Streams};

/// Groups of eight streams in a block.
const GROUPS: usize = 4;

/// Points that the streams of a block give in one step.
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
    let (steps, rest) = (samples / WIDTH, samples % WIDTH);
    let first = block.wrapping_mul(WIDTH);
    let mut streams =
        std::array::from_fn(|group| Streams::new(key, first.wrapping_add((group * LANES) as u64)));
    let mut total = steps * WIDTH - advance(level, &mut streams, steps);
    for (group, streams) in streams.iter_mut().enumerate() {
        let wanted = rest.saturating_sub((group * LANES) as u64).min(LANES as u64) as usize;
        let outside = is_outside(streams.next());
        total += outside[..wanted].iter().filter(|&&outside| outside == 0).count() as u64;
    }
    total
}

/// Moves the streams of a block on by `steps` and counts the points outside of the circle.
#[cfg_attr(x86_simd, allow(unsafe_code))]
fn advance(level: Level, streams: &mut [Streams; GROUPS], steps: u64) -> u64 {
    match level {
        // SAFETY: a level is only used where the CPU has it, and the features are part of it.
        #[cfg(x86_simd)]
        Level::Avx512 => unsafe { x86::advance_avx512(streams, steps) },
        // SAFETY: as above.
        #[cfg(x86_simd)]
        Level::Avx2 => unsafe { x86::advance_avx2(streams, steps) },
        _ => {
            let mut outside = [0u64; LANES];
            for streams in streams {
                for _ in 0..steps {
                    let more = is_outside(streams.next());
                    for l in 0..LANES {
                        outside[l] = outside[l].wrapping_add(more[l]);
                    }
                }
            }
            outside.iter().sum()
        }
    }
}

/// One for each of eight points that is outside of the circle, zero for the others.
#[inline(always)]
fn is_outside(random: Lanes) -> Lanes {
    let mut outside = [0; LANES];
    for l in 0..LANES {
        let odd = random[l] | ODD;
        let (x, y) = (odd & 0xffff_ffff, odd >> 32);
        // Products of 32 bits fit: `wrapping` is for speed, as a check is a branch.
        let (x2, y2) = (x.wrapping_mul(x), y.wrapping_mul(y));
        outside[l] = u64::from(x2.wrapping_add(y2) < x2);
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [0x0123_4567_89ab_cdef, 42, u64::MAX, 7];

    /// The same points one by one, with exact arithmetic.
    fn naive(block: u64, samples: u64) -> u64 {
        let mut total = 0;
        for group in 0..GROUPS as u64 {
            let mut streams = Streams::new(&KEY, block * WIDTH + group * LANES as u64);
            for step in 0..=samples / WIDTH {
                for (lane, random) in streams.next().into_iter().enumerate() {
                    let index = step * WIDTH + group * LANES as u64 + lane as u64;
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
            assert_eq!(is_outside([x | y << 32; LANES]), [u64::from(expected); LANES]);
            assert_eq!(is_outside([y | x << 32; LANES]), [u64::from(expected); LANES]);
            // The lowest bits do not count.
            assert_eq!(is_outside([(x - 1) | (y - 1) << 32; LANES]), [u64::from(expected); LANES]);
            assert_eq!(is_outside([(y - 1) | (x - 1) << 32; LANES]), [u64::from(expected); LANES]);
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
