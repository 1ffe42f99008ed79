//! Calls of kernels for `tools/instructions.py`, which counts the instructions of each on an emulated processor.
//!
//! Around each call the plugin of the emulator is told, by asking for the parent process, to write down how many
//! instructions there were. By itself this prints the calls, and of how many elements each is.
#![allow(clippy::print_stdout)]

use std::hint::black_box;

use ndarray::Array;
use num_complex::Complex;
use rust_numpy_example::kernels::image::{Axes, Border, Filter, Image, Mode, Operator};
use rust_numpy_example::kernels::linalg::{MatmulShape, Product, matmul_contiguous};
use rust_numpy_example::kernels::monte_carlo::count_inside;
use rust_numpy_example::kernels::reduce::{sum, sum_of_sines};
use rust_numpy_example::kernels::stats::whole;
use rust_numpy_example::kernels::words::{Options, Tokenizer, count};
use rust_numpy_example::parallel::Work;

/// Tells the plugin.
fn mark() {
    #[cfg(unix)]
    black_box(std::os::unix::process::parent_id());
}

/// Calls twice, so that memory and tables are there, the second time between two marks.
fn counted<R>(name: &str, elements: usize, mut call: impl FnMut() -> R) {
    black_box(call());
    mark();
    black_box(call());
    mark();
    println!("{name}\t{elements}");
}

/// Numbers of which no one is like the next.
fn numbers(count: usize) -> Vec<f64> {
    (0..count as u32)
        .map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 23) - 1.0)
        .collect()
}

fn product<T: Product>(name: &str, work: &Work<'_>, number: impl Fn(f64) -> T) {
    let side = 128;
    let a: Vec<T> = numbers(side * side).into_iter().map(number).collect();
    let shape = MatmulShape::new(&[side, side], &[side, side]).expect("they fit");
    let mut c = a.clone();
    let name = format!("matrix_multiply, {name}, {side}x{side}");
    counted(&name, side * side * side, || matmul_contiguous(&shape, black_box(&a), &a, &mut c, work));
}

fn main() {
    let work = Work::serial();
    product("float64", &work, |x| x);
    product("float32", &work, |x| x as f32);
    product("complex128", &work, |x| Complex::new(x, 1.0 - x));
    product("int8", &work, |x| (x * 100.0) as i8);
    product("int64", &work, |x| (x * 1e15) as i64);
    let data = numbers(100_000);
    counted("sum_array, float64", data.len(), || sum(data.as_slice().into(), &work));
    let view = Array::from_vec(data.clone()).into_dyn();
    counted("compute_stats, float64", data.len(), || {
        whole(view.view().into(), None, false, &work).map(|moments| moments.count())
    });
    counted("cpu_intensive", data.len(), || sum_of_sines(data.as_slice().into(), &work));
    let (rows, cols) = (512, 512);
    let pixels = numbers(rows * cols).into_iter().map(|x| (x * 128.0 + 128.0) as u8);
    let pixels = Array::from_shape_vec((rows, cols), pixels.collect()).expect("as many").into_dyn();
    let image = Image::new(pixels.view(), Axes::new(None)).expect("memory");
    let border = Border { modes: [Mode::Reflect; 2], cval: 0.0 };
    let blur = Filter::Gaussian { sigma: [2.0; 2], truncate: 4.0 };
    let mut blurred = pixels.clone();
    counted("gaussian_blur, uint8, sigma 2", pixels.len(), || {
        blur.apply(&image, border, image.result(blurred.view_mut()).expect("memory"), &work)
    });
    let mut lengths = pixels.mapv(f32::from);
    counted("sobel, uint8 to float32", pixels.len(), || {
        let result = image.result(lengths.view_mut()).expect("memory");
        Filter::Sobel(Operator::Magnitude).apply(&image, border, result, &work)
    });
    let text = "the quick brown fox jumps over a lazy dog ".repeat(2_500);
    let options = Options { tokenizer: Tokenizer::Whitespace, lowercase: true, validate: false, ngrams: 1 };
    counted("word_count", text.len(), || count(&work, text.as_bytes(), options).map(|_| ()));
    counted("monte_carlo_pi", 100_000, || count_inside(&[1, 2, 3, 4], 100_000, 0..1, &work));
}
