"""DataProcessor against NumPy, alone and from many threads."""

from __future__ import annotations

import copy
import math
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import COMPLEX, REAL, layouts, sample

import rust_numpy_example as rne
from rust_numpy_example import DataProcessor, compute_stats


@pytest.fixture
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@given(st.integers(1, 12), st.lists(st.lists(st.integers(-99, 99), max_size=30), max_size=8))
def test_chunks_leave_in_order_and_the_rest_stays(chunk_size: int, pieces: list[list[int]]) -> None:
    processor = DataProcessor(chunk_size)
    means: list[float] = []
    for turn, piece in enumerate(pieces):
        processor.add_data(piece)
        if turn % 2:
            means.extend(processor.process_chunks())
    means.extend(processor.process_chunks())
    numbers = np.array([x for piece in pieces for x in piece], float)
    full = len(numbers) // chunk_size
    np.testing.assert_allclose(
        means, numbers[: full * chunk_size].reshape(-1, chunk_size).mean(1), rtol=1e-14
    )
    rest = numbers[full * chunk_size :]
    assert len(processor) == len(rest)
    if len(rest):
        want = (len(rest), rest.mean(), rest.std())
        np.testing.assert_allclose(processor.get_statistics(), want, rtol=1e-13, atol=1e-14)
    if len(numbers):
        stats = processor.stats()
        assert (stats.count, stats.min, stats.max) == (len(numbers), numbers.min(), numbers.max())
        np.testing.assert_allclose(stats.mean, numbers.mean(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", REAL)
def test_every_layout_of_every_dtype_is_added_in_c_order(dtype: str) -> None:
    for shape in [(5, 6), (), (0,), (7,), (3, 4, 5)]:
        array = sample(dtype, shape)
        for _, layout in layouts(array):
            processor = DataProcessor(1)
            processor.add_data(layout)
            np.testing.assert_array_equal(processor.process_chunks(), array.ravel().astype(float))


@pytest.mark.parametrize("n", [1000, 70_000, 1_000_000])
@pytest.mark.parametrize("chunk_size", [1, 7, 1000, 100_000])
def test_large_data(n: int, chunk_size: int) -> None:
    array = np.random.default_rng(0).normal(1e6, 1, n)
    for dtype in ("float64", "float32"):
        data = array.astype(dtype)
        wide = data.astype(float)
        processor = DataProcessor(chunk_size)
        processor.add_data(data)
        count, mean, std = processor.get_statistics()
        assert count == n and abs(mean / wide.mean() - 1) < 1e-15 and abs(std / wide.std() - 1) < 1e-9
        means = processor.process_chunks()
        full = n // chunk_size * chunk_size
        np.testing.assert_allclose(means, wide[:full].reshape(-1, chunk_size).mean(1), rtol=1e-14)
        assert abs(processor.stats().std / compute_stats(wide).std - 1) < 1e-14
        assert means.dtype == np.float64 and len(processor) == n - full


def test_empty() -> None:
    processor = DataProcessor(3)
    assert repr(processor.get_statistics()) == "(0, 0.0, 0.0)"
    assert math.isnan(processor.stats().mean) and math.isnan(processor.stats().std)
    assert processor.process_chunks().shape == (0,) and processor.stats().count == 0
    assert repr(processor) == "DataProcessor(chunk_size=3, buffered=0, added=0)" and processor.chunk_size == 3
    processor.add_data([])
    assert len(processor) == 0
    assert len(DataProcessor(sys.maxsize)) == 0


def test_nan_and_infinity() -> None:
    processor = DataProcessor(2)
    processor.add_data([np.nan, 1.0, np.inf, 2.0, np.inf, -np.inf, 3.0])
    np.testing.assert_array_equal(processor.process_chunks(), [np.nan, np.inf, np.nan])
    assert math.isnan(processor.stats().max) and processor.get_statistics() == (1, 3.0, 0.0)


def test_merge_clear_and_pickle() -> None:
    a, b = DataProcessor(2), DataProcessor(3)
    a.add_data([1, 2, 3])
    b.add_data([4, 5, 6, 7])
    b.process_chunks()
    a.merge(b)
    assert (len(a), a.stats().count, a.stats().mean, len(b)) == (4, 7, 4.0, 1)
    for again in (pickle.loads(pickle.dumps(a)), copy.deepcopy(a)):
        assert repr(again) == repr(a) and again.stats() == a.stats()
        np.testing.assert_array_equal(again.process_chunks(), [1.5, 5.0])
    a.merge(a)
    np.testing.assert_array_equal(a.process_chunks(), [1.5, 5.0, 1.5, 5.0])
    assert a.stats().count == 14
    a.clear()
    assert (len(a), a.stats().count) == (0, 0)
    nan = DataProcessor(5)
    nan.add_data([np.nan, 2.0])
    assert pickle.loads(pickle.dumps(nan)).stats() == nan.stats()
    assert len(pickle.loads(pickle.dumps(DataProcessor(4)))) == 0


def test_integers_beside_floats_stay_exact_in_a_pickle_and_a_merge() -> None:
    first, second = DataProcessor(2), DataProcessor(2)
    first.add_data(np.array([2**60 + 1, -(2**60) - 1]))
    first.add_data([0.5])
    second.merge(first)
    second.merge(pickle.loads(pickle.dumps(first)))
    for processor in (first, second, pickle.loads(pickle.dumps(second))):
        stats = processor.stats()
        assert (stats.min, stats.max) == (-(2**60) - 1, 2**60 + 1)
    assert (stats.count, stats.mean) == (6, 0.5 / 3)


@pytest.mark.parametrize(
    ("size", "error", "text"),
    [
        (0, ValueError, "argument chunk_size, got 0, expected an int from 1"),
        (-3, ValueError, "argument chunk_size, got -3, expected an int from 1"),
        (10**30, ValueError, "argument chunk_size, got 10{30}, expected an int from 1"),
        (1.5, TypeError, "argument chunk_size, got float, expected an int"),
        ("3", TypeError, "argument chunk_size, got str, expected an int"),
    ],
)
def test_wrong_chunk_size(size: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        DataProcessor(size)


def test_wrong_data_changes_nothing() -> None:
    processor = DataProcessor(2)
    bad = [["a"], [None], np.ma.masked_array([1.0], [True]), np.array(["2020"], "M8[D]"), object()]
    for values in [*bad, *(sample(dtype) for dtype in COMPLEX)]:
        with pytest.raises((TypeError, ValueError)):
            processor.add_data(values)
    with pytest.raises(TypeError, match="DataProcessor.add_data: argument values, got dtype complex64"):
        processor.add_data(np.zeros(2, np.complex64))
    with pytest.raises(TypeError):
        processor.merge([1.0])  # type: ignore[arg-type]
    assert len(processor) == 0 and processor.stats().count == 0


@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("size", [1, 100, 30_000])
def test_eight_threads_lose_nothing(size: int) -> None:
    processor = DataProcessor(10)
    adds = 2000 if size < 1000 else 30
    start = threading.Barrier(8)
    taken: list[float] = []

    def work(thread: int) -> None:
        array = np.full(size, float(thread))
        start.wait()
        for turn in range(adds):
            processor.add_data(array)
            if turn % 50 == thread:
                taken.append(float(processor.process_chunks().sum() * 10))
                processor.stats()
                len(processor)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    total = 8 * adds * size
    left = processor.get_statistics()
    assert processor.stats().count == total and abs(processor.stats().mean - 3.5) < 1e-12
    rest = left[1] * left[0] if left[0] else 0.0
    assert abs(sum(taken) + rest - 3.5 * total) < 1e-9 * total


@pytest.mark.usefixtures("quick_switches")
def test_merging_each_other_does_not_deadlock() -> None:
    a, b = DataProcessor(3), DataProcessor(3)
    a.add_data([1.0])
    threads = [
        threading.Thread(target=lambda x=x, y=y: [x.merge(y) or x.clear() for _ in range(300)])
        for x, y in [(a, b), (b, a)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_signal_handler_may_use_the_processor() -> None:
    processor = DataProcessor(10)
    data = np.ones(5_000_000)
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(len(processor)))
    timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
    try:
        timer.start()
        for _ in range(4):
            processor.add_data(data)
            processor.process_chunks()
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) == 1 and processor.stats().count == 20_000_000


def test_the_size_is_what_is_held() -> None:
    processor = DataProcessor(10)
    empty = sys.getsizeof(processor)
    processor.add_data(np.zeros(500_000))
    assert 4_000_000 <= sys.getsizeof(processor) - empty < 9_000_000
    processor.clear()
    assert sys.getsizeof(processor) == empty


def test_the_docstring_has_its_sections() -> None:
    for name in ("add_data", "process_chunks", "get_statistics", "stats", "merge", "clear"):
        assert getattr(rne.DataProcessor, name).__doc__


@pytest.mark.skipif(sys.platform != "linux", reason="pages are counted, and moved, on Linux")
def test_a_large_buffer_grows_without_being_copied() -> None:
    import resource

    def faults() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    part, pages = np.ones(100_000), 200 * 800_000 // resource.getpagesize()
    before, processor = faults(), rne.DataProcessor(10**9)
    for _ in range(200):
        processor.add_data(part)
    # A page that is copied is touched again, in large pages or in small ones.
    assert len(processor) == 200 * 100_000
    assert faults() - before < 1.1 * pages
