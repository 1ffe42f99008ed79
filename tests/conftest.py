"""Settings of the whole suite."""

from __future__ import annotations

import json
import platform
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The machines that run this are shared: a slow example is not a failure.
settings.register_profile("default", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("default")

# A shell starts what it puts in the background with Ctrl-C ignored, and Python leaves it so: the tests that
# interrupt a call would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that notes what was tested on what."""
    parser.addoption("--tested", metavar="FILE", help="write what this run tested (see tools/tested.py)")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Note the interpreter, NumPy and platform of this run, and what came out."""
    path = config.getoption("--tested")
    if not path:
        return
    import numpy as np

    files: dict[str, dict[str, Any]] = {}
    for outcome, kinds in {
        "passed": ["passed"],
        "failed": ["failed", "error"],
        "skipped": ["skipped"],
    }.items():
        for report in (report for kind in kinds for report in terminalreporter.stats.get(kind, [])):
            new = {"date": date.today().isoformat(), "passed": 0, "failed": 0, "skipped": Counter()}
            file = files.setdefault(report.nodeid.partition("::")[0], new)
            if outcome == "skipped":
                file["skipped"][str(report.longrepr[2]).removeprefix("Skipped: ")] += 1
            else:
                file[outcome] += 1
    row = {
        "python": platform.python_version(),
        "free_threaded": not getattr(sys, "_is_gil_enabled", lambda: True)(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": f"{platform.system()}, {' '.join(platform.libc_ver())}".strip(", "),
        "files": files,
    }
    Path(path).write_text(json.dumps(row), encoding="utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; return its exit code, what it wrote, and its notes and errors."""
    from rust_numpy_example.__main__ import main

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = int(str(stopped.code))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute what is lazy in the thread of the test."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        yield
