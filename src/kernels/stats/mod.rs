//! Count, mean, variance, minimum and maximum in one pass over an array.
//!
//! | file | what it holds |
//! |---|---|
//! | `moments` | the state, and how two merge |
//! | `array` | arrays of any layout, whole or along axes |
//! | `block` | the inner loops over a slice |
//! | `columns` | along axes that are not the innermost: many lines side by side |
//! | `shift` | shifted data: a guess at the mean of a block, and what follows from it |
//! | `fallback` | blocks that are not finite, sums that cancel |
//! | `rows` | along the innermost axis: many short lines, one after the other |
//! | `lanes16` | what is common to `columns` and `rows`: sixteen lines at a time |
//! | `number` | a minimum or maximum of any type |
//! | `sample` | how an element of each type is read |

mod array;
mod block;
mod columns;
mod fallback;
mod lanes16;
mod moments;
mod number;
mod rows;
mod sample;
mod shift;

pub use array::{along, whole};
pub use block::{moments, moments_without_nan};
pub use moments::{CentralMoments, Moments, variance};
pub use number::{Number, ToNumber};
pub use sample::{Key, Sample};

#[cfg(test)]
mod tests;
