//! NumPy arrays processed in Rust.
//!
//! The map, from the top: imports only point down, topics do not import each other, and nothing goes in circles.
//! `tests/test_architecture.py` holds the imports against it.
//!
//! | module | what it holds |
//! |---|---|
//! | `bindings/<topic>` | Python: thin functions, a file or a folder a topic |
//! | `bindings/{array, argument, cached, call, display, error, guard, missing, nan_policy, numbers, weights}` | the doors they go through: arrays, work, errors |
//! | `kernels/<topic>` | the algorithms; no Python in them |
//! | `kernels/eft` | mathematics that several topics rest on |
//! | `layout` | arrays of any layout, and the one way they are walked |
//! | `parallel`, `simd` | threads; vector instructions and memory |
//! | `dtype`, `alloc`, `kept`, `error` | element types, memory that may be refused, values made once, what can go wrong |

pub mod alloc;
#[cfg(feature = "python")]
pub mod bindings;
pub mod dtype;
pub mod error;
pub mod kept;
pub mod kernels;
pub mod layout;
pub mod parallel;
pub mod simd;
