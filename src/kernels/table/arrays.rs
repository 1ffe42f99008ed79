//! The same statistics for columns that arrive as numbers: blocks of a two-dimensional array. Threads
//! take a few columns each.

use ndarray::{ArrayView1, ArrayViewD, Axis, Ix2};

use super::cell::Cell;
use super::column::{Column, Observe, next_pass};
use super::search::Quantiles;
use crate::alloc::{try_reserve, try_vec};
use crate::error::{Error, Result};
use crate::parallel::Work;

/// Elements of a part of the work, and between two polls.
const GRAIN: usize = 1 << 14;

/// The statistics of the columns of an array that comes in blocks.
pub struct Arrays {
    columns: Vec<Column>,
    /// Whether the elements come again, for the quantiles.
    is_later: bool,
    /// As many columns are searched at a time.
    live: usize,
}

impl Arrays {
    /// Columns with these names, of whose values this is asked.
    pub fn new(names: Vec<String>, observe: Observe, quantiles: &Quantiles) -> Result<Self> {
        let count = names.len();
        let mut columns = try_vec(count)?;
        columns.extend(names.into_iter().map(Column::new));
        for (index, column) in columns.iter_mut().enumerate() {
            column.ask(observe, quantiles, index, count, false)?;
        }
        Ok(Arrays { columns, is_later: false, live: quantiles.live })
    }

    /// Adds rows to some columns, the first of which has the index `first`.
    pub fn update(&mut self, block: ArrayViewD<'_, f64>, first: usize, work: &Work<'_>) -> Result<()> {
        let is_later = self.is_later;
        self.each(block, first, work, |column, values, group| {
            if is_later {
                return values
                    .iter()
                    .try_for_each(|&value| column.push_again(Cell::number(value), &[], &[], group));
            }
            column.numbers.has_floats = true;
            column.extend(values, group)
        })
    }

    /// Adds rows of integers.
    pub fn update_integers<T: Copy + Into<i128> + Sync>(
        &mut self,
        block: ArrayViewD<'_, T>,
        first: usize,
        work: &Work<'_>,
    ) -> Result<()> {
        let is_later = self.is_later;
        self.each(block, first, work, |column, values, group| {
            values.iter().try_for_each(|&value| {
                if is_later {
                    return column.numbers.push_integer(value.into(), group);
                }
                column.push_integer(value.into(), group)
            })
        })
    }

    fn each<T: Sync>(
        &mut self,
        block: ArrayViewD<'_, T>,
        first: usize,
        work: &Work<'_>,
        add: impl Fn(&mut Column, ArrayView1<'_, T>, usize) -> Result<()> + Sync,
    ) -> Result<()> {
        let error = Error::Block { shape: block.shape().to_vec(), first, columns: self.columns.len() };
        let Ok(block) = block.into_dimensionality::<Ix2>() else { return Err(error) };
        let (rows, count) = block.dim();
        let group = Column::group(self.columns.len());
        let Some(columns) = first.checked_add(count).and_then(|end| self.columns.get_mut(first..end)) else {
            return Err(error);
        };
        let width = (GRAIN / rows.max(1)).max(1);
        let mut parts = Vec::new();
        try_reserve(&mut parts, columns.len().div_ceil(width))?;
        parts.extend(columns.chunks_mut(width));
        work.for_each_mut(&mut parts, |index, part| {
            for (offset, column) in part.iter_mut().enumerate() {
                let values = block.index_axis(Axis(1), index * width + offset);
                for start in (0..rows).step_by(GRAIN) {
                    work.check()?;
                    let end = (start + GRAIN).min(rows);
                    add(column, values.slice(ndarray::s![start..end]), group)?;
                }
            }
            Ok(())
        })
    }

    /// Ends a pass; the indices of the columns of which all elements have to come again, for their quantiles.
    pub fn again(&mut self, work: &Work<'_>) -> Result<Vec<usize>> {
        self.flush()?;
        self.is_later = true;
        next_pass(&mut self.columns, self.live, work)
    }

    fn flush(&mut self) -> Result<()> {
        self.columns.iter_mut().try_for_each(|column| column.numbers.flush())
    }

    /// The columns, complete.
    pub fn finish(&mut self) -> Result<&[Column]> {
        self.flush()?;
        Ok(&self.columns)
    }

    /// Gives them away: nothing more can come.
    pub fn take(&mut self) -> Result<Vec<Column>> {
        self.flush()?;
        Ok(std::mem::take(&mut self.columns))
    }
}
