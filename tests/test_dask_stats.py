"""Statistics, quantiles and moving averages of Dask arrays: what the library gives for the whole, for any chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask
import dask.array as da
from lazy import MARKS, REAL, as_declared, chunked, cuts, same, sample, stats_equal

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = MARKS


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
    # As many chunks, of other lengths.
    with pytest.raises(ValueError, match=r"got chunks \(\(10, 10, 10\),\), expected \(\(11, 11, 8\),\)"):
        lazy.merge(rnd.compute_stats(da.ones((40, 30), chunks=(7, 10)), axis=0))


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
    # Unknown along one axis, empty chunks along another.
    rows = da.from_array(whole.reshape(20, 5), chunks=((7, 13), (2, 0, 3)))
    rows, kept = rows[rows[:, 0] > 0], whole.reshape(20, 5)[whole.reshape(20, 5)[:, 0] > 0]
    stats_equal(rnd.compute_stats(rows, axis=1).compute(), rne.compute_stats(kept, axis=1))
    same(rnd.sum_array(rows, 1).compute(), rne.sum_array(kept, 1))
    # One chunk has all lines.
    one = da.from_array(whole, chunks=100)
    for axis in (None, 0):
        got = rnd.quantiles(one[one > 0], [0.2, 0.5], axis, method="hazen").compute()
        same(got, rne.quantiles(whole[whole > 0], [0.2, 0.5], axis, method="hazen"))
    with pytest.raises(ValueError, match="quantiles: argument arr, got"):
        rnd.quantiles(one[one != one], 0.5).compute()
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
