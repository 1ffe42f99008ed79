//! The kernels against the definition, at every CPU level.

use half::f16;

use super::block::moments_at;
use super::*;
use crate::dtype::Bool;
use crate::simd::Level;

/// Lengths around every edge: lanes, blocks, and the tails of both.
const LENGTHS: [usize; 14] = [0, 1, 2, 15, 16, 17, 31, 100, 1000, 1023, 1024, 1025, 2048 + 7, 5000];

fn at_every_level<T: Sample>(data: &[T]) -> Moments<T::Key> {
    let expected = moments_at::<T, false>(Level::Baseline, data);
    for level in Level::available() {
        assert_eq!(bits(&moments_at::<T, false>(level, data)), bits(&expected));
    }
    expected
}

fn bits<K: Key>(moments: &Moments<K>) -> String {
    let CentralMoments { mean, mean_low, squares, squares_low } = moments.center();
    let center = [mean, mean_low, squares, squares_low].map(f64::to_bits);
    format!("{} {:?} {:?}", moments.count(), center, moments.extremes())
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
    // Here the distance of 2**64 - 1 is rounded, and nothing overflows.
    assert!((at_every_level(&[i64::MIN, i64::MAX]).mean() + 0.5).abs() <= 0.5);
    assert_eq!(at_every_level(&[0, u64::MAX]).mean(), u64::MAX as f64 / 2.0);
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
        assert_close(moments.mean(), 1.5e308, 1e-13);
        assert_eq!(moments.max(), 1.5e308);
    }
}

#[test]
fn nan_is_skipped_where_asked() {
    for len in LENGTHS {
        for step in [1, 2, 3, 50] {
            let data: Vec<f64> = (0..len).map(|i| if i % step == 0 { f64::NAN } else { i as f64 }).collect();
            let numbers: Vec<f64> = data.iter().copied().filter(|x| !x.is_nan()).collect();
            let expected = moments(&numbers);
            let base = moments_at::<f64, true>(Level::Baseline, &data);
            for level in Level::available() {
                assert_eq!(bits(&moments_at::<f64, true>(level, &data)), bits(&base));
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
        let moments = moments_at::<f64, false>(Level::Baseline, &data);
        assert!(moments.min().is_nan() && moments.max().is_nan() && moments.mean().is_nan());
    }
}
