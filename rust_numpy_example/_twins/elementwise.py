"""The twins of elementwise."""

from __future__ import annotations

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


def _vectors() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal(20_000), rng.standard_normal(20_000)


def _integers() -> tuple[np.ndarray, int]:
    return np.random.default_rng(2).integers(-1000, 1000, 20_000), 3


def _numbers() -> tuple[np.ndarray, int]:
    return np.random.default_rng(3).integers(-1000, 1000, 20_000), 10


def _one() -> tuple[float]:
    return (2.5,)


def _filter(numbers: np.ndarray, threshold: int) -> np.ndarray:
    return np.array([2 * x for x in numbers.tolist() if x > threshold], numbers.dtype)


TWINS: list[Twin] = [
    Twin(
        "array_multiply",
        "product of two vectors, element by element",
        _vectors,
        rne.array_multiply,
        lambda a, b: [x * y for x, y in zip(a.tolist(), b.tolist(), strict=True)],
        np.multiply,
    ),
    Twin(
        "process_data",
        "every element times a factor",
        _integers,
        rne.process_data,
        lambda data, factor: [x * factor for x in data.tolist()],
        lambda data, factor: data * factor,
    ),
    Twin(
        "process_numbers",
        "what is greater than a threshold, doubled",
        _numbers,
        rne.process_numbers,
        _filter,
        lambda numbers, threshold: numbers[numbers > threshold] * 2,
    ),
    Twin(
        "process_batch",
        "all numbers doubled in one call",
        lambda: (_vectors()[0],),
        rne.process_batch,
        lambda xs: [2.0 * x for x in xs.tolist()],
        lambda xs: 2.0 * xs,
    ),
    Twin(
        "process_single",
        "one number doubled, a call for each",
        _one,
        rne.process_single,
        lambda x: 2.0 * x,
        lambda x: np.multiply(2.0, x),
    ),
]
