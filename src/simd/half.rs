//! float16 to float32 and back, without a branch: so the loops around them become vector
//! instructions on every CPU, which those of the crate `half` do not.

use half::f16;

/// The value of a float16, which is exact.
///
/// The bits moved to where float32 has them are the number times 2^-112, also where it is
/// subnormal; infinity and NaN keep the largest exponent.
#[inline(always)]
pub fn to_f32(half: f16) -> f32 {
    let bits = u32::from(half.to_bits());
    let magnitude = (bits & 0x7fff) << 13;
    let value = f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23);
    let special = if magnitude >= 0x7c00 << 13 { 0x7f80_0000 } else { 0 };
    f32::from_bits(value.to_bits() | special | (bits & 0x8000) << 16)
}

/// The nearest float16, ties to even.
#[inline(always)]
pub fn from_f32(value: f32) -> f16 {
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let normal = magnitude.wrapping_add(0xc800_0fff).wrapping_add(magnitude >> 13 & 1) >> 13;
    // Below 2^-14 the sum with 0.5 has the spacing of float16 there, and rounds to it.
    let small = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let finite = if magnitude < 113 << 23 { small } else { normal };
    let special = if magnitude > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    let rounded = if magnitude >= 143 << 23 { special } else { finite };
    f16::from_bits((rounded | bits >> 16 & 0x8000) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_convert_as_the_standard_says() {
        for bits in 0..=u16::MAX {
            let half = f16::from_bits(bits);
            let value = to_f32(half);
            assert!(value == half.to_f32() || (value.is_nan() && half.is_nan()), "{bits:#x}");
            assert!(value.is_sign_negative() == half.is_sign_negative());
            for near in
                [value, f32::from_bits(value.to_bits() + 0x0fff), f32::from_bits(value.to_bits() ^ 0x1000)]
            {
                let (ours, theirs) = (from_f32(near), f16::from_f32(near));
                assert!(ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan()), "{near:e}");
            }
        }
    }
}
