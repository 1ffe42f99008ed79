"""Correct digits of means and standard deviations, ours and the peers', against exact fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import without

#: How many elements: exact fractions are slow.
COUNT = 10_001


#: How many sets of each kind: of one set, the last digit is luck.
DRAWS = 12


def datasets(seed: int) -> dict[str, np.ndarray]:
    """Return data that are hard to sum."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal(COUNT)
    return {
        "normal": normal,
        "normal around 1e9": normal + 1e9,
        "normal around 1e15": normal + 1e15,
        "cancelling: 1e16 and its negative, then small ones": np.concatenate([[1e16, -1e16], normal]),
        "lognormal": np.exp(5 * normal),
        "0.1, alternating with 0.3, around 1e7": 1e7 + 0.2 + 0.1 * (-1.0) ** np.arange(COUNT),
        "constant 0.1": np.full(COUNT, 0.1),
        "constant 0.1, float32": np.full(COUNT, 0.1, "f4"),
        "uniform around 1000, float32": (1000 + rng.random(COUNT)).astype("f4"),
        "int64 around 2**60": rng.integers(-1000, 1000, COUNT) + 2**60,
    }


def libraries() -> dict[str, Callable[[np.ndarray], tuple[Any, Any]]]:
    """Return what gives a mean and a standard deviation, ours first."""

    def ours(a: np.ndarray) -> tuple[Any, Any]:
        stats = rne.compute_stats(a)
        return stats.mean, stats.std

    found: dict[str, Callable[[np.ndarray], tuple[Any, Any]]] = {
        "this package": ours,
        "NumPy": lambda a: (a.mean(), a.std(ddof=1)),
    }
    if not without("polars"):
        import polars

        found["polars"] = lambda a: (polars.Series(a).mean(), polars.Series(a).std())
    if not without("bottleneck"):
        import bottleneck

        found["bottleneck"] = lambda a: (bottleneck.nanmean(a), bottleneck.nanstd(a, ddof=1))
    if not without("pandas"):
        import pandas

        found["pandas"] = lambda a: (pandas.Series(a).mean(), pandas.Series(a).std())
    return found


def digits(got: Any, exact: Fraction) -> float:
    """Return how many decimal digits are right: 16 if the float is the nearest one, or next to it."""
    error = abs(Fraction(float(got)) - exact) if math.isfinite(float(got)) else Fraction(1)
    if exact == 0:
        return 16.0 if error == 0 else max(0.0, min(16.0, -math.log10(error)))
    relative = error / abs(exact)
    return 16.0 if relative < Fraction(1, 10**16) else max(0.0, -math.log10(relative))


def rows() -> list[dict[str, Any]]:
    """Return the digits of each library for each kind of data, on average."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    for seed in range(DRAWS):
        for name, data in datasets(seed).items():
            mean, std = exact_moments(data)
            row = found.setdefault(name, {})
            for library, call in libraries().items():
                got_mean, got_std = call(data)
                row.setdefault(library, []).append([digits(got_mean, mean), digits(got_std, std)])
    return [
        {"data": name} | {library: np.mean(draws, axis=0).tolist() for library, draws in row.items()}
        for name, row in found.items()
    ]


def exact_moments(data: np.ndarray) -> tuple[Fraction, Fraction]:
    """Return the mean, and the standard deviation with 40 digits."""
    exact = [Fraction(x) for x in data.tolist()]
    mean = sum(exact) / len(exact)
    variance = sum((x - mean) ** 2 for x in exact) / (len(exact) - 1)
    scale = 10**40
    return mean, Fraction(math.isqrt(variance.numerator * scale**2 // variance.denominator), scale)
