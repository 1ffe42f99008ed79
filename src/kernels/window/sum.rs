//! What elements are summed in.
//!
//! Floats are summed in `f64`, and so are integers, as long as no sum can be greater than 2^53: then nothing is
//! rounded. Larger ones are summed in `i128`, where nothing is lost either, so that there what leaves a window can
//! be taken away.

use crate::dtype::{Bool, Element};
use crate::error::Result;
use crate::kernels::eft::two_product;
use crate::parallel::{Pacer, Work};

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

    /// The integer without its sign.
    fn magnitude(self) -> u64;

    /// The nearest mean.
    fn round(mean: f64) -> Self::Mean;

    /// Whether it is NaN.
    #[inline(always)]
    fn is_nan(self) -> bool {
        Self::LARGEST == 0.0 && self.to_f64().is_nan()
    }
}

/// Whether a sum of so many elements of a line can be rounded in `f64`, and must not be.
pub fn needs_integers<T: Sample>(line: &[T], window: usize) -> bool {
    let limit = EXACT / window as f64;
    // No smaller than the largest magnitude, and less than twice as large.
    let mut bits = 0;
    if T::LARGEST > limit {
        for x in line {
            bits |= x.magnitude();
        }
    }
    bits as f64 > limit
}

/// The means of a line of integers, with a running sum. The first elements that have no mean of their own are the
/// window before.
pub fn means_of_integers<T: Sample>(
    line: &[T],
    out: &mut [T::Mean],
    window: usize,
    min_count: usize,
    work: &Work<'_>,
) -> Result<()> {
    let before = line.len() - out.len();
    let mut sum: i128 = line[..before].iter().map(|x| x.to_i128()).sum();
    let mut pacer = Pacer::new(work);
    for (out, end) in out.iter_mut().zip(before..) {
        sum += line[end].to_i128();
        if end >= window {
            sum -= line[end - window].to_i128();
        }
        let count = (end + 1).min(window);
        *out = T::round(if count >= min_count { quotient(sum, count as f64) } else { f64::NAN });
        pacer.spend(1)?;
    }
    Ok(())
}

/// A quotient of the nearest float, and that of what is left.
fn quotient(sum: i128, count: f64) -> f64 {
    let high = sum as f64;
    let low = (sum - high as i128) as f64;
    let quotient = high / count;
    let (product, error) = two_product(quotient, count);
    quotient + ((high - product) - error + low) / count
}

// A macro, as the conversions of each type have no trait in common.
macro_rules! sample {
    ($($type:ty, $mean:ty, $largest:expr, $x:ident => $float:expr, $integer:expr, $magnitude:expr, $round:expr;)*) => { $(
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
            fn magnitude(self) -> u64 {
                let $x = self;
                $magnitude
            }

            #[inline(always)]
            fn round($x: f64) -> $mean {
                $round
            }
        }
    )* };
}

sample! {
    Bool, f64, 1.0, x => f64::from(u8::from(x.get())), x.get().into(), x.get().into(), x;
    i8, f64, 128.0, x => x.into(), x.into(), x.unsigned_abs().into(), x;
    i16, f64, 32768.0, x => x.into(), x.into(), x.unsigned_abs().into(), x;
    i32, f64, 2147483648.0, x => x.into(), x.into(), x.unsigned_abs().into(), x;
    i64, f64, 9223372036854775808.0, x => x as f64, x.into(), x.unsigned_abs(), x;
    u8, f64, 255.0, x => x.into(), x.into(), x.into(), x;
    u16, f64, 65535.0, x => x.into(), x.into(), x.into(), x;
    u32, f64, 4294967295.0, x => x.into(), x.into(), x.into(), x;
    u64, f64, 18446744073709551615.0, x => x as f64, x.into(), x, x;
    half::f16, half::f16, 0.0, x => crate::simd::half::to_f32(x).into(), x.to_f64() as i128, x.to_f64() as u64, half::f16::from_f64(x);
    f32, f32, 0.0, x => x.into(), x as i128, x as u64, x as f32;
    f64, f64, 0.0, x => x, x as i128, x as u64, x;
}
