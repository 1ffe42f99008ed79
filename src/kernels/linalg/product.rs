//! From an element type and a CPU level to the code that computes a part of a product.

use std::marker::PhantomData;

use half::f16;
use num_complex::Complex;

use crate::alloc::try_filled;
use crate::dtype::{Bool, Element};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel, Level, Simd};

use super::gemm::{Scratch, multiply};
use super::matrix::{Matrix, MatrixMut};
use super::ring::{BASELINE_FUSES, ComplexRing, Number, Portable, Ring, Value, Widened};
use super::stack::{OfVector, Operands, Part};
use super::transpose::{Flip, PortableFlip};
#[cfg(x86_simd)]
use super::x86;
use super::{MATRIX, Pace, Split, TILE, blas, boolean, small, vector};

/// An element type that matrices can be multiplied in.
pub trait Product: Element {
    /// About how many multiply-adds one thread does in a nanosecond.
    const RATE: usize;

    /// c = a b.
    fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()>;
}

/// A part, to be computed with the ring `R` and tiles of up to `HIGH` rows.
struct Job<'j, T, R, const HIGH: usize> {
    operands: &'j Operands<'j, T>,
    part: Part,
    work: &'j Work<'j>,
    ring: PhantomData<R>,
}

impl<T, R, const HIGH: usize> Kernel for Job<'_, T, R, HIGH>
where
    T: Number,
    T::Value: Number<Value = T::Value>,
    R: Ring<Value = T::Value>,
{
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let (mut scratch, mut pace) = (Scratch::<R, HIGH>::new(), Pace::new(self.work));
        // Of the whole product, not of a part, so that all parts are computed the same way.
        let (_, _, n) = self.operands.sizes();
        let exchange = n > 1 && self.operands.c_has_plain_cols();
        for index in self.part.matrices.clone() {
            pace.matrix(index)?;
            let (a, b, mut c) = self.operands.part(index, &self.part);
            let is_done = if R::FUSES {
                small::multiply::<T, true, 1, 16>(a, b, &mut c, 16)
            } else {
                small::multiply::<T, false, 1, 16>(a, b, &mut c, 16)
            };
            if is_done {
                continue;
            }
            if T::ROUNDS {
                multiply_rounding(a, b, c, &mut scratch, &mut pace)?;
            } else {
                multiply(a, b, c, exchange, &mut scratch, &mut pace)?;
            }
        }
        Ok(())
    }
}

/// Rows and columns of a block of sums that are not rounded yet.
const ROUNDING: (usize, usize) = (240, 1024);

/// The product of elements that hold less than the sums: they are rounded once, at the end.
#[inline(always)]
fn multiply_rounding<T, R, const HIGH: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut c: MatrixMut<'_, T>,
    scratch: &mut Scratch<R, HIGH>,
    pace: &mut Pace<'_>,
) -> Result<()>
where
    T: Number,
    T::Value: Number<Value = T::Value>,
    R: Ring<Value = T::Value>,
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
            multiply::<R, T, T::Value, HIGH>(a, b, target, false, scratch, pace)?;
            for (row, sums) in rows.zip(sums.chunks_exact(cols.len())) {
                c.write(row, cols.clone(), sums, T::from_value);
            }
        }
    }
    Ok(())
}

/// A type of values has a ring for every level.
pub trait Rings: Value {
    /// Computes a part with the ring of the level.
    fn run<T: Number<Value = Self>>(
        level: Level,
        operands: &Operands<'_, T>,
        part: Part,
        work: &Work<'_>,
    ) -> Result<()>;
}

/// One line a type: the ring and the rows of a tile for each level. Tiles are as high as sums of
/// two registers a row leave room for in 16 registers, or 32.
macro_rules! rings {
    ($($value:ty:
        baseline $baseline:ty, $low:literal;
        avx2 $avx2:ty, $middle:literal;
        avx512 $avx512:ty, $high:literal;
    )*) => { $(
        impl Rings for $value {
            fn run<T: Number<Value = Self>>(
                level: Level,
                operands: &Operands<'_, T>,
                part: Part,
                work: &Work<'_>,
            ) -> Result<()> {
                // A level that the CPU does not have is a panic.
                match level {
                    #[cfg(x86_simd)]
                    Level::Avx2 => avx2().run(Job::<T, $avx2, $middle> { operands, part, work, ring: PhantomData }),
                    #[cfg(x86_simd)]
                    Level::Avx512 => {
                        avx512().run(Job::<T, $avx512, $high> { operands, part, work, ring: PhantomData })
                    }
                    _ => Job::<T, $baseline, $low> { operands, part, work, ring: PhantomData }.run(simd::Baseline),
                }
            }
        }
    )* };
}

rings! {
    u8: baseline Widened<8>, 4; avx2 x86::U8Avx2, 6; avx512 x86::U8Avx512, 12;
    u16: baseline Portable<u16, 8, false>, 4; avx2 x86::U16Avx2, 6; avx512 x86::U16Avx512, 12;
    u32: baseline Portable<u32, 4, false>, 4; avx2 x86::U32Avx2, 6; avx512 x86::U32Avx512, 12;
    u64: baseline Portable<u64, 2, false>, 4; avx2 x86::U64Avx2, 4; avx512 x86::U64Avx512, 6;
    f32: baseline Portable<f32, 4, BASELINE_FUSES>, 4; avx2 x86::F32Avx2, 6; avx512 x86::F32Avx512, 12;
    f64: baseline Portable<f64, 2, BASELINE_FUSES>, 4; avx2 x86::F64Avx2, 6; avx512 x86::F64Avx512, 12;
    Complex<f32>:
        baseline ComplexRing<Portable<f32, 4, BASELINE_FUSES>>, 4;
        avx2 ComplexRing<x86::F32Avx2>, 4;
        avx512 ComplexRing<x86::F32Avx512>, 6;
    Complex<f64>:
        baseline ComplexRing<Portable<f64, 2, BASELINE_FUSES>>, 4;
        avx2 ComplexRing<x86::F64Avx2>, 4;
        avx512 ComplexRing<x86::F64Avx512>, 6;
}

macro_rules! products {
    ($($type:ty, $rate:literal;)*) => { $(
        impl Product for $type {
            const RATE: usize = $rate;
            fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
                split.for_each(work, |part| <$type as Number>::Value::run(level, &operands, part, work))
            }
        }
    )* };
}
products! { u8, 150; u16, 80; u32, 40; u64, 10; f16, 40; }

/// The largest sizes for which tiles without packing pay.
const SMALL: usize = 64;

macro_rules! float_products {
    ($($type:ty, $rate:literal, $wide:literal, $middle:literal, $narrow:literal, $lanes:literal, $side:literal;)*) => { $(
        impl Product for $type {
            const RATE: usize = $rate;
            fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
                let operands = &operands;
                let (m, k, n) = operands.sizes();
                if m.max(k).max(n) <= SMALL && operands.have_plain_rows() {
                    return split.for_each(work, |part| match level {
                        #[cfg(x86_simd)]
                        Level::Avx2 => avx2().run(Small::<$type, true, 4, $middle> { operands, part, work }),
                        #[cfg(x86_simd)]
                        Level::Avx512 => avx512().run(Small::<$type, true, 8, $wide> { operands, part, work }),
                        _ => Small::<$type, BASELINE_FUSES, 4, $narrow> { operands, part, work }.run(simd::Baseline),
                    });
                }
                let exchange = operands.c_has_plain_cols();
                // Of the whole product, not of a part, so that all parts are computed the same way.
                let vector = operands.vector();
                split.for_each(work, |part| {
                    if let Some(vector) = vector {
                        return match level {
                            #[cfg(x86_simd)]
                            Level::Avx2 | Level::Avx512 => {
                                let job: Vector<_, x86::FlipAvx2, true, $lanes, $side> = Vector { operands, part, vector, work, flip: PhantomData };
                                simd::run_at(level, job)
                            }
                            _ => {
                                let job: Vector<_, PortableFlip, BASELINE_FUSES, $lanes, $side> = Vector { operands, part, vector, work, flip: PhantomData };
                                job.run(simd::Baseline)
                            }
                        };
                    }
                    let mut pace = Pace::new(work);
                    for index in part.matrices.clone() {
                        pace.matrix(index)?;
                        let (a, b, c) = operands.part(index, &part);
                        blas::multiply(level, a, b, c, exchange, &mut pace)?;
                    }
                    Ok(())
                })
            }
        }
    )* };
}
float_products! {
    f32, 50, 16, 16, 8, 64, 8;
    f64, 25, 16, 8, 4, 32, 4;
}

/// Small matrices of floats, in tiles of up to `HIGH` by `WIDE`.
struct Small<'j, T, const FUSED: bool, const HIGH: usize, const WIDE: usize> {
    operands: &'j Operands<'j, T>,
    part: Part,
    work: &'j Work<'j>,
}

impl<T: Number, const FUSED: bool, const HIGH: usize, const WIDE: usize> Kernel
    for Small<'_, T, FUSED, HIGH, WIDE>
{
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(mut self, _simd: S) -> Result<()> {
        let (m, k, n) = self.operands.sizes();
        if m == n && m == k {
            if let Some((a, b, c)) = self.operands.dense(&mut self.part) {
                return small::stack::<T, FUSED, HIGH, WIDE>(n, a, b, c, self.work);
            }
        }
        let mut pace = Pace::new(self.work);
        let (start, end) = (self.part.matrices.start, self.part.matrices.end);
        for index in start..end {
            pace.add(MATRIX + m * k * n)?;
            let (a, b, mut c) = self.operands.part(index, &self.part);
            small::multiply::<T, FUSED, HIGH, WIDE>(a, b, &mut c, SMALL);
        }
        Ok(())
    }
}

/// A matrix and a vector of floats: the sums of a row are kept in `LANES` lanes, and added up for
/// `SIDE` rows at a time.
struct Vector<'j, T, F, const FUSED: bool, const LANES: usize, const SIDE: usize> {
    operands: &'j Operands<'j, T>,
    part: Part,
    vector: OfVector,
    work: &'j Work<'j>,
    flip: PhantomData<F>,
}

impl<T, F, const FUSED: bool, const LANES: usize, const SIDE: usize> Kernel
    for Vector<'_, T, F, FUSED, LANES, SIDE>
where
    T: Number<Value = T> + Value,
    F: Flip<T, SIDE>,
{
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let mut pace = Pace::new(self.work);
        for index in self.part.matrices.clone() {
            pace.matrix(index)?;
            let (mut a, mut b, mut c) = self.operands.part(index, &self.part);
            if self.vector.is_left {
                (a, b, c) = (b.transposed(), a.transposed(), c.transposed());
            }
            if self.vector.by_rows {
                vector::by_rows::<T, F, FUSED, LANES, SIDE>(a, b, c, &mut pace)?;
            } else {
                vector::by_cols::<T, FUSED, LANES>(a, b, c, &mut pace)?;
            }
        }
        Ok(())
    }
}

/// The largest complex matrices that are not worth a call of the other crates.
const SMALL_COMPLEX: usize = 24;

macro_rules! complex_products {
    ($($part:ty, $rate:literal;)*) => { $(
        impl Product for Complex<$part> {
            const RATE: usize = $rate;
            fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
                let operands = &operands;
                let (m, k, n) = operands.sizes();
                if m.max(k).max(n) <= SMALL_COMPLEX || level == Level::Baseline {
                    return split.for_each(work, |part| Self::run(level, operands, part, work));
                }
                let exchange = operands.c_has_plain_cols();
                split.for_each(work, |part| {
                    let mut pace = Pace::new(work);
                    for index in part.matrices.clone() {
                        pace.matrix(index)?;
                        let (a, b, c) = operands.part(index, &part);
                        blas::multiply(level, a, b, c, exchange, &mut pace)?;
                    }
                    // The crate scales each sum by 1 + 0i, and 0 times infinity is not a number:
                    // such blocks are computed again. They do not depend on the split.
                    for block in part.blocks(TILE.0, TILE.1) {
                        pace.add(MATRIX + TILE.0 * TILE.1)?;
                        let (_, _, mut c) = operands.part(block.matrices.start, &block);
                        let is_finite = |value: Self| value.re.is_finite() && value.im.is_finite();
                        let (rows, cols) = (c.rows(), c.cols());
                        if !(0..rows).all(|i| (0..cols).all(|j| is_finite(*c.at(i, j)))) {
                            Self::run(level, operands, block, work)?;
                        }
                    }
                    Ok(())
                })
            }
        }
    )* };
}
complex_products! { f32, 12; f64, 6; }

macro_rules! signed_products {
    ($($type:ty as $unsigned:ty),*) => { $(
        impl Product for $type {
            const RATE: usize = <$unsigned>::RATE;
            fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
                <$unsigned>::multiply(level, operands.unsigned(), split, work)
            }
        }
    )* };
}
signed_products!(i8 as u8, i16 as u16, i32 as u32, i64 as u64);

impl Product for Bool {
    const RATE: usize = 1000;

    fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
        let operands = &operands;
        split.for_each(work, |part| match level {
            // With AVX-512 it is no faster: tables and elements come from the caches.
            #[cfg(x86_simd)]
            Level::Avx2 | Level::Avx512 => {
                avx2().run(BoolJob::<x86::BitsAvx2> { operands, part, work, bits: PhantomData })
            }
            _ => BoolJob::<boolean::PortableBits> { operands, part, work, bits: PhantomData }
                .run(simd::Baseline),
        })
    }
}

struct BoolJob<'j, B> {
    operands: &'j Operands<'j, Bool>,
    part: Part,
    work: &'j Work<'j>,
    bits: PhantomData<B>,
}

impl<B: boolean::Bits> Kernel for BoolJob<'_, B> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let mut pace = Pace::new(self.work);
        for index in self.part.matrices.clone() {
            pace.matrix(index)?;
            let (a, b, c) = self.operands.part(index, &self.part);
            boolean::multiply::<B>(a, b, c, &mut pace)?;
        }
        Ok(())
    }
}

/// The token of a level that the caller has found.
///
/// # Panics
/// If the CPU has less.
#[cfg(x86_simd)]
fn avx2() -> simd::Avx2 {
    simd::Avx2::detect().expect("the level was detected")
}

/// As [`avx2`].
#[cfg(x86_simd)]
fn avx512() -> simd::Avx512 {
    simd::Avx512::detect().expect("the level was detected")
}
