//! The Gaussian of bytes, in 16-bit integers.
//!
//! Weights are integers whose sum is a power of two ([`Integers`]), of 16 bits or more where
//! the kernel is wide enough for no weight to need the room. The vertical pass multiplies bytes,
//! adds in 32 bits and keeps 15 (a byte and 7 bits of its fraction); the horizontal pass multiplies
//! these, adds in 32 bits, and rounds to a byte. Nothing overflows: 255 · 2²² and 255 · 2⁷ · 2¹⁶
//! are below 2³¹. The result differs from the exact one by half a grey level, for the last
//! rounding, and about a hundredth at most.
//!
//! The instruction for this is `pmaddwd` (with VNNI, `vpdpwssd`): it multiplies 16-bit integers
//! and adds the products of two neighbours to a 32-bit one, so the data have to be in pairs.
//! - Vertically: two rows of the image, as they come in, are interleaved once and stay so in a
//!   ring. Two rows of the result are made at once from the same pairs: the second with the
//!   weights moved by one ([`Integers::pairs`]). Each needs `radius + 1` pairs.
//! - Horizontally in a grey image, two neighbours already stand beside each other, and again two
//!   neighbouring results come from the same pairs. With more channels, rows are put in an order in
//!   which the same is true of each channel ([`super::channel_order`]).
//!
//! [`Portable`] does the same in plain Rust, and to the bit: the sums are exact.

use super::channel_order::{Order, Shuffle};
use super::pixel::Pixel;
use super::scratch::{self, Scratch};
use super::taps::{Integers, Pairs};
use super::tiles::{Padded, Tile};
#[cfg(x86_simd)]
use super::x86;
use crate::alloc::{checked_size, try_filled};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{Kernel, Level, Simd, run_at};

/// The bits after the point of a value between the passes.
const FRACTION: u32 = 7;

/// The largest shifts of the weights of the two passes.
const MAX_SHIFTS: [u32; 2] = [22, 16];

/// Rows are padded to a multiple of the values that any level takes at once.
const BLOCK: usize = 64;

/// The values of a row that are made at once.
const PART: usize = 16 * BLOCK;

/// The weights of an axis, and what to do with a sum.
pub struct Taps {
    /// See [`Integers::pairs`].
    pub pairs: Pairs,
    /// Sums are divided by two to this power.
    pub shift: u32,
}

impl Taps {
    /// What is added before the division, to round.
    pub fn rounding(&self) -> i32 {
        1 << (self.shift - 1)
    }
}

/// The weights of both axes.
pub struct Weights([Taps; 2]);

impl Weights {
    /// Those of the halves of the two kernels.
    pub fn new(half: &[Vec<f64>; 2]) -> Result<Self> {
        let [vertical, horizontal] = [0, 1].map(|axis| Integers::new(&half[axis], MAX_SHIFTS[axis]));
        let (vertical, horizontal) = (vertical?, horizontal?);
        Ok(Weights([
            Taps { pairs: vertical.pairs()?, shift: vertical.shift - FRACTION },
            Taps { pairs: horizontal.pairs()?, shift: horizontal.shift + FRACTION },
        ]))
    }

    /// How far the kernel reaches along each axis.
    pub fn radii(&self) -> [usize; 2] {
        [self.0[0].pairs.radius, self.0[1].pairs.radius]
    }

    /// Bytes of scratch memory for each value of a row.
    pub fn scratch(&self) -> usize {
        4 * (self.0[0].pairs.radius + 5)
    }
}

/// The steps, for one level.
pub trait Steps: Copy {
    /// Whether channels come in pairs of pixels ([`super::channel_order`]).
    const PAIRED: bool;
    /// Interleaves two rows, in an order of the level's choice.
    fn interleave(self, rows: [&[u8]; 2], pairs: &mut [i16]);
    /// Makes two lines from pairs of rows, which stand at `places` of `ring`.
    fn vertical(self, ring: &[i16], places: &[usize], taps: &Taps, lines: [&mut [i16]; 2]);
    /// Makes a row of the result, whole blocks of it, from a line of pairs.
    fn horizontal(self, line: &[i16], channels: usize, taps: &Taps, out: &mut [u8]);
    /// Reorders blocks of sixteen bytes while they fit in both; returns how many bytes are done.
    fn shuffle(self, from: &[u8], to: &mut [u8], shuffle: Shuffle) -> usize;
}

/// Makes a tile.
pub fn make<T: Pixel>(
    level: Level,
    image: &Padded<'_>,
    weights: &Weights,
    tile: &mut Tile<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    #[cfg(x86_simd)]
    {
        if let Some(steps) = x86::Avx512::for_level(level) {
            return make_with(steps, image, weights, tile, work);
        }
        if let Some(steps) = x86::Avx2::for_level(level) {
            return make_with(steps, image, weights, tile, work);
        }
    }
    make_with(Portable(level), image, weights, tile, work)
}

fn make_with<S: Steps, T: Pixel>(
    steps: S,
    image: &Padded<'_>,
    weights: &Weights,
    tile: &mut Tile<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    let (height, width, channels) = tile.out.dim();
    let [ry, rx] = weights.radii();
    let Weights([vertical, horizontal]) = weights;
    let values = checked_size(&[width, channels])?.next_multiple_of(BLOCK);
    let padded = checked_size(&[width + 2 * rx, channels])?;
    // The last block of the horizontal pass reads as far beyond its end as the others do.
    let stride = scratch::stride::<i16>(values + checked_size(&[2 * rx + 2, channels])?);
    let columns = image.columns(tile.x as isize - rx as isize, width + 2 * rx)?;
    let paired = S::PAIRED && channels > 1;
    let slots = ry + 1;
    let mut pixels = Scratch::<u8>::new(1, stride)?;
    let mut rows = Scratch::<u8>::new(2, stride)?;
    let mut ring = Scratch::<i16>::new(slots, checked_size(&[2, stride])?)?;
    let mut places = try_filled(vertical.pairs.at.len(), 0usize)?;
    let mut lines = Scratch::<i16>::new(2, stride)?;
    let mut result = Scratch::<u8>::new(1, values)?;
    let (pairs, back) = (Order::pairs(channels), Order::pixels(channels));

    let mut loaded = 0;
    for y in (0..height).step_by(2) {
        work.check()?;
        let first = y / 2;
        while loaded < first + slots {
            let first = (tile.y + 2 * loaded) as isize - ry as isize;
            for (row, y) in rows.chunks_exact_mut(stride).zip(first..) {
                if !paired {
                    image.load(y, &columns, &mut row[..padded]);
                } else {
                    image.load(y, &columns, &mut pixels[..padded]);
                    pairs.reorder(&pixels, row, |from, to, shuffle| steps.shuffle(from, to, shuffle));
                }
            }
            let (upper, lower) = rows.split_at(stride);
            steps.interleave([upper, lower], &mut ring[loaded % slots * 2 * stride..][..2 * stride]);
            loaded += 1;
        }
        for (place, k) in places.iter_mut().zip(&vertical.pairs.at) {
            *place = (first + k) % slots * 2 * stride;
        }
        let (upper, lower) = lines.split_at_mut(stride);
        steps.vertical(&ring, &places, vertical, [upper, lower]);
        for (line, row) in lines.chunks_exact(stride).zip(y..height) {
            // The next pair of rows comes from memory while this one is computed.
            let next = (tile.y + row + 2 * slots) as isize - ry as isize;
            for (part, out) in result.chunks_mut(PART).enumerate() {
                image.prefetch(next, &columns, part * PART..(part + 1) * PART);
                steps.horizontal(&line[part * PART..], channels, horizontal, out);
            }
            let values: &[u8] = if !paired {
                &result
            } else {
                back.reorder(&result, &mut pixels, |from, to, shuffle| steps.shuffle(from, to, shuffle));
                &pixels
            };
            tile.store(row, &values[..width * channels]);
        }
    }
    Ok(())
}

/// The steps in plain Rust, compiled for a level.
#[derive(Clone, Copy)]
pub struct Portable(pub Level);

impl Steps for Portable {
    const PAIRED: bool = false;

    fn interleave(self, [upper, lower]: [&[u8]; 2], pairs: &mut [i16]) {
        for ((pair, &a), &b) in pairs.chunks_exact_mut(2).zip(upper).zip(lower) {
            pair[0] = i16::from(a);
            pair[1] = i16::from(b);
        }
    }

    fn vertical(self, ring: &[i16], places: &[usize], taps: &Taps, lines: [&mut [i16]; 2]) {
        for (line, weights) in lines.into_iter().zip(&taps.pairs.weights) {
            run_at(self.0, Vertical { ring, places, weights, taps, line });
        }
    }

    fn horizontal(self, line: &[i16], channels: usize, taps: &Taps, out: &mut [u8]) {
        run_at(self.0, Horizontal { line, channels, taps, out });
    }

    fn shuffle(self, _from: &[u8], _to: &mut [u8], _shuffle: Shuffle) -> usize {
        0
    }
}

/// The sums that are made at once.
const LANES: usize = 16;

/// Nothing overflows (see above), and a check would keep the loop from being vectorised.
#[inline(always)]
fn multiply_add(sum: i32, values: [i16; 2], weights: [i16; 2]) -> i32 {
    let products = i32::from(values[0])
        .wrapping_mul(i32::from(weights[0]))
        .wrapping_add(i32::from(values[1]).wrapping_mul(i32::from(weights[1])));
    sum.wrapping_add(products)
}

struct Vertical<'a> {
    ring: &'a [i16],
    places: &'a [usize],
    weights: &'a [[i16; 2]],
    taps: &'a Taps,
    line: &'a mut [i16],
}

impl Kernel for Vertical<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        for block in 0..self.line.len() / LANES {
            let out = &mut self.line[block * LANES..][..LANES];
            let mut sums = [self.taps.rounding(); LANES];
            for k in 0..self.places.len().min(self.weights.len()) {
                let (place, weights) = (self.places[k], &self.weights[k]);
                let pairs: &[i16; 2 * LANES] =
                    self.ring[place + 2 * LANES * block..].first_chunk().expect("slots hold whole blocks");
                for l in 0..LANES {
                    sums[l] = multiply_add(sums[l], [pairs[2 * l], pairs[2 * l + 1]], *weights);
                }
            }
            for l in 0..LANES {
                out[l] = (sums[l] >> self.taps.shift) as i16;
            }
        }
    }
}

struct Horizontal<'a> {
    line: &'a [i16],
    channels: usize,
    taps: &'a Taps,
    out: &'a mut [u8],
}

impl Kernel for Horizontal<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let Pairs { at, weights, .. } = &self.taps.pairs;
        for block in 0..self.out.len() / LANES {
            let out = &mut self.out[block * LANES..][..LANES];
            let mut sums = [self.taps.rounding(); LANES];
            for k in 0..at.len().min(weights[0].len()) {
                let from = block * LANES + 2 * at[k] * self.channels;
                let reaches = "lines reach beyond the last block";
                let a: &[i16; LANES] = self.line[from..].first_chunk().expect(reaches);
                let b: &[i16; LANES] = self.line[from + self.channels..].first_chunk().expect(reaches);
                for l in 0..LANES {
                    sums[l] = multiply_add(sums[l], [a[l], b[l]], weights[0][k]);
                }
            }
            for l in 0..LANES {
                out[l] = (sums[l] >> self.taps.shift) as u8;
            }
        }
    }
}
