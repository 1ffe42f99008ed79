//! Exact sums of integers given as digits in base 2^30, the form in which CPython stores them.
//!
//! Each digit is added to the column of its place. A column of 64 bits takes 2^33 digits before
//! it could overflow; carries wait until the end.

/// Bits of a digit.
pub const DIGIT_BITS: u32 = 30;

/// Longest integer that is taken, in digits: 1920 bits.
pub const MAX_DIGITS: usize = 64;

/// A sum of integers.
#[derive(Clone)]
pub struct Integers {
    /// The sum of what has up to 60 bits.
    small: i128,
    columns: [i64; MAX_DIGITS],
    /// Columns in use.
    used: usize,
}

impl Default for Integers {
    fn default() -> Self {
        Integers { small: 0, columns: [0; MAX_DIGITS], used: 0 }
    }
}

impl Integers {
    /// Takes in a small integer.
    #[inline(always)]
    pub fn add(&mut self, value: i64) {
        self.small += i128::from(value);
    }

    /// Takes in an integer of at most [`MAX_DIGITS`] digits, the lowest first.
    #[inline(always)]
    pub fn add_digits(&mut self, negative: bool, digits: &[u32]) {
        self.used = self.used.max(digits.len());
        let signed = |digit| if negative { -i64::from(digit) } else { i64::from(digit) };
        // Most are of three digits, for which a loop that is made for many takes half as long again.
        if let [low, middle, high] = *digits {
            self.columns[0] += signed(low);
            self.columns[1] += signed(middle);
            self.columns[2] += signed(high);
            return;
        }
        for (column, &digit) in self.columns.iter_mut().zip(digits) {
            *column += signed(digit);
        }
    }

    /// Takes in another sum.
    pub fn merge(&mut self, other: &Self) {
        self.small += other.small;
        self.used = self.used.max(other.used);
        self.columns.iter_mut().zip(other.columns).for_each(|(column, other)| *column += other);
    }

    /// The sum, if it was made of small integers alone.
    pub fn small(&self) -> Option<i128> {
        (self.used == 0).then_some(self.small)
    }

    /// The sum as bytes in two's complement, the lowest first.
    pub fn to_bytes(&self) -> [u8; MAX_DIGITS * 4 + 16] {
        let mut bytes = [0; MAX_DIGITS * 4 + 16];
        let mut carry = self.small;
        let (mut held, mut bits, mut next) = (0u64, 0, 0);
        // What remains after the last column is the sign, or a few digits more.
        for place in 0..MAX_DIGITS + 5 {
            carry += i128::from(self.columns.get(place).copied().unwrap_or(0));
            held |= (carry as u64 & ((1 << DIGIT_BITS) - 1)) << bits;
            bits += DIGIT_BITS;
            carry >>= DIGIT_BITS;
            while bits >= 8 {
                bytes[next] = held as u8;
                held >>= 8;
                bits -= 8;
                next += 1;
            }
        }
        let sign = if carry < 0 { 0xff } else { 0 };
        bytes[next] = held as u8 | (sign << bits);
        bytes[next + 1..].fill(sign);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(value: u128) -> [u32; 5] {
        std::array::from_fn(|place| (value >> (30 * place)) as u32 & ((1 << 30) - 1))
    }

    fn low(sum: &Integers) -> i128 {
        i128::from_le_bytes(sum.to_bytes()[..16].try_into().expect("16 bytes"))
    }

    #[test]
    fn columns_and_small_integers_add_up() {
        let mut sum = Integers::default();
        let mut expected = 0i128;
        for i in 1..1000i64 {
            let value = i128::from(i).pow(9) * 1_000_003;
            sum.add_digits(i % 3 == 0, &digits(value.unsigned_abs()));
            sum.add(-i << 40);
            expected += if i % 3 == 0 { -value } else { value };
            expected -= i128::from(i) << 40;
            assert_eq!(low(&sum), expected);
            assert!(sum.to_bytes()[16..].iter().all(|&byte| byte == if expected < 0 { 0xff } else { 0 }));
        }
    }

    #[test]
    fn the_longest_integers_carry_over() {
        let mut sum = Integers::default();
        for _ in 0..3 {
            sum.add_digits(true, &[(1 << 30) - 1; MAX_DIGITS]);
        }
        // -3 (2^1920 - 1)
        let bytes = sum.to_bytes();
        assert_eq!(bytes[0], 3);
        assert!(bytes[1..240].iter().all(|&byte| byte == 0));
        assert_eq!(bytes[240], 0xfd);
        assert!(bytes[241..].iter().all(|&byte| byte == 0xff));
    }
}
