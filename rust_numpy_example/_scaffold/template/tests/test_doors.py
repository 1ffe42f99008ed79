"""The doors between Python and Rust, through one kernel."""

from __future__ import annotations

import signal
import sys
import threading
import time

import numpy as np
import pytest

import rust_numpy_example as package
from rust_numpy_example import rust_numpy_example as extension


def test_a_panic_is_an_exception() -> None:
    with pytest.raises(package.InternalError, match="a panic on purpose"):
        extension._panic()


@pytest.mark.parametrize("dtype", ["c16", "O", "M8[D]", "S3", "longdouble"])
def test_dtypes_that_are_not_in_the_table_are_refused(dtype: str) -> None:
    if dtype == "longdouble" and np.dtype(dtype).itemsize == 8:
        pytest.skip("longdouble is float64 here")
    with pytest.raises(TypeError, match="moving_average: argument arr, got dtype"):
        package.moving_average(np.zeros(3, dtype), 2)


def test_a_mask_is_not_dropped() -> None:
    with pytest.raises(TypeError, match="masked"):
        package.moving_average(np.ma.array([1, 2], mask=[1, 0]), 1)


def test_a_bool_of_two_is_true() -> None:
    assert package.moving_average(np.array([2, 0], "u1").view("?"), 1).tolist() == [1.0, 0.0]


def test_inputs_stay_as_they_are() -> None:
    data = np.arange(6.0)
    data.flags.writeable = False
    assert not np.shares_memory(package.moving_average(data, 2), data)
    np.testing.assert_array_equal(data, np.arange(6.0))


def test_a_result_that_does_not_fit_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        package.moving_average(np.broadcast_to(np.zeros(1), (2**20, 2**30)), 1)


def test_an_array_is_not_resized_while_a_call_reads_it() -> None:
    data = np.ones(2_000_000)
    done = threading.Event()
    refused = []

    def resize() -> None:
        while not done.is_set():
            for size in (10, 2_000_000):
                try:
                    data.resize(size, refcheck=False)
                except ValueError:
                    refused.append(size)

    thread = threading.Thread(target=resize)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not refused and time.monotonic() < deadline:
            got = package.moving_average(data, 5, min_count=1)
            assert got.size in (10, 2_000_000) and np.isin(got[:5], [0, 1]).all()
    finally:
        done.set()
        thread.join()
    assert refused


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_signal_stops_the_work() -> None:
    data = np.broadcast_to(np.ones(1), (100, 3_000_000))

    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    try:
        start = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Stopped):
            package.moving_average(data, 100)
        assert time.monotonic() - start < 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
