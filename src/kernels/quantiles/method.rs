//! The methods: which elements of the sorted data a quantile is made of.
//!
//! R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50
//! (1996), pp. 361-365: nine methods; NumPy has four more. The formulas are evaluated in the order
//! in which NumPy does, as a rounding more or less may be another element.

/// How a quantile follows from the sorted data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// H&F 1: the first element at which the share of elements reaches the level.
    InvertedCdf,
    /// H&F 2: as `InvertedCdf`, the mean of two where a share is met exactly.
    AveragedInvertedCdf,
    /// H&F 3: the nearest rank, ties to the even one.
    ClosestObservation,
    /// H&F 4.
    InterpolatedInvertedCdf,
    /// H&F 5.
    Hazen,
    /// H&F 6.
    Weibull,
    /// H&F 7, the default.
    Linear,
    /// H&F 8.
    MedianUnbiased,
    /// H&F 9.
    NormalUnbiased,
    /// The element below the place that `Linear` finds.
    Lower,
    /// The element above it.
    Higher,
    /// The middle between the two.
    Midpoint,
    /// The nearer one, ties to the even index.
    Nearest,
}

/// Every method with NumPy's name.
pub const METHODS: [(&str, Method); 13] = [
    ("inverted_cdf", Method::InvertedCdf),
    ("averaged_inverted_cdf", Method::AveragedInvertedCdf),
    ("closest_observation", Method::ClosestObservation),
    ("interpolated_inverted_cdf", Method::InterpolatedInvertedCdf),
    ("hazen", Method::Hazen),
    ("weibull", Method::Weibull),
    ("linear", Method::Linear),
    ("median_unbiased", Method::MedianUnbiased),
    ("normal_unbiased", Method::NormalUnbiased),
    ("lower", Method::Lower),
    ("higher", Method::Higher),
    ("midpoint", Method::Midpoint),
    ("nearest", Method::Nearest),
];

/// Where a quantile lies in the sorted data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The rank of the element below, from 0.
    pub lower: u64,
    /// That of the element above: the next one, or the same.
    pub upper: u64,
    /// The weight of the element above.
    pub weight: f64,
}

impl Method {
    /// Whether a quantile is always an element: then it keeps the dtype.
    pub fn is_discrete(self) -> bool {
        use Method::{ClosestObservation, Higher, InvertedCdf, Lower, Nearest};
        matches!(self, InvertedCdf | ClosestObservation | Lower | Higher | Nearest)
    }

    /// The position of the quantile at `level`, 0 to 1, of `count` elements.
    ///
    /// # Panics
    /// If there are no elements.
    pub fn position(self, count: u64, level: f64) -> Position {
        assert!(count > 0);
        let (n, last) = (count as f64, (count - 1) as f64);
        let general = |alpha: f64, beta: f64| n * level + (alpha + level * (1.0 - alpha - beta)) - 1.0;
        let one = |rank: f64| {
            // Never beyond the ends, whatever the rounding; NaN is none.
            let rank = (rank.max(0.0) as u64).min(count - 1);
            Position { lower: rank, upper: rank, weight: 0.0 }
        };
        let place = match self {
            Method::Lower => return one((last * level).floor()),
            Method::Higher => return one((last * level).ceil()),
            Method::Nearest => return one((last * level).round_ties_even()),
            Method::InvertedCdf => return one((n * level - 1.0).ceil()),
            Method::ClosestObservation => {
                let place = n * level - 1.0 - 0.5;
                let floor = place.floor();
                let is_tie = place == floor && floor.rem_euclid(2.0) == 1.0;
                return one(if is_tie { floor } else { floor + 1.0 });
            }
            Method::AveragedInvertedCdf => n * level - 1.0,
            Method::InterpolatedInvertedCdf => general(0.0, 1.0),
            Method::Hazen => general(0.5, 0.5),
            Method::Weibull => general(0.0, 0.0),
            Method::Linear => last * level,
            Method::MedianUnbiased => general(1.0 / 3.0, 1.0 / 3.0),
            Method::NormalUnbiased => general(3.0 / 8.0, 3.0 / 8.0),
            Method::Midpoint => 0.5 * ((last * level).floor() + (last * level).ceil()),
        };
        let (lower, upper, weight) = if place >= last {
            (count - 1, count - 1, place + 1.0)
        } else if place < 0.0 {
            (0, 0, place)
        } else {
            let floor = place.floor();
            (floor as u64, floor as u64 + 1, place - floor)
        };
        let weight = match self {
            Method::AveragedInvertedCdf => {
                if weight == 0.0 {
                    0.5
                } else {
                    1.0
                }
            }
            Method::Midpoint => {
                if place % 1.0 == 0.0 {
                    0.0
                } else {
                    0.5
                }
            }
            _ => weight,
        };
        Position { lower, upper, weight }
    }
}
