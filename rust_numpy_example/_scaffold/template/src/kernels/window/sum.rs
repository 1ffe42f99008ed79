//! What elements are summed in.
//!
//! Floats are summed in `f64`, and the sums of stretches with what rounding took from them (`eft`): so a running sum
//! has no more than some forty roundings, however long it is. So are integers, as long as no sum can be greater than
//! 2^53: then nothing is rounded. Others are summed in `i128`.

use crate::dtype::{Bool, Element};
use crate::kernels::eft::{CompensatedSum, two_product};

/// Integers up to this are floats.
const EXACT: f64 = 9007199254740992.0;

/// An element that can be averaged.
pub trait Sample: Element {
    /// The type of a mean: the float itself, and `f64` for integers.
    type Mean: Element;

    /// The largest magnitude of an integer of this type; zero for floats, which have no exact sum.
    const LARGEST: f64;

    /// The nearest float.
    fn to_f64(self) -> f64;

    /// The integer.
    fn to_i128(self) -> i128;

    /// The nearest mean.
    fn round(mean: f64) -> Self::Mean;

    /// Whether it is NaN.
    #[inline(always)]
    fn is_nan(self) -> bool {
        Self::LARGEST == 0.0 && self.to_f64().is_nan()
    }
}

/// Whether a sum of so many elements of a line can be rounded in `f64`, and must not be.
#[inline(always)]
pub fn needs_integers<T: Sample>(line: &[T], window: usize) -> bool {
    let limit = EXACT / window as f64;
    let mut largest = 0.0;
    if T::LARGEST > limit {
        for x in line {
            largest = f64::max(largest, x.to_f64().abs());
        }
    }
    largest > limit
}

/// A sum of elements. Its default is zero.
pub trait Sum: Copy + Default + Send + Sync {
    /// A sum of sums.
    type Total;

    /// The sum of nothing.
    const START: Self::Total;

    /// An element as a sum.
    fn of<T: Sample>(x: T) -> Self;

    /// The sum of both.
    fn plus(self, other: Self) -> Self;

    /// Adds to a sum of sums.
    fn add(total: &mut Self::Total, sum: Self);

    /// The sum of sums as one.
    fn rounded(total: &Self::Total) -> Self;

    /// A part of the sum.
    fn mean(self, count: f64) -> f64;
}

impl Sum for f64 {
    type Total = CompensatedSum;

    const START: CompensatedSum = CompensatedSum::ZERO;

    #[inline(always)]
    fn of<T: Sample>(x: T) -> f64 {
        x.to_f64()
    }

    #[inline(always)]
    fn plus(self, other: f64) -> f64 {
        self + other
    }

    #[inline(always)]
    fn add(total: &mut CompensatedSum, sum: f64) {
        total.add(sum);
    }

    #[inline(always)]
    fn rounded(total: &CompensatedSum) -> f64 {
        total.finish()
    }

    #[inline(always)]
    fn mean(self, count: f64) -> f64 {
        self / count
    }
}

impl Sum for i128 {
    type Total = i128;

    const START: i128 = 0;

    #[inline(always)]
    fn of<T: Sample>(x: T) -> i128 {
        x.to_i128()
    }

    #[inline(always)]
    fn plus(self, other: i128) -> i128 {
        self + other
    }

    #[inline(always)]
    fn add(total: &mut i128, sum: i128) {
        *total += sum;
    }

    #[inline(always)]
    fn rounded(total: &i128) -> i128 {
        *total
    }

    /// A quotient of the nearest float, and that of what is left.
    #[inline(always)]
    fn mean(self, count: f64) -> f64 {
        let high = self as f64;
        let low = (self - high as i128) as f64;
        let quotient = high / count;
        let (product, error) = two_product(quotient, count);
        quotient + ((high - product) - error + low) / count
    }
}

// A macro, as the conversions of each type have no trait in common.
macro_rules! sample {
    ($($type:ty, $mean:ty, $largest:expr, $x:ident => $float:expr, $integer:expr, $round:expr;)*) => { $(
        impl Sample for $type {
            type Mean = $mean;

            const LARGEST: f64 = $largest;

            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $x = self;
                $float
            }

            #[inline(always)]
            fn to_i128(self) -> i128 {
                let $x = self;
                $integer
            }

            #[inline(always)]
            fn round($x: f64) -> $mean {
                $round
            }
        }
    )* };
}

sample! {
    Bool, f64, 1.0, x => f64::from(u8::from(x.get())), x.get().into(), x;
    i8, f64, 128.0, x => x.into(), x.into(), x;
    i16, f64, 32768.0, x => x.into(), x.into(), x;
    i32, f64, 2147483648.0, x => x.into(), x.into(), x;
    i64, f64, 9223372036854775808.0, x => x as f64, x.into(), x;
    u8, f64, 255.0, x => x.into(), x.into(), x;
    u16, f64, 65535.0, x => x.into(), x.into(), x;
    u32, f64, 4294967295.0, x => x.into(), x.into(), x;
    u64, f64, 18446744073709551615.0, x => x as f64, x.into(), x;
    f32, f32, 0.0, x => x.into(), x as i128, x as f32;
    f64, f64, 0.0, x => x, x as i128, x;
}
