use super::*;
use crate::kernels::table::arrays::Arrays;
use crate::kernels::table::column::Cell;

/// What the tests look at in a column: name, numbers, texts, missing, and bits of the statistics.
type Summary = Vec<(String, u64, u64, u64, [u64; 4], Option<FirstText>)>;

fn summary(table: &Table) -> Summary {
    let summary = |column: &Column| {
        let m = column.moments();
        let bits = [m.mean(), m.std(1.0), m.min(), m.max()].map(f64::to_bits);
        (column.name.clone(), m.count(), column.texts, column.missing, bits, column.first_text.clone())
    };
    table.columns().iter().map(summary).collect()
}

/// Reads `text` fed in blocks, with chunks of `chunk_len` bytes.
fn read(text: &[u8], block: usize, chunk_len: usize, workers: usize) -> Result<(Summary, u64)> {
    let work = Work::with_threads(workers);
    let mut table = Table::new(",", Header::Auto, None)?;
    table.chunk_len = chunk_len;
    text.chunks(block.max(1)).try_for_each(|block| table.feed(block, &work))?;
    table.finish(&work)?;
    Ok((summary(&table), table.rows()))
}

/// The fields of every record, one character at a time.
fn naive(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut fresh) = (false, true);
    let text = text.replace("\r\n", "\n") + if text.ends_with('\n') { "" } else { "\n" };
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => field.push(characters.next().unwrap_or('"')),
            '"' if quoted => quoted = false,
            character if quoted => field.push(character),
            '"' if fresh => {
                quoted = true;
                fresh = false;
            }
            ',' | '\n' => {
                record.push(std::mem::take(&mut field));
                fresh = true;
                if character == '\n' && record != [""] {
                    records.push(std::mem::take(&mut record));
                }
                if character == '\n' {
                    record.clear();
                }
            }
            character => {
                field.push(character);
                fresh = false;
            }
        }
    }
    records
}

const TRICKY: &str = "\u{feff}a,b,\"c \"\"q\"\"\",d\r\n1,2,3,x\n\n-4.5e2,NA,\"6\",5\" disk\n\"7\n\n\",8,\"9\"0,\"1,1\"\n\
                      ,,,\n1e400,-0,+3,\"say \"\"hi\"\"\nthere\"\r\n5,\"\",\" 6 \",it's \"so\"";

#[test]
fn fields_are_those_of_the_character_by_character_reading() -> Result<()> {
    let records = naive(TRICKY.trim_start_matches('\u{feff}'));
    let (columns, rows) = read(TRICKY.as_bytes(), TRICKY.len(), CHUNK, 1)?;
    assert_eq!(rows as usize, records.len() - 1);
    for (index, column) in columns.iter().enumerate() {
        assert_eq!(column.0, records[0][index]);
        let cells: Vec<_> = records[1..].iter().map(|record| classify(record[index].as_bytes())).collect();
        let numbers: Vec<f64> = cells.iter().filter_map(|cell| cell.value()).collect();
        assert_eq!(column.1 as usize, numbers.len(), "{column:?}");
        assert_eq!(column.2 as usize, cells.iter().filter(|&&cell| cell == Cell::TEXT).count());
        assert_eq!(column.4[2], numbers.iter().copied().fold(f64::NAN, f64::min).to_bits());
        assert_eq!(column.4[3], numbers.iter().copied().fold(f64::NAN, f64::max).to_bits());
    }
    assert_eq!(columns[3].5, Some(FirstText { line: 2, text: "x".into() }));
    Ok(())
}

#[test]
fn blocks_chunks_and_threads_change_nothing() -> Result<()> {
    let expected = read(TRICKY.as_bytes(), TRICKY.len(), CHUNK, 1)?;
    for block in 1..=TRICKY.len() {
        for (chunk_len, workers) in [(1, 1), (5, 2), (16, 3), (CHUNK, 2)] {
            assert_eq!(read(TRICKY.as_bytes(), block, chunk_len, workers)?, expected, "{block} {chunk_len}");
        }
    }
    Ok(())
}

#[test]
fn errors_are_the_same_however_the_text_is_cut() {
    let at = |line, column, reason| Error::Csv { line, column, reason };
    let fields = |line, column, got| at(line, Some(column), Malformed::Fields { got, expected: 2 });
    for (text, expected) in [
        ("a,b\n1,2\n3\n4\0,5", fields(3, 2, 1)),
        ("a,b\n\n1,2\n3,4,5\n", fields(4, 3, 3)),
        ("a,b\n1,\"2\n3\n4", at(2, None, Malformed::OpenQuote)),
        ("a,\"b\n1,2\n", at(1, None, Malformed::OpenQuote)),
        ("a,b\n\"x\ny\",1\n2\n", fields(4, 2, 1)),
        ("a,b\n1,2\n3,\0\n", at(3, None, Malformed::Nul)),
        ("a,b\r1,2\r", at(1, None, Malformed::CarriageReturn)),
        ("", Error::Empty),
        ("\n\r\n\n", Error::Empty),
        ("\u{feff}", Error::Empty),
    ] {
        for block in 1..=text.len().max(1) {
            for (chunk_len, workers) in [(1, 1), (3, 2), (CHUNK, 1)] {
                let error = read(text.as_bytes(), block, chunk_len, workers);
                assert_eq!(error, Err(expected.clone()), "{text:?} {block}");
            }
        }
    }
}

#[test]
fn bytes_after_empty_lines_are_no_mark_of_utf_16_however_the_text_is_cut() -> Result<()> {
    for text in [&b"\xef\xbb\xbf\r\n\n\xfe\xffx,2\n3,4\n"[..], b"\n\xff\xfex,2\n3,4\n"] {
        let expected = read(text, text.len(), CHUNK, 1)?;
        for block in 1..text.len() {
            assert_eq!(read(text, block, CHUNK, 1)?, expected, "{block}");
        }
    }
    for text in [b"\xff\xfea\0,\0b\0\n\0", b"\xfe\xff\0a\0,\0b\0\n"] {
        for block in 1..text.len() {
            let error = read(text, block, CHUNK, 1);
            assert_eq!(error, Err(Error::Csv { line: 1, column: None, reason: Malformed::Utf16 }), "{block}");
        }
    }
    Ok(())
}

#[test]
fn a_wrong_guess_of_where_a_record_ends_costs_only_time() -> Result<()> {
    // A stray quote in a field: every later line feed seems to be inside quotes, or outside.
    let mut text = String::from("a,b\n5\" disk,1\n");
    for i in 0..200 {
        text += &format!("\"line\nfeed {i}\",{i}\n");
    }
    let expected = read(text.as_bytes(), text.len(), usize::MAX, 1)?;
    assert_eq!((expected.1, expected.0[1].1), (201, 201));
    for chunk_len in [1, 7, 64, 1000] {
        assert_eq!(read(text.as_bytes(), text.len(), chunk_len, 2)?, expected);
    }
    Ok(())
}

#[test]
fn the_first_row_is_data_if_it_is_all_numbers() -> Result<()> {
    let (columns, rows) = read(b"2019,2020\n1,2\n", 100, CHUNK, 1)?;
    assert_eq!((rows, columns[1].0.as_str(), columns[1].1), (2, "column 2", 2));
    let (columns, rows) = read(b"2019,\n1,2\n", 100, CHUNK, 1)?;
    assert_eq!((rows, columns[0].0.as_str(), columns[1].0.as_str()), (1, "2019", "column 2"));
    let mut table = Table::new(",", Header::Yes, None)?;
    table.feed(b"1,2\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    assert_eq!((table.rows(), table.is_named(), table.columns()[1].name.as_str()), (0, true, "2"));
    let mut table = Table::new(",", Header::No, None)?;
    table.feed(b"\xef\xbb\xbfx,2\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    assert_eq!((table.rows(), table.is_named(), table.columns()[0].texts), (1, false, 1));
    Ok(())
}

#[test]
fn only_the_selected_columns_are_kept() -> Result<()> {
    let mut table = Table::new(";", Header::Auto, Some(vec!["c".into(), "a".into()]))?;
    table.feed(b"a;b;c;a\n1;\"x;\ny\";3;4\n5;6;7;8\r\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    let maxima: Vec<_> = table.columns().iter().map(|c| (c.name.as_str(), c.moments().max())).collect();
    assert_eq!(maxima, [("a", 5.0), ("c", 7.0), ("a", 8.0)]);
    let mut table = Table::new(",", Header::Auto, Some(vec!["z".into()]))?;
    let error = table.feed(b"a,b\n", &Work::serial());
    assert_eq!(
        error,
        Err(Error::UnknownColumn { name: "z".into(), known: vec!["a".into(), "b".into()], more: false })
    );
    assert_eq!(table.finish(&Work::serial()), error, "an error is for ever");
    Ok(())
}

#[test]
fn a_delimiter_is_one_character_that_no_field_needs() {
    for delimiter in [",", ";", "\t", "|", " ", "\u{1}", ":"] {
        assert!(Table::new(delimiter, Header::Auto, None).is_ok());
    }
    for delimiter in ["", ",,", "1", "e", "\"", "-", "+", ".", "\n", "\r", "\0", "é"] {
        assert!(Table::new(delimiter, Header::Auto, None).is_err(), "{delimiter:?}");
    }
}

#[test]
fn a_line_without_end_is_an_error_before_it_takes_all_memory() -> Result<()> {
    let block = vec![b'1'; BLOCK];
    let mut table = Table::new(",", Header::Auto, None)?;
    let fed = (0..100).map(|_| table.feed(&block, &Work::serial())).take_while(Result::is_ok).count();
    assert_eq!(fed, LONGEST_RECORD / BLOCK);
    Ok(())
}

#[test]
fn the_text_shown_is_short_and_valid() {
    assert_eq!(shown(b"short"), "short");
    assert_eq!(shown("é".repeat(100).as_bytes()), "é".repeat(40) + "…");
    assert_eq!(shown(b"\xff"), "\u{fffd}");
    for character in ["a", "é", "…", "😀"] {
        let most = character.repeat(40);
        assert_eq!(shown(most.as_bytes()), most);
        assert_eq!(shown((most.clone() + character).as_bytes()), most + "…");
    }
}

#[test]
fn a_long_chunk_can_be_stopped() {
    let schema = Schema { delimiter: b',', slots: vec![0, SKIP], kept: 1 };
    let read = |rows: usize| {
        let text = b"1,2\n".repeat(rows);
        Chunk::default().read(&schema, &text, 0, text.len(), &Work::stopped())
    };
    assert_eq!(read(50_000), Ok(()));
    assert_eq!(read(100_000), Err(Error::Interrupted));
}

#[test]
fn arrays_give_what_the_same_numbers_in_text_give() -> Result<()> {
    let (rows, count) = (3000, 3);
    let value = |row: usize, column: usize| ((row * 7919 + column) % 1009) as f64 / 8.0;
    let mut text = String::from("a,b,c\n");
    for row in 0..rows {
        text += &format!("{},{},{}\n", value(row, 0), value(row, 1), value(row, 2));
    }
    let (expected, _) = read(text.as_bytes(), 1000, CHUNK, 2)?;
    let array = ndarray::Array2::from_shape_fn((rows, count), |(row, column)| value(row, column));
    for rows_of_block in [1, 999, 3000] {
        let work = Work::with_threads(2);
        let mut arrays = Arrays::new(vec!["a".into(), "b".into(), "c".into()])?;
        for start in (0..rows).step_by(rows_of_block) {
            let end = (start + rows_of_block).min(rows);
            arrays.update(array.slice(ndarray::s![start..end, ..2]).into_dyn(), 0, &work)?;
            arrays.update(array.slice(ndarray::s![start..end, 2..]).into_dyn(), 2, &work)?;
        }
        for (column, expected) in arrays.finish().iter().zip(&expected) {
            let m = column.moments();
            assert_eq!([m.mean(), m.std(1.0), m.min(), m.max()].map(f64::to_bits), expected.4);
        }
        assert!(arrays.update(array.view().into_dyn(), 1, &work).is_err());
        assert!(arrays.update(array.column(0).into_dyn(), 0, &work).is_err());
    }
    Ok(())
}
