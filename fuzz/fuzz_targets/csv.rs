//! Comma separated values as `csv-core` reads them: as many records and fields, and of a column in which every field
//! is empty or written as a plain number, the same numbers.
#![no_main]

use csv_core::{ReadRecordResult, Reader};
use rust_numpy_example::kernels::table::{Header, Query, Table};
use rust_numpy_example::parallel::Work;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));

/// The records of `csv-core`.
fn records(mut text: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = Reader::new();
    let (mut out, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let mut found = Vec::new();
    let (mut written, mut fields) = (0, 0);
    loop {
        let (result, read, wrote, ended) = reader.read_record(text, &mut out[written..], &mut ends[fields..]);
        (text, written, fields) = (&text[read..], written + wrote, fields + ended);
        match result {
            // The rest is there, or, without one, the text is at its end: both are said by another call.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let starts = [0].into_iter().chain(ends.iter().copied());
                let fields_of = starts.zip(&ends[..fields]).map(|(start, &end)| out[start..end].to_vec());
                found.push(fields_of.collect());
                (written, fields) = (0, 0);
            }
            ReadRecordResult::End => return found,
            full => panic!("{full:?}"),
        }
    }
}

/// The number, where everybody agrees that a field is one.
fn number(field: &[u8]) -> Option<f64> {
    let is_plain = field.iter().all(|byte| b"0123456789.-".contains(byte));
    let has_digits = field.iter().any(u8::is_ascii_digit);
    if is_plain && has_digits { str::from_utf8(field).ok()?.parse().ok() } else { None }
}

fn check(text: &[u8]) {
    // A byte order mark is no part of a table, and spaces and tabs around fields are none of theirs. A line ends with a
    // line feed: a carriage return alone is part of a field here, and ends a record there.
    let is_odd = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\n';
    if text.iter().any(|&byte| byte > 127 || b" \t".contains(&byte)) || text.windows(2).any(is_odd) {
        return;
    }
    let work = Work::serial();
    let query = Query { header: Header::No, ..Query::new(",").expect("a good delimiter") };
    let mut table = Table::new(query);
    if table.feed(text, &work).and_then(|()| table.finish(&work)).is_err() {
        // What RFC 4180 does not allow is an error here, and read in some way there.
        return;
    }
    let expected = records(text);
    assert_eq!(table.rows(), expected.len() as u64);
    for (index, column) in table.columns().iter().enumerate() {
        let fields: Vec<&[u8]> = expected.iter().map(|record| &record[index][..]).collect();
        let numbers: Vec<f64> = fields.iter().filter_map(|field| number(field)).collect();
        let empty = fields.iter().filter(|field| field.is_empty()).count();
        if numbers.len() + empty < fields.len() {
            continue;
        }
        let moments = column.numbers.moments();
        assert_eq!((moments.count(), column.missing), (numbers.len() as u64, empty as u64));
        if let Some(least) = numbers.iter().copied().reduce(f64::min) {
            let most = numbers.iter().copied().fold(least, f64::max);
            assert_eq!((moments.min(), moments.max()), (least, most));
        }
    }
}
