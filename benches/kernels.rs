//! The kernels without Python, at every level of the CPU: `cargo bench -- [NAME]`.
//!
//! For the developer at work: nanoseconds an element, the best of several runs. What is published
//! comes from `benchmarks/`, which measures beside the peers and through Python.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use ndarray::{Array, Array2};
use rust_numpy_example::kernels::elementwise::multiply::{Factor, Pages, multiply};
use rust_numpy_example::kernels::image::{Axes, Border, Filter, Image, Mode};
use rust_numpy_example::kernels::linalg::{MatmulShape, matmul_contiguous};
use rust_numpy_example::kernels::monte_carlo::count_inside;
use rust_numpy_example::kernels::processor::Processor;
use rust_numpy_example::kernels::quantiles::{Method, Request, along};
use rust_numpy_example::kernels::reduce::block::SumSlice;
use rust_numpy_example::kernels::reduce::sine::SumSines;
use rust_numpy_example::kernels::stats::whole;
use rust_numpy_example::kernels::table::{Header, Query, Table};
use rust_numpy_example::kernels::window::{NanPolicy, Window, moving_average};
use rust_numpy_example::kernels::words::{Options, Tokenizer, count};
use rust_numpy_example::kernels::{fibonacci, reduce};
use rust_numpy_example::parallel::Work;
use rust_numpy_example::simd::{Level, run_at};

/// Prints the time of `work` for each of its `elements`.
fn time<R>(name: &str, elements: usize, mut work: impl FnMut() -> R) {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    println!("{name:40} {:10.4} ns an element", best * 1e9 / elements as f64);
}

fn main() {
    let work = Work::serial();
    let data: Vec<f64> = (0..1_000_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761)) / 1e9).collect();
    for level in Level::available() {
        let block = &data[..1024];
        time(&format!("reduce, a block, {}", level.name()), block.len(), || {
            run_at(level, SumSlice(black_box(block)))
        });
        time(&format!("sine, a block, {}", level.name()), block.len(), || {
            run_at(level, SumSines(black_box(block)))
        });
    }
    time("reduce, 1e6 float64", data.len(), || reduce::sum(data.as_slice().into(), &work));
    let view = Array::from_vec(data.clone()).into_dyn();
    time("stats, 1e6 float64", data.len(), || {
        whole(view.view().into(), None, false, &work).map(|m| m.count())
    });
    for (name, levels) in [("median", &[0.5][..]), ("quartiles", &[0.25, 0.5, 0.75])] {
        let request = Request { levels, method: Method::Linear, skip_nan: false };
        time(&format!("quantiles, {name} of 1e6 float64"), data.len(), || {
            along(view.view(), &[0], request, &work).map(|found| found.pairs)
        });
    }
    let mut out = vec![0.0; data.len()];
    time("elementwise, 1e6 float64", data.len(), || {
        multiply(
            Factor::Array(data.as_slice().into()),
            Factor::Scalar(2.0),
            out.as_mut_slice().into(),
            &[data.len()],
            Pages::Used,
            &work,
        )
    });
    for n in [8, 64, 512] {
        let (a, mut c) = (&data[..n * n], vec![0.0; n * n]);
        let shape = MatmulShape::new(&[n, n], &[n, n]).expect("they fit");
        time(&format!("linalg, {n}x{n} float64, a multiply-add"), n * n * n, || {
            matmul_contiguous(&shape, black_box(a), a, &mut c, &work)
        });
    }
    let pixels = Array2::from_shape_fn((1080, 1920), |(row, col)| (row * col % 251) as u8).into_dyn();
    let mut blurred = pixels.clone();
    let axes = Axes::new(None);
    let image = Image::new(pixels.view(), axes).expect("memory");
    let border = Border { modes: [Mode::Reflect; 2], cval: 0.0 };
    let blur = Filter::Gaussian { sigma: [2.0; 2], truncate: 4.0 };
    time("image, blur of uint8 1080p", pixels.len(), || {
        blur.apply(&image, border, image.result(blurred.view_mut()).expect("memory"), &work)
    });
    let text = "the quick brown fox jumps over a lazy dog ".repeat(10_000);
    let options = Options { tokenizer: Tokenizer::Whitespace, lowercase: true, validate: false, ngrams: 1 };
    time("words, a character", text.len(), || count(&work, text.as_bytes(), options).map(|_| ()));
    let csv = "1.5,-2,300\n".repeat(100_000);
    time("table, a byte of CSV", csv.len(), || {
        let mut table = Table::new(Query { header: Header::No, ..Query::new(",")? });
        table.feed(csv.as_bytes(), &work).and_then(|()| table.finish(&work))
    });
    time("monte_carlo, 1e6 points", 1_000_000, || count_inside(&[1, 2, 3, 4], 1_000_000, 0..1, &work));
    let mut means = view.clone();
    let whole_numbers = view.mapv(|x| x as i32);
    for len in [5, 20, 100, 10_000] {
        let window = Window { len, min_count: len, nan: NanPolicy::Propagate };
        time(&format!("window, {len} of 1e6 float64"), data.len(), || {
            moving_average(view.view(), means.view_mut(), 0, window, &work)
        });
        time(&format!("window, {len} of 1e6 int32"), data.len(), || {
            moving_average(whole_numbers.view(), means.view_mut(), 0, window, &work)
        });
    }
    let chunk = std::num::NonZeroUsize::new(1000).expect("not zero");
    time("processor, 1e6 in chunks of 1000", data.len(), || {
        let mut processor = Processor::new(chunk);
        processor.add(data.as_slice().into()).map(|()| processor.process())
    });
    for n in [1_000, 100_000, 1_000_000] {
        time(&format!("fibonacci, {n}, of a bit"), n as usize, || fibonacci::fibonacci(n, &work));
    }
}
