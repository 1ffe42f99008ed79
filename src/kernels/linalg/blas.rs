//! Products of floats by the kernels of two crates.
//!
//! `private-gemm-x86` has kernels for AVX2 and AVX-512, `matrixmultiply` for every other CPU.
//! Both keep sums along k in order, in blocks whose depth depends on the type only. They are
//! called for tiles of the result and blocks along k, each less than 5 milliseconds of work, so
//! that a caller can stop a product. Where an operand lies in memory in a way that the kernels
//! are slow with, the block is copied first.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
#[cfg(x86_simd)]
use std::ptr::null;

use num_complex::Complex;

use crate::alloc::{ask_for, try_filled};
use crate::error::Result;
use crate::simd::{self, Kernel, Level};

use super::Pace;
use super::matrix::{Matrix, MatrixMut};
use super::ring::{Number, Value};
use super::transpose::{self, PortableFlip, Transpose};
#[cfg(x86_simd)]
use super::x86::FlipAvx2;

/// The depth of a tile, by level: that of a block in the crate. With another one, sums that are
/// added up here, and not there, would have other last bits.
fn depth(level: Level) -> usize {
    if level > Level::Baseline { 512 } else { PACKED.1 }
}

/// The most rows that `matrixmultiply` packs at a time, how deep, and the most that it adds to
/// make rows and columns whole tiles.
const PACKED: (usize, usize, usize) = (64, 256, 16);

/// Memory for copies of a and of b.
type Room<T> = Cell<(Vec<T>, Vec<T>)>;

/// The same by type.
#[derive(Default)]
struct Rooms {
    f32: Room<f32>,
    f64: Room<f64>,
    c32: Room<Complex<f32>>,
    c64: Room<Complex<f64>>,
}

thread_local! {
    static ROOMS: Rooms = Rooms::default();
}

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
    /// Memory for copies that this thread has kept, so that it need not be asked for and cleared
    /// for each product.
    fn take_rooms() -> (Vec<Self>, Vec<Self>);
    /// Keeps it for the next product.
    fn keep_rooms(rooms: (Vec<Self>, Vec<Self>));
    /// Copies the matrix to rows that are `step` elements apart.
    fn copy(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], step: usize);
    /// c = a b, or c += a b, for every CPU; c has plain rows.
    fn portable(
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        c: MatrixMut<'_, Self>,
        accumulate: bool,
    ) -> Result<()>;
}

/// What is the same for real and complex numbers.
macro_rules! common {
    ($tile:expr, $lanes:literal, $side:literal, $rooms:ident, $dtype:ident) => {
        const TILE: (usize, usize) = $tile;
        const LANES: usize = $lanes;
        #[cfg(x86_simd)]
        const DTYPE: private_gemm_x86::DType = private_gemm_x86::DType::$dtype;
        fn take_rooms() -> (Vec<Self>, Vec<Self>) {
            ROOMS.with(|rooms| rooms.$rooms.take())
        }
        fn keep_rooms(kept: (Vec<Self>, Vec<Self>)) {
            ROOMS.with(|rooms| rooms.$rooms.set(kept));
        }
        fn copy(level: Level, matrix: Matrix<'_, Self>, copy: &mut [Self], step: usize) {
            match level {
                #[cfg(x86_simd)]
                Level::Avx2 | Level::Avx512 => {
                    simd::run_at(
                        Level::Avx2,
                        Transpose::<Self, FlipAvx2, $side> { matrix, copy, step, flip: PhantomData },
                    );
                }
                _ => Transpose::<Self, PortableFlip, $side> { matrix, copy, step, flip: PhantomData }
                    .run(simd::Baseline),
            }
        }
    };
}

macro_rules! floats {
    ($($type:ty, $tile:expr, $lanes:literal, $side:literal, $rooms:ident, $dtype:ident, $gemm:ident;)*) => { $(
        impl Float for $type {
            const ONE: $type = 1.0;
            const ZERO: $type = 0.0;
            common! { $tile, $lanes, $side, $rooms, $dtype }
            fn portable(
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: MatrixMut<'_, Self>,
                accumulate: bool,
            ) -> Result<()> {
                // The crate takes as much to pack blocks of both, each time.
                let (rows, depth, more) = PACKED;
                ask_for::<Self>(a.cols.min(depth) * (a.rows.min(rows) + b.cols + 2 * more))?;
                let ((a_start, a_row, a_col), (b_start, b_row, b_col)) = (a.raw(), b.raw());
                let (c_start, c_row, _) = c.raw();
                let beta = if accumulate { 1.0 } else { 0.0 };
                // SAFETY: the matrices are in memory that may be read, and c is this call's
                // alone; `tile` has checked that the sizes fit.
                unsafe {
                    matrixmultiply::$gemm(
                        a.rows, a.cols, b.cols, 1.0, a_start, a_row, a_col, b_start, b_row, b_col, beta, c_start,
                        c_row, 1,
                    );
                }
                Ok(())
            }
        }
    )* };
}
floats! {
    f32, (768, 576), 96, 8, f32, F32, sgemm;
    f64, (512, 576), 48, 4, f64, F64, dgemm;
}

macro_rules! complex_floats {
    ($($part:ty, $tile:expr, $lanes:literal, $side:literal, $rooms:ident, $dtype:ident;)*) => { $(
        impl Float for Complex<$part> {
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            common! { $tile, $lanes, $side, $rooms, $dtype }
            fn portable(_: Matrix<'_, Self>, _: Matrix<'_, Self>, _: MatrixMut<'_, Self>, _: bool) -> Result<()> {
                unreachable!("`product` has tiles of its own for complex numbers of the baseline")
            }
        }
    )* };
}
complex_floats! {
    f32, (384, 384), 48, 4, c32, C32;
    f64, (256, 240), 24, 4, c64, C64;
}

/// c = a b, with the instructions of `level`, which the CPU must have. The kernels have the
/// elements of a row of c in a register; `exchange` says that those of a column follow each other.
pub fn multiply<T: Float>(
    level: Level,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, T>,
    exchange: bool,
    pace: &mut Pace<'_>,
) -> Result<()> {
    let (a, b, mut c) = if exchange { (b.transposed(), a.transposed(), c.transposed()) } else { (a, b, c) };
    let (m, k, n) = (a.rows, a.cols, b.cols);
    if k == 0 {
        for i in 0..m {
            pace.add(n)?;
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
    let height = m.div_ceil(m.div_ceil(T::TILE.0));
    let width = n.div_ceil(n.div_ceil(T::TILE.1)).next_multiple_of(T::LANES);
    let depth = depth(level).min(k);
    let (mut left, mut right) = T::take_rooms();
    let mut sums = Vec::new();
    let copies_a = a.rows_are_slow();
    if copies_a {
        grow(&mut left, height, depth)?;
    }
    if !b.has_plain_rows() {
        grow(&mut right, depth, width.min(n))?;
    }
    if !c.has_plain_rows() {
        sums = try_filled(height * width.min(n), T::ZERO)?;
    }
    for col in (0..n).step_by(width) {
        let cols = col..n.min(col + width);
        for from in (0..k).step_by(depth) {
            let places = from..k.min(from + depth);
            let mut b = b.block(places.clone(), cols.clone());
            if !b.has_plain_rows() {
                b = copied(level, b, &mut right);
            }
            for row in (0..m).step_by(height) {
                let rows = row..m.min(row + height);
                pace.add(rows.len() * places.len() * cols.len())?;
                let mut a = a.block(rows.clone(), places.clone());
                if copies_a {
                    a = copied(level, a, &mut left);
                }
                let mut c = c.block(rows, cols.clone());
                if c.has_plain_rows() {
                    tile(level, a, b, c, from > 0)?;
                    continue;
                }
                let sums = &mut sums[..c.rows() * c.cols()];
                tile(level, a, b, MatrixMut::from_slice(sums, c.rows(), c.cols()), false)?;
                for (i, sums) in sums.chunks_exact(c.cols()).enumerate() {
                    for (j, &sum) in sums.iter().enumerate() {
                        let c = c.at(i, j);
                        *c = if from > 0 { (*c).plus(sum) } else { sum };
                    }
                }
            }
        }
    }
    T::keep_rooms((left, right));
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
        ask_for::<u8>(ROOM)?;
        TRIED.set(true);
    }
    Ok(())
}

/// Makes `room` large enough for copies of blocks of up to `rows` by `cols`.
fn grow<T: Float>(room: &mut Vec<T>, rows: usize, cols: usize) -> Result<()> {
    // One more line, as the first row begins with one.
    let len = rows.saturating_mul(transpose::step::<T>(cols)).saturating_add(transpose::LINE);
    if room.len() < len {
        *room = try_filled(len, T::ZERO)?;
    }
    Ok(())
}

/// A copy in memory with plain rows.
fn copied<'c, T: Float>(level: Level, matrix: Matrix<'c, T>, room: &'c mut [T]) -> Matrix<'c, T> {
    let start = room.as_ptr().align_offset(transpose::LINE).min(transpose::LINE);
    let step = transpose::step::<T>(matrix.cols);
    let copy = &mut room[start..][..matrix.rows * step];
    T::copy(level, matrix, &mut *copy, step);
    Matrix::with_step(copy, matrix.rows, matrix.cols, step)
}

/// c = a b or c += a b, where c has plain rows.
fn tile<T: Float>(
    level: Level,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: MatrixMut<'_, T>,
    accumulate: bool,
) -> Result<()> {
    assert!(a.rows == c.rows() && a.cols == b.rows && b.cols == c.cols() && c.has_plain_rows());
    #[cfg(x86_simd)]
    if level > Level::Baseline {
        use private_gemm_x86::{Accum, DstKind, IType, InstrSet, gemm};
        let set = if level == Level::Avx2 { InstrSet::Avx256 } else { InstrSet::Avx512 };
        let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
        let ((a_start, a_row, a_col), (b_start, b_row, b_col)) = (a.raw(), b.raw());
        // The step between columns is one. Where there is a single column it may say otherwise, and
        // the crate would exchange the operands: complex sums would have other last bits.
        let (c_start, c_row, _) = c.raw();
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
    T::portable(a, b, c, accumulate)
}
