//! NumPy arrays processed in Rust.
//!
//! The map, from the top: imports only point down.
//!
//! | module | what it holds |
//! |---|---|
//! | `bindings/<topic>` | Python: thin functions, a file a topic |
//! | `bindings/{array, argument, call, guard, error, display}` | the doors they go through |
//! | `kernels/<topic>` | the algorithms; no Python in them |
//! | `layout`, `parallel`, `simd` | lines of arrays, threads, levels of the CPU |
//! | `dtype`, `alloc`, `error` | element types, memory that may be refused, what can go wrong |

pub mod alloc;
#[cfg(feature = "python")]
pub mod bindings;
pub mod dtype;
pub mod error;
pub mod kernels;
pub mod layout;
pub mod parallel;
pub mod simd;
