"""Random calls of every array function: dtypes, layouts, special values and options as they fall.

Each call is compared with NumPy, SciPy or exact fractions. ``RANDOM_CALLS=1000000 python -m pytest -m soak
tests/reliability/test_random_calls.py`` makes that many. A call that differs is named by its number, which makes it again:
``python tests/reliability/test_random_calls.py NUMBER``.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, INTEGERS, REAL, layouts

import rust_numpy_example as rne

EPS = 2.0**-52
#: What rounding to a dtype costs, relative.
UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}


class Draw:
    """What falls."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def of(self, *choices: Any) -> Any:
        """Return one of them."""
        return choices[self.rng.integers(len(choices))]

    def shape(self, most_axes: int = 3, side: int = 9, least_axes: int = 0) -> tuple[int, ...]:
        """Return a shape; now and then a long axis, or none of its elements."""
        axes = int(self.rng.integers(least_axes, most_axes + 1))
        shape = [int(self.rng.integers(1, side + 1)) for _ in range(axes)]
        if axes and self.rng.random() < 0.1:
            shape[self.rng.integers(axes)] = int(self.of(0, 1, 64, 257, 600))
        return tuple(shape)

    def array(self, dtype: Any, shape: tuple[int, ...], special: bool = True) -> np.ndarray:
        """Return an array of some layout."""
        dtype = np.dtype(dtype)
        if dtype.kind == "c":
            part = np.dtype(f"f{dtype.itemsize // 2}")
            values = self._values(part, shape, special) + 1j * self._values(part, shape, special)
        else:
            values = self._values(dtype, shape, special)
        plain = np.asarray(values).astype(dtype)
        seen = list(layouts(plain)) if plain.ndim else [("C", plain)]
        return seen[self.rng.integers(len(seen))][1]

    def _values(self, dtype: np.dtype[Any], shape: tuple[int, ...], special: bool) -> np.ndarray:
        rng = self.rng
        if dtype.kind == "b":
            return rng.random(shape) < rng.random()
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            low, high = self.of(
                (0, 9), (info.min, info.max), (info.max - 9, info.max), (info.min, info.min + 9)
            )
            return rng.integers(low, high, shape, dtype, endpoint=True)
        scale = self.of(1.0, 1.0, 1e-3, 1e3)
        values = rng.standard_normal(shape) * scale + self.of(0.0, 0.0, 1.0, 1e3, -1e4)
        if special and rng.random() < 0.3 and values.size:
            flat = values.reshape(-1)
            info = np.finfo(dtype)
            for _ in range(int(rng.integers(1, 4))):
                flat[rng.integers(flat.size)] = self.of(np.nan, np.inf, -np.inf, 0.0, -0.0, float(info.tiny))
        return values

    def axis(self, ndim: int) -> Any:
        """Return axes to reduce over."""
        if not ndim or self.rng.random() < 0.3:
            return None
        if self.rng.random() < 0.5:
            return int(self.rng.integers(-ndim, ndim))
        some = self.rng.permutation(ndim)[: self.rng.integers(0, ndim + 1)]
        return tuple(int(axis) for axis in some)

    def workers(self) -> int | None:
        """Return a number of threads."""
        return self.of(None, 1, 2)


def lines(a: np.ndarray, axis: Any) -> list[list[Any]]:
    """Return the elements that are reduced to each element of a result, as Python's numbers."""
    a = np.asarray(a)
    axes = range(a.ndim) if axis is None else [i % a.ndim for i in np.atleast_1d(np.array(axis, int))]
    kept = [i for i in range(a.ndim) if i not in axes]
    count = math.prod(a.shape[i] for i in kept)
    moved = a.transpose([*kept, *axes])
    length = math.prod(a.shape[i] for i in axes)
    return np.ascontiguousarray(moved).astype(a.dtype.newbyteorder("=")).reshape(count, length).tolist()


def same(got: Any, expected: Any) -> bool:
    """Tell whether arrays are equal in dtype, shape and values, NaN being equal to NaN."""
    got, expected = np.asarray(got), np.asarray(expected)
    return (
        got.dtype == expected.dtype
        and got.shape == expected.shape
        and np.array_equal(got, expected, equal_nan=got.dtype.kind in "fc")
    )


def near(got: Any, expected: Any, error: Any) -> bool:
    """Tell whether floats are as near as that, and what is not finite is the same."""
    got, expected = np.asarray(got, "f8"), np.asarray(expected, "f8")
    if got.shape != expected.shape:
        return False
    finite = np.isfinite(expected)
    if not np.array_equal(got[~finite], expected[~finite], equal_nan=True):
        return False
    allowed = np.broadcast_to(np.asarray(error, "f8"), got.shape)[finite]
    return bool(np.all(np.abs(got[finite] - expected[finite]) <= allowed))


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


def compute_stats(draw: Draw) -> bool:
    """Statistics, against fractions."""
    a = draw.array(draw.of(*REAL), draw.shape())
    axis, ddof, keepdims = draw.axis(a.ndim), draw.of(0, 1, 1, 2), draw.of(False, True)
    where = None if draw.rng.random() < 0.8 else draw.rng.random(a.shape) < 0.7
    policy = draw.of("propagate", "propagate", "omit")
    got = rne.compute_stats(
        a, axis, ddof=ddof, keepdims=keepdims, where=where, nan_policy=policy, workers=draw.workers()
    )
    shape = np.sum(np.zeros(a.shape), axis=axis, keepdims=keepdims).shape
    if any(np.shape(got[key]) != shape for key in got):
        return False
    counts = None if where is None else lines(np.broadcast_to(where, a.shape), axis)
    parts = [np.reshape(got[key], -1).tolist() for key in ("count", "mean", "std", "min", "max")]
    for index, line in enumerate(lines(a, axis)):
        if counts is not None:
            line = [x for x, counted in zip(line, counts[index]) if counted]
        if policy == "omit":
            line = [x for x in line if x == x]
        if not _line_is_right(line, ddof, *(part[index] for part in parts)):
            return False
    return True


def _line_is_right(line: list[Any], ddof: int, count: Any, mean: Any, std: Any, low: Any, high: Any) -> bool:
    if count != len(line):
        return False
    if not line or any(x != x for x in line):
        return all(x != x for x in (mean, std, low, high))
    # Beside a line without elements, whose minimum is NaN, they are floats.
    if low not in (min(line), float(min(line))) or high not in (max(line), float(max(line))):
        return False
    if not all(map(math.isfinite, line)):
        total = sum(line)
        return (mean == total or (mean != mean and total != total)) and std != std
    exact = [Fraction(x) for x in line]
    center = sum(exact) / len(exact)
    if abs(Fraction(mean) - center) > 2 * EPS * sum(map(abs, exact)) / len(exact):
        return False
    if isinstance(line[0], int) and mean != float(center):
        return False
    if len(line) <= ddof:
        return bool(std != std)
    variance = sum((x - center) ** 2 for x in exact) / (len(line) - ddof)
    # The root of a float that is the nearest one has half of its relative error.
    reference = math.sqrt(variance) if variance > 2.0**-900 else 0.0
    return bool(abs(std - reference) <= 1e-13 * reference + 1e-140)


def quantiles(draw: Draw) -> bool:
    """Quantiles, against fractions between sorted elements."""
    a = draw.array(draw.of(*REAL), draw.shape())
    axis = draw.axis(a.ndim)
    if a.size == 0:
        return True
    q = float(draw.of(0.0, 1.0, 0.5, 0.25, draw.rng.random()))
    method = draw.of("linear", "lower", "higher", "midpoint")
    got = rne.quantiles(a, q, axis, method=method, workers=draw.workers())
    for line, value in zip(lines(a, axis), np.reshape(got, -1).tolist()):
        if any(x != x for x in line):
            if value == value:
                return False
            continue
        ordered = sorted(map(int, line) if a.dtype.kind in "biu" else line)
        place = q * (len(line) - 1)
        below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
        if method == "lower" or below == above:
            right = (
                value == below
                or a.dtype.kind in "biu"
                and method in ("linear", "midpoint")
                and value == float(below)
            )
        elif method == "higher":
            right = value == above
        elif not (math.isfinite(below) and math.isfinite(above)):
            continue
        else:
            share = Fraction(1, 2) if method == "midpoint" else Fraction(place) - math.floor(place)
            exact = Fraction(below) + (Fraction(above) - Fraction(below)) * share
            unit = UNIT.get(a.dtype.newbyteorder("=").name, EPS)
            right = abs(Fraction(value) - exact) <= 8 * unit * (abs(Fraction(below)) + abs(Fraction(above)))
        if not right:
            return False
    return True


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
    a = draw.array(draw.of(*REAL), shape, special=False)
    if a.dtype.kind in "iu" and a.dtype.itemsize == 8:
        a = (np.asarray(a) % 1000).astype(a.dtype)
    wide = np.asarray(a).astype("f8")
    mode = draw.of("reflect", "constant", "nearest", "mirror", "wrap")
    cval = float(draw.of(0, 3)) if a.dtype.kind != "b" else 0.0
    size = np.abs(wide).max() + abs(cval)
    unit = {2: 2.0**-23, 4: 2.0**-23, 1: 2.0**-23}.get(a.dtype.itemsize, EPS)
    if draw.of(True, False):
        sigma = (draw.of(0.0, 0.5, 1.0, 2.3), draw.of(0.4, 1.0, 3.0))
        got = rne.gaussian_blur(a, sigma, mode=mode, cval=cval, dtype="f8", workers=draw.workers())
        expected = ndimage.gaussian_filter(wide, sigma, mode=mode, cval=cval)
        # Eight bits are computed in integers, and have a bound of their own.
        unit = 0.51 / size if a.dtype == np.uint8 and size else unit
    else:
        mode = "reflect" if mode == "constant" else mode
        axis = draw.of(0, 1)
        got = rne.sobel(a, axis=axis, mode=mode, dtype="f8", workers=draw.workers())
        expected = ndimage.sobel(wide, axis, mode=mode)
    return near(got, expected, 64 * unit * size)


def moving_average(draw: Draw) -> bool:
    """Means of windows, against fractions."""
    a = draw.array(draw.of(*REAL), draw.shape(2, 12, 1))
    axis = int(draw.rng.integers(-a.ndim, a.ndim))
    length = a.shape[axis]
    if not length:
        return True
    window = int(draw.rng.integers(1, length + 1))
    min_count = draw.of(None, 1, window)
    policy = draw.of("propagate", "omit")
    got = rne.moving_average(a, window, axis, min_count=min_count, nan_policy=policy, workers=draw.workers())
    if got.shape != a.shape:
        return False
    least = window if min_count is None else min_count
    unit = UNIT[got.dtype.name]
    for line, means in zip(lines(a, axis), lines(got, axis)):
        for end in range(1, length + 1):
            inside = line[max(0, end - window) : end]
            if policy == "omit":
                inside = [x for x in inside if x == x]
            mean = means[end - 1]
            if len(inside) < least or any(x != x for x in inside):
                right = mean != mean
            elif not all(map(math.isfinite, inside)):
                total = sum(inside)
                right = mean == total or (mean != mean and total != total)
            else:
                exact = sum(map(Fraction, inside)) / len(inside)
                size = sum(abs(Fraction(x)) for x in inside) / len(inside)
                right = abs(Fraction(mean) - exact) <= (unit + 40 * EPS) * size + Fraction(
                    float(np.finfo(got.dtype).tiny)
                )
            if not right:
                return False
    return True


def processor(draw: Draw) -> bool:
    """Chunks of a stream."""
    values = draw.array(draw.of(*REAL), (int(draw.rng.integers(0, 60)),))
    chunk = int(draw.rng.integers(1, 12))
    ours = rne.DataProcessor(chunk)
    cuts = np.sort(draw.rng.integers(0, len(values) + 1, 3))
    for piece in np.split(values, cuts):
        ours.add_data(piece)
    means = ours.process_chunks().tolist()
    line = lines(values, None)[0]
    whole = len(line) // chunk
    if len(means) != whole:
        return False
    for index, mean in enumerate(means):
        inside = line[index * chunk : (index + 1) * chunk]
        if not all(map(math.isfinite, inside)):
            total = sum(inside)
            if not (mean == total or (mean != mean and total != total)):
                return False
        else:
            exact = sum(map(Fraction, inside)) / chunk
            # Integers are rounded once; floats are added with twice their digits, and then rounded.
            extra = (
                0
                if values.dtype.kind in "biu"
                else Fraction(2.0**-90) * sum(abs(Fraction(x)) for x in inside)
            )
            if abs(Fraction(mean) - exact) > Fraction(math.ulp(mean)) / 2 + extra:
                return False
    return True


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
    compute_stats,
    quantiles,
    multiply,
    matrix_multiply,
    filters,
    moving_average,
    processor,
    select,
]


def differs(number: int) -> str | None:
    """Make the call with this number; return what is wrong, if anything is."""
    call = CALLS[number % len(CALLS)]
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
        pytest.param(900, id="quick"),
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
