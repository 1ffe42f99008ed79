//! The sets of instructions that kernels are compiled for, and which of them this CPU has.

use crate::kept::Kept;

/// A set of instructions; a higher one of the same target includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What every CPU of the target has, as the compiler uses it (SSE2 on x86-64, NEON on aarch64).
    Baseline,
    /// NEON as it is meant, and the dot products of ARMv8.2 where the CPU has them: aarch64.
    Neon,
    /// AVX2, FMA, BMI1, BMI2, F16C, LZCNT, POPCNT: x86-64-v3.
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL and VNNI.
    Avx512,
}

impl Level {
    /// All levels of all targets, lowest first.
    pub const ALL: [Level; 4] = [Level::Baseline, Level::Neon, Level::Avx2, Level::Avx512];

    /// The name used in the environment and in `build_info()`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// The levels that this CPU has, lowest first: what a test runs through.
    pub fn available() -> impl Iterator<Item = Level> {
        let top = detect();
        Level::ALL.into_iter().filter(move |&level| level.is_within(top))
    }

    /// Whether a CPU whose highest level is `top` has this one. NEON is part of no other.
    fn is_within(self, top: Level) -> bool {
        self <= top && (self != Level::Neon || top == Level::Neon)
    }
}

/// The environment variable that forces a level.
pub const VARIABLE: &str = "RUST_NUMPY_EXAMPLE_SIMD";

/// The level in use: what the CPU has, or what the environment asks for if the CPU has it.
pub fn level() -> Level {
    static LEVEL: Kept<Level> = Kept::new();
    *LEVEL.get_or(|| {
        let top = detect();
        let forced = std::env::var(VARIABLE).ok();
        let asked = Level::ALL.into_iter().find(|level| forced.as_deref() == Some(level.name()));
        asked.filter(|level| level.is_within(top)).unwrap_or(top)
    })
}

/// The text of the variable, if it names no level.
pub fn unknown_setting() -> Option<String> {
    let text = std::env::var_os(VARIABLE)?.to_string_lossy().into_owned();
    let is_known = text.is_empty() || Level::ALL.iter().any(|level| level.name() == text);
    (!is_known).then_some(text)
}

/// The highest level that this CPU has.
pub(super) fn detect() -> Level {
    static TOP: Kept<Level> = Kept::new();
    *TOP.get_or(probe)
}

#[cfg(x86_simd)]
fn probe() -> Level {
    // A macro, as the standard library's takes nothing but a literal.
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
    if cfg!(neon) { Level::Neon } else { Level::Baseline }
}
