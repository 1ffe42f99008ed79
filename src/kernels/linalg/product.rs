//! From an element type to the algorithm that multiplies its matrices.

use half::f16;
use num_complex::Complex;

use super::batch::Signed;
use super::gemm;
use super::partition::{MATRIX, Operands, Split, TILE};
use super::vendor::{self, Float};
use super::{boolean, float, gemv, small};
use crate::dtype::{Bool, Element};
use crate::error::Result;
use crate::parallel::{Pacer, Work};
use crate::simd::Level;

/// An element type that matrices can be multiplied in.
pub trait Product: Element {
    /// c = a b, with the instructions of `level`, or of the CPU if that has less.
    fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()>;
}

impl Product for Bool {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        boolean::multiply(level, &mut operands, split, work)
    }
}

impl Product for u8 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        gemm::multiply(level, &mut operands, split, work)
    }
}

impl Product for u16 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        gemm::multiply(level, &mut operands, split, work)
    }
}

impl Product for u32 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        gemm::multiply(level, &mut operands, split, work)
    }
}

impl Product for u64 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        gemm::multiply(level, &mut operands, split, work)
    }
}

impl<T: Signed> Product for T
where
    T::Unsigned: Product,
{
    fn multiply(level: Level, operands: Operands<'_, Self>, split: &Split, work: &Work<'_>) -> Result<()> {
        T::Unsigned::multiply(level, operands.unsigned(), split, work)
    }
}

impl Product for f16 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        gemm::multiply(level, &mut operands, split, work)
    }
}

impl Product for f32 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        multiply_real::<f32, { gemv::lanes::<f32>() }, { gemv::side::<f32>() }>(
            level,
            &mut operands,
            split,
            work,
        )
    }
}

impl Product for f64 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        multiply_real::<f64, { gemv::lanes::<f64>() }, { gemv::side::<f64>() }>(
            level,
            &mut operands,
            split,
            work,
        )
    }
}

impl<T> Product for Complex<T>
where
    Complex<T>: Float + float::Float,
{
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        multiply_complex(level, &mut operands, split, work)
    }
}

/// Products of floats: small ones, those with a vector, and all others.
#[inline]
fn multiply_real<T: Float, const LANES: usize, const SIDE: usize>(
    level: Level,
    operands: &mut Operands<'_, T>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    if small::fits(operands) {
        return small::multiply_floats(level, operands, split, work);
    }
    // Of the whole product, not of a part, so that all parts are computed the same way.
    match operands.vector() {
        Some(vector) => gemv::multiply::<T, LANES, SIDE>(level, operands, vector, split, work),
        None => vendor::multiply(level, operands, split, work),
    }
}

/// The largest complex matrices that are not worth packing.
const SMALL_COMPLEX: usize = 24;

/// Products of complex numbers.
fn multiply_complex<T: Float + float::Float>(
    level: Level,
    operands: &mut Operands<'_, T>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    let (m, k, n) = operands.sizes();
    if m.max(k).max(n) <= SMALL_COMPLEX {
        return gemm::multiply(level, operands, split, work);
    }
    if m.min(n) > 1 || level == Level::Baseline {
        return float::multiply(level, operands, split, work);
    }
    // With a vector the other crate is faster.
    operands.for_each(split, work, |mut part| {
        vendor::multiply_part(level, &mut part, work)?;
        // The crate scales each sum by 1 + 0i, and 0 times infinity is not a number:
        // such blocks are computed again. They do not depend on the split.
        let mut pacer = Pacer::new(work);
        part.for_each_block(TILE.0, TILE.1, |mut block| {
            pacer.spend(MATRIX + TILE.0 * TILE.1)?;
            let index = block.matrices().start;
            let (_, _, mut c) = block.matrix(index);
            let (rows, cols) = (c.rows(), c.cols());
            if !(0..rows).all(|i| (0..cols).all(|j| c.at(i, j).is_finite())) {
                gemm::multiply_part(level, block, work)?;
            }
            Ok(())
        })
    })
}
