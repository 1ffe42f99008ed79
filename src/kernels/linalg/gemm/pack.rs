//! Packing: the parts of both matrices that are in use, rearranged into the order of use.
//!
//! Both matrices are packed the same way, seen from the sum: a panel has a number of lanes
//! (rows of the left matrix, columns of the right one), and its groups follow each other along k.

// Loops over lanes with an index are what the compiler turns into vectors.

use super::super::matrix::Matrix;
use super::super::number::Number;
use crate::simd::{Dot, Packed};

/// How a panel is stored.
trait Panel<G> {
    /// Puts a group into a lane, at an index along k.
    fn put(&mut self, index: usize, lane: usize, group: G);
}

/// A panel of the left matrix: `HEIGHT` groups at each index.
struct Left<'a, G, const HEIGHT: usize>(&'a mut [[G; HEIGHT]]);

impl<G, const HEIGHT: usize> Panel<G> for Left<'_, G, HEIGHT> {
    #[inline(always)]
    fn put(&mut self, index: usize, lane: usize, group: G) {
        self.0[index][lane] = group;
    }
}

/// A panel of the right matrix: `WIDTH` registers at each index.
struct Right<'a, D: Dot<V>, V, const WIDTH: usize>(&'a mut [[D::Packed; WIDTH]]);

impl<D: Dot<V>, V, const WIDTH: usize> Panel<D::Group> for Right<'_, D, V, WIDTH> {
    #[inline(always)]
    fn put(&mut self, index: usize, lane: usize, group: D::Group) {
        self.0[index][lane / D::LANES].set(lane % D::LANES, group);
    }
}

/// The number of groups along `k`.
#[inline(always)]
pub fn groups<D: Dot<V>, V>(k: usize) -> usize {
    k.div_ceil(D::DEPTH)
}

/// What the compiler is to know of a level before it compiles the code that depends on it.
struct Of<D, V>(std::marker::PhantomData<(D, V)>);

impl<D: Dot<V>, V> Of<D, V> {
    const IS_SINGLE: bool = D::DEPTH == 1;
}

/// Packs the rows of `a`, `HEIGHT` at most; the rows that are missing count as zero.
#[inline(always)]
pub fn pack_left<D, T, const HEIGHT: usize>(a: Matrix<'_, T>, panel: &mut [[D::Group; HEIGHT]])
where
    D: Dot<T::Value>,
    T: Number,
{
    let (k, rows) = (a.cols, a.rows);
    if Of::<D, T::Value>::IS_SINGLE && rows == HEIGHT && a.is_col_contiguous() {
        for (index, groups) in panel.iter_mut().enumerate().take(k) {
            let col = &a.col(index, 0..HEIGHT)[..HEIGHT];
            for lane in 0..HEIGHT {
                groups[lane] = D::group([col[lane].value(); 4]);
            }
        }
    } else if rows == HEIGHT && a.is_row_contiguous() && k % D::DEPTH == 0 {
        // One index after the other, so that what is written is contiguous.
        let panel = &mut panel[..k / D::DEPTH];
        let mut lines = [a.row(0, 0..k); HEIGHT];
        for (lane, line) in lines.iter_mut().enumerate() {
            *line = &a.row(lane, 0..k)[..panel.len() * D::DEPTH];
        }
        for (index, groups) in panel.iter_mut().enumerate() {
            for lane in 0..HEIGHT {
                groups[lane] = neighbours::<D, T>(lines[lane], index);
            }
        }
    } else {
        if rows < HEIGHT {
            panel.fill([D::group(Default::default()); HEIGHT]);
        }
        pack::<D, T, _>(a.transposed(), &mut Left(panel));
    }
}

/// The group at an index of a line of elements along k.
#[inline(always)]
fn neighbours<D, T>(line: &[T], index: usize) -> D::Group
where
    D: Dot<T::Value>,
    T: Number,
{
    let from = index * D::DEPTH;
    let values = &line[from..from + D::DEPTH];
    let mut group = [values[0].value(); 4];
    for depth in 1..D::DEPTH {
        group[depth] = values[depth].value();
    }
    D::group(group)
}

/// Packs the columns of `b`, `WIDTH` registers at most; those that are missing count as zero.
#[inline(always)]
pub fn pack_right<D, T, const WIDTH: usize>(b: Matrix<'_, T>, panel: &mut [[D::Packed; WIDTH]])
where
    D: Dot<T::Value>,
    T: Number,
{
    let (k, cols) = (b.rows, b.cols);
    if cols < WIDTH * D::LANES {
        panel.fill([D::Packed::zero(); WIDTH]);
    }
    if Of::<D, T::Value>::IS_SINGLE && cols < WIDTH * D::LANES && b.is_row_contiguous() {
        for (index, registers) in panel.iter_mut().enumerate() {
            for (v, row) in b.row(index, 0..cols).chunks(D::LANES).enumerate() {
                for (lane, &element) in row.iter().enumerate() {
                    registers[v].set(lane, D::group([element.value(); 4]));
                }
            }
        }
    } else if cols == WIDTH * D::LANES && b.is_row_contiguous() && k % D::DEPTH == 0 {
        for (index, registers) in panel.iter_mut().enumerate() {
            for (v, register) in registers.iter_mut().enumerate() {
                let from = v * D::LANES;
                let row = |depth: usize| {
                    let depth = if depth < D::DEPTH { depth } else { 0 };
                    &b.row(index * D::DEPTH + depth, from..from + D::LANES)[..D::LANES]
                };
                let rows = [row(0), row(1), row(2), row(3)];
                for lane in 0..D::LANES {
                    let values = [
                        rows[0][lane].value(),
                        rows[1][lane].value(),
                        rows[2][lane].value(),
                        rows[3][lane].value(),
                    ];
                    register.set(lane, D::group(values));
                }
            }
        }
    } else {
        pack::<D, T, _>(b, &mut Right::<D, T::Value, WIDTH>(panel));
    }
}

/// Packs the columns of `b` as the lanes of a panel, whatever the strides.
#[inline(always)]
fn pack<D, T, P>(b: Matrix<'_, T>, panel: &mut P)
where
    D: Dot<T::Value>,
    T: Number,
    P: Panel<D::Group>,
{
    let k = b.rows;
    let whole = k / D::DEPTH;
    for lane in 0..b.cols {
        if b.is_col_contiguous() {
            let col = b.col(lane, 0..k);
            for index in 0..whole {
                panel.put(index, lane, neighbours::<D, T>(col, index));
            }
        } else {
            for index in 0..whole {
                let mut values = [b.get(index * D::DEPTH, lane).value(); 4];
                for depth in 1..D::DEPTH {
                    values[depth] = b.get(index * D::DEPTH + depth, lane).value();
                }
                panel.put(index, lane, D::group(values));
            }
        }
        if whole * D::DEPTH < k {
            let mut values = <[T::Value; 4]>::default();
            for (value, row) in values.iter_mut().zip(whole * D::DEPTH..k) {
                *value = b.get(row, lane).value();
            }
            panel.put(whole, lane, D::group(values));
        }
    }
}
