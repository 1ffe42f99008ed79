//! The order of the channels in which the Gaussian of bytes computes.
//!
//! Its instruction adds the products of two neighbours, which should be a pixel and the next one,
//! in the same channel. So two pixels `r g b R G B` are put in the order `r R g G b B` when a row
//! comes in, and the bytes of the result back. In between, nothing has to know: vertically any
//! order will do, and horizontally the pairs of a channel are `channels` pairs apart.

/// A way to reorder pairs of pixels.
pub struct Order {
    /// Bytes of two pixels.
    group: usize,
    /// Where each byte of two pixels comes from.
    from: fn(usize, usize) -> usize,
    /// The same for as many groups as sixteen bytes hold.
    shuffle: Option<Shuffle>,
}

/// Sixteen bytes, or the first `step` of them, are made from the sixteen at the same place.
#[derive(Debug, Clone, Copy)]
pub struct Shuffle {
    /// Where each comes from.
    pub indices: [u8; 16],
    /// How many of them count.
    pub step: usize,
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
                // What does not count may be anything.
                (i / group * group + from(i % group, channels)).min(15) as u8
            }),
            step: 16 / group * group,
        });
        Order { group, from, shuffle }
    }

    /// Fills `to` from bytes in the other order; `shuffled` does the most of it and says how much.
    pub fn reorder(
        &self,
        from: &[u8],
        to: &mut [u8],
        shuffled: impl FnOnce(&[u8], &mut [u8], Shuffle) -> usize,
    ) {
        let done = self.shuffle.map_or(0, |shuffle| shuffled(from, to, shuffle));
        let channels = self.group / 2;
        for (to, from) in to[done..].chunks_mut(self.group).zip(from[done..].chunks(self.group)) {
            for (i, to) in to.iter_mut().enumerate() {
                // The last pixel may be alone.
                *to = from.get((self.from)(i, channels)).copied().unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_in_pairs_and_back() {
        let bytes: Vec<u8> = (0..12).collect();
        let mut pairs = [0; 12];
        Order::pairs(3).reorder(&bytes, &mut pairs, |_, _, _| 0);
        assert_eq!(pairs, [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
        for channels in 2..12 {
            let bytes: Vec<u8> = (0..20 * channels as u8).collect();
            let (mut pairs, mut again) = (vec![0; bytes.len()], vec![0; bytes.len()]);
            // The shuffle, as an instruction does it.
            let shuffled = |from: &[u8], to: &mut [u8], shuffle: Shuffle| {
                let block: [u8; 16] = std::array::from_fn(|i| from[usize::from(shuffle.indices[i])]);
                to[..shuffle.step].copy_from_slice(&block[..shuffle.step]);
                shuffle.step
            };
            Order::pairs(channels).reorder(&bytes, &mut pairs, shuffled);
            Order::pixels(channels).reorder(&pairs, &mut again, shuffled);
            assert_eq!(again, bytes);
        }
    }
}
