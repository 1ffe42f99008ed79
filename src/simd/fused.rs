//! Products that are added to sums and rounded once, at every level: with the instruction where the level has
//! it, and with the same bits where it has not.
//!
//! Without the instruction, `f32` is computed in `f64`, where a product is exact, and `f64` in pairs of floats whose
//! sum is exact: Dekker's product and Knuth's sum. What is left is one sum of two floats that has to be rounded once
//! to the type of the result and not twice. So it is *rounded to odd* first: towards zero, and the last bit set if
//! anything was cut off. (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved
//! algorithms using rounding to odd", IEEE Transactions on Computers 57, 2008.) All of it is plain
//! arithmetic that the compiler turns into vectors; factors so large or small that the error of their product
//! is no float are left to the C library's `fma`.

use super::token::Token;

/// A float whose products are added with one rounding.
pub trait Fused: Copy {
    /// Adds `values` times `factor` to `sums`, each sum rounded once. A sum of zero is positive.
    fn add_products<S: Token, const N: usize>(sums: &mut [Self; N], values: &[Self; N], factor: Self);
}

impl Fused for f32 {
    #[inline(always)]
    fn add_products<S: Token, const N: usize>(sums: &mut [f32; N], values: &[f32; N], factor: f32) {
        for l in 0..N {
            sums[l] =
                if S::FUSES { values[l].mul_add(factor, sums[l]) } else { fused(values[l], factor, sums[l]) };
        }
    }
}

impl Fused for f64 {
    #[inline(always)]
    fn add_products<S: Token, const N: usize>(sums: &mut [f64; N], values: &[f64; N], factor: f64) {
        if S::FUSES {
            for l in 0..N {
                sums[l] = values[l].mul_add(factor, sums[l]);
            }
            return;
        }
        let mut exact = has_exact_products(factor);
        for l in 0..N {
            // No part of a sum may be infinite.
            exact &= has_exact_products(values[l]) & (sums[l].abs() < LARGE * LARGE);
        }
        if exact {
            let split = split(factor);
            for l in 0..N {
                sums[l] = fused_exact(values[l], split, sums[l]);
            }
        } else {
            for l in 0..N {
                sums[l] = values[l].mul_add(factor, sums[l]);
            }
        }
    }
}

/// `a * b + c`.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    sum_to_odd(f64::from(a) * f64::from(b), f64::from(c)) as f32
}

/// Two to the power 450.
const LARGE: f64 = f64::from_bits((1023 + 450) << 52);

/// Whether its product with another such number has an error that is a float: zero, or far from both ends of the range.
#[inline(always)]
fn has_exact_products(x: f64) -> bool {
    (x == 0.0) | ((x.abs() > 1.0 / LARGE) & (x.abs() < LARGE))
}

/// A number as the sum of two of half its digits (Veltkamp).
#[inline(always)]
fn split(x: f64) -> [f64; 3] {
    let scaled = x * 134_217_729.0;
    let high = scaled - (scaled - x);
    [x, high, x - high]
}

/// `a * b + c`, for factors that [have exact products](has_exact_products) and a sum that is no negative zero.
#[inline(always)]
fn fused_exact(a: f64, b: [f64; 3], c: f64) -> f64 {
    let [a, a_high, a_low] = split(a);
    let [b, b_high, b_low] = b;
    let product = a * b;
    let error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    let (sum, low) = two_sum(c, error);
    let (high, middle) = two_sum(product, sum);
    high + sum_to_odd(middle, low)
}

/// The sum rounded to nearest, and its error (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let virtual_b = sum - a;
    (sum, (a - (sum - virtual_b)) + (b - virtual_b))
}

/// The sum rounded to odd.
#[inline(always)]
fn sum_to_odd(a: f64, b: f64) -> f64 {
    let (sum, error) = two_sum(a, b);
    // The error of what is infinite is a NaN, which is neither.
    let inexact = (error > 0.0) | (error < 0.0);
    let even = sum.to_bits() & 1 == 0;
    // The neighbour on the side of the error is odd.
    let away_from_zero = (error > 0.0) == (sum > 0.0);
    let step = if away_from_zero { 1u64 } else { u64::MAX };
    f64::from_bits(sum.to_bits().wrapping_add(if inexact & even { step } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Baseline;

    /// Numbers of few and of many digits, of every size, so that sums cancel, round to even and overflow.
    fn numbers(count: usize) -> Vec<f64> {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11
        };
        let mut numbers = vec![0.0, 1.0, -1.0, 1.5, f64::MAX, 5e-324, f64::INFINITY, f64::NAN, 1e-310];
        numbers.resize_with(count, || {
            let digits = random() % 53;
            let exponent = [(random() % 2047), 1023 + random() % 8, 1023][(random() % 3) as usize];
            let mantissa = random() >> 1 & !((1 << digits) - 1);
            f64::from_bits((random() & 1) << 63 | exponent << 52 | mantissa & ((1 << 52) - 1))
        });
        numbers
    }

    #[test]
    fn every_product_is_added_with_one_rounding() {
        let numbers = numbers(90);
        for &a in &numbers {
            for &b in &numbers {
                for &c in &numbers {
                    if c == 0.0 && c.is_sign_negative() {
                        continue;
                    }
                    let (mut sum, expected) = ([c], a.mul_add(b, c));
                    f64::add_products::<Baseline, 1>(&mut sum, &[a], b);
                    assert_eq!(sum[0].is_nan(), expected.is_nan());
                    assert!(expected.is_nan() || sum[0].to_bits() == expected.to_bits(), "{a:e} {b:e} {c:e}");
                    let [a, b, c] = [a, b, c].map(|x| x as f32);
                    let (mut sum, expected) = ([c], a.mul_add(b, c));
                    f32::add_products::<Baseline, 1>(&mut sum, &[a], b);
                    assert_eq!(sum[0].is_nan(), expected.is_nan());
                    assert!(expected.is_nan() || sum[0].to_bits() == expected.to_bits(), "{a:e} {b:e} {c:e}");
                }
            }
        }
    }

    #[test]
    fn halfway_cases_round_as_the_exact_sum() {
        // The product alone, and the sum in double precision, are halfway between two floats.
        let (a, b) = (1.0 + f32::EPSILON, 1.0 + f32::EPSILON);
        for c in [f32::EPSILON, -f32::EPSILON, 1e-30, -1e-30, 1e30, -1.0, 3.0e-8] {
            assert_eq!(fused(a, b, c).to_bits(), a.mul_add(b, c).to_bits());
        }
        let half = 0.5 + f64::EPSILON / 2.0;
        for c in [1.0, f64::EPSILON / 4.0, -1e-300, 1e-300, f64::MAX, -f64::MAX] {
            for b in [1.0 + f64::EPSILON, 2.0 - f64::EPSILON, 1.0 / 3.0] {
                assert_eq!(fused_exact(half, split(b), c).to_bits(), half.mul_add(b, c).to_bits(), "{c:e}");
            }
        }
    }
}
