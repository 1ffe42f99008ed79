"""What the README says is not copied: the peak memory of calls, with that of the extension itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from commands import has_peak

#: Prints for each call by how many MiB more than its result the memory grew while it ran.
PROGRAM = """
import re
import numpy as np
import rust_numpy_example as rne

def status(name):
    with open("/proc/self/status") as file:
        return int(re.search(name + ":\\\\s*(\\\\d+)", file.read())[1]) * 1024

n = 2_000_000
many = {
    "float32": np.ones(n, "f4"),
    "every second int16": np.ones(2 * n, "i2")[::2],
    "float64 from the end": np.ones(n)[::-1],
    "int64": np.ones(n, "i8"),
    "bool": np.ones(n, "?"),
    "columns of float16": np.ones((1000, n // 1000), "f2", "F"),
}
doubles = np.ones(n)
into = np.ones(n)
calls = {
    "process_batch": (rne.process_batch, 8),
    "cpu_intensive": (rne.cpu_intensive, 0),
    "array_multiply": (lambda x: rne.array_multiply(x, doubles[: x.size].reshape(x.shape), out=into[: x.size].reshape(x.shape)), 0),
    "process_data": (lambda x: rne.process_data(x, 2.0), 8),
    "compute_stats": (rne.compute_stats, 0),
    "sum_array": (rne.sum_array, 0),
    "sum_array, axis": (lambda x: rne.sum_array(x.reshape(1000, -1) if x.ndim == 1 else x, 0), 0),
    "moving_average": (lambda x: rne.moving_average(x, 5), 8),
    "process_numbers": (lambda x: rne.process_numbers(x, 2), 0),
}
for name, (call, per) in calls.items():
    for kind, array in many.items():
        if name == "process_numbers" and (array.ndim > 1 or array.dtype == bool):
            continue
        call(array[:1000])
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = status("VmRSS")
        result = call(array)
        print(name, kind, (status("VmHWM") - before - per * n) // 2**20, sep="|")
        del result
"""


@has_peak
@pytest.mark.thorough
@pytest.mark.native
def test_no_operand_is_copied_whole() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    if "clear_refs" in run.stderr:
        pytest.skip("the peak of a process cannot be reset here")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 9 * 6 - 2
    # A whole copy in float64 takes 15 MiB, one of the narrowest dtype 4.
    copied = [line for line in lines if int(line.rpartition("|")[2]) > 3]
    assert not copied
