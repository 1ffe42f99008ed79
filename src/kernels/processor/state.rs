//! A buffer of numbers, with the means of its full chunks and the moments of all numbers ever added.
//!
//! The moments of floats are updated a block at a time: when a block of numbers has gathered, while they are
//! still in cache, or when the moments are asked for. Integers enter sums of their own as they come, which are
//! exact. The mean of a chunk is taken as soon as it is full, for the same reason. So adding a few numbers
//! costs little more than copying them, and many are read from memory once.

use std::num::NonZeroUsize;

use super::buffer::Buffer;
use super::chunk_means::ChunkMeans;
use crate::alloc::{try_reserve, try_vec};
use crate::error::{Error, Result};
use crate::kernels::stats::{self, AnyMoments, Center, IntegerSums, Key, Moments, Number, Sample, ToNumber};
use crate::layout::Elements;
use crate::parallel::Work;
use crate::simd;

/// Numbers that enter the moments at once.
const BLOCK: usize = 4096;

/// Numbers that are copied before they enter means and moments: they stay in the second-level cache.
const COPIED: usize = 4 * BLOCK;

/// A buffer of numbers, and the moments of all numbers that have been in it.
#[derive(Debug)]
pub struct Processor {
    chunk_size: usize,
    buffer: Buffer,
    /// The means of the full chunks of the buffer.
    means: Vec<f64>,
    /// How many numbers of the buffer are in the moments. There are only floats after them.
    counted: usize,
    floats: Moments,
    integers: Moments<Number, IntegerSums>,
    /// Of what other processors had whose least or greatest number is an integer beside floats: a float may not hold it.
    mixed: Moments<Number>,
}

impl Processor {
    /// An empty buffer.
    pub fn new(chunk_size: NonZeroUsize) -> Self {
        Processor {
            chunk_size: chunk_size.get(),
            buffer: Buffer::default(),
            means: Vec::new(),
            counted: 0,
            floats: Moments::default(),
            integers: Moments::default(),
            mixed: Moments::default(),
        }
    }

    /// The state that [`Processor::state`] returned: the buffer, and the moments of all numbers ever
    /// added, those in the buffer included.
    pub fn with_state(chunk_size: NonZeroUsize, buffer: Buffer, total: AnyMoments) -> Result<Self> {
        let mut processor = Self::new(chunk_size);
        processor.merge(&buffer, &total)?;
        Ok(processor)
    }

    /// How many numbers make a chunk.
    pub fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// How many numbers are in the buffer.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that is held besides this.
    pub fn bytes(&self) -> usize {
        self.buffer.bytes() + size_of::<f64>() * self.means.capacity()
    }

    /// Adds numbers, in C order.
    #[inline]
    pub fn add<T: Sample<Key: ToNumber>>(&mut self, values: Elements<'_, T>) -> Result<()> {
        if const { T::Key::NAN.is_none() } {
            return self.add_integers(values);
        }
        match values {
            Elements::Contiguous(slice) => {
                self.reserve(slice.len())?;
                for part in slice.chunks(COPIED) {
                    self.buffer.extend(part);
                    self.update();
                }
            }
            Elements::Strided(view) => {
                self.reserve(view.len())?;
                self.buffer.extend_each(view.iter().copied());
                self.update();
            }
        }
        Ok(())
    }

    fn add_integers<T: Sample<Key: ToNumber>>(&mut self, values: Elements<'_, T>) -> Result<()> {
        let before = (self.len(), self.means.len(), self.integers);
        let added = self.add_parts(values);
        if added.is_err() {
            // Nothing was added.
            self.buffer.truncate(before.0);
            self.means.truncate(before.1);
            self.integers = before.2;
            self.counted = self.counted.min(before.0);
        }
        added
    }

    fn add_parts<T: Sample<Key: ToNumber>>(&mut self, values: Elements<'_, T>) -> Result<()> {
        match values {
            Elements::Contiguous(slice) => {
                self.reserve(slice.len())?;
                self.count_until(self.len());
                slice.chunks(COPIED).try_for_each(|part| self.add_part(part))
            }
            Elements::Strided(view) => {
                self.reserve(view.len())?;
                self.count_until(self.len());
                let (mut elements, mut part) = (view.iter().copied(), try_vec(view.len().min(COPIED))?);
                loop {
                    part.clear();
                    part.extend(elements.by_ref().take(COPIED));
                    if part.is_empty() {
                        return Ok(());
                    }
                    self.add_part(&part)?;
                }
            }
        }
    }

    /// Adds integers for which there is memory, but for what rounding takes from them.
    fn add_part<T: Sample<Key: ToNumber>>(&mut self, part: &[T]) -> Result<()> {
        let moments = stats::moments(part).any();
        let (sums, (min, max)) = (moments.center().integers(), moments.extremes().unwrap_or_default());
        let sums = sums.expect("integers have exact sums");
        self.buffer.reserve_integers(part.len(), min.to_f64(), max.to_f64())?;
        self.buffer.extend(part);
        self.integers.merge(&Moments::from_parts(moments.count(), sums, min, max));
        self.counted = self.len();
        self.update();
        Ok(())
    }

    /// Reserves memory for more numbers and their means, so that nothing after it can fail.
    #[inline]
    fn reserve(&mut self, additional: usize) -> Result<()> {
        self.buffer.reserve(additional)?;
        let chunks = (self.len() + additional) / self.chunk_size;
        let missing = chunks - self.means.len();
        try_reserve(&mut self.means, missing)
    }

    /// Brings means and moments up to date after numbers were added.
    #[inline]
    fn update(&mut self) {
        if self.len() - self.means.len() * self.chunk_size >= self.chunk_size {
            self.average_chunks();
        }
        if self.len() - self.counted >= BLOCK {
            self.count_until(self.len() - (self.len() - self.counted) % BLOCK);
        }
    }

    /// Takes the means of chunks that have become full. Not inlined into the copies of its callers for
    /// each dtype.
    #[inline(never)]
    fn average_chunks(&mut self) {
        let done = self.means.len();
        let numbers = self.buffer.from(done * self.chunk_size);
        self.means.resize(done + numbers.values.len() / self.chunk_size, 0.0);
        simd::run(ChunkMeans { numbers, chunk_size: self.chunk_size, means: &mut self.means[done..] });
    }

    /// Adds the floats before `end` to the moments.
    #[inline(never)]
    fn count_until(&mut self, end: usize) {
        self.floats.update(&self.buffer.all().values[self.counted..end]);
        self.counted = end;
    }

    /// The means of the full chunks, which leave the buffer.
    pub fn process(&mut self) -> Vec<f64> {
        let means = std::mem::take(&mut self.means);
        let gone = means.len() * self.chunk_size;
        if self.counted < gone {
            self.count_until(self.len());
        }
        self.buffer.drain(gone);
        self.counted -= gone;
        means
    }

    /// The moments of what is in the buffer. They are exact if that is integers; among floats, an integer is
    /// rounded to one.
    pub fn buffered(&self, work: &Work<'_>) -> Result<AnyMoments> {
        let numbers = self.buffer.all();
        if !numbers.are_integers {
            return Ok(stats::whole(numbers.values.into(), None, false, work)?.into());
        }
        if numbers.lows.is_empty() {
            return Ok(stats::whole_numbers(numbers.values, work)?.into());
        }
        let mut sums = IntegerSums::default();
        numbers.integers().for_each(|integer| sums.merge(&IntegerSums::of(integer)));
        let extreme = Number::default();
        Ok(Moments::from_parts(self.len() as u64, sums, extreme, extreme).into())
    }

    /// The moments of all that was ever added.
    pub fn total(&mut self) -> AnyMoments {
        self.count_until(self.len());
        let mut total = AnyMoments::Integers(self.integers);
        total.merge(&AnyMoments::Floats(self.floats.any()));
        total.merge(&AnyMoments::Floats(self.mixed));
        total
    }

    /// A copy of the buffer and the moments of all numbers: see [`Processor::with_state`].
    pub fn state(&mut self) -> Result<(Buffer, AnyMoments)> {
        Ok((self.buffer.try_clone()?, self.total()))
    }

    /// Adds the state of another processor, whose buffer comes after this one's.
    pub fn merge(&mut self, buffer: &Buffer, total: &AnyMoments) -> Result<()> {
        self.count_until(self.len());
        let added = self.integers.count() + self.floats.count() + self.mixed.count();
        if added.checked_add(total.count()).is_none_or(|count| count > i64::MAX as u64) {
            return Err(Error::Count);
        }
        self.reserve(buffer.len())?;
        self.buffer.append(buffer)?;
        match total {
            AnyMoments::Integers(integers) => self.integers.merge(integers),
            // Here each number counts once.
            other => match other.extremes() {
                Some((Number::Float(_), Number::Float(_))) => self.floats.merge(&other.floats().narrow()),
                _ => self.mixed.merge(&other.floats()),
            },
        }
        self.average_chunks();
        self.counted = self.len();
        Ok(())
    }

    /// Forgets all numbers.
    pub fn clear(&mut self) {
        let chunk_size = NonZeroUsize::new(self.chunk_size).unwrap_or(NonZeroUsize::MIN);
        *self = Self::new(chunk_size);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayView1, s};

    use super::*;

    fn processor(chunk_size: usize) -> Processor {
        Processor::new(NonZeroUsize::new(chunk_size).expect("not zero"))
    }

    fn add(processor: &mut Processor, values: &[f64]) {
        processor.add(ArrayView1::from(values).into_dyn().into()).expect("there is memory");
    }

    #[test]
    fn numbers_of_any_type_are_taken() {
        let mut processor = processor(2);
        let every_other = ArrayView1::from(&[1i8, 0, -4, 0, 7]).slice_move(s![..;2]);
        processor.add(every_other.into_dyn().into()).expect("there is memory");
        processor.add([9u64, 5].as_slice().into()).expect("there is memory");
        processor.add(ArrayView1::from(&[0.5f32]).into_dyn().into()).expect("there is memory");
        assert_eq!(processor.process(), [-1.5, 8.0, 2.75]);
    }

    #[test]
    fn full_chunks_leave_and_the_remainder_stays() {
        let numbers: Vec<f64> = (0..10_007).map(f64::from).collect();
        for chunk_size in [1, 2, 10, 33, 1000, 1024, 5000, 20_000] {
            for added in [1, 7, 100, 3000, 20_000] {
                let mut processor = processor(chunk_size);
                let mut means = Vec::new();
                for (turn, part) in numbers.chunks(added).enumerate() {
                    add(&mut processor, part);
                    if turn % 3 == 0 {
                        means.extend(processor.process());
                    }
                }
                means.extend(processor.process());
                let expected: Vec<f64> = numbers
                    .chunks_exact(chunk_size)
                    .map(|chunk| chunk.iter().fold(0.0, |sum, x| sum + x) / chunk_size as f64)
                    .collect();
                assert_eq!(means, expected);
                assert_eq!(processor.buffer.all().values, numbers.chunks_exact(chunk_size).remainder());
                let total = processor.total();
                assert_eq!(
                    (total.count(), total.mean(), total.floats().narrow::<f64>().max()),
                    (10_007, 5003.0, 10_006.0)
                );
            }
        }
    }

    #[test]
    fn what_is_in_the_buffer_has_exact_moments_if_it_is_integers() {
        let mut floats = processor(100);
        add(&mut floats, &[0.5, 0.25]);
        let moments = floats.buffered(&Work::serial()).expect("there is memory");
        assert_eq!((moments.count(), moments.mean()), (2, 0.375));
        let integers = [[1i64 << 53, 1, 1], [(1 << 60) + 1, 1, -1 << 60]];
        for (integers, mean) in integers.iter().zip([(1i64 << 53) as f64 + 2.0, 2.0]) {
            let mut processor = processor(100);
            processor.add(ArrayView1::from(integers).into_dyn().into()).expect("there is memory");
            let moments = processor.buffered(&Work::serial()).expect("there is memory");
            assert_eq!((moments.count(), 3.0 * moments.mean()), (3, mean));
            assert!(matches!(moments, AnyMoments::Integers(_)));
        }
    }

    #[test]
    fn memory_is_that_of_numbers_and_of_means() {
        let mut processor = processor(2);
        add(&mut processor, &[1.0; 9]);
        assert!(processor.bytes() >= processor.buffer.bytes() + 4 * size_of::<f64>());
        assert!(processor.buffer.bytes() >= 9 * size_of::<f64>());
    }

    #[test]
    fn a_state_goes_on_where_it_was_taken() {
        let mut before = processor(2);
        add(&mut before, &[1.0, 2.0, 3.0]);
        let (buffer, total) = before.state().expect("there is memory");
        let mut after = Processor::with_state(NonZeroUsize::MIN.saturating_add(1), buffer, total)
            .expect("there is memory");
        add(&mut after, &[6.0]);
        assert_eq!((after.total().count(), after.total().mean()), (4, 3.0));
        assert_eq!(after.process(), [1.5, 4.5]);
    }

    #[test]
    fn integers_beside_floats_stay_exact_in_a_state_and_a_merge() {
        let large = (1i64 << 53) + 1;
        let (mut a, mut b) = (processor(2), processor(2));
        a.add([large, -large].as_slice().into()).expect("there is memory");
        add(&mut a, &[0.5]);
        for _ in 0..2 {
            let (buffer, total) = a.state().expect("there is memory");
            b.merge(&buffer, &total).expect("there is memory");
            let (min, max) = b.total().extremes().expect("some numbers");
            assert_eq!((min.integer(), max.integer()), (Some((-large).into()), Some(large.into())));
        }
        add(&mut b, &[1e300]);
        assert_eq!((b.total().count(), b.total().floats().narrow::<f64>().max()), (7, 1e300));
    }

    #[test]
    fn merging_keeps_both() {
        let (mut a, mut b) = (processor(3), processor(5));
        add(&mut a, &[1.0, 2.0]);
        add(&mut b, &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        b.process();
        let (buffer, total) = b.state().expect("there is memory");
        a.merge(&buffer, &total).expect("there is memory");
        assert_eq!(a.buffer.all().values, [1.0, 2.0, 8.0]);
        assert_eq!(
            (a.total().count(), a.total().mean(), a.total().floats().narrow::<f64>().max()),
            (8, 4.5, 8.0)
        );
        a.clear();
        assert_eq!((a.buffer.all().values.len(), a.total().count()), (0, 0));
    }
}
