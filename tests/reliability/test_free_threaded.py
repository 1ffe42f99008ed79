"""Eight threads without a lock of the interpreter: every result right or a clear error, and never a crash.

In a process of its own, as what this looks for is a crash. What is not tried is what ends NumPy itself: two threads
that change one array at once, NumPy's functions on an array whose shape another thread sets, and a resize that has
begun when a call begins (see `src/bindings/array/description.rs`). So each array has one thread that changes it, and a
resize waits until the call that uses the array has pinned it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.skipif(
    getattr(sys, "_is_gil_enabled", lambda: True)(), reason="the interpreter has a lock"
)

STORM = """
import gc, random, sys, threading, time, warnings, weakref
import numpy as np, rust_numpy_example as rne

# Newer versions of NumPy advise against setting a shape.
warnings.simplefilter("ignore")
seconds = float(sys.argv[1])
SIDE = 24
SIZE = SIDE * SIDE
SHAPES = [(SIZE,), (SIDE, SIDE), (SIDE // 2, SIDE * 2), (SIDE, SIDE // 4, 4)]

def ones(*shape):
    return np.ones(shape or SIZE)

reshaped = [ones() for _ in range(4)]       # whose shape, strides and dtype are set
replaced = [ones() for _ in range(4)]       # deleted, others in their place
written = [ones() for _ in range(4)]        # of which each element is 1 or 2
resized = [ones(300_000) for _ in range(2)]
lists = [[1.5] * 1000, list(range(1000))]   # that grow and shrink by what adds 3 to their sum
processor, struct = rne.DataProcessor(7), rne.RustStruct("x", [])
gates = [threading.Lock() for _ in resized]
leases = [0 for _ in resized]
counts = {"calls": 0, "errors": 0, "refused": 0, "resizes": 0, "changes": 0}
wrong = []
done = threading.Event()

def check(ok, what):
    if not ok:
        wrong.append(what)
        done.set()

def sums(x):
    total = rne.sum_array(x)
    check(total == SIZE, f"sum_array {total}")

def stats(x):
    found = rne.compute_stats(x)
    check((found.count, found.mean, found.std) == (SIZE, 1.0, 0.0), f"compute_stats {found}")

def sums_along(x):
    total = rne.sum_array(x, axis=0)
    check(np.sum(total) == SIZE, f"sum_array along an axis {total}")

def sines(x):
    total = rne.cpu_intensive(x)
    check(abs(total - SIZE * np.sin(1.0)) < 1e-9, f"cpu_intensive {total}")

def products(x):
    product = rne.array_multiply(x, x)
    check(product.size == SIZE and (product == 1).all(), f"array_multiply {product}")

def doubled(x):
    product = rne.process_data(x, 2, out=np.empty((SIDE, SIDE)))
    check((product == 2).all(), f"process_data {product}")

def selected(x):
    kept = rne.process_numbers(x, 0.5)
    check(kept.tolist() == [2.0] * SIZE, f"process_numbers {kept}")

def matrices(x):
    product = rne.matrix_multiply(x, ones(SIDE, 3))
    check((product == SIDE).all(), f"matrix_multiply {product}")

def blurred(x):
    result = rne.gaussian_blur(x, 1.0)
    check(np.abs(result - 1).max() < 1e-12, f"gaussian_blur {result}")

def averages(x):
    result = rne.moving_average(x, 3, axis=0)
    check((np.isnan(result) | (result == 1)).all(), f"moving_average {result}")

def middle(x):
    found = rne.quantiles(x, [0.25, 0.5])
    check((np.asarray(found) == 1).all(), f"quantiles {found}")

def added(x):
    processor.add_data(x)
    means = processor.process_chunks()
    check((means == 1).all(), f"process_chunks {means}")
    check(processor.stats().mean == 1, f"DataProcessor {processor}")

SAME = [sums, stats, sums_along, sines, products, doubled, selected, matrices, blurred, averages, middle, added]

def between(x):
    total = rne.sum_array(x)
    check(SIZE <= total <= 2 * SIZE, f"sum_array {total}")
    found = rne.compute_stats(x)
    check(1 <= found.min <= found.mean <= found.max <= 2, f"compute_stats {found}")
    product = rne.array_multiply(x, x)
    check(((product >= 1) & (product <= 4)).all(), f"array_multiply {product}")

def objects():
    number = random.randrange(2)
    total = rne.parallel_sum(lists[number]) - (1500 if number == 0 else 499500)
    check(total % 3 == 0 and 0 <= total <= 300, f"parallel_sum {total}")
    struct.extend_vector([1])
    check(struct == struct, "RustStruct is not equal to itself")
    if len(struct.vector) > 1000:
        struct.vector = []

def long_call():
    number = random.randrange(2)
    with gates[number]:
        if leases[number]:
            return
        leases[number] = 1
    try:
        total = rne.cpu_intensive(resized[number], workers=1)
        check(abs(total - 300_000 * np.sin(1.0)) < 1e-6, f"cpu_intensive {total}")
    finally:
        leases[number] = 0

def read():
    calls = errors = 0
    while not done.is_set():
        try:
            match random.randrange(8):
                case 0 | 1 | 2 | 3:
                    random.choice(SAME)(random.choice(random.choice([reshaped, replaced])))
                case 4 | 5:
                    between(random.choice(written))
                case 6:
                    objects()
                case 7:
                    long_call()
        except ValueError:
            errors += 1      # a shape that the function does not take
        except RuntimeError as error:
            check("changed by another thread" in str(error), repr(error))
            errors += 1
        except BaseException as error:
            check(False, repr(error))
        calls += 1
    counts["calls"] += calls
    counts["errors"] += errors

def change():
    changes = 0
    while not done.is_set():
        x = random.choice(reshaped)
        x.shape = random.choice(SHAPES)
        replaced[random.randrange(4)] = ones(*random.choice(SHAPES))
        changes += 1
        if changes % 64 == 0:
            time.sleep(0)
    counts["changes"] += changes

def write():
    changes = 0
    while not done.is_set():
        random.choice(written)[random.randrange(SIZE):] = random.choice([1.0, 2.0])
        for numbers, more in zip(lists, (3.0, 3)):
            numbers.append(more)
            if len(numbers) > 1050:
                # One step, as the sum may be taken between two.
                del numbers[1000:]
        changes += 1
    counts["changes"] += changes

def resize():
    refused = resizes = 0
    while not done.is_set():
        number = random.randrange(2)
        array = resized[number]
        with gates[number]:
            while leases[number] and not weakref.getweakrefcount(array):
                pass
            try:
                array.resize(random.choice([1, 1_000_000]), refcheck=False)
                array.resize(300_000, refcheck=False)
                array[:] = 1
                resizes += 1
            except ValueError:
                refused += 1
        if random.randrange(100) == 0:
            gc.collect()
            check(gc.isenabled(), "the collector was switched off")
        time.sleep(0.0005)
    counts["refused"] += refused
    counts["resizes"] += resizes

def run(work):
    try:
        work()
    except BaseException as error:
        check(False, f"{work.__name__}: {error!r}")

threads = [threading.Thread(target=run, args=(work,)) for work in [read] * 5 + [change, write, resize]]
for thread in threads:
    thread.start()
done.wait(seconds)
done.set()
for thread in threads:
    thread.join()
for what in wrong:
    print(what, file=sys.stderr)
check(not sys._is_gil_enabled(), "the lock came back")
print(*counts.values(), len(wrong))
"""


@pytest.mark.parametrize(
    "seconds", [pytest.param(1.5, id="quick"), pytest.param(600, id="soak", marks=pytest.mark.soak)]
)
def test_eight_threads_change_what_they_share(
    seconds: float, figure: Callable[[str, str, bool], None]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM, str(seconds)],
        # Every larger array is mapped on its own: memory that was given back is gone, and to touch it is a crash.
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        timeout=seconds + 300,
        check=False,
    )
    print(done.stderr[-5000:])
    calls, errors, refused, resizes, changes, wrong = (int(word) for word in done.stdout.split() or "000001")
    figure(
        "Eight threads without a lock of the interpreter, on shared arrays, lists and objects: right, or a clear error",
        f"{calls} calls in {seconds:g} s, {errors} refused for their shape; {changes} shapes, deletions and writes, "
        f"{resizes} resizes, {refused} refused during a call; wrong: {wrong}; status: {done.returncode}",
        done.returncode == 0 and wrong == 0 and refused > 0 and calls > errors > 0,
    )


def test_an_object_is_equal_to_itself_while_others_change_it() -> None:
    code = """
import threading, rust_numpy_example as rne
struct, done = rne.RustStruct("x", []), threading.Event()
def extend():
    while not done.is_set():
        struct.extend_vector([1])
        if len(struct.vector) > 500:
            struct.vector = []
threads = [threading.Thread(target=extend) for _ in range(2)]
for thread in threads: thread.start()
equal = all(struct == struct for _ in range(20_000))
done.set()
for thread in threads: thread.join()
print(equal)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
