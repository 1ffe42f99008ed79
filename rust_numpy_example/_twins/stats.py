"""The twins of stats."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rust_numpy_example import Stats, compute_stats
from rust_numpy_example._twins import Twin


def _data() -> tuple[NDArray[np.float64]]:
    return (np.random.default_rng(0).normal(1e6, 1.0, 5_000),)


def _ours(values: NDArray[np.float64]) -> dict[str, Any]:
    return dict(compute_stats(values))


def _python(values: NDArray[np.float64]) -> dict[str, Any]:
    numbers = values.tolist()
    mean = sum(numbers) / len(numbers)
    squares = sum((x - mean) ** 2 for x in numbers)
    std = (squares / (len(numbers) - 1)) ** 0.5
    return {"count": len(numbers), "mean": mean, "std": std, "min": min(numbers), "max": max(numbers)}


def _numpy(values: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "count": values.size,
        "mean": values.mean(),
        "std": values.std(ddof=1),
        "min": values.min(),
        "max": values.max(),
    }


def _merge_data() -> tuple[list[float], list[float]]:
    numbers = _data()[0].tolist()
    return numbers[:700], numbers[700:1500]


def _merge(first: list[float], second: list[float]) -> float:
    return float(compute_stats(first).merge(compute_stats(second)).std)


TWINS: list[Twin] = [
    Twin(
        "compute_stats", "count, mean, deviation, minimum, maximum", _data, _ours, _python, _numpy, rtol=1e-9
    ),
    Twin(
        Stats.__name__,
        "statistics of two parts merged",
        _merge_data,
        _merge,
        lambda first, second: statistics.stdev(first + second),
        lambda first, second: float(np.std(first + second, ddof=1)),
        rtol=1e-9,
    ),
]
