//! From the bytes of a field to a number, or to the knowledge that it is none.
//!
//! The rules are those of pandas' `read_csv`, so that its `describe` gives the same statistics.

use super::column::Cell;

/// What stands for "no value"; the list of pandas.
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

/// Reads a field from which quotes have been taken. White space around it does not count.
pub fn classify(field: &[u8]) -> Cell {
    let field = field.trim_ascii();
    if field.is_empty() {
        return Cell::MISSING;
    }
    match number(field) {
        Some(value) => Cell::number(value),
        None if NOT_AVAILABLE.contains(&field) => Cell::MISSING,
        None => Cell::TEXT,
    }
}

/// Decimal, with an exponent if need be, or `inf`, `infinity`, `nan` in any case; rounded
/// correctly.
fn number(field: &[u8]) -> Option<f64> {
    let unsigned = match field {
        [b'+', b'+' | b'-', ..] => return None,
        [b'+', rest @ ..] => rest,
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
