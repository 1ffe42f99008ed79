//! What is kept of a column.
//!
//! Values are collected into groups of a fixed size before they enter the moments, so the result
//! has the same bits however the input was cut: into blocks by the caller, into chunks for the
//! threads.
//!
//! Integers are kept exact besides: their sums, and their extremes beyond what a float64 holds.

use std::cmp::Ordering;

use ndarray::ArrayView1;

use super::date::iso;
use super::distinct::{Distinct, Frequent, Shown, hash_integer, hash_number};
use super::field::Value;
use super::integers::Integers;
use crate::error::{Error, Result};
use crate::kernels::histogram::Histogram;
use crate::kernels::stats::Moments;

/// A field that was read: a number, or one of the NaNs that no number is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(u64);

/// What of a NaN says that a cell is the index of what has to be kept beside the cells.
const ASIDE: u64 = 0x7ffc_0000_0000_0000;

impl Cell {
    /// An empty field, or one of the words for "not available".
    pub const MISSING: Cell = Cell(0x7ff8_0000_0000_0001);

    /// A number; NaN is missing.
    #[inline(always)]
    pub fn number(value: f64) -> Self {
        if value.is_nan() { Cell::MISSING } else { Cell(value.to_bits()) }
    }

    /// What is kept at `index` beside the cells.
    #[inline(always)]
    pub fn aside(index: u32) -> Self {
        Cell(ASIDE | u64::from(index))
    }

    /// The number, if it has one.
    #[inline(always)]
    pub fn value(self) -> Option<f64> {
        let value = f64::from_bits(self.0);
        if value.is_nan() { None } else { Some(value) }
    }

    /// Where more is kept, if it is.
    #[inline(always)]
    pub fn index(self) -> Option<usize> {
        (self.0 & ASIDE == ASIDE).then_some((self.0 & u64::from(u32::MAX)) as usize)
    }
}

/// What is asked of the values of columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observe {
    /// How many different ones there are.
    pub distinct: bool,
    /// This many of the most frequent ones.
    pub top: usize,
    /// How the numbers are spread.
    pub histogram: bool,
}

impl Observe {
    /// Whether anything is for which each value has to be known.
    pub fn any(self) -> bool {
        self.distinct || self.top > 0
    }
}

/// A field that is more than a number or missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aside {
    /// What it says.
    pub value: Value,
    /// Its characters.
    pub chars: u32,
    /// The hash of its text, if that is asked for.
    pub hash: u64,
    /// Where its text is kept, if it is.
    pub text: (u32, u32),
}

/// The first field of a column that is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstText {
    /// The line of the file on which its row starts.
    pub line: u64,
    /// The text, shortened.
    pub text: String,
}

/// How many fields of each kind a column has, but for numbers and missing ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// `true`, and `false`.
    pub booleans: [u64; 2],
    /// Dates.
    pub dates: u64,
    /// Dates with a time of day.
    pub timestamps: u64,
    /// Anything else.
    pub texts: u64,
}

impl Kinds {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.booleans[0] + self.booleans[1] + self.dates + self.timestamps + self.texts
    }
}

/// What is only kept of columns that have something else than numbers that are exact as a float64.
#[derive(Debug, Clone, Default)]
struct Rest {
    kinds: Kinds,
    /// The shortest and the longest of what is not a number, in characters.
    lengths: Option<(u32, u32)>,
    /// The first and the last date or timestamp.
    times: Option<(i128, i128)>,
    /// The extremes of large integers.
    large: Option<(Large, Large)>,
    /// The large integers as floats.
    moments: Moments,
    pending: Vec<f64>,
    /// Integers beyond an i128, whose sums are not exact.
    huge: u64,
    /// Numbers beyond the range of a float64.
    beyond: u64,
}

/// A large integer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Large {
    Fits(i128),
    /// Its digits without leading zeros, with a minus if it has one.
    Digits(String),
}

impl Large {
    fn text(&self) -> String {
        match self {
            Large::Fits(value) => value.to_string(),
            Large::Digits(text) => text.clone(),
        }
    }

    /// Whether it is negative, and its digits.
    fn parts(&self) -> (bool, String) {
        let text = self.text();
        match text.strip_prefix('-') {
            Some(digits) => (true, digits.to_owned()),
            None => (false, text),
        }
    }
}

impl Ord for Large {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Large::Fits(a), Large::Fits(b)) = (self, other) {
            return a.cmp(b);
        }
        let ((a_negative, a), (b_negative, b)) = (self.parts(), other.parts());
        let by_size = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
        match (a_negative, b_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => by_size.reverse(),
            (false, false) => by_size,
        }
    }
}

impl PartialOrd for Large {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Bins of a histogram, and of those of all columns together: they take 16 bytes each.
const BINS: usize = 512;
const MOST_BINS: usize = 1 << 22;

/// Bins that are enough to be shown.
const FEWEST_BINS: usize = 16;

/// The most values of a group: they take 8 KiB, and the larger the group, the less merging it costs.
const LARGEST_GROUP: usize = 1024;

/// The statistics of a column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Fields that are empty or say that there is no value.
    pub missing: u64,
    /// The first text.
    pub first_text: Option<FirstText>,
    /// Whether a number is not written as an integer.
    pub has_floats: bool,
    /// The different values, if they are asked for.
    pub distinct: Option<Box<Distinct>>,
    /// The most frequent ones, if they are asked for.
    pub frequent: Option<Box<Frequent>>,
    /// How the numbers are spread, if that is asked for.
    pub histogram: Option<Box<Histogram>>,
    moments: Moments,
    integers: Integers,
    rest: Option<Box<Rest>>,
    pending: Vec<f64>,
    /// How long `pending` may become before more memory is reserved or it is emptied.
    limit: usize,
}

impl Column {
    /// A column without a field yet.
    pub fn new(name: String) -> Self {
        Column { name, ..Column::default() }
    }

    /// Says what is asked of one of `columns` columns.
    pub fn ask(&mut self, observe: Observe, columns: usize) -> Result<()> {
        if observe.histogram {
            let bins = (MOST_BINS / columns.max(1)).clamp(FEWEST_BINS, BINS);
            self.histogram = Some(Box::new(Histogram::new(bins)?));
        }
        self.distinct = observe.distinct.then(|| Box::new(Distinct::new(columns)));
        self.frequent = (observe.top > 0).then(|| Box::new(Frequent::new(columns, observe.top)));
        Ok(())
    }

    /// How many values to collect in each of `columns` columns. Depends on nothing else, and limits the
    /// memory of a table with a million columns.
    pub fn group(columns: usize) -> usize {
        ((1 << 22) / columns.max(1)).clamp(8, LARGEST_GROUP)
    }

    /// Adds a field, of which more may be in `asides`, whose texts are in `texts`.
    #[inline(always)]
    pub fn push(&mut self, cell: Cell, asides: &[Aside], texts: &[u8], group: usize) -> Result<()> {
        match cell.value() {
            Some(value) => self.push_number(value, group),
            None if cell == Cell::MISSING => {
                self.missing += 1;
                Ok(())
            }
            None => self.push_aside(&asides[cell.index().unwrap_or(0)], texts, group),
        }
    }

    /// Takes a field in among the different values.
    #[inline(always)]
    pub fn observe(&mut self, cell: Cell, asides: &[Aside], texts: &[u8]) -> Result<()> {
        if let Some(value) = cell.value() {
            let hash = hash_number(value);
            return self.observe_hash(hash, || Shown::Number(value));
        }
        let Some(index) = cell.index() else { return Ok(()) };
        let aside = &asides[index];
        let hash = match aside.value {
            Value::Integer(value) => hash_integer(value),
            Value::Beyond(value) => hash_number(value),
            Value::Boolean(value) => u64::from(value),
            _ => aside.hash,
        };
        let (start, end) = (aside.text.0 as usize, aside.text.1 as usize);
        self.observe_hash(hash, || Shown::Text(String::from_utf8_lossy(&texts[start..end]).into_owned()))
    }

    #[inline(always)]
    fn observe_hash(&mut self, hash: u64, shown: impl FnOnce() -> Shown) -> Result<()> {
        if let Some(distinct) = &mut self.distinct {
            distinct.add(hash)?;
        }
        match &mut self.frequent {
            Some(frequent) => frequent.add(hash, shown),
            None => Ok(()),
        }
    }

    /// Adds the elements of an array: NaN is missing.
    pub fn extend(&mut self, values: ArrayView1<'_, f64>, group: usize) -> Result<()> {
        for &value in values {
            let cell = Cell::number(value);
            self.push(cell, &[], &[], group)?;
            if self.distinct.is_some() || self.frequent.is_some() {
                self.observe(cell, &[], &[])?;
            }
        }
        Ok(())
    }

    /// Adds an integer of any size.
    pub fn push_integer(&mut self, value: i128, group: usize) -> Result<()> {
        if value.unsigned_abs() <= 1 << 53 {
            self.push_number(value as f64, group)?;
            return self.observe_hash(hash_number(value as f64), || Shown::Number(value as f64));
        }
        self.push_large(value, group)?;
        self.observe_hash(hash_integer(value), || Shown::Text(value.to_string()))
    }

    #[inline(always)]
    fn push_number(&mut self, value: f64, group: usize) -> Result<()> {
        if self.pending.len() == self.limit {
            self.reserve(group)?;
        }
        self.pending.push(value);
        Ok(())
    }

    #[inline(never)]
    fn push_aside(&mut self, aside: &Aside, texts: &[u8], group: usize) -> Result<()> {
        match aside.value {
            Value::Integer(value) => return self.push_large(value, group),
            Value::Huge(value) => {
                let text = &texts[aside.text.0 as usize..aside.text.1 as usize];
                let text = String::from_utf8_lossy(text);
                let (sign, digits) = match text.trim().strip_prefix('-') {
                    Some(digits) => ("-", digits),
                    None => ("", text.trim().trim_start_matches('+')),
                };
                let digits = format!("{sign}{}", digits.trim_start_matches('0'));
                let rest = self.rest.get_or_insert_default();
                rest.huge += 1;
                rest.see(Large::Digits(digits));
                rest.push_float(value, group)?;
                self.see_large(value);
                return Ok(());
            }
            Value::Beyond(value) => {
                self.has_floats = true;
                self.rest.get_or_insert_default().beyond += 1;
                return self.push_number(value, group);
            }
            _ => {}
        }
        let rest = self.rest.get_or_insert_default();
        let chars = aside.chars;
        rest.lengths = Some(rest.lengths.map_or((chars, chars), |(a, b)| (a.min(chars), b.max(chars))));
        match aside.value {
            Value::Boolean(value) => rest.kinds.booleans[usize::from(!value)] += 1,
            Value::Stamp(stamp) => {
                *(if stamp.has_time { &mut rest.kinds.timestamps } else { &mut rest.kinds.dates }) += 1;
                let nanos = stamp.nanos;
                rest.times = Some(rest.times.map_or((nanos, nanos), |(a, b)| (a.min(nanos), b.max(nanos))));
            }
            _ => rest.kinds.texts += 1,
        }
        Ok(())
    }

    fn push_large(&mut self, value: i128, group: usize) -> Result<()> {
        self.integers.push(value);
        let rest = self.rest.get_or_insert_default();
        rest.see(Large::Fits(value));
        rest.push_float(value as f64, group)?;
        self.see_large(value as f64);
        Ok(())
    }

    fn see_large(&mut self, value: f64) {
        if let Some(histogram) = &mut self.histogram {
            histogram.update(&[value]);
        }
    }

    /// Empties a full group, or doubles the capacity of one that may grow.
    #[cold]
    fn reserve(&mut self, group: usize) -> Result<()> {
        if self.limit >= group {
            self.flush_numbers();
            return Ok(());
        }
        let limit = (2 * self.limit).clamp(8, group);
        let bytes = size_of::<f64>() * limit;
        self.pending.try_reserve_exact(limit - self.pending.len()).map_err(|_| Error::Memory { bytes })?;
        self.limit = limit;
        Ok(())
    }

    fn flush_numbers(&mut self) {
        self.moments.update(&self.pending);
        if let Some(histogram) = &mut self.histogram {
            histogram.update(&self.pending);
        }
        if !self.has_floats {
            self.integers.extend(&self.pending);
        }
        self.pending.clear();
    }

    /// Moves the pending values into the moments.
    pub fn flush(&mut self) {
        self.flush_numbers();
        if let Some(rest) = &mut self.rest {
            rest.moments.update(&rest.pending);
            rest.pending.clear();
        }
    }

    /// The moments of the numbers; complete after a [`Column::flush`].
    pub fn moments(&self) -> Moments {
        let mut all = self.moments;
        if let Some(rest) = &self.rest {
            all.merge(&rest.moments);
        }
        all
    }

    /// Fields that are something else than numbers or missing.
    pub fn kinds(&self) -> Kinds {
        self.rest.as_ref().map_or_else(Kinds::default, |rest| rest.kinds)
    }

    /// The shortest and the longest of these fields, in characters.
    pub fn lengths(&self) -> Option<(u32, u32)> {
        self.rest.as_ref()?.lengths
    }

    /// The first and the last date or timestamp.
    pub fn times(&self) -> Option<(String, String)> {
        let rest = self.rest.as_ref()?;
        let has_time = rest.kinds.timestamps > 0;
        rest.times.map(|(first, last)| (iso(first, has_time), iso(last, has_time)))
    }

    /// Numbers that became infinity or zero.
    pub fn beyond(&self) -> u64 {
        self.rest.as_ref().map_or(0, |rest| rest.beyond)
    }

    /// Whether all numbers are integers.
    pub fn is_integer(&self) -> bool {
        self.moments().count() > 0 && !self.has_floats
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
        let is_exact = self.is_integer() && self.rest.as_ref().is_none_or(|rest| rest.huge == 0);
        is_exact.then_some(&self.integers)
    }

    /// The mean of the numbers.
    pub fn mean(&self) -> f64 {
        self.exact_integers().and_then(Integers::mean).unwrap_or_else(|| self.moments().mean())
    }

    /// Their variance, with one less than their count in the denominator.
    pub fn var(&self) -> f64 {
        let moments = self.moments();
        let count = moments.count();
        match self.exact_integers().and_then(Integers::squared_deviations) {
            Some(squares) if count > 1 => squares / (count - 1) as f64,
            _ => moments.var(1.0),
        }
    }

    /// The sum of integers.
    pub fn integer_sum(&self) -> Option<i128> {
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

    fn push_float(&mut self, value: f64, group: usize) -> Result<()> {
        if self.pending.len() >= group {
            self.moments.update(&self.pending);
            self.pending.clear();
        }
        crate::alloc::try_reserve(&mut self.pending, 1)?;
        self.pending.push(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_every_number_and_nothing_else() {
        for value in [0.0, -0.0, 1.5, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(Cell::number(value).value().map(f64::to_bits), Some(value.to_bits()));
            assert_eq!(Cell::number(value).index(), None);
        }
        assert_eq!(Cell::number(f64::NAN), Cell::MISSING);
        assert_eq!((Cell::MISSING.value(), Cell::MISSING.index()), (None, None));
        assert_eq!(
            (Cell::aside(u32::MAX).value(), Cell::aside(u32::MAX).index()),
            (None, Some(u32::MAX as usize))
        );
    }

    #[test]
    fn groups_are_full_whatever_the_capacity_was() -> Result<()> {
        let mut column = Column::new("x".into());
        for i in 0..100_000 {
            column.push(Cell::number(f64::from(i)), &[], &[], 1000)?;
            assert_eq!(column.moments().count() % 1000, 0);
        }
        column.flush();
        assert_eq!(column.moments().count(), 100_000);
        assert_eq!(column.mean(), 49_999.5);
        Ok(())
    }

    #[test]
    fn integers_of_any_size_are_exact() -> Result<()> {
        let mut column = Column::new("x".into());
        for value in [5, (1 << 53) + 1, -(1 << 70), (1 << 53) + 2] {
            column.push_integer(value, 8)?;
        }
        column.flush();
        let digits = |low: i128, high: i128| Some((low.to_string(), high.to_string()));
        assert_eq!(column.integer_extremes(), digits(-(1 << 70), (1 << 53) + 2));
        assert_eq!(column.integer_sum(), Some(-(1_i128 << 70) + (1 << 54) + 8));
        let mut large = Column::new("x".into());
        for value in 1..=3 {
            large.push_integer((1 << 62) + value, 8)?;
        }
        large.flush();
        assert_eq!((large.var(), large.moments().count()), (1.0, 3));
        assert_eq!(large.integer_extremes(), digits((1 << 62) + 1, (1 << 62) + 3));
        let digits = |text: &str| Large::Digits(text.into());
        assert!(
            digits("-123") < digits("-23") && digits("-1") < Large::Fits(0) && digits("99") < digits("100")
        );
        Ok(())
    }
}
