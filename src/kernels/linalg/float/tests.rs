//! Every type and level, sizes around tiles and blocks, and all layouts, beside the definition.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use num_complex::Complex;

use super::super::batch::{Batch, BatchMut};
use super::super::shape::MatmulShape;
use super::*;

/// A type whose products of small numbers are exact.
trait Exact: Float + num_traits::Zero {
    fn make(re: i32, im: i32) -> Self;

    /// Rounded to the type.
    fn rough(re: f64, im: f64) -> Self;
}

impl Exact for f32 {
    fn rough(re: f64, _im: f64) -> Self {
        re as f32
    }

    fn make(re: i32, _im: i32) -> Self {
        re as f32
    }
}

impl Exact for f64 {
    fn rough(re: f64, _im: f64) -> Self {
        re
    }

    fn make(re: i32, _im: i32) -> Self {
        f64::from(re)
    }
}

impl Exact for Complex<f32> {
    fn rough(re: f64, im: f64) -> Self {
        Complex::new(re as f32, im as f32)
    }

    fn make(re: i32, im: i32) -> Self {
        Complex::new(re as f32, im as f32)
    }
}

impl Exact for Complex<f64> {
    fn rough(re: f64, im: f64) -> Self {
        Complex::new(re, im)
    }

    fn make(re: i32, im: i32) -> Self {
        Complex::new(f64::from(re), f64::from(im))
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn number<T: Exact>(&mut self) -> T {
        T::make(self.below(9) as i32 - 4, self.below(7) as i32 - 3)
    }

    /// Memory for a matrix of any layout, with a border.
    fn memory<T: Exact>(&mut self, rows: usize, cols: usize) -> Array2<T> {
        Array2::from_shape_simple_fn((2 * rows + 4, 2 * cols + 4), || self.number())
    }
}

/// How the matrix lies in its memory: by rows, by columns, backwards, with gaps.
#[derive(Debug, Clone, Copy)]
struct Layout {
    by_cols: bool,
    step: isize,
}

const LAYOUTS: [Layout; 5] = [
    Layout { by_cols: false, step: 1 },
    Layout { by_cols: true, step: 1 },
    Layout { by_cols: false, step: 2 },
    Layout { by_cols: true, step: -1 },
    Layout { by_cols: false, step: -2 },
];

impl Layout {
    fn memory<T: Exact>(self, random: &mut Random, rows: usize, cols: usize) -> Array2<T> {
        if self.by_cols { random.memory(cols, rows) } else { random.memory(rows, cols) }
    }

    fn view<T>(self, memory: &mut Array2<T>, rows: usize, cols: usize) -> ArrayViewMut2<'_, T> {
        let (lines, len) = if self.by_cols { (cols, rows) } else { (rows, cols) };
        let apart = self.step.unsigned_abs();
        let mut view = memory.slice_mut(s![1..1 + lines, 1..1 + len * apart; apart]);
        if self.step < 0 {
            view.invert_axis(Axis(0));
            view.invert_axis(Axis(1));
        }
        if self.by_cols { view.reversed_axes() } else { view }
    }
}

/// Bytes of a block of b: few, so that a product of several blocks is short.
const BLOCK: usize = 1 << 16;

fn multiply_at<T: Exact>(
    level: Level,
    workers: usize,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayViewMut2<'_, T>,
) {
    multiply_in(BLOCK, level, workers, a, b, c);
}

fn multiply_in<T: Exact>(
    block_bytes: usize,
    level: Level,
    workers: usize,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayViewMut2<'_, T>,
) {
    let shape = MatmulShape::new(a.shape(), b.shape()).expect("shapes fit");
    let (a, b, mut c) = (a.into_dyn(), b.into_dyn(), c.into_dyn());
    let mut operands = Operands::new(Batch::new(&a, &[]), Batch::new(&b, &[]), BatchMut::new(&mut c));
    let split = Split::new(&shape, T::DTYPE, operands.cost_of_b(), workers);
    multiply_by_blocks(level, &mut operands, &split, &Work::with_threads(workers), block_bytes)
        .expect("memory is there");
}

fn reference<T: Exact>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<T> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        (0..a.ncols()).fold(T::default(), |sum, p| sum.multiply_add::<simd::Baseline>(a[[i, p]], b[[p, j]]))
    })
}

fn check<T: Exact>(random: &mut Random, [m, k, n]: [usize; 3], layouts: [Layout; 3]) {
    let [mut a, mut b] = [layouts[0].memory::<T>(random, m, k), layouts[1].memory::<T>(random, k, n)];
    let c = layouts[2].memory::<T>(random, m, n);
    let (a, b) = (layouts[0].view(&mut a, m, k), layouts[1].view(&mut b, k, n));
    let mut expected = c.clone();
    layouts[2].view(&mut expected, m, n).assign(&reference(a.view(), b.view()));
    for level in Level::available() {
        for workers in [1, 2] {
            let mut c = c.clone();
            multiply_at(level, workers, a.view(), b.view(), layouts[2].view(&mut c, m, n));
            // The border as well.
            assert!(c == expected, "{} {level:?} {m}x{k} {k}x{n} {layouts:?}", T::DTYPE.name());
        }
    }
}

#[test]
fn all_sizes_and_layouts_are_right_and_nothing_else_is_written() {
    fn sizes<T: Exact>() {
        let random = &mut Random(T::DTYPE as u64);
        for around in [1, 2, 3, 4, 6, 8, 12, 16, 24, 32] {
            let mut near = || around - 1 + random.below(3);
            let sizes = [near(), near(), near()];
            let layouts = [(); 3].map(|()| LAYOUTS[random.below(LAYOUTS.len())]);
            check::<T>(random, sizes, layouts);
        }
        for layout in LAYOUTS {
            check::<T>(random, [13, 9, 35], [layout, LAYOUTS[0], LAYOUTS[0]]);
            check::<T>(random, [13, 9, 35], [LAYOUTS[0], layout, LAYOUTS[0]]);
            check::<T>(random, [13, 9, 35], [LAYOUTS[0], LAYOUTS[0], layout]);
        }
        // More than a block along k, more columns and more rows than are read where they are.
        let depth = DEPTH_BYTES / size_of::<T::Part>();
        check::<T>(random, [7, depth + 1, 5], [LAYOUTS[0]; 3]);
        check::<T>(random, [5, 2 * depth + 3, 6], [LAYOUTS[1], LAYOUTS[1], LAYOUTS[0]]);
        check::<T>(random, [12 * PANELS_IN_PLACE[0] + 3, 3, COLS_IN_PLACE + 5], [LAYOUTS[0]; 3]);
        // More columns than a block has, both read where they are and packed.
        for rows in [3, 12 * PANELS_IN_PLACE[0] + 1] {
            check::<T>(random, [rows, 70, 2 * BLOCK / (70 * size_of::<T>()) + 9], [LAYOUTS[0]; 3]);
        }
    }
    sizes::<f32>();
    sizes::<f64>();
    sizes::<Complex<f32>>();
    sizes::<Complex<f64>>();
}

#[test]
fn what_is_repeated_is_right() {
    let random = &mut Random(1);
    let row = Array2::from_shape_simple_fn((1, 40), || random.number::<Complex<f64>>());
    let col = Array2::from_shape_simple_fn((40, 1), || random.number::<Complex<f64>>());
    let (a, b) = (row.broadcast((70, 40)).expect("fits"), col.broadcast((40, 80)).expect("fits"));
    for level in Level::available() {
        let mut c = Array2::zeros((70, 80));
        multiply_at(level, 1, a, b, c.view_mut());
        assert_eq!(c, reference(a, b));
    }
}

#[test]
fn infinity_times_zero_is_nan_and_stays_in_its_row() {
    let (mut a, b) =
        (Array2::from_elem((70, 90), 1.0), Array2::from_shape_fn((90, 80), |(_, j)| (j % 2) as f64));
    a[[65, 89]] = f64::INFINITY;
    let [a, b] = [&a, &b].map(|x| x.mapv(|x| Complex::new(x, 0.0)));
    for level in Level::available() {
        let mut c = Array2::zeros((70, 80));
        multiply_at(level, 1, a.view(), b.view(), c.view_mut());
        assert!(c.slice(s![65, 1..;2]).iter().all(|sum: &Complex<f64>| sum.re == f64::INFINITY));
        assert!(c.slice(s![65, ..;2]).iter().all(|sum| sum.re.is_nan()));
        assert!(c.slice(s![..65, ..]).iter().all(|sum| sum.re.is_finite() && sum.im == 0.0));
    }
}

#[test]
fn products_have_the_same_bits_in_every_layout_and_for_every_size_of_blocks() {
    fn same<T: Exact>() {
        let mut numbers = (1u32..).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 12) / 7.0);
        // Without a pattern, and with digits that are cut off.
        let mut rough = |rows, cols| {
            Array2::from_shape_simple_fn((rows, cols), || {
                T::rough(numbers.next().expect("endless"), numbers.next().expect("endless"))
            })
        };
        let (a, b) = (rough(30, 600), rough(600, 90));
        for level in Level::available() {
            let (mut c, mut by_cols) = (Array2::zeros((30, 90)), Array2::zeros((90, 30)));
            multiply_at(level, 1, a.view(), b.view(), c.view_mut());
            multiply_at(level, 1, a.view(), b.view(), by_cols.view_mut().reversed_axes());
            assert!(c == by_cols.reversed_axes(), "{} {level:?}", T::DTYPE.name());
            let mut small = Array2::zeros((30, 90));
            multiply_in(1 << 12, level, 1, a.view(), b.view(), small.view_mut());
            assert!(c == small, "{} {level:?}", T::DTYPE.name());
        }
    }
    same::<f32>();
    same::<f64>();
    same::<Complex<f32>>();
    same::<Complex<f64>>();
}
