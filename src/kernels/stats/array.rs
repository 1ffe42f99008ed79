//! The moments of an array of any layout: of all elements, or along axes.
//!
//! The order of the elements does not matter to the result, so they are read as they lie in memory
//! (see [`layout`](crate::layout)). The array is cut into parts by a rule that knows only its shape,
//! and their moments merge in order: the result has the same bits for every number of threads.
//!
//! Nothing here depends on the type of the elements but the functions of [`Reader`].

use ndarray::ArrayViewD;

use super::block::{self, BLOCK};
use super::center::Center;
use super::columns::{self, TILE};
use super::integers::IntegerSums;
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::rows::{self, SHORT};
use super::sample::{Key, Sample};
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::dtype::Bool;
use crate::error::Result;
use crate::layout::{AnySlice, Elements, Origin, Strided};
use crate::parallel::Work;

/// Elements in a part: 5 to 25 microseconds of work.
pub(super) const PART: usize = 16 * BLOCK;

/// No more parts than this, so that their results stay small.
const MOST_PARTS: usize = 4096;

/// Contiguous lines from this length on are read in place.
const RUN: usize = 256;

/// The moments of all `elements` for which the `mask`, if there is one, is true; without NaN if
/// `skip_nan`.
///
/// # Panics
/// If the mask has another shape.
pub fn whole<T: Sample<Key: ToNumber>>(
    elements: Elements<'_, T>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Moments<Number, T::Center>> {
    let reader = Reader::new::<T>(skip_nan);
    match (elements, mask) {
        (Elements::Contiguous(slice), None) if slice.len() <= PART => Ok((reader.slice)(slice.into())),
        (Elements::Contiguous(slice), None) if work.workers() == 1 && slice.len() <= PART * MOST_PARTS => {
            reader.serial(slice.into(), work)
        }
        (elements, None) => reader.all(elements.into(), work),
        (elements, Some(mask)) => reader.all(Strided::from(elements).masked(mask.into()), work),
    }
}

/// The moments of floats that are whole numbers of at most 2^53, exact.
pub fn whole_numbers(elements: &[f64], work: &Work<'_>) -> Result<Moments<Number, IntegerSums>> {
    let reader = Reader {
        slice: |slice| block::moments_of_whole_numbers(slice.typed()).any(),
        tile: |_, _| unreachable!("one slice"),
        rows: None,
    };
    reader.all(Elements::Contiguous(elements).into(), work)
}

/// The moments along `axes`, which are sorted: one for each element of an array that has the
/// other axes, in C order.
///
/// # Panics
/// If the mask has another shape.
pub fn along<T: Sample<Key: ToNumber>>(
    elements: ArrayViewD<'_, T>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    axes: &[usize],
    work: &Work<'_>,
) -> Result<Vec<Moments<Number, T::Center>>> {
    let array = match mask {
        Some(mask) => Strided::from(elements).masked(mask.into()),
        None => elements.into(),
    };
    Reader::new::<T>(skip_nan).along(&array, axes, work)
}

/// What reads lines side by side.
type ReadTile<C> = fn(&Strided<'_>, &Work<'_>) -> Result<Vec<Moments<Number, C>>>;

/// How elements of a type are read, with or without NaN.
struct Reader<C> {
    slice: fn(AnySlice<'_>) -> Moments<Number, C>,
    /// Lines side by side: see [`columns::tile`].
    tile: ReadTile<C>,
    /// Contiguous lines of at most [`SHORT`] elements, if they have a faster way.
    rows: Option<rows::ReadRows<C>>,
}

impl<C: Center> Reader<C> {
    fn new<T: Sample<Key: ToNumber, Center = C>>(skip_nan: bool) -> Self {
        // What is never NaN is read in one way.
        if const { T::Key::NAN.is_some() } && skip_nan {
            Reader {
                slice: |slice| block::moments_without_nan(slice.typed::<T>()).any(),
                tile: columns::tile::<T, true>,
                rows: rows::short::<T, true>(),
            }
        } else {
            Reader {
                slice: |slice| block::moments(slice.typed::<T>()).any(),
                tile: columns::tile::<T, false>,
                rows: rows::short::<T, false>(),
            }
        }
    }

    /// The moments of all elements.
    fn all(&self, array: Strided<'_>, work: &Work<'_>) -> Result<Moments<Number, C>> {
        let (array, times) = array.in_memory_order().merged();
        if array.is_empty() {
            return Ok(Moments::default());
        }
        let parts = array.parts(PART * array.len().div_ceil(PART * MOST_PARTS).max(1));
        if parts.count() == 1 {
            work.check()?;
            return Ok(self.part(&array, work)?.repeated(times));
        }
        let moments = work.map(parts.count(), |index| self.part(&array.part(&parts, index), work))?;
        let mut total = Moments::default();
        moments.iter().for_each(|part| total.merge(part));
        Ok(total.repeated(times))
    }

    /// The same of contiguous memory, without what it takes to share it: the same parts in the same order.
    fn serial(&self, slice: AnySlice<'_>, work: &Work<'_>) -> Result<Moments<Number, C>> {
        let mut total = Moments::default();
        for part in slice.chunks(PART) {
            work.check()?;
            total.merge(&(self.slice)(part));
        }
        Ok(total)
    }

    /// The same, on this thread.
    fn line(&self, array: Strided<'_>, work: &Work<'_>) -> Result<Moments<Number, C>> {
        let (array, times) = array.in_memory_order().merged();
        Ok(self.part(&array, work)?.repeated(times))
    }

    /// The same for what is in the order of memory.
    fn part(&self, array: &Strided<'_>, work: &Work<'_>) -> Result<Moments<Number, C>> {
        if let Some(slice) = array.as_slice() {
            return Ok((self.slice)(slice));
        }
        let (mut total, mut runs) = (Moments::default(), Moments::default());
        array.blocks(BLOCK, RUN, work, &mut |slice, origin| {
            let moments = (self.slice)(slice);
            match origin {
                Origin::Array => runs.merge(&moments),
                Origin::Buffer => total.merge(&moments),
                Origin::Remainder => {
                    total.merge(&runs);
                    total.merge(&moments);
                }
            }
            Ok(())
        })?;
        Ok(total)
    }

    fn along(&self, array: &Strided<'_>, axes: &[usize], work: &Work<'_>) -> Result<Vec<Moments<Number, C>>> {
        let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
        let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
        let (array, kept) = (array.permuted(&order), kept.len());
        let shape: Vec<usize> = (0..kept).map(|axis| array.len_of(axis)).collect();
        let mut results = try_filled(checked_size(&shape)?, Moments::<Number, C>::default())?;
        let length: usize = (kept..array.ndim()).map(|axis| array.len_of(axis)).product();
        if length == 0 || results.is_empty() {
            return Ok(results);
        }
        if let Some(column) = column(&array, kept) {
            self.side_by_side(&array, &shape, column, &mut results, work)?;
            return Ok(results);
        }
        if length >= 2 * PART {
            for (index, result) in results.iter_mut().enumerate() {
                *result = self.all(array.line(kept, index), work)?;
            }
            return Ok(results);
        }
        let group = (PART / length).max(1);
        let mut groups: Vec<&mut [Moments<Number, C>]> = try_vec(results.len().div_ceil(group))?;
        groups.extend(results.chunks_mut(group));
        // The common case, rows that are contiguous, is worth a shorter way to find a row.
        let is_rows = kept == 1 && array.ndim() == 2 && array.stride_of(1) == 1 && !array.is_masked();
        work.for_each_mut(&mut groups, |index, results| {
            let start = index * group;
            if is_rows {
                let rows = array.clone().narrowed(0, start, results.len());
                if let Some(short) = self.rows.filter(|_| length <= SHORT) {
                    short(&rows, results);
                    return Ok(());
                }
                for (row, result) in rows.lanes().zip(results.iter_mut()) {
                    *result = (self.slice)(row.as_slice().expect("elements of a row have stride 1"));
                }
                return Ok(());
            }
            for (offset, result) in results.iter_mut().enumerate() {
                *result = self.line(array.line(kept, start + offset), work)?;
            }
            Ok(())
        })?;
        Ok(results)
    }

    /// Along axes that are not the innermost one, which is `column`, of the first axes, which have this
    /// shape.
    fn side_by_side(
        &self,
        array: &Strided<'_>,
        shape: &[usize],
        column: usize,
        results: &mut [Moments<Number, C>],
        work: &Work<'_>,
    ) -> Result<()> {
        let lines = shape[column];
        let tiles = lines.div_ceil(TILE);
        // Lines with the same index but in `column` are this far apart in the results.
        let stride: usize = shape[column + 1..].iter().product();
        let outer = (0..shape.len()).filter(|&axis| axis != column);
        let order: Vec<usize> = outer.chain(shape.len()..array.ndim()).chain([column]).collect();
        let array = array.permuted(&order);
        let found = work.map(results.len() / lines * tiles, |index| {
            let tile = array.line(shape.len() - 1, index / tiles);
            let (start, inner) = (index % tiles * TILE, tile.ndim() - 1);
            (self.tile)(&tile.narrowed(inner, start, TILE.min(lines - start)), work)
        })?;
        for (index, tile) in found.iter().enumerate() {
            let (outer, start) = (index / tiles, index % tiles * TILE);
            let base = outer / stride * stride * lines + outer % stride;
            for (offset, moments) in tile.iter().enumerate() {
                results[base + (start + offset) * stride] = *moments;
            }
        }
        Ok(())
    }
}

/// The innermost axis in memory, if it is one of the `kept` first axes and long enough that its lines
/// are better walked side by side.
pub(super) fn column(array: &Strided<'_>, kept: usize) -> Option<usize> {
    let stride = |axis: &usize| array.stride_of(*axis).unsigned_abs();
    let is_walked = |axis: &usize| array.len_of(*axis) > 1 && stride(axis) > 0;
    let inner = (0..array.ndim()).filter(is_walked).min_by_key(stride)?;
    let repeats = |axis| array.stride_of(axis) == 0 && array.len_of(axis) > 1;
    let fits = inner < kept && array.len_of(inner) >= 4;
    (fits && !array.is_masked() && !(kept..array.ndim()).any(repeats)).then_some(inner)
}
