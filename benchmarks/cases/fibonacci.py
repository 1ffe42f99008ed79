"""Fibonacci numbers."""

from __future__ import annotations

from collections.abc import Iterator

import rust_numpy_example as rne
from benchmarks.case import Case, without

LOOP = {5: 3.5, 150: 30, 10_000: 200}
GMPY2 = {90: 1.3, 150: 1.3, 186: 1.3, 10_000: 0.7, 100_000: 0.6, 1_000_000: 0.35}

#: Of numbers that take less time than the call itself.
CALL = "the cost of the call"


def loop(n: int) -> int:
    """Add one number after another."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    if threads > 1:
        return
    for n, must in LOOP.items():
        yield Case(
            "fibonacci",
            f"n = {n:,}",
            "Python loop",
            lambda n=n: rne.fibonacci(n),
            lambda n=n: loop(n),
            must,
            headline=n == 10_000,
            reason=CALL if n <= 90 else "",
        )
    if not without("gmpy2"):
        import gmpy2

        for n, must in GMPY2.items():
            yield Case(
                "fibonacci",
                f"n = {n:,}",
                "int(gmpy2.fib(n))",
                lambda n=n: rne.fibonacci(n),
                lambda n=n: int(gmpy2.fib(n)),
                must,
                headline=n == 1_000_000,
                reason=CALL if n <= 90 else "",
            )
