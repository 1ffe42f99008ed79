"""The functions on Dask arrays: what the library gives for the whole array, for any chunks."""

from __future__ import annotations

import doctest
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask
import dask.array as da
from dask.sizeof import sizeof

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dask", "ignore::FutureWarning:dask")

REAL = "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8".split()
NUMBERS = [*REAL, "c8", "c16"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def sample(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Return an array of ordinary numbers; large ones where the dtype is of integers."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    values = rng.normal(3, 10, shape)
    return (values + 1j * rng.normal(size=shape) if kind == "c" else values).astype(dtype)


@st.composite
def cuts(draw: st.DrawFn, length: int, empty: bool = True) -> tuple[int, ...]:
    """Draw chunks of an axis: uneven ones, of one element, and empty ones."""
    inner = draw(st.lists(st.integers(0, length), max_size=4))
    bounds = [0, *sorted(inner), length]
    chunks = [b - a for a, b in zip(bounds, bounds[1:])]
    return tuple(chunks if empty else [n for n in chunks if n] or [length])


@st.composite
def chunked(
    draw: st.DrawFn, dtypes: list[str], axes: tuple[int, int] = (0, 3), longest: int = 9
) -> tuple[np.ndarray, da.Array]:
    """Draw an array and the same as a Dask array."""
    shape = draw(st.lists(st.integers(0, longest), min_size=axes[0], max_size=axes[1]))
    whole = sample(tuple(shape), draw(st.sampled_from(dtypes)), draw(st.integers(0, 99)))
    return whole, da.from_array(whole, chunks=tuple(draw(cuts(n)) for n in shape))


def same(got: Any, expected: Any) -> None:
    """Expect the same type of array, shape and bits."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    assert got.tobytes() == expected.tobytes()


def as_declared(lazy: da.Array) -> Any:
    """Compute an array; expect what it said of itself before."""
    got = lazy.compute()
    assert type(lazy._meta) is np.ndarray and lazy._meta.ndim == lazy.ndim
    if lazy.dtype != object:
        assert np.asarray(got).dtype == lazy.dtype
    assert len(lazy.shape) == np.ndim(got)
    assert all(np.isnan(told) or told == is_ for told, is_ in zip(lazy.shape, np.shape(got)))
    return got


def stats_equal(got: rne.Stats, expected: rne.Stats) -> None:
    for key in ("count", "min", "max"):
        same(got[key], expected[key])
        assert type(got[key]) is type(expected[key])
    assert got.ddof == expected.ddof
    assert np.shape(got.mean) == np.shape(expected.mean)
    for key in ("mean", "std"):
        np.testing.assert_allclose(got[key], expected[key], rtol=1e-14, atol=1e-290)


# --- statistics


@pytest.mark.thorough
@given(chunked(REAL, (1, 3)), st.data())
def test_statistics_of_chunks_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axes = st.sampled_from(range(whole.ndim))
    axis = data.draw(st.none() | axes | st.sets(axes, min_size=1).map(lambda s: tuple(sorted(s))))
    keepdims, ddof = data.draw(st.booleans()), data.draw(st.sampled_from([0, 1, 2.5]))
    options = {"keepdims": keepdims, "ddof": ddof}
    result = rnd.compute_stats(lazy, axis, split_every=data.draw(st.sampled_from([None, 2, 8])), **options)
    expected = rne.compute_stats(whole, axis, **options)
    stats_equal(result.compute(), expected)
    for key in ("count", "mean", "var", "std", "min", "max"):
        assert getattr(result, key).ndim == np.ndim(expected[key] if key != "var" else expected.var)
    for key in ("count", "min", "max"):
        # Over all axes they are numbers of Python.
        same(as_declared(result[key]) if result[key].ndim else result[key].compute(), expected[key])


@pytest.mark.thorough
@given(chunked(["f8", "i4"], (1, 3)), st.data())
def test_where_and_nan_policy_are_those_of_the_library(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    first = data.draw(st.integers(0, whole.ndim - 1))
    shape = tuple(1 if data.draw(st.booleans()) else n for n in whole.shape[first:])
    mask = sample(shape, "?", 5)
    lazy_mask = da.from_array(mask, chunks=tuple(data.draw(cuts(n)) for n in shape))
    axis = data.draw(st.none() | st.sampled_from(range(whole.ndim)))
    expected = rne.compute_stats(whole, axis, where=mask)
    for given_mask in (mask, lazy_mask):
        result = rnd.compute_stats(lazy, axis, where=given_mask)
        stats_equal(result.compute(), expected)
        same(result.min.compute(), expected.min)
    if whole.dtype == np.float64 and whole.size:
        whole.flat[whole.size // 2] = np.nan
        lazy = da.from_array(whole, chunks=lazy.chunks)
        for policy in ("propagate", "omit"):
            got = rnd.compute_stats(lazy, axis, nan_policy=policy).compute()
            stats_equal(got, rne.compute_stats(whole, axis, nan_policy=policy))
        with pytest.raises(ValueError, match="nan_policy"):
            rnd.compute_stats(lazy, nan_policy="raise").compute()


@pytest.mark.thorough
@given(chunked(["f8", "i4"], (1, 3)), st.data())
def test_weights_are_those_of_the_library(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axes = data.draw(st.none() | st.permutations(range(whole.ndim)).map(tuple))
    axis = axes if axes is None or len(axes) > 1 or data.draw(st.booleans()) else axes[0]
    order = range(whole.ndim) if axis is None else axes
    shape = whole.shape if data.draw(st.booleans()) else tuple(whole.shape[index] for index in order)
    weights = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 4, shape) / 2
    given_weights = weights
    if data.draw(st.booleans()):
        given_weights = da.from_array(weights, chunks=tuple(data.draw(cuts(n)) for n in shape))
    result = rnd.compute_stats(lazy, axis, weights=given_weights)
    expected = rne.compute_stats(whole, axis, weights=weights)
    stats_equal(result.compute(), expected)
    same(result.min.compute(), expected.min)
    np.testing.assert_allclose(result.weight.compute(), expected.weight, rtol=1e-14)


@pytest.mark.thorough
@given(chunked(["f8", "i4"], (1, 3)), st.data())
def test_groups_are_those_of_the_library(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axis = data.draw(st.none() | st.sampled_from(range(whole.ndim)))
    shape = whole.shape if axis is None else whole.shape[axis : axis + 1]
    labels = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 4, shape)
    if data.draw(st.booleans()):
        labels = np.array(["a", "bc", "d", ""])[labels]
    options: dict[str, Any] = {"ddof": data.draw(st.sampled_from([0, 1]))}
    if data.draw(st.booleans()):
        options["where"] = sample(whole.shape, "?", 3)
    given_labels = da.from_array(labels, chunks=tuple(data.draw(cuts(n)) for n in shape))
    got = rnd.compute_stats(
        lazy, axis, by=data.draw(st.sampled_from([labels, given_labels])), **options
    ).compute()
    expected = rne.compute_stats(whole, axis, by=labels, **options)
    same(got.groups, expected.groups)
    for key in ("count", "min", "max"):
        np.testing.assert_array_equal(getattr(got, key), getattr(expected, key))
    for key in ("mean", "std"):
        np.testing.assert_allclose(getattr(got, key), getattr(expected, key), rtol=1e-13, atol=1e-290)


@pytest.mark.thorough
def test_groups_are_those_of_flox_in_one_pass() -> None:
    flox = pytest.importorskip("flox")
    whole = sample((90, 40), "f8")
    labels = np.arange(90) % 7
    lazy = da.from_array(whole, chunks=(20, 15))
    grouped = rnd.compute_stats(lazy, 0, by=labels)
    for name in ("mean", "min", "max"):
        theirs, groups = flox.groupby_reduce(lazy.T, labels, func=name)
        np.testing.assert_array_equal(grouped.compute().groups, groups)
        np.testing.assert_allclose(getattr(grouped.compute(), name), theirs.compute().T, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["?", "i4", "f4"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_lines_without_elements_are_as_in_the_library(dtype: str, keepdims: bool) -> None:
    # Dask takes the dtype of the first block for all, and NaN is no integer.
    for shape, chunks in [((3, 0), ((0, 3), (0, 0))), ((3, 0), ((1, 2), (0,))), ((0, 0), ((0,), (0, 0)))]:
        whole = np.zeros(shape, dtype)
        result = rnd.compute_stats(da.from_array(whole, chunks=chunks), 1, keepdims=keepdims)
        same(as_declared(result.max), rne.compute_stats(whole, 1, keepdims=keepdims).max)
        assert as_declared(result.merge(result).min).dtype == result.min.dtype
    whole = sample((4, 3), dtype)
    mask = np.array([True, False, True])
    lazy = da.from_array(whole, chunks=(2, 1))
    expected = rne.compute_stats(whole, 0, where=mask, keepdims=keepdims)
    masked = rnd.compute_stats(lazy, 0, where=mask, keepdims=keepdims)
    for result in (masked, masked.persist()):
        same(result.min.compute(), expected.min)
    # Of an unknown number of rows, here none.
    none = lazy[da.zeros(4, dtype=bool, chunks=2)]
    same(rnd.compute_stats(none, 0).min.compute(), rne.compute_stats(whole[:0], 0).min)
    # With elements from elsewhere, the NaN is gone.
    merged = masked.merge(rnd.compute_stats(lazy, 0, keepdims=keepdims))
    same(as_declared(merged.min), rne.compute_stats(whole, 0, keepdims=keepdims).min)


def test_an_offset_costs_no_digits() -> None:
    whole = 1e12 + sample((40_000,), "f8")
    stats = rnd.compute_stats(da.from_array(whole, chunks=1111)).compute()
    np.testing.assert_allclose(stats.std, np.std(whole - 1e12, ddof=1), rtol=1e-12)


def test_a_lazy_stats_is_a_collection() -> None:
    whole = sample((40, 30), "f4")
    lazy = rnd.compute_stats(da.from_array(whole, chunks=(7, 11)), axis=0)
    assert dask.is_dask_collection(lazy)
    assert list(lazy) == ["count", "mean", "std", "min", "max"] and len(lazy) == 5
    assert "LazyStats(shape=(30,)" in repr(lazy)
    with pytest.raises(KeyError):
        lazy["median"]
    stats_equal(lazy.persist().compute(), rne.compute_stats(whole, axis=0))
    both, again = dask.compute(lazy, lazy.mean)
    same(both.mean, again)
    merged = lazy.merge(rnd.compute_stats(da.from_array(whole + 1, chunks=(9, 11)), axis=0))
    expected = rne.compute_stats(np.concatenate([whole, whole + 1]), axis=0)
    stats_equal(merged.compute(), expected)
    with pytest.raises(ValueError, match="merge: argument other, got chunks"):
        lazy.merge(rnd.compute_stats(da.ones(4)))


def test_statistics_of_a_chunk_are_two_tasks_and_its_source() -> None:
    lazy = da.ones((4000, 4000), chunks=(100, 100))
    blocks = 1600
    (optimised,) = dask.optimize(rnd.compute_stats(lazy))
    tasks = len(dict(optimised.__dask_graph__()))
    assert tasks <= 1.4 * blocks, tasks
    # Not optimised: the source, the statistics, one that Dask adds, the merges.
    assert len(dict(rnd.compute_stats(lazy).__dask_graph__())) <= 3.4 * blocks


def test_chunks_of_unknown_size_are_fine_where_no_size_is_needed() -> None:
    whole = sample((100,), "i8")
    lazy = da.from_array(whole, chunks=9)
    unknown, kept = lazy[lazy > 0], whole[whole > 0]
    stats_equal(rnd.compute_stats(unknown).compute(), rne.compute_stats(kept))
    even = rnd.compute_stats(unknown, where=unknown % 2 == 0).compute()
    stats_equal(even, rne.compute_stats(kept, where=kept % 2 == 0))
    assert rnd.sum_array(unknown).compute() == rne.sum_array(kept)
    same(rnd.process_data(unknown, 3).compute(), kept * 3)
    same(rnd.array_multiply(unknown, unknown).compute(), kept * kept)
    for call in (
        lambda x: rnd.matrix_multiply(x, x),
        lambda x: rnd.sobel(x.reshape(1, -1) if 0 else x[None]),
    ):
        with pytest.raises(ValueError, match="unknown size, expected known sizes"):
            call(unknown)


# --- quantiles and windows


@settings(max_examples=25)
@given(chunked(REAL, (1, 3)), st.data())
def test_quantiles_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axes = st.sampled_from(range(whole.ndim))
    axis = data.draw(st.none() | axes | st.sets(axes, min_size=1).map(lambda s: tuple(sorted(s))))
    level = st.sampled_from([0, 1, 0.5, 0.25, 0.3, 1e-9])
    q = data.draw(level | st.lists(level, min_size=1, max_size=3) | st.just(np.array([[0.1, 0.9]], "f4")))
    is_whole = axis is None and lazy.npartitions > 1
    few = ["linear", "lower", "higher", "nearest", "midpoint"]
    method = data.draw(st.sampled_from(few if is_whole else [*few, "hazen", "inverted_cdf"]))
    options = {"method": method, "keepdims": data.draw(st.booleans())}
    if whole.dtype.kind == "f" and whole.size and data.draw(st.booleans()):
        whole.flat[0] = data.draw(st.sampled_from([np.nan, np.inf]))
        lazy = da.from_array(whole, chunks=lazy.chunks)
        options["nan_policy"] = data.draw(st.sampled_from(["propagate", "omit"]))
    try:
        expected = rne.quantiles(whole, q, axis, **options)
    except ValueError as error:
        with pytest.raises(ValueError, match="quantiles: argument arr, got"):
            rnd.quantiles(lazy, q, axis, **options).compute()
        assert "at least one element" in str(error)
        return
    got = as_declared(rnd.quantiles(lazy, q, axis, **options))
    assert (np.asarray(got).dtype, np.shape(got)) == (np.asarray(expected).dtype, np.shape(expected))
    if whole.dtype == np.float16 and np.asarray(got).dtype == np.float32:
        # One rounding more, for levels of float32.
        np.testing.assert_allclose(got, expected, rtol=2e-7)
    else:
        np.testing.assert_array_equal(got, expected)


@pytest.mark.once
@pytest.mark.parametrize("kind", ["normal", "ties", "constant", "large integers", "float32", "sorted"])
def test_two_passes_find_the_quantiles_of_many_chunks(kind: str) -> None:
    rng = np.random.default_rng(5)
    whole = {
        "normal": rng.normal(1e9, 1, 200_000),
        "ties": rng.integers(0, 7, 200_000).astype("u1"),
        "constant": np.full(200_000, -3.5),
        "large integers": rng.integers(2**62, 2**63 - 1, 200_000),
        "float32": rng.lognormal(0, 3, 200_000).astype("f4"),
        "sorted": np.arange(200_000.0),
    }[kind]
    lazy = da.from_array(whole.reshape(400, 500), chunks=(37, 500))
    q = [0, 1e-5, 0.01, 0.1234, 0.5, 0.75, 0.999, 1]
    for method in ("linear", "nearest", "lower"):
        same(rnd.quantiles(lazy, q, method=method).compute(), rne.quantiles(whole, q, method=method))
    for level in (0, 0.3):
        # An int as level keeps integers, which float64 would round.
        same(rnd.quantiles(lazy, level).compute(), rne.quantiles(whole, level))


def test_the_second_pass_waits_for_the_first_and_holds_little() -> None:
    made: list[int] = []

    def block(x: Any, block_id: Any = None) -> Any:
        made.append(block_id[0])
        return np.random.default_rng(block_id[0]).normal(size=x.shape)

    lazy = da.zeros(200_000, chunks=10_000).map_blocks(block, dtype="f8", meta=np.empty(0))
    parts = dask.compute(rnd.quantiles(lazy, 0.5))
    assert sorted(made[:20]) == sorted(made[20:]) == list(range(20))
    same(
        parts[0],
        rne.quantiles(np.concatenate([np.random.default_rng(i).normal(size=10_000) for i in range(20)]), 0.5),
    )


def test_nothing_but_nan_has_quantiles_that_are_nan() -> None:
    lazy = da.full((6, 2), np.nan, chunks=(2, 2))
    for policy in ("omit", "propagate"):
        same(rnd.quantiles(lazy, [0.5], nan_policy=policy).compute(), np.array([np.nan]))
    with pytest.raises(ValueError, match="quantiles: argument arr, got no elements"):
        rnd.quantiles(lazy[lazy[:, 0] > 0], 0.5, nan_policy="omit").compute()


def test_chunks_that_change_between_the_passes_are_an_error() -> None:
    calls = iter(range(1000))
    lazy = da.zeros(4000, chunks=1000).map_blocks(
        lambda x: x + 1e3 * next(calls), dtype="f8", meta=np.empty(0)
    )
    with pytest.raises(ValueError, match="other elements when its chunks were computed again"):
        rnd.quantiles(lazy, 0.5).compute()


@settings(max_examples=25)
@given(chunked(REAL, (1, 3), 30), st.data())
def test_moving_averages_have_the_bits_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axis = data.draw(st.sampled_from(range(-whole.ndim, whole.ndim)))
    window = data.draw(st.integers(1, 9))
    options = {"min_count": data.draw(st.none() | st.integers(1, window))}
    if whole.dtype.kind == "f" and whole.size:
        whole.flat[whole.size // 2] = np.nan
        lazy = da.from_array(whole, chunks=lazy.chunks)
        options["nan_policy"] = data.draw(st.sampled_from(["propagate", "omit"]))
    if window > whole.shape[axis]:
        with pytest.raises(ValueError, match="moving_average: argument window"):
            rnd.moving_average(lazy, window, axis, **options)
        return
    same(
        as_declared(rnd.moving_average(lazy, window, axis, **options)),
        rne.moving_average(whole, window, axis, **options),
    )


@pytest.mark.once
@pytest.mark.parametrize("window", [2, 100, 255, 1000, 3000])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2"])
def test_long_windows_have_the_bits_of_the_whole_too(window: int, dtype: str) -> None:
    whole = sample((20_011,), dtype)
    lazy = da.from_array(whole, chunks=((7000, 1, 5999, 7011),))
    same(rnd.moving_average(lazy, window).compute(), rne.moving_average(whole, window))


# --- sums and products


@pytest.mark.thorough
@given(chunked(NUMBERS), st.data())
def test_sums_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axes = st.sampled_from(range(whole.ndim)) if whole.ndim else st.nothing()
    axis = data.draw(st.none() | axes)
    keepdims = data.draw(st.booleans())
    got = as_declared(rnd.sum_array(lazy, axis, keepdims=keepdims, split_every=data.draw(st.integers(2, 5))))
    expected = rne.sum_array(whole, axis, keepdims=keepdims)
    assert type(got) is type(expected)
    if whole.dtype.kind in "biu":
        same(got, expected) if not isinstance(expected, int) else None
        assert np.array_equal(got, expected)
    else:
        rtol = {"f2": 1e-3, "f4": 1e-6, "c8": 1e-6}.get(whole.dtype.str[1:], 1e-13)
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-10)


def test_a_sum_of_narrow_floats_is_rounded_once() -> None:
    whole = np.full((300, 2), 60_000, "f2")
    whole[150:] *= -1
    same(rnd.sum_array(da.from_array(whole, chunks=(7, 2)), 0).compute(), np.zeros(2, "f2"))


@pytest.mark.thorough
@given(chunked(NUMBERS), st.data())
def test_products_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    other = sample(whole.shape[-1:], data.draw(st.sampled_from(NUMBERS)), 7)
    same(as_declared(rnd.array_multiply(lazy, other)), rne.array_multiply(whole, other))
    for factor in (2, 0.5):
        same(as_declared(rnd.process_data(lazy, factor)), rne.process_data(whole, factor))
    if whole.dtype.kind in "if":
        with np.errstate(over="ignore"):
            small = (whole // 4).astype(whole.dtype)
        got = as_declared(rnd.process_numbers(da.from_array(small, chunks=lazy.chunks), 1))
        same(got, rne.process_numbers(small, 1))


@pytest.mark.thorough
@given(chunked(["f8", "i2"]))
def test_sines_are_summed(pair: Any) -> None:
    whole, lazy = pair
    assert as_declared(rnd.cpu_intensive(lazy)) == pytest.approx(
        rne.cpu_intensive(whole), rel=1e-12, abs=1e-12
    )


@pytest.mark.thorough
@settings(max_examples=80)
@given(st.data())
def test_matrix_products_are_those_of_the_whole(data: st.DataObject) -> None:
    m, k, n = (data.draw(st.integers(1, 9)) for _ in range(3))
    stack = data.draw(st.sampled_from([((), ()), ((3,), (3,)), ((2, 1), (3,)), ((), (2,)), ((0,), (1,))]))
    shapes = [(*stack[0], m, k), (*stack[1], k, n)]
    if stack == ((), ()):
        vector = data.draw(st.integers(0, 3))
        shapes = [(k,) if vector & 1 else (m, k), (k,) if vector & 2 else (k, n)]
    dtypes = [data.draw(st.sampled_from(NUMBERS)) for _ in range(2)]
    wholes = [sample(shape, dtype, i) for i, (shape, dtype) in enumerate(zip(shapes, dtypes))]
    lazies = [
        da.from_array(whole, chunks=tuple(data.draw(cuts(length, empty=False)) for length in whole.shape))
        for whole in wholes
    ]
    got = as_declared(rnd.matrix_multiply(*lazies, split_every=2))
    expected = rne.matrix_multiply(*wholes)
    if np.result_type(*wholes).kind in "biu":
        same(got, expected)
    else:
        assert (np.asarray(got).dtype, np.shape(got)) == (np.asarray(expected).dtype, np.shape(expected))
        tolerance = {"f2": 2e-2, "f4": 1e-3, "c8": 1e-3}.get(np.asarray(got).dtype.str[1:], 1e-8)
        scale = max(float(np.abs(whole).max(initial=1)) for whole in wholes) ** 2
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * min(scale, 1e4))


def test_a_product_of_many_blocks_is_no_reason_to_warn() -> None:
    # Warnings are errors here.
    a = da.ones((12, 2), chunks=(1, 2))
    assert rnd.matrix_multiply(a, a.T).numblocks == (12, 12)


def test_partial_products_of_float16_are_not_rounded() -> None:
    a, b = np.full((1, 64), 100, "f2"), np.full((64, 1), 100, "f2")
    b[32:] *= -1
    # Each half of the sum is infinite in float16.
    got = rnd.matrix_multiply(da.from_array(a, chunks=(1, 32)), da.from_array(b, chunks=(32, 1)))
    same(got.compute(), np.zeros((1, 1), "f2"))


# --- images

MODES = ["reflect", "constant", "nearest", "mirror", "wrap", "grid-wrap"]


@pytest.mark.thorough
@settings(max_examples=120)
@given(st.data())
def test_filters_of_chunks_have_the_bits_of_the_whole(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(0, 40), st.integers(1, 40)))
    channel_axis = data.draw(st.sampled_from([None, None, 0, 1, -1]))
    if channel_axis is not None:
        shape = tuple(np.insert(shape, channel_axis % 3, data.draw(st.integers(1, 4))))
    whole = sample(shape, data.draw(st.sampled_from(REAL)), data.draw(st.integers(0, 9)))
    if whole.dtype.char in "lLqQ":
        # Beyond 2**53 the bits may depend on the chunks.
        whole >>= 12
    mode = data.draw(st.sampled_from(MODES) | st.lists(st.sampled_from(MODES), min_size=2, max_size=2))
    dtype = data.draw(st.sampled_from([None, "f4", "f8", "i2"]))
    options = {"mode": mode, "cval": 3.0, "channel_axis": channel_axis, "dtype": dtype}
    lazy = da.from_array(whole, chunks=tuple(data.draw(cuts(n, empty=False)) for n in shape))
    sigma = data.draw(st.sampled_from([0.0, 0.4, 1.0, (2.0, 0.0), (0.7, 3.3), 5.0, 30.0]))
    same(as_declared(rnd.gaussian_blur(lazy, sigma, **options)), rne.gaussian_blur(whole, sigma, **options))
    same(
        as_declared(rnd.process_image(lazy, "edges", **options)), rne.process_image(whole, "edges", **options)
    )
    images = [axis for axis in range(len(shape)) if channel_axis is None or axis != channel_axis % 3]
    axis = data.draw(st.sampled_from(images))
    same(as_declared(rnd.sobel(lazy, axis=axis, **options)), rne.sobel(whole, axis=axis, **options))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_large_images_have_the_same_bits_too(mode: str, dtype: str) -> None:
    whole = sample((150, 333), dtype)
    lazy = da.from_array(whole, chunks=((1, 70, 79), (100, 13, 220)))
    same(
        rnd.gaussian_blur(lazy, (2.5, 4), mode=mode).compute(), rne.gaussian_blur(whole, (2.5, 4), mode=mode)
    )


@pytest.mark.parametrize("extreme", ["huge", "inf", "nan", "tiny"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_the_kernels_treat_apart_has_the_same_bits_too(dtype: str, extreme: str) -> None:
    info = np.finfo(dtype)
    whole = sample((60, 90), dtype)
    if extreme == "tiny":
        whole *= info.tiny
    else:
        whole[20, 30] = {"huge": 0.9 * info.max, "inf": np.inf, "nan": np.nan}[extreme]
    lazy = da.from_array(whole, chunks=(17, 41))
    for mode in ("reflect", "wrap"):
        same(rnd.gaussian_blur(lazy, 2.0, mode=mode).compute(), rne.gaussian_blur(whole, 2.0, mode=mode))
        same(rnd.sobel(lazy, mode=mode).compute(), rne.sobel(whole, mode=mode))


def test_small_chunks_are_merged_and_no_more_than_that() -> None:
    lazy = da.zeros((64, 64), chunks=4)
    blurred = rnd.gaussian_blur(lazy, 2.0)
    assert max(blurred.chunks[0]) <= 16 and blurred.numblocks == (8, 8)
    assert rnd.gaussian_blur(lazy, 20.0).numblocks == (1, 1)
    assert rnd.sobel(lazy).chunks == lazy.chunks


@pytest.mark.once
@pytest.mark.parametrize("channel_axis", [None, 0, -1])
@pytest.mark.parametrize("mode", ["reflect", "mirror", "wrap"])
def test_seams_of_large_chunks_have_the_same_bits(mode: str, channel_axis: int | None) -> None:
    # Large beside the kernel along one axis, both, or none.
    shape = [90, 110]
    if channel_axis is not None:
        shape.insert(channel_axis % 3, 3)
    for dtype in ("u1", "f4"):
        whole = sample(tuple(shape), dtype)
        for rows, columns in [(90, 40), (45, 110), (45, 55), (30, 10)]:
            chunks = [rows, columns]
            if channel_axis is not None:
                chunks.insert(channel_axis % 3, 2)
            lazy = da.from_array(whole, chunks=tuple(chunks))
            options = {"mode": mode, "channel_axis": channel_axis}
            same(rnd.gaussian_blur(lazy, 1.0, **options).compute(), rne.gaussian_blur(whole, 1.0, **options))
            for axis in (None, 0 if channel_axis != 0 else 1):
                got = rnd.sobel(lazy, axis=axis, **options).compute()
                same(got, rne.sobel(whole, axis=axis, **options))


def test_a_filter_is_two_tasks_for_a_chunk_and_its_source() -> None:
    lazy = da.zeros((500, 500), chunks=50)
    (optimised,) = dask.optimize(rnd.gaussian_blur(lazy, 1.0))
    assert len(dict(optimised.__dask_graph__())) <= 3 * 100


def test_a_task_holds_the_block_with_its_margin_and_no_more() -> None:
    blurred = rnd.gaussian_blur(da.zeros((300, 300), chunks=100), 2.0).persist()
    for block in blurred.to_delayed().ravel():
        result = block.compute()
        # A view of what was computed with the margin would keep that.
        assert result.base is None and result.flags.owndata and sizeof(result) <= 8 * 100 * 100 + 200


# --- the door


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: rnd.compute_stats(x.astype("c16")), TypeError, "compute_stats: argument arr, got"),
        (lambda x: rnd.compute_stats(x, 5), ValueError, "axis"),
        (lambda x: rnd.compute_stats(x, nan_policy="x"), ValueError, "compute_stats: argument nan_policy"),
        (lambda x: rnd.compute_stats(x, where=x), TypeError, "compute_stats: argument where"),
        (lambda x: rnd.compute_stats(x, where=[True] * 5), ValueError, "compute_stats: argument where"),
        (
            lambda x: rnd.compute_stats(x, where=np.ones((2, 6, 4), bool)),
            ValueError,
            "compute_stats: argument where",
        ),
        (lambda x: rnd.compute_stats(x, workers=0), ValueError, "compute_stats: argument workers"),
        (
            lambda x: rnd.compute_stats(x, weights=[1.0]),
            ValueError,
            "compute_stats: argument weights, got shape (1,)",
        ),
        (lambda x: rnd.compute_stats(x, by=[1]), ValueError, "compute_stats: argument by, got shape (1,)"),
        (lambda x: rnd.compute_stats(x, 0, by=[1]), ValueError, "compute_stats: argument by, got shape (1,)"),
        (lambda x: rnd.compute_stats(x, (0, 1), by=[1] * 6), ValueError, "compute_stats: argument axis"),
        (
            lambda x: rnd.compute_stats(x, 0, keepdims=True, by=[1] * 6),
            ValueError,
            "compute_stats: argument keepdims",
        ),
        (lambda x: rnd.compute_stats(x.to_delayed()[0, 0]), TypeError, "got a lazy dask.Delayed"),
        (
            lambda x: rnd.compute_stats("x"),
            TypeError,
            "compute_stats: argument arr, got str, expected a Dask",
        ),
        (lambda x: rnd.compute_stats(da.ma.masked_equal(x, 1)), TypeError, "chunks of numpy.MaskedArray"),
        (lambda x: rnd.sum_array(x, (0, 0)), ValueError, "axis"),
        (lambda x: rnd.sum_array(x, keepdims=3), TypeError, "sum_array: argument keepdims"),
        (lambda x: rnd.array_multiply(x, da.ones(5)), ValueError, "array_multiply"),
        (lambda x: rnd.process_data(x, None), TypeError, "process_data"),
        (lambda x: rnd.process_numbers(x, "2"), TypeError, "process_numbers"),
        (lambda x: rnd.matrix_multiply(x, x), ValueError, "matrix_multiply"),
        (lambda x: rnd.matrix_multiply(x, x.sum()), ValueError, "matrix_multiply"),
        (lambda x: rnd.matrix_multiply(da.ones((2, 3, 4)), da.ones((3, 4, 5))), ValueError, ""),
        (lambda x: rnd.gaussian_blur(x, -1), ValueError, "gaussian_blur: argument sigma"),
        (lambda x: rnd.gaussian_blur(x, 1, mode="x"), ValueError, "gaussian_blur: argument mode"),
        (lambda x: rnd.gaussian_blur(x[0], 1), ValueError, "gaussian_blur: argument image"),
        (lambda x: rnd.sobel(x, axis=2), ValueError, "axis"),
        (lambda x: rnd.quantiles(x, 2), ValueError, "quantiles: argument q"),
        (
            lambda x: rnd.quantiles(x, 0.5, method="hazen"),
            ValueError,
            "quantiles: argument method, got 'hazen'",
        ),
        (lambda x: rnd.quantiles(x[:0], 0.5, 0), ValueError, "quantiles: argument arr, got shape (0,"),
        (lambda x: rnd.moving_average(x, 5), ValueError, "moving_average: argument window"),
        (lambda x: rnd.moving_average(x, 2, 7), ValueError, "axis"),
        (lambda x: rnd.moving_average(x, 2, min_count=3), ValueError, "moving_average: argument min_count"),
        (lambda x: rnd.process_image(x, "x"), ValueError, "process_image: argument filter"),
        (lambda x: rnd.cpu_intensive(x * 1j), TypeError, "cpu_intensive: argument data"),
        (lambda x: rnd.monte_carlo_pi(0), ValueError, "monte_carlo_pi: argument n_samples"),
        (lambda x: rnd.monte_carlo_pi(1.5), TypeError, "monte_carlo_pi: argument n_samples"),
        (lambda x: rnd.monte_carlo_pi(5, partitions=0), ValueError, "monte_carlo_pi: argument partitions"),
        (lambda x: rnd.monte_carlo_pi(5, split_every=1), ValueError, "monte_carlo_pi: argument split_every"),
        (lambda x: rnd.fold(3, x), TypeError, "fold: argument state, got int"),
        (lambda x: rnd.fold(rne.Stats(), 3), TypeError, "fold: argument chunks, got int"),
        (lambda x: rnd.word_count(3), TypeError, "word_count: argument paths, got int"),
        (lambda x: rnd.word_count("no/such/file"), FileNotFoundError, "word_count: argument paths"),
        (lambda x: rnd.word_count([]), ValueError, "word_count: argument paths, got an empty list"),
        (lambda x: rnd.word_count("x", tokenizer="y"), ValueError, "word_count: argument tokenizer"),
        (lambda x: rnd.table_stats("no/such/file"), FileNotFoundError, "table_stats: argument paths"),
    ],
)
def test_what_is_wrong_is_said_when_the_graph_is_built(
    call: Callable[[da.Array], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        call(da.ones((6, 4), chunks=2))
    assert message in str(caught.value)


def test_the_library_itself_refuses_lazy_arrays_and_says_where_to_go() -> None:
    with pytest.raises(TypeError, match="rust_numpy_example.dask"):
        rne.compute_stats(da.ones(3))


def test_expression_mode_is_refused_by_name() -> None:
    lazy = da.ones(3)
    with dask.config.set({"array.query-planning": True}):
        with pytest.raises(
            NotImplementedError, match="compute_stats: Dask's option array.query-planning is on"
        ):
            rnd.compute_stats(lazy)


def test_arrays_and_lists_are_taken_as_one_chunk() -> None:
    stats_equal(rnd.compute_stats([1, 2, 4]).compute(), rne.compute_stats([1, 2, 4]))
    same(rnd.matrix_multiply(np.eye(2), [[1.0, 2.0], [3.0, 4.0]]).compute(), [[1.0, 2.0], [3.0, 4.0]])
    same(rnd.array_multiply(2, np.arange(3, dtype="f4")).compute(), np.arange(3, dtype="f4") * 2)


# --- what Dask needs to know

GRAPHS = """
import dask.array as da, numpy as np, dask.bag as db
import rust_numpy_example as rne, rust_numpy_example.dask as rnd
x = da.arange(24, chunks=5).astype("f8").reshape(4, 6)
lazy = [
    rnd.compute_stats(x, 0, where=x > 2), rnd.compute_stats(x).std, rnd.sum_array(x), rnd.sum_array(x, 1),
    rnd.array_multiply(x, 2), rnd.process_data(x, x), rnd.process_numbers(x, 2), rnd.matrix_multiply(x, x.T),
    rnd.gaussian_blur(x, 0.4), rnd.sobel(x), rnd.cpu_intensive(x), rnd.monte_carlo_pi(10, rng=1),
    rnd.fold(rne.DataProcessor(3), x), rnd.word_count(db.from_sequence(["a b"])), rnd.quantiles(x, 0.5),
    rnd.quantiles(x, [0.5], 0), rnd.moving_average(x, 2),
]
"""


def keys() -> list[Any]:
    names: dict[str, Any] = {}
    exec(GRAPHS, names)
    return [sorted(map(str, dict(one.__dask_graph__()))) for one in names["lazy"]]


@pytest.mark.thorough
def test_keys_are_the_same_in_every_process() -> None:
    script = GRAPHS + "\nprint([sorted(map(str, dict(one.__dask_graph__()))) for one in lazy])"
    env = os.environ | {"PYTHONHASHSEED": "7"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert eval(result.stdout) == keys() == keys()


def test_other_arguments_have_other_keys() -> None:
    x = da.ones((8, 8), chunks=4)
    calls: list[Any] = [
        rnd.compute_stats(x), rnd.compute_stats(x, ddof=0), rnd.compute_stats(x, 0), rnd.compute_stats(x, nan_policy="omit"),
        rnd.gaussian_blur(x, 0.5), rnd.gaussian_blur(x, 0.6), rnd.gaussian_blur(x, 0.5, mode="wrap"), rnd.sobel(x),
        rnd.sobel(x, axis=0), rnd.monte_carlo_pi(10, rng=1), rnd.monte_carlo_pi(10, rng=2), rnd.monte_carlo_pi(11, rng=1),
        rnd.fold(rne.DataProcessor(3), x), rnd.fold(rne.DataProcessor(4), x), rnd.process_data(x, 2), rnd.process_data(x, 3),
    ]  # fmt: skip
    last = [str(list(dask.core.flatten(one.__dask_keys__()))) for one in calls]
    assert len({*last}) == len(last)


def test_tasks_are_small_and_results_travel_out_of_band() -> None:
    names: dict[str, Any] = {}
    exec(GRAPHS, names)
    for lazy in names["lazy"]:
        graph = dict(lazy.__dask_graph__())
        ours = {key: task for key, task in graph.items() if "array-" not in str(key)}
        assert max(len(pickle.dumps(task)) for task in ours.values()) < 4000
    stats = rne.compute_stats(np.ones((3, 100_000)), axis=0)
    buffers: list[Any] = []
    inside = pickle.dumps(stats, protocol=5, buffer_callback=buffers.append)
    assert len(inside) < 2000 and sum(buffer.raw().nbytes for buffer in buffers) > 3_000_000


def test_the_size_of_a_state_is_what_it_holds() -> None:
    stats = rne.compute_stats(np.ones((3, 100_000)), axis=0)
    held = sum(
        part.nbytes for part in stats.__reduce__()[0].keywords["_state"] if isinstance(part, np.ndarray)
    )
    assert held <= sizeof(stats) <= 1.5 * held
    processor = rne.DataProcessor(10)
    processor.add_data(np.ones(100_000))
    assert 800_000 <= sizeof(processor) <= 1_000_000


def test_without_dask_the_package_works_and_says_what_to_install() -> None:
    script = """
import sys
sys.modules["dask"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "dask" else find(name, *rest)
import rust_numpy_example
assert not any(name.startswith("dask") for name in sys.modules if name != "dask")
try:
    import rust_numpy_example.dask
except ImportError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "rust_numpy_example.dask needs Dask: pip install 'rust_numpy_example[dask]'" in result.stdout


@pytest.mark.once
@pytest.mark.parametrize("name", rnd.__all__)
def test_every_example_runs(name: str) -> None:
    thing = getattr(rnd, name)
    texts = [inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        texts += [inspect.getdoc(member) or "" for key, member in vars(thing).items() if key[0] != "_"]
    else:
        assert ">>> " in texts[0]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for text in texts:
        runner.run(doctest.DocTestParser().get_doctest(text, {}, name, None, None))
    assert runner.summarize(verbose=False).failed == 0
