//! The blocked product of two matrices.
//!
//! The loops are those of K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix
//! Multiplication", ACM TOMS 34(3), 2008, with the two matrices exchanged, as results in C order
//! have their rows in registers:
//!
//! - a block of b, `DEPTH_BYTES` deep, is packed; it stays in the second-level cache;
//! - a panel of a few rows of a is packed, as deep as the block; it stays in the first-level cache;
//! - for each panel of b in the block, a tile of results is summed in registers: a step along k
//!   loads two registers of b, and multiplies them with each row's element of a.
//!
//! What is different: one panel of a at a time is packed, right before it is used, so there is no
//! large block of a; and the tile is generic over the type of number (see `ring`).
//!
//! Each result is summed along k in order, in blocks whose depth depends on the type only. So it
//! has the same bits whatever part of the matrix a thread computes, and on every level that has a
//! fused multiply-add.

use crate::alloc::try_reserve;
use crate::error::Result;

use super::Pace;
use super::matrix::{Matrix, MatrixMut};
use super::pack::{groups, pack_left, pack_right};
use super::ring::{Number, Ring, Value};

/// Bytes along k in one lane of a packed block. With 12 rows, a panel of a is 24 KiB.
const DEPTH_BYTES: usize = 2048;

/// Bytes in a packed block of b: half of a small second-level cache.
const BLOCK_BYTES: usize = 512 << 10;

/// Rows of the tiles that are used where no high one fits.
const LOW: usize = 4;

/// Registers in a row of a tile.
const WIDTH: usize = 2;

/// Memory for packed panels, kept from one product to the next.
pub struct Scratch<R: Ring, const HIGH: usize> {
    high: Vec<[R::Group; HIGH]>,
    low: Vec<[R::Group; LOW]>,
    wide: Vec<[R::Right; WIDTH]>,
    narrow: Vec<[R::Right; 1]>,
}

impl<R: Ring, const HIGH: usize> Scratch<R, HIGH> {
    pub fn new() -> Self {
        Scratch { high: Vec::new(), low: Vec::new(), wide: Vec::new(), narrow: Vec::new() }
    }
}

/// Makes `vec` at least `len` long.
#[inline(always)]
fn grow<T: Copy>(vec: &mut Vec<T>, len: usize, value: T) -> Result<()> {
    if vec.len() < len {
        try_reserve(vec, len - vec.len())?;
        vec.resize(len, value);
    }
    Ok(())
}

/// c = a b. With `exchange` rows of c have their elements in registers where columns had them; that
/// changes the last bits of complex sums, so it is the same for all parts of a product.
#[inline(always)]
pub fn multiply<R, T, U, const HIGH: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, U>,
    exchange: bool,
    scratch: &mut Scratch<R, HIGH>,
    pace: &mut Pace<'_>,
) -> Result<()>
where
    R: Ring,
    T: Number<Value = R::Value>,
    U: Number<Value = R::Value>,
{
    let (a, b, mut c) = if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let depth = (DEPTH_BYTES / size_of::<R::Group>() * R::DEPTH).min(k.max(1));
    let lanes = WIDTH * R::LANES;
    let block = BLOCK_BYTES / (groups::<R>(depth) * WIDTH * size_of::<R::Right>()).max(1);
    let block = block.max(1) * lanes;
    for col in (0..n).step_by(block) {
        let cols = block.min(n - col);
        // One pass even where k is zero: it writes zeros.
        for from in (0..k.max(1)).step_by(depth) {
            let depth = depth.min(k - from);
            let b = b.block(from..from + depth, col..col + cols);
            pack_block::<R, T, HIGH>(b, scratch)?;
            let mut row = 0;
            while row < m {
                let left = m - row;
                let high = left.next_multiple_of(LOW) >= HIGH;
                let rows = left.min(if high { HIGH } else { LOW });
                let a = a.block(row..row + rows, from..from + depth);
                let c = c.block(row..row + rows, col..col + cols);
                let (wide, narrow) = (&scratch.wide, &scratch.narrow);
                if high {
                    grow(&mut scratch.high, groups::<R>(depth), [R::group(Default::default()); HIGH])?;
                    tiles::<R, T, U, HIGH>(a, c, &mut scratch.high, wide, narrow, from > 0);
                } else {
                    grow(&mut scratch.low, groups::<R>(depth), [R::group(Default::default()); LOW])?;
                    tiles::<R, T, U, LOW>(a, c, &mut scratch.low, wide, narrow, from > 0);
                }
                row += rows;
                pace.add(rows * depth.max(1) * cols)?;
            }
        }
    }
    Ok(())
}

/// Packs `b`: panels two registers wide, and the last columns in one register if they fit.
#[inline(always)]
fn pack_block<R, T, const HIGH: usize>(b: Matrix<'_, T>, scratch: &mut Scratch<R, HIGH>) -> Result<()>
where
    R: Ring,
    T: Number<Value = R::Value>,
{
    let (wide, narrow) = panels::<R>(b.cols);
    let places = groups::<R>(b.rows);
    grow(&mut scratch.wide, wide * places, [R::right(); WIDTH])?;
    grow(&mut scratch.narrow, usize::from(narrow) * places, [R::right(); 1])?;
    let lanes = WIDTH * R::LANES;
    if places > 0 {
        for (panel, packed) in scratch.wide.chunks_exact_mut(places).take(wide).enumerate() {
            let cols = panel * lanes..b.cols.min((panel + 1) * lanes);
            pack_right::<R, T, WIDTH>(b.block(0..b.rows, cols), packed);
        }
    }
    if narrow {
        let rest = b.block(0..b.rows, wide * lanes..b.cols);
        pack_right::<R, T, 1>(rest, &mut scratch.narrow[..places]);
    }
    Ok(())
}

/// How many panels of two registers `cols` columns take, and whether one more register.
#[inline(always)]
fn panels<R: Ring>(cols: usize) -> (usize, bool) {
    let lanes = WIDTH * R::LANES;
    let rest = cols % lanes;
    let narrow = rest > 0 && rest <= R::LANES;
    (cols / lanes + usize::from(rest > 0 && !narrow), narrow)
}

/// The rows of `c` that belong to one panel of a.
#[inline(always)]
fn tiles<R, T, U, const HEIGHT: usize>(
    a: Matrix<'_, T>,
    mut c: MatrixMut<'_, U>,
    left: &mut [[R::Group; HEIGHT]],
    wide: &[[R::Right; WIDTH]],
    narrow: &[[R::Right; 1]],
    accumulate: bool,
) where
    R: Ring,
    T: Number<Value = R::Value>,
    U: Number<Value = R::Value>,
{
    let (rows, cols, places) = (a.rows, c.cols(), groups::<R>(a.cols));
    let left = &mut left[..places];
    pack_left::<R, T, HEIGHT>(a, left);
    let (panels, rest) = panels::<R>(cols);
    let lanes = WIDTH * R::LANES;
    for panel in 0..panels {
        let sums = tile::<R, HEIGHT, WIDTH>(left, &wide[panel * places..][..places]);
        let cols = panel * lanes..cols.min((panel + 1) * lanes);
        store::<R, U, HEIGHT, WIDTH>(&sums, c.block(0..rows, cols), accumulate);
    }
    if rest {
        let sums = tile::<R, HEIGHT, 1>(left, &narrow[..places]);
        store::<R, U, HEIGHT, 1>(&sums, c.block(0..rows, panels * lanes..cols), accumulate);
    }
}

/// The product of two packed panels.
#[inline(always)]
fn tile<R: Ring, const HEIGHT: usize, const WIDTH: usize>(
    left: &[[R::Group; HEIGHT]],
    right: &[[R::Right; WIDTH]],
) -> [[R::Lanes; WIDTH]; HEIGHT] {
    let mut sums = [[R::zero(); WIDTH]; HEIGHT];
    for (left, right) in left.iter().zip(right) {
        for i in 0..HEIGHT {
            for v in 0..WIDTH {
                sums[i][v] = R::step(sums[i][v], left[i], &right[v]);
            }
        }
    }
    let mut lanes = [[R::finish(R::zero()); WIDTH]; HEIGHT];
    for i in 0..HEIGHT {
        for v in 0..WIDTH {
            lanes[i][v] = R::finish(sums[i][v]);
        }
    }
    lanes
}

/// Writes or adds a tile, of which `c` may have fewer rows and columns.
#[inline(always)]
fn store<R, U, const HEIGHT: usize, const WIDTH: usize>(
    sums: &[[R::Lanes; WIDTH]; HEIGHT],
    mut c: MatrixMut<'_, U>,
    accumulate: bool,
) where
    R: Ring,
    U: Number<Value = R::Value>,
{
    let (rows, cols) = (c.rows(), c.cols());
    let plain = c.has_plain_rows();
    for (i, sums) in sums.iter().enumerate().take(rows) {
        for (v, sums) in sums.iter().enumerate() {
            let from = v * R::LANES;
            let to = cols.min(from + R::LANES);
            let sums = sums.as_ref();
            if plain && to - from.min(to) == R::LANES {
                write::<R, U>(&mut c.row(i, from..to)[..R::LANES], &sums[..R::LANES], accumulate);
            } else if plain && from < to {
                write::<R, U>(c.row(i, from..to), sums, accumulate);
            } else {
                for (col, &sum) in (from..to).zip(sums) {
                    let c = c.at(i, col);
                    *c = U::from_value(if accumulate { c.value().plus(sum) } else { sum });
                }
            }
        }
    }
}

#[inline(always)]
fn write<R, U>(row: &mut [U], sums: &[R::Value], accumulate: bool)
where
    R: Ring,
    U: Number<Value = R::Value>,
{
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
