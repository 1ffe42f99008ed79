//! The level of the CPU: a kernel is written once, as a [`Kernel`], and compiled for each.
//!
//! Plain Rust over small arrays, which the compiler turns into the instructions of the level. What the hot loop of a
//! kernel calls is `#[inline(always)]`: what is not inlined is compiled for every CPU.
#![allow(unsafe_code)]

/// A set of instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target has.
    Baseline,
    /// AVX2 of x86-64.
    Avx2,
}

impl Level {
    /// The levels that this CPU has, lowest first: what a test runs through.
    pub fn available() -> impl Iterator<Item = Level> {
        [Level::Baseline, Level::Avx2].into_iter().filter(|&level| level <= detect())
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    if is_x86_feature_detected!("avx2") { Level::Avx2 } else { Level::Baseline }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Baseline
}

/// The proof that code is compiled for a level.
pub trait Simd: Copy {}

/// Code for every CPU.
#[derive(Clone, Copy)]
struct Baseline;

impl Simd for Baseline {}

/// Code for [`Level::Avx2`].
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Simd for Avx2 {}

/// Work that is compiled once for every level.
pub trait Kernel {
    /// What comes out.
    type Output;

    /// Does the work.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs `kernel` with the instructions of this CPU.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    run_at(Level::Avx2, kernel)
}

/// Runs `kernel` with the instructions of `level`, or of the CPU if that has less.
pub fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if level.min(detect()) == Level::Avx2 {
        #[target_feature(enable = "avx2")]
        fn compiled<K: Kernel>(kernel: K) -> K::Output {
            kernel.run(Avx2)
        }
        // SAFETY: the CPU has what the function is compiled for.
        return unsafe { compiled(kernel) };
    }
    let _ = level;
    kernel.run(Baseline)
}
