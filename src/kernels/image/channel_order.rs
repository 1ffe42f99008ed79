//! The order of the channels in which the Gaussian of bytes computes.
//!
//! Its instruction adds the products of two neighbours, which should be a pixel and the next one,
//! in the same channel. So two pixels `r g b R G B` are put in the order `r R g G b B` when a row
//! comes in, and the bytes of the result back. In between, the order does not matter: vertically
//! any will do, and horizontally the pairs of a channel are `channels` pairs apart.

use crate::simd::Simd;

/// A way to reorder pairs of pixels.
pub struct Order {
    /// Bytes of two pixels.
    group: usize,
    /// Where each byte of two pixels comes from.
    from: fn(usize, usize) -> usize,
    /// The same for as many groups as sixteen bytes hold.
    shuffle: Option<Shuffle>,
}

/// Bytes of whole groups are made from the sixteen at the same offset.
#[derive(Debug, Clone, Copy)]
struct Shuffle {
    /// Where each comes from.
    indices: [u8; 16],
    /// How many of them are in whole groups.
    len: usize,
}

impl Order {
    /// From pixels to pairs in each of `channels`.
    pub fn pairs(channels: usize) -> Self {
        Self::new(channels, |i, channels| i / 2 + i % 2 * channels)
    }

    /// And back.
    pub fn pixels(channels: usize) -> Self {
        Self::new(channels, |i, channels| 2 * (i % channels) + i / channels)
    }

    fn new(channels: usize, from: fn(usize, usize) -> usize) -> Self {
        let group = 2 * channels;
        let shuffle = (group <= 16).then(|| Shuffle {
            indices: std::array::from_fn(|i| {
                // Beyond the last whole group any index will do.
                (i / group * group + from(i % group, channels)).min(15) as u8
            }),
            len: 16 / group * group,
        });
        Order { group, from, shuffle }
    }

    /// Fills `to` from bytes in the other order.
    #[inline(always)]
    pub fn reorder<S: Simd>(&self, simd: S, from: &[u8], to: &mut [u8]) {
        let done = match &self.shuffle {
            Some(shuffle) => shuffle.blocks(simd, from, to),
            None => 0,
        };
        self.reorder_from(done, from, to);
    }

    /// Reorders what begins after `done` bytes, one by one.
    fn reorder_from(&self, done: usize, from: &[u8], to: &mut [u8]) {
        let channels = self.group / 2;
        for (to, from) in to[done..].chunks_mut(self.group).zip(from[done..].chunks(self.group)) {
            for (i, to) in to.iter_mut().enumerate() {
                // The last pixel may be alone.
                *to = from.get((self.from)(i, channels)).copied().unwrap_or(0);
            }
        }
    }
}

impl Shuffle {
    /// Reorders blocks of sixteen bytes while they fit in both; the result is how many bytes are done.
    #[inline(always)]
    fn blocks<S: Simd>(&self, simd: S, from: &[u8], to: &mut [u8]) -> usize {
        let Shuffle { indices, len } = *self;
        let end = from.len().min(to.len());
        let mut done = 0;
        while done + 16 <= end {
            let (from, to) = (&from[done..done + 16], &mut to[done..done + 16]);
            let block: &[u8; 16] = from.first_chunk().expect("sixteen bytes");
            to.copy_from_slice(&simd.shuffle_u8(block, &indices));
            done += len;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level, run_at};

    struct Reorder<'a>(Order, &'a [u8], &'a mut [u8]);

    impl Kernel for Reorder<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let Reorder(order, from, to) = self;
            order.reorder(simd, from, to);
        }
    }

    #[test]
    fn pixels_come_in_pairs_and_back() {
        let bytes: Vec<u8> = (0..12).collect();
        let mut pairs = [0; 12];
        run_at(Level::Baseline, Reorder(Order::pairs(3), &bytes, &mut pairs));
        assert_eq!(pairs, [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
        for channels in 2..12 {
            let bytes: Vec<u8> = (0..20 * channels as u8).collect();
            for level in Level::available() {
                let (mut pairs, mut again) = (vec![0; bytes.len()], vec![0; bytes.len()]);
                run_at(level, Reorder(Order::pairs(channels), &bytes, &mut pairs));
                assert!(
                    (0..channels)
                        .all(|c| [pairs[2 * c], pairs[2 * c + 1]] == [bytes[c], bytes[channels + c]])
                );
                run_at(level, Reorder(Order::pixels(channels), &pairs, &mut again));
                assert_eq!(again, bytes);
            }
        }
    }
}
