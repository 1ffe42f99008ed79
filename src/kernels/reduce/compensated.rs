//! Compensated summation: Neumaier's variant of Kahan's (Zeitschrift für Angewandte Mathematik
//! und Mechanik 54, 1974). The rounding error of each addition is computed exactly (Møller and
//! Knuth's two-sum, which needs no comparison) and summed apart: the result is as if the sum had
//! been done with twice the digits and rounded once.

/// A sum of floats in a given order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Compensated {
    sum: f64,
    error: f64,
}

impl Compensated {
    /// Takes in a value.
    #[inline(always)]
    pub fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let seen = sum - self.sum;
        self.error += (self.sum - (sum - seen)) + (x - seen);
        self.sum = sum;
    }

    /// Takes in another sum.
    pub fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.error += other.error;
    }

    /// The sum.
    pub fn finish(self) -> f64 {
        let total = self.sum + self.error;
        // With an infinity among the values the error is NaN and means nothing.
        if total.is_nan() { self.sum } else { total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = Compensated::default();
        values.iter().for_each(|&x| sum.add(x));
        sum.finish()
    }

    #[test]
    fn small_values_beside_large_ones_are_not_lost() {
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[]).to_bits(), 0);
    }

    #[test]
    fn infinities_and_nan_come_through() {
        assert_eq!(sum(&[1.0, f64::INFINITY, 2.0]), f64::INFINITY);
        assert!(sum(&[f64::NEG_INFINITY, f64::INFINITY]).is_nan());
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }
}
