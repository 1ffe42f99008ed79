use super::block::Blocks;
use crate::simd::{Level, run_at};
use std::time::Instant;
fn time(mut f: impl FnMut()) -> f64 {
    let mut v: Vec<f64> = (0..15)
        .map(|_| {
            let t = Instant::now();
            f();
            t.elapsed().as_nanos() as f64
        })
        .collect();
    v.sort_by(|a, b| a.total_cmp(b));
    v[4]
}
fn go<T: super::Sample>(name: &str, from: impl Fn(usize) -> T) {
    for n in [100usize, 1000, 100_000, 10_000_000] {
        let data: Vec<T> = (0..n).map(|i| from(i)).collect();
        for level in Level::available() {
            let reps = (1_000_000 / n).max(1);
            let t = time(|| {
                for _ in 0..reps {
                    std::hint::black_box(run_at(level, Blocks::<T, false>(std::hint::black_box(&data))));
                }
            }) / reps as f64;
            let u = time(|| {
                for _ in 0..reps {
                    std::hint::black_box(run_at(level, Blocks::<T, true>(std::hint::black_box(&data))));
                }
            }) / reps as f64;
            eprintln!(
                "{name} n={n} {:8}: {:.3} ns/elem total {:.2} us; skip {:.3}",
                level.name(),
                t / n as f64,
                t / 1e3,
                u / n as f64
            );
        }
    }
}
#[test]
#[ignore]
fn bench_tmp() {
    go("f64", |i| (i as f64).sin());
    go("f32", |i| (i as f32).sin());
    go("i64", |i| (i * 7919 % 1009) as i64);
    go("i32", |i| (i * 7919 % 1009) as i32);
    go("u8", |i| (i * 7919 % 1009) as u8);
    go("f16", |i| half::f16::from_f32(i as f32 % 77.0));
}
