//! The micro-kernel: one tile of results, summed in registers.
//!
//! The tile is the product of two packed panels. It is written once for every type and level; the
//! instructions are those of [`Dot`], in `simd/dot`.

use std::marker::PhantomData;

use super::super::matrix::MatrixMut;
use super::super::number::Number;
use crate::simd::{Arithmetic, Dot, Level};

/// Registers in a row of a tile. With two, a group of the left panel is used twice once it is in a
/// register, and loads do not limit the multiply-adds.
pub const WIDTH: usize = 2;

/// Rows of the tiles that are used where no high one fits.
pub const LOW: usize = 4;

/// The tiles of elements of type `V` with the instructions of `D`.
pub struct Tile<D, V>(PhantomData<(D, V)>);

impl<D: Dot<V>, V> Tile<D, V> {
    /// Rows of a tile: as many as have room for their sums in the registers, beside two of the right
    /// panel and what is multiplied. The baseline of x86 has no room for more than the low ones, as
    /// its instructions overwrite one of their operands.
    pub const HIGH: usize = if matches!(D::LEVEL, Level::Baseline) {
        LOW
    } else {
        let sums = if D::REGISTERS >= 32 { 24 } else { 12 };
        let high = sums / WIDTH / D::SUM_REGISTERS;
        if high > LOW { high } else { LOW }
    };

    /// Sums in a row of a tile.
    pub const LANES: usize = WIDTH * D::LANES;
}

/// The product of two packed panels.
#[inline(always)]
pub fn tile<D, V, const HEIGHT: usize, const WIDTH: usize>(
    dot: D,
    left: &[[D::Group; HEIGHT]],
    right: &[[D::Packed; WIDTH]],
) -> [[D::Lanes; WIDTH]; HEIGHT]
where
    D: Dot<V>,
{
    let mut sums = [[dot.zero(); WIDTH]; HEIGHT];
    for (left, right) in left.iter().zip(right) {
        for i in 0..HEIGHT {
            for v in 0..WIDTH {
                sums[i][v] = dot.add_products(sums[i][v], left[i], &right[v]);
            }
        }
    }
    let mut lanes = [[dot.lanes(dot.zero()); WIDTH]; HEIGHT];
    for i in 0..HEIGHT {
        for v in 0..WIDTH {
            lanes[i][v] = dot.lanes(sums[i][v]);
        }
    }
    lanes
}

/// Writes or adds a tile, of which `c` may have fewer rows and columns.
#[inline(always)]
pub fn store<D, U, const HEIGHT: usize, const WIDTH: usize>(
    sums: &[[D::Lanes; WIDTH]; HEIGHT],
    mut c: MatrixMut<'_, U>,
    accumulate: bool,
) where
    D: Dot<U::Value>,
    U: Number,
{
    let (rows, cols) = (c.rows(), c.cols());
    if c.is_row_contiguous() && cols == WIDTH * D::LANES {
        for (i, sums) in sums.iter().enumerate().take(rows) {
            let row = &mut c.row(i, 0..cols)[..WIDTH * D::LANES];
            for (v, sums) in sums.iter().enumerate() {
                write::<U>(&mut row[v * D::LANES..][..D::LANES], &sums.as_ref()[..D::LANES], accumulate);
            }
        }
    } else {
        for (i, sums) in sums.iter().enumerate().take(rows) {
            for (v, sums) in sums.iter().enumerate() {
                let from = v * D::LANES;
                if from < cols {
                    let c = c.block(i..i + 1, from..cols.min(from + D::LANES));
                    store_edge(sums.as_ref(), c, accumulate);
                }
            }
        }
    }
}

/// Writes or adds the sums of one row at an edge of c, or where its rows are not contiguous: for a few
/// elements a call, so that it is compiled once for all tiles and levels.
#[inline(never)]
fn store_edge<U: Number>(sums: &[U::Value], mut c: MatrixMut<'_, U>, accumulate: bool) {
    if c.is_row_contiguous() {
        let cols = c.cols();
        write::<U>(c.row(0, 0..cols), sums, accumulate);
    } else {
        for (col, &sum) in (0..c.cols()).zip(sums) {
            let c = c.at(0, col);
            *c = U::from_value(if accumulate { c.value().plus(sum) } else { sum });
        }
    }
}

#[inline(always)]
fn write<U: Number>(row: &mut [U], sums: &[U::Value], accumulate: bool) {
    if accumulate {
        for (c, &sum) in row.iter_mut().zip(sums) {
            *c = U::from_value(c.value().plus(sum));
        }
    } else {
        for (c, &sum) in row.iter_mut().zip(sums) {
            *c = U::from_value(sum);
        }
    }
}
