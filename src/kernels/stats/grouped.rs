//! The moments of groups of elements, each of which has a label.
//!
//! Labels are small numbers here: see `labels`. The elements of a part are brought into the order of their labels
//! by a counting sort, so that those of a group are one slice, and that slice is read by the inner loops of `block`
//! and `weighted`: so a group's moments are as exact as those of an array, whatever the type, and NaN and weights
//! mean the same. What it costs is to count the labels and to write each element once more.
//!
//! A part has many more elements than there are groups, so that what is done once for each group, and merging it,
//! costs little; the memory is that of a part, and does not grow with the array. Parts are cut by shape and number
//! of groups, and merge in order: the result has the same bits for every number of threads. If there is one part
//! alone, threads share its groups.
//!
//! Sums for each group, added to as the elements come, would be less exact, and slower: elements of a few groups would
//! wait for each other's additions, and the sums of many would not be in the caches.

use ndarray::ArrayViewD;

use super::array::PART;
use super::beside::{WEIGHTS, checked, reader};
use super::block;
use super::center::Center;
use super::moments::Moments;
use super::number::{Number, ToNumber};
use super::sample::{Key, Sample};
use super::weight::WeightedMoments;
use crate::alloc::{checked_size, try_filled, try_vec};
use crate::dtype::Bool;
use crate::error::Result;
use crate::layout::{AnySlice, Strided};
use crate::parallel::Work;

/// The place of the labels beside the elements.
const LABELS: usize = 1;

/// Elements of a part for each group.
const EACH: usize = 32;

/// Elements that are copied at once, where they are.
const BLOCK: usize = 4096;

/// Groups that a thread takes at a time, if there is one part.
const GROUPS: usize = 1024;

/// Which elements are in which group.
#[derive(Debug, Clone)]
pub struct Groups<'a> {
    /// A group for each element, in the shape of the array; elements of the group `count` are in none.
    pub codes: ArrayViewD<'a, u32>,
    /// How many groups there are.
    pub count: usize,
}

/// The moments of each group along `axes`, which are sorted: for each element of an array that has the other axes, in C
/// order, those of all groups. Only elements for which the `mask` is true count, if there is one, and no NaN if
/// `skip_nan`.
///
/// # Panics
/// If the groups or the mask have another shape, or a code is larger than the count.
pub fn grouped<T: Sample<Key: ToNumber>>(
    elements: ArrayViewD<'_, T>,
    groups: &Groups<'_>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    axes: &[usize],
    work: &Work<'_>,
) -> Result<Vec<Moments<Number, T::Center>>> {
    let read: Read<T::Center> = if const { T::Key::NAN.is_some() } && skip_nan {
        |slice, _| Ok(block::moments_without_nan(slice.typed::<T>()).any())
    } else {
        |slice, _| Ok(block::moments(slice.typed::<T>()).any())
    };
    let array = masked(elements, mask).beside(LABELS, &groups.codes.clone().into());
    Grouped { read, is_weighted: false, count: groups.count }.along::<T>(&array, axes, work)
}

/// The same, each element with its weight.
///
/// # Panics
/// As [`grouped`], and if the weights have another shape.
pub fn grouped_weighted<T: Sample<Key: ToNumber>>(
    elements: ArrayViewD<'_, T>,
    groups: &Groups<'_>,
    weights: ArrayViewD<'_, f64>,
    mask: Option<ArrayViewD<'_, Bool>>,
    skip_nan: bool,
    axes: &[usize],
    work: &Work<'_>,
) -> Result<Vec<Moments<Number, WeightedMoments>>> {
    let array = masked(elements, mask).beside(WEIGHTS, &weights.into());
    let array = array.beside(LABELS, &groups.codes.clone().into());
    Grouped { read: reader::<T>(skip_nan), is_weighted: true, count: groups.count }
        .along::<T>(&array, axes, work)
        .and_then(checked)
}

fn masked<'a, T: Sample>(elements: ArrayViewD<'a, T>, mask: Option<ArrayViewD<'a, Bool>>) -> Strided<'a> {
    match mask {
        Some(mask) => Strided::from(elements).masked(mask.into()),
        None => elements.into(),
    }
}

/// What reads the elements of a group and their weights, if there are some.
type Read<C> = fn(AnySlice<'_>, AnySlice<'_>) -> Result<Moments<Number, C>>;

struct Grouped<C> {
    read: Read<C>,
    is_weighted: bool,
    /// How many groups.
    count: usize,
}

/// The elements of a part in the order of their groups.
struct Sorted<T> {
    elements: Vec<T>,
    weights: Vec<f64>,
    /// Where the elements of each group end.
    ends: Vec<usize>,
}

impl<C: Center> Grouped<C> {
    fn along<T: Sample>(
        &self,
        array: &Strided<'_>,
        axes: &[usize],
        work: &Work<'_>,
    ) -> Result<Vec<Moments<Number, C>>> {
        let kept: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
        let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
        let (array, kept) = (array.permuted(&order), kept.len());
        let shape: Vec<usize> = (0..kept).map(|axis| array.len_of(axis)).collect();
        let lines = checked_size(&shape)?;
        let mut results = try_filled(checked_size(&[lines, self.count])?, Moments::default())?;
        let length: usize = (kept..array.ndim()).map(|axis| array.len_of(axis)).product();
        if length == 0 || results.is_empty() {
            return Ok(results);
        }
        let mut of_lines: Vec<&mut [Moments<Number, C>]> = try_vec(lines)?;
        of_lines.extend(results.chunks_mut(self.count));
        let line = |index: usize| array.line(kept, index).in_memory_order().merged().0;
        // Many lines are shared among threads, few are so one by one.
        if length < 2 * PART && lines > 1 {
            work.for_each_mut(&mut of_lines, |index, results| {
                self.line::<T>(&line(index), results, &Work::serial())?;
                work.check()
            })?;
            return Ok(results);
        }
        for (index, results) in of_lines.iter_mut().enumerate() {
            self.line::<T>(&line(index), results, work)?;
        }
        Ok(results)
    }

    fn line<T: Sample>(
        &self,
        line: &Strided<'_>,
        results: &mut [Moments<Number, C>],
        work: &Work<'_>,
    ) -> Result<()> {
        let parts = line.parts(PART.max(self.count.saturating_mul(EACH)));
        let count = parts.count();
        if count == 1 {
            let sorted = self.sorted::<T>(line, work)?;
            let mut chunks: Vec<&mut [Moments<Number, C>]> = try_vec(results.len().div_ceil(GROUPS))?;
            chunks.extend(results.chunks_mut(GROUPS));
            return work.for_each_mut(&mut chunks, |index, results| {
                self.read_groups(&sorted, index * GROUPS, results)
            });
        }
        // As many parts at a time as there are threads: their states take memory.
        let at_once = work.workers();
        for start in (0..count).step_by(at_once) {
            let found = work.map(at_once.min(count - start), |offset| {
                let sorted = self.sorted::<T>(&line.part(&parts, start + offset), work)?;
                let mut states = try_filled(self.count, Moments::default())?;
                self.read_groups(&sorted, 0, &mut states)?;
                Ok(states)
            })?;
            for states in &found {
                results.iter_mut().zip(states).for_each(|(result, state)| result.merge(state));
            }
        }
        Ok(())
    }

    /// Adds the elements of groups from `first` on to their states.
    fn read_groups<T: Sample>(
        &self,
        sorted: &Sorted<T>,
        first: usize,
        states: &mut [Moments<Number, C>],
    ) -> Result<()> {
        let mut start = if first == 0 { 0 } else { sorted.ends[first - 1] };
        for (state, &end) in states.iter_mut().zip(&sorted.ends[first..]) {
            if start < end {
                let weights = sorted.weights.get(start..end).unwrap_or_default();
                state.merge(&(self.read)((&sorted.elements[start..end]).into(), weights.into())?);
            }
            start = end;
        }
        Ok(())
    }

    fn sorted<T: Sample>(&self, part: &Strided<'_>, work: &Work<'_>) -> Result<Sorted<T>> {
        // Those of no group are counted, too, and come last.
        let mut counts = try_filled(self.count + 1, 0usize)?;
        let mut first = None;
        part.blocks_beside(BLOCK, work, &mut |slice, beside| {
            first = first.or_else(|| slice.typed::<T>().first().copied());
            beside[LABELS].typed::<u32>().iter().for_each(|&code| counts[code as usize] += 1);
            Ok(())
        })?;
        let mut len = 0;
        for count in &mut counts {
            (*count, len) = (len, len + *count);
        }
        let Some(first) = first else {
            return Ok(Sorted { elements: Vec::new(), weights: Vec::new(), ends: counts });
        };
        let mut elements = try_filled(len, first)?;
        let mut weights = try_filled(if self.is_weighted { len } else { 0 }, 0.0)?;
        part.blocks_beside(BLOCK, work, &mut |slice, beside| {
            let codes = beside[LABELS].typed::<u32>();
            if self.is_weighted {
                let pairs = slice.typed::<T>().iter().zip(beside[WEIGHTS].typed::<f64>());
                for (&code, (&element, &weight)) in codes.iter().zip(pairs) {
                    let place = &mut counts[code as usize];
                    (elements[*place], weights[*place]) = (element, weight);
                    *place += 1;
                }
            } else {
                for (&code, &element) in codes.iter().zip(slice.typed::<T>()) {
                    let place = &mut counts[code as usize];
                    elements[*place] = element;
                    *place += 1;
                }
            }
            Ok(())
        })?;
        Ok(Sorted { elements, weights, ends: counts })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, IxDyn};

    use super::super::block::moments;
    use super::*;

    fn shaped<T>(shape: &[usize], element: impl FnMut(usize) -> T) -> ArrayD<T> {
        let len = shape.iter().product();
        Array::from_iter((0..len).map(element)).into_shape_with_order(IxDyn(shape)).expect("it fits")
    }

    fn assert_same(got: &[Moments<Number>], expected: &[Vec<f64>]) {
        assert_eq!(got.len(), expected.len());
        for (got, group) in got.iter().zip(expected) {
            let want = moments(group).any();
            assert_eq!((got.count(), got.extremes()), (want.count(), want.extremes()));
            for (got, want) in [(got.mean(), want.mean()), (got.std(1.0), want.std(1.0))] {
                assert!(got == want || got.is_nan() && want.is_nan() || (got / want - 1.0).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn each_group_has_the_moments_of_its_elements() {
        for (len, count) in [(0, 3), (1, 1), (1000, 1), (1000, 7), (1000, 900), (2 * PART + 5, 5)] {
            let data: ArrayD<f64> = shaped(&[len], |i| 1e9 + (i * 7919 % 1009) as f64);
            // One of count + 1 has no group.
            let codes: ArrayD<u32> = shaped(&[len], |i| (i * 31 % (count + 1)) as u32);
            let mut expected = vec![Vec::new(); count + 1];
            data.iter().zip(&codes).for_each(|(&x, &code)| expected[code as usize].push(x));
            expected.pop();
            let groups = Groups { codes: codes.view(), count };
            let one = grouped(data.view(), &groups, None, false, &[0], &Work::serial()).expect("fits");
            assert_same(&one, &expected);
            for workers in [2, 3] {
                let work = Work::with_threads(workers);
                let more = grouped(data.view(), &groups, None, false, &[0], &work).expect("fits");
                assert_eq!(format!("{more:?}"), format!("{one:?}"));
            }
            let ones = data.mapv(|_| 1.0);
            let work = Work::serial();
            let weighted =
                grouped_weighted(data.view(), &groups, ones.view(), None, false, &[0], &work).expect("fits");
            for (weighted, plain) in weighted.iter().zip(&one) {
                assert_eq!((weighted.count(), weighted.extremes()), (plain.count(), plain.extremes()));
                assert!(plain.count() == 0 || (weighted.mean() / plain.mean() - 1.0).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn along_an_axis_each_line_has_its_groups() {
        let data: ArrayD<f64> = shaped(&[4, 30, 5], |i| (i * 7919 % 1009) as f64);
        let of_axis: ArrayD<u32> = shaped(&[1, 30, 1], |i| (i % 3) as u32);
        let codes = of_axis.broadcast(IxDyn(&[4, 30, 5])).expect("it fits");
        let mask = data.mapv(|x| Bool::from(x % 4.0 != 0.0));
        for mask in [None, Some(mask.view())] {
            let groups = Groups { codes: codes.view(), count: 2 };
            let work = Work::serial();
            let got = grouped(data.view(), &groups, mask.clone(), false, &[1], &work).expect("fits");
            let mut expected = vec![Vec::new(); 4 * 5 * 2];
            for ((index, &x), &code) in data.indexed_iter().zip(&codes) {
                let is_counted = mask.as_ref().is_none_or(|mask| mask[&index].get());
                if code < 2 && is_counted {
                    expected[(index[0] * 5 + index[2]) * 2 + code as usize].push(x);
                }
            }
            assert_same(&got, &expected);
        }
    }
}
