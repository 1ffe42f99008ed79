//! Exact quantiles of data that is read several times, in bounded memory.
//!
//! J. I. Munro, M. S. Paterson, "Selection and sorting with limited storage", Theoretical Computer
//! Science 12 (1980): what is larger than the memory is read again. The first pass counts, and keeps everything or
//! a sample. Two elements of the sample enclose each rank (`window`); the second pass counts what is
//! below, and keeps what lies between. Where that does not fit either, a sample of it is kept, and the
//! next pass has a narrower window. Each pass leaves fewer elements between the ends, or fewer of
//! equal bits: an end there is a rank that is known. So it ends, with the exact elements.

use super::key::{Ordered, from_wide, wide_reader};
use super::method::Method;
use super::sample::Sample;
use super::select::select;
use super::window::{BLOCK, Interval, Place, SPREAD, Window, join, resolve, tally};
use crate::alloc::{try_copied, try_filled, try_reserve, try_vec};
use crate::error::{Error, Result};
use crate::layout::{AnySlice, Elements, Strided};
use crate::parallel::Work;

/// A sample is sorted: it need not be larger than this.
const SAMPLE: usize = 1 << 17;

/// Contiguous lines from this length on are read in place.
const RUN: usize = 256;

/// The state of the search.
#[derive(Debug)]
pub struct Finder {
    levels: Vec<f64>,
    method: Method,
    skip_nan: bool,
    /// The most keys that are kept.
    limit: usize,
    /// From 1.
    pass: u32,
    /// Of this pass.
    seen: Seen,
    /// Of the first pass.
    total: Option<Seen>,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    count: u64,
    nan: u64,
}

#[derive(Debug)]
enum State {
    Sampling(Sample<i64>),
    Counting(Counting),
    Done(Vec<i64>),
}

/// A pass that counts.
#[derive(Debug)]
struct Counting {
    /// The ranks that the levels need, each once, in ascending order, and their keys as far as they are known.
    ranks: Vec<u64>,
    keys: Vec<Option<i64>>,
    /// The indices of those that are not known, and their ranks.
    open: Vec<usize>,
    wanted: Vec<u64>,
    /// In the order of `open`, each with the interval that it lies in.
    windows: Vec<Window<i64>>,
    known: Vec<Interval<i64>>,
}

impl Finder {
    /// A search that keeps at most `limit` keys at a time.
    pub fn new(levels: &[f64], method: Method, skip_nan: bool, limit: usize) -> Result<Self> {
        let levels = try_copied(levels)?;
        let state = State::Sampling(Sample::new(limit, 1));
        Ok(Finder { levels, method, skip_nan, limit, pass: 1, seen: Seen::default(), total: None, state })
    }

    /// The levels.
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Which pass it is, from 1.
    pub fn pass(&self) -> u32 {
        self.pass
    }

    /// How many elements there are, without NaN if these are left out: those seen, in the first pass.
    pub fn count(&self) -> u64 {
        let seen = self.total.unwrap_or(self.seen);
        seen.count - if self.skip_nan { seen.nan } else { 0 }
    }

    /// How many NaN have been seen in this pass.
    pub fn nan(&self) -> u64 {
        self.seen.nan
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let kept = match &self.state {
            State::Sampling(sample) => sample.bytes(),
            State::Counting(counting) => {
                let windows = counting.windows.iter().map(|window| size_of_val(window) + window.bytes());
                windows.sum::<usize>() + counting.ranks.capacity() * 5 * size_of::<u64>()
            }
            State::Done(keys) => keys.capacity() * size_of::<i64>(),
        };
        size_of::<Self>() + self.levels.capacity() * size_of::<f64>() + kept
    }

    /// Whether the quantiles are known.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Reads elements. After an error the pass is void.
    pub fn update<T: Ordered>(&mut self, elements: Elements<'_, T>, work: &Work<'_>) -> Result<()> {
        let mut buffer = [0; BLOCK];
        Strided::from(elements).blocks(BLOCK, RUN, work, &mut |slice, _| {
            slice.chunks(BLOCK).try_for_each(|chunk| self.add::<T>(chunk, &mut buffer))
        })
    }

    /// Reads a few elements, without a look for signals.
    pub fn update_slice<T: Ordered>(&mut self, elements: &[T]) -> Result<()> {
        let mut buffer = [0; BLOCK];
        AnySlice::from(elements).chunks(BLOCK).try_for_each(|chunk| self.add::<T>(chunk, &mut buffer))
    }

    fn add<T: Ordered>(&mut self, chunk: AnySlice<'_>, buffer: &mut [i64; BLOCK]) -> Result<()> {
        let nan = wide_reader::<T>()(chunk, buffer);
        self.seen.count += chunk.len() as u64;
        self.seen.nan += nan as u64;
        let keys = without_nan(&mut buffer[..chunk.len()], nan);
        match &mut self.state {
            State::Sampling(sample) => sample.extend(keys),
            State::Counting(counting) => tally(keys, &mut counting.windows),
            State::Done(_) => Ok(()),
        }
    }

    /// The keys of all elements so far, in the first pass and as long as they fit into the memory.
    pub fn all_keys(&mut self) -> Option<&[i64]> {
        match &mut self.state {
            State::Sampling(sample) if sample.is_complete() => Some(sample.keys_mut()),
            _ => None,
        }
    }

    /// The most keys that are kept.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Ends a pass over the data; whether the quantiles are known. If they are not, all of the data
    /// has to come once more, in any order.
    pub fn end_pass(&mut self) -> Result<bool> {
        let seen = std::mem::take(&mut self.seen);
        match self.total {
            Some(total) if !self.is_done() && total != seen => {
                self.seen = Seen::default();
                if let State::Counting(counting) = &mut self.state {
                    counting.windows.iter_mut().for_each(|window| *window = window.cleared());
                }
                return Err(Error::Changed { got: seen.count, expected: total.count });
            }
            Some(_) => {}
            None => self.total = Some(seen),
        }
        let next = match &mut self.state {
            State::Done(_) => return Ok(true),
            State::Sampling(sample) => {
                let numbers = seen.count - seen.nan;
                if numbers == 0 || (seen.nan > 0 && !self.skip_nan) {
                    State::Done(try_filled(2 * self.levels.len(), i64::MAX)?)
                } else {
                    let mut ranks = try_vec(2 * self.levels.len())?;
                    for &level in &self.levels {
                        let position = self.method.position(numbers, level);
                        ranks.extend([position.lower, position.upper]);
                    }
                    ranks.sort_unstable();
                    ranks.dedup();
                    let mut counting = Counting::new(ranks)?;
                    if sample.is_complete() {
                        let Counting { ranks, keys, .. } = &mut counting;
                        select(sample.keys_mut(), ranks, &mut |index, key| keys[index] = Some(key));
                        counting.open.clear();
                    } else {
                        let sample = sorted(sample);
                        counting.plan(&mut |_, _| (Interval::all(numbers), sample), self.limit)?;
                    }
                    State::Counting(counting)
                }
            }
            State::Counting(counting) => {
                counting.resolve(self.limit)?;
                self.finish()?;
                self.pass += u32::from(!self.is_done());
                return Ok(self.is_done());
            }
        };
        self.state = next;
        self.finish()?;
        self.pass += u32::from(!self.is_done());
        Ok(self.is_done())
    }

    /// Ends the search if every key is known.
    fn finish(&mut self) -> Result<()> {
        let State::Counting(counting) = &self.state else { return Ok(()) };
        if !counting.open.is_empty() {
            return Ok(());
        }
        let mut keys = try_vec(2 * self.levels.len())?;
        for &level in &self.levels {
            let position = self.method.position(self.count(), level);
            for rank in [position.lower, position.upper] {
                let index = counting.ranks.binary_search(&rank).ok();
                keys.push(index.and_then(|index| counting.keys[index]).expect("every rank is known"));
            }
        }
        self.state = State::Done(keys);
        Ok(())
    }

    /// The elements at the lower and at the upper rank of each level: NaN where there are none, or a NaN that is
    /// not left out. `None` if they are not known.
    pub fn found<T: Ordered>(&self) -> Result<Option<Vec<[T; 2]>>> {
        let State::Done(keys) = &self.state else { return Ok(None) };
        let mut pairs = try_vec(self.levels.len())?;
        pairs.extend(keys.chunks_exact(2).map(|pair| [from_wide::<T>(pair[0]), from_wide::<T>(pair[1])]));
        Ok(Some(pairs))
    }

    /// Whether the result is NaN: there are no numbers, or a NaN that is not left out.
    pub fn is_nan(&self) -> bool {
        let seen = self.total.unwrap_or(self.seen);
        seen.count == seen.nan || (seen.nan > 0 && !self.skip_nan)
    }
}

impl Counting {
    fn new(ranks: Vec<u64>) -> Result<Self> {
        let (keys, wanted) = (try_filled(ranks.len(), None)?, try_copied(&ranks)?);
        let mut open = try_vec(ranks.len())?;
        open.extend(0..ranks.len());
        Ok(Counting { ranks, keys, open, wanted, windows: Vec::new(), known: Vec::new() })
    }

    /// Makes windows for the open ranks; `place` gives the interval and a sorted sample of it for one of them.
    fn plan<'a>(
        &mut self,
        place: &mut dyn FnMut(usize, u64) -> (Interval<i64>, &'a [i64]),
        limit: usize,
    ) -> Result<()> {
        // What is expected to lie in a window should fit into its share of the memory.
        let groups = 1 + self.wanted.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
        let most = 0.7 * limit as f64 / groups as f64;
        let mut ends = try_vec(self.open.len())?;
        let mut intervals: Vec<Interval<i64>> = try_vec(self.open.len())?;
        for (at, &rank) in self.wanted.iter().enumerate() {
            let (interval, sample) = place(at, rank);
            ends.push(interval.enclose(sample, rank, SPREAD, most));
            intervals.push(interval);
        }
        self.windows = join(&ends, limit)?;
        let share = limit / self.windows.len().max(1);
        self.known = try_vec(self.windows.len())?;
        for window in &mut self.windows {
            // Windows that became one may be of several intervals.
            let (first, last) = (intervals[window.ranks.start], intervals[window.ranks.end - 1]);
            let count = last.first + last.count - first.first;
            let known = Interval { floor: first.floor, ceiling: last.ceiling, first: first.first, count };
            let mut ends = (window.lo, window.hi);
            if ends == (known.floor, known.ceiling) && count > share as u64 {
                // The sample is too small to enclose the ranks: it cuts the interval in two.
                let (_, sample) = place(window.ranks.start, self.wanted[window.ranks.start]);
                if let Some(&middle) = sample.get(sample.len() / 2) {
                    ends = (middle, middle);
                }
            }
            self.known.push(known);
            *window = Window::new(ends, window.ranks.clone(), share);
        }
        Ok(())
    }

    /// Takes what a pass found, and makes narrower windows for the rest.
    fn resolve(&mut self, limit: usize) -> Result<()> {
        let mut windows = std::mem::take(&mut self.windows);
        let known = std::mem::take(&mut self.known);
        // Of each open rank that was missed: its index in `open`, the window, and where it is.
        let mut missed: Vec<(usize, usize, Place<i64>)> = try_vec(self.open.len())?;
        for (number, window) in windows.iter_mut().enumerate() {
            let (keys, open) = (&mut self.keys, &self.open);
            resolve(window, &self.wanted, &mut |at, key| keys[open[at]] = Some(key), &mut |at, place| {
                missed.push((at, number, place));
            })?;
        }
        let (mut open, mut wanted) = (try_vec(missed.len())?, try_vec(missed.len())?);
        let mut places = try_vec(missed.len())?;
        let mut samples: Vec<&[i64]> = Vec::new();
        try_reserve(&mut samples, windows.len())?;
        for &(at, number, place) in &missed {
            open.push(self.open[at]);
            wanted.push(self.wanted[at]);
            let window = &windows[number];
            places.push((
                number,
                match place {
                    Place::Inside(_) | Place::Key(_) => (window.interior(), true),
                    Place::Below => (window.outside(known[number], true), false),
                    Place::Above => (window.outside(known[number], false), false),
                },
            ));
        }
        for window in &mut windows {
            samples.push(if window.inside().is_complete() { &[] } else { sorted(window.inside()) });
        }
        (self.open, self.wanted) = (open, wanted);
        self.plan(
            &mut |at, _| {
                let (number, (interval, has_sample)) = places[at];
                (interval, if has_sample { samples[number] } else { &[] })
            },
            limit,
        )
    }
}

/// A sample in order, and made smaller if it need not be so large.
fn sorted(sample: &mut Sample<i64>) -> &[i64] {
    let keys = sample.keys_mut();
    let step = keys.len().div_ceil(SAMPLE);
    let len = keys.len() / step;
    for index in 0..len {
        keys[index] = keys[index * step + step / 2];
    }
    keys[..len].sort_unstable();
    &keys[..len]
}

/// The keys that are not NaN, moved to the front.
pub(super) fn without_nan(keys: &mut [i64], nan: usize) -> &[i64] {
    if nan == 0 {
        return keys;
    }
    let mut kept = 0;
    for index in 0..keys.len() {
        keys[kept] = keys[index];
        kept += usize::from(keys[index] != i64::MAX);
    }
    &keys[..kept]
}
