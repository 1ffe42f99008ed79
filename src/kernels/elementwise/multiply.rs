//! The product of two arrays, element by element.
//!
//! The output is cut into rows along its innermost axis, and each row is a slice where it can be.
//! Contiguous arrays are one long row, in which the output is aligned to cache lines: a store that
//! lies in two costs twice. A large output whose pages exist already is streamed past the caches.

use ndarray::{
    ArrayView, ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis, Dimension, IxDyn,
    ShapeBuilder as _, Slice,
};

use super::product::Product;
use crate::alloc::try_vec;
use crate::error::Result;
use crate::layout::{Elements, ElementsMut};
use crate::parallel::Work;
use crate::simd::memory::{self, LINE};
use crate::simd::{self, Kernel, Simd};

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

/// A factor of a product.
#[derive(Debug, Clone)]
pub enum Factor<'a, T> {
    /// The same element everywhere.
    Scalar(T),
    /// An element each: contiguous ones of the shape of the product, or a view that broadcasts to it.
    Array(Elements<'a, T>),
    /// What is overwritten.
    Out,
}

/// `out = a * b`, where `out` has this shape.
///
/// # Panics
/// If a factor does not broadcast to the shape.
pub fn multiply<T: Product>(
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    out: ElementsMut<'_, T>,
    shape: &[usize],
    pages: Pages,
    work: &Work<'_>,
) -> Result<()> {
    let out = match (flat(&a), flat(&b), out) {
        (Some(a), Some(b), ElementsMut::Contiguous(out)) => return multiply_flat(a, b, out, pages, work),
        (_, _, ElementsMut::Contiguous(out)) => ArrayViewMutD::from_shape(shape, out).expect(FITS),
        (_, _, ElementsMut::Strided(out)) => out,
    };
    let scalar = |factor: &Factor<'_, T>| match factor {
        Factor::Scalar(scalar) => Some(*scalar),
        _ => None,
    };
    let scalars = [scalar(&a), scalar(&b)];
    let (a, b) = (view(&a, &scalars[0], shape), view(&b, &scalars[1], shape));
    rows(a, b, out, work)
}

/// A factor as contiguous memory, if it is that.
fn flat<'a, T: Product>(factor: &Factor<'a, T>) -> Option<Flat<'a, T>> {
    match factor {
        Factor::Scalar(scalar) => Some(Flat::Scalar(*scalar)),
        Factor::Array(Elements::Contiguous(slice)) => Some(Flat::Slice(slice)),
        Factor::Array(Elements::Strided(_)) => None,
        Factor::Out => Some(Flat::Out),
    }
}

/// A factor as a view of this shape.
fn view<'a, T: Product>(
    factor: &'a Factor<'_, T>,
    scalar: &'a Option<T>,
    shape: &[usize],
) -> Option<ArrayViewD<'a, T>> {
    match factor {
        Factor::Scalar(_) => {
            ArrayViewD::from_shape(IxDyn(shape).strides(IxDyn(&vec![0; shape.len()])), scalar.as_slice()).ok()
        }
        Factor::Array(Elements::Contiguous(slice)) => {
            Some(ArrayViewD::from_shape(shape, *slice).expect(FITS))
        }
        Factor::Array(Elements::Strided(view)) => Some(view.broadcast(shape).expect(FITS)),
        Factor::Out => None,
    }
}

const FITS: &str = "the factors broadcast to the shape of the product";

/// A factor as flat memory.
#[derive(Clone, Copy)]
enum Flat<'a, T> {
    /// The same element everywhere.
    Scalar(T),
    /// An element each.
    Slice(&'a [T]),
    /// What is overwritten.
    Out,
}

fn flat_view<'a, T: Product, D: Dimension>(view: Option<&ArrayView<'a, T, D>>) -> Option<Flat<'a, T>> {
    let Some(view) = view else { return Some(Flat::Out) };
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
            Flat::Out => Flat::Out,
        }
    }
}

/// The same for flat memory; a slice is as long as `out`.
fn multiply_flat<T: Product>(
    a: Flat<'_, T>,
    b: Flat<'_, T>,
    out: &mut [T],
    pages: Pages,
    work: &Work<'_>,
) -> Result<()> {
    // What is overwritten is in the caches by then.
    let in_place = matches!(a, Flat::Out) || matches!(b, Flat::Out);
    let streamed = pages == Pages::Used && !in_place && memory::pays(size_of_val(out));
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
    fn run<S: Simd>(self, _simd: S) {
        let Multiply { a, b, out, streamed } = self;
        let (len, mut done) = (out.len(), memory::unaligned(out));
        times(a.part(0, done), b.part(0, done), &mut out[..done]);
        if let (true, Some(&any)) = (streamed, out.first()) {
            let mut line = [any; LINE];
            for target in out[done..].chunks_exact_mut(LINE) {
                let end = done + LINE;
                times(a.part(done, end), b.part(done, end), &mut line);
                memory::copy(&line, target.try_into().expect("a chunk of this length"));
                done = end;
            }
            memory::fence();
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
        (Flat::Out, b) | (b, Flat::Out) => times_out(b, out),
    }
}

/// `out *= b`.
#[inline(always)]
fn times_out<T: Product>(b: Flat<'_, T>, out: &mut [T]) {
    match b {
        Flat::Slice(b) => T::times_out(out, b),
        Flat::Scalar(b) => T::times_out_scalar(out, b),
        Flat::Out => {
            for i in 0..out.len() {
                out[i] = out[i].times(out[i]);
            }
        }
    }
}

/// Arrays of any layout: parts of the outermost axis, then row by row.
fn rows<T: Product>(
    mut a: Option<ArrayViewD<'_, T>>,
    mut b: Option<ArrayViewD<'_, T>>,
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
    a = a.map(|a| a.permuted_axes(order.clone()));
    b = b.map(|b| b.permuted_axes(order.clone()));
    out = out.permuted_axes(order);
    let outer = out
        .ndim()
        .checked_sub(1)
        .map_or(0, |inner| (0..inner).find(|&axis| out.len_of(Axis(axis)) > 1).unwrap_or(0));
    if out.ndim() == 0 {
        if let Some(out) = out.first_mut() {
            let element = |view: Option<ArrayViewD<'_, T>>| view.and_then(|view| view.first().copied());
            *out = element(a).unwrap_or(*out).times(element(b).unwrap_or(*out));
        }
        return Ok(());
    }
    let len = out.len_of(Axis(outer));
    let step = (PART / (out.len() / len).max(1)).max(1);
    let mut parts = try_vec(len.div_ceil(step))?;
    parts.extend(out.axis_chunks_iter_mut(Axis(outer), step));
    work.for_each_mut(&mut parts, |index, out| {
        let slice = Slice::from(index * step..len.min((index + 1) * step));
        let (a, b) = (a.as_ref(), b.as_ref());
        let (a, b) =
            (a.map(|a| a.slice_axis(Axis(outer), slice)), b.map(|b| b.slice_axis(Axis(outer), slice)));
        let inner = Axis(out.ndim() - 1);
        let mut a = a.as_ref().map(|a| a.lanes(inner).into_iter());
        let mut b = b.as_ref().map(|b| b.lanes(inner).into_iter());
        for out in out.lanes_mut(inner) {
            let (a, b) = (a.as_mut().and_then(Iterator::next), b.as_mut().and_then(Iterator::next));
            simd::run(Row { a, b, out });
        }
        Ok(())
    })
}

struct Row<'a, T> {
    a: Option<ArrayView1<'a, T>>,
    b: Option<ArrayView1<'a, T>>,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Product> Kernel for Row<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _simd: S) {
        let Row { a, b, out } = &mut self;
        if let (Some(out), Some(a), Some(b)) =
            (out.as_slice_mut(), flat_view(a.as_ref()), flat_view(b.as_ref()))
        {
            return times(a, b, out);
        }
        for i in 0..out.len() {
            let x = if let Some(a) = a { a[i] } else { out[i] };
            let y = if let Some(b) = b { b[i] } else { out[i] };
            out[i] = x.times(y);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, IxDyn, s};

    use super::*;

    fn check(a: ArrayViewD<'_, i32>, b: ArrayViewD<'_, i32>, mut out: ArrayViewMutD<'_, i32>) {
        let shape = out.shape().to_vec();
        let expected: ArrayD<i32> = Array::from_shape_fn(out.raw_dim(), |i| a[&i].wrapping_mul(b[&i]));
        for (workers, pages) in [(1, Pages::Fresh), (3, Pages::Used)] {
            let work = Work::with_threads(workers);
            let run = |a, b, out: &mut ArrayViewMutD<'_, i32>| {
                multiply(a, b, out.view_mut().into(), &shape, pages, &work).expect("nothing fails here");
            };
            let (x, y) = (|| Factor::Array(a.view().into()), || Factor::Array(b.view().into()));
            out.fill(-1);
            run(x(), y(), &mut out);
            assert_eq!(out, expected);
            out.assign(&a);
            run(Factor::Out, y(), &mut out);
            assert_eq!(out, expected);
            out.assign(&b);
            run(x(), Factor::Out, &mut out);
            assert_eq!(out, expected);
            run(Factor::Out, Factor::Out, &mut out);
            assert_eq!(out, expected.mapv(|x| x.wrapping_mul(x)));
            run(x(), Factor::Scalar(3), &mut out);
            assert_eq!(out, a.mapv(|x| x.wrapping_mul(3)));
            run(Factor::Scalar(3), Factor::Scalar(-5), &mut out);
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
