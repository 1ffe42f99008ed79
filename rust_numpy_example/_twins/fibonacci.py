"""The twins of fibonacci."""

from __future__ import annotations

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


def _python(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def _data() -> tuple[int]:
    return (10_000,)


# NumPy has no integers of this size.
TWINS: list[Twin] = [
    Twin("fibonacci", "exact Fibonacci number", _data, rne.fibonacci, _python),
    Twin("get_fibonacci", "the same under another name", _data, rne.get_fibonacci, _python),
]
