"""The command ``stats`` on columns of Parquet and Arrow, of every type that writers have."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import io
import json
import math
import statistics
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Run
from hypothesis import given, settings
from hypothesis import strategies as st

from rust_numpy_example._cli import table, wide

pa = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet and Arrow")
pq = pytest.importorskip("pyarrow.parquet")
ipc = pytest.importorskip("pyarrow.ipc")

#: How tables are written: Parquet, an Arrow file, an Arrow stream.
FORMS = ["t.parquet", "t.arrow", "t.arrows"]


def write(table: Any, path: Path) -> None:
    """Write a table in the form that the name says."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return
    with (ipc.new_file if path.suffix == ".arrow" else ipc.new_stream)(path, table.schema) as writer:
        writer.write_table(table)


def columns(run: Run, path: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Return the columns of a file that is read without a word."""
    code, out, err = run("stats", path, "--json", *options)
    assert (code, err) == (0, "")
    return {column["name"]: column for column in json.loads(out)["columns"]}


# ------------------------------------------------------------------ integers of 128 bits


def with_uint128(path: Path, numbers: list[int | None]) -> None:
    """Write a column of unsigned integers of 128 bits, as their bytes, and then change what they are said to be."""
    raw = [None if number is None else number.to_bytes(16, "little") for number in numbers]
    table = pa.table(
        {"x": list(range(len(raw))), "w": pa.array(raw, pa.binary(16)), "of 16": [b"a"] * len(raw)}
    )
    write(table, path)
    data = bytearray(path.read_bytes())

    def turn(message: memoryview, at: int) -> None:
        schema = wide._table(message, wide._offset(message, 0), at)
        field = list(wide._tables(message, schema, wide.FIELDS))[1]
        kind, of_type = wide._field(message, field, wide.TYPE_KIND), wide._table(message, field, wide.TYPE)
        width = wide._field(message, of_type, wide.WIDTH)
        assert kind is not None and width is not None
        message[kind] = wide.INT
        message[width : width + 4] = (128).to_bytes(4, "little")

    if path.suffix == ".parquet":
        import base64

        at = data.find(wide.KEY) + len(wide.KEY)
        # The length of the text takes two bytes.
        length = (data[at] & 127) | data[at + 1] << 7
        message = bytearray(base64.b64decode(data[at + 2 : at + 2 + length]))
        turn(memoryview(message)[8:], wide.IN_MESSAGE)
        data[at + 2 : at + 2 + length] = base64.b64encode(message)
    else:
        is_file = path.suffix == ".arrow"
        turn(memoryview(data)[16 if is_file else 8 :], wide.IN_MESSAGE)
        if is_file:
            end = len(data) - 10
            turn(memoryview(data)[end - int.from_bytes(data[end : end + 4], "little") : end], wide.IN_FOOTER)
    path.write_bytes(data)


@pytest.mark.parametrize("form", FORMS)
def test_integers_of_128_bits_are_exact_beside_other_columns(run: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / form
    with_uint128(path, [2**128 - 1, None, 2**128 - 3, 5])
    with pytest.raises((NotImplementedError, pa.ArrowException)):
        pq.read_table(path) if form == "t.parquet" else ipc.open_stream(
            path.read_bytes()[8 * (form == "t.arrow") :]
        )
    found = columns(run, path)
    column = found["w"]
    assert (column["type"], column["count"], column["missing"]) == ("integer", 3, 1)
    assert (column["min"], column["max"], column["sum"]) == (5, 2**128 - 1, 2**129 + 1)
    assert column["mean"] == (2**129 + 1) / 3
    assert column["quantiles"]["0.5"] == 2**128 - 3
    assert found["x"]["max"] == 3 and found["of 16"]["type"] == "binary"
    assert columns(run, path, "--select", "w")["w"]["max"] == 2**128 - 1
    code, out, _ = run("stats", path, "--json", "--group", "of 16", "--select", "w")
    (group,) = json.loads(out)["groups"]
    assert code == 0 and group["columns"][0]["max"] == 2**128 - 1
    if form != "t.parquet":
        packed = tmp_path / f"{form}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert columns(run, packed)["w"] == column


def test_what_polars_writes(run: Run, tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "i": pl.Series([10**37 + 1, None, -(10**37)], dtype=pl.Int128),
            "c": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "e": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
            "v": ["text", None, "longer than a view holds itself"],
            "d": pl.Series([Decimal("1.25"), None, Decimal("-2.5")], dtype=pl.Decimal(30, 4)),
            "l": pl.Series([[1], None, [2, 3]], dtype=pl.List(pl.Int128)),
            "t": [datetime.timedelta(days=1, seconds=1), None, datetime.timedelta(0)],
        }
    )
    expected = None
    for form in FORMS:
        path = tmp_path / form
        {"parquet": frame.write_parquet, "arrow": frame.write_ipc, "arrows": frame.write_ipc_stream}[
            path.suffix[1:]
        ](path)
        found = columns(run, path)
        assert all((column["count"], column["missing"]) == (2, 1) for column in found.values())
        assert (found["i"]["min"], found["i"]["max"], found["i"]["mean"]) == (-(10**37), 10**37 + 1, 0.5)
        assert (found["c"]["type"], found["e"]["type"], found["v"]["longest"]) == ("text", "text", 31)
        assert (found["d"]["min"], found["d"]["max"], found["d"]["mean"]) == (-2.5, 1.25, -0.625)
        assert (found["t"]["min"], found["t"]["max"]) == ("PT0S", "P1DT1S")
        numbers = {name: found[name] for name in ("i", "d", "t")}
        expected = expected or numbers
        assert numbers == expected
    # Through a pipe, its file is read by the table of contents at its end as well.
    command = [sys.executable, "-m", "rust_numpy_example", "stats", "--json", "-"]
    with (tmp_path / "t.arrow").open("rb") as file:
        piped = subprocess.run(command, input=file.read(), capture_output=True, check=True).stdout
    assert [c["max"] for c in json.loads(piped)["columns"] if c["name"] == "i"] == [10**37 + 1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_metadata_are_left_as_they_are_or_read(data: Any) -> None:
    sink = io.BytesIO()
    table = pa.table({"l": pa.array([[b"a" * 16]], pa.list_(pa.binary(16))), "x": [1]})
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    message = bytearray(sink.getvalue()[8:])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(message) - 1))
        message[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(message)))
    for part in (message, message[:cut]):
        assert set(wide.retype(part, wide.IN_MESSAGE)) <= {0, 1}


# ------------------------------------------------------------------ decimals


@pytest.mark.parametrize("precision", [18, 38, 76])
@pytest.mark.parametrize("scale", [0, 2, 17])
@pytest.mark.parametrize("form", FORMS[::2])
def test_decimals_are_exact(run: Run, tmp_path: Path, precision: int, scale: int, form: str) -> None:
    type_ = pa.decimal256(precision, scale) if precision > 38 else pa.decimal128(precision, scale)
    high = 10 ** (precision - 1)
    integers = [high + 1, high + 3, high + 8, None, high + 3]
    unit = Decimal(1).scaleb(-scale)
    with decimal_context():
        values = [None if i is None else i * unit for i in integers]
    path = tmp_path / form
    array = pa.array(values, type_)
    write(
        pa.table({"d": array, "e": array.dictionary_encode()})
        if form == "t.arrows"
        else pa.table({"d": array}),
        path,
    )
    known = [i for i in integers if i is not None]
    for column in columns(run, path, "--all", "--top-values", "1").values():
        with decimal_context():
            assert Decimal(str(column["min"])) == min(known) * unit
            assert Decimal(str(column["max"])) == max(known) * unit
            assert Decimal(str(column["quantiles"]["0.5"])) == (high + 3) * unit
            assert [Decimal(str(top["value"])) for top in column["top"]] == [(high + 3) * unit]
        assert (column["count"], column["missing"], column["distinct"]) == (4, 1, 3)
        assert column["std"] == pytest.approx(statistics.stdev([1, 3, 8, 3]) / 10**scale, rel=1e-14)
        if scale == 0:
            assert (column["type"], column["sum"]) == ("integer", sum(known))
        else:
            assert column["type"] == "float"
            assert column["sum"] == pytest.approx(float(sum(known) * unit), rel=1e-15)
        assert min(known) * float(unit) <= float(column["mean"]) * (1 + 1e-15)


@pytest.mark.parametrize("keys", [table.KEYS, 3 * 400])
def test_columns_that_take_more_passes_than_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    monkeypatch.setattr(table, "KEYS", keys)
    numbers = [int(i) for i in np.random.default_rng(3).permutation(3001)]
    with decimal_context():
        wide_ones = [Decimal(i * 10**20).scaleb(-2) for i in numbers]
    found = {
        "few": pa.array([i % 3 for i in numbers]),
        "wide": pa.array(wide_ones, pa.decimal128(38, 2)),
        "narrow": pa.array([Decimal(i).scaleb(-2) for i in numbers], pa.decimal128(9, 2)),
        "one": pa.array([Decimal(5)] + [None] * 3000, pa.decimal128(38, 2)),
    }
    for form in FORMS:
        path = tmp_path / form
        write(pa.table(found), path)
        got = columns(run, path, "--quantiles", "0.25,0.5")
        assert got["few"]["quantiles"] == {"0.25": 0, "0.5": 1}
        assert got["wide"]["quantiles"] == {"0.25": 750 * 10**18, "0.5": 1500 * 10**18}
        assert got["narrow"]["quantiles"] == {"0.25": 7.5, "0.5": 15}
        assert got["one"]["quantiles"] == {"0.25": 5, "0.5": 5}


@contextlib.contextmanager
def decimal_context() -> Any:
    """Give decimals the room for all digits."""
    from decimal import localcontext

    with localcontext() as context:
        context.prec = 100
        yield


def test_a_mean_of_decimals_is_between_their_extremes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    cents = [Decimal("123456789012345678.75") + Decimal(i) / 100 for i in range(3)]
    write(pa.table({"d": pa.array(cents, pa.decimal128(30, 2))}), path)
    code, out, _ = run("stats", path)
    assert code == 0
    cells = out.splitlines()[1].split()
    assert cells == [
        "d",
        "float",
        "3",
        "0",
        str(cents[1]),
        "0.01",
        str(cents[0]),
        str(cents[1]),
        str(cents[2]),
    ]
    # Without any value, and with a point to the left.
    nothing = pa.array([None, None], pa.decimal128(30, 2))
    write(pa.table({"d": nothing}), path)
    assert math.isnan(columns(run, path)["d"]["mean"] or math.nan)
    hundreds = pa.array([Decimal("12300"), Decimal("-45600"), None], pa.decimal128(10, -2))
    path = tmp_path / "t.arrow"
    write(pa.table({"d": hundreds}), path)
    found = columns(run, path)["d"]
    assert (found["type"], found["min"], found["max"], found["sum"]) == ("integer", -45600, 12300, -33300)


# ------------------------------------------------------------------ times


def test_times_of_every_unit_and_zone(run: Run, tmp_path: Path) -> None:
    zones = {
        "": "00:00:01",
        "UTC": "00:00:01+00:00",
        "Europe/Berlin": "01:00:01+01:00",
        "+05:30": "05:30:01+05:30",
    }
    found: dict[str, Any] = {}
    expected = {}
    for unit, per in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        for zone, clock in zones.items():
            name = f"{unit} {zone}"
            found[name] = pa.array([per, None, 2 * per], pa.timestamp(unit, zone or None))
            clock = clock[:8] + ".000000000" * (unit == "ns") + clock[8:]
            expected[name] = f"1970-01-01T{clock}"
    for form in FORMS:
        path = tmp_path / form
        write(pa.table(found), path)
        ends = {name: column["min"] for name, column in columns(run, path).items()}
        assert {name: end for name, end in ends.items() if name in expected} == expected


def test_days_far_away_and_durations(run: Run, tmp_path: Path) -> None:
    table = pa.table(
        {
            "day": pa.array([2**31 - 1, None, 0], pa.date32()),
            "s": pa.array([-90061, None, 0], pa.duration("s")),
            "ns": pa.array([1, None, 86_400 * 10**9], pa.duration("ns")),
            "ms": pa.array([3_600_000, None, 61_500], pa.duration("ms")),
        }
    )
    for form in FORMS:
        path = tmp_path / form
        write(table, path)
        found = columns(run, path)
        ends = {name: (column["min"], column["max"]) for name, column in found.items()}
        assert ends == {
            "day": ("1970-01-01", f"{2**31 - 1} days since 1970"),
            "s": ("-P1DT1H1M1S", "PT0S"),
            "ns": ("PT0.000000001S", "P1D"),
            "ms": ("PT1M1.5S", "PT1H"),
        }
        assert {column["type"] for column in found.values()} == {"date", "duration"}


# ------------------------------------------------------------------ other types


def test_numbers_of_every_width_with_nulls(run: Run, tmp_path: Path) -> None:
    names = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
    ends = {name: (int(np.iinfo(name).min), int(np.iinfo(name).max)) for name in names}
    found = {name: pa.array([high, None, low, high - 2], name) for name, (low, high) in ends.items()}
    found["halves"] = pa.array([np.float16(1.5), None, np.float16(65504), np.float16(-2)], pa.float16())
    found["flags"] = pa.array([True, None, False, True])
    found["nothing"] = pa.nulls(4)
    for form in FORMS:
        path = tmp_path / form
        write(pa.table(found), path)
        got = columns(run, path)
        for name, (low, high) in ends.items():
            assert (got[name]["min"], got[name]["max"], got[name]["sum"]) == (low, high, low + 2 * high - 2)
            assert (got[name]["count"], got[name]["missing"]) == (3, 1)
        assert (got["halves"]["min"], got["halves"]["max"], got["halves"]["missing"]) == (-2, 65504, 1)
        assert (got["flags"]["type"], got["flags"]["sum"], got["flags"]["missing"]) == ("boolean", 2, 1)
        assert (got["nothing"]["type"], got["nothing"]["missing"]) == ("empty", 4)


def test_what_has_no_numbers_is_named_by_its_type(run: Run, tmp_path: Path) -> None:
    plain: dict[str, Any] = {
        "list": pa.array([[1], None, [2, 3]]),
        "large_list": pa.array([[1], None, [2, 3]], pa.large_list(pa.int64())),
        "fixed_size_list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
        "struct": pa.array([{"x": 1}, None, {"x": 2}]),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "binary": pa.array([b"a", None, b"b"]),
        "fixed_size_binary": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    }
    if hasattr(pa, "uuid"):
        raw = pa.array([b"a" * 16, None, b"b" * 16], pa.binary(16))
        plain["uuid"] = pa.ExtensionArray.from_storage(pa.uuid(), raw)
    for form in FORMS[1:]:
        path = tmp_path / form
        write(pa.table(plain), path)
        found = columns(run, path)
        assert {name: column["type"] for name, column in found.items()} == {name: name for name in plain}
        assert all((column["count"], column["missing"]) == (2, 1) for column in found.values())
        assert all(column["mean"] is None and column["min"] is None for column in found.values())


def test_dictionaries_and_runs_are_their_values(run: Run, tmp_path: Path) -> None:
    found: dict[str, Any] = {
        "integer": pa.array([2**60 + 1, None, 5]).dictionary_encode(),
        "float": pa.array([1.5, None, 2.5]).dictionary_encode(),
        "date": pa.array([0, None, 1], pa.date32()).dictionary_encode(),
        "boolean": pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.int8()), pa.array([True, False])),
    }
    if hasattr(pa, "string_view"):
        words = pa.array(["a", "b"], pa.string_view())
        found["text"] = pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.int8()), words)
    path = tmp_path / "t.arrows"
    write(pa.table(found), path)
    got = columns(run, path)
    assert {name: column["type"] for name, column in got.items()} == {name: name for name in found}
    assert all((column["count"], column["missing"]) == (2, 1) for column in got.values())
    assert (got["integer"]["min"], got["integer"]["max"]) == (5, 2**60 + 1)


@pytest.mark.skipif(not hasattr(pa, "string_view"), reason="pyarrow has no views")
def test_views_are_grouped_weighted_and_counted(run: Run, tmp_path: Path) -> None:
    found = {
        "g": pa.array(["a", None, "longer than a view holds itself", "a"], pa.string_view()),
        "b": pa.array([b"1", None, b"2", b"3"], pa.binary_view()),
        "l": pa.array([["x"], None, ["y"], []], pa.list_(pa.string_view())),
        "w": pa.array([1, 2, 3, -1]),
    }
    path = tmp_path / "t.arrows"
    write(pa.table(found), path)
    code, out, err = run("stats", path, "--json", "-g", "g", "--select", "w")
    groups = {g["group"]["g"]: g["columns"][0]["sum"] for g in json.loads(out)["groups"]}
    assert (code, err, groups) == (0, "", {"a": 0, "": 2, "longer than a view holds itself": 3})
    code, out, err = run("stats", path, "--json", "--weight", "w", "--on-error", "skip")
    kinds = {c["name"]: (c["type"], c["count"], c["missing"]) for c in json.loads(out)["columns"]}
    assert kinds == {"g": ("text", 2, 1), "b": ("binary", 2, 1), "l": ("list", 2, 1)}
    assert (code, err) == (0, f"note: {path}: 1 row was left out: the weight is not a number from 0 on\n")
    assert run("words", path, "--column", "g", "--top", "1") == (0, "3  a\n", "")
    code, out, err = run("stats", path, "-g", "l")
    assert (code, out) == (
        1,
        "",
    ) and "--group takes columns of text, numbers, booleans, dates and times, 'l' is" in err


@pytest.mark.parametrize("form", FORMS)
def test_types_that_are_unknown_are_said(run: Run, tmp_path: Path, form: str) -> None:
    key = {b"ARROW:extension:name": b"acme.money", b"ARROW:extension:metadata": b""}
    fields = [pa.field("a", pa.int64(), metadata=key), pa.field("b", pa.int64(), metadata=key)]
    path = tmp_path / form
    write(pa.table([pa.array([1, None, 3]), pa.array([1, 2, 3])], pa.schema(fields)), path)
    code, out, err = run("stats", path)
    assert code == 0 and "integer" in out
    assert err == (
        f"note: {path}: column 'a' and 1 more: the type acme.money is unknown to pyarrow, what is shown is how it is"
        " stored (int64)\n"
    )
    # Of groups, too, also of the keys alone.
    code, out, err = run("stats", path, "-g", "a", "--select", "b")
    assert code == 0 and "column 'a' and 1 more: the type acme.money is unknown" in err
    assert "column 'a': the type" in run("stats", path, "-g", "a", "--select", "a")[2]
