"""The command line on what people have: tables in all dialects, broken ones, and those that look like something else."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import BIG, TSV, Run, Stats, names, refused, written


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.csv")


# -------------------------------------------------------------------------------- text tables


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_in_quotes_are_part_of_a_name(stats: Stats, end: str) -> None:
    columns, notes = stats(f'id,"Total{end}cost",n\r\n1,2.5,3\r\n4,5.5,6\r\n')
    assert (names(columns), notes) == (["id", f"Total{end}cost", "n"], "")
    assert stats(f'id,"Total{end}cost",n\n1,2,3\n', "--select", f'"Total{end}cost"')[0][0]["mean"] == 2


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
    ("content", "other"),
    [
        ("1,5;2,5\n3,5;4,5\n", "a semicolon"),
        ("t|a,b\n1|2,3\n", "a bar"),
        ("t\ta|b,c\n1\t2|3,4\n", "a tab or a bar"),
    ],
)
def test_a_usual_delimiter_beside_another_is_told(stats: Stats, content: str, other: str) -> None:
    columns, notes = stats(content)
    assert len(columns) == content.split("\n")[0].count(",") + 1
    assert f"separated by a comma, though it could be {other}, too (--delimiter" in notes
    assert "separated" not in stats(content, "--delimiter", ",")[1]


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


def test_integers_of_every_size_are_exact(run: Run, stats: Stats, tmp_path: Path) -> None:
    ids = [1234567890123456789, 1234567890123456790, 1234567890123456791]
    (column,), _ = stats("id\n" + "".join(f"{i}\n" for i in ids))
    assert (column["min"], column["max"], column["mean"], column["std"]) == (ids[0], ids[2], ids[1], 1.0)
    huge = ["1" * 98, "-" + "2" * 98, "0" * 5 + "3" * 97]
    (column,), _ = stats("id\n" + "".join(f"{i}\n" for i in huge))
    assert (column["min"], column["max"]) == (int(huge[1]), int(huge[0]))
    # Near each other, far from zero, also with marks of thousands.
    for base in (2**127, -(10**69), 10**200):
        near = [base + i for i in (-1, 0, 3, 5)]
        for options in ((), ("--thousands", ",")):
            fields = [f'"{i:,}"' if options else str(i) for i in near]
            (column,), notes = stats("id\n" + "".join(f"{field}\n" for field in fields), *options)
            assert (column["min"], column["max"], column["sum"], notes) == (near[0], near[3], sum(near), "")
            assert near[0] <= column["mean"] <= near[3]
            assert column["std"] == pytest.approx(2.753785, rel=1e-6)
    for values in (np.array(BIG), np.array([2**64 - 1, 1], np.uint64), np.array([-(2**63), 2**63 - 1])):
        path = tmp_path / "t.npy"
        np.save(path, values)
        (column,) = json.loads(run("stats", path, "--json")[1])["columns"]
        exact = [int(value) for value in values]
        assert (column["min"], column["max"], column["sum"]) == (min(exact), max(exact), sum(exact))
        assert column["mean"] == sum(exact) / len(exact)
