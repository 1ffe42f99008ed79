//! A sample of a stream: of each group of so many keys in a row, one taken at random.
//!
//! As long as all fit, all are kept. When there are more, groups become twice as large: of each two
//! neighbours in the sample one stays. So a sample of a sorted stream is better than a random one,
//! and never worse; and of two the samples become one by putting one behind the other. (It is the lowest
//! level of the sketch of Karnin, Lang and Liberty, see `sketch`.)

use super::key::Key;
use crate::alloc::try_reserve;
use crate::error::Result;

/// Random bits that are the same each time: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is small: its bias is at most `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

/// See the top of the file.
#[derive(Debug, Clone)]
pub struct Sample<K> {
    keys: Vec<K>,
    /// The most keys that are kept.
    limit: usize,
    /// How many keys were added.
    count: u64,
    /// Each kept key stands for `1 << level` keys.
    level: u32,
    /// How many of the next group have come, and which of them is to be kept.
    seen: u64,
    chosen: u64,
    random: Random,
}

impl<K: Key> Sample<K> {
    /// A sample of at most `limit` keys (at least two).
    pub fn new(limit: usize, seed: u64) -> Self {
        let limit = limit.max(2);
        Sample { keys: Vec::new(), limit, count: 0, level: 0, seen: 0, chosen: 0, random: Random(seed) }
    }

    /// How many keys were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether every key is there.
    pub fn is_complete(&self) -> bool {
        self.level == 0
    }

    /// What is kept.
    pub fn keys_mut(&mut self) -> &mut [K] {
        &mut self.keys
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<K>()
    }

    /// Adds keys.
    pub fn extend(&mut self, mut keys: &[K]) -> Result<()> {
        self.count += keys.len() as u64;
        while !keys.is_empty() {
            if self.level == 0 {
                let len = keys.len().min(self.limit - self.keys.len());
                try_reserve(&mut self.keys, len)?;
                self.keys.extend_from_slice(&keys[..len]);
                keys = &keys[len..];
                if !keys.is_empty() {
                    self.halve();
                }
                continue;
            }
            let group = 1 << self.level;
            if self.seen == 0 {
                if self.keys.len() == self.limit {
                    self.halve();
                    continue;
                }
                self.chosen = self.random.below(group);
            }
            let len = (group - self.seen).min(keys.len() as u64);
            if (self.seen..self.seen + len).contains(&self.chosen) {
                self.keys.push(keys[(self.chosen - self.seen) as usize]);
            }
            self.seen = (self.seen + len) % group;
            keys = &keys[len as usize..];
        }
        Ok(())
    }

    /// Of each two keys in a row one stays; a last one without a neighbour goes or stays, at random.
    fn halve(&mut self) {
        let len = self.keys.len();
        let mut kept = 0;
        for first in (0..len).step_by(2) {
            let index = first + (self.random.next() >> 63) as usize;
            if index < len {
                self.keys[kept] = self.keys[index];
                kept += 1;
            }
        }
        self.keys.truncate(kept);
        self.level += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_kept_as_long_as_they_fit() {
        let mut sample = Sample::<i32>::new(100, 1);
        sample.extend(&(0..60).collect::<Vec<_>>()).expect("memory");
        sample.extend(&(60..100).collect::<Vec<_>>()).expect("memory");
        assert!(sample.is_complete() && sample.keys_mut().iter().copied().eq(0..100));
        sample.extend(&[100]).expect("memory");
        assert!(!sample.is_complete() && sample.count() == 101);
    }

    #[test]
    fn a_sample_is_spread_evenly_whatever_the_pieces() {
        let data: Vec<i64> = (0..1_000_000).collect();
        for piece in [1, 7, 1000, 1_000_000] {
            let mut sample = Sample::new(4096, 3);
            data.chunks(piece).for_each(|piece| sample.extend(piece).expect("memory"));
            assert_eq!(sample.count(), 1_000_000);
            let keys = sample.keys_mut();
            assert!((1024..=4096).contains(&keys.len()), "{}", keys.len());
            keys.sort_unstable();
            let step = 1_000_000.0 / keys.len() as f64;
            for (index, &key) in keys.iter().enumerate() {
                assert!((key as f64 - index as f64 * step).abs() < 4.0 * step, "{index} {key} {step}");
            }
        }
    }
}
