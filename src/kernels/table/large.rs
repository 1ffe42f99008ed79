//! Integers that a float64 does not hold.

use std::cmp::Ordering;

/// An integer of any size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Large {
    /// One of 128 bits.
    Fits(i128),
    /// Its digits without leading zeros, with a minus if it has one.
    Digits(String),
}

impl Large {
    /// Its digits.
    pub fn text(&self) -> String {
        match self {
            Large::Fits(value) => value.to_string(),
            Large::Digits(text) => text.clone(),
        }
    }

    /// Whether it is negative, and its digits.
    fn parts(&self) -> (bool, String) {
        let text = self.text();
        match text.strip_prefix('-') {
            Some(digits) => (true, digits.to_owned()),
            None => (false, text),
        }
    }

    /// The nearest float64.
    pub fn to_f64(&self) -> f64 {
        match self {
            Large::Fits(value) => *value as f64,
            Large::Digits(text) => text.parse().unwrap_or(f64::NAN),
        }
    }
}

impl Ord for Large {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Large::Fits(a), Large::Fits(b)) = (self, other) {
            return a.cmp(b);
        }
        let ((a_negative, a), (b_negative, b)) = (self.parts(), other.parts());
        let by_size = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
        match (a_negative, b_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => by_size.reverse(),
            (false, false) => by_size,
        }
    }
}

impl PartialOrd for Large {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size_have_their_order() {
        let digits = |text: &str| Large::Digits(text.into());
        assert!(digits("-123") < digits("-23") && digits("-1") < Large::Fits(0));
        assert!(digits("99") < digits("100") && Large::Fits(-5) < Large::Fits(4));
    }
}
