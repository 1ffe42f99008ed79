"""Every pair of special values, bit for bit: sums, products, extremes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from test_matrix import SPECIAL

import rust_numpy_example as rne


def _same(ours: Any, theirs: Any) -> bool:
    """Whether the bits are the same, all NaN being one."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    bits = f"u{ours.itemsize}"
    both_nan = np.isnan(ours) & np.isnan(theirs)
    return bool(np.all((ours.reshape(-1).view(bits) == theirs.reshape(-1).view(bits)) | both_nan.reshape(-1)))


def test_pairs_of_special_values(figure: Callable[[str, str, bool], None]) -> None:
    wrong, total = [], 0

    def check(name: str, dtype: str, values: Any, ours: Any, theirs: Any) -> None:
        nonlocal total
        total += 1
        if not _same(ours, theirs):
            wrong.append((name, dtype, values, ours, theirs))

    with np.errstate(all="ignore"):
        for dtype in ("f2", "f4", "f8"):
            special = np.array(SPECIAL, "f8").astype(dtype)
            for pair in itertools.product(special.tolist(), repeat=2):
                data = np.array(pair, dtype)
                x, y = data[:1], data[1:]
                check("sum, axis", dtype, pair, rne.sum_array(data, 0), data.sum(0))
                check("product", dtype, pair, rne.array_multiply(x, y), x * y)
                row, column = x.reshape(1, 1), y.reshape(1, 1)
                # What underflows keeps its sign if it is added to zero before it is rounded, and loses
                # it otherwise: the one on CPUs with such an instruction, the other on older ones.
                if x == 0 or y == 0 or x * y != 0:
                    check(
                        "matrix product",
                        dtype,
                        pair,
                        rne.matrix_multiply(row, column),
                        np.matmul(row, column),
                    )
                stats = rne.compute_stats(data)
                # Of two zeros either is the smaller one.
                zeros = not data.any() and not np.isnan(data).any()
                for name, ours, theirs in (("min", stats.min, data.min()), ("max", stats.max, data.max())):
                    ours = abs(ours) if zeros else ours
                    theirs = abs(theirs) if zeros else theirs
                    check(name, dtype, pair, np.float64(ours), np.float64(theirs))
            for size in (0, 1, 2, 33, 3000):
                zeros_only = np.full(size, -0.0, dtype)
                check(
                    "sum of -0.0",
                    dtype,
                    size,
                    np.float64(rne.sum_array(zeros_only)),
                    np.float64(zeros_only.sum()),
                )
    print(wrong[:10])
    figure(
        "Every pair of NaN, infinities, signed zeros, denormals, largest: sums, products, extremes as NumPy's",
        f"{total - len(wrong)} of {total} bit for bit",
        not wrong,
    )
