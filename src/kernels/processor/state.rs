//! A buffer of numbers, with the means of its full chunks and the moments of all numbers ever added.
//!
//! The moments are updated a block at a time: when a block of numbers has gathered, while they are
//! still in cache, or when the moments are asked for. The mean of a chunk is taken as soon as it is
//! full, for the same reason. So adding a few numbers costs little more than copying them, and many
//! are read from memory once.

use std::num::NonZeroUsize;

use super::chunk_means::ChunkMeans;
use crate::alloc::{try_copied, try_reserve};
use crate::dtype::DType;
use crate::error::Result;
use crate::kernels::stats::{self, Moments, Sample};
use crate::layout::{Elements, reinterpret};
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
    buffer: Vec<f64>,
    /// The means of the full chunks of the buffer.
    means: Vec<f64>,
    /// How many numbers of the buffer are in `total`.
    counted: usize,
    total: Moments,
}

impl Processor {
    /// An empty buffer.
    pub fn new(chunk_size: NonZeroUsize) -> Self {
        let (buffer, means) = (Vec::new(), Vec::new());
        Processor { chunk_size: chunk_size.get(), buffer, means, counted: 0, total: Moments::default() }
    }

    /// The state that [`Processor::state`] returned: the buffer, and the moments of all numbers ever
    /// added, those in the buffer included.
    pub fn with_state(chunk_size: NonZeroUsize, buffer: Vec<f64>, total: Moments) -> Result<Self> {
        let counted = buffer.len();
        let mut processor = Processor { buffer, counted, total, ..Self::new(chunk_size) };
        processor.reserve(0)?;
        processor.average_chunks();
        Ok(processor)
    }

    /// How many numbers make a chunk.
    pub fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// The numbers in the buffer.
    pub fn buffer(&self) -> &[f64] {
        &self.buffer
    }

    /// Adds numbers, in C order.
    #[inline]
    pub fn add<T: Sample>(&mut self, values: Elements<'_, T>) -> Result<()> {
        match values {
            Elements::Contiguous(slice) => self.add_slice(slice),
            Elements::Strided(view) => {
                self.reserve(view.len())?;
                self.buffer.extend(view.iter().map(|value| widen(*value)));
                self.update();
                Ok(())
            }
        }
    }

    #[inline]
    fn add_slice<T: Sample>(&mut self, values: &[T]) -> Result<()> {
        self.reserve(values.len())?;
        for part in values.chunks(COPIED) {
            if T::DTYPE == DType::F64 {
                self.buffer.extend_from_slice(reinterpret(part));
            } else {
                self.buffer.extend(part.iter().map(|value| widen(*value)));
            }
            self.update();
        }
        Ok(())
    }

    /// Reserves memory for more numbers and their means, so that nothing after it can fail.
    #[inline]
    fn reserve(&mut self, additional: usize) -> Result<()> {
        try_reserve(&mut self.buffer, additional)?;
        let chunks = (self.buffer.len() + additional) / self.chunk_size;
        let missing = chunks - self.means.len();
        try_reserve(&mut self.means, missing)
    }

    /// Brings means and moments up to date after numbers were added.
    #[inline]
    fn update(&mut self) {
        if self.buffer.len() - self.means.len() * self.chunk_size >= self.chunk_size {
            self.average_chunks();
        }
        if self.buffer.len() - self.counted >= BLOCK {
            self.count_until(self.buffer.len() - (self.buffer.len() - self.counted) % BLOCK);
        }
    }

    /// Takes the means of chunks that have become full. Not inlined into the copies of its callers for
    /// each dtype.
    #[inline(never)]
    fn average_chunks(&mut self) {
        let done = self.means.len();
        let data = &self.buffer[done * self.chunk_size..];
        self.means.resize(done + data.len() / self.chunk_size, 0.0);
        simd::run(ChunkMeans { data, chunk_size: self.chunk_size, means: &mut self.means[done..] });
    }

    /// Adds the numbers before `end` to the moments.
    #[inline(never)]
    fn count_until(&mut self, end: usize) {
        self.total.update(&self.buffer[self.counted..end]);
        self.counted = end;
    }

    /// The means of the full chunks, which leave the buffer.
    pub fn process(&mut self) -> Vec<f64> {
        let means = std::mem::take(&mut self.means);
        let gone = means.len() * self.chunk_size;
        if self.counted < gone {
            self.count_until(self.buffer.len());
        }
        self.buffer.drain(..gone);
        self.counted -= gone;
        means
    }

    /// The moments of what is in the buffer.
    pub fn buffered(&self, work: &Work<'_>) -> Result<Moments> {
        stats::whole(self.buffer.as_slice().into(), None, false, work).map(Moments::narrow)
    }

    /// The moments of all that was ever added.
    pub fn total(&mut self) -> Moments {
        self.count_until(self.buffer.len());
        self.total
    }

    /// A copy of the buffer and the moments of all numbers: see [`Processor::with_state`].
    pub fn state(&mut self) -> Result<(Vec<f64>, Moments)> {
        Ok((try_copied(&self.buffer)?, self.total()))
    }

    /// Adds the state of another processor, whose buffer comes after this one's.
    pub fn merge(&mut self, buffer: &[f64], total: &Moments) -> Result<()> {
        self.reserve(buffer.len())?;
        self.count_until(self.buffer.len());
        self.total.merge(total);
        self.buffer.extend_from_slice(buffer);
        self.average_chunks();
        self.counted = self.buffer.len();
        Ok(())
    }

    /// Forgets all numbers.
    pub fn clear(&mut self) {
        self.buffer = Vec::new();
        self.means = Vec::new();
        self.counted = 0;
        self.total = Moments::default();
    }
}

fn widen<T: Sample>(value: T) -> f64 {
    T::to_f64_from(value.key(), T::Key::default())
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
                assert_eq!(processor.buffer(), numbers.chunks_exact(chunk_size).remainder());
                let total = processor.total();
                assert_eq!((total.count(), total.mean(), total.max()), (10_007, 5003.0, 10_006.0));
            }
        }
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
    fn merging_keeps_both() {
        let (mut a, mut b) = (processor(3), processor(5));
        add(&mut a, &[1.0, 2.0]);
        add(&mut b, &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        b.process();
        let (buffer, total) = b.state().expect("there is memory");
        a.merge(&buffer, &total).expect("there is memory");
        assert_eq!(a.buffer(), [1.0, 2.0, 8.0]);
        assert_eq!((a.total().count(), a.total().mean(), a.total().max()), (8, 4.5, 8.0));
        a.clear();
        assert_eq!((a.buffer().len(), a.total().count()), (0, 0));
    }
}
