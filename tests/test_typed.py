"""The types of the stub: what mypy makes of them, and that results are what they say."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import typing
from pathlib import Path
from types import UnionType
from typing import Any

import numpy as np
import pytest

import rust_numpy_example

TYPED = Path(__file__).parent / "typed"


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value is what its type says."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if hasattr(origin, "__value__"):
        # `type NDArray[T] = …`, from NumPy 2.5 on.
        return fits(value, origin.__value__[arguments])
    if origin in (typing.Union, UnionType):
        return any(fits(value, one) for one in arguments)
    if origin is np.ndarray:
        (scalar,) = typing.get_args(arguments[1])
        scalar = typing.get_origin(scalar) or scalar
        return type(value) is np.ndarray and (scalar is Any or issubclass(value.dtype.type, scalar))
    if origin is dict:
        return type(value) is dict and all(
            fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items()
        )
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        return type(value) is origin and all(fits(item, arguments[0]) for item in value)
    if origin is tuple:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    # In annotations a float may be an int, and a complex a float.
    wider = {float: (float, int), complex: (complex, float, int)}
    kind = origin or kind
    return isinstance(value, wider.get(kind, kind)) and (kind is bool or type(value) is not bool)


def test_results_are_what_their_types_say(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []

    def compare(value: Any, kind: Any) -> None:
        line = sys._getframe(1).f_lineno
        assert fits(value, kind), f"results.py:{line}: {value!r} of {type(value)}, expected {kind}"
        checked.append(line)

    monkeypatch.setattr(typing, "assert_type", compare)
    runpy.run_path(str(TYPED / "results.py"))
    assert len(checked) > 90


@pytest.mark.parametrize(
    "value, kind",
    [
        (1.5, int),
        (True, int),
        ([1.5], list[int]),
        (np.float64(1), np.float32),
        (np.ones(2), np.ndarray[Any, np.dtype[np.float32]]),
        (1.5, np.ndarray[Any, np.dtype[Any]]),
        ({"a": "b"}, dict[str, float]),
        ("a", int | None),
    ],
)
def test_another_type_is_noticed(value: Any, kind: Any) -> None:
    assert not fits(value, kind)


@pytest.mark.once
def test_mypy_reads_the_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = (TYPED / "results.py").read_text(encoding="utf-8")
    # Every public name is there, but those that only print, wait or raise.
    silent = {
        "InternalError",
        "MyCustomError",
        "async_fetch_data",
        "async_sleep",
        "dict_printer",
        "word_printer",
    }
    silent |= {
        "fallible_function",
        "risky_operation",
        "log_different_levels",
        "log_example",
        "set_num_threads",
    }
    silent |= {"Human", "QuantileFinder", "word_count_file"}
    missing = [name for name in rust_numpy_example.__all__ if f"rne.{name}" not in script]
    assert sorted(missing) == sorted(silent)
    # Where the package is not installed, mypy has to be told where it is.
    place = Path(rust_numpy_example.__file__).parents[1]
    env = os.environ if place.name == "site-packages" else {**os.environ, "MYPYPATH": str(place)}
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores"]
    command += ["--config-file=", f"--cache-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "results.py", "mistakes.py"],
        cwd=TYPED,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # A wrong type is an error, else all of this would check nothing.
    wrong = tmp_path / "wrong.py"
    wrong.write_text(script.replace("list[int])", "list[str])"), encoding="utf-8")
    done = subprocess.run(
        [*command, str(wrong)], cwd=TYPED, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stdout.count("[assert-type]") == script.count("list[int])")
