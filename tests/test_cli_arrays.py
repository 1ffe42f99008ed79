"""The command line on arrays of NumPy: every order and dtype, archives, and headers that lie."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import BIG, VALUES, Run, Stats, columns, failure, names, npy, record_array, shell, written

from rust_numpy_example._cli import arrays


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.csv")


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
    none = np.dtype([("a", np.dtype(("<i2", (90_000_000,))), (0,))])
    tracemalloc.start()
    assert arrays._count(none) == len(list(arrays._parts(none, "", ()))) == 0
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_arrays_of_arrays_in_an_element_are_named_as_numpy_has_them() -> None:
    dtype = np.dtype([("a", np.dtype(("<i2", (3,))), (2,)), ("b", np.dtype(("<i2", (2,))), (2,))])
    block = np.frombuffer(np.arange(10, dtype="<i2").tobytes(), dtype)
    taken = {part.name: part.take(block).tolist() for part in arrays._parts(dtype, "", ())}
    expected = {f"a[{i},{j}]": [3 * i + j] for i in range(2) for j in range(3)}
    assert taken == expected | {f"b[{i},{j}]": [6 + 2 * i + j] for i in range(2) for j in range(2)}


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
        (
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775808, 0)}"),
            "than any array",
        ),
        (npy("{'descr': '|u1', 'fortran_order': True, 'shape': (4294967296, 4294967296, 0)}"), "any array"),
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


# --------------------------------------------------------------------------- arrays and archives


def test_what_comes_after_an_array_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    with path.open("wb") as file:
        np.save(file, np.arange(3))
        assert run("stats", path)[2] == ""
        np.save(file, np.arange(5))
    code, out, err = run("stats", path, "--json")
    assert (code, json.loads(out)["rows"]) == (0, 3)
    assert (
        err
        == f"note: {path}: what comes after the array is left out: another one? (numpy.savez writes several)\n"
    )


def test_options_for_text_are_said_to_have_no_effect_on_arrays(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([1, -999]))
    files = [tmp_path / "t.npy"]
    with contextlib.suppress(ImportError):
        import pyarrow as pa
        import pyarrow.parquet as pq

        files.append(tmp_path / "t.parquet")
        pq.write_table(pa.table({"x": [1, -999]}), files[1])
    for path in files:
        code, _, err = run("stats", path, "--na", "-999", "--decimal", ",", "--on-error", "skip")
        kind = {".npy": "npy", ".parquet": "Parquet"}[path.suffix]
        assert (code, err) == (0, f"note: {path}: --na, --decimal had no effect: the file is {kind}\n")
        assert run("stats", path)[2] == ""


def test_one_unreadable_array_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mixed.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=[1, 2, 3], names=np.array(["a", None], object))
    code, out, err = run("stats", path, "--json")
    assert (code, names(json.loads(out)["columns"])) == (1, ["X[0]", "X[1]", "y"])
    assert err.startswith(f"error: {path}: names.npy: the array holds Python objects")
    assert err.count("\n") == 1
    code, out, err = run("stats", path, "--json", "--select", "X")
    assert (code, names(json.loads(out)["columns"]), err) == (0, ["X[0]", "X[1]"], "")


def test_frequent_booleans_are_called_the_same_everywhere(run: Run, stats: Stats, tmp_path: Path) -> None:
    expected = [{"value": True, "count": 2}, {"value": False, "count": 1}]
    (column,), _ = stats("b\nTRUE\nfalse\ntrue\n", "--top-values", "3")
    assert column["top"] == expected
    path = tmp_path / "t.npy"
    np.save(path, np.array([True, False, True]))
    assert json.loads(run("stats", path, "--top-values", 3, "--json")[1])["columns"][0]["top"] == expected
    assert run("stats", path, "--top-values", 3)[1].endswith("\n  2  true\n  1  false\n")


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
