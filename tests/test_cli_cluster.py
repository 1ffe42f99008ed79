"""The command line on a cluster: the option ``--scheduler``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from clusters import a_cluster, slow_statistics

import rust_numpy_example.dask as rnd
from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import cluster as on_cluster

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with a_cluster(1, "forkserver") as client:
        yield client.scheduler.address


def out_of(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_words_are_those_of_one_machine(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(f"to be or NOT to be {name}\n" * 9)
    (tmp_path / "stop").write_text("or")
    files = sorted(tmp_path.glob("*.txt"))
    for options in ([], ["--json", "--keep-case"], ["--total", "--csv", "--stop-words", tmp_path / "stop"]):
        there = out_of(capsys, "words", "--scheduler", scheduler, *options, *files)
        assert there == out_of(capsys, "words", *options, *files) and there[0]
    # A pattern, which the shell of one machine would not know.
    words = json.loads(out_of(capsys, "words", "--json", "--scheduler", scheduler, tmp_path / "*.txt")[0])
    assert words["words"]["to"] == 36


def test_statistics_are_those_of_one_machine(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x;name;y\n" + "".join(f"{i};n{i};{i / 7}\n" for i in range(100)) + ";;\n")
    arguments = ["--json", "--delimiter", ";", "--select", "y,name", path]
    there, here = (
        json.loads(out_of(capsys, "stats", *options, *arguments)[0])
        for options in (["--scheduler", scheduler], [])
    )
    assert there["rows"] == here["rows"] == 101
    for mine, theirs in zip(there["columns"], here["columns"], strict=True):
        for key in ("name", "count", "missing", "min", "max"):
            assert mine[key] == (
                theirs[key] if theirs["type"] != "text" or key in ("name", "count", "missing") else None
            )
        if theirs["type"] == "float":
            assert [mine[key] for key in ("mean", "std")] == pytest.approx(
                [theirs[key] for key in ("mean", "std")]
            )
    out, err = out_of(capsys, "stats", "--scheduler", scheduler, path, tmp_path / "none.csv", code=1)
    assert "mean" in out and "median" not in out
    assert "number" not in err and err == f"error: {tmp_path / 'none.csv'}: no such file\n"
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    _, err = out_of(capsys, "stats", "--scheduler", scheduler, tmp_path / "bad.csv", code=1)
    assert err.startswith(f"error: {tmp_path / 'bad.csv'}: ") and err.count("\n") == 1 and "line 3" in err


def test_pi_is_that_of_the_function(scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = out_of(capsys, "pi", "--samples", "1e6", "--seed", 3, "--json", "--scheduler", scheduler)
    assert json.loads(out)["pi"] == rnd.monte_carlo_pi(10**6, rng=3).compute(scheduler="synchronous")


def test_progress_is_shown_on_a_terminal_and_taken_away(
    scheduler: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lazy, _ = slow_statistics(0.05, 40)
    with on_cluster.session(scheduler) as session:
        session.compute("silent", lazy)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        session.compute("shown", slow_statistics(0.06, 40)[0])
    shown = capsys.readouterr().err
    assert "shown: " in shown and " tasks" in shown and "1 workers" in shown and shown.endswith("\r")


def test_what_is_wrong_is_one_line(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    for arguments, said in [
        (["stats", "--all", path], "--scheduler does not take --all"),
        (["stats", "--na", "x", path], "--scheduler does not take --na"),
        (["stats", "--quantiles", "0.5", path], "--scheduler does not take --quantiles"),
        (["stats", "--group", "a", path], "--scheduler does not take --group"),
        (["stats", "--together", path], "--scheduler does not take --together"),
        (["words", "--normalize", path], "--scheduler does not take --normalize"),
        (["words", "-"], "--scheduler takes files that the workers can open, got standard input"),
    ]:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in [*arguments, "--scheduler", scheduler]])
        assert caught.value.code == 2
        err = capsys.readouterr().err
        assert err.startswith(f"error: {said}") and err.count("\n") == 1
    with pytest.raises(SystemExit):
        main(["pi", "--scheduler", "nonsense"])
    assert "got 'nonsense', expected tcp://HOST:PORT or 'local'" in capsys.readouterr().err
    monkeypatch.setattr(on_cluster, "PATIENCE", 0.5)
    _, err = out_of(capsys, "pi", "--scheduler", "tcp://127.0.0.1:9", code=1)
    assert err.startswith("error: --scheduler: no Dask scheduler answers (") and err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "distributed", None)
    _, err = out_of(capsys, "pi", "--scheduler", scheduler, code=1)
    assert "pip install 'rust_numpy_example[dask]' distributed" in err and err.count("\n") == 1


def test_workers_of_this_machine_are_started_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    import dask

    config: dict[str, Any] = {"distributed.worker.multiprocessing-method": "forkserver"}
    with dask.config.set(config):
        out, err = out_of(capsys, "pi", "--samples", "1e5", "--scheduler", "local")
    assert out.startswith("3.1") and err == ""
