"""QuantileFinder and QuantileSketch against sorting, and against quantiles."""

from __future__ import annotations

import math
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import REAL, sample
from test_quantiles import (
    LEVELS,
    METHODS,
    same,
)

from rust_numpy_example import QuantileFinder, QuantileSketch, quantiles

# ------------------------------------------------------------------ QuantileFinder


def found(a: Any, q: Any, chunk: int = 997, **options: Any) -> QuantileFinder:
    """A finder that has read the array as often as it wanted."""
    finder = QuantileFinder(q, **options)
    flat = np.ravel(a)
    while True:
        for start in range(0, flat.size, chunk):
            finder.update(flat[start : start + chunk])
        assert sys.getsizeof(finder) < 3 * options.get("memory", 2**26) + 10_000
        assert finder.pass_number < 100
        if finder.end_pass():
            return finder


@given(
    st.sampled_from(REAL).flatmap(lambda dtype: hnp.arrays(dtype, st.integers(1, 400))),
    st.lists(st.floats(0, 1), max_size=4),
    st.sampled_from(METHODS),
)
def test_a_finder_finds_what_quantiles_does(a: np.ndarray, q: list[float], method: str) -> None:
    for policy in ("propagate", "omit"):
        want = quantiles(a, q, method=method, nan_policy=policy)
        got = found(a, q, chunk=37, method=method, nan_policy=policy, memory=1024)
        same(got.quantiles(), want)
        assert got.done and got.count == (a.size if policy == "propagate" else np.sum(a == a))


@pytest.mark.parametrize(
    "make",
    [
        np.arange,
        lambda n: np.arange(n)[::-1],
        lambda n: np.zeros(n),
        lambda n: np.arange(n) % 3,
        lambda n: np.where(np.arange(n) % 100 == 0, np.arange(n), 7),
        lambda n: np.exp2(np.random.default_rng(1).uniform(-500, 500, n)),
        lambda n: 1e9 + np.random.default_rng(1).random(n),
        lambda n: np.tile(np.arange(100), n // 100),
        lambda n: np.concatenate([np.arange(n // 2), np.arange(n // 2)[::-1]]),
        lambda n: np.where(np.arange(n) % 2 == 0, -np.inf, np.arange(n)),
    ],
)
def test_any_order_and_any_ties(make: Callable[[int], np.ndarray]) -> None:
    a = make(80_000).astype(float)
    q = [0, 0.001, 0.25, 0.5, 0.50001, 0.9, 1]
    want = np.sort(a)[[math.floor((a.size - 1) * level) for level in q]]
    np.testing.assert_array_equal(quantiles(a, q, method="lower"), want)
    finder = found(a, q, method="lower", memory=8192)
    np.testing.assert_array_equal(finder.quantiles(), want)


@pytest.mark.parametrize("dtype", REAL)
def test_a_finder_in_little_memory(dtype: str) -> None:
    a = (np.random.default_rng(5).standard_normal(30_000) * 40).astype(dtype)
    want = quantiles(a, LEVELS)
    for memory, most in ((1024, 40), (16_384, 8), (240_000, 1)):
        finder = found(a, LEVELS, memory=memory)
        same(finder.quantiles(), want)
        assert finder.pass_number <= most
    assert found(a, 0.5).pass_number == 1


def test_a_pass_may_come_in_another_order() -> None:
    a = np.random.default_rng(8).normal(size=20_000)
    finder = QuantileFinder([0.1, 0.5], memory=32_768)
    finder.update(a)
    assert not finder.end_pass() and finder.pass_number == 2 and not finder.done
    finder.update(a[::-1])
    assert finder.end_pass()
    same(finder.quantiles(), quantiles(a, [0.1, 0.5]))
    assert finder.end_pass()
    with pytest.raises(ValueError, match="the quantiles are known, expected no more data"):
        finder.update(a)


def test_data_that_change_are_noticed() -> None:
    finder = QuantileFinder(0.5, memory=1024)
    finder.update(np.arange(1000))
    assert not finder.end_pass()
    finder.update(np.arange(999))
    with pytest.raises(
        ValueError, match="this pass has 999 elements, expected the 1000 of the first pass again"
    ):
        finder.end_pass()
    with pytest.raises(
        TypeError, match="argument arr, got dtype float64, expected int64, as the first chunk"
    ):
        finder.update([1.0])
    finder.update(np.arange(1000))
    while not finder.end_pass():
        finder.update(np.arange(1000))
    assert finder.quantiles() == 499.5


def test_a_finder_of_nan_or_nothing() -> None:
    for values, policy in (([np.nan], "omit"), ([1.0, np.nan], "propagate")):
        finder = QuantileFinder([0.5, 0.6], nan_policy=policy)
        finder.update(values)
        assert finder.end_pass() and np.isnan(finder.quantiles()).all()
    finder = QuantileFinder(0.5, nan_policy="raise")
    with pytest.raises(ValueError, match="got a NaN, expected none"):
        finder.update([1.0, np.nan])
    for values in ([], np.zeros(0, int)):
        finder = QuantileFinder(0.5)
        finder.update(values)
        assert finder.end_pass()
        if np.asarray(values).dtype.kind == "f":
            assert np.isnan(finder.quantiles())
        else:
            with pytest.raises(ValueError, match="there are no elements"):
                finder.quantiles()
    finder = QuantileFinder(0.5)
    assert finder.end_pass()
    with pytest.raises(ValueError, match="there are no elements"):
        finder.quantiles()


def test_a_finder_is_seen_and_measured() -> None:
    finder = QuantileFinder([0.5], memory=1024, nan_policy="omit")
    small = sys.getsizeof(finder)
    finder.update([3.0, np.nan, 1.0])
    assert (finder.count, finder.nan_policy) == (2, "omit")
    assert repr(finder) == "QuantileFinder(count=2, pass_number=1, done=False)"
    finder.update(np.arange(100.0))
    assert small < sys.getsizeof(finder)


# ------------------------------------------------------------------ QuantileSketch


def rank_error(sketch: QuantileSketch, a: np.ndarray) -> float:
    """The largest error of a rank, as a share of the elements."""
    q = np.linspace(0, 1, 301)
    values = sketch.quantile(q)
    ordered = np.sort(a)
    below, up_to = np.searchsorted(ordered, values), np.searchsorted(ordered, values, "right")
    rank = q * a.size
    return float(np.max(np.maximum(np.maximum(below - rank, rank - up_to), 0)) / a.size)


@pytest.mark.parametrize("error", [0.1, 0.01, 0.002])
@pytest.mark.parametrize(
    "a",
    [
        np.arange(100_000.0),
        np.arange(100_000)[::-1],
        np.random.default_rng(1).lognormal(size=100_000),
        np.random.default_rng(1).integers(0, 5, 100_000),
        np.tile([0.0, 1e300, -1e300], 30_000),
    ],
)
def test_a_sketch_is_within_its_bound(a: np.ndarray, error: float) -> None:
    sketch = QuantileSketch(error)
    for start in range(0, a.size, 7001):
        sketch.update(a[start : start + 7001])
    assert sketch.count == a.size and 0 <= sketch.error_bound <= error == sketch.error
    assert rank_error(sketch, a) <= sketch.error_bound
    assert sketch.quantile([0, 1]).tolist() == [a.min(), a.max()]


@pytest.mark.parametrize("pieces", [1, 2, 10, 300])
def test_sketches_merge(pieces: int) -> None:
    a = np.random.default_rng(pieces).normal(size=60_000)
    merged = QuantileSketch(0.01)
    for part in np.array_split(a, pieces):
        sketch = QuantileSketch(0.01)
        sketch.update(part)
        merged.merge(sketch)
    assert merged.count == a.size and rank_error(merged, a) <= merged.error_bound <= 0.01
    merged.merge(QuantileSketch())
    merged.merge(merged)
    assert merged.count == 2 * a.size and rank_error(merged, np.repeat(a, 2)) <= merged.error_bound <= 0.01


@pytest.mark.parametrize("dtype", REAL)
def test_a_small_sketch_is_exact(dtype: str) -> None:
    a = sample(dtype, (50,))
    sketch = QuantileSketch(nan_policy="omit")
    sketch.update(a[:20])
    sketch.update(a[20:].reshape(5, 6).T)
    assert sketch.error_bound == 0
    for q in (0.3, LEVELS):
        same(sketch.quantile(q), quantiles(a, q, method="inverted_cdf"))


def test_a_sketch_of_nan() -> None:
    a = np.where(np.arange(5000) % 2 == 0, np.nan, np.arange(5000))
    omit, propagate, refuse = (QuantileSketch(nan_policy=p) for p in ("omit", "propagate", "raise"))
    for sketch in (omit, propagate):
        sketch.update(a)
    assert omit.count == 2500 and omit.quantile(0.5) == 2499
    assert propagate.count == 5000 and np.isnan(propagate.quantile([0, 0.5])).all()
    with pytest.raises(ValueError, match="got a NaN"):
        refuse.update(a)
    nothing = QuantileSketch(nan_policy="omit")
    nothing.update([np.nan])
    assert np.isnan(nothing.quantile(0.5)) and nothing.nan_policy == "omit"


@pytest.mark.parametrize("n", [0, 10, 50_000])
def test_a_sketch_pickles(n: int) -> None:
    sketch = QuantileSketch(0.01, nan_policy="omit")
    sketch.update(np.arange(n, dtype=np.int64) * 2**40 if n else np.zeros(0, np.int64))
    again = pickle.loads(pickle.dumps(sketch))
    assert repr(again) == repr(sketch) and again.nan_policy == "omit"
    for one in (sketch, again):
        one.update(np.arange(20_000, dtype=np.int64))
    same(again.quantile(LEVELS), sketch.quantile(LEVELS))
    assert again.error_bound == sketch.error_bound and again.count == n + 20_000


def test_a_sketch_is_seen_and_measured() -> None:
    sketch = QuantileSketch(0.01)
    small = sys.getsizeof(sketch)
    sketch.update(np.arange(800.0))
    assert repr(sketch) == "QuantileSketch(error=0.01, count=800, error_bound=0.000000)"
    size = sys.getsizeof(sketch)
    assert size > small + 6000
    for _ in range(300):
        sketch.update(np.arange(1000.0))
    assert sys.getsizeof(sketch) < 8 * size
    with pytest.raises(
        TypeError, match="argument arr, got dtype int64, expected float64, as the elements before"
    ):
        sketch.update(np.arange(3))
    other = QuantileSketch()
    other.update([1])
    with pytest.raises(TypeError, match="argument other, got dtype int64, expected float64"):
        sketch.merge(other)


def test_threads_may_share_a_sketch() -> None:
    sketch = QuantileSketch(0.01)

    def work() -> None:
        for _ in range(5):
            sketch.update(np.arange(30_000.0))
            sketch.quantile(0.5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sketch.count == 600_000 and rank_error(sketch, np.tile(np.arange(30_000.0), 20)) <= 0.01


@pytest.mark.soak
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int16"])
def test_large_arrays_and_long_streams(dtype: str) -> None:
    rng = np.random.default_rng(9)
    for n in (1_000_003, 20_000_000):
        a = (rng.standard_normal(n) * 1000).astype(dtype)
        ordered = np.sort(a)
        for q in ([0.5], [0.01, 0.25, 0.5, 0.75, 0.99], np.linspace(0, 1, 101)):
            want = ordered[np.floor((n - 1) * np.asarray(q)).astype(int)]
            for workers in (1, 2):
                np.testing.assert_array_equal(quantiles(a, q, method="lower", workers=workers), want)
            finder = found(a, q, chunk=100_000, method="lower", memory=1 << 20)
            np.testing.assert_array_equal(finder.quantiles(), want)
        sketch = QuantileSketch(0.001)
        for part in np.array_split(a, 50):
            sketch.update(part)
        assert rank_error(sketch, a) <= sketch.error_bound <= 0.001
