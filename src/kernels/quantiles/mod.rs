//! Quantiles: exact ones of arrays, exact ones of data that is read several times, and a sketch of
//! data that is read once.
//!
//! | file | what it holds |
//! |---|---|
//! | `method` | the thirteen methods: which elements of the sorted data, and the weight between them |
//! | `interpolate` | what lies between two elements |
//! | `key` | elements as integers in the same order |
//! | `select` | the elements of some ranks in a short run of keys |
//! | `window` | the same in a long run, in one pass: counts below a window, and what lies in it |
//! | `histogram` | the same for keys of 16 bits, by counting all |
//! | `sample` | a sample of a stream |
//! | `array` | arrays of any layout, whole or along axes |
//! | `weighted` | elements that count by a weight |
//! | `finder` | data that is read several times, in bounded memory |
//! | `sketch` | data that is read once, in bounded memory: the sketch of Karnin, Lang and Liberty |

mod array;
mod finder;
mod histogram;
mod interpolate;
mod key;
mod method;
mod sample;
mod select;
mod sketch;
mod weighted;
mod window;

pub use array::{Found, Request, along};
pub use finder::Finder;
pub use interpolate::{Precision, between};
pub use key::{Key, Ordered};
pub use method::{METHODS, Method, Position};
pub use sketch::{CONFIDENCE, Sketch, Summary};
pub use weighted::along_weighted;

#[cfg(test)]
mod tests;
