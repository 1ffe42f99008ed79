"""``stats`` of what nobody should write and somebody does: never a plausible wrong answer in silence, never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Run, Stats, refused, written


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.csv")


TEXT = "x,y\n1,2\n3,4\n"


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_the_encoding_that_reads_a_text_is_named(
    run: Run, stats: Stats, tmp_path: Path, encoding: str, name: str
) -> None:
    content = (TEXT if name == "t.csv" else '{"x":1}\n{"x":3}\n').encode(encoding)
    expected = [1, 3]
    if encoding == "utf-8-sig":
        columns, notes = stats(content, name=name)
    else:
        (tmp_path / name).write_bytes(content)
        why = refused(run, tmp_path / name)
        # Of objects of JSON without a mark, only that they are none.
        assert f"--encoding {encoding} " in why or (name == "t.jsonl" and "-" in encoding[4:])
        columns, notes = stats(content, "--encoding", encoding, name=name)
    assert (columns[0]["min"], columns[0]["max"], notes) == (*expected, "")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (b'[["a",1],["b",2]]\n', "JSON"),
        (b"[1,2,3]\n", "JSON"),
        (b"<!DOCTYPE html><table><tr>\n", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"ORC\x0a" + bytes(100), "ORC"),
        (b"Obj\x01" + bytes(100), "Avro"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "picture"),
        (b"SQLite format 3\0" + bytes(99), "SQLite"),
        (b"\x04\x22\x4d\x18abc", "lz4"),
        (b"\x80\x04\x95" + bytes(9), "it can run any code"),
        (b"\x80\x05\x95" + bytes(9), "it can run any code"),
        (b"\x1f\x9d\x90abc", "compress"),
        (b"\xff\x06\0\0sNaPpY" + bytes(9), "Snappy"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 5\n", "git lfs pull"),
        (gzip.compress(b"RDX3\nX\n" + bytes(9), mtime=0), "data of R"),
        (bytes(8) + b"DUCK" + bytes(9), "DuckDB"),
        (b"a.csv".ljust(257, b"\0") + b"ustar", "tar archive"),
        (b"a,b\r1,2\r", "tr '\\r' '\\n'"),
        (b"\x93NUMPY", "truncated"),
        (b"x,y\n1,2\n\x1a", "line 3, column 2: the row has 1 field"),
    ],
)
def test_what_is_no_table_is_named(run: Run, tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert word in refused(run, path)


def test_the_order_of_bytes_without_a_mark_is_asked_for(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.encode("utf-16-be"))
    code, out, err = run("stats", path, "--encoding", "utf-16")
    assert (code, out) == (1, "") and "--encoding utf-16-le or utf-16-be" in err
    assert run("stats", path, "--encoding", "utf-16-be")[0] == 0


@pytest.mark.parametrize("content", ['"text"\n', "null\n", "5\n", "[1, 2]\n"])
def test_json_that_is_no_table_is_none_of_text_either(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(content)
    assert "JSON" in refused(run, path)


def test_a_column_may_be_called_as_a_file_starts(stats: Stats) -> None:
    columns, notes = stats("ORC,b\n1,2\n")
    assert ([column["name"] for column in columns], notes) == (["ORC", "b"], "")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("d\n2024-01-31\nNaT\n2024-02-01\n", "1 of 3 fields is no date, the first in line 3: 'NaT'"),
        ("d\n2023-02-29\n2023-02-28\n", "1 of 2 fields is no date, the first in line 2: '2023-02-29'"),
        ("a\ntrue\nmaybe\nfalse\nperhaps\n", "2 of 4 fields are no boolean, the first in line 3: 'maybe'"),
        ("x;y\n1 234;1\n", "(--thousands ' ' reads such numbers)"),
        ("x;y\n1'234;1\n", '(--thousands "\'" reads such numbers)'),
        ("x;y\n1.234;1\n1.234.567;2\n", "(--decimal , --thousands . reads such numbers)"),
        ('a, "b, c"\n1, "2, 3"\n', "a quote after a space does not quote"),
        ("x\n1e999\n", "1 number is beyond"),
        ("a^b\n1^2\n", "separated by a caret"),
        ("a\x1fb\n1\x1f2\n", "separated by a unit separator"),
        ("a\x01b\n1\x012\n", "separated by a byte 1"),
    ],
)
def test_what_may_be_meant_otherwise_is_told(stats: Stats, content: str, note: str) -> None:
    assert note in stats(content)[1]


@pytest.mark.parametrize(
    "content",
    ['a,b\n1,"x, ""y"""\n', 'a,b\n"x, "" y",2\n', "d\n2024-01-31\nx\ny\n", 'a,b\n1,say "x"\n'],
)
def test_what_is_usual_is_not_told(stats: Stats, content: str) -> None:
    assert stats(content)[1] == ""


def test_timestamps_that_say_how_far_they_are_from_utc(stats: Stats) -> None:
    (column,), notes = stats("t\n2024-01-31T10:20:30+02:00\n2024-01-31T09:00:00Z\n")
    assert (column["min"], column["max"], notes) == ("2024-01-31T08:20:30Z", "2024-01-31T09:00:00Z", "")
    (column,), notes = stats("t\n2024-01-31T10:20:30+02:00\n2024-01-31T09:00:00\n2024-01-31\n")
    assert (column["min"], column["max"]) == ("2024-01-31T00:00:00", "2024-01-31T09:00:00")
    assert "1 of 3 timestamps say how far they are from UTC, the others were taken as UTC" in notes
    (column,), _ = stats("t\n2024-01-31T10:20:30\n")
    assert column["min"] == "2024-01-31T10:20:30"


def archive(path: Path, **members: bytes) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__in__", "/").replace("_dot_", "."), content)
    return path


def test_zip_archives_say_what_is_in_them(run: Run, stats: Stats, tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", a_dot_csv=TEXT.encode(), __MACOSX__in__a=b"x")
    code, out, err = run("stats", path, "--json")
    assert (code, err, json.loads(out)["rows"]) == (0, "", 2)
    path = archive(tmp_path / "t.zip", a_dot_csv=b"", b_dot_csv=b"")
    assert refused(run, path) == "a zip archive of 2 files (a.csv, b.csv), expected one file, or .npy files"
    path = archive(tmp_path / "t.xlsx", xl__in__workbook_dot_xml=b"", a=b"")
    assert "pandas.read_excel" in refused(run, path)
    path = archive(tmp_path / "t.zip", a_dot_csv_dot_gz=gzip.compress(TEXT.encode()))
    assert refused(run, path) == "compressed twice: unpack it once"
    path = archive(tmp_path / "t.zip", a_dot_csv=TEXT.encode())
    whole = bytearray(path.read_bytes())
    whole[6] |= 1
    whole[whole.find(b"PK\1\2") + 8] |= 1
    path.write_bytes(whole)
    assert refused(run, path) == "a.csv in the zip archive is encrypted"
    path.write_bytes(whole[:-9])
    assert "damaged or ends too early" in refused(run, path)


def test_a_name_without_an_end_is_cut_where_there_is_no_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{'a' * 100_000},b\n1,2\n")
    code, out, _ = run("stats", path)
    assert code == 0
    assert max(map(len, out.splitlines())) < 300
    _, out, _ = run("stats", path, "--csv")
    assert len(out) > 100_000


def test_types_of_arrow_that_python_has_not(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Arrow")
    found: dict[str, Any] = {
        "time": pa.array([1, 10**9, None], pa.time64("ns")),
        "far": pa.array([2**62, 0, None], pa.timestamp("s")),
        "zone": pa.array([0, 86400, None], pa.timestamp("s", "Europe/Berlin")),
        "nanos": pa.array([1, 0, None], pa.timestamp("ns")),
        "day": pa.array([0, 86_400_000, None], pa.date64()),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array([5, None])),
    }
    if hasattr(pa, "decimal32"):
        for width in (pa.decimal32, pa.decimal64):
            found[width.__name__] = pa.array([Decimal("1.5"), Decimal("2.5"), None], width(5, 1))
    table = pa.table(found)
    path = tmp_path / "t.arrows"
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)
    code, out, err = run("stats", path, "--json")
    assert (code, err) == (0, "")
    columns = {column["name"]: column for column in json.loads(out)["columns"]}
    assert all((c["count"], c["missing"]) == (2, 1) for c in columns.values())
    ends = {name: (column["min"], column["max"]) for name, column in columns.items()}
    assert ends["time"] == ("00:00:00.000000001", "00:00:01.000000000")
    assert ends["far"] == ("1970-01-01T00:00:00", f"{2**62} s since 1970")
    assert ends["zone"] == ("1970-01-01T01:00:00+01:00", "1970-01-02T01:00:00+01:00")
    assert ends["nanos"] == ("1970-01-01T00:00:00.000000000", "1970-01-01T00:00:00.000000001")
    assert ends["day"] == ("1970-01-01", "1970-01-02")
    assert (columns["runs"]["type"], *ends["runs"]) == ("integer", 5, 5)
    for name in columns.keys() & {"decimal32", "decimal64"}:
        assert ends[name] == (1.5, 2.5)


def test_the_start_of_an_array_is_not_enough(run: Run, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    path = tmp_path / "t.npy"
    for end in (6, 7, 8, 9, 12):
        path.write_bytes(buffer.getvalue()[:end])
        assert refused(run, path) == "the header ends too early: the file is truncated"
