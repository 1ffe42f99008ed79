"""The twins of window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rust_numpy_example import moving_average
from rust_numpy_example._twins import Twin


def _data() -> tuple[NDArray[np.float64], int]:
    return np.random.default_rng(0).normal(1e3, 1.0, 20_000), 50


def _python(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    numbers = values.tolist()
    means = [float("nan")] * (window - 1)
    for end in range(window, len(numbers) + 1):
        means.append(sum(numbers[end - window : end]) / window)
    return np.array(means)


def _numpy(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    means = np.full(values.shape, np.nan)
    np.mean(np.lib.stride_tricks.sliding_window_view(values, window), axis=-1, out=means[window - 1 :])
    return means


TWINS: list[Twin] = [
    Twin("moving_average", "mean of a moving window", _data, moving_average, _python, _numpy, rtol=1e-12),
]
