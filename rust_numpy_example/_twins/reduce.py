"""The twins of reduce."""

from __future__ import annotations

import math

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


def _array() -> tuple[np.ndarray]:
    return (np.random.default_rng(1).standard_normal(100_000),)


def _angles() -> tuple[np.ndarray]:
    return (np.random.default_rng(2).uniform(0, 2 * np.pi, 50_000),)


def _list() -> tuple[list[int]]:
    return (list(range(100_000)),)


TWINS: list[Twin] = [
    Twin(
        "sum_array",
        "sum of an array",
        _array,
        rne.sum_array,
        lambda a: math.fsum(a.tolist()),
        np.sum,
        rtol=1e-9,
    ),
    Twin("parallel_sum", "exact sum of a list", _list, rne.parallel_sum, sum, np.sum),
    Twin("list_sum", "the same under its other name", _list, rne.list_sum, sum, np.sum),
    Twin(
        "cpu_intensive",
        "sum of the sines of an array",
        _angles,
        rne.cpu_intensive,
        lambda a: math.fsum(map(math.sin, a.tolist())),
        lambda a: np.sin(a).sum(),
        rtol=1e-9,
    ),
]
