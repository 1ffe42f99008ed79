//! The sine of float64, within 1 ulp, in lanes.
//!
//! Reduction: x = n π/2 + r with |r| ≤ π/4. π/2 is cut into three floats. With fused
//! multiply-additions n times the first is subtracted without a rounding (the difference is a
//! multiple of the last digit of π/2 or of x, and small), n times the second is an unevaluated sum
//! of two floats, and so is r (Cody and Waite; Boldo, Daumas and Li, "Formally verified argument
//! reduction with a fused multiply-add", 2009). Then the polynomials of sine and cosine on
//! [-π/4, π/4], with the coefficients and the error-compensated cosine of FreeBSD's msun (k_sin.c,
//! k_cos.c: Sun Microsystems, 1993, each below 0.6 ulp), are both evaluated and one is chosen by the
//! quadrant.
//!
//! A multiply-addition is rounded once on every CPU: where there is no instruction for it, the C
//! library does it, slowly. So all levels give the same bits. A block that holds an |x| beyond
//! 2^20 π/2, an infinity or a NaN goes to the C library, element by element.

use super::block::sum_doubles;
use crate::kernels::eft::two_difference;
use crate::simd::{Kernel, Simd};

/// π/2 = HALF_PI[0] + HALF_PI[1] + HALF_PI[2] to three times 53 bits.
const HALF_PI: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];
/// The largest |x| for which n stays below 2^20.
const LIMIT: f64 = 1_647_099.0;
/// Adding 3·2^51 rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// The sine of |x| ≤ [`LIMIT`].
#[inline(always)]
fn sin(x: f64) -> f64 {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, ROUND);
    let n = shifted - ROUND;
    let quadrant = shifted.to_bits();
    let head = (-n).mul_add(HALF_PI[0], x);
    let second = n * HALF_PI[1];
    let second_low = n.mul_add(HALF_PI[1], -second);
    // Not `fast_two_sum`: near a multiple of π/2 the head may be the smaller one.
    let (r, lost) = two_difference(head, second);
    let low = (-n).mul_add(HALF_PI[2], lost - second_low);

    let z = r * r;
    // Sine: r + (low - z low / 2 + r^3 P(z)).
    let p = polynomial(z, [SIN[1], SIN[2], SIN[3], SIN[4], SIN[5]]);
    let v = z * r;
    let small = z.mul_add((-v).mul_add(p, 0.5 * low), -low);
    let sine = r - (-v).mul_add(SIN[0], small);
    // Cosine: 1 - z/2, its rounding error, and the rest.
    let q = z * polynomial(z, COS);
    let half = 0.5 * z;
    let one = 1.0 - half;
    let cosine = one + z.mul_add(q, (-r).mul_add(low, (1.0 - one) - half));

    // Odd quadrants take the cosine, the upper two the minus sign; by bits, without a branch.
    let odd = 0u64.wrapping_sub(quadrant & 1);
    let sign = (quadrant & 2) << 62;
    f64::from_bits(((cosine.to_bits() & odd) | (sine.to_bits() & !odd)) ^ sign)
}

/// Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(z: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(z, coefficients[i]);
    }
    sum
}

/// The longest slice whose sines are summed at once: they are in the first-level cache.
pub const LONGEST: usize = 1024;

/// The sum of the sines of at most [`LONGEST`] elements.
pub struct SumSines<'a>(pub &'a [f64]);

impl Kernel for SumSines<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sines = [0.0; LONGEST];
        let sines = &mut sines[..self.0.len()];
        fill(self.0, sines);
        sum_doubles(simd, sines)
    }
}

/// Writes the sines of a block.
#[inline(always)]
fn fill(block: &[f64], sines: &mut [f64]) {
    assert_eq!(block.len(), sines.len());
    let mut near = true;
    for &x in block {
        // A comparison with NaN is false.
        near &= x.abs() <= LIMIT;
    }
    if near {
        for i in 0..block.len() {
            sines[i] = sin(block[i]);
        }
    } else {
        for i in 0..block.len() {
            sines[i] = if block[i].abs() <= LIMIT { sin(block[i]) } else { block[i].sin() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sine in double-double arithmetic: Taylor's series after an exact reduction to a
    /// small angle is not needed here, as the C library's is within 0.55 ulp.
    fn off_by(x: f64) -> f64 {
        let expected = x.sin();
        (sin(x) - expected).abs() / (expected.abs().max(f64::MIN_POSITIVE) * f64::EPSILON)
    }

    #[test]
    fn is_within_an_ulp_of_the_c_library() {
        let worst = (0..200_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761)) / 4_294_967_296.0).fold(
            0.0f64,
            |worst, u| {
                let scales = [1e-3, 1.6, 100.0, 1e4, 1.6e6];
                scales.iter().fold(worst, |worst, scale| worst.max(off_by((u - 0.5) * 2.0 * scale)))
            },
        );
        assert!(worst <= 1.0, "off by {worst} ulp");
    }

    #[test]
    fn multiples_of_half_pi_keep_their_digits() {
        for k in 1..100_000u32 {
            let x = f64::from(k) * std::f64::consts::FRAC_PI_2;
            assert!(off_by(x) <= 1.0, "{x}: {} {}", sin(x), x.sin());
        }
    }

    #[test]
    fn special_values_are_those_of_ieee() {
        let mut out = [1.0; 5];
        fill(&[0.0, -0.0, f64::INFINITY, f64::NAN, 1e300], &mut out);
        assert_eq!(out[0].to_bits(), 0);
        assert_eq!(out[1].to_bits(), (-0.0f64).to_bits());
        assert!(out[2].is_nan() && out[3].is_nan());
        assert_eq!(out[4], 1e300f64.sin());
    }
}
