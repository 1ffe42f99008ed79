//! Against the mean of each window, added up by itself.

use half::f16;
use ndarray::{Array, ArrayD, Axis, IxDyn, s};

use super::tile::SHORT;
use super::*;
use crate::dtype::{Bool, Element};
use crate::simd::{Level, run_at};

/// The mean of each window, of exact numbers.
fn naive(line: &[f64], window: Window) -> Vec<f64> {
    let mean = |end: usize| {
        let elements = &line[(end + 1).saturating_sub(window.len)..=end];
        let counted = elements.iter().filter(|x| window.nan == NanPolicy::Propagate || !x.is_nan());
        let (count, sum) = counted.fold((0, 0.0), |(count, sum), x| (count + 1, sum + x));
        if count < window.min_count { f64::NAN } else { sum / count as f64 }
    };
    (0..line.len()).map(mean).collect()
}

fn window(len: usize, min_count: usize, nan: NanPolicy) -> Window {
    Window { len, min_count, nan }
}

fn along<T: Sample<Mean = M>, M: Default + Element>(
    array: &ArrayD<T>,
    axis: usize,
    window: Window,
    workers: usize,
) -> Result<ArrayD<M>> {
    let mut out = Array::from_elem(array.raw_dim(), M::default());
    moving_average(array.view(), out.view_mut(), axis, window, &Work::with_threads(workers))?;
    Ok(out)
}

/// Small whole numbers, whose sums are exact in every order.
fn whole(index: usize) -> f64 {
    (index.wrapping_mul(2_654_435_761) >> 7) as f64 % 100.0
}

const LENGTHS: [usize; 13] = [1, 2, 3, 5, 8, 31, 32, 33, 100, SHORT - 1, SHORT, SHORT + 1, 700];

#[test]
fn every_type_equals_the_mean_of_each_window() {
    fn check<T: Sample<Mean = M>, M: Default + Element + Into<f64>>(of: impl Fn(f64) -> T, modulus: f64) {
        let numbers: Vec<f64> = (0..700).map(|i| whole(i) % modulus).collect();
        let array = Array::from_iter(numbers.iter().map(|&x| of(x))).into_dyn();
        for len in LENGTHS {
            for min_count in [1, len.div_ceil(2), len] {
                let window = window(len, min_count, NanPolicy::Propagate);
                let means = along(&array, 0, window, 1).expect("nothing fails here");
                for (index, (mean, expected)) in means.iter().zip(naive(&numbers, window)).enumerate() {
                    let (mean, rounded): (f64, f64) = ((*mean).into(), T::round(expected).into());
                    assert!(mean == rounded || (mean.is_nan() && rounded.is_nan()), "{len} {index}");
                }
            }
        }
    }
    check(|x| Bool::from(x > 0.0), 2.0);
    check(|x| x as i8, 100.0);
    check(|x| x as i16, 100.0);
    check(|x| x as i32, 100.0);
    check(|x| x as i64, 100.0);
    check(|x| x as u8, 100.0);
    check(|x| x as u16, 100.0);
    check(|x| x as u32, 100.0);
    check(|x| x as u64, 100.0);
    check(f16::from_f64, 100.0);
    check(|x| x as f32, 100.0);
    check(|x| x, 100.0);
}

#[test]
fn what_is_not_finite_leaves_with_its_element() {
    let mut numbers: Vec<f64> = (0..700).map(whole).collect();
    for (index, x) in [(10, f64::NAN), (11, f64::NAN), (90, f64::INFINITY), (300, f64::NEG_INFINITY)] {
        numbers[index] = x;
    }
    numbers[310] = f64::INFINITY;
    numbers[600] = f64::NAN;
    let array = Array::from_vec(numbers.clone()).into_dyn();
    for len in LENGTHS {
        for nan in [NanPolicy::Propagate, NanPolicy::Omit] {
            for min_count in [1, len.div_ceil(2), len] {
                let window = window(len, min_count, nan);
                let means = along(&array, 0, window, 1).expect("nothing fails here");
                for (index, (mean, expected)) in means.iter().zip(naive(&numbers, window)).enumerate() {
                    let same = *mean == expected || (mean.is_nan() && expected.is_nan());
                    assert!(same, "{len} {nan:?} {min_count} at {index}: {mean} for {expected}");
                    assert!(!mean.is_nan() || mean.to_bits() == f64::NAN.to_bits());
                }
            }
        }
        let raise = window(len, 1, NanPolicy::Raise);
        assert_eq!(along(&array, 0, raise, 1).err(), Some(Error::Nan));
        let part = array.slice(s![12..600]).into_owned().into_dyn();
        if len <= part.len() {
            assert!(along(&part, 0, raise, 1).is_ok());
        }
    }
}

/// The bits of the means of what follows the first window of a line.
fn bits(level: Level, line: &[f64], len: usize, plan: Plan) -> Vec<u64> {
    let mut out = vec![0.0; line.len() - len];
    let kernel = Line::<f64> {
        line,
        out: &mut out,
        window: window(len, 1, NanPolicy::Propagate),
        tiles: &mut Tiles::new(plan).expect("memory"),
        counts: &mut vec![0.0; plan.longest()],
        work: &Work::serial(),
    };
    run_at(level, kernel).expect("nothing fails here");
    out.into_iter().map(f64::to_bits).collect()
}

#[test]
fn every_level_and_way_gives_the_same_bits_and_so_does_a_part_of_whole_blocks() {
    let line: Vec<f64> = (0..5000).map(|i| (i as f64 * 0.7).sin() * 10f64.powi(i % 40 - 20)).collect();
    for len in LENGTHS {
        let first = bits(Level::Baseline, &line, len, Plan::new(len, line.len()));
        for level in Level::available() {
            for plan in &Plan::both(len, line.len())[..if len > SHORT { 1 } else { 2 }] {
                assert_eq!(bits(level, &line, len, *plan), first, "{level:?} {plan:?}");
            }
        }
        for blocks in [2, 3] {
            let part = &line[len..(blocks + 1) * len];
            let bits = bits(Level::Baseline, part, len, Plan::new(len, part.len()));
            assert_eq!(bits, first[len..blocks * len], "{len} {blocks}");
        }
    }
}

#[test]
fn lines_of_many_tiles_equal_the_mean_of_each_window() {
    let numbers: Vec<f64> = (0..4500).map(whole).collect();
    let array = Array::from_vec(numbers.clone()).into_dyn();
    for len in LENGTHS.into_iter().chain([2000]) {
        let window = window(len, 1, NanPolicy::Propagate);
        let means = along(&array, 0, window, 1).expect("nothing fails here");
        for (index, (mean, expected)) in means.iter().zip(naive(&numbers, window)).enumerate() {
            assert!(*mean == expected, "{len} {index}");
        }
    }
}

#[test]
fn every_axis_and_number_of_workers_gives_the_same_bits() {
    let array =
        Array::from_shape_fn(IxDyn(&[3, 400, 70]), |i| ((i[0] * 7919 + i[1] * 31 + i[2]) as f64).sin());
    for axis in 0..3 {
        for len in [1, 3, 65, 300].into_iter().filter(|&len| len <= array.len_of(Axis(axis))) {
            let window = window(len, 1, NanPolicy::Propagate);
            let serial = along(&array, axis, window, 1).expect("nothing fails here");
            for (line, means) in array.lanes(Axis(axis)).into_iter().zip(serial.lanes(Axis(axis))) {
                let alone = along(&line.to_owned().into_dyn(), 0, window, 1).expect("nothing fails here");
                assert!(means.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
            assert_eq!(along(&array, axis, window, 3).as_ref(), Ok(&serial));
        }
    }
    let long = Array::from_iter((0..200_000).map(|i| f64::from(i).sin() * 1e3)).into_dyn();
    for len in [7, 100, 70_000] {
        let window = window(len, 1, NanPolicy::Propagate);
        assert_eq!(along(&long, 0, window, 3), along(&long, 0, window, 1));
    }
}

#[test]
fn integers_are_exact() {
    for (value, len) in [(i64::MAX, 3), (i64::MIN, 65), (i64::MAX - 1024, 7), ((1 << 53) + 1, 1)] {
        let array = Array::from_elem(IxDyn(&[200]), value);
        let means = along(&array, 0, window(len, 1, NanPolicy::Propagate), 1).expect("nothing fails here");
        assert!(means.iter().all(|&mean| mean == value as f64));
    }
    let array = Array::from_vec(vec![i64::MAX, 5, i64::MIN, 7]).into_dyn();
    let means = along(&array, 0, window(3, 3, NanPolicy::Propagate), 1).expect("nothing fails here");
    assert_eq!(means.as_slice().map(|means| means[2]), Some(4.0 / 3.0));
}

#[test]
fn a_large_value_leaves_nothing_behind() {
    let mut line: Vec<f64> = (0..5000).map(|i| f64::from(i) / 3.0).collect();
    let clean = Array::from_vec(line.clone()).into_dyn();
    line[3] = 1e300;
    let array = Array::from_vec(line).into_dyn();
    for len in [2, 5, 64, 100, 1000] {
        let window = window(len, 1, NanPolicy::Propagate);
        let (got, expected) = (along(&array, 0, window, 1), along(&clean, 0, window, 1));
        let (got, expected) = (got.expect("nothing fails here"), expected.expect("nothing fails here"));
        assert_eq!(got.slice(s![3 + len..]), expected.slice(s![3 + len..]));
    }
}

#[test]
fn nothing_comes_of_no_elements() {
    let window = window(2, 1, NanPolicy::Propagate);
    let none = Array::<f64, _>::zeros(IxDyn(&[0, 3]));
    assert_eq!(along(&none, 1, window, 1), Ok(none));
}
