//! The states of elements of any type, floats or integers, and of elements with weights: one state or one for each element of an array.

use super::center::Center;
use super::central::CentralMoments;
use super::integers::IntegerSums;
use super::moments::{Measure, Moments};
use super::number::Number;
use super::weight::WeightedMoments;

/// The state of elements of any type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AnyMoments {
    /// Of floats, or of floats and integers.
    Floats(Moments<Number>),
    /// Of integers.
    Integers(Moments<Number, IntegerSums>),
    /// Of elements some of which have weights.
    Weighted(Moments<Number, WeightedMoments>),
}

impl Default for AnyMoments {
    /// Of no elements.
    fn default() -> Self {
        AnyMoments::Floats(Moments::default())
    }
}

impl From<Moments<Number>> for AnyMoments {
    fn from(moments: Moments<Number>) -> Self {
        AnyMoments::Floats(moments)
    }
}

impl From<Moments<Number, IntegerSums>> for AnyMoments {
    fn from(moments: Moments<Number, IntegerSums>) -> Self {
        AnyMoments::Integers(moments)
    }
}

impl From<Moments<Number, WeightedMoments>> for AnyMoments {
    fn from(moments: Moments<Number, WeightedMoments>) -> Self {
        AnyMoments::Weighted(moments)
    }
}

/// Does the same with a state of any kind.
macro_rules! each {
    ($state:expr, $moments:ident => $body:expr) => {
        match $state {
            AnyMoments::Floats($moments) => $body,
            AnyMoments::Integers($moments) => $body,
            AnyMoments::Weighted($moments) => $body,
        }
    };
}

impl AnyMoments {
    /// Adds the elements of another state. Integers stay exact among integers.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, other) if other.count() == 0 => {}
            (this, other) if this.count() == 0 => *this = *other,
            (AnyMoments::Integers(this), AnyMoments::Integers(other)) => this.merge(other),
            (this @ AnyMoments::Weighted(_), other) | (this, other @ AnyMoments::Weighted(_)) => {
                let mut weighted = this.weighted();
                weighted.merge(&other.weighted());
                *this = AnyMoments::Weighted(weighted);
            }
            (this, other) => {
                let mut floats = this.floats();
                floats.merge(&other.floats());
                *this = AnyMoments::Floats(floats);
            }
        }
    }

    /// The number of elements.
    pub fn count(&self) -> u64 {
        each!(self, moments => moments.count())
    }

    /// A measure of the elements.
    pub fn measure(&self, measure: Measure) -> f64 {
        each!(self, moments => moments.measure(measure))
    }

    /// What the elements weigh together: their number, but where they have weights.
    pub fn weight(&self) -> f64 {
        self.measure(Measure::Weight)
    }

    /// The mean; NaN if there are no elements.
    pub fn mean(&self) -> f64 {
        self.measure(Measure::Mean)
    }

    /// The variance: see [`Moments::var`].
    pub fn var(&self, ddof: f64) -> f64 {
        self.measure(Measure::Var { ddof })
    }

    /// Its square root.
    pub fn std(&self, ddof: f64) -> f64 {
        self.measure(Measure::Std { ddof })
    }

    /// Minimum and maximum, if there are any elements.
    pub fn extremes(&self) -> Option<(Number, Number)> {
        each!(self, moments => moments.extremes())
    }

    /// The sum of integers.
    pub fn integer_sum(&self) -> Option<i128> {
        match self {
            AnyMoments::Floats(_) | AnyMoments::Weighted(_) => None,
            AnyMoments::Integers(moments) => Some(moments.center().sum()),
        }
    }

    /// The sum, by weight, rounded once; 0 if there are no elements.
    pub fn sum(&self) -> f64 {
        match self {
            AnyMoments::Integers(moments) => moments.center().sum() as f64,
            _ if self.count() == 0 => 0.0,
            _ => self.central().sum(self.weight()),
        }
    }

    /// The moments around the mean.
    pub fn central(&self) -> CentralMoments {
        each!(self, moments => moments.central())
    }

    /// The state with a weight of one for each element that has none.
    pub fn weighted(&self) -> Moments<Number, WeightedMoments> {
        match (self, self.extremes()) {
            (AnyMoments::Weighted(moments), _) => *moments,
            (_, None) => Moments::default(),
            (_, Some((min, max))) => {
                let center = WeightedMoments::of_count(self.count(), self.central());
                Moments::from_parts(self.count(), center, min, max)
            }
        }
    }

    /// The state as one of floats without weights.
    pub fn floats(&self) -> Moments<Number> {
        match (self, self.extremes()) {
            (AnyMoments::Floats(moments), _) => *moments,
            (_, None) => Moments::default(),
            (_, Some((min, max))) => Moments::from_parts(self.count(), self.central(), min, max),
        }
    }
}

/// States, one for each element of an array.
#[derive(Debug, Clone)]
pub enum Lines {
    /// Of floats.
    Floats(Vec<Moments<Number>>),
    /// Of integers.
    Integers(Vec<Moments<Number, IntegerSums>>),
    /// With weights.
    Weighted(Vec<Moments<Number, WeightedMoments>>),
}

impl From<Vec<Moments<Number, WeightedMoments>>> for Lines {
    fn from(lines: Vec<Moments<Number, WeightedMoments>>) -> Self {
        Lines::Weighted(lines)
    }
}

impl From<Vec<Moments<Number>>> for Lines {
    fn from(lines: Vec<Moments<Number>>) -> Self {
        Lines::Floats(lines)
    }
}

impl From<Vec<Moments<Number, IntegerSums>>> for Lines {
    fn from(lines: Vec<Moments<Number, IntegerSums>>) -> Self {
        Lines::Integers(lines)
    }
}

impl From<AnyMoments> for Lines {
    fn from(moments: AnyMoments) -> Self {
        match moments {
            AnyMoments::Floats(moments) => Lines::Floats(vec![moments]),
            AnyMoments::Integers(moments) => Lines::Integers(vec![moments]),
            AnyMoments::Weighted(moments) => Lines::Weighted(vec![moments]),
        }
    }
}

impl Lines {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Lines::Floats(lines) => lines.len(),
            Lines::Integers(lines) => lines.len(),
            Lines::Weighted(lines) => lines.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, index: usize) -> AnyMoments {
        match self {
            Lines::Floats(lines) => lines[index].into(),
            Lines::Integers(lines) => lines[index].into(),
            Lines::Weighted(lines) => lines[index].into(),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = AnyMoments> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// A measure of each, in order. Nothing is copied, as it is by [`Lines::iter`].
    pub fn measure(&self, measure: Measure, values: &mut [f64]) {
        fn fill<C: Center>(lines: &[Moments<Number, C>], measure: Measure, values: &mut [f64]) {
            assert_eq!(lines.len(), values.len(), "as many values");
            values.iter_mut().zip(lines).for_each(|(value, line)| *value = line.measure(measure));
        }
        match self {
            Lines::Floats(lines) => fill(lines, measure, values),
            Lines::Integers(lines) => fill(lines, measure, values),
            Lines::Weighted(lines) => fill(lines, measure, values),
        }
    }

    /// Those at some places; of nothing where there is none.
    pub fn select(&self, places: impl Iterator<Item = Option<usize>>) -> Lines {
        fn pick<C: Center>(
            lines: &[Moments<Number, C>],
            places: impl Iterator<Item = Option<usize>>,
        ) -> Vec<Moments<Number, C>> {
            places.map(|place| place.map_or_else(Moments::default, |place| lines[place])).collect()
        }
        match self {
            Lines::Floats(lines) => Lines::Floats(pick(lines, places)),
            Lines::Integers(lines) => Lines::Integers(pick(lines, places)),
            Lines::Weighted(lines) => Lines::Weighted(pick(lines, places)),
        }
    }

    /// Adds the elements of as many others, each to its own.
    ///
    /// # Panics
    /// If there is another number of them.
    pub fn merge(&mut self, other: &Lines) {
        assert_eq!(self.len(), other.len(), "as many states");
        match (&mut *self, other) {
            (Lines::Floats(lines), Lines::Floats(other)) => merge(lines, other),
            (Lines::Integers(lines), Lines::Integers(other)) => merge(lines, other),
            (Lines::Weighted(lines), Lines::Weighted(other)) => merge(lines, other),
            (this, other) => {
                let is_weighted = matches!(this, Lines::Weighted(_)) || matches!(other, Lines::Weighted(_));
                let merged = this.iter().zip(other.iter()).map(|(mut line, other)| {
                    line.merge(&other);
                    line
                });
                *this = match is_weighted {
                    true => Lines::Weighted(merged.map(|line| line.weighted()).collect()),
                    false => Lines::Floats(merged.map(|line| line.floats()).collect()),
                };
            }
        }
    }

    /// The memory that they take.
    pub fn bytes(&self) -> usize {
        match self {
            Lines::Floats(lines) => size_of_val(lines.as_slice()),
            Lines::Integers(lines) => size_of_val(lines.as_slice()),
            Lines::Weighted(lines) => size_of_val(lines.as_slice()),
        }
    }
}

fn merge<C: Center>(lines: &mut [Moments<Number, C>], others: &[Moments<Number, C>]) {
    lines.iter_mut().zip(others).for_each(|(line, other)| line.merge(other));
}
