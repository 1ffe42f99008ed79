"""A panic of the compiled code, wherever it happens, is an ordinary exception."""

from __future__ import annotations

import asyncio
import copy
import multiprocessing
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rust_numpy_example as rne
from rust_numpy_example import rust_numpy_example as extension

if not hasattr(extension, "_panic"):
    pytest.skip("the extension was built without the Cargo feature 'faults'", allow_module_level=True)


#: Python 3.12 and later warn of every fork of a process with threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def in_async_work() -> None:
    async def main() -> None:
        await asyncio.wait_for(extension._panic("async work"), 60)

    asyncio.run(main())


def panic(where: str) -> None:
    """Panic in one of the ways into the extension."""
    entries: dict[str, Callable[[], Any]] = {
        "a function": lambda: extension._panic("function"),
        "a method": lambda: extension._Panics().method(),
        "a getter": lambda: extension._Panics().getter,
        "a constructor": lambda: extension._Panics(now=True),
        "work": lambda: extension._panic("work"),
        "detached work": lambda: extension._panic("detached work"),
        "a pool thread": lambda: extension._panic("pool threads"),
        "async work": in_async_work,
    }
    entries[where]()


PLACES = [
    "a function",
    "a method",
    "a getter",
    "a constructor",
    "work",
    "detached work",
    "a pool thread",
    "async work",
]


@pytest.mark.parametrize("where", PLACES)
def test_except_exception_catches_a_panic(where: str) -> None:
    for _ in range(3):
        try:
            panic(where)
        except Exception as error:
            caught = error
        assert type(caught) is rne.InternalError
        assert isinstance(caught, RuntimeError)
        assert str(caught) == f"a panic in {where}"


@pytest.mark.parametrize("where", PLACES)
def test_what_is_caught_can_be_pickled_and_copied(where: str) -> None:
    with pytest.raises(rne.InternalError) as caught:
        panic(where)
    copies = [
        pickle.loads(pickle.dumps(caught.value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    for same in (*copies, copy.copy(caught.value)):
        assert (type(same), same.args) == (rne.InternalError, caught.value.args)


@pytest.mark.parametrize("where", PLACES)
def test_everything_works_after_a_panic(where: str) -> None:
    async def sleep() -> None:
        await rne.async_sleep(0)

    with pytest.raises(rne.InternalError):
        panic(where)
    assert extension._sum_below(1000) == 499500
    asyncio.run(sleep())


def test_panics_of_many_threads_at_once_are_each_caught() -> None:
    caught: list[str] = []

    def work(where: str) -> None:
        for _ in range(10):
            try:
                panic(where)
            except rne.InternalError as error:
                caught.append(str(error))

    threads = [threading.Thread(target=work, args=(where,)) for where in PLACES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(caught) == sorted(f"a panic in {where}" for where in PLACES for _ in range(10))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_panic_in_a_worker_process_reaches_the_caller_and_the_worker_lives(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"needs {method}")
    # The parent has used its own threads before.
    assert extension._sum_below(1000) == 499500
    with multiprocessing.get_context(method).Pool(1) as pool:
        for where in PLACES:
            with pytest.raises(rne.InternalError, match=f"^a panic in {where}$"):
                pool.apply_async(panic, (where,)).get(60)
        assert pool.apply_async(extension._sum_below, (1000,)).get(60) == 499500


def test_a_panic_that_nobody_awaits_does_not_harm_the_end_of_python() -> None:
    script = (
        "import asyncio\nfrom rust_numpy_example import rust_numpy_example as extension\n"
        "async def main():\n    futures = [extension._panic('async work') for _ in range(20)]\n"
        "    await asyncio.sleep(0.001)\nasyncio.run(main())\n"
    )
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0
