//! The elements of some ranks in a long run of keys, in one pass over it.
//!
//! R. W. Floyd, R. L. Rivest, "Expected time bounds for selection", Communications of the ACM 18 (1975): two
//! elements of a sample almost surely enclose a rank, and few elements lie between them. So it is
//! enough to count what lies below such a window, and to keep what lies in it. Done differently
//! here: nothing is moved, the keys that are equal to the ends of a window are counted and not kept
//! (ties cost nothing), and 64 keys are compared at a time: of most of them none lies in the window.

use std::ops::Range;

use super::key::Key;
use super::sample::Sample;
use super::select::select;
use crate::alloc::try_reserve;
use crate::error::Result;
use crate::simd::{self, Kernel, Simd};

/// Keys that are compared with all windows while they are in the first-level cache.
pub const BLOCK: usize = 1024;

/// Half the width of a window, in standard deviations of the rank in a sample: it misses once in
/// 15,000 times.
pub const SPREAD: f64 = 4.0;

/// From one key to another: the place of some ranks, one after the other.
#[derive(Debug, Clone)]
pub struct Window<K> {
    pub lo: K,
    pub hi: K,
    /// Which of the ranks that are looked for it has been made for.
    pub ranks: Range<usize>,
    /// Keys less than `lo`, equal to it, and equal to `hi`, if that is another.
    below: u64,
    at_lo: u64,
    at_hi: u64,
    /// Those between the two.
    inside: Sample<K>,
}

/// Where a rank was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<K> {
    /// At this key.
    Key(K),
    /// Between the ends, at this index.
    Inside(u64),
    /// Below the window.
    Below,
    /// Above it.
    Above,
}

/// Keys whose number and ranks are known.
#[derive(Debug, Clone, Copy)]
pub struct Interval<K> {
    /// None is less.
    pub floor: K,
    /// None is greater.
    pub ceiling: K,
    /// The rank of the first one.
    pub first: u64,
    /// How many there are.
    pub count: u64,
}

impl<K: Key> Interval<K> {
    /// All keys, of which there are `count`.
    pub fn all(count: u64) -> Self {
        Interval { floor: K::MIN, ceiling: K::MAX, first: 0, count }
    }

    /// The ends of a window for a rank, by a sorted sample of the interval: so many standard deviations wide to each
    /// side, but less where there would be more than about `most` keys in it, as long as it is one.
    pub fn enclose(&self, sample: &[K], rank: u64, spread: f64, most: f64) -> (K, K) {
        let size = sample.len() as f64;
        let share = ((rank - self.first) as f64 + 0.5) / self.count as f64;
        let deviation = (size * share * (1.0 - share)).max(1.0).sqrt();
        let width = (spread * deviation).min(most / 2.0 * size / self.count as f64).max(deviation);
        let center = share * size;
        let (start, end) = ((center - width).floor() - 1.0, (center + width).ceil());
        let lo = if start < 0.0 { self.floor } else { sample[start as usize] };
        let hi = if end >= size { self.ceiling } else { sample[end as usize] };
        (lo, hi)
    }
}

impl<K: Key> Window<K> {
    /// A window that keeps at most `limit` keys, or a sample of as many.
    pub fn new((lo, hi): (K, K), ranks: Range<usize>, limit: usize) -> Self {
        let seed = ranks.start as u64;
        Window { lo, hi, ranks, below: 0, at_lo: 0, at_hi: 0, inside: Sample::new(limit, seed) }
    }

    /// The same ends, and nothing counted.
    pub fn cleared(&self) -> Self {
        Window::new((self.lo, self.hi), self.ranks.clone(), usize::MAX)
    }

    /// Adds what another part of the keys gave.
    pub fn merge(&mut self, other: &mut Self) -> Result<()> {
        self.below += other.below;
        self.at_lo += other.at_lo;
        self.at_hi += other.at_hi;
        self.inside.extend(other.inside.keys_mut())
    }

    /// Where a rank is.
    pub fn place(&self, rank: u64) -> Place<K> {
        let Some(rank) = rank.checked_sub(self.below) else { return Place::Below };
        let Some(rank) = rank.checked_sub(self.at_lo) else { return Place::Key(self.lo) };
        let Some(rank) = rank.checked_sub(self.inside.count()) else { return Place::Inside(rank) };
        if rank < self.at_hi { Place::Key(self.hi) } else { Place::Above }
    }

    /// Between the ends.
    pub fn interior(&self) -> Interval<K> {
        let first = self.below + self.at_lo;
        Interval { floor: self.lo, ceiling: self.hi, first, count: self.inside.count() }
    }

    /// What is below the window, from `floor` on, whose first rank is known; or above it.
    pub fn outside(&self, known: Interval<K>, is_below: bool) -> Interval<K> {
        let end = known.first + known.count;
        if is_below {
            return Interval { ceiling: self.lo, count: self.below - known.first, ..known };
        }
        let first = self.below + self.at_lo + self.inside.count() + self.at_hi;
        Interval { floor: self.hi, first, count: end - first, ..known }
    }

    /// What is between the ends: all of it, or a sample.
    pub fn inside(&mut self) -> &mut Sample<K> {
        &mut self.inside
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.inside.bytes()
    }
}

/// Puts ranks, which ascend, into windows: those that overlap become one, those that only touch do not.
pub fn join<K: Key>(ends: &[(K, K)], limit: usize) -> Result<Vec<Window<K>>> {
    let mut windows: Vec<Window<K>> = Vec::new();
    for (index, &(lo, hi)) in ends.iter().enumerate() {
        match windows.last_mut() {
            Some(last) if lo < last.hi || (lo, hi) == (last.lo, last.hi) => {
                last.hi = last.hi.max(hi);
                last.lo = last.lo.min(lo);
                last.ranks.end = index + 1;
            }
            _ => {
                try_reserve(&mut windows, 1)?;
                windows.push(Window::new((lo, hi), index..index + 1, limit));
            }
        }
    }
    Ok(windows)
}

/// The keys of those `ranks` (all of the window) that are in it; `missed` are those that are not, or of
/// which only a sample was kept.
pub fn resolve<K: Key>(
    window: &mut Window<K>,
    ranks: &[u64],
    found: &mut dyn FnMut(usize, K),
    missed: &mut dyn FnMut(usize, Place<K>),
) -> Result<()> {
    let (mut indices, mut within) = (Vec::new(), Vec::new());
    for index in window.ranks.clone() {
        match window.place(ranks[index]) {
            Place::Key(key) => found(index, key),
            Place::Inside(rank) if window.inside.is_complete() => {
                try_reserve(&mut indices, 1)?;
                try_reserve(&mut within, 1)?;
                indices.push(index);
                within.push(rank);
            }
            place => missed(index, place),
        }
    }
    select(window.inside.keys_mut(), &within, &mut |at, key| found(indices[at], key));
    Ok(())
}

/// Counts and keeps keys, at most [`BLOCK`] of them.
pub fn tally<K: Key>(keys: &[K], windows: &mut [Window<K>]) -> Result<()> {
    assert!(keys.len() <= BLOCK);
    windows.iter_mut().try_for_each(|window| {
        let mut kept = [K::default(); BLOCK];
        let (lo, hi) = (window.lo, window.hi);
        let counts = simd::run(Tally { keys, lo, hi, kept: &mut kept });
        window.below += counts.below;
        window.at_lo += counts.at_lo;
        window.at_hi += if lo == hi { 0 } else { counts.at_hi };
        window.inside.extend(&kept[..counts.kept])
    })
}

struct Tally<'a, K> {
    keys: &'a [K],
    lo: K,
    hi: K,
    kept: &'a mut [K; BLOCK],
}

struct Counts {
    below: u64,
    at_lo: u64,
    at_hi: u64,
    kept: usize,
}

impl<K: Key> Kernel for Tally<'_, K> {
    type Output = Counts;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Counts {
        let Tally { keys, lo, hi, kept } = self;
        // Counted in the type of the keys: as many lanes, and a block is less than 2^15.
        let (mut below, mut at_lo, mut at_hi) = (K::default(), K::default(), K::default());
        for index in 0..keys.len() {
            below = below + K::from(keys[index] < lo);
            at_lo = at_lo + K::from(keys[index] == lo);
            at_hi = at_hi + K::from(keys[index] == hi);
        }
        let mut count = 0;
        for chunk in keys.chunks(64) {
            let mut flags = [0u8; 64];
            if let Ok(chunk) = <&[K; 64]>::try_from(chunk) {
                for index in 0..64 {
                    flags[index] = u8::from((chunk[index] > lo) & (chunk[index] < hi));
                }
            } else {
                for index in 0..chunk.len() {
                    flags[index] = u8::from((chunk[index] > lo) & (chunk[index] < hi));
                }
            }
            let mut bits = simd.nonzero(&flags);
            while bits != 0 {
                kept[count] = chunk[bits.trailing_zeros() as usize];
                count += 1;
                bits &= bits - 1;
            }
        }
        let wide = |count: K| Into::<i64>::into(count) as u64;
        Counts { below: wide(below), at_lo: wide(at_lo), at_hi: wide(at_hi), kept: count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;

    #[test]
    fn every_level_counts_and_keeps_the_same() {
        let keys: Vec<i64> = (0..1000).map(|i| i * 7919 % 97).collect();
        for level in Level::available() {
            for (lo, hi) in [(20, 40), (20, 20), (20, 21), (i64::MIN, i64::MAX), (-5, 200)] {
                let mut kept = [0; BLOCK];
                let counts = simd::run_at(level, Tally { keys: &keys, lo, hi, kept: &mut kept });
                let number =
                    |test: &dyn Fn(i64) -> bool| keys.iter().filter(|&&key| test(key)).count() as u64;
                assert_eq!(counts.below, number(&|key| key < lo));
                assert_eq!(
                    [counts.at_lo, counts.at_hi],
                    [number(&|key| key == lo), number(&|key| key == hi)]
                );
                assert!(kept[..counts.kept].iter().eq(keys.iter().filter(|&&key| lo < key && key < hi)));
            }
        }
    }

    #[test]
    fn every_rank_has_its_place() {
        let keys = [5i32, 5, 1, 9, 7, 7, 8, 3];
        let mut windows = join(&[(5, 8)], 100).expect("memory");
        tally(&keys, &mut windows).expect("memory");
        let places: Vec<_> = (0..8).map(|rank| windows[0].place(rank)).collect();
        let (below, above) = (Place::Below, Place::Above);
        let expected = [
            below,
            below,
            Place::Key(5),
            Place::Key(5),
            Place::Inside(0),
            Place::Inside(1),
            Place::Key(8),
            above,
        ];
        assert_eq!(places, expected);
        let all = Interval::all(8);
        let (lower, upper) = (windows[0].outside(all, true), windows[0].outside(all, false));
        assert_eq!([lower.first, lower.count, upper.first, upper.count], [0, 2, 7, 1]);
    }
}
