//! The statistics of each group of rows, in one pass: rows are of a group if their fields in some columns are the same.
//!
//! A thread that reads a chunk of the text gives each key in it a number (`keys`); these become the numbers of the
//! table's keys, a look-up for each different key of a chunk and not for each row. Then each thread
//! takes some columns, whose cells it adds to the states of the groups in the order of the text: so the
//! result has the same bits for every number of threads.
//!
//! Quantiles need all numbers, which are kept as long as they fit, and are put into the order of the groups
//! at the end.

use super::cell::Cell;
use super::distinct::Shown;
use super::keys::{BETWEEN, Keys};
use super::numbers::Numbers;
use super::record::Chunk;
use super::search::{Found, Quantile, Quantiles};
use crate::alloc::{try_copied, try_filled, try_reserve, try_vec};
use crate::error::{Error, Result};
use crate::kernels::quantiles::Method;
use crate::parallel::Work;

/// The most states, of all groups and columns together.
const STATES: usize = 1 << 18;

/// How many values of a group are collected before they enter its moments.
const GROUP: usize = 16;

/// What is kept of the fields of a column that are of a group.
#[derive(Debug, Default)]
pub struct State {
    /// The numbers.
    pub numbers: Numbers,
    /// Fields that are empty or say that there is no value.
    pub missing: u64,
    /// Fields that are something else.
    pub others: u64,
}

/// A column and its groups.
#[derive(Debug, Default)]
struct GroupColumn {
    name: String,
    states: Vec<State>,
    has_floats: bool,
    has_large: bool,
    /// The numbers of the rows, NaN where there is none; at the end in the order of the groups.
    values: Vec<f64>,
}

/// See the top of the file.
#[derive(Debug)]
pub struct Groups {
    keys: Keys,
    columns: Vec<GroupColumn>,
    levels: Vec<f64>,
    /// The most numbers that are kept for the quantiles.
    most: usize,
    /// Whether all numbers are kept.
    keeps: bool,
    /// The groups of the rows.
    ids: Vec<u32>,
    /// At the end, where the numbers of each group start, and where the last end.
    starts: Vec<usize>,
}

impl Groups {
    /// No rows of columns with these names.
    pub fn new(names: Vec<String>, quantiles: &Quantiles) -> Result<Self> {
        let mut columns = try_vec(names.len())?;
        columns.extend(names.into_iter().map(|name| GroupColumn { name, ..GroupColumn::default() }));
        let keeps = !quantiles.levels.is_empty();
        Ok(Groups {
            keys: Keys::default(),
            columns,
            levels: try_copied(&quantiles.levels)?,
            most: quantiles.keys,
            keeps,
            ids: Vec::new(),
            starts: Vec::new(),
        })
    }

    /// How many groups there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The fields of the key of a group.
    pub fn key(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        self.keys.get(index).split(|&byte| byte == BETWEEN)
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// How many fields of each column are numbers, how many are something else, and whether its quantiles are left
    /// out because a float64 does not hold its integers.
    pub fn totals(&self) -> Vec<(u64, u64, bool)> {
        let total = |column: &GroupColumn| {
            let counts = column.states.iter().map(|state| (state.numbers.moments().count(), state.others));
            let (numbers, others) = counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
            (numbers, others, column.is_beyond())
        };
        self.columns.iter().map(total).collect()
    }

    /// Whether the quantiles that were asked for are not there: the numbers do not fit.
    pub fn lacks_quantiles(&self) -> bool {
        !self.keeps && !self.levels.is_empty()
    }

    /// Adds the rows of consecutive chunks.
    pub fn accept(&mut self, chunks: &[Chunk], work: &Work<'_>) -> Result<()> {
        let mut maps = try_vec(chunks.len())?;
        for chunk in chunks {
            let mut map = try_vec(chunk.keys.len())?;
            for index in 0..chunk.keys.len() {
                map.push(self.keys.number(chunk.keys.get(index))?);
            }
            maps.push(map);
        }
        let (count, kept) = (self.keys.len(), self.columns.len());
        if count.saturating_mul(kept) > STATES && count > 1 {
            return Err(Error::Groups { limit: STATES / kept, columns: kept });
        }
        let rows: usize = chunks.iter().map(|chunk| chunk.ids.len()).sum();
        if self.keeps && (self.ids.len() + rows).saturating_mul(kept) > self.most {
            self.keeps = false;
            self.ids = Vec::new();
            self.columns.iter_mut().for_each(|column| column.values = Vec::new());
        }
        if self.keeps {
            try_reserve(&mut self.ids, rows)?;
            for (chunk, map) in chunks.iter().zip(&maps) {
                self.ids.extend(chunk.ids.iter().map(|&id| map[id as usize]));
            }
        }
        let keeps = self.keeps;
        work.for_each_mut(&mut self.columns, |slot, column| {
            let more = count - column.states.len();
            try_reserve(&mut column.states, more)?;
            column.states.resize_with(count, State::default);
            if keeps {
                try_reserve(&mut column.values, rows)?;
            }
            for (chunk, map) in chunks.iter().zip(&maps) {
                work.check()?;
                column.has_floats |= chunk.floats[slot] != 0;
                column.add(chunk, map, slot, kept, keeps)?;
            }
            Ok(())
        })
    }

    /// To be called when all rows are there.
    pub fn finish(&mut self, work: &Work<'_>) -> Result<()> {
        let count = self.keys.len();
        let mut starts = try_filled(count + 1, 0)?;
        for &id in &self.ids {
            starts[id as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let (ids, starts_of) = (&self.ids, &starts);
        work.for_each_mut(&mut self.columns, |_, column| {
            for state in &mut column.states {
                state.numbers.has_floats |= column.has_floats;
                state.numbers.flush()?;
                column.has_large |= state.numbers.has_large();
            }
            if !column.values.is_empty() {
                let mut sorted = try_filled(column.values.len(), 0.0)?;
                let mut at = try_copied(starts_of)?;
                for (&id, &value) in ids.iter().zip(&column.values) {
                    sorted[at[id as usize]] = value;
                    at[id as usize] += 1;
                }
                column.values = sorted;
            }
            Ok(())
        })?;
        self.ids = Vec::new();
        self.starts = starts;
        Ok(())
    }

    /// What is known of a group, in each column; complete after [`Groups::finish`].
    pub fn group(&mut self, index: usize) -> Result<Vec<(&State, Option<Found>)>> {
        let mut found = try_vec(self.columns.len())?;
        for column in &mut self.columns {
            let quantiles = if self.keeps && !column.is_beyond() {
                let values = &mut column.values[self.starts[index]..self.starts[index + 1]];
                Some(quantiles(values, &self.levels)?)
            } else {
                None
            };
            found.push((&column.states[index], quantiles));
        }
        Ok(found)
    }
}

impl GroupColumn {
    /// Whether it holds integers that a float64 does not.
    fn is_beyond(&self) -> bool {
        self.has_large && !self.has_floats
    }

    fn add(&mut self, chunk: &Chunk, map: &[u32], slot: usize, kept: usize, keeps: bool) -> Result<()> {
        let cells = chunk.cells.iter().skip(slot).step_by(kept);
        for (&cell, &id) in cells.zip(&chunk.ids) {
            let state = &mut self.states[map[id as usize] as usize];
            state.numbers.has_floats |= self.has_floats;
            let mut number = f64::NAN;
            if let Some(value) = cell.value() {
                number = value;
                state.numbers.push(value, GROUP)?;
            } else if cell == Cell::MISSING {
                state.missing += 1;
            } else if let Some(aside) = cell.index().map(|index| &chunk.asides[index]) {
                if state.numbers.push_aside(aside, &chunk.kept_texts, GROUP)? {
                    number = aside.value.number().unwrap_or(f64::NAN);
                } else {
                    state.others += 1;
                }
            }
            if keeps {
                self.values.push(number);
            }
        }
        Ok(())
    }
}

/// The quantiles of numbers, of which NaN is none.
fn quantiles(values: &mut [f64], levels: &[f64]) -> Result<Found> {
    let mut count = 0;
    for index in 0..values.len() {
        if !values[index].is_nan() {
            values.swap(index, count);
            count += 1;
        }
    }
    if count == 0 {
        return Ok(Found::Nothing);
    }
    let values = &mut values[..count];
    let position = |level| Method::Linear.position(count as u64, level);
    let mut ranks = try_vec(2 * levels.len())?;
    for &level in levels {
        let position = position(level);
        ranks.extend([position.lower as usize, position.upper as usize]);
    }
    ranks.sort_unstable();
    ranks.dedup();
    // What is above a rank that was selected holds the next ones.
    let mut start = 0;
    for &rank in &ranks {
        values[start..].select_nth_unstable_by(rank - start, f64::total_cmp);
        start = rank + 1;
    }
    let mut found = try_vec(levels.len())?;
    found.extend(levels.iter().map(|&level| {
        let position = position(level);
        Quantile {
            lower: Shown::Number(values[position.lower as usize]),
            upper: Shown::Number(values[position.upper as usize]),
            weight: if position.lower == position.upper { 0.0 } else { position.weight },
        }
    }));
    Ok(Found::Values(found, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_numbers() -> Result<()> {
        for count in [1_usize, 2, 3, 10, 101] {
            let mut values: Vec<f64> = (0..count).map(|i| (i * 7919 % 103) as f64).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            values.insert(count / 2, f64::NAN);
            let levels = [0.9, 0.0, 0.25, 0.5, 1.0];
            let Found::Values(found, 0.0) = quantiles(&mut values, &levels)? else { panic!("none") };
            for (quantile, level) in found.iter().zip(levels) {
                let place = level * (count - 1) as f64;
                assert_eq!(quantile.lower, Shown::Number(sorted[place as usize]), "{count} {level}");
                let above = (place as usize + 1).min(count - 1);
                assert!(quantile.weight == 0.0 || quantile.upper == Shown::Number(sorted[above]));
            }
        }
        assert_eq!(quantiles(&mut [f64::NAN], &[0.5])?, Found::Nothing);
        Ok(())
    }
}
