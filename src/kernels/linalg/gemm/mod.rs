//! The blocked product of two matrices.
//!
//! The loops are those of K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix
//! Multiplication", ACM TOMS 34(3), 2008, with the two matrices exchanged, as results in C order
//! have their rows in registers:
//!
//! ```text
//! LOOP 5: for each block of columns of c
//!     LOOP 4: for each block along k
//!         pack the block of b: it stays in the second-level cache
//!         LOOP 3: for each block of rows of c
//!             pack the block of a: it stays in the first-level cache
//!             LOOP 2: for each panel of the block of b
//!                 LOOP 1: for each panel of the block of a
//!                     micro-kernel: a tile of c, summed along k in registers
//! ```
//!
//! What is different: a block of a is a single panel, packed right before it is used, so LOOP 1
//! makes one pass and is not written; and all is generic over the type of number.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | the loops |
//! | `pack` | panels: the parts of both matrices that are in use, in the order of use |
//! | `microkernel` | a tile; its instructions are in `simd/dot`, for NEON in a file there |
//!
//! Each result is summed along k in order, in blocks whose depth depends on the type only. So it
//! has the same bits whatever part of the matrix a thread computes, and on every level that has a
//! fused multiply-add.

mod microkernel;
mod pack;

use crate::alloc::{try_filled, try_reserve};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::{self, Dot, Kernel, Level, Packed, Simd};

use super::matrix::{Matrix, MatrixMut};
use super::number::{Number, Value};
use super::partition::{Operands, Part, Split};
use super::small::{self, SmallTile};
use microkernel::{LOW, Tile, WIDTH, store, tile};
use pack::{groups, pack_left, pack_right};

/// Bytes along k in one lane of a packed block. With 12 rows, a panel of a is 24 KiB.
const DEPTH_BYTES: usize = 2048;

/// Bytes in a packed block of b: half of a small second-level cache.
const BLOCK_BYTES: usize = 512 << 10;

/// Rows and columns of a block of sums that are not rounded yet.
const ROUNDING: (usize, usize) = (240, 1024);

/// The largest matrices for which packing does not pay.
const SMALL: usize = 16;

/// c = a b, for any sizes.
#[inline]
pub fn multiply<T: Number>(
    level: Level,
    operands: &mut Operands<'_, T>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    operands.for_each(split, work, |part| multiply_part(level, part, work))
}

/// A part of it.
pub fn multiply_part<T: Number>(level: Level, part: Part<'_, T>, work: &Work<'_>) -> Result<()> {
    simd::run_at(level, Blocked { part, work })
}

struct Blocked<'p, 'w, T> {
    part: Part<'p, T>,
    work: &'w Work<'w>,
}

impl<T: Number> Kernel for Blocked<'_, '_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let dot = <T::Value as Value>::Dot::<S>::from(simd);
        // What is not chosen is not compiled: the compiler evaluates the constant before.
        match Tile::<<T::Value as Value>::Dot<S>, T::Value>::HIGH {
            12 => self.multiply::<S, _, 12>(dot),
            6 => self.multiply::<S, _, 6>(dot),
            _ => self.multiply::<S, _, LOW>(dot),
        }
    }
}

impl<T: Number> Blocked<'_, '_, T> {
    /// The same, in tiles of up to `HIGH` rows.
    #[inline(always)]
    fn multiply<S: Simd, D: Dot<T::Value>, const HIGH: usize>(mut self, dot: D) -> Result<()> {
        let (mut panels, mut pacer) = (Panels::<D, T::Value, HIGH>::new(), Pacer::new(self.work));
        // Of the whole product, not of a part, so that all parts are computed the same way.
        let operands = self.part.operands();
        let exchange = operands.sizes().2 > 1 && operands.is_c_col_contiguous();
        for index in self.part.matrices() {
            let (a, b, mut c) = self.part.matrix_in_loop(index, &mut pacer)?;
            if small::multiply::<S, T, SmallTile>(a, b, &mut c, SMALL) {
                continue;
            }
            if T::ROUNDS {
                multiply_rounding(dot, a, b, c, &mut panels, &mut pacer)?;
            } else {
                multiply_matrix(dot, a, b, c, exchange, &mut panels, &mut pacer)?;
            }
        }
        Ok(())
    }
}

/// The product of elements that hold less than the sums: they are rounded once, at the end.
#[inline(always)]
fn multiply_rounding<D, T, const HIGH: usize>(
    dot: D,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    panels: &mut Panels<D, T::Value, HIGH>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: Dot<T::Value>,
    T: Number,
{
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let mut sums = try_filled(m.min(ROUNDING.0) * n.min(ROUNDING.1), T::Value::default())?;
    for col in (0..n).step_by(ROUNDING.1) {
        let cols = col..n.min(col + ROUNDING.1);
        for row in (0..m).step_by(ROUNDING.0) {
            let rows = row..m.min(row + ROUNDING.0);
            let sums = &mut sums[..rows.len() * cols.len()];
            let target = MatrixMut::from_slice(sums, rows.len(), cols.len());
            let (a, b) = (a.block(rows.clone(), 0..k), b.block(0..k, cols.clone()));
            multiply_matrix(dot, a, b, target, false, panels, pacer)?;
            for (row, sums) in rows.zip(sums.chunks_exact(cols.len())) {
                c.write(row, cols.clone(), sums, T::from_value);
            }
        }
    }
    Ok(())
}

/// Memory for packed panels, kept from one product to the next.
struct Panels<D: Dot<V>, V, const HIGH: usize> {
    high: Vec<[D::Group; HIGH]>,
    low: Vec<[D::Group; LOW]>,
    wide: Vec<[D::Packed; WIDTH]>,
    narrow: Vec<[D::Packed; 1]>,
}

impl<D: Dot<V>, V, const HIGH: usize> Panels<D, V, HIGH> {
    /// Whether some tiles are higher than the low ones.
    const HAS_HIGH: bool = HIGH > LOW;

    fn new() -> Self {
        Panels { high: Vec::new(), low: Vec::new(), wide: Vec::new(), narrow: Vec::new() }
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
fn multiply_matrix<D, T, U, const HIGH: usize>(
    dot: D,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, U>,
    exchange: bool,
    panels: &mut Panels<D, T::Value, HIGH>,
    pacer: &mut Pacer<'_>,
) -> Result<()>
where
    D: Dot<T::Value>,
    T: Number,
    U: Number<Value = T::Value>,
{
    let (a, b, mut c) = if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let depth = (DEPTH_BYTES / size_of::<D::Group>() * D::DEPTH).min(k.max(1));
    let block = BLOCK_BYTES / (groups::<D, T::Value>(depth) * WIDTH * size_of::<D::Packed>()).max(1);
    let block = block.max(1) * Tile::<D, T::Value>::LANES;
    // LOOP 5: a block of columns of c.
    for col in (0..n).step_by(block) {
        let cols = block.min(n - col);
        // LOOP 4: a block along k. One pass even where k is zero: it writes zeros.
        for from in (0..k.max(1)).step_by(depth) {
            let depth = depth.min(k - from);
            let b = b.block(from..from + depth, col..col + cols);
            pack_block(b, panels)?;
            // LOOP 3: a block of rows of c, of one panel.
            let mut row = 0;
            while row < m {
                let left = m - row;
                let (wide, narrow) = (&panels.wide, &panels.narrow);
                let mut height = LOW;
                if Panels::<D, T::Value, HIGH>::HAS_HIGH && left.next_multiple_of(LOW) >= HIGH {
                    height = HIGH;
                }
                let rows = left.min(height);
                let a = a.block(row..row + rows, from..from + depth);
                let c = c.block(row..row + rows, col..col + cols);
                let len = groups::<D, T::Value>(depth);
                if Panels::<D, T::Value, HIGH>::HAS_HIGH && height == HIGH {
                    grow(&mut panels.high, len, [D::group(Default::default()); HIGH])?;
                    multiply_panel::<D, T, U, HIGH>(dot, a, c, &mut panels.high, wide, narrow, from > 0);
                } else {
                    grow(&mut panels.low, len, [D::group(Default::default()); LOW])?;
                    multiply_panel::<D, T, U, LOW>(dot, a, c, &mut panels.low, wide, narrow, from > 0);
                }
                row += rows;
                pacer.spend(rows * depth.max(1) * cols)?;
            }
        }
    }
    Ok(())
}

/// Packs `b`: panels two registers wide, and the last columns in one register if they fit.
#[inline(always)]
fn pack_block<D, T, const HIGH: usize>(b: Matrix<'_, T>, panels: &mut Panels<D, T::Value, HIGH>) -> Result<()>
where
    D: Dot<T::Value>,
    T: Number,
{
    let (wide, narrow) = panels_of::<D, T::Value>(b.cols);
    let len = groups::<D, T::Value>(b.rows);
    grow(&mut panels.wide, wide * len, [D::Packed::zero(); WIDTH])?;
    grow(&mut panels.narrow, usize::from(narrow) * len, [D::Packed::zero(); 1])?;
    let lanes = Tile::<D, T::Value>::LANES;
    if len > 0 {
        for (panel, packed) in panels.wide.chunks_exact_mut(len).take(wide).enumerate() {
            let cols = panel * lanes..b.cols.min((panel + 1) * lanes);
            pack_right::<D, T, WIDTH>(b.block(0..b.rows, cols), packed);
        }
    }
    if narrow {
        let remainder = b.block(0..b.rows, wide * lanes..b.cols);
        pack_right::<D, T, 1>(remainder, &mut panels.narrow[..len]);
    }
    Ok(())
}

/// How many panels of two registers `cols` columns take, and whether one more register.
#[inline(always)]
fn panels_of<D: Dot<V>, V>(cols: usize) -> (usize, bool) {
    let lanes = Tile::<D, V>::LANES;
    let remainder = cols % lanes;
    let narrow = remainder > 0 && remainder <= D::LANES;
    (cols / lanes + usize::from(remainder > 0 && !narrow), narrow)
}

/// The rows of `c` that belong to one panel of a.
#[inline(always)]
fn multiply_panel<D, T, U, const HEIGHT: usize>(
    dot: D,
    a: Matrix<'_, T>,
    mut c: MatrixMut<'_, U>,
    left: &mut [[D::Group; HEIGHT]],
    wide: &[[D::Packed; WIDTH]],
    narrow: &[[D::Packed; 1]],
    accumulate: bool,
) where
    D: Dot<T::Value>,
    T: Number,
    U: Number<Value = T::Value>,
{
    let (rows, cols, len) = (a.rows, c.cols(), groups::<D, T::Value>(a.cols));
    let left = &mut left[..len];
    pack_left::<D, T, HEIGHT>(a, left);
    let (panels, remainder) = panels_of::<D, T::Value>(cols);
    let lanes = Tile::<D, T::Value>::LANES;
    // LOOP 2: a panel of b.
    for panel in 0..panels {
        let sums = tile::<D, T::Value, HEIGHT, WIDTH>(dot, left, &wide[panel * len..][..len]);
        let cols = panel * lanes..cols.min((panel + 1) * lanes);
        store::<D, U, HEIGHT, WIDTH>(&sums, c.block(0..rows, cols), accumulate);
    }
    if remainder {
        let sums = tile::<D, T::Value, HEIGHT, 1>(dot, left, &narrow[..len]);
        store::<D, U, HEIGHT, 1>(&sums, c.block(0..rows, panels * lanes..cols), accumulate);
    }
}
