"""Moving averages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, without

#: bottleneck keeps one running sum, whose errors stay in it: it does less.
MUST = {"bottleneck": 0.3, "pandas": 4.0, "polars": 2.0, "numbagg": 0.9}


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    rng = np.random.default_rng(0)
    for dtype in ("float64", "float32", "int64"):
        values = (rng.standard_normal(1_000_000) * 1e3).astype(dtype)
        for window in (5, 100, 10_000):
            for peer, theirs in _peers(values, window):
                yield Case(
                    "moving_average",
                    f"{dtype} 1e6, window {window}",
                    peer,
                    lambda values=values, window=window: rne.moving_average(values, window, workers=threads),
                    theirs,
                    MUST[peer],
                    # Peers whose running sum is a float32 have drifted by then.
                    close(1e-3, 5.0) if dtype == "float32" else close(1e-9, 1e-3),
                    headline=dtype == "float64" and window == 100 and peer == "pandas",
                    reason="two running sums for each element, of which nothing is ever subtracted",
                )


def _peers(values, window):  # type: ignore[no-untyped-def]
    if not without("bottleneck"):
        import bottleneck

        yield "bottleneck", lambda: bottleneck.move_mean(values, window)
    if not without("pandas"):
        import pandas as pd

        series = pd.Series(values)
        yield "pandas", lambda: series.rolling(window).mean().to_numpy()
    if not without("polars"):
        import polars as pl

        column = pl.Series(values)
        yield "polars", lambda: column.rolling_mean(window).to_numpy()
    if not without("numbagg"):
        import numbagg

        yield "numbagg", lambda: numbagg.move_mean(values, window=window)
