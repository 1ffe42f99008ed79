//! How often each word occurs in a text or in a file.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView, PyString};

use super::argument::{Arg, Argument, Workers, callable, threads};
use super::array;
use super::call::Call;
use super::display::kind_of;
use super::error::Named;
use super::guard::guard;
use super::missing::is_missing;
use crate::alloc::try_reserve;
use crate::error::{Error, Result};
use crate::kernels::words::{self, Options, ShortText, Stream, Tokenizer, Word, Words};

/// Nanoseconds of one thread for a byte of text.
const COST: usize = 3;

/// Count the words of a text.
///
/// Parameters
/// ----------
/// text : str or bytes-like, iterable of str, or Arrow strings
///     The text; bytes are UTF-8. Or many texts: anything that yields str, such as a list, a Series, an open
///     file or a generator, and what has strings by the Arrow PyCapsule interface (``__arrow_c_stream__``,
///     ``__arrow_c_array__``), dictionary-encoded ones included. No word goes on from one text to the next;
///     missing ones (None, NaN, Arrow nulls) are skipped.
/// lowercase : bool, optional
///     Count the lower-case form of each word, as of :meth:`str.lower`.
/// tokenizer : {'whitespace', 'unicode'}, optional
///     What a word is: with ``'whitespace'`` what :meth:`str.split` gives, with ``'unicode'`` the
///     segments of Unicode Standard Annex 29 that have a letter or a digit.
/// ngrams : int, optional
///     Count so many words in a row, 1 to 100, as one: joined by single spaces, whatever stands between them. Of many
///     texts, none goes on from one text to the next.
/// top : int, optional
///     Return only this many words, those with the highest counts.
/// workers : int, optional
///     Number of threads; the default is :func:`get_num_threads`.
///
/// Returns
/// -------
/// dict of str to int
///     In the order of first appearance; with `top`, by count, highest first, and by first
///     appearance where counts are equal. The order is the same for every number of threads.
///
/// Raises
/// ------
/// TypeError
///     If `text` is none of these, or one of the texts is no str.
/// ValueError
///     If `tokenizer`, `ngrams`, `top` or `workers` is none of the above; as ``UnicodeDecodeError``, which
///     has the offset, if bytes are not UTF-8.
///
/// See Also
/// --------
/// word_count_file : The same for a file of any size.
///
/// Notes
/// -----
/// The result equals ``dict(collections.Counter(text.lower().split()))`` for every text, lone
/// surrogates included: what is beyond ASCII is made lower case by the ``str.lower`` of the
/// running Python, with its version of Unicode. With ``tokenizer='unicode'`` each word is made
/// lower case by itself, and lone surrogates are no part of a word. Nothing is normalised:
/// a letter with a combining accent and the same letter as one code point are different.
///
/// A str of ASCII and ``bytes`` are read where they are, other bytes-like objects are copied.
/// Many texts are counted as they come, in memory for the distinct words; Arrow strings are read where
/// they lie, without a str for each. Of many texts, a word of more than 20 MiB is a ValueError, and one
/// of more than 16 MiB may be.
///
/// Texts of more than 100 KB are counted by several threads, without the interpreter. Words that
/// are made to collide in a hash table do not slow it: its hash has a random key.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.word_count("To be or not to be")
/// {'to': 2, 'be': 2, 'or': 1, 'not': 1}
/// >>> rne.word_count("Well, well: that's it.", tokenizer="unicode", top=1)
/// {'well': 2}
/// >>> rne.word_count("to be or not to be", ngrams=2, top=1)
/// {'to be': 2}
#[pyfunction]
#[pyo3(
    signature = (
        text, *, lowercase=Argument::default(true), tokenizer=Argument::default("whitespace"),
        ngrams=Argument::default(1), top=None, workers=None
    ),
    text_signature = "(text, *, lowercase=True, tokenizer='whitespace', ngrams=1, top=None, workers=None)"
)]
pub fn word_count<'py>(
    text: &Bound<'py, PyAny>,
    lowercase: Argument<bool>,
    tokenizer: Argument<&str>,
    ngrams: Argument<i64>,
    top: Option<Argument<i64>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyDict>> {
    guard(|| {
        let query = Query::new("word_count", lowercase, tokenizer, ngrams, top)?;
        let text = match Text::new(text)? {
            Some(one) => one,
            None => return many(&query, text, threads("word_count", workers)?),
        };
        let bytes = text.bytes()?;
        let options = query.options(matches!(text, Text::Bytes(_)));
        let workers = threads("word_count", workers)?;
        if let Some(few) = ShortText::count(bytes, options).filter(|_| query.top.is_none()) {
            return query.all(text.py(), few.iter());
        }
        let work = Call::new(text.py(), "word_count", COST * bytes.len()).threads(workers);
        let counted = work.run(move |work| match options.ngrams {
            1 => words::count(work, bytes, options),
            _ => words::count_grams(work, bytes, options),
        });
        query.dict(text.py(), counted.map_err(|error| text.decode_error().unwrap_or(error))?)
    })
}

/// Count the words of a file that may be larger than memory.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     The file; it is UTF-8.
/// lowercase, tokenizer, ngrams, top, workers
///     As for :func:`word_count`.
/// progress : callable, optional
///     Called with the number of bytes that are done and their total (0 if that is not known),
///     now and then and once at the end, on the calling thread. What it raises ends the work.
/// chunk_bytes : int, optional
///     Bytes that a thread reads at a time, at least 1.
///
/// Returns
/// -------
/// dict of str to int
///     As of :func:`word_count` for the whole text of the file.
///
/// Raises
/// ------
/// OSError
///     If the file cannot be read: as ``FileNotFoundError``, ``PermissionError`` and so on.
/// ValueError
///     If an argument is none of the above, or if the file is not UTF-8: with the offset of the
///     first bad byte.
///
/// See Also
/// --------
/// word_count : The same for a text in memory.
///
/// Notes
/// -----
/// Takes memory for the distinct words and for `chunk_bytes` a thread; a word longer than that
/// takes what it needs, up to 16 MiB: beyond, it is no text, and a ValueError. A byte-order mark
/// is a part of the first word, as in Python's ``open(path, encoding="utf-8")``. A pipe is read by
/// one thread.
///
/// Examples
/// --------
/// >>> import pathlib, tempfile
/// >>> import rust_numpy_example as rne
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     path = pathlib.Path(folder, "text")
/// ...     _ = path.write_text("To be or not to be", encoding="utf-8")
/// ...     rne.word_count_file(path, top=2)
/// {'to': 2, 'be': 2}
#[pyfunction]
#[pyo3(
    signature = (
        path, *, lowercase=Argument::default(true), tokenizer=Argument::default("whitespace"),
        ngrams=Argument::default(1), top=None, workers=None, progress=None, chunk_bytes=Argument::default(1 << 20)
    ),
    text_signature = "(path, *, lowercase=True, tokenizer='whitespace', ngrams=1, top=None, workers=None, \
                      progress=None, chunk_bytes=1048576)"
)]
#[allow(clippy::too_many_arguments)]
pub fn word_count_file<'py>(
    py: Python<'py>,
    path: Argument<PathBuf>,
    lowercase: Argument<bool>,
    tokenizer: Argument<&str>,
    ngrams: Argument<i64>,
    top: Option<Argument<i64>>,
    workers: Workers,
    progress: Option<&Bound<'py, PyAny>>,
    chunk_bytes: Argument<i64>,
) -> PyResult<Bound<'py, PyDict>> {
    guard(|| {
        let query = Query::new("word_count_file", lowercase, tokenizer, ngrams, top)?;
        let arg = |name| Arg::new("word_count_file", name);
        let path = path.get(arg("path"), "a str or an os.PathLike")?;
        let progress = progress.map(|progress| callable(arg("progress"), progress)).transpose()?;
        let progress = progress.map(Bound::unbind);
        let chunk = chunk_bytes.within(arg("chunk_bytes"), 1..=isize::MAX as i64, "1 or more")? as usize;
        // What `progress` raised, which is to be raised again.
        let raised: Mutex<Option<PyErr>> = Mutex::new(None);
        let report = |done: u64, total: u64| -> Result<()> {
            let Some(progress) = &progress else { return Ok(()) };
            Python::attach(|py| progress.call1(py, (done, total))).map(drop).map_err(|error| {
                *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Error::Interrupted
            })
        };
        // The size of a file says little of what it costs to read it.
        let call = Call::new(py, "word_count_file", usize::MAX).workers(workers)?;
        let counted = call.run(|work| {
            let progress = progress.is_some().then_some(&report as words::Progress<'_>);
            words::count_file(work, &path, query.options(true), chunk, progress)
        });
        let raised = raised.into_inner().unwrap_or_else(PoisonError::into_inner);
        query.dict(py, counted.map_err(|error| raised.unwrap_or(error))?)
    })
}

/// Counts of the words of a text that is fed in pieces.
///
/// Parameters
/// ----------
/// lowercase, tokenizer, ngrams
///     As for :func:`word_count`.
#[pyclass(module = "rust_numpy_example.rust_numpy_example", name = "_WordStats", frozen)]
pub struct WordStats {
    query: Query,
    stream: Mutex<Option<Stream>>,
}

#[pymethods]
impl WordStats {
    #[new]
    #[pyo3(
        signature = (
            *, lowercase=Argument::default(true), tokenizer=Argument::default("whitespace"), ngrams=Argument::default(1)
        ),
        text_signature = "(*, lowercase=True, tokenizer='whitespace', ngrams=1)"
    )]
    fn new(lowercase: Argument<bool>, tokenizer: Argument<&str>, ngrams: Argument<i64>) -> PyResult<Self> {
        guard(|| {
            let query = Query::new("_WordStats", lowercase, tokenizer, ngrams, None)?;
            let stream = Stream::new(query.options(true));
            Ok(WordStats { query, stream: Mutex::new(Some(stream)) })
        })
    }

    /// Take the next bytes of the text. Of several texts, `ends` are the offsets in `data` at which one ends, in order:
    /// no n-gram goes on there.
    #[pyo3(signature = (data, *, ends=Vec::new(), workers=None), text_signature = "($self, data, *, ends=(), workers=None)")]
    fn feed(&self, data: &Bound<'_, PyBytes>, ends: Vec<usize>, workers: Workers) -> PyResult<()> {
        let bytes = data.as_bytes();
        Call::new(data.py(), "_WordStats.feed", COST.saturating_mul(bytes.len())).workers(workers)?.run(
            move |work| match self.stream.try_lock().map_err(|_| Error::Busy)?.as_mut() {
                Some(stream) => stream.feed(bytes, &ends, work),
                None => Err(Error::Busy),
            },
        )
    }

    /// End the text; return the words and their counts, or the `top` most frequent ones.
    #[pyo3(signature = (top=None, *, workers=None))]
    fn finish<'py>(
        &self,
        py: Python<'py>,
        top: Option<Argument<i64>>,
        workers: Workers,
    ) -> PyResult<Bound<'py, PyDict>> {
        guard(|| {
            let query = Query { top: Query::top("_WordStats.finish", top)?, ..self.query };
            let call = Call::new(py, "_WordStats.finish", usize::MAX).workers(workers)?;
            let counted = call.run(|work| {
                let stream = self.stream.try_lock().map_err(|_| Error::Busy)?.take();
                stream.ok_or(Error::Busy)?.finish(work)
            })?;
            query.dict(py, counted)
        })
    }
}

/// The arguments that say what is counted and returned.
struct Query {
    function: &'static str,
    lowercase: bool,
    tokenizer: Tokenizer,
    ngrams: usize,
    top: Option<usize>,
}

impl Query {
    fn new(
        function: &'static str,
        lowercase: Argument<bool>,
        tokenizer: Argument<&str>,
        ngrams: Argument<i64>,
        top: Option<Argument<i64>>,
    ) -> PyResult<Self> {
        let arg = |name| Arg::new(function, name);
        const TOKENIZERS: [(&str, Tokenizer); 2] =
            [("whitespace", Tokenizer::Whitespace), ("unicode", Tokenizer::Unicode)];
        let lowercase = lowercase.flag(arg("lowercase"))?;
        let tokenizer = tokenizer.choice(arg("tokenizer"), &TOKENIZERS)?;
        let ngrams = ngrams.within(arg("ngrams"), 1..=MOST_NGRAMS, "1 to 100")? as usize;
        Ok(Query { function, lowercase, tokenizer, ngrams, top: Query::top(function, top)? })
    }

    fn top(function: &'static str, top: Option<Argument<i64>>) -> PyResult<Option<usize>> {
        let arg = Arg::new(function, "top");
        let top = top.map(|top| top.within(arg, 0..=isize::MAX as i64, "None, 0 or more")).transpose()?;
        Ok(top.map(|top| top as usize))
    }

    fn options(&self, validate: bool) -> Options {
        Options { tokenizer: self.tokenizer, lowercase: self.lowercase, validate, ngrams: self.ngrams }
    }

    /// The result as Python has it.
    fn dict<'py>(&self, py: Python<'py>, mut words: Words) -> PyResult<Bound<'py, PyDict>> {
        let Some(top) = self.top else {
            return self.all(py, words.iter());
        };
        if !self.lowercase || words.is_ascii() {
            words.keep_most_common(top).named(self.function)?;
            return self.all(py, words.iter());
        }
        // Words may yet turn out to be the same when they are made lower case.
        let mut counts = self
            .all(py, words.iter())?
            .iter()
            .map(|(word, count)| Ok((word, count.extract()?)))
            .collect::<PyResult<Vec<(_, u64)>>>()?;
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let dict = PyDict::new(py);
        for (word, count) in counts.into_iter().take(top) {
            dict.set_item(word, count)?;
        }
        Ok(dict)
    }

    fn all<'py, 'a>(
        &self,
        py: Python<'py>,
        words: impl Iterator<Item = Word<'a>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        // ASCII words are lower case and different from each other; they are set without a look
        // at what is there, unless another word (that with a Kelvin sign) has become ASCII.
        let mut look = false;
        for word in words {
            let key = string(py, word.bytes)?;
            if !self.lowercase || word.bytes.is_ascii() && !look {
                dict.set_item(key, word.count)?;
                continue;
            }
            let key = key.call_method0("lower")?;
            look |= key.len()? < word.bytes.len() && key.call_method0("isascii")?.is_truthy()?;
            let before = match dict.get_item(&key)? {
                Some(count) => count.extract::<u64>()?,
                None => 0,
            };
            dict.set_item(key, before + word.count)?;
        }
        Ok(dict)
    }
}

/// The most words that are counted as one.
const MOST_NGRAMS: i64 = 100;

/// Bytes of texts that are collected before they are counted.
const COLLECTED: usize = 1 << 20;

/// Counts the words of many texts.
fn many<'py>(
    query: &Query,
    texts: &Bound<'py, PyAny>,
    workers: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = texts.py();
    let arg = Arg::new("word_count", "text");
    let expected = "a str, a bytes-like object, an iterable of str, or Arrow strings";
    let has = |name: &str| Ok::<_, PyErr>(texts.get_type().getattr_opt(name)?.is_some());
    let is_array = has("__arrow_c_array__")?;
    let is_arrow = is_array || has("__arrow_c_stream__")?;
    // What comes from strangers may not be UTF-8; a str is, but for lone surrogates.
    let mut stream = Stream::new(query.options(is_arrow));
    let (mut collected, mut ends) = (Vec::new(), Vec::new());
    let mut each = |text: &[u8]| {
        if !collected.is_empty() && collected.len() + text.len() > COLLECTED {
            let call = Call::new(py, "word_count", COST.saturating_mul(collected.len())).threads(workers);
            call.run(|work| stream.feed(&collected, &ends, work))?;
            collected.clear();
            ends.clear();
        }
        try_reserve(&mut collected, text.len() + 1).named("word_count")?;
        collected.extend_from_slice(text);
        // No word goes on in the next text.
        collected.push(b'\n');
        try_reserve(&mut ends, 1).named("word_count")?;
        ends.push(collected.len());
        Ok(())
    };
    if is_arrow {
        array::texts(arg, texts, is_array, &mut |text| text.map_or(Ok(()), &mut each))?;
    } else {
        // The keys of a dict may be meant, or its values.
        let items = if texts.is_instance_of::<PyDict>() { None } else { texts.try_iter().ok() };
        let items = items.ok_or_else(|| arg.wrong_type(texts, expected))?;
        for item in items {
            let item = item?;
            if let Ok(text) = item.cast::<PyString>() {
                each(Text::of_str(text)?.bytes()?)?;
            } else if !is_missing(&item)? {
                let got = format!("a {} among the texts", kind_of(&item));
                return Err(arg.type_error(got, expected));
            }
        }
    }
    let call = Call::new(py, "word_count", usize::MAX).threads(workers);
    let counted = call.run(move |work| {
        stream.feed(&collected, &ends, work)?;
        stream.finish(work)
    });
    query.dict(py, counted?)
}

/// A text as it was given.
enum Text<'py> {
    Str(Bound<'py, PyString>),
    /// UTF-8, but with lone surrogates.
    Surrogates(Bound<'py, PyBytes>),
    Bytes(Bound<'py, PyBytes>),
}

impl<'py> Text<'py> {
    /// One text; `None` for what may be many.
    fn new(text: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(text) = text.cast::<PyString>() {
            return Text::of_str(text).map(Some);
        }
        if let Ok(text) = text.cast::<PyBytes>() {
            return Ok(Some(Text::Bytes(text.clone())));
        }
        let py = text.py();
        let Ok(view) = py.get_type::<PyMemoryView>().call1((text,)) else { return Ok(None) };
        // An array of anything else than bytes is no text.
        if !matches!(view.getattr("format")?.extract::<String>()?.as_str(), "B" | "b" | "c") {
            return Ok(None);
        }
        // Another thread may write to what is not `bytes` while the words are counted: a copy.
        Ok(Some(Text::Bytes(view.call_method0("tobytes")?.cast_into()?)))
    }

    fn of_str(text: &Bound<'py, PyString>) -> PyResult<Self> {
        Ok(match text.to_str() {
            Ok(_) => Text::Str(text.clone()),
            Err(_) => Text::Surrogates(text.call_method1("encode", ("utf-8", "surrogatepass"))?.cast_into()?),
        })
    }

    fn py(&self) -> Python<'py> {
        match self {
            Text::Str(text) => text.py(),
            Text::Surrogates(text) | Text::Bytes(text) => text.py(),
        }
    }

    fn bytes(&self) -> PyResult<&[u8]> {
        match self {
            Text::Str(text) => Ok(text.to_str()?.as_bytes()),
            Text::Surrogates(text) | Text::Bytes(text) => Ok(text.as_bytes()),
        }
    }

    /// What Python says of bytes that are not UTF-8.
    fn decode_error(&self) -> Option<PyErr> {
        match self {
            Text::Bytes(text) => text.call_method0("decode").err(),
            _ => None,
        }
    }
}

/// A str of UTF-8 that may have lone surrogates.
fn string<'py>(py: Python<'py>, word: &[u8]) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, word).or_else(|_| {
        PyString::from_encoded_object(PyBytes::new(py, word).as_any(), Some(c"utf-8"), Some(c"surrogatepass"))
    })
}
