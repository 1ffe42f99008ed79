"""Files, streams and states on Dask: what the library gives for all of it in one piece."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask
import dask.array as da
import dask.bag as db
from lazy import MARKS

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = MARKS

# Each example has files of its own names.
shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


# --- words

TEXTS = st.text("abÀßİΣς\u0301 \t\n\r\v\x1c\u2028\xa0,.'1", max_size=60)


@pytest.mark.thorough
@shared_folder
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(1, 30), st.data())
def test_words_of_ranges_are_those_of_the_whole(
    tmp_path: Path, texts: list[str], blocksize: int, data: st.DataObject
) -> None:
    paths = []
    for index, text in enumerate(texts):
        # A file ends a word; the library is given the same.
        paths.append(tmp_path / f"{index}.txt")
        paths[-1].write_bytes((text + "\n").encode())
    whole = "".join(text + "\n" for text in texts)
    tokenizer, lowercase = data.draw(st.sampled_from(["whitespace", "unicode"])), data.draw(st.booleans())
    options: dict[str, Any] = {
        "tokenizer": tokenizer,
        "lowercase": lowercase,
        "top": data.draw(st.none() | st.integers(1, 3)),
    }
    expected = list(rne.word_count(whole, **options).items())
    got = rnd.word_count(paths, blocksize=blocksize, split_every=2, **options).compute()
    assert list(got.items()) == expected
    bag = db.from_sequence(texts, npartitions=2)
    assert list(rnd.word_count(bag, **options).compute().items()) == expected


def test_words_of_folders_patterns_and_compressed_files(tmp_path: Path) -> None:
    text = "to be or not to be\n" * 50
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / ".hidden.txt").write_text("no")
    (tmp_path / "other.csv").write_text("no")
    expected = {"to": 200, "be": 200, "or": 100, "not": 100}
    assert rnd.word_count(tmp_path, blocksize="100 B").compute() == expected
    assert rnd.word_count(str(tmp_path / "?.txt*")).compute() == expected
    assert rnd.word_count([f"file://{tmp_path}/a.txt", tmp_path / "b.txt.gz"]).compute() == expected


def test_what_is_not_utf_8_is_named_with_its_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(b"abc " * 100 + b"\xff\n" + b"abc " * 100)
    message = re.escape(f"word_count: file '{path}' is not UTF-8: byte 0xff at offset 400")
    for blocksize in (None, 64, 401):
        with pytest.raises(ValueError, match=message):
            rnd.word_count(path, blocksize=blocksize).compute()


def test_texts_that_are_missing_are_skipped_and_others_refused() -> None:
    assert rnd.word_count(db.from_sequence(["a b", None, float("nan")], npartitions=1)).compute() == {
        "a": 1,
        "b": 1,
    }
    with pytest.raises(TypeError, match="word_count: argument texts, got int in it, expected str"):
        rnd.word_count(db.from_sequence([1], npartitions=1)).compute()


def test_a_changed_file_has_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    first, again = rnd.word_count(path), rnd.word_count(path)
    assert first.key == again.key
    path.write_text("one two")
    assert rnd.word_count(path).key != first.key


# --- tables


def whole_table(data: bytes, folder: Path, *options: str) -> dict[str, Any]:
    """Return what the command prints for a file with this content."""
    path = folder / "whole.tmp"
    path.write_bytes(data)
    command = [sys.executable, "-m", "rust_numpy_example", "stats", "--json", *options, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def tables_equal(got: rnd.Table, expected: dict[str, Any]) -> None:
    assert got.rows == expected["rows"]
    assert [column.name for column in got.columns] == [column["name"] for column in expected["columns"]]
    for mine, theirs in zip(got.to_dict()["columns"], expected["columns"]):
        assert (mine["count"], mine["missing"]) == (theirs["count"], theirs["missing"])
        if mine["kind"] != "number":
            assert mine["kind"] == "text"
            continue
        for key in ("min", "max", "mean", "std"):
            value = float("nan") if theirs[key] is None else float(theirs[key])
            assert mine[key] == pytest.approx(value, rel=1e-13, nan_ok=True), (mine["name"], key)


FIELD = st.sampled_from(
    ["1", "2.5", "-3e3", "", "NA", "x", 'a "quoted" word', "two\nlines", "a,b", "\r\n", '"', "1e400"]
)


@pytest.mark.thorough
@shared_folder
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=12), st.integers(1, 40), st.booleans())
@example([("two\nlines", "\n\n\n")] * 6, 1, True)
def test_ranges_of_a_table_are_read_as_the_whole(
    tmp_path: Path, rows: list[tuple[str, str]], blocksize: int, crlf: bool
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n" if crlf else "\n")
    writer.writerow(["x", "second\nname"])
    writer.writerows(rows)
    (tmp_path / "whole.csv").write_bytes(buffer.getvalue().encode())
    whole = rnd.table_stats(tmp_path / "whole.csv", blocksize=None).compute()
    parts = rnd.table_stats(tmp_path / "whole.csv", blocksize=blocksize, split_every=2).compute()
    assert parts.rows == whole.rows == len(rows)
    for mine, theirs in zip(parts.columns, whole.columns):
        assert (mine.name, mine.kind, mine.count, mine.missing) == (
            theirs.name,
            theirs.kind,
            theirs.count,
            theirs.missing,
        )
        for key in ("count", "min", "max", "mean", "std"):
            assert mine.stats[key] == pytest.approx(theirs.stats[key], rel=1e-14, nan_ok=True)


def test_files_of_a_folder_are_one_table_as_the_command_reads_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    folder = tmp_path / "data"
    folder.mkdir()
    header, bodies = b"id,value,name\n", []
    for index in range(3):
        rows = [
            f'{i},{1e9 + rng.normal()!r},"n, {i}\nof {index}"\n' if i % 7 else f"{i},NA,\n"
            for i in range(200)
        ]
        bodies.append("".join(rows).encode().replace(b"np.float64(", b"").replace(b")", b""))
        (folder / f"{index}.csv").write_bytes(header + bodies[-1])
    (folder / "3.csv.gz").write_bytes(gzip.compress(header + bodies[0]))
    expected = whole_table(header + b"".join([*bodies, bodies[0]]), tmp_path)
    for blocksize in (None, 100, 5000):
        got = rnd.table_stats(folder, blocksize=blocksize).compute()
        tables_equal(got, expected)
    assert got["value"].stats.std == pytest.approx(1, rel=0.2)
    selected = rnd.table_stats(folder, select=["value", "id"], blocksize=300).compute()
    tables_equal(selected, expected | {"columns": [expected["columns"][1], expected["columns"][0]]})
    with pytest.raises(KeyError):
        got["no"]


def test_tables_without_names(tmp_path: Path) -> None:
    data = b"1;2\n" * 50
    (tmp_path / "a.csv").write_bytes(data)
    (tmp_path / "b.csv").write_bytes(data)
    for header in (None, False):
        got = rnd.table_stats(tmp_path, delimiter=";", header=header, blocksize=7).compute()
        tables_equal(got, whole_table(data + data, tmp_path, "--delimiter", ";"))
    named = rnd.table_stats(tmp_path / "a.csv", delimiter=";", header=True, blocksize=7).compute()
    assert [column.name for column in named.columns] == ["1", "2"] and named.rows == 49


def test_errors_of_tables_name_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 100 + "1,2,3\n" + "1,2\n" * 100)
    for blocksize in (None, 16, 100):
        with pytest.raises(ValueError, match=r"table_stats: file '.*a.csv': .*102"):
            rnd.table_stats(path, blocksize=blocksize).compute()
    path.write_text("a,b\n" + "1,2\n" * 100 + '1,"2\n' + "1,2\n" * 100)
    with pytest.raises(ValueError, match="table_stats: file '.*a.csv': .*quote"):
        rnd.table_stats(path, blocksize=50).compute()
    (tmp_path / "b.csv").write_text("a,c\n1,2\n")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="file '.*b.csv' has the columns 'a', 'c', expected 'a', 'b'"):
        rnd.table_stats(tmp_path).compute()
    with pytest.raises(ValueError, match="c"):
        rnd.table_stats(path, select=["c"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="folder without files that end in .csv"):
        rnd.table_stats(tmp_path / "empty")
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(ValueError, match="table_stats: file '.*none.csv'"):
        rnd.table_stats(tmp_path / "none.csv").compute()


def test_parquet_folders_are_one_table(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rng = np.random.default_rng(2)
    tables = []
    for index in range(2):
        n = 1000
        floats = rng.normal(1e6, 1, n)
        floats[::9] = np.nan
        large = rng.integers(-(2**62), 2**62, n)
        table = pa.table(
            {
                "f": pa.array(floats, mask=np.arange(n) % 7 == 0),
                "i": pa.array(large, mask=np.arange(n) % 5 == 0),
                "b": pa.array(floats > 1e6),
                "s": ["x"] * n,
                "d": pa.array([index] * n, pa.decimal128(5, 2)),
            }
        )
        tables.append(table)
        pq.write_table(table, tmp_path / f"{index}.parquet", row_group_size=170)
    got = rnd.table_stats(tmp_path, blocksize="4 kB").compute()
    whole = pa.concat_tables(tables)
    assert got.rows == 2000 and [column.kind for column in got.columns] == ["number"] * 3 + ["text", "number"]
    assert len(rnd.table_stats(tmp_path, blocksize="4 kB").dask) > len(rnd.table_stats(tmp_path).dask)
    floats, ints = whole["f"].to_pandas(), whole["i"]
    assert got["f"].count == floats.count() and got["f"].missing == 2000 - floats.count()
    assert got["f"].stats.mean == pytest.approx(floats.mean(), rel=1e-14)
    exact = [value for value in ints.to_pylist() if value is not None]
    assert got["i"].stats.mean == pytest.approx(sum(exact) / len(exact), rel=1e-15)
    assert (got["i"].stats.min, got["i"].stats.max) == (min(exact), max(exact))
    assert got["d"].stats.mean == 0.5 and got["s"].count == 2000
    pq.write_table(whole, tmp_path / "whole.tmp", row_group_size=500)
    tables_equal(got, whole_table((tmp_path / "whole.tmp").read_bytes(), tmp_path))
    few = rnd.table_stats(tmp_path / "1.parquet", select=["s", "f"]).compute()
    assert [column.name for column in few.columns] == ["s", "f"]
    with pytest.raises(ValueError, match="no column 'z'"):
        rnd.table_stats(tmp_path / "1.parquet", select=["z"]).compute()
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(ValueError, match="got text and Parquet files"):
        rnd.table_stats(tmp_path)


# --- simulation and states


def test_one_seed_gives_the_same_pi_for_any_number_of_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    from rust_numpy_example.dask import _monte_carlo

    monkeypatch.setattr(_monte_carlo, "BLOCK", 1 << 12)
    samples = 40_001
    found = {rnd.monte_carlo_pi(samples, rng=3, partitions=n).compute() for n in (None, 1, 2, 3, 7, 100)}
    assert len(found) == 1
    (estimate,) = found
    assert abs(estimate - np.pi) < 5 * 1.642 / np.sqrt(samples)
    assert rnd.monte_carlo_pi(samples, rng=np.random.default_rng(3)).compute() == estimate
    assert rnd.monte_carlo_pi(samples, rng=4).compute() != estimate
    # Blocks have streams of their own.
    hits = [_monte_carlo._hits(i, i + 1, (1, 2, 3, 4), 1 << 20, 1) for i in range(20)]
    assert len({*hits}) > 15


def test_hits_are_counted_exactly() -> None:
    from rust_numpy_example.dask._monte_carlo import _hits

    for samples in (1, 2, 3, 1000, 99_999):
        estimate = rne.monte_carlo_pi(samples, rng=np.random.SeedSequence((1, 2), spawn_key=(0,)))
        assert 4 * _hits(0, 1, (1, 2), samples, 1) / samples == estimate


@pytest.mark.parametrize("count", [1, 5, 40])
def test_a_processor_takes_chunks_in_their_order(count: int) -> None:
    values = np.random.default_rng(0).normal(size=1000)
    state = rne.DataProcessor(7)
    state.add_data([1.0, 2.0])
    expected = rne.DataProcessor(7)
    expected.add_data(np.concatenate([[1.0, 2.0], values]))
    for chunks in (
        da.from_array(values, chunks=1000 // count),
        db.from_sequence(values.tolist(), npartitions=count),
        [dask.delayed(part) for part in np.array_split(values, count)],
    ):
        got = rnd.fold(state, chunks, split_every=3).compute()
        assert len(got) == len(expected) and len(state) == 2
        assert got.stats().count == 1002
        assert got.stats().mean == pytest.approx(expected.stats().mean, rel=1e-14)
        assert got.process_chunks().tobytes() == _copy(expected).process_chunks().tobytes()
    folded = rnd.fold(rne.Stats(ddof=0), da.from_array(values, chunks=100)).compute()
    assert folded.ddof == 0 and folded.std == pytest.approx(values.std(), rel=1e-14)


def _copy(processor: rne.DataProcessor) -> rne.DataProcessor:
    copy = rne.DataProcessor(processor.chunk_size)
    copy.merge(processor)
    return copy


# --- recipes of docs/dask.md


def test_a_column_of_a_dataframe() -> None:
    dd = pytest.importorskip("dask.dataframe")
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": np.arange(100) % 7, "text": ["a b", "b", None, "c"] * 25})
    lazy = dd.from_pandas(frame, npartitions=4)
    stats = rnd.compute_stats(lazy["x"].to_dask_array()).compute()
    assert stats.count == 100 and stats.mean == pytest.approx(frame["x"].mean(), rel=1e-14)
    assert rnd.word_count(lazy["text"]).compute() == {"a": 25, "b": 50, "c": 25}
    with pytest.raises(
        TypeError, match=r"got a lazy dask.Series, expected a Dask array: its to_dask_array\(\)"
    ):
        rnd.compute_stats(lazy["x"])


def test_xarray_also_over_a_chunked_core_dimension() -> None:
    xr = pytest.importorskip("xarray")
    values = np.random.default_rng(0).normal(1e6, 1, (30, 20))
    array = xr.DataArray(values, dims=("time", "x")).chunk({"time": 7, "x": 6})
    # `dask="allowed"` hands over the Dask array itself, with the core dimension last.
    mean, std = xr.apply_ufunc(
        lambda block: (lambda stats: (stats.mean, stats.std))(rnd.compute_stats(block, axis=-1)),
        array,
        input_core_dims=[["time"]],
        output_core_dims=[[], []],
        dask="allowed",
    )
    assert mean.dims == ("x",) and dask.is_dask_collection(mean)
    np.testing.assert_allclose(mean.compute().values, values.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(std.compute().values, values.std(axis=0, ddof=1), rtol=1e-9)
    blurred = xr.apply_ufunc(lambda block: rnd.gaussian_blur(block, 1.0), array, dask="allowed")
    assert blurred.compute().values.tobytes() == rne.gaussian_blur(values, 1.0).tobytes()
    with pytest.raises(TypeError, match=r"got a lazy xarray.DataArray, expected a Dask array: its .data"):
        rnd.compute_stats(array)


def test_words_are_those_of_counter(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text = "\n".join(" ".join(map(str, row)) for row in rng.integers(0, 300, (200, 20)))
    (tmp_path / "a.txt").write_text(text)
    assert rnd.word_count(tmp_path, blocksize=777).compute() == Counter(text.split())
