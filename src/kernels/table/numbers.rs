//! What is kept of the numbers of a column, or of a group of one.
//!
//! Values are collected into groups of a fixed size before they enter the moments, so the result
//! has the same bits however the input was cut: into blocks by the caller, into chunks for the
//! threads.
//!
//! Integers are kept exact besides: their sums, and their extremes beyond what a float64 holds.

use super::big::Big;
use super::cell::Aside;
use super::field::Value;
use super::integers::Integers;
use super::large::Large;
use super::search::{Found, Search};
use super::weighted::Weighted;
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::kernels::histogram::Histogram;
use crate::kernels::stats::Moments;

/// What is only kept where there are integers that are not exact as a float64, or numbers beyond its range.
#[derive(Debug, Clone, Default)]
struct Rest {
    /// The extremes of large integers.
    large: Option<(Large, Large)>,
    /// The large integers as floats.
    moments: Moments,
    pending: Vec<f64>,
    /// Numbers beyond the range of a float64.
    beyond: u64,
}

/// See the top of the file.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Whether one is not written as an integer.
    pub has_floats: bool,
    /// The search for their quantiles, if these are asked for.
    pub search: Option<Box<Search>>,
    /// Mean, variance and quantiles by weight, if the rows have weights.
    pub weighted: Option<Box<Weighted>>,
    /// How they are spread, if that is asked for.
    pub histogram: Option<Box<Histogram>>,
    moments: Moments,
    integers: Integers,
    rest: Option<Box<Rest>>,
    pending: Vec<f64>,
    /// How long `pending` may become before more memory is reserved or it is emptied.
    limit: usize,
}

impl Numbers {
    /// Adds a number, to be collected into groups of so many.
    #[inline(always)]
    pub fn push(&mut self, value: f64, group: usize) -> Result<()> {
        if self.pending.len() == self.limit {
            self.reserve(group)?;
        }
        self.pending.push(value);
        Ok(())
    }

    /// Adds what is kept of a field whose text is in `texts`; false if it is no number.
    pub fn push_aside(&mut self, aside: &Aside, texts: &[u8], group: usize) -> Result<bool> {
        match aside.value {
            Value::Integer(value) => self.push_large(Large::Fits(value), value as f64, group)?,
            Value::Huge(value) => {
                let text = &texts[aside.text.0 as usize..aside.text.1 as usize];
                // Between the digits there may be marks of thousands.
                let digits: String =
                    text.iter().filter(|b| b.is_ascii_digit()).map(|&b| char::from(b)).collect();
                let sign = if text.contains(&b'-') { "-" } else { "" };
                let digits = format!("{sign}{}", digits.trim_start_matches('0'));
                self.push_large(Large::Digits(digits), value, group)?;
            }
            Value::Beyond(value) => {
                self.has_floats = true;
                if self.is_first_pass() {
                    self.rest.get_or_insert_default().beyond += 1;
                }
                self.push(value, group)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Adds an integer of any size.
    pub fn push_integer(&mut self, value: i128, group: usize) -> Result<()> {
        if value.unsigned_abs() <= 1 << 53 {
            return self.push(value as f64, group);
        }
        self.push_large(Large::Fits(value), value as f64, group)
    }

    fn push_large(&mut self, value: Large, float: f64, group: usize) -> Result<()> {
        if let Some(search) = &mut self.search {
            search.see(&value, float)?;
        }
        let is_first = self.is_first_pass();
        let rest = self.rest.get_or_insert_default();
        if is_first {
            match &value {
                Large::Fits(value) => self.integers.push(*value),
                Large::Digits(digits) => self.integers.push_beyond(&Big::from_digits(digits)),
            }
            rest.see(value);
        }
        if rest.pending.len() >= group {
            self.flush_rest()?;
        }
        let rest = self.rest.get_or_insert_default();
        try_reserve(&mut rest.pending, 1)?;
        rest.pending.push(float);
        Ok(())
    }

    /// Whether the numbers come for the first time.
    fn is_first_pass(&self) -> bool {
        self.search.as_ref().is_none_or(|search| search.is_first_pass())
    }

    /// Empties a full group, or doubles the capacity of one that may grow.
    #[cold]
    fn reserve(&mut self, group: usize) -> Result<()> {
        if self.limit >= group {
            return self.flush_pending();
        }
        let limit = (2 * self.limit).clamp(8.min(group), group);
        let bytes = size_of::<f64>() * limit;
        self.pending.try_reserve_exact(limit - self.pending.len()).map_err(|_| Error::Memory { bytes })?;
        self.limit = limit;
        Ok(())
    }

    fn flush_pending(&mut self) -> Result<()> {
        if self.is_first_pass() {
            self.moments.update(&self.pending);
            if let Some(histogram) = &mut self.histogram {
                histogram.update(&self.pending);
            }
            if !self.has_floats {
                self.integers.extend(&self.pending);
            }
        }
        if let Some(search) = &mut self.search {
            search.update(&self.pending)?;
        }
        self.pending.clear();
        Ok(())
    }

    fn flush_rest(&mut self) -> Result<()> {
        let is_first = self.is_first_pass();
        let Some(rest) = &mut self.rest else { return Ok(()) };
        if is_first {
            rest.moments.update(&rest.pending);
            if let Some(histogram) = &mut self.histogram {
                histogram.update(&rest.pending);
            }
        }
        if let Some(search) = &mut self.search {
            search.update(&rest.pending)?;
        }
        rest.pending.clear();
        Ok(())
    }

    /// Moves the pending values into the moments.
    pub fn flush(&mut self) -> Result<()> {
        self.flush_pending()?;
        self.flush_rest()?;
        self.weighted.as_mut().map_or(Ok(()), |weighted| weighted.flush())
    }

    /// The moments; complete after a [`Numbers::flush`].
    pub fn moments(&self) -> Moments {
        let mut all = self.moments;
        if let Some(rest) = &self.rest {
            all.merge(&rest.moments);
        }
        all
    }

    /// Numbers that became infinity or zero.
    pub fn beyond(&self) -> u64 {
        self.rest.as_ref().map_or(0, |rest| rest.beyond)
    }

    /// Whether there are integers that a float64 does not hold.
    pub fn has_large(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.large.is_some())
    }

    /// Whether all are integers.
    pub fn is_integer(&self) -> bool {
        self.moments().count() > 0 && !self.has_floats
    }

    /// The quantiles, if they were asked for and are known.
    pub fn quantiles(&self) -> Option<Found> {
        match (&self.weighted, &self.search) {
            // The search is in float64, and its numbers may be no elements.
            (Some(weighted), _) if self.is_integer() && self.has_large() => {
                weighted.quantiles().map(|_| Found::TooMany)
            }
            (Some(weighted), _) => weighted.quantiles(),
            (_, search) => search.as_ref()?.result().cloned(),
        }
    }

    /// The extremes of integers, as their digits.
    pub fn integer_extremes(&self) -> Option<(String, String)> {
        if !self.is_integer() {
            return None;
        }
        let small = self.moments.extremes().map(|(low, high)| (low as i128, high as i128));
        let small = small.map(|(low, high)| (Large::Fits(low), Large::Fits(high)));
        let large = self.rest.as_ref().and_then(|rest| rest.large.clone());
        let (low, high) = match (small, large) {
            (Some(a), Some(b)) => (a.0.min(b.0), a.1.max(b.1)),
            (one, other) => one.or(other)?,
        };
        Some((low.text(), high.text()))
    }

    fn exact_integers(&self) -> Option<&Integers> {
        self.is_integer().then_some(&self.integers)
    }

    /// What they weigh together, if they have weights.
    pub fn weight(&self) -> Option<f64> {
        Some(self.weighted.as_ref()?.moments().weight())
    }

    /// Their mean.
    pub fn mean(&self) -> f64 {
        if let Some(weighted) = &self.weighted {
            return weighted.moments().mean();
        }
        self.exact_integers().and_then(Integers::mean).unwrap_or_else(|| self.moments().mean())
    }

    /// Their variance, with one less than their count, or what they weigh, in the denominator.
    pub fn var(&self) -> f64 {
        if let Some(weighted) = &self.weighted {
            return weighted.moments().var(1.0);
        }
        let moments = self.moments();
        let count = moments.count();
        match self.exact_integers().and_then(Integers::squared_deviations) {
            Some(squares) if count > 1 => squares / (count - 1) as f64,
            _ => moments.var(1.0),
        }
    }

    /// The sum of integers without weights.
    pub fn integer_sum(&self) -> Option<Big> {
        if self.weighted.is_some() {
            return None;
        }
        self.exact_integers()?.sum()
    }
}

impl Rest {
    fn see(&mut self, value: Large) {
        match &mut self.large {
            None => self.large = Some((value.clone(), value)),
            Some((low, _)) if value < *low => *low = value,
            Some((_, high)) if value > *high => *high = value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_full_whatever_the_capacity_was() -> Result<()> {
        let mut numbers = Numbers::default();
        for i in 0..100_000 {
            numbers.push(f64::from(i), 1000)?;
            assert_eq!(numbers.moments().count() % 1000, 0);
        }
        numbers.flush()?;
        assert_eq!(numbers.moments().count(), 100_000);
        assert_eq!(numbers.mean(), 49_999.5);
        Ok(())
    }

    #[test]
    fn integers_of_any_size_are_exact() -> Result<()> {
        let mut numbers = Numbers::default();
        for value in [5, (1 << 53) + 1, -(1 << 70), (1 << 53) + 2] {
            numbers.push_integer(value, 8)?;
        }
        numbers.flush()?;
        let digits = |low: i128, high: i128| Some((low.to_string(), high.to_string()));
        assert_eq!(numbers.integer_extremes(), digits(-(1 << 70), (1 << 53) + 2));
        assert_eq!(numbers.integer_sum(), Some(Big::from(-(1_i128 << 70) + (1 << 54) + 8)));
        let mut large = Numbers::default();
        for value in 1..=3 {
            large.push_integer((1 << 62) + value, 8)?;
        }
        large.flush()?;
        assert_eq!((large.var(), large.moments().count()), (1.0, 3));
        assert_eq!(large.integer_extremes(), digits((1 << 62) + 1, (1 << 62) + 3));
        Ok(())
    }
}
