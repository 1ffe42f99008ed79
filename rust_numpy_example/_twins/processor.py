"""The twins of processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rust_numpy_example import DataProcessor
from rust_numpy_example._twins import Twin

_CHUNK = 50


def _data() -> tuple[list[NDArray[np.float64]]]:
    rng = np.random.default_rng(0)
    return ([rng.normal(size=size) for size in rng.integers(0, 200, 100)],)


def _ours(pieces: list[NDArray[np.float64]]) -> list[float]:
    processor = DataProcessor(_CHUNK)
    for piece in pieces:
        processor.add_data(piece)
    means: list[float] = processor.process_chunks().tolist()
    return means


def _python(pieces: list[NDArray[np.float64]]) -> list[float]:
    buffer: list[float] = []
    for piece in pieces:
        buffer.extend(piece.tolist())
    full = len(buffer) // _CHUNK * _CHUNK
    return [sum(buffer[start : start + _CHUNK]) / _CHUNK for start in range(0, full, _CHUNK)]


def _numpy(pieces: list[NDArray[np.float64]]) -> list[float]:
    buffer = np.empty(0)
    for piece in pieces:
        buffer = np.append(buffer, piece)
    full = len(buffer) // _CHUNK * _CHUNK
    means: list[float] = buffer[:full].reshape(-1, _CHUNK).mean(axis=1).tolist()
    return means


TWINS: list[Twin] = [
    Twin(
        "DataProcessor",
        "means of chunks of data that comes bit by bit",
        _data,
        _ours,
        _python,
        _numpy,
        rtol=1e-12,
    )
]
