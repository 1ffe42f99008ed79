"""The twins of words."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


@cache
def _text() -> str:
    """Return a text of words of which a few are frequent and most are rare (Zipf's law)."""
    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfw"))
    words = ["".join(letters[rng.integers(0, 16, rng.integers(1, 12))]) for _ in range(3000)]
    chosen = np.minimum(rng.zipf(1.2, 20_000) - 1, 2999)
    return " ".join(words[i].capitalize() if i % 9 == 0 else words[i] for i in chosen)


@cache
def _file() -> str:
    folder = tempfile.TemporaryDirectory(prefix="words-")
    _folders.append(folder)  # removed with the process
    path = os.path.join(folder.name, "text")
    with open(path, "w", encoding="utf-8") as file:
        file.write(_text())
    return path


_folders: list[Any] = []


def _count(text: str) -> dict[str, int]:
    return dict(Counter(text.lower().split()))


def _count_with_numpy(text: str) -> dict[str, int]:
    words, first, counts = np.unique(text.lower().split(), return_index=True, return_counts=True)
    order = np.argsort(first)
    return dict(zip(words[order].tolist(), counts[order].tolist()))


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _count_lines(path: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            counts.update(line.lower().split())
    return dict(counts)


TWINS: list[Twin] = [
    Twin(
        "word_count",
        "How often each word occurs in a text",
        lambda: (_text(),),
        rne.word_count,
        _count,
        _count_with_numpy,
    ),
    Twin(
        "word_count_file",
        "How often each word occurs in a file",
        lambda: (_file(),),
        rne.word_count_file,
        _count_lines,
        lambda path: _count_with_numpy(_read(path)),
    ),
]
