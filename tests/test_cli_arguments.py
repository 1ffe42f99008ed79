"""What the command line is asked for: selections, numbers and names, and the forms of its output."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import Run

from rust_numpy_example._cli import report


@pytest.mark.parametrize(
    "select",
    ["", ",", "a\nb", "x" * 140_000, '"a', "no", "0", "7-9", "/(/", "/zzz/", "!1-6", "\ud800", "c:d"],
)
def test_any_selection_is_one_line(run: Run, tmp_path: Path, select: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,a,A,,\n1,2,3,4,5,6\n")
    code, out, err = run("stats", path, "--select", select)
    assert (code in (1, 2), out, err.count("\n")) == (True, "", 1)
    assert err.startswith("error: ")
    assert len(err) < 500


def test_names_and_commands_that_are_mistyped_are_guessed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("temperature,pressure\n1,2\n")
    assert "(did you mean 'temperature'?)" in run("stats", path, "--select", "temprature")[2]
    code, _, err = run("stat", path)
    assert (code, "(did you mean 'stats'?)" in err, err.count("\n")) == (2, True, 1)
    code, _, err = run("stats", path, "--group-by=city")
    assert code == 2 and "--group-by=city (did you mean '--group'?) (rust-numpy-example stats --help" in err


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9223372036854775808", "9" * 5000])
def test_numbers_out_of_range_are_one_line(run: Run, number: str) -> None:
    code, out, err = run("words", "t.txt", "--top", number)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "expected" in err


def test_what_is_asked_for_is_shown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("i,s\n1,x\n2,yy\n2,x\n")
    lines = run("stats", path, "--all", "--top-values", "1")[1].splitlines()
    assert lines[0].split()[11:] == ["sum", "var", "distinct", "shortest", "longest"]
    assert lines[1].split() == [
        "i",
        "integer",
        "3",
        "0",
        "1.66667",
        "0.57735",
        "1",
        "1.5",
        "2",
        "2",
        "2",
        "5",
        "0.333333",
        "2",
    ]
    assert lines[2].split() == ["s", "text", "3", "0", "2", "1", "2"]
    assert lines[3:] == ["", "i: most frequent values", "  2  2", "", "s: most frequent values", "  2  x"]
    top = json.loads(run("stats", path, "--json", "--top-values", "2")[1])["columns"][1]["top"]
    assert top == [{"value": "x", "count": 2}, {"value": "yy", "count": 1}]


@pytest.mark.parametrize("mark", ["0", "e", "-", "+", "", "ab", '"', "\u00e9"])
def test_what_is_part_of_a_number_is_no_mark_of_thousands(run: Run, tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n10123\n")
    code, out, err = run("stats", path, f"--thousands={mark}")
    assert (code, out) == (2, "") and "--thousands: got" in err


def test_no_output_replaces_what_is_read_or_another_output(run: Run, tmp_path: Path) -> None:
    path, link, other = tmp_path / "t.csv", tmp_path / "link.csv", tmp_path / "other.csv"
    text = "x,y\n1,2\n3\n"
    path.write_text(text)
    link.symlink_to(path)
    for options in (
        ("-o", path),
        ("-o", link),
        ("--report", path),
        ("--on-error", "skip", "--rejects", path),
    ):
        for files in ([path], [tmp_path]):
            code, out, err = run("stats", *files, *options)
            assert (code, out) == (2, "") and "would replace a file that is read" in err
            assert path.read_text() == text
    code, out, err = run("stats", path, "--on-error", "skip", "-o", other, "--rejects", other)
    assert (code, out) == (2, "") and f"--output and --rejects are the same file, {other}" in err
    assert run("words", link, "-o", path)[0] == 2
    assert run("words", link, "--stop-words", path, "-o", path)[0] == 2
    assert path.read_text() == text and not other.exists()
    assert run("words", path, "-o", other)[0] == 0 and run("words", path, "-o", other)[0] == 0


def test_output_as_csv_and_markdown_into_a_file(run: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "t|.csv", tmp_path / "out"
    path.write_text('"a|b",c\n1700000000123,x\n')
    assert run("stats", path, path, "--csv", "--all", "-o", out)[:2] == (0, "")
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert len(rows) == 4
    assert (rows[0]["name"], rows[0]["max"], rows[1]["mean"], rows[0]["file"]) == (
        "a|b",
        "1700000000123",
        "",
        str(path),
    )
    assert run("stats", path, "--markdown", "-o", out)[:2] == (0, "")
    lines = out.read_text().splitlines()
    assert lines[0] == "| column | type | count | missing | mean | std | min | 25% | median | 75% | max |"
    assert lines[2].startswith("| a\\|b | integer | 1 | 0 | ")
    assert run("stats", path, "-o", tmp_path / "no" / "out")[0] == 1
    assert run("stats", path, "--csv", "--json")[0] == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out", "t|.csv"]


def test_wide_characters_are_aligned(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("温度,naïve e\u0301,x\n1,2,3\n", "utf-8")
    lines = run("stats", path)[1].splitlines()
    assert len({report.width(line[: line.index("integer")]) for line in lines[1:]}) == 1


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [5, 20, 40, 80])
def test_progress_fits_the_terminal_and_leaves_nothing(monkeypatch: Any, columns: int) -> None:
    terminal = Terminal()
    times = iter(range(1000))
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(report.time, "monotonic", lambda: float(next(times)))
    progress = report.Progress("a file of a long name 温度" * 3, 10**9)
    for done in (10**8, 9 * 10**8):
        progress.update(done)
    progress.close()
    # What a terminal shows of it.
    shown = [" "] * 300
    at = 0
    for character in terminal.getvalue():
        if character == "\r":
            at = 0
        else:
            shown[at] = character
            at += report.width(character)
            assert at < columns
    assert "".join(shown).strip() == ""
    assert columns < 80 or ("MB/s" in terminal.getvalue() and "left" in terminal.getvalue())
