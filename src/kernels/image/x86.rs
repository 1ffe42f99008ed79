//! The steps of [`super::bytes`] with `pmaddwd` (AVX2) and `vpdpwssd` (AVX-512 with VNNI).
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

use super::bytes::{Steps, Taps};
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
            fn interleave(self, rows: [&[u8]; 2], pairs: &mut [i16]) {
                // SAFETY: as said above.
                unsafe { $ops::interleave(rows, pairs) }
            }
            fn vertical(self, ring: &[i16], places: &[usize], taps: &Taps, lines: [&mut [i16]; 2]) {
                // SAFETY: as said above.
                unsafe { $ops::vertical(ring, places, taps, lines) }
            }
            fn grey(self, line: &[i16], taps: &Taps, out: &mut [u8]) {
                // SAFETY: as said above.
                unsafe { $ops::grey(line, taps, out) }
            }
            fn coloured(self, line: &[i16], channels: usize, taps: &Taps, scratch: &mut [i16], out: &mut [u8]) {
                // SAFETY: as said above.
                unsafe { $ops::coloured(line, channels, taps, scratch, out) }
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
            let [first, second] = &taps.pairs.weights;
            for k in 0..places.len().min(first.len()).min(second.len()) {
                let place = places[k];
                let weights = [splat_pair(first[k]), splat_pair(second[k])];
                for u in 0..U {
                    for half in 0..2 {
                        let pairs = load(ring, place + (2 * (unit + u) + half) * LANES);
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
        pub fn grey(line: &[i16], taps: &Taps, out: &mut [u8]) {
            let len = out.len() / LANES * LANES;
            let mut at = 0;
            while at + 4 * LANES <= len {
                grey_units::<4>(line, taps, out, at);
                at += 4 * LANES;
            }
            while at < len {
                grey_units::<1>(line, taps, out, at);
                at += LANES;
            }
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn grey_units<const U: usize>(line: &[i16], taps: &Taps, out: &mut [u8], at: usize) {
            let mut sums = [[splat(taps.rounding()); U]; 2];
            let [first, second] = &taps.pairs.weights;
            for k in 0..taps.pairs.at.len().min(first.len()).min(second.len()) {
                let weights = [splat_pair(first[k]), splat_pair(second[k])];
                let from = at + 2 * taps.pairs.at[k];
                for u in 0..U {
                    let pairs = load(line, from + u * LANES);
                    for next in 0..2 {
                        sums[next][u] = multiply_add(sums[next][u], pairs, weights[next]);
                    }
                }
            }
            let shift = _mm_cvtsi32_si128(taps.shift as i32);
            for u in 0..U {
                let (first, second) = (shift_right(sums[0][u], shift), shift_right(sums[1][u], shift));
                store_pairs(out, at + u * LANES, first, second);
            }
        }

        #[target_feature(enable = $features)]
        pub fn coloured(line: &[i16], channels: usize, taps: &Taps, scratch: &mut [i16], out: &mut [u8]) {
            const SUMS: usize = LANES / 2;
            let mut at = 0;
            while at + SUMS + channels <= line.len() {
                store(scratch, 2 * at, join(line, at, at + channels));
                at += SUMS;
            }
            let len = out.len() / SUMS * SUMS;
            let mut at = 0;
            while at + 8 * SUMS <= len {
                coloured_units::<8>(scratch, channels, taps, out, at);
                at += 8 * SUMS;
            }
            while at < len {
                coloured_units::<1>(scratch, channels, taps, out, at);
                at += SUMS;
            }
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn coloured_units<const U: usize>(
            pairs: &[i16],
            channels: usize,
            taps: &Taps,
            out: &mut [u8],
            at: usize,
        ) {
            let mut sums = [splat(taps.rounding()); U];
            let first = &taps.pairs.weights[0];
            for k in 0..taps.pairs.at.len().min(first.len()) {
                let weights = splat_pair(first[k]);
                let from = 2 * at + 4 * taps.pairs.at[k] * channels;
                for u in 0..U {
                    sums[u] = multiply_add(sums[u], load(pairs, from + u * LANES), weights);
                }
            }
            let shift = _mm_cvtsi32_si128(taps.shift as i32);
            for u in 0..U {
                store_bytes(out, at + u * LANES / 2, shift_right(sums[u], shift));
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

    /// The integers at `a` and at `b`, in pairs.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn join(from: &[i16], a: usize, b: usize) -> Register {
        let (a, b) = (&from[a..a + LANES / 2], &from[b..b + LANES / 2]);
        // SAFETY: half a register's worth of memory.
        let a = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(a.as_ptr().cast()) });
        // SAFETY: half a register's worth of memory.
        let b = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(b.as_ptr().cast()) });
        _mm256_or_si256(a, _mm256_slli_epi32::<16>(b))
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

    /// Bytes, taken from the two in turns.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn store_pairs(to: &mut [u8], at: usize, first: Register, second: Register) {
        let pairs = _mm256_or_si256(first, _mm256_slli_epi32::<8>(second));
        let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(pairs, pairs));
        let to = &mut to[at..at + LANES];
        // SAFETY: half a register's worth of memory.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm256_castsi256_si128(packed)) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store_bytes(to: &mut [u8], at: usize, values: Register) {
        let words = _mm256_packus_epi32(values, values);
        let bytes = _mm256_packus_epi16(words, words);
        let bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4));
        let bytes = _mm_cvtsi128_si64(_mm256_castsi256_si128(bytes));
        to[at..at + LANES / 2].copy_from_slice(&bytes.to_le_bytes());
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

    /// The integers at `a` and at `b`, in pairs.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn join(from: &[i16], a: usize, b: usize) -> Register {
        let (a, b) = (&from[a..a + LANES / 2], &from[b..b + LANES / 2]);
        // SAFETY: half a register's worth of memory.
        let a = _mm512_cvtepu16_epi32(unsafe { _mm256_loadu_si256(a.as_ptr().cast()) });
        // SAFETY: half a register's worth of memory.
        let b = _mm512_cvtepu16_epi32(unsafe { _mm256_loadu_si256(b.as_ptr().cast()) });
        _mm512_or_si512(a, _mm512_slli_epi32::<16>(b))
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

    /// Bytes, taken from the two in turns.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store_pairs(to: &mut [u8], at: usize, first: Register, second: Register) {
        let pairs = _mm512_or_si512(first, _mm512_slli_epi32::<8>(second));
        let to = &mut to[at..at + LANES];
        // SAFETY: half a register's worth of memory.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(pairs)) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store_bytes(to: &mut [u8], at: usize, values: Register) {
        let to = &mut to[at..at + LANES / 2];
        // SAFETY: a quarter of a register's worth of memory.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(values)) }
    }
}
