"""The properties that are fuzzed in Python, of what fuzzing has kept and of random bytes.

In a source distribution, which has no corpus, of random bytes only.
"""

from __future__ import annotations

import importlib
import random
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus"


@pytest.mark.parametrize("name", ["arrow", "dlpack", "npy"])
def test_property(name: str) -> None:
    check = importlib.import_module(f"properties.{name}").check
    kept = sorted((CORPUS / name).glob("*"))
    for path in kept:
        check(path.read_bytes())
    rng = random.Random(name)
    for _ in range(400):
        data = rng.randbytes(rng.randrange(300))
        try:
            check(data)
        except Exception as error:
            raise AssertionError(f"with the bytes {data.hex()}") from error
