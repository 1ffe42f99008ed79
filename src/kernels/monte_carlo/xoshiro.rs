//! xoshiro256++ 1.0 of Blackman and Vigna, eight streams at a time.
//!
//! D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM Transactions
//! on Mathematical Software 47 (2021), <https://prng.di.unimi.it>. Period 2^256 - 1, passes the
//! known statistical batteries with all 64 bits of its output.
//!
//! A stream's four state words come from four SplitMix64 sequences (Steele, Lea, Flood, "Fast
//! splittable pseudorandom number generators", OOPSLA 2014), one for each word of the key, at
//! the position given by the stream's number. SplitMix64's output function is a bijection, so
//! no two streams of a key start in the same state. That the runs of two streams overlap later
//! has, for `s` streams of `l` steps, a probability of at most `s * s * l / 2^256`: below 1e-40
//! for all the samples of the largest `n` that can be asked for.
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

/// Streams that advance together: eight 64-bit lanes are one AVX-512 or two AVX2 registers.
pub const LANES: usize = 8;

/// One 64-bit word of each of eight streams.
pub type Lanes = [u64; LANES];

/// What the streams of one call have in common: 256 random bits.
pub type Key = [u64; 4];

/// Eight streams.
#[derive(Clone, Copy)]
pub struct Streams(pub(super) [Lanes; 4]);

impl Streams {
    /// The streams `first`, …, `first + 7` of `key`.
    #[inline(always)]
    pub fn new(key: &Key, first: u64) -> Self {
        let mut state = [[0; LANES]; 4];
        for (word, &start) in state.iter_mut().zip(key) {
            for (lane, value) in word.iter_mut().enumerate() {
                *value = split_mix(start, first.wrapping_add(lane as u64));
            }
        }
        // The one state that a linear generator never leaves.
        for lane in 0..LANES {
            if state.iter().all(|word| word[lane] == 0) {
                state[0][lane] = 1;
            }
        }
        Streams(state)
    }

    /// The next number of each stream.
    #[inline(always)]
    pub fn next(&mut self) -> Lanes {
        let [s0, s1, s2, s3] = &mut self.0;
        let mut out = [0; LANES];
        for l in 0..LANES {
            out[l] = s0[l].wrapping_add(s3[l]).rotate_left(23).wrapping_add(s0[l]);
            let t = s1[l] << 17;
            s2[l] ^= s0[l];
            s3[l] ^= s1[l];
            s1[l] ^= s2[l];
            s0[l] ^= s3[l];
            s2[l] ^= t;
            s3[l] = s3[l].rotate_left(45);
        }
        out
    }
}

/// Number `index` of the SplitMix64 sequence that starts at `start`.
#[inline(always)]
fn split_mix(start: u64, index: u64) -> u64 {
    let z = start.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generators() {
        // The first outputs of SplitMix64 from 1234567, and of xoshiro256++ from 1, 2, 3, 4, as
        // the reference implementations give them.
        assert_eq!(
            [0, 1, 2].map(|index| split_mix(1_234_567, index)),
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        let mut streams = Streams([[1; LANES], [2; LANES], [3; LANES], [4; LANES]]);
        for expected in [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386] {
            assert_eq!(streams.next(), [expected; LANES]);
        }
    }

    #[test]
    fn streams_are_the_same_however_they_are_grouped() {
        let key = [1, 2, 3, 4];
        let (mut a, mut b) = (Streams::new(&key, 0), Streams::new(&key, 5));
        for _ in 0..3 {
            let (a, b) = (a.next(), b.next());
            assert_eq!(a[5..], b[..3]);
            assert_ne!(a[0], a[1]);
        }
    }

    #[test]
    fn the_zero_state_is_avoided() {
        // A start for which the mixed value is zero: the golden ratio is added once.
        let zero = 0u64.wrapping_sub(0x9e37_79b9_7f4a_7c15);
        let mut streams = Streams::new(&[zero; 4], 0);
        assert_ne!((0..4).map(|_| streams.next()[0]).max(), Some(0));
    }
}
