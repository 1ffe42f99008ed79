//! Packing: the parts of both matrices that are in use, rearranged into the order of use.
//!
//! Both matrices are packed the same way, seen from the sum: a panel has a number of lanes
//! (rows of the left matrix, columns of the right one), and its groups follow each other along k.

// Loops over lanes with an index are what the compiler turns into vectors.

use super::matrix::Matrix;
use super::ring::{Number, Ring};

/// How a panel is stored.
trait Panel<R: Ring> {
    /// Puts a group into a lane, at a place along k.
    fn put(&mut self, place: usize, lane: usize, group: R::Group);
}

/// A panel of the left matrix: `HEIGHT` groups a place.
struct Left<'a, R: Ring, const HEIGHT: usize>(&'a mut [[R::Group; HEIGHT]]);

impl<R: Ring, const HEIGHT: usize> Panel<R> for Left<'_, R, HEIGHT> {
    #[inline(always)]
    fn put(&mut self, place: usize, lane: usize, group: R::Group) {
        self.0[place][lane] = group;
    }
}

/// A panel of the right matrix: `WIDTH` registers a place.
struct Right<'a, R: Ring, const WIDTH: usize>(&'a mut [[R::Right; WIDTH]]);

impl<R: Ring, const WIDTH: usize> Panel<R> for Right<'_, R, WIDTH> {
    #[inline(always)]
    fn put(&mut self, place: usize, lane: usize, group: R::Group) {
        R::set(&mut self.0[place][lane / R::LANES], lane % R::LANES, group);
    }
}

/// The number of groups along `k`.
#[inline(always)]
pub fn groups<R: Ring>(k: usize) -> usize {
    k.div_ceil(R::DEPTH)
}

/// Packs the rows of `a`, `HEIGHT` at most; the rows that are missing count as zero.
#[inline(always)]
pub fn pack_left<R, T, const HEIGHT: usize>(a: Matrix<'_, T>, panel: &mut [[R::Group; HEIGHT]])
where
    R: Ring,
    T: Number<Value = R::Value>,
{
    let (k, rows) = (a.cols, a.rows);
    if rows < HEIGHT {
        panel.fill([R::group(Default::default()); HEIGHT]);
    }
    if R::DEPTH == 1 && rows == HEIGHT && a.has_plain_cols() {
        for (place, groups) in panel.iter_mut().enumerate().take(k) {
            let col = &a.col(place, 0..HEIGHT)[..HEIGHT];
            for lane in 0..HEIGHT {
                groups[lane] = R::group([col[lane].value(); 4]);
            }
        }
    } else if rows == HEIGHT && a.has_plain_rows() && k % R::DEPTH == 0 {
        // One place after the other, so that what is written is in one piece.
        let panel = &mut panel[..k / R::DEPTH];
        let mut lines = [a.row(0, 0..k); HEIGHT];
        for (lane, line) in lines.iter_mut().enumerate() {
            *line = &a.row(lane, 0..k)[..panel.len() * R::DEPTH];
        }
        for (place, groups) in panel.iter_mut().enumerate() {
            for lane in 0..HEIGHT {
                groups[lane] = neighbours::<R, T>(lines[lane], place);
            }
        }
    } else {
        pack::<R, T, _>(a.transposed(), &mut Left::<R, HEIGHT>(panel));
    }
}

/// The group at `place` of a line of elements along k.
#[inline(always)]
fn neighbours<R, T>(line: &[T], place: usize) -> R::Group
where
    R: Ring,
    T: Number<Value = R::Value>,
{
    let from = place * R::DEPTH;
    let values = &line[from..from + R::DEPTH];
    let mut group = [values[0].value(); 4];
    for depth in 1..R::DEPTH {
        group[depth] = values[depth].value();
    }
    R::group(group)
}

/// Packs the columns of `b`, `WIDTH` registers at most; those that are missing count as zero.
#[inline(always)]
pub fn pack_right<R, T, const WIDTH: usize>(b: Matrix<'_, T>, panel: &mut [[R::Right; WIDTH]])
where
    R: Ring,
    T: Number<Value = R::Value>,
{
    let (k, cols) = (b.rows, b.cols);
    if cols < WIDTH * R::LANES {
        panel.fill([R::right(); WIDTH]);
    }
    if R::DEPTH == 1 && cols < WIDTH * R::LANES && b.has_plain_rows() {
        for (place, registers) in panel.iter_mut().enumerate() {
            for (v, row) in b.row(place, 0..cols).chunks(R::LANES).enumerate() {
                for (lane, &element) in row.iter().enumerate() {
                    R::set(&mut registers[v], lane, R::group([element.value(); 4]));
                }
            }
        }
    } else if cols == WIDTH * R::LANES && b.has_plain_rows() && k % R::DEPTH == 0 {
        for (place, registers) in panel.iter_mut().enumerate() {
            for (v, register) in registers.iter_mut().enumerate() {
                let from = v * R::LANES;
                let row = |depth: usize| {
                    let depth = if depth < R::DEPTH { depth } else { 0 };
                    &b.row(place * R::DEPTH + depth, from..from + R::LANES)[..R::LANES]
                };
                let rows = [row(0), row(1), row(2), row(3)];
                for lane in 0..R::LANES {
                    let values = [
                        rows[0][lane].value(),
                        rows[1][lane].value(),
                        rows[2][lane].value(),
                        rows[3][lane].value(),
                    ];
                    R::set(register, lane, R::group(values));
                }
            }
        }
    } else {
        pack::<R, T, _>(b, &mut Right::<R, WIDTH>(panel));
    }
}

/// Packs the columns of `b` as the lanes of a panel, whatever the steps.
#[inline(always)]
fn pack<R, T, P>(b: Matrix<'_, T>, panel: &mut P)
where
    R: Ring,
    T: Number<Value = R::Value>,
    P: Panel<R>,
{
    let k = b.rows;
    let whole = k / R::DEPTH;
    for lane in 0..b.cols {
        if b.has_plain_cols() {
            let col = b.col(lane, 0..k);
            for place in 0..whole {
                panel.put(place, lane, neighbours::<R, T>(col, place));
            }
        } else {
            for place in 0..whole {
                let mut values = [b.get(place * R::DEPTH, lane).value(); 4];
                for depth in 1..R::DEPTH {
                    values[depth] = b.get(place * R::DEPTH + depth, lane).value();
                }
                panel.put(place, lane, R::group(values));
            }
        }
        if whole * R::DEPTH < k {
            let mut values = <[R::Value; 4]>::default();
            for (value, row) in values.iter_mut().zip(whole * R::DEPTH..k) {
                *value = b.get(row, lane).value();
            }
            panel.put(whole, lane, R::group(values));
        }
    }
}
