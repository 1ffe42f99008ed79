//! Large integers as polynomials: digits in, product, carries out.
//!
//! An integer is cut into digits of `b` bits, which are balanced: from `-2^(b-1)` to `2^(b-1)`.
//! That costs no carry from digit to digit: a digit is its bits read as a signed number, plus
//! the bit below them. The product of two integers with `2 M` digits together is a product of real
//! polynomials modulo `t^(2M) + 1`, and this ring is that of complex polynomials modulo
//! `t^M - i`: coefficient `j + M` is the imaginary part of coefficient `j`. So no half of the
//! transform is spent on zeros or on conjugates (the "right-angle convolution").
//!
//! The coefficients of the product are integers, and `fft::error_factor` says how far off the
//! computed ones can be: `b` is such that it is less than 1/2, by the norms of the digits at hand,
//! so that rounding gives the exact product, whatever the operands are. Two chosen operands may need
//! a smaller `b` than the usual ones; then the transform is set up again.
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

use super::complex::Block;
use super::fft::{Transform, Twiddles, error_factor, next_size};
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::parallel::Work;
use crate::simd::{self, Kernel, Level, Simd};

/// The widest digits: two coefficients of the product, `b` bits apart, have to fit in 64 bits.
const MAX_BITS: usize = 17;

/// How far off a coefficient may be.
const TOLERANCE: f64 = 0.49;

/// Blocks after which a signal is looked for.
const STRETCH: usize = 4096;

/// Scratch memory of products.
#[derive(Default)]
pub struct Scratch {
    x: Vec<Block>,
    y: Vec<Block>,
    bytes: Vec<u8>,
    twiddles: Twiddles,
}

impl Scratch {
    /// Reserves what a product of `bits` bits takes.
    pub fn reserve(&mut self, bits: usize) -> Result<()> {
        let Some((blocks, _)) = plan(bits / 2, bits - bits / 2, MAX_BITS) else {
            return Err(Error::Memory { bytes: usize::MAX });
        };
        try_reserve(&mut self.x, blocks)?;
        try_reserve(&mut self.y, blocks)?;
        try_reserve(&mut self.bytes, bits / 16 + 64)
    }

    /// `a * b`, or `a * a` without a `b`, in `out`, which is long enough.
    pub fn product(
        &mut self,
        level: Level,
        a: &[u64],
        b: Option<&[u64]>,
        out: &mut [u64],
        work: &Work<'_>,
    ) -> Result<()> {
        let bits_a = bit_len(a);
        let bits_b = b.map_or(bits_a, bit_len);
        let mut widest = MAX_BITS;
        while let Some((blocks, bits)) = plan(bits_a, bits_b, widest) {
            let norm_a = load(level, a, bits, blocks, &mut self.x, &mut self.bytes, work)?;
            let norm_b = match b {
                Some(b) => load(level, b, bits, blocks, &mut self.y, &mut self.bytes, work)?,
                None => norm_a,
            };
            if (norm_a * norm_b).sqrt() * error_factor(blocks) < TOLERANCE {
                self.twiddles.prepare(blocks, work)?;
                let y = b.map(|_| self.y.as_mut_slice());
                Transform { level, twiddles: &self.twiddles, work }.multiply(&mut self.x, y)?;
                return store(level, &self.x, bits, out, work);
            }
            widest = bits - 1;
        }
        Err(Error::Memory { bytes: usize::MAX })
    }
}

/// The bits of a number without leading zero limbs.
fn bit_len(a: &[u64]) -> usize {
    a.last().map_or(0, |top| 64 * a.len() - top.leading_zeros() as usize)
}

/// Blocks and bits of a digit for a product: the smallest transform that digits of at most
/// `widest` bits fit in, if they are random.
fn plan(bits_a: usize, bits_b: usize, widest: usize) -> Option<(usize, usize)> {
    let mut blocks = next_size((bits_a + bits_b).div_ceil(16 * widest));
    loop {
        let most = 16 * blocks;
        let fits = |&bits: &usize| bits_a / bits + bits_b / bits + 2 <= most;
        if let Some(bits) = (1..=widest).find(fits) {
            // The mean square of a digit is 4^bits / 12.
            let digits = ((bits_a / bits + 1) as f64 * (bits_b / bits + 1) as f64).sqrt();
            let norms = digits * 4f64.powi(bits as i32) / 12.0;
            if norms * 1.05 * error_factor(blocks) < TOLERANCE {
                return Some((blocks, bits));
            }
            if bits <= 4 {
                return None;
            }
        }
        blocks = next_size(blocks + 1);
    }
}

/// The digits of `a` as a polynomial in `x`; the square of their norm.
fn load(
    level: Level,
    a: &[u64],
    bits: usize,
    blocks: usize,
    x: &mut Vec<Block>,
    bytes: &mut Vec<u8>,
    work: &Work<'_>,
) -> Result<f64> {
    let used = (bit_len(a) / bits + 1).div_ceil(8);
    // The bit below the first digit is the last of seven zero bytes and one.
    bytes.clear();
    let len = (8 + 8 * a.len()).max(used * bits + 8) + 24;
    try_reserve(bytes, len)?;
    bytes.extend_from_slice(&[0; 8]);
    for limbs in a.chunks(16 * STRETCH) {
        work.check()?;
        for limb in limbs {
            bytes.extend_from_slice(&limb.to_le_bytes());
        }
    }
    bytes.resize(len, 0);
    x.clear();
    try_reserve(x, blocks)?;
    while x.len() < blocks {
        work.check()?;
        x.resize(blocks.min(x.len() + STRETCH), Block::ZERO);
    }
    let mut norm = 0.0;
    for start in (0..used).step_by(STRETCH) {
        work.check()?;
        let end = used.min(start + STRETCH);
        let middle = end.min(blocks.max(start));
        let bytes = &bytes[7..];
        if start < middle {
            norm +=
                simd::run_at(level, Load::<false> { bytes, bits, first: start, x: &mut x[start..middle] });
        }
        if middle < end {
            let x = &mut x[middle - blocks..end - blocks];
            norm += simd::run_at(level, Load::<true> { bytes, bits, first: middle, x });
        }
    }
    Ok(norm)
}

/// Digits of some blocks, as real or imaginary parts.
struct Load<'a, const IMAGINARY: bool> {
    bytes: &'a [u8],
    bits: usize,
    first: usize,
    x: &'a mut [Block],
}

impl<const IMAGINARY: bool> Kernel for Load<'_, IMAGINARY> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> f64 {
        let Load { bytes, bits, first, x } = self;
        // Eight digits start at a whole byte, less the bit below them.
        let (mut offset, mut left) = ([0; 8], [0; 8]);
        for l in 0..8 {
            offset[l] = (l * bits).div_ceil(8);
            left[l] = (63 - bits - (l * bits + 7) % 8) as u32;
        }
        let right = (63 - bits) as u32;
        let mut norm = [0.0; 8];
        for i in 0..x.len() {
            let block = &mut x[i];
            let bytes = &bytes[(first + i) * bits..][..MAX_BITS + 8];
            let mut fields = [0u64; 8];
            for l in 0..8 {
                fields[l] = bytes[offset[l]..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            }
            let to = if IMAGINARY { &mut block.im } else { &mut block.re };
            for l in 0..8 {
                let digit = (((fields[l] << (left[l] & 63)) as i64 >> right) as i32).wrapping_add(1) >> 1;
                let digit = f64::from(digit);
                to[l] = digit;
                norm[l] += digit * digit;
            }
        }
        norm.into_iter().fold(0.0, |sum, x| sum + x)
    }
}

/// The integer whose digits are the coefficients of `x`, over their number.
fn store(level: Level, x: &[Block], bits: usize, out: &mut [u64], work: &Work<'_>) -> Result<()> {
    let mut carry = Carry { out, len: 0, carry: 0, word: 0, filled: 0 };
    let scale = 1.0 / (8 * x.len()) as f64;
    for part in x.chunks(STRETCH) {
        work.check()?;
        simd::run_at(level, Store::<false> { x: part, bits, scale, carry: &mut carry });
    }
    for part in x.chunks(STRETCH) {
        if carry.len == carry.out.len() {
            break;
        }
        work.check()?;
        simd::run_at(level, Store::<true> { x: part, bits, scale, carry: &mut carry });
    }
    // What is left in the word.
    while carry.len < carry.out.len() {
        carry.out[carry.len] = carry.word;
        carry.len += 1;
        carry.word = 0;
    }
    Ok(())
}

/// Limbs as they are filled with digits.
struct Carry<'a> {
    out: &'a mut [u64],
    len: usize,
    carry: i64,
    word: u64,
    filled: usize,
}

/// Carries through the real or the imaginary parts.
struct Store<'a, 'b, const IMAGINARY: bool> {
    x: &'a [Block],
    bits: usize,
    scale: f64,
    carry: &'a mut Carry<'b>,
}

impl<const IMAGINARY: bool> Kernel for Store<'_, '_, IMAGINARY> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        // Adding it rounds to an integer, which is then in the low bits.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let state = self.carry;
        let (mut carry, mut word, mut filled) = (state.carry, state.word, state.filled);
        let (mut index, end) = (state.len, state.out.len());
        let (bits, wide) = (self.bits, 2 * self.bits);
        let mask = (1u64 << wide) - 1;
        for block in self.x {
            let from = if IMAGINARY { &block.im } else { &block.re };
            let mut digits = [0i64; 8];
            for l in 0..8 {
                let bits = (from[l] * self.scale + ROUND).to_bits();
                digits[l] = bits.wrapping_sub(ROUND.to_bits()) as i64;
            }
            for l in 0..4 {
                carry = carry.wrapping_add(digits[2 * l]).wrapping_add(digits[2 * l + 1] << bits);
                let low = carry as u64 & mask;
                carry >>= wide;
                word |= low << filled;
                filled += wide;
                if filled >= 64 {
                    if index < end {
                        state.out[index] = word;
                        index += 1;
                    }
                    filled -= 64;
                    // `wide - filled` bits of the digits are in the word that is out.
                    word = low >> (wide - filled);
                }
            }
        }
        (state.len, state.carry, state.word, state.filled) = (index, carry, word, filled);
    }
}

#[cfg(test)]
mod tests {
    use super::super::schoolbook::schoolbook;
    use super::*;

    fn random(len: usize, seed: u64) -> Vec<u64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state ^ state >> 29
            })
            .collect()
    }

    fn check(a: &[u64], b: &[u64]) {
        let work = Work::serial();
        let mut expected = vec![0; a.len() + b.len()];
        schoolbook(a, b, &mut expected);
        let mut scratch = Scratch::default();
        for level in Level::available() {
            let mut out = vec![7; a.len() + b.len()];
            assert_eq!(scratch.product(level, a, Some(b), &mut out, &work), Ok(()));
            assert!(out == expected, "{level:?} {} {}", a.len(), b.len());
            let mut square = vec![7; 2 * a.len()];
            let mut expected = vec![0; 2 * a.len()];
            schoolbook(a, a, &mut expected);
            assert_eq!(scratch.product(level, a, None, &mut square, &work), Ok(()));
            assert!(square == expected, "{level:?} {}", a.len());
        }
    }

    #[test]
    fn products_of_every_size_are_exact_at_every_level() {
        let most = if cfg!(debug_assertions) { 120 } else { 2500 };
        let mut len = 1;
        while len < most {
            check(&random(len, 1), &random(len, 2));
            check(&random(len, 3), &random(len / 3 + 1, 4));
            len += len / 5 + 1;
        }
    }

    #[test]
    fn digits_at_their_limits_are_exact() {
        let patterns =
            [u64::MAX, 0x8000_8000_8000_8000, 0x7fff_7fff_7fff_7fff, 1, 1 << 63, 0x5555_5555_5555_5555];
        for len in [1, 31, 32, 33, 100, 300] {
            for a in patterns {
                check(&vec![a; len], &vec![patterns[len % 6]; len]);
            }
        }
    }

    #[test]
    fn a_plan_fits_and_keeps_the_bound() {
        let sizes = [1u64, 64, 1000, 12_345, 1_000_000, 123_456_789, 1 << 35, 1 << 39];
        // The last ones are no `usize` of 32 bits.
        for bits in sizes.into_iter().map_while(|bits| usize::try_from(bits).ok()) {
            let (blocks, digit) = plan(bits, bits, MAX_BITS).expect("a plan for every size");
            assert!(2 * (bits / digit + 1) <= 16 * blocks);
            assert!(bits < 10_000 || 16 * blocks * digit < 5 * bits, "{bits} {blocks} {digit}");
        }
    }
}
