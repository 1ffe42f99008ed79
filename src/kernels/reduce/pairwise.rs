//! Pairwise summation of a stream (Higham, "The accuracy of floating point summation", 1993):
//! partial sums of 1, 2, 4, … blocks are kept like the digits of a binary counter, so the error
//! grows with the logarithm of the number of blocks and the memory does too.

use std::ops::Add;

/// A sum of a stream of values, added in the order of a balanced tree.
pub struct Pairwise<A, const DEPTH: usize = 64> {
    /// Sums of decreasing powers of two of values; their number is that of the ones in `count`.
    stack: [A; DEPTH],
    depth: usize,
    count: u64,
}

impl<A: Copy + Default, const DEPTH: usize> Default for Pairwise<A, DEPTH> {
    #[inline(always)]
    fn default() -> Self {
        Pairwise { stack: [A::default(); DEPTH], depth: 0, count: 0 }
    }
}

impl<A: Copy + Default + Add<Output = A>, const DEPTH: usize> Pairwise<A, DEPTH> {
    /// Takes in a value, one of fewer than 2^`DEPTH`.
    #[inline(always)]
    pub fn push(&mut self, mut value: A) {
        for _ in 0..self.count.trailing_ones() {
            self.depth -= 1;
            value = self.stack[self.depth] + value;
        }
        self.stack[self.depth] = value;
        self.depth += 1;
        self.count += 1;
    }

    /// The sum of all values; of none it is the default (for floats, zero with a plus sign).
    #[inline(always)]
    pub fn finish(&self) -> A {
        let Some((&last, rest)) = self.stack[..self.depth].split_last() else { return A::default() };
        rest.iter().rev().fold(last, |sum, &value| value + sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_everything_once() {
        for len in 0..200u64 {
            let mut sum = Pairwise::<u64>::default();
            (0..len).for_each(|i| sum.push(i));
            assert_eq!(sum.finish(), (0..len).sum::<u64>());
        }
    }

    #[test]
    fn loses_little() {
        let mut sum = Pairwise::<f64>::default();
        (0..10_000_000).for_each(|_| sum.push(0.1));
        assert!((sum.finish() / 1e6 - 1.0f64).abs() < 1e-15);
    }
}
