//! Sums along axes.
//!
//! Where the elements of one sum lie side by side, each sum is a reduction of its own. Where the
//! sums lie side by side (the rows of a C-ordered matrix are to be added up), a tile of columns is
//! summed at a time: 16 rows one after the other, then tiles of 16, 32, 64, … rows in pairs.

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMutD, Axis, Ix1, Ix2, Slice};

use super::block::Summand;
use super::{Sum, sum};
use crate::alloc::try_vec;
use crate::dtype::Element;
use crate::error::Result;
use crate::kernels::blocks::feed;
use crate::parallel::Work;
use crate::simd::{self, Kernel, Simd};

/// Columns summed together: their partial sums stay in the first-level cache.
const TILE: usize = 256;
/// Rows added one after the other.
const ROWS: usize = 16;
/// Sums computed by one part of the work.
const PART: usize = 64;

/// Sums over `axes`; the others, in their order, are those of `out`. Totals are rounded or wrapped
/// to the type of `out` by `narrow`.
pub fn sum_axes<T: Summand, O: Element>(
    view: ArrayViewD<'_, T>,
    axes: &[usize],
    mut out: ArrayViewMutD<'_, O>,
    narrow: impl Fn(T::Total) -> O + Sync,
    work: &Work<'_>,
) -> Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    let kept: Vec<usize> = (0..view.ndim()).filter(|axis| !axes.contains(axis)).collect();
    if kept.is_empty() {
        out.fill(narrow(sum(view.into(), work)?));
        return Ok(());
    }
    let step = |axis: &usize| {
        if view.len_of(Axis(*axis)) > 1 { view.stride_of(Axis(*axis)).unsigned_abs() } else { usize::MAX }
    };
    let innermost = |axes: &[usize]| axes.iter().map(step).min().unwrap_or(usize::MAX);
    let side_by_side = axes.len() == 1 && innermost(&kept) < innermost(axes);
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let (kept_len, view) = (kept.len(), view.permuted_axes(order));
    if side_by_side {
        sum_columns(view, out, &narrow, work)
    } else {
        sum_each(view, kept_len, out, &narrow, work)
    }
}

/// Each sum by itself; the first `kept` axes of `view` are those of `out`.
fn sum_each<T: Summand, O: Element>(
    view: ArrayViewD<'_, T>,
    kept: usize,
    mut out: ArrayViewMutD<'_, O>,
    narrow: &(impl Fn(T::Total) -> O + Sync),
    work: &Work<'_>,
) -> Result<()> {
    let sub_views = |index: usize| {
        let mut sub = view.view();
        let mut index = index;
        for axis in (0..kept).rev() {
            let len = sub.len_of(Axis(axis));
            sub = sub.index_axis_move(Axis(axis), index % len);
            index /= len;
        }
        sub
    };
    let count = out.len();
    let parts = work.map(count.div_ceil(PART), |part| {
        let mut totals = Vec::with_capacity(PART);
        for index in part * PART..count.min((part + 1) * PART) {
            let mut state = Sum::<T>::default();
            feed(sub_views(index), &mut state, work)?;
            totals.push(narrow(state.0.finish()));
        }
        Ok(totals)
    })?;
    out.iter_mut().zip(parts.into_iter().flatten()).for_each(|(out, total)| *out = total);
    Ok(())
}

/// Sums over the last axis, whose step is larger than that of another.
fn sum_columns<T: Summand, O: Element>(
    view: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, O>,
    narrow: &(impl Fn(T::Total) -> O + Sync),
    work: &Work<'_>,
) -> Result<()> {
    let last = view.ndim() - 1;
    // The kept axis with the smallest step runs inside.
    let inner = (0..last)
        .filter(|&axis| view.len_of(Axis(axis)) > 1)
        .min_by_key(|&axis| view.stride_of(Axis(axis)).unsigned_abs());
    let inner = inner.unwrap_or(0);
    if last > 1 {
        // One matrix after the other.
        let outer = (0..last).find(|&axis| axis != inner).unwrap_or(0);
        return view
            .axis_iter(Axis(outer))
            .zip(out.axis_iter_mut(Axis(outer)))
            .try_for_each(|(view, out)| sum_columns(view, out, narrow, work));
    }
    let matrix = view.into_dimensionality::<Ix2>().map(|matrix| matrix.reversed_axes());
    let out = out.into_dimensionality::<Ix1>();
    let (Ok(matrix), Ok(mut out)) = (matrix, out) else { unreachable!("one kept axis and one summed") };
    let mut tiles = try_vec(out.len().div_ceil(TILE))?;
    tiles.extend(out.axis_chunks_iter_mut(Axis(0), TILE));
    work.for_each_mut(&mut tiles, |index, tile| {
        let columns = matrix.slice_axis(Axis(1), Slice::from(index * TILE..index * TILE + tile.len()));
        let mut totals = [T::Total::default(); TILE];
        sum_rows(columns, &mut totals, work)?;
        tile.iter_mut().zip(totals).for_each(|(out, total)| *out = narrow(total));
        Ok(())
    })
}

/// The sums of the columns of a tile: by halves, the depth is the logarithm of the rows.
fn sum_rows<T: Summand>(
    tile: ArrayView2<'_, T>,
    totals: &mut [T::Total; TILE],
    work: &Work<'_>,
) -> Result<()> {
    if tile.nrows() <= ROWS {
        simd::run(AddRows { tile, totals });
        return Ok(());
    }
    work.check()?;
    let half = tile.nrows().next_power_of_two() / 2;
    let (upper, lower) = tile.split_at(Axis(0), half);
    let mut other = [T::Total::default(); TILE];
    sum_rows(upper, totals, work)?;
    sum_rows(lower, &mut other, work)?;
    totals.iter_mut().zip(other).for_each(|(total, other)| *total = *total + other);
    Ok(())
}

struct AddRows<'a, T: Summand> {
    tile: ArrayView2<'a, T>,
    totals: &'a mut [T::Total; TILE],
}

impl<T: Summand> Kernel for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        for index in 0..self.tile.nrows() {
            let row = self.tile.row(index);
            match row.to_slice() {
                Some(row) => add_row(row, self.totals),
                None => (0..row.len()).for_each(|i| self.totals[i] = self.totals[i] + row[i].widen()),
            }
        }
    }
}

#[inline(always)]
fn add_row<T: Summand>(row: &[T], totals: &mut [T::Total; TILE]) {
    let totals = &mut totals[..row.len()];
    for i in 0..row.len() {
        totals[i] = totals[i] + row[i].widen();
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn, s};

    use super::*;

    fn naive(view: &ArrayViewD<'_, i32>, axes: &[usize]) -> Array<i64, IxDyn> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        sorted.iter().rev().fold(view.mapv(i64::from), |sums, &axis| sums.sum_axis(Axis(axis)))
    }

    #[test]
    fn agrees_with_adding_one_by_one() {
        let array = Array::from_iter((0..7 * 40 * 300).map(|i: i32| i * 7919 % 1000))
            .into_shape_with_order(IxDyn(&[7, 40, 300]))
            .expect("fits");
        let views =
            [array.view(), array.view().reversed_axes(), array.slice(s![..;-1, ..;3, ..;2]).into_dyn()];
        for view in views {
            for axes in [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]] {
                for workers in [1, 3] {
                    let expected = naive(&view, axes);
                    let mut out = Array::<i64, _>::zeros(expected.raw_dim());
                    sum_axes(
                        view.clone(),
                        axes,
                        out.view_mut(),
                        |total| total as i64,
                        &Work::with_threads(workers),
                    )
                    .expect("nothing fails here");
                    assert_eq!(out, expected, "{axes:?}");
                }
            }
        }
    }

    #[test]
    fn a_sum_of_no_rows_is_zero() {
        let array = Array::<f32, _>::zeros(IxDyn(&[0, 3]));
        let mut out = Array::<f32, _>::ones(IxDyn(&[3]));
        sum_axes(array.view(), &[0], out.view_mut(), |total| total as f32, &Work::serial())
            .expect("nothing fails here");
        assert_eq!(out, Array::<f32, _>::zeros(IxDyn(&[3])));
    }
}
