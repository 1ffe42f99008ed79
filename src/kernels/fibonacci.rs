//! Fibonacci numbers, exactly.
//!
//! Up to 186 they fit in 128 bits and are in a table. Beyond, by doubling the index from its
//! leading bits on:
//!
//! ```text
//! F(2k+1) = 4 F(k)^2 - F(k-1)^2 + 2 (-1)^k
//! F(2k-1) =   F(k)^2 + F(k-1)^2
//! F(2k)   = F(2k+1) - F(2k-1)
//! ```
//!
//! Two squares a bit, and one product for the last one, as only one number is needed there:
//!
//! ```text
//! F(2k)   = F(k) (F(k) + 2 F(k-1))
//! F(2k+1) = (2 F(k) + F(k-1)) (2 F(k) - F(k-1)) + 2 (-1)^k
//! ```
//!
//! These identities are classic (D. E. Knuth, "The Art of Computer Programming", section 1.2.8; the
//! same choice is made in the GNU MP library's manual, "Fibonacci Numbers Algorithm").
//!
//! The products and squares are those of [`crate::kernels::integer`].

use crate::alloc::try_vec;
use crate::error::{Error, Result};
use crate::kernels::integer::{Multiplier, trimmed};
use crate::parallel::Work;
use crate::simd::{self, Level};

/// The largest index whose number fits in 128 bits.
pub const MAX_SMALL: usize = 186;

/// The numbers up to [`MAX_SMALL`].
pub static SMALL: [u128; MAX_SMALL + 1] = {
    let mut table = [0; MAX_SMALL + 1];
    table[1] = 1;
    let mut n = 2;
    while n <= MAX_SMALL {
        table[n] = table[n - 1] + table[n - 2];
        n += 1;
    }
    table
};

/// `F(n)` in limbs of 64 bits, the least significant first, without leading zeros.
pub fn fibonacci(n: u64, work: &Work<'_>) -> Result<Vec<u64>> {
    fibonacci_at(simd::level(), n, work)
}

/// The bits of `F(n)` at most: `n log2((1 + sqrt(5)) / 2)`, rounded up.
pub fn bits(n: u64) -> u128 {
    u128::from(n) * 694_241_914 / 1_000_000_000 + 1
}

fn fibonacci_at(level: Level, n: u64, work: &Work<'_>) -> Result<Vec<u64>> {
    if n <= MAX_SMALL as u64 {
        return Ok(trimmed(&limbs(SMALL[n as usize])).to_vec());
    }
    // All memory is asked for before the work.
    let bits = usize::try_from(bits(n)).map_err(|_| Error::Memory { bytes: usize::MAX })?;
    let mut multiplier = Multiplier::new(level, bits + 2, work)?;
    let len = bits / 64 + 4;
    // It is touched only as the numbers grow: to fill it all at once would be seconds without a
    // look for signals.
    let (mut a, mut b, mut c, mut d) = (try_vec(len)?, try_vec(len)?, try_vec(len)?, try_vec(len)?);
    // F(k) and F(k-1), in the first `used` limbs of `a` and `b`.
    let mut shift = 64 - n.leading_zeros() - 7;
    let mut k = n >> shift;
    a.extend_from_slice(&limbs(SMALL[k as usize]));
    b.extend_from_slice(&limbs(SMALL[k as usize - 1]));
    let mut used = trimmed(&a[..2]).len();

    while shift > 1 {
        shift -= 1;
        let twice = 2 * used;
        c.resize(twice + 1, 0);
        d.resize(twice + 1, 0);
        multiplier.square(&a[..used], &mut c[..twice])?;
        let g = trimmed(&b[..used]);
        multiplier.square(g, &mut d[..2 * g.len()])?;
        d[2 * g.len()..=twice].fill(0);
        c[twice] = 0;
        let is_odd = n >> shift & 1 == 1;
        double(&mut c[..twice + 1], &mut d[..twice + 1], sign(k), is_odd);
        k = 2 * k + u64::from(is_odd);
        std::mem::swap(&mut a, &mut c);
        std::mem::swap(&mut b, &mut d);
        used = trimmed(&a[..twice + 1]).len();
    }

    c.resize(used + 1, 0);
    d.resize(used + 1, 0);
    // The factors of the last product in `c` and `d`.
    let (f, g) = (&a[..used], &b[..used]);
    let is_odd = n & 1 == 1;
    if is_odd {
        combine::<2, 1>(f, g, &mut c[..used + 1]);
        combine::<2, -1>(f, g, &mut d[..used + 1]);
    } else {
        combine::<1, 2>(f, g, &mut c[..used + 1]);
        combine::<1, 0>(f, g, &mut d[..used + 1]);
    }
    let (c, d) = (trimmed(&c[..used + 1]), trimmed(&d[..used + 1]));
    a.resize(c.len() + d.len(), 0);
    multiplier.product(c, d, &mut a)?;
    if is_odd {
        add_small(&mut a, 2 * sign(k));
    }
    let len = trimmed(&a).len();
    a.truncate(len);
    Ok(a)
}

/// `(-1)^k`.
fn sign(k: u64) -> i128 {
    if k % 2 == 0 { 1 } else { -1 }
}

/// From `F(k)^2` and `F(k-1)^2` to `F(m)` and `F(m-1)`, where `m` is `2k` or `2k + 1`.
fn double(x: &mut [u64], y: &mut [u64], sign: i128, is_odd: bool) {
    // The parts of both sums that are not in a limb yet; they are small.
    let (mut first, mut second) = if is_odd { (2 * sign, 2 * sign) } else { (2 * sign, 0) };
    for (x, y) in x.iter_mut().zip(y) {
        let (f, g) = (i128::from(*x), i128::from(*y));
        // F(2k) = F(2k+1) - F(2k-1).
        let middle = f.wrapping_mul(3).wrapping_sub(g.wrapping_mul(2));
        if is_odd {
            first = first.wrapping_add(f.wrapping_mul(4)).wrapping_sub(g);
            second = second.wrapping_add(middle);
        } else {
            first = first.wrapping_add(middle);
            second = second.wrapping_add(f).wrapping_add(g);
        }
        (*x, *y) = (first as u64, second as u64);
        (first, second) = (first >> 64, second >> 64);
    }
}

/// `to = F * f + G * g`, which is not negative.
fn combine<const F: i128, const G: i128>(f: &[u64], g: &[u64], to: &mut [u64]) {
    let mut sum = 0i128;
    for ((&f, &g), to) in f.iter().zip(g).zip(&mut *to) {
        sum = sum.wrapping_add(i128::from(f).wrapping_mul(F)).wrapping_add(i128::from(g).wrapping_mul(G));
        *to = sum as u64;
        sum >>= 64;
    }
    to[f.len()] = sum as u64;
}

/// `x += small`, where the sum is not negative and fits.
fn add_small(x: &mut [u64], small: i128) {
    let mut sum = small;
    for limb in x {
        sum += i128::from(*limb);
        *limb = sum as u64;
        sum >>= 64;
        if sum == 0 {
            break;
        }
    }
}

fn limbs(x: u128) -> [u64; 2] {
    [x as u64, (x >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By addition.
    fn naive(n: usize) -> Vec<u64> {
        let (mut a, mut b) = (vec![0u64; n / 64 + 2], vec![0u64; n / 64 + 2]);
        b[0] = 1;
        for _ in 0..n {
            let mut carry = 0;
            for (a, b) in a.iter_mut().zip(&mut b) {
                let sum = u128::from(*a) + u128::from(*b) + carry;
                (*a, *b) = (*b, sum as u64);
                carry = sum >> 64;
            }
        }
        trimmed(&a).to_vec()
    }

    /// By doubling, modulo `p`.
    fn modulo(n: u64, p: u128) -> u128 {
        let (mut a, mut b) = (0u128, 1u128);
        for bit in (0..64).rev() {
            let (even, odd) = (a * ((2 * b + p - a) % p) % p, (a * a + b * b) % p);
            (a, b) = if n >> bit & 1 == 1 { (odd, (even + odd) % p) } else { (even, odd) };
        }
        a
    }

    #[test]
    fn the_numbers_are_those_of_addition_at_every_level() {
        let (most, stride) = if cfg!(debug_assertions) { (2000, 97) } else { (2500, 1) };
        let mut all: Vec<usize> = (0..=400).chain((400..most).step_by(stride)).collect();
        all.extend([4095, 4096, 4097, 10_000]);
        for n in all {
            let expected = naive(n);
            for level in Level::available() {
                assert_eq!(
                    fibonacci_at(level, n as u64, &Work::serial()),
                    Ok(expected.clone()),
                    "{level:?} {n}"
                );
            }
        }
    }

    #[test]
    fn large_numbers_are_right_modulo_primes_at_every_level() {
        let sizes: &[u64] = if cfg!(debug_assertions) {
            &[20_011, 65_536, 131_071]
        } else {
            &[20_011, 65_536, 131_071, 250_000, 500_001, 999_999, 1_000_000, 3_000_017]
        };
        for &n in sizes {
            for level in Level::available() {
                let number = fibonacci_at(level, n, &Work::serial()).expect("memory");
                for p in [(1 << 61) - 1, 4_294_967_291, 1_000_000_007] {
                    let remainder =
                        number.iter().rev().fold(0u128, |high, &limb| ((high << 64) + u128::from(limb)) % p);
                    assert_eq!(remainder, modulo(n, p), "{level:?} {n} {p}");
                }
                assert!(number.len() as u128 * 64 < bits(n) + 64);
            }
        }
    }

    #[test]
    fn a_number_beyond_memory_is_refused_before_the_work() {
        for n in [1 << 50, u64::MAX] {
            assert!(matches!(fibonacci(n, &Work::serial()), Err(Error::Memory { .. })));
        }
    }

    #[test]
    fn an_interrupt_stops_it() {
        assert_eq!(fibonacci(2_000_000, &Work::stopped()), Err(Error::Interrupted));
    }
}
