"""The command ``bench``: rows for what is installed here, the same functions as ever, and no trace of it afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rust_numpy_example as rne
from rust_numpy_example import _timing
from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import bench

Run = Callable[..., tuple[int, str, str]]

#: Quick: one round of each.
QUICK = ("--budget", "0.000001")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["bench", *map(str, arguments)])
        except SystemExit as stopped:
            code = int(str(stopped.code))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.once
@pytest.mark.parametrize("make", bench.CASES, ids=lambda make: make.__name__)
def test_both_sides_of_a_case_are_the_same(make: Callable[..., Any], tmp_path: Path) -> None:
    cases = list(make(tmp_path, 1))
    for case in cases:
        assert case.function == make.__name__[1:]
        assert case.peer == "Python" or case.peer in bench.PEERS
        ours, theirs = case.ours(), case.theirs()
        assert case.same is None or case.same(ours, theirs)


def test_the_table_names_the_machine_and_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"numpy": "1.2.3"}
    monkeypatch.setattr(bench, "_version", versions.get)
    code, out, err = run("list_sum", *QUICK)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["function", "input", "beside", "ours", "theirs", "ratio"]
    assert lines[1].startswith("list_sum  1e5 floats  Python  ")
    assert max(map(len, lines)) <= 80
    assert _timing.cpu() and lines[3].startswith(_timing.cpu()) and lines[3].endswith(", 1 thread")
    assert "numpy 1.2.3" in out and "not installed: opencv-python-headless, scipy" in out


@pytest.mark.thorough
def test_the_forms_of_the_output(run: Run, tmp_path: Path) -> None:
    code, out, err = run("list_sum", "sum_array", *QUICK, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [row["function"] for row in found["rows"]] == ["sum_array", "list_sum"]
    for row in found["rows"]:
        assert row["ours_s"] > 0 and 0 < row["low"] <= row["high"]
    assert found["machine"]["threads"] == 1 and found["machine"]["numpy"]
    code, out, _ = run("list_sum", *QUICK, "--csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert (code, rows[0][0], rows[1][:3]) == (0, "function", ["list_sum", "1e5 floats", "Python"])
    path = tmp_path / "here.md"
    assert run("list_sum", *QUICK, "--markdown", "-o", path) == (0, "", "")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "|---|---|---|--:|--:|--:|---|" and lines[2].startswith("| list_sum | 1e5 floats |")


def test_threads_are_those_that_were_asked_for_and_then_as_before(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    before, seen = rne.get_num_threads(), []

    def _list_sum(folder: Path, threads: int) -> Any:
        seen.append(
            (threads, rne.get_num_threads(), os.environ["OMP_NUM_THREADS"], os.environ["POLARS_MAX_THREADS"])
        )
        return iter(())

    monkeypatch.setattr(bench, "CASES", (_list_sum,))
    assert run("--threads", 3)[0] == 0
    assert seen == [(3, 3, "3", "3")]
    assert (rne.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (before, "7")
    assert "POLARS_MAX_THREADS" not in os.environ


def test_results_that_differ_are_told_and_not_timed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def _wrong(folder: Path, threads: int) -> Any:
        yield bench.Case("wrong", "1", "Python", lambda: 1, lambda: 2, lambda a, b: a == b)

    monkeypatch.setattr(bench, "CASES", (_wrong,))
    code, out, err = run(*QUICK)
    assert (code, err) == (1, "error: wrong, Python: the results differ\n")
    assert "wrong" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no benchmark of 'nothing', there are array_multiply"),
        (["--budget", "0"], "got '0', expected seconds, up to 3600"),
        (["--budget", "nan"], "got 'nan', expected seconds, up to 3600"),
        (["--threads", "0"], "got '0', expected a whole number from 1 on"),
        (["--threads", "1025"], "got '1025', expected at most 1024"),
    ],
)
def test_wrong_arguments_are_one_line(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_calls_are_timed_in_turns() -> None:
    called: list[str] = []

    def timer(name: str, takes: float) -> Callable[[], float]:
        def timed() -> float:
            called.append(name)
            return takes

        return timed

    times = _timing.in_turn([timer("a", 1.0), timer("b", 3.0)], 0.0, least=3)
    assert (times, "".join(called)) == ([[1.0] * 3, [3.0] * 3], "ab" * 3)
    assert _timing.Ratio.of(*times) == _timing.Ratio(3.0, 3.0, 3.0, 3)
    assert len(_timing.in_turn([lambda: 1.0], 60.0, most=7)[0]) == 7
    assert _timing.repeats(lambda: None, 1e-4) > 1
