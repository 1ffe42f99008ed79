//! Packing: blocks of both matrices, copied to where the micro-kernel reads them fast.

use super::super::element::Float;
use super::super::matrix::Matrix;
use crate::simd::Level;
use crate::simd::memory::padded_stride;

/// Copies a block of b to panels of `cols` columns, one after the other; the columns that the last one
/// lacks are zeros.
#[inline(always)]
pub fn pack_b<F: Float>(level: Level, b: Matrix<'_, F>, memory: &mut [F], cols: usize) {
    let whole = b.cols / cols;
    let len = b.rows * cols;
    if b.is_row_contiguous() {
        for row in 0..b.rows {
            let elements = b.row(row, 0..whole * cols);
            for panel in 0..whole {
                memory[panel * len + row * cols..][..cols].copy_from_slice(&elements[panel * cols..][..cols]);
            }
        }
    } else {
        for panel in 0..whole {
            let b = b.block(0..b.rows, panel * cols..(panel + 1) * cols);
            F::copy_rows(level, b, &mut memory[panel * len..][..len], cols);
        }
    }
    if whole * cols < b.cols {
        let remainder = b.block(0..b.rows, whole * cols..b.cols);
        let memory = &mut memory[whole * len..][..len];
        memory.fill(F::default());
        F::copy_rows(level, remainder, memory, cols);
    }
}

/// Elements that a panel of `rows` rows of a takes, `depth` deep.
pub fn len_of_a<F: Float>(rows: usize, depth: usize) -> usize {
    rows * padded_stride::<F>(depth)
}

/// Copies some rows of a: as they are, or by columns, if these are contiguous. Up to `rows` rows that are
/// missing are zeros.
#[inline(always)]
pub fn pack_a<'m, F: Float>(a: Matrix<'_, F>, memory: &'m mut [F], rows: usize) -> Matrix<'m, F> {
    let depth = a.cols;
    if a.is_col_contiguous() && !a.is_row_contiguous() {
        let memory = &mut memory[..rows * depth];
        if a.rows == rows {
            for (col, copy) in memory.chunks_exact_mut(rows).enumerate() {
                copy.copy_from_slice(a.col(col, 0..rows));
            }
        } else {
            memory.fill(F::default());
            for (col, copy) in memory.chunks_exact_mut(rows).enumerate() {
                copy[..a.rows].copy_from_slice(a.col(col, 0..a.rows));
            }
        }
        return Matrix::with_stride(memory, depth, rows, rows).transposed();
    }
    let stride = padded_stride::<F>(depth);
    let memory = &mut memory[..rows * stride];
    for (row, copy) in memory.chunks_exact_mut(stride).enumerate() {
        let copy = &mut copy[..depth];
        if row >= a.rows {
            copy.fill(F::default());
        } else if a.is_row_contiguous() {
            copy.copy_from_slice(a.row(row, 0..depth));
        } else {
            for (col, element) in copy.iter_mut().enumerate() {
                *element = a.get(row, col);
            }
        }
    }
    Matrix::with_stride(memory, rows, depth, stride)
}
