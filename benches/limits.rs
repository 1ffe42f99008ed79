//! What one thread of this machine can do: `cargo bench --bench limits`, as a line of JSON.
//!
//! Multiply-adds are those of the highest level, in registers. Bytes are read, or read and written,
//! from memory of several sizes, over and over again. `benchmarks/limits.py` compares the kernels
//! with these figures.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use rust_numpy_example::alloc::try_filled;
use rust_numpy_example::simd::memory::{self, LINE};
use rust_numpy_example::simd::{Kernel, Simd, level, run};

/// Times that every sum is added to.
const TURNS: usize = 100_000;

/// Products that are added to sums in registers. These have to be more than hide how long an addition
/// takes, and no more than there are, which depends on the level.
struct MultiplyAdds<T, const LANES: usize, const REGISTERS: usize>(T);

macro_rules! multiply_adds {
    ($($type:ty),*) => { $(
        impl<const LANES: usize, const REGISTERS: usize> Kernel for MultiplyAdds<$type, LANES, REGISTERS> {
            type Output = [[$type; LANES]; REGISTERS];

            #[inline(always)]
            fn run<S: Simd>(self, _simd: S) -> Self::Output {
                let (factor, mut sums) = ([self.0; LANES], [[self.0; LANES]; REGISTERS]);
                for _ in 0..TURNS {
                    for register in 0..REGISTERS {
                        for lane in 0..LANES {
                            let sum = sums[register][lane];
                            sums[register][lane] = factor[lane].mul_add(factor[lane], sum);
                        }
                    }
                }
                sums
            }
        }
    )* };
}
multiply_adds!(f32, f64);

/// All bits of some words: nothing is done but reading.
struct Read<'a>(&'a [u64]);

impl Kernel for Read<'_> {
    type Output = [u64; 64];

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> [u64; 64] {
        let mut bits = [0; 64];
        for words in self.0.chunks_exact(64) {
            for lane in 0..64 {
                bits[lane] |= words[lane];
            }
        }
        bits
    }
}

/// How many of what `work` does it does in a nanosecond, at best.
fn rate<R>(count: usize, mut work: impl FnMut() -> R) -> f64 {
    let repeats = (10_000_000 / count).max(1);
    let seconds = (0..15).map(|_| {
        let start = Instant::now();
        for _ in 0..repeats {
            black_box(work());
        }
        start.elapsed().as_secs_f64()
    });
    (count * repeats) as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e9
}

/// Copies without reading what is overwritten.
fn past_the_caches(source: &[u64], target: &mut [u64]) {
    let start = memory::unaligned(target);
    for (source, target) in source[start..].chunks_exact(LINE).zip(target[start..].chunks_exact_mut(LINE)) {
        let source = source.try_into().expect("a whole line");
        memory::copy::<u64>(source, target.try_into().expect("a whole line"));
    }
    memory::fence();
}

fn main() {
    let single = rate(TURNS * 6 * 16, || run(MultiplyAdds::<f32, 16, 6>(black_box(0.5))))
        .max(rate(TURNS * 12 * 16, || run(MultiplyAdds::<f32, 16, 12>(black_box(0.5)))));
    let double = rate(TURNS * 6 * 8, || run(MultiplyAdds::<f64, 8, 6>(black_box(0.5))))
        .max(rate(TURNS * 12 * 8, || run(MultiplyAdds::<f64, 8, 12>(black_box(0.5)))));
    let mut figures = vec![format!(r#""float32": {single:.2}, "float64": {double:.2}"#)];
    for bytes in [80_000, 800_000, 80_000_000, 400_000_000usize] {
        // In large pages, as NumPy's arrays are.
        let source = try_filled(bytes / 8, 1u64).expect("memory");
        let mut target = try_filled(bytes / 16, 2u64).expect("memory");
        let read = rate(bytes, || run(Read(black_box(&source))));
        let half = &source[..bytes / 16];
        let copy = rate(bytes, || target.copy_from_slice(black_box(half)));
        let copy = copy.max(rate(bytes, || past_the_caches(black_box(half), &mut target)));
        figures.push(format!(r#""read {bytes}": {read:.2}, "copy {bytes}": {copy:.2}"#));
    }
    println!(r#"{{"level": "{}", {}}}"#, level().name(), figures.join(", "));
}
