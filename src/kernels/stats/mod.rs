//! Count, mean, variance, minimum and maximum in one pass over an array.
//!
//! | file | what it holds |
//! |---|---|
//! | `moments` | the state, and how two merge |
//! | `array` | arrays of any layout, whole or along axes |
//! | `block` | the inner loops over a slice |
//! | `columns` | along axes that are not the innermost: many lines side by side |
//! | `pivot` | a guess at the mean of a block, and what follows from it |
//! | `rare` | blocks that are not finite, sums that cancel |
//! | `rows` | along the innermost axis: many short lines, one after the other |
//! | `lines` | what is common to `columns` and `rows`: sixteen lines at a time |
//! | `gather` | copies elements that are a step apart |
//! | `number` | a minimum or maximum of any type |
//! | `sample` | how an element of each type is read |

mod array;
mod block;
mod columns;
mod gather;
mod lines;
mod moments;
mod number;
mod pivot;
mod rare;
mod rows;
mod sample;

pub use array::{Data, along, whole};
pub use block::{moments, moments_without_nan};
pub use moments::{Center, Moments, variance};
pub use number::{Number, ToNumber};
pub use sample::{Key, Sample};

#[cfg(test)]
mod tests;
