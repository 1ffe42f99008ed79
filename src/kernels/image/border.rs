//! What lies beyond the border of an image: the modes of `scipy.ndimage`.

use half::f16;

use crate::dtype::DType;

/// How an axis is continued beyond its ends, shown for the elements `a b c d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `d c b a | a b c d | d c b a`
    Reflect,
    /// `k k k k | a b c d | k k k k`
    Constant,
    /// `a a a a | a b c d | d d d d`
    Nearest,
    /// `d c b | a b c d | c b a`
    Mirror,
    /// `a b c d | a b c d | a b c d`
    Wrap,
}

/// How an image continues beyond its border.
#[derive(Debug, Clone, Copy)]
pub struct Border {
    /// Along the rows' axis, and along the columns'.
    pub modes: [Mode; 2],
    /// The constant of [`Mode::Constant`].
    pub cval: f64,
}

impl Border {
    /// Whether it consists of bytes, for an image of bytes.
    pub fn is_bytes(&self) -> bool {
        !self.modes.contains(&Mode::Constant) || f64::from(self.cval as u8) == self.cval
    }

    /// The border of an image of `dtype`: floats continue with a float of their dtype, if it has one.
    pub fn of_dtype(self, dtype: DType) -> Border {
        let rounded = match dtype {
            DType::F16 => f16::from_f64(self.cval).to_f64(),
            DType::F32 => f64::from(self.cval as f32),
            _ => self.cval,
        };
        Border { cval: if rounded.is_infinite() { self.cval } else { rounded }, ..self }
    }

    /// Whether the constant is in the range of single precision.
    pub fn fits_f32(&self) -> bool {
        !self.modes.contains(&Mode::Constant) || !(self.cval as f32).is_infinite() || self.cval.is_infinite()
    }
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 5] = [Mode::Reflect, Mode::Constant, Mode::Nearest, Mode::Mirror, Mode::Wrap];

    /// Which of `len > 0` elements stands at `index`; `None` is the constant.
    pub fn index(self, index: isize, len: usize) -> Option<usize> {
        let len = len as isize;
        if (0..len).contains(&index) {
            return Some(index as usize);
        }
        // Most indices are within a period of the axis, and a division takes long.
        let wrapped = |period: isize| match index {
            _ if (-period..0).contains(&index) => index + period,
            _ if (0..period).contains(&index) => index,
            _ => index.rem_euclid(period),
        };
        let folded = |period: isize, last: isize| {
            let index = wrapped(period);
            if index < len { index } else { last - index }
        };
        let inside = match self {
            Mode::Constant => return None,
            Mode::Nearest => index.clamp(0, len - 1),
            Mode::Wrap => wrapped(len),
            Mode::Reflect => folded(2 * len, 2 * len - 1),
            Mode::Mirror if len == 1 => 0,
            Mode::Mirror => folded(2 * len - 2, 2 * len - 2),
        };
        Some(inside as usize)
    }

    /// After how many elements an axis of `len` repeats itself; `None` for the modes that never do.
    pub fn period(self, len: usize) -> Option<usize> {
        match self {
            Mode::Constant | Mode::Nearest => None,
            Mode::Wrap => Some(len),
            Mode::Reflect => Some(2 * len),
            Mode::Mirror => Some((2 * len).saturating_sub(2).max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_continues_the_axis_as_its_picture_says() {
        let picture = |mode: Mode, len: usize| -> String {
            (-9..9 + len as isize)
                .map(|i| mode.index(i, len).map_or('k', |i| char::from(b'a' + i as u8)))
                .collect()
        };
        assert_eq!(picture(Mode::Reflect, 4), "aabcddcbaabcddcbaabcdd");
        assert_eq!(picture(Mode::Mirror, 4), "dcbabcdcbabcdcbabcdcba");
        assert_eq!(picture(Mode::Wrap, 4), "dabcdabcdabcdabcdabcda");
        assert_eq!(picture(Mode::Nearest, 4), "aaaaaaaaaabcdddddddddd");
        assert_eq!(picture(Mode::Constant, 4), "kkkkkkkkkabcdkkkkkkkkk");
        for mode in [Mode::Reflect, Mode::Mirror, Mode::Wrap, Mode::Nearest] {
            assert_eq!(picture(mode, 1), "a".repeat(19));
        }
    }

    #[test]
    fn floats_continue_with_a_float_of_their_dtype_if_it_has_one() {
        let of = |dtype, cval| Border { modes: [Mode::Constant; 2], cval }.of_dtype(dtype).cval;
        assert_eq!(of(DType::F64, 0.1), 0.1);
        assert_eq!(of(DType::F32, 0.1), f64::from(0.1f32));
        assert_eq!(of(DType::F16, 0.1), f16::from_f64(0.1).to_f64());
        assert_eq!((of(DType::F32, 1e300), of(DType::F16, 1e6)), (1e300, 1e6));
    }

    #[test]
    fn a_constant_fits_single_precision_unless_it_overflows() {
        let fits = |mode, cval| Border { modes: [Mode::Reflect, mode], cval }.fits_f32();
        assert!(fits(Mode::Constant, 3e38) && fits(Mode::Constant, f64::INFINITY));
        assert!(!fits(Mode::Constant, 1e39) && fits(Mode::Wrap, 1e39));
    }

    #[test]
    fn a_period_leads_to_the_same_element() {
        for mode in Mode::ALL {
            for len in 1..6 {
                let Some(period) = mode.period(len) else { continue };
                for index in -20..20 {
                    assert_eq!(
                        mode.index(index, len),
                        mode.index(index + period as isize, len),
                        "{mode:?} {len}"
                    );
                }
            }
        }
    }
}
