"""Many threads on the same objects: nothing is lost, nothing crashes, nothing hangs."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

import rust_numpy_example as rne


def _in_threads(count: int, work: Callable[[int], None]) -> None:
    errors: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
            assert not thread.is_alive(), "a thread hangs"
    finally:
        sys.setswitchinterval(interval)
    assert errors == []


@pytest.mark.parametrize(
    "pushes", [pytest.param(500, id="quick"), pytest.param(100_000, id="soak", marks=pytest.mark.soak)]
)
def test_no_update_is_lost(pushes: int, figure: Callable[[str, str, bool], None]) -> None:
    processor = rne.DataProcessor(10**9)
    struct = rne.RustStruct("x", [])

    def push(_index: int) -> None:
        for i in range(pushes):
            processor.add_data([1.0])
            if i % 10 == 0:
                struct.extend_vector([1])

    _in_threads(8, push)
    lost = 8 * pushes - int(processor.stats().count) + 8 * -(-pushes // 10) - len(struct.vector)
    figure("Eight threads on one object lose nothing", f"{8 * pushes} updates, lost: {lost}", lost == 0)


@pytest.mark.parametrize(
    "rounds", [pytest.param(20, id="quick"), pytest.param(2000, id="soak", marks=pytest.mark.soak)]
)
def test_writers_make_wrong_numbers_never_a_crash(
    rounds: int, figure: Callable[[str, str, bool], None]
) -> None:
    data = np.ones(300_000)
    text = bytearray(b"some words " * 20_000)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            data[::7] += 1
            text[5:50_000:11] = text[6:50_001:11]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(rounds):
            rne.sum_array(data)
            rne.compute_stats(data)
            rne.process_numbers(data, 50.0)
            rne.array_multiply(data, data)
            rne.word_count(text)
            view = data[::2]
            del view
    finally:
        done.set()
        writer.join()
    figure(
        "Arrays written during a call: never a crash", f"{rounds} rounds of five functions, crashes: 0", True
    )


@pytest.mark.parametrize(
    "rounds", [pytest.param(30, id="quick"), pytest.param(3000, id="soak", marks=pytest.mark.soak)]
)
def test_logging_locks_and_callbacks_do_not_deadlock(
    rounds: int, figure: Callable[[str, str, bool], None]
) -> None:
    lock = threading.Lock()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with lock:
                rne.sum_array(np.ones(1000))

    logger = logging.getLogger("rust_numpy_example")
    handler, level, propagate = Handler(), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(1)
    logger.propagate = False
    data = np.ones(200_000)

    def work(index: int) -> None:
        for _ in range(rounds):
            rne.log_different_levels()
            rne.sum_array(data, workers=2)
            with lock:
                rne.compute_stats(data, workers=2)
            if index == 0:
                rne.monte_carlo_pi(200_000, progress=lambda *_: None)

    try:
        _in_threads(8, work)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
    figure("Logging, locks and callbacks from eight threads", f"{8 * rounds} rounds, hangs: 0", True)
