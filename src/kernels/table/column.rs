//! What is kept of a column.
//!
//! Values are collected into groups of a fixed size before they enter the moments, so the result
//! has the same bits however the input was cut: into blocks by the caller, into chunks for the
//! threads.

use crate::error::{Error, Result};
use crate::kernels::stats::Moments;
use ndarray::ArrayView1;

/// A field that was read: a number, or one of two NaNs that no number is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(u64);

impl Cell {
    /// An empty field, or one of the words for "not available".
    pub const MISSING: Cell = Cell(0x7ff8_0000_0000_0001);
    /// Anything else that is not a number.
    pub const TEXT: Cell = Cell(0x7ff8_0000_0000_0002);

    /// A number; NaN is missing.
    #[inline(always)]
    pub fn number(value: f64) -> Self {
        if value.is_nan() { Cell::MISSING } else { Cell(value.to_bits()) }
    }

    /// The number, if it has one.
    #[inline(always)]
    pub fn value(self) -> Option<f64> {
        let value = f64::from_bits(self.0);
        if value.is_nan() { None } else { Some(value) }
    }
}

/// The first field of a column that is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstText {
    /// The line of the file on which its row starts.
    pub line: u64,
    /// The text, shortened.
    pub text: String,
}

/// The most values of a group: they take 8 KiB, and the larger the group, the less merging it costs.
const LARGEST_GROUP: usize = 1024;

/// The statistics of a column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Fields that are empty or say that there is no value.
    pub missing: u64,
    /// Fields that are text.
    pub texts: u64,
    /// The first of them.
    pub first_text: Option<FirstText>,
    moments: Moments,
    pending: Vec<f64>,
    /// How long `pending` may become before more memory is reserved or it is emptied.
    limit: usize,
}

impl Column {
    /// A column without a field yet.
    pub fn new(name: String) -> Self {
        Column { name, ..Column::default() }
    }

    /// How many values to collect in each of `columns` columns. Depends on nothing else, and limits the
    /// memory of a table with a million columns.
    pub fn group(columns: usize) -> usize {
        ((1 << 22) / columns.max(1)).clamp(8, LARGEST_GROUP)
    }

    /// Adds a field.
    #[inline(always)]
    pub fn push(&mut self, cell: Cell, group: usize) -> Result<()> {
        match cell.value() {
            Some(value) => self.push_number(value, group)?,
            None if cell == Cell::TEXT => self.texts += 1,
            None => self.missing += 1,
        }
        Ok(())
    }

    /// Adds the elements of an array: NaN is missing.
    pub fn extend(&mut self, values: ArrayView1<'_, f64>, group: usize) -> Result<()> {
        for &value in values {
            self.push(Cell::number(value), group)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn push_number(&mut self, value: f64, group: usize) -> Result<()> {
        if self.pending.len() == self.limit {
            self.reserve(group)?;
        }
        self.pending.push(value);
        Ok(())
    }

    /// Empties a full group, or doubles the capacity of one that may grow.
    #[cold]
    fn reserve(&mut self, group: usize) -> Result<()> {
        if self.limit >= group {
            self.flush();
            return Ok(());
        }
        let limit = (2 * self.limit).clamp(8, group);
        let bytes = size_of::<f64>() * limit;
        self.pending.try_reserve_exact(limit - self.pending.len()).map_err(|_| Error::Memory { bytes })?;
        self.limit = limit;
        Ok(())
    }

    /// Moves the pending values into the moments.
    pub fn flush(&mut self) {
        self.moments.update(&self.pending);
        self.pending.clear();
    }

    /// The moments of the numbers; complete after a [`Column::flush`].
    pub fn moments(&self) -> &Moments {
        &self.moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_every_number_and_nothing_else() {
        for value in [0.0, -0.0, 1.5, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(Cell::number(value).value().map(f64::to_bits), Some(value.to_bits()));
        }
        assert_eq!(Cell::number(f64::NAN), Cell::MISSING);
        assert_eq!((Cell::MISSING.value(), Cell::TEXT.value()), (None, None));
    }

    #[test]
    fn groups_are_full_whatever_the_capacity_was() -> Result<()> {
        let mut column = Column::new("x".into());
        for i in 0..100_000 {
            column.push(Cell::number(f64::from(i)), 1000)?;
            assert_eq!(column.moments().count() % 1000, 0);
        }
        column.flush();
        assert_eq!(column.moments().count(), 100_000);
        assert_eq!(column.moments().mean(), 49_999.5);
        Ok(())
    }
}
