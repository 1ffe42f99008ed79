//! Stand-in for `kernels::stats::Moments`, with the same names; to be replaced by it.
//!
//! Two passes over each slice, then the exact combination of two sets of moments: Chan, Golub
//! and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
//! (1979), equation 2.1.

/// Count, mean, sum of squared deviations, smallest and largest of the values seen.
#[derive(Debug, Clone)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { count: 0, mean: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Moments {
    /// Adds values.
    pub fn update(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        let mut other = Moments { count: values.len() as u64, ..Moments::default() };
        let mut sum = 0.0;
        for &value in values {
            sum += value;
            other.min = if value < other.min { value } else { other.min };
            other.max = if value > other.max { value } else { other.max };
        }
        other.mean = sum / values.len() as f64;
        let mut rest = 0.0;
        for &value in values {
            let deviation = value - other.mean;
            other.squares += deviation * deviation;
            rest += deviation;
        }
        // What rounding left in the mean, and what that did to the squares.
        let correction = rest / values.len() as f64;
        other.mean += correction;
        other.squares -= correction * rest;
        self.merge(&other);
    }

    /// Adds the values that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let delta = other.mean - self.mean;
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        self.squares += other.squares + delta * delta * (a * b / (a + b));
        self.mean += delta * (b / (a + b));
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; NaN if there are none.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// Their standard deviation with `count - ddof` in the denominator.
    pub fn std(&self, ddof: f64) -> f64 {
        let degrees = self.count as f64 - ddof;
        if degrees <= 0.0 { f64::NAN } else { (self.squares / degrees).sqrt() }
    }

    /// The smallest; NaN if there are none.
    pub fn min(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.min }
    }

    /// The largest; NaN if there are none.
    pub fn max(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.max }
    }
}
