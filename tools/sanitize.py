"""Sanitizers over the Rust tests, and valgrind over a call of every entry of the extension.

``python tools/sanitize.py [--figures FILE] {asan,tsan,valgrind} ...``

- ``asan``, Address Sanitizer, needs a nightly Rust toolchain.
- ``tsan``, Thread Sanitizer, has to see the standard library, too: Debian's Rust 1.85 compiles it (`cross.py`). The
  sanitizer itself is that of the machine's own toolchain.
- ``valgrind`` looks at the extension that is installed. A report counts if the extension is in its stack: the
  interpreter and NumPy have reports of their own.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from xml.etree import ElementTree

from cross import Target, rust
from debian import Unavailable, run
from page import Row, publish

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "rust_numpy_example"

#: Where CPython multiplies a digit that it has not set by zero, the size of the number 0.
HARMLESS = {"maybe_small_long", "get_small_int"}

#: What has threads, in words that are in the names of its tests.
THREADED = ["join::", "kept::", "pool::", "processor::", "standby::", "threads::", "waiting::", "work::"]

#: Calls every entry, with arrays of every dtype and layout where it takes one. Valgrind knows no AVX-512.
SCRIPT = """
import contextlib, io, warnings
from itertools import product
warnings.simplefilter("ignore")
import numpy as np
import rust_numpy_example as rne
from calls import CALLS
from entries import ENTRIES
from layouts import DTYPES, layouts, sample
assert rne.build_info()["simd"] != "avx512"
np.seterr(all="ignore")
calls = 0
with contextlib.redirect_stdout(io.StringIO()):
    for call in ENTRIES.values():
        with contextlib.suppress(Exception):
            call()
        calls += 1
# Not every layout for each: they take turns.
for turn, (call, dtype, shape) in enumerate(product(CALLS, DTYPES, ((5, 6), (3, 0), (33, 70)))):
    step = 3 if shape[0] == 5 else 7
    for _, array in list(layouts(sample(dtype, shape)))[turn % step :: step]:
        with contextlib.suppress(Exception):
            call.ours(array)
        calls += 1
print(calls)
"""


def asan() -> Row:
    """Run the Rust tests under Address Sanitizer."""
    target = f"{platform.machine()}-unknown-linux-gnu"
    environment = {
        **os.environ,
        "RUSTFLAGS": "-Zsanitizer=address",
        "CARGO_TARGET_DIR": os.environ.get("ASAN_TARGET_DIR", str(ROOT / "target" / "asan")),
    }
    command = ["cargo", "+nightly", "test", "--locked", "--target", target, "--lib", "--tests"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    passed = sum(map(int, re.findall(r"(\d+) passed", output)))
    reports = output.count("ERROR: AddressSanitizer")
    if done.returncode:
        print(output[-5000:])
    return Row(
        "Address Sanitizer finds nothing in the Rust tests",
        f"{passed} tests, reports: {reports}",
        done.returncode == 0 and passed > 0,
        "`tools/sanitize.py`",
    )


def tsan() -> Row | None:
    """Run the Rust tests of what has threads under Thread Sanitizer; None where that cannot be."""
    target = Target(f"{platform.machine()}-unknown-linux-gnu", "")
    try:
        environment = rust(target)
        libraries = Path(run(environment["RUSTC"], "--print", "target-libdir").strip())
        installed = Path(run("rustc", "--print", "target-libdir").strip())
        for runtime in installed.glob("librustc-*_rt.tsan.a"):
            # By the name under which a released compiler looks for it.
            shutil.copy(runtime, libraries / "librustc-stable_rt.tsan.a")
    except Unavailable as reason:
        print(f"no Thread Sanitizer: {reason}")
        return None
    environment = {
        **os.environ,
        **environment,
        "CARGO_BUILD_TARGET": target.rust,
        # What this crate rests on; itself it is compiled faster without.
        "CARGO_PROFILE_DEV_OPT_LEVEL": "1",
        "CARGO_PROFILE_TEST_OPT_LEVEL": "1",
        "CARGO_INCREMENTAL": "0",
        "CARGO_TARGET_DIR": os.environ.get("TSAN_TARGET_DIR", str(ROOT / "target" / "tsan")),
        "RUSTFLAGS": "-Zsanitizer=thread",
    }
    command = ["cargo", "test", "--locked", "--lib"]
    command += [f"--config=profile.{name}.package.rust_numpy_example.opt-level=0" for name in ("dev", "test")]
    command += ["--", *THREADED]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    passed = sum(map(int, re.findall(r"(\d+) passed", output)))
    reports = output.count("WARNING: ThreadSanitizer")
    if done.returncode or reports:
        print(output[-20000:])
    return Row(
        "Thread Sanitizer finds nothing in the Rust tests of the threads and of what they share",
        f"{passed} tests, reports: {reports}",
        done.returncode == 0 and passed > 0 and reports == 0,
        "`tools/sanitize.py`",
    )


def _is_ours(error: ElementTree.Element) -> bool:
    # What lives until the end, such as the threads of the pool, is no mistake.
    if (error.findtext("kind") or "").startswith("Leak_"):
        return False
    innermost = {function.text for function in list(error.iter("fn"))[:2]}
    return not innermost & HARMLESS and any(PACKAGE in (obj.text or "") for obj in error.iter("obj"))


def valgrind() -> Row:
    """Run a call of every entry under valgrind."""
    tests = ROOT / "tests"
    paths = os.pathsep.join([str(tests / "reliability"), str(tests), *filter(None, sys.path[1:])])
    environment = {**os.environ, "PYTHONMALLOC": "malloc", "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            "valgrind",
            "--quiet",
            "--leak-check=no",
            "--xml=yes",
            f"--xml-file={report}",
            "--num-callers=40",
        ]
        command += [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        errors = ElementTree.parse(report).findall("error")
    ours = [error for error in errors if _is_ours(error)]
    for error in ours:
        print(ElementTree.tostring(error, encoding="unicode"))
    if done.returncode:
        print(done.stderr[-3000:])
    calls = done.stdout.strip() or "0"
    return Row(
        "Valgrind finds no wrong use of memory in the extension",
        f"{calls} calls of every entry and dtype, the layouts in turn, reports: {len(ours)}",
        done.returncode == 0 and not ours,
        "`tools/sanitize.py`",
    )


def main() -> int:
    """Run what is asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("which", nargs="+", choices=["asan", "tsan", "valgrind"])
    arguments = parser.parse_args()
    rows = [{"asan": asan, "tsan": tsan, "valgrind": valgrind}[which]() for which in arguments.which]
    return publish([row for row in rows if row], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
