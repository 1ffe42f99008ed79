"""asyncio: results, errors, cancellation, several loops, fork, and a clean end of Python."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import types
import weakref
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest

import rust_numpy_example as rne

#: How often each situation of the exit tests is run; many more were run by hand.
EXITS = int(os.environ.get("RUST_NUMPY_EXAMPLE_EXITS", "2"))

#: A time that no test needs, even on a busy machine.
LONG = 60.0

#: Python 3.12 and later warn of every fork of a process with threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run on a fresh loop; a test that hangs fails."""
    return asyncio.run(asyncio.wait_for(coroutine, LONG))


def python(script: str, timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def started(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
    """Start a coroutine that nobody awaits; return the future that it waits for."""
    future: asyncio.Future[Any] = coroutine.send(None)
    KEPT.append(coroutine)
    return future


#: Coroutines that are to outlive their loop.
KEPT: list[Coroutine[Any, Any, Any]] = []


def test_a_sleep_takes_its_time_and_returns_none() -> None:
    async def main() -> None:
        start = time.monotonic()
        assert await rne.async_sleep(0.2) is None
        assert time.monotonic() - start >= 0.19

    run(main())


@pytest.mark.parametrize("seconds", [0, 0.0, -0.0, True, 1e-300, np.float32(0.001), np.int64(0)])
def test_a_sleep_takes_every_kind_of_number(seconds: Any) -> None:
    async def main() -> None:
        assert await rne.async_sleep(seconds) is None

    run(main())


@pytest.mark.parametrize("seconds", [-1, -1e-9, float("nan"), float("-inf")])
def test_a_sleep_of_less_than_nothing_is_refused(seconds: float) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="async_sleep: argument seconds, got .*, expected zero or more"):
            rne.async_sleep(seconds)

    run(main())


@pytest.mark.parametrize(("seconds", "name"), [("1", "str"), (None, "NoneType"), (1j, "complex")])
def test_a_sleep_of_something_else_is_a_type_error(seconds: Any, name: str) -> None:
    async def main() -> None:
        message = f"^async_sleep: argument seconds, got {name}, expected a number$"
        with pytest.raises(TypeError, match=message):
            rne.async_sleep(seconds)

    run(main())


@pytest.mark.parametrize("seconds", [float("inf"), 1e300, 1e18])
def test_an_endless_sleep_ends_when_it_is_cancelled(seconds: float) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(rne.async_sleep(seconds), 0.05)

    run(main())


def test_many_sleeps_run_at_the_same_time() -> None:
    async def main() -> None:
        start = time.monotonic()
        await asyncio.gather(*[rne.async_sleep(0.05) for _ in range(2000)])
        # One after the other they would take 100 seconds.
        assert time.monotonic() - start < 50

    run(main())


def test_other_tasks_run_during_a_sleep() -> None:
    async def main() -> int:
        ticks = 0
        sleep = asyncio.create_task(rne.async_sleep(0.3))
        while not sleep.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return ticks

    assert run(main()) > 5


def test_what_is_returned_is_a_coroutine_like_any_other(recwarn: pytest.WarningsRecorder) -> None:
    for coroutine, name in (
        (rne.async_sleep(0), "async_sleep"),
        (rne.async_fetch_data("http://127.0.0.1/"), "async_fetch_data"),
    ):
        assert inspect.iscoroutine(coroutine) and asyncio.iscoroutine(coroutine)
        assert isinstance(coroutine, types.CoroutineType) and inspect.isawaitable(coroutine)
        assert (coroutine.__name__, coroutine.__qualname__) == (name, name)
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
        coroutine.close()
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    assert not recwarn.list


def test_every_way_to_run_a_coroutine_works() -> None:
    assert asyncio.run(rne.async_sleep(0)) is None

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(rne.async_sleep(0)), loop.create_task(rne.async_sleep(0))]
        tasks += [asyncio.ensure_future(rne.async_sleep(0)), asyncio.shield(rne.async_sleep(0))]
        if hasattr(asyncio, "TaskGroup"):
            async with asyncio.TaskGroup() as group, asyncio.timeout(LONG):
                tasks.append(group.create_task(rne.async_sleep(0)))
        if hasattr(asyncio, "eager_task_factory"):
            tasks.append(asyncio.eager_task_factory(loop, rne.async_sleep(0)))
        tasks.append(asyncio.run_coroutine_threadsafe(rne.async_sleep(0), loop))
        await asyncio.sleep(0)
        done = [await asyncio.wrap_future(task) for task in tasks]
        return [*done, await asyncio.wait_for(rne.async_sleep(0), LONG), await rne.async_sleep(0)]

    assert set(run(main())) == {None}


def test_anyio_starts_a_sleep() -> None:
    anyio = pytest.importorskip("anyio")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(rne.async_sleep, 0)

    anyio.run(main, backend="asyncio")


def test_a_coroutine_that_is_never_awaited_is_told_of_and_does_nothing() -> None:
    with pytest.warns(RuntimeWarning, match="^coroutine 'async_sleep' was never awaited$"):
        rne.async_sleep(0)
        gc.collect()


def test_a_coroutine_is_awaited_once() -> None:
    async def main() -> None:
        coroutine = rne.async_sleep(0)
        await coroutine
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await coroutine

    run(main())


def test_the_time_of_a_sleep_begins_when_it_is_awaited() -> None:
    async def main() -> None:
        coroutine = rne.async_sleep(0.2)
        await asyncio.sleep(0.2)
        start = time.monotonic()
        await coroutine
        assert time.monotonic() - start >= 0.19

    run(main())


@pytest.mark.parametrize("end", ["close", "throw", "forget"])
def test_a_coroutine_that_is_closed_ends_its_work(end: str) -> None:
    async def main() -> None:
        coroutine = rne.async_sleep(float("inf"))
        future = weakref.ref(coroutine.send(None))
        if end == "close":
            coroutine.close()
        elif end == "throw":
            with pytest.raises(ZeroDivisionError):
                coroutine.throw(ZeroDivisionError())
        else:
            del coroutine
        gc.collect()
        # Nobody waits for it any more.
        assert future() is None

    run(main())


def test_without_a_running_loop_there_is_a_runtime_error() -> None:
    for coroutine in (rne.async_sleep(0), rne.async_fetch_data("http://127.0.0.1/")):
        with pytest.raises(RuntimeError, match="no running event loop"):
            coroutine.send(None)


def test_a_cancelled_sleep_is_cancelled() -> None:
    async def main() -> None:
        async def sleeper() -> None:
            await rne.async_sleep(LONG)

        task = asyncio.ensure_future(sleeper())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_cancelling_at_every_moment_around_the_end_is_harmless(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        for step in range(200):
            sleep = asyncio.create_task(rne.async_sleep(0.001))
            await asyncio.sleep(step / 1e5)
            sleep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sleep

    run(main())
    assert capfd.readouterr() == ("", "")


def test_two_loops_one_after_the_other_work() -> None:
    for _ in range(3):
        run(rne_sleep())


async def rne_sleep(seconds: float = 0.01) -> str:
    await rne.async_sleep(seconds)
    return "done"


def test_four_loops_in_four_threads_work() -> None:
    results: list[str] = []

    def work() -> None:
        async def main() -> None:
            for _ in range(10):
                results.extend(await asyncio.gather(*[rne_sleep(0.001) for _ in range(10)]))

        run(main())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert results == ["done"] * 400


def test_a_loop_that_was_closed_early_is_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    loop = asyncio.new_event_loop()

    async def main() -> None:
        for _ in range(20):
            started(rne.async_sleep(0.02))

    loop.run_until_complete(main())
    loop.close()
    time.sleep(0.2)
    run(rne_sleep())
    assert capfd.readouterr() == ("", "")


def test_a_loop_that_refuses_a_result_is_reported() -> None:
    seen: list[Any] = []
    loop = asyncio.new_event_loop()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("refused")

    async def main() -> None:
        loop.call_soon_threadsafe = refuse  # type: ignore[assignment,method-assign]
        started(rne.async_sleep(0))
        await asyncio.sleep(0.2)
        del loop.call_soon_threadsafe

    hook, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        loop.run_until_complete(main())
    finally:
        sys.unraisablehook = hook
        loop.close()
    assert [type(found.exc_value) for found in seen] == [ZeroDivisionError]


def test_nothing_keeps_a_future_alive_once_it_is_done() -> None:
    async def main() -> list[weakref.ref[Any]]:
        done, cancelled = (asyncio.create_task(rne.async_sleep(seconds)) for seconds in (0, LONG))
        await done
        cancelled.cancel()
        await asyncio.wait([cancelled])
        return [weakref.ref(done), weakref.ref(cancelled)]

    futures = run(main())
    gc.collect()
    assert [future() for future in futures] == [None, None]


def test_a_loop_that_has_ended_is_not_kept_by_a_task_that_was_not_cancelled() -> None:
    def references() -> list[weakref.ref[Any]]:
        loop = asyncio.new_event_loop()
        task = loop.create_task(rne.async_sleep(float("inf")))
        # It would say so where it is destroyed.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        return [weakref.ref(loop), weakref.ref(task)]

    kept = [reference for _ in range(20) for reference in references()]
    gc.collect()
    # Those of the last loop, of which nobody has told yet that it is closed.
    assert sum(reference() is not None for reference in kept) <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_builds_its_own_runtime_and_the_parent_keeps_its() -> None:
    run(rne_sleep())
    for _ in range(3):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            with contextlib.suppress(BaseException):
                os._exit(0 if run(rne_sleep()) == "done" else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert run(rne_sleep()) == "done"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_other_threads_hammer_the_bridge_works() -> None:
    stop = threading.Event()

    def hammer() -> None:
        async def main() -> None:
            while not stop.is_set():
                await asyncio.gather(*[rne.async_sleep(0) for _ in range(20)])

        asyncio.run(main())

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    for _ in range(10):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            with contextlib.suppress(BaseException):
                os._exit(0 if asyncio.run(rne_sleep()) == "done" else 1)
            os._exit(2)
        statuses.append(os.waitpid(child, 0)[1])
    stop.set()
    for thread in threads:
        thread.join(LONG)
    assert statuses == [0] * 10


#: Starts a coroutine that nobody awaits.
START = """
kept = []
def start(coroutine):
    coroutine.send(None)
    kept.append(coroutine)
"""

#: The situations in which a bridge between tokio and asyncio is known to crash Python at its end.
SITUATIONS = {
    "awaited": """
async def main():
    await rne.async_sleep(0.005)
asyncio.run(main())
""",
    "many awaited": """
async def main():
    await asyncio.gather(*[rne.async_sleep(0.005) for _ in range(300)])
asyncio.run(main())
""",
    "not awaited": """
async def main():
    for i in range(300):
        start(rne.async_sleep(i / 20000))
    await asyncio.sleep(0.005)
asyncio.run(main())
""",
    "cancelled": """
async def main():
    tasks = [asyncio.ensure_future(rne.async_sleep(0.001 + i / 10000)) for i in range(100)]
    await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
asyncio.run(main())
""",
    "timed out": """
async def main():
    for _ in range(5):
        try:
            await asyncio.wait_for(rne.async_sleep(0.002), 0.002)
        except asyncio.TimeoutError:
            pass
asyncio.run(main())
""",
    "loop closed early": """
async def main():
    for i in range(100):
        start(rne.async_sleep(i / 20000))
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
""",
    "after a fork": """
import os, sys
async def main():
    await asyncio.gather(*[rne.async_sleep(0.002) for _ in range(20)])
asyncio.run(main())
child = os.fork()
asyncio.run(main())
if child:
    sys.exit(0 if os.waitpid(child, 0)[1] == 0 else 3)
""",
    "daemon threads with loops": """
import threading
async def main():
    while True:
        await rne.async_sleep(0.001)
def work():
    try:
        asyncio.run(main())
    except RuntimeError:
        pass
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.02)
""",
    "a sleep that never ends": """
async def main():
    start(rne.async_sleep(float("inf")))
asyncio.run(main())
""",
    "used by an atexit function": """
import atexit
async def main():
    await rne.async_sleep(0.005)
atexit.register(lambda: asyncio.run(main()))
""",
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_python_ends_with_status_0(situation: str) -> None:
    if situation == "after a fork" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    script = "import asyncio, time\nimport rust_numpy_example as rne\n" + START + SITUATIONS[situation]
    for _ in range(EXITS):
        done = python(script)
        assert (done.returncode, done.stderr) == (0, "")


def test_work_that_begins_while_python_ends_is_refused() -> None:
    done = python(
        "import asyncio, atexit\n"
        "async def main():\n"
        "    await rne.async_sleep(0)\n"
        "def late():\n"
        "    try:\n"
        "        asyncio.run(main())\n"
        "    except RuntimeError as error:\n"
        "        print(error)\n"
        "atexit.register(late)\n"
        "import rust_numpy_example as rne\n"
    )
    expected = "no async work can be started: Python is about to end\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_an_import_after_another_import_still_works() -> None:
    done = python(
        "import asyncio, sys\n"
        "import rust_numpy_example as rne\n"
        "async def main():\n"
        "    await rne.async_sleep(0)\n"
        "asyncio.run(main())\n"
        "for name in [name for name in sys.modules if name.startswith('rust_numpy_example')]:\n"
        "    del sys.modules[name]\n"
        "import rust_numpy_example as rne\n"
        "asyncio.run(main())\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


#: Limits the process, makes its first call, then lifts the limit and calls again.
LIMITED = """
import asyncio, os, resource, sys
import rust_numpy_example as rne

def limit(soft=None):
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (hard if soft is None else soft, hard))

async def main():
    limit(value())
    try:
        await rne.async_sleep(0.01)
        outcome = "works"
    except (MemoryError, OSError) as error:
        outcome = type(error).__name__
    finally:
        limit()
    await asyncio.wait_for(asyncio.gather(rne.async_sleep(0.01), rne.async_sleep(0.0)), 20)
    print(outcome, end="")

async def fetched():
    # Nobody listens there.
    limit(value())
    try:
        await rne.async_fetch_data("http://127.0.0.1:1/")
    except (MemoryError, OSError) as error:
        outcome = type(error).__name__
    finally:
        limit()
    try:
        await rne.async_fetch_data("http://127.0.0.1:1/")
    except ConnectionRefusedError:
        print(outcome, end="")

async def named():
    # A name lookup is on a thread of its own.
    await rne.async_sleep(0.0)
    limit(value())
    try:
        await rne.async_fetch_data("http://localhost:1/")
    except OSError as error:
        outcome = str(error)
    finally:
        limit()
    try:
        await rne.async_fetch_data("http://localhost:1/")
    except ConnectionRefusedError:
        print(outcome, end="")

runner = asyncio.new_event_loop()
{set}
runner.run_until_complete({main}())
"""

MEMORY = """
kind = resource.RLIMIT_AS
def value():
    return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + ({kilobytes} << 10)
"""

#: For root, no such limit holds.
THREADS = """
kind = resource.RLIMIT_NPROC
if os.getuid() == 0:
    os.setuid(65534)
def value():
    return {threads}
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")


def outcomes(main: str, situations: list[str]) -> list[str]:
    """What each first call comes to; one that hangs or ends the process fails."""
    found = []
    for situation in situations:
        result = python(LIMITED.replace("{set}", situation).replace("{main}", main))
        assert (result.returncode, result.stderr) == (0, ""), (situation, result)
        found.append(result.stdout)
    return found


@linux
def test_a_first_sleep_with_little_memory_works_or_raises_and_never_hangs() -> None:
    found = outcomes("main", [MEMORY.format(kilobytes=kilobytes) for kilobytes in range(0, 8193, 512)])
    assert set(found) == {"MemoryError", "works"}, found


@linux
def test_a_first_fetch_with_little_memory_works_or_raises_and_never_hangs() -> None:
    found = outcomes(
        "fetched", [MEMORY.format(kilobytes=kilobytes) for kilobytes in range(4096, 16385, 2048)]
    )
    assert set(found) == {"MemoryError", "ConnectionRefusedError"}, found


@linux
def test_a_first_sleep_with_few_threads_works_or_raises_and_never_hangs() -> None:
    found = outcomes("main", [THREADS.format(threads=threads) for threads in (1, 2, 3, 4)])
    # Python's subclass of OSError for EAGAIN.
    assert found[0] == "BlockingIOError"
    assert set(found) <= {"BlockingIOError", "works"}, found


@linux
def test_a_name_lookup_without_a_thread_is_an_os_error() -> None:
    result = python(LIMITED.replace("{set}", THREADS.format(threads=1)).replace("{main}", "named"))
    assert result.returncode == 0, result
    assert result.stdout.endswith(": no thread for the name lookup can be started"), result
