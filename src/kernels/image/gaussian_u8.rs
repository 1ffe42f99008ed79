//! The Gaussian of bytes, in 16-bit integers.
//!
//! Weights are integers whose sum is a power of two ([`Integers`]), of 16 bits or more where
//! the kernel is wide enough for every weight to fit in 16. The vertical pass multiplies bytes,
//! adds in 32 bits and keeps 15 (a byte and 7 bits of its fraction); the horizontal pass multiplies
//! these, adds in 32 bits, and rounds to a byte. Nothing overflows: 255 · 2²² and 255 · 2⁷ · 2¹⁶
//! are below 2³¹. The result differs from the exact one by half a grey level, for the last
//! rounding, and about a hundredth at most. The sums are exact: every level gives the same bits.
//!
//! The instruction for this ([`Pairs16::add_pair_products`](crate::simd::Pairs16::add_pair_products))
//! multiplies 16-bit integers and adds the products of two neighbours to a 32-bit one, so the data
//! have to be in pairs.
//! - Vertically: two rows of the image, as they come in, are interleaved once and stay so in a
//!   circular buffer. Two rows of the result are made at once from the same pairs: the second with
//!   the weights moved by one ([`Integers::pairs`]). Each needs `radius + 1` pairs.
//! - Horizontally in a grey image, two neighbours already stand beside each other, and again two
//!   neighbouring results come from the same pairs. With more channels, rows are put in an order in
//!   which the same is true of each channel ([`super::channel_order`]).
//!
//! There are no closures and no iterators over chunks in the loops: a library function that takes
//! or holds one is not always inlined, and then is compiled without the level's instructions.

use super::channel_order::Order;
use super::taps::{Integers, Pairs};
use super::tiles::{Columns, Padded, Tile};
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::memory::{Aligned, padded_stride};
use crate::simd::{Kernel, Level, Simd, run_at};

/// The bits after the point of a value between the passes.
const FRACTION: u32 = 7;

/// The largest shifts of the weights of the two passes.
const MAX_SHIFTS: [u32; 2] = [22, 16];

/// Rows are padded to a multiple of the values that any level takes at once.
const ROW_MULTIPLE: usize = 64;

/// The values of a row between two prefetches.
const PART: usize = 16 * ROW_MULTIPLE;

/// The weights of an axis, and what to do with a sum.
pub struct Taps {
    /// See [`Integers::pairs`].
    pub pairs: Pairs,
    /// Sums are divided by two to this power.
    pub shift: u32,
}

impl Taps {
    fn coefficients(&self) -> Coefficients<'_> {
        let [first, second] = &self.pairs.weights;
        Coefficients { weights: [first, second], rounding: 1 << (self.shift - 1), shift: self.shift }
    }
}

/// [`Taps`] for a pass, by value: behind a reference they would be loaded anew after each store.
#[derive(Clone, Copy)]
struct Coefficients<'a> {
    weights: [&'a [[i16; 2]]; 2],
    /// What is added before the division, to round.
    rounding: i32,
    shift: u32,
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

/// Makes a tile.
pub fn make(
    level: Level,
    image: &Padded<'_>,
    weights: &Weights,
    tile: &mut Tile<'_>,
    work: &Work<'_>,
) -> Result<()> {
    let [_, width, channels] = tile.size();
    let [ry, rx] = weights.radii();
    let Weights([vertical, horizontal]) = weights;
    // Whole pairs of pixels: the channels of a last one that is alone lie where those of two would.
    let values = checked_size(&[width.next_multiple_of(2), channels])?.next_multiple_of(ROW_MULTIPLE);
    let padded = checked_size(&[width + 2 * rx, channels])?;
    // The last values of the horizontal pass read as far beyond their end as the others do.
    let stride = padded_stride::<i16>(values + checked_size(&[2 * rx + 2, channels])?);
    let columns = image.columns(tile.x as isize - rx as isize, width + 2 * rx)?;
    let slots = ry + 1;
    let slot_stride = checked_size(&[2, stride])?;
    let mut offsets_along = try_vec(horizontal.pairs.at.len())?;
    offsets_along.extend(horizontal.pairs.at.iter().map(|k| 2 * k * channels));
    let rows = Rows {
        image,
        columns: &columns,
        weights,
        tile,
        work,
        padded,
        stride,
        slots,
        reordered: (channels > 1).then(|| [Order::pairs(channels), Order::pixels(channels)]),
        pixels: &mut Aligned::new(stride)?,
        rows: &mut Aligned::new(checked_size(&[2, stride])?)?,
        circular: &mut Aligned::new(checked_size(&[slots, slot_stride])?)?,
        offsets: &mut try_filled(vertical.pairs.at.len(), 0)?,
        offsets_along: &offsets_along,
        lines: &mut Aligned::new(checked_size(&[2, stride])?)?,
        result: &mut Aligned::new(values)?,
    };
    run_at(level, rows)
}

/// Makes the rows of a tile. A level is entered once for all of them: of a small image a row takes
/// little longer than that.
struct Rows<'a, 't> {
    image: &'a Padded<'a>,
    columns: &'a Columns,
    weights: &'a Weights,
    tile: &'a mut Tile<'t>,
    work: &'a Work<'a>,
    /// The values of a padded row.
    padded: usize,
    /// How far the rows of the buffers are apart.
    stride: usize,
    /// The pairs of rows in the circular buffer.
    slots: usize,
    /// The order of the channels to compute in, and back.
    reordered: Option<[Order; 2]>,
    pixels: &'a mut [u8],
    rows: &'a mut [u8],
    circular: &'a mut [i16],
    offsets: &'a mut [usize],
    offsets_along: &'a [usize],
    lines: &'a mut [i16],
    result: &'a mut [u8],
}

impl Kernel for Rows<'_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<()> {
        let Rows {
            image,
            columns,
            weights: Weights([vertical, horizontal]),
            tile,
            work,
            padded,
            stride,
            slots,
            reordered,
            pixels,
            rows,
            circular,
            offsets,
            offsets_along,
            lines,
            result,
        } = self;
        let [height, width, channels] = tile.size();
        let (ry, slot_stride) = (vertical.pairs.radius, 2 * stride);
        let (down, along) = (vertical.coefficients(), horizontal.coefficients());
        let mut loaded = 0;
        for y in (0..height).step_by(2) {
            work.check()?;
            let first = y / 2;
            while loaded < first + slots {
                let first = (tile.y + 2 * loaded) as isize - ry as isize;
                for k in 0..2 {
                    let (row, y) = (&mut rows[k * stride..][..stride], first + k as isize);
                    if let Some([to_pairs, _]) = &reordered {
                        image.load(y, columns, &mut pixels[..padded]);
                        to_pairs.reorder(simd, pixels, row);
                    } else {
                        image.load(y, columns, &mut row[..padded]);
                    }
                }
                let pairs = &mut circular[loaded % slots * slot_stride..][..slot_stride];
                interleave(simd, &rows[..stride], &rows[stride..], pairs);
                loaded += 1;
            }
            for k in 0..offsets.len() {
                offsets[k] = (first + vertical.pairs.at[k]) % slots * slot_stride;
            }
            let (upper, lower) = lines.split_at_mut(stride);
            // Functions of their own: inlined here, their loops lack registers.
            simd.run(Vertical { circular, offsets, taps: down, out: [upper, lower] });
            for row in y..height.min(y + 2) {
                let line = &lines[(row - y) * stride..][..stride];
                // The next pair of rows comes from memory while this one is computed.
                let next = (tile.y + row + 2 * slots) as isize - ry as isize;
                for start in (0..result.len()).step_by(PART) {
                    image.prefetch(next, columns, start..start + PART);
                    let end = result.len().min(start + PART);
                    let (line, out) = (&line[start..], &mut result[start..end]);
                    simd.run(Horizontal { line, offsets: offsets_along, taps: along, out });
                }
                let values: &[u8] = if let Some([_, to_pixels]) = &reordered {
                    to_pixels.reorder(simd, result, pixels);
                    pixels
                } else {
                    result
                };
                tile.store(row, &values[..width * channels]);
            }
        }
        Ok(())
    }
}

/// Interleaves two rows, in an order of the level's choice.
#[inline(always)]
fn interleave<S: Simd>(simd: S, upper: &[u8], lower: &[u8], pairs: &mut [i16]) {
    for register in 0..upper.len().min(lower.len()) / S::I16_LANES {
        let at = register * S::I16_LANES;
        let (a, b) = (simd.load_u8_as_i16(upper, at), simd.load_u8_as_i16(lower, at));
        let [first, second] = simd.interleave_i16(a, b);
        simd.store_i16(pairs, 2 * at, first);
        simd.store_i16(pairs, 2 * at + S::I16_LANES, second);
    }
}

/// Makes two lines from pairs of rows, which are at `offsets` of a circular buffer.
struct Vertical<'a> {
    circular: &'a [i16],
    offsets: &'a [usize],
    taps: Coefficients<'a>,
    out: [&'a mut [i16]; 2],
}

impl Kernel for Vertical<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let registers = self.out[0].len().min(self.out[1].len()) / S::I16_LANES;
        let mut register = 0;
        // Two at a time: with four sums each, enough to hide the latency of an addition.
        while register + 2 <= registers {
            self.registers::<S, 2>(simd, register);
            register += 2;
        }
        if register < registers {
            self.registers::<S, 1>(simd, register);
        }
    }
}

impl Vertical<'_> {
    /// Makes `N` registers of both lines.
    #[inline(always)]
    fn registers<S: Simd, const N: usize>(&mut self, simd: S, register: usize) {
        let mut sums = [[[simd.splat_i32(self.taps.rounding); 2]; N]; 2];
        let first_value = 2 * register * S::I16_LANES;
        let [first, second] = self.taps.weights;
        for k in 0..self.offsets.len().min(first.len()).min(second.len()) {
            let weights = [simd.splat_pair(first[k]), simd.splat_pair(second[k])];
            // One check for all loads.
            let pairs = &self.circular[self.offsets[k] + first_value..][..2 * N * S::I16_LANES];
            for n in 0..N {
                for half in 0..2 {
                    let pairs = simd.load_i16(pairs, (2 * n + half) * S::I16_LANES);
                    for row in 0..2 {
                        sums[row][n][half] = simd.add_pair_products(sums[row][n][half], pairs, weights[row]);
                    }
                }
            }
        }
        for row in 0..2 {
            for n in 0..N {
                let [low, high] = sums[row][n];
                let (low, high) =
                    (simd.shift_right_i32(low, self.taps.shift), simd.shift_right_i32(high, self.taps.shift));
                let at = (register + n) * S::I16_LANES;
                simd.store_i16(self.out[row], at, simd.narrow_i32([low, high]));
            }
        }
    }
}

/// Makes values of the result from a line of pairs.
struct Horizontal<'a> {
    line: &'a [i16],
    /// Those of the pairs, from the first value of the result.
    offsets: &'a [usize],
    taps: Coefficients<'a>,
    /// A multiple of [`ROW_MULTIPLE`] values.
    out: &'a mut [u8],
}

impl Kernel for Horizontal<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let len = self.out.len() / (2 * S::I16_LANES) * (2 * S::I16_LANES);
        let mut at = 0;
        // As in the vertical pass.
        while at + 4 * S::I16_LANES <= len {
            self.registers::<S, 2>(simd, at);
            at += 4 * S::I16_LANES;
        }
        if at < len {
            self.registers::<S, 1>(simd, at);
        }
    }
}

impl Horizontal<'_> {
    /// Makes `N` registers of bytes.
    #[inline(always)]
    fn registers<S: Simd, const N: usize>(&mut self, simd: S, at: usize) {
        let mut sums = [[[simd.splat_i32(self.taps.rounding); 2]; N]; 2];
        let [first, second] = self.taps.weights;
        for k in 0..self.offsets.len().min(first.len()).min(second.len()) {
            let weights = [simd.splat_pair(first[k]), simd.splat_pair(second[k])];
            // One check for all loads.
            let line = &self.line[at + self.offsets[k]..][..2 * N * S::I16_LANES];
            for n in 0..N {
                for half in 0..2 {
                    let pairs = simd.load_pairs(line, (2 * n + half) * S::I16_LANES);
                    for next in 0..2 {
                        sums[next][n][half] =
                            simd.add_pair_products(sums[next][n][half], pairs, weights[next]);
                    }
                }
            }
        }
        for n in 0..N {
            let mut shifted = [[simd.splat_i32(0); 2]; 2];
            for next in 0..2 {
                for half in 0..2 {
                    shifted[next][half] = simd.shift_right_i32(sums[next][n][half], self.taps.shift);
                }
            }
            let [even, odd] = shifted;
            simd.store_as_u8(self.out, at + 2 * n * S::I16_LANES, even, odd);
        }
    }
}
