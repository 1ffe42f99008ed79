"""The command `words`: files, standard input, columns of tables, long words and little memory."""

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
from pathlib import Path

import numpy as np
import pytest
from commands import PEAK, Run, shell


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


def test_a_column_of_a_table_that_is_not_as_it_should_be(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"

    def words(content: str, column: str = "text") -> tuple[int, str, str]:
        path.write_text(content, "utf-8", newline="")
        code, out, err = run("words", path, "--column", column)
        return code, out, err.replace(f"{path}: ", "")

    cut = "not as many fields as the first, so texts may be cut off; the first ends in line"
    assert words("id,text\n1,a, b\n\n2,c\n") == (0, "1  a\n1  c\n", f"note: 1 row has {cut} 2\n")
    assert words('id,text\n1,"a\nb"\n2\n3\n') == (0, "1  a\n1  b\n", f"note: 2 rows have {cut} 4\n")
    assert words('id,text\n1,"a\n2,b\n') == (1, "", "error: a quoted field is not closed\n")
    assert words("id,text\n1,a\r2,b\r") == (
        1,
        "",
        "error: line 2: a carriage return without a line feed after it\n",
    )
    assert words("") == (1, "", "error: the file is empty\n")
    # What Excel writes first.
    assert words("\ufeffsep=;\r\nid;text\r\n1;a\r\n") == (0, "1  a\n", "")
    assert words("text,text\na,b\n") == (1, "", "error: --column takes one column, got 2\n")
    assert words('id,"a text, or none"\n1,b\n', "a text, or none") == (0, "1  b\n", "")
    # Without a line feed at the end, with white space instead of a row.
    assert words('id,text\n1,a\n  \n2,"b"') == (0, "1  a\n1  b\n", "")


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
