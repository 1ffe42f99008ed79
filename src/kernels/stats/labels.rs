//! Labels as small numbers: which group each element is in, and the labels of the groups in order.
//!
//! Integers that are near each other are looked up in a table of their whole range, anything else is hashed. Each
//! thread hashes a piece of its own; the labels that the pieces have are sorted, and each piece's numbers become
//! places in that order. Texts are hashed by the table of long words, and sorted in the end.

use std::sync::atomic::{AtomicU8, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::number::{Number, ToNumber};
use super::sample::{Key, Sample};
use crate::alloc::{try_filled, try_reserve, try_vec};
use crate::error::{Error, Result};
use crate::kernels::words::ArenaTable;
use crate::parallel::Work;

/// The longest table: 64 MiB of places.
const LONGEST: u64 = 1 << 24;

/// A table may be so many times longer than there are labels.
const SPARSE: u64 = 2;

/// Labels of a piece, the unit of work of a thread.
const PIECE: usize = 1 << 16;

/// Pieces of a thread that hashes: few, as each has labels of its own.
const PIECES: usize = 2;

/// Labels as small numbers.
#[derive(Debug)]
pub struct Labels<T> {
    /// The group of each element; the number of groups for one that has no label.
    pub codes: Vec<u32>,
    /// The label of each group, in ascending order.
    pub groups: Vec<T>,
}

/// The groups of integers; those for which `is_missing` have none.
pub fn of_integers<T: Sample<Key: ToNumber>>(
    labels: &[T],
    is_missing: impl Fn(usize) -> bool + Sync,
    work: &Work<'_>,
) -> Result<Labels<T>> {
    let ranges = work.map(labels.len().div_ceil(PIECE), |piece| {
        let mut range = (T::Key::HIGHEST, T::Key::LOWEST, false);
        for (index, label) in numbered(labels, piece, PIECE) {
            if !is_missing(index) {
                let key = label.key();
                range = (range.0.least(key), range.1.greatest(key), true);
            }
        }
        Ok(range)
    })?;
    let ranges = ranges.into_iter().filter(|range| range.2);
    let range = ranges.reduce(|a, b| (a.0.least(b.0), a.1.greatest(b.1), true));
    let Some((min, max, _)) = range else {
        return Ok(Labels { codes: try_filled(labels.len(), 0)?, groups: Vec::new() });
    };
    let range = (max.to_integer() - min.to_integer()) as u64;
    if range < LONGEST && range / SPARSE <= (labels.len() as u64).max(1 << 12) {
        return in_table(labels, &is_missing, min, range as usize + 1, work);
    }
    hashed(labels, &is_missing, work)
}

/// The labels of a piece, each with its index.
fn numbered<T: Copy>(labels: &[T], piece: usize, size: usize) -> impl Iterator<Item = (usize, T)> {
    let start = piece * size;
    let end = labels.len().min(start + size);
    labels[start..end].iter().enumerate().map(move |(index, &label)| (start + index, label))
}

/// The groups of integers from `min` on, in a table that has a place for each integer.
fn in_table<T: Sample<Key: ToNumber>>(
    labels: &[T],
    is_missing: &(impl Fn(usize) -> bool + Sync),
    min: T::Key,
    len: usize,
    work: &Work<'_>,
) -> Result<Labels<T>> {
    let (first, min) = (min.number(), min.to_integer() as u64);
    let place = |label: T| (label.key().to_integer() as u64).wrapping_sub(min) as usize;
    let mut seen: Vec<AtomicU8> = try_vec(len)?;
    seen.resize_with(len, || AtomicU8::new(0));
    work.for_each(labels.len().div_ceil(PIECE), |piece| {
        for (index, label) in numbered(labels, piece, PIECE) {
            if !is_missing(index) {
                let seen = &seen[place(label)];
                if seen.load(Ordering::Relaxed) == 0 {
                    seen.store(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    })?;
    let (mut numbers, mut groups) = (try_filled(len, 0u32)?, try_vec(0)?);
    for (place, seen) in seen.iter().enumerate() {
        numbers[place] = groups.len() as u32;
        if seen.load(Ordering::Relaxed) > 0 {
            try_reserve(&mut groups, 1)?;
            groups.push(T::from_key(ToNumber::from_number(after(first, place as u64))));
        }
    }
    let count = groups.len() as u32;
    let codes = coded(labels, PIECE, work, |index, label| match is_missing(index) {
        true => count,
        false => numbers[place(label)],
    })?;
    Ok(Labels { codes, groups })
}

/// The integer that comes so many places after another.
fn after(first: Number, places: u64) -> Number {
    match first {
        Number::Unsigned(first) => Number::Unsigned(first.wrapping_add(places)),
        Number::Signed(first) => Number::Signed(first.wrapping_add_unsigned(places)),
        Number::Float(_) => unreachable!("labels are integers"),
    }
}

/// A number for each label, by a function of it and its index.
fn coded<T: Copy + Sync>(
    labels: &[T],
    size: usize,
    work: &Work<'_>,
    code: impl Fn(usize, T) -> u32 + Sync,
) -> Result<Vec<u32>> {
    let mut codes = try_filled(labels.len(), 0)?;
    let mut pieces: Vec<&mut [u32]> = try_vec(labels.len().div_ceil(size))?;
    pieces.extend(codes.chunks_mut(size));
    work.for_each_mut(&mut pieces, |piece, codes| {
        for ((index, label), target) in numbered(labels, piece, size).zip(codes.iter_mut()) {
            *target = code(index, label);
        }
        Ok(())
    })?;
    Ok(codes)
}

/// Labels that are texts, as they come.
#[derive(Debug, Default)]
pub struct Texts {
    table: ArenaTable,
    codes: Vec<u32>,
}

impl Texts {
    /// Takes in the label of the next element; `None` if it has none.
    pub fn push(&mut self, text: Option<&[u8]>) -> Result<()> {
        let code = match text {
            Some(text) => self.table.add(text, 1, self.codes.len() as u64)?,
            None => NONE as usize,
        };
        try_reserve(&mut self.codes, 1)?;
        self.codes.push(code as u32);
        Ok(())
    }

    /// How many labels have come.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether none has come.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The groups in an order of texts: where each is first, and what `each` makes of its text.
    pub fn finish<R>(
        self,
        order: impl Fn(&[u8], &[u8]) -> std::cmp::Ordering,
        each: impl Fn(u64, &[u8]) -> R,
    ) -> Result<Labels<R>> {
        let Texts { table, mut codes } = self;
        let word = |index: usize| table.word(&table.entries()[index]);
        let mut places = try_vec(table.entries().len())?;
        places.extend(0..table.entries().len());
        places.sort_unstable_by(|&a, &b| order(word(a), word(b)));
        let mut numbers = try_filled(places.len(), 0)?;
        places.iter().enumerate().for_each(|(number, &place)| numbers[place] = number as u32);
        for code in &mut codes {
            *code = numbers.get(*code as usize).copied().unwrap_or(places.len() as u32);
        }
        let mut groups = try_vec(places.len())?;
        groups.extend(places.iter().map(|&place| each(table.entries()[place].first, word(place))));
        Ok(Labels { codes, groups })
    }
}

/// What a piece has found: its labels in the order of their first appearance.
struct Piece<'a, T> {
    codes: &'a mut [u32],
    labels: Vec<T>,
}

/// What stands for no label while labels are hashed.
const NONE: u32 = u32::MAX;

fn hashed<T: Sample>(
    labels: &[T],
    is_missing: &(impl Fn(usize) -> bool + Sync),
    work: &Work<'_>,
) -> Result<Labels<T>> {
    let size = labels.len().div_ceil(PIECES * work.workers()).max(PIECE);
    let mut codes = try_filled(labels.len(), NONE)?;
    let mut pieces: Vec<Piece<'_, T>> = try_vec(labels.len().div_ceil(size))?;
    pieces.extend(codes.chunks_mut(size).map(|codes| Piece { codes, labels: Vec::new() }));
    let hasher = RandomState::default();
    work.for_each_mut(&mut pieces, |index, piece| {
        let mut numbers = HashMap::with_hasher(hasher.clone());
        for ((index, label), code) in numbered(labels, index, size).zip(piece.codes.iter_mut()) {
            if index % PIECE == 0 {
                work.check()?;
            }
            if is_missing(index) {
                continue;
            }
            let key = label.key().to_integer() as u64;
            if numbers.len() == numbers.capacity() {
                let bytes = 32 * (numbers.len() + 1);
                numbers.try_reserve(1).map_err(|_| Error::Memory { bytes })?;
            }
            let next = piece.labels.len() as u32;
            *code = *numbers.entry(key).or_insert(next);
            if *code == next {
                try_reserve(&mut piece.labels, 1)?;
                piece.labels.push(label);
            }
        }
        Ok(())
    })?;
    let order = |a: &T, b: &T| a.key().to_integer().cmp(&b.key().to_integer());
    let mut groups = try_vec(pieces.iter().map(|piece| piece.labels.len()).sum())?;
    pieces.iter().for_each(|piece| groups.extend_from_slice(&piece.labels));
    groups.sort_unstable_by(order);
    groups.dedup_by(|a, b| a.key() == b.key());
    if groups.len() >= NONE as usize {
        return Err(Error::Memory { bytes: usize::MAX });
    }
    work.for_each_mut(&mut pieces, |_, piece| {
        let mut numbers = try_vec(piece.labels.len())?;
        let number = |label: &T| groups.binary_search_by(|group| order(group, label)).unwrap_or_default();
        numbers.extend(piece.labels.iter().map(|label| number(label) as u32));
        for code in piece.codes.iter_mut() {
            *code = numbers.get(*code as usize).copied().unwrap_or(groups.len() as u32);
        }
        Ok(())
    })?;
    drop(pieces);
    Ok(Labels { codes, groups })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive<T: Sample>(labels: &[T], is_missing: impl Fn(usize) -> bool) -> (Vec<i128>, Vec<Option<i128>>) {
        let values: Vec<Option<i128>> = labels
            .iter()
            .enumerate()
            .map(|(index, label)| (!is_missing(index)).then(|| label.key().to_integer()))
            .collect();
        let groups: std::collections::BTreeSet<i128> = values.iter().flatten().copied().collect();
        (groups.into_iter().collect(), values)
    }

    fn check<T: Sample<Key: ToNumber>>(labels: &[T]) {
        for step in [usize::MAX, 7, 1] {
            let is_missing = |index: usize| index % step == step - 1;
            let (groups, values) = naive(labels, is_missing);
            for workers in [1, 3] {
                let got =
                    of_integers(labels, is_missing, &Work::with_threads(workers)).expect("there is memory");
                let found: Vec<i128> = got.groups.iter().map(|group| group.key().to_integer()).collect();
                assert_eq!(found, groups);
                for (code, value) in got.codes.iter().zip(&values) {
                    assert_eq!(groups.get(*code as usize), value.as_ref());
                }
                assert_eq!(got.codes.len(), labels.len());
            }
        }
    }

    #[test]
    fn texts_are_numbered_in_order() {
        let mut texts = Texts::default();
        for text in [Some("b"), None, Some(""), Some("a"), Some("b"), Some("\u{e9}"), Some("ab")] {
            texts.push(text.map(str::as_bytes)).expect("there is memory");
        }
        let got = texts.finish(Ord::cmp, |first, text| (first, text.to_vec())).expect("there is memory");
        assert_eq!(got.codes, [3, 5, 0, 1, 3, 4, 2]);
        assert_eq!(got.groups[3], (0, b"b".to_vec()));
        assert_eq!(got.groups.iter().map(|group| group.0).collect::<Vec<_>>(), [2, 3, 6, 0, 5]);
    }

    #[test]
    fn integers_near_and_far_are_numbered_in_order() {
        check::<i64>(&[]);
        check(&[5i64]);
        check(&[i64::MIN, i64::MAX, 0, -1, i64::MAX]);
        check(&[u64::MAX, 0, u64::MAX - 1]);
        check(&(0..1000).map(|i| (i * 7919 % 101) as i8).collect::<Vec<_>>());
        check(&(0..200).map(|i| crate::dtype::Bool(i % 2)).collect::<Vec<_>>());
        let far: Vec<u64> = (0..150_000u64).map(|i| (i * i % 1009) << 50).collect();
        check(&far);
        let many: Vec<i64> = (0..150_000i64).map(|i| i * 2_654_435_761 % 999_983 - 500_000).collect();
        check(&many);
    }
}
