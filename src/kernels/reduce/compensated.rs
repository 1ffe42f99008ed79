//! Compensated summation: Neumaier's variant of Kahan's (Zeitschrift für Angewandte Mathematik
//! und Mechanik 54, 1974). The rounding error of each addition is computed exactly (Møller and
//! Knuth's two-sum, which needs no comparison) and summed apart: the result is as if the sum had
//! been done with twice the digits and rounded once.

/// Sums side by side: as many as hide the latency of two additions.
const LANES: usize = 8;

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
    fn a_merged_sum_brings_what_it_has_lost() {
        let of = |values: &[f64]| {
            let mut sum = Compensated::default();
            values.iter().for_each(|&x| sum.add(x));
            sum
        };
        let mut sum = of(&[1e16, 1.0]);
        sum.merge(of(&[-1e16, 1.0]));
        assert_eq!(sum.finish(), 2.0);
    }

    #[test]
    fn many_at_once_lose_as_little() {
        for len in [0, 1, 7, 8, 9, 100, 1000] {
            let values: Vec<f64> =
                (0..len).map(|i| if i % 3 == 1 { 1e16 } else { -0.1 * f64::from(i) }).collect();
            let undone: Vec<f64> = values.iter().map(|x| -x).chain([0.25]).collect();
            let mut total = Compensated::default();
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
