"""Products of arrays, and a filter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, without

PAGES = "the system clears the pages of a new array first, for both"
MEMORY = "bound by memory"
#: Why products are near what is promised, by their size: in memory that is there, and in a new array.
REASONS = {
    1_000: ("the cost of the call: views, checks, a new array",) * 2,
    30_000: ("not known: a tie",) * 2,
    300_000: ("not known: a tie",) * 2,
    10_000_000: (f"{MEMORY}; the store past the caches saves reading what is overwritten", PAGES),
    50_000_000: (MEMORY, PAGES),
}


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    rng = np.random.default_rng(0)
    sizes = (50_000_000,) if threads > 1 else (1_000, 30_000, 300_000, 10_000_000)
    for size in sizes:
        a, b, out, other = rng.random(size), rng.random(size), np.zeros(size), np.zeros(size)
        must_out = {1_000: 2, 10_000_000: 1.5, 50_000_000: 3}.get(size, 0.95)
        must_new = {1_000: 1.8, 50_000_000: 1.7}.get(size, 0.95)
        yield Case(
            "array_multiply",
            f"float64 {size:.0e}, out=",
            "NumPy",
            lambda a=a, b=b, out=out: rne.array_multiply(a, b, out=out),
            lambda a=a, b=b, other=other: np.multiply(a, b, out=other),
            must_out,
            headline=size == 10_000_000,
            reason=REASONS[size][0],
        )
        yield Case(
            "array_multiply",
            f"float64 {size:.0e}, new",
            "NumPy",
            lambda a=a, b=b: rne.array_multiply(a, b),
            lambda a=a, b=b: a * b,
            must_new,
            reason=REASONS[size][1],
        )
        if size == 50_000_000 and not without("numexpr"):
            import numexpr

            numexpr.set_num_threads(threads)
            yield Case(
                "array_multiply",
                f"float64 {size:.0e}, out=",
                "numexpr",
                lambda a=a, b=b, out=out: rne.array_multiply(a, b, out=out),
                lambda a=a, b=b, other=other: numexpr.evaluate("a * b", {"a": a, "b": b}, out=other),
            )
    if threads > 1:
        return
    data = rng.standard_normal(10_000_000)
    yield Case(
        "process_data",
        "float64 1e7",
        "NumPy",
        lambda: rne.process_data(data),
        lambda: data * 2,
        1.5,
        reason=PAGES,
    )
    yield Case(
        "process_numbers",
        "float64 1e7",
        "NumPy",
        lambda: rne.process_numbers(data, 0.3),
        lambda: data[data > 0.3] * 2,
        4,
        headline=True,
    )
