"""quantiles against NumPy, and against sorting."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import FLOATS, INTEGERS, REAL, layouts, sample, strided

from rust_numpy_example import QuantileFinder, QuantileSketch, quantiles

NEWEST = tuple(map(int, np.__version__.split(".")[:2])) >= (2, 4)
newest = pytest.mark.skipif(not NEWEST, reason="NumPy before 2.4 rounds q, and promotes in another way")
AxisError = getattr(np, "exceptions", np).AxisError
MAX_AXES = 64 if np.__version__ >= "2" else 32

DISCRETE = ["inverted_cdf", "closest_observation", "lower", "higher", "nearest"]
CONTINUOUS = [
    "averaged_inverted_cdf",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "midpoint",
]
METHODS = DISCRETE + CONTINUOUS
LEVELS = [0.0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.99, 1.0]


def place(method: str, n: int, q: float) -> tuple[int, int, float]:
    """The two ranks and the weight of the upper one, by the table of Hyndman and Fan."""
    if method in ("lower", "higher", "nearest"):
        rounded = {"lower": math.floor, "higher": math.ceil, "nearest": round}[method]((n - 1) * q)
        return int(rounded), int(rounded), 0.0
    if method in ("inverted_cdf", "closest_observation"):
        index = n * q - 1 - (0.5 if method == "closest_observation" else 0)
        floor = math.floor(index)
        stays = index == floor and (method == "inverted_cdf" or floor % 2 == 1)
        rank = max(floor if stays else floor + 1, 0)
        return rank, rank, 0.0
    if method == "linear":
        index = (n - 1) * q
    elif method == "midpoint":
        index = 0.5 * (math.floor((n - 1) * q) + math.ceil((n - 1) * q))
    elif method == "averaged_inverted_cdf":
        index = n * q - 1
    else:
        alpha, beta = {
            "interpolated_inverted_cdf": (0.0, 1.0),
            "hazen": (0.5, 0.5),
            "weibull": (0.0, 0.0),
            "median_unbiased": (1 / 3.0, 1 / 3.0),
            "normal_unbiased": (3 / 8.0, 3 / 8.0),
        }[method]
        index = n * q + (alpha + q * (1 - alpha - beta)) - 1
    if index >= n - 1:
        return n - 1, n - 1, 0.0
    if index < 0:
        return 0, 0, 0.0
    below = math.floor(index)
    weight = index - below
    if method == "averaged_inverted_cdf":
        weight = 1.0 if weight else 0.5
    if method == "midpoint":
        weight = 0.5 if weight else 0.0
    return below, below + 1, weight


def exact(values: Any, q: float, method: str) -> Fraction:
    """The quantile without any rounding after the position."""
    numbers = sorted(Fraction(x) for x in np.asarray(values).ravel().tolist())
    below, above, weight = place(method, len(numbers), q)
    return numbers[below] + (numbers[above] - numbers[below]) * Fraction(weight)


def same(ours: Any, theirs: Any) -> None:
    """The same type, dtype, shape and bits; any NaN is a NaN."""
    assert type(ours) is type(theirs)
    a, b = np.asarray(ours), np.asarray(theirs)
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]))


def numpys(a: Any, *args: Any, omit: bool = False, **options: Any) -> Any:
    """What NumPy gives, without its warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return (np.nanquantile if omit else np.quantile)(a, *args, **options)


def axes_of(ndim: int) -> Iterator[Any]:
    yield None
    yield from range(-ndim, ndim)
    if ndim:
        yield tuple(range(ndim))
    if ndim > 1:
        yield (0, -1)


@newest
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_are_numpys_to_the_bit(dtype: str, method: str) -> None:
    rng = np.random.default_rng(7)
    for n in (1, 2, 3, 7, 10, 101):
        a = rng.normal(0, 100, n).astype(dtype)
        for q in [*LEVELS, LEVELS, np.float64(0.3), np.array(0.3), np.array([LEVELS, LEVELS])]:
            same(quantiles(a, q, method=method), numpys(a, q, method=method))
    a = rng.normal(size=5000).astype(dtype)
    same(quantiles(a, LEVELS, method=method), numpys(a, LEVELS, method=method))
    same(quantiles(a, 0.77, method=method), numpys(a, 0.77, method=method))


@pytest.mark.thorough
@newest
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_numpys_where_its_differences_do_not_wrap(dtype: str, method: str) -> None:
    info = np.iinfo(dtype)
    for low, high in ((0, info.max), (info.min // 2, info.max // 2)):
        for n in (1, 2, 5, 40):
            a = np.random.default_rng(n).integers(low, high, n, dtype, endpoint=True)
            for q in [*LEVELS, LEVELS]:
                same(quantiles(a, q, method=method), numpys(a, q, method=method))


@newest
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_shape_and_axis_is_numpys(dtype: str) -> None:
    for shape in [(), (1,), (5,), (4, 6), (3, 4, 5), (2, 1, 3, 2)]:
        a = sample(dtype, shape)
        for axis in axes_of(len(shape)):
            for q in (0.3, [0.3, 0.6, 0.3], [[0.1], [0.9]], []):
                for keepdims in (False, True):
                    for method in ("linear", "nearest"):
                        got = quantiles(a, q, axis, keepdims=keepdims, method=method)
                        want = numpys(a, q, axis, keepdims=keepdims, method=method)
                        # With keepdims NumPy's scalar is an array without axes.
                        same(got, want if np.ndim(want) else want[()])
        got = quantiles(a, 0.25, axis=())
        same(np.asarray(got), np.asarray(numpys(a, 0.25, axis=())))


@newest
@pytest.mark.parametrize("dtype", ["bool", *REAL])
def test_levels_of_any_dtype_give_numpys_dtype(dtype: str) -> None:
    a = sample(dtype, (8,)) if dtype == "bool" else np.arange(8).astype(dtype)
    for q in (
        0.5,
        0,
        1,
        np.float16(0.5),
        np.float32(0.5),
        np.float64(0.5),
        np.array([0, 1]),
        np.int8(1),
        True,
    ):
        for method in ("linear", "hazen", "lower"):
            if dtype == "bool" and not (method == "lower" or isinstance(q, (int, np.integer, np.ndarray))):
                continue  # NumPy refuses to interpolate bools
            if dtype == "bool" and method == "hazen":
                continue
            same(quantiles(a, q, method=method), numpys(a, q, method=method))


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", REAL)
def test_any_numpy_sees_the_element_or_the_number_between(dtype: str, method: str) -> None:
    for n in (1, 2, 9, 500):
        a = sample(dtype, (n,), seed=n)
        for q in LEVELS:
            got = quantiles(a, q, method=method)
            want = float(exact(a, q, method))
            kind = np.dtype(dtype)
            if method in DISCRETE:
                assert got.dtype == kind and got == want
            else:
                assert got.dtype == (kind if kind.kind == "f" else "f8")
                assert abs(float(got) - want) <= 8 * float(np.finfo(got.dtype).eps) * max(1.0, abs(want))


@pytest.mark.parametrize("dtype", REAL)
def test_every_layout_gives_the_same(dtype: str) -> None:
    for shape in [(5, 6), (), (1,), (3, 4, 5), (2, 40)]:
        array = sample(dtype, shape)
        for axis in axes_of(len(shape)):
            want = quantiles(array, [0.3, 0.5], axis)
            for name, layout in layouts(array):
                if layout.shape == shape:
                    np.testing.assert_array_equal(quantiles(layout, [0.3, 0.5], axis), want, err_msg=name)


def sorted_lower(a: np.ndarray, q: float, axis: Any) -> Any:
    """``method='lower'`` by sorting."""
    axes = tuple(range(a.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    kept = [i for i in range(a.ndim) if i not in axes]
    moved = np.ascontiguousarray(np.transpose(a, [*kept, *axes])).reshape([a.shape[i] for i in kept] + [-1])
    return np.sort(moved, axis=-1)[..., math.floor((moved.shape[-1] - 1) * q)]


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [(20_001,), (3, 9001), (9001, 3), (20_000, 2), (40, 30, 20), (300, 200)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint32", "int16", "uint8", "float16"])
def test_larger_arrays_are_as_if_sorted(shape: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(3)
    a = (rng.standard_normal(shape) * 50 + 100).astype(dtype)
    for laid in (a, np.asfortranarray(a), np.repeat(a, 2, axis=-1)[..., ::2]):
        for axis in [None, *range(len(shape))]:
            for workers in (1, 3):
                got = quantiles(laid, [0.1, 0.5], axis, method="lower", workers=workers)
                np.testing.assert_array_equal(got, [sorted_lower(a, q, axis) for q in (0.1, 0.5)])


def test_many_levels() -> None:
    a = np.random.default_rng(0).normal(size=30_000)
    q = np.linspace(0, 1, 1001)
    np.testing.assert_array_equal(
        quantiles(a, q, method="higher"), np.sort(a)[np.ceil(29_999 * q).astype(int)]
    )


# ------------------------------------------------------------------ NaN, infinities, ends


@newest
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_is_numpys(dtype: str) -> None:
    a = sample(dtype, (6, 7, 8))
    a[0, 1, 2] = np.nan
    a[:, 3, 3] = np.nan
    for axis in axes_of(3):
        for method in ("linear", "nearest", "weibull"):
            same(quantiles(a, [0.3, 0.5], axis, method=method), numpys(a, [0.3, 0.5], axis, method=method))
            got = quantiles(a, 0.3, axis, method=method, nan_policy="omit")
            np.testing.assert_array_equal(got, numpys(a, 0.3, axis, method=method, omit=True))


@pytest.mark.parametrize("n", [1, 10, 5000, 100_000])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_policies(dtype: str, n: int) -> None:
    a = (np.arange(n) % 1000).astype(dtype)
    for step in (1, 7):
        holes = a.copy()
        holes[::step] = -np.nan
        assert np.isnan(quantiles(holes, 0.5)) and np.isnan(quantiles(holes, 0.5, method="lower"))
        assert np.isnan(quantiles(holes, [0, 1])).all()
        numbers = holes[~np.isnan(holes)]
        got = quantiles(holes, [0.2, 0.9], nan_policy="omit", method="lower")
        if numbers.size:
            np.testing.assert_array_equal(got, quantiles(numbers, [0.2, 0.9], method="lower"))
        else:
            assert np.isnan(got).all()
        with pytest.raises(ValueError, match="quantiles: argument arr, got a NaN, expected none"):
            quantiles(holes, 0.5, nan_policy="raise")
    quantiles(a, 0.5, nan_policy="raise")


def test_infinities_that_have_no_weight_do_not_matter() -> None:
    inf = np.inf
    assert quantiles([1, 2, inf], 0.5) == 2
    assert quantiles([inf, inf, inf], 0.3) == inf
    assert quantiles([-inf, 1.0], 0) == -inf
    assert quantiles([-inf, 1.0], 0.75) == -inf and quantiles([1.0, inf], 0.25) == inf
    assert np.isnan(quantiles([-inf, inf], 0.5))
    assert quantiles([-1.5e308, 1.5e308], 0.5) == 0
    assert quantiles(np.array([-3e38, 3e38], "f4"), 0.75) == np.float32(1.5e38)


def test_zeros_are_in_order() -> None:
    a = np.array([0.0, -0.0, 0.0, -0.0])
    assert np.signbit(quantiles(a, [0, 0.4, 0.6, 1], method="nearest")).tolist() == [True, True, False, False]


def test_integers_are_exact() -> None:
    a = np.array([2**62 + 1, -(2**63), 2**63 - 1, 5])
    for q, want in ((0, -(2**63)), (0.5, 5), (0.7, 2**62 + 1), (1, 2**63 - 1)):
        assert int(quantiles(a, q, method="lower")) == want
    big = np.array([2**64 - 1, 2**64 - 3], np.uint64)
    assert int(quantiles(big, 1.0, method="nearest")) == 2**64 - 1
    assert quantiles(np.array([-128, 127], np.int8), 0.5) == -0.5
    assert quantiles(np.array([-(2**63), 2**63 - 1]), 0.25) == -(2.0**62)
    assert quantiles([True, False, True], 0.5) == 1.0 and quantiles([True, False], 0.5) == 0.5
    assert quantiles([False, True], 0.1, method="lower").dtype == bool


def test_empty_input() -> None:
    for array, axis in (
        (np.zeros(0), None),
        (np.zeros((0, 3)), 0),
        (np.zeros((2, 0)), 1),
        (np.zeros(0, int), 0),
    ):
        with pytest.raises(ValueError, match="at least one element in each line"):
            quantiles(array, 0.5, axis)
    assert quantiles(np.zeros((0, 3)), 0.5, 1).shape == (0,)
    assert quantiles(np.zeros((0, 3)), [0.5, 0.6], 1, keepdims=True).shape == (2, 0, 1)
    assert quantiles(np.zeros((0, 3)), [], 0, nan_policy="omit").shape == (0, 3)
    nothing = quantiles(np.zeros((0, 3), "f4"), 0.5, 0, nan_policy="omit")
    assert np.isnan(nothing).all() and (nothing.shape, nothing.dtype) == ((3,), np.float32)
    with pytest.raises(ValueError, match="at least one element"):
        quantiles(np.zeros(0, int), 0.5, nan_policy="omit")
    assert quantiles([1.0, 2.0], []).shape == (0,)


def test_repeated_elements_count_each_time() -> None:
    a = np.arange(7.0)
    for n in (7, 6000):
        a = np.random.default_rng(n).normal(size=n)
        wide = np.broadcast_to(a, (4, n))
        np.testing.assert_array_equal(quantiles(wide, LEVELS), quantiles(wide.copy(), LEVELS))
        assert quantiles(np.broadcast_to(np.float64(3), 50_000), 0.2) == 3


# ------------------------------------------------------------------ weights


def weighted(values: Any, weights: Any, q: float) -> Any:
    """The first element at which the share of the weights reaches the level."""
    pairs = sorted(zip(values, weights), key=lambda pair: pair[0])
    sums = np.cumsum([weight for _, weight in pairs], dtype=float)
    shares = sums / sums[-1]
    for (value, _), share in zip(pairs, shares):
        if share >= q and not (share == 0 and shares[0] == 0):
            return value
    return pairs[-1][0]


@pytest.mark.parametrize("dtype", REAL)
def test_weights(dtype: str) -> None:
    rng = np.random.default_rng(2)
    for n in (1, 2, 9, 300):
        a = rng.permutation(sample(dtype, (n,), seed=n))
        for weights in (
            rng.random(n) + 0.01,
            rng.integers(1, 5, n),
            np.ones(n, bool),
            np.arange(n) + (n == 1),
        ):
            for q in LEVELS:
                got = quantiles(a, q, method="inverted_cdf", weights=weights)
                assert got == weighted(a.tolist(), weights.tolist(), q) and got.dtype == a.dtype


@newest
@pytest.mark.parametrize("omit", [False, True])
def test_weights_are_numpys_along_axes(omit: bool) -> None:
    rng = np.random.default_rng(4)
    a = rng.permutation(np.arange(120.0)).reshape(4, 5, 6)
    if omit:
        a[0, 2, 3] = np.nan
    policy = "omit" if omit else "propagate"
    full = rng.random(a.shape)
    cases = [
        (None, full),
        (0, full),
        (0, full[:, 0, 0]),
        ((2, 0), full),
        ((2, 0), full[:, 0, :].T),
        (-1, full[0, 0]),
    ]
    for axis, weights in cases:
        if omit and np.shape(weights) != a.shape:
            continue  # NumPy raises an IndexError
        for q in (0.3, [0.0, 0.5, 1.0]):
            for keepdims in (False, True):
                options = {"method": "inverted_cdf", "weights": weights, "keepdims": keepdims}
                got = quantiles(a, q, axis, nan_policy=policy, **options)
                same(np.asarray(got), np.asarray(numpys(a, q, axis, omit=omit, **options)))


def test_long_weighted_lines_are_sorted_in_pieces() -> None:
    rng = np.random.default_rng(6)
    a, weights = rng.normal(size=150_000), rng.integers(0, 4, 150_000, dtype=np.intp)
    repeated = np.repeat(a, weights)
    want = quantiles(repeated, LEVELS, method="inverted_cdf")
    for workers in (1, 3):
        got = quantiles(a, LEVELS, weights=weights, method="inverted_cdf", workers=workers)
        np.testing.assert_array_equal(got, want)


def test_elements_without_weight_do_not_count() -> None:
    a = [1.0, 2.0, 3.0]
    assert quantiles(a, 0, weights=[0, 1, 1], method="inverted_cdf") == 2
    assert quantiles(a, 1, weights=[1, 1, 0], method="inverted_cdf") == 2


@pytest.mark.parametrize(
    ("weights", "axis", "message"),
    [
        ([1, -1, 1], None, "argument weights, got a negative one"),
        ([0, 0, 0], None, "got a sum that is 0, infinite or NaN"),
        ([1, np.inf, 1], None, "got a sum that is 0"),
        ([1, np.nan, 1], 0, "got a sum that is 0"),
        ([1, 1], 0, r"argument weights, got shape \(2,\), expected \(3,\)"),
    ],
)
def test_wrong_weights(weights: list[float], axis: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quantiles([1.0, 2.0, 3.0], 0.5, axis, weights=weights, method="inverted_cdf")


# ------------------------------------------------------------------ arguments

A = np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: quantiles(A, 1.5), ValueError, "argument q, got 1.5, expected levels from 0 to 1"),
        (lambda: quantiles(A, [0.5, np.nan]), ValueError, "argument q, got NaN"),
        (lambda: quantiles(A, -1), ValueError, "argument q, got -1"),
        (
            lambda: quantiles(A, np.ones((1, 1, 1))),
            ValueError,
            "argument q, got 3 axes, expected at most two",
        ),
        (lambda: quantiles(A, 0.5j), TypeError, "argument q, got dtype complex128"),
        (lambda: quantiles(A, None), TypeError, "argument q, got dtype object"),
        (lambda: quantiles(A, 0.5, 2), AxisError, "argument axis, got 2"),
        (lambda: quantiles(A, 0.5, (0, 0)), ValueError, "no axis twice"),
        (lambda: quantiles(A, 0.5, 0.5), TypeError, "argument axis, got float"),
        (lambda: quantiles(A * 1j, 0.5), TypeError, "argument arr, got dtype complex128"),
        (lambda: quantiles("abc", 0.5), TypeError, "argument arr, got dtype <U3"),
        (lambda: quantiles(np.ma.ones(3), 0.5), TypeError, "argument arr, got a masked array"),
        (
            lambda: quantiles(A, 0.5, method="cubic"),
            ValueError,
            "argument method, got 'cubic', expected 'inverted_cdf'",
        ),
        (lambda: quantiles(A, 0.5, method=7), TypeError, "argument method, got int"),
        (lambda: quantiles(A, 0.5, nan_policy="x"), ValueError, "argument nan_policy, got 'x'"),
        (
            lambda: quantiles(A, 0.5, weights=A),
            ValueError,
            "argument method, got 'linear', expected 'inverted_cdf'",
        ),
        (lambda: quantiles(A, 0.5, keepdims=1), TypeError, "argument keepdims, got int"),
        (lambda: quantiles(A, 0.5, workers=0), ValueError, "argument workers, got 0"),
        (lambda: QuantileFinder(0.5, memory=1), ValueError, "QuantileFinder: argument memory, got 1"),
        (lambda: QuantileFinder(2), ValueError, "QuantileFinder: argument q, got 2"),
        (
            lambda: QuantileFinder(0.5).update("a"),
            TypeError,
            "QuantileFinder.update: argument arr, got dtype <U1",
        ),
        (lambda: QuantileFinder(0.5).quantiles(), ValueError, "they are not known yet"),
        (lambda: QuantileSketch(0), ValueError, "QuantileSketch: argument error, got 0, expected a number"),
        (lambda: QuantileSketch(float("nan")), ValueError, "argument error, got NaN"),
        (lambda: QuantileSketch().quantile(0.5), ValueError, "there are no elements"),
        (lambda: QuantileSketch().quantile(2), ValueError, "QuantileSketch.quantile: argument q, got 2"),
        (lambda: QuantileSketch().merge(5), TypeError, "QuantileSketch.merge: argument other, got int"),
        (lambda: QuantileSketch(_state=(1, 2)), ValueError, "one that QuantileSketch has made"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# ------------------------------------------------------------------ any array


@given(st.data(), st.sampled_from(REAL), st.sampled_from(METHODS))
def test_any_view_is_as_if_sorted(data: st.DataObject, dtype: str, method: str) -> None:
    array = np.asarray(data.draw(strided(np.dtype(dtype))))
    array = np.where(array == array, array, np.array(1).astype(dtype)) if array.dtype.kind == "f" else array
    q = data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=3))
    if not array.size:
        return
    got = quantiles(array, q, method=method)
    flat = np.sort(array, axis=None)
    for level, value in zip(q, got.tolist()):
        below, above, _ = place(method, flat.size, level)
        assert np.isnan(value) or flat[below] <= value <= flat[above] or np.isclose(value, float(flat[below]))
        if method in DISCRETE:
            assert value == flat[below]


@newest
@given(
    hnp.arrays(st.sampled_from(["f8", "f4"]), st.integers(1, 60), elements=st.floats(-1e6, 1e6, width=32)),
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.sampled_from(METHODS),
)
def test_any_floats_are_numpys_to_the_bit(a: np.ndarray, q: list[float], method: str) -> None:
    a = a + 0.0  # no -0.0, of which NumPy does not say where it goes
    same(quantiles(a, q, method=method), numpys(a, q, method=method))
    same(quantiles(a, q[0], method=method), numpys(a, q[0], method=method))


def test_more_axes_than_an_array_has_are_an_error() -> None:
    array = np.arange(6.0).reshape((1,) * (MAX_AXES - 2) + (2, 3))
    assert quantiles(array, [0.5], axis=-1).ndim == MAX_AXES
    with pytest.raises(ValueError, match=rf"axes|{MAX_AXES}"):
        quantiles(array, [[0.5]], axis=-1)
