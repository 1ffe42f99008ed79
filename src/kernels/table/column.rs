//! What is kept of a column.

use ndarray::ArrayView1;

use super::cell::{Aside, Cell};
use super::date::iso;
use super::distinct::{Distinct, Frequent, Shown, hash, hash_integer, hash_number};
use super::field::Value;
use super::numbers::Numbers;
use super::search::{Quantiles, Search};
use super::weighted::Weighted;
use crate::error::Result;
use crate::kernels::histogram::Histogram;
use crate::parallel::Work;

/// What is asked of the values of columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observe {
    /// How many different ones there are.
    pub distinct: bool,
    /// This many of the most frequent ones.
    pub top: usize,
    /// How the numbers are spread.
    pub histogram: bool,
}

impl Observe {
    /// Whether anything is for which each value has to be known.
    pub fn any(self) -> bool {
        self.distinct || self.top > 0
    }
}

/// The first field of a column that is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstText {
    /// The line of the file on which its row starts.
    pub line: u64,
    /// The text, shortened.
    pub text: String,
}

/// How many fields of each kind a column has, but for numbers and missing ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// `true`, and `false`.
    pub booleans: [u64; 2],
    /// Dates.
    pub dates: u64,
    /// Dates with a time of day.
    pub timestamps: u64,
    /// Those of the timestamps that say how far they are from UTC.
    pub zoned: u64,
    /// Anything else.
    pub texts: u64,
}

impl Kinds {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.booleans[0] + self.booleans[1] + self.dates + self.timestamps + self.texts
    }
}

/// What is only kept of columns that have something else than numbers.
#[derive(Debug, Clone, Default)]
struct Others {
    kinds: Kinds,
    /// The shortest and the longest, in characters.
    lengths: Option<(u32, u32)>,
    /// The first and the last date or timestamp.
    times: Option<(i128, i128)>,
}

/// Bins of a histogram, and of those of all columns together: they take 16 bytes each.
const BINS: usize = 512;
const MOST_BINS: usize = 1 << 22;

/// Bins that are enough to be shown.
const FEWEST_BINS: usize = 16;

/// The most values of a group: they take 8 KiB, and the larger the group, the less merging it costs.
const LARGEST_GROUP: usize = 1024;

/// Columns that a thread takes at a time.
const GRAIN: usize = 64;

/// The statistics of a column.
#[derive(Debug, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Fields that are empty or say that there is no value.
    pub missing: u64,
    /// The first text.
    pub first_text: Option<FirstText>,
    /// The numbers.
    pub numbers: Numbers,
    /// The different values, if they are asked for.
    pub distinct: Option<Box<Distinct>>,
    /// The most frequent ones, if they are asked for.
    pub frequent: Option<Box<Frequent>>,
    others: Option<Box<Others>>,
}

impl Column {
    /// A column without a field yet.
    pub fn new(name: String) -> Self {
        Column { name, ..Column::default() }
    }

    /// Says what is asked of the column of this index, one of `columns`, whose rows may have weights.
    pub fn ask(
        &mut self,
        observe: Observe,
        quantiles: &Quantiles,
        index: usize,
        columns: usize,
        weighted: bool,
    ) -> Result<()> {
        self.distinct = observe.distinct.then(|| Box::new(Distinct::new(columns)));
        self.frequent = (observe.top > 0).then(|| Box::new(Frequent::new(columns, observe.top)));
        if weighted {
            self.numbers.weighted = Some(Box::new(Weighted::new(quantiles, columns)?));
        } else if !quantiles.levels.is_empty() {
            self.numbers.search = Some(Box::new(Search::new(quantiles, index, columns)?));
        }
        if observe.histogram {
            let bins = (MOST_BINS / columns.max(1)).clamp(FEWEST_BINS, BINS);
            self.numbers.histogram = Some(Box::new(Histogram::new(bins)?));
        }
        Ok(())
    }

    /// How many values to collect in each of `columns` columns. Depends on nothing else, and limits the
    /// memory of a table with a million columns.
    pub fn group(columns: usize) -> usize {
        ((1 << 22) / columns.max(1)).clamp(8, LARGEST_GROUP)
    }

    /// Adds a field, of which more may be in `asides`, whose texts are in `texts`.
    #[inline(always)]
    pub fn push(&mut self, cell: Cell, asides: &[Aside], texts: &[u8], group: usize) -> Result<()> {
        match cell.value() {
            Some(value) => self.numbers.push(value, group),
            None if cell == Cell::MISSING => {
                self.missing += 1;
                Ok(())
            }
            None => self.push_aside(&asides[cell.index().unwrap_or(0)], texts, group),
        }
    }

    /// Adds a field of a later pass: only its number counts.
    #[inline(always)]
    pub fn push_again(&mut self, cell: Cell, asides: &[Aside], texts: &[u8], group: usize) -> Result<()> {
        match (cell.value(), cell.index()) {
            (Some(value), _) => self.numbers.push(value, group),
            (None, Some(index)) => self.numbers.push_aside(&asides[index], texts, group).map(|_| ()),
            (None, None) => Ok(()),
        }
    }

    /// Adds a field of a row of this weight: of none, it does not count.
    pub fn push_weighted(
        &mut self,
        cell: Cell,
        weight: f64,
        asides: &[Aside],
        texts: &[u8],
        group: usize,
    ) -> Result<()> {
        if weight == 0.0 {
            return Ok(());
        }
        self.push(cell, asides, texts, group)?;
        self.observe(cell, asides, texts)?;
        self.push_weight(cell, weight, asides, group)
    }

    /// The same in a later pass, in which only the numbers by weight count.
    pub fn push_weight(&mut self, cell: Cell, weight: f64, asides: &[Aside], group: usize) -> Result<()> {
        let aside = cell.index().map(|index| asides[index].value);
        let value = cell.value().or_else(|| match aside? {
            // Where these have a mean, they are all there is.
            Value::Boolean(value) => Some(f64::from(u8::from(value))),
            other => other.number(),
        });
        match (&mut self.numbers.weighted, value) {
            (Some(weighted), Some(value)) if weight > 0.0 => weighted.push(value, weight, group),
            _ => Ok(()),
        }
    }

    /// Takes a field in among the different values.
    #[inline(always)]
    pub fn observe(&mut self, cell: Cell, asides: &[Aside], texts: &[u8]) -> Result<()> {
        if let Some(value) = cell.value() {
            let hash = hash_number(value);
            return self.observe_hash(hash, || Shown::Number(value));
        }
        let Some(index) = cell.index() else { return Ok(()) };
        let aside = &asides[index];
        let hash = match aside.value {
            Value::Integer(value) => hash_integer(value),
            Value::Beyond(value) => hash_number(value),
            // No number and no text is it, as a text has no NUL.
            Value::Boolean(value) => hash(if value { b"\0true" } else { b"\0false" }),
            _ => aside.hash,
        };
        let (start, end) = (aside.text.0 as usize, aside.text.1 as usize);
        self.observe_hash(hash, || Shown::Text(String::from_utf8_lossy(&texts[start..end]).into_owned()))
    }

    #[inline(always)]
    fn observe_hash(&mut self, hash: u64, shown: impl FnOnce() -> Shown) -> Result<()> {
        if let Some(distinct) = &mut self.distinct {
            distinct.add(hash)?;
        }
        match &mut self.frequent {
            Some(frequent) => frequent.add(hash, shown),
            None => Ok(()),
        }
    }

    /// Adds the elements of an array: NaN is missing.
    pub fn extend(&mut self, values: ArrayView1<'_, f64>, group: usize) -> Result<()> {
        for &value in values {
            let cell = Cell::number(value);
            self.push(cell, &[], &[], group)?;
            if self.distinct.is_some() || self.frequent.is_some() {
                self.observe(cell, &[], &[])?;
            }
        }
        Ok(())
    }

    /// Adds an integer of any size.
    pub fn push_integer(&mut self, value: i128, group: usize) -> Result<()> {
        self.numbers.push_integer(value, group)?;
        if value.unsigned_abs() <= 1 << 53 {
            return self.observe_hash(hash_number(value as f64), || Shown::Number(value as f64));
        }
        self.observe_hash(hash_integer(value), || Shown::Text(value.to_string()))
    }

    #[inline(never)]
    fn push_aside(&mut self, aside: &Aside, texts: &[u8], group: usize) -> Result<()> {
        if self.numbers.push_aside(aside, texts, group)? {
            return Ok(());
        }
        let others = self.others.get_or_insert_default();
        let chars = aside.chars;
        others.lengths = Some(others.lengths.map_or((chars, chars), |(a, b)| (a.min(chars), b.max(chars))));
        let kinds = &mut others.kinds;
        match aside.value {
            Value::Boolean(value) => kinds.booleans[usize::from(!value)] += 1,
            Value::Stamp(stamp) => {
                *(if stamp.has_time { &mut kinds.timestamps } else { &mut kinds.dates }) += 1;
                kinds.zoned += u64::from(stamp.has_zone);
                let nanos = stamp.nanos;
                others.times =
                    Some(others.times.map_or((nanos, nanos), |(a, b)| (a.min(nanos), b.max(nanos))));
            }
            _ => kinds.texts += 1,
        }
        Ok(())
    }

    /// Fields that are something else than numbers or missing.
    pub fn kinds(&self) -> Kinds {
        self.others.as_ref().map_or_else(Kinds::default, |others| others.kinds)
    }

    /// The shortest and the longest of these fields, in characters.
    pub fn lengths(&self) -> Option<(u32, u32)> {
        self.others.as_ref()?.lengths
    }

    /// The first and the last date or timestamp, in UTC if all say how far they are from it.
    pub fn times(&self) -> Option<(String, String)> {
        let others = self.others.as_ref()?;
        let Kinds { dates, timestamps, zoned, .. } = others.kinds;
        let zone = if zoned > 0 && zoned == dates + timestamps { "Z" } else { "" };
        let text = |nanos| iso(nanos, timestamps > 0) + zone;
        others.times.map(|(first, last)| (text(first), text(last)))
    }
}

/// Ends a pass over the columns, of which nothing is pending; the indices of those whose numbers have to come again.
pub fn next_pass(columns: &mut [Column], live: usize, work: &Work<'_>) -> Result<Vec<usize>> {
    let mut parts: Vec<&mut [Column]> =
        columns.chunks_mut(if columns.len() < GRAIN { 1 } else { GRAIN }).collect();
    work.for_each_mut(&mut parts, |_, part| {
        work.check()?;
        part.iter_mut().try_for_each(|column| {
            let is_integer = column.numbers.is_integer();
            column.numbers.search.as_mut().map_or(Ok(()), |search| search.end_pass(is_integer))
        })
    })?;
    let mut room = live;
    let mut again = Vec::new();
    for (index, column) in columns.iter_mut().enumerate() {
        if column.numbers.weighted.as_mut().map_or(Ok(false), |weighted| weighted.end_pass())? {
            again.push(index);
        }
        if let Some(search) = &mut column.numbers.search {
            search.wake(&mut room, live)?;
            if search.is_live() {
                again.push(index);
            }
        }
    }
    Ok(again)
}
