"""The option ``--weight`` of the command ``stats``."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Run, columns, failure, run
from test_cli_stats import json_of, write

from rust_numpy_example import compute_stats, quantiles
from rust_numpy_example._cli import table

__all__ = ["run"]

LEVELS = (0.0, 0.01, 0.25, 0.5, 0.9, 1.0)
ASKED = ("--quantiles", ",".join(map(str, LEVELS)), "--weight", "w")


def values() -> dict[str, list[Any]]:
    """Return columns and weights, of which some are 0."""
    draw = random.Random(7)
    count = 4001
    return {
        "float": [draw.lognormvariate(0, 3) for _ in range(count)],
        "small": [draw.randrange(-1000, 1000) for _ in range(count)],
        "w": [draw.choice([0, 1, 2, 7]) for _ in range(count)],
        "ties": [draw.choice([1.5, 2.5, 5.0]) for _ in range(count)],
        "gaps": [draw.random() if draw.random() < 0.1 else "" for _ in range(count)],
        "none": [""] * count,
        "word": ["x"] * count,
    }


def check(found: list[dict[str, Any]], of: dict[str, list[Any]]) -> None:
    """Compare with what the functions of the library say."""
    weights = np.array(of["w"], float)
    # Keys of JSON come in the order of their first appearance.
    assert {column["name"] for column in found} == {name for name in of if name != "w"}
    for column in found:
        here = of[column["name"]]
        kept = np.array([value not in ("", "x") for value in here])
        # An element of weight 0 is left out, a missing one too.
        assert column["missing"] == sum(value == "" and w > 0 for value, w in zip(here, weights))
        if not kept.any():
            assert column["mean"] is column["quantiles"] is None
            assert column["count"] == (np.count_nonzero(weights) if column["name"] == "word" else 0)
            continue
        numbers = np.array([value for value, keep in zip(here, kept) if keep], float)
        stats = compute_stats(numbers, weights=weights[kept])
        assert (column["count"], column["weight"]) == (stats.count, stats.weight)
        assert (column["min"], column["max"]) == (stats.min, stats.max)
        for key in ("mean", "std", "var", "sum"):
            assert column[key] == pytest.approx(getattr(stats, key), rel=1e-14), key
        expected = quantiles(numbers, LEVELS, method="inverted_cdf", weights=weights[kept])
        assert list(column["quantiles"].values()) == list(expected), column["name"]


def arrow_of(path: Path, found: dict[str, list[Any]], start: int = 0, stop: int | None = None) -> Path:
    """Write some rows as a file or a stream of Arrow, or as Parquet, as the name says; a missing value is null."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes Arrow and Parquet")
    kept = {name: [None if v == "" else v for v in values[start:stop]] for name, values in found.items()}
    return arrow_of_arrays(path, pa.table({name: pa.array(values) for name, values in kept.items()}))


def arrow_of_arrays(path: Path, written: Any) -> Path:
    """Write a table."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes Arrow and Parquet")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow writes Parquet")
    if path.suffix == ".parquet":
        pq.write_table(written, path, row_group_size=1500)
        return path
    open_ = pa.ipc.new_file if path.suffix == ".arrow" else pa.ipc.new_stream
    with open_(path, written.schema) as stream:
        stream.write_table(written, max_chunksize=700)
    return path


def parquet_of(path: Path, *rest: Any) -> Path:
    """Write some rows as Parquet."""
    return arrow_of(path.with_suffix(".parquet"), *rest)


@pytest.mark.parametrize("keys", [table.KEYS, 7 * 3000, 7 * 64])
@pytest.mark.parametrize("form", [write, json_of, arrow_of, parquet_of])
def test_weights_are_those_of_the_library_whatever_the_memory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int, form: Any
) -> None:
    monkeypatch.setattr(table, "KEYS", keys)
    found = values()
    if form is json_of:
        # JSON of nothing but null has no key.
        del found["none"]
    check(columns(run, form(tmp_path / "t", found), *ASKED), found)


def test_files_together_have_weights_and_threads_do_not_matter(run: Run, tmp_path: Path) -> None:
    found = values()
    whole = columns(run, write(tmp_path / "t.csv", found), *ASKED, "--distinct")
    turned = dict(reversed(found.items()))
    parts = [write(tmp_path / "a.csv", found, 0, 1000), write(tmp_path / "b.csv", turned, 1000)]
    for jobs in ("1", "3"):
        code, out, err = run("stats", *parts, "--together", *ASKED, "--distinct", "--json", "-j", jobs)
        assert (code, err) == (0, "")
        assert json.loads(out)["columns"] == whole


def test_a_weight_of_one_changes_nothing_and_selection_leaves_the_weight_out(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,w,b,c\n1,1,true,2026-01-02\n4,1,false,2026-01-01\n6,1,true,\n")
    plain = {column["name"]: column for column in columns(run, path)}
    for options in ([], ["--select", "c,w,b,a"]):
        found = columns(run, path, "--weight", "w", *options)
        assert {column["name"] for column in found} == {"a", "b", "c"}
        if options:
            assert [column["name"] for column in found] == ["c", "b", "a"]
        for column in found:
            assert column.pop("weight", 3.0) == 3.0
            same = {**plain[column["name"]], "sum": column["sum"], "quantiles": column["quantiles"]}
            assert column == {key: pytest.approx(v) if isinstance(v, float) else v for key, v in same.items()}
    (a, *_) = columns(run, path, "--weight", "2", "--quantiles", "0.5")
    assert a["quantiles"] == {"0.5": 4}
    path.write_text("flag,w\ntrue,3\nfalse,1\n")
    (flag,) = columns(run, path, "--weight", "w")
    assert (flag["mean"], flag["sum"], flag["var"]) == (0.75, 3.0, 0.25)
    _, out, _ = run("stats", path, "--weight", "w")
    assert out.splitlines()[0].split()[-1] == "weight"
    assert out.splitlines()[1].split()[-1] == "4"


def test_what_is_no_weight_is_an_error_or_left_out(run: Run, tmp_path: Path) -> None:
    path, rejects = tmp_path / "t.csv", tmp_path / "bad.csv"
    for bad in ("-1", "x", "", "inf", "NA"):
        path.write_text(f"x,w\n1,2\n3,{bad}\n5,1\n")
        why = failure(run, path, "--weight", "w")
        assert why.startswith("line 3, column 2: the weight is not a number from 0 on"), why
        assert "--on-error skip" in why
        code, out, err = run(
            "stats", path, "--weight", "w", "--on-error", "skip", "--rejects", rejects, "--json"
        )
        (x,) = json.loads(out)["columns"]
        assert (code, x["count"], x["weight"]) == (0, 2, 3.0)
        assert x["mean"] == pytest.approx(7 / 3)
        assert "1 row was left out: not as many fields as the first, or a weight" in err
        assert rejects.read_text().splitlines()[1].endswith(",3,2,the weight is not a number from 0 on")
    path.write_text("x,w\n1,2\n3\n")
    assert "the row has 1 field, expected 2" in failure(run, path, "--weight", "w")
    assert failure(run, path, "--weight", "v").startswith("no column 'v', there are 'x', 'w'")
    assert failure(run, path, "--weight", "1-2") == "--weight takes one column, got 2"


def test_what_weights_do_not_go_with_is_said(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,w\n1,2\n")
    for other in (["-g", "x"], ["--top-values", "2"], ["--plot", "x.png"], ["--report", "x.html"]):
        with pytest.raises(SystemExit) as stopped:
            run("stats", path, "--weight", "w", *other)
        assert stopped.value.code == 2
        assert capsys.readouterr().err.startswith("error: --weight goes without --group, --top-values")
    np.save(tmp_path / "a.npy", np.arange(3.0))
    why = failure(run, tmp_path / "a.npy", "--weight", "1")
    assert why == "--weight takes text, JSON, Parquet and Arrow, the file is npy"


def test_a_selection_of_nothing_but_weights_or_texts_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("g,t,w\na,b,1\nc,d,2\n")
    why = "no column is left by --select besides that of --weight"
    assert failure(run, path, "--weight", "w", "--select", "w") == why
    other = arrow_of(tmp_path / "t.arrow", {"w": [1, 2]})
    assert failure(run, other, "--weight", "w", "--select", "w") == why
    none = "there are no columns of numbers besides those that make the groups"
    for options in (("-g", "g", "--select", "t"), ("-g", "w", "--select", "g,w")):
        code, _, err = run("stats", path, *options)
        assert (code, err) == (0, f"note: {path}: {none}\n")
    assert run("stats", path, "-g", "g")[2] == ""
    path.write_text("g,t\n")
    assert run("stats", path, "-g", "g")[2] == ""


def test_objects_without_a_weight_are_left_out_and_listed(run: Run, tmp_path: Path) -> None:
    path, bad = tmp_path / "t.jsonl", tmp_path / "bad.csv"
    path.write_text('{"w": 1, "x": 2}\n\n{"w": "1", "x": 9}\nnull\n{"x": 9}\n{"w": 3, "x": 6}\n')
    code, out, err = run("stats", path, "--weight", "w", "--on-error", "skip", "--rejects", bad, "--json")
    (column,) = json.loads(out)["columns"]
    assert (code, column["count"], column["mean"], column["weight"]) == (0, 2, 5, 4)
    assert err == (
        f"note: {path}: 2 rows were left out: a weight that is not a number from 0 on\n"
        f"note: {path}: 1 object was left out: what is there is no object of JSON\n"
    )
    listed = sorted(tuple(line.split(",")[1:3]) for line in bad.read_text().splitlines()[1:])
    assert listed == [("3", "1"), ("4", "1"), ("5", "1")]
    path.write_text('[{"w": 1},\n\n{"w": "1"}]')
    assert failure(run, path, "--weight", "w") == (
        "item 2, column 1: the weight is not a number from 0 on (--on-error skip leaves such rows out)"
    )


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.arrows"])
def test_weights_of_arrow_keep_types_and_digits(run: Run, tmp_path: Path, name: str) -> None:
    from datetime import date, datetime

    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet and Arrow")
    day = [date(2026, 1, 1), None, date(2026, 1, 3), date(1990, 1, 1)]
    found = {
        "single": pa.array([0.1, 0.3, None, 9], pa.float32()),
        "half": pa.array(np.array([0.1, np.nan, 2, 9], np.float16)),
        "w": pa.array([2, 1, 3, 0], pa.uint8()),
        "flag": [True, False, None, True],
        "word": ["2026-01-01", "7", None, "longer"],
        "day": day,
        "at": [datetime(2026, 1, 1, 12, 30), None, None, datetime(1990, 1, 1)],
        "list": [[1], None, [2, 3], []],
        "price": pa.array([1, 2, None, 9], pa.decimal128(9, 2)),
        "code": pa.array([10, 20, 10, 30]).dictionary_encode(),
    }
    path = arrow_of_arrays(tmp_path / name, pa.table(found))
    got = {c["name"]: c for c in columns(run, path, "--weight", "w", "--distinct", "--quantiles", "0.5")}
    assert list(got) == [name for name in found if name != "w"]
    tenth, third = float(np.float32(0.1)), float(np.float32(0.3))
    single = got["single"]
    assert (single["min"], single["max"], single["count"], single["missing"]) == (tenth, third, 2, 1)
    assert single["mean"] == pytest.approx((2 * tenth + third) / 3, rel=1e-15)
    assert (got["half"]["min"], got["half"]["missing"]) == (float(np.float16(0.1)), 1)
    assert (got["flag"]["type"], got["flag"]["mean"], got["flag"]["missing"]) == (
        "boolean",
        pytest.approx(2 / 3),
        1,
    )
    word = got["word"]
    assert (word["type"], word["count"], word["longest"], word["distinct"]) == ("text", 2, 10, 2)
    assert (got["day"]["type"], got["day"]["min"], got["day"]["max"]) == ("date", "2026-01-01", "2026-01-03")
    assert (got["at"]["type"], got["at"]["min"], got["at"]["missing"]) == (
        "timestamp",
        "2026-01-01T12:30:00",
        2,
    )
    assert (got["list"]["type"], got["list"]["count"], got["list"]["missing"]) == ("list", 2, 1)
    assert (got["price"]["mean"], got["price"]["max"]) == (pytest.approx(4 / 3), 2)
    assert (got["code"]["type"], got["code"]["quantiles"]) == ("integer", {"0.5": 10})


@pytest.mark.parametrize("name", ["t.parquet", "t.arrows"])
def test_what_is_no_weight_in_arrow_is_an_error_or_left_out(run: Run, tmp_path: Path, name: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet and Arrow")
    path, rejects = tmp_path / name, tmp_path / "bad.csv"
    for bad in (-1.0, None, float("inf"), float("nan")):
        arrow_of(path, {"x": [1, 3, 5], "w": [2.0, bad, 1.0], "t": ["a", "b", "c"]})
        why = failure(run, path, "--weight", "w")
        assert why == "row 2: the weight is not a number from 0 on (--on-error skip leaves such rows out)"
        code, out, err = run(
            "stats", path, "--weight", "w", "--on-error", "skip", "--rejects", rejects, "--json"
        )
        x, t = json.loads(out)["columns"]
        assert (code, json.loads(out)["rows"], x["count"], x["weight"], t["count"]) == (0, 2, 2, 3.0, 2)
        assert err == f"note: {path}: 1 row was left out: the weight is not a number from 0 on\n"
        assert (
            rejects.read_text().splitlines()[1].endswith(f"{name},2,2,the weight is not a number from 0 on")
        )
    assert "takes a column of numbers, 't' is string" in failure(run, path, "--weight", "t")
    arrow_of(path, {"x": [], "w": []})
    assert "--weight takes a column of numbers, 'w' is null" in failure(run, path, "--weight", "w")
    arrow_of_arrays(path, pa.table({"x": pa.array([], pa.float64()), "w": pa.array([], pa.int64())}))
    assert [c["count"] for c in columns(run, path, "--weight", "w")] == [0]


def test_groups_of_arrow_have_the_digits_of_small_floats(run: Run, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    path = arrow_of_arrays(
        tmp_path / "t.parquet", pa.table({"g": ["a", "a"], "x": pa.array([0.1, 0.1], pa.float32())})
    )
    _, out, _ = run("stats", path, "-g", "g", "--json")
    (group,) = json.loads(out)["groups"]
    assert group["columns"][0]["max"] == float(np.float32(0.1))


def test_quantiles_that_are_left_out_are_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "KEYS", 200)
    path = tmp_path / "t.csv"
    path.write_text("x,w\n" + "1.5,2\n" * 101)
    # It has no file of the system behind it, so it cannot be read again.
    monkeypatch.setattr("sys.stdin", io.BytesIO(path.read_bytes()))
    code, out, err = run("stats", "-", "--weight", "w", "--json")
    (x,) = json.loads(out)["columns"]
    assert (code, x["mean"], x["weight"], x["quantiles"]) == (0, 1.5, 202.0, None)
    assert "weighted quantiles of column 'x' are left out: the data came only once" in err
    path.write_text(f"x,w\n{2**60 + 1},2\n{2**60 + 3},1\n")
    code, out, err = run("stats", path, "--weight", "w", "--json")
    (x,) = json.loads(out)["columns"]
    assert (x["min"], x["max"], x["quantiles"]) == (2**60 + 1, 2**60 + 3, None)
    assert "integers beyond 2**53" in err
