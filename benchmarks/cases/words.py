"""Word counts."""

from __future__ import annotations

import collections
import functools
import os
import tempfile
from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, without

LATIN, MIXED = "abcdefghijklmnopqrstuvwxyz", "aeéñüßдюжлмн語字文"

TIE = "a tie with the aim"
#: Why counts of ASCII are near what is promised, by the number of characters.
REASONS = {10_000: "most words are distinct: the dict is most of the work", 100_000_000: TIE}
DICT = "the result is a Python dict; polars keeps a column of its own"


@functools.cache
def text(size: int, letters: str = LATIN) -> str:
    """Return ``size`` characters of words whose frequencies follow Zipf's law."""
    rng = np.random.default_rng(size)
    vocabulary = []
    for length in rng.integers(1, 12, 400_000):
        vocabulary.append("".join(rng.choice(list(letters), length)) if len(vocabulary) < 1000 else "")
    base = [word for word in vocabulary if word]
    # Most distinct words are made of two frequent ones: quick to make, and as long as real ones.
    ranks = np.minimum(rng.zipf(1.25, size // 6), 400_000) - 1
    words = [base[r % 1000] + base[r // 1000] if r >= 1000 else base[r] for r in ranks.tolist()]
    words = [word.capitalize() if i % 12 == 0 else word for i, word in enumerate(words)]
    whole = " ".join(words)
    return (whole * (size // len(whole) + 1))[:size]


def counter(of: str) -> dict[str, int]:
    """Count the words in Python."""
    return collections.Counter(of.lower().split())


def pairs(of: str) -> dict[str, int]:
    """Count the pairs of words in Python."""
    words = of.lower().split()
    return collections.Counter(f"{first} {second}" for first, second in zip(words, words[1:]))


def same(ours: dict[str, int], theirs: dict[str, int]) -> None:
    """Same words, counts and order."""
    assert list(ours.items()) == list(theirs.items())


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    sizes = {51: 1.5, 10_000: 1.5, 1_000_000: 3, 20_000_000: 8, 100_000_000: 13}
    for size, must in sizes.items():
        if threads > 1:
            if size < 100_000_000:
                continue
            must = 15
        prose = text(min(size, 20_000_000))
        prose = (prose + " ") * (size // len(prose)) if size > len(prose) else prose
        yield Case(
            "word_count",
            f"ASCII, {size:.0e} characters",
            "collections.Counter",
            lambda prose=prose: rne.word_count(prose),
            lambda prose=prose: counter(prose),
            must,
            same,
            headline=size == 20_000_000,
            avx2=5 if size == 20_000_000 else None,
            reason=REASONS.get(size, ""),
        )
    prose = text(1_000_000)
    yield Case(
        "word_count",
        "pairs of words, 1e+06 characters",
        "zip + Counter",
        lambda prose=prose: rne.word_count(prose, ngrams=2),
        lambda prose=prose: pairs(prose),
        None,
        same,
    )
    if threads > 1:
        return
    mixed = text(20_000_000, MIXED)
    yield Case(
        "word_count",
        "Latin-1, Cyrillic, CJK, 2e+07 characters",
        "collections.Counter",
        lambda: rne.word_count(mixed),
        lambda: counter(mixed),
        5,
        same,
        reason=DICT,
    )
    if not without("polars"):
        import polars

        yield Case(
            "word_count",
            "Latin-1, Cyrillic, CJK, 2e+07 characters",
            "polars",
            lambda: rne.word_count(mixed),
            lambda: polars.Series([mixed.lower()]).str.split(" ").explode().value_counts(),
            4,
            lambda ours, theirs: None,
            reason=DICT,
        )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "words.txt")
        prose = text(20_000_000) + "\n"
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(10):
                file.write(prose)

        def read() -> dict[str, int]:
            counts: dict[str, int] = collections.Counter()
            with open(path, encoding="utf-8") as file:
                for line in file:
                    counts.update(line.lower().split())
            return counts

        yield Case(
            "word_count_file",
            "200 MB",
            "lines + Counter",
            lambda: rne.word_count_file(path),
            read,
            10,
            same,
            reason=TIE,
        )
