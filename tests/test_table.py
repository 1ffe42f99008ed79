"""Tables: the statistics of their columns against Python's csv and statistics modules, NumPy and pandas."""

from __future__ import annotations

import csv
import io
import math
import re
import statistics
import sys
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_numpy_example.rust_numpy_example import _ArrayStats, _Column, _TableStats

NOT_AVAILABLE = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
NOT_AVAILABLE |= {"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}


FIELDS = (
    "name",
    "numbers",
    "texts",
    "missing",
    "mean",
    "std",
    "min",
    "max",
    "first_text_line",
    "first_text",
)


def row_of(column: _Column) -> tuple[Any, ...]:
    """Return the statistics of a column in the order of ``FIELDS``."""
    return tuple(getattr(column, field) for field in FIELDS)


def feed(
    data: bytes, size: int | None = None, workers: int | None = None, **options: Any
) -> list[tuple[Any, ...]]:
    """Return the statistics of a text that comes in blocks of ``size`` bytes."""
    stats = _TableStats(**options)
    for start in range(0, len(data), size or max(len(data), 1)):
        stats.feed(data[start : start + (size or len(data))], workers=workers)
    return [row_of(column) for column in stats.finish(workers=workers)]


def reference(text: str) -> list[tuple[Any, ...]]:
    """Return name, numbers, texts, missing, mean, std, min, max, by the modules of Python."""
    names, *rows = (row for row in csv.reader(io.StringIO(text, newline="")) if row)
    columns = []
    for index, name in enumerate(names):
        numbers: list[float] = []
        texts = missing = 0
        for row in rows:
            cell = row[index].strip(" \t\r\n")
            if cell in NOT_AVAILABLE:
                missing += 1
                continue
            try:
                numbers.append(float(cell))
            except ValueError:
                texts += 1
        mean = statistics.fmean(numbers) if numbers else math.nan
        std = statistics.stdev(numbers) if len(numbers) > 1 else math.nan
        low, high = (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)
        columns.append(
            (name.strip() or f"column {index + 1}", len(numbers), texts, missing, mean, std, low, high)
        )
    return columns


def agree(ours: list[tuple[Any, ...]], theirs: list[tuple[Any, ...]]) -> None:
    """Fail unless both describe the same columns."""
    assert [row[:4] for row in ours] == [row[:4] for row in theirs]
    np.testing.assert_array_equal([list(map(float, row[6:8])) for row in ours], [row[6:8] for row in theirs])
    for mine, other in zip(ours, theirs):
        scale = max(abs(other[6]), abs(other[7])) if other[1] else 1.0
        np.testing.assert_allclose(mine[4:6], other[4:6], rtol=1e-13, atol=1e-14 * scale)


def bits(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows in which NaN equals NaN."""
    return [tuple(repr(value) for value in row) for row in rows]


TRICKY = (
    '\ufeffa,b,"c ""q""",d\r\n1,2,3,x\n\n-4.5e2,NA,"6",5" disk\n"7\n\n",8,"9"0,"1,1"\n,,,\n'
    '1e90,-0,+3,"say ""hi""\nthere"\r\n5,""," 6 ",é "so"'
)


def test_a_small_table_is_read_as_the_csv_module_reads_it() -> None:
    agree(feed(TRICKY.encode()), reference(TRICKY[1:]))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_blocks_may_end_at_any_byte(workers: int) -> None:
    data = TRICKY.encode()
    expected = bits(feed(data))
    for size in range(1, len(data) + 1):
        assert bits(feed(data, size, workers)) == expected
    for cut in range(len(data) + 1):
        stats = _TableStats()
        stats.feed(data[:cut])
        stats.feed(data[cut:])
        assert bits([row_of(column) for column in stats.finish()]) == expected


def test_a_text_that_ends_at_any_byte_is_read_as_the_csv_module_reads_it_or_is_an_error() -> None:
    for end in range(1, len(TRICKY)):
        text = TRICKY[1:end]
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        if next(reversed(list(csv.reader(io.StringIO(f"{text}\nend", newline=""))))) != ["end"]:
            with pytest.raises(ValueError, match="a quoted field is not closed"):
                feed(text.encode())
        elif not rows:
            with pytest.raises(ValueError, match="empty"):
                feed(text.encode())
        elif len({len(row) for row in rows}) > 1:
            with pytest.raises(
                ValueError, match=r"line \d+, column \d+: the row has \d fields?, expected \d"
            ):
                feed(text.encode())
        elif not text.endswith("\r"):
            agree(feed(text.encode()), reference(text))


FIELD = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    # Numbers whose squares neither overflow nor vanish.
    st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100).map(repr),
    st.sampled_from(sorted(NOT_AVAILABLE)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=',"'), max_size=5),
    st.text(st.sampled_from(' \t,"\n5x.-'), max_size=5).map(lambda text: '"' + text.replace('"', '""') + '"'),
)


@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(FIELD, min_size=n, max_size=n), max_size=8)),
    st.data(),
)
def test_any_table_is_read_as_the_csv_module_reads_it(rows: list[list[str]], data: Any) -> None:
    width = len(rows[0]) if rows else 1
    # A line of one field that is not quoted and empty or white space would be an empty line.
    rows = [row if width > 1 or row[0].strip(" ") else ["NA"] for row in rows]
    # Python takes digits of other scripts and underscores as numbers, and more words for infinity.
    rows = [[cell if cell.isascii() and "_" not in cell else "x" for cell in row] for row in rows]
    text = "\n".join([",".join(f"n{i}" for i in range(width)), *(",".join(row) for row in rows)])
    encoded = text.encode()
    ours = feed(encoded, data.draw(st.integers(1, len(encoded))), data.draw(st.sampled_from([1, 2])))
    agree(ours, reference(text))


def test_a_large_table_gives_the_same_bits_for_every_block_size_and_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(1e6, 1, (60_000, 4))
    file = io.StringIO()
    np.savetxt(file, values, "%.9f", ",", header="a,b,c,d", comments="")
    data = file.getvalue().encode()
    assert len(data) > 2 << 20
    expected = feed(data, 1 << 20, 1)
    for size, workers in ((1 << 20, 2), (65_537, 5), (len(data), 2)):
        assert feed(data, size, workers) == expected
    exact = np.loadtxt(io.StringIO(file.getvalue()), delimiter=",", skiprows=1)
    for index, row in enumerate(expected):
        np.testing.assert_allclose(row[4:8], _describe(exact[:, index]), rtol=1e-12)


def _describe(values: Any) -> list[float]:
    return [values.mean(), values.std(ddof=1), values.min(), values.max()]


def test_pandas_describes_the_same() -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "id": np.arange(5000),
            "x": rng.normal(size=5000),
            "y": rng.lognormal(sigma=9, size=5000),
            "gaps": np.where(rng.random(5000) < 0.3, np.nan, rng.random(5000)),
            "quoted, name": rng.integers(-5, 5, 5000),
            "empty": np.nan,
        }
    )
    text = frame.to_csv(index=False)
    described = pd.read_csv(io.StringIO(text)).describe()
    for name, numbers, texts, missing, *values, _, _ in feed(text.encode()):
        theirs = described[name]
        assert (texts, numbers, missing) == (0, theirs["count"], 5000 - theirs["count"])
        np.testing.assert_allclose(values, theirs[["mean", "std", "min", "max"]], rtol=1e-12, atol=1e-15)


def test_pandas_knows_the_same_missing_values_and_numbers() -> None:
    pd = pytest.importorskip("pandas")
    cells = [
        *sorted(NOT_AVAILABLE),
        "1",
        "-1.5",
        "+2",
        "1e5",
        ".5",
        "5.",
        "inf",
        "-Infinity",
        " 7",
        "8 ",
    ]
    cells += ["1_000", "0x1", "1 2", "--1", "x", "5%", "1e", "true"]
    if int(pd.__version__.split(".")[0]) >= 3:
        # Before, it was text.
        cells.append("1e400")
    for cell in cells:
        text = f"a,b\n{cell},1\n"
        series = pd.read_csv(io.StringIO(text))["a"]
        (_, numbers, texts, missing, _, _, low, *_), _ = feed(text.encode())
        is_number = pd.api.types.is_float_dtype(series) or pd.api.types.is_integer_dtype(series)
        if series.isna().all():
            assert (numbers, texts, missing) == (0, 0, 1), cell
        elif is_number:
            assert (numbers, texts, missing, low) == (1, 0, 0, float(series.iloc[0])), cell
        else:
            assert (numbers, texts, missing) == (0, 1, 0), cell


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\r\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"a,b\n1\n", "line 2, column 2: the row has 1 field, expected 2"),
        (b'a,b\n"x\ny",1\n1,2,3,4\n', "line 4, column 3: the row has 4 fields, expected 2"),
        (b'a\n1\n"2\n3', "line 3: a quoted field is not closed"),
        (b"a\n1\n\x002\n", "line 3: a NUL byte: not a text file, or not in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: the text is UTF-16, expected UTF-8"),
        (
            b"a,b\r1,2\r",
            "line 1: a carriage return without a line feed, expected lines that end with LF or CR LF",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(data: bytes, message: str) -> None:
    for size in (1, 3, None):
        with pytest.raises(ValueError) as caught:
            feed(data, size)
        assert str(caught.value) == message


def test_an_error_is_final() -> None:
    stats = _TableStats()
    with pytest.raises(ValueError, match="line 2"):
        stats.feed(b"a\n1,2\n")
    with pytest.raises(ValueError, match="line 2"):
        stats.feed(b"3\n")
    with pytest.raises(ValueError, match="line 2"):
        stats.finish()


def test_the_first_row_is_data_if_all_of_it_are_numbers() -> None:
    assert [row[:2] for row in feed(b"2019,2020\n1,2\n")] == [("column 1", 2), ("column 2", 2)]
    assert [row[:2] for row in feed(b"2019,2020\n1,2\n", header=True)] == [("2019", 1), ("2020", 1)]
    assert [row[:3] for row in feed(b"x,y\n1,2\n", header=False)] == [("column 1", 1, 1), ("column 2", 1, 1)]
    assert [row[0] for row in feed(b"2019,\n1,2\n")] == ["2019", "column 2"]


def test_columns_are_selected_by_index_and_come_in_the_order_of_the_text() -> None:
    data = b'a,b,a,"x,y"\n1,2,3,4\n'
    assert _TableStats().names(data) == ["a", "b", "a", "x,y"]
    assert _TableStats().names(data[:8]) is None
    assert [(row[0], row[7]) for row in feed(data, select=[3, 0, 2])] == [
        ("a", 1.0),
        ("a", 3.0),
        ("x,y", 4.0),
    ]
    with pytest.raises(ValueError, match="argument select, got 4, expected an index below 4"):
        feed(data, select=[4])


def test_the_first_text_of_a_column_is_remembered() -> None:
    rows = feed(b"a,b\n1,2\n3,four\nfive,six\n", 4)
    assert [row[8:] for row in rows] == [(4, "five"), (3, "four")]
    assert [row[1:3] for row in rows] == [(2, 1), (1, 2)]


@pytest.mark.thorough
def test_a_million_columns() -> None:
    count = 1_000_000
    line = ",".join(map(str, range(count)))
    data = f"{line}\n{line}\n{line}\n".encode()
    rows = feed(data, 4 << 20, header=True)
    assert len(rows) == count
    assert rows[999_999] == ("999999", 2, 0, 0, 999_999.0, 0.0, 999_999, 999_999, None, None)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", ":"])
def test_other_delimiters(delimiter: str) -> None:
    data = (
        delimiter.join("ab")
        + "\n"
        + delimiter.join("12")
        + "\n"
        + delimiter.join(['"x y;\t|: "', "3"])
        + "\n"
    )
    assert [row[1:3] for row in feed(data.encode(), delimiter=delimiter)] == [(1, 1), (2, 0)]


@pytest.mark.parametrize("delimiter", ["", ",,", "1", "e", '"', "-", ".", "\n", "\0", "é"])
def test_a_delimiter_that_a_field_may_need_is_refused(delimiter: str) -> None:
    with pytest.raises(ValueError, match="the delimiter is .* expected one ASCII character"):
        _TableStats(delimiter)


def test_only_bytes_are_taken() -> None:
    for wrong in ("a,b", bytearray(b"a"), None, [1]):
        with pytest.raises(TypeError):
            _TableStats().feed(wrong)


def test_two_threads_are_told_apart_not_mixed_up() -> None:
    stats = _TableStats(header=True)
    stats.feed(b"a\n")
    data = b"1\n" * 500_000
    done, refused = [], []

    def work() -> None:
        for _ in range(3):
            try:
                stats.feed(data)
                done.append(1)
            except ValueError as error:
                assert "in use by another thread" in str(error)
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stats.finish()[0].numbers == len(done) * 500_000
    assert len(done) + len(refused) == 12


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32", ">f8", "float64"])
def test_arrays_in_blocks_give_what_numpy_gives(dtype: str) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 2 if dtype == "bool" else 100, (5000, 3)).astype(dtype)
    stats = _ArrayStats(["a", "b", "c"])
    for start in range(0, 5000, 777):
        block = values[start : start + 777]
        stats.update(block[:, :2])
        stats.update(np.asfortranarray(block[:, 2:]), 2, workers=2)
    for name, column, found in zip("abc", values.T, stats.finish()):
        row = row_of(found)
        assert row[:4] == (name, 5000, 0, 0)
        np.testing.assert_allclose(row[4:8], _describe(column.astype(np.float64)), rtol=1e-13)


def test_nan_in_an_array_is_missing() -> None:
    stats = _ArrayStats(["a"])
    stats.update(np.array([[1.0], [np.nan], [3.0], [np.inf]]))
    (found,) = stats.finish()
    assert (found.numbers, found.texts, found.missing) == (3, 0, 1)
    assert (found.min, found.max) == (1.0, np.inf)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), ()])
def test_blocks_have_two_dimensions(shape: tuple[int, ...]) -> None:
    message = f"got shape {shape} for the columns from 0 on, expected two axes and at most 1 columns"
    with pytest.raises(ValueError, match=re.escape(message)):
        _ArrayStats(["a"]).update(np.zeros(shape))


def test_columns_that_are_not_there_are_refused() -> None:
    for first in (1, 2, sys.maxsize + 1):
        left = max(2 - first, 0)
        message = f"from {first} on, expected two axes and at most {left} columns"
        with pytest.raises(ValueError, match=re.escape(message)):
            _ArrayStats(["a", "b"]).update(np.zeros((1, 2)), first)


def test_the_states_of_parts_merge_to_that_of_the_whole() -> None:
    values = 1e15 + np.random.default_rng(3).normal(size=3000)
    lines = [f"{float(value)!r}\n".encode() for value in values]
    (whole,) = _feed_all(b"a\n" + b"".join(lines))
    first, second = (_feed_all(b"a\n" + b"".join(part))[0] for part in (lines[:777], lines[777:]))
    merged = first.stats.merge(second.stats)
    assert (merged.count, merged.min, merged.max) == (whole.numbers, whole.min, whole.max)
    # The mean takes part with more digits than it shows: an ulp of it is an eighth here.
    assert merged.mean == whole.mean
    assert merged.std == pytest.approx(whole.std, rel=1e-14)


def _feed_all(data: bytes) -> list[_Column]:
    stats = _TableStats()
    stats.feed(data)
    return stats.finish()


def only(text: str, **options: Any) -> _Column:
    """Return the one column of a text."""
    stats = _TableStats(**options)
    stats.feed(text.encode())
    (column,) = stats.finish()
    return column


@given(
    st.lists(
        st.one_of(
            st.integers(-(2**62), 2**64), st.integers(2**53 - 3, 2**53 + 3), st.integers(-(10**40), 10**40)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_integers_of_any_size_are_exact(values: list[int]) -> None:
    column = only("a\n" + "".join(f"{value}\n" for value in values))
    assert (column.numbers, column.is_integer) == (len(values), True)
    assert (column.min, column.max) == (min(values), max(values))
    assert (type(column.min), type(column.max)) == (int, int)
    if max(map(abs, values)) < 2**120:
        assert column.sum == sum(values)
        assert column.mean == float(Fraction(sum(values), len(values)))
    if len(values) > 1 and max(values) - min(values) < 2**60:
        assert column.var == pytest.approx(
            float(statistics.variance(map(Fraction, values))), rel=1e-15, abs=0
        )


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int8])
def test_integers_of_arrays_are_exact(dtype: type) -> None:
    info = np.iinfo(dtype)
    values = np.array([info.max, info.min, info.max - 1], dtype)
    stats = _ArrayStats(["a"], distinct=True)
    stats.update(values.reshape(-1, 1))
    (column,) = stats.finish()
    exact = [int(value) for value in values]
    assert (column.min, column.max, column.sum) == (min(exact), max(exact), sum(exact))
    assert (column.mean, column.distinct) == (float(Fraction(sum(exact), 3)), (3, 0.0))


def test_what_a_field_says_decides_on_the_type() -> None:
    assert only("a\ntrue\nFalse\nTRUE\n").booleans == (2, 1)
    days = only("a\n2024-03-01\n2024-02-29\n")
    assert (days.dates, days.times) == ((2, 0), ("2024-02-29", "2024-03-01"))
    times = only("a\n2024-03-01\n2024-02-29 12:30:00.5\n")
    assert (times.dates, times.times) == ((1, 1), ("2024-02-29T12:30:00.5", "2024-03-01T00:00:00"))
    text = only("a\né\nabc\n\U0001f600x\n")
    assert (text.lengths, text.texts, text.times) == ((1, 3), 3, None)
    assert only("a\n1\n1.0\n").is_integer is False
    assert only("a\n0047583311587E590003\n2\n").beyond == 1


def test_different_and_frequent_values() -> None:
    column = only("a\n" + "".join(f"{i % 7}\n" for i in range(100)) + "x\nx\nNA\n", distinct=True, top=2)
    assert column.distinct == (8, 0.0)
    assert column.top == ([(0.0, 15), (1.0, 15)], 0)
    many = only("a\n" + "".join(f"w{i}\n" for i in range(100_000)), distinct=True)
    assert many.distinct is not None
    count, error = many.distinct
    assert 0 < error < 0.01
    assert abs(count - 100_000) < 4 * error * 100_000


def test_a_dialect_says_how_a_text_is_written() -> None:
    german = "# by a logger\n\na;b\n1.234,5;-\n2,5;NA\n"
    stats = _TableStats(";", comment="#", decimal=",", thousands=".", missing=[b"-"])
    stats.feed(german.encode())
    a, b = stats.finish()
    assert (a.min, a.max, b.missing) == (2.5, 1234.5, 2)
    assert only('a\n"x\n5" y\n', quoting=False).texts == 2
    assert only("one\ntwo\na\n1\n", skip=2).max == 1
    for options in ({"comment": "é"}, {"thousands": "€"}, {"decimal": "٫"}):
        with pytest.raises(ValueError, match="expected one ASCII character"):
            _TableStats(**options)  # type: ignore[arg-type]


def test_rows_of_another_width_are_left_out_and_listed() -> None:
    stats = _TableStats(skip_bad=True)
    for piece in (b"a,b\n1,2\n3", b"\n4,5,6\n", b"7,8\n"):
        stats.feed(piece)
    columns = stats.finish()
    assert stats.rejects() == [
        (3, 2, "the row has 1 field, expected 2"),
        (4, 3, "the row has 3 fields, expected 2"),
    ]
    assert (stats.rejects(), stats.rejected, stats.rows, columns[0].max) == ([], 2, 2, 7)


def test_quotes_that_may_have_swallowed_rows_are_told() -> None:
    stats = _TableStats()
    stats.feed(b'id,name,v\n1,p,10\n3,"open,30\n4,x,40\n5,close",50\n6,y,60\n')
    stats.finish()
    assert (stats.swallowed, stats.rows) == (3, 3)


def test_a_first_row_that_may_be_data_is_told() -> None:
    for text, doubtful in ((b"1,NA,3\n4,5,6\n", True), (b"region,2023\nE,1\n", False), (b"1,2\n", False)):
        stats = _TableStats()
        stats.feed(text)
        stats.finish()
        assert stats.doubtful is doubtful
