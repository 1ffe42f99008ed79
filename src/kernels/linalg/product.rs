//! From an element type to the algorithm that multiplies its matrices.

use half::f16;
use num_complex::Complex;

use super::batch::Signed;
use super::element::Float;
use super::gemm;
use super::partition::{Operands, Split};
use super::{boolean, float, gemv, small};
use crate::dtype::{Bool, Element};
use crate::error::Result;
use crate::parallel::Work;
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
        multiply_real(level, &mut operands, split, work)
    }
}

impl Product for f64 {
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        multiply_real(level, &mut operands, split, work)
    }
}

impl<T> Product for Complex<T>
where
    Complex<T>: Float<Part: gemv::Line>,
{
    fn multiply(
        level: Level,
        mut operands: Operands<'_, Self>,
        split: &Split,
        work: &Work<'_>,
    ) -> Result<()> {
        let (m, k, n) = operands.sizes();
        let is_vector = (m == 1 || n == 1) && !small::fits(&operands);
        if m.max(k).max(n) <= SMALL_COMPLEX && !is_vector {
            return gemm::multiply(level, &mut operands, split, work);
        }
        multiply_large(level, &mut operands, split, work)
    }
}

/// The largest complex matrices that are not worth packing.
const SMALL_COMPLEX: usize = 24;

/// Products of floats.
#[inline]
fn multiply_real<F: Float<Part: gemv::Line>>(
    level: Level,
    operands: &mut Operands<'_, F>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    if small::fits(operands) {
        return small::multiply_floats(level, operands, split, work);
    }
    multiply_large(level, operands, split, work)
}

/// Products of floats or complex numbers: those with a vector, and all others.
fn multiply_large<F: Float<Part: gemv::Line>>(
    level: Level,
    operands: &mut Operands<'_, F>,
    split: &Split,
    work: &Work<'_>,
) -> Result<()> {
    // Of the whole product, not of a part, so that all parts are computed the same way.
    match operands.vector() {
        Some(vector) => gemv::multiply(level, operands, vector, split, work),
        None => float::multiply(level, operands, split, work),
    }
}
