"""What a call costs."""

from __future__ import annotations

from collections.abc import Iterator

import rust_numpy_example as rne
from benchmarks.case import Case


def multiply(a: int, b: int) -> int:
    """Multiply in Python."""
    return a * b


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    if threads > 1:
        return
    yield Case("multiply", "2 * 3", "a Python def", lambda: rne.multiply(2, 3), lambda: multiply(2, 3), 0.85)
    numbers = [float(i) for i in range(1000)]
    single = rne.process_single
    yield Case(
        "process_batch",
        "a list of 1000",
        "process_single, 1000 calls",
        lambda: rne.process_batch(numbers),
        lambda: [single(x) for x in numbers],
    )
