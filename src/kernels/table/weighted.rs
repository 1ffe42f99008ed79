//! What is kept of the numbers of a column whose rows have weights: their moments, and their quantiles, which are exact in
//! bounded memory.
//!
//! A quantile is the least number at which the share of the weights reaches the level, the method `inverted_cdf`. All numbers
//! are kept as long as they fit. Where they do not, the numbers are told apart by the first bits of their order: the
//! weights of each bin are added up, and in the next pass over the table only what lies in the bins of the levels
//! matters; it is kept, or told apart by the next bits. That is a radix selection: each pass knows more bits, so it ends.

use super::search::{Found, Quantiles, one};
use crate::alloc::{try_copied, try_filled, try_reserve, try_vec};
use crate::error::Result;
use crate::kernels::eft::two_sum;
use crate::kernels::stats::{Moments, WeightedMoments, weighted_moments};

/// The most bytes that the bins of all columns take.
const BINS: usize = 64 << 20;

/// Bits that are told apart in a pass, at most.
const BITS: u32 = 16;

/// The least numbers that are kept of a column.
const LEAST: usize = 64;

/// See the top of the file.
#[derive(Debug)]
pub struct Weighted {
    moments: Moments<f64, WeightedMoments>,
    values: Vec<f64>,
    weights: Vec<f64>,
    search: Option<Search>,
    is_later: bool,
}

impl Weighted {
    /// Of one of so many columns.
    pub fn new(asked: &Quantiles, columns: usize) -> Result<Self> {
        let search = if asked.levels.is_empty() { None } else { Some(Search::new(asked, columns)?) };
        let moments = Moments::default();
        Ok(Weighted { moments, values: Vec::new(), weights: Vec::new(), search, is_later: false })
    }

    /// Adds a number with a weight above 0, to be collected into groups of so many.
    #[inline]
    pub fn push(&mut self, value: f64, weight: f64, group: usize) -> Result<()> {
        if self.values.len() >= group {
            self.flush()?;
        }
        try_reserve(&mut self.values, 1)?;
        try_reserve(&mut self.weights, 1)?;
        self.values.push(value);
        self.weights.push(weight);
        Ok(())
    }

    /// Moves what was collected into the moments.
    pub fn flush(&mut self) -> Result<()> {
        if !self.is_later {
            self.moments.merge(&weighted_moments::<f64, false>(&self.values, &self.weights)?);
        }
        if let Some(search) = &mut self.search {
            self.values
                .iter()
                .zip(&self.weights)
                .try_for_each(|(&value, &weight)| search.add(value, weight))?;
        }
        self.values.clear();
        self.weights.clear();
        Ok(())
    }

    /// The moments; complete after a [`Weighted::flush`].
    pub fn moments(&self) -> &Moments<f64, WeightedMoments> {
        &self.moments
    }

    /// Ends a pass over the numbers, of which nothing is pending; whether they have to come again.
    pub fn end_pass(&mut self) -> Result<bool> {
        self.is_later = true;
        self.search.as_mut().map_or(Ok(false), Search::end_pass)
    }

    /// The quantiles, if they are known.
    pub fn quantiles(&self) -> Option<Found> {
        let search = self.search.as_ref()?;
        Some(if search.is_lost {
            Found::TooMany
        } else if search.is_empty {
            Found::Nothing
        } else {
            Found::Values(search.found.iter().map(|&value| one(value)).collect(), 0.0)
        })
    }
}

/// A sum of two floats.
#[derive(Debug, Clone, Copy, Default)]
struct Sum(f64, f64);

impl Sum {
    fn add(&mut self, value: f64) {
        let (sum, low) = two_sum(self.0, value);
        *self = Sum(sum, self.1 + low);
    }

    fn plus(mut self, other: Sum) -> Sum {
        self.add(other.0);
        Sum(self.0, self.1 + other.1)
    }

    fn value(self) -> f64 {
        self.0 + self.1
    }
}

/// Numbers whose order has the same first bits.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    weight: Sum,
    count: u64,
}

/// What is known of numbers in which a quantile is.
#[derive(Debug)]
enum Inside {
    /// All of them: their order and their weights.
    Kept(Vec<(u64, f64)>),
    Bins(Vec<Bin>),
}

/// Numbers in which some quantiles are: those whose order begins with these bits.
#[derive(Debug)]
struct Span {
    first: u64,
    known: u32,
    /// What all numbers below weigh.
    below: Sum,
    /// The indices of the levels.
    levels: Vec<usize>,
    inside: Inside,
}

#[derive(Debug)]
struct Search {
    levels: Vec<f64>,
    /// The most numbers that are kept.
    limit: usize,
    /// Bits that are told apart in a pass.
    bits: u32,
    once: bool,
    spans: Vec<Span>,
    /// What all numbers weigh; known after the first pass.
    total: f64,
    found: Vec<f64>,
    is_lost: bool,
    is_empty: bool,
}

/// An integer of the same order as the number.
fn key(value: f64) -> u64 {
    // Zero is zero, whatever its sign.
    let bits = (value + 0.0).to_bits();
    bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }
}

fn number(key: u64) -> f64 {
    f64::from_bits(key ^ if key >> 63 == 1 { 1 << 63 } else { u64::MAX })
}

impl Search {
    fn new(asked: &Quantiles, columns: usize) -> Result<Self> {
        let columns = columns.max(1);
        // A number and its weight take the room of two numbers.
        let limit = (asked.keys / 2 / columns).max(LEAST);
        let most = BINS / size_of::<Bin>() / columns / asked.levels.len();
        let all = Span {
            first: 0,
            known: 0,
            below: Sum::default(),
            levels: (0..asked.levels.len()).collect(),
            inside: Inside::Kept(Vec::new()),
        };
        Ok(Search {
            levels: try_copied(&asked.levels)?,
            limit,
            bits: most.max(2).ilog2().min(BITS),
            once: asked.once,
            spans: vec![all],
            total: 0.0,
            found: try_filled(asked.levels.len(), 0.0)?,
            is_lost: false,
            is_empty: false,
        })
    }

    fn add(&mut self, value: f64, weight: f64) -> Result<()> {
        let key = key(value);
        for span in &mut self.spans {
            if span.known > 0 && (key ^ span.first) >> (64 - span.known) != 0 {
                continue;
            }
            let bits = self.bits.min(64 - span.known);
            match &mut span.inside {
                Inside::Kept(kept) if kept.len() < self.limit => {
                    try_reserve(kept, 1)?;
                    kept.push((key, weight));
                }
                Inside::Kept(_) if self.once => {
                    self.is_lost = true;
                    self.spans.clear();
                    return Ok(());
                }
                Inside::Kept(kept) => {
                    let mut bins = try_filled(1 << bits, Bin::default())?;
                    kept.iter().for_each(|&(key, weight)| tell(&mut bins, (span.known, bits), key, weight));
                    tell(&mut bins, (span.known, bits), key, weight);
                    span.inside = Inside::Bins(bins);
                }
                Inside::Bins(bins) => tell(bins, (span.known, bits), key, weight),
            }
        }
        Ok(())
    }

    fn end_pass(&mut self) -> Result<bool> {
        let mut next = Vec::new();
        for span in std::mem::take(&mut self.spans) {
            match span.inside {
                Inside::Kept(kept) => self.select(kept, span.known == 0, span.below, &span.levels)?,
                Inside::Bins(ref bins) => self.narrow(bins, &span, &mut next)?,
            }
        }
        self.spans = next;
        Ok(!self.spans.is_empty())
    }

    /// Finds the quantiles in numbers that were all kept.
    fn select(
        &mut self,
        mut kept: Vec<(u64, f64)>,
        is_all: bool,
        below: Sum,
        levels: &[usize],
    ) -> Result<()> {
        kept.sort_by_key(|&(key, _)| key);
        let mut sums = try_vec(kept.len())?;
        let mut sum = below;
        for &(_, weight) in &kept {
            if is_all {
                // As NumPy adds them up.
                sum.0 += weight;
            } else {
                sum.add(weight);
            }
            sums.push(sum.value());
        }
        if is_all {
            self.total = sum.value();
        }
        let Some(last) = kept.len().checked_sub(1) else {
            self.is_empty = is_all;
            return Ok(());
        };
        for &index in levels {
            let at = sums.partition_point(|&sum| sum / self.total < self.levels[index]);
            self.found[index] = number(kept[at.min(last)].0);
        }
        Ok(())
    }

    /// Finds the bins in which the quantiles are.
    fn narrow(&mut self, bins: &[Bin], span: &Span, next: &mut Vec<Span>) -> Result<()> {
        if span.known == 0 {
            self.total = bins.iter().fold(Sum::default(), |sum, bin| sum.plus(bin.weight)).value();
        }
        let bits = self.bits.min(64 - span.known);
        let known = span.known + bits;
        let each = (self.limit / self.levels.len()).max(LEAST);
        for &index in &span.levels {
            let (mut below, mut at) = (span.below, None);
            let mut sum = span.below;
            for (place, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
                (below, at) = (sum, Some((place, bin.count)));
                sum = sum.plus(bin.weight);
                if sum.value() / self.total >= self.levels[index] {
                    break;
                }
            }
            let Some((place, count)) = at else { continue };
            let first = span.first | (place as u64) << (64 - known);
            if known == 64 {
                self.found[index] = number(first);
            } else if let Some(same) =
                next.iter_mut().find(|other| other.first == first && other.known == known)
            {
                same.levels.push(index);
            } else {
                let inside = if count <= each as u64 {
                    Inside::Kept(Vec::new())
                } else {
                    Inside::Bins(try_filled(1 << self.bits.min(64 - known), Bin::default())?)
                };
                next.push(Span { first, known, below, levels: vec![index], inside });
            }
        }
        Ok(())
    }
}

/// Adds a number to the bin of the bits that follow those that are known.
#[inline]
fn tell(bins: &mut [Bin], (known, bits): (u32, u32), key: u64, weight: f64) {
    let bin = &mut bins[((key << known) >> (64 - bits)) as usize];
    bin.weight.add(weight);
    bin.count += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least number at which the share of the weights reaches the level.
    fn naive(pairs: &[(f64, f64)], level: f64) -> f64 {
        let mut sorted = pairs.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = sorted.iter().map(|pair| pair.1).sum();
        let mut sum = 0.0;
        for &(value, weight) in &sorted {
            sum += weight;
            if sum / total >= level {
                return value;
            }
        }
        sorted[sorted.len() - 1].0
    }

    fn found(pairs: &[(f64, f64)], asked: &Quantiles, columns: usize) -> Result<(Found, usize)> {
        let mut weighted = Weighted::new(asked, columns)?;
        for pass in 1.. {
            pairs.iter().try_for_each(|&(value, weight)| weighted.push(value, weight, 100))?;
            weighted.flush()?;
            if !weighted.end_pass()? {
                return Ok((weighted.quantiles().expect("asked for"), pass));
            }
        }
        unreachable!()
    }

    #[test]
    fn quantiles_are_exact_whatever_the_memory_is() -> Result<()> {
        let data = |count: u64, spread: u64, scale: f64| -> Vec<(f64, f64)> {
            (0..count).map(|i| ((i * 7919 % spread) as f64 * scale - 50.0, (i * 31 % 7 + 1) as f64)).collect()
        };
        for pairs in [data(1, 9, 1.0), data(5000, 1009, 1e-3), data(5000, 3, 1.0), data(4000, 4000, 1e300)] {
            let levels = vec![0.9, 0.0, 0.25, 0.251, 0.5, 1.0];
            for (keys, columns) in [(1 << 20, 1), (200, 1), (200, 400_000)] {
                let asked = Quantiles { levels: levels.clone(), keys, ..Quantiles::default() };
                let (found, passes) = found(&pairs, &asked, columns)?;
                let expected = levels.iter().map(|&level| one(naive(&pairs, level))).collect();
                assert_eq!(found, Found::Values(expected, 0.0), "{keys} {columns} {}", pairs.len());
                assert_eq!(passes > 1, pairs.len() > (keys / 2 / columns).max(LEAST), "{passes}");
            }
        }
        Ok(())
    }

    #[test]
    fn what_comes_once_and_does_not_fit_is_lost_and_nothing_has_no_quantiles() -> Result<()> {
        let asked = Quantiles { levels: vec![0.5], keys: 200, once: true, ..Quantiles::default() };
        let pairs: Vec<(f64, f64)> = (0..101).map(|i| (f64::from(i), 0.5)).collect();
        assert_eq!(found(&pairs[..100], &asked, 1)?, (Found::Values(vec![one(49.0)], 0.0), 1));
        assert_eq!(found(&pairs, &asked, 1)?, (Found::TooMany, 1));
        assert_eq!(found(&[], &asked, 1)?, (Found::Nothing, 1));
        Ok(())
    }

    #[test]
    fn an_integer_has_the_order_of_the_number() {
        let values = [f64::NEG_INFINITY, -1.5, -1e-310, 0.0, 5e-324, 2.0, f64::INFINITY];
        assert!(values.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(values.iter().all(|&value| number(key(value)) == value));
        assert_eq!(key(-0.0), key(0.0));
    }
}
