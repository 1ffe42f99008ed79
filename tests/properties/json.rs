//! JSON of any bytes: the struct that another reader finds in it, or an error that says where.

use serde::Deserialize;
use serde_json::Value;

#[path = "../../src/bindings/interop/json_parse.rs"]
mod json_parse;

#[derive(Debug, PartialEq, Deserialize)]
struct Human {
    name: String,
    age: u8,
}

/// Checks the text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match json_parse::parse::<Human>(text) {
        Ok(human) => {
            // What is skipped may be nested too deeply, or be too large a number, for this reader.
            let value = match serde_json::from_str::<Value>(text) {
                Ok(value) => value,
                Err(error) if error.to_string().starts_with("number out of range") => return,
                Err(error) => return assert!(text.matches(['[', '{']).count() > 100, "{error}: {text}"),
            };
            assert_eq!(value["name"].as_str(), Some(human.name.as_str()));
            // Minus zero is a float for this reader.
            assert_eq!(value["age"].as_f64(), Some(f64::from(human.age)));
        }
        Err(json_parse::Wrong::Memory(_)) => {}
        Err(json_parse::Wrong::Text(reason)) => {
            let (line, rest) =
                reason.strip_prefix("line ").and_then(|rest| rest.split_once(", column ")).expect("a line");
            let (column, rest) = rest.split_once(", path ").expect("a column");
            let line: usize = line.parse().expect("a number");
            let column: usize = column.parse().expect("a number");
            assert!(rest.contains(": "), "{reason}");
            let lines: Vec<&str> = text.split('\n').collect();
            assert!((1..=lines.len()).contains(&line), "{reason}");
            assert!((1..=lines[line - 1].chars().count() + 1).contains(&column), "{reason}");
        }
    }
}
