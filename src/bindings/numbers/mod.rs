//! Python numbers: those in lists, tuples, ranges and iterables, and their exact sum.
//!
//! | file | what it holds |
//! |---|---|
//! | `sum` | what is summed, and how its numbers are reached |
//! | `total` | a sum of numbers of any kind |
//! | `extended` | longdoubles in a sum |
//! | `integer` | Python ints of any size |
//! | `cpython_layout` | ints and floats read where they lie |

mod cpython_layout;
mod extended;
mod integer;
mod sum;
mod total;

pub use integer::{exact_int_digits, int, int_from_limbs, magnitude};
pub use sum::{read_in_place, sum};
