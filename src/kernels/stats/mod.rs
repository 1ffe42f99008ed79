//! Count, mean, variance, minimum and maximum in one pass over an array.
//!
//! | file | what it holds |
//! |---|---|
//! | `moments` | the state, and how two merge |
//! | `block` | the inner loops over a slice |
//! | `sample` | how an element of each type is read |

mod block;
mod moments;
mod sample;

pub use block::{moments, moments_without_nan};
pub use moments::{Center, Moments, variance};
pub use sample::{Key, Sample};

#[cfg(test)]
mod tests;
