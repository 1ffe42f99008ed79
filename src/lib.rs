//! NumPy arrays processed in Rust.
//!
//! The map, from the top: imports only point down.
//!
//! | module | what it holds |
//! |---|---|
//! | `bindings` | Python: one door for arrays, one for work, one for errors, thin functions |
//! | [`kernels`] | the algorithms, a folder a topic; no Python in them |
//! | [`parallel`], [`simd`] | threads; vector instructions and memory |
//! | [`dtype`], [`alloc`], [`error`] | element types, memory that may be refused, what can go wrong |

pub mod alloc;
#[cfg(feature = "python")]
pub mod bindings;
pub mod dtype;
pub mod error;
pub mod kernels;
pub mod parallel;
pub mod simd;
