//! The moments along axes that are not the innermost in memory: many lines side by side.
//!
//! To walk one line at a time would touch a new cache line, and often a new page, for every
//! element. Instead a tile of 256 neighbouring lines is read row by row, a line to a lane of the
//! sums of `block`. The sums of a tile are more than the registers hold: those of sixteen lines
//! are loaded, eight rows are added, and they are stored again. So memory is read in order, and
//! once.

use super::block::{Adder, LANES, Sums, pivot_of};
use super::center::Center;
use super::exact::{Exact, Narrow, Wide};
use super::lanes16::{self, Lines};
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::sample::{Key, Sample};
use super::shift::guess;
use crate::alloc::{try_filled, try_vec};
use crate::error::Result;
use crate::layout::Strided;
use crate::parallel::Work;
use crate::simd::{self, Kernel, Simd};

/// Lines in a tile.
pub const TILE: usize = 256;

/// Rows that are added up before the states are merged.
const ROWS: usize = 1024;

/// Rows that are added while the sums are in registers.
const STRIP: usize = 8;

/// The moments of the lines of a tile, without NaN if `SKIP`: one for each index of the innermost
/// axis, of which there are at most [`TILE`], along all others.
pub fn tile<T: Sample<Key: ToNumber>, const SKIP: bool>(
    tile: &Strided<'_>,
    work: &Work<'_>,
) -> Result<Vec<Moments<Number, T::Center>>> {
    let lines = tile.len_of(tile.ndim() - 1);
    let mut states = States::<T>::new(lines)?;
    let mut rows = tile.lanes().peekable();
    let is_copied = rows.peek().is_some_and(|row| row.as_slice().is_none());
    let mut buffer = try_vec::<T>(0)?;
    loop {
        work.check()?;
        let mut batch: Vec<&[T]> = try_vec(ROWS)?;
        if is_copied {
            let Some(first) = tile.first::<T>() else { break };
            if buffer.is_empty() {
                buffer = try_filled(ROWS * lines, first)?;
            }
            let copies = rows.by_ref().take(ROWS).zip(buffer.chunks_exact_mut(lines));
            let count = copies.map(|(row, copy)| row.gather(copy)).count();
            batch.extend(buffer.chunks_exact(lines).take(count));
        } else {
            for row in rows.by_ref().take(ROWS) {
                batch.extend(row.as_slice().map(|row| row.typed::<T>()));
            }
        }
        let Some(first) = batch.first() else { break };
        states.turn_to(T::origin(first[0].key()), &batch);
        simd::run(AddRows::<T, SKIP> { rows: &batch, states: &mut states });
    }
    let mut totals = try_vec(lines)?;
    totals.extend(states.totals.iter().map(|total| total.any()));
    Ok(totals)
}

/// The states of the lines of a tile, in groups of [`LANES`]. The last group ends where the row does:
/// it may share lines with the group before, which are then added up twice but merged once.
struct States<T: Sample> {
    origin: Option<T::Key>,
    pivots: Vec<[f64; LANES]>,
    sums: Vec<Sums<T::Key>>,
    /// Groups of integers that are too far apart for sums of floats.
    is_wide: Vec<bool>,
    totals: Vec<Moments<T::Key, T::Center>>,
}

impl<T: Sample> States<T> {
    fn new(lines: usize) -> Result<Self> {
        let groups = lines.div_ceil(LANES);
        Ok(States {
            origin: None,
            pivots: try_filled(groups, [0.0; LANES])?,
            sums: try_filled(groups, Sums::new())?,
            is_wide: try_filled(groups, false)?,
            totals: try_filled(lines, Moments::default())?,
        })
    }

    /// Makes pivots, if there are none for this origin.
    fn turn_to(&mut self, origin: T::Key, rows: &[&[T]]) {
        if self.origin != Some(origin) {
            self.origin = Some(origin);
            for (index, pivots) in self.pivots.iter_mut().enumerate() {
                let group = Group::new(rows, index);
                for (lane, pivot) in pivots.iter_mut().enumerate() {
                    *pivot = pivot_of::<T::Center>(
                        guess(rows.len(), |row| *group.element(rows[row], lane), origin).0,
                    );
                }
            }
        }
    }
}

/// Rows, each element of which is added to the state of its line.
struct AddRows<'a, 'b, T: Sample, const SKIP: bool> {
    rows: &'a [&'b [T]],
    states: &'a mut States<T>,
}

impl<T: Sample, const SKIP: bool> Kernel for AddRows<'_, '_, T, SKIP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let States { origin, pivots, sums, is_wide, totals } = self.states;
        let Some(origin) = *origin else { return };
        sums.fill(Sums::new());
        for strip in self.rows.chunks(STRIP) {
            for (group, sums) in sums.iter_mut().enumerate() {
                if T::Center::IS_EXACT && is_wide[group] {
                    continue;
                }
                Group::new(strip, group).read::<SKIP, S>(origin, &pivots[group], sums);
            }
        }
        for (group, sums) in sums.iter_mut().enumerate() {
            let end = totals.len().min((group + 1) * LANES);
            let totals = &mut totals[group * LANES..end];
            let lines = Group::new(self.rows, group);
            let (pivots, is_wide) = (&mut pivots[group], &mut is_wide[group]);
            lanes16::merge::<T, SKIP, S>(&lines, origin, pivots, sums, totals, is_wide);
        }
    }
}

/// Sixteen lines of some rows.
struct Group<'a, 'b, T> {
    rows: &'a [&'b [T]],
    /// Where in a row the first of the lines is.
    first: usize,
}

impl<'a, 'b, T: Copy> Group<'a, 'b, T> {
    #[inline(always)]
    fn new(rows: &'a [&'b [T]], index: usize) -> Self {
        Group { rows, first: (index * LANES).min(rows[0].len().saturating_sub(LANES)) }
    }

    /// The elements of a row that has enough for all lanes.
    #[inline(always)]
    fn lanes(&self, row: &'b [T]) -> &'b [T; LANES] {
        row[self.first..].first_chunk().expect("enough elements")
    }

    /// The element in a lane. A row that is shorter than all lanes is in the last ones.
    fn element(&self, row: &'b [T], lane: usize) -> &'b T {
        &row[(self.first + lane).saturating_sub(LANES.saturating_sub(row.len()))]
    }
}

impl<T: Sample> Lines<T> for Group<'_, '_, T> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn line(&self, lane: usize) -> impl Iterator<Item = &T> {
        self.rows.iter().map(move |row| self.element(row, lane))
    }

    #[inline(always)]
    fn read<const SKIP: bool, S: Simd>(
        &self,
        origin: T::Key,
        pivots: &[f64; LANES],
        sums: &mut Sums<T::Key>,
    ) {
        // Sums of this function's own, that can be in registers.
        let (mut own, adder) = (*sums, Adder::<S>::new());
        let is_short = self.rows[0].len() < LANES;
        let mut fours = self.rows.chunks_exact(4);
        for rows in &mut fours {
            if is_short {
                let four: [_; 4] = std::array::from_fn(|row| padded(rows[row]));
                own.add_four::<T, SKIP, S>(four.each_ref(), origin, pivots, adder);
            } else {
                let four = std::array::from_fn(|row| self.lanes(rows[row]));
                own.add_four::<T, SKIP, S>(four, origin, pivots, adder);
            }
        }
        for row in fours.remainder() {
            if is_short {
                own.add::<T, SKIP, S>(&padded(row), origin, pivots, adder);
            } else {
                own.add::<T, SKIP, S>(self.lanes(row), origin, pivots, adder);
            }
        }
        *sums = own;
    }

    #[inline(always)]
    fn exact<S: Simd>(&self, states: &mut [Moments<T::Key, T::Center>]) {
        if const { T::Key::IS_NARROW } {
            self.add_exact::<Narrow<T::Key, LANES>>(states);
        } else {
            self.add_exact::<Wide<T::Key, LANES>>(states);
        }
    }
}

impl<T: Sample> Group<'_, '_, T> {
    #[inline(always)]
    fn add_exact<E: Exact<T, LANES>>(&self, states: &mut [Moments<T::Key, T::Center>]) {
        let mut sums = E::new();
        for row in self.rows {
            match row[self.first..].first_chunk::<LANES>() {
                Some(row) => sums.add(row),
                None => sums.add(&padded(row)),
            }
        }
        for (lane, state) in (LANES - states.len()..LANES).zip(states) {
            state.merge(&sums.lane(lane, self.rows.len()).with_center(T::Center::of_integers));
        }
    }
}

/// A short row in the last lanes, its first element in the others.
#[inline(always)]
fn padded<T: Sample>(row: &[T]) -> [T; LANES] {
    let mut lanes = [row[0]; LANES];
    lanes[LANES - row.len()..].copy_from_slice(row);
    lanes
}
