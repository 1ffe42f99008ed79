"""The twins of monte_carlo."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin

N_SAMPLES = 200_000


def _ours(n_samples: int, seed: int) -> float:
    return rne.monte_carlo_pi(n_samples, rng=seed)


def _python(n_samples: int, seed: int) -> float:
    uniform = random.Random(seed).random
    inside = 0
    for _ in range(n_samples):
        x, y = uniform(), uniform()
        if x * x + y * y < 1.0:
            inside += 1
    return 4.0 * inside / n_samples


def _numpy(n_samples: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    inside = 0
    for start in range(0, n_samples, 1 << 16):
        x, y = rng.random((2, min(1 << 16, n_samples - start)))
        inside += int(np.count_nonzero(x * x + y * y < 1.0))
    return 4.0 * inside / n_samples


def _data() -> tuple[Any, ...]:
    return (N_SAMPLES, 12345)


TWINS: list[Twin] = [
    # Other random numbers: they agree within the error of the method, here 5 standard errors.
    Twin("monte_carlo_pi", "pi from random points", _data, _ours, _python, _numpy, rtol=0.01),
]
