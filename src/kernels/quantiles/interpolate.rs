//! What lies between two elements.
//!
//! NumPy's formula, `a + (b - a) t` or, from the middle on, `b - (b - a) (1 - t)`, each operation
//! rounded to the dtype it has there. Sums, differences and products of two floats of 11 or 24 bits
//! are the same whether they are rounded at once or by way of 53 bits (Figueroa 1995), so one function in
//! `f64` does for all. Unlike NumPy's it is right where `b - a` overflows or is infinite.

use half::f16;

/// What the result of an operation is rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float16.
    Half,
    /// float32.
    Single,
    /// float64.
    Double,
}

impl Precision {
    /// The nearest number of this precision.
    #[inline]
    pub fn round(self, x: f64) -> f64 {
        match self {
            Precision::Half => f16::from_f64(x).to_f64(),
            Precision::Single => f64::from(x as f32),
            Precision::Double => x,
        }
    }
}

/// The number at `weight` between `a` and `b`, whose difference is given; `weight` may be outside of 0 to 1
/// where the two are equal.
pub fn between(a: f64, b: f64, difference: f64, weight: f64, precision: Precision) -> f64 {
    let round = |x: f64| precision.round(x);
    if !difference.is_finite() {
        return round(far_apart(a, b, weight));
    }
    if weight >= 0.5 {
        round(round(b) - round(round(difference) * round(1.0 - weight)))
    } else {
        round(round(a) + round(round(difference) * round(weight)))
    }
}

/// The same where `b - a` is no number, or one that is too large.
#[cold]
fn far_apart(a: f64, b: f64, weight: f64) -> f64 {
    if weight == 0.0 || a == b {
        a
    } else if weight == 1.0 {
        b
    } else if a.is_finite() && b.is_finite() {
        a * (1.0 - weight) + b * weight
    } else {
        // An infinity wins over a number; there is nothing between the two infinities.
        a + b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_reached_only_where_they_have_a_weight() {
        let inf = f64::INFINITY;
        let at = |a: f64, b: f64, weight| between(a, b, b - a, weight, Precision::Double);
        assert_eq!([at(2.0, inf, 0.0), at(2.0, inf, 0.3), at(2.0, inf, 0.7)], [2.0, inf, inf]);
        assert_eq!([at(-inf, 2.0, 0.3), at(-inf, 2.0, 0.7), at(-inf, 2.0, 1.0)], [-inf, -inf, 2.0]);
        assert_eq!([at(inf, inf, 0.5), at(-inf, -inf, 0.5)], [inf, -inf]);
        assert!(at(-inf, inf, 0.5).is_nan());
        assert_eq!(at(-1.5e308, 1.5e308, 0.5), 0.0);
    }

    #[test]
    fn each_operation_is_rounded_to_the_precision() {
        let (a, b, t) = (0.1f32, 0.7f32, 0.3f32);
        let got = between(a.into(), b.into(), f64::from(b - a), t.into(), Precision::Single);
        assert_eq!(got as f32, a + (b - a) * t);
        let got = between(a.into(), b.into(), f64::from(b - a), 0.8, Precision::Single);
        assert_eq!(got as f32, b - (b - a) * (1.0 - 0.8) as f32);
    }
}
