//! From a total to the element type of an array of sums, which is NumPy's.

use half::f16;
use num_complex::Complex;

use super::block::Summand;
use crate::dtype::{Bool, Element};

/// An element whose sums along an axis have a dtype.
pub trait Narrow: Summand {
    /// The element type of `np.sum`.
    type Sum: Element;

    /// Rounds or wraps a total.
    fn narrow(total: Self::Total) -> Self::Sum;
}

macro_rules! narrow {
    ($($type:ty => $sum:ty, |$total:ident| $narrow:expr;)*) => {$(
        impl Narrow for $type {
            type Sum = $sum;

            #[inline(always)]
            fn narrow($total: Self::Total) -> $sum {
                $narrow
            }
        }
    )*};
}

narrow! {
    Bool => i64, |total| total as i64;
    i8 => i64, |total| total as i64;
    i16 => i64, |total| total as i64;
    i32 => i64, |total| total as i64;
    i64 => i64, |total| total as i64;
    u8 => u64, |total| total as u64;
    u16 => u64, |total| total as u64;
    u32 => u64, |total| total as u64;
    u64 => u64, |total| total as u64;
    f16 => f16, |total| f16::from_f64(total);
    f32 => f32, |total| total as f32;
    f64 => f64, |total| total;
    Complex<f32> => Complex<f32>, |total| Complex::new(total.re as f32, total.im as f32);
    Complex<f64> => Complex<f64>, |total| total;
}
