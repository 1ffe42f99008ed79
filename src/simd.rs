//! The CPU's level, found once, and the one place where code for a level is entered.
//!
//! A kernel is written once, in plain Rust over small arrays of lanes, as a [`Kernel`]. [`run`]
//! compiles that same code for each level and calls the version for this CPU. Where the compiler
//! does not find the instructions by itself, a topic has a file `x86.rs` with intrinsics.
//!
//! `RUST_NUMPY_EXAMPLE_SIMD=baseline|avx2|avx512` forces a level that the CPU has.

use std::sync::OnceLock;

/// A set of instructions; a higher one includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What every CPU of the target has (SSE2 on x86-64).
    Baseline,
    /// AVX2, FMA, BMI1, BMI2, F16C, LZCNT, POPCNT: x86-64-v3.
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL and VNNI.
    Avx512,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    /// The name used in the environment and in `build_info()`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// The levels that this CPU has, lowest first: what a test runs through.
    pub fn available() -> impl Iterator<Item = Level> {
        let top = detect();
        Level::ALL.into_iter().filter(move |&level| level <= top)
    }
}

/// The environment variable that forces a level.
pub const VARIABLE: &str = "RUST_NUMPY_EXAMPLE_SIMD";

/// The level in use: what the CPU has, or what the environment asks for if the CPU has it.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let top = detect();
        let forced = std::env::var(VARIABLE).ok();
        let asked = Level::ALL.into_iter().find(|level| forced.as_deref() == Some(level.name()));
        asked.map_or(top, |level| level.min(top))
    })
}

/// What the CPU has.
fn detect() -> Level {
    static TOP: OnceLock<Level> = OnceLock::new();
    *TOP.get_or_init(probe)
}

#[cfg(x86_simd)]
fn probe() -> Level {
    macro_rules! has {
        ($($feature:tt)*) => { $(is_x86_feature_detected!($feature))&&* };
    }
    if !has!("avx2" "fma" "bmi1" "bmi2" "f16c" "lzcnt" "popcnt") {
        Level::Baseline
    } else if !has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl" "avx512vnni") {
        Level::Avx2
    } else {
        Level::Avx512
    }
}

#[cfg(not(x86_simd))]
fn probe() -> Level {
    Level::Baseline
}

/// Work that is compiled once for every level.
///
/// `run` must be `#[inline(always)]`, and so must all that it calls in its hot loop: what is
/// not inlined is compiled for the baseline. Closures are not always inlined; use generics.
pub trait Kernel {
    /// What comes out.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` with the instructions of the level in use.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    run_at(level(), kernel)
}

/// Runs `kernel` with the instructions of `level`, or of the CPU if that has less.
#[allow(unsafe_code)]
pub fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level.min(detect()) {
        Level::Baseline => kernel.run(),
        // SAFETY: `detect` has just said that this CPU has every feature the function is
        // compiled for; the function itself is safe code. Without it no
        // kernel would use more than the baseline's registers.
        #[cfg(x86_simd)]
        Level::Avx2 => unsafe { avx2(kernel) },
        // SAFETY: as above.
        #[cfg(x86_simd)]
        Level::Avx512 => unsafe { avx512(kernel) },
        #[cfg(not(x86_simd))]
        _ => kernel.run(),
    }
}

/// As [`Kernel`], for work that gains from multiply-additions.
pub trait Fusable {
    /// What comes out.
    type Output;
    /// Does the work. `FUSED` says that `mul_add` is an instruction, not a call of the C library.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs `kernel` with the instructions of `level`, as [`run_at`] does.
#[inline]
pub fn run_fusable_at<K: Fusable>(level: Level, kernel: K) -> K::Output {
    struct Fused<K>(K);
    impl<K: Fusable> Kernel for Fused<K> {
        type Output = K::Output;

        #[inline(always)]
        fn run(self) -> K::Output {
            self.0.run::<true>()
        }
    }
    match level.min(detect()) {
        #[cfg(x86_simd)]
        Level::Avx2 => run_avx2(Fused(kernel)),
        #[cfg(x86_simd)]
        Level::Avx512 => run_avx512(Fused(kernel)),
        _ if cfg!(target_feature = "fma") || cfg!(target_arch = "aarch64") => Fused(kernel).run(),
        _ => kernel.run::<false>(),
    }
}

/// Runs a kernel that is made of instructions of AVX2: it is compiled for that level only.
///
/// # Panics
/// If the CPU has less.
#[cfg(x86_simd)]
#[allow(unsafe_code)]
pub fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    assert!(detect() >= Level::Avx2);
    // SAFETY: as in `run_at`, by the line above.
    unsafe { avx2(kernel) }
}

/// Runs a kernel that is made of instructions of AVX-512: it is compiled for that level only.
///
/// # Panics
/// If the CPU has less.
#[cfg(x86_simd)]
#[allow(unsafe_code)]
pub fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    assert!(detect() >= Level::Avx512);
    // SAFETY: as in `run_at`, by the line above.
    unsafe { avx512(kernel) }
}

#[cfg(x86_simd)]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,f16c,lzcnt,popcnt")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(x86_simd)]
#[target_feature(
    enable = "avx2,fma,bmi1,bmi2,f16c,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni"
)]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f64]);

    impl Kernel for Sum<'_> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            self.0.iter().fold(0.0, |sum, x| sum + x)
        }
    }

    #[test]
    fn every_level_runs_the_same_kernel() {
        let data: Vec<f64> = (0..100).map(f64::from).collect();
        for level in Level::ALL {
            assert_eq!(run_at(level, Sum(&data)), 4950.0);
        }
        assert!(Level::available().any(|level| level == super::level()));
    }
}
