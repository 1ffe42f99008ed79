"""Forks, exits, signals, memory limits: each in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="the test is written for Linux")


def _run(code: str, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


FORKS = """
import os, sys, threading, time, numpy as np, rust_numpy_example as rne
situation, count = sys.argv[1], int(sys.argv[2])
data = np.ones(400_000)
def work():
    # With threads of its own, not those that its parent has.
    return rne.sum_array(data, workers=3) == 400_000 and len(os.listdir("/proc/self/task")) >= 3
stop = False
def use_first():
    # What a process makes at its first call may be in the making when it is forked.
    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads: t.start()
    inner = os.fork()
    if inner == 0:
        os._exit(0 if work() else 1)
    for t in threads: t.join()
    return os.waitpid(inner, 0)[1] == 0
if situation == "after use":
    work()
elif situation == "during use":
    def hammer():
        while not stop:
            work()
    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for t in threads: t.start()
hangs = 0
for _ in range(count):
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if situation == "during first use":
            os._exit(0 if use_first() else 1)
        if situation == "grandchild":
            inner = os.fork()
            if inner == 0:
                os._exit(0 if work() else 1)
            os._exit(os.waitpid(inner, 0)[1] or (0 if work() else 1))
        os._exit(0 if work() else 1)
    end = time.monotonic() + 30
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, status
            break
        if time.monotonic() > end:
            hangs += 1
            os.killpg(pid, 9)
            os.waitpid(pid, 0)
            break
        time.sleep(0.0005)
    if situation == "parent too":
        assert work()
stop = True
print(hangs)
"""


@linux
@pytest.mark.parametrize(
    "count", [pytest.param(10, id="quick"), pytest.param(500, id="soak", marks=pytest.mark.soak)]
)
def test_forks_never_hang(count: int, figure: Callable[[str, str, bool], None]) -> None:
    hangs = 0
    situations = ["during first use", "after use", "during use", "grandchild", "parent too"]
    for situation in situations:
        result = _run(FORKS, situation, str(count), timeout=1200)
        assert result.returncode == 0, result.stderr
        hangs += int(result.stdout)
    figure(
        "Forked children work", f"{count} forks in {len(situations)} situations, hangs: {hangs}", hangs == 0
    )


EXITS = {
    "awaited": "asyncio.run(main(rne.async_sleep(0.005)))",
    "not awaited": "asyncio.run(start())",
    "cancelled": "asyncio.run(cancelled())",
    "timed out": "asyncio.run(timed_out())",
    "loop closed early": "loop = asyncio.new_event_loop(); loop.run_until_complete(start()); loop.close()",
    "after a fork": "asyncio.run(main(rne.async_sleep(0.001))); p = os.fork(); asyncio.run(main2()); p and os.waitpid(p, 0)",
}

PRELUDE = """
import asyncio, os, rust_numpy_example as rne
async def main(_=None):
    await asyncio.gather(*[rne.async_sleep(0.005) for _ in range(20)])
async def main2():
    await rne.async_sleep(0.001)
kept = []
async def start():
    for _ in range(100):
        kept.append(rne.async_sleep(0.01))
        kept[-1].send(None)
    await asyncio.sleep(0.002)
async def cancelled():
    task = asyncio.create_task(rne.async_sleep(60))
    await asyncio.sleep(0.002)
    task.cancel()
async def timed_out():
    try:
        await asyncio.wait_for(rne.async_sleep(60), 0.002)
    except (TimeoutError, asyncio.TimeoutError):
        pass
"""


@linux
@pytest.mark.parametrize(
    "count", [pytest.param(1, id="quick"), pytest.param(1000, id="soak", marks=pytest.mark.soak)]
)
def test_every_exit_is_clean(count: int, figure: Callable[[str, str, bool], None]) -> None:
    bad = 0
    for situation, code in EXITS.items():
        code = code.replace("main(rne.async_sleep(0.005))", "main()").replace(
            "main(rne.async_sleep(0.001))", "main()"
        )
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as several:
            for result in several.map(_run, [PRELUDE + code] * count):
                if result.returncode != 0 or result.stderr:
                    bad += 1
                    print(situation, result.returncode, result.stderr)
    figure(
        "The interpreter exits cleanly after async work",
        f"{count} exits in {len(EXITS)} situations, with a status or a message: {bad}",
        bad == 0,
    )


LATENCY = """
import os, random, signal, sys, threading, time, numpy as np, rust_numpy_example as rne
signal.signal(signal.SIGINT, signal.default_int_handler)
big = np.broadcast_to(np.float64(1.5), (1 << 38,))
many = np.ones(30_000_000)
square = np.ones((3000, 3000), "i8")
image = np.ones((3000, 3000), "f8")
text = "some words to count " * 3_000_000
long = (1 << 100_000_000) // 3
calls = {
    "sum_array": lambda: rne.sum_array(big),
    "cpu_intensive": lambda: rne.cpu_intensive(big),
    "compute_stats": lambda: [rne.compute_stats(many) for _ in range(1000)],
    "matrix_multiply": lambda: rne.matrix_multiply(square, square),
    "gaussian_blur": lambda: rne.gaussian_blur(image, 60.0),
    "monte_carlo_pi": lambda: rne.monte_carlo_pi(10**12),
    "fibonacci": lambda: rne.fibonacci(10**9),
    "multiply": lambda: [rne.multiply(long, long + 1) for _ in range(100)],
    "word_count": lambda: [rne.word_count(text) for _ in range(50)],
}
def latency(call):
    sent, ready = [], threading.Event()
    def interrupt():
        # The thread that is to be interrupted may wait until this one has started.
        ready.wait()
        time.sleep(random.uniform(0.02, 0.15))
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        ready.set()
        call()
    except KeyboardInterrupt:
        print(time.perf_counter() - sent[0])
    thread.join()
for name in sys.argv[2:]:
    print(name)
    for _ in range(int(sys.argv[1])):
        latency(calls[name])
"""

LONG = "sum_array cpu_intensive compute_stats matrix_multiply gaussian_blur monte_carlo_pi fibonacci multiply word_count".split()


@linux
@pytest.mark.parametrize(
    "count", [pytest.param(3, id="quick"), pytest.param(50, id="soak", marks=pytest.mark.soak)]
)
def test_ctrl_c_is_seen_at_once(count: int, figure: Callable[[str, str, bool], None]) -> None:
    result = _run(LATENCY, str(count), *LONG)
    words = result.stdout.split()
    # After its name, each function has as many times as it was called.
    assert words[:: count + 1] == LONG and len(words) == (count + 1) * len(LONG), (words, result.stderr)
    latencies = sorted(float(word) for word in words if word not in LONG)
    p90, p99 = latencies[int(0.9 * len(latencies))], latencies[int(0.99 * len(latencies))]
    # On a busy machine the thread that is to be interrupted may itself wait for the CPU.
    figure(
        f"Ctrl-C stops every long function ({len(LONG)} of them)",
        f"{len(latencies)} signals, 90 % within {1000 * p90:.0f} ms, 99 % within {1000 * p99:.0f} ms",
        p90 < (0.1 if count > 3 else 1.0),
    )


LIMIT = """
import os, resource, sys, numpy as np, rust_numpy_example as rne
n = 6_000_000
data, square = np.ones(n), np.ones((900, 900), "i8")
numbers = list(range(100))
image = np.ones((2000, 2000), "u1")
text = " ".join(map(str, range(800_000)))
long = (1 << 40_000_000) // 3
calls = {
    "array_multiply": lambda: rne.array_multiply(data, data),
    "process_numbers": lambda: rne.process_numbers(data, 0),
    "process_batch": lambda: rne.process_batch(data),
    "sum_array": lambda: rne.sum_array(data[::2], 0),
    "compute_stats": lambda: rne.compute_stats(data.reshape(-1, 2), 1),
    "matrix_multiply": lambda: rne.matrix_multiply(square, square),
    "matrix_multiply, floats": lambda: rne.matrix_multiply(data.reshape(2000, 3000), data.reshape(3000, 2000)),
    "gaussian_blur": lambda: rne.gaussian_blur(image, 2.0, dtype="f8"),
    "sobel": lambda: rne.sobel(image, dtype="f8"),
    "word_count": lambda: rne.word_count(text),
    "fibonacci": lambda: rne.fibonacci(30_000_000),
    "multiply": lambda: rne.multiply(long, long + 1),
    "DataProcessor": lambda: rne.DataProcessor(3).add_data(data),
    "parallel_sum": lambda: rne.parallel_sum(numbers),
}
def limited(call, kilobytes):
    rne.sum_array(data[:200_000], workers=2)
    # A name that is new needs memory, too.
    outcome = "enough"
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (kilobytes << 10), resource.RLIM_INFINITY))
    try:
        call()
    except MemoryError:
        outcome = "MemoryError"
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert rne.sum_array(data[:10]) == 10
    print(outcome)
for name in sys.argv[2:]:
    for kilobytes in map(int, sys.argv[1].split(",")):
        print(name, kilobytes, end=": ", flush=True)
        # Each call is the first of its process.
        pid = os.fork()
        if pid == 0:
            limited(calls[name], kilobytes)
            sys.stdout.flush()
            os._exit(0)
        if status := os.waitpid(pid, 0)[1]:
            print("status", os.waitstatus_to_exitcode(status), flush=True)
"""

HUNGRY = (
    "array_multiply process_numbers process_batch sum_array compute_stats matrix_multiply gaussian_blur sobel "
    "word_count fibonacci multiply DataProcessor parallel_sum"
).split() + ["matrix_multiply, floats"]


@linux
@pytest.mark.parametrize(
    "limits",
    [
        pytest.param([64, 4096], id="quick"),
        pytest.param([4 << i for i in range(15)], id="soak", marks=pytest.mark.soak),
    ],
)
def test_refused_memory_is_a_memory_error(
    limits: list[int], figure: Callable[[str, str, bool], None]
) -> None:
    result = _run(LIMIT, ",".join(map(str, limits)), *HUNGRY)
    outcomes = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    assert list(outcomes) == [f"{name} {limit}" for name in HUNGRY for limit in limits], result.stderr
    total, errors = len(outcomes), list(outcomes.values()).count("MemoryError")
    aborts = {case: end for case, end in outcomes.items() if end not in ("MemoryError", "enough")}
    print(aborts, result.stderr[-3000:])
    figure(
        "Refused memory is a MemoryError",
        f"{total} limits over {len(HUNGRY)} functions: {errors} MemoryErrors, aborts: {len(aborts)}",
        not aborts and errors > 0,
    )


@linux
def test_nothing_leaks(figure: Callable[[str, str, bool], None]) -> None:
    code = """
import gc, numpy as np, rust_numpy_example as rne
def rss():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096
a, image = np.ones((40, 40)), np.ones((20, 20), "u1")
def once():
    rne.array_multiply(a, a); rne.sum_array(a, 0); rne.compute_stats(a, 1).mean; rne.matrix_multiply(a, a)
    rne.parallel_sum([1, 2**80, 0.5]); rne.word_count("a b c a"); rne.fibonacci(300); rne.gaussian_blur(image, 1.0)
    rne.process_numbers([1, 2], 1); rne.human_says_hi; rne.RustStruct("x", [1]).extend_vector([2])
    p = rne.DataProcessor(3); p.add_data(a.ravel()); p.process_chunks(); p.stats()
    for bad in (lambda: rne.sum_array("x"), lambda: rne.array_multiply([1, 2], [1, 2, 3]), lambda: rne.fibonacci(-1),
                lambda: rne.matrix_multiply(a, [1]), lambda: rne.gaussian_blur(a, "x"), lambda: rne.parallel_sum([None])):
        try: bad()
        except Exception: pass
for _ in range(1000): once()
before = rss()
for _ in range(5000): once()
print((rss() - before) / (5000 * 20))
"""
    result = _run(code)
    assert result.returncode == 0, result.stderr
    leaked = float(result.stdout)
    figure("Nothing leaks, on success and on error", f"{max(leaked, 0):.1f} bytes a call", leaked < 16)


PACKING = """
import os, resource, sys
os.environ["RUST_NUMPY_EXAMPLE_SIMD"] = "baseline"
import numpy as np, rust_numpy_example as rne
a = np.ones((300, 300), sys.argv[1])
out = np.zeros_like(a)
rne.matrix_multiply(a[:100, :100], a[:100, :100], workers=1)
outcomes = set()
for limit in range(0, 3 << 20, 64 << 10):
    pid = os.fork()
    if pid == 0:
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + limit, resource.RLIM_INFINITY))
        try:
            rne.matrix_multiply(a, a, out=out, workers=1)
        except MemoryError:
            os._exit(1)
        os._exit(0)
    outcomes.add(os.waitpid(pid, 0)[1])
print(sorted(map(os.waitstatus_to_exitcode, outcomes)))
"""


@linux
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_refused_memory_is_a_memory_error_where_another_crate_takes_it(dtype: str) -> None:
    result = _run(PACKING, dtype)
    assert result.stdout == "[0, 1]\n", (result.stdout, result.stderr[-300:])
