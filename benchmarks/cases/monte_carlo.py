"""Estimates of pi."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, without


def numpy_pi(samples: int) -> float:
    """Estimate pi in chunks that stay in cache."""
    rng, inside, chunk = np.random.default_rng(0), 0, 100_000
    for _ in range(samples // chunk):
        x, y = rng.random(chunk), rng.random(chunk)
        inside += int(np.count_nonzero(x * x + y * y <= 1))
    return 4 * inside / samples


def _numba_pi(threads: int) -> Any:
    import numba

    @numba.njit(parallel=threads > 1, fastmath=True)
    def pi(samples: int) -> float:
        inside = 0
        for _ in numba.prange(samples):
            x, y = np.random.random(), np.random.random()
            inside += x * x + y * y <= 1
        return 4 * inside / samples

    numba.set_num_threads(threads)
    return pi


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    samples = 20_000_000
    near = close(0, 0.01)
    if threads == 1:
        yield Case(
            "monte_carlo_pi",
            "2e7 samples",
            "NumPy in chunks",
            lambda: rne.monte_carlo_pi(samples),
            lambda: numpy_pi(samples),
            25,
            near,
            headline=True,
            avx2=14,
        )
    if not without("numba"):
        pi = _numba_pi(threads)
        pi(1000)
        yield Case(
            "monte_carlo_pi",
            "2e7 samples",
            "numba" if threads == 1 else "numba, parallel",
            lambda: rne.monte_carlo_pi(samples),
            lambda: pi(samples),
            40 if threads == 1 else 30,
            near,
        )
    if threads == 2:
        yield Case(
            "monte_carlo_pi",
            "1e9 samples, two threads",
            "ourselves, one thread",
            lambda: rne.monte_carlo_pi(10**9, rng=1, workers=2),
            lambda: rne.monte_carlo_pi(10**9, rng=1, workers=1),
            1.9,
        )
