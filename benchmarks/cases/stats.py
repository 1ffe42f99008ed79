"""Statistics in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, without

#: Why statistics are near what is promised, by the number of elements.
SIZES = {
    1_000: "most of it is the call and the object that is returned",
    100_000: "bound by the adders of this CPU, which has them for 256 bits",
}
#: The same for lines of an array, by its shape and the axis.
LINES = {
    ((1000, 100), 0): "short lines: what is done once for each takes as long as its elements",
    ((1000, 100), 1): "short lines: what is done once for each takes as long as its elements",
    (
        (1000, 10_000),
        0,
    ): "the sums of 10,000 columns do not stay in registers: they are read and written for every eight rows",
}


def _four(a: np.ndarray, axis: int | None = None) -> list[Any]:
    return [a.mean(axis), a.std(axis, ddof=1), a.min(axis), a.max(axis)]


def _four_omitting_nan(a: np.ndarray) -> list[Any]:
    return [np.nanmean(a), np.nanstd(a, ddof=1), np.nanmin(a), np.nanmax(a)]


def _ours(a: np.ndarray, **options: Any) -> Callable[[], list[Any]]:
    def call() -> list[Any]:
        stats = rne.compute_stats(a, **options)
        return [stats.mean, stats.std, stats.min, stats.max]

    return call


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    rng = np.random.default_rng(0)
    sizes = {1_000: 30, 100_000: 8, 1_000_000: 5, 10_000_000: 9, 50_000_000: 9}
    for size, must in sizes.items():
        if threads > 1 and size < 10_000_000:
            continue
        a = rng.standard_normal(size)
        yield Case(
            "compute_stats",
            f"float64 {size:.0e}",
            "NumPy, four calls",
            _ours(a),
            lambda a=a: _four(a),
            must,
            close(1e-9, 1e-9),
            headline=size in (1_000, 10_000_000) and threads == 1,
            reason=SIZES.get(size, ""),
        )
        if size in (100_000, 10_000_000) and threads == 1:
            yield from _peers(a, f"float64 {size:.0e}", SIZES.get(size, ""))
    yield from _weighted(rng, threads)
    yield from _grouped(rng, threads)
    if threads > 1:
        return
    size = 10_000_000
    for dtype, must in (("float32", 5.5), ("int64", 8), ("int32", 12)):
        a = (rng.standard_normal(size) * 1000).astype(dtype)
        yield Case(
            "compute_stats",
            f"{dtype} {size:.0e}",
            "NumPy, four calls",
            _ours(a),
            lambda a=a: _four(a),
            must,
            close(1e-3, 1e-3),
        )
    a = rng.standard_normal(2 * size)[::2]
    yield Case(
        "compute_stats",
        "float64 a[::2] 1e+07",
        "NumPy, four calls",
        _ours(a),
        lambda a=a: _four(a),
        6,
        close(1e-9, 1e-9),
        reason="elements are gathered into a block before they are read",
    )
    for shape, musts in (((1000, 10_000), (7, 7)), ((1000, 100), (6, 4))):
        a = rng.standard_normal(shape)
        for axis, must in enumerate(musts):
            yield Case(
                "compute_stats",
                f"float64 {shape} axis={axis}",
                "NumPy, four calls",
                _ours(a, axis=axis),
                lambda a=a, axis=axis: _four(a, axis),
                must,
                close(1e-9, 1e-9),
                reason=LINES.get((shape, axis), ""),
            )
    a = rng.standard_normal(1_000_000)
    a[::10] = np.nan
    yield Case(
        "compute_stats",
        "float64 1e+06, nan_policy='omit'",
        "NumPy, four nan calls",
        _ours(a, nan_policy="omit"),
        lambda a=a: _four_omitting_nan(a),
        12,
        close(1e-9, 1e-9),
    )


def _peers(a: np.ndarray, what: str, reason: str) -> Iterator[Case]:
    if not without("polars"):
        import polars

        series = polars.Series(a)
        yield Case(
            "compute_stats",
            what,
            "polars, four calls",
            _ours(a),
            lambda: [series.mean(), series.std(), series.min(), series.max()],
            2,
            close(1e-9, 1e-9),
            reason=reason,
        )
    if not without("bottleneck"):
        import bottleneck

        yield Case(
            "compute_stats",
            what,
            "bottleneck, four calls",
            _ours(a),
            lambda: [
                bottleneck.nanmean(a),
                bottleneck.nanstd(a, ddof=1),
                bottleneck.nanmin(a),
                bottleneck.nanmax(a),
            ],
            2,
            close(1e-9, 1e-9),
            reason=reason,
        )


def _weighted(rng: np.random.Generator, threads: int) -> Iterator[Case]:
    for shape, axis in (((1_000,), None), ((10_000_000,), None), ((1000, 10_000), 0), ((10_000, 1000), 1)):
        if threads > 1 and len(shape) == 1 and shape[0] < 10_000_000:
            continue
        a, weights = rng.standard_normal(shape), rng.random(shape)
        yield Case(
            "compute_stats",
            f"float64 {shape} axis={axis}, weights",
            "NumPy, average of values and of squares",
            _mean_and_std(a, axis, weights),
            lambda a=a, axis=axis, weights=weights: _average(a, axis, weights),
            check=close(1e-9, 1e-9),
        )


def _mean_and_std(a: np.ndarray, axis: int | None, weights: np.ndarray) -> Callable[[], list[Any]]:
    def call() -> list[Any]:
        stats = rne.compute_stats(a, axis, weights=weights, ddof=0)
        return [stats.mean, stats.std]

    return call


def _average(a: np.ndarray, axis: int | None, weights: np.ndarray) -> list[Any]:
    mean = np.average(a, axis, weights, keepdims=True)
    var = np.average((a - mean) ** 2, axis, weights)
    return [np.squeeze(mean, axis), np.sqrt(var)]


def _grouped(rng: np.random.Generator, threads: int) -> Iterator[Case]:
    size = 1_000_000
    values = rng.standard_normal(size)
    kinds = {f"{count:,} groups of int64": rng.integers(0, count, size) for count in (10, 1_000, 100_000)}
    kinds["1,000 groups of int64 far apart"] = rng.integers(0, 2**60, 1_000)[kinds["1,000 groups of int64"]]
    words = np.array([f"word {i}" for i in range(1_000)], object)
    kinds["1,000 groups of str"] = words[kinds["1,000 groups of int64"]]
    for what, labels in kinds.items():
        yield from _grouped_peers(f"float64 1e+06, {what}", values, labels, threads)


def _grouped_peers(what: str, values: np.ndarray, labels: np.ndarray, threads: int) -> Iterator[Case]:
    def ours(labels: Any = labels) -> list[Any]:
        groups = rne.compute_stats(values, by=labels)
        return [groups.count, groups.mean, groups.std, groups.min, groups.max]

    if not without("pandas") and threads == 1:
        import pandas

        column, by = pandas.Series(values), pandas.Series(labels)
        statistics = ["count", "mean", "std", "min", "max"]

        def theirs() -> list[Any]:
            table = column.groupby(by).agg(statistics)
            return [table[name].to_numpy() for name in statistics]

        yield Case("GroupedStats", what, "pandas, groupby", ours, theirs, check=close(1e-9, 1e-9))
    if not without("polars"):
        import polars

        frame = polars.DataFrame({"label": polars.Series(labels.tolist()), "value": values})
        value = polars.col("value")
        aggregates = [
            value.count().alias("count"),
            value.mean().alias("mean"),
            value.std().alias("std"),
            value.min().alias("min"),
            value.max().alias("max"),
        ]

        def polars_() -> list[Any]:
            table = frame.group_by("label").agg(aggregates).sort("label")
            return [table[aggregate.meta.output_name()].to_numpy() for aggregate in aggregates]

        series = frame["label"]
        yield Case(
            "GroupedStats",
            what,
            "polars, group_by and sort",
            lambda: ours(series),
            polars_,
            check=close(1e-9, 1e-9),
        )
