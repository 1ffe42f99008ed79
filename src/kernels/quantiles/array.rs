//! Quantiles of an array of any layout, along axes.
//!
//! The order of elements does not matter, so lines are read as they lie in memory. A short line is
//! copied as keys, and its ranks are selected there (`select`). In a long one the ranks are
//! enclosed by a sample, and a second pass counts and keeps little (`window`); keys of 16 bits are
//! counted (`histogram`). Lines that lie side by side are copied a cache line at a time, several together.
//!
//! The elements of given ranks are what they are, whatever the way to them: results do not depend
//! on the number of threads.

use ndarray::ArrayViewD;

use super::histogram::Histogram;
use super::key::{Key, Ordered, Read, reader};
use super::method::Method;
use super::sample::Random;
use super::select::select;
use super::window::{BLOCK, Interval, SPREAD, Window, join, resolve, tally};
use crate::alloc::{checked_size, try_filled, try_reserve, try_vec};
use crate::error::Result;
use crate::layout::Strided;
use crate::parallel::{Pacer, Work};

/// Elements of a part of a line, the unit of work of a thread.
const PART: usize = 1 << 16;

/// Lines of fewer elements are copied.
const SHORT: usize = 4096;

/// Keys of 16 bits are counted in lines of at least as many.
const COUNTED: usize = 1 << 14;

/// Contiguous lines from this length on are read in place.
const RUN: usize = 256;

/// Lines that are shorter are copied many together, up to so many elements.
const MANY: usize = 4096;

/// Lines side by side that are copied together, and how long they may be.
const SIDE_BY_SIDE: usize = 16;
const LONGEST_COPY: usize = 1 << 15;

/// What is looked for in each line.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// From 0 to 1.
    pub levels: &'a [f64],
    /// How a quantile follows from the sorted line.
    pub method: Method,
    /// Whether NaN is left out.
    pub skip_nan: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Found<T> {
    /// The elements at the lower and at the upper rank, for each level of each line: NaN where the line has a NaN
    /// that is not left out, or nothing else.
    pub pairs: Vec<[T; 2]>,
    /// How many elements of each line count.
    pub counts: Vec<u64>,
    /// Whether there is a NaN that is not left out.
    pub has_nan: bool,
}

/// The elements that the quantiles along `axes`, which are sorted, are made of: for each element of an
/// array that has the other axes, in C order. Where a line has no elements, they are NaN, or the greatest
/// integers.
pub fn along<T: Ordered>(
    array: ArrayViewD<'_, T>,
    axes: &[usize],
    request: Request<'_>,
    work: &Work<'_>,
) -> Result<Found<T>> {
    let array = Strided::from(array);
    let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let (array, kept) = (array.permuted(&order), kept.len());
    let finder = Lines { read: reader::<T>(), has_nan: T::HAS_NAN, request };
    let (keys, lines) = finder.along(&array, kept, work)?;
    let mut pairs = try_vec(keys.len())?;
    pairs.extend(keys.iter().map(|pair| pair.map(T::from_key)));
    let mut counts = try_vec(lines.len())?;
    counts.extend(lines.iter().map(|line| line.count));
    Ok(Found { pairs, counts, has_nan: lines.iter().any(|line| line.has_nan) })
}

/// What is known of a line besides its quantiles.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// The elements that count.
    count: u64,
    has_nan: bool,
}

/// How lines are read. All but this is compiled once for each type of keys.
struct Lines<'a, K> {
    read: Read<K>,
    has_nan: bool,
    request: Request<'a>,
}

/// The results of a line, to be written.
type Slot<'a, K> = (&'a mut [[K; 2]], &'a mut Line);

impl<K: Key> Lines<'_, K> {
    fn along(&self, array: &Strided<'_>, kept: usize, work: &Work<'_>) -> Result<(Vec<[K; 2]>, Vec<Line>)> {
        let shape: Vec<usize> = (0..kept).map(|axis| array.len_of(axis)).collect();
        let levels = self.request.levels.len();
        let count = checked_size(&shape)?;
        let mut pairs = try_filled(checked_size(&[count, levels])?, [K::default(); 2])?;
        let mut lines = try_filled(count, Line::default())?;
        let length: usize = (kept..array.ndim()).map(|axis| array.len_of(axis)).product();
        if count == 0 {
            return Ok((pairs, lines));
        }
        if length == 0 {
            pairs.fill([K::MAX; 2]);
            return Ok((pairs, lines));
        }
        let mut slots: Vec<Slot<'_, K>> = try_vec(count)?;
        // There may be no levels, and then nothing to write for a line.
        let mut rest = &mut pairs[..];
        for line in &mut lines {
            let (pair, others) = rest.split_at_mut(levels);
            slots.push((pair, line));
            rest = others;
        }
        if length >= 2 * PART {
            for (index, slot) in slots.iter_mut().enumerate() {
                self.line(array.line(kept, index), slot, &mut Memory::default(), work)?;
            }
            return Ok((pairs, lines));
        }
        let group = (PART / length).max(1).next_multiple_of(SIDE_BY_SIDE);
        let is_side_by_side = self.is_side_by_side(array, kept, length);
        let most = match kept {
            0 => 1,
            _ if is_side_by_side => SIDE_BY_SIDE,
            _ if length < RUN => MANY / length,
            _ => 1,
        };
        let mut groups: Vec<&mut [Slot<'_, K>]> = try_vec(count.div_ceil(group))?;
        groups.extend(slots.chunks_mut(group));
        work.for_each_mut(&mut groups, |index, slots| {
            let (mut memory, mut pacer) = (Memory::default(), Pacer::new(work));
            let mut first = index * group;
            let mut rest = &mut **slots;
            while !rest.is_empty() {
                let left = rest.len();
                let (now, later) = rest.split_at_mut(self.width(array, kept, first, most).min(left));
                let width = now.len();
                match width {
                    1 => self.line(array.line(kept, first), &mut now[0], &mut memory, work)?,
                    _ if is_side_by_side => self.side_by_side(array, kept, first, now, &mut memory)?,
                    _ => self.one_after_another(array, kept, first, now, &mut memory, work)?,
                }
                pacer.spend(width * length * 8)?;
                (first, rest) = (first + width, later);
            }
            Ok(())
        })?;
        Ok((pairs, lines))
    }

    /// Whether neighbouring lines are neighbours in memory, and lines are not.
    fn is_side_by_side(&self, array: &Strided<'_>, kept: usize, length: usize) -> bool {
        let stride = |axis: usize| array.stride_of(axis).unsigned_abs();
        let is_walked = |axis: &usize| array.len_of(*axis) > 1;
        let inner = (kept..array.ndim()).filter(is_walked).map(stride).min();
        kept > 0
            && (2..LONGEST_COPY).contains(&length)
            && array.stride_of(kept - 1) == 1
            && array.len_of(kept - 1) > 1
            && inner.is_some_and(|stride| stride > 1)
    }

    /// How many lines from `first` on, up to `most`, follow each other along the last of the kept axes.
    fn width(&self, array: &Strided<'_>, kept: usize, first: usize, most: usize) -> usize {
        if most == 1 {
            return 1;
        }
        let row = array.len_of(kept - 1);
        most.min(row - first % row)
    }

    /// Lines that follow each other along the last of the kept axes.
    fn plane<'s>(&self, array: &Strided<'s>, kept: usize, first: usize, width: usize) -> Strided<'s> {
        let row = array.len_of(kept - 1);
        array.line(kept - 1, first / row).narrowed(0, first % row, width)
    }

    /// Lines side by side.
    fn side_by_side(
        &self,
        array: &Strided<'_>,
        kept: usize,
        first: usize,
        slots: &mut [Slot<'_, K>],
        memory: &mut Memory<K>,
    ) -> Result<()> {
        let width = slots.len();
        let plane = self.plane(array, kept, first, width);
        let order: Vec<usize> = (1..plane.ndim()).chain([0]).collect();
        let plane = plane.permuted(&order);
        let length = plane.len() / width;
        let Memory { buffer, ranks } = memory;
        resize(buffer, plane.len())?;
        let mut nan = 0;
        let mut keys = [K::default(); SIDE_BY_SIDE];
        for (index, lane) in plane.lanes().enumerate() {
            let slice = lane.as_slice().expect("the lines are neighbours");
            nan += (self.read)(slice, &mut keys);
            for (line, &key) in keys[..width].iter().enumerate() {
                buffer[line * length + index] = key;
            }
        }
        self.copied(buffer, nan, slots, ranks)
    }

    /// Short lines in any layout.
    fn one_after_another(
        &self,
        array: &Strided<'_>,
        kept: usize,
        first: usize,
        slots: &mut [Slot<'_, K>],
        memory: &mut Memory<K>,
        work: &Work<'_>,
    ) -> Result<()> {
        let plane = self.plane(array, kept, first, slots.len());
        let Memory { buffer, ranks } = memory;
        let nan = self.copy(&plane, buffer, work)?;
        self.copied(buffer, nan, slots, ranks)
    }

    /// Copies the keys, in the order of the axes; returns how many are NaN.
    fn copy(&self, array: &Strided<'_>, buffer: &mut Vec<K>, work: &Work<'_>) -> Result<usize> {
        resize(buffer, array.len())?;
        if let Some(slice) = array.as_slice() {
            return Ok((self.read)(slice, buffer));
        }
        let (mut filled, mut nan) = (0, 0);
        array.blocks(BLOCK, RUN, work, &mut |slice, _| {
            nan += (self.read)(slice, &mut buffer[filled..]);
            filled += slice.len();
            Ok(())
        })?;
        Ok(nan)
    }

    /// Lines whose keys lie one after another in `keys`, `nan` of them NaN.
    fn copied(
        &self,
        keys: &mut [K],
        nan: usize,
        slots: &mut [Slot<'_, K>],
        ranks: &mut RanksOfCount<K>,
    ) -> Result<()> {
        let length = keys.len() / slots.len();
        for (keys, slot) in keys.chunks_exact_mut(length).zip(slots) {
            let nan = if nan > 0 { keys.iter().filter(|&&key| key == K::MAX).count() } else { 0 };
            self.short(keys, nan, slot, ranks)?;
        }
        Ok(())
    }

    /// One line, on all threads if it is long.
    fn line(
        &self,
        line: Strided<'_>,
        slot: &mut Slot<'_, K>,
        memory: &mut Memory<K>,
        work: &Work<'_>,
    ) -> Result<()> {
        let (line, times) = line.in_memory_order().merged();
        let len = line.len();
        if K::IS_SHORT && len >= COUNTED {
            return self.counted(&line, times, slot, work);
        }
        if len >= SHORT {
            return self.long(&line, times, slot, work);
        }
        let Memory { buffer, ranks } = memory;
        let nan = self.copy(&line, buffer, work)?;
        if times == 1 {
            return self.short(buffer, nan, slot, ranks);
        }
        let Some(ranks) = self.ranks(len as u64 * times, nan as u64 * times, slot)? else { return Ok(()) };
        ranks.write(slot, |ranks, take| {
            select(buffer, &once(ranks, times)?, take);
            Ok(())
        })
    }

    /// A line whose keys may be put into another order.
    fn short(
        &self,
        keys: &mut [K],
        nan: usize,
        slot: &mut Slot<'_, K>,
        ranks: &mut RanksOfCount<K>,
    ) -> Result<()> {
        let Some(count) = self.count(keys.len() as u64, nan as u64, slot) else { return Ok(()) };
        let RanksOfCount { ranks, found } = ranks.of(&self.request, count)?;
        select(keys, &ranks.sorted, &mut |index, key| found[index] = key);
        ranks.give(slot, found);
        Ok(())
    }

    /// The ranks to look for in a line of so many elements; `None` if the result is NaN, which is written.
    fn ranks(&self, len: u64, nan: u64, slot: &mut Slot<'_, K>) -> Result<Option<Ranks>> {
        let Some(count) = self.count(len, nan, slot) else { return Ok(None) };
        Ranks::new(self.request.levels, self.request.method, count).map(Some)
    }

    /// How many elements of a line count, also written there; `None` if the result is NaN, which is written.
    fn count(&self, len: u64, nan: u64, slot: &mut Slot<'_, K>) -> Option<u64> {
        let skip_nan = self.request.skip_nan;
        let count = if skip_nan { len - nan } else { len };
        *slot.1 = Line { count, has_nan: !skip_nan && nan > 0 };
        if slot.1.has_nan || count == 0 {
            slot.0.fill([K::MAX; 2]);
            return None;
        }
        Some(count)
    }

    /// A long line whose keys are counted.
    fn counted(&self, line: &Strided<'_>, times: u64, slot: &mut Slot<'_, K>, work: &Work<'_>) -> Result<()> {
        // Few parts: each has a histogram.
        let parts = line.parts((line.len() / 16).max(1 << 19));
        let counts = work.map(parts.count(), |index| {
            let (mut histogram, mut nan) = (Histogram::new()?, 0);
            self.keys(&line.part(&parts, index), work, &mut |keys, nans| {
                nan += nans;
                histogram.add(keys);
                Ok(())
            })?;
            Ok((histogram, nan))
        })?;
        let nan: usize = counts.iter().map(|(_, nan)| nan).sum();
        let mut counts = counts.into_iter().map(|(histogram, _)| histogram);
        let Some(mut total) = counts.next() else { return Ok(()) };
        counts.for_each(|histogram| total.merge(&histogram));
        let Some(ranks) = self.ranks(line.len() as u64 * times, nan as u64 * times, slot)? else {
            return Ok(());
        };
        ranks.write(slot, |ranks, take| {
            total.find(&once(ranks, times)?, take);
            Ok(())
        })
    }

    /// A long line, read twice at most but for bad luck.
    fn long(&self, line: &Strided<'_>, times: u64, slot: &mut Slot<'_, K>, work: &Work<'_>) -> Result<()> {
        let len = line.len() as u64;
        let parts = line.parts(PART);
        let mut nan = None;
        if self.has_nan && self.request.skip_nan {
            let counts = work.map(parts.count(), |index| {
                let mut count = 0;
                self.keys(&line.part(&parts, index), work, &mut |_, nans| {
                    count += nans;
                    Ok(())
                })?;
                Ok(count as u64)
            })?;
            nan = Some(counts.iter().sum::<u64>());
        }
        let Some(ranks) = self.ranks(len * times, nan.unwrap_or(0) * times, slot)? else { return Ok(()) };
        let mut nans = 0;
        ranks.write(slot, |ranks, take| {
            let once = once(ranks, times)?;
            let mut open: Vec<usize> = try_vec(once.len())?;
            open.extend(0..once.len());
            let mut sample = self.sample(line)?;
            sample.sort_unstable();
            // A window that missed is made wider, and then holds everything.
            for spread in [SPREAD, 8.0 * SPREAD, f64::INFINITY] {
                let mut ends = try_vec(open.len())?;
                let all = Interval::all(len);
                ends.extend(
                    open.iter().map(|&index| all.enclose(&sample, once[index], spread, f64::INFINITY)),
                );
                let mut windows = join(&ends, usize::MAX)?;
                nans = self.pass(line, &mut windows, work)?;
                if !self.request.skip_nan && nans > 0 {
                    return Ok(());
                }
                let mut wanted = try_vec(open.len())?;
                wanted.extend(open.iter().map(|&index| once[index]));
                let mut missed = try_vec(open.len())?;
                for window in &mut windows {
                    resolve(window, &wanted, &mut |at, key| take(open[at], key), &mut |at, _| {
                        missed.push(open[at])
                    })?;
                }
                if missed.is_empty() {
                    break;
                }
                open = missed;
            }
            Ok(())
        })?;
        if !self.request.skip_nan && nans > 0 {
            slot.1.has_nan = true;
            slot.0.fill([K::MAX; 2]);
        }
        Ok(())
    }

    /// Counts and keeps; returns how many NaN there are.
    fn pass(&self, line: &Strided<'_>, windows: &mut [Window<K>], work: &Work<'_>) -> Result<u64> {
        let parts = line.parts(PART);
        let found = work.map(parts.count(), |index| {
            let mut own = try_vec(windows.len())?;
            own.extend(windows.iter().map(Window::cleared));
            let mut nan = 0;
            self.keys(&line.part(&parts, index), work, &mut |keys, nans| {
                nan += nans as u64;
                tally(keys, &mut own)
            })?;
            Ok((own, nan))
        })?;
        let mut nan = 0;
        for (mut part, nans) in found {
            nan += nans;
            windows.iter_mut().zip(&mut part).try_for_each(|(window, part)| window.merge(part))?;
        }
        Ok(nan)
    }

    /// The keys of a line, in blocks, each with the number of NaN among them.
    fn keys(
        &self,
        line: &Strided<'_>,
        work: &Work<'_>,
        take: &mut dyn FnMut(&[K], usize) -> Result<()>,
    ) -> Result<()> {
        let mut buffer = [K::default(); BLOCK];
        line.blocks(BLOCK, RUN, work, &mut |slice, _| {
            slice.chunks(BLOCK).try_for_each(|chunk| {
                let nan = (self.read)(chunk, &mut buffer);
                take(&buffer[..chunk.len()], nan)
            })
        })
    }

    /// Some keys of a line: one at random of each of so many equal pieces.
    fn sample(&self, line: &Strided<'_>) -> Result<Vec<K>> {
        let len = line.len();
        let size = ((len as f64).powf(2.0 / 3.0) as usize).next_power_of_two().clamp(1 << 10, 1 << 17);
        let mut sample = try_filled(size.min(len), K::default())?;
        let (mut random, pieces) = (Random(len as u64), sample.len());
        let inner = line.ndim().checked_sub(1);
        for (piece, key) in sample.iter_mut().enumerate() {
            let bound = |piece: usize| (piece as u128 * len as u128 / pieces as u128) as usize;
            let (start, end) = (bound(piece), bound(piece + 1));
            let index = start + random.below((end - start) as u64) as usize;
            let Some(inner) = inner else { continue };
            let inner_len = line.len_of(inner);
            let element = line.line(inner, index / inner_len).narrowed(0, index % inner_len, 1);
            if let Some(slice) = element.as_slice() {
                (self.read)(slice, std::slice::from_mut(key));
            }
        }
        Ok(sample)
    }
}

/// What a thread keeps from line to line.
#[derive(Default)]
struct Memory<K> {
    buffer: Vec<K>,
    ranks: RanksOfCount<K>,
}

/// The ranks in the last line, as the next one mostly has as many elements, and room for the keys there.
#[derive(Default)]
struct RanksOfCount<K> {
    ranks: Ranks,
    found: Vec<K>,
}

impl<K: Key> RanksOfCount<K> {
    /// Those of `count` elements, of which there are some.
    fn of(&mut self, request: &Request<'_>, count: u64) -> Result<&mut Self> {
        if self.ranks.count != count {
            self.ranks = Ranks::new(request.levels, request.method, count)?;
            self.found = try_filled(self.ranks.sorted.len(), K::default())?;
        }
        Ok(self)
    }
}

/// The ranks that some levels need: each once, in ascending order.
#[derive(Default)]
struct Ranks {
    /// Of so many elements.
    count: u64,
    sorted: Vec<u64>,
    /// The indices there of the lower and upper rank of each level.
    places: Vec<[usize; 2]>,
}

impl Ranks {
    fn new(levels: &[f64], method: Method, count: u64) -> Result<Self> {
        let mut sorted = try_vec(2 * levels.len())?;
        let mut places = try_vec(levels.len())?;
        for &level in levels {
            let position = method.position(count, level);
            sorted.extend([position.lower, position.upper]);
        }
        sorted.sort_unstable();
        sorted.dedup();
        for &level in levels {
            let position = method.position(count, level);
            let place = |rank: u64| sorted.binary_search(&rank).unwrap_or_default();
            places.push([place(position.lower), place(position.upper)]);
        }
        Ok(Ranks { count, sorted, places })
    }

    /// Writes the keys that `find` finds.
    fn write<K: Key>(
        &self,
        slot: &mut Slot<'_, K>,
        find: impl FnOnce(&[u64], &mut dyn FnMut(usize, K)) -> Result<()>,
    ) -> Result<()> {
        let mut keys = try_filled(self.sorted.len(), K::default())?;
        find(&self.sorted, &mut |index, key| keys[index] = key)?;
        self.give(slot, &keys);
        Ok(())
    }

    /// Writes the keys at these ranks.
    fn give<K: Key>(&self, slot: &mut Slot<'_, K>, keys: &[K]) {
        slot.0.iter_mut().zip(&self.places).for_each(|(pair, place)| *pair = place.map(|at| keys[at]));
    }
}

/// Ranks of elements that are repeated so many times, as those of the elements.
fn once(ranks: &[u64], times: u64) -> Result<Vec<u64>> {
    let mut once = try_vec(ranks.len())?;
    once.extend(ranks.iter().map(|rank| rank / times));
    Ok(once)
}

/// Makes the buffer as long as a line; what it holds does not matter.
fn resize<K: Key>(buffer: &mut Vec<K>, len: usize) -> Result<()> {
    if buffer.len() < len {
        try_reserve(buffer, len - buffer.len())?;
    }
    buffer.resize(len, K::default());
    Ok(())
}
