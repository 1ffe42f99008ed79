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
use crate::error::Result;
use crate::kernels::blocks::{Sink, reduce, reduce_slice};
use crate::layout::Elements;
use crate::parallel::Work;
use crate::simd;

/// The sum of all elements. Integers are exact; floats are added pairwise in float64.
pub fn sum<T: Summand>(elements: Elements<'_, T>, work: &Work<'_>) -> Result<T::Total> {
    let finish = |part: Sum<T>| part.0.finish();
    Ok(total(match elements {
        // A single part needs no state.
        Elements::Contiguous(slice) if slice.len() <= block::LONGEST => {
            return Ok(simd::run(block::SumSlice(slice)));
        }
        Elements::Contiguous(slice) => reduce_slice(slice, work, finish)?,
        Elements::Strided(view) => reduce(view, work, finish)?,
    }))
}

fn total<A: Copy + Default + Add<Output = A>>(parts: Vec<A>) -> A {
    let mut total = Pairwise::<A>::default();
    parts.into_iter().for_each(|part| total.push(part));
    total.finish()
}

/// The sum of the blocks seen so far.
struct Sum<T: Summand>(Pairwise<T::Total>);

impl<T: Summand> Default for Sum<T> {
    fn default() -> Self {
        Sum(Pairwise::default())
    }
}

impl<T: Summand> Sink<T> for Sum<T> {
    fn block(&mut self, block: &[T]) {
        self.0.push(simd::run(block::SumSlice(block)));
    }

    fn part(&mut self, part: &[T]) {
        part.chunks(block::LONGEST).for_each(|part| self.block(part));
    }
}

/// The sum of the sines of all elements; see [`sine`].
pub fn sum_of_sines(elements: Elements<'_, f64>, work: &Work<'_>) -> Result<f64> {
    #[derive(Default)]
    struct Sines(Pairwise<f64>);

    impl Sink<f64> for Sines {
        fn block(&mut self, block: &[f64]) {
            self.0.push(simd::run(sine::SumSines(block)));
        }
    }

    let finish = |part: Sines| part.0.finish();
    Ok(total(match elements {
        Elements::Contiguous(slice) => reduce_slice(slice, work, finish)?,
        Elements::Strided(view) => reduce(view, work, finish)?,
    }))
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
