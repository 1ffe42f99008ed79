"""A stream of numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, unchecked


def _filled(data: np.ndarray, chunk: int) -> rne.DataProcessor:
    processor = rne.DataProcessor(chunk)
    processor.add_data(data)
    return processor


def _pair(data: np.ndarray, chunk: int) -> tuple[Case, Case]:
    """Return the call alone, and with what comes before it."""
    what = f"{data.size:.0e} in chunks of {chunk}"

    def numpy_all() -> np.ndarray:
        # The processor keeps what it is given; so does this.
        return data.copy().reshape(-1, chunk).mean(axis=1)

    return (
        Case(
            "DataProcessor.process_chunks",
            what,
            "NumPy reshape, mean",
            lambda processor: processor.process_chunks(),
            lambda: data.reshape(-1, chunk).mean(axis=1),
            # No aim: the means are taken while the numbers are added.
            None,
            close(1e-12),
            fresh=lambda: _filled(data, chunk),
        ),
        Case(
            "DataProcessor.add_data and process_chunks",
            what,
            "NumPy copy, reshape, mean",
            lambda: _filled(data, chunk).process_chunks(),
            numpy_all,
            1.3 if chunk >= 100 else 1.0,
            close(1e-12),
            reason="the system clears the pages of a new buffer for both, which is most of NumPy's time; here each number "
            "also enters the statistics of all, and a mean of twice the digits"
            if chunk >= 100
            else "",
        ),
    )


def _adds(parts: list[np.ndarray]) -> None:
    processor = rne.DataProcessor(1000)
    for part in parts:
        processor.add_data(part)


def _numpy_adds(parts: list[np.ndarray]) -> None:
    total = np.zeros(100)
    for part in parts:
        total += part


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    if threads > 1:
        return
    rng = np.random.default_rng(0)
    for size, chunk in ((10_000_000, 1000), (1_000_000, 10)):
        yield from _pair(rng.random(size), chunk)
    parts = list(rng.random((10_000, 100)))
    yield Case(
        "DataProcessor.add_data",
        "10,000 arrays of 100",
        "NumPy +=",
        lambda: _adds(parts),
        lambda: _numpy_adds(parts),
        4,
        unchecked,
        reason="the numbers are kept, in memory that is new; the peer adds in place",
    )
