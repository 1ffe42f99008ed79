//! The moments of an array of any layout: of all elements, or along axes.
//!
//! The order of the elements does not matter to the result, so axes are walked as they lie in
//! memory: backward ones forward, the smallest step innermost, and two that follow each other in
//! memory as one. What is contiguous then is read in place; anything else goes through a buffer
//! of one block. Nothing is copied beyond that.
//!
//! The array is cut into parts by a rule that knows only its shape, and their moments merge in
//! order: the result has the same bits for every number of threads.

use ndarray::{ArrayView1, ArrayViewD, Axis, Ix2, Slice};

use super::block::{self, BLOCK};
use super::columns::{self, TILE};
use super::gather::gather;
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::rows::{self, SHORT};
use super::sample::Sample;
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::dtype::Bool;
use crate::error::Result;
use crate::layout::Elements;
use crate::parallel::Work;

/// Elements in a part: 20 to 100 microseconds of work.
const PART: usize = 64 * BLOCK;

/// No more parts than this, so that their results stay small.
const MOST_PARTS: usize = 4096;

/// Runs in memory from this length on are read in place.
const RUN: usize = 256;

/// What to read: elements, which of them count, and whether NaN is skipped.
#[derive(Clone)]
pub struct Data<'a, T> {
    elements: ArrayViewD<'a, T>,
    /// Of the same shape: true where an element counts.
    mask: Option<ArrayViewD<'a, Bool>>,
    skip_nan: bool,
    /// How often each element counts: a broadcast axis is not walked.
    times: u64,
}

/// The moments of all `elements` for which the `mask`, if there is one, is true; without NaN if
/// `skip_nan`.
pub fn whole<T: Sample>(
    elements: Elements<'_, T>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Moments<T::Key>> {
    let elements = match (elements, &mask) {
        (Elements::Contiguous(slice), None) if slice.len() <= PART => {
            return Ok(slice_moments(slice, skip_nan));
        }
        (Elements::Contiguous(slice), None) => ArrayView1::from(slice).into_dyn(),
        (Elements::Contiguous(slice), Some(mask)) => {
            ArrayViewD::from_shape(mask.raw_dim(), slice).expect("the mask has the shape of the elements")
        }
        (Elements::Strided(view), _) => view,
    };
    all(Data::new(elements, mask, skip_nan), work)
}

fn slice_moments<T: Sample>(slice: &[T], skip_nan: bool) -> Moments<T::Key> {
    if skip_nan { block::moments_without_nan(slice) } else { block::moments(slice) }
}

/// The moments of all elements.
fn all<T: Sample>(data: Data<'_, T>, work: &Work<'_>) -> Result<Moments<T::Key>> {
    let data = data.arranged();
    let parts = Parts::of(&data);
    if parts.count == 1 {
        work.check()?;
        return data.read_all();
    }
    let moments = work.map(parts.count, |index| parts.cut(&data, index).read())?;
    let mut total = Moments::default();
    moments.iter().for_each(|part| total.merge(part));
    Ok(total.repeated(data.times))
}

/// The moments along `axes`, which are sorted: one for each element of an array that has the
/// other axes, in C order.
pub fn along<T: Sample<Key: ToNumber>>(
    data: Data<'_, T>,
    axes: &[usize],
    work: &Work<'_>,
) -> Result<Vec<Moments<Number>>> {
    let mut data = data;
    let kept: Vec<usize> = (0..data.elements.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    data.permute(&order);
    let shape = &data.elements.shape()[..kept.len()];
    let lines = checked_size(shape)?;
    let length: usize = data.elements.shape()[kept.len()..].iter().product();
    let mut results = try_filled(lines, Moments::<Number>::default())?;
    if length == 0 {
        return Ok(results);
    }
    if let Some(column) = data.columns(kept.len()) {
        side_by_side(&data, kept.len(), column, &mut results, work)?;
        return Ok(results);
    }
    if length >= 2 * PART {
        for (index, result) in results.iter_mut().enumerate() {
            *result = all(data.line(kept.len(), index), work)?.any();
        }
        return Ok(results);
    }
    let group = (PART / length).max(1);
    let mut groups: Vec<&mut [Moments<Number>]> = try_vec(lines.div_ceil(group))?;
    groups.extend(results.chunks_mut(group));
    // The common case, rows that are contiguous, is worth a shorter way to find a row.
    let rows = data.elements.view().into_dimensionality::<Ix2>().ok();
    let rows = rows.filter(|rows| kept.len() == 1 && rows.stride_of(Axis(1)) == 1 && data.mask.is_none());
    work.for_each_mut(&mut groups, |index, results| {
        if let Some(rows) = &rows {
            let rows = rows.slice_axis(Axis(0), Slice::from(index * group..index * group + results.len()));
            if length <= SHORT && !T::HAS_ORIGIN {
                let mut moments = try_filled(results.len(), Moments::default())?;
                rows::short(&rows, data.skip_nan, &mut moments);
                results.iter_mut().zip(&moments).for_each(|(result, moments)| *result = moments.any());
                return Ok(());
            }
            for (row, result) in rows.outer_iter().zip(results.iter_mut()) {
                *result = data.slice_moments(row.to_slice().expect("elements of a row have step 1")).any();
            }
            return Ok(());
        }
        for (offset, result) in results.iter_mut().enumerate() {
            let line = data.line(kept.len(), index * group + offset);
            *result = line.arranged().read_all()?.any();
        }
        Ok(())
    })?;
    Ok(results)
}

/// Along axes that are not the innermost one, which is `column`, of the `kept` first axes.
fn side_by_side<T: Sample<Key: ToNumber>>(
    data: &Data<'_, T>,
    kept: usize,
    column: usize,
    results: &mut [Moments<Number>],
    work: &Work<'_>,
) -> Result<()> {
    let shape = &data.elements.shape()[..kept];
    let lines = shape[column];
    let tiles = lines.div_ceil(TILE);
    // Lines with the same index but in `column` are this far apart in the results.
    let step: usize = shape[column + 1..].iter().product();
    let found = work.map(results.len() / lines * tiles, |index| {
        let (outer, tile) = (index / tiles, index % tiles * TILE);
        let mut view = data.elements.view();
        view.slice_axis_inplace(Axis(column), Slice::from(tile..(tile + TILE).min(lines)));
        let mut rest = outer;
        for axis in (0..kept).rev().filter(|&axis| axis != column) {
            view.collapse_axis(Axis(axis), rest % shape[axis]);
            rest /= shape[axis];
        }
        view.swap_axes(0, column);
        for axis in (1..kept).rev() {
            view = view.index_axis_move(Axis(axis), 0);
        }
        columns::tile(&view, data.skip_nan, work)
    })?;
    for (index, tile) in found.iter().enumerate() {
        let (outer, start) = (index / tiles, index % tiles * TILE);
        let base = outer / step * step * lines + outer % step;
        for (offset, moments) in tile.iter().enumerate() {
            results[base + (start + offset) * step] = moments.any();
        }
    }
    Ok(())
}

impl<'a, T: Sample> Data<'a, T> {
    /// The `elements` for which the `mask`, of the same shape, is true; without NaN if `skip_nan`.
    pub fn new(elements: ArrayViewD<'a, T>, mask: Option<ArrayViewD<'a, Bool>>, skip_nan: bool) -> Self {
        Data { elements, mask, skip_nan, times: 1 }
    }

    /// The elements of one line: `index` counts through the first `kept` axes.
    fn line(&self, kept: usize, index: usize) -> Data<'_, T> {
        let mut rest = index;
        let mut line = self.view();
        for axis in (0..kept).rev() {
            let len = self.elements.len_of(Axis(axis));
            line = line.index(axis, rest % len);
            rest /= len;
        }
        line
    }

    /// The innermost axis in memory, if it is one of the `kept` first axes and long enough that
    /// its lines are better walked side by side.
    fn columns(&self, kept: usize) -> Option<usize> {
        let step = |axis: &usize| self.elements.stride_of(Axis(*axis)).unsigned_abs();
        let long = |axis: &usize| self.elements.len_of(Axis(*axis)) > 1 && step(axis) > 0;
        let inner = (0..self.elements.ndim()).filter(long).min_by_key(step)?;
        let repeats = |axis| self.elements.stride_of(Axis(axis)) == 0 && self.elements.len_of(Axis(axis)) > 1;
        let fits = inner < kept && self.elements.len_of(Axis(inner)) >= 4;
        (fits && self.mask.is_none() && !(kept..self.elements.ndim()).any(repeats)).then_some(inner)
    }

    fn view(&self) -> Data<'_, T> {
        Data { elements: self.elements.view(), mask: self.mask.as_ref().map(|mask| mask.view()), ..*self }
    }

    fn index(self, axis: usize, at: usize) -> Self {
        Data {
            elements: self.elements.index_axis_move(Axis(axis), at),
            mask: self.mask.map(|mask| mask.index_axis_move(Axis(axis), at)),
            ..self
        }
    }

    fn slice(&mut self, axis: usize, range: Slice) {
        self.elements.slice_axis_inplace(Axis(axis), range);
        if let Some(mask) = &mut self.mask {
            mask.slice_axis_inplace(Axis(axis), range);
        }
    }

    fn permute(&mut self, order: &[usize]) {
        self.elements = self.elements.clone().permuted_axes(order);
        if let Some(mask) = &mut self.mask {
            *mask = mask.clone().permuted_axes(order);
        }
    }

    /// The same elements with as few axes as can be, in the order of memory.
    fn arranged(mut self) -> Self {
        for axis in 0..self.elements.ndim() {
            if self.elements.stride_of(Axis(axis)) < 0 {
                self.elements.invert_axis(Axis(axis));
                if let Some(mask) = &mut self.mask {
                    mask.invert_axis(Axis(axis));
                }
            }
        }
        for axis in (0..self.elements.ndim()).rev() {
            let len = self.elements.len_of(Axis(axis));
            let repeats = self.mask.is_none() && self.elements.stride_of(Axis(axis)) == 0;
            if len == 1 || (repeats && len > 0) {
                self.times *= len as u64;
                self = self.index(axis, 0);
            }
        }
        let mut order: Vec<usize> = (0..self.elements.ndim()).collect();
        order.sort_by_key(|&axis| std::cmp::Reverse(self.elements.stride_of(Axis(axis))));
        self.permute(&order);
        if self.mask.is_none() {
            for axis in (1..self.elements.ndim()).rev() {
                if self.elements.merge_axes(Axis(axis - 1), Axis(axis)) {
                    self = self.index(axis - 1, 0);
                }
            }
        }
        self
    }

    /// The moments of all elements, on this thread.
    fn read_all(&self) -> Result<Moments<T::Key>> {
        Ok(self.read()?.repeated(self.times))
    }

    /// The same, but with repeated elements once.
    fn read(&self) -> Result<Moments<T::Key>> {
        if let Some(mask) = &self.mask {
            return self.read_masked(mask);
        }
        if let Some(slice) = self.elements.as_slice_memory_order() {
            return Ok(self.slice_moments(slice));
        }
        let mut total = Moments::default();
        let Some(&first) = self.elements.first() else { return Ok(total) };
        let mut buffer = try_filled(BLOCK, first)?;
        let mut filled = 0;
        let mut put = |elements: ArrayView1<'_, T>| {
            // Copies many elements in one loop, which is several times faster than one by one.
            gather(&elements, &mut buffer[filled..filled + elements.len()]);
            filled += elements.len();
            if filled == BLOCK {
                total.merge(&self.slice_moments(&buffer));
                filled = 0;
            }
            BLOCK - filled
        };
        let mut room = BLOCK;
        let mut runs = Moments::default();
        for line in self.elements.lanes(Axis(self.elements.ndim().saturating_sub(1))) {
            match line.to_slice() {
                Some(run) if run.len() >= RUN => runs.merge(&self.slice_moments(run)),
                _ => {
                    let mut rest = line;
                    while !rest.is_empty() {
                        let (now, later) = rest.split_at(Axis(0), rest.len().min(room));
                        room = put(now);
                        rest = later;
                    }
                }
            }
        }
        total.merge(&runs);
        total.merge(&self.slice_moments(&buffer[..BLOCK - room]));
        Ok(total)
    }

    /// The moments of the elements for which the mask is true.
    fn read_masked(&self, mask: &ArrayViewD<'_, Bool>) -> Result<Moments<T::Key>> {
        let mut total = Moments::default();
        let Some(&first) = self.elements.first() else { return Ok(total) };
        let mut buffer = try_filled(BLOCK, first)?;
        let mut filled = 0;
        for (element, counts) in self.elements.iter().zip(mask) {
            // Written in any case, and overwritten by the next if it does not count: no branch.
            buffer[filled] = *element;
            filled += usize::from(counts.get());
            if filled == BLOCK {
                total.merge(&self.slice_moments(&buffer));
                filled = 0;
            }
        }
        total.merge(&self.slice_moments(&buffer[..filled]));
        Ok(total)
    }

    fn slice_moments(&self, slice: &[T]) -> Moments<T::Key> {
        slice_moments(slice, self.skip_nan)
    }
}

/// How an array is cut into parts: an axis into pieces, and the axes outside it into single steps.
struct Parts {
    axis: usize,
    piece: usize,
    pieces: usize,
    count: usize,
}

impl Parts {
    fn of<T: Sample>(data: &Data<'_, T>) -> Self {
        let shape = data.elements.shape();
        let size = PART * data.elements.len().div_ceil(PART * MOST_PARTS).max(1);
        let mut inner = data.elements.len();
        for (axis, &len) in shape.iter().enumerate() {
            inner /= len.max(1);
            if inner <= size {
                let piece = (size / inner.max(1)).max(1);
                let pieces = len.div_ceil(piece).max(1);
                return Parts {
                    axis,
                    piece,
                    pieces,
                    count: pieces * shape[..axis].iter().product::<usize>(),
                };
            }
        }
        Parts { axis: 0, piece: 1, pieces: 1, count: 1 }
    }

    fn cut<'d, T: Sample>(&self, data: &'d Data<'_, T>, index: usize) -> Data<'d, T> {
        let mut part = data.view();
        let start = index % self.pieces * self.piece;
        let end = (start + self.piece).min(part.elements.len_of(Axis(self.axis)));
        part.slice(self.axis, Slice::from(start..end));
        let mut rest = index / self.pieces;
        for axis in (0..self.axis).rev() {
            let len = data.elements.len_of(Axis(axis));
            part = part.index(axis, rest % len);
            rest /= len;
        }
        part
    }
}
