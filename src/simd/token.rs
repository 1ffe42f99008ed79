//! Tokens: values that exist only where the CPU has the instructions of a level.
//!
//! Whoever holds an [`Avx2`] need not prove anything more: the only way to get one is
//! [`Avx2::detect`]. So an operation that takes a token is safe to call, and cannot be called
//! elsewhere. (The idea is that of the crate pulp.)

use super::level::Level;
#[cfg(x86_simd)]
use super::level::detect;
#[cfg(neon)]
use crate::kept::Kept;

/// The proof that this CPU has the instructions of a level.
pub trait Token: Copy + Send + Sync + 'static {
    /// The level.
    const LEVEL: Level;

    /// Whether `mul_add` is an instruction. Where it is not, it is a slow call of the C library.
    const FUSES: bool;

    /// The vector registers that there are.
    const REGISTERS: usize;
}

/// What every CPU of the target has.
#[derive(Debug, Clone, Copy)]
pub struct Baseline;

impl Token for Baseline {
    const LEVEL: Level = Level::Baseline;
    const FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    const REGISTERS: usize = if cfg!(target_arch = "aarch64") { 32 } else { 16 };
}

/// [`Level::Avx2`].
#[cfg(x86_simd)]
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

#[cfg(x86_simd)]
impl Avx2 {
    /// The token, if the CPU has the level.
    #[inline]
    pub fn detect() -> Option<Self> {
        (detect() >= Level::Avx2).then_some(Avx2(()))
    }
}

#[cfg(x86_simd)]
impl Token for Avx2 {
    const LEVEL: Level = Level::Avx2;
    const FUSES: bool = true;
    const REGISTERS: usize = 16;
}

/// [`Level::Avx512`].
#[cfg(x86_simd)]
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

#[cfg(x86_simd)]
impl Avx512 {
    /// The token, if the CPU has the level.
    #[inline]
    pub fn detect() -> Option<Self> {
        (detect() >= Level::Avx512).then_some(Avx512(()))
    }

    /// The token of the level below, which this one includes.
    #[inline]
    pub fn avx2(self) -> Avx2 {
        Avx2(())
    }
}

#[cfg(x86_simd)]
impl Token for Avx512 {
    const LEVEL: Level = Level::Avx512;
    const FUSES: bool = true;
    const REGISTERS: usize = 32;
}

/// [`Level::Neon`]: with `DOT`, the proof of the dot products of ARMv8.2 besides.
///
/// No level of their own, as only products of bytes use them. What does not is written once for both.
#[cfg(neon)]
#[derive(Debug, Clone, Copy)]
pub struct Neon<const DOT: bool>(());

#[cfg(neon)]
impl Neon<false> {
    /// The token: NEON is part of the target.
    #[inline]
    pub fn new() -> Self {
        Neon(())
    }
}

#[cfg(neon)]
impl Neon<true> {
    /// The token, if the CPU has dot products.
    #[inline]
    pub fn detect() -> Option<Self> {
        static HAS: Kept<bool> = Kept::new();
        HAS.get_or(|| std::arch::is_aarch64_feature_detected!("dotprod")).then_some(Neon(()))
    }
}

#[cfg(neon)]
impl<const DOT: bool> Token for Neon<DOT> {
    const LEVEL: Level = Level::Neon;
    const FUSES: bool = true;
    const REGISTERS: usize = 32;
}
