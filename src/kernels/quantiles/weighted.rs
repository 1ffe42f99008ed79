//! Quantiles of elements that count by a weight, by the method `inverted_cdf`.
//!
//! As NumPy does it, to the bit: a line is sorted, the weights are added up in this order and divided by the
//! last sum, and a quantile is the first element at which this share reaches the level. A long line is sorted
//! in pieces, which are merged two by two.

use ndarray::ArrayViewD;

use super::array::Found;
use super::interpolate::Precision;
use super::key::{Key, Ordered};
use crate::alloc::{checked_size, try_filled, try_reserve, try_vec};
use crate::error::{Error, Result, WeightRule};
use crate::layout::Strided;
use crate::parallel::{Pacer, Work};

/// Elements that are sorted at once.
const PIECE: usize = 1 << 15;

/// Elements that are copied at once.
const BLOCK: usize = 1024;

/// As [`along`](super::along), with a weight for each element; shares are compared with the levels as numbers
/// of the dtype of the levels.
///
/// # Panics
/// If the weights have another shape.
pub fn along_weighted<T: Ordered>(
    array: ArrayViewD<'_, T>,
    weights: ArrayViewD<'_, f64>,
    axes: &[usize],
    (levels, precision): (&[f64], Precision),
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<Found<T>> {
    assert!(array.shape() == weights.shape());
    let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let (array, weights) = (Strided::from(array).permuted(&order), Strided::from(weights).permuted(&order));
    let shape: Vec<usize> = (0..kept.len()).map(|axis| array.len_of(axis)).collect();
    let count = checked_size(&shape)?;
    let mut pairs = try_vec(checked_size(&[count, levels.len()])?)?;
    let mut found = Found { pairs: Vec::new(), counts: try_vec(count)?, has_nan: false };
    // Lines on all threads where they are many, else the pieces of each.
    let lines = work.map(count, |index| {
        let (array, weights) = (array.line(kept.len(), index), weights.line(kept.len(), index));
        let line = read::<T>(&array, &weights, work)?;
        quantiles::<T>(line, (levels, precision), skip_nan, work)
    })?;
    for (keys, count, has_nan) in lines {
        pairs.extend(keys.iter().map(|&key| [T::from_key(key); 2]));
        found.counts.push(count);
        found.has_nan |= has_nan;
    }
    Ok(Found { pairs, ..found })
}

/// The keys of a line, each with its weight.
fn read<T: Ordered>(
    array: &Strided<'_>,
    weights: &Strided<'_>,
    work: &Work<'_>,
) -> Result<Vec<(T::Key, f64)>> {
    let mut pairs = try_vec(array.len())?;
    let mut keys = |slice: &[T]| pairs.extend(slice.iter().map(|element| (element.key(), 0.0)));
    array.blocks(BLOCK, BLOCK, work, &mut |slice, _| {
        keys(slice.typed());
        Ok(())
    })?;
    let mut rest = pairs.iter_mut();
    weights.blocks(BLOCK, BLOCK, work, &mut |slice, _| {
        for (&weight, pair) in slice.typed::<f64>().iter().zip(rest.by_ref()) {
            if weight < 0.0 {
                return Err(Error::Weights(WeightRule::Negative));
            }
            pair.1 = weight;
        }
        Ok(())
    })?;
    Ok(pairs)
}

/// The keys at the levels, how many elements count, and whether there is a NaN that is not left out.
#[allow(clippy::type_complexity)]
fn quantiles<T: Ordered>(
    mut line: Vec<(T::Key, f64)>,
    (levels, precision): (&[f64], Precision),
    skip_nan: bool,
    work: &Work<'_>,
) -> Result<(Vec<T::Key>, u64, bool)> {
    sort(&mut line, work)?;
    let numbers = match T::HAS_NAN {
        true => line.partition_point(|&(key, _)| key < T::Key::MAX),
        false => line.len(),
    };
    let has_nan = !skip_nan && numbers < line.len();
    if skip_nan {
        line.truncate(numbers);
    }
    let nothing = try_filled(levels.len(), T::Key::MAX)?;
    if line.is_empty() {
        return Ok((nothing, 0, has_nan));
    }
    let mut sum = 0.0;
    for (_, weight) in &mut line {
        sum += *weight;
        *weight = sum;
    }
    if !(sum > 0.0 && sum.is_finite()) {
        return Err(Error::Weights(WeightRule::Sum));
    }
    let count = line.len() as u64;
    if has_nan {
        return Ok((nothing, count, true));
    }
    let mut keys = nothing;
    for (key, &level) in keys.iter_mut().zip(levels) {
        // An element of no weight before all others is none, be the level 0.
        let is_before = |sum_here: f64| match precision.round(sum_here / sum) {
            0.0 => level > 0.0 || line[0].1 == 0.0,
            share => share < level,
        };
        let at = line.partition_point(|&(_, sum_here)| is_before(sum_here));
        *key = line[at.min(line.len() - 1)].0;
    }
    Ok((keys, count, false))
}

/// Sorts by key.
fn sort<K: Key>(line: &mut Vec<(K, f64)>, work: &Work<'_>) -> Result<()> {
    let len = line.len();
    let mut pieces: Vec<&mut [(K, f64)]> = try_vec(len.div_ceil(PIECE))?;
    pieces.extend(line.chunks_mut(PIECE));
    work.for_each_mut(&mut pieces, |_, piece| {
        piece.sort_unstable_by_key(|&(key, _)| key);
        Ok(())
    })?;
    let mut sorted = PIECE;
    if sorted >= len {
        return Ok(());
    }
    let mut other = Vec::new();
    try_reserve(&mut other, len)?;
    other.resize(len, (K::default(), 0.0));
    while sorted < len {
        let source = &line[..];
        let mut targets: Vec<&mut [(K, f64)]> = try_vec(len.div_ceil(2 * sorted))?;
        targets.extend(other.chunks_mut(2 * sorted));
        work.for_each_mut(&mut targets, |index, target| {
            let both = &source[index * 2 * sorted..][..target.len()];
            let (left, right) = both.split_at(sorted.min(both.len()));
            merge(left, right, target, work)
        })?;
        std::mem::swap(line, &mut other);
        sorted *= 2;
    }
    Ok(())
}

fn merge<K: Key>(
    left: &[(K, f64)],
    right: &[(K, f64)],
    target: &mut [(K, f64)],
    work: &Work<'_>,
) -> Result<()> {
    let (mut a, mut b) = (0, 0);
    let mut pacer = Pacer::new(work);
    for target in target.chunks_mut(BLOCK) {
        for target in target.iter_mut() {
            let takes_left = match (left.get(a), right.get(b)) {
                (Some(left), Some(right)) => left.0 <= right.0,
                (left, _) => left.is_some(),
            };
            if takes_left {
                *target = left[a];
                a += 1;
            } else {
                *target = right[b];
                b += 1;
            }
        }
        pacer.spend(8 * BLOCK)?;
    }
    Ok(())
}
