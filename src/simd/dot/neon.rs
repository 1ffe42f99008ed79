//! Dot products in instructions of NEON.
//!
//! Integers wrap around, so a sum need not be wider than what it becomes: `mla` adds sixteen products of
//! bytes, or eight of 16-bit integers, to as many sums. Where the CPU has dot products, `udot` adds sixteen
//! products of bytes as well, to four sums; many cores do several of these in the time of an `mla`. The low
//! eight bits are right for every mix of signs. The intrinsic of `udot` is not stable, so it is written as
//! assembly.
//!
//! There is no product of 64-bit integers. With a = (h, l) and b = (H, L) in halves it is
//! l*L + ((l*H + h*L) << 32) modulo 2^64: `umlal` adds l*L, and `mla` adds both others, from (h, l) and the
//! exchanged (L, H). The two sums are kept apart until the end.
//!
//! SAFETY of every block: NEON is part of the target, and dot products are proven by the token; loads are of
//! whole arrays of the register's size.
#![allow(unsafe_code)]

use std::arch::aarch64::*;
use std::arch::asm;
use std::mem::transmute;

use super::{Dot, FloatDot, Halves, added_by_halves, joined};
use crate::simd::token::Neon;

// A macro, as instructions have a name for each type, and no trait names them all.
/// Dot products whose sums are as wide as their elements.
macro_rules! dot {
    (impl[$($dot:tt)*] for $token:ty, $type:ty, $lanes:literal, $register:ty; $load:ident, $splat:ident, $add:ident) => {
        impl<$($dot)*> Dot<$type> for $token {
            type Group = $type;
            type Packed = [$type; $lanes];
            type Sums = $register;
            type Lanes = [$type; $lanes];
            const DEPTH: usize = 1;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn group(values: [$type; 4]) -> $type {
                values[0]
            }

            #[inline(always)]
            fn zero(self) -> $register {
                // SAFETY: NEON is part of the target.
                unsafe { $splat(<$type>::default()) }
            }

            #[inline(always)]
            fn add_products(self, sums: $register, left: $type, right: &Self::Packed) -> $register {
                // SAFETY: as above; the array is as large as the register.
                unsafe { $add(sums, $load(right.as_ptr()), $splat(left)) }
            }

            #[inline(always)]
            fn lanes(self, sums: $register) -> Self::Lanes {
                // SAFETY: the array is as large as the register.
                unsafe { transmute::<$register, [$type; $lanes]>(sums) }
            }
        }
    };
}

dot!(impl[] for Neon<false>, u8, 16, uint8x16_t; vld1q_u8, vdupq_n_u8, vmlaq_u8);
dot!(impl[const DOT: bool] for Neon<DOT>, u16, 8, uint16x8_t; vld1q_u16, vdupq_n_u16, vmlaq_u16);
dot!(impl[const DOT: bool] for Neon<DOT>, u32, 4, uint32x4_t; vld1q_u32, vdupq_n_u32, vmlaq_u32);
dot!(impl[const DOT: bool] for Neon<DOT>, f32, 4, float32x4_t; vld1q_f32, vdupq_n_f32, vfmaq_f32);
dot!(impl[const DOT: bool] for Neon<DOT>, f64, 2, float64x2_t; vld1q_f64, vdupq_n_f64, vfmaq_f64);

// A macro, as above.
macro_rules! float_dot {
    ($type:ty, $register:ty; $load:ident, $splat:ident, $load_both:ident, $splat_lane:ident,
     $plus:ident, $add:ident, $subtract:ident) => {
        impl<const DOT: bool> FloatDot<$type> for Neon<DOT> {
            #[inline(always)]
            fn subtract_products(self, sums: $register, left: $type, right: &Self::Packed) -> $register {
                // SAFETY: NEON is part of the target; the array is as large as the register.
                unsafe { $subtract(sums, $load(right.as_ptr()), $splat(left)) }
            }

            #[inline(always)]
            fn splat(self, value: $type) -> $register {
                // SAFETY: NEON is part of the target.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            fn splat_of(self, values: &[$type; 2], index: usize) -> $register {
                // SAFETY: as above; two numbers, as the register has at least.
                unsafe {
                    let both = $load_both(values.as_ptr());
                    if index == 0 { $splat_lane::<0>(both) } else { $splat_lane::<1>(both) }
                }
            }

            #[inline(always)]
            fn load(self, lanes: &Self::Lanes) -> $register {
                // SAFETY: as above; the array is as large as the register.
                unsafe { $load(lanes.as_ptr()) }
            }

            #[inline(always)]
            fn load_from(self, elements: &[$type]) -> $register {
                let elements = &elements[..<Self as Dot<$type>>::LANES];
                // SAFETY: as above; as many as the register has lanes, by the line above.
                unsafe { $load(elements.as_ptr()) }
            }

            #[inline(always)]
            fn load_up_to(self, elements: &[$type]) -> $register {
                let mut lanes = Dot::<$type>::lanes(self, Dot::<$type>::zero(self));
                for lane in 0..elements.len().min(lanes.len()) {
                    lanes[lane] = elements[lane];
                }
                FloatDot::<$type>::load(self, &lanes)
            }

            #[inline(always)]
            fn folded(self, sums: $register) -> $type {
                added_by_halves(Dot::<$type>::lanes(self, sums))
            }

            #[inline(always)]
            fn plus(self, left: $register, right: $register) -> $register {
                // SAFETY: NEON is part of the target.
                unsafe { $plus(left, right) }
            }

            #[inline(always)]
            fn multiply_add(self, sums: $register, left: $register, right: $register) -> $register {
                // SAFETY: NEON is part of the target.
                unsafe { $add(sums, right, left) }
            }
        }
    };
}
float_dot!(f32, float32x4_t; vld1q_f32, vdupq_n_f32, vld1_f32, vdupq_lane_f32, vaddq_f32, vfmaq_f32, vfmsq_f32);
float_dot!(f64, float64x2_t; vld1q_f64, vdupq_n_f64, vld1q_f64, vdupq_laneq_f64, vaddq_f64, vfmaq_f64, vfmsq_f64);

/// Four products of bytes a lane.
impl Dot<u8> for Neon<true> {
    type Group = u32;
    type Packed = [u32; 4];
    type Sums = uint32x4_t;
    type Lanes = [u8; 4];
    const DEPTH: usize = 4;
    const LANES: usize = 4;

    #[inline(always)]
    fn group(values: [u8; 4]) -> u32 {
        u32::from_le_bytes(values)
    }

    #[inline(always)]
    fn zero(self) -> uint32x4_t {
        Dot::<u32>::zero(self)
    }

    #[inline(always)]
    fn add_products(self, sums: uint32x4_t, left: u32, right: &[u32; 4]) -> uint32x4_t {
        let mut sums = sums;
        // SAFETY: by the token; the array is as large as the register, and nothing else is read or written.
        unsafe {
            asm!(
                // Said once more, as an unoptimised build calls this from code without dot products.
                ".arch_extension dotprod",
                "udot {sums:v}.4s, {right:v}.16b, {left:v}.16b",
                sums = inout(vreg) sums,
                right = in(vreg) vld1q_u32(right.as_ptr()),
                left = in(vreg) vdupq_n_u32(left),
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }

    #[inline(always)]
    fn lanes(self, sums: uint32x4_t) -> [u8; 4] {
        // SAFETY: the array is as large as the register.
        unsafe { transmute::<uint32x4_t, [u32; 4]>(sums) }.map(|sum| sum as u8)
    }
}

impl<const DOT: bool> Dot<u64> for Neon<DOT> {
    type Group = u64;
    type Packed = [u64; 2];
    type Sums = Halves<uint32x4_t>;
    type Lanes = [u64; 2];
    const DEPTH: usize = 1;
    const LANES: usize = 2;
    const SUM_REGISTERS: usize = 2;

    #[inline(always)]
    fn group(values: [u64; 4]) -> u64 {
        values[0]
    }

    #[inline(always)]
    fn zero(self) -> Halves<uint32x4_t> {
        Halves { low: Dot::<u32>::zero(self), mixed: Dot::<u32>::zero(self) }
    }

    #[inline(always)]
    fn add_products(self, sums: Halves<uint32x4_t>, left: u64, right: &[u64; 2]) -> Halves<uint32x4_t> {
        // SAFETY: NEON is part of the target; the array is as large as the register.
        unsafe {
            let (left, right) = (vdupq_n_u64(left), vld1q_u64(right.as_ptr()));
            let low = vmlal_u32(vreinterpretq_u64_u32(sums.low), vmovn_u64(right), vmovn_u64(left));
            let exchanged = vrev64q_u32(vreinterpretq_u32_u64(left));
            Halves {
                low: vreinterpretq_u32_u64(low),
                mixed: vmlaq_u32(sums.mixed, exchanged, vreinterpretq_u32_u64(right)),
            }
        }
    }

    #[inline(always)]
    fn lanes(self, sums: Halves<uint32x4_t>) -> [u64; 2] {
        // SAFETY: the arrays are as large as the registers.
        unsafe {
            joined(transmute::<uint32x4_t, [u64; 2]>(sums.low), transmute::<uint32x4_t, [u64; 2]>(sums.mixed))
        }
    }
}
