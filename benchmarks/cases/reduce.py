"""Sums."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, equal, without

MUST = {
    "float64": {1_000: 6, 100_000: 2, 10_000_000: 1.3, 50_000_000: 1.5},
    "int64": {1_000: 6, 100_000: 1.4, 10_000_000: 1.2, 50_000_000: 1.4},
}

#: Why sums are near what is promised.
CALL = "most of it is the call"
REASONS = {
    ("float64", 1_000): CALL,
    ("int64", 1_000): CALL,
    ("float64", 100_000): "not known: near the aim",
    ("int64", 100_000): "every element is also checked for what could overflow",
}


def _largest_error(values: np.ndarray, exact: np.ndarray) -> float:
    """Return how far values are from the exact ones at most, in units in the last place."""
    return float(np.max(np.abs(values - exact) / np.spacing(np.abs(exact.astype(np.float64)))))


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    rng = np.random.default_rng(0)
    for dtype, musts in MUST.items():
        for size, must in musts.items():
            if (size == 50_000_000) != (threads > 1):
                continue
            a = (rng.standard_normal(size) * 1e6).astype(dtype)
            yield Case(
                "sum_array",
                f"{dtype} {size:.0e}",
                "NumPy a.sum()",
                lambda a=a: rne.sum_array(a),
                a.sum,
                must,
                close(1e-9) if dtype == "float64" else equal,
                headline=size == 100_000,
                reason=REASONS.get((dtype, size), "bound by memory, as NumPy is"),
            )
    if threads > 1:
        return
    lists = {
        "small ints": lambda n: list(range(n)),
        "40-bit ints": lambda n: [2**40 + i for i in range(n)],
        "mixed with big ints": lambda n: [2**80 + i if i % 2 else i for i in range(n)],
        "floats": lambda n: [i / 2 for i in range(n)],
    }
    for kind, make in lists.items():
        for size in (1_000, 100_000, 1_000_000):
            values = make(size)
            yield Case(
                "parallel_sum",
                f"{kind} {size:.0e}",
                "builtin sum",
                lambda values=values: rne.parallel_sum(values),
                lambda values=values: sum(values),
                1.4 if (kind, size) == ("small ints", 1_000) else 1.0,
                close(1e-12) if kind == "floats" else equal,
                headline=size == 1_000_000 and kind == "small ints",
                reason="not known: near the aim" if size == 1_000 else "",
            )
    sine = "each sine is within 1 ulp, by two polynomials and a reduction in two floats"
    for size in (10_000, 10_000_000):
        angles = rng.uniform(0, 2 * math.pi, size)
        yield Case(
            "cpu_intensive",
            f"{size:.0e}",
            "np.sin(x).sum()",
            lambda angles=angles: rne.cpu_intensive(angles),
            lambda angles=angles: np.sin(angles).sum(),
            10,
            close(0, 1e-6),
            headline=size == 10_000_000,
            reason=sine,
        )
        if not without("numkong"):
            import numkong

            some = angles[:65536]
            error = _largest_error(np.asarray(numkong.sin(some)), np.sin(some.astype(np.longdouble)))
            yield Case(
                "cpu_intensive",
                f"{size:.0e}",
                "numkong, in chunks",
                lambda angles=angles: rne.cpu_intensive(angles),
                lambda angles=angles: sum(
                    np.asarray(numkong.sin(angles[i : i + 65536])).sum() for i in range(0, len(angles), 65536)
                ),
                1.0,
                close(0, 1e-5),
                reason=f"{sine}; the largest error of the peer's is {error:.1f} ulp",
            )
