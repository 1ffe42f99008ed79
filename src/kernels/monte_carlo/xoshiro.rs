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
use crate::simd::{Baseline, Lanes64, Simd};

/// Streams that advance together.
pub const LANES: usize = 8;

/// What the streams of one call have in common: 256 random bits.
pub type Key = [u64; 4];

/// The four words of the states of eight streams.
pub type State = [[u64; LANES]; 4];

/// The states of the streams `first`, …, `first + 7` of `key`.
pub fn seed(key: &Key, first: u64) -> State {
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
    state
}

/// The next number of each stream, whose states are in registers.
#[inline(always)]
pub fn next<S: Simd>(simd: S, [s0, s1, s2, s3]: &mut [S::U64s; 4]) -> S::U64s {
    let sum = simd.add_u64(*s0, *s3);
    let random = simd.add_u64(simd.rotate_left_u64(sum, 23), *s0);
    let t = simd.shift_left_u64(*s1, 17);
    *s2 = simd.xor_u64(*s2, *s0);
    *s3 = simd.xor_u64(*s3, *s1);
    *s1 = simd.xor_u64(*s1, *s2);
    *s0 = simd.xor_u64(*s0, *s3);
    *s2 = simd.xor_u64(*s2, t);
    *s3 = simd.rotate_left_u64(*s3, 45);
    random
}

/// The states from lane `at` on, as many as a register holds.
#[inline(always)]
pub fn load<S: Simd>(simd: S, state: &State, at: usize) -> [S::U64s; 4] {
    let mut registers = [simd.splat_u64(0); 4];
    for word in 0..4 {
        registers[word] = simd.load_u64(&state[word], at);
    }
    registers
}

/// Writes what `load` has read, and what has become of it.
#[inline(always)]
pub fn store<S: Simd>(simd: S, state: &mut State, at: usize, registers: [S::U64s; 4]) {
    for word in 0..4 {
        simd.store_u64(&mut state[word], at, registers[word]);
    }
}

/// The next number of each stream.
pub fn next_of_each(state: &mut State) -> [u64; LANES] {
    let mut out = [0; LANES];
    for at in (0..LANES).step_by(Baseline::U64_LANES) {
        let mut registers = load(Baseline, state, at);
        Baseline.store_u64(&mut out, at, next(Baseline, &mut registers));
        store(Baseline, state, at, registers);
    }
    out
}

/// Number `index` of the SplitMix64 sequence that starts at `start`.
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
        let mut state = [[1; LANES], [2; LANES], [3; LANES], [4; LANES]];
        for expected in [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386] {
            assert_eq!(next_of_each(&mut state), [expected; LANES]);
        }
    }

    #[test]
    fn streams_are_the_same_however_they_are_grouped() {
        let key = [1, 2, 3, 4];
        let (mut a, mut b) = (seed(&key, 0), seed(&key, 5));
        for _ in 0..3 {
            let (a, b) = (next_of_each(&mut a), next_of_each(&mut b));
            assert_eq!(a[5..], b[..3]);
            assert_ne!(a[0], a[1]);
        }
    }

    #[test]
    fn the_zero_state_is_avoided() {
        // A start for which the mixed value is zero: the golden ratio is added once.
        let zero = 0u64.wrapping_sub(0x9e37_79b9_7f4a_7c15);
        let mut state = seed(&[zero; 4], 0);
        assert_ne!((0..4).map(|_| next_of_each(&mut state)[0]).max(), Some(0));
    }
}
