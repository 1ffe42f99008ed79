//! The schoolbook method in limbs of 64 bits: every limb of one factor times the other factor.
//!
//! D. E. Knuth, "The Art of Computer Programming", volume 2, 4.3.1, algorithm M. The instructions of
//! 64 by 64 bits have no vector form, so that one version is nearly as fast at every level; `ifma` is
//! the one for CPUs that multiply eight pairs of 52 bits.

use crate::simd::{Kernel, Simd};

/// `out = a * b`, which is as fast as it can be where `a` is the longer one.
pub struct Product<'a> {
    pub a: &'a [u64],
    pub b: &'a [u64],
    pub out: &'a mut [u64],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        schoolbook(self.a, self.b, self.out);
    }
}

/// `out = a * b`, row by row.
#[inline(always)]
pub fn schoolbook(a: &[u64], b: &[u64], out: &mut [u64]) {
    out.fill(0);
    for (i, &factor) in b.iter().enumerate() {
        out[i + a.len()] = add_product(&mut out[i..i + a.len()], a, factor);
    }
}

/// `to += from * factor`; the carry.
#[inline(always)]
fn add_product(to: &mut [u64], from: &[u64], factor: u64) -> u64 {
    let mut carry = 0;
    for (to, &from) in to.iter_mut().zip(from) {
        // At most (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
        let sum = (u128::from(from).wrapping_mul(u128::from(factor)))
            .wrapping_add(u128::from(*to))
            .wrapping_add(u128::from(carry));
        *to = sum as u64;
        carry = (sum >> 64) as u64;
    }
    carry
}

/// `out = a * a`.
pub struct Square<'a> {
    pub a: &'a [u64],
    pub out: &'a mut [u64],
}

impl Kernel for Square<'_> {
    type Output = ();

    /// The products of different limbs once, doubled, and the squares.
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let Square { a, out } = self;
        out.fill(0);
        for (i, &factor) in a.iter().enumerate() {
            out[i + a.len()] = add_product(&mut out[2 * i + 1..i + a.len()], &a[i + 1..], factor);
        }
        let (mut shifted, mut carry) = (0, 0u64);
        for (pair, &limb) in out.chunks_exact_mut(2).zip(a) {
            let square = u128::from(limb).wrapping_mul(u128::from(limb));
            let double = u128::from(pair[0]) | u128::from(pair[1]) << 64;
            let (sum, over) = (double << 1 | shifted).overflowing_add(square);
            let (sum, over_again) = sum.overflowing_add(u128::from(carry));
            shifted = double >> 127;
            carry = u64::from(over | over_again);
            (pair[0], pair[1]) = (sum as u64, (sum >> 64) as u64);
        }
    }
}
