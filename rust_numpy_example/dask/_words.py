"""Words of texts and files: a dict a chunk, merged in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from heapq import nlargest
from operator import itemgetter
from typing import Any

import rust_numpy_example as rne
from rust_numpy_example.dask._cancel import stop_if_cancelled
from rust_numpy_example.dask._files import Range, cut, files
from rust_numpy_example.dask._tree import fan_in, merge_tree, task

#: A word never goes on behind one of these, nor does what decides about its lower case.
_SPACES = b" \t\n\r\v\f"

#: Characters of texts that are counted in one call.
_TEXTS = 1 << 20


def word_count(
    texts: Any,
    *,
    lowercase: bool = True,
    tokenizer: str = "whitespace",
    top: int | None = None,
    workers: int | None = 1,
    blocksize: int | str | None = "64MiB",
    split_every: int = 8,
    storage_options: dict[str, Any] | None = None,
) -> Any:
    """Count the words of files, or of a Dask bag of texts.

    Parameters
    ----------
    texts : path, list of paths, dask.bag.Bag or dask.dataframe.Series
        UTF-8 files (also compressed ones), patterns, or folders of ``.txt`` files; whatever fsspec can open. Or
        texts of str: a bag, or a column.
    lowercase, tokenizer, top
        As for :func:`rust_numpy_example.word_count`.
    workers : int, optional
        Threads of a task.
    blocksize : int, str or None, optional
        Bytes that a task reads; None is a whole file.
    split_every : int, optional
        How many results are merged by a task. Each holds all its words: a merge holds as many dicts.
    storage_options : dict, optional
        For fsspec.

    Returns
    -------
    dask.delayed.Delayed
        Of the dict that the library gives for the texts, one after the other, in the same order.

    Notes
    -----
    A file is cut at white space, which ends every word. What is not UTF-8 is a ``ValueError`` with the name of
    the file and the offset.

    Examples
    --------
    >>> import dask.bag as db
    >>> import rust_numpy_example.dask as rnd
    >>> texts = db.from_sequence(["to be or", "not to be"], npartitions=2)
    >>> rnd.word_count(texts, top=2).compute()
    {'to': 2, 'be': 2}
    """
    options: dict[str, Any] = {"lowercase": lowercase, "tokenizer": tokenizer, "workers": workers}
    rne.word_count("", top=top, **options)
    split_every = fan_in("word_count", split_every)
    if hasattr(texts, "to_delayed") and hasattr(texts, "__dask_graph__"):
        parts = [task("word_count-texts", _count_texts, part, **options) for part in texts.to_delayed()]
    else:
        parts = [
            task("word_count-file", _count_range, part, **options)
            for whole, size in files("word_count", texts, (".txt",), _SPACES, storage_options)
            for part in cut("word_count", whole, size, blocksize)
        ]
    return merge_tree("word_count", _merged, parts, split_every, partial(_most_frequent, top=top))


def _count_range(part: Range, **options: Any) -> dict[str, int]:
    text = b"".join(part.pieces())
    try:
        return rne.word_count(text, **options)
    except UnicodeDecodeError as error:
        with part.open() as file:
            offset = part.bounds(file)[0] + error.start
        raise ValueError(
            f"word_count: file '{part.name}' is not UTF-8: byte 0x{text[error.start]:02x} at offset {offset}"
        ) from None


def _count_texts(texts: Iterable[Any], **options: Any) -> dict[str, int]:
    """Count texts together: a line feed between two of them belongs to no word."""
    counts: dict[str, int] = {}
    waiting: list[str] = []
    length = 0
    for text in texts:
        if not isinstance(text, str):
            if _is_missing(text):
                continue
            raise TypeError(f"word_count: argument texts, got {type(text).__name__} in it, expected str")
        waiting.append(text)
        length += len(text) + 1
        if length > _TEXTS:
            stop_if_cancelled()
            _add(counts, rne.word_count("\n".join(waiting), **options))
            waiting, length = [], 0
    _add(counts, rne.word_count("\n".join(waiting), **options))
    return counts


def _is_missing(value: Any) -> bool:
    """Whether a value stands for a missing text; that of pandas has no truth value."""
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value)


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    get = counts.get
    for word, count in more.items():
        counts[word] = get(word, 0) + count


def _merged(parts: list[dict[str, int]]) -> dict[str, int]:
    counts = dict(parts[0]) if parts else {}
    for part in parts[1:]:
        _add(counts, part)
    return counts


def _most_frequent(counts: dict[str, int], top: int | None) -> dict[str, int]:
    if top is None:
        return counts
    return dict(nlargest(top, counts.items(), key=itemgetter(1)))
