//! Filters of images: Gaussian blur and the Sobel operator.
//!
//! | file | what it holds |
//! |---|---|
//! | `border` | what lies beyond the border of an image |
//! | `pixel` | elements of any type, and how rows of them are loaded and stored |
//! | `scratch` | memory for rows, in the cache's lines |
//! | `taps` | the weights of the Gaussian |
//! | `tiles` | how the result is cut up, and rows that reach over the border |
//! | `gaussian_u8`, `channel_order`, `x86` | the Gaussian of bytes, in integers |
//! | `gaussian_float` | the Gaussian of all else, in floating point |
//! | `sobel` | the Sobel operator |

mod border;
mod channel_order;
mod gaussian_float;
mod gaussian_u8;
mod pixel;
mod scratch;
mod sobel;
mod taps;
mod tiles;
#[cfg(x86_simd)]
mod x86;

#[cfg(test)]
mod tests;

use ndarray::{ArrayView3, ArrayViewD, ArrayViewMut3, ArrayViewMutD, Axis, Ix2, Ix3};

pub use border::Mode;
pub use pixel::Pixel;
pub use sobel::Operator;

use crate::alloc::try_vec;
use crate::dtype::DType;
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Level};
use pixel::{Source, is_small};
use tiles::{Padded, Tile, tile_sides, tiles};

/// An image of any element type: rows and columns, and perhaps channels.
///
/// Where the channels of a pixel stand together it is filtered as a whole; where they are apart,
/// each channel is an image of its own.
pub struct Image<'a> {
    planes: Vec<Box<dyn Source + 'a>>,
    axes: Axes,
}

/// Which axes are the rows and the columns, and where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    channel: Option<usize>,
}

impl Axes {
    /// Of an array of two axes or, where one of them is that of the channels, of three.
    ///
    /// # Panics
    /// If the third axis is not the last possible one.
    pub fn new(channel: Option<usize>) -> Self {
        assert!(channel.is_none_or(|axis| axis < 3));
        Axes { channel }
    }

    /// How many axes the array has.
    pub fn ndim(self) -> usize {
        if self.channel.is_some() { 3 } else { 2 }
    }

    /// The derivative along an axis of the array, if it is not that of the channels.
    ///
    /// # Panics
    /// If the array has no such axis.
    pub fn operator(self, axis: usize) -> Option<Operator> {
        assert!(axis < self.ndim());
        // The first of the axes that are not the channels' is that of the rows.
        let rows = usize::from(self.channel == Some(0));
        let operator = if axis == rows { Operator::DownRows } else { Operator::AlongRow };
        (self.channel != Some(axis)).then_some(operator)
    }

    fn planes<'a, T>(self, array: ArrayViewD<'a, T>) -> Result<Vec<ArrayView3<'a, T>>> {
        let Some(channel) = self.channel else {
            let plane = array.into_dimensionality::<Ix2>().expect("the number of axes was checked");
            return one(plane.insert_axis(Axis(2)));
        };
        let array = array.into_dimensionality::<Ix3>().expect("the number of axes was checked");
        if channel == 2 {
            return one(array);
        }
        let mut planes = try_vec(array.len_of(Axis(channel)))?;
        let mut rest = array;
        while !rest.is_empty() && rest.len_of(Axis(channel)) > 0 {
            let (plane, others) = rest.split_at(Axis(channel), 1);
            planes.push(last(plane, channel, |plane, order| plane.permuted_axes(order)));
            rest = others;
        }
        Ok(planes)
    }

    fn planes_mut<'a, T>(self, array: ArrayViewMutD<'a, T>) -> Result<Vec<ArrayViewMut3<'a, T>>> {
        let Some(channel) = self.channel else {
            let plane = array.into_dimensionality::<Ix2>().expect("the number of axes was checked");
            return one(plane.insert_axis(Axis(2)));
        };
        let array = array.into_dimensionality::<Ix3>().expect("the number of axes was checked");
        if channel == 2 {
            return one(array);
        }
        let mut planes = try_vec(array.len_of(Axis(channel)))?;
        let mut rest = array;
        while !rest.is_empty() && rest.len_of(Axis(channel)) > 0 {
            let (plane, others) = rest.split_at(Axis(channel), 1);
            planes.push(last(plane, channel, |plane, order| plane.permuted_axes(order)));
            rest = others;
        }
        Ok(planes)
    }
}

fn one<T>(item: T) -> Result<Vec<T>> {
    let mut items = try_vec(1)?;
    items.push(item);
    Ok(items)
}

/// With the axis `channel` (the first or the second) moved to the end.
fn last<V>(view: V, channel: usize, permute: impl Fn(V, [usize; 3]) -> V) -> V {
    permute(view, if channel == 0 { [1, 2, 0] } else { [0, 2, 1] })
}

impl<'a> Image<'a> {
    /// The image in `array`.
    pub fn new<T: Pixel>(array: ArrayViewD<'a, T>, axes: Axes) -> Result<Self> {
        let views = axes.planes(array)?;
        let mut planes = try_vec::<Box<dyn Source + 'a>>(views.len())?;
        planes.extend(views.into_iter().map(|plane| Box::new(plane) as Box<dyn Source + 'a>));
        Ok(Image { planes, axes })
    }

    /// Calls `make` for each tile of `out`, on all threads.
    fn for_each_tile<T: Pixel>(
        &self,
        out: ArrayViewMutD<'_, T>,
        border: Border,
        radii: [usize; 2],
        scratch: usize,
        work: &Work<'_>,
        make: impl Fn(&Padded<'_>, &mut Tile<'_, T>) -> Result<()> + Sync,
    ) -> Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let planes = self.axes.planes_mut(out)?;
        let mut all = try_vec(planes.len())?;
        for (image, out) in self.planes.iter().zip(planes) {
            let image = &**image;
            let (rows, columns) = tile_sides(image.size(), radii, scratch);
            let mut padded = try_vec(1)?;
            padded.push(Padded { image, modes: border.modes, cval: border.cval });
            all.push((padded, tiles(out, rows, columns)?));
        }
        let mut jobs = try_vec(all.iter().map(|(_, tiles)| tiles.len()).sum())?;
        for (padded, tiles) in &mut all {
            jobs.extend(tiles.iter_mut().map(|tile| (&padded[0], tile)));
        }
        work.for_each_mut(&mut jobs, |_, (image, tile)| make(image, tile))
    }
}

/// How an image continues beyond its border.
#[derive(Debug, Clone, Copy)]
pub struct Border {
    /// Along the rows' axis, and along the columns'.
    pub modes: [Mode; 2],
    /// The constant of [`Mode::Constant`].
    pub cval: f64,
}

impl Border {
    /// Whether it consists of bytes, for an image of bytes.
    fn is_bytes(&self) -> bool {
        !self.modes.contains(&Mode::Constant) || f64::from(self.cval as u8) == self.cval
    }
}

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
    /// How long it takes, in nanoseconds on one thread.
    pub fn cost(self, values: usize, bytes: usize) -> usize {
        let taps = match self {
            // A float becomes an integer as near to it as there is one.
            Filter::Gaussian { sigma, truncate } => ((sigma[0] + sigma[1]) * truncate * 2.0) as usize,
            Filter::Sobel(_) => 8,
        };
        values.saturating_mul(bytes).saturating_mul(taps.saturating_add(16)) / 64
    }

    /// Writes the filtered `image` to `out`, an array of the same shape.
    pub fn apply<T: Pixel>(
        self,
        image: &Image<'_>,
        border: Border,
        out: ArrayViewMutD<'_, T>,
        work: &Work<'_>,
    ) -> Result<()> {
        self.apply_at(simd::level(), image, border, out, work)
    }

    fn apply_at<T: Pixel>(
        self,
        level: Level,
        image: &Image<'_>,
        border: Border,
        out: ArrayViewMutD<'_, T>,
        work: &Work<'_>,
    ) -> Result<()> {
        let Some(plane) = image.planes.first().filter(|_| !out.is_empty()) else { return Ok(()) };
        let (from, bytes) = (plane.dtype(), border.is_bytes());
        let single = is_small(from) && is_small(T::DTYPE);
        match self {
            Filter::Gaussian { sigma, truncate } => {
                let weights = |axis: usize| {
                    taps::gaussian(sigma[axis], truncate, border.modes[axis], plane.size()[axis], work)
                };
                let half = [weights(0)?, weights(1)?];
                if bytes && [from, T::DTYPE] == [DType::U8; 2] {
                    let weights = gaussian_u8::Weights::new(&half)?;
                    let scratch = weights.scratch();
                    return image.for_each_tile(
                        out,
                        border,
                        weights.radii(),
                        scratch,
                        work,
                        |image, tile| gaussian_u8::make(level, image, &weights, tile, work),
                    );
                }
                match single {
                    true => blur::<f32, T>(level, image, &half, border, out, work),
                    false => blur::<f64, T>(level, image, &half, border, out, work),
                }
            }
            Filter::Sobel(operator) => match from {
                DType::U8 if bytes && T::DTYPE == DType::U8 => {
                    sweep::<i16, u8, T>(level, image, operator, border, out, work)
                }
                DType::U8 if bytes && single => {
                    sweep::<i16, f32, T>(level, image, operator, border, out, work)
                }
                _ if single => sweep::<f32, f32, T>(level, image, operator, border, out, work),
                _ => sweep::<f64, f64, T>(level, image, operator, border, out, work),
            },
        }
    }
}

fn blur<A: gaussian_float::Real, T: Pixel>(
    level: Level,
    image: &Image<'_>,
    half: &[Vec<f64>; 2],
    border: Border,
    out: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    let weights = gaussian_float::Weights::<A>::new(half)?;
    image.for_each_tile(out, border, weights.radii(), weights.scratch(), work, |image, tile| {
        gaussian_float::make(level, image, &weights, tile, work)
    })
}

fn sweep<N: sobel::Gradient<Out>, Out: pixel::ComputeType, T: Pixel>(
    level: Level,
    image: &Image<'_>,
    operator: Operator,
    border: Border,
    out: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    image.for_each_tile(out, border, [1, 1], sobel::scratch::<N, Out>(), work, |image, tile| {
        sobel::make::<N, Out, T>(level, image, operator, tile, work)
    })
}
