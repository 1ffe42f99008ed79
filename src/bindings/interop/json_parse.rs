//! A struct from the JSON text of an object, with errors that say where. Knows nothing of Python.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, MapAccess, Visitor};

/// The struct in `text`, or what is wrong with it and where.
pub fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let object = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let value = object.deserialize_map(Object(PhantomData));
    value.and_then(|value| json.end().map(|()| value)).map_err(|error| {
        let reason = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
        let column = column(text, error.line(), error.column());
        format!("line {}, column {column}, path {}: {reason}", error.line(), track.path())
    })
}

/// Takes an object only: by itself serde also reads a struct from an array of its fields.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The column in characters of a column in bytes; both count from 1.
fn column(text: &str, line: usize, bytes: usize) -> usize {
    let line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    line.char_indices().take_while(|&(start, _)| start < bytes).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Human {
        name: String,
        age: u8,
    }

    #[test]
    fn an_error_says_where() {
        let error = |text| parse::<Human>(text).expect_err("the text is wrong");
        assert!(error("{\"name\": \"Zo\u{eb}\", \"age\": -1}").starts_with("line 1, column 25, path age: "));
        assert!(error("{\n \"name\": 1}").starts_with("line 2, column 10, path name: "));
        assert!(error("").starts_with("line 1, column 1, path .: EOF"));
    }

    #[test]
    fn a_deep_text_does_not_exhaust_the_stack() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        let text = format!("{{\"name\": \"Ada\", \"more\": {deep}, \"age\": 36}}");
        assert_eq!(parse(&text), Ok(Human { name: "Ada".into(), age: 36 }));
    }
}
