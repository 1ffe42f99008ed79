//! Fields that were read, in eight bytes each.

use super::field::Value;

/// A field that was read: a number, or one of the NaNs that no number is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(u64);

/// What of a NaN says that a cell is the index of what has to be kept beside the cells.
const ASIDE: u64 = 0x7ffc_0000_0000_0000;

impl Cell {
    /// An empty field, or one of the words for "not available".
    pub const MISSING: Cell = Cell(0x7ff8_0000_0000_0001);

    /// A number; NaN is missing.
    #[inline(always)]
    pub fn number(value: f64) -> Self {
        if value.is_nan() { Cell::MISSING } else { Cell(value.to_bits()) }
    }

    /// What is kept at `index` beside the cells.
    #[inline(always)]
    pub fn aside(index: u32) -> Self {
        Cell(ASIDE | u64::from(index))
    }

    /// The number, if it has one.
    #[inline(always)]
    pub fn value(self) -> Option<f64> {
        let value = f64::from_bits(self.0);
        if value.is_nan() { None } else { Some(value) }
    }

    /// Where more is kept, if it is.
    #[inline(always)]
    pub fn index(self) -> Option<usize> {
        (self.0 & ASIDE == ASIDE).then_some((self.0 & u64::from(u32::MAX)) as usize)
    }
}

/// A field that is more than a number or missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aside {
    /// What it says.
    pub value: Value,
    /// Its characters.
    pub chars: u32,
    /// The hash of its text, if that is asked for.
    pub hash: u64,
    /// Where its text is kept, if it is.
    pub text: (u32, u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_every_number_and_nothing_else() {
        for value in [0.0, -0.0, 1.5, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(Cell::number(value).value().map(f64::to_bits), Some(value.to_bits()));
            assert_eq!(Cell::number(value).index(), None);
        }
        assert_eq!(Cell::number(f64::NAN), Cell::MISSING);
        assert_eq!((Cell::MISSING.value(), Cell::MISSING.index()), (None, None));
        assert_eq!(
            (Cell::aside(u32::MAX).value(), Cell::aside(u32::MAX).index()),
            (None, Some(u32::MAX as usize))
        );
    }
}
