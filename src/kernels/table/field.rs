//! From the bytes of a field to a number, a missing value, or text.
//!
//! The rules are those of pandas' `read_csv`, so that its `describe` gives the same statistics.
//!
//! What is done for speed: eight digits at a time, in one 64-bit word. The bytes after the digits are
//! shifted out, and neighbours combined three times: to numbers of two, four and eight digits (as in
//! D. Lemire, "Number parsing at a gigabyte per second", 2021). An integer up to 2^53 is exact as a
//! float, and so is a power of ten up to 10^22, so one division rounds correctly (W. Clinger, "How to
//! read floating point numbers accurately", 1990). Everything else goes to `fast_float2`.

use super::column::Cell;

/// What stands for a missing value: the list of pandas.
const NOT_AVAILABLE: [&[u8]; 18] = [
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"-NaN",
    b"-nan",
    b"1.#IND",
    b"1.#QNAN",
    b"<NA>",
    b"N/A",
    b"NA",
    b"NULL",
    b"NaN",
    b"None",
    b"n/a",
    b"nan",
    b"null",
];

/// Reads a field without its quotes. White space around it is ignored.
pub fn classify(field: &[u8]) -> Cell {
    let field = field.trim_ascii();
    if field.is_empty() {
        return Cell::MISSING;
    }
    // Nothing else starts a number or a word for "not available": most text returns here.
    if !matches!(field[0], b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N' | b'#' | b'<') {
        return Cell::TEXT;
    }
    match number(field) {
        Some(value) => Cell::number(value),
        None if NOT_AVAILABLE.contains(&field) => Cell::MISSING,
        None => Cell::TEXT,
    }
}

/// The number at the start of `text` and its length; `None` if there is none.
#[inline(always)]
pub fn leading_number(text: &[u8]) -> Option<(f64, usize)> {
    match decimal(text) {
        // With an exponent the number goes on.
        Some((value, len)) if !matches!(text[len], b'e' | b'E') => Some((value, len)),
        _ => fast_float2::parse_partial(text).ok(),
    }
}

/// Powers of ten that are exact.
const POWERS: [f64; 17] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/// A number with at most 18 digits, no exponent and a value that one division rounds correctly.
#[inline(always)]
fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let negative = *text.first()? == b'-';
    let mut at = usize::from(negative);
    let (mut digits, mut decimals) = (0, 0);
    let mut mantissa = 0_u64;
    for is_fraction in [false, true] {
        if is_fraction {
            if text.get(at) != Some(&b'.') {
                break;
            }
            at += 1;
        }
        loop {
            let (value, count) = leading_digits(text.get(at..at + 8)?.try_into().ok()?);
            digits += count;
            if digits > 18 {
                return None;
            }
            mantissa = mantissa * INTEGER_POWERS[count] + value;
            at += count;
            decimals += if is_fraction { count } else { 0 };
            if count < 8 {
                break;
            }
        }
    }
    if digits == 0 || mantissa > 1 << 53 || decimals >= POWERS.len() || at >= text.len() {
        return None;
    }
    let value = mantissa as f64 / POWERS[decimals];
    // Without a branch, which would often be mispredicted.
    Some((f64::from_bits(value.to_bits() | u64::from(negative) << 63), at))
}

const INTEGER_POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number that is made of the digits at the start of eight bytes, and how many they are.
#[inline(always)]
fn leading_digits(bytes: [u8; 8]) -> (u64, usize) {
    // The first byte is the lowest. A digit becomes its value.
    let values = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // The high bit of each byte above 9. A carry only reaches bytes after one of these.
    let non_digits = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let count = non_digits.trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    let v = values << (64 - 8 * count);
    let v = v.wrapping_mul(10).wrapping_add(v >> 8);
    let low = (v & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = ((v >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    (low.wrapping_add(high) >> 32, count)
}

/// Decimal, with an exponent if need be, or `inf`, `infinity`, `nan` in any case; rounded
/// correctly.
fn number(field: &[u8]) -> Option<f64> {
    let unsigned = match field {
        [b'+', b'+' | b'-', ..] => return None,
        [b'+', unsigned @ ..] => unsigned,
        _ => field,
    };
    fast_float2::parse(unsigned).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", 0.0),
            ("-1.5", -1.5),
            ("+2", 2.0),
            (" 3\r\n\t", 3.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1e3),
            ("1E-400", 0.0),
            ("1e400", f64::INFINITY),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
        ] {
            assert_eq!(classify(text.as_bytes()).value(), Some(value), "{text}");
        }
    }

    #[test]
    fn the_fast_path_gives_the_same_bits_as_the_slow_one() {
        let mut texts: Vec<String> =
            ["0", "-0", "00.5", ".5", "5.", "-.0", "9007199254740993", "9007199254740992"]
                .map(String::from)
                .to_vec();
        texts.extend(
            ["1e5", "1.5E-3", "123456789012345678901", "0.00000000000000001", "-", ".", "-.", ""]
                .map(String::from),
        );
        let mut state = 1_u64;
        for _ in 0..2000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (whole, fraction) = ((state >> 40) as usize % 14, (state >> 50) as usize % 19);
            let digits = format!("{:020}", state);
            texts.push(format!(
                "{}{}.{}",
                if state >> 63 == 0 { "" } else { "-" },
                &digits[..whole],
                &digits[..fraction]
            ));
            texts.push(digits[..whole].to_owned());
        }
        let mut fast = 0;
        for text in &texts {
            for end in [",", "\n", "\r\n", "x", "\u{ff}"] {
                let padded = format!("{text}{end}1234567890\n");
                let expected =
                    fast_float2::parse_partial::<f64, _>(&padded).ok().map(|(v, len)| (v.to_bits(), len));
                assert_eq!(
                    leading_number(padded.as_bytes()).map(|(v, len)| (v.to_bits(), len)),
                    expected,
                    "{padded}"
                );
                fast += usize::from(decimal(padded.as_bytes()).is_some());
            }
        }
        assert!(fast > texts.len(), "the fast path is hardly ever taken");
    }

    #[test]
    fn missing_and_text() {
        for text in ["", " ", "NA", "n/a", "NaN", "nan", "NAN", "null", "None", "<NA>", " NA "] {
            assert_eq!(classify(text.as_bytes()), Cell::MISSING, "{text}");
        }
        for text in [
            "na", "x", "1,5", "1 2", "--1", "+-1", "++1", "+", "-", ".", "e5", "1e", "0x10", "1_000",
            "\u{a0}1",
        ] {
            assert_eq!(classify(text.as_bytes()), Cell::TEXT, "{text}");
        }
    }
}
