//! Products of integers: limbs of 64 bits, the least significant first.
//!
//! Two algorithms: the schoolbook one, below and in `ifma`, and the one of `convolution`. There is
//! no Karatsuba between them: with vector instructions the transform is ahead of the schoolbook from
//! 45 limbs on, where a level of Karatsuba would not gain yet, and on other CPUs from 90.

use super::convolution::Scratch;
#[cfg(x86_simd)]
use super::ifma;
use crate::alloc::try_filled;
use crate::error::Result;
use crate::parallel::Work;
#[cfg(x86_simd)]
use crate::simd::Ifma;
use crate::simd::{self, Kernel, Level, Simd};

/// What products need.
pub struct Multiplier<'a> {
    level: Level,
    work: &'a Work<'a>,
    scratch: Scratch,
    /// Limbs of the smaller factor from which on a product, and a square, is left to the transform.
    transform: (usize, usize),
    /// With scratch memory, if the CPU has it.
    #[cfg(x86_simd)]
    ifma: Option<(Ifma, Vec<u64>)>,
}

impl<'a> Multiplier<'a> {
    /// For products of up to `bits` bits.
    pub fn new(level: Level, bits: usize, work: &'a Work<'a>) -> Result<Self> {
        #[cfg(x86_simd)]
        let ifma = match Ifma::within(level) {
            Some(ifma) => {
                let limbs = (bits / 128 + 2).min(ifma::MAX_LIMBS);
                Some((ifma, try_filled(ifma::scratch_len(limbs), 0)?))
            }
            None => None,
        };
        #[cfg(x86_simd)]
        let has_ifma = ifma.is_some();
        #[cfg(not(x86_simd))]
        let has_ifma = false;
        let transform = match level {
            _ if has_ifma => (230, 170),
            Level::Avx512 => (45, 48),
            Level::Avx2 => (50, 52),
            Level::Baseline => (90, 110),
        };
        let mut scratch = Scratch::default();
        if bits / 128 + 2 >= transform.0.min(transform.1) {
            scratch.reserve(bits)?;
        }
        Ok(Multiplier {
            level,
            work,
            scratch,
            transform,
            #[cfg(x86_simd)]
            ifma,
        })
    }

    /// `out = a * b`, where no limb of `out` is left over.
    pub fn product(&mut self, a: &[u64], b: &[u64], out: &mut [u64]) -> Result<()> {
        if a.len().min(b.len()) >= self.transform.0 {
            return self.scratch.product(self.level, a, Some(b), out, self.work);
        }
        if !self.fast(a, b, out) {
            simd::run_at(self.level, Product { a, b, out });
        }
        Ok(())
    }

    /// `out = a * a`, where no limb of `out` is left over.
    pub fn square(&mut self, a: &[u64], out: &mut [u64]) -> Result<()> {
        if a.len() >= self.transform.1 {
            return self.scratch.product(self.level, a, None, out, self.work);
        }
        if !self.fast(a, a, out) {
            simd::run_at(self.level, Square { a, out });
        }
        Ok(())
    }

    /// The product in another way, if the CPU has one.
    #[cfg(x86_simd)]
    fn fast(&mut self, a: &[u64], b: &[u64], out: &mut [u64]) -> bool {
        match &mut self.ifma {
            Some((ifma, scratch))
                if a.len() >= FEW && ifma::scratch_len(a.len().max(b.len())) <= scratch.len() =>
            {
                ifma::product(*ifma, a, b, out, scratch);
                true
            }
            _ => false,
        }
    }

    /// The product in another way, if the CPU has one.
    #[cfg(not(x86_simd))]
    fn fast(&mut self, _a: &[u64], _b: &[u64], _out: &mut [u64]) -> bool {
        false
    }
}

/// Limbs below which 52-bit digits do not pay.
#[cfg(x86_simd)]
const FEW: usize = 7;

struct Product<'a> {
    a: &'a [u64],
    b: &'a [u64],
    out: &'a mut [u64],
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

/// `to += from * factor`; what does not fit.
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

struct Square<'a> {
    a: &'a [u64],
    out: &'a mut [u64],
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Column by column, with the carries in three limbs.
    fn naive(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0u64; a.len() + b.len()];
        for (i, &x) in a.iter().enumerate() {
            for (j, &y) in b.iter().enumerate() {
                let product = u128::from(x) * u128::from(y);
                for (k, limb) in [product as u64, (product >> 64) as u64].into_iter().enumerate() {
                    let (mut at, mut add) = (i + j + k, limb);
                    while add > 0 {
                        let (sum, over) = out[at].overflowing_add(add);
                        out[at] = sum;
                        (at, add) = (at + 1, u64::from(over));
                    }
                }
            }
        }
        out
    }

    #[test]
    fn products_and_squares_are_exact_at_every_level() {
        let work = Work::serial();
        for len in [1usize, 2, 3, 7, 8, 9, 40, 49, 100, 131, 230] {
            for pattern in [u64::MAX, 0x9e37_79b9_7f4a_7c15, 1] {
                let a: Vec<_> = (0..len as u64).map(|i| pattern.wrapping_mul(i * i + 1) | 1 << 63).collect();
                let b = &a[..len.div_ceil(2)];
                for level in Level::available() {
                    let mut multiplier = Multiplier::new(level, 128 * len, &work).expect("memory");
                    let mut out = vec![9; 2 * len];
                    multiplier.square(&a, &mut out).expect("no interrupt");
                    assert_eq!(out, naive(&a, &a), "{level:?} {len}");
                    let mut out = vec![9; len + b.len()];
                    multiplier.product(&a, b, &mut out).expect("no interrupt");
                    assert_eq!(out, naive(&a, b), "{level:?} {len}");
                }
            }
        }
    }
}
