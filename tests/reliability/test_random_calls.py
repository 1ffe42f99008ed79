"""Random calls of every array function: dtypes, layouts, special values and options as they fall.

Each call is compared with NumPy, SciPy or exact fractions. ``RANDOM_CALLS=1000000 python -m pytest -m soak
tests/reliability/test_random_calls.py`` makes that many. A call that differs is named by its number, which makes it again:
``PYTHONPATH=tests python tests/reliability/test_random_calls.py NUMBER``.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import Draw, lines, shape_of
from exact import (
    EPS,
    METHODS,
    TAKING,
    UNIT,
    chunk_mean_is_right,
    means_are_right,
    near,
    quantile_is_right,
    same,
    statistics_are_right,
    sum_is_right,
)
from layouts import DTYPES, INTEGERS, REAL

import rust_numpy_example as rne

KEYS = ("count", "mean", "std", "min", "max")


def sum_array(draw: Draw) -> bool:
    """Sums."""
    dtype = draw.of(*DTYPES)
    a = draw.array(dtype, draw.shape())
    axis, keepdims = draw.axis(a.ndim), draw.of(False, True)
    got = rne.sum_array(a, axis, keepdims=keepdims, workers=draw.workers())
    whole = axis is None and not keepdims
    theirs = np.sum(np.asarray(a), axis=axis, keepdims=keepdims)
    if a.dtype.kind in "biu":
        if whole:
            return type(got) is int and got == sum(map(int, lines(a, None)[0]))
        return same(got, theirs)
    wide = np.asarray(a).astype("c16" if a.dtype.kind == "c" else "f8")
    expected = np.sum(wide, axis=axis, keepdims=keepdims)
    size = np.sum(np.abs(np.where(np.isfinite(wide), wide, 0)), axis=axis, keepdims=keepdims)
    error = size * 64 * EPS
    if whole:
        if type(got) is not (complex if a.dtype.kind == "c" else float):
            return False
    else:
        if np.asarray(got).dtype != theirs.dtype or np.shape(got) != np.shape(theirs):
            return False
        part = np.dtype(dtype).type(0).real.dtype
        error = error + 2 * UNIT[part.name] * np.where(np.isfinite(expected), np.abs(expected), 0)
        error = error + float(np.finfo(part).tiny)
        expected = expected.astype(theirs.dtype).astype(expected.dtype)
    got = np.asarray(got, expected.dtype)
    return near(got.real, expected.real, error) and near(got.imag, expected.imag, error)


def sum_list(draw: Draw) -> bool:
    """Sums of lists, and lists doubled."""
    values = draw.array(draw.of(*DTYPES), draw.shape(1, 30, 1)).tolist()
    if draw.of(True, False):
        values += draw.array(draw.of(*REAL), (3,)).tolist()
    form = draw.of(list, tuple, iter)
    got = draw.of(rne.parallel_sum, rne.list_sum)(form(values))
    kinds = set(map(type, values))
    if kinds <= {bool, int}:
        return type(got) is int and got == sum(values)
    if complex not in kinds:
        if not same(rne.process_batch(values), [2.0 * x for x in values]):
            return False
        parts = [(got, values)]
    else:
        parts = [(got.real, [x.real for x in values]), (got.imag, [x.imag for x in values])]
    if type(got) is not (complex if complex in kinds else float):
        return False
    return all(sum_is_right(line, part) for part, line in parts)


def sines(draw: Draw) -> bool:
    """The sum of the sines."""
    a = draw.array(draw.of(*REAL), draw.shape())
    got = rne.cpu_intensive(a, workers=draw.workers())
    line = list(map(float, lines(a, None)[0]))
    if not all(map(math.isfinite, line)):
        return got != got
    exact = list(map(math.sin, line))
    # Each sine is within one unit in the last place; the sum is pairwise, with some dozens of roundings at most.
    return abs(got - math.fsum(exact)) <= EPS * (len(line) + 16 * math.fsum(map(abs, exact)))


def _statistics_are_right(
    got: Any, a: Any, axis: Any, weights: Any, where: Any, policy: str, ddof: int, keepdims: bool = False
) -> bool:
    """Tell whether they are those of the lines of an array."""
    shape = shape_of(a, axis, keepdims)
    if any(np.shape(got[key]) != shape for key in KEYS):
        return False
    rows = lines(a, axis)
    counts = lines(np.broadcast_to(where, a.shape), axis) if where is not None else None
    of_each = lines(weights, axis) if weights is not None else None
    parts = [np.reshape(got[key], -1).tolist() for key in KEYS]
    for index, line in enumerate(rows):
        of_line = None if of_each is None else of_each[index]
        chosen = [True] * len(line) if counts is None else counts[index]
        if policy == "omit":
            chosen = [counted and x == x for x, counted in zip(line, chosen)]
        if not all(chosen):
            line = [x for x, counted in zip(line, chosen) if counted]
            of_line = of_line and [weight for weight, counted in zip(of_line, chosen) if counted]
        found = {key: part[index] for key, part in zip(KEYS, parts)}
        if not statistics_are_right(line, of_line, ddof, found):
            return False
    return True


def _options_of_statistics(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    where = None if draw.rng.random() < 0.8 else draw.rng.random(shape) < 0.7
    weights = None if draw.rng.random() < 0.8 else draw.rng.integers(0, 12, shape) / 4
    return {
        "ddof": draw.of(0, 1, 1, 2),
        "where": where,
        "weights": weights,
        "nan_policy": draw.of("propagate", "propagate", "omit"),
    }


def compute_stats(draw: Draw) -> bool:
    """Statistics."""
    a = draw.array(draw.of(*REAL), draw.shape())
    axis, keepdims = draw.axis(a.ndim), draw.of(False, True)
    options = _options_of_statistics(draw, a.shape)
    got = rne.compute_stats(a, axis, keepdims=keepdims, workers=draw.workers(), **options)
    where, weights, policy, ddof = (options[key] for key in ("where", "weights", "nan_policy", "ddof"))
    return _statistics_are_right(got, a, axis, weights, where, policy, ddof, keepdims)


def merged_stats(draw: Draw) -> bool:
    """Statistics of pieces, merged."""
    a = draw.array(draw.of(*REAL), draw.shape(1, 40, 1))
    options = _options_of_statistics(draw, a.shape)
    where, weights, policy, ddof = (options.pop(key) for key in ("where", "weights", "nan_policy", "ddof"))
    states = [
        rne.compute_stats(
            a[piece],
            ddof=ddof,
            nan_policy=policy,
            where=None if where is None else where[piece],
            weights=None if weights is None else weights[piece],
        )
        for piece in draw.cuts(len(a), draw.of(1, 2, 5))
    ]
    got = sum(states[1:], states[0])
    if weights is None and where is None and a.dtype.kind in "biu" and got.sum != sum(lines(a, None)[0]):
        return False
    return _statistics_are_right(got, a, None, weights, where, policy, ddof)


def groups(draw: Draw) -> bool:
    """Statistics of groups."""
    a = draw.array(draw.of(*REAL), draw.shape(2, 9, 1))
    axis = draw.of(None, int(draw.rng.integers(a.ndim)))
    labels = draw.labels(a.shape if axis is None else a.shape[axis : axis + 1])
    options = _options_of_statistics(draw, a.shape)
    got = rne.compute_stats(a, axis, by=labels, workers=draw.workers(), **options)
    plain = labels.reshape(-1).tolist()
    if list(got) != sorted({label for label in plain if label == label}):
        return False
    where, weights, policy, ddof = (options[key] for key in ("where", "weights", "nan_policy", "ddof"))

    def of_group(values: Any, chosen: Any) -> Any:
        return None if values is None else np.compress(chosen, np.asarray(values), axis)

    for place, label in enumerate(got):
        chosen = np.array([other == label for other in plain])
        part = of_group(a if axis is not None else np.asarray(a).reshape(-1), chosen)
        along = 0 if axis is None else axis
        of_each = {
            name: of_group(values if axis is not None or values is None else values.reshape(-1), chosen)
            for name, values in (("weights", weights), ("where", where))
        }
        right = _statistics_are_right(
            got[label], part, along, of_each["weights"], of_each["where"], policy, ddof
        )
        if not right or not np.array_equal(np.take(got.mean, place, along), got[label].mean, equal_nan=True):
            return False
    return True


def quantiles(draw: Draw) -> bool:
    """Quantiles."""
    a = draw.array(draw.of(*REAL), tuple(length or 2 for length in draw.shape()))
    axis, keepdims = draw.axis(a.ndim), draw.of(False, False, True)
    q = [float(draw.of(0.0, 1.0, 0.5, 0.25, draw.rng.random())) for _ in range(draw.of(1, 1, 3))]
    method, policy = draw.of("linear", *METHODS), draw.of("propagate", "omit")
    levels = draw.of(q, q[0])
    got = rne.quantiles(
        a, levels, axis, method=method, nan_policy=policy, keepdims=keepdims, workers=draw.workers()
    )
    dtype = a.dtype.newbyteorder("=")
    of_result = dtype if method in TAKING or dtype.kind == "f" else np.dtype("f8")
    if levels is q and method not in TAKING:
        of_result = np.dtype("f8")
    leading = (len(q),) if levels is q else ()
    if np.shape(got) != (*leading, *shape_of(a, axis, keepdims)) or np.asarray(got).dtype != of_result:
        return False
    rows = lines(a, axis)
    if policy == "omit":
        rows = [[x for x in line if x == x] for line in rows]
    for level, values in zip(q, np.reshape(got, (len(q) if leading else 1, -1)).tolist()):
        if not all(quantile_is_right(line, x, level, method, dtype) for line, x in zip(rows, values)):
            return False
    return True


def found_quantiles(draw: Draw) -> bool:
    """Quantiles of chunks, in several passes."""
    a = draw.array(draw.of(*REAL), (int(draw.rng.integers(1, draw.of(40, 1500))),))
    q = [float(draw.of(0.0, 1.0, 0.5, draw.rng.random())) for _ in range(draw.of(1, 3))]
    method, policy = draw.of("linear", *METHODS), draw.of("propagate", "omit")
    finder = rne.QuantileFinder(q, method=method, nan_policy=policy, memory=1024)
    done = False
    while not done:
        for piece in draw.cuts(len(a), draw.of(1, 4)):
            finder.update(a[piece])
        done = finder.end_pass()
    line = lines(a, None)[0]
    if policy == "omit":
        line = [x for x in line if x == x]
    values = finder.quantiles().tolist() if line else [math.nan] * len(q)
    dtype = a.dtype.newbyteorder("=")
    return finder.count == len(line) and all(
        quantile_is_right(line, value, level, method, dtype) for level, value in zip(q, values)
    )


def multiply(draw: Draw) -> bool:
    """Products of elements, of two dtypes and shapes that broadcast."""
    shape = draw.shape()
    a = draw.array(draw.of(*DTYPES), shape)
    other = tuple(draw.of(n, n, 1) for n in shape)[draw.rng.integers(0, len(shape) + 1) :]
    b = draw.array(draw.of(*DTYPES), other)
    kind = draw.of("new", "out", "scalar")
    with np.errstate(all="ignore"):
        expected = np.multiply(np.asarray(a), np.asarray(b))
        if kind == "out" and expected.shape:
            out = draw.array(expected.dtype, expected.shape)
            if not out.flags.writeable:
                return True
            got = rne.array_multiply(a, b, out=out, workers=draw.workers())
            if got is not out:
                return False
            got = np.asarray(got).astype(expected.dtype)
        elif kind == "scalar":
            expected = np.multiply(np.asarray(a), 3)
            got = rne.process_data(a, 3, workers=draw.workers())
        else:
            got = rne.array_multiply(a, b, workers=draw.workers())
    if expected.dtype.kind == "c":
        got = np.asarray(got)
        if got.dtype != expected.dtype or got.shape != expected.shape:
            return False
        finite = np.isfinite(expected)
        return bool(np.allclose(got[finite], expected[finite], rtol=1e-5))
    return same(got, expected)


def matrix_multiply(draw: Draw) -> bool:
    """Matrix products."""
    k = draw.of(0, 1, 2, 3, 7, 16, 33, 70)
    m, n = (int(draw.rng.integers(1, draw.of(4, 12, 40))) for _ in range(2))
    stack = draw.of((), (), (2,), (3, 1))
    left = draw.of((*stack, m, k), (k,))
    right = draw.of((k, n), (k,), (*stack, k, n))
    names = draw.of(DTYPES, INTEGERS)
    a, b = draw.array(draw.of(*names), left), draw.array(draw.of(*names), right)
    with np.errstate(all="ignore"):
        expected = np.matmul(np.asarray(a), np.asarray(b))
        got = np.asarray(rne.matrix_multiply(a, b, workers=draw.workers()))
        if got.dtype != expected.dtype or got.shape != expected.shape:
            return False
        if expected.dtype.kind not in "fc":
            return same(got, expected)
        wide = "c16" if expected.dtype.kind == "c" else "f8"
        x, y = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            # Where complex products have infinities, which parts are NaN is the kernel's affair.
            return (
                wide == "c16"
                or np.array_equal(np.isfinite(got), np.isfinite(expected))
                or "f2" in (a.dtype.str[1:], b.dtype.str[1:])
            )
        unit = UNIT[expected.real.dtype.name]
        size = np.matmul(np.abs(x), np.abs(y))
        if np.any(size > float(np.finfo(expected.real.dtype).max) / 4):
            return True
        error = (2 * k + 8) * unit * size + float(np.finfo(expected.real.dtype).tiny)
        exact = np.matmul(x, y)
    return near(got.real, exact.real, error) and near(got.imag, exact.imag, error)


def filters(draw: Draw) -> bool:
    """Blur and edges, against SciPy in double precision."""
    ndimage = pytest.importorskip("scipy.ndimage")
    shape = tuple(int(draw.rng.integers(1, draw.of(4, 12, 40))) for _ in range(2))
    channel_axis = draw.of(None, None, -1, 0)
    channels = 1 if channel_axis is None else 3
    if channel_axis is not None:
        shape = (*shape, 3) if channel_axis else (3, *shape)
    a = draw.array(draw.of(*REAL), shape, special=False)
    if a.dtype.kind in "iu" and a.dtype.itemsize == 8:
        a = (np.asarray(a) % 1000).astype(a.dtype)
    wide = np.asarray(a).astype("f8")
    planes = [wide] if channel_axis is None else list(np.moveaxis(wide, channel_axis, 0))
    mode = draw.of("reflect", "constant", "nearest", "mirror", "wrap")
    cval = float(draw.of(0, 3)) if a.dtype.kind != "b" else 0.0
    size = np.abs(wide).max() + abs(cval)
    is_single = a.dtype.itemsize <= 2 or a.dtype.newbyteorder("=") == np.float32
    error = 64 * (2.0**-23 if is_single else EPS) * size
    options = {"mode": mode, "cval": cval, "channel_axis": channel_axis, "workers": draw.workers()}
    options["dtype"] = dtype = draw.of("f8", a.dtype.newbyteorder("="))
    if draw.of(True, False):
        sigma = (draw.of(0.0, 0.5, 1.0, 2.3), draw.of(0.4, 1.0, 3.0))
        call = draw.of(rne.gaussian_blur, rne.process_image)
        got = call(a, sigma=sigma, **options)
        expected = [ndimage.gaussian_filter(plane, sigma, mode=mode, cval=cval) for plane in planes]
        # Eight bits are computed in integers, and have a bound of their own.
        error = 0.51 if a.dtype == np.uint8 else error
    else:
        axis = draw.of(None, 0, 1)
        if axis is None:
            got = draw.of(rne.sobel, lambda image, **rest: rne.process_image(image, "edges", **rest))(
                a, **options
            )
        else:
            of_array = axis + 1 if channel_axis == 0 else axis
            got = rne.sobel(a, axis=of_array, **options)
        # The image continues, and not its derivative.
        pad = [np.pad(p, 1, "constant", constant_values=cval) if mode == "constant" else p for p in planes]
        edges = [[ndimage.sobel(p, i, mode=mode) for i in (0, 1)] for p in pad]
        if mode == "constant":
            edges = [[edge[1:-1, 1:-1] for edge in both] for both in edges]
        expected = [np.hypot(*both) if axis is None else both[axis] for both in edges]
    exact = np.stack(expected, channel_axis) if channels > 1 else expected[0]
    got = np.asarray(got)
    dtype = np.dtype(dtype)
    if got.dtype != dtype:
        return False
    if dtype.kind == "b":
        unsure = np.abs(exact - 0.5) <= error
        return got.shape == exact.shape and bool(np.all((got == (exact > 0.5)) | unsure))
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        exact = np.clip(exact, info.min, info.max)
        return near(got, exact, max(error, 0.5 + error if a.dtype != np.uint8 else 0.51))
    rounding = 2 * UNIT[dtype.name] * np.abs(exact) if dtype != np.float64 else 0.0
    with np.errstate(all="ignore"):
        exact = exact.astype(dtype).astype("f8")
    return near(got, exact, error + rounding)


def moving_average(draw: Draw) -> bool:
    """Means of windows."""
    a = draw.array(draw.of(*REAL), draw.shape(2, 12, 1))
    axis = int(draw.rng.integers(-a.ndim, a.ndim))
    length = a.shape[axis]
    if not length:
        return True
    window = int(draw.rng.integers(1, length + 1))
    min_count = draw.of(None, 1, window)
    policy = draw.of("propagate", "omit")
    got = rne.moving_average(a, window, axis, min_count=min_count, nan_policy=policy, workers=draw.workers())
    dtype = a.dtype.newbyteorder("=") if a.dtype.kind == "f" else np.dtype("f8")
    if got.shape != a.shape or got.dtype != dtype:
        return False
    least = window if min_count is None else min_count
    return all(
        means_are_right(line, means, window, least, policy == "omit", dtype)
        for line, means in zip(lines(a, axis), lines(got, axis))
    )


def processor(draw: Draw) -> bool:
    """Chunks of a stream."""
    values = draw.array(draw.of(*REAL), (int(draw.rng.integers(0, 60)),))
    chunk = int(draw.rng.integers(1, 12))
    ours, other = rne.DataProcessor(chunk), rne.DataProcessor(3)
    pieces = draw.cuts(len(values), 4)
    for piece in pieces[:2]:
        ours.add_data(values[piece])
    for piece in pieces[2:]:
        other.add_data(values[piece])
    ours.merge(other)
    line = lines(values, None)[0]
    if not statistics_are_right(line, None, 1, dict(ours.stats())):
        return False
    count, mean, std = ours.get_statistics()
    if line:
        ends = {"min": ours.stats().min, "max": ours.stats().max}
        if not statistics_are_right(line, None, 0, {"count": count, "mean": mean, "std": std, **ends}):
            return False
    elif (count, mean, std) != (0, 0.0, 0.0):
        return False
    means = ours.process_chunks().tolist()
    if len(means) != len(line) // chunk or len(ours) != len(line) % chunk:
        return False
    inside = (line[start : start + chunk] for start in range(0, len(line), chunk))
    return all(chunk_mean_is_right(part, mean) for part, mean in zip(inside, means))


def select(draw: Draw) -> bool:
    """Elements above a threshold, doubled."""
    a = draw.array(draw.of(*REAL), draw.shape(1, 30, 1))
    threshold = draw.of(0.0, 1.0, -3.5, 100.0, float("inf"), float("nan"))
    plain = np.asarray(a)
    chosen = plain[plain.astype("O") > threshold]
    if (
        a.dtype.kind in "iu"
        and chosen.size
        and not _fits(2 * int(chosen.max()), 2 * int(chosen.min()), a.dtype)
    ):
        with pytest.raises(OverflowError, match="cannot be doubled"):
            rne.process_numbers(a, threshold)
        return True
    with np.errstate(all="ignore"):
        return same(rne.process_numbers(a, threshold), chosen * 2)


def _fits(high: int, low: int, dtype: np.dtype[Any]) -> bool:
    info = np.iinfo(dtype)
    return info.min <= low and high <= info.max


CALLS: list[Callable[[Draw], bool]] = [
    sum_array,
    sum_list,
    sines,
    compute_stats,
    merged_stats,
    groups,
    quantiles,
    found_quantiles,
    multiply,
    matrix_multiply,
    filters,
    moving_average,
    processor,
    select,
]


def differs(number: int, call: Callable[[Draw], bool] | None = None) -> str | None:
    """Make the call with this number; return what is wrong, if anything is."""
    call = call or CALLS[number % len(CALLS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return None if call(Draw(number)) else f"{number} ({call.__name__})"
        except Exception as error:
            return f"{number} ({call.__name__}): {error!r}"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "count",
    [
        pytest.param(1400, id="quick"),
        pytest.param(int(os.environ.get("RANDOM_CALLS", "20000")), id="soak", marks=pytest.mark.soak),
    ],
)
def test_random_calls(count: int, figure: Callable[[str, str, bool], None]) -> None:
    pytest.importorskip("scipy.ndimage")
    wrong = [found for found in map(differs, range(count)) if found]
    figure(
        "Random calls of all array functions give what NumPy, SciPy and exact fractions give",
        f"{count:,} calls, differences: {len(wrong)}{' ' + '; '.join(wrong[:9]) if wrong else ''}",
        not wrong,
    )


if __name__ == "__main__":
    first, last = int(sys.argv[1]), int(sys.argv[-1])
    for number in range(first, last + 1):
        if found := differs(number):
            print(found)
