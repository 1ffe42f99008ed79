//! The elements of some ranks where keys have 16 bits: all are counted, in one pass.

use super::key::Key;
use crate::alloc::try_filled;
use crate::error::Result;

/// How often each key occurs.
pub struct Histogram(Vec<u64>);

impl Histogram {
    /// Of no keys.
    pub fn new() -> Result<Self> {
        Ok(Histogram(try_filled(1 << 16, 0)?))
    }

    /// Counts keys.
    pub fn add<K: Key>(&mut self, keys: &[K]) {
        for &key in keys {
            self.0[place(key)] += 1;
        }
    }

    /// Adds the counts of another one.
    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(count, other)| *count += other);
    }

    /// Calls `take` with the index of each rank in `ranks`, which ascend, and its key.
    pub fn find<K: Key>(&self, ranks: &[u64], take: &mut dyn FnMut(usize, K)) {
        let mut end = 0;
        let mut ranks = ranks.iter().enumerate().peekable();
        for (key, &count) in (i64::from(i16::MIN)..).zip(&self.0) {
            end += count;
            while let Some((index, _)) = ranks.next_if(|&(_, &rank)| rank < end) {
                take(index, K::narrow(key));
            }
        }
    }
}

#[inline(always)]
fn place<K: Key>(key: K) -> usize {
    usize::from(Into::<i64>::into(key) as u16 ^ (1 << 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_found_by_counting() {
        let keys: Vec<i16> =
            (0..1000).map(|i| (i * 7919 % 331 - 100) as i16).chain([i16::MIN, i16::MAX]).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        let (mut first, mut second) = (Histogram::new().expect("memory"), Histogram::new().expect("memory"));
        first.add(&keys[..300]);
        second.add(&keys[300..]);
        first.merge(&second);
        let ranks = [0, 1, 2, 500, 501, 1000, 1001];
        let mut found = Vec::new();
        first.find(&ranks, &mut |index, key: i16| found.push((index, key)));
        let expected: Vec<_> = ranks.iter().map(|&rank| sorted[rank as usize]).enumerate().collect();
        assert_eq!(found, expected);
    }
}
