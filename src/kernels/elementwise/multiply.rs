//! The product of two arrays, element by element.
//!
//! Contiguous arrays are one long line, in which the output is aligned to cache lines: a store that
//! lies in two costs twice. A large output whose pages exist already is streamed past the caches.

use super::product::Multiply;
use crate::error::Result;
use crate::layout::{Elements, ElementsMut, Piece, reinterpret, reinterpret_mut, zip};
use crate::parallel::Work;
use crate::simd::memory::{self, LINE};
use crate::simd::{self, Kernel, Simd};

pub use crate::layout::Source as Factor;

/// Elements of a part, the unit of work of a thread.
const PART: usize = 1 << 16;

/// Whether the pages of the output exist: the caller's `out` has been written before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Memory fresh from the system.
    Fresh,
    /// Memory that has been used.
    Used,
}

/// `out = a * b`, where `out` has this shape.
///
/// # Panics
/// If a factor does not broadcast to the shape.
pub fn multiply<'a, T: Multiply>(
    a: Factor<'a, T>,
    b: Factor<'a, T>,
    mut out: ElementsMut<'_, T>,
    shape: &[usize],
    pages: Pages,
    work: &Work<'_>,
) -> Result<()> {
    if let (Some(a), Some(b), ElementsMut::Contiguous(out)) = (contiguous(&a), contiguous(&b), &mut out) {
        if out.len() <= PART {
            run([a, b], out, false);
            return Ok(());
        }
    }
    // What is overwritten is in the caches by then.
    let in_place = matches!(a, Factor::Out) || matches!(b, Factor::Out);
    let bytes = shape.iter().product::<usize>().saturating_mul(size_of::<T>());
    let streamed = pages == Pages::Used && !in_place && memory::pays(bytes);
    zip([a, b], out, shape, PART, work, |factors, out| run(factors, out, streamed))
}

/// A factor as contiguous memory, if it is that.
fn contiguous<'a, T: Multiply>(factor: &Factor<'a, T>) -> Option<Piece<'a, T>> {
    match factor {
        Factor::Scalar(scalar) => Some(Piece::Scalar(*scalar)),
        Factor::Array(Elements::Contiguous(slice)) => Some(Piece::Slice(slice)),
        Factor::Array(Elements::Strided(_)) | Factor::Cast(_) => None,
        Factor::Out => Some(Piece::Out),
    }
}

fn run<T: Multiply>(factors: [Piece<'_, T>; 2], out: &mut [T], streamed: bool) {
    let [a, b] = factors.map(|factor| match factor {
        Piece::Scalar(scalar) => Piece::Scalar(reinterpret::<T, T::Bits>(&[scalar])[0]),
        Piece::Slice(slice) => Piece::Slice(reinterpret::<T, T::Bits>(slice)),
        Piece::Out => Piece::Out,
    });
    simd::run(MultiplySlices { a, b, out: reinterpret_mut::<T, T::Bits>(out), streamed });
}

#[inline(always)]
fn part<'a, T: Copy>(piece: Piece<'a, T>, start: usize, end: usize) -> Piece<'a, T> {
    match piece {
        Piece::Slice(slice) => Piece::Slice(&slice[start..end]),
        _ => piece,
    }
}

struct MultiplySlices<'a, T> {
    a: Piece<'a, T>,
    b: Piece<'a, T>,
    out: &'a mut [T],
    streamed: bool,
}

impl<T: Multiply> Kernel for MultiplySlices<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let MultiplySlices { a, b, out, streamed } = self;
        let (len, mut done) = (out.len(), memory::unaligned(out));
        times(part(a, 0, done), part(b, 0, done), &mut out[..done]);
        if let (true, Some(&any)) = (streamed, out.first()) {
            let mut line = [any; LINE];
            for target in out[done..].chunks_exact_mut(LINE) {
                let end = done + LINE;
                times(part(a, done, end), part(b, done, end), &mut line);
                memory::copy(&line, target.try_into().expect("a chunk of this length"));
                done = end;
            }
            memory::fence();
        }
        times(part(a, done, len), part(b, done, len), &mut out[done..]);
    }
}

#[inline(always)]
fn times<T: Multiply>(a: Piece<'_, T>, b: Piece<'_, T>, out: &mut [T]) {
    match (a, b) {
        (Piece::Slice(a), Piece::Slice(b)) => T::times_slice(a, b, out),
        (Piece::Slice(a), Piece::Scalar(b)) | (Piece::Scalar(b), Piece::Slice(a)) => {
            T::times_scalar(a, b, out)
        }
        (Piece::Scalar(a), Piece::Scalar(b)) => out.fill(a.times(b)),
        (Piece::Out, b) | (b, Piece::Out) => times_out(b, out),
    }
}

/// `out *= b`.
#[inline(always)]
fn times_out<T: Multiply>(b: Piece<'_, T>, out: &mut [T]) {
    match b {
        Piece::Slice(b) => T::times_out(out, b),
        Piece::Scalar(b) => T::times_out_scalar(out, b),
        Piece::Out => {
            for i in 0..out.len() {
                out[i] = out[i].times(out[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, ArrayViewD, ArrayViewMutD, IxDyn, s};

    use super::*;

    fn check(a: ArrayViewD<'_, i32>, b: ArrayViewD<'_, i32>, mut out: ArrayViewMutD<'_, i32>) {
        let shape = out.shape().to_vec();
        let expected: ArrayD<i32> = Array::from_shape_fn(out.raw_dim(), |i| a[&i].wrapping_mul(b[&i]));
        for (workers, pages) in [(1, Pages::Fresh), (3, Pages::Used)] {
            let work = Work::with_threads(workers);
            let run = |[a, b]: [Factor<'_, i32>; 2], out: &mut ArrayViewMutD<'_, i32>| {
                multiply(a, b, out.view_mut().into(), &shape, pages, &work).expect("nothing fails here");
            };
            let (x, y) = (|| Factor::Array(a.view().into()), || Factor::Array(b.view().into()));
            out.fill(-1);
            run([x(), y()], &mut out);
            assert_eq!(out, expected);
            out.assign(&a);
            run([Factor::Out, y()], &mut out);
            assert_eq!(out, expected);
            out.assign(&b);
            run([x(), Factor::Out], &mut out);
            assert_eq!(out, expected);
            run([Factor::Out, Factor::Out], &mut out);
            assert_eq!(out, expected.mapv(|x| x.wrapping_mul(x)));
            run([x(), Factor::Scalar(3)], &mut out);
            assert_eq!(out, a.mapv(|x| x.wrapping_mul(3)));
            run([Factor::Scalar(3), Factor::Scalar(-5)], &mut out);
            assert_eq!(out, a.mapv(|_| -15));
        }
    }

    #[test]
    fn agrees_with_one_product_after_another() {
        let shape = IxDyn(&[5, 70, 300]);
        let a = Array::from_shape_fn(shape.clone(), |i| (i[0] * 7919 + i[1] * 31 + i[2]) as i32);
        let b = Array::from_shape_fn(shape.clone(), |i| (i[0] + i[1] * 104_729 + i[2] * 3) as i32);
        let mut out = Array::zeros(shape.clone());
        check(a.view(), b.view(), out.view_mut());
        check(a.slice(s![..;-1, .., ..]).into_dyn(), b.view(), out.view_mut());
        check(
            a.view(),
            b.slice(s![0, 0, ..]).broadcast(shape.clone()).expect("fits").into_dyn(),
            out.view_mut(),
        );
        check(
            a.view(),
            b.slice(s![0..1, 3..4, 2..3]).broadcast(shape.clone()).expect("fits").into_dyn(),
            out.view_mut(),
        );
        check(a.slice(s![.., .., 0..1]).broadcast(shape).expect("fits").into_dyn(), b.view(), out.view_mut());
        let mut reversed = Array::zeros(IxDyn(&[300, 70, 5]));
        check(a.view(), b.view(), reversed.view_mut().reversed_axes());
        let none = Array::zeros(IxDyn(&[0, 3]));
        check(none.view(), none.view(), none.clone().view_mut());
        let one = Array::from_elem(IxDyn(&[]), 7);
        check(one.view(), one.view(), one.clone().view_mut());
    }

    #[test]
    fn streaming_gives_the_same() {
        let a: Vec<f64> = (0..5000).map(f64::from).collect();
        let (mut stored, mut streamed) = (vec![0.0; 5000], vec![0.0; 5000]);
        let (x, y) = (Piece::Slice(&a[..]), Piece::Scalar(0.1));
        simd::run(MultiplySlices { a: x, b: y, out: &mut stored, streamed: false });
        simd::run(MultiplySlices { a: x, b: y, out: &mut streamed[..], streamed: true });
        assert_eq!(stored, streamed);
    }

    #[test]
    fn halves_are_rounded_once() {
        let all: Vec<half::f16> = (0..=u16::MAX).step_by(7).map(half::f16::from_bits).collect();
        let b = half::f16::from_f32(1.7);
        let mut out = all.clone();
        half::f16::times_scalar(&all, b, &mut out);
        for (x, y) in all.iter().zip(&out) {
            let expected = half::f16::from_f32(x.to_f32() * b.to_f32());
            assert!(expected == *y || (expected.is_nan() && y.is_nan()));
        }
    }
}
