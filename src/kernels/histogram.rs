//! A histogram of a stream: one pass, no bounds known in advance, and every count exact.
//!
//! Bin `k` holds the numbers from `k * w` on and below `(k + 1) * w`, where the width `w` is a power of two. A number that
//! would need more bins than there may be doubles the width, which adds up pairs of bins. Since
//! `floor(floor(x / w) / 2)` is `floor(x / 2w)`, nothing is lost by that, and the result does not depend on the
//! order: the width is the least with which all numbers fit. So histograms of parts of the data merge to that of all of it.
//!
//! Between half and all of the bins lie between the least and the greatest number, unless these are so close, or so
//! small, that a float64 does not tell more of them apart.

use crate::alloc::try_filled;
use crate::error::Result;

/// The bits of a bin's number: with more, not every one is a float64.
const BITS: i32 = 53;

/// The least exponent of a width, so that its inverse is finite.
const LEAST: i32 = -1000;

/// Into as many bins go all numbers, with a width that is a float64 and has an inverse.
const FEWEST: usize = 8;

/// See the top of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The width is two to this power.
    exponent: i32,
    /// The number of the first of the bins that there is room for.
    first: i64,
    /// The numbers of the first and the last bin in use; the last is below the first if there is none.
    ends: (i64, i64),
    counts: Vec<u64>,
    /// Room for the counts of wider bins.
    spare: Vec<u64>,
}

/// Some neighbouring bins of one width.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// Where the first one starts.
    pub start: f64,
    /// How wide each is.
    pub width: f64,
    /// How many numbers are in each.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// A histogram of nothing, of at most so many bins, or eight.
    pub fn new(bins: usize) -> Result<Self> {
        let bins = bins.max(FEWEST);
        let (counts, spare) = (try_filled(bins, 0)?, try_filled(bins, 0)?);
        Ok(Histogram { exponent: LEAST, first: 0, ends: (0, -1), counts, spare })
    }

    /// Adds numbers; those that are not finite are left out.
    pub fn update(&mut self, values: &[f64]) {
        let mut scale = power(-self.exponent);
        for &value in values {
            let bin = floor(value * scale);
            let place = bin.wrapping_sub(self.first) as u64;
            let is_known = self.exponent >= least_exponent(value) && place < self.counts.len() as u64;
            if is_known && value.is_finite() {
                self.counts[place as usize] += 1;
                self.ends = (self.ends.0.min(bin), self.ends.1.max(bin));
            } else if value.is_finite() {
                self.widen(value);
                scale = power(-self.exponent);
            }
        }
    }

    /// Adds a number for which there is no bin.
    #[cold]
    fn widen(&mut self, value: f64) {
        let is_empty = self.ends.1 < self.ends.0;
        let exponent = least_exponent(value).max(self.exponent);
        let bin = floor(value * power(-exponent));
        if is_empty {
            (self.exponent, self.ends, self.first) = (exponent, (bin, bin), bin);
            self.counts[0] += 1;
            return;
        }
        self.fit(exponent, (bin, bin));
        let bin = floor(value * power(-self.exponent));
        self.counts[(bin - self.first) as usize] += 1;
    }

    /// Makes room for the bins from `ends.0` to `ends.1`, which are of the width 2^`exponent` or wider.
    fn fit(&mut self, exponent: i32, ends: (i64, i64)) {
        let shift = exponent - self.exponent;
        let (mut low, mut high) =
            (coarse(self.ends.0, shift).min(ends.0), coarse(self.ends.1, shift).max(ends.1));
        let mut more = 0;
        while high.abs_diff(low) >= self.counts.len() as u64 {
            (low, high, more) = (low >> 1, high >> 1, more + 1);
        }
        // What is free lies where the last number came from.
        let first =
            if ends.1 >= coarse(self.ends.1, shift) { low } else { high - (self.counts.len() as i64 - 1) };
        let by = shift + more;
        self.spare.fill(0);
        for bin in self.ends.0..=self.ends.1 {
            self.spare[(coarse(bin, by) - first) as usize] += self.counts[(bin - self.first) as usize];
        }
        std::mem::swap(&mut self.counts, &mut self.spare);
        (self.exponent, self.first, self.ends) = (self.exponent + by, first, (low, high));
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        if other.ends.1 < other.ends.0 {
            return;
        }
        if self.ends.1 < self.ends.0 {
            (self.exponent, self.first, self.ends) =
                (other.exponent, other.ends.0, (other.ends.0, other.ends.0));
        }
        let exponent = self.exponent.max(other.exponent);
        let by = exponent - other.exponent;
        self.fit(exponent, (coarse(other.ends.0, by), coarse(other.ends.1, by)));
        let by = self.exponent - other.exponent;
        for bin in other.ends.0..=other.ends.1 {
            self.counts[(coarse(bin, by) - self.first) as usize] +=
                other.counts[(bin - other.first) as usize];
        }
    }

    /// The bins in use, joined until they are at most so many, or eight, and at least so wide.
    pub fn bins(&self, most: usize, width: f64) -> Bins {
        let (mut low, mut high) = self.ends;
        let mut by = 0;
        while low <= high
            && (high.abs_diff(low) >= most.max(FEWEST) as u64 || power(self.exponent + by) < width)
        {
            (low, high, by) = (low >> 1, high >> 1, by + 1);
        }
        let mut counts = vec![0; usize::try_from(high - low + 1).unwrap_or(0)];
        for bin in self.ends.0..=self.ends.1 {
            counts[(coarse(bin, by) - low) as usize] += self.counts[(bin - self.first) as usize];
        }
        let width = power(self.exponent + by);
        Bins { start: low as f64 * width, width, counts }
    }
}

/// Two to a power that a float64 has.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The least exponent of a width at which the bin of a number has no more bits than a float64.
#[inline(always)]
fn least_exponent(value: f64) -> i32 {
    (((value.to_bits() >> 52) & 0x7ff) as i32 - 1023 - (BITS - 1)).max(LEAST)
}

/// The greatest integer that is not above `x`; faster than by `f64::floor` where that is a call.
#[inline(always)]
fn floor(x: f64) -> i64 {
    let whole = x as i64;
    whole.wrapping_sub(i64::from(whole as f64 > x))
}

/// The bin of 2^`by` times the width in which a bin is.
fn coarse(bin: i64, by: i32) -> i64 {
    bin >> by.min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers in each bin, counted one by one.
    fn count(values: &[f64], bins: &Bins) -> Vec<u64> {
        let end = |index: usize| (bins.start / bins.width + index as f64) * bins.width;
        let is_in = |index: usize, x: f64| end(index) <= x && x < end(index + 1);
        (0..bins.counts.len())
            .map(|index| values.iter().filter(|&&x| is_in(index, x)).count() as u64)
            .collect()
    }

    fn histogram(values: &[f64], bins: usize) -> Histogram {
        let mut histogram = Histogram::new(bins).expect("memory");
        histogram.update(values);
        histogram
    }

    fn samples() -> Vec<Vec<f64>> {
        let waves: Vec<f64> = (0..2000).map(|i| (f64::from(i) * 0.37).sin().powi(3) * 1e3).collect();
        let tails: Vec<f64> =
            (0..2000).map(|i| 1.5_f64.powi(i % 60) * if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        vec![
            waves.iter().map(|x| 1.7e9 + x).collect(),
            (0..500).map(f64::from).collect(),
            (0..500).rev().map(|i| f64::from(i) / 8.0).collect(),
            vec![0.0, 5e-324, -1e-300, 1e-310],
            vec![-1e308, 1.0, 1e308, -0.0],
            vec![3.25],
            vec![-1.0; 10],
            waves,
            tails,
        ]
    }

    #[test]
    fn every_count_is_that_of_counting_one_by_one() {
        for values in samples() {
            for most in [1, 8, 16, 512] {
                let histogram = histogram(&values, most);
                let bins = histogram.bins(most, 0.0);
                assert_eq!(bins.counts, count(&values, &bins), "{:?} {most}", &values[..values.len().min(5)]);
                assert_eq!(bins.counts.iter().sum::<u64>(), values.len() as u64);
                assert!(
                    bins.counts.len() <= most.max(8) && bins.counts[0] > 0 && bins.counts.last() > Some(&0)
                );
                let few = histogram.bins(10, 0.5);
                assert_eq!(few.counts, count(&values, &few));
                assert!(few.counts.len() <= 10 && few.width >= 0.5);
            }
        }
    }

    #[test]
    fn neither_the_order_nor_the_parts_matter() {
        for mut values in samples() {
            let expected = histogram(&values, 64).bins(64, 0.0);
            for size in [1, 7, 100] {
                let mut merged = Histogram::new(64).expect("memory");
                values.chunks(size).for_each(|part| merged.merge(&histogram(part, 64)));
                assert_eq!(merged.bins(64, 0.0), expected, "{size}");
            }
            values.sort_by(f64::total_cmp);
            assert_eq!(histogram(&values, 64).bins(64, 0.0), expected);
            values.reverse();
            assert_eq!(histogram(&values, 64).bins(64, 0.0), expected);
        }
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let bins =
            histogram(&[f64::NAN, 1.0, f64::INFINITY, 1e308, f64::NEG_INFINITY, -f64::NAN], 8).bins(8, 0.0);
        assert_eq!(bins.counts.iter().sum::<u64>(), 2);
        assert!(histogram(&[f64::NAN, f64::INFINITY], 8).bins(8, 0.0).counts.is_empty());
        assert!(histogram(&[], 8).bins(8, 0.0).counts.is_empty());
    }

    #[test]
    fn at_least_half_of_the_bins_are_between_the_ends() {
        let values: Vec<f64> = (0..10_000).map(|i| 100.0 + f64::from(i) / 7.0).collect();
        let count = histogram(&values, 512).bins(512, 0.0).counts.len();
        assert!((256..=512).contains(&count), "{count}");
    }
}
