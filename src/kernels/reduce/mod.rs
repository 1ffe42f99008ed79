//! Sums: exact for integers, pairwise for floats, compensated for lists.

pub mod axis;
pub mod block;
pub mod integers;
pub mod narrow;
pub mod pairwise;
pub mod sine;

use std::ops::Add;

use self::block::Summand;
use self::pairwise::Pairwise;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::layout::{AnySlice, Elements, Strided, convert};
use crate::parallel::Work;
use crate::simd;

/// Elements in a block that is copied: 8 KiB of float64, so that it stays in the first-level cache.
/// Shorter lines are copied together even if they are contiguous.
const BLOCK: usize = 1024;

/// Elements in a part, the unit of work of a thread: 5 to 20 microseconds. Parts of a very
/// large array are larger, so that their results stay few.
const PART: usize = 64 * BLOCK;
const PART_OF_SINES: usize = 8 * BLOCK;
const MAX_PARTS: usize = 4096;

/// A sum of a slice, of the type of elements for which it was made. What adds up such sums is
/// compiled once for all dtypes with one type of totals.
struct Adder<A> {
    sum: fn(AnySlice<'_>) -> A,
    /// Elements in a part.
    part: usize,
    /// The longest slice that is summed at once.
    longest: usize,
}

impl<A: Copy + Default + Add<Output = A> + Send> Adder<A> {
    fn of_elements<T: Summand<Total = A>>() -> Self {
        let sum = |slice: AnySlice<'_>| simd::run(block::SumSlice(slice.typed::<T>()));
        Adder { sum, part: PART, longest: block::LONGEST }
    }

    /// The sum of all elements.
    fn all(&self, array: Strided<'_>, work: &Work<'_>) -> Result<A> {
        let array = array.in_memory_order();
        // Contiguous memory is cut anywhere.
        let array = if array.as_slice().is_some() { array.merged().0 } else { array };
        let size = self.size(array.len());
        let parts = array.outermost_parts(size);
        let sums = work.map(parts.count(), |index| self.line(&array.part(&parts, index), work))?;
        let mut total = Pairwise::<A>::default();
        sums.into_iter().for_each(|sum| total.push(sum));
        Ok(total.finish())
    }

    /// The same of contiguous memory, without what it takes to share it: the same parts in the same order.
    fn serial(&self, slice: AnySlice<'_>, work: &Work<'_>) -> Result<A> {
        let mut total = Pairwise::<A>::default();
        for part in slice.chunks(self.size(slice.len())) {
            let mut of_part = Pairwise::<A>::default();
            self.add(part, &mut of_part, work)?;
            total.push(of_part.finish());
        }
        Ok(total.finish())
    }

    /// Elements in a part of so many.
    fn size(&self, len: usize) -> usize {
        self.part.max(len.div_ceil(MAX_PARTS).next_multiple_of(BLOCK))
    }

    /// The same for an array in the order of memory, on this thread.
    fn line(&self, array: &Strided<'_>, work: &Work<'_>) -> Result<A> {
        let mut total = Pairwise::<A>::default();
        match array.as_slice() {
            Some(slice) => self.add(slice, &mut total, work)?,
            None => array.blocks(BLOCK, BLOCK, work, &mut |slice, _| self.add(slice, &mut total, work))?,
        }
        Ok(total.finish())
    }

    fn add(&self, slice: AnySlice<'_>, total: &mut Pairwise<A>, work: &Work<'_>) -> Result<()> {
        slice.chunks(self.part).try_for_each(|part| {
            part.chunks(self.longest).for_each(|slice| total.push((self.sum)(slice)));
            work.check()
        })
    }
}

/// The sum of all elements. Integers are exact; floats are added pairwise in float64.
pub fn sum<T: Summand>(elements: Elements<'_, T>, work: &Work<'_>) -> Result<T::Total> {
    match elements {
        // A single part needs no state.
        Elements::Contiguous(slice) if slice.len() <= PART => Ok(simd::run(block::SumSlice(slice))),
        Elements::Contiguous(slice) if work.workers() == 1 => {
            Adder::of_elements::<T>().serial(slice.into(), work)
        }
        _ => Adder::of_elements::<T>().all(elements.into(), work),
    }
}

/// The sum of the sines of all elements, real numbers that are converted block by block; see [`sine`].
pub fn sum_of_sines<T: Element>(elements: Elements<'_, T>, work: &Work<'_>) -> Result<f64> {
    let sum = |slice: AnySlice<'_>| match slice.dtype() {
        DType::F64 => simd::run(sine::SumSines(slice.typed())),
        _ => {
            let mut doubles = [0.0; sine::LONGEST];
            let doubles = &mut doubles[..slice.len()];
            convert(slice, doubles);
            simd::run(sine::SumSines(doubles))
        }
    };
    Adder { sum, part: PART_OF_SINES, longest: sine::LONGEST }.all(elements.into(), work)
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;
    use crate::kernels::eft::CompensatedSum;
    use crate::simd::{Level, run_at};

    #[test]
    fn floats_are_summed_as_well_as_pairwise_and_alike_for_every_thread_count() {
        let data = Array::from_iter((0..300_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761)) / 7e3))
            .into_dyn();
        let exact = data.iter().fold(CompensatedSum::default(), |mut sum, &x| {
            sum.add(x);
            sum
        });
        let sums: Vec<u64> = [1, 2, 5]
            .map(|workers| {
                sum(data.view().into(), &Work::with_threads(workers)).expect("nothing fails here").to_bits()
            })
            .into();
        assert!(sums.iter().all(|&bits| bits == sums[0]));
        assert!((f64::from_bits(sums[0]) / exact.finish() - 1.0).abs() < 4e-16);
    }

    #[test]
    fn integers_are_exact_at_the_extremes() {
        for (value, len) in [(i64::MIN, 5000), (i64::MAX, 5000), (-1, 3)] {
            let data = Array::from_elem(len, value).into_dyn();
            assert_eq!(sum(data.view().into(), &Work::serial()), Ok(i128::from(value) * len as i128));
        }
        let data = Array::from_elem(3000, u64::MAX).into_dyn();
        assert_eq!(sum(data.view().into(), &Work::serial()), Ok(i128::from(u64::MAX) * 3000));
    }

    #[test]
    fn nothing_sums_to_plus_zero() {
        let none = Array::<f64, _>::zeros(0).into_dyn();
        assert_eq!(sum(none.view().into(), &Work::serial()).map(f64::to_bits), Ok(0));
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let data: Vec<f64> = (0..9000).map(|i| (f64::from(i) * 0.07).exp() % 1e3 - 300.0).collect();
        for len in [1, 7, 64, 65, 127, 999, 1025, 9000] {
            let at = |level| run_at(level, block::SumSlice(&data[..len])).to_bits();
            let sines = |level| run_at(level, sine::SumSines(&data[..len.min(999)])).to_bits();
            for level in Level::available() {
                assert_eq!(at(level), at(Level::Baseline));
                assert_eq!(sines(level), sines(Level::Baseline));
            }
        }
    }
}
