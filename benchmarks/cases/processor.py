"""A stream of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, unchecked


def _means(data: np.ndarray, chunk: int) -> Callable[[], np.ndarray]:
    def call() -> np.ndarray:
        processor = rne.DataProcessor(chunk)
        processor.add_data(data)
        return processor.process_chunks()

    return call


def _numpy_means(data: np.ndarray, chunk: int) -> Callable[[], np.ndarray]:
    def call() -> np.ndarray:
        # The processor keeps what it is given; so does this.
        buffer = data.copy()
        return buffer.reshape(-1, chunk).mean(axis=1)

    return call


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
    for size, chunk, must in ((10_000_000, 1000, 1.3), (1_000_000, 10, 1.0)):
        data = rng.random(size)
        yield Case(
            "DataProcessor.process_chunks",
            f"{size:.0e} in chunks of {chunk}",
            "NumPy copy, reshape, mean",
            _means(data, chunk),
            _numpy_means(data, chunk),
            must,
            close(1e-12),
        )
    parts = list(rng.random((10_000, 100)))
    yield Case(
        "DataProcessor.add_data",
        "10,000 arrays of 100",
        "NumPy +=",
        lambda: _adds(parts),
        lambda: _numpy_adds(parts),
        4,
        unchecked,
    )
