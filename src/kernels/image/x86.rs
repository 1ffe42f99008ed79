//! The steps of [`super::gaussian_u8`] with `pmaddwd` (AVX2) and `vpdpwssd` (AVX-512 with VNNI).
//!
//! The two levels differ in the width of a register and in a few instructions; the loops are
//! written once, in a macro. An order that both use: to interleave two registers within each of
//! their parts of 128 bits, low halves and high halves apart, and later to pack two registers of
//! sums, are opposite permutations, so the columns come back into order by themselves.
//!
//! There are no closures and no iterators over chunks in the loops: a library function that takes
//! or holds one is compiled without the level's instructions, and then is not inlined.
//!
//! Why intrinsics: the compiler makes neither instruction from the portable loops for these
//! widths; they are 3 to 6 times slower.
#![allow(unsafe_code)]
// Compiled by Rust 1.89 and newer only: see build.rs.
#![allow(clippy::incompatible_msrv)]

use std::arch::x86_64::*;

use super::channel_order::Shuffle;
use super::gaussian_u8::{Steps, Taps};
use crate::simd::Level;

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $level:path, $ops:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name(());

        impl $name {
            /// The steps, if it is they that are asked for and the CPU has their instructions.
            pub fn for_level(level: Level) -> Option<Self> {
                (level == $level && Level::available().any(|level| level == $level)).then_some($name(()))
            }
        }

        // SAFETY (all four): a value of this type exists only where the CPU has the level.
        impl Steps for $name {
            const PAIRED: bool = true;

            fn interleave(self, rows: [&[u8]; 2], pairs: &mut [i16]) {
                // SAFETY: as said above.
                unsafe { $ops::interleave(rows, pairs) }
            }
            fn vertical(self, ring: &[i16], places: &[usize], taps: &Taps, lines: [&mut [i16]; 2]) {
                // SAFETY: as said above.
                unsafe { $ops::vertical(ring, places, taps, lines) }
            }
            fn horizontal(self, line: &[i16], channels: usize, taps: &Taps, out: &mut [u8]) {
                // SAFETY: as said above.
                unsafe { $ops::horizontal(line, channels, taps, out) }
            }
            fn shuffle(self, from: &[u8], to: &mut [u8], shuffle: Shuffle) -> usize {
                // SAFETY: as said above.
                unsafe { shuffle_blocks(from, to, shuffle) }
            }
        }
    };
}

/// The loops, over the operations of the module that they are put in.
macro_rules! loops {
    ($features:literal, $lanes:literal) => {
        use super::*;

        /// 16-bit integers in a register.
        const LANES: usize = $lanes;

        #[target_feature(enable = $features)]
        pub fn interleave([upper, lower]: [&[u8]; 2], pairs: &mut [i16]) {
            for block in 0..upper.len().min(lower.len()) / LANES {
                let at = block * LANES;
                let (a, b) = (widen(&upper[at..]), widen(&lower[at..]));
                store(pairs, 2 * at, low_halves(a, b));
                store(pairs, 2 * at + LANES, high_halves(a, b));
            }
        }

        #[target_feature(enable = $features)]
        pub fn vertical(ring: &[i16], places: &[usize], taps: &Taps, [upper, lower]: [&mut [i16]; 2]) {
            let units = upper.len().min(lower.len()) / LANES;
            let mut unit = 0;
            while unit + 2 <= units {
                vertical_units::<2>(ring, places, taps, [upper, lower], unit);
                unit += 2;
            }
            if unit < units {
                vertical_units::<1>(ring, places, taps, [upper, lower], unit);
            }
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn vertical_units<const U: usize>(
            ring: &[i16],
            places: &[usize],
            taps: &Taps,
            lines: [&mut [i16]; 2],
            unit: usize,
        ) {
            let mut sums = [[[splat(taps.rounding()); 2]; U]; 2];
            let first_value = 2 * unit * LANES;
            let [first, second] = &taps.pairs.weights;
            for k in 0..places.len().min(first.len()).min(second.len()) {
                let place = places[k];
                let weights = [splat_pair(first[k]), splat_pair(second[k])];
                // One check for all loads.
                let ring = &ring[place + first_value..][..2 * U * LANES];
                for u in 0..U {
                    for half in 0..2 {
                        let pairs = load(ring, (2 * u + half) * LANES);
                        for row in 0..2 {
                            sums[row][u][half] = multiply_add(sums[row][u][half], pairs, weights[row]);
                        }
                    }
                }
            }
            let shift = _mm_cvtsi32_si128(taps.shift as i32);
            let [upper, lower] = lines;
            for u in 0..U {
                let at = (unit + u) * LANES;
                store(upper, at, pack(shift_right(sums[0][u][0], shift), shift_right(sums[0][u][1], shift)));
                store(lower, at, pack(shift_right(sums[1][u][0], shift), shift_right(sums[1][u][1], shift)));
            }
        }

        #[target_feature(enable = $features)]
        pub fn horizontal(line: &[i16], channels: usize, taps: &Taps, out: &mut [u8]) {
            let len = out.len() / (2 * LANES) * (2 * LANES);
            let mut at = 0;
            while at + 4 * LANES <= len {
                horizontal_units::<2>(line, channels, taps, out, at);
                at += 4 * LANES;
            }
            if at < len {
                horizontal_units::<1>(line, channels, taps, out, at);
            }
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn horizontal_units<const U: usize>(
            line: &[i16],
            channels: usize,
            taps: &Taps,
            out: &mut [u8],
            at: usize,
        ) {
            let mut sums = [[[splat(taps.rounding()); 2]; U]; 2];
            let [first, second] = &taps.pairs.weights;
            for k in 0..taps.pairs.at.len().min(first.len()).min(second.len()) {
                let weights = [splat_pair(first[k]), splat_pair(second[k])];
                // One check for all loads.
                let line = &line[at + 2 * taps.pairs.at[k] * channels..][..2 * U * LANES];
                for u in 0..U {
                    for half in 0..2 {
                        let pairs = load(line, (2 * u + half) * LANES);
                        for next in 0..2 {
                            sums[next][u][half] = multiply_add(sums[next][u][half], pairs, weights[next]);
                        }
                    }
                }
            }
            let shift = _mm_cvtsi32_si128(taps.shift as i32);
            for u in 0..U {
                let [low, high] = [0, 1].map(|half| {
                    zip_bytes(shift_right(sums[0][u][half], shift), shift_right(sums[1][u][half], shift))
                });
                store_words(out, at + 2 * u * LANES, low, high);
            }
        }

        /// Two neighbouring weights, everywhere.
        #[target_feature(enable = $features)]
        #[inline]
        fn splat_pair([first, second]: [i16; 2]) -> Register {
            splat(i32::from(second) << 16 | i32::from(first as u16))
        }
    };
}

level! {
    /// AVX2.
    Avx2, Level::Avx2, avx2
}

level! {
    /// AVX-512 with VNNI.
    Avx512, Level::Avx512, avx512
}

#[target_feature(enable = "avx2")]
fn shuffle_blocks(from: &[u8], to: &mut [u8], shuffle: Shuffle) -> usize {
    // SAFETY: as large as a register.
    let indices = unsafe { _mm_loadu_si128(shuffle.indices.as_ptr().cast()) };
    let len = from.len().min(to.len());
    let mut at = 0;
    while at + 16 <= len {
        let (from, to) = (&from[at..at + 16], &mut to[at..at + 16]);
        // SAFETY: both are as large as a register.
        unsafe {
            let block = _mm_shuffle_epi8(_mm_loadu_si128(from.as_ptr().cast()), indices);
            _mm_storeu_si128(to.as_mut_ptr().cast(), block);
        }
        at += shuffle.step;
    }
    at
}

mod avx2 {
    loops! { "avx2", 16 }

    type Register = __m256i;

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(from: &[i16], at: usize) -> Register {
        let from = &from[at..at + LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store(to: &mut [i16], at: usize, value: Register) {
        let to = &mut to[at..at + LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn widen(bytes: &[u8]) -> Register {
        let bytes = &bytes[..LANES];
        // SAFETY: half a register's worth of memory.
        _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn low_halves(a: Register, b: Register) -> Register {
        _mm256_unpacklo_epi16(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn high_halves(a: Register, b: Register) -> Register {
        _mm256_unpackhi_epi16(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn splat(value: i32) -> Register {
        _mm256_set1_epi32(value)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn multiply_add(sums: Register, pairs: Register, weights: Register) -> Register {
        _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, weights))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn shift_right(sums: Register, shift: __m128i) -> Register {
        _mm256_sra_epi32(sums, shift)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn pack(low: Register, high: Register) -> Register {
        _mm256_packs_epi32(low, high)
    }

    /// Bytes of the two in turns, as words.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn zip_bytes(first: Register, second: Register) -> Register {
        _mm256_or_si256(first, _mm256_slli_epi32::<8>(second))
    }

    /// Stores integers below two to the power 16.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn store_words(to: &mut [u8], at: usize, low: Register, high: Register) {
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
        let to = &mut to[at..at + 2 * LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), words) }
    }
}

mod avx512 {
    loops! { "avx512f,avx512bw,avx512vl,avx512vnni,avx2", 32 }

    type Register = __m512i;

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(from: &[i16], at: usize) -> Register {
        let from = &from[at..at + LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store(to: &mut [i16], at: usize, value: Register) {
        let to = &mut to[at..at + LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value) }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn widen(bytes: &[u8]) -> Register {
        let bytes = &bytes[..LANES];
        // SAFETY: half a register's worth of memory.
        _mm512_cvtepu8_epi16(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn low_halves(a: Register, b: Register) -> Register {
        _mm512_unpacklo_epi16(a, b)
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn high_halves(a: Register, b: Register) -> Register {
        _mm512_unpackhi_epi16(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn splat(value: i32) -> Register {
        _mm512_set1_epi32(value)
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    fn multiply_add(sums: Register, pairs: Register, weights: Register) -> Register {
        _mm512_dpwssd_epi32(sums, pairs, weights)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn shift_right(sums: Register, shift: __m128i) -> Register {
        _mm512_sra_epi32(sums, shift)
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn pack(low: Register, high: Register) -> Register {
        _mm512_packs_epi32(low, high)
    }

    /// Bytes of the two in turns, as words.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn zip_bytes(first: Register, second: Register) -> Register {
        _mm512_or_si512(first, _mm512_slli_epi32::<8>(second))
    }

    /// Stores integers below two to the power 16.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn store_words(to: &mut [u8], at: usize, low: Register, high: Register) {
        let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
        let words = _mm512_permutexvar_epi64(order, _mm512_packus_epi32(low, high));
        let to = &mut to[at..at + 2 * LANES];
        // SAFETY: a register's worth of memory.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) }
    }
}
