use super::*;

fn form(is_array: bool, skip_bad: bool) -> JsonForm {
    JsonForm { is_array, skip_bad, missing: vec![b"-".to_vec()] }
}

/// The records of a text that comes in pieces of `size` bytes; the keys are learnt first.
fn read(text: &[u8], form: JsonForm, size: usize) -> Result<(String, JsonRows)> {
    let mut keys = None;
    loop {
        let learns = keys.is_none();
        let mut rows = JsonRows::new(form.clone(), keys)?;
        let mut records = Vec::new();
        for piece in text.chunks(size) {
            rows.feed(piece)?;
            records.extend(rows.rows(&Work::serial())?);
        }
        rows.end();
        records.extend(rows.rows(&Work::serial())?);
        if !learns {
            return Ok((String::from_utf8(records).expect("UTF-8"), rows));
        }
        assert!(records.iter().all(|&byte| byte == b'\n'));
        keys = Some(rows.keys().collect());
    }
}

const LINES: &str = concat!(
    r#"{"a": 12345678901234567890123, "b": "x,\"y\"\u00e9\ud83d\ude00\n"}"#,
    "\n\n",
    r#" {"b":"-","c":{"d":[1,"]",{}]},"a":-1.5e3} "#,
    "\r\n",
    r#"{"c":true,"a":null,"a":NaN,"e,\"f":-Infinity}"#
);

const RECORDS: &str = concat!(
    "12345678901234567890123,\"x,\"\"y\"\"é😀\n\",,\n",
    "\n",
    "-1.5e3,,\"{\"\"d\"\":[1,\"\"]\"\",{}]}\",\n",
    ",,true,-inf\n"
);

#[test]
fn objects_of_lines_become_records_however_they_are_cut() -> Result<()> {
    for size in [1, 2, 3, 7, 50, 1000] {
        let (records, rows) = read(LINES.as_bytes(), form(false, false), size)?;
        assert_eq!(records, RECORDS, "{size}");
        assert_eq!(rows.keys().collect::<Vec<_>>(), ["a", "b", "c", "e,\"f"]);
        assert_eq!(rows.nested()[2], Some(Nested { count: 1, line: 3 }));
        assert_eq!(rows.header()?, b"\"a\",\"b\",\"c\",\"e,\"\"f\"\n");
    }
    Ok(())
}

#[test]
fn objects_of_an_array_become_the_same_records() -> Result<()> {
    let objects: Vec<&str> = LINES.lines().filter(|line| !line.is_empty()).collect();
    let array = format!("\u{feff}\n[{}]\n", objects.join(" ,\n"));
    for size in [1, 2, 3, 7, 50, 1000] {
        let (records, _) = read(array.as_bytes(), form(true, false), size)?;
        assert_eq!(records, RECORDS.replacen("\n\n", "\n", 1), "{size}");
    }
    assert_eq!(read(b"[]", form(true, false), 1)?.0, "");
    Ok(())
}

#[test]
fn what_is_no_object_is_an_error_or_left_out() -> Result<()> {
    let bad: &[(&[u8], usize, &str)] = &[
        (b"[1]", 1, "expected an object, which starts with '{'"),
        (b"{\"a\":1", 7, "the line ends inside the object"),
        (b"{\"a\":1} {}", 9, "expected the end of the line after the object"),
        (b"{\"a\":01}", 6, "expected a number of JSON"),
        (b"{\"a\":1.}", 6, "expected a number of JSON"),
        (b"{\"a\":+1}", 6, "expected a value of JSON"),
        (b"{\"a\":nul}", 6, "expected a value of JSON"),
        (b"{\"a\":\"\\x\"}", 7, "an escape that JSON does not have"),
        (b"{\"a\":\"\\u12g4\"}", 7, "an escape that JSON does not have"),
        (b"{\"a\":\"\t\"}", 7, "a control character in a text, or a text that is not closed"),
        (b"{\"a\":\"\xff\"}", 7, "not in UTF-8"),
        (b"{\"a\" 1}", 6, "expected ':' after a key"),
        (b"{a:1}", 2, "expected a key, which stands in double quotes"),
        (b"{\"a\":[1 2]}", 9, "expected ',' or ']' after a value"),
        (b"{\"a\":1 \"b\":2}", 8, "expected ',' or '}' after a value"),
        (b"{\"a\":1,}", 8, "expected a key, which stands in double quotes"),
    ];
    for &(line, column, reason) in bad {
        let text = [b"{\"a\":1}\n", line, b"\n{\"a\":2}\n"].concat();
        let reason = Malformed::Json { reason };
        let error = Error::Csv { line: 2, column: Some(column), reason };
        assert_eq!(read(&text, form(false, false), 5).err(), Some(error), "{}", text.escape_ascii());
        let (records, mut rows) = read(&text, form(false, true), 5)?;
        assert_eq!(records, "1\n\n2\n");
        assert_eq!((rows.rejected(), rows.take_rejects()), (1, vec![(2, column, reason)]));
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(257), "]".repeat(257));
    assert!(read(deep.as_bytes(), form(false, false), 99).is_err());
    assert!(read(deep.replacen('[', "", 1).replacen(']', "", 1).as_bytes(), form(false, false), 99).is_ok());
    Ok(())
}

#[test]
fn an_element_that_is_no_object_is_left_out_and_an_array_that_is_broken_an_error() -> Result<()> {
    let (records, mut rows) = read(b"[{\"a\":1},\n 5, [2],\n{\"a\":3}]", form(true, true), 3)?;
    assert_eq!(records, "1\n3\n");
    let reason = Malformed::Json { reason: "expected an object, which starts with '{'" };
    assert_eq!(rows.take_rejects(), vec![(2, 2, reason), (2, 5, reason)]);
    for broken in [
        "[{\"a\":1}",
        "[{\"a\":1},",
        "[{\"a\":1",
        "[{\"a\":1} {}]",
        "[{\"a\":1}] x",
        "[{\"a\":x}]",
        "[",
        "[x]",
    ] {
        assert!(read(broken.as_bytes(), form(true, true), 2).is_err(), "{broken}");
    }
    Ok(())
}

#[test]
fn a_key_that_is_not_known_is_told() -> Result<()> {
    let mut rows = JsonRows::new(form(false, false), Some(vec!["a".into()]))?;
    rows.feed(b"{\"a\":1}\n{\"b\":2,\"a\":null}\n{\"c\":3}\n")?;
    assert_eq!(rows.rows(&Work::serial())?, b"1\nNA\nNA\n");
    assert_eq!(rows.late(), Some(&("b".to_owned(), 2)));
    Ok(())
}

#[test]
fn halves_of_surrogates_and_nul_become_the_replacement_character() {
    for (raw, text) in [
        ("\\ud83d\\ude00", "😀"),
        ("\\ud83dx", "\u{fffd}x"),
        ("\\ude00", "\u{fffd}"),
        ("\\ud83d\\u0041", "\u{fffd}A"),
        ("\\u0000", "\u{fffd}"),
        ("a\\/\\\\\\b", "a/\\\u{8}"),
    ] {
        let mut found = Vec::new();
        unescape(raw.as_bytes(), &mut found);
        assert_eq!(String::from_utf8(found).expect("UTF-8"), text);
    }
}
