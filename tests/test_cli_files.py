"""The command line: every kind of file, every way in which text can be broken, and the memory that files take."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import stat
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import (
    EXPECTED,
    EXPECTED_TEXT,
    PEAK,
    TEXT,
    VALUES,
    Run,
    columns,
    failure,
    has_peak,
    record_array,
    shell,
)

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
