"""Words against CPython: every code point, random texts, every cut of the text."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from test_words import NEIGHBOURS, SPACES, SPECIAL, counted, counter

import rust_numpy_example as rne


@pytest.mark.thorough
@pytest.mark.parametrize(
    "texts", [pytest.param(2000, id="quick"), pytest.param(200_000, id="soak", marks=pytest.mark.soak)]
)
def test_words_equal_cpythons(texts: int, tmp_path: Path, figure: Callable[[str, str, bool], None]) -> None:
    wrong = 0
    for start in range(0, 0x110000, 1 << 16):
        text = "".join(f"a{chr(c)}B {chr(c)}Σ " for c in range(start, start + (1 << 16)))
        wrong += counted(text) != counter(text)
    rng = random.Random(1)
    letters = SPACES + NEIGHBOURS + SPECIAL + list("abcABC")
    for _ in range(texts):
        text = "".join(rng.choices(letters, k=rng.randrange(200)))
        wrong += counted(text) != counter(text)
    whole = "".join(rng.choices([c for c in letters if not "\ud800" <= c <= "\udfff"], k=3000))
    path = tmp_path / "text"
    path.write_text(whole, "utf-8", newline="")
    for chunk in range(1, 200):
        wrong += list(rne.word_count_file(path, chunk_bytes=chunk).items()) != counter(whole)
    figure(
        "Words equal `collections.Counter(text.lower().split())`",
        f"{0x110000} code points, {texts} random texts, a file read in 199 ways; wrong: {wrong}",
        wrong == 0,
    )
