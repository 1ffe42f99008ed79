//! The kernels without Python, at every level of the CPU: `cargo bench -- [NAME]`.
//!
//! For the developer at work: nanoseconds an element, the best of several runs. What is published
//! comes from `benchmarks/`, which measures beside the peers and through Python.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use ndarray::Array;
use rust_numpy_example::kernels::elementwise::multiply::{Flat, Pages, multiply_flat};
use rust_numpy_example::kernels::reduce::block::SumSlice;
use rust_numpy_example::kernels::reduce::sine::SumSines;
use rust_numpy_example::kernels::stats::{Data, whole};
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
    time("reduce, 1e6 float64", data.len(), || reduce::sum_slice(&data, &work));
    let view = Array::from_vec(data.clone()).into_dyn();
    time("stats, 1e6 float64", data.len(), || {
        whole(Data::new(view.view(), None, false), &work).map(|m| m.count())
    });
    let mut out = vec![0.0; data.len()];
    time("elementwise, 1e6 float64", data.len(), || {
        multiply_flat(Flat::Slice(&data), Flat::Scalar(2.0), &mut out, Pages::Used, &work)
    });
    for n in [1_000, 100_000, 1_000_000] {
        time(&format!("fibonacci, {n}, of a bit"), n as usize, || fibonacci::fibonacci(n, &work));
    }
}
