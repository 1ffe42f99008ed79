"""compute_stats and Stats against NumPy, the statistics module, and exact arithmetic."""

from __future__ import annotations

import collections.abc
import copy
import json
import math
import pickle
import signal
import statistics
import sys
import threading
import time
import warnings
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import COMPLEX, FLOATS, INTEGERS, REAL, layouts, needs_64_bits, sample, strided

import rust_numpy_example as rne
from rust_numpy_example import DataProcessor, Stats, compute_stats

KEYS = ["count", "mean", "std", "min", "max"]
AxisError = getattr(np, "exceptions", np).AxisError


def expected(array: Any, axis: Any = None, ddof: float = 1, keepdims: bool = False) -> dict[str, Any]:
    """The same by NumPy, with float64 for every dtype."""
    array = np.asarray(array)
    wide = array.astype(np.float64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        counts = np.sum(np.ones(array.shape, np.int64), axis=axis, keepdims=keepdims)
        if np.size(counts) and np.all(counts == 0):
            nothing = np.full(np.shape(counts), np.nan)
            return dict(zip(KEYS, (counts, nothing, nothing, nothing, nothing)))
        nothing = wide.sum(axis=axis, keepdims=keepdims)
        std = np.std(wide, axis=axis, ddof=ddof, keepdims=keepdims)
        std = np.where(counts > ddof, std, np.nan)
        return {
            "count": counts,
            "mean": np.mean(wide, axis=axis, keepdims=keepdims),
            "std": std,
            "min": np.min(array, axis=axis, keepdims=keepdims, initial=None) if array.size else nothing,
            "max": np.max(array, axis=axis, keepdims=keepdims, initial=None) if array.size else nothing,
        }


def check(got: Stats, want: dict[str, Any], rtol: float = 1e-13) -> None:
    for key in KEYS:
        value = got[key]
        assert np.shape(value) == np.shape(want[key]), key
        if key in ("count", "min", "max"):
            np.testing.assert_array_equal(value, want[key], err_msg=key)
        else:
            scale = 1e-13 * np.max(np.abs([1.0, 0.0])) if key == "std" else 1e-300
            np.testing.assert_allclose(value, want[key], rtol=rtol, atol=scale, err_msg=key)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", REAL)
def test_every_layout_of_every_dtype_gives_the_numbers_of_numpy(dtype: str) -> None:
    for shape in [(5, 6), (), (1,), (0,), (2, 0), (3, 4, 5)]:
        array = sample(dtype, shape)
        every = range(len(shape))
        axes = [None, *range(-len(shape), len(shape)), (), tuple(every), tuple(every[::2])]
        for name, layout in layouts(array):
            if layout.shape != shape:
                continue
            check(compute_stats(layout), expected(array))
            for axis in axes:
                for keepdims in (False, True):
                    got = compute_stats(layout, axis, keepdims=keepdims, ddof=0)
                    check(got, expected(array, axis, 0, keepdims))
                    if axis is not None and np.all(got.count > 0):
                        assert np.asarray(got.min).dtype == array.dtype, name


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_mean_of_zeros_has_no_sign(dtype: str) -> None:
    for n in (1, 2, 20, 5000):
        for zeros in (np.full(n, -0.0, dtype), np.append(np.full(n, -0.0, dtype), np.zeros(1, dtype))):
            processor = DataProcessor(len(zeros))
            processor.add_data(zeros)
            both = compute_stats(zeros[:1]) + compute_stats(zeros[1:])
            means = [
                compute_stats(zeros).mean,
                compute_stats(zeros, weights=np.ones(len(zeros))).mean,
                compute_stats(zeros, by=np.zeros(len(zeros), int)).mean,
                compute_stats(np.stack([zeros, zeros]), 1).mean,
                compute_stats(np.stack([zeros, zeros], 1), 0).mean,
                both.mean,
                processor.stats().mean,
                processor.get_statistics()[1],
                processor.process_chunks(),
            ]
            assert not np.signbit(np.concatenate([np.atleast_1d(mean) for mean in means])).any()
    assert math.copysign(1, compute_stats([-0.0]).min) == -1


@given(st.data(), st.sampled_from(REAL))
def test_any_view_gives_the_numbers_of_numpy(data: st.DataObject, dtype: str) -> None:
    array = data.draw(strided(np.dtype(dtype)))
    if array.dtype.kind == "f":
        array = np.nan_to_num(array, nan=0.5, posinf=7, neginf=-7) % 1000
    array = np.asarray(array)
    axes = st.sets(st.integers(0, array.ndim - 1)).map(tuple) if array.ndim else st.just(())
    axis = data.draw(st.none() | axes)
    wide = array.astype(np.float64)
    scale = 1 + np.max(np.abs(wide), initial=0)
    got = compute_stats(array, axis)
    want = expected(array, axis)
    for key in ("count", "min", "max"):
        np.testing.assert_array_equal(got[key], want[key])
    np.testing.assert_allclose(got.mean / scale, want["mean"] / scale, rtol=0, atol=1e-14)
    np.testing.assert_allclose(got.std / scale, want["std"] / scale, rtol=0, atol=1e-11)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "shape", [(1000, 100), (100, 1000), (7, 3000), (3000, 3), (70000, 2), (40, 30, 20), (3, 50000)]
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "float16"])
def test_larger_arrays_along_every_axis(shape: tuple[int, ...], dtype: str) -> None:
    array = sample(dtype, shape)
    for order in "CF":
        laid = np.asarray(array, order=order)
        for axis in [None, *range(len(shape)), (0, len(shape) - 1)]:
            check(compute_stats(laid, axis, ddof=0), expected(array, axis, 0))
    wide = np.repeat(array, 2, axis=-1)[..., ::2]
    for axis in [None, *range(len(shape))]:
        check(compute_stats(wide, axis, ddof=0), expected(array, axis, 0))


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", REAL)
def test_where_counts_the_elements_it_says(dtype: str) -> None:
    array = sample(dtype, (50, 60))
    mask = np.random.default_rng(3).random((50, 60)) < 0.4
    for layout_mask in (mask, np.asfortranarray(mask), mask[:1], mask[:, :1], mask[0]):
        full = np.broadcast_to(layout_mask, array.shape)
        check(compute_stats(array, where=layout_mask), expected(array[full]))
        for axis in (0, 1):
            got = compute_stats(array, axis, where=layout_mask, ddof=0)
            for i, line in enumerate(np.moveaxis(array, axis, 1)):
                want = expected(line[np.moveaxis(full, axis, 1)[i]], ddof=0)
                check(Row(got, i), want)


class Row(dict):  # type: ignore[type-arg]
    """One line of Stats of arrays."""

    def __init__(self, stats: Stats, index: int) -> None:
        super().__init__({key: stats[key][index] for key in KEYS})


def test_where_without_any_element_gives_nan_not_an_error() -> None:
    assert (
        repr(compute_stats([1, 2], where=[False, False]))
        == "Stats(count=0, mean=nan, std=nan, min=nan, max=nan)"
    )
    got = compute_stats([[1, 2], [3, 4]], 1, where=[[False, False], [True, True]])
    np.testing.assert_array_equal(got.count, [0, 2])
    np.testing.assert_array_equal(got.min, [np.nan, 3.0])
    assert got.min.dtype == np.float64


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 5, 16, 1023, 1024, 5000, 70000])
def test_nan_policies(dtype: str, n: int) -> None:
    array = sample(dtype, (n,))
    for step in (1, 3, 700):
        holes = array.copy()
        holes[::step] = np.nan
        numbers = holes[~np.isnan(holes)]
        propagated = compute_stats(holes)
        assert propagated.count == n
        assert all(math.isnan(propagated[key]) for key in KEYS[1:])
        check(compute_stats(holes, nan_policy="omit"), expected(numbers))
        twice = {key: np.array([value, value]) for key, value in expected(numbers).items()}
        check(compute_stats(np.stack([holes, holes]), 1, nan_policy="omit"), twice)
        with pytest.raises(ValueError, match="NaN"):
            compute_stats(holes, nan_policy="raise")
    check(compute_stats(array, nan_policy="raise"), expected(array))
    check(compute_stats(array, nan_policy="omit"), expected(array))


def test_nan_in_one_column_stays_there() -> None:
    array = np.arange(600.0).reshape(100, 6)
    array[50, 2] = np.nan
    for laid in (array, np.asfortranarray(array)):
        got = compute_stats(laid, 0)
        np.testing.assert_array_equal(np.isnan(got.mean), [False, False, True, False, False, False])
        np.testing.assert_array_equal(np.isnan(got.max), [False, False, True, False, False, False])
        omitted = compute_stats(laid, 0, nan_policy="omit")
        np.testing.assert_allclose(omitted.mean, np.nanmean(array, 0), rtol=1e-15)
        np.testing.assert_allclose(omitted.std, np.nanstd(array, 0, ddof=1), rtol=1e-14)
        np.testing.assert_array_equal(omitted.count, [100, 100, 99, 100, 100, 100])


@pytest.mark.parametrize(
    "values", [[np.inf, 1], [-np.inf, 1], [np.inf, -np.inf], [np.inf] * 20, [np.inf, np.nan]]
)
def test_infinity_goes_where_numpy_puts_it(values: list[float]) -> None:
    for repeats in (1, 1000):
        array = np.repeat(np.array(values), repeats)
        check(compute_stats(array), expected(array))
        check(compute_stats(np.stack([array, array], 1), 0), expected(np.stack([array, array], 1), 0))


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e9, 1e15])
@pytest.mark.parametrize("n", [10, 1000, 100_000])
def test_an_offset_costs_no_digits(offset: float, n: int) -> None:
    array = offset + np.random.default_rng(1).integers(0, 9, n).astype(float)
    exact = [int(x) for x in array.tolist()]
    mean = Fraction(sum(exact), n)
    var = Fraction(n * sum(x * x for x in exact) - sum(exact) ** 2, n * (n - 1))
    for data, axis in [(array, None), (array.reshape(-1, 1), 0), (np.repeat(array[:, None], 64, 1), 0)]:
        got = compute_stats(data, axis)
        assert np.ravel(got.mean)[0] == float(mean)
        assert abs(np.ravel(got.var)[0] / float(var) - 1) < 4e-15


def test_a_constant_float32_array_has_no_deviation() -> None:
    array = np.full(1_000_000, 1e8 + 8, np.float32)
    assert compute_stats(array).std == 0 and compute_stats(array).mean == float(array[0])
    columns = array.reshape(-1, 2)
    np.testing.assert_array_equal(compute_stats(columns, 0).std, [0, 0])
    np.testing.assert_array_equal(compute_stats(np.ones((2**24 + 10, 1), np.float32), 0).mean, [1])


def test_float32_is_as_exact_as_float64() -> None:
    array = np.random.default_rng(0).normal(1e4, 1, 300_000).astype(np.float32)
    got, want = compute_stats(array), compute_stats(array.astype(np.float64))
    assert got.mean == want.mean and abs(got.std / want.std - 1) < 1e-15


def test_values_that_cancel_keep_the_digits_that_numpy_keeps() -> None:
    rng = np.random.default_rng(5)
    half = rng.normal(0, 1e12, 5000)
    array = np.concatenate([half, -half, rng.normal(0, 1, 100)])
    rng.shuffle(array)
    truth = float(sum(map(Fraction, array.tolist())) / len(array))
    assert abs(compute_stats(array).mean - truth) <= max(abs(array.mean() - truth), 1e-5)


def test_integers_are_exact_past_two_to_the_53() -> None:
    values = [2**62 + k for k in range(1000)]
    array = np.array(values)
    for data, axis in [(array, None), (array[:, None], 0)]:
        got = compute_stats(data, axis)
        assert np.ravel(got.mean)[0] == float(Fraction(sum(values), 1000))
        assert abs(np.ravel(got.var)[0] / statistics.variance(range(1000)) - 1) < 1e-14
        assert int(np.ravel(got.max)[0]) == values[-1]
    assert compute_stats(np.array([0, 2**64 - 1], np.uint64)).max == 2**64 - 1
    ends = compute_stats(np.array([-(2**63), 2**63 - 1]))
    assert (ends.min, ends.max) == (-(2**63), 2**63 - 1)
    assert abs(ends.std / (2**64 / math.sqrt(2)) - 1) < 1e-15


def test_scalars_are_python_numbers() -> None:
    for dtype in INTEGERS + ["bool"]:
        got = compute_stats(sample(dtype))
        assert [type(got[key]) for key in KEYS] == [int, float, float, int, int]
    for dtype in FLOATS:
        assert [type(compute_stats(sample(dtype))[key]) for key in KEYS] == [int, float, float, float, float]


def test_few_elements() -> None:
    empty = compute_stats([])
    assert empty.count == 0 and all(math.isnan(empty[key]) for key in KEYS[1:])
    one = compute_stats([3.5])
    assert (one.count, one.mean, one.min, one.max) == (1, 3.5, 3.5, 3.5) and math.isnan(one.std)
    assert compute_stats([3.5], ddof=0).std == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(compute_stats([1.0, 2.0], ddof=2).std)
        assert math.isnan(compute_stats([1.0, 2.0], ddof=5).var)
    assert compute_stats([1.0, 2.0, 4.0], ddof=0.5).ddof == 0.5


def test_an_empty_axis_and_an_axis_beside_it() -> None:
    array = np.zeros((0, 3), np.int32)
    got = compute_stats(array, 0)
    np.testing.assert_array_equal(got.count, [0, 0, 0])
    assert np.isnan(got.min).all() and got.min.dtype == np.float64
    assert compute_stats(array, 1).count.shape == (0,)


def test_huge_sums_do_not_overflow() -> None:
    assert compute_stats(np.full(3000, 1.5e308)).mean == pytest.approx(1.5e308, rel=1e-12)


def test_broadcast_arrays_are_read_in_place() -> None:
    array = np.broadcast_to(np.arange(5.0), (3_000_000, 5))
    got = compute_stats(array)
    assert (got.count, got.mean, got.min, got.max) == (15_000_000, 2.0, 0.0, 4.0)
    assert abs(got.var - 2.0) < 1e-6


@needs_64_bits
def test_broadcast_arrays_may_be_larger_than_memory() -> None:
    huge = compute_stats(np.broadcast_to(np.float32(3), (2**20, 2**20)))
    assert (huge.count, huge.mean, huge.std) == (2**40, 3.0, 0.0)


def test_containers() -> None:
    for data in ([1, 2, 4], (1, 2, 4), np.array([1, 2, 4]), memoryview(bytes([1, 2, 4])), range(1, 5)):
        check(compute_stats(data), expected(np.asarray(data)))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([1j],), TypeError, "argument arr, got dtype complex128"),
        ((["a"],), TypeError, "argument arr, got dtype"),
        (([None],), TypeError, "argument arr, got dtype object"),
        ((np.ma.masked_array([1.0], [True]),), TypeError, "masked"),
        ((np.array(["2020"], "M8[D]"),), TypeError, "argument arr, got dtype"),
        (([1.0], 1.5), TypeError, "argument axis, got .*, expected None, an int"),
        (([1.0], "x"), TypeError, "argument axis, got .*, expected None, an int"),
        (([1.0], (0, 0)), ValueError, "argument axis, got .*, expected no axis twice"),
        (([[1.0]], (0, -2)), ValueError, "argument axis, got .*, expected no axis twice"),
        (([1.0], 10**30), AxisError, "argument axis, got 10{30}, expected -1 to 0"),
    ],
)
def test_wrong_input(arguments: tuple[Any, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        compute_stats(*arguments)


def test_wrong_keywords() -> None:
    for axis in (1, -2, (0, 1)):
        with pytest.raises(AxisError, match="compute_stats"):
            compute_stats([1.0], axis)
    with pytest.raises(
        ValueError, match="argument nan_policy, got 'skip', expected 'propagate', 'omit' or 'raise'"
    ):
        compute_stats([1.0], nan_policy="skip")
    with pytest.raises(TypeError, match="argument where, got dtype int"):
        compute_stats([1.0], where=[1])
    with pytest.raises(ValueError, match=r"argument where, got shape \(2,\)"):
        compute_stats([1.0, 2.0, 3.0], where=[True, False])
    with pytest.raises(ValueError, match=r"argument where, got shape \(2, 1\)"):
        compute_stats([1.0], where=[[True], [False]])
    for workers in (0, -1, 5000):
        with pytest.raises(ValueError, match="compute_stats: argument workers, got"):
            compute_stats([1.0], workers=workers)
    for dtype in COMPLEX:
        with pytest.raises(TypeError, match=dtype):
            compute_stats(sample(dtype), 0)


def bits(stats: Stats) -> list[bytes]:
    return [np.asarray(stats[key]).tobytes() for key in KEYS]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_every_number_of_workers_gives_the_same_bits(dtype: str) -> None:
    array = (np.random.default_rng(2).normal(size=(2000, 300)) * 1000).astype(dtype)
    for data in (array, array.T, array[::-1, ::2], array.reshape(-1)[::2]):
        for axis in (None, 0, data.ndim - 1):
            one = bits(compute_stats(data, axis, workers=1))
            assert all(bits(compute_stats(data, axis, workers=workers)) == one for workers in (2, 5))


def test_stats_is_a_read_only_mapping() -> None:
    stats = compute_stats([1.0, 2.0, 6.0])
    assert isinstance(stats, collections.abc.Mapping)
    assert list(stats) == list(stats.keys()) == KEYS and len(stats) == 5
    assert dict(stats) == {key: getattr(stats, key) for key in KEYS} == dict(stats.items())
    assert list(stats.values()) == [stats[key] for key in KEYS]
    assert "mean" in stats and "var" not in stats and 3 not in stats
    assert stats.get("mean") == 3.0 and stats.get("median") is None and stats.get("median", 7) == 7
    assert stats.var == 7.0 and stats.std == 7.0**0.5 and stats.ddof == 1
    with pytest.raises(KeyError, match="median"):
        stats["median"]
    with pytest.raises(KeyError):
        stats[0]
    with pytest.raises(TypeError):
        stats["mean"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        stats.mean = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        hash(stats)


def test_stats_compares_prints_and_pickles() -> None:
    array = np.random.default_rng(0).normal(size=(40, 3))
    for stats in (
        compute_stats(array),
        compute_stats(array, 0),
        compute_stats(array, 0, keepdims=True, ddof=0),
        compute_stats([]),
        compute_stats([np.nan, 1]),
        compute_stats(np.array([2**63 + 5], np.uint64)),
        compute_stats(sample("int8"), 1),
        compute_stats(sample("float16"), (0, 1), keepdims=True),
        compute_stats(np.zeros((0, 3), np.int32), 0),
        Stats(),
    ):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(stats, protocol))
            assert again == stats and not (again != stats) and repr(again) == repr(stats)
            assert bits(again) == bits(stats) and again.ddof == stats.ddof
        assert copy.deepcopy(stats) == stats
        assert bits(pickle.loads(pickle.dumps(stats)).merge(stats)) == bits(stats.merge(stats))
    assert compute_stats([1.0]) != compute_stats([2.0])
    assert compute_stats([1.0, 2.0]) != compute_stats([1.0, 2.0], ddof=0)
    assert compute_stats([1.0]) != 3 and compute_stats([1.0]) != {"count": 1}
    assert repr(compute_stats([1, 2, 3])) == "Stats(count=3, mean=2.0, std=1.0, min=1, max=3)"


@given(st.lists(st.lists(st.floats(-1e9, 1e9), max_size=40), max_size=6))
def test_merging_parts_gives_the_stats_of_all(parts: list[list[float]]) -> None:
    merged = reduce(Stats.merge, map(compute_stats, parts), Stats())
    whole = compute_stats([x for part in parts for x in part])
    scale = 1 + max((abs(x) for part in parts for x in part), default=0)
    assert (merged.count, merged.min, merged.max) == (whole.count, whole.min, whole.max) or whole.count == 0
    np.testing.assert_allclose(merged.mean / scale, whole.mean / scale, rtol=0, atol=1e-15)
    np.testing.assert_allclose(merged.std / scale, whole.std / scale, rtol=0, atol=1e-14)


def test_merging_arrays_and_dtypes() -> None:
    array = np.random.default_rng(0).normal(size=(100, 7))
    merged = compute_stats(array[:30], 0).merge(compute_stats(array[30:], 0))
    check(merged, expected(array, 0))
    parts = [np.array([2**62 + 1]), np.array([2**63 + 1], np.uint64), np.array([0.5])]
    mixed = reduce(Stats.merge, map(compute_stats, parts))
    assert (mixed.min, mixed.max, mixed.count) == (0.5, 2**63 + 1, 3)
    with pytest.raises(ValueError, match=r"argument other, got shape \(2,\), expected \(7,\)"):
        merged.merge(compute_stats(np.zeros((3, 2)), 0))
    with pytest.raises(TypeError):
        merged.merge(3)  # type: ignore[arg-type]


def test_addition_is_merging() -> None:
    array = np.random.default_rng(0).normal(size=(100, 7))
    parts = [compute_stats(array[i : i + 20], 0) for i in range(0, 100, 20)]
    assert sum(parts) == reduce(Stats.merge, parts)
    for wrong in (1, 0.5, None, {"count": 3}, True):
        with pytest.raises(TypeError):
            compute_stats([1]) + wrong  # type: ignore[operator]
        with pytest.raises(TypeError):
            wrong + compute_stats([1])  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"Stats.__add__: argument other, got shape \(2,\), expected \(7,\)"):
        parts[0] + compute_stats(np.zeros((3, 2)), 0)


def test_sums() -> None:
    assert compute_stats([0.5, 1.25]).sum == 1.75 and Stats().sum == 0 and compute_stats([]).sum == 0
    assert math.isnan(compute_stats([np.nan]).sum) and compute_stats([np.inf, 1]).sum == np.inf
    assert compute_stats([1e308] * 3).sum == np.inf
    assert type(compute_stats([1, 2]).sum) is int and compute_stats(np.array([True] * 3)).sum == 3
    array = np.random.default_rng(0).normal(3, 1, (100, 7))
    np.testing.assert_allclose(compute_stats(array, 0).sum, array.sum(0), rtol=1e-15)


def test_what_takes_a_dict_takes_to_dict() -> None:
    stats = compute_stats([1, 2, 3])
    assert json.dumps(stats.to_dict()) == '{"count": 3, "mean": 2.0, "std": 1.0, "min": 1, "max": 3}'
    lines = compute_stats(np.arange(6).reshape(2, 3), 0)
    assert json.loads(json.dumps(lines.to_dict()))["mean"] == [1.5, 2.5, 3.5]
    with pytest.raises(TypeError, match="to_dict"):
        np.asarray(stats)
    objects = np.array([stats, lines], dtype=object)
    assert objects.shape == (2,) and objects[0] is stats


def test_tables_of_pandas() -> None:
    pd = pytest.importorskip("pandas")
    columns = {name: compute_stats([k, 2, 3]) for k, name in enumerate("ab")}
    frame = pd.DataFrame({name: stats.to_dict() for name, stats in columns.items()})
    assert frame.loc["mean", "b"] == 2.0 and list(frame.index) == KEYS
    assert pd.DataFrame(list(columns.values())).loc[0, "max"] == 3
    assert pd.Series(columns["a"])["count"] == 3
    with pytest.raises(TypeError, match="to_dict"):
        pd.DataFrame(columns)
    with pytest.raises(TypeError, match="to_dict"):
        pd.DataFrame({"x": [1.0, 2.0]}).apply(compute_stats)


def test_sizes_are_what_is_held() -> None:
    few, many = (sys.getsizeof(compute_stats(np.zeros((3, n)), 0)) for n in (1, 201))
    assert 64 * 200 <= many - few <= 128 * 200
    assert sys.getsizeof(compute_stats([1.0])) < 400


def test_notebooks_show_a_small_table() -> None:
    html = compute_stats([1, 2])._repr_html_()
    assert html.count("<tr>") == 5 and "<td>1.5</td>" in html and "<caption>Stats</caption>" in html
    array = np.arange(60.0).reshape(3, 4, 5)
    array[:, 0, 0] = np.nan
    html = compute_stats(array, 0)._repr_html_()
    assert "shape (4, 5)" in html and "<td>21.0 to 39.0</td>" in html and len(html) < 600
    assert "<td>nan</td>" in compute_stats(np.full((2, 2), np.nan), 0)._repr_html_()
    assert compute_stats(np.zeros((2, 0)), 0)._repr_html_().count("nan") == 5


@needs_64_bits
def test_ctrl_c_stops_a_long_call() -> None:
    array = np.broadcast_to(np.arange(1000.0), (1 << 22, 1000))[:, ::-1][:, ::2]
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    start = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        # A mask keeps the repeated rows from being read only once.
        compute_stats(array, where=np.broadcast_to(True, array.shape))
    assert time.process_time() - start < 1.5
    timer.join()


def test_an_array_in_use_cannot_be_resized_and_is_not_kept() -> None:
    array = np.arange(100_000.0)
    before = sys.getrefcount(array)
    for _ in range(10):
        compute_stats(array)
    assert sys.getrefcount(array) == before


def test_the_signature_is_that_of_the_docstring() -> None:
    import inspect

    parameters = inspect.signature(compute_stats).parameters
    assert list(parameters) == "arr axis ddof keepdims where nan_policy weights by workers".split()
    assert parameters["ddof"].default == 1 and parameters["nan_policy"].default == "propagate"
    assert rne.compute_stats.__doc__ and "Returns" in rne.compute_stats.__doc__
