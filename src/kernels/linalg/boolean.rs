//! The product of matrices of bools: c is true where some a and b of the sum are both true.
//!
//! A row of c is the OR of those rows of b where the row of a is true. With rows of b as bits,
//! 512 columns are one OR. The method is that of the "Four Russians" (V. Arlazarov, E. Dinic,
//! M. Kronrod, I. Faradzhev, "On economical construction of the transitive closure of a directed
//! graph", 1970): for every four rows of b the ORs of all 16 choices are tabulated, so that four
//! elements of a row of a are one look-up. Tables of four rows, not of the theoretical optimum of
//! log2(n), are small enough that those of 64 rows stay in the first-level cache.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::partition::{Operands, Part, Split};
use crate::alloc::try_filled;
use crate::dtype::Bool;
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::{self, Kernel, Level, Simd};

/// Rows of b in the tables at a time: one word of a row of a.
const DEPTH: usize = 64;

/// Rows of a table.
const FOUR: usize = 4;

/// Rows of c that share the tables.
const ROWS: usize = 512;

/// Columns of c that are kept as bits at a time.
const COLS: usize = 1 << 15;

/// The ORs of every choice of four rows.
type Table<const WORDS: usize> = [[u64; WORDS]; 1 << FOUR];

/// c = a b, for any sizes.
pub fn multiply(
    level: Level,
    operands: &mut Operands<'_, Bool>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    // With AVX-512 it is no faster: tables and elements come from the caches.
    operands.for_each(split, work, |part| simd::run_up_to_avx2(level, Bools { part, work }))
}

struct Bools<'p, 'w> {
    part: Part<'p, Bool>,
    work: &'w Work<'w>,
}

impl Kernel for Bools<'_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) -> Result<()> {
        let mut pacer = Pacer::new(self.work);
        for index in self.part.matrices() {
            let (a, b, c) = self.part.matrix_in_loop(index, &mut pacer)?;
            multiply_matrix(simd, a, b, c, &mut pacer)?;
        }
        Ok(())
    }
}

/// The product of two matrices.
#[inline(always)]
fn multiply_matrix<S: Simd>(
    simd: S,
    a: Matrix<'_, Bool>,
    b: Matrix<'_, Bool>,
    mut c: MatrixMut<'_, Bool>,
    pacer: &mut Pacer<'_>,
) -> Result<()> {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    for row in (0..m).step_by(ROWS) {
        let rows = row..m.min(row + ROWS);
        for col in (0..n).step_by(COLS) {
            let cols = col..n.min(col + COLS);
            let (a, b) = (a.block(rows.clone(), 0..k), b.block(0..k, cols.clone()));
            let c = c.block(rows.clone(), cols);
            if n <= 64 {
                multiply_block::<S, 1>(simd, a, b, c, pacer)?;
            } else {
                multiply_block::<S, 8>(simd, a, b, c, pacer)?;
            }
        }
    }
    Ok(())
}

/// The same where the bits of c fit into memory, with `WORDS` of them at a time.
#[inline(always)]
fn multiply_block<S: Simd, const WORDS: usize>(
    simd: S,
    a: Matrix<'_, Bool>,
    b: Matrix<'_, Bool>,
    mut c: MatrixMut<'_, Bool>,
    pacer: &mut Pacer<'_>,
) -> Result<()> {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let lanes = 64 * WORDS;
    let blocks = n.div_ceil(lanes);
    let mut sums = try_filled(blocks * m, [0u64; WORDS])?;
    let mut left = try_filled(m, 0u64)?;
    let mut tables: [Table<WORDS>; DEPTH / FOUR] = [[[0; WORDS]; 1 << FOUR]; DEPTH / FOUR];
    for from in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - from);
        for (row, word) in left.iter_mut().enumerate() {
            *word = bits(simd, a, row, from..from + depth);
        }
        for (block, sums) in sums.chunks_exact_mut(m).enumerate() {
            pacer.spend((m + lanes) * DEPTH)?;
            let cols = block * lanes..n.min((block + 1) * lanes);
            let tables = &mut tables[..depth.div_ceil(FOUR)];
            for (four, table) in tables.iter_mut().enumerate() {
                let rows = from + four * FOUR..(from + depth).min(from + (four + 1) * FOUR);
                tabulate::<S, WORDS>(simd, b.block(rows, cols.clone()), table);
            }
            for (sum, &word) in sums.iter_mut().zip(&left) {
                let (mut word, mut total) = (word, *sum);
                for table in &*tables {
                    total = or(total, table[(word & 15) as usize]);
                    word >>= FOUR;
                }
                *sum = total;
            }
        }
    }
    for (block, sums) in sums.chunks_exact(m.max(1)).enumerate() {
        for (row, sum) in sums.iter().enumerate() {
            pacer.spend(lanes)?;
            for (word, &sum) in sum.iter().enumerate() {
                let from = block * lanes + word * 64;
                spread(simd, sum, &mut c, row, from..n.min(from + 64));
            }
        }
    }
    Ok(())
}

/// The ORs of every choice of the rows of `b`, of which there are four at most.
#[inline(always)]
fn tabulate<S: Simd, const WORDS: usize>(simd: S, b: Matrix<'_, Bool>, table: &mut Table<WORDS>) {
    for row in 0..FOUR {
        let mut words = [0; WORDS];
        if row < b.rows {
            for (word, from) in words.iter_mut().zip((0..b.cols).step_by(64)) {
                *word = bits(simd, b, row, from..b.cols.min(from + 64));
            }
        }
        // The choices with this row are those without it and this row.
        for choice in 0..1 << row {
            table[(1 << row) + choice] = or(table[choice], words);
        }
    }
}

#[inline(always)]
fn or<const WORDS: usize>(mut a: [u64; WORDS], b: [u64; WORDS]) -> [u64; WORDS] {
    for (a, b) in a.iter_mut().zip(b) {
        *a |= b;
    }
    a
}

/// Up to 64 elements of a row as bits, the first one lowest.
#[inline(always)]
fn bits<S: Simd>(simd: S, matrix: Matrix<'_, Bool>, row: usize, cols: Range<usize>) -> u64 {
    let mut bytes = [0; 64];
    if matrix.is_row_contiguous() && cols.end >= 64 {
        // Fewer than 64 are the last of 64: a copy of them alone would take longer than the rest.
        let skipped = 64 - cols.len();
        let elements = &matrix.row(row, cols.start - skipped..cols.end)[..64];
        for (byte, element) in bytes.iter_mut().zip(elements) {
            *byte = element.0;
        }
        return if skipped < 64 { simd.nonzero(&bytes) >> skipped } else { 0 };
    }
    for (byte, col) in bytes.iter_mut().zip(cols) {
        *byte = matrix.get(row, col).0;
    }
    simd.nonzero(&bytes)
}

/// Writes bits as elements of a row.
#[inline(always)]
fn spread<S: Simd>(simd: S, word: u64, c: &mut MatrixMut<'_, Bool>, row: usize, cols: Range<usize>) {
    if cols.is_empty() {
        return;
    }
    let mut elements = [Bool(0); 64];
    for (element, byte) in elements.iter_mut().zip(simd.spread(word)) {
        *element = Bool(byte);
    }
    if c.is_row_contiguous() {
        let row = c.row(row, cols);
        if let Ok(row) = <&mut [Bool; 64]>::try_from(&mut *row) {
            *row = elements;
        } else {
            let len = row.len();
            row.copy_from_slice(&elements[..len]);
        }
    } else {
        for (col, element) in cols.zip(elements) {
            *c.at(row, col) = element;
        }
    }
}
