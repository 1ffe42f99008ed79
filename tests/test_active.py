"""What is in use on this machine: nothing may be given up without a word."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import rust_numpy_example as rne

INFO = rne.build_info()

#: The flags of /proc/cpuinfo that each level needs, and those of instructions that are no level.
FLAGS = {
    "neon": {"asimd"},
    "avx2": {"avx2", "fma", "bmi1", "bmi2", "f16c", "abm", "popcnt"},
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"},
}
IFMA = "avx512ifma"
DOTPROD = "asimddp"


def flags() -> set[str]:
    """Return what the system says that the CPU has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        pytest.skip("the system has no /proc/cpuinfo")
    found = next((line for line in lines if line.startswith(("flags", "Features"))), None)
    if found is None:
        pytest.skip("the CPU is neither x86 nor Arm")
    return set(found.partition(":")[2].split())


def test_a_release_build_is_installed() -> None:
    assert INFO["profile"] == "release"


def test_every_level_that_the_cpu_has_is_there_and_the_highest_is_used() -> None:
    has = flags()
    levels = ["baseline", *(level for level, needed in FLAGS.items() if needed <= has)]
    # A Rust older than 1.89 builds for the first alone on x86.
    assert INFO["simd_available"] == tuple(levels)
    if "RUST_NUMPY_EXAMPLE_SIMD" not in os.environ:
        assert INFO["simd"] == levels[-1]
        assert INFO["ifma"] == (levels[-1] == "avx512" and IFMA in has)
        assert INFO["dotprod"] == (DOTPROD in has)


def test_all_cpus_of_the_process_are_used() -> None:
    names = ("RUST_NUMPY_EXAMPLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS")
    if any(name in os.environ for name in names) or not hasattr(os, "sched_getaffinity"):
        pytest.skip("another number of threads was asked for")
    cpus = len(os.sched_getaffinity(0))
    quotas = [Path("/sys/fs/cgroup", *name) for name in (["cpu.max"], ["cpu", "cpu.cfs_quota_us"])]
    if any(
        quota.exists() and not quota.read_text(encoding="utf-8").startswith(("max", "-1")) for quota in quotas
    ):
        pytest.skip("the process may use a part of the CPUs' time")
    assert INFO["num_threads"] == cpus


def test_huge_pages_are_used_where_the_system_has_some() -> None:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    has_some = setting.exists() and "[never]" not in setting.read_text(encoding="utf-8")
    assert (INFO["huge_pages_from"] is not None) == has_some


def test_the_size_of_the_last_cache_is_read_where_the_system_says_it() -> None:
    caches = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"))
    share = INFO["cache_share"]
    assert (share is not None) == bool(caches)
    assert share is None or 0 < share <= int(caches[-1].read_text(encoding="utf-8").strip("KM\n")) << 20


def test_stores_past_the_caches_are_there_on_x86() -> None:
    assert (INFO["streaming_stores_from"] is not None) == ("sse2" in flags())


@pytest.mark.skipif(
    sys.implementation.name != "cpython" or sys.maxsize < 2**32, reason="elsewhere items are reached by calls"
)
def test_lists_and_tuples_are_read_in_place() -> None:
    assert INFO["read_in_place"] == ("bool", "float", "int", "list", "tuple")


def test_the_build_is_that_of_the_interpreter() -> None:
    assert INFO["free_threaded"] == bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    # Importing the package does not bring the lock back.
    if INFO["free_threaded"] and os.environ.get("PYTHON_GIL") != "1" and sys.flags.gil != 1:
        code = "import sys, rust_numpy_example; print(sys._is_gil_enabled())"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout == "False\n"
