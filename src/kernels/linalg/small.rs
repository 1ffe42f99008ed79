//! Products of small matrices: no packing, a tile of results in registers.
//!
//! Below some tens of rows and columns, packing and choosing tiles costs more than the
//! multiplication. Here the rows of b are read where they are, up to 16 elements at a time, and
//! some rows of results are summed at once. The sums are those of `gemm`, bit for bit.

use std::marker::PhantomData;

use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::{self, Arithmetic, Dot, Kernel, Level, Simd};

use super::matrix::{Matrix, MatrixMut};
use super::number::{Number, Value};
use super::partition::{MATRIX, Operands, Part, Split};

/// The largest tile of sums in registers.
pub trait Largest {
    /// Rows of a tile.
    const HEIGHT: usize;
    /// Columns of a tile.
    const WIDTH: usize;

    // As constants of their own: the compiler evaluates these before it compiles what they exclude.
    const HAS_8_ROWS: bool = Self::HEIGHT >= 8;
    const HAS_4_ROWS: bool = Self::HEIGHT >= 4;
    const HAS_16_COLS: bool = Self::WIDTH >= 16;
    const HAS_8_COLS: bool = Self::WIDTH >= 8;
}

/// The tiles of small products of any numbers: single rows, as there are many types and levels.
pub struct SmallTile;

impl Largest for SmallTile {
    const HEIGHT: usize = 1;
    const WIDTH: usize = 16;
}

/// The tiles of floats of type `T` with the instructions of `S`.
pub struct FloatTile<S, T>(PhantomData<(S, T)>);

impl<S: Simd, T: Value> Largest for FloatTile<S, T> {
    /// Sums of this many rows leave room for what is multiplied.
    const HEIGHT: usize = if S::REGISTERS >= 32 { 8 } else { 4 };
    /// Two registers hide how long an addition takes; small matrices are no wider than 16.
    const WIDTH: usize = if <T::Dot<S> as Dot<T>>::LANES > 8 { 16 } else { 2 * <T::Dot<S> as Dot<T>>::LANES };
}

/// The largest sizes of floats for which tiles without packing pay.
const LARGEST: usize = 64;

/// The largest vectors, which have a kernel of their own.
const LARGEST_VECTOR: usize = 8;

/// Whether a product of floats is one of small matrices.
#[inline]
pub fn fits<T: Copy + Send + Sync>(operands: &Operands<'_, T>) -> bool {
    let (m, k, n) = operands.sizes();
    let largest = if m == 1 || n == 1 { LARGEST_VECTOR } else { LARGEST };
    m.max(k).max(n) <= largest && operands.are_row_contiguous()
}

/// c = a b, for floats that [`fits`].
#[inline]
pub fn multiply_floats<T: Value>(
    level: Level,
    operands: &mut Operands<'_, T>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    operands.for_each(split, work, |part| simd::run_at(level, Small { part, work }))
}

struct Small<'p, 'w, T> {
    part: Part<'p, T>,
    work: &'w Work<'w>,
}

impl<T: Value> Kernel for Small<'_, '_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(mut self, _simd: S) -> Result<()> {
        let (m, k, n) = self.part.operands().sizes();
        if m == n && m == k {
            if let Some((a, b, c)) = self.part.contiguous() {
                return multiply_batch::<S, T, FloatTile<S, T>>(n, a, b, c, self.work);
            }
        }
        let mut pacer = Pacer::new(self.work);
        for index in self.part.matrices() {
            pacer.spend(MATRIX + m * k * n)?;
            let (a, b, mut c) = self.part.matrix(index);
            multiply::<S, T, FloatTile<S, T>>(a, b, &mut c, LARGEST);
        }
        Ok(())
    }
}

/// Does the product if the sizes are at most `largest` and rows are contiguous; says whether
/// it did.
#[inline(always)]
pub fn multiply<S: Simd, T: Number, L: Largest>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    largest: usize,
) -> bool {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let contiguous = a.is_row_contiguous() && b.is_row_contiguous() && c.is_row_contiguous();
    if !contiguous || m.max(k).max(n) > largest {
        return false;
    }
    if m == n && m == k && (2..=4).contains(&m) {
        if let (Some(a), Some(b), Some(c)) = (a.contiguous(), b.contiguous(), c.contiguous()) {
            match m {
                2 => square::<S, T, 2, 2, 2>(a, b, c),
                3 => square::<S, T, 3, 3, 3>(a, b, c),
                _ => square::<S, T, 4, 4, 4>(a, b, c),
            }
            return true;
        }
    }
    tiles::<S, T, L>(a, b, c);
    true
}

/// The product in tiles. The last one ends where the matrix does: what it has
/// in common with the one before is computed twice, and is the same.
#[inline(always)]
fn tiles<S: Simd, T: Number, L: Largest>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut MatrixMut<'_, T>) {
    let m = a.rows;
    let mut row = 0;
    while row < m {
        match m - row {
            left if L::HAS_8_ROWS && left >= 8 => row += strips::<S, T, L, 8>(a, b, c, row),
            left if L::HAS_4_ROWS && left >= 4 => row += strips::<S, T, L, 4>(a, b, c, row),
            2.. if L::HAS_4_ROWS && m >= 4 => row = m - 4 + strips::<S, T, L, 4>(a, b, c, m - 4),
            _ => row += strips::<S, T, L, 1>(a, b, c, row),
        }
    }
}

/// Products between two questions whether to stop.
const CHECK: usize = 64;

/// Multiplies matrices of `n` rows and columns that follow each other.
#[inline(always)]
fn multiply_batch<S: Simd, T: Number, L: Largest>(
    n: usize,
    a: &[T],
    b: &[T],
    c: &mut [T],
    work: &Work<'_>,
) -> Result<()> {
    // No iterators here and below: a call of theirs that is not inlined has none of the instructions
    // that this is compiled for, and costs more than a small product.
    let (len, mut start) = ((CHECK * n * n).max(1), 0);
    while start < c.len() {
        let some = start..c.len().min(start + len);
        let (a, b, c) = (&a[some.clone()], &b[some.clone()], &mut c[some]);
        match n {
            2 => squares::<S, T, 2, 2, 2>(a, b, c),
            3 => squares::<S, T, 3, 3, 3>(a, b, c),
            4 => squares::<S, T, 4, 4, 4>(a, b, c),
            8 if L::HAS_8_ROWS => squares::<S, T, 8, 8, 8>(a, b, c),
            8 if L::HAS_8_COLS => squares::<S, T, 8, 4, 8>(a, b, c),
            _ => {
                let len = (n * n).max(1);
                for from in (0..c.len()).step_by(len) {
                    let (a, b) = (
                        Matrix::from_slice(&a[from..][..len], n, n),
                        Matrix::from_slice(&b[from..][..len], n, n),
                    );
                    tiles::<S, T, L>(a, b, &mut MatrixMut::from_slice(&mut c[from..][..len], n, n));
                }
            }
        }
        start += len;
        work.check()?;
    }
    Ok(())
}

/// Matrices of `N` rows and columns, one after the other.
#[inline(always)]
fn squares<S: Simd, T: Number, const N: usize, const HEIGHT: usize, const WIDTH: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
) {
    for from in (0..c.len()).step_by(N * N) {
        // The compiler would take eight matrices at a time and gather their elements one by one.
        let from = std::hint::black_box(from);
        square::<S, T, N, HEIGHT, WIDTH>(&a[from..], &b[from..], &mut c[from..]);
    }
}

/// Matrices of `N` rows and columns, in tiles of `HEIGHT` by `WIDTH`.
#[inline(always)]
fn square<S: Simd, T: Number, const N: usize, const HEIGHT: usize, const WIDTH: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
) {
    let (a, b, c) = (&a[..N * N], &b[..N * N], &mut c[..N * N]);
    for row in (0..N).step_by(HEIGHT) {
        for col in (0..N).step_by(WIDTH) {
            let mut sums = [[T::Value::default(); WIDTH]; HEIGHT];
            for p in 0..N {
                let right = values::<T, WIDTH>(&b[p * N + col..]);
                for i in 0..HEIGHT {
                    let left = a[(row + i) * N + p].value();
                    for lane in 0..WIDTH {
                        sums[i][lane] = sums[i][lane].multiply_add::<S>(left, right[lane]);
                    }
                }
            }
            for i in 0..HEIGHT {
                let c = &mut c[(row + i) * N + col..][..WIDTH];
                for lane in 0..WIDTH {
                    c[lane] = T::from_value(sums[i][lane]);
                }
            }
        }
    }
}

/// The first elements of a row, together: the compiler sees that they are a vector.
#[inline(always)]
fn values<T: Number, const WIDTH: usize>(row: &[T]) -> [T::Value; WIDTH] {
    let row: &[T; WIDTH] = row[..WIDTH].try_into().expect("a slice of this length");
    let mut values = [T::Value::default(); WIDTH];
    for lane in 0..WIDTH {
        values[lane] = row[lane].value();
    }
    values
}

/// `HEIGHT` rows from `row`; returns `HEIGHT`.
#[inline(always)]
fn strips<S: Simd, T: Number, L: Largest, const HEIGHT: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    row: usize,
) -> usize {
    let n = b.cols;
    let mut col = 0;
    while col < n {
        match n - col {
            left if L::HAS_16_COLS && left >= 16 => col += tile::<S, T, HEIGHT, 16>(a, b, c, row, col),
            left if L::HAS_8_COLS && left >= 8 => col += tile::<S, T, HEIGHT, 8>(a, b, c, row, col),
            4.. => col += tile::<S, T, HEIGHT, 4>(a, b, c, row, col),
            _ if n >= 4 => col = n - 4 + tile::<S, T, HEIGHT, 4>(a, b, c, row, n - 4),
            _ => col += tile::<S, T, HEIGHT, 1>(a, b, c, row, col),
        }
    }
    HEIGHT
}

/// `HEIGHT` rows and `WIDTH` columns; returns `WIDTH`.
#[inline(always)]
fn tile<S: Simd, T: Number, const HEIGHT: usize, const WIDTH: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut MatrixMut<'_, T>,
    row: usize,
    col: usize,
) -> usize {
    let k = a.cols;
    let mut left = [a.row(row, 0..k); HEIGHT];
    for i in 1..HEIGHT {
        left[i] = &a.row(row + i, 0..k)[..k];
    }
    let mut sums = [[T::Value::default(); WIDTH]; HEIGHT];
    for p in 0..k {
        let right = values::<T, WIDTH>(b.row(p, col..col + WIDTH));
        for i in 0..HEIGHT {
            let left = left[i][p].value();
            for lane in 0..WIDTH {
                sums[i][lane] = sums[i][lane].multiply_add::<S>(left, right[lane]);
            }
        }
    }
    for i in 0..HEIGHT {
        let row = &mut c.row(row + i, col..col + WIDTH)[..WIDTH];
        for lane in 0..WIDTH {
            row[lane] = T::from_value(sums[i][lane]);
        }
    }
    WIDTH
}
