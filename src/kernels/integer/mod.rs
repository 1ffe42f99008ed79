//! Natural numbers of any size: limbs of 64 bits, the least significant first.
//!
//! | file | what it holds |
//! |---|---|
//! | `multiply`, `ifma` | products by the schoolbook method, and the choice of algorithm |
//! | `convolution` | products of large integers: digits and carries |
//! | `fft` | products of polynomials |
//! | `complex` | eight complex numbers side by side |

mod complex;
mod convolution;
mod fft;
#[cfg(x86_simd)]
mod ifma;
mod multiply;

pub use multiply::Multiplier;

/// `x` without leading zeros.
pub fn trimmed(x: &[u64]) -> &[u64] {
    &x[..x.iter().rposition(|&limb| limb != 0).map_or(0, |last| last + 1)]
}
