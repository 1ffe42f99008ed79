//! How an image is cut up, and rows that reach over its border.
//!
//! A result of a filter needs the pixels around it, and those only. So the result is cut into
//! tiles, by a rule that knows the image and the kernel and not the number of threads; each
//! tile is made on its own from *padded rows*: rows of the image that reach as far over the
//! tile's sides as the kernel does. What lies beyond the border of the image is filled in there,
//! and nowhere else: a kernel never meets a border.

use std::ops::Range;

use ndarray::{ArrayViewMut3, Axis};

use super::border::Mode;
use super::pixel::{ComputeType, Pixel, Source, store};
use crate::alloc::{checked_size, try_vec};
use crate::error::Result;
use crate::simd::memory;

/// An image and what lies around it.
pub struct Padded<'a> {
    /// The image.
    pub image: &'a dyn Source,
    /// How rows and columns continue.
    pub modes: [Mode; 2],
    /// The constant of [`Mode::Constant`].
    pub cval: f64,
}

/// Where the pixels of padded rows come from: the same for all rows of a tile.
pub struct Columns {
    /// The columns that are in the image.
    inside: Range<usize>,
    /// Where these stand in a row.
    place: Range<usize>,
    /// Values of a row that are copies of others in it, and of which.
    copies: Vec<[usize; 2]>,
    /// The pixels of a row that are neither, and their columns in the image.
    others: Vec<(usize, Option<usize>)>,
}

impl Padded<'_> {
    /// The columns from `x` on, `pixels` of them.
    pub fn columns(&self, x: isize, pixels: usize) -> Result<Columns> {
        let [_, columns, channels] = self.image.size();
        let end = x + pixels as isize;
        let start = x.max(0).min(end);
        let inside = start..end.min(columns as isize).max(start);
        let [before, after] = [inside.start, inside.end].map(|column| (column - x) as usize * channels);
        let outside = pixels - (after - before) / channels.max(1);
        let mut copies = try_vec(checked_size(&[outside, channels])?)?;
        let mut others = try_vec(outside)?;
        for column in (x..inside.start).chain(inside.end..end) {
            let at = (column - x) as usize * channels;
            match self.modes[1].index(column, columns) {
                // A copy of what is already in the row is cheaper than to ask the image.
                Some(same) if inside.contains(&(same as isize)) => {
                    let from = before + (same - inside.start as usize) * channels;
                    copies.extend((0..channels).map(|channel| [at + channel, from + channel]));
                }
                other => others.push((at, other)),
            }
        }
        Ok(Columns {
            inside: inside.start as usize..inside.end as usize,
            place: before..after,
            copies,
            others,
        })
    }

    /// Asks the memory for a part of what `load` is going to read of row `y`: the values `part`
    /// of those in the image.
    pub fn prefetch(&self, y: isize, columns: &Columns, part: Range<usize>) {
        /// Pixels of an image that is in the second-level cache anyway.
        const NEAR: usize = 100_000;
        let [rows, width, channels] = self.image.size();
        if (0..rows as isize).contains(&y) && rows.saturating_mul(width) > NEAR {
            let column = |value: usize| columns.inside.end.min(columns.inside.start + value / channels);
            self.image.prefetch(y as usize, column(part.start)..column(part.end));
        }
    }

    /// Fills `out` with the pixels of row `y` and these columns.
    pub fn load<L: ComputeType>(&self, y: isize, columns: &Columns, out: &mut [L]) {
        let [rows, _, channels] = self.image.size();
        let Some(y) = self.modes[0].index(y, rows) else { return out.fill(L::of(self.cval)) };
        if !columns.inside.is_empty() {
            L::load(self.image, y, columns.inside.clone(), &mut out[columns.place.clone()]);
        }
        for &[at, from] in &columns.copies {
            out[at] = out[from];
        }
        for &(at, column) in &columns.others {
            let pixel = &mut out[at..at + channels];
            match column {
                None => pixel.fill(L::of(self.cval)),
                Some(column) => L::load(self.image, y, column..column + 1, pixel),
            }
        }
    }
}

/// A part of the result.
pub struct Tile<'a, T> {
    /// Whether what is written goes past the caches.
    pub streamed: bool,
    /// Its first row in the image.
    pub y: usize,
    /// Its first column in the image.
    pub x: usize,
    /// Its pixels.
    pub out: ArrayViewMut3<'a, T>,
}

impl<T: Pixel> Tile<'_, T> {
    /// Writes the values of row `y`, the channels of a pixel together.
    pub fn store<L: ComputeType>(&mut self, y: usize, values: &[L]) {
        let mut row = self.out.index_axis_mut(Axis(0), y);
        if self.streamed {
            if let Some(row) = row.as_slice_mut() {
                if memory::copy_same(values, row) {
                    return;
                }
            }
        }
        store(values, row);
    }
}

/// Cuts `out` into tiles of at most `rows` times `columns` pixels.
pub fn tiles<T: Pixel>(out: ArrayViewMut3<'_, T>, rows: usize, columns: usize) -> Result<Vec<Tile<'_, T>>> {
    /// Bytes of a result that other data would have to leave the caches for.
    const LARGE: usize = 4 << 20;
    let streamed = out.len().saturating_mul(size_of::<T>()) >= LARGE;
    let (height, width, _) = out.dim();
    let mut tiles = try_vec(height.div_ceil(rows).saturating_mul(width.div_ceil(columns)))?;
    let mut below = out;
    for y in (0..height).step_by(rows) {
        let (band, rest) = below.split_at(Axis(0), rows.min(height - y));
        below = rest;
        let mut right = band;
        for x in (0..width).step_by(columns) {
            let (out, rest) = right.split_at(Axis(1), columns.min(width - x));
            right = rest;
            tiles.push(Tile { streamed, y, x, out });
        }
    }
    Ok(tiles)
}

/// The sides of a tile, for a kernel of these radii whose scratch memory takes `bytes` for each
/// value of a row.
pub fn tile_sides(size: [usize; 3], radii: [usize; 2], bytes: usize) -> (usize, usize) {
    /// Half of the second-level cache of a small CPU.
    const SCRATCH: usize = 192 << 10;
    let [height, width, channels] = size;
    // A tile loads its padding anew: much smaller than a few radii it would do little else.
    let rows = (6 * radii[0]).max(128).min(height.max(1));
    let columns = (SCRATCH / bytes / channels.max(1)).max(8 * radii[1]).max(64).min(width.max(1));
    // Equal tiles rather than a narrow last one.
    let even = |len: usize, side: usize| len.max(1).div_ceil(len.max(1).div_ceil(side));
    (even(height, rows), even(width, columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn padded_rows_hold_what_the_mode_says() {
        let image = Array3::from_shape_fn((3, 4, 2), |(y, x, c)| (100 * y + 10 * x + c) as f64);
        for mode in Mode::ALL {
            let view = image.view();
            let padded = Padded { image: &view, modes: [mode; 2], cval: -1.0 };
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
    fn rows_are_stored_past_the_caches_as_well() {
        let mut out = Array3::<u8>::zeros((2, 50, 3));
        let mut tile = Tile { streamed: true, y: 0, x: 0, out: out.view_mut() };
        let values: [u8; 150] = std::array::from_fn(|i| i as u8);
        tile.store(0, &values);
        tile.store(1, &values.map(f32::from));
        assert!(out.rows().into_iter().flatten().eq(values.iter().chain(&values)));
        // The rows of a plane are not in one piece.
        let mut out = Array3::<u8>::zeros((3, 50, 1));
        let mut tile = Tile { streamed: true, y: 0, x: 0, out: out.view_mut().permuted_axes([1, 0, 2]) };
        tile.store(7, &[1u8, 2, 3]);
        assert_eq!([out[[0, 7, 0]], out[[1, 7, 0]], out[[2, 7, 0]]], [1, 2, 3]);
    }

    #[test]
    fn tiles_cover_the_result_once() {
        let mut out = Array3::<u8>::zeros((70, 33, 2));
        for mut tile in tiles(out.view_mut(), 16, 10).expect("small") {
            tile.out.mapv_inplace(|seen| seen + 1);
        }
        assert!(out.iter().all(|&seen| seen == 1));
    }
}
