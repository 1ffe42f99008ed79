//! Tables of any bytes: the same result or the same error, however the text is cut.

use rust_numpy_example::error::Result;
use rust_numpy_example::kernels::table::{FirstText, Header, Observe, Query, Table};
use rust_numpy_example::parallel::Work;

/// A column: name, numbers, texts, missing, bits of the statistics, and the first text.
type Summary = (String, u64, u64, u64, [u64; 4], Option<FirstText>);

/// Checks the text after the first two bytes, which say how it is read.
pub fn check(data: &[u8]) {
    let &[mode, block, ref text @ ..] = data else { return };
    let delimiter = [",", ";", "\t", " "][usize::from(mode & 3)];
    let header = [Header::Auto, Header::Yes, Header::No][usize::from(mode >> 2) % 3];
    let select = (mode & 0x80 != 0).then(|| vec![0, 1]);
    let mut query = Query { header, select, ..Query::new(delimiter).expect("a good delimiter") };
    query.observe =
        Observe { distinct: block & 1 != 0, top: usize::from(block >> 1 & 1), histogram: block & 4 != 0 };
    query.dialect.quoting = block & 4 == 0;
    query.dialect.skip_bad = block & 8 != 0;
    query.dialect.comment = (block & 16 != 0).then_some(b'#');
    let new = || Table::new(query.clone());
    let whole = read(new(), text, text.len(), 1);
    let cut = read(new(), text, usize::from(block), 1 + usize::from(mode >> 5 & 3));
    assert_eq!(cut, whole, "fed {block} bytes at a time");
    let Ok((rows, columns)) = whole else { return };
    for (name, count, texts, missing, bits, first_text) in columns {
        assert_eq!(count + texts + missing, rows, "{name}");
        assert!(first_text.is_none() || texts > 0);
        let [mean, std, min, max] = bits.map(f64::from_bits);
        assert_eq!(count == 0, min.is_nan());
        if min.is_finite() && max.is_finite() && (max - min).is_finite() && mean.is_finite() {
            let slack = 1e-15 * (min.abs().max(max.abs()));
            assert!(min - slack <= mean && mean <= max + slack, "{min} {mean} {max}");
            assert!(count < 2 || std >= 0.0 && (std > 0.0 || max - min <= 1e-150), "{min} {std} {max}");
        }
    }
}

fn read(mut table: Table, text: &[u8], block: usize, workers: usize) -> Result<(u64, Vec<Summary>)> {
    let work = Work::with_threads(workers);
    text.chunks(block.max(1)).try_for_each(|block| table.feed(block, &work))?;
    table.finish(&work)?;
    let columns = table.columns().iter().map(|column| {
        let numbers = &column.numbers;
        let m = numbers.moments();
        let bits = [numbers.mean(), numbers.var().sqrt(), m.min(), m.max()].map(f64::to_bits);
        (
            column.name.clone(),
            m.count(),
            column.kinds().total(),
            column.missing,
            bits,
            column.first_text.clone(),
        )
    });
    Ok((table.rows(), columns.collect()))
}
