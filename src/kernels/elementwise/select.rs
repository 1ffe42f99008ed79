//! Keeps the elements above a threshold, doubled.
//!
//! Two passes: the first counts in each part of the input how many are kept, which vectorises,
//! so that the output has its exact size and every part knows where it writes. The second writes
//! every element to the next free index and moves on if it is kept: no branch to mispredict.

use std::ops::Add;

use half::f16;

use crate::alloc::try_vec;
use crate::dtype::{Bool, Element};
use crate::error::{Error, Result};
use crate::parallel::Work;
use crate::simd::{self, Kernel, Simd};

/// Elements of a part, the unit of work of a thread.
const PART: usize = 1 << 15;

/// A threshold as it is given, whatever the type of the elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// An integer; one beyond the range stands for all such.
    Integer(i128),
    /// A float.
    Float(f64),
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cut<T> {
    /// Everything.
    All,
    /// What is above.
    Above(T),
    /// Nothing.
    Nothing,
}

/// An element that can be compared and doubled.
pub trait Doubled: Element {
    /// What a threshold keeps of elements of this type.
    fn cut(threshold: Threshold) -> Cut<Self>;
    /// Whether it is above the threshold; never for NaN.
    fn above(self, threshold: Self) -> bool;
    /// Twice the element, and whether it is exact.
    fn doubled(self) -> (Self, bool);
}

/// A macro, as a blanket implementation for integers could not stand beside that for floats.
macro_rules! doubled {
    ($($type:ty),*) => {$(
        impl Doubled for $type {
            fn cut(threshold: Threshold) -> Cut<Self> {
                let threshold = match threshold {
                    Threshold::Integer(threshold) => threshold,
                    Threshold::Float(threshold) if threshold.is_nan() => return Cut::Nothing,
                    // An integer is above x if it is above the next integer below; `as` saturates.
                    Threshold::Float(threshold) => threshold.floor() as i128,
                };
                if threshold < i128::from(Self::MIN) {
                    return Cut::All;
                }
                Self::try_from(threshold).map_or(Cut::Nothing, Cut::Above)
            }

            #[inline(always)]
            fn above(self, threshold: Self) -> bool {
                self > threshold
            }

            #[inline(always)]
            fn doubled(self) -> (Self, bool) {
                let (double, overflows) = self.overflowing_add(self);
                (double, !overflows)
            }
        }
    )*};
}

doubled!(i8, i16, i32, i64, u8, u16, u32, u64);

/// A float.
trait Float: Element + PartialOrd + Add<Output = Self> {
    /// The nearest one.
    fn round(x: f64) -> Self;
}

impl Float for f16 {
    fn round(x: f64) -> Self {
        f16::from_f64(x)
    }
}

impl Float for f32 {
    fn round(x: f64) -> Self {
        x as f32
    }
}

impl Float for f64 {
    fn round(x: f64) -> Self {
        x
    }
}

impl<T: Float> Doubled for T {
    /// The threshold is rounded to the type of the elements, as NumPy does.
    fn cut(threshold: Threshold) -> Cut<Self> {
        Cut::Above(T::round(match threshold {
            Threshold::Integer(threshold) => threshold as f64,
            Threshold::Float(threshold) => threshold,
        }))
    }

    #[inline(always)]
    fn above(self, threshold: Self) -> bool {
        self > threshold
    }

    #[inline(always)]
    fn doubled(self) -> (Self, bool) {
        (self + self, true)
    }
}

/// How many elements of each part are kept.
pub fn count<T: Doubled>(numbers: &[T], cut: Cut<T>, work: &Work<'_>) -> Result<Vec<usize>> {
    work.map(numbers.len().div_ceil(PART), |part| {
        let numbers = part_of(numbers, part);
        Ok(match cut {
            Cut::All => numbers.len(),
            Cut::Above(threshold) => simd::run(Count { numbers, threshold }),
            Cut::Nothing => 0,
        })
    })
}

/// Writes what [`count`] has counted to `out`.
pub fn fill<T: Doubled>(
    numbers: &[T],
    cut: Cut<T>,
    counts: &[usize],
    mut out: &mut [T],
    work: &Work<'_>,
) -> Result<()> {
    let mut targets = try_vec(counts.len())?;
    for &count in counts {
        let count = count.min(out.len());
        let (target, remainder) = std::mem::take(&mut out).split_at_mut(count);
        targets.push(target);
        out = remainder;
    }
    work.for_each_mut(&mut targets, |part, out| {
        if simd::run(Fill { numbers: part_of(numbers, part), cut, out }) {
            Ok(())
        } else {
            Err(Error::Overflow { dtype: T::DTYPE })
        }
    })
}

fn part_of<T>(numbers: &[T], part: usize) -> &[T] {
    &numbers[part * PART..numbers.len().min((part + 1) * PART)]
}

struct Count<'a, T> {
    numbers: &'a [T],
    threshold: T,
}

impl<T: Doubled> Kernel for Count<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> usize {
        let mut count = 0u32;
        for &x in self.numbers {
            count = count.wrapping_add(u32::from(x.above(self.threshold)));
        }
        count as usize
    }
}

struct Fill<'a, 'b, T> {
    numbers: &'a [T],
    cut: Cut<T>,
    out: &'a mut &'b mut [T],
}

impl<T: Doubled> Kernel for Fill<'_, '_, T> {
    /// Whether all doubles are exact.
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> bool {
        match self.cut {
            Cut::All => double_if(
                self.numbers,
                self.out,
                #[inline(always)]
                |_| true,
            ),
            Cut::Above(threshold) => double_if(
                self.numbers,
                self.out,
                #[inline(always)]
                |x| x.above(threshold),
            ),
            Cut::Nothing => true,
        }
    }
}

#[inline(always)]
fn double_if<T: Doubled>(numbers: &[T], out: &mut [T], keep: impl Fn(T) -> bool) -> bool {
    let (mut next, mut exact) = (0, true);
    for &x in numbers {
        // Once the output is full nothing more is kept. (If another thread changes the
        // input meanwhile, what is written is wrong, but never beyond the end.)
        let Some(target) = out.get_mut(next) else { break };
        let (double, is_exact) = x.doubled();
        let kept = keep(x);
        *target = double;
        exact &= is_exact | !kept;
        next += usize::from(kept);
    }
    // Then, too, some of the output may be left, of memory that nobody has written to.
    if let (Some(&x), Some(remainder)) = (numbers.first(), out.get_mut(next..)) {
        remainder.fill(x.doubled().0);
    }
    exact
}

impl Doubled for Bool {
    fn cut(threshold: Threshold) -> Cut<Self> {
        match u8::cut(threshold) {
            Cut::All => Cut::All,
            Cut::Above(0) => Cut::Above(Bool(0)),
            _ => Cut::Nothing,
        }
    }

    #[inline(always)]
    fn above(self, threshold: Self) -> bool {
        self.get() & !threshold.get()
    }

    /// A bool has no double of its own type.
    #[inline(always)]
    fn doubled(self) -> (Self, bool) {
        (self, !self.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_as_it_was_when_the_input_has_changed_since_it_was_counted() {
        let mut out = [7.0f64; 5];
        assert!(double_if(&[1.0, 5.0, 2.0], &mut out, |x| x > 4.0));
        assert_eq!(out, [10.0, 2.0, 2.0, 2.0, 2.0]);
    }

    fn select<T: Doubled>(numbers: &[T], threshold: T, zero: T, workers: usize) -> Result<Vec<T>> {
        let work = Work::with_threads(workers);
        let cut = Cut::Above(threshold);
        let counts = count(numbers, cut, &work)?;
        let mut out = vec![zero; counts.iter().sum()];
        fill(numbers, cut, &counts, &mut out, &work)?;
        Ok(out)
    }

    #[test]
    fn keeps_the_order_and_doubles() {
        let numbers: Vec<i64> = (0..100_000).map(|i: i64| i * 7919 % 1000 - 500).collect();
        let expected: Vec<i64> = numbers.iter().filter(|&&x| x > 17).map(|x| 2 * x).collect();
        for workers in [1, 4] {
            assert_eq!(select(&numbers, 17, 0, workers), Ok(expected.clone()));
        }
        assert_eq!(select(&numbers, 10_000, 0, 1), Ok(vec![]));
        assert_eq!(select::<i8>(&[], 0, 0, 1), Ok(vec![]));
    }

    #[test]
    fn an_overflow_counts_only_if_the_number_is_kept() {
        assert_eq!(select(&[-128i8, 3], 0, 0, 1), Ok(vec![6]));
        assert!(matches!(
            select(&[100i8, 3], 0, 0, 1),
            Err(Error::Overflow { dtype: crate::dtype::DType::I8 })
        ));
    }

    #[test]
    fn a_bool_is_above_another_if_it_alone_is_true() {
        for (number, threshold) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            assert_eq!(Bool(number).above(Bool(threshold)), number > threshold);
        }
    }

    #[test]
    fn a_threshold_is_exact_for_integers() {
        use Threshold::{Float, Integer};
        assert_eq!(i8::cut(Float(2.5)), Cut::Above(2));
        assert_eq!(i8::cut(Float(-2.5)), Cut::Above(-3));
        assert_eq!(i8::cut(Integer(-129)), Cut::All);
        assert_eq!(i8::cut(Integer(-128)), Cut::Above(-128));
        assert_eq!(u8::cut(Integer(256)), Cut::Nothing);
        assert_eq!(u64::cut(Float(f64::NAN)), Cut::Nothing);
        assert_eq!(u64::cut(Float(f64::NEG_INFINITY)), Cut::All);
        assert_eq!(f32::cut(Float(0.1)), Cut::Above(0.1));
    }

    #[test]
    fn nan_is_never_kept() {
        assert_eq!(select(&[f64::NAN, 1.0, f64::INFINITY], 0.0, 0.0, 1), Ok(vec![2.0, f64::INFINITY]));
        assert_eq!(select(&[1.0], f64::NAN, 0.0, 1), Ok(vec![]));
    }
}
