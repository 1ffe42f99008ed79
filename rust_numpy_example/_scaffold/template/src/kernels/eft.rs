//! Error-free transformations: a sum or product of two floats, and exactly what rounding took from it.
//!
//! Two floats hold what one operation would lose. `two_sum` is Knuth's (The Art of Computer
//! Programming, volume 2, 4.2.2, theorem B; before him Møller), `fast_two_sum` and `two_product` are
//! Dekker's ("A floating-point technique for extending the available precision", Numerische
//! Mathematik 18, 1971), the latter with Veltkamp's split. T. Ogita, S. Rump, S. Oishi, "Accurate sum
//! and dot product" (SIAM Journal on Scientific Computing 26, 2005) name them, and show what
//! [`CompensatedSum`] gives: a sum as if it had been done with twice the digits and rounded once.
//! It is Neumaier's variant of Kahan's (Zeitschrift für Angewandte Mathematik und Mechanik 54, 1974),
//! with `two_sum` in place of a comparison.
//!
//! Everything is inlined into the loops of its callers, so that it is compiled for their CPU level; no
//! multiply-addition is used, so that all levels give the same bits.

/// `a + b` and what rounding took from it (Knuth).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// `a - b` and what rounding took from it: [`two_sum`] without a negation.
#[inline(always)]
pub fn two_difference(a: f64, b: f64) -> (f64, f64) {
    let difference = a - b;
    let b_part = difference - a;
    (difference, (a - (difference - b_part)) - (b + b_part))
}

/// As [`two_sum`] where `|a| >= |b|` (Dekker).
#[inline(always)]
pub fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// `a * b` and what rounding took from it (Dekker, with Veltkamp's split): the same bits with and
/// without an instruction for it.
#[inline(always)]
pub fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |x: f64| {
        let high = x * 134217729.0;
        let high = high - (high - x);
        (high, x - high)
    };
    let product = a * b;
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// Sums side by side: as many as hide the latency of two additions.
const LANES: usize = 8;

/// A sum of floats in a given order.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompensatedSum {
    sum: f64,
    error: f64,
}

impl CompensatedSum {
    /// The sum of nothing.
    pub const ZERO: Self = CompensatedSum { sum: 0.0, error: 0.0 };

    /// Takes in a value.
    #[inline(always)]
    pub fn add(&mut self, x: f64) {
        let (sum, lost) = two_sum(self.sum, x);
        self.error += lost;
        self.sum = sum;
    }

    /// Takes in values, in sums that run side by side.
    pub fn add_all(&mut self, values: &[f64]) {
        let rows = values.chunks_exact(LANES);
        rows.remainder().iter().for_each(|&x| self.add(x));
        if values.len() >= LANES {
            let mut lanes = [Self::default(); LANES];
            for row in rows {
                for lane in 0..LANES {
                    lanes[lane].add(row[lane]);
                }
            }
            lanes.into_iter().for_each(|lane| self.merge(lane));
        }
    }

    /// Takes in another sum.
    pub fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.error += other.error;
    }

    /// The sum so far, and what rounding took from it.
    pub fn parts(self) -> (f64, f64) {
        (self.sum, self.error)
    }

    /// A sum, and what rounding took from it.
    #[inline(always)]
    pub fn of_parts(sum: f64, error: f64) -> Self {
        CompensatedSum { sum, error }
    }

    /// The sum, rounded, and what rounding took from it; of finite values whose sum is finite.
    #[inline(always)]
    pub fn rounded(self) -> (f64, f64) {
        two_sum(self.sum, self.error)
    }

    /// The sum.
    #[inline(always)]
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
        let mut sum = CompensatedSum::default();
        values.iter().for_each(|&x| sum.add(x));
        sum.finish()
    }

    #[test]
    fn nothing_is_lost_in_two_floats() {
        let odd = [1, 3, (1 << 53) - 1, (1 << 52) + 1, 0x15_5555_5555_5555, -0x1a_bcde_f012_3457_i64];
        for a in odd {
            for b in odd {
                let exact = |(high, low): (f64, f64)| high as i128 + low as i128;
                assert_eq!(exact(two_product(a as f64, b as f64)), i128::from(a) * i128::from(b));
                assert_eq!(exact(two_sum(a as f64, b as f64)), i128::from(a) + i128::from(b));
                assert_eq!(exact(two_difference(a as f64, b as f64)), i128::from(a) - i128::from(b));
                let (small, large) = if a.abs() < b.abs() { (a, b) } else { (b, a) };
                let (large, small) = (large as f64, small as f64);
                assert_eq!(exact(fast_two_sum(large, small)), i128::from(a) + i128::from(b));
                assert_eq!(fast_two_sum(large, small).0, large + small);
            }
        }
    }

    #[test]
    fn small_values_beside_large_ones_are_not_lost() {
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[]).to_bits(), 0);
    }

    #[test]
    fn a_merged_sum_brings_what_it_has_lost() {
        let of = |values: &[f64]| {
            let mut sum = CompensatedSum::default();
            values.iter().for_each(|&x| sum.add(x));
            sum
        };
        let mut sum = of(&[1e16, 1.0]);
        assert_eq!(sum.parts(), (1e16, 1.0));
        assert_eq!(CompensatedSum::of_parts(1.0, 1e16).rounded(), (1e16, 1.0));
        sum.merge(of(&[-1e16, 1.0]));
        assert_eq!(sum.finish(), 2.0);
    }

    #[test]
    fn many_at_once_lose_as_little() {
        for len in [0, 1, 7, 8, 9, 100, 1000] {
            let values: Vec<f64> =
                (0..len).map(|i| if i % 3 == 1 { 1e16 } else { -0.1 * f64::from(i) }).collect();
            let undone: Vec<f64> = values.iter().map(|x| -x).chain([0.25]).collect();
            let mut total = CompensatedSum::default();
            total.add_all(&values);
            total.add_all(&undone);
            assert!((total.finish() - 0.25).abs() < 1e-9);
        }
    }

    #[test]
    fn infinities_and_nan_come_through() {
        assert_eq!(sum(&[1.0, f64::INFINITY, 2.0]), f64::INFINITY);
        assert!(sum(&[f64::NEG_INFINITY, f64::INFINITY]).is_nan());
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }
}
