"""The command line: what it prints, wrong arguments, standard streams, signals and every exit code."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import EXPECTED_TEXT, PEAK, TEXT, Run, columns, failure, shell
from interrupt import wait_until_read

import rust_numpy_example
from rust_numpy_example import data
from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import COMMANDS, report
from rust_numpy_example._cli.source import Source

# ------------------------------------------------------------------------------------- output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_json_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "names.csv"
    path.write_text("\u00e9\U0001f600,\u65e5\n1,2\n", "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = shell("stats", path, "--json", env=environment)
    found = json.loads(done.stdout.decode(encoding))
    assert [column["name"] for column in found["columns"]] == ["é😀", "日"]


def test_the_table_is_aligned(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("short,a longer name,word\n1,1e300,x\n2.25,,y\n")
    code, out, err = run("stats", path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "column         type   count  missing    mean       std     min  median     max",
        "short          float      2        0   1.625  0.883883       1   1.625    2.25",
        "a longer name  float      1        1  1e+300       nan  1e+300  1e+300  1e+300",
        "word           text       2        0",
    ]


def test_several_files_have_headings_and_an_error_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(TEXT)
    bad.write_text("a,b\n1\n")
    code, out, err = run("stats", good, bad, tmp_path / "none.csv", good)
    assert code == 1
    assert out.count(f"{good}:\ncolumn") == 2
    assert err.splitlines() == [
        f"error: {bad}: line 2, column 2: the row has 1 field, expected 2 (--on-error skip leaves such rows out)",
        f"error: {tmp_path / 'none.csv'}: No such file or directory",
    ]


def test_columns_are_selected_in_the_order_of_the_selection(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,"b,c",d,a\n1,2,3,4\n')

    def names(*options: str) -> list[str]:
        return [column["name"] for column in columns(run, path, *options)]

    assert names("--select", "d,a") == ["d", "a", "a"]
    assert names("--select", '"b,c",a') == ["b,c", "a", "a"]
    assert names("--select", "d", "--select", " d, a ") == ["d", "a", "a"]
    assert names("--select", "2") == ["b,c"]
    assert names("--select", "3-,1") == ["d", "a", "a"]
    assert names("--select", "/^[ad]$/") == ["a", "d", "a"]
    assert names("--select", "!a") == ["b,c", "d"]
    assert names("--select", "!2-3") == ["a", "a"]
    assert failure(run, path, "--select", "e") == "no column 'e', there are 'a', 'b,c', 'd', 'a'"


def test_a_column_with_some_text_is_text_and_says_where(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n2,y\n\nthree,z\n")
    code, out, err = run("stats", path)
    assert code == 0
    assert err == f"note: {path}: column 'a': 1 of 3 fields is text, the first in line 5: 'three'\n"
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["a", "mixed", "3", "0"],
        ["b", "text", "3", "0"],
    ]


def test_a_first_row_of_numbers_is_data_unless_told_otherwise(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("2019,2020\n1,2\n")
    code, out, err = run("stats", path, "--json")
    assert (code, [column["count"] for column in json.loads(out)["columns"]]) == (0, [2, 2])
    assert err.startswith(f"note: {path}: all of the first row are numbers")
    assert [column["name"] for column in columns(run, path, "--header")] == ["2019", "2020"]
    assert [column["count"] for column in columns(run, path, "--no-header")] == [2, 2]


def test_delimiters_are_characters_or_the_word_tab(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    for delimiter, character in ((";", ";"), ("tab", "\t"), (r"\t", "\t"), ("|", "|"), (" ", " ")):
        path.write_text(TEXT.replace(",", character))
        assert columns(run, path, "--delimiter", delimiter) == EXPECTED_TEXT
    for wrong in ("", "ab", "1", '"', "é"):
        with pytest.raises(SystemExit) as stopped:
            main(["stats", str(path), "--delimiter", wrong])
        assert stopped.value.code == 2


def test_json_has_no_nan_and_is_a_line_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,é\n,inf,x\n,-inf,\n")
    code, out, err = run("stats", path, path, "--json")
    assert (code, err, out.count("\n")) == (0, "", 2)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    first, second, third = json.loads(out.splitlines()[0], parse_constant=refuse)["columns"]
    assert (first["count"], first["missing"], first["mean"], first["min"]) == (0, 2, None, None)
    assert (float(second["min"]), float(second["max"]), second["mean"]) == (-math.inf, math.inf, None)
    assert (third["name"], third["type"], third["missing"]) == ("é", "text", 1)


def test_names_cannot_control_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t\x1b[31m\n.csv"
    path.write_text('"a\x1b[2J\nb",c\n1,2\n')
    code, out, _ = run("stats", path, path)
    assert code == 0
    assert "\x1b" not in out
    assert r"a\x1b[2J\nb" in out
    code, _, err = run("stats", tmp_path / "\x1b\n")
    assert (code, err) == (1, f"error: {tmp_path}/\\x1b\\n: No such file or directory\n")


def test_an_output_that_cannot_encode_a_name_gets_an_escape(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("é\n1\n", "utf-8")
    done = shell("stats", path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\xe9" in done.stdout


def test_version_and_help() -> None:
    done = shell("--version")
    assert done.stdout.decode() == f"rust_numpy_example {rust_numpy_example.__version__}\n"
    for arguments in (["--help"], *([command, "--help"] for command in COMMANDS)):
        done = shell(*arguments)
        assert (done.returncode, done.stderr) == (0, b"")
        assert max(map(len, done.stdout.decode().splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["stats"], ["stats", "x", "--nothing"], ["words", "x", "--top", "0"]]
)
def test_wrong_arguments_are_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_progress_is_for_terminals_only(monkeypatch: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    times = iter(range(100))
    monkeypatch.setattr(report.time, "monotonic", lambda: float(next(times)))
    for stream, lines in ((Terminal(), 2), (io.StringIO(), 0)):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = report.Progress("file", 400_000_000)
        progress.update(100_000_000)
        progress.update(200_000_000)
        progress.close()
        shown = stream.getvalue()
        assert shown.count(" MB/s") == lines
        assert not lines or (" 25 % 100 MB, " in shown and shown.endswith("\r"))


# ---------------------------------------------------------------------------- standard streams


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    "arguments", [["stats", data.PLANETS], ["stats", data.PLANETS, "--json"], ["--version"]]
)
def test_a_full_disk_is_an_error_without_a_traceback(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = shell(*arguments, stdout=full)
    assert b"Traceback" not in done.stderr
    if arguments != ["--version"]:
        assert done.stderr == b"error: standard output: No space left on device\n"
        assert done.returncode == 1


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = shell("stats", data.PLANETS, stdout=closed)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(closing: str) -> None:
    script = f'"$0" -m rust_numpy_example stats "$1" {closing}'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, str(data.PLANETS)], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    script = f'"$0" -m rust_numpy_example stats - {closing}'
    done = subprocess.run(["sh", "-c", script, sys.executable], input=b"", capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr in (
        b"",
        b"error: standard input: standard input is closed\n",
        b"error: standard input: the file is empty\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize(
    "content",
    [b"a\n", b"a\n" + b"1\n" * (8 << 20), gzip.compress(b"a\n" + b"1\n" * 99)],
    ids=["a header", "a column", "compressed"],
)
def test_ctrl_c_is_exit_code_130(content: bytes) -> None:
    # A shell may have told its children to ignore the signal.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); print('ready', flush=True)"
    )
    command = [sys.executable, "-c", f"{script}\n{PEAK}", "stats", "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        assert child.stdout.readline() == b"ready\n"
        child.stdin.write(content)
        wait_until_read(child.stdin)
        # It now waits for more, or is about to.
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130
        assert b"Traceback" not in child.stderr.read()


def test_an_interrupt_that_python_loses_ends_the_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        """What goes while the signal comes: its exception is written to standard error and forgotten."""

        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    read = Source.read

    def reading(source: Source, count: int) -> bytes:
        Gone()
        return read(source, count)

    monkeypatch.setattr(Source, "read", reading)
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    path, out = tmp_path / "t.csv", tmp_path / "out"
    path.write_text("x\n1\n")
    assert run("stats", path, path, "-o", out) == (130, "", "")
    assert not out.exists()
    assert run("words", path) == (130, "", "")
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before
