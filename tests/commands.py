"""What the tests of the command line run, write and expect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rust_numpy_example.__main__ import main

COMMAND = [sys.executable, "-m", "rust_numpy_example"]

#: The command line, and at its end the most memory that it took, in MiB.
PEAK = """
import re, sys
from rust_numpy_example.__main__ import main
code = main(sys.argv[1:])
# Not getrusage: after a fork and exec that has the peak of the parent in it.
with open("/proc/self/status") as status:
    print(int(re.search("VmHWM: *([0-9]+)", status.read().replace("\\t", " "))[1]) // 1024, file=sys.stderr)
sys.exit(code)
"""

has_peak = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc"
)

#: A command that has just been run: exit code, standard output, standard error.
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def shell(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own."""
    options.setdefault("stdout", subprocess.PIPE)
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, timeout=120, check=False, **options)


def columns(run: Run, path: object, *options: str) -> list[dict[str, Any]]:
    """Return the statistics of a file."""
    code, out, err = run("stats", path, "--json", *options)
    assert (code, err) == (0, "")
    return json.loads(out)["columns"]


def failure(run: Run, path: object, *options: str) -> str:
    """Return why a file cannot be read."""
    code, out, err = run("stats", path, *options)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {path}: "), err
    assert err.count("\n") == 1
    return err[len(f"error: {path}: ") : -1]


VALUES = np.array([[1.0, -2.5], [np.nan, 4.0], [3.0, 1e6]])
TEXT = "x,y\n1,-2.5\n,4\n3,1e6\n"
BIG = [2**53 + 1, 2**62 + 1]
TSV = b"a\tb\tc\n1\t2\t3\n4\t5\t6\n"


def number(name: str, count: int, missing: int, values: list[float], type_: str = "float") -> dict[str, Any]:
    """Return what JSON has of a column of numbers."""
    return {
        "name": name,
        "type": type_,
        "count": count,
        "missing": missing,
        "mean": pytest.approx(sum(values) / len(values)),
        "std": pytest.approx(np.std(values, ddof=1)),
        "min": min(values),
        "max": max(values),
        "sum": pytest.approx(sum(values)),
        "var": pytest.approx(np.var(values, ddof=1)),
        "distinct": len(set(values)),
        "shortest": None,
        "longest": None,
        "quantiles": {str(q): pytest.approx(np.quantile(values, q)) for q in (0.25, 0.5, 0.75)},
    }


EXPECTED = [number("x", 2, 1, [1.0, 3.0]), number("y", 3, 0, [-2.5, 4.0, 1e6])]

#: In text, that a column holds integers is seen.
EXPECTED_TEXT = [{**EXPECTED[0], "type": "integer"}, EXPECTED[1]]


def record_array() -> np.ndarray:
    """Return the values as an array with named fields."""
    records = np.zeros(3, [("x", ">f4"), ("y", "f8")])
    records["x"], records["y"] = VALUES.T
    return records


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """Return an ``.npy`` file with a header of one's own."""
    encoded = header.encode()
    length = len(encoded).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + length + encoded + data


#: What writes a file, and gives the statistics of its columns, and the notes.
Stats = Callable[..., tuple[list[dict[str, Any]], str]]


def written(run: Run, folder: Path, usual: str) -> Stats:
    """Return what writes a file, and gives the statistics of its columns and the notes without its name."""

    def stats(content: bytes | str, *options: str, name: str = usual) -> tuple[list[dict[str, Any]], str]:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        code, out, err = run("stats", path, "--json", *options)
        notes = err.replace(f"{path}: ", "")
        assert code == 0, notes
        return json.loads(out)["columns"], notes

    return stats


def names(columns: list[dict[str, Any]]) -> list[str]:
    """Return the names of columns."""
    return [column["name"] for column in columns]


def refused(run: Run, path: Path, *options: str) -> str:
    """Return why a file is refused, in one line and with nothing beside it."""
    code, out, err = run("stats", path, *options)
    assert (code, out, err.count("\n")) == (1, "", 1)
    return err.removeprefix(f"error: {path}: ").rstrip("\n")
