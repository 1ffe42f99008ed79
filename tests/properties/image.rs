//! Filters of images with any parameters: an error or an image, never a panic; the same bits for
//! every number of threads; a blur that stays between the smallest and the largest value.

use ndarray::ArrayD;
use rust_numpy_example::kernels::image::{Axes, Border, Filter, Image, Mode, Operator, Pixel};
use rust_numpy_example::parallel::Work;

/// The parameters, read from the bytes one by one; zeros where there are no more.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first
    }

    /// A small number with a fraction, or any float of all.
    fn float(&mut self) -> f64 {
        match self.byte() {
            255 => f64::from_le_bytes(std::array::from_fn(|_| self.byte())),
            small => f64::from(small) / 16.0,
        }
    }

    /// A length of an axis: mostly a few pixels, so that there are many runs; longer than registers now and then.
    fn side(&mut self) -> usize {
        match usize::from(self.byte()) {
            few @ 0..210 => few % 14,
            more => more - 186,
        }
    }

    fn mode(&mut self) -> Mode {
        Mode::ALL[usize::from(self.byte()) % Mode::ALL.len()]
    }
}

/// Checks the filter, the border, the shape and the pixels that the bytes say.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 6 {
        0 => filter::<u8, u8>(input),
        1 => filter::<u8, f32>(input),
        2 => filter::<f64, f64>(input),
        3 => filter::<i16, u8>(input),
        4 => filter::<u64, i32>(input),
        _ => filter::<f32, u16>(input),
    }
}

fn filter<I: Pixel, O: Pixel + PartialEq>(mut input: Input<'_>) {
    let channel_axis = [None, Some(0), Some(1), Some(2)][usize::from(input.byte()) % 4];
    let sides = [input.side(), input.side(), usize::from(input.byte() % 6)];
    let shape = if channel_axis.is_some() { &sides[..] } else { &sides[..2] };
    let border = Border { modes: [input.mode(), input.mode()], cval: input.float() };
    let axes = Axes::new(channel_axis);
    let kind = input.byte();
    let (sigma, truncate) = ([input.float(), input.float()], input.float());
    let filter = match kind {
        0 => Some(Filter::Sobel(Operator::Magnitude)),
        1..=9 => axes.operator(usize::from(kind) % shape.len()).map(Filter::Sobel),
        _ => [sigma[0], sigma[1], truncate]
            .iter()
            .all(|&parameter| parameter >= 0.0 && parameter.is_finite())
            .then_some(Filter::Gaussian { sigma, truncate }),
    };
    let Some(filter) = filter else { return };
    let mut state = u32::from(input.byte()) << 8 | u32::from(input.byte());
    let image = ArrayD::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match input.0 {
            [] => I::from_f64(f64::from(state >> 24)),
            _ => I::from_f64(input.float()),
        }
    });
    let run = |workers| {
        let mut out = ArrayD::from_elem(shape, O::default());
        let image = Image::new(image.view(), axes)?;
        let result = image.result(out.view_mut())?;
        filter.apply(&image, border, result, &Work::with_threads(workers)).map(|()| out)
    };
    let (one, three) = (run(1), run(3));
    let (Ok(one), Ok(three)) = (&one, &three) else {
        return assert_eq!(one.map(|_| ()), three.map(|_| ()));
    };
    let floats = |array: &ArrayD<O>| array.iter().map(|&x| x.to_f64().to_bits()).collect::<Vec<_>>();
    assert_eq!(floats(one), floats(three), "the same bits for every number of threads");
    if let Filter::Gaussian { .. } = filter {
        stays_between(&image, border, one);
    }
}

fn stays_between<I: Pixel, O: Pixel>(image: &ArrayD<I>, border: Border, out: &ArrayD<O>) {
    let beyond = border.modes.contains(&Mode::Constant).then_some(border.cval);
    let values = image.iter().map(|&x| x.to_f64()).chain(beyond);
    let (min, max) =
        values.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
    if image.is_empty() || values.clone().any(|x| x.is_nan() || x.abs() >= 1e30) {
        return;
    }
    // The result is rounded, and cut off at the ends of its type.
    let round = |x: f64| O::from_f64(x).to_f64();
    let slack = 1e-5 * min.abs().max(max.abs());
    for &x in out {
        let x = x.to_f64();
        assert!(round(min - slack) - slack <= x && x <= round(max + slack) + slack, "{min} {x} {max}");
    }
}
