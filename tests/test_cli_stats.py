"""The command ``stats``: quantiles, several files as one table, what fits on a terminal."""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Run, columns, failure, run

from rust_numpy_example._cli import listing, report, stats, table
from rust_numpy_example._cli.table import Ask, Column, Table, between

__all__ = ["run"]

LEVELS = (0.0, 0.01, 0.25, 0.5, 0.9, 1.0)
ASKED = ("--quantiles", ",".join(map(str, LEVELS)))


def values() -> dict[str, list[Any]]:
    """Return columns of numbers: floats, small and large integers, few different ones, none, one, text."""
    draw = random.Random(5)
    count = 4001
    return {
        "float": [draw.lognormvariate(0, 3) for _ in range(count)],
        "small": [draw.randrange(-1000, 1000) for _ in range(count)],
        "large": [2**60 + draw.randrange(10**6) for _ in range(count)],
        "ties": [draw.choice([1, 2, 5]) for _ in range(count)],
        "gaps": [draw.random() if draw.random() < 0.1 else "" for _ in range(count)],
        "one": [7, *[""] * (count - 1)],
        "word": ["x"] * count,
    }


def write(path: Path, found: dict[str, list[Any]], start: int = 0, stop: int | None = None) -> Path:
    """Write some rows as CSV."""
    rows = list(zip(*found.values()))[start:stop]
    path.write_text("\n".join([",".join(found), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def json_of(path: Path, found: dict[str, list[Any]], start: int = 0, stop: int | None = None) -> Path:
    """Write some rows as objects of JSON; what is missing is left out."""
    rows = list(zip(*found.values()))[start:stop]
    objects = [{name: value for name, value in zip(found, row) if value != ""} for row in rows]
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    return path


def exact(found: list[Any], level: float) -> Any:
    """Return the quantile of integers of any size, or floats, by a full sort."""
    numbers = sorted(value for value in found if value != "")
    place = (len(numbers) - 1) * level
    low = int(place)
    return between(numbers[low], numbers[min(low + 1, len(numbers) - 1)], place - low)


def check(found: list[dict[str, Any]], expected: dict[str, list[Any]]) -> None:
    """Compare the quantiles with those of the values, in every digit."""
    for column in found:
        if column["name"] == "word":
            assert column["quantiles"] is None
            continue
        of = expected[column["name"]]
        assert column["quantiles"] == {str(level): exact(of, level) for level in LEVELS}, column["name"]
        if column["name"] in ("float", "small"):
            assert list(column["quantiles"].values()) == list(np.quantile(of, LEVELS))
        assert "quantiles_error" not in column


@pytest.mark.parametrize("keys", [table.KEYS, 7 * 1500, 7 * 64])
def test_quantiles_of_text_are_exact_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    path = write(tmp_path / "t.csv", found)
    check(columns(run, path, *ASKED), found)
    assert [type(v) for v in columns(run, path, "--select", "large", *ASKED)[0]["quantiles"].values()] == [
        int
    ] * len(LEVELS)


@pytest.mark.parametrize("keys", [table.KEYS, 500])
def test_quantiles_of_arrays_are_exact_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    path = tmp_path / "t.npz"
    flag = np.arange(4001) % 2 == 0
    kept = {name: np.array(found[name]) for name in ("float", "small", "large", "ties")}
    kept["gaps"] = np.array([value if value != "" else np.nan for value in found["gaps"]])
    np.savez(path, flag=flag, **kept)
    of = {column["name"]: column for column in columns(run, path, *ASKED)}
    assert of.pop("flag")["quantiles"] is None
    check(list(of.values()), found)
    both = np.stack([kept["float"], kept["gaps"]], axis=1)
    for name, array in (("c.npy", both), ("f.npy", np.asfortranarray(both))):
        np.save(tmp_path / name, array)
        first, second = columns(run, tmp_path / name, *ASKED)
        assert first["quantiles"] == of["float"]["quantiles"]
        assert second["quantiles"] == of["gaps"]["quantiles"]
    records = np.zeros(4001, [("a", "f4"), ("b", "i8"), ("c", "c16"), ("d", "?")])
    records["a"], records["b"], records["c"] = kept["float"], kept["large"], kept["float"] * 1j
    np.save(tmp_path / "r.npy", records)
    a, b, real, imag, flag = columns(run, tmp_path / "r.npy", *ASKED)
    assert list(a["quantiles"].values()) == [exact([float(v) for v in records["a"]], q) for q in LEVELS]
    assert b["quantiles"] == of["large"]["quantiles"]
    assert set(real["quantiles"].values()) == {0.0}
    assert imag["quantiles"] == of["float"]["quantiles"]
    assert flag["quantiles"] is None


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float64", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0, 3)])
def test_columns_of_no_elements(run: Run, tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "t.npy", np.zeros(shape, dtype))
    for column in columns(run, tmp_path / "t.npy"):
        assert (column["count"], column["mean"], column["min"], column["quantiles"]) == (0, None, None, None)
    assert run("stats", tmp_path / "t.npy")[0] == 0


@pytest.mark.parametrize("keys", [table.KEYS, 5 * 500])
def test_quantiles_of_parquet_are_exact_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    columns_ = {name: pa.array([v if v != "" else None for v in of]) for name, of in found.items()}
    pq.write_table(pa.table(columns_), tmp_path / "t.parquet", row_group_size=1000)
    check(columns(run, tmp_path / "t.parquet", *ASKED), found)
    cents = pa.array(found["small"], pa.decimal128(9, 2))
    pq.write_table(pa.table({"x": cents}), tmp_path / "d.parquet")
    (decimal,) = columns(run, tmp_path / "d.parquet", *ASKED)
    assert decimal["quantiles"] == {str(level): exact(found["small"], level) for level in LEVELS}


@pytest.mark.thorough
@pytest.mark.parametrize("keys", [table.KEYS, 7 * 1500, 7 * 64])
def test_quantiles_of_objects_are_exact_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    check(columns(run, json_of(tmp_path / "t.jsonl", found), *ASKED), found)
    # What is left out is listed once, however often the file is read.
    path, rejects = json_of(tmp_path / "bad.jsonl", found), tmp_path / "rejects.csv"
    path.write_text("nonsense\n" + path.read_text())
    code, out, err = run("stats", path, "--json", *ASKED, "--on-error", "skip", "--rejects", rejects)
    assert (code, err.count("1 object was left out")) == (0, 1)
    check(json.loads(out)["columns"], found)
    assert [line.split(",")[:2] for line in rejects.read_text().splitlines()[1:]] == [[str(path), "1"]]


@pytest.mark.parametrize("keys", [table.KEYS, 5 * 500])
def test_quantiles_of_arrow_are_exact_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Arrow")
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    table_ = pa.table({name: pa.array([v if v != "" else None for v in of]) for name, of in found.items()})
    for name, new in (("t.arrow", pa.ipc.new_file), ("t.arrows", pa.ipc.new_stream)):
        with new(tmp_path / name, table_.schema) as writer:
            writer.write_table(table_, max_chunksize=1000)
        check(columns(run, tmp_path / name, *ASKED), found)


def test_histograms_count_each_number_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "KEYS", 7 * 64)
    path = write(tmp_path / "t.csv", values())
    for column in stats.read([str(path)], table.Ask(levels=LEVELS, histogram=True)).columns:
        if column.type != "text":
            assert column.histogram is not None
            assert sum(column.histogram(20).counts) == column.count, column.name


def test_quantiles_through_a_pipe_are_estimates_that_say_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipe:
        """Standard input that cannot be read again."""

        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

    found = {"x": [float(i * 7919 % 40_009) for i in range(40_000)]}
    data = write(tmp_path / "t.csv", found).read_bytes()
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    code, out, err = run("stats", "-", "--json", *ASKED)
    # What fits is exact.
    assert (code, err) == (0, "")
    check(json.loads(out)["columns"], found)
    monkeypatch.setattr(table, "KEYS", 2000)
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    code, out, err = run("stats", "-", "--json", *ASKED)
    (column,) = json.loads(out)["columns"]
    error = column["quantiles_error"]
    assert code == 0 and 0 < error <= 27 / 2000
    assert "note: standard input: quantiles are estimates, within" in err
    numbers = np.sort(found["x"])
    for level, value in zip(LEVELS, column["quantiles"].values()):
        assert abs(np.searchsorted(numbers, value) / 40_000 - level) <= error + 1 / 40_000
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    _, out, _ = run("stats", "-")
    assert out.splitlines()[1].split()[7].startswith("~")
    monkeypatch.setattr(table, "KEYS", 64)
    monkeypatch.setattr(sys, "stdin", Pipe(data))
    code, out, err = run("stats", "-", "--json")
    assert (code, json.loads(out)["columns"][0]["quantiles"]) == (0, None)
    assert "quantiles are left out: there are too many columns" in err


def test_standard_input_that_is_a_file_is_read_again(tmp_path: Path) -> None:
    found = values()
    path = write(tmp_path / "t.csv", found)
    code = (
        "import sys; from rust_numpy_example._cli import table; table.KEYS = 700;"
        "from rust_numpy_example.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    import subprocess

    with path.open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-c", code, "stats", "-", "--json", *ASKED],
            stdin=stream,
            capture_output=True,
            check=True,
            timeout=120,
        )
    assert done.stderr == b""
    check(json.loads(done.stdout)["columns"], found)


def test_a_file_that_changes_between_passes_is_an_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.csv", {"x": list(range(1000))})
    monkeypatch.setattr(table, "KEYS", 100)
    opened = stats.open_source
    times = []

    def changing(name: str, start: int | None = None) -> Any:
        times.append(name)
        if len(times) == 2:
            write(path, {"x": list(range(900))})
        return opened(name, start)

    monkeypatch.setattr(stats, "open_source", changing)
    assert "this pass has 900 elements, expected the 1000" in failure(run, path)


def test_which_quantiles_is_an_option(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", {"x": [1, 2, 3, 4], "y": ["a", "b", "", "c"]})

    def header(*options: str) -> list[str]:
        _, out, _ = run("stats", path, *options)
        return out.splitlines()[0].replace(",", " ").replace("|", " ").split()

    usual = ["type", "count", "missing", "mean", "std", "min"]
    assert header() == ["column", *usual, "median", "max"]
    assert header("--quantiles", "none") == ["column", *usual, "max"]
    assert header("--quantiles", "0.999,.05,0.5,0.05") == ["column", *usual, "5%", "median", "99.9%", "max"]
    assert header("--all")[7:11] == ["25%", "median", "75%", "max"]
    assert header("--csv") == ["name", *usual, "25%", "median", "75%", "max"]
    assert header("--markdown") == ["column", *usual, "25%", "median", "75%", "max"]
    _, out, _ = run("stats", path)
    assert out.splitlines()[1].split()[1:] == ["integer", "4", "0", "2.5", "1.29099", "1", "2.5", "4"]
    assert [column["quantiles"] for column in columns(run, path, "--quantiles", "none")] == [None, None]
    for wrong in ("", "1.5", "x", "-1", "nan", "0.5,"):
        with pytest.raises(SystemExit) as stopped:
            run("stats", path, f"--quantiles={wrong}")
        assert stopped.value.code == 2


def test_numbers_between_two_others() -> None:
    inf = float("inf")
    assert [between(1, 2, 0.5), between(1, 3, 0.5), between(1.0, 3.0, 0.5)] == [1.5, 2, 2.0]
    assert type(between(1, 3, 0.5)) is int and type(between(1.0, 3.0, 0.5)) is float
    assert between(2**60, 2**60 + 3, 0.5) == 2**60 + 2
    assert [between(-inf, 1.0, 0.25), between(1.0, inf, 0.25), between(inf, inf, 0.5)] == [-inf, inf, inf]
    assert between(-1.5e308, 1.5e308, 0.5) == 0
    assert np.isnan(between(-inf, inf, 0.5))
    draw = random.Random(1)
    for _ in range(200):
        two = [draw.uniform(-1, 1), draw.uniform(-1, 1)]
        level = draw.random()
        assert between(*sorted(two), level) == np.quantile(two, level)


# ------------------------------------------------------------------------------ several files


def test_what_excel_writes_first_is_no_row_of_any_file(run: Run, tmp_path: Path) -> None:
    with_line, without = tmp_path / "a.csv", tmp_path / "b.csv"
    with_line.write_text("sep=;\n1;2\n3;4\n")
    without.write_text("5;6\n7;8\n")
    for files in ([with_line, without], [without, with_line]):
        code, out, _ = run("stats", "--together", *files, "--no-header", "--json")
        (first, _), rows = json.loads(out)["columns"], json.loads(out)["rows"]
        assert (code, rows, first["count"], first["sum"]) == (0, 4, 4, 16)
    with_line.write_text("sep=;\nname;city\nBo;Rome\n")
    code, out, err = run("stats", with_line, "--delimiter", ";", "--json")
    found = {column["name"]: column["count"] for column in json.loads(out)["columns"]}
    assert (code, found, err) == (0, {"name": 1, "city": 1}, "")
    with_line.write_text("sep=;\nname;city\nBo;Rome;x\n")
    assert "line 3, column 3" in run("stats", with_line)[2]
    # A key may be called so.
    path = tmp_path / "t.jsonl"
    path.write_text('{"sep=;": 1}\n')
    assert json.loads(run("stats", path, "--json")[1])["columns"][0]["name"] == "sep=;"


def test_files_together_are_one_table(run: Run, tmp_path: Path) -> None:
    found = values()
    whole = columns(run, write(tmp_path / "whole.csv", found), *ASKED)
    parts = [write(tmp_path / f"{i}.csv", found, i * 1500, i * 1500 + 1500) for i in range(3)]
    # Columns may come in another order.
    swapped = {name: found[name] for name in sorted(found)}
    write(parts[1], swapped, 1500, 3000)
    code, out, err = run("stats", "--together", *parts, "--json", *ASKED)
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "file": f"{parts[0]} and 2 more",
        "rows": 4001,
        "columns": whole,
    }
    _, out, _ = run("stats", "--together", *parts, "--json", "--select", "word,small")
    assert [column["name"] for column in json.loads(out)["columns"]] == ["word", "small"]
    # One table has no heading.
    assert run("stats", "--together", *parts)[1].startswith("column")


def test_files_that_are_not_of_one_table_are_an_error_with_their_name(run: Run, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", {"x": [1], "y": [2]})
    other = write(tmp_path / "b.csv", {"x": [1], "z": [2]})
    array = tmp_path / "c.npy"
    np.save(array, np.zeros((3, 2)))
    why = "the columns are not those of the first file: it has 'z' and lacks 'y'"
    for path, reason in ((other, why), (array, "the file is npy, the first is text")):
        code, out, err = run("stats", "--together", first, path)
        assert (code, out) == (1, "")
        assert err == f"error: {path}: {reason}\n"
    code, _, err = run("stats", "--together", first, tmp_path / "none.csv")
    assert (code, err) == (1, f"error: {tmp_path / 'none.csv'}: No such file or directory\n")
    bad = tmp_path / "bad.csv"
    bad.write_text("x,y\n1,2\n1\n")
    code, _, err = run("stats", "--together", first, bad)
    assert (code, err.startswith(f"error: {bad}: line 3, column 2: the row has 1 field")) == (1, True)
    rejects = tmp_path / "rejects.csv"
    code, out, _ = run(
        "stats", "--together", bad, first, "--on-error", "skip", "--rejects", rejects, "--json"
    )
    assert (code, json.loads(out)["rows"]) == (0, 2)
    assert rejects.read_text().splitlines()[1].startswith(f"{bad},3,2,")


def test_objects_together_are_one_table(run: Run, tmp_path: Path) -> None:
    found = values()
    whole = columns(run, json_of(tmp_path / "whole.jsonl", found), *ASKED)
    parts = [json_of(tmp_path / f"{i}.jsonl", found, i * 1500, i * 1500 + 1500) for i in range(3)]
    # Keys may come in another order.
    json_of(parts[1], dict(sorted(found.items())), 1500, 3000)
    code, out, err = run("stats", "--together", *parts, "--json", *ASKED)
    assert (code, err, json.loads(out)["rows"]) == (0, "", 4001)
    assert json.loads(out)["columns"] == whole
    parts[2].write_text('{"float": 1, "new": 2}\n')
    code, _, err = run("stats", "--together", *parts)
    why = "line 1: the key 'new' is in no object of the first file"
    assert (code, err) == (1, f"error: {parts[2]}: {why}\n")


def test_arrays_together_are_one_table(run: Run, tmp_path: Path) -> None:
    whole = np.random.default_rng(1).normal(size=(3000, 2))
    for index in range(3):
        np.save(tmp_path / f"{index}.npy", whole[index * 1000 : index * 1000 + 1000])
        np.savez(tmp_path / f"{index}.npz", a=whole[index * 1000 : index * 1000 + 1000])
    np.save(tmp_path / "whole.npy", whole)
    expected = columns(run, tmp_path / "whole.npy", *ASKED)
    for suffix in ("npy", "npz"):
        files = [tmp_path / f"{index}.{suffix}" for index in range(3)]
        code, out, err = run("stats", "--together", *files, "--json", *ASKED)
        assert (code, err, json.loads(out)["rows"]) == (0, "", 3000)
        found = json.loads(out)["columns"]
        assert [{**column, "name": ""} for column in found] == [{**c, "name": ""} for c in expected]
    np.save(tmp_path / "3.npy", np.zeros((2, 3)))
    code, _, err = run("stats", "--together", tmp_path / "0.npy", tmp_path / "3.npy")
    assert (code, "it has 'column 3'" in err) == (1, True)


def test_a_folder_stands_for_its_tables(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    folder = tmp_path / "data" / "year=1"
    folder.mkdir(parents=True)
    for index in range(4):
        pq.write_table(pa.table({"x": [index, index + 1], "y": ["a", None]}), folder / f"{index}.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.parquet").write_text("")
    (folder / "notes.md").write_text("")
    code, out, err = run("stats", "--together", tmp_path / "data", "--json")
    assert (code, err) == (0, "")
    x, y = json.loads(out)["columns"]
    assert (x["count"], x["mean"], x["quantiles"]["0.5"], y["missing"]) == (8, 2, 2, 4)
    code, out, _ = run("stats", tmp_path / "data")
    assert (code, out.count("column")) == (0, 4)
    pq.write_table(pa.table({"x": ["a"], "y": ["a"]}), folder / "5.parquet")
    code, _, err = run("stats", "--together", tmp_path / "data")
    assert (code, err) == (
        1,
        f"error: {folder / '5.parquet'}: column 'x' is string, in the first file it is int64\n",
    )
    (tmp_path / "empty").mkdir()
    assert run("stats", tmp_path / "empty")[0] == 1


def test_jobs_do_not_change_the_result(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", values())
    usual = run("stats", path, "--all")
    for count in ("1", "2", "7"):
        assert run("stats", path, "--all", "-j", count) == usual
    with pytest.raises(SystemExit):
        run("stats", path, "-j", "0")


# ------------------------------------------------------------------------------------- groups


def grouped() -> tuple[dict[str, list[Any]], dict[tuple[str, str], dict[str, list[Any]]]]:
    """Return columns, and of each group the numbers of each column."""
    draw = random.Random(2)
    found: dict[str, list[Any]] = {name: [] for name in ("year", "x", "city", "id", "note")}
    parts: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for _ in range(2000):
        key = draw.randrange(8, 12), draw.choice(["Ulm", 'a "b"', "x, y", ""])
        row = [key[0], draw.choice(["", draw.gauss(0, 1)]), key[1], draw.randrange(10**6), "text"]
        for name, value in zip(found, row):
            found[name].append(value)
        part = parts.setdefault((str(key[0]), key[1]), {"x": [], "id": []})
        part["x"].append(row[1])
        part["id"].append(row[3])
    return found, parts


def csv_of(path: Path, found: dict[str, list[Any]]) -> Path:
    """Write columns with quotes where it takes them."""
    import csv

    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([list(found), *zip(*found.values())])
    return path


def check_groups(out: str, parts: dict[tuple[str, str], dict[str, list[Any]]]) -> None:
    """Compare groups with those of the rows."""
    groups = json.loads(out)["groups"]
    keys = [(group["group"]["year"], group["group"]["city"]) for group in groups]
    assert keys == sorted(parts, key=lambda key: (int(key[0]), key[1]))
    for key, group in zip(keys, groups):
        for column in group["columns"]:
            values = parts[key][column["name"]]
            numbers = [value for value in values if value != ""]
            assert (column["count"], column["missing"]) == (len(numbers), len(values) - len(numbers))
            assert (column["min"], column["max"]) == (min(numbers), max(numbers))
            assert column["mean"] == pytest.approx(np.mean(numbers), rel=1e-14)
            assert column["std"] == pytest.approx(np.std(numbers, ddof=1), rel=1e-13)
            if column["name"] == "id":
                assert column["sum"] == sum(numbers)
            assert column["quantiles"] == {str(q): exact(numbers, q) for q in (0.25, 0.5, 0.75)}


def test_groups_have_the_statistics_of_their_rows(run: Run, tmp_path: Path) -> None:
    found, parts = grouped()
    path = csv_of(tmp_path / "t.csv", found)
    code, out, err = run("stats", path, "-g", "year,city", "--json")
    assert (code, err) == (0, "")
    check_groups(out, parts)
    # Where the columns are in the file does not matter, nor how many files there are.
    half = {name: values[1000:] for name, values in sorted(found.items())}
    other = csv_of(tmp_path / "b.csv", half)
    csv_of(path, {name: values[:1000] for name, values in found.items()})
    code, out, err = run("stats", "--together", path, other, "-g", "year", "-g", "city", "--json")
    assert (code, err) == (0, "")
    check_groups(out, parts)
    _, out, _ = run("stats", path, "-g", "city", "--select", "id,x", "--csv")
    lines = out.splitlines()
    assert lines[0] == "city,column,count,missing,mean,std,min,25%,median,75%,max"
    assert [line.split(",")[1] for line in lines[1:3]] == ["id", "x"]


def test_groups_of_parquet(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    found, parts = grouped()
    arrays = {name: pa.array([None if v == "" else v for v in values]) for name, values in found.items()}
    arrays["city"] = arrays["city"].dictionary_encode()
    table_ = pa.table(arrays)
    for index in range(2):
        pq.write_table(table_.slice(index * 1000, 1000), tmp_path / f"{index}.parquet", row_group_size=300)
    code, out, err = run("stats", "--together", tmp_path, "-g", "year,city", "--json")
    assert (code, err) == (0, "")
    check_groups(out, parts)
    np.save(tmp_path / "t.npy", np.zeros((2, 2)))
    why = "--group takes text, JSON, Parquet and Arrow, the file is npy"
    assert failure(run, tmp_path / "t.npy", "-g", "1") == why


def test_groups_of_arrow(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Arrow")
    found, parts = grouped()
    table_ = pa.table({name: pa.array([None if v == "" else v for v in of]) for name, of in found.items()})
    for index, new in enumerate((pa.ipc.new_file, pa.ipc.new_stream)):
        with new(tmp_path / f"{index}.arrow", table_.schema) as writer:
            writer.write_table(table_.slice(index * 1000, 1000), max_chunksize=300)
    code, out, err = run("stats", "--together", tmp_path, "-g", "year,city", "--json")
    assert (code, err) == (0, "")
    check_groups(out, parts)


def test_groups_of_objects(run: Run, tmp_path: Path) -> None:
    found, parts = grouped()
    json_of(tmp_path / "a.jsonl", found, 0, 1000)
    json_of(tmp_path / "b.jsonl", dict(sorted(found.items())), 1000)
    code, out, err = run("stats", "--together", tmp_path, "-g", "year,city", "--json")
    assert (code, err) == (0, "")
    check_groups(out, parts)
    lines = run("stats", tmp_path / "a.jsonl", "-g", "city", "--select", "id,x", "--csv")[1].splitlines()
    assert lines[0] == "city,column,count,missing,mean,std,min,25%,median,75%,max"
    assert [line.split(",")[1] for line in lines[1:3]] == ["id", "x"]


def test_groups_have_no_pictures(run: Run, tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", grouped()[0])
    for option in ("--plot", "--report"):
        with pytest.raises(SystemExit) as stopped:
            run("stats", path, "-g", "year", option, tmp_path / "x.png")
        assert stopped.value.code == 2
    assert not (tmp_path / "x.png").exists()


def test_the_table_of_groups(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("k,v,w,t\n10,1,5,x\n9,2,6,x\n9,4,,7\n10,,,\n,3,1,\n")
    code, out, err = run("stats", path, "-g", "k")
    assert (code, err) == (0, f"note: {path}: column 't' is left out: not all of it are numbers\n")
    assert out.splitlines() == [
        "k   column  count  missing  mean      std  min  median  max",
        "    v           1        0     3      nan    3       3    3",
        "    w           1        0     1      nan    1       1    1",
        "9   v           2        0     3  1.41421    2       3    4",
        "9   w           1        1     6      nan    6       6    6",
        "10  v           1        1     1      nan    1       1    1",
        "10  w           1        1     5      nan    5       5    5",
    ]
    _, out, _ = run("stats", path, "-g", "k", "--markdown", "--select", "v")
    assert out.splitlines()[:3] == [
        "| k | column | count | missing | mean | std | min | 25% | median | 75% | max |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        "|  | v | 1 | 0 | 3 | nan | 3 | 3 | 3 | 3 | 3 |",
    ]
    assert failure(run, path, "-g", "kk").startswith("no column 'kk'")
    for options in (("--top-values", "3"), ("--distinct",)):
        with pytest.raises(SystemExit) as stopped:
            run("stats", path, "-g", "k", *options)
        assert stopped.value.code == 2


def test_bounds_of_groups_are_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    rows = 5000
    path.write_text("k,x\n" + "".join(f"{row % 7},{row}\n" for row in range(rows)))
    monkeypatch.setattr(table, "KEYS", rows - 1)
    code, out, err = run("stats", path, "-g", "k", "--json")
    assert code == 0
    assert json.loads(out)["groups"][0]["columns"][0]["quantiles"] is None
    assert "quantiles of groups are left out: there are more than 4,999 numbers" in err
    path.write_text(f"k,x\na,{2**60 + 1}\na,{2**60 + 3}\n")
    monkeypatch.setattr(table, "KEYS", rows)
    code, out, err = run("stats", path, "-g", "k", "--json")
    (column,) = json.loads(out)["groups"][0]["columns"]
    assert (column["min"], column["sum"], column["quantiles"]) == (2**60 + 1, 2**61 + 4, None)
    assert "quantiles of column 'x' are left out: there are integers beyond 2**53" in err
    wide = 1 << 13
    lines = (f"{row}{',' * wide}" for row in range(33))
    path.write_text("k" + ",x" * wide + "\n" + "\n".join(lines) + "\n")
    why = failure(run, path, "-g", "k")
    assert why == f"more than 32 groups, which is the most for {wide} columns (--select takes fewer)"


# --------------------------------------------------------------------------------- a terminal


def test_what_is_shown_is_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(width: int, missing: int = 0, name: str = "x") -> list[str]:
        monkeypatch.setattr(report, "room", lambda: width)
        quantiles = {0.25: 1.25, 0.5: 2.5, 0.75: 3.75}
        one = Column(name, "float", 10, missing)
        one.mean, one.std, one.min, one.max, one.quantiles = 2.0, 1.0, 0.0, 4.0, quantiles
        options = type("Options", (), {"quantiles": None, "all": False, "distinct": False, "weight": None})()
        found = list(listing.lines(Table([one], 10), listing.choice(options)))
        assert max(map(len, found)) <= max(width, 50)
        return found[0].split()

    everything = "column type count missing mean std min 25% median 75% max".split()
    assert shown(120) == everything
    median = [key for key in everything if "%" not in key]
    assert shown(62) == median
    assert shown(55) == [key for key in median if key != "missing"]
    assert shown(55, missing=1) == [key for key in median if key != "std"]
    assert "median" in shown(80, name="a very long name indeed that goes on and on and on and on")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_table_that_does_not_fit_is_several(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    from rust_numpy_example.data import PLANETS

    monkeypatch.setattr(report, "room", lambda: width)
    options = type("Options", (), {"quantiles": None, "all": True, "distinct": False, "weight": None})()
    table = stats.read([str(PLANETS)], Ask(levels=listing.QUARTILES, distinct=True))
    found = list(listing.lines(table, listing.choice(options)))
    assert max(map(len, found)) <= width
    heads = [line.split() for line in found if line.startswith("column")]
    assert len(heads) == found.count("") + 1 > 1
    shown = [title for head in heads for title in head[1:]]
    assert shown == [listing.title(key) for key in listing.choice(options)[0]]
    assert len(found) == len(heads) * (len(table.columns) + 2) - 1


def test_groups_that_do_not_fit_are_several_tables(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("g,x\na,1\nb,2\n")
    whole = run("stats", path, "-g", "g")[1].splitlines()
    monkeypatch.setattr(report, "room", lambda: 40)
    code, out, _ = run("stats", path, "-g", "g", "--color", "always")
    lines = out.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert code == 0
    assert "\x1b[1mmean" in out
    assert max(map(len, lines)) <= 40
    first, second = "\n".join(lines).split("\n\n")
    pairs = zip(first.splitlines(), second.splitlines())
    assert [a.split() + b.split()[2:] for a, b in pairs] == [line.split() for line in whole]
