"""The command line: every kind of file, every way in which a file can be broken, every exit code."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interrupt import wait_until_read

import rust_numpy_example
from rust_numpy_example import data
from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import COMMANDS, arrays, demo, report
from rust_numpy_example._cli.source import Source
from rust_numpy_example._twins import TOPICS, twins

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


# ------------------------------------------------------------------------------ kinds of files


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.csv.gz", "t.csv.bz2", "t.csv.xz", "t.npy", "t.npy.gz", "t.npz"]
)
def test_every_kind_of_file_gives_the_same_statistics(run: Run, tmp_path: Path, name: str) -> None:
    import bz2
    import lzma

    path = tmp_path / name
    if ".npy" in name:
        buffer = io.BytesIO()
        np.save(buffer, record_array())
        content = buffer.getvalue()
    else:
        content = (TEXT.replace(",", "\t") if "tsv" in name else TEXT).encode()
    if name.endswith(".npz"):
        np.savez(path, x=VALUES[:, 0], y=VALUES[:, 1])
    else:
        compress = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
        path.write_bytes(compress(content))
    assert columns(run, path) == (EXPECTED if ".np" in name else EXPECTED_TEXT)


def test_parquet_gives_the_same_statistics(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    path = tmp_path / "t.parquet"
    table = {
        "x": pa.array([1, None, 3], pa.int64()),
        "text": pa.array(["a", None, "b"]),
        "y": pa.array(VALUES[:, 1]),
        "half": pa.array(np.array([1, 2, 3], np.float16)),
        "flag": pa.array([True, False, None]),
        "big": pa.array([2**63 - 1, 0, 1]),
        "day": pa.array([0, 1, None], pa.date32()),
        "decimal": pa.array([Decimal(1), Decimal("2.5"), Decimal(3)], pa.decimal128(9, 2)),
        "none": pa.nulls(3),
    }
    pq.write_table(pa.table(table), path, row_group_size=2)
    found = {column["name"]: column for column in columns(run, path)}
    assert list(found) == list(table)
    assert [found["x"], found["y"]] == EXPECTED_TEXT
    assert {name: column["type"] for name, column in found.items() if name not in "xy"} == {
        "text": "text",
        "half": "float",
        "flag": "boolean",
        "big": "integer",
        "day": "date",
        "decimal": "float",
        "none": "empty",
    }
    assert (found["text"]["count"], found["text"]["missing"], found["text"]["longest"]) == (2, 1, 1)
    assert (found["half"]["mean"], found["decimal"]["max"], found["flag"]["mean"]) == (2.0, 3.0, 0.5)
    assert (found["flag"]["min"], found["flag"]["max"]) == (False, True)
    assert (found["day"]["min"], found["day"]["max"]) == ("1970-01-01", "1970-01-02")
    assert (found["big"]["max"], found["big"]["sum"]) == (2**63 - 1, 2**63)
    assert [c["name"] for c in columns(run, path, "--select", "y,x")] == ["y", "x"]
    assert "no column 'z', there are 'x', 'text'" in failure(run, path, "--select", "z")
    path.write_bytes(path.read_bytes()[:-20])
    assert failure(run, path)


def test_parquet_without_pyarrow_says_what_to_install(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1PAR1PAR1")
    assert "pip install 'rust_numpy_example[cli]'" in failure(run, path)


def test_standard_input_is_a_file_too() -> None:
    npy = io.BytesIO()
    np.save(npy, record_array())
    for content in (TEXT.encode(), gzip.compress(TEXT.encode()), npy.getvalue()):
        done = shell("stats", "-", "--json", input=content)
        assert (done.returncode, done.stderr) == (0, b"")
        found = json.loads(done.stdout)
        is_text = content == TEXT.encode() or content.startswith(b"\x1f\x8b")
        assert found["columns"] == (EXPECTED_TEXT if is_text else EXPECTED)
        assert (found["file"], found["rows"]) == ("standard input", 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_named_pipe_is_a_file_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(TEXT.encode()),))
    writer.start()
    assert columns(run, path) == EXPECTED_TEXT
    writer.join()


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
            run("stats", path, "--delimiter", wrong)
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
def test_wrong_arguments_are_exit_code_2(run: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
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


# --------------------------------------------------------------------------------- broken text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (
            b"a,b\n1,2,3\n",
            "line 2, column 3: the row has 3 fields, expected 2 (--on-error skip leaves such rows out)",
        ),
        (b'a\n"1\n', "line 2: a quoted field is not closed (--no-quoting takes quotes as they are)"),
        (
            b"a\n1\n\0\n",
            "line 3: a NUL byte: not a text file, or not in UTF-8 (--encoding says in what, such as cp1252)",
        ),
        (b"\xff\xfea\0", "the text is UTF-16, expected UTF-8 (--encoding utf-16 reads it)"),
        (b"PK\x05\x06" + bytes(18), "an empty zip archive, expected one file, or .npy files"),
        (b"PK\x03\x04garbage", "the zip archive is damaged or ends too early: File is not a zip file"),
    ],
)
def test_a_broken_file_is_one_line_that_says_why(
    run: Run, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    assert failure(run, path) == message


def test_bom_and_crlf_are_no_part_of_the_data(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert columns(run, path) == EXPECTED_TEXT


def test_what_is_no_file_is_an_error(run: Run, tmp_path: Path) -> None:
    assert failure(run, tmp_path) == "Is a directory"
    assert failure(run, tmp_path / "none") == "No such file or directory"
    assert failure(run, tmp_path / "none" / "x") == "No such file or directory"
    assert failure(run, "x" * 5000)
    code, out, err = run("stats", "a\0b")
    assert (code, out, err) == (1, "", "error: a\\x00b: embedded null byte\n")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text(TEXT)
    path.chmod(stat.S_IWUSR)
    assert failure(run, path) == "Permission denied"


def test_a_gzip_file_truncated_at_any_byte_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    whole = gzip.compress(TEXT.encode())
    # One byte is not enough to know what it is.
    for end in range(2, len(whole)):
        path.write_bytes(whole[:end])
        assert failure(run, path)
    damaged = bytearray(whole)
    damaged[-6] ^= 1
    path.write_bytes(damaged)
    assert "CRC" in failure(run, path)


@pytest.mark.thorough
@has_peak
def test_a_line_without_an_end_takes_little_memory() -> None:
    # 128 MiB of one digit, and a quote that is never closed.
    for start in (b"a\n1", b'a\n"1'):
        with subprocess.Popen(
            [sys.executable, "-c", PEAK, "stats", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdin and child.stderr
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(start)
                for _ in range(32):
                    child.stdin.write(b"1" * (4 << 20))
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            lines = child.stderr.read().decode().splitlines()
            child.stdin = None
        message = "error: standard input: line 2: the row is longer than 64 MiB: no line end, or a quote that is not"
        assert lines[0] == f"{message} closed (--no-quoting takes quotes as they are)"
        assert int(lines[1]) < 400


@pytest.mark.thorough
@has_peak
def test_a_long_table_takes_little_memory() -> None:
    block = "".join(f"{i},{i / 7!r},text {i}\n" for i in range(40_000)).encode()
    count = (256 << 20) // len(block)
    with subprocess.Popen(
        [sys.executable, "-c", PEAK, "stats", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        child.stdin.write(b"i,x,t\n")
        for _ in range(count):
            child.stdin.write(block)
        child.stdin.close()
        table = json.loads(child.stdout.read())
        note, peak = child.stderr.read().decode().splitlines()
        assert "quantiles are estimates" in note
        assert int(peak) < 200
        child.stdin = None
    assert table["rows"] == 40_000 * count
    assert table["columns"][0]["mean"] == pytest.approx(19_999.5, rel=1e-14)
    assert table["columns"][2] == {**table["columns"][2], "type": "text", "count": 40_000 * count}


@has_peak
@pytest.mark.once
@pytest.mark.parametrize(
    "form",
    [(), ("--csv",), ("--json",), ("--markdown",), ("--report",)],
    ids=lambda form: "".join(form),
)
def test_a_wide_table_takes_little_memory(tmp_path: Path, form: tuple[str, ...]) -> None:
    path = tmp_path / "wide.csv"
    page = [tmp_path / "page.html"] if form == ("--report",) else []
    count = 50_000
    with path.open("w") as file:
        file.write(",".join(f"c{i}" for i in range(count)) + "\n")
        for row in range(8):
            file.write(",".join(str((i * 7919 + row) % 10007 / 8) for i in range(count)) + "\n")
    with (tmp_path / "out").open("w") as out:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "stats", path, "--all", *form, *page],
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
        )
    # What all columns together take, besides Python itself.
    assert int(done.stderr) < 175
    assert len((tmp_path / "out").read_text()) > 50 * count


# -------------------------------------------------------------------------------------- arrays

ARRAYS = {
    "0-d": np.float64(3),
    "1-d": np.arange(7.0),
    "2-d": np.arange(12).reshape(4, 3),
    "Fortran": np.asfortranarray(np.arange(12).reshape(4, 3)),
    "3-d": np.arange(24, dtype="f4").reshape(2, 3, 4),
    "3-d Fortran": np.asfortranarray(np.arange(24, dtype="u1").reshape(2, 3, 4)),
    "empty": np.zeros((0, 3)),
    "no column": np.zeros((3, 0)),
    **{
        name: (np.arange(6).reshape(3, 2) % 2).astype(name)
        for name in ("bool", "i1", ">i2", "u8", "f2", ">f4", "f8")
    },
    "longdouble": np.arange(6, dtype=np.longdouble).reshape(3, 2),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("block", [1, 40, 4 << 20])
def test_arrays_of_any_order_and_dtype(
    run: Run, tmp_path: Path, monkeypatch: Any, name: str, block: int
) -> None:
    monkeypatch.setattr(arrays, "BLOCK", block)
    array = np.asarray(ARRAYS[name])
    path = tmp_path / "t.npy"
    np.save(path, array)
    rows, count = (math.prod(array.shape[:-1]), array.shape[-1]) if array.ndim > 1 else (array.size, 1)
    flat = array.reshape(rows, count).astype(np.float64)
    found = columns(run, path)
    assert [column["name"] for column in found] == [f"column {i + 1}" for i in range(flat.shape[1])]
    for column, values in zip(found, flat.T):
        assert column["count"] == len(values)
        if len(values):
            assert column["mean"] == pytest.approx(values.mean())
            assert (column["min"], column["max"]) == (values.min(), values.max())


def test_fields_of_records_are_columns(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    dtype = np.dtype([("x", "f4"), ("in", [("y", "i2"), ("z", "c8", (2,))]), ("s", "U3"), ("t", "M8[s]")])
    records = np.zeros((4, 2), dtype)
    records["x"] = np.arange(8).reshape(4, 2)
    records["in"]["z"][..., 1] = 2 - 3j
    path = tmp_path / "t.npy"
    for block, order in ((1, "C"), (100, "F"), (4 << 20, "C")):
        monkeypatch.setattr(arrays, "BLOCK", block)
        np.save(path, np.asarray(records, order=order))
        found = {column["name"]: column for column in columns(run, path)}
        parts = ["in.z[0].real", "in.z[0].imag", "in.z[1].real", "in.z[1].imag"]
        assert list(found) == ["x", "in.y", *parts, "s", "t"]
        assert (found["x"]["mean"], found["x"]["max"], found["in.z[1].imag"]["max"]) == (3.5, 7.0, -3.0)
        assert (found["s"]["type"], found["t"]["type"], found["s"]["count"]) == ("text", "timestamp", 8)


def test_a_complex_number_is_two_columns(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    values = np.arange(6).reshape(3, 2) * (1 + 10j)
    path = tmp_path / "t.npz"
    monkeypatch.setattr(arrays, "BLOCK", 16)
    np.savez(path, z=values, w=np.asfortranarray(values), one=values[:, 0])
    found = {column["name"]: column["max"] for column in columns(run, path)}
    assert found == {
        **{
            f"{name}[{i}].{part}": peak
            for name in "zw"
            for i, part, peak in ((0, "real", 4.0), (0, "imag", 40.0), (1, "real", 5.0), (1, "imag", 50.0))
        },
        "one.real": 4.0,
        "one.imag": 40.0,
    }


def test_an_array_of_an_archive_is_selected_by_its_name(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez_compressed(path, a=np.arange(3), b=np.ones((2, 2)), ab=record_array())

    def names(select: str) -> list[str]:
        return [column["name"] for column in columns(run, path, "--select", select)]

    assert names("b") == ["b[0]", "b[1]"]
    assert names("ab,a") == ["ab.x", "ab.y", "a"]
    assert names("b[1]") == ["b[1]"]
    assert (
        failure(run, path, "--select", "c") == "no column 'c', there are 'a', 'b[0]', 'b[1]', 'ab.x', 'ab.y'"
    )
    assert json.loads(run("stats", path, "--json")[1])["rows"] is None


@pytest.mark.thorough
def test_an_npy_file_truncated_at_any_byte_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    buffer = io.BytesIO()
    np.save(buffer, VALUES)
    whole = buffer.getvalue()
    for end in range(6, len(whole)):
        path.write_bytes(whole[:end])
        assert failure(run, path)
        path.write_bytes(gzip.compress(whole[:end]))
        assert failure(run, path)
    for end in range(6):
        # Too short to be known as an array.
        path.write_bytes(whole[:end])
        assert run("stats", path)[0] in (0, 1)


def test_an_npz_file_truncated_at_any_byte_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, x=VALUES)
    whole = path.read_bytes()
    for end in range(4, len(whole), 7):
        path.write_bytes(whole[:end])
        assert failure(run, path)


def test_the_columns_of_an_element_are_counted_as_they_are_named() -> None:
    dtype = np.dtype([("a", "c8", (2, 3)), ("b", [("c", "S3"), ("d", "<M8[s]", (4,))]), ("e", "f2", (0,))])
    assert arrays._count(dtype) == len(list(arrays._parts(dtype, "", ()))) == 12 + 1 + 4
    # At once, however many they are.
    assert arrays._count(np.dtype([("a", "<i2", (90_000_000,))])) == 90_000_000


def test_arrays_of_arrays_in_an_element_are_named_as_numpy_has_them() -> None:
    dtype = np.dtype([("a", np.dtype(("<i2", (3,))), (2,)), ("b", np.dtype(("<i2", (2,))), (2,))])
    block = np.frombuffer(np.arange(10, dtype="<i2").tobytes(), dtype)
    taken = {part.name: part.take(block).tolist() for part in arrays._parts(dtype, "", ())}
    expected = {f"a[{i},{j}]": [3 * i + j] for i in range(2) for j in range(3)}
    assert taken == expected | {f"b[{i},{j}]": [6 + 2 * i + j] for i in range(2) for j in range(2)}


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """Return an ``.npy`` file with a header of one's own."""
    encoded = header.encode()
    length = len(encoded).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + length + encoded + data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (131072, 1048576)}", bytes(64)),
            "the file has 64",
        ),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "expected a tuple of lengths"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}"), "expected a tuple of lengths"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': 3}"), "expected a tuple of lengths"),
        (npy("{'descr': '<f8', 'fortran_order': 1, 'shape': (3,)}"), "expected True or False"),
        (npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\n"), "Python objects (pickled)"),
        (npy("{'descr': [('a', 'O')], 'fortran_order': False, 'shape': (1,)}"), "Python objects (pickled)"),
        (npy("{'descr': 'no', 'fortran_order': False, 'shape': (1,)}"), "cannot be understood"),
        (npy("{'descr': '<f8', 'shape': (1,)}"), "expected a dictionary of"),
        (npy("{'descr': ('<c8', (2,)), 'fortran_order': False, 'shape': (1, 1)}", bytes(16)), "are arrays"),
        (npy("__import__('os').abort()"), "cannot be understood"),
        (npy("(" * 30_000), "brackets are nested 30000 deep"),
        (npy("(" * 1_000_000, version=b"\2\0"), "brackets are nested 1000000 deep"),
        (npy("[" * 60 + "]" * 60), "expected a dictionary of"),
        (npy("-" * 60_000 + "1"), "cannot be understood"),
        (npy("\0"), "cannot be understood"),
        (npy("\xff", version=b"\3\0")[:-1], "truncated"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10000000000)}"), "than 262,144 columns"),
        (npy("{'descr': [('a', '<i2', (90000000,))], 'fortran_order': False, 'shape': (0,)}"), "columns"),
        (npy("{'descr': '|V0', 'fortran_order': False, 'shape': (9,)}"), "take up no space"),
        (b"\x93NUMPY\4\0", "version 4.0"),
        (b"\x93NUMPY\2\0\xff\xff\xff\xff", "the header has 4,294,967,295 bytes"),
    ],
)
def test_a_hostile_array_is_one_line_that_says_why(
    run: Run, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "hostile.npy"
    path.write_bytes(content)
    assert message in failure(run, path)
    with zipfile.ZipFile(tmp_path / "hostile.npz", "w") as archive:
        archive.writestr("member.npy", content)
    reason = failure(run, tmp_path / "hostile.npz")
    assert message in reason
    assert reason.startswith("member.npy: ")


def test_a_header_that_promises_too_much_is_found_in_a_pipe_as_well() -> None:
    content = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1048576, 131072)}", bytes(64))
    done = shell("stats", "-", input=content)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"error: standard input: the data ends too early: the file is truncated\n"


@pytest.mark.thorough
def test_an_array_may_have_as_many_columns_as_bytes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.npy"
    np.save(path, np.ones((1, 300_000), "i1"))
    assert run("stats", path, "--select", "column 300000", "--json")[0] == 0
    np.savez_compressed(tmp_path / "wide.npz", np.ones((1, 300_000), "i1"))
    assert run("stats", tmp_path / "wide.npz", "--select", "arr_0[299999]", "--json")[0] == 0
    with path.open("rb") as file:
        done = shell("stats", "-", input=file.read())
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the header tells of more than 262,144 columns" in done.stderr


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


# --------------------------------------------------------------------------------- demo, words


@pytest.mark.thorough
def test_the_demo_runs() -> None:
    done = shell("demo")
    assert done.returncode == 0, done.stdout.decode()
    out = done.stdout.decode()
    assert done.stderr == b""
    assert "mass_1e24_kg" in out
    # A terminal that nobody has widened; what is called faster elsewhere depends on the machine.
    assert max(map(report.width, out.splitlines())) <= 80
    assert "failed" not in out
    for topic in TOPICS:
        for twin in twins(topic):
            assert re.search(rf"(?m)^{twin.name}  ", out)
            assert f"    {twin.title}: " in out


def test_the_demo_of_a_topic_has_its_functions_alone() -> None:
    done = shell("demo", "window")
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode()
    assert re.search("(?m)^moving_average  ", out)
    assert "sobel" not in out and "planets" not in out
    done = shell("demo", "windows")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no topic 'windows', there are linalg, " in done.stderr


def test_a_function_is_as_fast_as_itself_whatever_comes_between() -> None:
    data, large = np.ones(30_000), np.ones(8_000_000)
    for _ in range(10):
        first, _, second = demo.measure([data.sum, large.sum, data.sum])
        if 0.8 <= first / second <= 1.25:
            return
    pytest.fail(f"the same function takes {first} and {second} seconds")


def test_the_planets_keep_keplers_third_law() -> None:
    table = np.genfromtxt(data.PLANETS, delimiter=",", names=True)
    constant = table["distance_1e6_km"] ** 3 / table["orbital_period_days"] ** 2
    np.testing.assert_allclose(constant, constant[2], rtol=0.03)
    # The speed is the length of the way around the sun by the time it takes.
    speed = 2 * np.pi * table["distance_1e6_km"] * 1e6 / (table["orbital_period_days"] * 86400)
    np.testing.assert_allclose(speed, table["orbital_velocity_km_s"], rtol=0.02)
    density = table["mass_1e24_kg"] * 1e24 / (np.pi / 6 * (table["diameter_km"] * 1e3) ** 3)
    np.testing.assert_allclose(density, table["density_kg_m3"], rtol=0.12)


def test_the_picture_has_all_greys() -> None:
    image = data.picture()
    assert (image.shape, image.dtype) == ((240, 320), np.uint8)
    assert len(np.unique(image)) > 150
    assert data.picture(3, 5).shape == (3, 5)


def test_words_counts_the_words_of_files(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("The cat, the dog; the end.\n", "utf-8")
    assert run("words", path) == (0, "3  the\n1  cat\n1  dog\n1  end\n", "")
    code, out, _ = run("words", path, "--json", "--top", "1", "--tokenizer", "whitespace")
    assert (code, json.loads(out)) == (0, {"file": str(path), "words": {"the": 3}})
    code, out, err = run("words", tmp_path / "none", path)
    assert (code, out.splitlines()[0]) == (1, f"{path}:")
    assert err == f"error: {tmp_path / 'none'}: No such file or directory\n"


def test_words_reads_standard_input() -> None:
    done = shell("words", "-", input=b"a b a")
    assert (done.returncode, done.stdout) == (0, b"2  a\n1  b\n")


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
