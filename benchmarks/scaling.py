"""Time against size, from a hundred elements on, with as many threads as there are."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rust_numpy_example as rne

#: From 1e2 to 1e8, four to a decade.
SIZES = [int(10 ** (exponent / 4)) for exponent in range(8, 33)]


def _functions() -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    return {
        "sum_array": (lambda a, out: rne.sum_array(a), lambda a, out: a.sum()),
        "compute_stats": (
            lambda a, out: rne.compute_stats(a),
            lambda a, out: (a.mean(), a.std(ddof=1), a.min(), a.max()),
        ),
        "array_multiply": (
            lambda a, out: rne.array_multiply(a, a, out=out),
            lambda a, out: np.multiply(a, a, out=out),
        ),
    }


def _time(call: Callable[..., Any], repeats: int, *arguments: Any) -> float:
    start = time.perf_counter_ns()
    for _ in range(repeats):
        call(*arguments)
    return (time.perf_counter_ns() - start) / repeats


def points(sizes: list[int] = SIZES) -> Iterator[dict[str, Any]]:
    """Yield the nanoseconds that each call takes, ours and NumPy's, for each size."""
    data = np.random.default_rng(0).random(max(sizes))
    target = np.zeros_like(data)
    for name, calls in _functions().items():
        for size in sizes:
            a, out = data[:size], target[:size]
            repeats = max(1, 200_000 // size)
            rounds = 5 if size > 10**7 else 15
            times = [[_time(call, repeats, a, out) for call in calls] for _ in range(rounds)]
            ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
            yield {"function": name, "size": size, "ours": ours, "NumPy": theirs}


def steps(found: list[dict[str, Any]], most: float = 1.25) -> list[str]:
    """Name the sizes at which a larger call takes ``most`` times longer for an element than a smaller one,
    and NumPy's does not."""
    bad = []
    for before, after in zip(found, found[1:]):
        if before["function"] != after["function"]:
            continue
        growth = {who: after[who] / after["size"] * before["size"] / before[who] for who in ("ours", "NumPy")}
        if growth["ours"] > most and growth["ours"] > most * growth["NumPy"]:
            bad.append(f"{after['function']} from {before['size']} to {after['size']}: {growth['ours']:.2f}")
    return bad
