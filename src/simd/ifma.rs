//! AVX-512 IFMA: products of integers of 52 bits, eight at a time.
//!
//! Not a level: few CPUs have it, and one kernel uses it. So it has a token of its own.
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

use super::kernel::Kernel;
use super::level::Level;
use super::token::{Avx512, Token};
use crate::kept::Kept;

/// The proof that this CPU has [`Avx512`] and IFMA.
#[derive(Debug, Clone, Copy)]
pub struct Ifma(Avx512);

impl Ifma {
    /// The token, if the CPU has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        static HAS: Kept<bool> = Kept::new();
        let avx512 = Avx512::detect()?;
        HAS.get_or(|| is_x86_feature_detected!("avx512ifma")).then_some(Ifma(avx512))
    }

    /// The token, if the CPU has the instructions and `level` includes those of AVX-512.
    #[inline]
    pub fn within(level: Level) -> Option<Self> {
        if level >= Avx512::LEVEL { Self::detect() } else { None }
    }

    /// Runs `kernel`, compiled for AVX-512 with IFMA.
    #[inline(always)]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(
            enable = "avx2,fma,bmi1,bmi2,f16c,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx512ifma"
        )]
        fn compiled<K: Kernel>(token: Avx512, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has every feature that the function is compiled for.
        unsafe { compiled(self.0, kernel) }
    }

    /// Eight words from memory.
    #[inline(always)]
    pub fn load(self, from: &[u64; 8]) -> U64x8 {
        // SAFETY: the token proves the instructions; there are eight words.
        U64x8(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }

    /// Eight times the same.
    #[inline(always)]
    pub fn splat(self, value: u64) -> U64x8 {
        // SAFETY: the token proves the instructions.
        U64x8(unsafe { _mm512_set1_epi64(value as i64) })
    }
}

/// Eight words of 64 bits: proof of [`Ifma`], which makes them.
#[derive(Debug, Clone, Copy)]
pub struct U64x8(__m512i);

impl U64x8 {
    /// To memory.
    #[inline(always)]
    pub fn store(self, to: &mut [u64; 8]) {
        // SAFETY: the vector proves the instructions; there are eight words.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }

    /// `self + other`, without the carry.
    #[inline(always)]
    pub fn wrapping_add(self, other: Self) -> Self {
        // SAFETY: the vectors prove the instructions.
        U64x8(unsafe { _mm512_add_epi64(self.0, other.0) })
    }

    /// `self` and the low 52 bits of the products of the low 52 bits of `a` and `b`.
    #[inline(always)]
    pub fn add_low(self, a: Self, b: Self) -> Self {
        // SAFETY: the vectors prove the instructions.
        U64x8(unsafe { _mm512_madd52lo_epu64(self.0, a.0, b.0) })
    }

    /// `self` and the high 52 bits of the products of the low 52 bits of `a` and `b`.
    #[inline(always)]
    pub fn add_high(self, a: Self, b: Self) -> Self {
        // SAFETY: the vectors prove the instructions.
        U64x8(unsafe { _mm512_madd52hi_epu64(self.0, a.0, b.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Simd;
    use super::*;

    struct Halves(Ifma, [u64; 8], u64);

    impl Kernel for Halves {
        type Output = [[u64; 8]; 2];

        #[inline(always)]
        fn run<S: Simd>(self, _simd: S) -> [[u64; 8]; 2] {
            let Halves(ifma, a, b) = self;
            let (a, b, zero) = (ifma.load(&a), ifma.splat(b), ifma.splat(0));
            let mut halves = [[0; 8]; 2];
            zero.add_low(a, b).store(&mut halves[0]);
            zero.wrapping_add(zero).add_high(a, b).store(&mut halves[1]);
            halves
        }
    }

    #[test]
    fn the_halves_of_a_product_make_it_up() {
        let Some(ifma) = Ifma::detect() else { return };
        let digit = (1 << 52) - 3;
        let digits = std::array::from_fn(|i| digit - i as u64);
        let [low, high] = ifma.run(Halves(ifma, digits, digit));
        for lane in 0..8 {
            let product = u128::from(digits[lane]) * u128::from(digit);
            assert_eq!(u128::from(low[lane]) + (u128::from(high[lane]) << 52), product);
        }
    }
}
