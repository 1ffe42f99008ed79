//! The filters against a naive reference: every level, mode, type of sum and number of threads.

use ndarray::{Array3, ArrayD, ArrayViewD, s};

use super::*;

/// One pass along an axis, in f64; the weights are those of `-radius` to `radius`.
fn correlate(image: &Array3<f64>, weights: &[f64], axis: usize, border: Border) -> Array3<f64> {
    let radius = weights.len() as isize / 2;
    Array3::from_shape_fn(image.dim(), |(y, x, c)| {
        weights.iter().zip(-radius..).fold(0.0, |sum, (weight, j)| {
            let index = border.modes[axis].index([y, x][axis] as isize + j, image.shape()[axis]);
            sum + weight * index.map_or(border.cval, |k| image[if axis == 0 { [k, x, c] } else { [y, k, c] }])
        })
    })
}

/// The blur by its definition: rows first.
fn reference(image: &Array3<f64>, sigma: [f64; 2], border: Border) -> Array3<f64> {
    let pass = |image: &Array3<f64>, axis: usize| {
        let sigma = sigma[axis];
        let radius = if sigma == 0.0 { 0 } else { (4.0 * sigma + 0.5) as isize };
        let weight = |j: isize| if j == 0 { 1.0 } else { (-0.5 / (sigma * sigma) * (j * j) as f64).exp() };
        let total = (-radius..=radius).fold(0.0, |sum, j| sum + weight(j));
        let weights: Vec<f64> = (-radius..=radius).map(|j| weight(j) / total).collect();
        correlate(image, &weights, axis, border)
    };
    pass(&pass(image, 0), 1)
}

/// The derivative along an axis of the image as it continues beyond its border.
fn derivative(image: &Array3<f64>, axis: usize, border: Border) -> Array3<f64> {
    let (rows, columns, _) = image.dim();
    Array3::from_shape_fn(image.dim(), |(y, x, c)| {
        let at = |dy: isize, dx: isize| {
            let y = border.modes[0].index(y as isize + dy, rows);
            y.zip(border.modes[1].index(x as isize + dx, columns))
                .map_or(border.cval, |(y, x)| image[[y, x, c]])
        };
        let difference = |k: isize| if axis == 0 { at(1, k) - at(-1, k) } else { at(k, 1) - at(k, -1) };
        difference(-1) + 2.0 * difference(0) + difference(1)
    })
}

fn noise(shape: (usize, usize, usize)) -> Array3<f64> {
    let mut state = 1u32;
    Array3::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 24)
    })
}

const SHAPES: [(usize, usize, usize); 9] =
    [(1, 1, 1), (1, 70, 1), (9, 1, 1), (13, 37, 1), (7, 20, 3), (2, 3, 2), (70, 5, 1), (3, 12, 4), (2, 9, 9)];

fn run<I: Pixel, O: Pixel>(
    filter: Filter,
    level: Level,
    image: &Array3<f64>,
    border: Border,
    work: &Work<'_>,
) -> Array3<O> {
    let image = image.mapv(I::from_f64);
    let mut out = Array3::from_elem(image.dim(), O::default());
    let image = Image::new(image.view().into_dyn(), Axes::new(Some(2))).expect("small");
    let result = image.result(out.view_mut().into_dyn()).expect("small");
    filter.apply_at(level, &image, border, result, work).expect("no error");
    out
}

/// The largest difference of a filter of elements `I` with results `O` from what is exact.
fn error<I: Pixel, O: Pixel>(
    filter: Filter,
    level: Level,
    image: &Array3<f64>,
    border: Border,
    exact: &Array3<f64>,
) -> f64 {
    largest_difference(&run::<I, O>(filter, level, image, border, &Work::serial()), exact)
}

fn largest_difference<O: Pixel>(a: &Array3<O>, b: &Array3<f64>) -> f64 {
    a.iter().zip(b).fold(0.0, |largest: f64, (a, b)| largest.max((a.to_f64() - b).abs()))
}

#[test]
fn the_blur_is_that_of_the_definition_at_every_level() {
    for shape in SHAPES {
        let image = noise(shape);
        for mode in Mode::ALL {
            for sigma in [[0.3, 0.3], [1.0, 1.0], [2.6, 0.0], [0.7, 5.0]] {
                let border = Border { modes: [mode; 2], cval: 17.0 };
                let exact = reference(&image, sigma, border);
                let case = format!("{shape:?} {mode:?} {sigma:?}");
                let mut bytes: Option<Array3<u8>> = None;
                let filter = Filter::Gaussian { sigma, truncate: 4.0 };
                for level in Level::available() {
                    assert!(error::<f64, f64>(filter, level, &image, border, &exact) < 2e-13, "{case}");
                    assert!(error::<f32, f32>(filter, level, &image, border, &exact) < 1e-4, "{case}");
                    assert!(error::<u8, f64>(filter, level, &image, border, &exact) < 2e-13, "{case}");
                    assert!(error::<u16, i32>(filter, level, &image, border, &exact) < 0.500_1, "{case}");
                    let result = run::<u8, u8>(filter, level, &image, border, &Work::serial());
                    assert!(largest_difference(&result, &exact) < 0.51, "{case}");
                    assert_eq!(*bytes.get_or_insert(result.clone()), result, "{case} {level:?}");
                }
            }
        }
    }
}

#[test]
fn bytes_are_within_a_hundredth_of_half_a_level_for_wide_kernels() {
    let image = noise((90, 200, 1));
    for sigma in [0.5, 3.3, 8.0, 20.0] {
        let border = Border { modes: [Mode::Mirror; 2], cval: 0.0 };
        let exact = reference(&image, [sigma; 2], border);
        for level in Level::available() {
            let filter = Filter::Gaussian { sigma: [sigma; 2], truncate: 4.0 };
            assert!(error::<u8, u8>(filter, level, &image, border, &exact) < 0.51, "{sigma} {level:?}");
        }
    }
}

#[test]
fn the_derivatives_are_those_of_the_definition_at_every_level() {
    for shape in SHAPES {
        let image = noise(shape);
        for mode in Mode::ALL {
            let border = Border { modes: [mode; 2], cval: 3.0 };
            let [down, along] = [0, 1].map(|axis| derivative(&image, axis, border));
            let mut length = down.clone();
            length.zip_mut_with(&along, |y, x| *y = (*y * *y + x * x).sqrt());
            for level in Level::available() {
                for (operator, exact) in [
                    (Operator::DownRows, &down),
                    (Operator::AlongRow, &along),
                    (Operator::Magnitude, &length),
                ] {
                    let (filter, case) =
                        (Filter::Sobel(operator), format!("{shape:?} {mode:?} {operator:?}"));
                    let bytes = exact.mapv(|value| value.clamp(0.0, 255.0));
                    assert!(error::<f64, f64>(filter, level, &image, border, exact) <= 1e-12, "{case}");
                    assert!(error::<f32, f32>(filter, level, &image, border, exact) <= 2e-4, "{case}");
                    assert!(error::<u8, f32>(filter, level, &image, border, exact) <= 1e-4, "{case}");
                    assert!(error::<u8, u8>(filter, level, &image, border, &bytes) <= 0.500_1, "{case}");
                    assert!(error::<i16, u8>(filter, level, &image, border, &bytes) <= 0.500_1, "{case}");
                    assert!(error::<u8, i64>(filter, level, &image, border, exact) <= 0.500_1, "{case}");
                }
            }
        }
    }
}

#[test]
fn lengths_do_not_overflow_before_they_have_to() {
    let border = Border { modes: [Mode::Nearest; 2], cval: 0.0 };
    for scale in [1e-200, 1e200] {
        let image = noise((4, 9, 1)) * scale;
        let filter = Filter::Sobel(Operator::Magnitude);
        let result = run::<f64, f64>(filter, Level::Baseline, &image, border, &Work::serial());
        let [down, along] = [0, 1].map(|axis| derivative(&image, axis, border));
        for ((length, y), x) in result.iter().zip(&down).zip(&along) {
            assert!((length - y.hypot(*x)).abs() <= 1e-15 * length);
        }
    }
}

const SIGMAS: [f64; 5] = [0.3, 1.0, 4.5, 1e6, 1e300];

/// How far a filter of a constant is from that constant, in all.
fn change_of_constant<T: Pixel>(value: T, filter: Filter, level: Level, border: Border) -> f64 {
    [(1, 1, 1), (6, 33, 1), (3, 4, 2)].into_iter().fold(0.0, |change, shape| {
        let image = Array3::from_elem(shape, value.to_f64());
        let result: Array3<T> = run::<T, T>(filter, level, &image, border, &Work::serial());
        result.iter().fold(change, |change, &result| {
            // Differences of what is near the limits would be infinite.
            change + (result.to_f64() / 2.0 - value.to_f64() / 2.0).abs()
        })
    })
}

fn check_constants<T: Pixel>(values: &[T]) {
    let zero = T::from_f64(0.0);
    for level in Level::available() {
        for mode in Mode::ALL {
            for &value in values {
                let border = Border { modes: [mode; 2], cval: value.to_f64() };
                for sigma in SIGMAS {
                    let filter = Filter::Gaussian { sigma: [sigma; 2], truncate: 4.0 };
                    let change = change_of_constant(value, filter, level, border);
                    assert_eq!(change, 0.0, "{value:?} {mode:?} {sigma} {level:?}");
                }
                for operator in [Operator::Magnitude, Operator::DownRows, Operator::AlongRow] {
                    let image = Array3::from_elem((3, 5, 2), value.to_f64());
                    let result = run::<T, T>(Filter::Sobel(operator), level, &image, border, &Work::serial());
                    assert!(result.iter().all(|&value| value == zero), "{value:?} {mode:?} {operator:?}");
                }
            }
        }
    }
}

#[test]
fn a_filter_of_a_constant_is_that_constant() {
    check_constants(&[1.0f32, 0.1, 1000.1, 6e37, 2e38, f32::MAX, -f32::MAX, 1e-40, 1e-45]);
    check_constants(&[1.0f64, 0.1, 5e307, f64::MAX, -f64::MAX, 1e-310, 5e-324]);
    check_constants(&[half::f16::MAX, half::f16::from_f64(0.1)]);
    check_constants(&[u8::MAX, 17]);
    check_constants(&[i16::MIN, i16::MAX]);
    check_constants(&[u64::MAX, 12_345]);
}

#[test]
fn integers_of_64_bits_keep_all_digits_where_they_are_near_each_other() {
    let picture = noise((7, 40, 1)).mapv(|value| value as i64);
    let base = (1 << 62) + 1;
    for mode in Mode::ALL {
        let border = Border { modes: [mode; 2], cval: 0.0 };
        let far = Border { modes: [mode; 2], cval: base as f64 };
        let filter = Filter::Gaussian { sigma: [1.5, 0.7], truncate: 4.0 };
        let run = |image: &Array3<i64>, border: Border, filter: Filter| {
            let mut out = Array3::<i64>::zeros(image.dim());
            let image = Image::new(image.view().into_dyn(), Axes::new(Some(2))).expect("small");
            let result = image.result(out.view_mut().into_dyn()).expect("small");
            filter.apply(&image, border, result, &Work::serial()).expect("no error");
            out
        };
        let mut moved = &picture + base;
        assert_eq!(run(&Array3::from_elem((3, 4, 1), base), far, filter), Array3::from_elem((3, 4, 1), base));
        if mode != Mode::Constant {
            assert_eq!(run(&moved, far, filter) - base, run(&picture, border, filter), "{mode:?}");
            for operator in [Operator::Magnitude, Operator::AlongRow] {
                let filter = Filter::Sobel(operator);
                assert_eq!(run(&moved, far, filter), run(&picture, border, filter), "{mode:?}");
            }
        }
        // One far from all others: as good as a float64.
        moved[[0, 0, 0]] = -base;
        let exact = reference(&moved.mapv(|value| value as f64), [1.5, 0.7], far);
        let result = run(&moved, far, filter);
        assert!(result.iter().zip(&exact).all(|(&a, &b)| (a as f64 - b).abs() < 1e4), "{mode:?}");
    }
}

#[test]
fn every_level_gives_the_same_bits() {
    fn check<T: Pixel>(scale: f64) {
        let mut image = noise((13, 150, 1)) * scale;
        for special in [false, true] {
            if special {
                (image[[5, 40, 0]], image[[7, 90, 0]]) = (f64::NAN, f64::INFINITY);
            }
            let border = Border { modes: [Mode::Reflect; 2], cval: 0.0 };
            for filter in [
                Filter::Gaussian { sigma: [0.4; 2], truncate: 4.0 },
                Filter::Gaussian { sigma: [1.7, 5.0], truncate: 4.0 },
                Filter::Sobel(Operator::Magnitude),
                Filter::Sobel(Operator::AlongRow),
            ] {
                // A NaN is a NaN.
                let bits = |level: Level| {
                    let result: Array3<T> = run::<T, T>(filter, level, &image, border, &Work::serial());
                    result.mapv(|value| if value.to_f64().is_nan() { 1 } else { value.to_f64().to_bits() })
                };
                let baseline = bits(Level::Baseline);
                for level in Level::available() {
                    assert!(baseline == bits(level), "{:?} {filter:?} {level:?} {scale}", T::DTYPE);
                }
            }
        }
    }
    for scale in [1.0 / 3.0, 1e-30, 1e36] {
        check::<f32>(scale);
        check::<f64>(scale);
    }
    for scale in [1e-300, 1e-318, 4e305] {
        check::<f64>(scale);
    }
    check::<half::f16>(7.0 / 3.0);
    check::<u16>(250.0);
    check::<i64>(1e14);
}

#[test]
fn results_are_finite_where_they_are_in_range() {
    // Signs that alternate: every difference of neighbours is out of range.
    let image = Array3::from_shape_fn((9, 70, 1), |(y, x, _)| if (x + y) % 2 == 0 { 0.9 } else { -0.9 });
    for mode in Mode::ALL {
        let border = Border { modes: [mode; 2], cval: 0.0 };
        for sigma in [[0.5, 0.5], [1.5, 0.0], [0.0, 1.5], [3.0, 2.0]] {
            let exact = reference(&image, sigma, border);
            let filter = Filter::Gaussian { sigma, truncate: 4.0 };
            let work = Work::serial();
            let result = run::<f64, f64>(filter, Level::Baseline, &(&image * f64::MAX), border, &work);
            assert!(largest_difference(&(result / f64::MAX), &exact) < 1e-15, "{mode:?} {sigma:?}");
            let max = f64::from(f32::MAX);
            let result = run::<f32, f32>(filter, Level::Baseline, &(&image * max), border, &work);
            assert!(largest_difference(&result.mapv(|x| f64::from(x) / max), &exact) < 3e-7, "{mode:?}");
        }
        let near = &image / 9.0 * f64::MAX;
        for (operator, axis) in [(Operator::DownRows, 0), (Operator::AlongRow, 1)] {
            let exact = derivative(&(&image / 9.0), axis, border);
            let result =
                run::<f64, f64>(Filter::Sobel(operator), Level::Baseline, &near, border, &Work::serial());
            assert!(largest_difference(&(result / f64::MAX), &exact) < 1e-15, "{mode:?} {axis}");
        }
    }
}

#[test]
fn a_magnitude_beside_infinity_is_that_of_hypot() {
    for special in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let mut image = noise((5, 9, 1));
        image[[2, 4, 0]] = special;
        let border = Border { modes: [Mode::Reflect; 2], cval: 0.0 };
        let of = |operator: Operator| {
            run::<f64, f64>(Filter::Sobel(operator), Level::Baseline, &image, border, &Work::serial())
        };
        let (down, along) = (of(Operator::DownRows), of(Operator::AlongRow));
        for ((length, y), x) in of(Operator::Magnitude).iter().zip(&down).zip(&along) {
            let exact = y.hypot(*x);
            assert!(
                length.is_nan() == exact.is_nan()
                    && (exact.is_finite() || exact.is_nan() || *length == exact)
            );
        }
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let image = noise((150, 90, 2));
    let border = Border { modes: [Mode::Wrap; 2], cval: 0.0 };
    let blurred = |workers: usize| {
        let filter = Filter::Gaussian { sigma: [1.5; 2], truncate: 4.0 };
        run::<f32, f32>(filter, simd::level(), &image, border, &Work::with_threads(workers))
    };
    let alone = blurred(1);
    for workers in [2, 3, 5] {
        assert_eq!(alone, blurred(workers));
    }
}

#[test]
fn channels_may_be_on_any_axis_and_memory_in_any_order() {
    let image = noise((11, 14, 3)).mapv(|value| value as u8);
    let border = Border { modes: [Mode::Reflect; 2], cval: 0.0 };
    let blur = |array: ArrayViewD<'_, u8>, channel: usize| -> ArrayD<u8> {
        let axes = Axes::new(Some(channel));
        let mut out = ArrayD::zeros(array.shape());
        let image = Image::new(array, axes).expect("small");
        let filter = Filter::Gaussian { sigma: [1.0, 2.0], truncate: 4.0 };
        let result = image.result(out.view_mut()).expect("small");
        filter.apply(&image, border, result, &Work::serial()).expect("no error");
        out
    };
    let expected = blur(image.view().into_dyn(), 2);
    let first = image.view().permuted_axes([2, 0, 1]).into_dyn();
    assert_eq!(blur(first, 0).permuted_axes(vec![1, 2, 0]), expected);
    let second = image.view().permuted_axes([0, 2, 1]).into_dyn();
    assert_eq!(blur(second, 1).permuted_axes(vec![0, 2, 1]), expected);
    let other_order = image.view().reversed_axes().as_standard_layout().into_owned();
    assert_eq!(blur(other_order.view().reversed_axes().into_dyn(), 2), expected);
}

#[test]
fn the_last_pixel_of_a_row_of_any_length_is_made_from_all_of_its_neighbours() {
    // Bytes of several channels are computed in pairs of pixels, and the last may be alone.
    let border = Border { modes: [Mode::Mirror; 2], cval: 0.0 };
    let filter = Filter::Gaussian { sigma: [0.0, 0.4], truncate: 4.0 };
    for channels in 2..=9 {
        for width in 1..=70 {
            let image = noise((1, width, channels));
            let blurred =
                |image: &Array3<f64>| run::<u8, u8>(filter, simd::level(), image, border, &Work::serial());
            let together = blurred(&image);
            for channel in 0..channels {
                let plane = s![.., .., channel..channel + 1];
                let alone = blurred(&image.slice(plane).to_owned());
                assert_eq!(together.slice(plane), alone, "{width} pixels of {channels} channels");
            }
        }
    }
}
