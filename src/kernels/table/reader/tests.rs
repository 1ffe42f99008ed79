use super::*;
use crate::kernels::table::Numbers;
use crate::kernels::table::arrays::Arrays;
use crate::kernels::table::big::Big;
use crate::kernels::table::column::Kinds;
use crate::kernels::table::distinct::Shown;
use crate::kernels::table::record::shown;
use crate::kernels::table::search::Found;

fn query(delimiter: &str, header: Header, select: Option<Vec<usize>>) -> Query {
    Query { header, select, ..Query::new(delimiter).expect("a delimiter") }
}

/// What the tests look at in a column: name, numbers, texts, missing, and bits of the statistics.
type Summary = Vec<(String, u64, u64, u64, [u64; 4], Option<FirstText>)>;

fn summary(table: &Table) -> Summary {
    let summary = |column: &Column| {
        let m = column.numbers.moments();
        let bits = [column.numbers.mean(), column.numbers.var().sqrt(), m.min(), m.max()].map(f64::to_bits);
        (
            column.name.clone(),
            m.count(),
            column.kinds().total(),
            column.missing,
            bits,
            column.first_text.clone(),
        )
    };
    table.columns().iter().map(summary).collect()
}

/// Reads `text` fed in blocks, with chunks of `chunk_len` bytes.
fn read(text: &[u8], block: usize, chunk_len: usize, workers: usize) -> Result<(Summary, u64)> {
    let work = Work::with_threads(workers);
    let mut table = Table::new(query(",", Header::Auto, None));
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
        let dialect = Dialect::new(",")?;
        let cells: Vec<_> =
            records[1..].iter().map(|record| classify(record[index].as_bytes(), &dialect)).collect();
        let value = |cell: &Value| match *cell {
            Value::Number(value, _) | Value::Beyond(value) => Some(value),
            _ => None,
        };
        let numbers: Vec<f64> = cells.iter().filter_map(value).collect();
        assert_eq!(column.1 as usize, numbers.len(), "{column:?}");
        assert_eq!(column.2 as usize, cells.iter().filter(|&&cell| cell == Value::Text).count());
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
fn texts_of_a_row_that_is_left_out_are_forgotten() -> Result<()> {
    let mut query = query(",", Header::Auto, None);
    query.dialect.skip_bad = true;
    let (mut table, work) = (Table::new(query), Work::serial());
    table.feed(b"a,b\n1,x,2\n3,y\n", &work)?;
    table.finish(&work)?;
    assert_eq!(summary(&table)[1].5, Some(FirstText { line: 3, text: "y".into() }));
    Ok(())
}

#[test]
fn a_weight_that_is_none_is_an_error_at_its_column() -> Result<()> {
    let mut table = Table::new(Query { weight: Some(1), ..query(",", Header::Auto, None) });
    let work = Work::serial();
    let error = table.feed(b"a,w\n1,2\n3,x\n", &work).and_then(|()| table.finish(&work));
    assert_eq!(error, Err(Error::Csv { line: 3, column: Some(2), reason: Malformed::Weight }));
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
        let expected = read(text, text.len(), CHUNK, 1);
        assert!(matches!(expected, Err(Error::Csv { reason: Malformed::Utf8, .. })), "{expected:?}");
        for block in 1..text.len() {
            assert_eq!(read(text, block, CHUNK, 1), expected, "{block}");
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
    let mut table = Table::new(query(",", Header::Yes, None));
    table.feed(b"1,2\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    assert_eq!((table.rows(), table.is_named(), table.columns()[1].name.as_str()), (0, true, "2"));
    let mut table = Table::new(query(",", Header::No, None));
    table.feed(b"\xef\xbb\xbfx,2\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    assert_eq!((table.rows(), table.is_named(), table.columns()[0].kinds().texts), (1, false, 1));
    Ok(())
}

#[test]
fn only_the_selected_columns_are_kept() -> Result<()> {
    let mut table = Table::new(query(";", Header::Auto, Some(vec![2, 0, 3])));
    table.feed(b"a;b;c;a\n1;\"x;\ny\";3;4\n5;6;7;8\r\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    let maxima: Vec<_> =
        table.columns().iter().map(|c| (c.name.as_str(), c.numbers.moments().max())).collect();
    assert_eq!(maxima, [("a", 5.0), ("c", 7.0), ("a", 8.0)]);
    let mut table = Table::new(query(",", Header::Auto, Some(vec![2])));
    let error = table.feed(b"a,b\n", &Work::serial());
    assert_eq!(error, Err(Error::UnknownColumn { index: 2, columns: 2 }));
    assert_eq!(table.finish(&Work::serial()), error, "an error is for ever");
    Ok(())
}

#[test]
fn records_of_another_width_are_left_out_and_listed_if_asked() -> Result<()> {
    let text = b"a,b\n1,2\n3\n\n\"x\ny\",4.5,5\n6,7\n";
    for block in 1..=text.len() {
        for chunk_len in [1, 5, CHUNK] {
            let mut query = query(",", Header::Auto, None);
            query.dialect.skip_bad = true;
            let mut table = Table::new(query);
            table.chunk_len = chunk_len;
            text.chunks(block).try_for_each(|block| table.feed(block, &Work::serial()))?;
            table.finish(&Work::serial())?;
            let fields = |got| Malformed::Fields { got, expected: 2 };
            assert_eq!(table.take_rejects(), [(3, 2, fields(1)), (5, 3, fields(3))]);
            assert_eq!(
                (table.rows(), table.rejected(), table.columns()[1].numbers.moments().max()),
                (2, 2, 7.0)
            );
            // Nothing is left of them.
            assert!(
                table
                    .columns()
                    .iter()
                    .all(|column| column.first_text.is_none() && !column.numbers.has_floats)
            );
        }
    }
    Ok(())
}

#[test]
fn quotes_that_may_have_swallowed_rows_are_told() -> Result<()> {
    let swallowed = |text: &str| -> Result<Option<u64>> {
        let mut table = Table::new(query(",", Header::Auto, None));
        table.feed(text.as_bytes(), &Work::serial())?;
        table.finish(&Work::serial())?;
        Ok(table.swallowed())
    };
    assert_eq!(swallowed("id,name,v\n1,p,10\n3,\"open,30\n4,x,40\n5,close\",50\n6,y,60\n")?, Some(3));
    assert_eq!(swallowed("id,sig\n1,\"unbalanced\n2,ok\n3,5\" disk\n")?, Some(2));
    assert_eq!(swallowed("id,name,v\n1,\"two\nlines, one comma\",3\n")?, None);
    assert_eq!(swallowed("a\n\"two\nlines\"\n")?, None);
    Ok(())
}

#[test]
fn names_that_are_none_become_different_ones_and_may_have_line_ends_in_quotes() -> Result<()> {
    let names =
        |text: &[u8]| Ok::<_, Error>(query(",", Header::Auto, None).names(text)?.map(|names| names.names));
    assert_eq!(
        names(b"column 2,,x\n")?,
        Some(vec!["column 2".into(), "column 2 (no name)".into(), "x".into()])
    );
    assert_eq!(
        names(b"id,\"Total\r\ncost\",n\r\n")?,
        Some(vec!["id".into(), "Total\r\ncost".into(), "n".into()])
    );
    assert_eq!(names(b"a,b")?, None);
    assert!(names(b"a\rb,c\n").is_err());
    let latin = Error::Csv { line: 1, column: None, reason: Malformed::Utf8 };
    assert_eq!(names(b"prix\xe9,n\n"), Err(latin));
    let doubtful =
        |text: &[u8]| Ok::<_, Error>(query(",", Header::Auto, None).names(text)?.map(|n| n.doubtful));
    assert_eq!(
        (doubtful(b"1,NA,3\n")?, doubtful(b"x,,3\n")?, doubtful(b"1,2\n")?),
        (Some(true), Some(false), Some(false))
    );
    Ok(())
}

#[test]
fn lines_that_are_no_records_do_not_count() -> Result<()> {
    let mut query = query(",", Header::Auto, None);
    query.dialect.comment = Some(b'#');
    query.dialect.skip = 1;
    let mut table = Table::new(query);
    table.feed(b"Report, of\n\n# by \"me\na,b\n1,2\n   \n# 3,4\n \t\r\n5,6\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    assert_eq!(
        (table.rows(), table.columns()[0].name.as_str(), table.columns()[1].numbers.moments().max()),
        (2, "a", 6.0)
    );
    let mut tabs = Table::new(super::tests::query("\t", Header::Auto, None));
    tabs.feed(b"a\tb\n \t \n1\t2\n", &Work::serial())?;
    tabs.finish(&Work::serial())?;
    assert_eq!((tabs.rows(), tabs.columns()[0].missing), (2, 1));
    Ok(())
}

#[test]
fn quotes_may_be_characters_as_any_other() -> Result<()> {
    let text = "id\tsig\n1\t\"unbalanced\n2\tok\n3\t5\" disk\n";
    for chunk_len in [1, 3, CHUNK] {
        let mut query = query("\t", Header::Auto, None);
        query.dialect.quoting = false;
        let mut table = Table::new(query);
        table.chunk_len = chunk_len;
        table.feed(text.as_bytes(), &Work::with_threads(2))?;
        table.finish(&Work::serial())?;
        assert_eq!((table.rows(), table.columns()[1].kinds().texts), (3, 3));
    }
    Ok(())
}

#[test]
fn every_kind_of_column_says_something() -> Result<()> {
    let text = "i,f,b,d,t,s,m\n1,1.0,true,2024-03-01,2024-03-01 10:00,é,1\n18446744073709551615,2,False,2024-01-01,2024-01-01,abc,x\n                2,,TRUE,NA,,é,2\n";
    for chunk_len in [1, CHUNK] {
        let mut query = query(",", Header::Auto, None);
        query.observe = Observe { distinct: true, top: 1, histogram: false };
        let mut table = Table::new(query);
        table.chunk_len = chunk_len;
        table.feed(text.as_bytes(), &Work::with_threads(2))?;
        table.finish(&Work::serial())?;
        let [i, f, b, d, t, s, m] = table.columns() else { panic!("seven columns") };
        assert_eq!(i.numbers.integer_extremes(), Some(("1".into(), u64::MAX.to_string())));
        assert_eq!(i.numbers.integer_sum(), Some(Big::from(i128::from(u64::MAX) + 3)));
        assert_eq!((f.numbers.is_integer(), f.numbers.integer_extremes(), f.missing), (false, None, 1));
        assert_eq!(b.kinds(), Kinds { booleans: [2, 1], ..Kinds::default() });
        assert_eq!(d.times(), Some(("2024-01-01".into(), "2024-03-01".into())));
        assert_eq!(t.times(), Some(("2024-01-01T00:00:00".into(), "2024-03-01T10:00:00".into())));
        assert_eq!((t.kinds().zoned, d.kinds().zoned), (0, 0));
        assert_eq!((s.lengths(), s.kinds().texts, m.kinds().texts), (Some((1, 3)), 3, 1));
        let counts: Vec<_> =
            table.columns().iter().map(|column| column.distinct.as_ref().map(|d| d.count())).collect();
        assert_eq!(counts, [3, 2, 2, 2, 2, 2, 3].map(|count| Some((count, 0.0))));
        let top = s.frequent.as_ref().map(|frequent| frequent.top());
        assert_eq!(top, Some((vec![(Shown::Text("é".into()), 2)], 0)));
    }
    Ok(())
}

#[test]
fn a_boolean_is_neither_a_number_nor_a_text() -> Result<()> {
    let mut query = query(",", Header::Yes, None);
    query.observe = Observe { distinct: true, top: 9, histogram: false };
    let mut table = Table::new(query);
    table.feed(b"m\n0\nfalse\n1\ntrue\nFALSE\nx\n5e-324\n", &Work::serial())?;
    table.finish(&Work::serial())?;
    let column = &table.columns()[0];
    assert_eq!(column.distinct.as_ref().map(|distinct| distinct.count()), Some((6, 0.0)));
    let top = column.frequent.as_ref().map(|frequent| frequent.top().0);
    assert_eq!(top.as_ref().map(|top| (top.len(), &top[0])), Some((6, &(Shown::Text("false".into()), 2))));
    Ok(())
}

#[test]
fn a_delimiter_is_one_character_that_no_field_needs() {
    for delimiter in [",", ";", "\t", "|", " ", "\u{1}", ":"] {
        assert!(Dialect::new(delimiter).is_ok());
    }
    for delimiter in ["", ",,", "1", "e", "\"", "-", "+", ".", "\n", "\r", "\0", "é"] {
        assert!(Dialect::new(delimiter).is_err(), "{delimiter:?}");
    }
}

#[test]
fn a_line_without_end_is_an_error_before_it_takes_all_memory() -> Result<()> {
    let block = vec![b'1'; BLOCK];
    let mut table = Table::new(query(",", Header::Auto, None));
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
    let dialect = Dialect::new(",").expect("a delimiter");
    let schema = Schema {
        dialect,
        slots: vec![0, SKIP],
        kept: 1,
        order: Vec::new(),
        parts: 0,
        weighted: false,
        plain: true,
        observe: Observe::default(),
    };
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
        let mut arrays =
            Arrays::new(vec!["a".into(), "b".into(), "c".into()], Observe::default(), &Quantiles::default())?;
        for start in (0..rows).step_by(rows_of_block) {
            let end = (start + rows_of_block).min(rows);
            arrays.update(array.slice(ndarray::s![start..end, ..2]).into_dyn(), 0, &work)?;
            arrays.update(array.slice(ndarray::s![start..end, 2..]).into_dyn(), 2, &work)?;
        }
        for (column, expected) in arrays.finish()?.iter().zip(&expected) {
            let m = column.numbers.moments();
            assert_eq!(
                [column.numbers.mean(), column.numbers.var().sqrt(), m.min(), m.max()].map(f64::to_bits),
                expected.4
            );
        }
        assert!(arrays.update(array.view().into_dyn(), 1, &work).is_err());
        assert!(arrays.update(array.column(0).into_dyn(), 0, &work).is_err());
    }
    Ok(())
}

/// The quantiles of a column, each as its digits; how often the text was read; and whether the error is 0.
fn quantiles(text: &str, levels: &[f64], limit: usize, once: bool) -> Result<(Vec<String>, u32, bool)> {
    let quantiles = Quantiles { levels: levels.to_vec(), once, keys: limit, ..Quantiles::default() };
    let mut table = Table::new(Query { quantiles, ..Query::new(",")? });
    let work = Work::with_threads(2);
    table.chunk_len = 1000;
    let mut passes = 0;
    loop {
        passes += 1;
        for block in text.as_bytes().chunks(5000) {
            table.feed(block, &work)?;
        }
        if !table.again(&work)? {
            break;
        }
    }
    let Some(Found::Values(found, error)) = table.columns[0].numbers.search.as_ref().and_then(|s| s.result())
    else {
        return Ok((Vec::new(), passes, true));
    };
    let shown = |shown: &Shown| match shown {
        Shown::Number(value) => value.to_string(),
        Shown::Text(digits) => digits.clone(),
    };
    Ok((found.iter().map(|q| shown(&q.lower)).collect(), passes, *error == 0.0))
}

#[test]
fn quantiles_are_exact_whatever_the_memory() -> Result<()> {
    let levels = [0.0, 0.1, 0.5, 0.9, 1.0];
    let offset = |base: i128| move |i: i128| base + i * 7919 % 10_007;
    let kinds: [&dyn Fn(i128) -> i128; 5] = [
        &offset(0),
        &offset(1 << 53),
        &offset(1 << 62),
        &|i| offset(-(1 << 100))(i) * (1 - i % 2 * 2),
        &|i| i % 3,
    ];
    for value in kinds {
        for limit in [1 << 20, 2000, 64] {
            let mut sorted: Vec<i128> = (0..6000).map(value).collect();
            let text = sorted.iter().fold("x\n".to_owned(), |text, value| text + &format!("{value}\n"));
            sorted.sort_unstable();
            let exact: Vec<String> =
                levels.iter().map(|q| sorted[(5999.0 * q) as usize].to_string()).collect();
            let (found, passes, is_exact) = quantiles(&text, &levels, limit, false)?;
            assert!(is_exact && (passes == 1) == (limit > 6000), "{passes}");
            assert_eq!(found, exact, "{limit}");
            // What is read only once is near.
            let (found, passes, is_exact) = quantiles(&text, &levels, limit, true)?;
            // With too little room for a sketch there is nothing.
            assert_eq!((passes, is_exact, found.is_empty()), (1, limit != 2000, limit == 64));
            for (found, level) in found.iter().zip(levels) {
                let found = found.parse::<f64>().expect("a number");
                let below = sorted.iter().filter(|&&value| (value as f64) < found).count() as f64;
                let up_to = sorted.iter().filter(|&&value| value as f64 <= found).count() as f64;
                assert!(below / 6000.0 <= level + 0.0135 && up_to / 6000.0 >= level - 0.0135);
            }
        }
    }
    let huge = "9".repeat(60);
    let text = format!("x\n1\n{huge}\n-{huge}\n{huge}8\n2\n");
    assert_eq!(quantiles(&text, &[0.0, 0.5, 0.75], 2, false)?.0, [format!("-{huge}"), "2".into(), huge]);
    assert_eq!(quantiles("x\n\na\n", &[0.5], 64, false)?.0, [] as [String; 0]);
    Ok(())
}

#[test]
fn quantiles_of_more_columns_than_are_searched_at_a_time() -> Result<()> {
    let (columns, live) = (8, 3);
    let row = |row: usize| {
        let fields: Vec<String> = (0..columns).map(|column| (row * 7 % 1000 + column).to_string()).collect();
        fields.join(",") + "\n"
    };
    let quantiles = Quantiles { levels: vec![0.5], keys: 1000, live, ..Quantiles::default() };
    let mut table = Table::new(Query { header: Header::No, quantiles, ..Query::new(",")? });
    let work = Work::with_threads(2);
    let mut passes = 0;
    loop {
        passes += 1;
        for index in 0..1001 {
            table.feed(row(index).as_bytes(), &work)?;
        }
        if !table.again(&work)? {
            break;
        }
        if passes == 1 {
            // Those that fit no more wait.
            let all: Vec<usize> = (0..live).collect();
            assert_eq!(table.again.as_deref(), Some(&all[..]));
        }
    }
    let mut sorted: Vec<usize> = (0..1001).map(|row| row * 7 % 1000).collect();
    sorted.sort_unstable();
    for (index, column) in table.columns.iter().enumerate() {
        let Some(Found::Values(found, 0.0)) = column.numbers.search.as_ref().and_then(|s| s.result()) else {
            panic!("nothing found");
        };
        assert_eq!(found[0].lower, Shown::Number((sorted[500] + index) as f64));
    }
    Ok(())
}

#[test]
fn several_texts_are_one_table_in_any_order_of_the_columns() -> Result<()> {
    let quantiles = Quantiles { levels: vec![0.5], ..Quantiles::default() };
    let new = || Ok(Table::new(Query { several: true, quantiles: quantiles.clone(), ..Query::new(",")? }));
    let work = Work::with_threads(1);
    let mut table = new()?;
    for text in ["a,b\n1,2\n", "\u{feff}b,a\n30,4\n20,5", "a,b\n"] {
        table.feed(text.as_bytes(), &work)?;
        table.end_text(&work)?;
    }
    assert!(!table.again(&work)?);
    let found: Vec<f64> = table.columns().iter().map(|column| column.numbers.mean()).collect();
    assert_eq!((found, table.rows()), (vec![10.0 / 3.0, 52.0 / 3.0], 3));
    for (text, more, fewer) in
        [("a,c\n", Some("c"), Some("b")), ("a\n", None, Some("b")), ("a,b,b\n", None, None)]
    {
        let mut table = new()?;
        table.feed(b"a,b\n1,2\n", &work)?;
        table.end_text(&work)?;
        let error = table.feed(text.as_bytes(), &work).expect_err("other columns");
        let [more, fewer] = [more, fewer].map(|name| name.map(str::to_owned));
        assert_eq!(error, Error::Columns { more, fewer });
    }
    // Lines are counted in each text.
    let mut table = new()?;
    table.feed(b"a,b\n1,2\n1,3\n", &work)?;
    table.end_text(&work)?;
    assert!(matches!(table.feed(b"a,b\n1\n", &work), Err(Error::Csv { line: 2, .. })));
    Ok(())
}

/// What is said of each group of a text: its key, and count, mean, variance, missing and others of each column.
type Said = Vec<(Vec<String>, Vec<(u64, u64, u64, u64, u64)>)>;

fn groups(texts: &[&str], by: &[usize], block: usize, workers: usize) -> Result<(Said, bool)> {
    let quantiles = Quantiles { levels: vec![0.5], ..Quantiles::default() };
    let mut table = Table::new(Query { by: by.to_vec(), several: true, quantiles, ..Query::new(",")? });
    let work = Work::with_threads(workers);
    table.chunk_len = 700;
    for text in texts {
        text.as_bytes().chunks(block).try_for_each(|block| table.feed(block, &work))?;
        table.end_text(&work)?;
    }
    assert!(!table.again(&work)?);
    table.finish(&work)?;
    let rows = table.rows();
    let groups = table.groups().expect("groups");
    let mut said = Vec::new();
    let mut total = 0;
    for index in 0..groups.count() {
        let key = groups.key(index).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        let columns = groups.group(index)?.into_iter().map(|(state, _)| {
            let (numbers, count) = (&state.numbers, state.numbers.moments().count());
            (count, numbers.mean().to_bits(), numbers.var().to_bits(), state.missing, state.others)
        });
        let columns: Vec<_> = columns.collect();
        total += columns[0].0 + columns[0].3 + columns[0].4;
        said.push((key, columns));
    }
    assert_eq!(total, rows);
    Ok((said, groups.lacks_quantiles()))
}

#[test]
fn groups_have_the_statistics_of_their_rows_however_the_text_is_cut() -> Result<()> {
    let (mut text, mut rows) = ("k,x,j,y\n".to_owned(), Vec::new());
    for row in 0..3000_i64 {
        let (k, j) = (row * row % 7, row % 2);
        let x = if row % 11 == 0 { String::new() } else { format!("{}.5", row * 7919 % 1001) };
        let y = if row % 500 == 3 { "text".to_owned() } else { ((1 << 60) + row * 31).to_string() };
        text += &format!("{}{k}{0},{x}, j{j} ,{y}\n", if row % 3 == 0 { "\"" } else { "" });
        rows.push((vec![k.to_string(), format!("j{j}")], x.parse::<f64>().ok(), y.parse::<i128>().ok()));
    }
    let (whole, lacks) = groups(&[&text], &[0, 2], text.len(), 1)?;
    assert!(!lacks && whole.len() == 8);
    for (key, columns) in &whole {
        let own: Vec<_> = rows.iter().filter(|(other, ..)| other == key).collect();
        let mut x = Numbers::default();
        let mut y = Numbers::default();
        for (_, value, integer) in &own {
            value.map_or(Ok(()), |value| {
                x.has_floats = true;
                x.push(value, 16)
            })?;
            integer.map_or(Ok(()), |value| y.push_integer(value, 16))?;
        }
        x.flush()?;
        y.flush()?;
        let count = own.len() as u64;
        for (numbers, column, is_text) in [(&x, columns[0], false), (&y, columns[1], true)] {
            let filled = numbers.moments().count();
            let empty = count - filled;
            let expected = if is_text { (0, empty) } else { (empty, 0) };
            let bits = [numbers.mean(), numbers.var()].map(f64::to_bits);
            assert_eq!(column, (filled, bits[0], bits[1], expected.0, expected.1), "{key:?}");
        }
    }
    for (block, workers) in [(1000, 2), (77, 1), (5000, 3)] {
        assert_eq!(groups(&[&text], &[0, 2], block, workers)?.0, whole);
    }
    // The parts of a key stand in the order that is asked for, wherever the columns are.
    let swapped = "j,y,k,x\nj0,1,0,2\n";
    let (said, _) = groups(&["k,x,j,y\n0,1,j0,1\n1,2,j0,5\n", swapped], &[2, 0], 100, 1)?;
    let keys: Vec<_> = said.iter().map(|(key, columns)| (key.join(" "), columns[0].0)).collect();
    assert_eq!(keys, [("j0 0".to_owned(), 2), ("j0 1".to_owned(), 1)]);
    Ok(())
}

#[test]
fn more_groups_than_there_is_room_for_are_an_error() -> Result<()> {
    let mut table = Table::new(Query { by: vec![0], ..Query::new(",")? });
    let work = Work::with_threads(2);
    let columns = 1 << 14;
    table.feed(("k".to_owned() + &",x".repeat(columns) + "\n").as_bytes(), &work)?;
    let row = |row: usize| row.to_string() + &",".repeat(columns) + "\n";
    (0..16).try_for_each(|index| table.feed(row(index).as_bytes(), &work))?;
    let error = table.feed(row(16).as_bytes(), &work).expect_err("too many groups");
    assert_eq!(error, Error::Groups { limit: 16, columns });
    Ok(())
}
