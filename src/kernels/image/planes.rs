//! Images and results as planes that are filtered one by one.

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::axes::Axes;
use super::pixel::Pixel;
use super::rows::{Source, Target};
use crate::alloc::try_vec;
use crate::error::Result;

/// An image of any element type: rows and columns, and perhaps channels.
///
/// Where the channels of a pixel are neighbours it is filtered as a whole; where they are apart,
/// each channel is a plane of its own.
pub struct Image<'a> {
    pub(super) planes: Vec<Box<dyn Source + 'a>>,
    axes: Axes,
}

/// The result of a filter, of any element type, in planes as those of its image.
pub struct ImageMut<'a> {
    pub(super) planes: Vec<Box<dyn Target + 'a>>,
}

impl<'a> Image<'a> {
    /// The image in `array`.
    pub fn new<T: Pixel>(array: ArrayViewD<'a, T>, axes: Axes) -> Result<Self> {
        let views = axes.planes(array)?;
        let mut planes = try_vec::<Box<dyn Source + 'a>>(views.len())?;
        planes.extend(views.into_iter().map(|plane| Box::new(plane) as Box<dyn Source + 'a>));
        Ok(Image { planes, axes })
    }

    /// The array `out`, for a result of this image.
    pub fn result<'o, T: Pixel>(&self, out: ArrayViewMutD<'o, T>) -> Result<ImageMut<'o>> {
        let views = self.axes.planes(out)?;
        let mut planes = try_vec::<Box<dyn Target + 'o>>(views.len())?;
        planes.extend(views.into_iter().map(|plane| Box::new(plane) as Box<dyn Target + 'o>));
        Ok(ImageMut { planes })
    }
}
