//! The sum of a slice, by lanes: element `i` goes to lane `i % LANES`, at every CPU level, and the
//! lanes are added as a tree. So all levels give the same bits. Runs of 16 elements a lane are added
//! in pairs, pairs in pairs, and so on, all lanes at once: NumPy's error bound at the price of one
//! addition of all lanes a run.
//!
//! 64-bit integers may overflow 64-bit lanes. If all of a slice are within ±2^50 they cannot; else
//! their halves are summed apart.

use std::ops::Add;

use half::f16;
use num_complex::Complex;

use super::pairwise::Pairwise;
use crate::dtype::{Bool, Element};
use crate::simd::{F64x8, Kernel, Simd};

/// Lanes: four registers of AVX-512, to hide the latency of an addition.
const LANES: usize = 32;
/// Elements that are added one after the other in their lanes.
const RUN: usize = 16 * LANES;
/// The longest slice that is summed at once: no sum of this many narrow integers overflows.
pub const LONGEST: usize = 1 << 17;
/// Sums of runs that wait for another one: as many as their greatest number has binary digits.
const DEPTH: usize = (LONGEST / RUN).ilog2() as usize + 1;

/// An element that can be summed.
pub trait Summand: Element {
    /// What a sum is accumulated in.
    type Total: Copy + Default + Add<Output = Self::Total> + Send;

    /// The sum of at most [`LONGEST`] elements.
    fn sum_slice<S: Simd>(simd: S, slice: &[Self]) -> Self::Total;

    /// The element as a total.
    fn widen(self) -> Self::Total;
}

/// [`Summand::sum_slice`] at a level.
pub struct SumSlice<'a, T>(pub &'a [T]);

impl<T: Summand> Kernel for SumSlice<'_, T> {
    type Output = T::Total;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> T::Total {
        assert!(self.0.len() <= LONGEST);
        T::sum_slice(simd, self.0)
    }
}

/// Sums in the lanes of a register, or of several.
#[derive(Clone, Copy)]
struct Lanes<A>([A; LANES]);

impl<A: Copy + Default> Default for Lanes<A> {
    #[inline(always)]
    fn default() -> Self {
        Lanes([A::default(); LANES])
    }
}

impl<A: Copy + Add<Output = A>> Add for Lanes<A> {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane] + other.0[lane];
        }
        self
    }
}

impl<A: Copy + Add<Output = A>> Lanes<A> {
    /// The lanes as one.
    #[inline(always)]
    fn tree(mut self) -> A {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                self.0[lane] = self.0[lane] + self.0[lane + width];
            }
            width /= 2;
        }
        self.0[0]
    }
}

/// Sums a slice in lanes of `A`.
#[inline(always)]
fn sum_lanes<T: Copy, A: Copy + Default + Add<Output = A>>(slice: &[T], widen: impl Fn(T) -> A) -> A {
    sum_runs(
        slice,
        &widen,
        #[inline(always)]
        |run| sum_run(run, &widen),
    )
}

/// The same for doubles: `(LANES, RUN)` and so the bits are those of [`sum_lanes`], but the lanes are
/// registers by name. Of an array of them the compiler makes what it likes, from registers of two doubles
/// to those of eight, and changes its mind from build to build.
#[inline(always)]
pub fn sum_doubles<S: Simd>(simd: S, slice: &[f64]) -> f64 {
    sum_runs(
        slice,
        #[inline(always)]
        |x| x,
        #[inline(always)]
        |run| {
            let mut sums = [simd.splat_f64x8(0.0); LANES / 8];
            for row in run.chunks_exact(LANES) {
                let row: &[f64; LANES] = row.try_into().expect("a chunk of this length");
                for part in 0..LANES / 8 {
                    let eight = row[8 * part..].first_chunk().expect("eight doubles");
                    sums[part] = sums[part].add(simd.load_f64x8(eight));
                }
            }
            let mut lanes = Lanes::default();
            for part in 0..LANES / 8 {
                sums[part].store(lanes.0[8 * part..].first_chunk_mut().expect("eight doubles"));
            }
            lanes
        },
    )
}

/// The sum of a slice, of which `run` sums whole rows of at most [`RUN`] elements.
#[inline(always)]
fn sum_runs<T: Copy, A: Copy + Default + Add<Output = A>>(
    slice: &[T],
    widen: impl Fn(T) -> A,
    run: impl Fn(&[T]) -> Lanes<A>,
) -> A {
    let (rows, remainder) = slice.split_at(slice.len() / LANES * LANES);
    let mut last = Lanes::default();
    // A loop of its own: the lanes of one of unknown length are not kept in registers.
    for (lane, &x) in last.0.iter_mut().zip(remainder) {
        *lane = widen(x);
    }
    if rows.len() <= 2 * RUN {
        let (first, second) = rows.split_at(rows.len().min(RUN));
        return (run(first) + run(second) + last).tree();
    }
    let mut sum = Pairwise::<Lanes<A>, DEPTH>::default();
    for rows in rows.chunks(RUN) {
        sum.push(run(rows));
    }
    (sum.finish() + last).tree()
}

/// Sums the rows of a run in lanes.
#[inline(always)]
fn sum_run<T: Copy, A: Copy + Default + Add<Output = A>>(run: &[T], widen: &impl Fn(T) -> A) -> Lanes<A> {
    let mut lanes = [A::default(); LANES];
    for row in run.chunks_exact(LANES) {
        // An array's length is known to the compiler: without it the lanes stay in memory.
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            lanes[lane] = lanes[lane] + widen(row[lane]);
        }
    }
    Lanes(lanes)
}

/// What lanes hold.
pub trait Lane: Copy + Default + Add<Output = Self> {
    /// What the sum of all lanes is accumulated in.
    type Total: Copy + Default + Add<Output = Self::Total> + Send + From<Self>;
}

impl Lane for Wrapping {
    type Total = i128;
}

impl Lane for f64 {
    type Total = f64;
}

/// An element that is summed in lanes as another type.
pub trait InLanes: Element {
    /// The type of the lanes.
    type Lane: Lane + From<Self>;
}

// A slice of 2^17 elements of up to 32 bits cannot overflow these lanes.
impl InLanes for Bool {
    type Lane = Wrapping;
}
impl InLanes for i8 {
    type Lane = Wrapping;
}
impl InLanes for i16 {
    type Lane = Wrapping;
}
impl InLanes for i32 {
    type Lane = Wrapping;
}
impl InLanes for u8 {
    type Lane = Wrapping;
}
impl InLanes for u16 {
    type Lane = Wrapping;
}
impl InLanes for u32 {
    type Lane = Wrapping;
}
impl InLanes for f16 {
    type Lane = f64;
}
impl InLanes for f32 {
    type Lane = f64;
}

impl<T: InLanes> Summand for T {
    type Total = <T::Lane as Lane>::Total;

    #[inline(always)]
    fn sum_slice<S: Simd>(_simd: S, slice: &[Self]) -> Self::Total {
        sum_lanes::<_, T::Lane>(
            slice,
            #[inline(always)]
            |x| T::Lane::from(x),
        )
        .into()
    }

    #[inline(always)]
    fn widen(self) -> Self::Total {
        T::Lane::from(self).into()
    }
}

impl Summand for f64 {
    type Total = f64;

    #[inline(always)]
    fn sum_slice<S: Simd>(simd: S, slice: &[Self]) -> f64 {
        sum_doubles(simd, slice)
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

impl Summand for i64 {
    type Total = i128;

    #[inline(always)]
    fn sum_slice<S: Simd>(_simd: S, slice: &[Self]) -> i128 {
        let narrow = sum_if_narrow(
            slice,
            #[inline(always)]
            |x| x,
            #[inline(always)]
            |x| (x as u64).wrapping_add(1 << 50),
        );
        match narrow {
            Some(sum) => sum,
            None => sum_halves(
                slice,
                #[inline(always)]
                |x| x as u64 ^ 1 << 63,
                1 << 63,
            ),
        }
    }

    #[inline(always)]
    fn widen(self) -> i128 {
        i128::from(self)
    }
}

impl Summand for u64 {
    type Total = i128;

    #[inline(always)]
    fn sum_slice<S: Simd>(_simd: S, slice: &[Self]) -> i128 {
        let narrow = sum_if_narrow(
            slice,
            #[inline(always)]
            |x| x as i64,
            #[inline(always)]
            |x| x,
        );
        match narrow {
            Some(sum) => sum,
            None => sum_halves(
                slice,
                #[inline(always)]
                |x| x,
                0,
            ),
        }
    }

    #[inline(always)]
    fn widen(self) -> i128 {
        i128::from(self)
    }
}

/// The sum of integers if all are within ±2^50, so that no lane overflows 64 bits. `shifted` is the
/// element less the least that is allowed, and so has its upper bits set if it is beyond.
#[inline(always)]
fn sum_if_narrow<T: Copy>(
    slice: &[T],
    signed: impl Fn(T) -> i64,
    shifted: impl Fn(T) -> u64,
) -> Option<i128> {
    let (mut sums, mut seen) = ([0i64; LANES], [0u64; LANES]);
    let mut rows = slice.chunks_exact(LANES);
    for row in &mut rows {
        let row: &[T; LANES] = row.try_into().expect("a chunk of this length");
        for lane in 0..LANES {
            sums[lane] = sums[lane].wrapping_add(signed(row[lane]));
            seen[lane] |= shifted(row[lane]);
        }
    }
    let (mut sum, mut all) = (0i64, 0);
    for &x in rows.remainder() {
        sum = sum.wrapping_add(signed(x));
        all |= shifted(x);
    }
    let all = seen.into_iter().fold(all, |all, seen| all | seen);
    (all >> 51 == 0).then(|| sums.into_iter().fold(i128::from(sum), |sum, lane| sum + i128::from(lane)))
}

/// The sum of unsigned integers that are too large by `bias` each: their halves are summed apart,
/// which cannot overflow.
#[inline(always)]
fn sum_halves<T: Copy>(slice: &[T], unsigned: impl Fn(T) -> u64, bias: u64) -> i128 {
    let (mut low, mut high) = (0u64, 0u64);
    for &x in slice {
        low = low.wrapping_add(unsigned(x) & 0xffff_ffff);
        high = high.wrapping_add(unsigned(x) >> 32);
    }
    (i128::from(high) << 32) + i128::from(low) - i128::from(bias) * slice.len() as i128
}

/// A sum of narrow integers, which cannot overflow either.
#[derive(Clone, Copy, Default)]
pub struct Wrapping(i64);

impl Add for Wrapping {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Wrapping(self.0.wrapping_add(other.0))
    }
}

impl<T: Into<i64>> From<T> for Wrapping {
    #[inline(always)]
    fn from(x: T) -> Self {
        Wrapping(x.into())
    }
}

impl From<Bool> for i64 {
    #[inline(always)]
    fn from(x: Bool) -> i64 {
        i64::from(x.get())
    }
}

impl From<Wrapping> for i128 {
    #[inline(always)]
    fn from(sum: Wrapping) -> i128 {
        i128::from(sum.0)
    }
}

impl<P: Copy + Into<f64>> Summand for Complex<P>
where
    Complex<P>: Element,
{
    type Total = Complex<f64>;

    #[inline(always)]
    fn sum_slice<S: Simd>(_simd: S, slice: &[Self]) -> Complex<f64> {
        let re = sum_lanes::<_, f64>(
            slice,
            #[inline(always)]
            |x| x.re.into(),
        );
        let im = sum_lanes::<_, f64>(
            slice,
            #[inline(always)]
            |x| x.im.into(),
        );
        Complex::new(re, im)
    }

    #[inline(always)]
    fn widen(self) -> Complex<f64> {
        Complex::new(self.re.into(), self.im.into())
    }
}
