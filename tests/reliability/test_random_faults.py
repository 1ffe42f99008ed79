"""Each kind of random call notices a function that is slightly wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import Draw
from test_random_calls import CALLS, KEYS, differs, found_quantiles, groups, merged_stats, processor

import rust_numpy_example as rne


class Misreading:
    """A function or class of the package that takes the last element for another one."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __call__(self, first: Any, *rest: Any, **options: Any) -> Any:
        if isinstance(self.real, type):
            return Misreading(self.real(first, *rest, **options))
        return self.real(_misread(first), *rest, **options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        return Misreading(found) if name in ("update", "add_data") else found

    def __len__(self) -> int:
        return len(self.real)

    def merge(self, other: Misreading) -> None:
        """Merge what both stand for."""
        self.real.merge(other.real)


def _misread(first: Any) -> Any:
    if not isinstance(first, np.ndarray):
        items = list(first)
        return [*items[:-1], items[-1] + 1] if items else items
    values = np.array(first)
    if values.size:
        last = values.reshape(-1)[-1:]
        last[...] = (
            ~last if last.dtype.kind == "b" else last ^ 1 if last.dtype.kind in "iu" else last * 1.03125 + 1
        )
    return values


def misrounded(function: Any) -> Any:
    """Return a function whose result is off by a little in its last element."""

    def call(*arguments: Any, **options: Any) -> Any:
        got = function(*arguments, **options)
        if isinstance(got, rne.Stats):
            return {key: _off(got[key]) for key in KEYS}
        return _off(got, options.get("out"))

    return call


def _off(got: Any, out: Any = None) -> Any:
    values = np.array(got)
    if values.size:
        last = values.reshape(-1)[-1:]
        with np.errstate(all="ignore"):
            if last.dtype.kind == "b":
                last[...] = ~last
            elif last.dtype.kind in "iuO":
                last += 1
            else:
                last *= 1 + {2: 2.0**-6, 4: 2.0**-18, 8: 2.0**-36}[last.real.itemsize]
    if out is not None:
        out[...] = values
        return out
    return values if isinstance(got, (np.ndarray, np.generic)) else type(got)(values.tolist())


FUNCTIONS = """
    array_multiply compute_stats cpu_intensive gaussian_blur list_sum matrix_multiply moving_average parallel_sum process_batch
    process_data process_image process_numbers quantiles sobel sum_array
""".split()
CLASSES = ["DataProcessor", "QuantileFinder"]


def noticed(call: Callable[[Draw], bool]) -> int:
    """Return how many of some calls differ; one that ends with another error than a difference does not count."""
    found = [differs(number, call) for number in range(40)]
    assert [text for text in found if text and "):" in text] == []
    return sum(map(bool, found))


@pytest.mark.thorough
@pytest.mark.parametrize("call", CALLS)
def test_an_element_that_is_misread_is_noticed(
    call: Callable[[Draw], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy.ndimage")
    assert noticed(call) == 0
    for name in [*FUNCTIONS, *CLASSES]:
        monkeypatch.setattr(rne, name, Misreading(getattr(rne, name)))
    assert noticed(call) > 5


@pytest.mark.thorough
@pytest.mark.parametrize(
    "call", [call for call in CALLS if call not in (merged_stats, groups, found_quantiles, processor)]
)
def test_a_result_that_is_off_by_a_little_is_noticed(
    call: Callable[[Draw], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy.ndimage")
    for name in FUNCTIONS:
        monkeypatch.setattr(rne, name, misrounded(getattr(rne, name)))
    assert noticed(call) > 5
