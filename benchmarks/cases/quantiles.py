"""Quantiles: exact ones, and those of streams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, unchecked, without

QUARTILES = [0.25, 0.5, 0.75]


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    rng = np.random.default_rng(0)
    for size in (1_000, 100_000, 1_000_000, 10_000_000):
        if threads > 1 and size < 1_000_000:
            continue
        a = rng.standard_normal(size)
        for name, q in (("median", 0.5), ("quartiles", QUARTILES)):
            yield Case(
                "quantiles",
                f"float64 {size:.0e}, {name}",
                "NumPy",
                lambda a=a, q=q: rne.quantiles(a, q),
                lambda a=a, q=q: np.quantile(a, q),
                headline=size == 10_000_000 and name == "quartiles" and threads == 1,
            )
        if threads == 1:
            yield from _peers(a, f"float64 {size:.0e}, median")
    if threads > 1:
        return
    for dtype in ("float32", "int64", "int16", "uint8"):
        a = (rng.standard_normal(1_000_000) * 30 + 100).astype(dtype)
        yield Case(
            "quantiles",
            f"{dtype} 1e+06, quartiles",
            "NumPy",
            lambda a=a: rne.quantiles(a, QUARTILES),
            lambda a=a: np.quantile(a, QUARTILES),
        )
    for shape in ((1000, 1000), (10_000, 100), (100, 10_000)):
        a = rng.standard_normal(shape)
        for axis in (0, 1):
            yield Case(
                "quantiles",
                f"float64 {shape} axis={axis}, median",
                "NumPy",
                lambda a=a, axis=axis: rne.quantiles(a, 0.5, axis),
                lambda a=a, axis=axis: np.quantile(a, 0.5, axis),
            )
    a = rng.standard_normal(1_000_000)
    yield Case(
        "quantiles",
        "float64 1e+06, 99 percentiles",
        "NumPy",
        lambda: rne.quantiles(a, np.linspace(0.01, 0.99, 99)),
        lambda: np.quantile(a, np.linspace(0.01, 0.99, 99)),
    )
    weights = rng.random(1_000_000)
    yield Case(
        "quantiles",
        "float64 1e+06, weighted quartiles",
        "NumPy",
        lambda: rne.quantiles(a, QUARTILES, method="inverted_cdf", weights=weights),
        lambda: np.quantile(a, QUARTILES, method="inverted_cdf", weights=weights),
    )
    holes = a.copy()
    holes[::10] = np.nan
    yield Case(
        "quantiles",
        "float64 1e+06, median, nan_policy='omit'",
        "NumPy",
        lambda: rne.quantiles(holes, 0.5, nan_policy="omit"),
        lambda: np.nanquantile(holes, 0.5),
    )
    yield from _streams(a)


def _peers(a: np.ndarray, what: str) -> Iterator[Case]:
    if not without("bottleneck"):
        import bottleneck

        yield Case(
            "quantiles",
            what,
            "bottleneck nanmedian",
            lambda: rne.quantiles(a, 0.5, nan_policy="omit"),
            lambda: bottleneck.nanmedian(a),
            check=close(1e-12, 1e-12),
        )
    if not without("polars"):
        import polars

        series = polars.Series(a)
        yield Case(
            "quantiles",
            what,
            "polars",
            lambda: rne.quantiles(a, 0.5),
            lambda: series.median(),
            check=close(1e-12, 1e-12),
        )


def _streams(a: np.ndarray) -> Iterator[Case]:
    chunks = np.array_split(a, 20)

    def passes() -> np.ndarray:
        finder = rne.QuantileFinder(QUARTILES, memory=1 << 20)
        done = False
        while not done:
            for chunk in chunks:
                finder.update(chunk)
            done = finder.end_pass()
        found: np.ndarray = finder.quantiles()
        return found

    def sketched() -> np.ndarray:
        sketch = rne.QuantileSketch(0.001)
        for chunk in chunks:
            sketch.update(chunk)
        found: np.ndarray = sketch.quantile(QUARTILES)
        return found

    def numpys() -> np.ndarray:
        found: np.ndarray = np.quantile(np.concatenate(chunks), QUARTILES)
        return found

    yield Case(
        "QuantileFinder", "float64 1e+06 in 20 chunks, in 1 MiB", "NumPy, of all at once", passes, numpys
    )
    yield Case(
        "QuantileSketch",
        "float64 1e+06 in 20 chunks, error 0.001",
        "NumPy, exact, of all at once",
        sketched,
        numpys,
        check=unchecked,
    )
