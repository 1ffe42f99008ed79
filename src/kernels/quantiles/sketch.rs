//! A sketch of data that is read once: quantiles with a small error in the rank.
//!
//! Z. Karnin, K. Lang, E. Liberty, "Optimal quantile approximation in streams", FOCS 2016
//! (KLL): levels of keys, of which each on level h stands for 2^h. A level that is full is sorted,
//! and every other key, from the first or the second on at random, goes to the next level. Levels become smaller
//! downwards, by a third each. Two sketches merge level by level.
//!
//! A compaction changes the rank of any key by 2^h or nothing, up or down with the same probability. So by
//! Hoeffding's inequality the rank is off by more than `t` with a probability of at most
//! `2 exp(-t^2 / (2 sum 4^h))`, summed over the compactions that took place: the sketch knows its
//! own error. The capacity is such that it stays below what was asked for.

use super::finder::without_nan;
use super::key::{Ordered, from_wide, wide_reader};
use super::sample::Random;
use super::window::BLOCK;
use crate::alloc::{try_copied, try_reserve, try_vec};
use crate::error::Result;
use crate::layout::{Elements, Strided};
use crate::parallel::Work;

/// The probability with which each quantile is within the error.
pub const CONFIDENCE: f64 = 0.9999;

/// `sqrt(2 ln(2 / (1 - CONFIDENCE)))`.
const DEVIATIONS: f64 = 4.450_551_9;

/// Keys that the lowest levels have room for.
const LEAST: usize = 64;

/// Contiguous lines from this length on are read in place.
const RUN: usize = 256;

/// See the top of the file.
#[derive(Debug, Clone)]
pub struct Sketch {
    /// The error that was asked for, a share of the number of elements.
    error: f64,
    /// The room of the highest level.
    capacity: usize,
    /// The lowest one is in no order, the others are sorted.
    levels: Vec<Vec<i64>>,
    summary: Summary,
}

/// All of a sketch but its keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Elements, NaN not among them.
    pub count: u64,
    /// NaN.
    pub nan: u64,
    /// The least and the greatest key.
    pub ends: [i64; 2],
    /// The sum of `4^h` over all compactions.
    pub variance: f64,
    /// Where the random bits are.
    pub random: u64,
}

impl Sketch {
    /// A sketch of nothing, whose quantiles will be within `error`, a share of the number of elements.
    pub fn new(error: f64) -> Self {
        // Each level gets the elements below it once; the highest has compacted nothing yet. The bound
        // comes out at 0.4 to 0.75 of the error (normal data, up to 3e6 elements, errors of 0.001 to 0.05).
        let capacity = (2.0 * DEVIATIONS / error).ceil() as usize;
        let summary = Summary { count: 0, nan: 0, ends: [i64::MAX, i64::MIN], variance: 0.0, random: 0 };
        Sketch { error, capacity: capacity.max(LEAST), levels: Vec::new(), summary }
    }

    /// A sketch with the keys of another one, level by level; `None` if that is not one.
    pub fn with_state(error: f64, summary: Summary, keys: &[i64], sizes: &[usize]) -> Result<Option<Self>> {
        let mut levels = try_vec(sizes.len())?;
        let (mut rest, mut weight) = (keys, 0u64);
        for (level, &size) in sizes.iter().enumerate() {
            if size > rest.len() || level >= 64 {
                return Ok(None);
            }
            let (keys, others) = rest.split_at(size);
            weight = weight.saturating_add((size as u64).saturating_mul(1 << level));
            if level > 0 && !keys.is_sorted() {
                return Ok(None);
            }
            levels.push(try_copied(keys)?);
            rest = others;
        }
        let is_one = rest.is_empty() && weight == summary.count && summary.variance >= 0.0;
        Ok(is_one.then(|| Sketch { levels, summary, ..Sketch::new(error) }))
    }

    /// All but the keys.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The keys of each level, the lowest first.
    pub fn levels(&self) -> &[Vec<i64>] {
        &self.levels
    }

    /// The error that was asked for.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// The error that the quantiles have, with the probability of [`CONFIDENCE`]: 0 as long as every element
    /// is there.
    pub fn bound(&self) -> f64 {
        match self.summary.count {
            0 => 0.0,
            count => DEVIATIONS * self.summary.variance.sqrt() / count as f64,
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let keys: usize = self.levels.iter().map(|level| level.capacity() * size_of::<i64>()).sum();
        size_of::<Self>() + self.levels.capacity() * size_of::<Vec<i64>>() + keys
    }

    /// Reads elements.
    pub fn update<T: Ordered>(&mut self, elements: Elements<'_, T>, work: &Work<'_>) -> Result<()> {
        let read = wide_reader::<T>();
        let mut buffer = [0; BLOCK];
        Strided::from(elements).blocks(BLOCK, RUN, work, &mut |slice, _| {
            slice.chunks(BLOCK).try_for_each(|chunk| {
                let nan = read(chunk, &mut buffer);
                self.summary.nan += nan as u64;
                self.add(without_nan(&mut buffer[..chunk.len()], nan))
            })
        })
    }

    /// Reads a few elements, without a look for signals.
    pub fn update_slice<T: Ordered>(&mut self, elements: &[T]) -> Result<()> {
        let mut buffer = [0; BLOCK];
        elements.chunks(BLOCK).try_for_each(|chunk| {
            let nan = wide_reader::<T>()(chunk.into(), &mut buffer);
            self.summary.nan += nan as u64;
            self.add(without_nan(&mut buffer[..chunk.len()], nan))
        })
    }

    /// Adds elements of which the keys are known.
    pub fn add(&mut self, mut keys: &[i64]) -> Result<()> {
        let ends = &mut self.summary.ends;
        for &key in keys {
            *ends = [ends[0].min(key), ends[1].max(key)];
        }
        while !keys.is_empty() {
            if self.levels.is_empty() {
                self.add_level()?;
            }
            let free = self.room(0).saturating_sub(self.levels[0].len());
            let len = free.min(keys.len());
            try_reserve(&mut self.levels[0], len)?;
            self.levels[0].extend_from_slice(&keys[..len]);
            self.summary.count += len as u64;
            keys = &keys[len..];
            if free == len {
                self.compress()?;
            }
        }
        Ok(())
    }

    /// Adds what another one has.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        while self.levels.len() < other.levels.len() {
            self.add_level()?;
        }
        for (level, (own, keys)) in self.levels.iter_mut().zip(&other.levels).enumerate() {
            if level == 0 {
                try_reserve(own, keys.len())?;
                own.extend_from_slice(keys);
            } else {
                merge(own, keys.iter().copied())?;
            }
        }
        let (own, other) = (&mut self.summary, &other.summary);
        own.count += other.count;
        own.nan += other.nan;
        own.ends = [own.ends[0].min(other.ends[0]), own.ends[1].max(other.ends[1])];
        own.variance += other.variance;
        own.random ^= other.random.rotate_left(17);
        self.compress()
    }

    fn add_level(&mut self) -> Result<()> {
        try_reserve(&mut self.levels, 1)?;
        self.levels.push(Vec::new());
        Ok(())
    }

    /// How many keys a level has room for.
    fn room(&self, level: usize) -> usize {
        let below_top = (self.levels.len() - 1 - level) as i32;
        ((self.capacity as f64 * (2.0f64 / 3.0).powi(below_top)).ceil() as usize).max(LEAST)
    }

    /// Makes room on every level.
    fn compress(&mut self) -> Result<()> {
        let mut level = 0;
        while level < self.levels.len() {
            if self.levels[level].len() < self.room(level) {
                level += 1;
                continue;
            }
            if level + 1 == self.levels.len() {
                // The levels below have less room now.
                self.add_level()?;
                self.compact(level)?;
                level = 0;
                continue;
            }
            self.compact(level)?;
            level += 1;
        }
        Ok(())
    }

    /// Every other key of a level goes to the next one.
    fn compact(&mut self, level: usize) -> Result<()> {
        let room = self.room(level);
        let [keys, above] = &mut self.levels[level..level + 2] else { return Ok(()) };
        if level == 0 {
            keys.sort_unstable();
        }
        let mut random = Random(self.summary.random);
        let bits = random.next();
        self.summary.random = random.0;
        // One that has no partner stays: the first or the last, so that the ends are treated alike.
        let is_odd = keys.len() % 2;
        let stays_first = is_odd == 1 && bits & 2 == 0;
        let start = usize::from(stays_first);
        let pairs = &keys[start..start + keys.len() - is_odd];
        let offset = (bits & 1) as usize;
        merge(above, pairs.iter().copied().skip(offset).step_by(2))?;
        self.summary.variance += 4f64.powi(level as i32);
        if is_odd == 1 {
            let stays = if stays_first { 0 } else { keys.len() - 1 };
            keys.swap(0, stays);
        }
        keys.truncate(is_odd);
        if keys.capacity() > 2 * room {
            // It was a higher level once, counted from the top.
            *keys = try_copied(keys)?;
        }
        Ok(())
    }

    /// The keys at some levels, 0 to 1: the first at which the share of elements reaches the level, as the method
    /// `inverted_cdf`. The least and the greatest are exact. NaN if there are no elements.
    pub fn quantiles<T: Ordered>(&self, levels: &[f64]) -> Result<Vec<T>> {
        let mut keys: Vec<(i64, u64)> = try_vec(self.levels.iter().map(Vec::len).sum())?;
        for (level, own) in self.levels.iter().enumerate() {
            keys.extend(own.iter().map(|&key| (key, 1 << level)));
        }
        keys.sort_unstable();
        let mut sum = 0;
        for (_, weight) in &mut keys {
            sum += *weight;
            *weight = sum;
        }
        let mut found = try_vec(levels.len())?;
        let [least, greatest] = self.summary.ends;
        found.extend(levels.iter().map(|&level| {
            let rank = (level * self.summary.count as f64).ceil();
            let at = keys.partition_point(|&(_, sum)| (sum as f64) < rank);
            from_wide::<T>(match keys.get(at) {
                _ if keys.is_empty() => i64::MAX,
                _ if level <= 0.0 => least,
                Some(&(key, _)) if level < 1.0 => key,
                _ => greatest,
            })
        }));
        Ok(found)
    }
}

/// Merges sorted keys into sorted keys, from the end on.
fn merge(into: &mut Vec<i64>, keys: impl DoubleEndedIterator<Item = i64> + ExactSizeIterator) -> Result<()> {
    try_reserve(into, keys.len())?;
    let mut left = into.len();
    let mut at = left + keys.len();
    into.resize(at, 0);
    for key in keys.rev() {
        while left > 0 && into[left - 1] > key {
            (left, at) = (left - 1, at - 1);
            into[at] = into[left];
        }
        at -= 1;
        into[at] = key;
    }
    Ok(())
}
