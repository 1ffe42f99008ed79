"""The command line on what people have: files in all dialects, broken ones, and those that look like something else."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rust_numpy_example._cli import report
from rust_numpy_example._cli.source import Decompressed, open_source

#: A command that has been run in this process (see conftest): exit code, what it wrote, its notes and errors.
Run = Callable[..., tuple[int, str, str]]
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


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.csv")


def names(columns: list[dict[str, Any]]) -> list[str]:
    """Return the names of columns."""
    return [column["name"] for column in columns]


def refused(run: Run, path: Path, *options: str) -> str:
    """Return why a file is refused, in one line and with nothing beside it."""
    code, out, err = run("stats", path, *options)
    assert (code, out, err.count("\n")) == (1, "", 1)
    return err.removeprefix(f"error: {path}: ").rstrip("\n")


# -------------------------------------------------------------------------------- text tables


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_in_quotes_are_part_of_a_name(stats: Stats, end: str) -> None:
    columns, notes = stats(f'id,"Total{end}cost",n\r\n1,2.5,3\r\n4,5.5,6\r\n')
    assert (names(columns), notes) == (["id", f"Total{end}cost", "n"], "")
    assert stats(f'id,"Total{end}cost",n\n1,2,3\n', "--select", f'"Total{end}cost"')[0][0]["mean"] == 2


TSV = b"a\tb\tc\n1\t2\t3\n4\t5\t6\n"


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.tsv", bytes),
        ("T.TSV", bytes),
        ("t.tab", bytes),
        ("t.tsv.gz", gzip.compress),
        ("t.tab.gz", gzip.compress),
        ("t.tsv.bz2", bz2.compress),
        ("t.TSV.XZ", lzma.compress),
    ],
)
def test_the_delimiter_of_a_compressed_file_is_that_of_the_file_inside(
    stats: Stats, name: str, pack: Callable[[bytes], bytes]
) -> None:
    columns, notes = stats(pack(TSV), name=name)
    assert (names(columns), notes) == (["a", "b", "c"], "")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("a;b;c\n1;2;3\n4;5;6\n", "semicolon"),
        ("a;b;c\n1;2,5;3\n4;5,5;6\n", "semicolon"),
        ("a|b|c\n1|2|3\n4|5|6\n", "bar"),
        ("a\tb\tc\n1\t2\t3\n4\t5\t6\n", "tab"),
        ("a   b    c\n1   2    3\n44  5    6\n", "white space"),
        ("a b c\n1 2 3\n4 5 6\n", "white space"),
        ("sep=;\na;b;c\n1;2;3\n", "semicolon"),
        ('a;"b,x";c\n1;2;3\n"4,0";5;6\n', "semicolon"),
    ],
)
def test_a_delimiter_that_is_not_the_usual_is_guessed_and_said(stats: Stats, content: str, word: str) -> None:
    columns, notes = stats(content, name="t.txt")
    assert len(columns) == 3
    assert notes.startswith("note: ")
    assert word in notes
    assert columns[0]["count"] > 0
    assert columns[2]["type"] == "integer"


@pytest.mark.parametrize(
    "content",
    [
        "city\nNew York\nLos Angeles\nSan Diego\n",
        "time\n2024-01-01 10:00:00\n2024-01-02 10:00:00\n",
        "x\n1\n2\n",
        "text\na;b\nc\n",
        "a,b\n1;2,3\n4;5,6\n",
    ],
)
def test_what_is_as_usual_is_not_guessed(stats: Stats, content: str) -> None:
    columns, notes = stats(content)
    assert len(columns) == content.split("\n")[0].count(",") + 1
    assert "separated" not in notes


def test_quotes_that_swallow_rows_are_told_and_can_be_taken_as_they_are(stats: Stats) -> None:
    pair = 'id,name,v\n1,plain,10\n2,5" pipe,20\n3,"open,30\n4,x,40\n5,close",50\n6,y,60\n'
    columns, notes = stats(pair)
    assert columns[0]["count"] == 4
    assert "line 4 on may have swallowed rows" in notes
    assert "--no-quoting" in notes
    columns, notes = stats(pair, "--no-quoting")
    assert (columns[0]["count"], columns[2]["max"], notes) == (6, 60, "")
    sig = 'id\tsig\n1\t"unbalanced quote\n2\tok\n3\t5" disk\n'
    assert "may have swallowed rows" in stats(sig, name="t.tsv")[1]
    assert stats(sig, "--no-quoting", name="t.tsv")[0][0]["count"] == 3
    assert stats('id,note,n\n1,"a\nb",3\n4,"c",6\n')[1] == ""


def test_text_in_another_encoding_is_refused_or_told(run: Run, stats: Stats, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("prixé,prixè,n\n1,2,3\n".encode("cp1252"))
    assert "--encoding says in what" in refused(run, path)
    columns, notes = stats(path.read_bytes(), "--encoding", "cp1252")
    assert (names(columns), notes) == (["prixé", "prixè", "n"], "")
    body = "city,n\nMünchen,3\nZürich,6\n"
    assert "not in UTF-8 (--encoding" in stats(body.encode("cp1252"))[1]
    for encoding in ("cp1252", "utf-16", "utf-16-le", "utf-8-sig"):
        columns, notes = stats(body.encode(encoding), "--encoding", encoding)
        assert (columns[0]["longest"], columns[1]["max"], notes) == (7, 6, "")
    path.write_bytes(b"a\n\x81\n")
    assert "not in cp1252" in refused(run, path, "--encoding", "cp1252")
    assert run("stats", path, "--encoding", "nonsense")[0] == 2
    assert run("stats", path, "--encoding", "hex")[0] == 2


def test_a_first_row_that_may_be_data_is_told(stats: Stats) -> None:
    columns, notes = stats("1,NA,3\n4,5,6\n7,8,9\n")
    assert names(columns) == ["1", "NA", "3"]
    assert "--no-header" in notes
    assert stats("1,NA,3\n4,5,6\n", "--no-header")[1] == ""
    assert stats("region,2023,2024\nE,10,20\n")[1] == ""


def test_lines_of_white_space_are_none_and_names_are_different(stats: Stats) -> None:
    assert stats("a,b\n1,2\n   \n3,4\n \t \n")[0][0]["count"] == 2
    assert stats('a\n1\n""\n3\n')[0][0]["missing"] == 1
    columns, _ = stats("column 2,,x\n1,2,3\n4,5,6\n")
    assert len(set(names(columns))) == 3
    assert names(stats("a,b,a,A,,\n1,2,3,4,5,6\n")[0]) == ["a", "b", "a", "A", "column 5", "column 6"]


def test_identifiers_that_look_like_numbers_are_told(stats: Stats) -> None:
    columns, notes = stats("date,id\nx,0047583311587E590003\nx,0047583311587E590004\n")
    assert columns[1]["max"] == "Infinity"
    assert "identifiers?" in notes
    assert "beyond the range" in stats("a\n1e400\n1\n")[1]
    assert stats("a\ninf\n-Infinity\n0e5\n")[1] == ""


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ('k,v\na,"1,234"\nb,"12,345.50"\nc,999\n', "--thousands ,"),
        ("k;v\na;1.234,56\nb;12.345,50\n", "--decimal , --thousands ."),
        ("ort;wert\nA;1,5\nB;2,5\n", "--decimal ,"),
        ("d,p\n1,-\n2,3\n", "--na"),
    ],
)
def test_numbers_and_missing_values_of_other_kinds_are_hinted_at_and_can_be_read(
    stats: Stats, text: str, option: str
) -> None:
    _, notes = stats(text)
    assert f"({option}" in notes
    options = option.split() if option != "--na" else ["--na", "-"]
    columns, _ = stats(text, *options)
    assert columns[1]["type"] in ("integer", "float")


def test_comments_and_lines_before_a_table(run: Run, stats: Stats, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("# made by a logger\n# v2\na,b\n1,2\n3,4\n")
    assert "--comment '#'" in refused(run, path)
    assert names(stats(path.read_bytes(), "--comment", "#")[0]) == ["a", "b"]
    path.write_text("Report of sales\n\nA,B\n1,2\n3,4\n")
    assert "--skip N" in refused(run, path)
    assert names(stats(path.read_bytes(), "--skip", "2")[0]) == ["A", "B"]
    assert stats("#time,value\n1,2\n")[0][0]["name"] == "#time"


def test_bad_rows_are_left_out_and_listed(run: Run, tmp_path: Path) -> None:
    path, rejects = tmp_path / "t.csv", tmp_path / "bad.csv"
    path.write_text('a,b\n1,2\n3\n"x\ny",5,6\n7,8\nTotal: 2\n')
    code, out, err = run("stats", path, "--on-error", "skip", "--rejects", rejects, "--json")
    assert (code, json.loads(out)["rows"]) == (0, 2)
    assert "3 rows were left out" in err
    with rejects.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["column"]) for row in rows] == [("3", "2"), ("4", "3"), ("7", "2")]
    assert rows[1]["reason"] == "the row has 3 fields, expected 2"
    assert [file.name for file in tmp_path.iterdir() if "tmp" in file.name] == []
    assert run("stats", path, "--rejects", rejects)[0] == 2
    assert "--on-error skip" in refused(run, path)


def test_notes_on_many_columns_are_summed_up(stats: Stats) -> None:
    header = ",".join(f"c{i}" for i in range(500))
    ones, words = ",".join("1" * 500), ",".join("x" * 500)
    _, notes = stats(f"{header}\n{ones}\n{words}\n")
    assert notes.count("\n") == 6
    assert notes.endswith("so it is with 495 more columns\n")


# ------------------------------------------------------------------------------------ numbers


def test_every_digit_of_extremes_and_a_mean_between_them(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t,x\n" + "".join(f"{1700000000000 + d},{1e9 + d}\n" for d in (4, 7, 13, 16)))
    rows = [line.split() for line in run("stats", path)[1].splitlines()[1:]]
    assert [row[-3::2] for row in rows] == [["1700000000004", "1700000000016"], ["1000000004", "1000000016"]]
    assert [row[-2] for row in rows] == ["1700000000010", "1000000010"]
    for row in rows:
        assert float(row[-3]) <= float(row[4]) <= float(row[-1])
    path.write_text("x\n0.1\n0.30000000000000004\n")
    assert run("stats", path)[1].split()[-3:] == ["0.1", "0.2", "0.30000000000000004"]


BIG = [2**53 + 1, 2**62 + 1]


def test_integers_of_every_size_are_exact(run: Run, stats: Stats, tmp_path: Path) -> None:
    ids = [1234567890123456789, 1234567890123456790, 1234567890123456791]
    (column,), _ = stats("id\n" + "".join(f"{i}\n" for i in ids))
    assert (column["min"], column["max"], column["mean"], column["std"]) == (ids[0], ids[2], ids[1], 1.0)
    huge = ["1" * 98, "-" + "2" * 98, "0" * 5 + "3" * 97]
    (column,), _ = stats("id\n" + "".join(f"{i}\n" for i in huge))
    assert (column["min"], column["max"]) == (int(huge[1]), int(huge[0]))
    for values in (np.array(BIG), np.array([2**64 - 1, 1], np.uint64), np.array([-(2**63), 2**63 - 1])):
        path = tmp_path / "t.npy"
        np.save(path, values)
        (column,) = json.loads(run("stats", path, "--json")[1])["columns"]
        exact = [int(value) for value in values]
        assert (column["min"], column["max"], column["sum"]) == (min(exact), max(exact), sum(exact))
        assert column["mean"] == sum(exact) / len(exact)


# --------------------------------------------------------------------------- arrays and archives


def test_one_unreadable_array_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mixed.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=[1, 2, 3], names=np.array(["a", None], object))
    code, out, err = run("stats", path, "--json")
    assert (code, names(json.loads(out)["columns"])) == (1, ["X[0]", "X[1]", "y"])
    assert err.startswith(f"error: {path}: names.npy: the array holds Python objects")
    assert err.count("\n") == 1
    code, out, err = run("stats", path, "--json", "--select", "X")
    assert (code, names(json.loads(out)["columns"]), err) == (0, ["X[0]", "X[1]"], "")


def test_times_that_are_none_are_missing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    times = np.array([["2024-01-01", "NaT"], ["NaT", "NaT"], ["2024-02-01", "2024-03-01"]], "M8[D]")
    for array, type_ in (
        (times, "date"),
        (times.astype("M8[s]"), "timestamp"),
        (times - times[0, 0], "duration"),
    ):
        np.save(path, array)
        first, second = json.loads(run("stats", path, "--json")[1])["columns"]
        assert [(c["type"], c["count"], c["missing"]) for c in (first, second)] == [
            (type_, 2, 1),
            (type_, 1, 2),
        ]
        assert str(array[2, 0]) in first["max"]


def test_booleans_mean_the_same_everywhere(run: Run, stats: Stats, tmp_path: Path) -> None:
    (expected,), _ = stats("a\ntrue\nFalse\nTRUE\n")
    assert (expected["type"], expected["min"], expected["max"], expected["sum"]) == (
        "boolean",
        False,
        True,
        2,
    )
    assert expected["mean"] == pytest.approx(2 / 3)
    path = tmp_path / "t.npz"
    np.savez(path, a=[True, False, True])
    (column,) = json.loads(run("stats", path, "--json")[1])["columns"]
    assert column == {
        **expected,
        "std": pytest.approx(expected["std"]),
        "var": pytest.approx(expected["var"]),
    }


@pytest.mark.skipif(np.finfo(np.longdouble).max <= np.finfo(float).max, reason="longdouble is float64")
def test_numbers_beyond_float64_are_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    np.save(path, np.array([np.finfo(np.longdouble).max, 1], np.longdouble))
    code, _, err = run("stats", path)
    assert (code, err) == (
        0,
        f"note: {path}: 1 numbers are beyond the range of float64 and were taken as infinity\n",
    )


def test_parquet_of_any_name_and_any_column(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")

    def columns(path: object, *options: str) -> list[dict[str, Any]]:
        code, out, err = run("stats", path, "--json", *options)
        assert (code, err) == (0, "")
        return json.loads(out)["columns"]  # type: ignore[no-any-return]

    table = pa.table({"u": pa.array([2**64 - 1, 1], pa.uint64()), "i": pa.array([*BIG], pa.int64())})
    plain = tmp_path / "plain.parquet"
    pq.write_table(table, plain)
    named = ["a:b.parquet", "s3:x.parquet", "q?x=1#f.parquet", "~x.parquet", "100%.parquet"]
    if sys.platform == "linux":
        named.append(os.fsdecode(b"na\xff.parquet"))
    for name in named:
        (tmp_path / name).write_bytes(plain.read_bytes())
        u, i = columns(tmp_path / name)
        assert (u["min"], u["max"], i["min"], i["max"]) == (1, 2**64 - 1, *BIG)
    arrays = [pa.array([1, 2, 3]), pa.array([4, 5, 6]), pa.array([7, 8, 9])]
    pq.write_table(pa.Table.from_arrays(arrays, names=["ra", "ra", "n"]), plain)
    assert [(c["name"], c["max"]) for c in columns(plain)] == [("ra", 3), ("ra", 6), ("n", 9)]
    assert [c["max"] for c in columns(plain, "--select", "n,ra")] == [9, 3, 6]
    pq.write_table(
        pa.table({"foo.l": pa.array([[1], [2]]), "foo": [1, 2], "foo.x": [3, 4], "": [5, 6]}), plain
    )
    assert [c["max"] for c in columns(plain, "--select", "foo,foo.x,4")] == [2, 4, 6]
    assert '""' in run("stats", plain)[1]
    pq.write_table(
        pa.table(
            {
                "d": pa.array(["a", "b", None]).dictionary_encode(),
                "s": pa.array([{"x": 1}] * 3),
                "n": pa.array([1.5, None, float("nan")]),
                "t": pa.array([0, None, 1], pa.timestamp("ns")),
            }
        ),
        plain,
    )
    d, s, n, t = columns(plain)
    assert (d["type"], d["missing"], s["type"], n["count"], n["missing"]) == ("text", 1, "struct", 1, 2)
    assert (t["type"], t["missing"], t["min"][:19]) == ("timestamp", 1, "1970-01-01T00:00:00")


def test_a_file_on_standard_input_can_be_read_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, x=[1.0, 2.0])
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "rust_numpy_example", "stats", "-"],
            stdin=file,
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"x  " in done.stdout


# -------------------------------------------------------------------------------- compression

PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("name", PACKERS)
def test_several_members_padding_and_what_follows(run: Run, stats: Stats, tmp_path: Path, name: str) -> None:
    pack = PACKERS[name]
    whole = pack(b"a,b\n1,2\n") + pack(b"3,4\n5,6\n") + pack(b"7,8\n")
    assert stats(whole)[0][1]["max"] == 8
    assert stats(whole + bytes(16))[0][1]["max"] == 8
    path = tmp_path / "t.csv"
    path.write_bytes(whole + b"trailing garbage")
    why = refused(run, path)
    assert f"what follows byte {len(whole)} is no {name} data" in why
    path.write_bytes(whole[:-3])
    assert "the file is truncated" in refused(run, path)
    path.write_bytes(pack(pack(b"a\n1\n")))
    assert refused(run, path) == "compressed twice: unpack it once"


@pytest.mark.parametrize("name", PACKERS)
def test_compressed_data_come_in_pieces_of_any_size(tmp_path: Path, name: str) -> None:
    data = np.random.default_rng(5).integers(0, 50, 100_000, np.uint8).tobytes()
    path = tmp_path / "t"
    path.write_bytes(PACKERS[name](data[:70_000]) + PACKERS[name](data[70_000:]))
    for size in (1000, 65_536, 1 << 20):
        with open_source(str(path)) as source:
            assert isinstance(source._stream, Decompressed)
            pieces = []
            while piece := source.read(size):
                pieces.append(piece)
        assert b"".join(pieces) == data
        assert {len(piece) for piece in pieces[:-1]} <= {size}


def test_zip_archives_of_one_member_and_lzma_and_zstd(run: Run, stats: Stats, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.tsv", TSV)
    assert len(stats(stream.getvalue(), name="t.tsv.zip")[0]) == 3
    assert len(stats(lzma.compress(TSV, format=lzma.FORMAT_ALONE), name="t.tsv.lzma")[0]) == 3
    zstandard = pytest.importorskip("zstandard", reason="reads zstd")
    pack = zstandard.ZstdCompressor().compress
    assert stats(pack(TSV) + pack(b"7\t8\t9\n"), name="t.tsv.zst")[0][2]["max"] == 9


def test_zstd_without_its_package_says_what_to_install(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    path = tmp_path / "t.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd....")
    assert "pip install 'rust_numpy_example[cli]'" in refused(run, path)


# ------------------------------------------------------------------------- arguments and output


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


# ------------------------------------------------------------------------------- other commands


def test_fibonacci_numbers_of_any_size(run: Run, tmp_path: Path) -> None:
    assert run("fib", "100")[:2] == (0, "354224848179261915075\n")
    assert [run("fib", n, "--digits")[1] for n in ("0", "6", "7", "100000")] == [
        "1\n",
        "1\n",
        "2\n",
        "20899\n",
    ]
    from rust_numpy_example._cli.fib import decimal, digits

    for number in (2**8000 - 1, 2**8001, 10**5000, 10**5000 - 1, 3**20000 + 1):
        limit = getattr(sys, "get_int_max_str_digits", lambda: 0)()
        if limit:
            sys.set_int_max_str_digits(0)
        try:
            assert decimal(number) == str(number)
            assert digits(number) == len(str(number))
        finally:
            if limit:
                sys.set_int_max_str_digits(limit)
    for wrong in ("-1", "x", "9" * 30):
        assert run("fib", wrong)[0] == 2


def test_an_estimate_of_pi(run: Run) -> None:
    code, out, _ = run("pi", "--samples", "1e5", "--seed", "1", "--json")
    found = json.loads(out)
    assert (code, found["samples"]) == (0, 100_000)
    assert abs(found["pi"] - np.pi) < 5 * found["standard_error"]
    assert run("pi", "--samples", "1e5", "--seed", "1", "--json")[1] == out
    assert "±" in run("pi", "--samples", "1000")[1]
    for wrong in ("0", "1.5", "x", "1e99", "nan", "-3"):
        assert run("pi", "--samples", wrong)[0] == 2


def test_info_says_what_there_is(run: Run) -> None:
    code, out, _ = run("info", "--json")
    found = json.loads(out)
    assert (code, found["numpy"]) == (0, np.__version__)
    assert "python" in run("info")[1]


@pytest.mark.parametrize(("shell", "check"), [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")])
def test_completions_are_scripts_that_the_shell_understands(
    run: Run, tmp_path: Path, shell: str, check: str
) -> None:
    import shutil

    code, out, _ = run("completions", shell)
    assert code == 0
    for word in ("stats", "words", "markdown", "on-error"):
        assert word in out
    if program := shutil.which(check):
        script = tmp_path / "script"
        script.write_text(out)
        assert subprocess.run([program, "-n", script], capture_output=True, check=False).stderr == b""
    if shell == "bash" and program:
        for line, expected in (
            ("st", "stats"),
            ("stats --de", "--decimal\n--delimiter"),
            ("stats --on-error ", "skip"),
        ):
            words = ["rust-numpy-example", *line.split(" ")]
            test = (
                f"{out}\nCOMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1};"
                ' _rust_numpy_example; printf "%s\\n" "${COMPREPLY[@]}" | sort'
            )
            done = subprocess.run(
                [program, "-c", test], capture_output=True, check=False, cwd=tmp_path, text=True
            )
            assert expected in done.stdout


def test_a_command_imports_only_what_it_needs() -> None:
    script = (
        "import sys; from rust_numpy_example.__main__ import main\n"
        "try: main(['words', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*(m for m in sys.modules if m.startswith('rust_numpy_example._cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    loaded = {name.split(".")[-1] for name in done.stderr.split()}
    assert "words" in loaded
    assert not loaded & {"demo", "arrays", "parquet", "stats"}


# -------------------------------------------------------------------------------------- words


def test_words_of_compressed_files_and_other_encodings(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "w.txt"
    for pack in (bytes, gzip.compress, bz2.compress, lzma.compress):
        path.write_bytes(pack(b"to be or not to be\n"))
        assert run("words", path, "--top", "2") == (0, "2  to\n2  be\n", "")
    path.write_bytes("schön schön\n".encode("latin-1"))
    code, out, err = run("words", path)
    assert (code, out, err.count("\n"), err.count(str(path))) == (1, "", 1, 1)
    assert "--encoding" in err
    assert run("words", path, "--encoding", "latin-1") == (0, "2  schön\n", "")
    path.write_bytes("hello hello".encode("utf-16"))
    assert "--encoding utf-16" in run("words", path)[2]
    assert run("words", path, "--encoding", "utf-16")[1] == "2  hello\n"
    path.write_bytes(b"\xef\xbb\xbfThe the")
    assert run("words", path)[1] == "2  the\n"


def test_words_are_chosen_as_asked(run: Run, tmp_path: Path) -> None:
    one, two, stop = tmp_path / "1.txt", tmp_path / "2.txt", tmp_path / "stop.txt"
    one.write_text("A a b don\u2019t don't\n", "utf-8")
    two.write_text("b b c cafe\u0301 caf\u00e9\n", "utf-8")
    stop.write_text("A\n")
    assert run("words", one, "--keep-case", "--top", "2")[1] == "1  A\n1  a\n"
    assert run("words", one, "--min-count", "2")[1] == "2  a\n"
    assert run("words", one, "--normalize")[1].splitlines()[1] == "2  don't"
    assert run("words", two, "--normalize")[1].splitlines()[1] == "2  café"
    assert run("words", one, "--stop-words", stop, "--top", "1")[1] == "1  b\n"
    assert run("words", one, two, "--total", "--top", "1")[1] == "3  b\n"
    assert run("words", one, "--top", "all")[1].count("\n") == 4
    table = list(csv.DictReader(io.StringIO(run("words", one, two, "--csv", "--top", "1")[1])))
    assert [(row["word"], row["count"]) for row in table] == [("a", "2"), ("b", "2")]
    assert json.loads(run("words", one, two, "--total", "--json", "--top", "1")[1])["words"] == {"b": 3}
    out = tmp_path / "out"
    assert run("words", one, "-o", out, "--top", "1")[:2] == (0, "")
    assert out.read_text() == "2  a\n"
    assert run("words", one, "--stop-words", tmp_path / "none")[0] == 1


def test_words_of_a_column(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,"be, or\nnot"\n2,be\u2028x\n3,\n', "utf-8")
    assert run("words", path, "--column", "text", "--top", "1")[1] == "2  be\n"
    assert run("words", path, "--column", "2", "--top", "1")[1] == "2  be\n"
    assert "did you mean 'text'" in run("words", path, "--column", "texts")[2]
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pytest.importorskip("pyarrow.ipc", reason="pyarrow reads Arrow")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    pq.write_table(pa.table({"text": ["be or", None, "be"], "n": [1, 2, 3]}), path)
    assert run("words", path, "--column", "text", "--top", "1")[1] == "2  be\n"
    assert "expected text" in run("words", path, "--column", "n")[2]
    for kind, made in (("file", pa.ipc.new_file), ("stream", pa.ipc.new_stream)):
        table = pa.table({"text": pa.array(["be or", None, "be"]).dictionary_encode(), "n": [1, 2, 3]})
        with made(path, table.schema) as writer:
            writer.write_table(table)
        assert run("words", path, "--column", "text", "--top", "1")[1] == "2  be\n", kind
        assert "expected text" in run("words", path, "--column", "n")[2]
        with open(path, "rb") as plain, gzip.open(tmp_path / "t.gz", "wb") as packed:
            packed.write(plain.read())
        assert run("words", tmp_path / "t.gz", "--column", "text", "--top", "1")[1] == "2  be\n", kind


def test_words_of_a_column_of_objects(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"id": 1, "text": 'be, "or"\nnot \u00e4'},
        {"text": None},
        {"id": 2, "text": "be\u2028x"},
        {"n": 7},
    ]
    path = tmp_path / "t"
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    for text in (lines, json.dumps(rows), "\ufeff" + lines, json.dumps(rows, indent=2, ensure_ascii=False)):
        path.write_text(text, "utf-8")
        found = {"be": 2, "or": 1, "not": 1, "\u00e4": 1, "x": 1}
        assert json.loads(run("words", path, "--column", "text", "--json")[1])["words"] == found
        assert run("words", path, "--column", "2", "--top", "1")[1] == "2  be\n"
        assert run("words", path, "--column", "text", "--ngrams", "2", "--top", "1")[1] == "1  be or\n"
        assert "did you mean 'text'" in run("words", path, "--column", "texts")[2]
        # A number is its digits, as in a column of CSV.
        assert run("words", path, "--column", "n")[1] == "1  7\n"
    path.write_text(lines + "{broken\n", "utf-8")
    code, out, err = run("words", path, "--column", "text")
    assert (code, out) == (1, "")
    assert f"{path}: line 5, column 2: " in err
    # A key that comes behind the start, of which the keys are known.
    monkeypatch.setattr("rust_numpy_example._cli.jsonlines.LEARNT", 1)
    path.write_text(json.dumps({"a": "x" * 100}) + "\n" + " " * (5 << 20) + "\n" + '{"late": "be be"}\n')
    assert run("words", path, "--column", "late")[1] == "2  be\n"
    np.save(tmp_path / "a.npy", np.arange(3))
    assert "the file is npy" in run("words", tmp_path / "a.npy", "--column", "1")[2]


def test_words_in_a_row_are_counted_as_one(run: Run, tmp_path: Path) -> None:
    text, table, stop = tmp_path / "a.txt", tmp_path / "a.csv", tmp_path / "stop.txt"
    text.write_text("to be, or not\nto be", encoding="utf-8")
    table.write_text('id,text\n1,"to be\nor"\n2,not to be\n', encoding="utf-8")
    stop.write_text("or not", encoding="utf-8")

    def counted(*options: object) -> dict[str, int]:
        code, out, err = run("words", "--json", "--ngrams", *options)
        assert (code, err) == (0, "")
        return json.loads(out)["words"]

    assert counted(2, text) == {"to be": 2, "be or": 1, "or not": 1, "not to": 1}
    assert counted(2, "--stop-words", stop, text) == {"to be": 2}
    # A row ends a text, a line in a field does not.
    assert counted(2, "--column", "text", "--stop-words", stop, table) == {"to be": 2}
    assert counted(2, "--column", "text", table) == {"to be": 2, "be or": 1, "not to": 1}
    assert counted(2, "--column", "text", "--normalize", table) == {"to be": 2, "be or": 1, "not to": 1}
    assert counted(6, text) == {"to be or not to be": 1}
    assert counted(7, text) == {}
    for number in (0, 101, "x"):
        code, out, err = run("words", "--ngrams", number, text)
        assert (code, out, f"got '{number}'" in err) == (2, "", True)


def test_words_that_go_on_and_on_are_cut_where_they_are_shown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "w.txt"
    path.write_text("x" * 100_000 + " \u200b\x1b y\n", "utf-8")
    code, out, _ = run("words", path, "--tokenizer", "whitespace")
    assert code == 0
    assert "x… (100,000 characters)\n" in out
    assert max(map(len, out.splitlines())) < 100
    assert "\x1b" not in out


@pytest.mark.thorough
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["words", "zeros", "no spaces"])
def test_words_of_a_pipe_take_little_memory(kind: str) -> None:
    from test_cli import PEAK

    block = {"words": b"to be or not to be, ", "zeros": bytes(20), "no spaces": b"abcdefghij" * 2}[
        kind
    ] * 50_000
    with subprocess.Popen(
        [sys.executable, "-c", PEAK, "words", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        with contextlib.suppress(BrokenPipeError):
            for _ in range(100):
                child.stdin.write(block)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        lines = child.stderr.read().decode().splitlines()
        child.stdin = None
        assert int(lines[-1]) < 200
        assert child.wait() == (1 if kind == "no spaces" else 0)
        assert kind != "no spaces" or "no word ends within 16 MiB" in lines[0]
