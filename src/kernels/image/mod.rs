//! Filters of images: Gaussian blur and the Sobel operator.
//!
//! | file | what it holds |
//! |---|---|
//! | `axes` | which axes are rows, columns and channels |
//! | `border` | what lies beyond the border of an image |
//! | `pixel` | elements of any type, and the types that are computed in |
//! | `rows` | loading and storing rows of elements of any type |
//! | `planes` | an image and a result as planes |
//! | `tiles` | how the result is cut up, and rows that reach over the border |
//! | `taps` | the weights of the Gaussian |
//! | `gaussian_u8`, `channel_order` | the Gaussian of bytes, in integers |
//! | `gaussian_float` | the Gaussian of all else, in floating point |
//! | `sobel` | the Sobel operator |

mod axes;
mod border;
mod channel_order;
mod gaussian_float;
mod gaussian_u8;
mod pixel;
mod planes;
mod rows;
mod sobel;
mod taps;
mod tiles;

#[cfg(test)]
mod tests;

pub use axes::{Axes, Operator};
pub use border::{Border, Mode};
pub use pixel::Pixel;
pub use planes::{Image, ImageMut};

use crate::dtype::DType;
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Level};
use pixel::{ComputeType, Real, fits_f32};
use taps::Radius;
use tiles::{Needs, Reach, make_tiles};

/// What is done to an image.
#[derive(Debug, Clone, Copy)]
pub enum Filter {
    /// A Gaussian of standard deviation `sigma` along the two axes, cut off at `truncate` times
    /// that.
    Gaussian {
        /// Along the rows' axis, and along the columns'.
        sigma: [f64; 2],
        /// How many of them the kernel reaches.
        truncate: f64,
    },
    /// The Sobel operator.
    Sobel(Operator),
}

impl Filter {
    /// How long it takes, in nanoseconds on one thread, for results of a type of so many `bytes`.
    pub fn cost(self, image: &Image<'_>, border: Border, bytes: usize) -> usize {
        let Some(source) = image.planes.first() else { return 0 };
        let size = source.size();
        let taps = match self {
            Filter::Gaussian { sigma, truncate } => (0..2).fold(0usize, |taps, axis| {
                let radius = Radius::new(sigma[axis], truncate, border.modes[axis], size[axis]);
                taps.saturating_add(radius.folded.saturating_mul(2))
            }),
            Filter::Sobel(_) => 8,
        };
        let values = size.iter().fold(image.planes.len(), |values, &len| values.saturating_mul(len));
        let bytes = bytes.max(source.dtype().size());
        values.saturating_mul(bytes).saturating_mul(taps.saturating_add(16)) / 64
    }

    /// Writes the filtered `image` to `out`, an array of the same shape.
    pub fn apply(self, image: &Image<'_>, border: Border, out: ImageMut<'_>, work: &Work<'_>) -> Result<()> {
        self.apply_at(simd::level(), image, border, out, work)
    }

    fn apply_at(
        self,
        level: Level,
        image: &Image<'_>,
        border: Border,
        out: ImageMut<'_>,
        work: &Work<'_>,
    ) -> Result<()> {
        let (Some(source), Some(target)) = (image.planes.first(), out.planes.first()) else { return Ok(()) };
        if source.size().contains(&0) {
            return Ok(());
        }
        let (from, to) = (source.dtype(), target.dtype());
        let border = border.of_dtype(from);
        let of_bytes = from == DType::U8 && border.is_bytes();
        let single = fits_f32(from) && fits_f32(to) && border.fits_f32();
        match self {
            Filter::Gaussian { sigma, truncate } => {
                let weights = |axis: usize| {
                    taps::gaussian(sigma[axis], truncate, border.modes[axis], source.size()[axis], work)
                };
                let half = [weights(0)?, weights(1)?];
                match single {
                    true if of_bytes && to == DType::U8 => {
                        let weights = gaussian_u8::Weights::new(&half)?;
                        let reach = weights.radii().map(Reach::symmetric);
                        let needs = Needs { reach, scratch: weights.scratch(), keeps_level: true };
                        make_tiles(image, out, border, needs, work, &|image, tile| {
                            gaussian_u8::make(level, image, &weights, tile, work)
                        })
                    }
                    true => blur::<f32>(level, image, &half, border, out, work),
                    false => blur::<f64>(level, image, &half, border, out, work),
                }
            }
            Filter::Sobel(operator) => match single {
                true if of_bytes && to == DType::U8 => {
                    differentiate::<i16, u8>(level, image, operator, border, out, work)
                }
                true if of_bytes => differentiate::<i16, f32>(level, image, operator, border, out, work),
                true => differentiate::<f32, f32>(level, image, operator, border, out, work),
                false => differentiate::<f64, f64>(level, image, operator, border, out, work),
            },
        }
    }
}

fn blur<A: Real>(
    level: Level,
    image: &Image<'_>,
    half: &[Vec<f64>; 2],
    border: Border,
    out: ImageMut<'_>,
    work: &Work<'_>,
) -> Result<()> {
    let weights = gaussian_float::Weights::<A>::new(half)?;
    let reach = weights.radii().map(Reach::symmetric);
    let needs = Needs { reach, scratch: weights.scratch(), keeps_level: true };
    make_tiles(image, out, border, needs, work, &|image, tile| {
        gaussian_float::make(level, image, &weights, tile, work)
    })
}

fn differentiate<D: sobel::Gradient<Out>, Out: ComputeType>(
    level: Level,
    image: &Image<'_>,
    operator: Operator,
    border: Border,
    out: ImageMut<'_>,
    work: &Work<'_>,
) -> Result<()> {
    let reach = [Reach::symmetric(1); 2];
    let needs = Needs { reach, scratch: sobel::scratch::<D, Out>(), keeps_level: false };
    make_tiles(image, out, border, needs, work, &|image, tile| {
        sobel::make::<D, Out>(level, image, operator, tile, work)
    })
}
