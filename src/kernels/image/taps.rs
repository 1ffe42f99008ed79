//! The weights of the Gaussian: sampled, made as short as the image allows, and as integers.
//!
//! The kernel is that of `scipy.ndimage`: `exp(-j² / 2σ²)` for `|j| <= int(truncate σ + 0.5)`,
//! divided by the sum. It is symmetric, so only the weights for `j >= 0` are kept.
//!
//! Where the kernel is longer than the axis, several of its taps always meet the same
//! element: with a periodic border those that are a period apart, with another one those that
//! are off the end wherever the kernel is. They are added up beforehand, so a kernel never reaches
//! further than the length of its axis.
//!
//! **Work is bounded** by the length of the axis as well. Up to [`longest_sum`] taps are added one by
//! one. A longer kernel has a σ that is large against the axis, and so against the distance of the taps
//! that are added up. Their sum is then an integral with corrections at its ends, by the formula of Euler and
//! Maclaurin ([`progression`]): a fixed number of operations, and exact to the last bits of a double.

use std::f64::consts::FRAC_PI_2;

use super::border::Mode;
use crate::alloc::{try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;

/// σ at or below which an axis is not filtered at all, as in `scipy.ndimage`.
const NO_SIGMA: f64 = 1e-15;

/// Beyond so many σ every weight is zero.
const ZERO_BEYOND: f64 = 39.0;

/// The most taps to one side that are added one by one, along an axis of `len`.
///
/// Beyond, σ is more than `3 len`: two taps that meet the same element are less than 0.7 σ apart, where the formula
/// for their sum is exact.
pub fn longest_sum(len: usize) -> usize {
    len.saturating_mul(128).saturating_add(4096)
}

/// How far a kernel reaches along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Radius {
    /// The distance to the furthest tap, before the kernel is made as short as the axis allows; may be infinite.
    whole: f64,
    /// And after.
    pub folded: usize,
}

impl Radius {
    /// Of a kernel along an axis of `len` elements.
    pub fn new(sigma: f64, truncate: f64, mode: Mode, len: usize) -> Self {
        let whole = if sigma <= NO_SIGMA { 0.0 } else { (truncate * sigma + 0.5).trunc() };
        let most = mode.period(len).map_or(len, |period| period / 2);
        // A float becomes an integer as near to it as there is one.
        Radius { whole, folded: most.min(whole as usize) }
    }
}

/// The weights for `j = 0, 1, …` along an axis of `len` elements.
pub fn gaussian(sigma: f64, truncate: f64, mode: Mode, len: usize, work: &Work<'_>) -> Result<Vec<f64>> {
    let radius = Radius::new(sigma, truncate, mode, len);
    let furthest = radius.whole.min((ZERO_BEYOND * sigma).ceil());
    if furthest <= longest_sum(len) as f64 {
        added_up(sigma, furthest as usize, radius.folded, mode, len, work)
    } else {
        integrated(sigma, truncate, radius, mode, len, work)
    }
}

/// The weights by their definition, tap by tap to the furthest that is not zero.
fn added_up(
    sigma: f64,
    furthest: usize,
    reach: usize,
    mode: Mode,
    len: usize,
    work: &Work<'_>,
) -> Result<Vec<f64>> {
    let scale = -0.5 / (sigma * sigma);
    let weight = |j: usize| {
        if j % 4096 == 0 {
            work.check()?;
        }
        Ok(exponential(scale * (j as f64 * j as f64)))
    };
    let mut half = try_filled(reach + 1, 0.0)?;
    half[0] = 1.0;
    // From the smallest weight to the largest: the sum loses least.
    let mut sum = 0.0;
    for j in (1..=furthest).rev() {
        let weight = weight(j)?;
        sum += weight;
        if j <= reach {
            half[j] = weight;
        }
    }
    let sum = half[0] + 2.0 * sum;
    half.iter_mut().for_each(|weight| *weight /= sum);
    if furthest > reach {
        // What lies beyond is computed once more: kept, it would take memory that grows with σ.
        let mut beyond = try_filled(reach + 1, 0.0)?;
        for j in (reach + 1..=furthest).rev() {
            let (tap, times) = fold(j, mode, len, reach);
            beyond[tap] += times * (weight(j)? / sum);
        }
        half.iter_mut().zip(beyond).for_each(|(near, far)| *near += far);
    }
    Ok(half)
}

/// Which tap within `reach` meets the same element as tap `j` beyond it, and how often.
fn fold(j: usize, mode: Mode, len: usize, reach: usize) -> (usize, f64) {
    let Some(period) = mode.period(len) else { return (reach, 1.0) };
    // Both taps, j and -j, come to the same distance on the two sides. Exactly half a period
    // away the two sides are one element: each keeps its own share.
    let remainder = j % period;
    let distance = remainder.min(period - remainder);
    // At distance zero the two taps are one.
    (distance, if distance == 0 { 2.0 } else { 1.0 })
}

/// The weights of a kernel that is far longer than the axis.
fn integrated(
    sigma: f64,
    truncate: f64,
    radius: Radius,
    mode: Mode,
    len: usize,
    work: &Work<'_>,
) -> Result<Vec<f64>> {
    let Radius { whole, folded: reach } = radius;
    // Distances in units of σ; what is infinite in pixels need not be so here.
    let end = if whole.is_finite() { whole / sigma } else { truncate };
    let mut half = try_filled(reach + 1, 0.0)?;
    // All weights are multiplied by the distance of two taps: σ itself may be near the largest float.
    let mut sum = 0.0;
    for j in (0..=reach).rev() {
        if j % 4096 == 0 {
            work.check()?;
        }
        half[j] = match mode.period(len) {
            Some(period) => residue_class(j, period, whole, end, sigma),
            None => {
                let step = 1.0 / sigma;
                let beyond = if j == reach { progression((j + 1) as f64 * step, end, step) } else { 0.0 };
                beyond + step * density(j as f64 * step)
            }
        };
        // In the middle the two sides are one tap.
        sum += if j == 0 { 0.5 * half[0] } else { half[j] };
    }
    half.iter_mut().for_each(|weight| *weight /= 2.0 * sum);
    Ok(half)
}

/// The sum of all taps whose distance from a multiple of `period`, to either side, is `distance`, as a share of one
/// side.
fn residue_class(distance: usize, period: usize, whole: f64, end: f64, sigma: f64) -> f64 {
    let step = period as f64 / sigma;
    let [first, last] = if whole < MAX_EXACT {
        let (whole, distance, period) = (whole as u64, distance as u64, period as u64);
        let last = (whole - distance) / period * period + distance;
        let first = (whole + distance) / period * period - distance;
        [-(first as f64) / sigma, last as f64 / sigma]
    } else {
        // To less than the last bit, the ends are the same for all.
        [-end, end]
    };
    // Half a period away the two sides are one element: each keeps its own share.
    let share = if 2 * distance == period { 0.5 } else { 1.0 };
    share * progression(first, last, step)
}

/// Whole numbers below it are exact as floats.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// `exp(-u² / 2)`.
fn density(u: f64) -> f64 {
    exponential(-0.5 * u * u)
}

/// What the work of this file is counted in.
fn exponential(x: f64) -> f64 {
    #[cfg(test)]
    tests::EXPONENTIALS.set(tests::EXPONENTIALS.get() + 1);
    x.exp()
}

/// `step` times the sum of `exp(-u² / 2)` for `u = first, first + step, …, last`, by the formula of Euler and
/// Maclaurin: the integral, half of the first and of the last value, and the derivatives at the ends. The first term
/// that is left out is below 1e-17 for a step up to 0.3, and so is, for one up to 0.7, what the formula can never
/// give (`exp(-2π² / step²)`); with a larger step than 0.3 the ends here are beyond ten σ, and zero.
fn progression(first: f64, last: f64, step: f64) -> f64 {
    /// Bernoulli's numbers `B_2k / (2k)!`.
    const B: [f64; 5] = [1.0 / 12.0, -1.0 / 720.0, 1.0 / 30_240.0, -1.0 / 1_209_600.0, 1.0 / 47_900_160.0];
    let at_end = |u: f64| {
        let density = density(u);
        if density == 0.0 {
            return [0.0; 2];
        }
        // Derivatives of the density are the polynomials of Hermite, by their recurrence, times the density.
        let (mut before, mut hermite) = (1.0, u);
        let (mut sum, mut power) = (0.0, step * step);
        for (k, b) in B.iter().enumerate() {
            sum += b * power * hermite;
            power *= step * step;
            let n = 2.0 * k as f64 + 1.0;
            let next = u * hermite - n * before;
            (before, hermite) = (next, u * next - (n + 1.0) * hermite);
        }
        [0.5 * step * density, sum * density]
    };
    let ([half_first, slope_first], [half_last, slope_last]) = (at_end(first), at_end(last));
    integral(last) - integral(first) + (half_first + half_last) + (slope_first - slope_last)
}

/// The integral of `exp(-u² / 2)` from 0 to `u`: `exp(-u² / 2) (u + u³ / 3 + u⁵ / 15 + …)`, a series
/// of which all terms have one sign (Abramowitz and Stegun, 26.2.11).
fn integral(u: f64) -> f64 {
    /// From here on it is what it is at infinity.
    const INFINITE: f64 = 9.0;
    let size = u.abs();
    let value = if size >= INFINITE {
        FRAC_PI_2.sqrt()
    } else {
        let (mut term, mut sum, mut odd) = (size, size, 1.0);
        while term > sum * 1e-18 {
            odd += 2.0;
            term *= size * size / odd;
            sum += term;
        }
        density(size) * sum
    };
    value.copysign(u)
}

/// Weights as integers: their sum, over both sides, is exactly two to the power `shift`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integers {
    /// For `j = 0, 1, …`; all but the first fit in 16 bits, and so do the halves of the first.
    half: Vec<i32>,
    /// The power of two.
    pub shift: u32,
}

/// Weights in pairs of neighbours, as [`Pairs16`](crate::simd::Pairs16) takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// Which pair of elements the weights are for: the `k`-th begins at `2 k - radius`.
    pub at: Vec<usize>,
    /// The weights as they are, and moved back by one: what two neighbouring results have to do
    /// with the same elements.
    pub weights: [Vec<[i16; 2]>; 2],
    /// How far they reach.
    pub radius: usize,
}

impl Integers {
    /// With the largest `shift` up to `max_shift` for which every weight fits in 16 bits. A weight
    /// in the middle that would leave only 15 bits is taken in two halves.
    ///
    /// Not each weight is rounded but the sum of it and all further out, which keeps every such
    /// sum within half a unit: an edge in the image gets what it should. (Rounding each weight,
    /// and then the ones with the largest errors the other way until the total is right, is
    /// slightly better for noise, and at an edge worse by up to ten times for wide kernels.)
    pub fn new(half: &[f64], max_shift: u32) -> Result<Integers> {
        let outer = half[1..].iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
        // A weight may be off by one.
        let fits = |weight: f64, shift: u32| weight * f64::from(1u32 << shift) < f64::from(i16::MAX) - 1.0;
        let whole = (16..=max_shift).rev().find(|&shift| fits(outer.max(half[0]), shift));
        let shift = whole.unwrap_or(if fits(outer.max(half[0] / 2.0), 16) { 16 } else { 15 });
        let mut integers = try_filled(half.len(), 0)?;
        let (mut exact, mut sum) = (0.0, 0);
        for j in (1..half.len()).rev() {
            exact += half[j] * f64::from(1u32 << shift);
            integers[j] = exact.round() as i32 - sum;
            sum += integers[j];
        }
        integers[0] = (1 << shift) - 2 * sum;
        Ok(Integers { half: integers, shift })
    }

    /// All weights, from one end to the other, in pairs.
    pub fn pairs(&self) -> Result<Pairs> {
        let split = self.half[0] > i32::from(i16::MAX);
        // In two halves, the middle has to be in the same pair of both lists.
        let radius = if split { (self.half.len() - 1).next_multiple_of(2) } else { self.half.len() - 1 };
        let other_half = if split { self.half[0] / 2 } else { 0 };
        let at = |j: usize| {
            let weight = self.half.get(j.abs_diff(radius)).copied().unwrap_or(0);
            (if j == radius { weight - other_half } else { weight }) as i16
        };
        let mut pairs =
            Pairs { at: try_vec(radius + 2)?, weights: [try_vec(radius + 2)?, try_vec(radius + 2)?], radius };
        for k in 0..=radius {
            pairs.at.push(k);
            pairs.weights[0].push([at(2 * k), if k == radius { 0 } else { at(2 * k + 1) }]);
            pairs.weights[1].push([if k == 0 { 0 } else { at(2 * k - 1) }, at(2 * k)]);
        }
        if split {
            pairs.at.push(radius / 2);
            pairs.weights[0].push([other_half as i16, 0]);
            pairs.weights[1].push([0, other_half as i16]);
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::Error;

    thread_local! {
        pub static EXPONENTIALS: Cell<usize> = const { Cell::new(0) };
    }

    fn whole(half: &[f64]) -> f64 {
        half[0] + 2.0 * half[1..].iter().fold(0.0, |sum, w| sum + w)
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        let half = gaussian(1.0, 4.0, Mode::Reflect, 100, &Work::serial()).expect("small");
        assert_eq!(half.len(), 5);
        assert!((half[0] - 0.398_943_469_356_097_76).abs() < 1e-15);
        assert!((whole(&half) - 1.0).abs() < 1e-15);
        assert_eq!(gaussian(0.0, 4.0, Mode::Reflect, 100, &Work::serial()), Ok(vec![1.0]));
    }

    #[test]
    fn a_wide_kernel_can_be_stopped() {
        for sigma in [2000.0, 1e9] {
            assert_eq!(gaussian(sigma, 4.0, Mode::Reflect, 100, &Work::stopped()), Err(Error::Interrupted));
        }
    }

    #[test]
    fn a_short_kernel_does_the_same_as_the_long_one() {
        for mode in Mode::ALL {
            for len in 1..7usize {
                let data: Vec<f64> = (0..len).map(|i| (i * i % 5) as f64).collect();
                let filter = |half: &[f64], x: usize| -> f64 {
                    let radius = half.len() as isize - 1;
                    (-radius..=radius)
                        .map(|j| {
                            half[j.unsigned_abs()] * mode.index(x as isize + j, len).map_or(7.0, |i| data[i])
                        })
                        .fold(0.0, |sum, term| sum + term)
                };
                let long = gaussian(5.0, 4.0, Mode::Wrap, 1000, &Work::serial()).expect("small");
                let short = gaussian(5.0, 4.0, mode, len, &Work::serial()).expect("small");
                assert!(short.len() <= len + 1);
                for x in 0..len {
                    assert!((filter(&long, x) - filter(&short, x)).abs() < 1e-13, "{mode:?} {len} {x}");
                }
            }
        }
    }

    #[test]
    fn a_sum_by_the_formula_is_that_of_its_terms() {
        for mode in Mode::ALL {
            for len in [1usize, 2, 5, 20, 100] {
                for truncate in [0.02f64, 0.7, 3.0, 4.0, 8.0, 30.0] {
                    let longest = longest_sum(len) as f64;
                    // A little longer than what is added up, and far longer.
                    for times in [1.001, 3.0] {
                        let sigma = times * longest / truncate.min(ZERO_BEYOND);
                        let radius = Radius::new(sigma, truncate, mode, len);
                        let work = Work::serial();
                        let furthest = radius.whole.min((ZERO_BEYOND * sigma).ceil()) as usize;
                        let terms =
                            added_up(sigma, furthest, radius.folded, mode, len, &work).expect("small");
                        let formula = integrated(sigma, truncate, radius, mode, len, &work).expect("small");
                        for (a, b) in terms.iter().zip(&formula) {
                            let case = format!("{mode:?} {len} {truncate} {sigma}: {a} {b}");
                            assert!((a - b).abs() <= 2e-13 * a, "{case}");
                        }
                        assert!((whole(&formula) - 1.0).abs() < 1e-14);
                    }
                }
            }
        }
    }

    #[test]
    fn work_is_bounded_by_the_length_of_the_axis() {
        let extremes = [1e-300, 1e-14, 0.3, 1e3, 1e6, 2e9, 1e16, 1e160, 1e300, f64::MAX];
        for mode in Mode::ALL {
            for len in [1usize, 2, 3, 7, 200] {
                for (sigma, truncate) in extremes.into_iter().flat_map(|s| extremes.map(|t| (s, t))) {
                    EXPONENTIALS.set(0);
                    let half = gaussian(sigma, truncate, mode, len, &Work::serial()).expect("small");
                    let case = format!("{mode:?} {len} {sigma} {truncate}");
                    assert!(EXPONENTIALS.get() <= 2 * longest_sum(len), "{case}: {}", EXPONENTIALS.get());
                    assert!(half.len() <= len + 1, "{case}");
                    assert!(half.iter().all(|&weight| (0.0..=1.0).contains(&weight)), "{case} {half:?}");
                    assert!((whole(&half) - 1.0).abs() < 1e-13, "{case}");
                }
            }
        }
    }

    #[test]
    fn integers_add_up_exactly_and_are_near() {
        for tenths in (1..200).chain([100_000]) {
            let sigma = f64::from(tenths) / 10.0;
            // In a small image half of all may be the weight of what is off its end.
            let (mode, len) = if tenths % 2 == 0 { (Mode::Nearest, 2) } else { (Mode::Reflect, 1000) };
            let half = gaussian(sigma, 4.0, mode, len, &Work::serial()).expect("small");
            for max in [16, 22] {
                let integers = Integers::new(&half, max).expect("small");
                let sum = integers.half[1..].iter().fold(integers.half[0], |sum, &w| sum + 2 * w);
                assert_eq!(sum, 1 << integers.shift);
                assert!(integers.half[1..].iter().all(|&w| w <= i32::from(i16::MAX)));
                for (&w, &exact) in integers.half.iter().zip(&half) {
                    assert!(w >= 0 && (f64::from(w) - exact * f64::from(1u32 << integers.shift)).abs() < 1.5);
                }
            }
        }
    }

    #[test]
    fn pairs_hold_every_weight_for_both_results() {
        for sigma in [0.0, 0.3, 0.5, 0.7, 0.9, 2.0] {
            let half = gaussian(sigma, 4.0, Mode::Reflect, 1000, &Work::serial()).expect("small");
            let integers = Integers::new(&half, 22).expect("small");
            let pairs = integers.pairs().expect("small");
            assert!(pairs.radius <= integers.half.len(), "more than the one tap that makes it even");
            for next in 0..2 {
                let mut weights = vec![0; 2 * pairs.radius + 2];
                for (&k, pair) in pairs.at.iter().zip(&pairs.weights[next]) {
                    weights[2 * k] += i32::from(pair[0]);
                    weights[2 * k + 1] += i32::from(pair[1]);
                }
                for (i, &weight) in weights.iter().enumerate() {
                    let distance = i.abs_diff(pairs.radius + next);
                    assert_eq!(
                        weight,
                        integers.half.get(distance).copied().unwrap_or(0),
                        "{sigma} {next} {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn pairs_are_no_longer_than_the_weights() {
        for (half, radius) in [(vec![6, 5, 4, 3], 3), (vec![40_000, 5, 4], 2), (vec![40_000, 5, 4, 3], 4)] {
            let pairs = Integers { half, shift: 16 }.pairs().expect("small");
            assert_eq!(pairs.radius, radius);
        }
    }
}
