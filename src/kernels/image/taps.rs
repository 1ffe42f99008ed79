//! The weights of the Gaussian: sampled, made as short as the image allows, and as integers.
//!
//! The kernel is that of `scipy.ndimage`: `exp(-j² / 2σ²)` for `|j| <= int(truncate σ + 0.5)`,
//! divided by the sum. It is symmetric, so only the weights for `j >= 0` are kept.
//!
//! Where the kernel is longer than the axis, several of its taps always meet the same
//! element: with a periodic border those that are a period apart, with a constant one those that
//! are off the end wherever the kernel is. They are added up beforehand, so a kernel never reaches
//! further than the length of its axis, and neither work nor memory grows with σ after that.

use super::border::Mode;
use crate::alloc::{try_filled, try_vec};
use crate::error::{Error, Result};
use crate::parallel::Work;

/// σ at or below which an axis is not filtered at all, as in `scipy.ndimage`.
const NO_SIGMA: f64 = 1e-15;

/// Radii from here on are refused: the sum of their weights would take hours.
const MAX_RADIUS: f64 = 4e9;

/// The distance to the furthest tap.
pub fn radius(sigma: f64, truncate: f64) -> Result<usize> {
    if sigma <= NO_SIGMA {
        return Ok(0);
    }
    let radius = (truncate * sigma + 0.5).trunc();
    if radius < MAX_RADIUS { Ok(radius as usize) } else { Err(Error::Memory { bytes: usize::MAX }) }
}

/// The weights for `j = 0, 1, …` along an axis of `len` elements.
pub fn gaussian(sigma: f64, truncate: f64, mode: Mode, len: usize, work: &Work<'_>) -> Result<Vec<f64>> {
    let radius = radius(sigma, truncate)?;
    let reach = mode.period(len).map_or(len, |period| period / 2).min(radius);
    let scale = -0.5 / (sigma * sigma);
    let weight = |j: usize| {
        if j % 4096 == 0 {
            work.check()?;
        }
        Ok((scale * (j as f64 * j as f64)).exp())
    };
    let mut half = try_filled(reach + 1, 1.0)?;
    // From the smallest weight to the largest: the sum loses least.
    let mut sum = 0.0;
    for j in (1..=radius).rev() {
        let weight = weight(j)?;
        sum += weight;
        if j <= reach {
            half[j] = weight;
        }
    }
    let sum = half[0] + 2.0 * sum;
    half.iter_mut().for_each(|weight| *weight /= sum);
    if radius > reach {
        // No tap is further away than the axis is long. What lies beyond is computed once more:
        // kept, it would take memory that grows with σ.
        let mut beyond = try_filled(reach + 1, 0.0)?;
        for j in (reach + 1..=radius).rev() {
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
        let largest = half.iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
        // A weight may be off by one.
        let fits = |shift: u32| largest * f64::from(1u32 << shift) < f64::from(i16::MAX) - 1.0;
        // Halves of what does not fit with a shift of 16 fit if it is below two to the power 16.
        let shift =
            (16..=max_shift).rev().find(|&shift| fits(shift)).unwrap_or(if fits(15) { 16 } else { 15 });
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
    use super::*;

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
        assert_eq!(gaussian(2000.0, 4.0, Mode::Reflect, 100, &Work::stopped()), Err(Error::Interrupted));
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
    fn integers_add_up_exactly_and_are_near() {
        for tenths in 1..200 {
            let half =
                gaussian(f64::from(tenths) / 10.0, 4.0, Mode::Reflect, 1000, &Work::serial()).expect("small");
            for max in [16, 22] {
                let integers = Integers::new(&half, max).expect("small");
                let sum = integers.half[1..].iter().fold(integers.half[0], |sum, &w| sum + 2 * w);
                assert_eq!(sum, 1 << integers.shift);
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
}
