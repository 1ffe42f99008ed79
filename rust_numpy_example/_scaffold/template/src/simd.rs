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
pub trait Simd: Copy {
    /// Eight doubles.
    type F64x8: F64x8;

    /// From memory.
    fn load_f64x8(self, from: &[f64; 8]) -> Self::F64x8;

    /// Eight times the same.
    fn splat_f64x8(self, value: f64) -> Self::F64x8;
}

/// Eight doubles.
pub trait F64x8: Copy {
    /// To memory.
    fn store(self, to: &mut [f64; 8]);
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// The lanes moved up by one, with a new first and without the last.
    fn shift_in(self, first: f64) -> Self;
    /// Rows become columns.
    fn transpose(rows: [Self; 8]) -> [Self; 8];
}

// As an array, at both levels. Where a loop is not as fast as it could be, here is the place for intrinsics.
impl F64x8 for [f64; 8] {
    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        *to = self;
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] += other[l];
        }
        self
    }

    #[inline(always)]
    fn div(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] /= other[l];
        }
        self
    }

    #[inline(always)]
    fn shift_in(self, first: f64) -> Self {
        let mut shifted = [first; 8];
        shifted[1..].copy_from_slice(&self[..7]);
        shifted
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut columns = rows;
        for i in 0..8 {
            for j in 0..8 {
                columns[j][i] = rows[i][j];
            }
        }
        columns
    }
}

// A macro, as both levels have the same, and a level of your own may not.
macro_rules! arrays {
    ($token:ty) => {
        impl Simd for $token {
            type F64x8 = [f64; 8];

            #[inline(always)]
            fn load_f64x8(self, from: &[f64; 8]) -> [f64; 8] {
                *from
            }

            #[inline(always)]
            fn splat_f64x8(self, value: f64) -> [f64; 8] {
                [value; 8]
            }
        }
    };
}

/// Code for every CPU.
#[derive(Clone, Copy)]
struct Baseline;

arrays!(Baseline);

/// Code for [`Level::Avx2`].
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2;

#[cfg(target_arch = "x86_64")]
arrays!(Avx2);

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

/// Asks for memory that is about to be read.
#[inline]
pub fn prefetch<T>(data: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for at in (0..size_of_val(data)).step_by(64) {
            // SAFETY: in bounds; a hint that neither reads nor faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(data.as_ptr().cast::<i8>().add(at)) }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = data;
}
