//! Products of natural numbers, and which algorithm makes them.
//!
//! | the shorter factor | algorithm |
//! |---|---|
//! | a few limbs | the schoolbook method in limbs of 64 bits |
//! | more, on CPUs with AVX-512 IFMA | the schoolbook method in digits of 52 bits: `ifma` |
//! | from [`Multiplier`]`::transform` limbs on | a floating-point Fourier transform: `convolution` |
//!
//! There is no Karatsuba between them: with vector instructions the transform is ahead of the
//! schoolbook method from 45 limbs on, where a level of Karatsuba would not gain yet, and on other CPUs
//! from 90.
//!
//! A factor that is much longer than the other one is cut into pieces, whose products are added up:
//! they stay in the caches, and need no more memory than one of them does.

use super::convolution::Scratch;
#[cfg(x86_simd)]
use super::ifma;
use super::limbs::{STRETCH, trimmed};
use super::schoolbook::{Product, Square};
use crate::alloc::{try_filled, try_vec};
use crate::error::{Error, Result};
use crate::parallel::Work;
#[cfg(x86_simd)]
use crate::simd::Ifma;
use crate::simd::{self, Level};

/// Limbs of the shorter factor below which digits of 52 bits do not pay.
#[cfg(x86_simd)]
const FEW: usize = 7;

/// Limbs of a piece that is multiplied by the schoolbook method: half a first-level cache.
const PIECE: usize = 512;

/// How many times as long as the shorter factor a piece is that is multiplied by a transform: of 1 to
/// 16 times the fastest for most lengths.
const RATIO: usize = 3;

/// Limbs of a piece at least, for a transform: a shorter factor's transform fits in the second-level
/// cache as a whole.
const TRANSFORM_PIECE: usize = 8192;

/// `a * b`, without leading zeros.
pub fn product(a: &[u64], b: &[u64], work: &Work<'_>) -> Result<Vec<u64>> {
    product_at(simd::level(), a, b, work)
}

fn product_at(level: Level, a: &[u64], b: &[u64], work: &Work<'_>) -> Result<Vec<u64>> {
    let (a, b) = (trimmed(a), trimmed(b));
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    if short.is_empty() {
        return Ok(Vec::new());
    }
    let longest = if short.len() < Multiplier::limits(level).0 {
        PIECE
    } else {
        TRANSFORM_PIECE.max(RATIO * short.len())
    };
    // As few as there have to be, of the same length.
    let piece = long.len().div_ceil(long.len().div_ceil(longest));
    // With addresses of 32 bits there are integers whose bits are too many to count.
    let bits = (piece + short.len()).checked_mul(64).ok_or(Error::Memory { bytes: usize::MAX })?;
    let mut multiplier = Multiplier::new(level, bits, work)?;
    let mut out = zeros(long.len() + short.len(), work)?;
    if a == b {
        multiplier.square(a, &mut out)?;
    } else if piece == long.len() {
        multiplier.product(long, short, &mut out)?;
    } else {
        multiplier.product_by_pieces(long, short, piece, &mut out)?;
    }
    let len = trimmed(&out).len();
    out.truncate(len);
    Ok(out)
}

/// So many zeros.
fn zeros(len: usize, work: &Work<'_>) -> Result<Vec<u64>> {
    let mut zeros = try_vec(len)?;
    while zeros.len() < len {
        work.check()?;
        zeros.resize(len.min(zeros.len() + STRETCH), 0);
    }
    Ok(zeros)
}

/// What products need.
pub struct Multiplier<'a> {
    level: Level,
    work: &'a Work<'a>,
    scratch: Scratch,
    /// Limbs of the shorter factor from which on a product, and a square, is left to the transform.
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
                let limbs = (bits / 64 + 4).min(ifma::MAX_LIMBS);
                Some((ifma, try_filled(ifma::scratch_len(limbs), 0)?))
            }
            None => None,
        };
        let transform = Self::limits(level);
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

    /// `Multiplier::transform` of a level: where the two algorithms take the same time.
    fn limits(level: Level) -> (usize, usize) {
        #[cfg(x86_simd)]
        if Ifma::within(level).is_some() {
            return (230, 170);
        }
        match level {
            Level::Avx512 => (45, 48),
            Level::Avx2 => (50, 52),
            Level::Baseline | Level::Neon => (90, 110),
        }
    }

    /// `out = a * b`, where no limb of `out` is left over.
    pub fn product(&mut self, a: &[u64], b: &[u64], out: &mut [u64]) -> Result<()> {
        let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
        if b.len() >= self.transform.0 {
            return self.scratch.product(self.level, a, Some(b), out, self.work);
        }
        if !self.ifma_product(a, b, out) {
            simd::run_at(self.level, Product { a, b, out });
        }
        Ok(())
    }

    /// `out = a * a`, where no limb of `out` is left over.
    pub fn square(&mut self, a: &[u64], out: &mut [u64]) -> Result<()> {
        if a.len() >= self.transform.1 {
            return self.scratch.product(self.level, a, None, out, self.work);
        }
        if !self.ifma_product(a, a, out) {
            simd::run_at(self.level, Square { a, out });
        }
        Ok(())
    }

    /// `out = long * short`, where no limb of `out` is left over: the sum of the products of pieces of
    /// `piece` limbs. `out` is zero before.
    fn product_by_pieces(
        &mut self,
        long: &[u64],
        short: &[u64],
        piece: usize,
        out: &mut [u64],
    ) -> Result<()> {
        let mut part = try_filled(piece + short.len(), 0)?;
        for (index, limbs) in long.chunks(piece).enumerate() {
            self.work.check()?;
            let part = &mut part[..limbs.len() + short.len()];
            self.product(limbs, short, part)?;
            add(part, &mut out[index * piece..]);
        }
        Ok(())
    }

    /// The product by `ifma`, if the CPU has it and it pays.
    #[cfg(x86_simd)]
    fn ifma_product(&mut self, long: &[u64], short: &[u64], out: &mut [u64]) -> bool {
        match &mut self.ifma {
            Some((ifma, scratch))
                if short.len() >= FEW && ifma::scratch_len(long.len() + short.len()) <= scratch.len() =>
            {
                ifma::product(*ifma, short, long, out, scratch);
                true
            }
            _ => false,
        }
    }

    /// The product by `ifma`, if the CPU has it and it pays.
    #[cfg(not(x86_simd))]
    fn ifma_product(&mut self, _long: &[u64], _short: &[u64], _out: &mut [u64]) -> bool {
        false
    }
}

/// `to += limbs`, which fits.
fn add(limbs: &[u64], to: &mut [u64]) {
    let mut carry = false;
    for (to, &limb) in to.iter_mut().zip(limbs) {
        let (sum, over) = to.overflowing_add(limb);
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        (*to, carry) = (sum, over | over_again);
    }
}

#[cfg(test)]
mod tests {
    use super::super::schoolbook::schoolbook;
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

    /// Limbs with a pattern, the highest of which is not zero.
    fn number(len: usize, pattern: u64) -> Vec<u64> {
        (0..len as u64).map(|i| pattern.wrapping_mul(i * i + 7) | u64::from(i + 1 == len as u64)).collect()
    }

    fn check(a: &[u64], b: &[u64]) {
        let mut expected = vec![0; a.len() + b.len()];
        schoolbook(a, b, &mut expected);
        let expected = trimmed(&expected);
        for level in Level::available() {
            for (a, b) in [(a, b), (b, a)] {
                let product = product_at(level, a, b, &Work::serial()).expect("memory");
                assert!(product == expected, "{level:?} {} {}", a.len(), b.len());
            }
        }
    }

    #[test]
    fn the_schoolbook_method_is_that_of_columns() {
        for (m, n) in [(1, 1), (1, 9), (5, 3), (40, 41)] {
            let (a, b) = (number(m, u64::MAX), number(n, 0xdead_beef_dead_beef));
            let mut out = vec![3; m + n];
            schoolbook(&a, &b, &mut out);
            assert_eq!(out, naive(&a, &b));
        }
    }

    #[test]
    fn products_are_exact_on_both_sides_of_every_switch_of_algorithm() {
        let mut switches = vec![2, 7, PIECE];
        for level in Level::available() {
            let (product, square) = Multiplier::limits(level);
            switches.extend([product, square]);
        }
        for &switch in &switches {
            for len in switch - 1..=switch + 1 {
                let a = number(len, 0x9e37_79b9_7f4a_7c15);
                check(&a, &a);
                check(&a, &number(len, u64::MAX));
                check(&a, &number(5 * len / 2, 0x5555_5555_5555_5555));
                check(&a, &number(PIECE + 1, u64::MAX / 3));
                check(&number(len, u64::MAX), &number(3, u64::MAX));
            }
        }
    }

    #[test]
    fn a_long_factor_is_multiplied_piece_by_piece() {
        let short = number(Multiplier::limits(Level::available().last().expect("the baseline")).0, u64::MAX);
        for len in [TRANSFORM_PIECE - 1, TRANSFORM_PIECE + 1, 2 * TRANSFORM_PIECE + 1] {
            check(&short, &number(len, 0x2545_f491_4f6c_dd1d));
        }
        // Carries that run through whole pieces, and pieces of nothing but zeros.
        check(&vec![u64::MAX; 3 * PIECE], &[u64::MAX; 9]);
        check(&vec![u64::MAX; 3 * PIECE], &[1]);
        let mut gap = vec![0; 4 * PIECE];
        (gap[0], gap[4 * PIECE - 1]) = (3, 5);
        check(&gap, &number(20, u64::MAX));
    }

    #[test]
    fn leading_zeros_and_zero_are_left_out() {
        assert_eq!(product(&[], &[1, 2], &Work::serial()), Ok(vec![]));
        assert_eq!(product(&[0, 0], &[5; 300], &Work::serial()), Ok(vec![]));
        assert_eq!(product(&[3, 0, 0], &[7, 0], &Work::serial()), Ok(vec![21]));
        assert_eq!(product(&[0, 2], &[0, 1 << 63], &Work::serial()), Ok(vec![0, 0, 0, 1]));
    }

    #[test]
    fn an_interrupt_stops_every_way_of_multiplying() {
        for (long, short) in [(2000, 2), (2000, 100), (2000, 2000)] {
            let (a, b) = (number(long, 3), number(short, 5));
            for level in Level::available() {
                assert_eq!(product_at(level, &a, &b, &Work::stopped()), Err(Error::Interrupted));
            }
        }
    }
}
