//! Text that goes through Python's `sys.stdout`.
//!
//! Rust's `println!` writes to the file descriptor: `contextlib.redirect_stdout`, pytest and
//! notebooks do not see it, its order with Python's own text is lost, and it panics where the
//! reader of a pipe has gone. All text of this extension goes through [`print`] instead.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::bindings::argument::{Arg, Argument, shortened};
use crate::bindings::cached::cached;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;
use crate::error::Error;

/// How much text is written at once, in bytes.
const BLOCK: usize = 1 << 16;

/// The module `sys`, kept because nothing can be imported while Python ends.
fn sys(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static SYS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    Ok(cached(py, &SYS, || Ok(py.import("sys")?.unbind()))?.bind(py))
}

/// Finds, at import, what is needed when Python ends: a finalizer may print.
pub fn init(py: Python<'_>) -> PyResult<()> {
    sys(py).map(drop)
}

/// Writes `text` to `sys.stdout` as Python's `print` does: nothing where it is None. It is
/// flushed, so that an error such as a closed pipe is raised here and not lost at exit.
pub fn print(py: Python<'_>, text: &str) -> PyResult<()> {
    let Some(stdout) = sys(py)?.getattr_opt("stdout")? else {
        return Err(PyRuntimeError::new_err("lost sys.stdout"));
    };
    if stdout.is_none() {
        return Ok(());
    }
    stdout.call_method1("write", (text,))?;
    // A file-like object that has nothing to flush need not have the method.
    match stdout.getattr_opt("flush")? {
        Some(flush) => flush.call0().map(drop),
        None => Ok(()),
    }
}

/// Print a dict of strings, one ``key value`` on each line.
///
/// Parameters
/// ----------
/// d : dict of str to str
///     Printed in the order of its iteration: a class that inherits from dict may have one of its own, in
///     ``items()`` or in ``__iter__``.
///
/// Raises
/// ------
/// TypeError
///     If d is not a dict, or a key or a value in it is not a string. The text names the first
///     such entry; nothing is printed then.
/// UnicodeEncodeError
///     If a string has a lone surrogate.
///
/// Notes
/// -----
/// The text goes through :data:`sys.stdout`, so ``contextlib.redirect_stdout`` sees it, and is
/// flushed: a closed pipe raises ``BrokenPipeError``. Where ``sys.stdout`` is None nothing is
/// printed, as with ``print``.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.dict_printer({"one": "1", "two": "2"})
/// one 1
/// two 2
#[pyfunction]
#[pyo3(signature = (d))]
pub fn dict_printer(d: &Bound<'_, PyAny>) -> PyResult<()> {
    guard(|| {
        let Ok(entries) = d.cast::<PyDict>() else {
            return Err(Arg::new("dict_printer", "d").wrong_type(d, "dict"));
        };
        let mut text = String::new();
        let mut add = |key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>| -> PyResult<()> {
            let (Ok(key), Ok(value)) = (key.cast::<PyString>(), value.cast::<PyString>()) else {
                return Err(not_text(key, value));
            };
            push(&mut text, &[key.to_str()?, " ", value.to_str()?, "\n"]).named("dict_printer")
        };
        let (own, dict) = (d.get_type(), d.py().get_type::<PyDict>());
        let overrides = |name| Ok::<_, PyErr>(!own.getattr(name)?.is(&dict.getattr(name)?));
        if overrides("items")? {
            for item in d.call_method0("items")?.try_iter()? {
                let item = item?;
                let pair = item.try_iter().and_then(|parts| parts.take(3).collect::<PyResult<Vec<_>>>())?;
                let [key, value] = pair.as_slice() else {
                    return Err(Arg::new("dict_printer", "d").type_error(
                        format_args!("items() with {}", shortened(&item)?),
                        "pairs of a key and its value",
                    ));
                };
                add(key, value)?;
            }
        } else if overrides("__iter__")? {
            for key in d.try_iter()? {
                let key = key?;
                add(&key, &d.get_item(&key)?)?;
            }
        } else {
            // A copy, as another thread may change the dict meanwhile.
            for (key, value) in entries.copy()? {
                add(&key, &value)?;
            }
        }
        if text.is_empty() { Ok(()) } else { print(d.py(), &text) }
    })
}

/// The error for an entry of `dict_printer` that is not text.
fn not_text(key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyErr {
    let describe = || {
        let (part, wrong) = if key.is_instance_of::<PyString>() { ("value", value) } else { ("key", key) };
        Ok(format!(
            "dict_printer: argument d, got the entry {}: {} whose {part} is {}, expected str",
            shortened(key)?,
            shortened(value)?,
            wrong.get_type().name()?
        ))
    };
    describe().map_or_else(|error: PyErr| error, PyTypeError::new_err)
}

/// Print a word a number of times, one on each line.
///
/// Parameters
/// ----------
/// word : str
///     The word.
/// n : int
///     How many times.
/// reverse : bool, optional
///     Print its characters from the last to the first.
/// uppercase : bool, optional
///     Print it in capitals.
///
/// Raises
/// ------
/// ValueError
///     If n is negative.
/// UnicodeEncodeError
///     If the word has a lone surrogate.
///
/// Notes
/// -----
/// Characters are code points, as in ``word[::-1]``: an accent that is a code point of its own
/// moves to the letter before it. Memory does not grow with n, and Ctrl-C stops it. About
/// :data:`sys.stdout` see :func:`dict_printer`.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.word_printer("hello", 2, reverse=False, uppercase=True)
/// HELLO
/// HELLO
/// >>> rne.word_printer("hello", 1, True, False)
/// olleh
#[pyfunction]
#[pyo3(
    signature = (word, n, reverse=Argument::default(false), uppercase=Argument::default(false)),
    text_signature = "(word, n, reverse=False, uppercase=False)"
)]
pub fn word_printer(
    py: Python<'_>,
    word: Argument<&str>,
    n: Argument<i64>,
    reverse: Argument<bool>,
    uppercase: Argument<bool>,
) -> PyResult<()> {
    guard(|| {
        let arg = |name| Arg::new("word_printer", name);
        let (reverse, uppercase) = (reverse.flag(arg("reverse"))?, uppercase.flag(arg("uppercase"))?);
        let word = word.get(arg("word"), "str")?;
        let n = n.get(arg("n"), "int")?;
        let Ok(n) = u64::try_from(n) else {
            return Err(arg("n").value_error(n, "0 or more"));
        };
        let line = line(word, reverse, uppercase).named("word_printer")?;
        // As many lines as fit in a block are written at once.
        let lines = (BLOCK / line.len()).max(1) as u64;
        let mut block = String::new();
        for _ in 0..lines.min(n) {
            push(&mut block, &[&line]).named("word_printer")?;
        }
        for _ in 0..n / lines {
            py.check_signals()?;
            print(py, &block)?;
        }
        match (n % lines) as usize {
            0 => Ok(()),
            remainder => print(py, &block[..remainder * line.len()]),
        }
    })
}

/// What `word_printer` prints on each line, with the end of the line.
fn line(word: &str, reverse: bool, uppercase: bool) -> Result<String, Error> {
    let mut line = String::new();
    let mut add = |character: char| {
        // A capital has up to three characters.
        reserve(&mut line, 12)?;
        if uppercase {
            line.extend(character.to_uppercase())
        } else {
            line.push(character)
        }
        Ok(())
    };
    if reverse {
        word.chars().rev().try_for_each(&mut add)?
    } else {
        word.chars().try_for_each(&mut add)?
    }
    push(&mut line, &["\n"])?;
    Ok(line)
}

/// Appends `parts` to `text`, or says that there is no memory for them.
pub fn push(text: &mut String, parts: &[&str]) -> Result<(), Error> {
    reserve(text, parts.iter().map(|part| part.len()).sum())?;
    parts.iter().for_each(|part| text.push_str(part));
    Ok(())
}

/// Reserves `bytes` more in `text`, or says that there is no memory for them.
fn reserve(text: &mut String, bytes: usize) -> Result<(), Error> {
    text.try_reserve(bytes).map_err(|_| Error::Memory { bytes })
}
