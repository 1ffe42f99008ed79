"""The twins of stats."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rust_numpy_example import GroupedStats, Stats, compute_stats
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


def _group_data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(1)
    return rng.normal(10, 2, 3_000), rng.integers(0, 12, 3_000)


def _groups(values: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    return compute_stats(values, by=labels).to_dict()


def _groups_python(values: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    groups: dict[int, list[float]] = {}
    for value, label in zip(values.tolist(), labels.tolist()):
        groups.setdefault(label, []).append(value)
    rows = [(label, *_python(np.array(groups[label])).values()) for label in sorted(groups)]
    return dict(zip(("group", "count", "mean", "std", "min", "max"), map(list, zip(*rows))))


def _groups_numpy(values: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    groups, places = np.unique(labels, return_inverse=True)
    lines = [_numpy(values[places == place]) for place in range(groups.size)]
    columns = {key: [line[key] for line in lines] for key in lines[0]}
    return {"group": groups.tolist(), **columns}


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
    Twin(
        GroupedStats.__name__,
        "statistics of groups",
        _group_data,
        _groups,
        _groups_python,
        _groups_numpy,
        rtol=1e-9,
    ),
]
