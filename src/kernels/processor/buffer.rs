//! Numbers as they came: each a float, or an integer of up to 64 bits as the sum of two floats.
//!
//! The second float is only kept where an integer has needed one, beyond 2^53.

use crate::alloc::{try_copied, try_reserve};
use crate::dtype::DType;
use crate::error::Result;
use crate::kernels::stats::{Key, Sample};
use crate::layout::reinterpret;

/// Integers up to this are floats.
const EXACT: f64 = (1u64 << 53) as f64;

/// Numbers in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buffer {
    values: Vec<f64>,
    /// What rounding took from each, if that is kept.
    lows: Vec<f64>,
    /// Whether there was an integer that is no float.
    keeps_lows: bool,
    /// Where the last float is, and one further: from there on all are integers.
    floats_until: usize,
}

/// Some numbers of a [`Buffer`].
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a> {
    /// The numbers, rounded.
    pub values: &'a [f64],
    /// What rounding took from each, or nothing.
    pub lows: &'a [f64],
    /// Whether all are of an integer type.
    pub are_integers: bool,
}

impl Numbers<'_> {
    /// Each, as the integer that it is.
    pub fn integers(&self) -> impl Iterator<Item = i128> {
        let low = |index| self.lows.get(index).map_or(0, |&low| low as i64);
        self.values.iter().enumerate().map(move |(index, value)| *value as i128 + i128::from(low(index)))
    }
}

impl Buffer {
    /// From the parts that [`Buffer::all`] shows; `None` if they do not fit together.
    pub fn from_parts(values: Vec<f64>, lows: Vec<f64>, are_integers: bool) -> Option<Self> {
        let floats_until = if are_integers { 0 } else { values.len() };
        let is_whole = |value: &f64| value.fract() == 0.0 && value.abs() <= 2048.0 * EXACT;
        let fits = lows.is_empty() || lows.len() == values.len();
        let fits = fits && (!are_integers || values.iter().chain(&lows).all(is_whole));
        let keeps_lows = !lows.is_empty();
        fits.then_some(Buffer { values, lows, keeps_lows, floats_until })
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self> {
        let (values, lows) = (try_copied(&self.values)?, try_copied(&self.lows)?);
        Ok(Buffer { values, lows, keeps_lows: self.keeps_lows, floats_until: self.floats_until })
    }

    /// Whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// All numbers.
    pub fn all(&self) -> Numbers<'_> {
        self.from(0)
    }

    /// The numbers from an index on.
    pub fn from(&self, start: usize) -> Numbers<'_> {
        let lows = self.lows.get(start..).unwrap_or_default();
        Numbers { values: &self.values[start..], lows, are_integers: start >= self.floats_until }
    }

    /// The memory that is held.
    pub fn bytes(&self) -> usize {
        size_of::<f64>() * (self.values.capacity() + self.lows.capacity())
    }

    /// Reserves memory for floats, so that adding them cannot fail.
    #[inline]
    pub fn reserve(&mut self, additional: usize) -> Result<()> {
        try_reserve(&mut self.values, additional)?;
        if self.keeps_lows {
            try_reserve(&mut self.lows, additional)?;
        }
        Ok(())
    }

    /// The same for integers from `min` to `max`.
    pub fn reserve_integers(&mut self, additional: usize, min: f64, max: f64) -> Result<()> {
        self.reserve(additional)?;
        if !self.keeps_lows && (min <= -EXACT || max >= EXACT) {
            try_reserve(&mut self.lows, self.values.len() + additional)?;
            self.lows.resize(self.values.len(), 0.0);
            self.keeps_lows = true;
        }
        Ok(())
    }

    /// Adds numbers for which there is memory.
    #[inline]
    pub fn extend<T: Sample>(&mut self, numbers: &[T]) {
        if T::DTYPE == DType::F64 {
            self.values.extend_from_slice(reinterpret(numbers));
        } else {
            self.values.extend(numbers.iter().map(|number| number.key().to_f64()));
        }
        self.finish::<T>(|lows| lows.extend(numbers.iter().map(low)));
    }

    /// The same, one by one.
    #[inline]
    pub fn extend_each<T: Sample>(&mut self, numbers: impl Iterator<Item = T> + Clone) {
        self.values.extend(numbers.clone().map(|number| number.key().to_f64()));
        self.finish::<T>(|lows| lows.extend(numbers.map(|number| low(&number))));
    }

    /// Adds what belongs to values that were added.
    #[inline]
    fn finish<T: Sample>(&mut self, add_lows: impl FnOnce(&mut Vec<f64>)) {
        let is_float = const { T::Key::NAN.is_some() };
        if self.keeps_lows {
            if is_float { self.lows.resize(self.values.len(), 0.0) } else { add_lows(&mut self.lows) }
        }
        if is_float {
            self.floats_until = self.values.len();
        }
    }

    /// Adds the numbers of another one.
    pub fn append(&mut self, other: &Buffer) -> Result<()> {
        self.reserve(other.len())?;
        if other.keeps_lows {
            self.reserve_integers(other.len(), -EXACT, EXACT)?;
        }
        if other.floats_until > 0 {
            self.floats_until = self.values.len() + other.floats_until;
        }
        self.values.extend_from_slice(&other.values);
        if self.keeps_lows {
            self.lows.extend_from_slice(&other.lows);
            self.lows.resize(self.values.len(), 0.0);
        }
        Ok(())
    }

    /// Forgets all but the first numbers; the others are integers.
    pub fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.lows.truncate(len);
    }

    /// Forgets the first numbers.
    pub fn drain(&mut self, count: usize) {
        self.values.drain(..count);
        self.lows.drain(..count.min(self.lows.len()));
        self.floats_until = self.floats_until.saturating_sub(count);
    }
}

/// What rounding takes from a number.
fn low<T: Sample>(number: &T) -> f64 {
    let key = number.key();
    // Both have at most 66 bits, and the difference at most 11.
    (key.to_integer() - key.to_f64() as i128) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_two_to_the_53_are_kept() {
        let mut buffer = Buffer::default();
        buffer.reserve(2).expect("there is memory");
        buffer.extend(&[0.5f64, 2.0]);
        let large = [i64::MIN, i64::MAX, 3];
        buffer.reserve_integers(3, -9e18, 9e18).expect("there is memory");
        buffer.extend(&large);
        let unsigned = [u64::MAX, (1 << 53) + 1];
        buffer.reserve_integers(2, 0.0, 2e19).expect("there is memory");
        buffer.extend_each(unsigned.into_iter());
        assert!(!buffer.all().are_integers && buffer.from(2).are_integers);
        let expected: Vec<i128> = large.map(i128::from).into_iter().chain(unsigned.map(i128::from)).collect();
        assert_eq!(buffer.from(2).integers().collect::<Vec<_>>(), expected);
        buffer.drain(1);
        assert!(!buffer.all().are_integers);
        buffer.drain(1);
        assert!(buffer.all().are_integers);
        let mut other = Buffer::default();
        other.append(&buffer).expect("there is memory");
        assert_eq!(other, buffer);
        other.drain(4);
        assert_eq!(other.all().integers().collect::<Vec<_>>(), [(1 << 53) + 1]);
    }
}
