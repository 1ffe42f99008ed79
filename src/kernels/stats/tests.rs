//! The kernels against the definition, at every CPU level.

use half::f16;
use ndarray::ArrayView2;

use super::block::moments_at;
use super::*;
use crate::dtype::Bool;
use crate::parallel::Work;
use crate::simd::Level;

/// Lengths around every edge: lanes, blocks, and the tails of both.
const LENGTHS: [usize; 14] = [0, 1, 2, 15, 16, 17, 31, 100, 1000, 1023, 1024, 1025, 2048 + 7, 5000];

fn at_every_level<T: Sample>(data: &[T]) -> Moments<T::Key, T::Center> {
    let expected = moments_at::<T, T::Center, false>(Level::Baseline, data);
    for level in Level::available() {
        assert_eq!(bits(&moments_at::<T, T::Center, false>(level, data)), bits(&expected));
    }
    expected
}

fn bits<K: Key, C: Center>(moments: &Moments<K, C>) -> String {
    let CentralMoments { mean, mean_low, squares, squares_low, exponent } = moments.central();
    let center = [mean, mean_low, squares, squares_low].map(f64::to_bits);
    format!("{} {:?} {exponent} {:?}", moments.count(), center, moments.extremes())
}

/// Mean and variance by exact integer arithmetic of values that are whole numbers.
fn naive(data: &[i128]) -> (f64, f64) {
    let n = data.len() as i128;
    let sum: i128 = data.iter().sum();
    // n² var = n Σx² - (Σx)², with values shifted so that the products fit.
    let first = data[0];
    let shifted: i128 = data.iter().map(|x| x - first).sum();
    let squares: i128 = data.iter().map(|x| (x - first) * (x - first)).sum();
    (sum as f64 / n as f64, (n * squares - shifted * shifted) as f64 / (n * n) as f64)
}

fn assert_close(got: f64, expected: f64, tolerance: f64) {
    assert!(
        (got - expected).abs() <= tolerance * expected.abs() || got.to_bits() == expected.to_bits(),
        "got {got:e}, expected {expected:e}"
    );
}

fn whole_numbers<T: Sample>(from: impl Fn(i128) -> T) {
    for len in LENGTHS {
        let numbers: Vec<i128> = (0..len as i128).map(|i| (i * i * 7 + 3 * i) % 2).collect();
        let moments = at_every_level(&numbers.iter().map(|&x| from(x)).collect::<Vec<_>>());
        assert_eq!(moments.count(), len as u64);
        if len == 0 {
            assert!(moments.mean().is_nan() && moments.var(0.0).is_nan() && moments.extremes().is_none());
            continue;
        }
        let (mean, var) = naive(&numbers);
        assert_close(moments.mean(), mean, 1e-15);
        assert_close(moments.var(0.0), var, 1e-14);
        let (min, max) = moments.extremes().expect("there are elements");
        let key = |x: Option<&i128>| from(*x.expect("there are elements")).key();
        assert_eq!((min, max), (key(numbers.iter().min()), key(numbers.iter().max())));
    }
}

#[test]
fn a_measure_is_what_it_is_named_for() {
    let moments = moments::<f64>(&[1.0, 2.0, 6.0]);
    let measured = [
        (Measure::Weight, 3.0),
        (Measure::Mean, 3.0),
        (Measure::Var { ddof: 1.0 }, 7.0),
        (Measure::Std { ddof: 1.0 }, 7f64.sqrt()),
    ];
    for (measure, value) in measured {
        assert_eq!(moments.measure(measure), value);
    }
}

#[test]
fn every_type_gives_the_moments_of_its_numbers() {
    whole_numbers(|x| x as i8);
    whole_numbers(|x| x as i16);
    whole_numbers(|x| x as i32);
    whole_numbers(|x| x as i64);
    whole_numbers(|x| x as u8);
    whole_numbers(|x| x as u16);
    whole_numbers(|x| x as u32);
    whole_numbers(|x| x as u64);
    whole_numbers(|x| x as f32);
    whole_numbers(|x| x as f64);
    whole_numbers(|x| f16::from_f64(x as f64));
    whole_numbers(|x| Bool(if x == 0 { 0 } else { 2 }));
}

#[test]
fn an_offset_costs_no_digits() {
    for offset in [0, 1_000_000_000, 1_000_000_000_000_000] {
        for len in [10, 1000, 1025, 40_000] {
            let numbers: Vec<i128> = (0..len).map(|i| offset + (i * 7919 + i * i) % 101).collect();
            let (mean, var) = naive(&numbers);
            let moments = at_every_level(&numbers.iter().map(|&x| x as f64).collect::<Vec<_>>());
            assert_close(moments.mean(), mean, 2e-16);
            assert_close(moments.var(0.0), var, 4e-15);
        }
    }
}

#[test]
fn integers_beyond_two_to_the_53_are_exact() {
    let numbers: Vec<i128> = (0..5000).map(|i| (1 << 62) + (i * 7919) % 101).collect();
    let (mean, var) = naive(&numbers);
    let moments = at_every_level(&numbers.iter().map(|&x| x as i64).collect::<Vec<_>>());
    assert_close(moments.mean(), mean, 0.0);
    assert_close(moments.var(0.0), var, 4e-15);
    assert_eq!(moments.extremes(), Some((1 << 62, (1 << 62) + 100)));
    assert_eq!(at_every_level(&[i64::MIN, i64::MAX]).mean(), -0.5);
    assert_eq!(at_every_level(&[0, u64::MAX]).mean(), u64::MAX as f64 / 2.0);
    assert_eq!(at_every_level(&[-(1i64 << 61), 1 << 61, 5]).mean(), 5.0 / 3.0);
}

/// Integers of a span, some of them at its ends, around a center.
fn integers(len: usize, span: u128, center: i128) -> Vec<i128> {
    let step = |i: usize| (i as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 30;
    let value = |i: usize| match i % 7 {
        3 => 0,
        5 => span,
        _ => step(i + 1) % (span + 1),
    };
    (0..len).map(|i| center - (span / 2) as i128 + value(i) as i128).collect()
}

/// The state by the definition.
fn sums(data: &[i128]) -> IntegerSums {
    let mut sums = IntegerSums::default();
    data.iter().for_each(|&value| sums.merge(&IntegerSums::of(value)));
    assert_eq!(sums.sum(), data.iter().sum::<i128>());
    sums
}

/// Integers of a type as slices, rows and columns, short and long, alone and among others of any span.
fn exact_integers<T: Sample<Key: ToNumber, Center = IntegerSums>>(
    least: i128,
    most: i128,
    from: impl Fn(i128) -> T,
) {
    let work = Work::serial();
    for bits in [0, 1, 2, 8, 15, 16, 21, 22, 23, 24, 25, 26, 31, 32, 40, 51, 52, 53, 63, 64] {
        let span = ((1u128 << bits) - 1).min((most - least) as u128);
        let half = (span / 2) as i128;
        for center in [least + half, 0, most - (span as i128 - half)] {
            if center - half < least || center + (span as i128 - half) > most {
                continue;
            }
            for len in [1, 2, 5, 17, 1000, 1025, 5000, 13_000] {
                let numbers = integers(len, span, center);
                let data: Vec<T> = numbers.iter().map(|&x| from(x)).collect();
                let got = at_every_level(&data);
                assert_eq!(got.center(), sums(&numbers), "{bits} bits around {center}, {len} of them");
                let extremes = numbers.iter().min().zip(numbers.iter().max());
                assert_eq!(got.extremes(), extremes.map(|(&min, &max)| (from(min).key(), from(max).key())));
            }
            for (rows, columns) in [(3, 20), (40, 5), (1100, 18)] {
                let numbers = integers(rows * columns, span, center);
                let data: Vec<T> = numbers.iter().map(|&x| from(x)).collect();
                let view = ArrayView2::from_shape((rows, columns), &data).expect("it fits").into_dyn();
                let down = along(view.view(), None, false, &[0], &work).expect("it fits");
                for (column, moments) in down.iter().enumerate() {
                    let line: Vec<i128> = numbers.iter().skip(column).step_by(columns).copied().collect();
                    assert_eq!(moments.center(), sums(&line), "{bits} bits around {center}, column {column}");
                }
                let across = along(view, None, false, &[1], &work).expect("it fits");
                for (row, moments) in across.iter().enumerate() {
                    let line = &numbers[row * columns..(row + 1) * columns];
                    assert_eq!(moments.center(), sums(line), "{bits} bits around {center}, row {row}");
                }
            }
        }
    }
}

#[test]
fn integers_of_32_bits_are_exact() {
    exact_integers(i32::MIN.into(), i32::MAX.into(), |x| x as i32);
    exact_integers(0, u32::MAX.into(), |x| x as u32);
}

#[test]
fn integers_of_fewer_bits_are_exact() {
    exact_integers(i8::MIN.into(), i8::MAX.into(), |x| x as i8);
    exact_integers(i16::MIN.into(), i16::MAX.into(), |x| x as i16);
    exact_integers(0, u8::MAX.into(), |x| x as u8);
    exact_integers(0, u16::MAX.into(), |x| x as u16);
}

#[test]
fn integers_of_64_bits_are_exact() {
    exact_integers(i64::MIN.into(), i64::MAX.into(), |x| x as i64);
    exact_integers(0, u64::MAX.into(), |x| x as u64);
}

#[test]
fn a_block_far_from_the_others_costs_them_nothing() {
    for far in [1i128 << 23, 1 << 33, 1 << 50, 1 << 54, 1 << 62] {
        let mut numbers = integers(30_000, 1000, 7);
        numbers[5000] = far;
        numbers[20_000..29_000].iter_mut().for_each(|number| *number += far);
        let data: Vec<i64> = numbers.iter().map(|&x| x as i64).collect();
        assert_eq!(at_every_level(&data).center(), sums(&numbers));
        let whole: Vec<f64> = data.iter().map(|&x| x as f64).collect();
        if far < 1 << 53 {
            assert_eq!(moments_of_whole_numbers(&whole).center(), sums(&numbers));
        }
    }
}

#[test]
fn a_constant_has_no_deviation() {
    for len in LENGTHS {
        let moments = at_every_level(&vec![0.1; len]);
        if len > 0 {
            assert_eq!((moments.mean(), moments.var(0.0)), (0.1, 0.0));
        }
    }
}

#[test]
fn what_is_not_finite_goes_where_numpy_puts_it() {
    for len in [1, 5, 17, 1024, 3000] {
        for at in [0, len / 2, len - 1] {
            for (value, mean, extreme) in [
                (f64::NAN, f64::NAN, f64::NAN),
                (f64::INFINITY, f64::INFINITY, f64::INFINITY),
                (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
            ] {
                let mut data = vec![1.0; len];
                data[at] = value;
                let moments = at_every_level(&data);
                assert_close(moments.mean(), mean, 0.0);
                assert!(moments.var(0.0).is_nan());
                if len > 1 {
                    assert_close(moments.max(), extreme, 0.0);
                }
            }
        }
    }
    let both = at_every_level(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]);
    assert!(both.mean().is_nan() && both.max() == f64::INFINITY && both.min() == f64::NEG_INFINITY);
    let mut infinite = at_every_level(&[f64::INFINITY]);
    infinite.merge(&at_every_level(&[f64::INFINITY, 2.0]));
    assert_eq!((infinite.mean(), infinite.count()), (f64::INFINITY, 3));
}

#[test]
fn a_sum_larger_than_any_float_has_a_mean() {
    for len in [2, 16, 2000] {
        let moments = at_every_level(&vec![1.5e308; len]);
        assert_eq!((moments.mean(), moments.max(), moments.var(0.0)), (1.5e308, 1.5e308, 0.0));
    }
}

#[test]
fn floats_of_every_magnitude_have_all_digits() {
    // From where what rounding takes is a float up to the largest one.
    for exponent in [-900, -700, -540, -500, -460, -300, 0, 300, 440, 460, 500, 520, 700, 1000, 1019] {
        let unit = 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        for len in [2, 5, 17, 300, 5000] {
            let numbers: Vec<i128> = (0..len).map(|i| (i * 7919 + i * i) % 15 - 3).collect();
            let (mean, var) = naive(&numbers);
            let data: Vec<f64> = numbers.iter().map(|&x| x as f64 * unit).collect();
            let single = at_every_level(&data);
            let mut merged = Moments::default();
            data.iter().for_each(|&x| merged.update(&[x]));
            let view = ArrayView2::from_shape((data.len(), 1), &data).expect("it fits").into_dyn();
            let row = along(view.view(), None, false, &[0], &Work::serial()).expect("it fits")[0].narrow();
            let columns = view.broadcast((data.len(), 20)).expect("it fits").to_owned().into_dyn();
            let column =
                along(columns.view(), None, false, &[0], &Work::serial()).expect("it fits")[7].narrow();
            for moments in [single, merged, row, column] {
                assert_close(moments.mean(), mean * unit, 2e-16);
                assert_close(moments.std(0.0), var.sqrt() * unit, 4e-16);
                assert_close(moments.var(0.0), var * unit * unit, 5e-16);
            }
        }
    }
    for data in [[f64::MAX, f64::MAX, -f64::MAX, f64::MAX], [f64::MAX; 4], [1e308, -1e308, 1e-300, 0.0]] {
        let moments = at_every_level(&data);
        let scaled: f64 = data.iter().map(|x| x / 4.0).sum();
        assert_eq!(moments.mean(), scaled);
    }
}

#[test]
fn one_large_float_among_many_has_a_finite_variance() {
    let mut data = vec![0.0; 100_000];
    data[70_000] = 1e155;
    let moments = at_every_level(&data);
    // n² / n (1 - 1/n), over n.
    assert_close(moments.var(0.0), 1e305 * (1.0 - 1e-5), 1e-15);
}

#[test]
fn nan_is_skipped_where_asked() {
    for len in LENGTHS {
        for step in [1, 2, 3, 50] {
            let data: Vec<f64> = (0..len).map(|i| if i % step == 0 { f64::NAN } else { i as f64 }).collect();
            let numbers: Vec<f64> = data.iter().copied().filter(|x| !x.is_nan()).collect();
            let expected = moments(&numbers);
            let base = moments_at::<f64, CentralMoments, true>(Level::Baseline, &data);
            for level in Level::available() {
                assert_eq!(bits(&moments_at::<f64, CentralMoments, true>(level, &data)), bits(&base));
            }
            assert_eq!((base.count(), base.extremes()), (expected.count(), expected.extremes()));
            assert_close(base.mean(), expected.mean(), 1e-15);
            assert_close(base.var(1.0), expected.var(1.0), 1e-14);
        }
    }
}

#[test]
fn merging_gives_the_moments_of_all() {
    let data: Vec<f64> = (0..9000).map(|i| 1e9 + f64::from(i * 7919 % 1009)).collect();
    let whole = moments(&data);
    for cut in [0, 1, 100, 4500, 8999, 9000] {
        let (left, right) = data.split_at(cut);
        for (first, second) in [(left, right), (right, left)] {
            let mut merged = Moments::default();
            merged.update(first);
            merged.merge(&moments(second));
            assert_eq!((merged.count(), merged.min(), merged.max()), (9000, whole.min(), whole.max()));
            assert_close(merged.mean(), whole.mean(), 0.0);
            assert_close(merged.var(1.0), whole.var(1.0), 1e-15);
        }
    }
    let three = moments(&[1.0, 2.0]).repeated(3);
    assert_eq!((three.count(), three.mean(), three.var(0.0)), (6, 1.5, 0.25));
}

#[test]
fn a_nan_in_any_block_is_the_minimum_and_the_maximum() {
    for place in [0, 5000, 9999] {
        let mut data: Vec<f64> = (0..10_000).map(f64::from).collect();
        data[place] = f64::NAN;
        let moments = moments_at::<f64, CentralMoments, false>(Level::Baseline, &data);
        assert!(moments.min().is_nan() && moments.max().is_nan() && moments.mean().is_nan());
    }
}
