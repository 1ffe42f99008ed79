//! What x86-64 has and plain Rust cannot ask for.
#![allow(unsafe_code)]
// Compiled by Rust 1.89 and newer only: see build.rs.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Asks for `slice[index]` to be brought into the cache.
#[inline(always)]
pub fn prefetch<T>(slice: &[T], index: usize) {
    // SAFETY: a prefetch is a hint that reads nothing, whatever the address. It hides the latency
    // of a table that is larger than the caches.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(slice.as_ptr().wrapping_add(index).cast()) }
}
