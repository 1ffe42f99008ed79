"""The command line beyond delimited text: JSON and Arrow come in, pictures, pages and colours go out."""

from __future__ import annotations

import bz2
import csv
import gzip
import html.parser
import io
import json
import lzma
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from commands import Run, Stats, written
from hypothesis import given, settings
from hypothesis import strategies as st

from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import bars, colour, jsonlines, page, plot, report, source
from rust_numpy_example._cli.bars import Histogram
from rust_numpy_example._cli.stats import read
from rust_numpy_example._cli.table import Ask
from rust_numpy_example.rust_numpy_example import _ArrayStats, _JsonRows, _TableStats


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.jsonl")


# --------------------------------------------------------------------------------------- JSON

OBJECTS = [
    {"id": 12345678901234567890123, "name": 'Zoë "Z", 1', "day": "2024-01-02", "x": 1.5, "ok": True},
    {"x": None, "id": 2, "name": "12", "day": "2024-05-02", "ok": False, "tags": ["a", {"b": "c"}]},
    {"id": -3, "name": "x\ny,z", "x": 3, "ok": True, "tags": {"k": 1}},
]

LINES = "\n".join(json.dumps(value) for value in OBJECTS) + "\n"

TAGS = "note: column 'tags': 2 values are arrays or objects, taken as text, the first in line 2\n"


def check_objects(columns: list[dict[str, Any]]) -> None:
    """Compare with what is known of ``OBJECTS``."""
    found = {column["name"]: column for column in columns}
    assert list(found) == ["id", "name", "day", "x", "ok", "tags"]
    kinds = ["integer", "text", "date", "float", "boolean", "text"]
    assert [column["type"] for column in columns] == kinds
    assert [column["count"] for column in columns] == [3, 3, 2, 2, 3, 2]
    assert [column["missing"] for column in columns] == [0, 0, 1, 1, 0, 1]
    assert (found["id"]["min"], found["id"]["max"]) == (-3, 12345678901234567890123)
    assert found["id"]["sum"] == 12345678901234567890122
    assert (found["name"]["shortest"], found["name"]["longest"]) == (2, 10)
    assert (found["day"]["min"], found["day"]["max"]) == ("2024-01-02", "2024-05-02")
    assert (found["x"]["mean"], found["ok"]["sum"]) == (2.25, 2)
    assert (found["tags"]["shortest"], found["tags"]["longest"]) == (8, 17)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", LINES.encode()),
        ("t.txt", LINES.encode()),
        ("t.ndjson", ("\ufeff" + LINES).encode()),
        ("t.jsonl", LINES.replace("\n", "\r\n").rstrip().encode()),
        ("t.jsonl.gz", gzip.compress(LINES.encode())),
        ("t.jsonl.xz", lzma.compress(LINES.encode())),
        ("t.bz2", bz2.compress(LINES.encode())),
    ],
)
def test_keys_of_objects_are_columns(stats: Stats, name: str, content: bytes) -> None:
    columns, notes = stats(content, name=name)
    check_objects(columns)
    assert notes == TAGS


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_objects_is_a_table_too(stats: Stats, indent: int | None) -> None:
    columns, notes = stats(json.dumps(OBJECTS, indent=indent, separators=(",", ":")), name="t.json")
    # The nested texts have other white space, or more of it.
    for column in columns:
        if column["name"] == "tags":
            column["shortest"], column["longest"] = 8, 17
    check_objects(columns)
    assert notes.startswith("note: column 'tags': 2 values are arrays or objects")


def test_objects_come_through_a_pipe() -> None:
    command = [sys.executable, "-m", "rust_numpy_example", "stats", "-", "--json"]
    done = subprocess.run(command, input=LINES.encode(), capture_output=True, timeout=60, check=True)
    check_objects(json.loads(done.stdout)["columns"])


def test_a_text_in_quotes_is_no_number_and_a_number_no_text(stats: Stats) -> None:
    columns, notes = stats(
        '{"a": "1", "b": "", "c": "true", "d": "-"}\n{"a": 2, "b": "NA", "c": "null", "d": "x"}'
    )
    assert [column["type"] for column in columns] == ["mixed", "text", "text", "text"]
    assert [column["count"] for column in columns] == [2, 2, 2, 2]
    assert notes == "note: column 'a': 1 of 2 fields is text, the first in line 1: '1'\n"
    (column,), _ = stats('{"d": "-"}\n{"d": null}\n{}\n{"d": NaN}\n{"d": 1}\n', "--na", "-")
    assert (column["type"], column["count"], column["missing"]) == ("integer", 1, 4)
    (column,), _ = stats('{"d": -9}\n{"d": "-9"}\n{"d": 3}\n{"d": true}\n', "--na", "-9", "--na", "true")
    assert (column["type"], column["count"], column["missing"]) == ("integer", 1, 3)
    assert stats('{"d": "a\\u0000b"}\n{"d": "\ufffd"}\n')[1] == ""
    (column,), _ = stats('{"d": -Infinity}\n{"d": 1}\n')
    assert (column["min"], column["max"]) == ("-Infinity", 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"a": 1}\n{"a": 2\n{"a": 3}\n', "line 2, column 8: the line ends inside the object"),
        ('{"a": 1}\n[2]\n', "line 2, column 1: expected an object"),
        ('{"a": 1}\n{"a": 2}, \n', "line 2, column 9: expected the end of the line"),
        ('{"a": 1}\n{"a": 0x1}', "line 2, column 8: expected ',' or '}' after a value"),
        ('{"a": 1}\n{"a": "\\q"}', "line 2, column 8: an escape that JSON does not have"),
        ('[{"a": 1},\n 5]', "line 2, column 2: expected an object"),
    ],
)
def test_what_is_no_object_is_an_error_with_its_line_or_left_out(
    run: Run, tmp_path: Path, content: str, reason: str
) -> None:
    path, rejects = tmp_path / "t.jsonl", tmp_path / "rejects.csv"
    path.write_text(content)
    code, out, err = run("stats", path)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {path}: {reason}") and "--on-error skip" in err and err.count("\n") == 1
    code, out, err = run("stats", path, "--json", "--on-error", "skip", "--rejects", rejects)
    (column,) = json.loads(out)["columns"]
    assert (code, column["count"]) == (0, 2 if content.count("\n") == 3 else 1)
    assert err == f"note: {path}: 1 object was left out: what is there is no object of JSON\n"
    header, row = csv.reader(rejects.read_text().splitlines())
    assert header == ["file", "line", "column", "reason"]
    assert f"line {row[1]}, column {row[2]}: {row[3]}".startswith(reason)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{\n  "a": 1\n}\n', "one object a line, or one array of objects"),
        ("{}\n{}\n", "the objects have no keys"),
        ("", "the file is empty"),
        ('[{"a": 1}', "the array does not end"),
        ('[{"a": 1}] x', "more after the array"),
        ("[1, 2]", "looks like JSON"),
    ],
)
def test_json_that_is_no_table_is_refused_in_one_line(
    run: Run, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / ("t.json" if content.startswith("[") else "t.jsonl")
    path.write_text(content)
    code, out, err = run("stats", path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert words in err


def test_options_of_delimited_text_are_said_to_have_no_effect(stats: Stats) -> None:
    _, notes = stats('{"a": 1}\n', "--delimiter", ";", "--no-header")
    assert notes == "note: --delimiter, --header had no effect: the file is JSON\n"


def test_a_key_that_appears_late_is_found(
    run: Run, stats: Stats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", 32)
    monkeypatch.setattr(jsonlines, "LEARNT", 64)
    lines = ['{"a": 1}'] * 30 + ["oops"] + ['{"b": 2, "a": 3}', '{"a": 4}']
    rejects = tmp_path / "rejects.csv"
    columns, _ = stats("\n".join(lines), "--on-error", "skip", "--rejects", str(rejects))
    assert [(c["name"], c["count"], c["missing"]) for c in columns] == [("a", 32, 0), ("b", 1, 31)]
    # What was left out is listed once, however often the file was read.
    assert len(rejects.read_text().splitlines()) == 2
    del lines[30]
    columns, notes = stats("\n".join(lines))
    assert [(c["name"], c["count"], c["missing"]) for c in columns] == [("a", 32, 0), ("b", 1, 31)]
    assert notes == ""
    if hasattr(os, "mkfifo"):
        pipe = tmp_path / "pipe.jsonl"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=("\n".join(lines),))
        writer.start()
        code, out, err = run("stats", pipe)
        writer.join()
        assert (code, out) == (1, "")
        assert "line 31: the key 'b' appears for the first time" in err


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=5),
    st.lists(st.integers(0, 9) | st.text(max_size=2), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", 'c"d', "é"]), VALUES), max_size=8), st.booleans())
def test_objects_are_those_that_python_reads(objects: list[dict[str, Any]], ascii_only: bool) -> None:
    lines = "\n".join(json.dumps(value, ensure_ascii=ascii_only) for value in objects).encode()
    learning = _JsonRows()
    learning.feed(lines)
    learning.end()
    learning.rows()
    keys = list(dict.fromkeys(key for value in objects for key in value))
    assert learning.keys == keys
    rows = _JsonRows(keys)
    rows.feed(lines)
    rows.end()
    table = list(csv.reader(io.StringIO(rows.rows().decode(), newline="")))
    if len(keys) > 0:
        for value, row in zip(objects, table, strict=True):
            for key, field in zip(keys, row, strict=True):
                item = value.get(key)
                if item is None:
                    assert field in ("", "NA")
                elif isinstance(item, str):
                    assert field == item.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
                else:
                    assert json.loads(field) == item


# -------------------------------------------------------------------------------------- Arrow


@pytest.fixture
def arrow(tmp_path: Path) -> dict[str, Path]:
    """Write files and streams of Arrow IPC."""
    pa = pytest.importorskip("pyarrow")
    ipc, feather = pytest.importorskip("pyarrow.ipc"), pytest.importorskip("pyarrow.feather")
    table = pa.table(
        {
            "x": pa.array([1, None, 2**63 - 1], pa.int64()),
            "y": [0.5, 1.5, None],
            "text": pa.array(["a", "bcd", None]).dictionary_encode(),
        }
    )
    paths = {name: tmp_path / name for name in ("t.arrow", "t.arrows", "t.feather", "t.arrow.gz")}
    for name, writer in (("t.arrow", ipc.new_file), ("t.arrows", ipc.new_stream)):
        with writer(str(paths[name]), table.schema) as file:
            for batch in table.to_batches(max_chunksize=2):
                file.write(batch)
    feather.write_feather(table, str(paths["t.feather"]), compression="uncompressed")
    paths["t.arrow.gz"].write_bytes(gzip.compress(paths["t.arrow"].read_bytes()))
    return paths


def check_arrow(columns: list[dict[str, Any]]) -> None:
    """Compare with what is known of the table."""
    assert [column["name"] for column in columns] == ["x", "y", "text"]
    assert [column["type"] for column in columns] == ["integer", "float", "text"]
    assert [(column["count"], column["missing"]) for column in columns] == [(2, 1)] * 3
    assert columns[0]["max"] == 2**63 - 1
    assert (columns[2]["shortest"], columns[2]["longest"]) == (1, 3)


def test_arrow_files_and_streams_are_read(run: Run, arrow: dict[str, Path]) -> None:
    for path in arrow.values():
        code, out, err = run("stats", path, "--json")
        assert (code, err) == (0, ""), path
        check_arrow(json.loads(out)["columns"])
        code, out, err = run("stats", path, "--json", "--select", "y,x")
        assert [column["name"] for column in json.loads(out)["columns"]] == ["y", "x"]


def test_arrow_comes_through_a_pipe(arrow: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "rust_numpy_example", "stats", "-", "--json"]
    data = arrow["t.arrow"].read_bytes()
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    check_arrow(json.loads(done.stdout)["columns"])


def test_an_arrow_file_that_ends_too_early_is_an_error(
    run: Run, arrow: dict[str, Path], tmp_path: Path
) -> None:
    whole = arrow["t.arrow"].read_bytes()
    path = tmp_path / "cut.arrow"
    for size in range(9, len(whole), 37):
        path.write_bytes(whole[:size])
        code, out, err = run("stats", path)
        assert (code, out, err.count("\n")) == (1, "", 1), size
        assert "too early" in err


def test_arrow_without_pyarrow_says_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "t.arrow"
    path.write_bytes(b"ARROW1\0\0")
    code, _, err = run("stats", path)
    assert code == 1 and "pip install 'rust_numpy_example[cli]'" in err and err.count("\n") == 1


# --------------------------------------------------------------------------------- histograms


def numpy_counts(values: Any, found: Histogram) -> list[int]:
    """Count the values in the bins of a histogram by NumPy."""
    places = np.floor(np.asarray(values) / found.width) - round(found.start / found.width)
    return np.bincount(places.astype(int), minlength=len(found.counts)).tolist()


@pytest.mark.parametrize("most", [8, 10, 40, 500])
def test_histograms_have_the_counts_of_numpy(most: int) -> None:
    rng = np.random.default_rng(5)
    columns = {
        "normal": rng.normal(1e6, 3, 3000),
        "tail": rng.lognormal(0, 2, 3000),
        "sorted": np.sort(rng.uniform(-1, 1, 3000)),
        "whole": rng.integers(-20, 20, 3000).astype(float),
    }
    text = "\n".join(
        [
            ",".join(columns),
            *(",".join(map(repr, row)) for row in zip(*(c.tolist() for c in columns.values()))),
        ]
    )
    table = _TableStats(histogram=True)
    for start in range(0, len(text), 10_000):
        table.feed(text[start : start + 10_000].encode())
    arrays = _ArrayStats(list(columns), histogram=True)
    arrays.update(np.column_stack(list(columns.values())))
    for found, same, values in zip(table.finish(), arrays.finish(), columns.values()):
        assert found.histogram(most) == same.histogram(most)
        histogram = Histogram(*found.histogram(most))
        assert 0 < len(histogram.counts) <= most
        assert list(histogram.counts) == numpy_counts(values, histogram)
        assert histogram.counts[0] and histogram.counts[-1]
    # Bins of integers are no thinner than one, so that none is empty for want of an integer.
    whole = _ArrayStats(["whole"], histogram=True)
    whole.update(columns["whole"].astype(np.int64).reshape(-1, 1))
    assert whole.finish()[0].histogram(500)[1] == 1
    assert _ArrayStats(["a"]).finish()[0].histogram(5) is None


def test_quantiles_of_a_histogram_are_near() -> None:
    values = np.random.default_rng(3).normal(size=5000)
    stats = _ArrayStats(["x"], histogram=True)
    stats.update(values.reshape(-1, 1))
    histogram = Histogram(*stats.finish()[0].histogram(512))
    for level in (0.25, 0.5, 0.75):
        assert abs(histogram.quantile(level) - np.quantile(values, level)) < 2 * histogram.width
    assert Histogram(1.0, 1.0, [0, 3]).quantile(1.0) == 3.0


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def shown(
    monkeypatch: pytest.MonkeyPatch, path: Path, width: int, encoding: str = "utf-8", *options: str
) -> str:
    """Return what the command writes to a terminal of some width."""
    terminal = Terminal()
    terminal.encoding = encoding  # type: ignore[assignment]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["stats", str(path), *options]) == 0
    return terminal.getvalue()


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    """Write a table with a triangle and a text."""
    path = tmp_path / "numbers.csv"
    rows = [f"{value},t{value}" for value in range(1, 9) for _ in range(value)]
    path.write_text("\n".join(["value,text", *rows]) + "\n,t9\n")
    return path


def test_a_terminal_with_room_shows_small_histograms(monkeypatch: pytest.MonkeyPatch, numbers: Path) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    wide = shown(monkeypatch, numbers, 200).splitlines()
    assert wide[0].endswith("histogram") and wide[1].endswith("  ▁▂▃▄▅▆▇█")
    assert all(character not in wide[2] for character in bars.BLOCKS[1:])
    ascii_only = shown(monkeypatch, numbers, 200, "ascii").splitlines()
    assert ascii_only[1].endswith("  .:-=+*#@")
    for width in range(20, 200, 7):
        lines = shown(monkeypatch, numbers, width).splitlines()
        if "histogram" in lines[0]:
            assert max(map(report.width, lines)) <= width
    narrow = shown(monkeypatch, numbers, 40)
    assert "histogram" not in narrow


def test_histograms_are_for_terminals_only(run: Run, numbers: Path) -> None:
    _, out, _ = run("stats", numbers)
    assert "histogram" not in out and "\x1b" not in out


def test_colours_are_for_terminals_unless_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, numbers: Path
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    _, plain, _ = run("stats", numbers)
    _, painted, _ = run("stats", numbers, "--color", "always")
    assert "\x1b[1mmissing\x1b[0m" in painted and "\x1b[33m1\x1b[0m" in painted and "\x1b[33m0" not in painted
    assert re.sub("\x1b\\[[0-9]*m", "", painted) == plain
    # The old console of Windows shows the codes as they are.
    for name, variables, coloured in (
        ("posix", {}, True),
        ("nt", {"WT_SESSION": "1"}, True),
        ("nt", {}, False),
    ):
        with monkeypatch.context() as system:
            system.setattr(colour, "os", SimpleNamespace(name=name, environ=variables))
            assert ("\x1b[1m" in shown(monkeypatch, numbers, 80)) == coloured
    assert "\x1b" not in shown(monkeypatch, numbers, 80, "utf-8", "--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(monkeypatch, numbers, 80)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(monkeypatch, numbers, 80)
    monkeypatch.setattr(colour.Colour, "choice", "auto")


# ------------------------------------------------------------------------------ page and plots


class Elements(html.parser.HTMLParser):
    """The elements of a page, which have to be closed in order."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_report_is_one_page_with_nothing_to_fetch_or_run(run: Run, tmp_path: Path, numbers: Path) -> None:
    evil = tmp_path / "<b>&.csv"
    evil.write_text('"<script>alert(1)</script>",b\n1,"x<y"\n2,\n')
    out = tmp_path / "report.html"
    code, table, err = run("stats", numbers, evil, "--top-values", "2", "--report", out)
    assert (code, err) == (0, "") and "value" in table
    content = out.read_text(encoding="utf-8")
    parser = Elements()
    parser.feed(content)
    parser.close()
    assert not parser.open
    tags = [tag for tag, _ in parser.found]
    assert tags.count("table") == 2 and tags.count("svg") == 2 and tags.count("h2") == 2
    assert "script" not in tags and "link" not in tags and "img" not in tags
    assert not any(name in attributes for _, attributes in parser.found for name in ("src", "href", "onload"))
    assert "url(" not in content and "@import" not in content and "prefers-color-scheme: dark" in content
    pictures = [attributes for tag, attributes in parser.found if tag == "svg"]
    assert all(attributes["role"] == "img" for attributes in pictures)
    label = str(pictures[0]["aria-label"])
    assert label == "Histogram of value: 36 numbers from 1 to 9 in 8 bins; most, 8, from 8 to 9"
    assert "<script>alert(1)</script>" in parser.text and "x<y" in parser.text
    # The same input gives the same page.
    run("stats", numbers, evil, "--top-values", "2", "--report", out)
    assert out.read_text(encoding="utf-8") == content


def test_a_report_is_written_whole_or_not_at_all(
    run: Run, tmp_path: Path, numbers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.html"
    out.write_text("before")

    def broken(*_: object) -> Any:
        yield "<!doctype html>"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "_page", broken)
    code, table, err = run("stats", numbers, "--report", out)
    assert (code, err) == (1, f"error: {out}: No space left on device\n") and "value" in table
    assert out.read_text() == "before" and sorted(tmp_path.iterdir()) == [numbers, out]
    code, _, err = run("stats", numbers, "--report", tmp_path / "nowhere" / "x.html")
    assert code == 1 and err.count("\n") == 1
    # Of files that cannot be read there is no page.
    code, _, _ = run("stats", tmp_path / "missing.csv", "--report", tmp_path / "none.html")
    assert code == 1 and not (tmp_path / "none.html").exists()


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "arguments",
    [("stats", "numbers.csv"), ("pi", "--samples", "5e4", "--seed", "1"), ("words", "words.txt")],
    ids=lambda arguments: arguments[0],
)
def test_plots_are_written_in_each_format(run: Run, tmp_path: Path, numbers: Path, arguments: Any) -> None:
    pytest.importorskip("matplotlib")
    # A name that is no formula, and one with letters that the font does not have.
    numbers.write_text(numbers.read_text().replace("value", "$x_$ 東京"))
    (tmp_path / "words.txt").write_text("a b a $c$ 東京", encoding="utf-8")
    arguments = [tmp_path / a if "." in a else a for a in arguments]
    for suffix, start in (("png", PNG), ("svg", b"<?xml")):
        out = tmp_path / f"plot.{suffix}"
        code, _, err = run(*arguments, "--plot", out)
        assert (code, err) == (0, "")
        content = out.read_bytes()
        assert content.startswith(start)
    # The same input gives the same plot.
    run(*arguments, "--plot", out)
    assert out.read_bytes() == content
    code, _, err = run(*arguments, "--plot", tmp_path / "plot.txt")
    assert code == 2 and "expected a name that ends with one of .png, .svg, .pdf" in err


def test_a_plot_of_no_numbers_is_an_error(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "t.csv"
    path.write_text("a\nx\n")
    code, _, err = run("stats", path, "--plot", tmp_path / "p.png")
    assert code == 1 and err.endswith("no column of numbers to plot\n") and not (tmp_path / "p.png").exists()


def test_a_plot_of_many_columns_is_cut_and_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(plot, "MOST", 2)
    path, out = tmp_path / "t.csv", tmp_path / "p.svg"
    path.write_text("a,b,c\n1,2,3\n4,5,inf\n")
    code, _, err = run("stats", path, "--plot", out)
    assert (code, err) == (0, f"note: {out}: 1 column was left out: a plot has at most 2\n")


@pytest.mark.parametrize("arguments", [("stats", "t"), ("words", "t"), ("pi", "--samples", "9")])
def test_plots_without_matplotlib_say_what_to_install_before_anything_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out = tmp_path / "p.png"
    code, written, err = run(*arguments, "--plot", out)
    assert (code, written, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"error: {out}: ") and "pip install 'rust_numpy_example[plot]'" in err


def test_the_estimate_of_pi_is_the_same_with_a_plot(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("pi", "--samples", "123456", "--seed", "3", "--json")
    assert run(*arguments)[1] == run(*arguments, "--plot", tmp_path / "p.svg")[1]


def test_every_input_gives_the_same_histogram(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(size=200)
    np.save(tmp_path / "t.npy", values)
    (tmp_path / "t.csv").write_text("x\n" + "\n".join(map(repr, values.tolist())))
    (tmp_path / "t.jsonl").write_text("\n".join(f'{{"x":{value!r}}}' for value in values.tolist()))
    found = []
    for name in ("t.npy", "t.csv", "t.jsonl"):
        (column,) = read([str(tmp_path / name)], Ask(histogram=True)).columns
        assert column.histogram is not None
        found.append(column.histogram(20))
    assert vars(found[0]) == vars(found[1]) == vars(found[2])
    assert math.isclose(sum(found[0].counts), 200)


def test_a_message_on_a_terminal_breaks_no_word() -> None:
    assert report.folded("error: a.csv: no column 'x'", 100) == "error: a.csv: no column 'x'"
    assert report.folded("aa bb cc d", 6) == "aa bb\n  cc d"
    assert report.folded("aaaaaaaaaa b", 4) == "aaaaaaaaaa\n  b"
    assert report.folded("\u65e5\u672c \u8a9e", 6) == "\u65e5\u672c\n  \u8a9e"


def test_of_very_many_columns_there_are_no_histograms(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    from rust_numpy_example._cli import table

    for module in (table, page):
        monkeypatch.setattr(module, "PICTURED", 3)
    for count, pictures in ((3, 3), (4, 0)):
        path, html = tmp_path / "t.csv", tmp_path / "t.html"
        path.write_text(",".join(f"c{i}" for i in range(count)) + "\n" + ",".join("1" * count) + "\n")
        np.save(tmp_path / "t.npy", np.ones((2, count)))
        for table_ in (path, tmp_path / "t.npy"):
            assert run("stats", table_, "--report", html)[0] == 0
            text = html.read_text()
            assert text.count("<svg") == pictures
            assert ("There are no histograms of more than 3 columns." in text) == (not pictures)
