//! Vector instructions: the CPU's level, found once, and the one place where code for it is entered.
//!
//! A kernel is written once, as a [`Kernel`]; [`run`] compiles it for each level and calls the
//! version for this CPU with that level's [`Token`]. Mostly it is plain Rust over small arrays of
//! lanes, which the compiler turns into the level's instructions. Where it does not, the kernel
//! calls operations of [`Simd`], which each level implements: with intrinsics, or in plain Rust.
//!
//! | file | what it holds |
//! |---|---|
//! | `level` | the levels, which of them this CPU has, which one is in use |
//! | `token` | the proof that the CPU has a level; the way into code compiled for it |
//! | `f64x8` | vectors of eight doubles |
//! | `ifma` | products of integers of 52 bits, with a token of its own |
//! | `transpose` | squares of elements |
//! | `memory` | cache lines: streaming past the caches, prefetching, alignment |
//! | `pairs16` | sums of products of 16-bit integers |
//! | `shuffle` | bytes in another order |
//! | `lanes64` | 64-bit integers |
//! | `dot`, `arithmetic` | dot products in lanes, of matrix products; the numbers they are summed in |
//! | `bits` | bytes as bits |
//! | `half` | float16 to float32 and back |
//!
//! To add a level is to add it to `level` and `token`, and to implement the operations for it:
//! all of that is in this folder.
//!
//! `RUST_NUMPY_EXAMPLE_SIMD=baseline|avx2|avx512` forces a level that the CPU has.

mod arithmetic;
mod bits;
mod dot;
mod f64x8;
pub mod half;
#[cfg(x86_simd)]
mod ifma;
mod lanes64;
mod level;
pub mod memory;
mod pairs16;
mod shuffle;
mod token;
mod transpose;

pub use arithmetic::Arithmetic;
pub use bits::ByteMask;
pub use dot::{Dot, FloatDot, Packed};
pub use f64x8::{F64x8, WithF64x8};
#[cfg(x86_simd)]
pub use ifma::{Ifma, U64x8};
pub use lanes64::Lanes64;
pub use level::{Level, VARIABLE, level};
pub use pairs16::Pairs16;
pub use shuffle::ShuffleBytes;
#[cfg(x86_simd)]
pub use token::{Avx2, Avx512};
pub use token::{Baseline, Token};
pub use transpose::Transpose;

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
}

impl Simd for Baseline {}
#[cfg(x86_simd)]
impl Simd for Avx2 {}
#[cfg(x86_simd)]
impl Simd for Avx512 {}

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
    let _ = level;
    Baseline.run(kernel)
}

/// As [`run_at`], for work that gains nothing from AVX-512: it is not compiled for it.
#[inline]
pub fn run_up_to_avx2<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(x86_simd)]
    if level >= Level::Avx2 {
        if let Some(token) = Avx2::detect() {
            return token.run(kernel);
        }
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
            let top = Level::available().last().expect("the baseline");
            assert_eq!(run_at(level, Sum(&data)), (level.min(top), 4950.0));
        }
        assert!(Level::available().any(|level| level == super::level()));
    }
}
