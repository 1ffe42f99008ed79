//! Work that is compiled once for every level, and the one place where that code is entered.
#![allow(unsafe_code)]

use super::bits::ByteMask;
use super::dot::{Dot, FloatDot};
use super::f64x8::WithF64x8;
use super::lanes64::Lanes64;
use super::level::{Level, level};
use super::pairs16::Pairs16;
use super::shuffle::ShuffleBytes;
#[cfg(neon)]
use super::token::Neon;
#[cfg(x86_simd)]
use super::token::{Avx2, Avx512};
use super::token::{Baseline, Token};
use super::transpose::Transpose;

/// The operations that every level has.
pub trait Simd:
    Token
    + Lanes64
    + Pairs16
    + ShuffleBytes
    + WithF64x8
    + Transpose
    + Dot<u8>
    + Dot<u16>
    + Dot<u32>
    + Dot<u64>
    + FloatDot<f32>
    + FloatDot<f64>
    + ByteMask
{
    /// Runs `kernel`, compiled for this level.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;
}

impl Simd for Baseline {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}

#[cfg(x86_simd)]
impl Simd for Avx2 {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,f16c,lzcnt,popcnt")]
        fn compiled<K: Kernel>(token: Avx2, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has every feature that the function is compiled
        // for. Without it no kernel would use more than the baseline's registers.
        unsafe { compiled(self, kernel) }
    }
}

#[cfg(x86_simd)]
impl Simd for Avx512 {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(
            enable = "avx2,fma,bmi1,bmi2,f16c,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni"
        )]
        fn compiled<K: Kernel>(token: Avx512, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: as for `Avx2`.
        unsafe { compiled(self, kernel) }
    }
}

/// The target has NEON: this is compiled as for the baseline, with other operations.
#[cfg(neon)]
impl Simd for Neon<false> {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}

#[cfg(neon)]
impl Simd for Neon<true> {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: called with the token only. Before Rust 1.86 such a function has to be unsafe.
        #[target_feature(enable = "dotprod")]
        unsafe fn compiled<K: Kernel>(token: Neon<true>, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: as for `Avx2`.
        unsafe { compiled(self, kernel) }
    }
}

/// Work that is compiled once for every level.
///
/// `run` must be `#[inline(always)]`, and so must all that it calls in its hot loop: what is
/// not inlined is compiled for the baseline. Closures are not always inlined; use generics.
pub trait Kernel {
    /// What comes out.
    type Output;

    /// Does the work with the instructions of the level that `simd` proves.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs `kernel` with the instructions of the level in use.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    run_at(level(), kernel)
}

/// Runs `kernel` with the instructions of `level`, or of the CPU if that has less.
#[inline]
pub fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(x86_simd)]
    {
        if level >= Level::Avx512 {
            if let Some(token) = Avx512::detect() {
                return token.run(kernel);
            }
        }
        if level >= Level::Avx2 {
            if let Some(token) = Avx2::detect() {
                return token.run(kernel);
            }
        }
    }
    #[cfg(neon)]
    if level >= Level::Neon {
        return match Neon::<true>::detect() {
            Some(token) => token.run(kernel),
            None => Neon::new().run(kernel),
        };
    }
    let _ = level;
    Baseline.run(kernel)
}

/// As [`run_at`], for work that gains nothing from AVX-512 and dot products: it is not compiled for them.
#[inline]
pub fn run_up_to_avx2<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(x86_simd)]
    if level >= Level::Avx2 {
        if let Some(token) = Avx2::detect() {
            return token.run(kernel);
        }
    }
    #[cfg(neon)]
    if level >= Level::Neon {
        return Neon::new().run(kernel);
    }
    let _ = level;
    Baseline.run(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f64]);

    impl Kernel for Sum<'_> {
        type Output = (Level, f64);

        #[inline(always)]
        fn run<S: Simd>(self, _simd: S) -> (Level, f64) {
            (S::LEVEL, self.0.iter().fold(0.0, |sum, x| sum + x))
        }
    }

    #[test]
    fn every_level_runs_the_same_kernel() {
        let data: Vec<f64> = (0..100).map(f64::from).collect();
        for level in Level::ALL {
            // The highest that the CPU has, of those up to the one that is asked for.
            let best = Level::available().filter(|&available| available <= level).last();
            assert_eq!(run_at(level, Sum(&data)), (best.expect("the baseline"), 4950.0));
        }
        assert!(Level::available().any(|available| available == level()));
    }
}
