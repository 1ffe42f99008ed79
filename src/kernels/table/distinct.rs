//! How many different values there are, and which are the most frequent, in bounded memory.
//!
//! Distinct values are a set of hashes up to a bound; beyond it HyperLogLog (P. Flajolet, É. Fusy, O. Gandouet,
//! F. Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007) with hashes
//! of 64 bits, for which the correction of large counts is not needed.
//!
//! Frequent values are those of E. Anderson, P. Bevin, K. Lang, E. Liberty, L. Rhodes, J. Thaler, "A
//! high-performance algorithm for identifying frequent items in data streams", 2017: a table of counts; when it
//! is full, the median of the counts is taken from all of them, and what is left with none leaves the table.
//! What was taken is the most by which a count can be too low.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::{FixedState, RandomState};
use hashbrown::{HashMap, HashSet};

use crate::error::{Error, Result};

/// The most hashes that all columns together keep.
const HASHES: usize = 1 << 21;

/// The most registers of all columns together.
const REGISTERS: usize = 1 << 26;

/// The most values that all columns together keep count of.
const VALUES: usize = 1 << 18;

/// The same for every run, so that an estimate is.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a text.
pub fn hash(bytes: &[u8]) -> u64 {
    FixedState::with_seed(SEED).hash_one(bytes)
}

/// The hash of a number; no two numbers have the same.
#[inline(always)]
pub fn hash_number(value: f64) -> u64 {
    // Zero is zero, whatever its sign. Then the finaliser of SplitMix64, which is a bijection.
    let mut bits = (value + 0.0).to_bits();
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The hash of an integer that is no float64.
pub fn hash_integer(value: i128) -> u64 {
    let mut hasher = FixedState::with_seed(SEED).build_hasher();
    hasher.write_i128(value);
    hasher.finish()
}

/// How many different values a column has.
#[derive(Debug, Clone)]
pub struct Distinct {
    exact: HashSet<u64, RandomState>,
    bound: usize,
    registers: Vec<u8>,
    bits: u32,
}

impl Distinct {
    /// For one of `columns` columns, whose number decides on what is kept.
    pub fn new(columns: usize) -> Self {
        let each = |all: usize| all / columns.max(1);
        Distinct {
            exact: HashSet::default(),
            bound: each(HASHES).clamp(16, 1 << 16),
            registers: Vec::new(),
            bits: each(REGISTERS).max(1).ilog2().clamp(6, 14),
        }
    }

    /// Takes in a value.
    #[inline(always)]
    pub fn add(&mut self, hash: u64) -> Result<()> {
        if self.registers.is_empty() {
            return self.add_exact(hash);
        }
        self.estimate(hash);
        Ok(())
    }

    fn add_exact(&mut self, hash: u64) -> Result<()> {
        let bytes = size_of::<u64>() * (2 * self.exact.len() + 1);
        self.exact.try_reserve(1).map_err(|_| Error::Memory { bytes })?;
        self.exact.insert(hash);
        if self.exact.len() > self.bound {
            self.registers = crate::alloc::try_filled(1 << self.bits, 0)?;
            for hash in std::mem::take(&mut self.exact) {
                self.estimate(hash);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn estimate(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - self.bits)) as usize];
        // The place of the first bit that is set; a bit beyond the last stops the search.
        let rank = ((hash << self.bits) | (1 << (self.bits - 1))).leading_zeros() as u8 + 1;
        *register = rank.max(*register);
    }

    /// How many, and the relative standard error of that: 0 if it is exact.
    pub fn count(&self) -> (u64, f64) {
        if self.registers.is_empty() {
            return (self.exact.len() as u64, 0.0);
        }
        let m = self.registers.len() as f64;
        let alpha = match self.registers.len() {
            64 => 0.709,
            _ => 0.7213 / (1.0 + 1.079 / m),
        };
        let sum: f64 = self.registers.iter().map(|&rank| 0.5_f64.powi(i32::from(rank))).sum();
        let zeros = self.registers.iter().filter(|&&rank| rank == 0).count();
        let raw = alpha * m * m / sum;
        let estimate = if raw <= 2.5 * m && zeros > 0 { m * (m / zeros as f64).ln() } else { raw };
        (estimate.round() as u64, 1.04 / m.sqrt())
    }
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A number.
    Number(f64),
    /// Anything else.
    Text(String),
}

/// The most frequent values of a column.
#[derive(Debug, Clone)]
pub struct Frequent {
    counts: HashMap<u64, (u64, Shown), RandomState>,
    bound: usize,
    top: usize,
    taken: u64,
}

impl Frequent {
    /// For one of `columns` columns, of which `top` values are asked for.
    pub fn new(columns: usize, top: usize) -> Self {
        let bound = (VALUES / columns.max(1)).clamp(64, 1 << 15).max(4 * top.min(1 << 16));
        Frequent { counts: HashMap::default(), bound, top, taken: 0 }
    }

    /// Takes in a value, of which `shown` is only called if it is new.
    #[inline(always)]
    pub fn add(&mut self, hash: u64, shown: impl FnOnce() -> Shown) -> Result<()> {
        if let Some((count, _)) = self.counts.get_mut(&hash) {
            *count += 1;
            return Ok(());
        }
        self.insert(hash, shown())
    }

    #[cold]
    fn insert(&mut self, hash: u64, shown: Shown) -> Result<()> {
        if self.counts.len() >= self.bound {
            let mut counts: Vec<u64> = self.counts.values().map(|&(count, _)| count).collect();
            let middle = counts.len() / 2;
            let median = *counts.select_nth_unstable(middle).1;
            self.counts.retain(|_, (count, _)| {
                *count = count.saturating_sub(median);
                *count > 0
            });
            self.taken += median;
        }
        let bytes = size_of::<(u64, u64, Shown)>() * (2 * self.counts.len() + 1);
        self.counts.try_reserve(1).map_err(|_| Error::Memory { bytes })?;
        self.counts.insert(hash, (1, shown));
        Ok(())
    }

    /// The values with the highest counts, as many as were asked for, and by how much a count may be too low.
    pub fn top(&self) -> (Vec<(Shown, u64)>, u64) {
        let mut all: Vec<_> = self.counts.iter().map(|(hash, (count, shown))| (count, hash, shown)).collect();
        let by_value = |a: &Shown, b: &Shown| match (a, b) {
            (Shown::Number(a), Shown::Number(b)) => a.total_cmp(b),
            (Shown::Text(a), Shown::Text(b)) => a.cmp(b),
            (Shown::Number(_), _) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        all.sort_unstable_by(|a, b| b.0.cmp(a.0).then_with(|| by_value(a.2, b.2)).then(a.1.cmp(b.1)));
        (
            all.into_iter().take(self.top).map(|(&count, _, shown)| (shown.clone(), count)).collect(),
            self.taken,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_up_to_the_bound_and_then_near() -> Result<()> {
        for count in [0_u64, 1, 100, 65_536, 65_537, 400_000] {
            let mut distinct = Distinct::new(1);
            for i in 0..count {
                distinct.add(hash_number(i as f64))?;
                distinct.add(hash_number(i as f64))?;
            }
            let (found, error) = distinct.count();
            assert_eq!(error == 0.0, count <= 65_536);
            assert!(found.abs_diff(count) as f64 <= 3.0 * error * count as f64, "{found} {count}");
        }
        let mut text = Distinct::new(100_000);
        for i in 0..50_000 {
            text.add(hash(format!("word {i}").as_bytes()))?;
        }
        let (found, error) = text.count();
        assert!(error > 0.0 && found.abs_diff(50_000) as f64 <= 3.0 * error * 50_000.0, "{found}");
        assert_eq!(hash_number(0.0), hash_number(-0.0));
        Ok(())
    }

    #[test]
    fn frequent_values_survive_a_flood_of_rare_ones() -> Result<()> {
        let mut frequent = Frequent::new(1, 2);
        for i in 0..200_000_u64 {
            let value = if i % 10 == 0 {
                1.0
            } else if i % 7 == 0 {
                2.0
            } else {
                100.0 + i as f64
            };
            frequent.add(hash_number(value), || Shown::Number(value))?;
        }
        let (top, low) = frequent.top();
        assert!(low > 0);
        for ((shown, count), (value, exact)) in top.into_iter().zip([(2.0, 25_714_u64), (1.0, 20_000)]) {
            assert_eq!(shown, Shown::Number(value));
            assert!(count <= exact + 1 && exact <= count + low + 1, "{count} {exact} {low}");
        }
        Ok(())
    }
}
