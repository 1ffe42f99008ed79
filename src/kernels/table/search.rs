//! The quantiles of a column: exact, in bounded memory.
//!
//! All numbers are kept as long as they fit; else the table is read again, as often as it takes
//! (`kernels::quantiles::Finder`), and only the columns whose quantiles are not known. Where it can be read only once, a
//! sketch takes the place of the numbers that do not fit (`kernels::quantiles::Sketch`). Of a
//! table with very many columns, some thousand are searched at a time.
//!
//! The search is in float64, to which large integers are rounded. Rounding keeps the order, so the
//! number that is found is right but for its last digits: the integers that round to it are
//! counted, each by itself, which are at most 2049 of 64 bits.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::distinct::Shown;
use super::integers::EXACT;
use super::large::Large;
use crate::alloc::{try_copied, try_vec};
use crate::error::{Error, Result};
use crate::kernels::quantiles::{Finder, Method, Sketch};

/// The most numbers that are kept of all columns together: they take 96 MiB.
const KEYS: usize = 12 << 20;

/// As many columns are searched at a time.
const LIVE: usize = 1 << 14;

/// The error of a sketch, as a share of the number of elements: where all fit, and at most.
const ERROR: [f64; 2] = [0.001, 0.05];

/// A sketch with an error of `e` keeps at most so many keys, divided by `e`.
const SKETCHED: f64 = 27.0;

/// Different large integers that are counted: of all columns together in the first pass, and of a column.
const COUNTED: [usize; 2] = [1 << 18, 1 << 16];

/// The least numbers that are kept of a column.
const LEAST: usize = 64;

/// Which quantiles are asked for, and what they may take.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// The levels, 0 to 1.
    pub levels: Vec<f64>,
    /// Whether the table can be read only once.
    pub once: bool,
    /// The most numbers that are kept of all columns together.
    pub keys: usize,
    /// As many columns are searched at a time.
    pub live: usize,
}

impl Default for Quantiles {
    fn default() -> Self {
        Quantiles { levels: Vec::new(), once: false, keys: KEYS, live: LIVE }
    }
}

/// A quantile: two numbers of the column, and how much the second counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantile {
    /// The number at the rank below; an integer that a float64 does not hold has its digits.
    pub lower: Shown,
    /// That at the rank above.
    pub upper: Shown,
    /// The weight of the one above, 0 to 1.
    pub weight: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// The quantiles, one for each level, and the error of their ranks, as a share of the number of elements.
    Values(Vec<Quantile>, f64),
    /// There are no numbers.
    Nothing,
    /// The numbers come only once and do not fit, and there is no sketch: too many columns, or weights.
    TooMany,
}

/// See the top of the file.
#[derive(Debug)]
pub struct Search {
    levels: Vec<f64>,
    limit: usize,
    state: State,
    once: bool,
    /// Of all columns, and the number of these.
    keys: usize,
    columns: usize,
    /// Whether the numbers come again.
    is_later: bool,
    /// Whether it goes on in the next pass where its numbers do not fit, and does not wait for a later one.
    stays: bool,
    large: Option<Box<Counts>>,
}

#[derive(Debug)]
enum State {
    /// It is the turn of other columns.
    Waiting,
    Finding(Finder),
    Sketching(Sketch),
    /// The numbers in float64 are known; the integers that round to them are counted.
    Refining(Finder, Vec<Target>),
    Done(Found),
}

/// A number to which large integers are rounded.
#[derive(Debug, Clone, Copy)]
struct Target {
    value: f64,
    /// How many numbers are less.
    below: u64,
}

/// Integers and how often they occur; none, if they were too many.
#[derive(Debug)]
struct Counts {
    counts: Option<HashMap<Large, u64, RandomState>>,
}

impl Default for Counts {
    fn default() -> Self {
        Counts { counts: Some(HashMap::default()) }
    }
}

impl Counts {
    fn add(&mut self, value: &Large, bound: usize) -> Result<()> {
        let Some(counts) = &mut self.counts else { return Ok(()) };
        if let Some(count) = counts.get_mut(value) {
            *count += 1;
        } else if counts.len() < bound {
            let bytes = size_of::<(Large, u64)>() * (2 * counts.len() + 1);
            counts.try_reserve(1).map_err(|_| Error::Memory { bytes })?;
            counts.insert(value.clone(), 1);
        } else {
            self.counts = None;
        }
        Ok(())
    }

    /// All in order.
    fn sorted(&self) -> Option<Vec<(&Large, u64)>> {
        let mut all: Vec<_> = self.counts.as_ref()?.iter().map(|(value, &count)| (value, count)).collect();
        all.sort_unstable();
        Some(all)
    }
}

/// The integer at a rank of integers in order.
fn at<'a>(sorted: &[(&'a Large, u64)], mut rank: u64) -> Option<&'a Large> {
    for &(value, count) in sorted {
        rank = match rank.checked_sub(count) {
            None => return Some(value),
            Some(rank) => rank,
        };
    }
    None
}

impl Search {
    /// A search in the column of this index, one of so many.
    pub fn new(asked: &Quantiles, index: usize, columns: usize) -> Result<Self> {
        let limit = (asked.keys / columns.max(1)).max(LEAST);
        let finder = Finder::new(&asked.levels, Method::Linear, false, limit)?;
        Ok(Search {
            levels: try_copied(&asked.levels)?,
            limit,
            state: State::Finding(finder),
            once: asked.once,
            keys: asked.keys,
            columns,
            is_later: false,
            stays: index < asked.live,
            large: None,
        })
    }

    /// Whether the numbers come for the first time.
    pub fn is_first_pass(&self) -> bool {
        !self.is_later
    }

    /// Whether it takes numbers in this pass.
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Finding(_) | State::Refining(..))
    }

    /// Takes numbers.
    pub fn update(&mut self, values: &[f64]) -> Result<()> {
        match &mut self.state {
            State::Finding(finder) => {
                let is_full = finder.pass() == 1 && finder.count() + values.len() as u64 > self.limit as u64;
                if is_full && (self.once || !self.stays) {
                    let keys = finder.all_keys().unwrap_or_default();
                    self.state = if !self.once {
                        State::Waiting
                    } else if let Some(mut sketch) = sketch(self.columns, self.keys) {
                        sketch.add(keys)?;
                        sketch.update_slice(values)?;
                        State::Sketching(sketch)
                    } else {
                        State::Done(Found::TooMany)
                    };
                    return Ok(());
                }
                finder.update_slice(values)
            }
            State::Sketching(sketch) => sketch.update_slice(values),
            State::Refining(_, targets) => {
                for target in targets {
                    target.below += values.iter().filter(|&&value| value < target.value).count() as u64;
                    if target.value.abs() == EXACT {
                        // Those that are exact do not come as large ones.
                        let value = Large::Fits(target.value as i128);
                        let counts = self.large.get_or_insert_default();
                        values
                            .iter()
                            .filter(|&&other| other == target.value)
                            .try_for_each(|_| counts.add(&value, COUNTED[1]))?;
                    }
                }
                Ok(())
            }
            State::Waiting | State::Done(_) => Ok(()),
        }
    }

    /// Takes an integer that a float64 does not hold, besides [`Search::update`] with what it is rounded to.
    pub fn see(&mut self, value: &Large, float: f64) -> Result<()> {
        match &self.state {
            State::Refining(_, targets) if targets.iter().any(|target| target.value == float) => {
                self.large.get_or_insert_default().add(value, COUNTED[1])
            }
            State::Refining(..) => Ok(()),
            _ if self.is_later => Ok(()),
            _ => {
                let bound = (COUNTED[0] / self.columns.max(1)).clamp(16, COUNTED[1]);
                self.large.get_or_insert_default().add(value, bound)
            }
        }
    }

    /// Ends a pass over a column of integers, or of floats.
    pub fn end_pass(&mut self, is_integer: bool) -> Result<()> {
        let state = std::mem::replace(&mut self.state, State::Waiting);
        self.state = match state {
            State::Finding(mut finder) => {
                if finder.end_pass()? {
                    self.found(finder, is_integer)?
                } else {
                    State::Finding(finder)
                }
            }
            State::Refining(finder, targets) => {
                State::Done(self.refined(&finder, &targets)?.unwrap_or(rounded(&finder)?))
            }
            State::Sketching(sketch) => {
                let values = sketch.quantiles::<f64>(&self.levels)?;
                State::Done(Found::Values(values.into_iter().map(one).collect(), sketch.bound()))
            }
            state => state,
        };
        self.is_later = true;
        Ok(())
    }

    /// What follows when the numbers in float64 are known.
    fn found(&mut self, finder: Finder, is_integer: bool) -> Result<State> {
        if finder.is_nan() {
            return Ok(State::Done(Found::Nothing));
        }
        let pairs = finder.found::<f64>()?.unwrap_or_default();
        let mut targets: Vec<f64> = pairs.iter().flatten().copied().filter(|v| v.abs() >= EXACT).collect();
        targets.dedup();
        let Some(large) = self.large.as_ref().filter(|_| is_integer && !targets.is_empty()) else {
            return Ok(State::Done(rounded(&finder)?));
        };
        if let Some(sorted) = large.sorted() {
            // All large integers are here, and all others lie between the negative and the positive ones.
            let number = |sorted: &[(&Large, u64)]| sorted.iter().map(|&(_, count)| count).sum::<u64>();
            let negative = sorted.partition_point(|&(value, _)| *value < Large::Fits(0));
            let low = number(&sorted[..negative]);
            let high = finder.count() - number(&sorted[negative..]);
            let exact = |rank: u64, value: f64| {
                let found = if rank < low {
                    at(&sorted[..negative], rank)
                } else {
                    rank.checked_sub(high).and_then(|rank| at(&sorted[negative..], rank))
                };
                found.map_or(Shown::Number(value), |value| Shown::Text(value.text()))
            };
            return Ok(State::Done(values(&finder, &exact)?));
        }
        if self.once {
            return Ok(State::Done(rounded(&finder)?));
        }
        self.large = Some(Box::default());
        let targets = targets.into_iter().map(|value| Target { value, below: 0 }).collect();
        Ok(State::Refining(finder, targets))
    }

    /// The quantiles by the integers that were counted.
    fn refined(&self, finder: &Finder, targets: &[Target]) -> Result<Option<Found>> {
        let Some(sorted) = self.large.as_ref().and_then(|counts| counts.sorted()) else { return Ok(None) };
        let exact = |rank: u64, value: f64| {
            let target = targets.iter().find(|target| target.value == value);
            let start = sorted.partition_point(|(large, _)| large.to_f64() < value);
            target
                .and_then(|target| rank.checked_sub(target.below))
                .and_then(|rank| at(&sorted[start..], rank))
                .map_or(Shown::Number(value), |value| Shown::Text(value.text()))
        };
        values(finder, &exact).map(Some)
    }
}

/// A quantile that is a number.
pub fn one(value: f64) -> Quantile {
    Quantile { lower: Shown::Number(value), upper: Shown::Number(value), weight: 0.0 }
}

/// The quantiles in float64.
fn rounded(finder: &Finder) -> Result<Found> {
    values(finder, &|_, value| Shown::Number(value))
}

/// The quantiles, of which `exact` makes the numbers of a rank and a float64.
fn values(finder: &Finder, exact: &dyn Fn(u64, f64) -> Shown) -> Result<Found> {
    let pairs = finder.found::<f64>()?.unwrap_or_default();
    let mut found = try_vec(pairs.len())?;
    for (&level, [lower, upper]) in finder.levels().iter().zip(pairs) {
        let position = finder.method().position(finder.count(), level);
        found.push(Quantile {
            lower: exact(position.lower, lower),
            upper: exact(position.upper, upper),
            weight: if position.lower == position.upper { 0.0 } else { position.weight },
        });
    }
    Ok(Found::Values(found, 0.0))
}

/// A sketch of one of so many columns, if there is room for it.
fn sketch(columns: usize, keys: usize) -> Option<Sketch> {
    let error = (SKETCHED * columns as f64 / keys as f64).max(ERROR[0]);
    (error <= ERROR[1]).then(|| Sketch::new(error))
}

impl Search {
    /// What was found, if that is known.
    pub fn result(&self) -> Option<&Found> {
        match &self.state {
            State::Done(found) => Some(found),
            _ => None,
        }
    }

    /// Begins, if it waits and there is still room.
    pub fn wake(&mut self, room: &mut usize, live: usize) -> Result<()> {
        if self.is_live() {
            *room = room.saturating_sub(1);
        } else if matches!(self.state, State::Waiting) && *room > 0 {
            *room -= 1;
            self.limit = (self.keys / live.min(self.columns.max(1))).max(LEAST);
            self.stays = true;
            self.state = State::Finding(Finder::new(&self.levels, Method::Linear, false, self.limit)?);
        }
        Ok(())
    }
}
