"""The twins of quantiles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rust_numpy_example import QuantileFinder, QuantileSketch, quantiles
from rust_numpy_example._twins import Twin

_LEVELS = [0.25, 0.5, 0.75]


def _data() -> tuple[NDArray[np.float64]]:
    return (np.random.default_rng(0).lognormal(size=20_000),)


def _python(values: NDArray[np.float64]) -> list[float]:
    numbers = sorted(values.tolist())
    found = []
    for level in _LEVELS:
        place = level * (len(numbers) - 1)
        below = math.floor(place)
        above = min(below + 1, len(numbers) - 1)
        found.append(numbers[below] + (numbers[above] - numbers[below]) * (place - below))
    return found


def _numpy(values: NDArray[np.float64]) -> list[float]:
    found: list[float] = np.quantile(values, _LEVELS).tolist()
    return found


def _ours(values: NDArray[np.float64]) -> list[float]:
    found: list[float] = quantiles(values, _LEVELS).tolist()
    return found


def _passes(values: NDArray[np.float64]) -> list[float]:
    finder = QuantileFinder(_LEVELS, memory=16_384)
    done = False
    while not done:
        for start in range(0, len(values), 1000):
            finder.update(values[start : start + 1000])
        done = finder.end_pass()
    found: list[float] = finder.quantiles().tolist()
    return found


def _sketched(values: NDArray[np.float64]) -> list[float]:
    sketch = QuantileSketch(0.005)
    for start in range(0, len(values), 1000):
        sketch.update(values[start : start + 1000])
    found: list[float] = sketch.quantile(_LEVELS).tolist()
    return found


TWINS: list[Twin] = [
    Twin("quantiles", "the quartiles of an array", _data, _ours, _python, _numpy, rtol=1e-14),
    Twin(
        "QuantileFinder",
        "the quartiles of data that is read twice",
        _data,
        _passes,
        _python,
        _numpy,
        rtol=1e-14,
    ),
    Twin(
        "QuantileSketch",
        "the quartiles of a stream, nearly",
        _data,
        _sketched,
        _python,
        _numpy,
        rtol=0.05,
    ),
]
