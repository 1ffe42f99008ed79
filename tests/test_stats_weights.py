"""Statistics of elements with weights, against copies, exact arithmetic, NumPy and statsmodels' formulas."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import REAL, layouts, sample

from rust_numpy_example import DataProcessor, Stats, compute_stats

KEYS = ["count", "mean", "std", "min", "max"]


def exact(values: Any, weights: Any, ddof: float = 1) -> tuple[float, float]:
    """The weighted mean and standard deviation, rounded at their end."""
    pairs = [(Fraction(x), Fraction(w)) for x, w in zip(values, weights)]
    total = sum(w for _, w in pairs)
    mean = sum(x * w for x, w in pairs) / total
    squares = sum(w * (x - mean) ** 2 for x, w in pairs)
    if total <= Fraction(ddof):
        return float(mean), math.nan
    variance = squares / (total - Fraction(ddof))
    # A square root of a fraction: of so many digits that the last of a float is right.
    scale = 2 ** (2 * max(0, 200 - math.floor(math.log2(variance.numerator or 1))))
    scale *= 4 ** (variance.denominator.bit_length() // 2)
    return float(mean), float(Fraction(math.isqrt(int(variance * scale)), math.isqrt(scale)))


def naive(values: Any, weights: Any, ddof: float = 1) -> dict[str, Any]:
    """The same by loops, in float64."""
    pairs = [(float(x), float(w)) for x, w in zip(values, weights) if w > 0]
    if not pairs:
        return {"count": 0, **dict.fromkeys(KEYS[1:], math.nan)}
    total = math.fsum(w for _, w in pairs)
    mean = math.fsum(x * w for x, w in pairs) / total
    squares = math.fsum(w * (x - mean) ** 2 for x, w in pairs)
    std = math.sqrt(squares / (total - ddof)) if total > ddof else math.nan
    kept = [x for x, _ in pairs]
    return {"count": len(pairs), "mean": mean, "std": std, "min": min(kept), "max": max(kept)}


@pytest.mark.parametrize("dtype", REAL)
def test_every_layout_of_every_dtype(dtype: str) -> None:
    array = sample(dtype, (5, 6))
    weights = np.random.default_rng(1).integers(0, 4, (5, 6)) / 4
    weights[2] = 0
    for name, layout in layouts(array):
        if layout.shape != array.shape:
            continue
        for of_layout in (weights, np.asfortranarray(weights), weights[::-1][::-1]):
            got = compute_stats(layout, weights=of_layout, ddof=0)
            want = naive(array.ravel(), weights.ravel(), 0)
            np.testing.assert_allclose([float(got[key]) for key in KEYS], [want[key] for key in KEYS], 1e-14)
        for axis in (0, 1):
            got = compute_stats(layout, axis, weights=weights, ddof=0)
            lines = np.moveaxis(array, axis, 1), np.moveaxis(weights, axis, 1)
            for index, (line, of_line) in enumerate(zip(*lines)):
                want = naive(line, of_line, 0)
                row = [float(got[key][index]) for key in KEYS]
                np.testing.assert_allclose(row, [want[key] for key in KEYS], 1e-13, 1e-15, err_msg=name)
    assert compute_stats(array[:, :0], weights=weights[:, :0]).count == 0
    assert compute_stats(array, 0, weights=np.ones_like(weights), keepdims=True).mean.shape == (1, 6)


@pytest.mark.parametrize(
    "shape", [(3, 5000), (5000, 3), (40, 300), (300, 40), (7, 20, 30), (3, 2, 5, 4), (600_000,)]
)
def test_larger_arrays_along_every_axis(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    array, weights = rng.normal(1e6, 1, shape), rng.random(shape)
    for axis in [None, *range(len(shape)), (0, len(shape) - 1)]:
        if isinstance(axis, tuple) and len(set(axis)) < 2:
            continue
        got = compute_stats(array, axis, weights=weights, ddof=0)
        mean = np.average(array, axis, weights)
        kept = np.average(array - 1e6, axis, weights, keepdims=True)
        std = np.sqrt(np.average((array - 1e6 - kept) ** 2, axis, weights))
        np.testing.assert_allclose(got.mean, mean, 1e-13)
        np.testing.assert_allclose(got.std, std, 1e-9)
        np.testing.assert_allclose(got.weight, weights.sum(axis), 1e-13)
        np.testing.assert_array_equal(got.min, array.min(axis))
        for workers in (1, 3):
            other = compute_stats(array, axis, weights=weights, ddof=0, workers=workers)
            np.testing.assert_array_equal([got.mean, got.std], [other.mean, other.std])


def test_a_weight_for_each_index_along_an_axis_as_in_numpy() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1):
        weights = np.arange(1.0, 1 + array.shape[axis])
        got = compute_stats(array, axis, weights=weights)
        np.testing.assert_allclose(got.mean, np.average(array, axis, weights), 1e-15)
    weights = np.arange(8.0).reshape(4, 2)
    turned = compute_stats(array, (2, 0), weights=weights)
    np.testing.assert_array_equal(turned.mean, compute_stats(array, (0, 2), weights=weights.T).mean)


@given(
    st.lists(
        st.tuples(
            st.floats(-1e300, 1e300).filter(lambda x: x == 0 or abs(x) > 1e-290),
            st.floats(1e-3, 1e3) | st.just(0.0),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([0, 1e15, -3e8]),
)
def test_floats_are_near_the_exact_result(pairs: list[tuple[float, float]], offset: float) -> None:
    values = np.array([x for x, _ in pairs])
    if offset:
        values = values / 1e299 + offset
    weights = np.array([w for _, w in pairs])
    got = compute_stats(values, weights=weights, ddof=0)
    counted = values[weights > 0]
    assert got.count == counted.size
    if counted.size == 0:
        assert math.isnan(got.mean)
        return
    mean, std = exact(counted, weights[weights > 0], 0)
    reach = max(abs(x - offset) for x in counted) or 1.0
    assert abs(got.mean - mean) <= 2 * np.spacing(abs(mean)) + 4e-16 * reach
    assert math.isclose(got.std, std, rel_tol=1e-13, abs_tol=1e-14 * reach)
    assert counted.min() <= got.mean <= counted.max()


@pytest.mark.parametrize("unit", [1e-320, 1e-250, 1.0, 1e250, 2.0**1000])
@pytest.mark.parametrize("of_weight", [5e-324, 1e-200, 1.0, 1e200, 1e305])
def test_up_to_the_ends_of_the_floats(unit: float, of_weight: float) -> None:
    values, weights = np.array([1.0, 2, 4, 8]) * unit, np.array([1.0, 2, 3, 1]) * of_weight
    got = compute_stats(values, weights=weights, ddof=0)
    mean, std = exact(values, weights, 0)
    assert math.isclose(got.mean, mean, rel_tol=4e-16, abs_tol=1e-323)
    assert math.isclose(got.std, std, rel_tol=4e-16, abs_tol=1e-323)
    assert got.weight == 7 * of_weight
    both = got + got
    assert math.isclose(both.std, std, rel_tol=4e-16, abs_tol=1e-323)


@pytest.mark.thorough
def test_more_exact_than_numpys_average() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.normal(1e9, 1e-3, 20_000), rng.random(20_000)
    mean, std = exact(values, weights)
    got = compute_stats(values, weights=weights)
    assert got.mean == mean
    assert abs(got.std / std - 1) < 1e-14
    naive_std = math.sqrt(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))
    assert abs(got.std / std - 1) <= abs(naive_std / exact(values, weights, 0)[1] - 1) + 1e-15


def test_weights_of_very_different_sizes() -> None:
    rng = np.random.default_rng(4)
    for span in (0, 5, 10, 15):
        for n in (2, 3, 10):
            data, weights = rng.standard_normal(n), 10.0 ** rng.uniform(-span, span, n)
            pairs = [(Fraction(x), Fraction(w)) for x, w in zip(data.tolist(), weights.tolist(), strict=True)]
            weight = sum(w for _, w in pairs)
            mean = sum(w * x for x, w in pairs) / weight
            expected = sum(w * (x - mean) ** 2 for x, w in pairs) / weight
            var = compute_stats(data, ddof=0, weights=weights).var
            assert abs(Fraction(var) / expected - 1) < 1e-14, (span, n)


def test_integers_of_64_bits_keep_their_digits() -> None:
    values = np.array([2**63 + 1, 2**63 + 5, 2**63 + 6], np.uint64)
    got = compute_stats(values, weights=[2, 1, 1], ddof=0)
    assert (got.min, got.max) == (2**63 + 1, 2**63 + 6)
    assert got.std == exact([int(x) for x in values], [2, 1, 1], 0)[1]


def test_nan_nulls_and_where() -> None:
    values = np.array([1.0, math.nan, 3.0, 9.0])
    assert math.isnan(compute_stats(values, weights=[1, 1, 1, 1]).mean)
    assert compute_stats(values, weights=[1, 0, 1, 0]).mean == 2
    assert compute_stats(values, weights=[1, 0, 1, 0], nan_policy="raise").mean == 2
    assert compute_stats(values, weights=[1, 7, 1, 2], nan_policy="omit").weight == 4
    with pytest.raises(ValueError, match="argument arr, got a NaN"):
        compute_stats(values, weights=[1, 1, 1, 1], nan_policy="raise")
    where = [True, False, True, False]
    # What does not count has no say in whether weights are good.
    assert compute_stats(values, weights=[1, -1, 3, math.nan], where=where).mean == 2.5
    pa = pytest.importorskip("pyarrow")
    column = pa.array([2, None, 4])
    assert math.isnan(compute_stats(column, weights=[1, 1, 1]).mean)
    assert compute_stats(column, weights=[1, 0, 1]).mean == 3
    assert compute_stats(column, weights=[1, 9, 3], nan_policy="omit").mean == 3.5


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_an_integer_far_from_the_others_takes_no_digits_from_them(dtype: str) -> None:
    # The first one is what distances are from, as long as there is none that is nearer the mean.
    far, others = np.iinfo(dtype).max, [3, 5, 8]
    for weight in (0.0, 1e-30, 2.0**-63):
        for at in (0, 1, 3):
            values = np.insert(np.array(others, dtype), at, far)
            weights = np.insert(np.ones(3), at, weight)
            mean, std = exact(values.tolist(), weights.tolist())
            whole = compute_stats(values, weights=weights)
            columns = compute_stats(np.array([values, values]).T, 0, weights=weights)
            group = compute_stats(values, by=[7] * 4, weights=weights)[7]
            for got in (whole, columns, group):
                np.testing.assert_allclose(got.mean, mean, 4e-16)
                np.testing.assert_allclose(got.std, std, 1e-14)


def test_weights_are_refused_with_their_name() -> None:
    for weights, message in [
        ([1, -1], r"compute_stats: argument weights, got a negative one, expected none"),
        ([1, math.nan], r"argument weights, got an infinity or NaN, expected finite numbers"),
        ([1, math.inf], r"argument weights, got an infinity or NaN"),
        ([1e308, 1e308], r"argument weights, got a sum above the largest float"),
        ([1e308, 0.9e308], r"argument weights, got a sum above the largest float"),
        ([1, 1, 1], r"argument weights, got shape \(3,\), expected \(2,\)"),
        (1, r"argument weights, got shape \(\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            compute_stats([1.0, 2.0], weights=weights)
    with pytest.raises(TypeError, match="argument weights"):
        compute_stats([1.0, 2.0], weights=[1j, 2])
    with pytest.raises(ValueError, match="argument weights, got a sum above"):
        compute_stats(np.ones(5000), weights=np.full(5000, 1e305))
    large = compute_stats([1.0], weights=[1e308])
    with pytest.raises(ValueError, match="argument weights, got a sum above"):
        large + large


def test_stats_with_weights_merge_with_any() -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.normal(5, 2, 1000), rng.random(1000)
    plain = compute_stats([1, 2, 7])
    both = compute_stats(values, weights=weights) + plain + Stats()
    want = compute_stats(np.append(values, [1, 2, 7]), weights=np.append(weights, [1, 1, 1]))
    assert both.count == want.count
    for key in ("mean", "std", "weight", "sum", "min", "max"):
        assert math.isclose(getattr(both, key), getattr(want, key), rel_tol=1e-14), key
    assert math.isclose((plain + both).weight, both.weight + 3)
    assert plain.weight == 3 and compute_stats([[1, 2]], 0).weight.tolist() == [1, 1]
    for stats in (both, compute_stats(values.reshape(10, 100), 0, weights=weights.reshape(10, 100))):
        again = pickle.loads(pickle.dumps(stats))
        assert again == stats and np.array_equal(again.weight, stats.weight)
        assert np.array_equal((again + again).std, (stats + stats).std)
    assert compute_stats([1.0], weights=[2.0]) != compute_stats([1.0])
    assert compute_stats([2.0, 4.0], weights=[1.5, 0.5]).sum == 5
    with pytest.raises(ValueError, match="with weights"):
        DataProcessor(3, _state=(np.zeros(0), compute_stats([1.0], weights=[2.0])))


def test_ddof_is_taken_from_the_sum_of_weights() -> None:
    values, copies = [1.0, 2.0, 4.0], [3, 1, 2]
    repeated = np.repeat(values, copies)
    for ddof in (0, 1, 2.5):
        got = compute_stats(values, weights=copies, ddof=ddof)
        assert math.isclose(got.std, compute_stats(repeated, ddof=ddof).std, rel_tol=1e-15)
    np.testing.assert_allclose(
        compute_stats(values, weights=copies).var, np.cov(values, fweights=copies), 1e-15
    )
    assert math.isnan(compute_stats(values, weights=[0.1, 0.2, 0.3]).std)
