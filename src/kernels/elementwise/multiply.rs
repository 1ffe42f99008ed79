//! The product of two arrays, element by element.
//!
//! The output is cut into rows along its innermost axis, and each row is a slice where it can be.
//! Contiguous arrays are one long row, in which the output is aligned to cache lines: a store that
//! lies in two costs twice. A large output whose pages exist already is streamed past the caches.

use ndarray::{ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis, Slice};

use super::product::Product;
use crate::alloc::try_vec;
use crate::error::Result;
use crate::parallel::Work;
use crate::simd::{self, Kernel};
use crate::stream::{self, LINE};

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

/// `out = a * b`; the three have the same shape.
pub fn multiply<T: Product>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, T>,
    pages: Pages,
    work: &Work<'_>,
) -> Result<()> {
    if let (Some(out), Some(a), Some(b)) = (out.as_slice_mut(), flat(&a), flat(&b)) {
        return multiply_flat(a, b, out, pages, work);
    }
    rows(a, b, out, work)
}

/// A factor as flat memory.
#[derive(Clone, Copy)]
pub enum Flat<'a, T> {
    /// The same element everywhere.
    Scalar(T),
    /// An element each.
    Slice(&'a [T]),
}

fn flat<'a, T: Product>(view: &ArrayViewD<'a, T>) -> Option<Flat<'a, T>> {
    let repeats = |axis| view.stride_of(Axis(axis)) == 0 || view.len_of(Axis(axis)) == 1;
    match view.first() {
        Some(&scalar) if (0..view.ndim()).all(repeats) => Some(Flat::Scalar(scalar)),
        _ => view.to_slice().map(Flat::Slice),
    }
}

impl<T: Product> Flat<'_, T> {
    #[inline(always)]
    fn part(&self, start: usize, end: usize) -> Self {
        match self {
            Flat::Scalar(scalar) => Flat::Scalar(*scalar),
            Flat::Slice(slice) => Flat::Slice(&slice[start..end]),
        }
    }
}

/// The same for flat memory; a slice is as long as `out`.
pub fn multiply_flat<T: Product>(
    a: Flat<'_, T>,
    b: Flat<'_, T>,
    out: &mut [T],
    pages: Pages,
    work: &Work<'_>,
) -> Result<()> {
    let streamed = pages == Pages::Used && stream::pays(size_of_val(out));
    if out.len() <= PART {
        simd::run(Multiply { a, b, out, streamed });
        return Ok(());
    }
    let mut parts: Vec<&mut [T]> = try_vec(out.len().div_ceil(PART))?;
    parts.extend(out.chunks_mut(PART));
    work.for_each_mut(&mut parts, |index, out| {
        let start = index * PART;
        let end = start + out.len();
        simd::run(Multiply { a: a.part(start, end), b: b.part(start, end), out, streamed });
        Ok(())
    })
}

struct Multiply<'a, T> {
    a: Flat<'a, T>,
    b: Flat<'a, T>,
    out: &'a mut [T],
    streamed: bool,
}

impl<T: Product> Kernel for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Multiply { a, b, out, streamed } = self;
        let (len, mut done) = (out.len(), stream::unaligned(out));
        times(a.part(0, done), b.part(0, done), &mut out[..done]);
        if let (true, Some(&any)) = (streamed, out.first()) {
            let mut line = [any; LINE];
            for target in out[done..].chunks_exact_mut(LINE) {
                let end = done + LINE;
                times(a.part(done, end), b.part(done, end), &mut line);
                stream::copy(&line, target.try_into().expect("a chunk of this length"));
                done = end;
            }
            stream::fence();
        }
        times(a.part(done, len), b.part(done, len), &mut out[done..]);
    }
}

#[inline(always)]
fn times<T: Product>(a: Flat<'_, T>, b: Flat<'_, T>, out: &mut [T]) {
    match (a, b) {
        (Flat::Slice(a), Flat::Slice(b)) => T::times_slice(a, b, out),
        (Flat::Slice(a), Flat::Scalar(b)) | (Flat::Scalar(b), Flat::Slice(a)) => T::times_scalar(a, b, out),
        (Flat::Scalar(a), Flat::Scalar(b)) => out.fill(a.times(b)),
    }
}

/// Arrays of any layout: parts of the outermost axis, then row by row.
fn rows<T: Product>(
    mut a: ArrayViewD<'_, T>,
    mut b: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, T>,
    work: &Work<'_>,
) -> Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    // Rows run along the axis in which the output's step is smallest.
    let mut order: Vec<usize> = (0..out.ndim()).collect();
    order.sort_by_key(|&axis| {
        let idle = out.len_of(Axis(axis)) == 1;
        (std::cmp::Reverse(idle), std::cmp::Reverse(out.stride_of(Axis(axis)).unsigned_abs()))
    });
    a = a.permuted_axes(order.clone());
    b = b.permuted_axes(order.clone());
    out = out.permuted_axes(order);
    let outer = out
        .ndim()
        .checked_sub(1)
        .map_or(0, |inner| (0..inner).find(|&axis| out.len_of(Axis(axis)) > 1).unwrap_or(0));
    if out.ndim() == 0 {
        out.first_mut()
            .into_iter()
            .for_each(|out| *out = a.first().zip(b.first()).map_or(*out, |(a, b)| a.times(*b)));
        return Ok(());
    }
    let len = out.len_of(Axis(outer));
    let step = (PART / (out.len() / len).max(1)).max(1);
    let mut parts = try_vec(len.div_ceil(step))?;
    parts.extend(out.axis_chunks_iter_mut(Axis(outer), step));
    work.for_each_mut(&mut parts, |index, out| {
        let slice = Slice::from(index * step..len.min((index + 1) * step));
        let (a, b) = (a.slice_axis(Axis(outer), slice), b.slice_axis(Axis(outer), slice));
        let inner = Axis(out.ndim() - 1);
        for ((a, b), out) in a.lanes(inner).into_iter().zip(b.lanes(inner)).zip(out.lanes_mut(inner)) {
            simd::run(Row { a, b, out });
        }
        Ok(())
    })
}

struct Row<'a, T> {
    a: ArrayView1<'a, T>,
    b: ArrayView1<'a, T>,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Product> Kernel for Row<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let flat = |view: &ArrayView1<'_, T>| view.stride_of(Axis(0)) == 0;
        if let Some(out) = self.out.as_slice_mut() {
            match (self.a.to_slice(), self.b.to_slice()) {
                (Some(a), Some(b)) => return T::times_slice(a, b, out),
                (Some(a), None) if flat(&self.b) => return T::times_scalar(a, self.b[0], out),
                (None, Some(b)) if flat(&self.a) => return T::times_scalar(b, self.a[0], out),
                _ => {}
            }
        }
        for i in 0..self.out.len() {
            self.out[i] = self.a[i].times(self.b[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, IxDyn, s};

    use super::*;

    fn check(a: ArrayViewD<'_, i32>, b: ArrayViewD<'_, i32>, mut out: ArrayViewMutD<'_, i32>) {
        let expected: ArrayD<i32> = Array::from_shape_fn(out.raw_dim(), |i| a[&i].wrapping_mul(b[&i]));
        for (workers, pages) in [(1, Pages::Fresh), (3, Pages::Used)] {
            out.fill(-1);
            multiply(a.view(), b.view(), out.view_mut(), pages, &Work::with_threads(workers))
                .expect("nothing fails here");
            assert_eq!(out, expected);
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
        let (mut plain, mut streamed) = (vec![0.0; 5000], vec![0.0; 5000]);
        let (x, y) = (Flat::Slice(&a[..]), Flat::Scalar(0.1));
        simd::run(Multiply { a: x, b: y, out: &mut plain, streamed: false });
        simd::run(Multiply { a: x, b: y, out: &mut streamed[..], streamed: true });
        assert_eq!(plain, streamed);
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
