//! The moments of arrays with weights: of all elements, or along axes.
//!
//! As in `array`: read as they lie in memory, cut into parts by the shape alone, and merged in order. Lines that lie
//! side by side are taken sixteen at a time and some rows of them after the other, so that each cache line is
//! fetched from memory once. Of short lines many are walked at once.

use ndarray::ArrayViewD;

use super::array::{PART, column};
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::sample::{Key, Sample};
use super::weight::WeightedMoments;
use super::weighted::moments;
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::dtype::Bool;
use crate::error::{Error, Result, WeightRule};
use crate::layout::{AnySlice, Strided};
use crate::parallel::Work;

/// Elements that are copied at once, where they are.
const BLOCK: usize = 4096;

/// The place of the weights beside the elements.
pub(super) const WEIGHTS: usize = 0;

/// Lines side by side that are taken together: of a cache line of the smallest elements it is a fourth.
const SIDE_BY_SIDE: usize = 16;

/// Lines of up to as many elements are read one after the other, however they lie.
const SHORT: usize = 256;

/// Rows of such lines that stay in the second-level cache.
const ROWS: usize = 2048;

type State = Moments<Number, WeightedMoments>;

/// What reads elements and their weights.
type Read = fn(AnySlice<'_>, AnySlice<'_>) -> Result<State>;

/// The moments along `axes`, which are sorted, each element with its weight: one for each element of an array that
/// has the other axes, in C order. Only elements for which the `mask` is true count, if there is one, and no NaN if
/// `skip_nan`.
///
/// # Panics
/// If the weights or the mask have another shape.
pub fn along_weighted<T: Sample<Key: ToNumber>>(
    elements: ArrayViewD<'_, T>,
    weights: ArrayViewD<'_, f64>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    axes: &[usize],
    work: &Work<'_>,
) -> Result<Vec<State>> {
    let mut array = Strided::from(elements);
    if let Some(mask) = mask {
        array = array.masked(mask.into());
    }
    along(&array.beside(WEIGHTS, &weights.into()), reader::<T>(skip_nan), axes, work).and_then(checked)
}

/// The states, if their weights have sums.
pub(super) fn checked(states: Vec<State>) -> Result<Vec<State>> {
    match states.iter().all(|state| state.weight().is_finite()) {
        true => Ok(states),
        false => Err(Error::Weights(WeightRule::Large)),
    }
}

/// How elements of a type are read, with or without NaN.
pub(super) fn reader<T: Sample<Key: ToNumber>>(skip_nan: bool) -> Read {
    if const { T::Key::NAN.is_some() } && skip_nan {
        |slice, weights| Ok(moments::<T, true>(slice.typed(), weights.typed())?.any())
    } else {
        |slice, weights| Ok(moments::<T, false>(slice.typed(), weights.typed())?.any())
    }
}

fn along(array: &Strided<'_>, read: Read, axes: &[usize], work: &Work<'_>) -> Result<Vec<State>> {
    let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let (array, kept) = (array.permuted(&order), kept.len());
    let shape: Vec<usize> = (0..kept).map(|axis| array.len_of(axis)).collect();
    let mut results = try_filled(checked_size(&shape)?, State::default())?;
    let length: usize = (kept..array.ndim()).map(|axis| array.len_of(axis)).product();
    if length == 0 || results.is_empty() {
        return Ok(results);
    }
    let column = column(&array, kept);
    if kept > 0 && !array.is_masked() && (length <= SHORT || length <= BLOCK && column.is_none()) {
        short(&array, read, (kept, length), &mut results, work)?;
        return Ok(results);
    }
    if let Some(column) = column {
        side_by_side(&array, read, &shape, column, &mut results, work)?;
        return Ok(results);
    }
    if length >= 2 * PART {
        for (index, result) in results.iter_mut().enumerate() {
            let line = array.line(kept, index).in_memory_order().merged().0;
            let parts = line.parts(PART);
            let found = work.map(parts.count(), |index| part(&line.part(&parts, index), read, work))?;
            found.iter().for_each(|part| result.merge(part));
        }
        return Ok(results);
    }
    let group = (PART / length).max(1);
    let mut groups: Vec<&mut [State]> = try_vec(results.len().div_ceil(group))?;
    groups.extend(results.chunks_mut(group));
    work.for_each_mut(&mut groups, |index, results| {
        for (offset, result) in results.iter_mut().enumerate() {
            let line = array.line(kept, index * group + offset).in_memory_order().merged().0;
            *result = part(&line, read, work)?;
        }
        Ok(())
    })?;
    Ok(results)
}

/// Short lines along the axes from `kept` on, of this length: many are walked at once, line by line.
fn short(
    array: &Strided<'_>,
    read: Read,
    (kept, length): (usize, usize),
    results: &mut [State],
    work: &Work<'_>,
) -> Result<()> {
    let row = array.len_of(kept - 1);
    let group = (PART / length).clamp(1, row);
    let mut groups: Vec<&mut [State]> = try_vec(results.len() / row * row.div_ceil(group))?;
    groups.extend(results.chunks_mut(row).flat_map(|row| row.chunks_mut(group)));
    let of_row = row.div_ceil(group);
    work.for_each_mut(&mut groups, |index, results| {
        let lines = array.line(kept - 1, index / of_row);
        let lines = lines.narrowed(0, index % of_row * group, results.len()).merged().0;
        let mut at = 0;
        lines.blocks_beside(BLOCK / length * length, work, &mut |slice, beside| {
            let mut start = 0;
            while start < slice.len() {
                let len = (length - at % length).min(slice.len() - start);
                let weights = beside[WEIGHTS].part(start, len);
                results[at / length].merge(&read(slice.part(start, len), weights)?);
                (start, at) = (start + len, at + len);
            }
            Ok(())
        })
    })
}

/// The moments of all elements, on this thread.
fn part(array: &Strided<'_>, read: Read, work: &Work<'_>) -> Result<State> {
    let mut total = State::default();
    array.blocks_beside(BLOCK, work, &mut |slice, beside| {
        total.merge(&read(slice, beside[WEIGHTS])?);
        Ok(())
    })?;
    Ok(total)
}

/// Along axes that are not the innermost one, which is `column`, of the first axes, which have this shape.
fn side_by_side(
    array: &Strided<'_>,
    read: Read,
    shape: &[usize],
    column: usize,
    results: &mut [State],
    work: &Work<'_>,
) -> Result<()> {
    let lines = shape[column];
    let tiles = lines.div_ceil(SIDE_BY_SIDE);
    // Lines with the same index but in `column` are this far apart in the results.
    let stride: usize = shape[column + 1..].iter().product();
    let outer = (0..shape.len()).filter(|&axis| axis != column);
    let order: Vec<usize> = outer.chain(shape.len()..array.ndim()).chain([column]).collect();
    let array = array.permuted(&order);
    let found = work.map(results.len() / lines * tiles, |index| {
        let tile = array.line(shape.len() - 1, index / tiles);
        let (start, inner) = (index % tiles * SIDE_BY_SIDE, tile.ndim() - 1);
        let width = SIDE_BY_SIDE.min(lines - start);
        let tile = tile.narrowed(inner, start, width);
        let parts = tile.parts(ROWS * width);
        let mut states = try_filled(width, State::default())?;
        for index in 0..parts.count() {
            let rows = tile.part(&parts, index);
            let inner = rows.ndim() - 1;
            for (line, state) in states.iter_mut().enumerate() {
                let line = rows.clone().narrowed(inner, line, 1).in_memory_order().merged().0;
                state.merge(&part(&line, read, work)?);
            }
        }
        Ok(states)
    })?;
    for (index, tile) in found.iter().enumerate() {
        let (outer, start) = (index / tiles, index % tiles * SIDE_BY_SIDE);
        let base = outer / stride * stride * lines + outer % stride;
        for (offset, moments) in tile.iter().enumerate() {
            results[base + (start + offset) * stride] = *moments;
        }
    }
    Ok(())
}
