//! Natural numbers of any size: limbs of 64 bits, the least significant first.
//!
//! | file | what it holds |
//! |---|---|
//! | `limbs` | numbers from bytes, leading zeros |
//! | `multiply` | products, and the choice of the algorithm |
//! | `schoolbook`, `ifma` | products of small integers: in limbs of 64 bits, in digits of 52 |
//! | `convolution` | products of large integers: digits and carries |
//! | `fft` | products of polynomials |
//! | `complex` | eight complex numbers side by side |

mod complex;
mod convolution;
mod fft;
#[cfg(x86_simd)]
mod ifma;
mod limbs;
mod multiply;
mod schoolbook;

pub use limbs::{from_le_bytes, trimmed};
pub use multiply::{Multiplier, product};
