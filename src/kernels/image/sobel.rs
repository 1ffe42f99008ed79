//! The Sobel operator: the derivative along an axis, smoothed along the other.
//!
//! Along its axis the derivative is the correlation with `-1 0 1`, along the other the smoothing
//! is that with `1 2 1`: the definition of `scipy.ndimage.sobel`, without a factor. The magnitude
//! is the length of the gradient, `sqrt(gx² + gy²)`.
//!
//! All is done in one sweep: three padded rows give a line of vertical sums and one of vertical
//! differences, and these, still in the first-level cache, give both derivatives and the result.
//! Bytes are computed in 16-bit integers, where both derivatives are exact and the squares are
//! below 2²⁴, so the only rounding of the magnitude is that of its root. The derivative of a
//! float takes zero times the element in the middle, as SciPy's does: a NaN there is not lost.
//!
//! Sums of large floats, and squares of large and of small ones, may leave the range of their type where the result
//! does not. Where anything did, the element is made anew ([`Gradient::made_anew`]): from double precision or scaled
//! elements, differences first, and the magnitude by the rules of `hypot`, for which infinity beside NaN is infinity.
//!
//! The border belongs to the image: beyond it the image is continued, and then filtered. (SciPy makes two passes
//! and continues the *derivative* with the constant before it smooths, so that an image of that constant has edges.)

use super::axes::Operator;
use super::pixel::{ComputeType, Real};
use super::tiles::{Columns, Padded, Tile};
use crate::alloc::checked_size;
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::memory::Aligned;
use crate::simd::{Kernel, Level, Simd, run_at};

/// The type of derivatives.
///
/// Sums of bytes never overflow 16 bits. `plus` and `minus` do not check it: a check in the loop
/// would keep it from being vectorised.
pub trait Derivative: Copy + Default {
    /// What padded rows consist of.
    type Row: ComputeType;
    /// From an element of a row.
    fn of(element: Self::Row) -> Self;
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// Zero times itself.
    fn times_zero(self) -> Self;
}

/// What a result is made of.
pub trait Gradient<Out: ComputeType>: Derivative {
    /// The length of a gradient.
    fn length(x: Self, y: Self) -> Out;
    /// Whether `length` is right: no sum and no square leaves the range of the type.
    fn is_length_exact(x: Self, y: Self) -> bool;
    /// A derivative.
    fn derivative(value: Self) -> Out;
    /// Whether `derivative` is right: no sum leaves the range of the type.
    fn is_exact(value: Self) -> bool;
    /// What an operator makes of the elements around one, wherever the above is not right.
    fn made_anew(around: [[Self::Row; 3]; 3], operator: Operator) -> Out;
}

const IN_RANGE: &str = "sums and squares of bytes are in range";

/// Rows are padded to a multiple of this: loops over them then have no remainder.
const ROW_MULTIPLE: usize = 64;

impl Derivative for i16 {
    type Row = u8;
    #[inline(always)]
    fn of(element: u8) -> i16 {
        i16::from(element)
    }
    #[inline(always)]
    fn plus(self, other: i16) -> i16 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn minus(self, other: i16) -> i16 {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn times_zero(self) -> i16 {
        0
    }
}

impl Gradient<f32> for i16 {
    #[inline(always)]
    fn length(x: i16, y: i16) -> f32 {
        let (x, y) = (f32::from(x), f32::from(y));
        (x * x + y * y).sqrt()
    }
    #[inline(always)]
    fn is_length_exact(_: i16, _: i16) -> bool {
        true
    }
    #[inline(always)]
    fn derivative(value: i16) -> f32 {
        f32::from(value)
    }
    #[inline(always)]
    fn is_exact(_: i16) -> bool {
        true
    }
    fn made_anew(_: [[u8; 3]; 3], _: Operator) -> f32 {
        unreachable!("{IN_RANGE}")
    }
}

impl Gradient<u8> for i16 {
    #[inline(always)]
    fn length(x: i16, y: i16) -> u8 {
        /// Added to a smaller number, it leaves the nearest integer in the last bits.
        const ROUND: f32 = 8_388_608.0;
        let length: f32 = Self::length(x, y);
        (length.min(255.0) + ROUND).to_bits() as u8
    }
    #[inline(always)]
    fn is_length_exact(_: i16, _: i16) -> bool {
        true
    }
    #[inline(always)]
    fn derivative(value: i16) -> u8 {
        value.clamp(0, 255) as u8
    }
    #[inline(always)]
    fn is_exact(_: i16) -> bool {
        true
    }
    fn made_anew(_: [[u8; 3]; 3], _: Operator) -> u8 {
        unreachable!("{IN_RANGE}")
    }
}

impl<A: Real> Derivative for A {
    type Row = A;

    #[inline(always)]
    fn of(element: A) -> A {
        element
    }
    #[inline(always)]
    fn plus(self, other: A) -> A {
        self + other
    }
    #[inline(always)]
    fn minus(self, other: A) -> A {
        self - other
    }
    #[inline(always)]
    fn times_zero(self) -> A {
        self * A::ZERO
    }
}

impl<A: Real> Gradient<A> for A {
    #[inline(always)]
    fn length(x: A, y: A) -> A {
        (x * x + y * y).square_root()
    }
    #[inline(always)]
    fn is_length_exact(x: A, y: A) -> bool {
        let square = x * x + y * y;
        (square <= A::MAX) & ((square >= A::SMALLEST_SQUARE) | ((x == A::ZERO) & (y == A::ZERO)))
    }
    #[inline(always)]
    fn derivative(value: A) -> A {
        value
    }
    #[inline(always)]
    fn is_exact(value: A) -> bool {
        value.is_finite()
    }
    #[cold]
    #[inline(never)]
    fn made_anew(around: [[A; 3]; 3], operator: Operator) -> A {
        let size = around.iter().flatten().fold(0.0, |size: f64, element| size.max(element.to_f64().abs()));
        // A sum of small elements is in range, and scaled they would lose digits.
        let scale = if size > 1.0 { A::SCALE } else { 1.0 };
        let [above, here, below] = around.map(|row| row.map(|element| element.to_f64() * scale));
        let derivative = |before: [f64; 3], middle: [f64; 3], after: [f64; 3]| {
            let difference = |k: usize| after[k] - before[k] + 0.0 * middle[k];
            difference(0) + difference(2) + 2.0 * difference(1)
        };
        let column = |k: usize| [above[k], here[k], below[k]];
        let along = || derivative(column(0), column(1), column(2));
        let down = || derivative(above, here, below);
        A::from_f64(match operator {
            Operator::Magnitude => along().hypot(down()) / scale,
            Operator::AlongRow => along() / scale,
            Operator::DownRows => down() / scale,
        })
    }
}

/// Bytes of scratch memory for each value of a row, times six: all of it should stay in the
/// first-level cache.
pub fn scratch<D: Derivative, Out>() -> usize {
    6 * (3 * size_of::<D::Row>() + 2 * size_of::<D>() + size_of::<Out>())
}

/// Makes a tile.
pub fn make<D: Gradient<Out>, Out: ComputeType>(
    level: Level,
    image: &Padded<'_>,
    operator: Operator,
    tile: &mut Tile<'_>,
    work: &Work<'_>,
) -> Result<()> {
    let [_, width, channels] = tile.size();
    let values = checked_size(&[width, channels])?;
    let padded = checked_size(&[width + 2, channels])?;
    let stride = checked_size(&[values.next_multiple_of(ROW_MULTIPLE) + 2 * channels, 1])?
        .next_multiple_of(ROW_MULTIPLE);
    let columns = image.columns(tile.x as isize - 1, width + 2)?;
    let rows = Rows::<D, Out> {
        image,
        columns: &columns,
        operator,
        tile,
        work,
        padded,
        stride,
        rows: &mut Aligned::new(checked_size(&[3, stride])?)?,
        sums: &mut Aligned::new(stride)?,
        slopes: &mut Aligned::new(stride)?,
        out: &mut Aligned::new(values.next_multiple_of(ROW_MULTIPLE))?,
    };
    run_at(level, rows)
}

/// Makes the rows of a tile. A level is entered once for all of them: of a small image a row takes
/// little longer than that.
struct Rows<'a, 't, D: Derivative, Out> {
    image: &'a Padded<'a>,
    columns: &'a Columns,
    operator: Operator,
    tile: &'a mut Tile<'t>,
    work: &'a Work<'a>,
    /// The values of a padded row.
    padded: usize,
    /// How far the rows of the buffers are apart.
    stride: usize,
    rows: &'a mut [D::Row],
    sums: &'a mut [D],
    slopes: &'a mut [D],
    out: &'a mut [Out],
}

impl<D: Gradient<Out>, Out: ComputeType> Kernel for Rows<'_, '_, D, Out> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> Result<()> {
        let Rows { image, columns, operator, tile, work, padded, stride, rows, sums, slopes, out } = self;
        let [height, width, channels] = tile.size();
        let mut loaded = 0;
        for y in 0..height {
            work.check()?;
            while loaded < y + 3 {
                let row = &mut rows[loaded % 3 * stride..][..padded];
                let y = (tile.y + loaded) as isize - 1;
                image.load(y, columns, row);
                image.prefetch(y + 1, columns, 0..padded);
                loaded += 1;
            }
            let row = |k: usize| &rows[(y + k) % 3 * stride..][..stride];
            vertical([row(0), row(1), row(2)], sums, slopes);
            if !horizontal(sums, slopes, channels, operator, out) {
                mend(
                    [row(0), row(1), row(2)],
                    sums,
                    slopes,
                    channels,
                    operator,
                    &mut out[..width * channels],
                );
            }
            tile.store(y, &out[..width * channels]);
        }
        Ok(())
    }
}

/// The sums and differences of a line.
#[inline(always)]
fn vertical<D: Derivative>(rows: [&[D::Row]; 3], sums: &mut [D], slopes: &mut [D]) {
    let [above, here, below] = rows;
    let len = sums.len();
    let slopes = &mut slopes[..len];
    let (above, here, below) = (&above[..len], &here[..len], &below[..len]);
    for l in 0..len {
        let (up, middle, down) = (D::of(above[l]), D::of(here[l]), D::of(below[l]));
        sums[l] = up.plus(down).plus(middle.plus(middle));
        slopes[l] = down.minus(up).plus(middle.times_zero());
    }
}

/// A row of the result; whether all of it is right.
#[inline(always)]
fn horizontal<D: Gradient<Out>, Out: ComputeType>(
    sums: &[D],
    slopes: &[D],
    channels: usize,
    operator: Operator,
    out: &mut [Out],
) -> bool {
    let sums = Neighbours::new(sums, channels, out.len());
    let slopes = Neighbours::new(slopes, channels, out.len());
    let mut wrong = 0u32;
    match operator {
        Operator::Magnitude => {
            for l in 0..out.len() {
                let (x, y) = (sums.difference(l), slopes.sum(l));
                out[l] = D::length(x, y);
                wrong |= u32::from(!D::is_length_exact(x, y));
            }
        }
        Operator::AlongRow => {
            for l in 0..out.len() {
                let value = sums.difference(l);
                out[l] = D::derivative(value);
                wrong |= u32::from(!D::is_exact(value));
            }
        }
        Operator::DownRows => {
            for l in 0..out.len() {
                let value = slopes.sum(l);
                out[l] = D::derivative(value);
                wrong |= u32::from(!D::is_exact(value));
            }
        }
    }
    wrong == 0
}

/// Makes anew what is not right in a row of the result.
#[cold]
#[inline(never)]
fn mend<D: Gradient<Out>, Out: ComputeType>(
    rows: [&[D::Row]; 3],
    sums: &[D],
    slopes: &[D],
    channels: usize,
    operator: Operator,
    out: &mut [Out],
) {
    let sums = Neighbours::new(sums, channels, out.len());
    let slopes = Neighbours::new(slopes, channels, out.len());
    for l in 0..out.len() {
        let is_right = match operator {
            Operator::Magnitude => D::is_length_exact(sums.difference(l), slopes.sum(l)),
            Operator::AlongRow => D::is_exact(sums.difference(l)),
            Operator::DownRows => D::is_exact(slopes.sum(l)),
        };
        let here = rows[1][l + channels];
        // Around NaN all is NaN.
        if !is_right && here.partial_cmp(&here).is_some() {
            let around = rows.map(|row| [0, 1, 2].map(|k| row[l + k * channels]));
            out[l] = D::made_anew(around, operator);
        }
    }
}

/// A line, and the same moved by a pixel to either side.
#[derive(Clone, Copy)]
struct Neighbours<'a, D> {
    left: &'a [D],
    here: &'a [D],
    right: &'a [D],
}

impl<'a, D: Derivative> Neighbours<'a, D> {
    #[inline(always)]
    fn new(line: &'a [D], channels: usize, len: usize) -> Self {
        let (left, here, right) = (&line[..len], &line[channels..][..len], &line[2 * channels..][..len]);
        Neighbours { left, here, right }
    }

    #[inline(always)]
    fn difference(self, l: usize) -> D {
        self.right[l].minus(self.left[l]).plus(self.here[l].times_zero())
    }

    #[inline(always)]
    fn sum(self, l: usize) -> D {
        self.left[l].plus(self.right[l]).plus(self.here[l].plus(self.here[l]))
    }
}
