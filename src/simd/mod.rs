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
//! | `token` | the proof that the CPU has a level |
//! | `kernel` | work that is compiled for every level, and the way into that code |
//! | `f64x8` | vectors of eight doubles |
//! | `cache` | the caches of this CPU |
//! | `ifma` | products of integers of 52 bits, with a token of its own |
//! | `transpose` | squares of elements |
//! | `memory` | cache lines: streaming past the caches, prefetching, alignment |
//! | `pairs16` | sums of products of 16-bit integers |
//! | `shuffle` | bytes in another order |
//! | `lanes64` | 64-bit integers |
//! | `dot`, `arithmetic` | dot products in lanes, of matrix products; the numbers they are summed in |
//! | `fused` | products added with one rounding, at every level |
//! | `bits` | bytes as bits |
//! | `half` | float16 to float32 and back |
//!
//! To add a level is to add it to `level`, `token` and `kernel`, and to implement the operations for it:
//! all of that is in this folder.
//!
//! `RUST_NUMPY_EXAMPLE_SIMD=baseline|neon|avx2|avx512` forces a level that the CPU has.

mod arithmetic;
mod bits;
mod cache;
mod dot;
mod f64x8;
mod fused;
pub mod half;
#[cfg(x86_simd)]
mod ifma;
mod kernel;
mod lanes64;
mod level;
pub mod memory;
mod pairs16;
mod shuffle;
mod token;
mod transpose;

pub use arithmetic::Arithmetic;
pub use bits::ByteMask;
pub use cache::cache_share;
pub use dot::{Dot, FloatDot, Packed};
pub use f64x8::{F64x8, WithF64x8};
pub use fused::Fused;
#[cfg(x86_simd)]
pub use ifma::{Ifma, U64x8};
pub use kernel::{Kernel, Simd, run, run_at, run_up_to_avx2};
pub use lanes64::Lanes64;
pub use level::{Level, VARIABLE, level, unknown_setting};
pub use memory::prefetch;
pub use pairs16::Pairs16;
pub use shuffle::ShuffleBytes;
#[cfg(neon)]
pub use token::Neon;
#[cfg(x86_simd)]
pub use token::{Avx2, Avx512};
pub use token::{Baseline, Token};
pub use transpose::Transpose;

/// Whether products of bytes use the dot products of NEON.
pub fn has_dotprod() -> bool {
    #[cfg(neon)]
    return level() == Level::Neon && Neon::<true>::detect().is_some();
    #[cfg(not(neon))]
    return false;
}

/// Whether products of long integers use the instructions of AVX-512 IFMA.
pub fn has_ifma() -> bool {
    #[cfg(x86_simd)]
    return level() == Level::Avx512 && Ifma::detect().is_some();
    #[cfg(not(x86_simd))]
    return false;
}
