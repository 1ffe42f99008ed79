//! Products of floats by the kernels of two crates.
//!
//! `private-gemm-x86` has kernels for AVX2 and AVX-512, `matrixmultiply` for every other CPU.
//! Both keep sums along k in order, in blocks whose depth depends on the type only. They are
//! called for tiles of the result and blocks along k, each less than 5 milliseconds of work, so
//! that a caller can stop a product. Where an operand lies in memory in a way that the kernels
//! are slow with, the block is copied first.
#![allow(unsafe_code)]

use std::cell::Cell;
#[cfg(x86_simd)]
use std::ptr::null;
use std::thread::LocalKey;

use num_complex::Complex;

use super::matrix::{Matrix, MatrixMut};
use super::number::Value;
use super::partition::{Operands, Part, Split};
use super::transpose::copy_rows;
use crate::alloc::{ask_for, try_filled};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::Level;
use crate::simd::memory::{Aligned, padded_stride};

/// The depth of a tile where `private-gemm-x86` has kernels: that of a block in it. With another
/// one, sums that are added up here, and not there, would have other last bits.
const DEPTH: usize = 512;

/// What `matrixmultiply` packs at a time.
struct Packed;

impl Packed {
    /// The most rows.
    const ROWS: usize = 64;
    /// How deep: the depth of a tile, as for [`DEPTH`].
    const DEPTH: usize = 256;
    /// The most that it adds to make rows and columns whole tiles.
    const PADDING: usize = 16;
}

/// A product of `matrixmultiply`.
///
/// # Safety
/// The pointers are to matrices of the sizes and strides given, the last one to this call's alone.
type Gemm<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

/// Memory for copies of blocks of a and of b. Each thread keeps it, so that it need not be asked for
/// and cleared for each product.
#[derive(Default)]
pub struct Workspace<T> {
    a: Aligned<T>,
    b: Aligned<T>,
}

/// A type of elements that the kernels of the crates know.
///
/// Tiles of the result are as large as 5 milliseconds of work allow, so that little is packed again.
pub trait Float: Value {
    /// The most rows of a tile.
    const TILE_ROWS: usize;
    /// The most columns of a tile, a multiple of [`Float::TILE_LANES`].
    const TILE_COLS: usize;
    /// Columns of a tile are a multiple of this: of those in the registers of a kernel.
    const TILE_LANES: usize;
    /// One.
    const ONE: Self;
    /// Zero.
    const ZERO: Self;
    /// The name in `private-gemm-x86`.
    #[cfg(x86_simd)]
    const VENDOR_TYPE: private_gemm_x86::DType;
    /// The product of `matrixmultiply`, if it is used.
    const MATRIXMULTIPLY: Option<Gemm<Self>>;

    /// The memory of this thread.
    fn workspace() -> &'static LocalKey<Cell<Workspace<Self>>>;

    /// Copies the matrix to rows that are `stride` elements apart.
    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize);

    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

impl Float for f32 {
    const TILE_ROWS: usize = 768;
    const TILE_COLS: usize = 576;
    const TILE_LANES: usize = 96;
    const ONE: f32 = 1.0;
    const ZERO: f32 = 0.0;
    #[cfg(x86_simd)]
    const VENDOR_TYPE: private_gemm_x86::DType = private_gemm_x86::DType::F32;
    const MATRIXMULTIPLY: Option<Gemm<f32>> = Some(matrixmultiply::sgemm);

    fn workspace() -> &'static LocalKey<Cell<Workspace<f32>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<f32>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, f32>, copy: &mut [f32], stride: usize) {
        copy_rows::<f32, 8>(level, matrix, copy, stride);
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Float for f64 {
    const TILE_ROWS: usize = 512;
    const TILE_COLS: usize = 576;
    const TILE_LANES: usize = 48;
    const ONE: f64 = 1.0;
    const ZERO: f64 = 0.0;
    #[cfg(x86_simd)]
    const VENDOR_TYPE: private_gemm_x86::DType = private_gemm_x86::DType::F64;
    const MATRIXMULTIPLY: Option<Gemm<f64>> = Some(matrixmultiply::dgemm);

    fn workspace() -> &'static LocalKey<Cell<Workspace<f64>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<f64>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, f64>, copy: &mut [f64], stride: usize) {
        copy_rows::<f64, 4>(level, matrix, copy, stride);
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Float for Complex<f32> {
    const TILE_ROWS: usize = 384;
    const TILE_COLS: usize = 384;
    const TILE_LANES: usize = 48;
    const ONE: Self = Complex { re: 1.0, im: 0.0 };
    const ZERO: Self = Complex { re: 0.0, im: 0.0 };
    #[cfg(x86_simd)]
    const VENDOR_TYPE: private_gemm_x86::DType = private_gemm_x86::DType::C32;
    const MATRIXMULTIPLY: Option<Gemm<Self>> = None;

    fn workspace() -> &'static LocalKey<Cell<Workspace<Self>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<Complex<f32>>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize) {
        copy_rows::<Self, 4>(level, matrix, copy, stride);
    }

    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
}

impl Float for Complex<f64> {
    const TILE_ROWS: usize = 256;
    const TILE_COLS: usize = 240;
    const TILE_LANES: usize = 24;
    const ONE: Self = Complex { re: 1.0, im: 0.0 };
    const ZERO: Self = Complex { re: 0.0, im: 0.0 };
    #[cfg(x86_simd)]
    const VENDOR_TYPE: private_gemm_x86::DType = private_gemm_x86::DType::C64;
    const MATRIXMULTIPLY: Option<Gemm<Self>> = None;

    fn workspace() -> &'static LocalKey<Cell<Workspace<Self>>> {
        thread_local!(static WORKSPACE: Cell<Workspace<Complex<f64>>> = Cell::default());
        &WORKSPACE
    }

    fn copy_rows(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], stride: usize) {
        copy_rows::<Self, 4>(level, matrix, copy, stride);
    }

    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
}

/// c = a b, for any sizes.
pub fn multiply<T: Float>(
    level: Level,
    operands: &mut Operands<'_, T>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    operands.for_each(split, work, |mut part| multiply_part(level, &mut part, work))
}

/// A part of it, with the instructions of `level`, which the CPU must have.
pub fn multiply_part<T: Float>(level: Level, part: &mut Part<'_, T>, work: &Work<'_>) -> Result<()> {
    // Of the whole product, not of a part, so that all parts are computed the same way.
    let exchange = part.operands().is_c_col_contiguous();
    let mut pacer = Pacer::new(work);
    for index in part.matrices() {
        let (a, b, c) = part.matrix_in_loop(index, &mut pacer)?;
        multiply_matrix(level, a, b, c, exchange, &mut pacer)?;
    }
    Ok(())
}

/// c = a b. The kernels have the elements of a row of c in a register; `exchange` says that those
/// of a column follow each other.
fn multiply_matrix<T: Float>(
    level: Level,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, T>,
    exchange: bool,
    pacer: &mut Pacer<'_>,
) -> Result<()> {
    let (a, b, mut c) = if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
    let (m, k, n) = (a.rows, a.cols, b.cols);
    if k == 0 {
        for i in 0..m {
            pacer.spend(n)?;
            for j in 0..n {
                *c.at(i, j) = T::ZERO;
            }
        }
        return Ok(());
    }
    #[cfg(x86_simd)]
    if level > Level::Baseline {
        ask_for_kernels()?;
    }
    // Tiles of about the same size: the last one is not a narrow remainder.
    let height = m.div_ceil(m.div_ceil(T::TILE_ROWS));
    let width = n.div_ceil(n.div_ceil(T::TILE_COLS)).next_multiple_of(T::TILE_LANES);
    let depth = if level > Level::Baseline { DEPTH } else { Packed::DEPTH }.min(k);
    let mut workspace = T::workspace().take();
    let mut sums = Vec::new();
    let copies_a = a.rows_are_slow();
    if copies_a {
        grow(&mut workspace.a, height, depth)?;
    }
    if !b.is_row_contiguous() {
        grow(&mut workspace.b, depth, width.min(n))?;
    }
    if !c.is_row_contiguous() {
        sums = try_filled(height * width.min(n), T::ZERO)?;
    }
    for col in (0..n).step_by(width) {
        let cols = col..n.min(col + width);
        for from in (0..k).step_by(depth) {
            let along = from..k.min(from + depth);
            let mut b = b.block(along.clone(), cols.clone());
            if !b.is_row_contiguous() {
                b = copied(level, b, &mut workspace.b);
            }
            for row in (0..m).step_by(height) {
                let rows = row..m.min(row + height);
                pacer.spend(rows.len() * along.len() * cols.len())?;
                let mut a = a.block(rows.clone(), along.clone());
                if copies_a {
                    a = copied(level, a, &mut workspace.a);
                }
                let mut c = c.block(rows, cols.clone());
                if c.is_row_contiguous() {
                    multiply_tile(level, a, b, c, from > 0)?;
                    continue;
                }
                let sums = &mut sums[..c.rows() * c.cols()];
                multiply_tile(level, a, b, MatrixMut::from_slice(sums, c.rows(), c.cols()), false)?;
                for (i, sums) in sums.chunks_exact(c.cols()).enumerate() {
                    for (j, &sum) in sums.iter().enumerate() {
                        let c = c.at(i, j);
                        *c = if from > 0 { (*c).plus(sum) } else { sum };
                    }
                }
            }
        }
    }
    T::workspace().set(workspace);
    Ok(())
}

/// `private-gemm-x86` takes twice the size of the third-level cache for each thread, when it is
/// first called there, and ends the process if that is refused: so this is tried before. (It is
/// address space; the tiles above touch a few mebibytes of it.)
#[cfg(x86_simd)]
fn ask_for_kernels() -> Result<()> {
    const BYTES: usize = 256 << 20;
    thread_local! {
        static TRIED: Cell<bool> = const { Cell::new(false) };
    }
    if !TRIED.get() {
        ask_for::<u8>(BYTES)?;
        TRIED.set(true);
    }
    Ok(())
}

/// Makes `memory` large enough for copies of blocks of up to `rows` by `cols`.
fn grow<T: Float>(memory: &mut Aligned<T>, rows: usize, cols: usize) -> Result<()> {
    let len = rows.saturating_mul(padded_stride::<T>(cols));
    if memory.len() < len {
        *memory = Aligned::new(len)?;
    }
    Ok(())
}

/// A copy in memory with contiguous rows.
fn copied<'c, T: Float>(level: Level, matrix: Matrix<'c, T>, memory: &'c mut [T]) -> Matrix<'c, T> {
    let stride = padded_stride::<T>(matrix.cols);
    let copy = &mut memory[..matrix.rows * stride];
    T::copy_rows(level, matrix, &mut *copy, stride);
    Matrix::with_stride(copy, matrix.rows, matrix.cols, stride)
}

/// c = a b or c += a b, where c has contiguous rows.
fn multiply_tile<T: Float>(
    level: Level,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, T>,
    accumulate: bool,
) -> Result<()> {
    assert!(a.rows == c.rows() && a.cols == b.rows && b.cols == c.cols() && c.is_row_contiguous());
    let ((a_start, a_row, a_col), (b_start, b_row, b_col)) = (a.raw(), b.raw());
    // The stride between columns is one. Where there is a single column it may say otherwise, and
    // the crate would exchange the operands: complex sums would have other last bits.
    let (c_start, c_row, _) = c.raw();
    #[cfg(x86_simd)]
    if level > Level::Baseline {
        use private_gemm_x86::{Accum, DstKind, IType, InstrSet, gemm};
        assert!(Level::available().any(|available| available == level));
        let set = if level == Level::Avx2 { InstrSet::Avx256 } else { InstrSet::Avx512 };
        let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
        let one = T::ONE;
        // The crate has columns in registers: c^T = b^T a^T.
        // SAFETY: the matrices are in memory that may be read, and c is this call's alone; the
        // sizes fit by the line above; the CPU has the instructions of the level. Without
        // indices and a diagonal, null is what the crate takes for them.
        unsafe {
            gemm(
                T::VENDOR_TYPE,
                IType::U64,
                set,
                b.cols,
                a.rows,
                a.cols,
                c_start.cast(),
                1,
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
        return Ok(());
    }
    let _ = level;
    let gemm = T::MATRIXMULTIPLY.expect("complex numbers of the baseline have tiles of their own");
    // The crate takes as much to pack blocks of both, each time.
    let rows = a.rows.min(Packed::ROWS) + b.cols + 2 * Packed::PADDING;
    ask_for::<T>(a.cols.min(Packed::DEPTH) * rows)?;
    let beta = if accumulate { T::ONE } else { T::ZERO };
    // SAFETY: the matrices are in memory that may be read, and c is this call's alone; the sizes
    // fit by the first line.
    unsafe {
        gemm(
            a.rows,
            a.cols,
            b.cols,
            T::ONE,
            a_start,
            a_row,
            a_col,
            b_start,
            b_row,
            b_col,
            beta,
            c_start,
            c_row,
            1,
        );
    }
    Ok(())
}
