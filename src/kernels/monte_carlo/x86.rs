//! The inner loop in AVX-512 and AVX2 instructions.
//!
//! Written out because the compiler turns the portable loop into gathers and scatters or into
//! scalar code, depending on its version: the loss was a factor of 3 to 4.
#![allow(unsafe_code)]
// Compiled only where `build.rs` finds a compiler that has them.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

use super::xoshiro::{Lanes, Streams};
use super::{GROUPS, ODD};

/// Moves the streams on by `steps` and counts the points outside: as `super::advance`.
#[target_feature(enable = "avx512f")]
pub fn advance_avx512(streams: &mut [Streams; GROUPS], steps: u64) -> u64 {
    // The state of all groups takes 16 of the 32 registers. Groups have names here, as an inner
    // loop over them would go through memory.
    let [mut a, mut b, mut c, mut d] = streams.map(|streams| Group512::new(streams.0));
    for _ in 0..steps {
        a.step();
        b.step();
        c.step();
        d.step();
    }
    let mut outside = 0;
    for (streams, group) in streams.iter_mut().zip([a, b, c, d]) {
        streams.0 = group.state.map(store_512);
        outside += store_512(group.outside).iter().sum::<u64>();
    }
    outside
}

/// Eight streams and their points outside so far.
struct Group512 {
    state: [__m512i; 4],
    outside: __m512i,
}

impl Group512 {
    fn new(state: [Lanes; 4]) -> Self {
        Group512 { state: state.map(load_512), outside: load_512([0; 8]) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn step(&mut self) {
        let [s0, s1, s2, s3] = &mut self.state;
        let sum = _mm512_add_epi64(*s0, *s3);
        let random = _mm512_add_epi64(_mm512_rol_epi64::<23>(sum), *s0);
        let t = _mm512_slli_epi64::<17>(*s1);
        *s2 = _mm512_xor_si512(*s2, *s0);
        *s3 = _mm512_xor_si512(*s3, *s1);
        *s1 = _mm512_xor_si512(*s1, *s2);
        *s0 = _mm512_xor_si512(*s0, *s3);
        *s2 = _mm512_xor_si512(*s2, t);
        *s3 = _mm512_rol_epi64::<45>(*s3);
        // The multiplication reads the low halves alone.
        let x = _mm512_or_si512(random, _mm512_set1_epi64(ODD as i64));
        let y = _mm512_srli_epi64::<32>(x);
        let x2 = _mm512_mul_epu32(x, x);
        let carry = _mm512_cmplt_epu64_mask(_mm512_add_epi64(x2, _mm512_mul_epu32(y, y)), x2);
        self.outside = _mm512_mask_add_epi64(self.outside, carry, self.outside, _mm512_set1_epi64(1));
    }
}

/// As above, one group after the other: its state in eight of the 16 registers.
#[target_feature(enable = "avx2,popcnt")]
pub fn advance_avx2(streams: &mut [Streams; GROUPS], steps: u64) -> u64 {
    let odd = _mm256_set1_epi64x(ODD as i64);
    let mut outside = 0;
    for streams in streams {
        let mut state = streams.0.map(load_256);
        for _ in 0..steps {
            let [s0, s1, s2, s3] = &mut state;
            for half in 0..2 {
                let (s0, s1, s2, s3) = (&mut s0[half], &mut s1[half], &mut s2[half], &mut s3[half]);
                let random = _mm256_add_epi64(rotate_left::<23, 41>(_mm256_add_epi64(*s0, *s3)), *s0);
                let t = _mm256_slli_epi64::<17>(*s1);
                *s2 = _mm256_xor_si256(*s2, *s0);
                *s3 = _mm256_xor_si256(*s3, *s1);
                *s1 = _mm256_xor_si256(*s1, *s2);
                *s0 = _mm256_xor_si256(*s0, *s3);
                *s2 = _mm256_xor_si256(*s2, t);
                *s3 = rotate_left::<45, 19>(*s3);
                let x = _mm256_or_si256(random, odd);
                let y = _mm256_srli_epi64::<32>(x);
                // There is no unsigned compare. An odd square is 1 modulo 8, so that the halves,
                // rounded down, add up to 2^63 or more exactly if the squares carry.
                let x2 = _mm256_srli_epi64::<1>(_mm256_mul_epu32(x, x));
                let y2 = _mm256_srli_epi64::<1>(_mm256_mul_epu32(y, y));
                let carry = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_add_epi64(x2, y2)));
                outside += u64::from(carry.count_ones());
            }
        }
        streams.0 = state.map(store_256);
    }
    outside
}

#[target_feature(enable = "avx2")]
fn rotate_left<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(x), _mm256_srli_epi64::<RIGHT>(x))
}

fn load_512(lanes: Lanes) -> __m512i {
    // SAFETY: both are 64 bytes without padding, and any bits are valid.
    unsafe { std::mem::transmute(lanes) }
}

fn store_512(vector: __m512i) -> Lanes {
    // SAFETY: as above.
    unsafe { std::mem::transmute(vector) }
}

fn load_256(lanes: Lanes) -> [__m256i; 2] {
    // SAFETY: as above.
    unsafe { std::mem::transmute(lanes) }
}

fn store_256(vectors: [__m256i; 2]) -> Lanes {
    // SAFETY: as above.
    unsafe { std::mem::transmute(vectors) }
}
