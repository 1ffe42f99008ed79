//! From the bytes of a field to a number, a missing value, or text.
//!
//! The rules are those of pandas' `read_csv`, so that its `describe` gives the same statistics.
//!
//! What is done for speed: eight digits at a time, in one 64-bit word. The bytes after the digits are
//! shifted out, and neighbours combined three times: to numbers of two, four and eight digits (as in
//! D. Lemire, "Number parsing at a gigabyte per second", 2021). An integer up to 2^53 is exact as a
//! float, and so is a power of ten up to 10^22, so one division rounds correctly (W. Clinger, "How to
//! read floating point numbers accurately", 1990). Everything else goes to `fast_float2`.

use super::date::{Stamp, stamp};
use super::dialect::Dialect;
use super::integers::EXACT;

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

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// It is empty, or one of the words for "not available".
    Missing,
    /// A number, and whether it is written as an integer.
    Number(f64, bool),
    /// An integer that may not be exact as a float64.
    Integer(i128),
    /// An integer beyond [`Value::Integer`], of at most 309 digits, as a float64.
    Huge(f64),
    /// A number beyond the range of float64, which becomes infinity or zero.
    Beyond(f64),
    /// `true` or `false`, in lower, upper or title case.
    Boolean(bool),
    /// A date or a timestamp.
    Stamp(Stamp),
    /// Anything else.
    Text,
}

impl Value {
    /// The nearest float64, of a number.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Value::Number(value, _) | Value::Huge(value) | Value::Beyond(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            _ => None,
        }
    }
}

/// Reads a field without its quotes. White space around it is ignored.
pub fn classify(field: &[u8], dialect: &Dialect) -> Value {
    let field = field.trim_ascii();
    if field.is_empty() || dialect.missing.iter().any(|word| word == field) {
        return Value::Missing;
    }
    match field[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N' | b'#' | b'<' => {}
        first if first == dialect.decimal => {}
        b't' | b'T' | b'f' | b'F' => return boolean(field),
        // Nothing else starts a number or a word for "not available": most text returns here.
        _ => return Value::Text,
    }
    let number = if dialect.decimal == b'.' && dialect.thousands.is_none() {
        number(field)
    } else {
        respelled(field, dialect).and_then(|field| number(&field))
    };
    match number {
        Some(Value::Number(value, _)) if value.is_nan() => Value::Missing,
        Some(value) => value,
        None if NOT_AVAILABLE.contains(&field) => Value::Missing,
        None => stamp(field).map_or(Value::Text, Value::Stamp),
    }
}

/// Reads a field of which it is known that it is text: all that it may be besides is a date.
pub fn classify_text(field: &[u8]) -> Value {
    match field.first() {
        Some(b'0'..=b'9') => stamp(field).map_or(Value::Text, Value::Stamp),
        _ => Value::Text,
    }
}

fn boolean(field: &[u8]) -> Value {
    match field {
        b"true" | b"True" | b"TRUE" => Value::Boolean(true),
        b"false" | b"False" | b"FALSE" => Value::Boolean(false),
        _ => Value::Text,
    }
}

/// A number as the default dialect has it: without separators of thousands, which have to be where they belong.
fn respelled(field: &[u8], dialect: &Dialect) -> Option<Vec<u8>> {
    let digits = field.strip_prefix(b"-").or_else(|| field.strip_prefix(b"+")).unwrap_or(field);
    let whole =
        digits.iter().position(|&b| b == dialect.decimal || matches!(b, b'e' | b'E')).unwrap_or(digits.len());
    if let Some(thousands) = dialect.thousands {
        let mut groups = digits[..whole].split(|&byte| byte == thousands);
        let first = groups.next()?.len();
        let mut groups = groups.peekable();
        let are_grouped = groups.peek().is_some();
        if (are_grouped && !(1..=3).contains(&first)) || !groups.all(|group| group.len() == 3) {
            return None;
        }
    }
    let start = field.len() - digits.len();
    let mut text = field[..start].to_vec();
    text.extend(digits[..whole].iter().filter(|&&byte| Some(byte) != dialect.thousands));
    if text[start..].iter().any(|&byte| !byte.is_ascii_digit()) && !digits[0].is_ascii_alphabetic() {
        return None;
    }
    match digits.get(whole) {
        Some(&byte) if byte == dialect.decimal => {
            if dialect.decimal != b'.' && digits[whole..].contains(&b'.') {
                return None;
            }
            text.push(b'.');
            text.extend_from_slice(&digits[whole + 1..]);
        }
        _ => text.extend_from_slice(&digits[whole..]),
    }
    Some(text)
}

/// The number at the start of `text`, its length, and whether it is an integer; `None` if there is none, or
/// if more has to be known of it than its value.
#[inline(always)]
pub fn leading_number(text: &[u8]) -> Option<(f64, usize, bool)> {
    match decimal(text) {
        // With an exponent the number goes on.
        Some((value, len, is_integer)) if !matches!(text[len], b'e' | b'E') => Some((value, len, is_integer)),
        _ => {
            let (value, len): (f64, usize) = fast_float2::parse_partial(text).ok()?;
            let is_rare = value.abs() >= EXACT || value == 0.0;
            if is_rare && !matches!(kind(&text[..len], value), Value::Number(..)) {
                return None;
            }
            Some((value, len, is_integer(&text[..len])))
        }
    }
}

/// Whether the spelling of a number is that of an integer.
fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.iter().all(u8::is_ascii_digit)
}

/// Powers of ten that are exact.
const POWERS: [f64; 17] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/// A number with at most 18 digits, no exponent and a value that one division rounds correctly.
#[inline(always)]
fn decimal(text: &[u8]) -> Option<(f64, usize, bool)> {
    let negative = *text.first()? == b'-';
    let mut at = usize::from(negative);
    let (mut digits, mut decimals, mut has_point) = (0, 0, false);
    let mut mantissa = 0_u64;
    for is_fraction in [false, true] {
        if is_fraction {
            if text.get(at) != Some(&b'.') {
                break;
            }
            at += 1;
            has_point = true;
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
    Some((f64::from_bits(value.to_bits() | u64::from(negative) << 63), at, !has_point))
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
fn number(field: &[u8]) -> Option<Value> {
    let unsigned = match field {
        [b'+', b'+' | b'-', ..] => return None,
        [b'+', unsigned @ ..] => unsigned,
        _ => field,
    };
    fast_float2::parse(unsigned).ok().map(|value| kind(unsigned, value))
}

/// The number `value` that `text` is, and what else has to be known of it.
#[cold]
fn kind(text: &[u8], value: f64) -> Value {
    if is_integer(text) {
        if value.abs() < EXACT {
            return Value::Number(value, true);
        }
        let digits = std::str::from_utf8(text).ok();
        return match digits.and_then(|digits| digits.parse::<i128>().ok()) {
            Some(integer) if integer.unsigned_abs() == 1 << 53 => Value::Number(value, true),
            Some(integer) => Value::Integer(integer),
            None if value.is_finite() => Value::Huge(value),
            None => Value::Beyond(value),
        };
    }
    // Digits that are not zero, before an exponent, and the word "infinity" has none.
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or(text);
    let has_digits = mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    if has_digits && (value.is_infinite() || value == 0.0) {
        return Value::Beyond(value);
    }
    Value::Number(value, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        classify(text.as_bytes(), &Dialect::new(";").expect("a delimiter"))
    }

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
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
        ] {
            let is_integer = text.trim().bytes().all(|b| b.is_ascii_digit() || b == b'+');
            assert_eq!(read(text), Value::Number(value, is_integer), "{text}");
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
                let expected = fast_float2::parse_partial::<f64, _>(&padded).ok();
                // Integers that are not exact are left to the slow path.
                let expected = expected.filter(|&(_, len)| {
                    padded[..len]
                        .parse::<i128>()
                        .map_or(padded[..len].contains(['.', 'e', 'E']), |n| n.abs() <= 1 << 53)
                });
                let expected =
                    expected.map(|(v, len)| (v.to_bits(), len, is_integer(&padded.as_bytes()[..len])));
                let ours = leading_number(padded.as_bytes());
                assert_eq!(ours.map(|(v, len, integer)| (v.to_bits(), len, integer)), expected, "{padded}");
                fast += usize::from(decimal(padded.as_bytes()).is_some());
            }
        }
        assert!(fast > texts.len(), "the fast path is hardly ever taken");
    }

    #[test]
    fn missing_and_text() {
        for text in ["", " ", "NA", "n/a", "NaN", "nan", "NAN", "null", "None", "<NA>", " NA "] {
            assert_eq!(read(text), Value::Missing, "{text}");
        }
        for text in [
            "na",
            "x",
            "1,5",
            "1 2",
            "--1",
            "+-1",
            "++1",
            "+",
            "-",
            ".",
            "e5",
            "1e",
            "0x10",
            "1_000",
            "\u{a0}1",
            "tRUE",
            "t",
            "falsey",
            "2024-13-01",
        ] {
            assert_eq!(read(text), Value::Text, "{text}");
        }
    }

    #[test]
    fn what_a_float64_does_not_hold_is_told_apart() {
        for (text, value) in [
            ("9007199254740993", Value::Integer(9_007_199_254_740_993)),
            ("-170141183460469231731687303715884105728", Value::Integer(i128::MIN)),
            ("340282366920938463463374607431768211456", Value::Huge(2_f64.powi(128))),
            ("1e400", Value::Beyond(f64::INFINITY)),
            ("0047583311587E590003", Value::Beyond(f64::INFINITY)),
            ("-1E-400", Value::Beyond(-0.0)),
            ("0e400", Value::Number(0.0, false)),
            ("True", Value::Boolean(true)),
            ("FALSE", Value::Boolean(false)),
            (
                "1970-01-02",
                Value::Stamp(Stamp { nanos: super::super::date::DAY, has_time: false, has_zone: false }),
            ),
        ] {
            assert_eq!(read(text), value, "{text}");
            if let Value::Integer(_) | Value::Huge(_) | Value::Beyond(_) = value {
                assert_eq!(leading_number(format!("{text}\n12345678").as_bytes()), None, "{text}");
            }
        }
        assert!(matches!(read(&"9".repeat(400)), Value::Beyond(_)));
    }

    #[test]
    fn digits_end_at_any_other_byte() {
        for byte in 0..=255u8 {
            let expected = if byte.is_ascii_digit() { (10 + u64::from(byte - b'0'), 2) } else { (1, 1) };
            assert_eq!(leading_digits([b'1', byte, b' ', b'7', b'7', b'7', b'7', b'7']), expected, "{byte}");
        }
    }

    #[test]
    fn numbers_of_other_dialects() {
        let german =
            Dialect { decimal: b',', thousands: Some(b'.'), ..Dialect::new(";").expect("a delimiter") };
        for (text, value) in [
            ("1.234,56", Some(1234.56)),
            ("-12.345.678", Some(-12_345_678.0)),
            ("1,5e3", Some(1500.0)),
            (",5", Some(0.5)),
            ("1234", Some(1234.0)),
            ("inf", Some(f64::INFINITY)),
            ("1.5", None),
            ("12.34,5", None),
            ("1.2345", None),
            ("1,5.0", None),
            (".123", None),
            ("1,2,3", None),
        ] {
            match classify(text.as_bytes(), &german) {
                Value::Number(found, _) => assert_eq!(Some(found), value, "{text}"),
                other => assert_eq!((other, value), (Value::Text, None), "{text}"),
            }
        }
        let english = Dialect { thousands: Some(b','), ..Dialect::new(";").expect("a delimiter") };
        assert_eq!(classify(b"-1,234.5", &english), Value::Number(-1234.5, false));
        let words =
            Dialect { missing: vec![b"-999".to_vec(), b"-".to_vec()], ..Dialect::new(",").expect("one") };
        assert_eq!(classify(b" -999 ", &words), Value::Missing);
        assert_eq!(classify(b"-", &words), Value::Missing);
        assert_eq!(classify(b"-998", &words), Value::Number(-998.0, true));
        assert!(!words.has_plain_numbers() && !german.has_plain_numbers());
    }
}
