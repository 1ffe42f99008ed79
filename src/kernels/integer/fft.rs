//! Products in the ring of complex polynomials modulo `t^M - i`, for `M = 2^k` or `3 * 2^k`.
//!
//! The ring is split by the Chinese remainder theorem: modulo `t^(4L) - d^4` is the same as
//! modulo `t^L - d`, `t^L + d`, `t^L - i d` and `t^L + i d`. So a radix-4 butterfly multiplies three quarters
//! of a block by `d`, `d^2` and `d^3` and adds up; the numbers of a block share one `d`, which is
//! in a register. (In the textbook form every number has a twiddle factor of its own, and the twist
//! from `t^M - 1` to `t^M - i` is one more multiplication.) See D. J. Bernstein, "Fast
//! multiplication and its applications", 2008, section 4, for this view of the transform.
//!
//! The root of block `k` after `s` halvings is `exp(2 pi i angle)` with
//! `angle = ring / 2^s + reversed(k)`, where the bits of `k` are reversed behind the point.
//!
//! For speed: radix 4; the recursion goes depth first, so that a block is transformed,
//! squared and transformed back while it is in the first-level cache; the last three halvings work on
//! eight blocks side by side, after a transposition in registers, and are fused with the
//! product; numbers are never brought into another order in memory.
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

use super::complex::{Block, Complex};
use crate::alloc::try_vec;
use crate::error::Result;
use crate::kept::Kept;
use crate::parallel::Work;
use crate::simd::{self, F64x8, Kernel, Level, Simd};

/// The twiddle factors of a radix-4 butterfly: `d`, `d^2`, `d^3`.
type Twiddle = [[f64; 2]; 3];

/// The twiddle factors of the last three halvings of eight blocks: `d^4`, `d`, `d^2`, `d^3`.
type Leaf = [Block; 4];

/// Blocks that are worked on at a stretch: 32 KiB, the size of the first-level cache.
const PIECE: usize = 256;

/// Blocks of a longer pass after which a signal is looked for.
const STRETCH: usize = 4096;

/// The fewest blocks of a transform.
pub const MIN_BLOCKS: usize = 16;

/// Depths whose twiddle factors are kept for the next call: 2 MiB at most.
const KEPT: usize = 13;

/// The angles of the rings that a transform starts in: one, or three after a radix-3 pass.
const ANGLES: [f64; 4] = [1.0 / 4.0, 1.0 / 12.0, 5.0 / 12.0, 9.0 / 12.0];

/// Smallest number of blocks of eight that is at least `blocks` and can be transformed.
pub fn next_size(blocks: usize) -> usize {
    let power = blocks.max(MIN_BLOCKS).next_power_of_two();
    if power / 4 * 3 >= blocks && power / 4 >= MIN_BLOCKS { power / 4 * 3 } else { power }
}

/// How far off a coefficient of the product of two polynomials can be: this many times the
/// product of their Euclidean norms.
///
/// With `u = 2^-53`: an addition has a relative error of `u`, a multiplication of complex
/// numbers of `sqrt(5) u`, and a twiddle factor of `9 u` or, where two are multiplied, `12 u`: sines
/// and cosines within 1 ulp of an angle of at most pi / 4 that is itself rounded, and their product.
/// Every path through the network meets `additions` and `multiplications` of these, in three
/// transforms. The transform is a unitary matrix but for a scale, so that the errors of the forward
/// transforms are relative to the norms; those of the inverse one are relative to the sum of the
/// absolute values, which by Cauchy and Schwarz is at most the product of the norms. (As R. Brent,
/// C. Percival, P. Zimmermann, "Error bounds on complex floating-point multiplication",
/// Mathematics of Computation 76 (2007), section 5.)
pub fn error_factor(blocks: usize) -> f64 {
    let halvings = (blocks * 8).ilog2() + 1;
    let additions = f64::from(halvings + 1);
    let multiplications = f64::from(halvings / 2 + 3);
    // 5 for the product, the scaling and what is neglected above: squares of `u`.
    (3.0 * (additions + multiplications * 15.0) + 5.0) * (f64::EPSILON / 2.0)
}

/// The twiddle factors of transforms, made as they are needed.
#[derive(Default)]
pub struct Twiddles {
    radix4: [Vec<Vec<Twiddle>>; 4],
    leaves: [Vec<Vec<Leaf>>; 4],
}

static RADIX4: [[Kept<Vec<Twiddle>>; KEPT]; 4] = [const { [const { Kept::new() }; KEPT] }; 4];
static LEAVES: [[Kept<Vec<Leaf>>; KEPT]; 4] = [const { [const { Kept::new() }; KEPT] }; 4];

impl Twiddles {
    fn radix4(&self, ring: usize, depth: usize) -> &[Twiddle] {
        match RADIX4[ring].get(depth) {
            Some(kept) => kept.get(),
            None => self.radix4[ring].get(depth - KEPT),
        }
        .map_or(&[], Vec::as_slice)
    }

    fn leaves(&self, ring: usize, depth: usize) -> &[Leaf] {
        match LEAVES[ring].get(depth) {
            Some(kept) => kept.get(),
            None => self.leaves[ring].get(depth - KEPT),
        }
        .map_or(&[], Vec::as_slice)
    }

    /// Makes what transforms of `blocks` blocks use.
    pub fn prepare(&mut self, blocks: usize, work: &Work<'_>) -> Result<()> {
        let (rings, blocks) = rings(blocks);
        let depth = blocks.ilog2() as usize;
        for ring in rings {
            // A radix-2 butterfly uses the factor `d^2` of a radix-4 one.
            for depth in (0..depth).filter(|d| d % 2 == depth % 2 || *d == 0) {
                if self.radix4(ring, depth).is_empty() {
                    let made = make_radix4(ring, depth, work)?;
                    keep(RADIX4[ring].get(depth), &mut self.radix4[ring], depth, made);
                }
            }
            if self.leaves(ring, depth).is_empty() {
                let made = make_leaves(ring, depth, work)?;
                keep(LEAVES[ring].get(depth), &mut self.leaves[ring], depth, made);
            }
        }
        Ok(())
    }
}

/// Puts a table where all calls find it, or where this call does.
fn keep<T: Send + Sync>(shared: Option<&Kept<Vec<T>>>, own: &mut Vec<Vec<T>>, depth: usize, made: Vec<T>) {
    match shared {
        // Where another thread was first, its table is the same.
        Some(kept) => {
            kept.get_or(|| made);
        }
        None => {
            while own.len() <= depth - KEPT {
                own.push(Vec::new());
            }
            own[depth - KEPT] = made;
        }
    }
}

/// The rings of a transform of `blocks` blocks, and the blocks in each.
fn rings(blocks: usize) -> (std::ops::Range<usize>, usize) {
    if blocks.is_power_of_two() { (0..1, blocks) } else { (1..4, blocks / 3) }
}

fn make_radix4(ring: usize, depth: usize, work: &Work<'_>) -> Result<Vec<Twiddle>> {
    let roots = Roots::new(ring, depth, [0.25, 0.5, 0.75])?;
    let mut twiddles = try_vec(1 << depth)?;
    for k in 0..1 << depth {
        if k % STRETCH == 0 {
            work.check()?;
        }
        twiddles.push(roots.get(k));
    }
    Ok(twiddles)
}

fn make_leaves(ring: usize, depth: usize, work: &Work<'_>) -> Result<Vec<Leaf>> {
    let roots = Roots::new(ring, depth, [0.5, 0.125, 0.25, 0.375])?;
    let groups = (1 << depth) / 8;
    let mut leaves = try_vec(groups)?;
    for group in 0..groups {
        if group % (STRETCH / 8) == 0 {
            work.check()?;
        }
        let mut leaf = [Block::ZERO; 4];
        for lane in 0..8 {
            for (block, [re, im]) in leaf.iter_mut().zip(roots.get(8 * group + lane)) {
                (block.re[lane], block.im[lane]) = (re, im);
            }
        }
        leaves.push(leaf);
    }
    Ok(leaves)
}

/// Powers of the roots of the blocks at a depth: products of two from small tables.
struct Roots<const N: usize> {
    low: Vec<[[f64; 2]; N]>,
    high: Vec<[[f64; 2]; N]>,
    shift: usize,
}

impl<const N: usize> Roots<N> {
    fn new(ring: usize, depth: usize, powers: [f64; N]) -> Result<Self> {
        let shift = depth / 2;
        let table = |bits: usize, start: f64, scale: f64| -> Result<Vec<_>> {
            let mut table = try_vec(1 << bits)?;
            for k in 0..1u64 << bits {
                let reversed = if bits == 0 { 0 } else { k.reverse_bits() >> (64 - bits) };
                let angle = start + scale * reversed as f64 / (1u64 << bits) as f64;
                table.push(powers.map(|power| unit(power * angle)));
            }
            Ok(table)
        };
        // The low bits of `k` are the first behind the point.
        let low = table(shift, 0.0, 1.0)?;
        let start = ANGLES[ring] / (1u64 << depth) as f64;
        let high = table(depth - shift, start, 1.0 / (1u64 << shift) as f64)?;
        Ok(Roots { low, high, shift })
    }

    fn get(&self, k: usize) -> [[f64; 2]; N] {
        let (low, high) = (&self.low[k & ((1 << self.shift) - 1)], &self.high[k >> self.shift]);
        std::array::from_fn(|i| {
            let ([a, b], [c, d]) = (low[i], high[i]);
            [a * c - b * d, a * d + b * c]
        })
    }
}

/// `exp(2 pi i turns)` for `turns` from 0 to 1, from an angle of at most an eighth of a turn.
fn unit(turns: f64) -> [f64; 2] {
    let quarter = (4.0 * turns).round();
    // Exact: the two are within a factor of two, or `quarter` is zero.
    let (sin, cos) = (std::f64::consts::TAU * (turns - 0.25 * quarter)).sin_cos();
    match quarter as u32 % 4 {
        0 => [cos, sin],
        1 => [-sin, cos],
        2 => [-cos, -sin],
        _ => [sin, -cos],
    }
}

/// A product in progress.
pub struct Transform<'a> {
    /// The CPU level to use.
    pub level: Level,
    /// The twiddle factors, prepared for the size.
    pub twiddles: &'a Twiddles,
    /// Where to ask for signals.
    pub work: &'a Work<'a>,
}

impl Transform<'_> {
    /// `x` becomes `x * y`, or its square without a `y`, times the number of coefficients.
    /// `y` becomes anything.
    pub fn multiply(&self, x: &mut [Block], mut y: Option<&mut [Block]>) -> Result<()> {
        let (rings, blocks) = rings(x.len());
        if blocks == x.len() {
            return self.ring(x, y, 0);
        }
        let run = |x: &mut [Block], is_inverse| self.pass3(x, is_inverse);
        run(x, false)?;
        if let Some(y) = y.as_deref_mut() {
            run(y, false)?;
        }
        for (index, ring) in rings.enumerate() {
            let part = index * blocks..(index + 1) * blocks;
            self.ring(&mut x[part.clone()], y.as_deref_mut().map(|y| &mut y[part]), ring)?;
        }
        run(x, true)
    }

    /// The product in a ring of a power of two.
    fn ring(&self, x: &mut [Block], mut y: Option<&mut [Block]>, ring: usize) -> Result<()> {
        if x.len().ilog2() % 2 == 0 {
            return self.part(x, y, ring, 0, 0);
        }
        let [_, d2, _] = self.twiddles.radix4(ring, 0)[0];
        self.pass2(x, d2, false)?;
        if let Some(y) = y.as_deref_mut() {
            self.pass2(y, d2, false)?;
        }
        let half = x.len() / 2;
        for k in 0..2 {
            let part = k * half..(k + 1) * half;
            self.part(&mut x[part.clone()], y.as_deref_mut().map(|y| &mut y[part]), ring, 1, k)?;
        }
        self.pass2(x, d2, true)
    }

    /// The product in the ring of block `k` at `depth`; the number of blocks is a power of four.
    fn part(
        &self,
        x: &mut [Block],
        mut y: Option<&mut [Block]>,
        ring: usize,
        depth: usize,
        k: usize,
    ) -> Result<()> {
        if x.len() <= PIECE {
            self.work.check()?;
            simd::run_at(self.level, Piece { x, y, twiddles: self.twiddles, ring, depth, k });
            return Ok(());
        }
        let twiddle = self.twiddles.radix4(ring, depth)[k];
        self.pass4(x, twiddle, false)?;
        if let Some(y) = y.as_deref_mut() {
            self.pass4(y, twiddle, false)?;
        }
        let quarter = x.len() / 4;
        for child in 0..4 {
            let part = child * quarter..(child + 1) * quarter;
            let y = y.as_deref_mut().map(|y| &mut y[part.clone()]);
            self.part(&mut x[part], y, ring, depth + 2, 4 * k + child)?;
        }
        self.pass4(x, twiddle, true)
    }

    fn pass4(&self, x: &mut [Block], twiddle: Twiddle, is_inverse: bool) -> Result<()> {
        let (low, high) = x.split_at_mut(x.len() / 2);
        let ((x0, x1), (x2, x3)) = (low.split_at_mut(low.len() / 2), high.split_at_mut(high.len() / 2));
        let stretches = x0.chunks_mut(STRETCH).zip(x1.chunks_mut(STRETCH));
        for ((x0, x1), (x2, x3)) in stretches.zip(x2.chunks_mut(STRETCH).zip(x3.chunks_mut(STRETCH))) {
            self.work.check()?;
            simd::run_at(self.level, Radix4 { x: [x0, x1, x2, x3], twiddle, is_inverse });
        }
        Ok(())
    }

    fn pass2(&self, x: &mut [Block], d: [f64; 2], is_inverse: bool) -> Result<()> {
        let (x0, x1) = x.split_at_mut(x.len() / 2);
        for (x0, x1) in x0.chunks_mut(STRETCH).zip(x1.chunks_mut(STRETCH)) {
            self.work.check()?;
            simd::run_at(self.level, Radix2 { x: [x0, x1], d, is_inverse });
        }
        Ok(())
    }

    fn pass3(&self, x: &mut [Block], is_inverse: bool) -> Result<()> {
        let (x0, others) = x.split_at_mut(x.len() / 3);
        let (x1, x2) = others.split_at_mut(others.len() / 2);
        for ((x0, x1), x2) in x0.chunks_mut(STRETCH).zip(x1.chunks_mut(STRETCH)).zip(x2.chunks_mut(STRETCH)) {
            self.work.check()?;
            simd::run_at(self.level, Radix3 { x: [x0, x1, x2], is_inverse });
        }
        Ok(())
    }
}

/// A pass of radix-4 butterflies.
struct Radix4<'a> {
    x: [&'a mut [Block]; 4],
    twiddle: Twiddle,
    is_inverse: bool,
}

impl Kernel for Radix4<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let twiddle = splat3(simd, &self.twiddle);
        if self.is_inverse {
            pass4::<S, true>(simd, self.x, twiddle)
        } else {
            pass4::<S, false>(simd, self.x, twiddle)
        }
    }
}

#[inline(always)]
fn splat3<S: Simd>(simd: S, twiddle: &Twiddle) -> [Complex<S::F64x8>; 3] {
    [Complex::splat(simd, twiddle[0]), Complex::splat(simd, twiddle[1]), Complex::splat(simd, twiddle[2])]
}

#[inline(always)]
fn pass4<S: Simd, const INVERSE: bool>(
    simd: S,
    [x0, x1, x2, x3]: [&mut [Block]; 4],
    twiddle: [Complex<S::F64x8>; 3],
) {
    // Indices, as iterators over four slices are not always inlined.
    let len = x0.len();
    let (x1, x2, x3) = (&mut x1[..len], &mut x2[..len], &mut x3[..len]);
    for i in 0..len {
        let x = [
            Complex::load(simd, &x0[i]),
            Complex::load(simd, &x1[i]),
            Complex::load(simd, &x2[i]),
            Complex::load(simd, &x3[i]),
        ];
        let [y0, y1, y2, y3] = if INVERSE { inverse_butterfly4(x, twiddle) } else { butterfly4(x, twiddle) };
        y0.store(&mut x0[i]);
        y1.store(&mut x1[i]);
        y2.store(&mut x2[i]);
        y3.store(&mut x3[i]);
    }
}

/// From modulo `t^4 - d^4` to modulo `t - d`, `t + d`, `t - i d`, `t + i d`.
#[inline(always)]
fn butterfly4<V: F64x8>([a0, a1, a2, a3]: [Complex<V>; 4], [d, d2, d3]: [Complex<V>; 3]) -> [Complex<V>; 4] {
    let (b1, b2, b3) = (a1.mul(d), a2.mul(d2), a3.mul(d3));
    let (even, odd) = (a0.add(b2), b1.add(b3));
    let (even_i, odd_i) = (a0.sub(b2), b1.sub(b3));
    [even.add(odd), even.sub(odd), even_i.add_i(odd_i), even_i.sub_i(odd_i)]
}

/// The inverse, times 4.
#[inline(always)]
fn inverse_butterfly4<V: F64x8>(
    [y0, y1, y2, y3]: [Complex<V>; 4],
    [d, d2, d3]: [Complex<V>; 3],
) -> [Complex<V>; 4] {
    let (even, odd) = (y0.add(y1), y0.sub(y1));
    let (even_i, odd_i) = (y2.add(y3), y2.sub(y3));
    let b = [even.sub(even_i), odd.sub_i(odd_i), odd.add_i(odd_i)];
    [even.add(even_i), b[1].mul_conj(d), b[0].mul_conj(d2), b[2].mul_conj(d3)]
}

/// A pass of radix-2 butterflies.
struct Radix2<'a> {
    x: [&'a mut [Block]; 2],
    d: [f64; 2],
    is_inverse: bool,
}

impl Kernel for Radix2<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let d = Complex::splat(simd, self.d);
        let [x0, x1] = self.x;
        for (x0, x1) in x0.iter_mut().zip(x1) {
            let (a, b) = (Complex::load(simd, x0), Complex::load(simd, x1));
            let (y0, y1) = if self.is_inverse {
                (a.add(b), a.sub(b).mul_conj(d))
            } else {
                let b = b.mul(d);
                (a.add(b), a.sub(b))
            };
            y0.store(x0);
            y1.store(x1);
        }
    }
}

/// A pass of radix-3 butterflies: from modulo `t^3 - i` to modulo `t - exp(2 pi i (1/4 + j) / 3)`.
struct Radix3<'a> {
    x: [&'a mut [Block]; 3],
    is_inverse: bool,
}

impl Kernel for Radix3<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (d, d2) = (Complex::splat(simd, unit(1.0 / 12.0)), Complex::splat(simd, unit(1.0 / 6.0)));
        let (minus_half, sin) = (simd.splat_f64x8(-0.5), simd.splat_f64x8(0.75f64.sqrt()));
        let [x0, x1, x2] = self.x;
        for ((x0, x1), x2) in x0.iter_mut().zip(x1).zip(x2) {
            let x = [Complex::load(simd, x0), Complex::load(simd, x1), Complex::load(simd, x2)];
            let (a, b, c) =
                if self.is_inverse { (x[0], x[1], x[2]) } else { (x[0], x[1].mul(d), x[2].mul(d2)) };
            // The roots of unity of order three are -1/2 +- i sin.
            let (sum, difference) = (b.add(c), b.sub(c));
            let middle =
                Complex { re: sum.re.mul_add(minus_half, a.re), im: sum.im.mul_add(minus_half, a.im) };
            let turn = Complex { re: difference.re.mul(sin), im: difference.im.mul(sin) };
            let (plus, minus) = (middle.add_i(turn), middle.sub_i(turn));
            let y = if self.is_inverse {
                [a.add(sum), minus.mul_conj(d), plus.mul_conj(d2)]
            } else {
                [a.add(sum), plus, minus]
            };
            y[0].store(x0);
            y[1].store(x1);
            y[2].store(x2);
        }
    }
}

/// All passes over a part that fits in the cache.
struct Piece<'a> {
    x: &'a mut [Block],
    y: Option<&'a mut [Block]>,
    twiddles: &'a Twiddles,
    ring: usize,
    depth: usize,
    k: usize,
}

impl Kernel for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let len = self.x.len();
        radix4_passes::<S, false>(simd, self.x, self.twiddles, self.ring, self.depth, self.k);
        if let Some(y) = self.y.as_deref_mut() {
            radix4_passes::<S, false>(simd, y, self.twiddles, self.ring, self.depth, self.k);
        }
        let depth = self.depth + len.ilog2() as usize;
        let leaves = &self.twiddles.leaves(self.ring, depth)[self.k * len / 8..][..len / 8];
        match self.y {
            None => {
                for i in 0..leaves.len() {
                    leaf_product::<S, false>(simd, &mut self.x[8 * i..8 * i + 8], &[], &leaves[i]);
                }
            }
            Some(y) => {
                for i in 0..leaves.len() {
                    leaf_product::<S, true>(
                        simd,
                        &mut self.x[8 * i..8 * i + 8],
                        &y[8 * i..8 * i + 8],
                        &leaves[i],
                    );
                }
            }
        }
        radix4_passes::<S, true>(simd, self.x, self.twiddles, self.ring, self.depth, self.k);
    }
}

/// The radix-4 passes over a piece, or their inverses.
#[inline(always)]
fn radix4_passes<S: Simd, const INVERSE: bool>(
    simd: S,
    x: &mut [Block],
    twiddles: &Twiddles,
    ring: usize,
    depth: usize,
    k: usize,
) {
    let count = x.len().ilog2() as usize / 2;
    for index in 0..count {
        let pass = if INVERSE { count - 1 - index } else { index };
        let len = x.len() >> (2 * pass);
        let table = &twiddles.radix4(ring, depth + 2 * pass)[k << (2 * pass)..];
        let blocks = 1 << (2 * pass);
        let table = &table[..blocks];
        for j in 0..blocks {
            let block = &mut x[j * len..(j + 1) * len];
            let (low, high) = block.split_at_mut(len / 2);
            let ((x0, x1), (x2, x3)) = (low.split_at_mut(len / 4), high.split_at_mut(len / 4));
            pass4::<S, INVERSE>(simd, [x0, x1, x2, x3], splat3(simd, &table[j]));
        }
    }
}

/// The last three halvings of eight blocks, the product, and the inverses.
#[inline(always)]
fn leaf_product<S: Simd, const BOTH: bool>(simd: S, x: &mut [Block], y: &[Block], leaf: &Leaf) {
    let (d4, d) = (Complex::load(simd, &leaf[0]), Complex::load(simd, &leaf[1]));
    let (d2, d3) = (Complex::load(simd, &leaf[2]), Complex::load(simd, &leaf[3]));
    // The roots of the second half are `d` times the eighth root of unity.
    let half = Complex::splat(simd, [std::f64::consts::FRAC_1_SQRT_2; 2]);
    let first = [d, d2, d3];
    let second = [d.mul(half), d2.mul_i(), d3.mul(half).mul_i()];
    let mut z = butterfly8(simd, x, d4, first, second);
    let other = if BOTH { butterfly8(simd, y, d4, first, second) } else { z };
    for i in 0..8 {
        z[i] = z[i].mul(other[i]);
    }
    let [z0, z1, z2, z3, z4, z5, z6, z7] = z;
    let (low, high) =
        (inverse_butterfly4([z0, z1, z2, z3], first), inverse_butterfly4([z4, z5, z6, z7], second));
    for i in 0..4 {
        z[i] = low[i].add(high[i]);
        z[i + 4] = low[i].sub(high[i]).mul_conj(d4);
    }
    let z = Complex::transpose(z);
    for i in 0..8 {
        z[i].store(&mut x[i]);
    }
}

#[inline(always)]
fn butterfly8<S: Simd>(
    simd: S,
    x: &[Block],
    d4: Complex<S::F64x8>,
    first: [Complex<S::F64x8>; 3],
    second: [Complex<S::F64x8>; 3],
) -> [Complex<S::F64x8>; 8] {
    let mut rows = [d4; 8];
    for i in 0..8 {
        rows[i] = Complex::load(simd, &x[i]);
    }
    let [a0, a1, a2, a3, a4, a5, a6, a7] = Complex::transpose(rows);
    let (b4, b5, b6, b7) = (a4.mul(d4), a5.mul(d4), a6.mul(d4), a7.mul(d4));
    let [y0, y1, y2, y3] = butterfly4([a0.add(b4), a1.add(b5), a2.add(b6), a3.add(b7)], first);
    let [y4, y5, y6, y7] = butterfly4([a0.sub(b4), a1.sub(b5), a2.sub(b6), a3.sub(b7)], second);
    [y0, y1, y2, y3, y4, y5, y6, y7]
}
