//! The state: count, where the elements are, minimum and maximum.

use super::center::Center;
use super::central::CentralMoments;
use super::sample::Key;

/// What a state says about its elements with one float.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// See [`Moments::weight`].
    Weight,
    /// See [`Moments::mean`].
    Mean,
    /// See [`Moments::var`].
    Var {
        /// What is taken from the weight.
        ddof: f64,
    },
    /// See [`Moments::std`].
    Std {
        /// What is taken from the weight.
        ddof: f64,
    },
}

/// Moments of the elements seen so far. `K` is the type in which minimum and maximum are kept, `C` what is
/// kept of where the elements are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<K = f64, C = CentralMoments> {
    count: u64,
    center: C,
    min: K,
    max: K,
}

impl<K: Key, C: Center> Default for Moments<K, C> {
    /// Of no elements.
    fn default() -> Self {
        Moments { count: 0, center: C::default(), min: K::HIGHEST, max: K::LOWEST }
    }
}

impl<K: Key, C: Center> Moments<K, C> {
    /// From parts that another state was taken apart into.
    pub fn from_parts(count: u64, center: C, min: K, max: K) -> Self {
        if count == 0 { Moments::default() } else { Moments { count, center, min, max } }
    }

    /// The same with a center made of this one.
    #[inline(always)]
    pub(super) fn with_center<D: Center>(self, of: impl FnOnce(C) -> D) -> Moments<K, D> {
        Moments { count: self.count, center: of(self.center), min: self.min, max: self.max }
    }

    /// Adds the elements of another state.
    #[inline(always)]
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.center.merge(self.count, &other.center, other.count);
        self.count += other.count;
        self.min = self.min.least(other.min);
        self.max = self.max.greatest(other.max);
    }

    /// The state of `times` copies of the elements.
    pub fn repeated(self, times: u64) -> Self {
        if times == 1 {
            return self;
        }
        Self::from_parts(self.count * times, self.center.repeated(times), self.min, self.max)
    }

    /// The number of elements.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What is kept of where the elements are.
    pub fn center(&self) -> C {
        self.center
    }

    /// The moments around the mean.
    pub fn central(&self) -> CentralMoments {
        if self.count == 0 { CentralMoments::default() } else { self.center.central(self.count) }
    }

    /// The mean; NaN if there are no elements.
    #[inline]
    pub fn mean(&self) -> f64 {
        match self.count {
            0 => f64::NAN,
            count => self.center.mean(count, self.min.to_f64(), self.max.to_f64()),
        }
    }

    /// What the elements weigh together: as much as they are, but where they have weights.
    pub fn weight(&self) -> f64 {
        self.center.weight(self.count)
    }

    /// The sum of squared deviations from the mean over their weight less `ddof`; NaN unless that is above zero.
    #[inline]
    pub fn var(&self, ddof: f64) -> f64 {
        self.central().var(self.weight(), ddof)
    }

    /// The square root of the variance.
    #[inline]
    pub fn std(&self, ddof: f64) -> f64 {
        self.central().std(self.weight(), ddof)
    }

    /// A measure of the elements.
    #[inline]
    pub fn measure(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Weight => self.weight(),
            Measure::Mean => self.mean(),
            Measure::Var { ddof } => self.var(ddof),
            Measure::Std { ddof } => self.std(ddof),
        }
    }

    /// Minimum and maximum, if there are any elements.
    pub fn extremes(&self) -> Option<(K, K)> {
        (self.count > 0).then_some((self.min, self.max))
    }
}

impl<K: Key> Moments<K> {
    /// From a state that is not regular; `None` stands for NaN everywhere.
    pub(super) fn of_irregular(count: u64, center: Option<CentralMoments>, min: K, max: K) -> Self {
        match (center, K::NAN) {
            (Some(center), _) => Self::from_parts(count, center, min, max),
            (None, nan) => {
                Self::from_parts(count, CentralMoments::NAN, nan.unwrap_or(min), nan.unwrap_or(max))
            }
        }
    }
}

impl Moments<f64> {
    /// The minimum; NaN if there are no elements.
    pub fn min(&self) -> f64 {
        self.extremes().map_or(f64::NAN, |(min, _)| min)
    }

    /// The maximum; NaN if there are no elements.
    pub fn max(&self) -> f64 {
        self.extremes().map_or(f64::NAN, |(_, max)| max)
    }
}
