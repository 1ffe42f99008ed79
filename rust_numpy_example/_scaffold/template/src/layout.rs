//! Lines of arrays of any layout: the one way they are walked.

use ndarray::{ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis};

use crate::alloc::try_vec;
use crate::dtype::Element;
use crate::error::Result;
use crate::parallel::Work;

/// Elements of a part, the unit of work of a thread.
const PART: usize = 1 << 16;

/// A piece of a line, where it starts, and where its result is written.
type Piece<'a, T, O> = (ArrayView1<'a, T>, usize, ArrayViewMut1<'a, O>);

/// Calls `function` with lines along an axis and the same lines of the output, of the same shape. Long lines come in
/// pieces: each but the first of a line with the `history` elements before it, by which its input is longer
/// than its output, and all but the last as long as a multiple of that. `scratch` makes what the calls of a part share.
///
/// # Panics
/// If the shapes differ, there is no such axis, or `history` is zero.
pub fn scan<T: Element, O: Element, S>(
    view: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, O>,
    axis: usize,
    history: usize,
    work: &Work<'_>,
    scratch: impl Fn() -> Result<S> + Sync,
    function: impl Fn(&mut S, &[T], &mut [O]) -> Result<()> + Sync,
) -> Result<()> {
    assert!(view.shape() == out.shape() && axis < view.ndim() && history > 0);
    if view.is_empty() {
        return Ok(());
    }
    let axis = Axis(axis);
    let len = view.len_of(axis);
    let longest = (PART / history).max(1).saturating_mul(history).min(len);
    let mut pieces: Vec<Piece<'_, T, O>> = try_vec(view.len() / len * len.div_ceil(longest))?;
    for (line, mut rest) in view.lanes(axis).into_iter().zip(out.lanes_mut(axis)) {
        let mut start = 0;
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(Axis(0), longest.min(len - start));
            pieces.push((line, start, piece));
            (rest, start) = (others, start + longest);
        }
    }
    work.for_each(pieces.chunks_mut((PART / longest).max(1)), |pieces| {
        let mut scratch = scratch()?;
        let (mut source, mut target) = (try_vec(history.min(len) + longest)?, try_vec(longest)?);
        for (line, start, out) in pieces {
            let first = start.saturating_sub(history);
            let line = line.slice(ndarray::s![first..*start + out.len()]);
            // What is not contiguous goes through a copy.
            let from = match line.to_slice() {
                Some(slice) => slice,
                None => {
                    source.clear();
                    source.extend(line.iter().copied());
                    &source
                }
            };
            match out.as_slice_mut() {
                Some(out) => function(&mut scratch, from, out)?,
                None => {
                    target.resize(out.len(), O::default());
                    function(&mut scratch, from, &mut target)?;
                    out.iter_mut().zip(&target).for_each(|(out, value)| *out = *value);
                }
            }
            work.check()?;
        }
        Ok(())
    })
}
