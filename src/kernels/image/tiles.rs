//! How an image is cut up, and rows that reach over its border.
//!
//! A result of a filter needs the pixels around it, and those only. So the result is cut into
//! tiles, by a rule that knows the image and the filter and not the number of threads; each
//! tile is made on its own from *padded rows*: rows of the image that reach as far over the
//! tile's sides as the filter does. What lies beyond the border of the image is filled in there,
//! and nowhere else: a filter never meets a border.

use std::ops::Range;

use ndarray::Axis;

use super::border::Border;
use super::pixel::{ComputeType, Row, RowMut};
use super::planes::{Image, ImageMut};
use super::rows::{Source, Target};
use crate::alloc::{checked_size, try_reserve, try_vec};
use crate::error::Result;
use crate::parallel::Work;

/// How far a filter reaches along an axis: to the pixels `before` and `after` the one that it makes.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Towards the first pixel.
    pub before: usize,
    /// Towards the last.
    pub after: usize,
}

impl Reach {
    /// As far to both sides.
    pub fn symmetric(radius: usize) -> Self {
        Reach { before: radius, after: radius }
    }

    /// The pixels that it needs besides the one that it makes.
    fn neighbours(self) -> usize {
        self.before + self.after
    }
}

/// What makes a tile of a result from a padded image.
pub type MakeTile<'f> = &'f (dyn Fn(&Padded<'_>, &mut Tile<'_>) -> Result<()> + Sync);

/// What a filter takes for a tile.
#[derive(Clone, Copy)]
pub struct Needs {
    /// How far it looks along each axis.
    pub reach: [Reach; 2],
    /// Bytes of memory for each value of a row.
    pub scratch: usize,
    /// Whether it adds to a result what is added to all pixels.
    pub keeps_level: bool,
}

/// Makes the result `out` of `image`, tile by tile, on all threads.
///
/// # Panics
/// If the two differ in their shape.
pub fn make_tiles(
    image: &Image<'_>,
    out: ImageMut<'_>,
    border: Border,
    needs: Needs,
    work: &Work<'_>,
    make: MakeTile<'_>,
) -> Result<()> {
    let mut tiles = Vec::new();
    for (image, out) in image.planes.iter().zip(out.planes) {
        let image = &**image;
        assert_eq!(image.size(), out.size(), "the result has the shape of the image");
        let padded = Padded::new(image, border);
        let (rows, columns) = tile_sides(image.size(), needs.reach, needs.scratch);
        let level = padded.anchor.filter(|_| needs.keeps_level);
        cut(out, rows, columns, |tile| (padded, Tile { level, ..tile }), &mut tiles)?;
    }
    work.for_each_mut(&mut tiles, |_, (image, tile)| make(image, tile))
}

/// An image and what lies around it.
#[derive(Clone, Copy)]
pub struct Padded<'a> {
    image: &'a dyn Source,
    /// The lengths of its axes, which every row needs.
    size: [usize; 3],
    border: Border,
    /// What is taken from all pixels.
    anchor: Option<i128>,
}

/// Where the pixels of padded rows come from: the same for all rows of a tile.
pub struct Columns {
    /// The columns that are in the image.
    inside: Range<usize>,
    /// The values of a row that come from these.
    loaded: Range<usize>,
    /// Values of a row that are copies of others in it, and of which.
    copies: Vec<[usize; 2]>,
    /// The pixels of a row that are neither, and their columns in the image.
    others: Vec<(usize, Option<usize>)>,
}

impl<'a> Padded<'a> {
    /// The `image` and how it continues.
    pub fn new(image: &'a dyn Source, border: Border) -> Self {
        let anchor = image.anchor();
        let cval = match anchor {
            // The constant is a float, and stands for what of 64 bits is nearest to it.
            Some(anchor) if border.cval == anchor as f64 => 0.0,
            Some(anchor) => border.cval - anchor as f64,
            None => border.cval,
        };
        Padded { image, size: image.size(), border: Border { cval, ..border }, anchor }
    }

    /// The columns from `x` on, `pixels` of them.
    pub fn columns(&self, x: isize, pixels: usize) -> Result<Columns> {
        let [_, columns, channels] = self.size;
        let end = x + pixels as isize;
        let start = x.max(0).min(end);
        let inside = start..end.min(columns as isize).max(start);
        let [before, after] = [inside.start, inside.end].map(|column| (column - x) as usize * channels);
        let outside = pixels - (after - before) / channels.max(1);
        let mut copies = try_vec(checked_size(&[outside, channels])?)?;
        let mut others = try_vec(outside)?;
        for column in (x..inside.start).chain(inside.end..end) {
            let to = (column - x) as usize * channels;
            match self.border.modes[1].index(column, columns) {
                // A copy of what is already in the row is cheaper than to ask the image.
                Some(same) if inside.contains(&(same as isize)) => {
                    let from = before + (same - inside.start as usize) * channels;
                    copies.extend((0..channels).map(|channel| [to + channel, from + channel]));
                }
                other => others.push((to, other)),
            }
        }
        Ok(Columns {
            inside: inside.start as usize..inside.end as usize,
            loaded: before..after,
            copies,
            others,
        })
    }

    /// Prefetches a part of what `load` is going to read of row `y`: the values `part` of those in
    /// the image.
    #[inline]
    pub fn prefetch(&self, y: isize, columns: &Columns, part: Range<usize>) {
        /// Pixels of an image that is in the second-level cache anyway.
        const NEAR: usize = 100_000;
        let [rows, width, channels] = self.size;
        if (0..rows as isize).contains(&y) && rows.saturating_mul(width) > NEAR {
            let column = |value: usize| columns.inside.end.min(columns.inside.start + value / channels);
            self.image.prefetch(y as usize, column(part.start)..column(part.end));
        }
    }

    /// Fills `out` with the pixels of row `y` and these columns.
    pub fn load<C: ComputeType>(&self, y: isize, columns: &Columns, out: &mut [C]) {
        let [rows, _, channels] = self.size;
        let Some(y) = self.border.modes[0].index(y, rows) else {
            return out.fill(C::from_f64(self.border.cval));
        };
        if !columns.inside.is_empty() {
            let loaded = &mut out[columns.loaded.clone()];
            self.load_columns(y, columns.inside.clone(), C::row_mut(loaded));
        }
        for &[to, from] in &columns.copies {
            out[to] = out[from];
        }
        for &(to, column) in &columns.others {
            let pixel = &mut out[to..to + channels];
            match column {
                None => pixel.fill(C::from_f64(self.border.cval)),
                Some(column) => self.load_columns(y, column..column + 1, C::row_mut(pixel)),
            }
        }
    }

    #[inline]
    fn load_columns(&self, y: usize, x: Range<usize>, out: RowMut<'_>) {
        match (self.anchor, out) {
            (Some(anchor), RowMut::F64(out)) => self.image.load_less(anchor, y, x, out),
            (_, out) => self.image.load(y, x, out),
        }
    }
}

/// A part of the result.
pub struct Tile<'a> {
    /// Whether what is written goes past the caches.
    streamed: bool,
    /// Its first row in the image.
    pub y: usize,
    /// Its first column in the image.
    pub x: usize,
    /// What is added to all values.
    level: Option<i128>,
    out: Box<dyn Target + 'a>,
}

impl Tile<'_> {
    /// Its rows, columns and channels.
    #[inline]
    pub fn size(&self) -> [usize; 3] {
        self.out.size()
    }

    /// Writes the values of row `y`, the channels of a pixel together.
    #[inline]
    pub fn store<C: ComputeType>(&mut self, y: usize, values: &[C]) {
        match (self.level, C::row(values)) {
            (Some(level), Row::F64(values)) => self.out.store_plus(level, y, values),
            (_, values) => self.out.store(y, values, self.streamed),
        }
    }
}

/// Cuts `out` into tiles of at most `rows` times `columns` pixels; adds to `tiles` what `with` makes
/// of each.
fn cut<'a, R>(
    out: Box<dyn Target + 'a>,
    rows: usize,
    columns: usize,
    with: impl Fn(Tile<'a>) -> R,
    tiles: &mut Vec<R>,
) -> Result<()> {
    /// Bytes of a result that other data would have to leave the caches for.
    const LARGE: usize = 4 << 20;
    let [height, width, channels] = out.size();
    let bytes = height.saturating_mul(width).saturating_mul(channels).saturating_mul(out.dtype().size());
    let streamed = bytes >= LARGE;
    try_reserve(tiles, height.div_ceil(rows).saturating_mul(width.div_ceil(columns)))?;
    let mut below = out;
    for y in (0..height).step_by(rows) {
        let [band, remainder] = below.split_at(Axis(0), rows.min(height - y));
        below = remainder;
        let mut right = band;
        for x in (0..width).step_by(columns) {
            let [out, remainder] = right.split_at(Axis(1), columns.min(width - x));
            right = remainder;
            tiles.push(with(Tile { streamed, y, x, level: None, out }));
        }
    }
    Ok(())
}

/// The sides of a tile, for a filter of this reach whose scratch memory takes `bytes` for each
/// value of a row.
fn tile_sides(size: [usize; 3], reach: [Reach; 2], bytes: usize) -> (usize, usize) {
    /// Half of the second-level cache of a small CPU.
    const SCRATCH: usize = 192 << 10;
    let [height, width, channels] = size;
    // A tile loads its padding anew: much smaller than a few times the reach it would do little else.
    let rows = (3 * reach[0].neighbours()).max(128).min(height.max(1));
    let columns =
        (SCRATCH / bytes / channels.max(1)).max(4 * reach[1].neighbours()).max(64).min(width.max(1));
    // Equal tiles rather than a narrow last one.
    let even = |len: usize, side: usize| len.max(1).div_ceil(len.max(1).div_ceil(side));
    (even(height, rows), even(width, columns))
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::super::border::Mode;
    use super::*;

    #[test]
    fn padded_rows_hold_what_the_mode_says() {
        let image = Array3::from_shape_fn((3, 4, 2), |(y, x, c)| (100 * y + 10 * x + c) as f64);
        for mode in Mode::ALL {
            let view = image.view();
            let padded = Padded::new(&view, Border { modes: [mode; 2], cval: -1.0 });
            for (x, len) in [(-7, 20), (0, 4), (1, 2), (-9, 3), (6, 3), (2, 9)] {
                let columns = padded.columns(x, len).expect("small");
                for y in -4..7 {
                    let mut out = vec![0.0; 2 * len];
                    padded.load::<f64>(y, &columns, &mut out);
                    for (i, &value) in out.iter().enumerate() {
                        let column = mode.index(x + (i / 2) as isize, 4);
                        let expected =
                            mode.index(y, 3).zip(column).map_or(-1.0, |(y, x)| image[[y, x, i % 2]]);
                        assert_eq!(value, expected, "{mode:?} {y} {x} {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn tiles_cover_the_result_once() {
        let mut out = Array3::<u8>::zeros((70, 33, 2));
        let mut tiles = Vec::new();
        cut(Box::new(out.view_mut()), 16, 10, |tile| tile, &mut tiles).expect("small");
        let mut stored = 0;
        for mut tile in tiles {
            let [height, width, channels] = tile.size();
            for y in 0..height {
                tile.store(y, &vec![1u8; width * channels]);
            }
            stored += height * width * channels;
        }
        assert!(out.iter().all(|&seen| seen == 1) && stored == out.len());
    }
}
