"""What is right, by exact arithmetic: a float is an integer times the smallest float, which Python adds and multiplies
without an error, and faster than fractions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import Any

import numpy as np

EPS = 2.0**-52
#: What rounding to a dtype costs, relative.
UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
#: The smallest float is two to the power of minus this.
SMALLEST = 1074


def whole(x: float) -> int:
    """Return how many times the smallest float goes into a finite number."""
    top, bottom = x.as_integer_ratio()
    return top << (SMALLEST + 1 - bottom.bit_length())


def root(top: int, bottom: int) -> float:
    """Return the square root of a fraction of squares of `whole` numbers, rounded."""
    shift = max(0, 64 - (top.bit_length() - bottom.bit_length()) // 2)
    return math.isqrt((top << (2 * shift)) // bottom) / (1 << (SMALLEST + shift))


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


def as_python_adds(got: float, line: Sequence[float]) -> bool:
    """Tell whether a sum or mean of numbers that are not all finite is the infinity or NaN of these."""
    total = sum(line)
    return got == total or (got != got and total != total)


def sum_is_right(line: list[Any], got: float) -> bool:
    """Tell whether it is the sum of numbers that were added with twice the digits."""
    if not all(map(math.isfinite, line)):
        return as_python_adds(got, line)
    exact = list(map(whole, line))
    return math.isfinite(got) and abs(whole(got) - sum(exact)) << 90 <= (abs(whole(got)) << 38) + sum(
        map(abs, exact)
    )


def statistics_are_right(
    line: list[Any], weights: list[float] | None, ddof: int, found: dict[str, Any]
) -> bool:
    """Tell whether count, mean, std, min and max are those of a line; weights are multiples of a quarter."""
    if weights is not None:
        kept = [(x, weight) for x, weight in zip(line, weights) if weight]
        line, weights = [x for x, _ in kept], [weight for _, weight in kept]
    count, mean, std, low, high = (found[key] for key in ("count", "mean", "std", "min", "max"))
    if count != len(line):
        return False
    if not line or any(x != x for x in line):
        return all(x != x for x in (mean, std, low, high))
    # Beside a line without elements, whose minimum is NaN, they are floats.
    if low not in (min(line), float(min(line))) or high not in (max(line), float(max(line))):
        return False
    if not all(map(math.isfinite, line)):
        return as_python_adds(mean, line) and std != std
    exact = list(map(whole, line))
    one = 1
    total, squares, size, weight = sum(exact), sum(map(mul, exact, exact)), sum(map(abs, exact)), len(exact)
    if weights is not None:
        one, of_each = 4, [int(4 * weight) for weight in weights]
        weighed = list(map(mul, of_each, exact))
        total, squares, weight = sum(weighed), sum(map(mul, weighed, exact)), sum(of_each)
        size = sum(map(abs, weighed))
    if not math.isfinite(mean) or abs(whole(mean) * weight - total) << 51 > size:
        return False
    is_exact = isinstance(line[0], int) and weights is None
    if is_exact and mean != sum(line) / len(line):
        return False
    if weight <= one * ddof:
        return bool(std != std)
    reference = root(weight * squares - total * total, weight * (weight - one * ddof))
    return bool(abs(std - reference) <= (math.ulp(reference) if is_exact else 1e-13 * reference + 1e-140))


def means_are_right(
    line: list[Any], means: list[float], window: int, least: int, is_omitting: bool, dtype: np.dtype[Any]
) -> bool:
    """Tell whether these are the means of the windows that end at each element."""
    numbers = [whole(x) if math.isfinite(x) else 0 for x in line]
    totals = [0, *accumulate(numbers)]
    sizes = [0, *accumulate(map(abs, numbers))]
    gaps = [0, *accumulate(x != x for x in line)]
    infinities = [0, *accumulate(map(math.isinf, line))]
    # Of some forty roundings in float64, and one to the dtype, which may lose what is below its smallest number.
    relative = int((UNIT[dtype.name] + 40 * EPS) * 2**53)
    absolute = whole(float(np.finfo(dtype).tiny)) << 53
    for end, mean in enumerate(means, 1):
        start = max(0, end - window)
        missing = gaps[end] - gaps[start]
        count = end - start - (missing if is_omitting else 0)
        if count < least or (missing and not is_omitting):
            right = mean != mean
        elif infinities[end] - infinities[start]:
            right = as_python_adds(mean, [x for x in line[start:end] if x == x])
        else:
            error = (
                abs(whole(mean) * count - totals[end] + totals[start]) if math.isfinite(mean) else math.inf
            )
            right = error * 2**53 <= relative * (sizes[end] - sizes[start]) + absolute * count
        if not right:
            return False
    return True


def chunk_mean_is_right(line: list[Any], mean: float) -> bool:
    """Tell whether it is the mean of numbers that were added with twice the digits, and then rounded."""
    if not all(map(math.isfinite, line)):
        return as_python_adds(mean, line)
    exact = list(map(whole, line))
    extra = 0 if isinstance(line[0], int) else sum(map(abs, exact)) * len(line)
    if not math.isfinite(mean):
        return False
    error = abs(whole(mean) * len(line) - sum(exact))
    return error << 90 <= (whole(math.ulp(mean)) * len(line) << 89) + extra


#: Methods of quantiles that lie between two elements: the parameters of Hyndman and Fan (1996).
CONTINUOUS = {
    "linear": (1.0, 1.0),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
TAKING = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")
METHODS = (*CONTINUOUS, *TAKING, "midpoint", "averaged_inverted_cdf")


def _place(method: str, q: float, count: int) -> tuple[int, int, float]:
    """Return between which two of the sorted elements a quantile lies, and how far from the first."""
    if method in CONTINUOUS and method != "linear":
        alpha, beta = CONTINUOUS[method]
        place = count * q + (alpha + q * (1 - alpha - beta)) - 1
        place = min(max(place, 0.0), count - 1.0)
    else:
        place = q * (count - 1)
    first, last = math.floor(place), math.ceil(place)
    # The observation with this number, from 1 on, is the first at which the share of those up to it reaches q.
    number = q * count
    if method == "lower":
        last = first
    elif method == "higher":
        first = last
    elif method == "nearest":
        first = last = round(place)
    elif method == "inverted_cdf":
        first = last = max(math.ceil(number), 1) - 1
    elif method == "closest_observation":
        first = last = min(max(round(number), 1), count) - 1
    elif method == "averaged_inverted_cdf":
        first, last = max(math.ceil(number), 1) - 1, min(max(math.floor(number), 0), count - 1)
        return first, last, 0.5
    return first, last, 0.5 if method == "midpoint" else place - math.floor(place)


def quantile_is_right(line: list[Any], value: Any, q: float, method: str, dtype: np.dtype[Any]) -> bool:
    """Tell whether it is the quantile of a line of this dtype."""
    if not line or any(x != x for x in line):
        return bool(value != value)
    ordered = sorted(map(int, line) if dtype.kind in "biu" else line)
    first, last, share = _place(method, q, len(line))
    below, above = ordered[first], ordered[last]
    if method in TAKING:
        return bool(value == below)
    if below == above or share == 0:
        return bool(value == float(below))
    if not (math.isfinite(below) and math.isfinite(above)):
        # Between an infinity and another number.
        return not math.isfinite(value)
    if not math.isfinite(value):
        return False
    low, high, top, bottom = whole(below), whole(above), *share.as_integer_ratio()
    error = abs((whole(value) - low) * bottom - (high - low) * top)
    return error << 53 <= int(8 * UNIT.get(dtype.name, EPS) * 2**53) * (abs(low) + abs(high)) * bottom
