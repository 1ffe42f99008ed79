//! Products of floats by the kernels of two crates.
//!
//! `private-gemm-x86` has kernels for AVX2 and AVX-512, `matrixmultiply` for every other CPU.
//! Both keep sums along k in order, in blocks whose depth depends on the type only. They are
//! called for tiles of the result and blocks along k, each less than 5 milliseconds of work, so
//! that a caller can stop a product. Where an operand lies in memory in a way that the kernels
//! are slow with, the block is copied first.
#![allow(unsafe_code)]

#[cfg(x86_simd)]
use std::ptr::null;

use num_complex::Complex;

use crate::alloc::try_filled;
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel, Level};

use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};

/// The depth of a tile: that of a block in `private-gemm-x86`.
const DEPTH: usize = 512;

/// A type of elements that the kernels of the crates know.
pub trait Float: Number<Value = Self> + Value {
    /// The most rows and columns of a tile; columns are a multiple of those in the registers.
    const TILE: (usize, usize);
    /// Columns in the registers.
    const LANES: usize;
    /// One.
    const ONE: Self;
    /// Zero.
    const ZERO: Self;
    /// The name in `private-gemm-x86`.
    #[cfg(x86_simd)]
    const DTYPE: private_gemm_x86::DType;
    /// c = a b, or c += a b, for every CPU.
    fn portable(a: Matrix<'_, Self>, b: Matrix<'_, Self>, c: MatrixMut<'_, Self>, accumulate: bool);
}

macro_rules! floats {
    ($($type:ty, $tile:expr, $lanes:literal, $dtype:ident, $gemm:ident;)*) => { $(
        impl Float for $type {
            const TILE: (usize, usize) = $tile;
            const LANES: usize = $lanes;
            const ONE: $type = 1.0;
            const ZERO: $type = 0.0;
            #[cfg(x86_simd)]
            const DTYPE: private_gemm_x86::DType = private_gemm_x86::DType::$dtype;
            fn portable(a: Matrix<'_, Self>, b: Matrix<'_, Self>, c: MatrixMut<'_, Self>, accumulate: bool) {
                let ((a_start, a_row, a_col), (b_start, b_row, b_col)) = (a.raw(), b.raw());
                let (c_start, c_row, c_col) = c.raw();
                let beta = if accumulate { 1.0 } else { 0.0 };
                // SAFETY: the matrices are in memory that may be read, and c is this call's
                // alone; `tile` has checked that the sizes fit.
                unsafe {
                    matrixmultiply::$gemm(
                        a.rows, a.cols, b.cols, 1.0, a_start, a_row, a_col, b_start, b_row, b_col, beta, c_start,
                        c_row, c_col,
                    );
                }
            }
        }
    )* };
}
floats! {
    f32, (768, 576), 96, F32, sgemm;
    f64, (512, 576), 48, F64, dgemm;
}

macro_rules! complex_floats {
    ($($part:ty, $tile:expr, $lanes:literal, $dtype:ident;)*) => { $(
        impl Float for Complex<$part> {
            const TILE: (usize, usize) = $tile;
            const LANES: usize = $lanes;
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            #[cfg(x86_simd)]
            const DTYPE: private_gemm_x86::DType = private_gemm_x86::DType::$dtype;
            fn portable(a: Matrix<'_, Self>, b: Matrix<'_, Self>, mut c: MatrixMut<'_, Self>, accumulate: bool) {
                // The baseline has tiles of its own (`product`); this is for completeness.
                for i in 0..a.rows {
                    for j in 0..b.cols {
                        let mut sum = if accumulate { *c.at(i, j) } else { Self::ZERO };
                        for place in 0..a.cols {
                            sum += a.get(i, place) * b.get(place, j);
                        }
                        *c.at(i, j) = sum;
                    }
                }
            }
        }
    )* };
}
complex_floats! {
    f32, (384, 384), 48, C32;
    f64, (256, 240), 24, C64;
}

/// c = a b, with the instructions of `level`, which the CPU must have. The kernels have the
/// elements of a row of c in a register; `exchange` says that those of a column follow each other.
pub fn multiply<T: Float>(
    level: Level,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, T>,
    exchange: bool,
    work: &Work<'_>,
) -> Result<()> {
    let (a, b, mut c) = if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
    let (m, k, n) = (a.rows, a.cols, b.cols);
    if m == 0 || n == 0 || k == 0 {
        for i in 0..m {
            for j in 0..n {
                *c.at(i, j) = T::ZERO;
            }
        }
        return Ok(());
    }
    #[cfg(x86_simd)]
    if level > Level::Baseline {
        room_for_kernels()?;
    }
    // Tiles of about the same size: the last one is not a narrow rest.
    let height = m.div_ceil(m.div_ceil(T::TILE.0).max(1));
    let width = n.div_ceil(n.div_ceil(T::TILE.1).max(1)).next_multiple_of(T::LANES);
    let mut right = Vec::new();
    let mut sums = Vec::new();
    if !b.has_plain_rows() {
        right = try_filled(DEPTH.min(k) * width.min(n), T::ZERO)?;
    }
    if !c.has_plain_rows() {
        sums = try_filled(height * width.min(n), T::ZERO)?;
    }
    for col in (0..n).step_by(width) {
        let cols = col..n.min(col + width);
        for from in (0..k).step_by(DEPTH) {
            let places = from..k.min(from + DEPTH);
            let mut b = b.block(places.clone(), cols.clone());
            if !b.has_plain_rows() {
                let len = b.rows * b.cols;
                b = copied(level, b, &mut right[..len]);
            }
            for row in (0..m).step_by(height) {
                work.check()?;
                let rows = row..m.min(row + height);
                let a = a.block(rows.clone(), places.clone());
                let mut c = c.block(rows, cols.clone());
                if c.has_plain_rows() {
                    tile(level, a, b, c, from > 0);
                    continue;
                }
                let sums = &mut sums[..c.rows() * c.cols()];
                tile(level, a, b, MatrixMut::from_slice(sums, c.rows(), c.cols()), false);
                for (i, sums) in sums.chunks_exact(c.cols()).enumerate() {
                    for (j, &sum) in sums.iter().enumerate() {
                        let c = c.at(i, j);
                        *c = if from > 0 { (*c).plus(sum) } else { sum };
                    }
                }
            }
        }
    }
    Ok(())
}

/// `private-gemm-x86` takes twice the size of the third-level cache for each thread, when it is
/// first called there, and ends the process if that is refused: so this is tried before. (It is
/// address space; the tiles above touch a few mebibytes of it.)
#[cfg(x86_simd)]
fn room_for_kernels() -> Result<()> {
    const ROOM: usize = 256 << 20;
    thread_local! {
        static TRIED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    if !TRIED.get() {
        let room = crate::alloc::try_vec::<u8>(ROOM)?;
        // Or the compiler sees that nothing is done with it.
        std::hint::black_box(room.as_ptr());
        TRIED.set(true);
    }
    Ok(())
}

/// Rows and columns of a block that is transposed at a time: no more columns than the first-level
/// cache has ways, as they may all be in one set.
const BLOCK: (usize, usize) = (16, 8);

/// A copy in memory with plain rows.
fn copied<'c, T: Float>(level: Level, matrix: Matrix<'_, T>, copy: &'c mut [T]) -> Matrix<'c, T> {
    simd::run_at(level, Copied { matrix, copy: &mut *copy });
    Matrix::from_slice(copy, matrix.rows, matrix.cols)
}

struct Copied<'a, T> {
    matrix: Matrix<'a, T>,
    copy: &'a mut [T],
}

impl<T: Float> Kernel for Copied<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Copied { matrix, copy } = self;
        let (rows, cols) = (matrix.rows, matrix.cols);
        for row in (0..rows).step_by(BLOCK.0) {
            for col in (0..cols).step_by(BLOCK.1) {
                let (height, width) = (BLOCK.0.min(rows - row), BLOCK.1.min(cols - col));
                if (height, width) == BLOCK && matrix.has_plain_cols() {
                    let mut block = [[T::ZERO; BLOCK.1]; BLOCK.0];
                    for j in 0..BLOCK.1 {
                        let line = &matrix.col(col + j, row..row + BLOCK.0)[..BLOCK.0];
                        for i in 0..BLOCK.0 {
                            block[i][j] = line[i];
                        }
                    }
                    for i in 0..BLOCK.0 {
                        copy[(row + i) * cols + col..][..BLOCK.1].copy_from_slice(&block[i]);
                    }
                } else {
                    for i in row..row + height {
                        for j in col..col + width {
                            copy[i * cols + j] = matrix.get(i, j);
                        }
                    }
                }
            }
        }
    }
}

/// c = a b or c += a b, where c has plain rows.
fn tile<T: Float>(level: Level, a: Matrix<'_, T>, b: Matrix<'_, T>, c: MatrixMut<'_, T>, accumulate: bool) {
    assert!(a.rows == c.rows() && a.cols == b.rows && b.cols == c.cols());
    #[cfg(x86_simd)]
    if level > Level::Baseline {
        use private_gemm_x86::{Accum, DstKind, IType, InstrSet, gemm};
        let set = if level == Level::Avx2 { InstrSet::Avx256 } else { InstrSet::Avx512 };
        let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
        let ((a_start, a_row, a_col), (b_start, b_row, b_col)) = (a.raw(), b.raw());
        let (c_start, c_row, c_col) = c.raw();
        let one = T::ONE;
        // The crate has columns in registers: c^T = b^T a^T.
        // SAFETY: the matrices are in memory that may be read, and c is this call's alone; the
        // sizes fit by the line above; the CPU has the instructions of the level. Without
        // indices and a diagonal, null is what the crate takes for them.
        unsafe {
            gemm(
                <T as Float>::DTYPE,
                IType::U64,
                set,
                b.cols,
                a.rows,
                a.cols,
                c_start.cast(),
                c_col,
                c_row,
                null(),
                null(),
                DstKind::Full,
                accumulate,
                b_start.cast(),
                b_col,
                b_row,
                false,
                null(),
                0,
                a_start.cast(),
                a_col,
                a_row,
                false,
                (&raw const one).cast(),
                1,
            );
        }
        return;
    }
    T::portable(a, b, c, accumulate);
}
