//! Count, mean, variance, minimum and maximum in one pass over an array.
//!
//! | file | what it holds |
//! |---|---|
//! | `moments` | the state |
//! | `center` | what is kept of where the elements are, and how the sums of the loops become it |
//! | `central` | of floats: the moments around their mean, and how two merge |
//! | `integers`, `wide` | of integers: exact sums |
//! | `weight` | of elements with weights: the moments around their weighted mean |
//! | `any` | the states of elements of any type |
//! | `array` | arrays of any layout, whole or along axes |
//! | `beside` | arrays with weights |
//! | `grouped`, `labels` | groups of elements, and the labels that say which they are in |
//! | `block` | the inner loops over a slice |
//! | `columns` | along axes that are not the innermost: many lines side by side |
//! | `shift` | shifted data: a guess at the mean of a block, and what follows from it |
//! | `exact` | sums of integers that floats do not hold |
//! | `fallback` | blocks that are not finite, or near the ends of what is, sums that cancel |
//! | `rows` | along the innermost axis: many short lines, one after the other |
//! | `lanes16` | what is common to `columns` and `rows`: sixteen lines at a time |
//! | `weighted` | the inner loop over elements and their weights |
//! | `number` | a minimum or maximum of any type |
//! | `sample` | how an element of each type is read |

mod any;
mod array;
mod beside;
mod block;
mod center;
mod central;
mod columns;
mod exact;
mod fallback;
mod grouped;
mod integers;
mod labels;
mod lanes16;
mod moments;
mod number;
mod rows;
mod sample;
mod shift;
mod weight;
mod weighted;
mod wide;

pub use any::{AnyMoments, Lines};
pub use array::{along, whole, whole_numbers};
pub use beside::along_weighted;
pub use block::{moments, moments_of_whole_numbers, moments_without_nan};
pub use center::Center;
pub use central::CentralMoments;
pub use grouped::{Groups, grouped, grouped_weighted};
pub use integers::IntegerSums;
pub use labels::{Labels, Texts, of_integers};
pub use moments::{Measure, Moments};
pub use number::{Number, ToNumber};
pub use sample::{Key, Sample};
pub use weight::WeightedMoments;
pub use weighted::moments as weighted_moments;

#[cfg(test)]
mod tests;
