//! Every element type, level, layout and way to split, beside the definition.

use half::f16;
use ndarray::{ArrayD, IxDyn, Slice};
use num_complex::Complex;

use super::*;
use crate::dtype::{Bool, DType, dispatch};
use crate::error::{Error, ShapeRule};

/// An element type whose products can be checked exactly.
trait Exact: Product {
    /// The element for a small integer.
    fn small(value: i64) -> Self;
    /// The definition: the sum along k of products.
    fn dot(products: impl Iterator<Item = (Self, Self)>) -> Self;
}

// Macros, as `as` and the exact types of the sums have no trait.
macro_rules! exact_integers {
    ($($type:ty)*) => { $(
        impl Exact for $type {
            fn small(value: i64) -> Self {
                // All bits are in use.
                (value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as $type
            }
            fn dot(products: impl Iterator<Item = (Self, Self)>) -> Self {
                products.fold(0, |sum, (a, b)| sum.wrapping_add(a.wrapping_mul(b)))
            }
        }
    )* };
}
exact_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! exact_floats {
    ($($type:ty, $make:expr;)*) => { $(
        impl Exact for $type {
            fn small(value: i64) -> Self {
                $make((value % 5) as f32 * 0.5, (value % 3) as f32)
            }
            fn dot(products: impl Iterator<Item = (Self, Self)>) -> Self {
                products.fold($make(0.0, 0.0), |sum, (a, b)| sum + a * b)
            }
        }
    )* };
}
exact_floats! {
    f16, |re: f32, _| f16::from_f32(re);
    f32, |re: f32, _| re;
    f64, |re: f32, _| f64::from(re);
    Complex<f32>, |re: f32, im: f32| Complex::new(re, im);
    Complex<f64>, |re: f32, im: f32| Complex::new(f64::from(re), f64::from(im));
}

impl Exact for Bool {
    fn small(value: i64) -> Self {
        // True is any byte but zero.
        Bool(if value % 7 == 0 { value as u8 | 2 } else { 0 })
    }
    fn dot(products: impl Iterator<Item = (Self, Self)>) -> Self {
        Bool::from(products.fold(false, |any, (a, b)| any | (a.get() & b.get())))
    }
}

fn sample<T: Exact>(shape: &[usize], seed: i64) -> ArrayD<T> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = (state * 1103 + 12345) % 65521;
        T::small(state % 64 - 31)
    })
}

/// A copy with another layout: its axes in reverse order in memory, every other element, or
/// backwards.
fn relaid<T: Exact>(array: &ArrayD<T>, layout: usize) -> ArrayD<T> {
    match layout {
        0 => array.clone(),
        1 => array.t().as_standard_layout().to_owned().reversed_axes(),
        2 => {
            let mut shape = array.shape().to_vec();
            *shape.last_mut().expect("an axis") *= 2;
            let mut wide = ArrayD::from_elem(IxDyn(&shape), T::small(1));
            let axis = Axis(shape.len() - 1);
            wide.slice_axis_mut(axis, Slice::new(0, None, 2)).assign(array);
            wide.slice_axis_inplace(axis, Slice::new(0, None, 2));
            wide
        }
        _ => {
            let mut turned = array.clone();
            turned.invert_axis(Axis(0));
            let mut turned = turned.as_standard_layout().to_owned();
            turned.invert_axis(Axis(0));
            turned
        }
    }
}

fn reference<T: Exact>(shape: &MatmulShape, a: &ArrayD<T>, b: &ArrayD<T>) -> ArrayD<T> {
    let (m, k, n) = (shape.m, shape.k, shape.n);
    let full = |x: usize, y: usize| [&shape.batch[..], &[x, y]].concat();
    let a = if a.ndim() == 1 { a.clone().insert_axis(Axis(0)) } else { a.clone() };
    let b = if b.ndim() == 1 { b.clone().insert_axis(Axis(1)) } else { b.clone() };
    let (a, b) = (
        a.broadcast(full(m, k)).expect("fits").to_owned(),
        b.broadcast(full(k, n)).expect("fits").to_owned(),
    );
    let (a, b) = (a.iter().copied().collect::<Vec<_>>(), b.iter().copied().collect::<Vec<_>>());
    let mut c = Vec::new();
    for index in 0..shape.count {
        for i in 0..m {
            for j in 0..n {
                c.push(T::dot((0..k).map(|p| (a[(index * m + i) * k + p], b[(index * k + p) * n + j]))));
            }
        }
    }
    ArrayD::from_shape_vec(IxDyn(&shape.result().expect("memory is there")), c)
        .expect("as many as the shape says")
}

/// Checks one product on every level for two numbers of threads.
fn check<T: Exact>(a: &ArrayD<T>, b: &ArrayD<T>, c_layout: usize) {
    let shape = MatmulShape::new(a.shape(), b.shape()).expect("shapes fit");
    let expected = reference(&shape, a, b);
    for level in Level::available() {
        for workers in [1, 3] {
            let blank = ArrayD::from_elem(IxDyn(&shape.result().expect("memory is there")), T::small(3));
            let mut c = if blank.ndim() > 0 { relaid(&blank, c_layout) } else { blank };
            let work = Work::with_threads(workers);
            matmul_at(level, &shape, a.view(), b.view(), c.view_mut(), &work).expect("memory is there");
            assert!(
                c == expected,
                "{} {level:?} {workers} threads: {:?} x {:?}",
                T::DTYPE.name(),
                a.shape(),
                b.shape()
            );
        }
    }
}

#[test]
fn products_of_all_sizes_around_a_tile_are_right() {
    fn sizes<T: Exact>() {
        for (m, k, n) in
            [(1, 1, 1), (4, 4, 4), (8, 8, 8), (13, 5, 7), (3, 9, 33), (25, 6, 65), (5, 67, 18), (2, 3, 17)]
        {
            check::<T>(&sample(&[m, k], 1), &sample(&[k, n], 2), 0);
        }
    }
    for &dtype in DType::ALL {
        dispatch!(dtype, T => sizes::<T>());
    }
}

#[test]
fn every_layout_of_operands_and_result_is_right() {
    fn layouts<T: Exact>() {
        let (a, b) = (sample::<T>(&[14, 9], 3), sample::<T>(&[9, 19], 4));
        for layout in 1..4 {
            check(&relaid(&a, layout), &b, 0);
            check(&a, &relaid(&b, layout), 0);
            check(&relaid(&a, layout), &relaid(&b, layout), layout);
        }
        // Columns that are far apart, and more of them than are copied at a time.
        check(&relaid(&sample::<T>(&[256, 12], 5), 1), &sample(&[12, 9], 6), 0);
        check(&sample(&[5, 140], 7), &relaid(&sample::<T>(&[140, 9], 8), 1), 0);
    }
    for &dtype in DType::ALL {
        dispatch!(dtype, T => layouts::<T>());
    }
}

#[test]
fn vectors_and_stacks_are_right() {
    fn shapes<T: Exact>() {
        for (a, b) in [
            (&[5][..], &[5][..]),
            (&[5], &[5, 3]),
            (&[4, 5], &[5]),
            (&[70, 3, 3], &[70, 3, 3]),
            (&[3, 8, 8], &[3, 8, 8]),
            (&[5, 16, 16], &[5, 16, 16]),
            (&[70, 90], &[90]),
            (&[90], &[90, 70]),
            (&[5], &[2, 5, 3]),
            (&[2, 4, 5], &[5]),
            (&[3, 1, 2, 4], &[2, 4, 3]),
            (&[2, 3, 4], &[4, 5]),
            (&[2, 3, 20, 30], &[1, 30, 4]),
            (&[3, 20, 30], &[30]),
            (&[0, 3, 4], &[4, 5]),
            (&[3, 0], &[0, 4]),
            (&[0], &[0]),
            (&[0, 3], &[3, 4]),
            (&[2, 3], &[3, 0]),
        ] {
            check::<T>(&sample(a, 5), &sample(b, 6), 0);
        }
    }
    for &dtype in DType::ALL {
        dispatch!(dtype, T => shapes::<T>());
    }
}

#[test]
fn a_stack_whose_rows_follow_each_other_is_one_matrix_beside_one() {
    let (a, b, c) = (sample::<f64>(&[2, 3, 4, 5], 1), sample::<f64>(&[5, 2], 2), [2, 3, 4, 2]);
    let mut c = ArrayD::<f64>::zeros(&c[..]);
    let shape = MatmulShape::new(a.shape(), b.shape()).expect("shapes fit");
    assert!(is_one_matrix(&shape, &a.view(), &b.view(), &c.view_mut()));
    let tall = shape.of_one_matrix();
    assert_eq!((tall.batch.len(), tall.count, tall.m, tall.k, tall.n), (0, 1, 24, 5, 2));
    assert_eq!(rows_of(a.view()), a.to_shape((24, 5)).expect("as many").into_dyn());
    // Rows that do not follow each other, of either stack, and a stack on the right.
    let apart = |a: &ArrayD<f64>| {
        let shape = [a.shape()[0], a.shape()[1], a.shape()[2] + 1, a.shape()[3]];
        let mut view = ArrayD::<f64>::zeros(&shape[..]);
        view.slice_axis_inplace(Axis(2), Slice::from(..-1));
        view
    };
    assert!(!is_one_matrix(&shape, &apart(&a).view(), &b.view(), &c.view_mut()));
    assert!(!is_one_matrix(&shape, &a.view(), &b.view(), &apart(&c).view_mut()));
    let stack = sample::<f64>(&[3, 5, 2], 2);
    assert!(!is_one_matrix(&shape, &a.view(), &stack.view(), &c.view_mut()));
}

#[test]
fn contiguous_arrays_are_right_also_without_elements() {
    for (a, b) in [
        (&[3, 4][..], &[4, 5][..]),
        (&[3, 3], &[3, 0]),
        (&[0, 3], &[3, 2]),
        (&[2, 0], &[0, 2]),
        (&[4, 2, 3], &[4, 3, 2]),
        (&[4, 2, 3], &[4, 3, 0]),
        (&[0, 2, 3], &[0, 3, 2]),
    ] {
        let (shape, a, b) =
            (MatmulShape::new(a, b).expect("shapes fit"), sample::<i32>(a, 1), sample::<i32>(b, 2));
        let expected = reference(&shape, &a, &b);
        let mut c = vec![7; expected.len()];
        let slice = |array: &ArrayD<i32>| array.iter().copied().collect::<Vec<_>>();
        matmul_contiguous(&shape, &slice(&a), &slice(&b), &mut c, &Work::serial()).expect("memory is there");
        assert_eq!(c, slice(&expected));
    }
}

#[test]
fn sums_longer_than_a_block_are_right() {
    fn long<T: Exact>() {
        check::<T>(&sample(&[2, 2500], 7), &sample(&[2500, 3], 8), 0);
        check::<T>(&sample(&[5, 601], 7), &sample(&[601, 19], 8), 1);
        // Of a column, more than is summed at a time; of a row, every remainder of a cache line.
        check::<T>(&sample(&[3, 8200], 7).reversed_axes(), &sample(&[3], 8), 0);
        for k in 64..80 {
            check::<T>(&sample(&[9, k], 7), &sample(&[k], 8), 0);
            check::<T>(&sample(&[9, k], 7).reversed_axes(), &sample(&[9], 8), 0);
        }
    }
    long::<i8>();
    long::<i16>();
    long::<u32>();
    long::<i64>();
    long::<f32>();
    long::<f64>();
    long::<Complex<f32>>();
    long::<Complex<f64>>();
    long::<Bool>();
}

#[test]
fn long_rows_times_a_vector_are_right() {
    fn long<T: Exact>() {
        // More than one piece, and a remainder.
        check::<T>(&sample(&[3, (1 << 18) + 7], 7), &sample(&[(1 << 18) + 7], 8), 0);
    }
    long::<f64>();
    long::<Complex<f32>>();
}

#[test]
fn a_long_row_times_a_long_column_is_right_and_the_same_on_any_number_of_threads() {
    fn long<T: Exact>() {
        for k in [(1 << 15) - 1, 1 << 15, (5 << 14) + 7] {
            let (mut a, b) = (sample::<T>(&[1, 1, 2 * k], 7), sample::<T>(&[k], 8));
            // Every other element, of the only row of the only matrix.
            a.slice_axis_inplace(Axis(2), Slice::new(0, None, 2));
            check::<T>(&a, &b, 0);
            check::<T>(&b, &b, 0);
        }
    }
    long::<f32>();
    long::<f64>();
    long::<Complex<f64>>();
    let rounded: Vec<f64> = (0..100_000).map(|i| f64::from(i).sin()).collect();
    let rounded = ArrayD::from_shape_vec(IxDyn(&[rounded.len()]), rounded).expect("as long");
    let shape = MatmulShape::new(rounded.shape(), rounded.shape()).expect("shapes fit");
    let bits = [1, 2, 3, 7].map(|workers| {
        let mut product = ArrayD::zeros(IxDyn(&[]));
        matmul(&shape, rounded.view(), rounded.view(), product.view_mut(), &Work::with_threads(workers))
            .expect("memory");
        product.sum().to_bits()
    });
    assert!(bits.iter().all(|&other| other == bits[0]));
}

#[test]
fn parts_are_split_and_cover_everything_once() {
    for (a, b) in
        [([700, 300], [300, 200]), ([200, 300], [300, 700]), ([12, 9000], [9000, 70]), ([30, 30], [30, 30])]
    {
        for workers in [1, 2, 5] {
            let shape = MatmulShape::new(&a, &b).expect("shapes fit");
            let split = Split::new(&shape, DType::F64, 1, workers);
            let mut seen = vec![0; shape.m * shape.n];
            for index in 0..split.parts() {
                let [matrices, rows, cols] = split.part(index);
                assert_eq!(matrices, 0..1);
                for row in rows {
                    for col in cols.clone() {
                        seen[row * shape.n + col] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|&times| times == 1));
        }
    }
}

/// Numbers without a pattern, and one that is not finite if asked for.
fn rough<T: Exact>(shape: [usize; 2], make: fn(f64, f64) -> T, special: f64) -> ArrayD<T> {
    let value = |i: usize| ((i as u64 * 7919 % 1009) as f64).sqrt() - 15.0;
    let mut values: Vec<_> = (0..shape[0] * shape[1]).map(|i| make(value(i), value(i + 500))).collect();
    let last = values.len() - 1;
    values[last.min(shape[1] + 1)] = make(special, 1.0);
    ArrayD::from_shape_vec(IxDyn(&shape), values).expect("as many as the shape says")
}

#[test]
fn floats_have_the_same_bits_for_every_split_and_on_all_levels_that_fuse() {
    fn same<T: Exact>(make: fn(f64, f64) -> T, is_real: bool) {
        let (long, short) = if is_real { (350, 130) } else { (150, 70) };
        for ([m, k, n], special) in [
            ([long, 600, short], 1.0),
            ([short, 600, long], f64::INFINITY),
            ([2000, 1600, 1], 1.0),
            ([1, 1600, 2000], 1.0),
        ] {
            let (a, b) = (rough([m, k], make, special), rough([k, n], make, 2.0));
            let shape = MatmulShape::new(a.shape(), b.shape()).expect("shapes fit");
            let product = |level, workers| {
                let mut c = ArrayD::<T>::from_elem(IxDyn(&[m, n]), T::small(3));
                let work = Work::with_threads(workers);
                assert!(workers == 1 || Split::new(&shape, T::DTYPE, 1, workers).parts() > 1);
                matmul_at(level, &shape, a.view(), b.view(), c.view_mut(), &work).expect("memory");
                c.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>()
            };
            let mut fused = Vec::new();
            for level in Level::available() {
                let one = product(level, 1);
                let is_same = one == product(level, 2) && one == product(level, 5);
                assert!(is_same, "{level:?} {}", T::DTYPE.name());
                if level > Level::Baseline || <simd::Baseline as simd::Token>::FUSES {
                    fused.push(one);
                }
            }
            assert!(fused.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
    same::<f32>(|re, _| re as f32, true);
    same::<f64>(|re, _| re, true);
    same::<Complex<f32>>(|re, im| Complex::new(re as f32, im as f32), false);
    same::<Complex<f64>>(Complex::new, false);
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    for (a, b, rule) in [
        (&[][..], &[2][..], ShapeRule::Axes),
        (&[2], &[], ShapeRule::Axes),
        (&[2], &[3], ShapeRule::Inner),
        (&[2, 3], &[2, 3], ShapeRule::Inner),
        (&[2, 1, 1], &[3, 1, 1], ShapeRule::Batch),
    ] {
        assert_eq!(MatmulShape::new(a, b), Err(Error::Shapes { got: [a.to_vec(), b.to_vec()], rule }));
    }
    assert_eq!(
        MatmulShape::new(&[0, 1, 3], &[4, 1, 3, 2]).and_then(|shape| shape.result()),
        Ok(vec![4, 0, 1, 2])
    );
}
