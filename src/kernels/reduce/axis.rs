//! Sums along axes.
//!
//! Where the elements of one sum lie side by side, each sum is a reduction of its own. Where the
//! sums lie side by side (the rows of a C-ordered matrix are to be added up), a tile of columns is
//! summed at a time: 16 rows one after the other, then tiles of 16, 32, 64, … rows in pairs.

use std::ops::Add;

use ndarray::ArrayViewD;

use super::Adder;
use super::block::Summand;
use super::narrow::Narrow;
use crate::alloc::{checked_size, try_filled};
use crate::error::Result;
use crate::layout::{AnySlice, Strided};
use crate::parallel::Work;
use crate::simd::{self, Kernel, Simd};

/// Columns summed together: their partial sums stay in the first-level cache.
const TILE: usize = 256;
/// Rows added one after the other.
const ROWS: usize = 16;
/// Sums computed by one part of the work.
const PART: usize = 64;

/// Sums over `axes`; the others, in their order, are those of `out`, which is contiguous. Totals are
/// rounded or wrapped to NumPy's dtype of the sums.
pub fn sum_axes<T: Narrow>(
    view: ArrayViewD<'_, T>,
    axes: &[usize],
    out: &mut [T::Sum],
    work: &Work<'_>,
) -> Result<()> {
    let adder = AxisAdder {
        adder: Adder::of_elements::<T>(),
        add_rows: |rows, totals| simd::run(AddRows::<T> { rows, totals }),
    };
    let totals = adder.sums(view.into(), axes, work)?;
    assert_eq!(out.len(), totals.len());
    out.iter_mut().zip(totals).for_each(|(out, total)| *out = T::narrow(total));
    Ok(())
}

/// Rows of some columns, and the totals of the columns, to which they are added.
type AddTo<A> = fn(&[AnySlice<'_>], &mut [A; TILE]);

/// How the elements of a dtype are added up. All but this is compiled once for each type of totals.
struct AxisAdder<A> {
    adder: Adder<A>,
    add_rows: AddTo<A>,
}

impl<A: Copy + Default + Add<Output = A> + Send> AxisAdder<A> {
    fn sums(&self, array: Strided<'_>, axes: &[usize], work: &Work<'_>) -> Result<Vec<A>> {
        let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
        if kept.is_empty() {
            return try_filled(1, self.adder.all(array, work)?);
        }
        let stride = |axis: &usize| match array.len_of(*axis) {
            0 | 1 => usize::MAX,
            _ => array.stride_of(*axis).unsigned_abs(),
        };
        let smallest = |axes: &[usize]| axes.iter().map(stride).min().unwrap_or(usize::MAX);
        let side_by_side = axes.len() == 1 && smallest(&kept) < smallest(axes);
        // The kept axis with the smallest stride: the columns, if the sums lie side by side.
        let column = (0..kept.len())
            .filter(|&axis| array.len_of(kept[axis]) > 1)
            .min_by_key(|&axis| stride(&kept[axis]));
        let shape: Vec<usize> = kept.iter().map(|&axis| array.len_of(axis)).collect();
        let mut totals = try_filled(checked_size(&shape)?, A::default())?;
        if totals.is_empty() {
            return Ok(totals);
        }
        if side_by_side {
            self.columns(&array, &kept, column.unwrap_or(0), axes[0], &mut totals, work)?;
            return Ok(totals);
        }
        let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
        let array = array.permuted(&order);
        let mut parts: Vec<&mut [A]> = totals.chunks_mut(PART).collect();
        work.for_each_mut(&mut parts, |part, totals| {
            totals.iter_mut().enumerate().try_for_each(|(offset, total)| {
                let line = array.line(kept.len(), part * PART + offset).in_memory_order();
                *total = self.adder.line(&line, work)?;
                Ok(())
            })
        })?;
        Ok(totals)
    }

    /// Sums over one axis, whose stride is larger than that of `kept[column]`.
    fn columns(
        &self,
        array: &Strided<'_>,
        kept: &[usize],
        column: usize,
        summed: usize,
        totals: &mut [A],
        work: &Work<'_>,
    ) -> Result<()> {
        let outer = kept.iter().enumerate().filter(|(index, _)| *index != column).map(|(_, &axis)| axis);
        let order: Vec<usize> = outer.chain([summed, kept[column]]).collect();
        let matrices = array.permuted(&order);
        let columns = array.len_of(kept[column]);
        // Sums of neighbouring columns are this far apart.
        let stride: usize = kept[column + 1..].iter().map(|&axis| array.len_of(axis)).product();
        let tiles = columns.div_ceil(TILE);
        let found = work.map(totals.len() / columns * tiles, |index| {
            let (matrix, start) = (matrices.line(kept.len() - 1, index / tiles), index % tiles * TILE);
            let width = TILE.min(columns - start);
            let mut totals = [A::default(); TILE];
            self.rows(&matrix.narrowed(1, start, width), &mut totals, work)?;
            let mut sums = try_filled(width, A::default())?;
            sums.copy_from_slice(&totals[..width]);
            Ok(sums)
        })?;
        for (index, sums) in found.iter().enumerate() {
            let (outer, start) = (index / tiles, index % tiles * TILE);
            let base = outer / stride * stride * columns + outer % stride;
            for (offset, sum) in sums.iter().enumerate() {
                totals[base + (start + offset) * stride] = *sum;
            }
        }
        Ok(())
    }

    /// The sums of the columns of a tile: by halves, the depth is the logarithm of the rows.
    fn rows(&self, tile: &Strided<'_>, totals: &mut [A; TILE], work: &Work<'_>) -> Result<()> {
        let rows = tile.len_of(0);
        if rows <= ROWS {
            return tile.rows(&mut |rows| {
                (self.add_rows)(rows, totals);
                Ok(())
            });
        }
        work.check()?;
        let half = rows.next_power_of_two() / 2;
        let mut other = [A::default(); TILE];
        self.rows(&tile.clone().narrowed(0, 0, half), totals, work)?;
        self.rows(&tile.clone().narrowed(0, half, rows - half), &mut other, work)?;
        totals.iter_mut().zip(other).for_each(|(total, other)| *total = *total + other);
        Ok(())
    }
}

struct AddRows<'a, T: Summand> {
    rows: &'a [AnySlice<'a>],
    totals: &'a mut [T::Total; TILE],
}

impl<T: Summand> Kernel for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        for row in self.rows {
            let row = row.typed::<T>();
            let totals = &mut self.totals[..row.len()];
            for i in 0..row.len() {
                totals[i] = totals[i] + row[i].widen();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Axis, IxDyn, s};

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
                    let sums = out.as_slice_mut().expect("a new array");
                    sum_axes(view.clone(), axes, sums, &Work::with_threads(workers))
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
        sum_axes(array.view(), &[0], out.as_slice_mut().expect("a new array"), &Work::serial())
            .expect("nothing fails here");
        assert_eq!(out, Array::<f32, _>::zeros(IxDyn(&[3])));
    }
}
