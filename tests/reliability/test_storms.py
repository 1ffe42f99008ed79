"""Arrays that are resized, deleted and written while calls use them: wrong numbers at worst.

In a process of its own, as what this looks for is a crash.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

STORM = """
import random, sys, threading, time, warnings
import numpy as np, rust_numpy_example as rne
from calls import CALLS
warnings.simplefilter("ignore")
np.seterr(all="ignore")
sys.setswitchinterval(1e-5)
sizes = [(40, 40), (300, 300), (2, 60_000), (90_000,)]
shared = {"x": np.ones(sizes[0])}
done = False
refused = resized = 0
# NumPy itself crashes where one thread resizes what another one assigns to.
numpy_alone = threading.Lock()

def resize():
    global refused, resized
    while not done:
        array = shared["x"]
        shape = array.shape
        try:
            with numpy_alone:
                array.resize((1, 1), refcheck=False)
                array.resize(shape, refcheck=False)
            resized += 1
        except ValueError:
            refused += 1
        del array
        time.sleep(0)

def delete():
    while not done:
        shared["x"] = np.full(random.choice(sizes), 1.5)
        time.sleep(0.0005)

def write():
    while not done:
        array = shared["x"]
        with numpy_alone:
            array[...] = random.choice([0.0, 1.5, -np.inf, np.nan, 1e308])
        del array
        time.sleep(0)

threads = [threading.Thread(target=work) for work in (resize, delete, write)]
for thread in threads:
    thread.start()
end, calls = time.monotonic() + float(sys.argv[1]), 0
try:
    while time.monotonic() < end:
        for call in CALLS:
            try:
                # No views: a resize between two steps of Python, before any function is called, would leave
                # them without memory.
                if call.name in ("matrix_multiply", "multiply_matrices"):
                    a = shared["x"]
                    rne.matrix_multiply(a, np.ones((a.shape[-1], 3)))
                    del a
                elif call.name == "DataProcessor":
                    processor = rne.DataProcessor(5)
                    processor.add_data(shared["x"])
                    processor.process_chunks()
                else:
                    call.ours(shared["x"])
            except (ValueError, OverflowError):
                # A shape that changed between two looks at it does not fit.
                pass
            calls += 1
finally:
    done = True
    for thread in threads:
        thread.join()
print(calls, refused, resized)
"""


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="NumPy crashes without a lock of the interpreter; test_free_threaded has what holds there",
)
@pytest.mark.parametrize(
    "seconds", [pytest.param(1, id="quick"), pytest.param(120, id="soak", marks=pytest.mark.soak)]
)
def test_storms_never_crash(seconds: int, figure: Callable[[str, str, bool], None]) -> None:
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", STORM, str(seconds)],
        # Every array is mapped on its own: memory that was given back is gone, and to touch it is a crash.
        env={**os.environ, "PYTHONPATH": paths, "MALLOC_MMAP_THRESHOLD_": "8192"},
        capture_output=True,
        text=True,
        timeout=seconds + 300,
        check=False,
    )
    calls, refused, resized = (int(word) for word in done.stdout.split() or "000")
    figure(
        "Arrays resized, deleted and written during calls: never a crash",
        f"{calls} calls in {seconds} s, {resized} resizes between calls, {refused} refused during one; "
        f"status: {done.returncode}",
        done.returncode == 0 and refused > 0,
    )
