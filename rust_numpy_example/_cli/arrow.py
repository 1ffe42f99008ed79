"""Columns of Arrow memory, a batch at a time. Needs pyarrow, the extra ``cli``."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from rust_numpy_example._cli.bars import Histogram
from rust_numpy_example._cli.table import Ask, Column
from rust_numpy_example.rust_numpy_example import _ArrayStats, _TableStats

#: Under which key a field has the name of its type, if it is none of Arrow's own.
EXTENSION = b"ARROW:extension:name"

#: Has room for the digits of all decimals.
EXACT = Context(prec=200)

#: Decimals of so many digits are integers of 64 bits, but for the point.
NARROW = 18

#: How many parts of a second there are of each unit.
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def unknown_types(schema: Any, indices: Iterable[int]) -> list[str]:
    """Return notes on columns of extension types that pyarrow does not know, and so are shown as they are stored."""
    found: dict[tuple[str, str], list[str]] = {}
    for index in indices:
        field = schema.field(index)
        name = (field.metadata or {}).get(EXTENSION)
        if name is not None:
            found.setdefault((name.decode(errors="replace"), str(field.type)), []).append(field.name)
    return [
        f"column '{names[0]}'{f' and {len(names) - 1} more' if len(names) > 1 else ''}: the type {name} is unknown to"
        f" pyarrow, what is shown is how it is stored ({stored})"
        for (name, stored), names in found.items()
    ]


def column_of(pa: Any, name: str, type_: Any, ask: Ask) -> Found:
    types = pa.types
    if types.is_dictionary(type_) or _is_run_end_encoded(pa, type_):
        type_ = type_.value_type
    if types.is_boolean(type_):
        return _Numbers(pa, name, "boolean", ask)
    if types.is_integer(type_):
        return _Numbers(pa, name, "integer", ask)
    if types.is_floating(type_):
        return _Numbers(pa, name, "float", ask)
    if types.is_decimal(type_):
        return _Decimals(pa, name, type_, ask)
    is_view = getattr(types, "is_string_view", None)
    if types.is_string(type_) or types.is_large_string(type_) or (is_view is not None and is_view(type_)):
        return _Texts(pa, name, "text", ask)
    for check, kind in (
        (types.is_date, "date"),
        (types.is_timestamp, "timestamp"),
        (types.is_time, "time"),
    ):
        if check(type_):
            return _Times(pa, name, kind, type_, ask)
    if types.is_duration(type_):
        return _Durations(pa, name, "duration", type_, ask)
    # The name of the type, without what is in it.
    short = str(getattr(type_, "extension_name", type_)).removeprefix("arrow.")
    short = short.split("<")[0].split("[")[0].split("(")[0]
    usual = {"null": "empty", "large_binary": "binary", "binary_view": "binary"}
    return Found(pa, name, usual.get(short, short), ask)


def _is_run_end_encoded(pa: Any, type_: Any) -> bool:
    # From pyarrow 12 on.
    check = getattr(pa.types, "is_run_end_encoded", None)
    return check is not None and bool(check(type_))


def decoded(pa: Any, values: Any) -> Any:
    """Return an array with each of its values in its place: no dictionary, no runs, no views."""
    # Of views, which polars writes, pyarrow neither decodes nor filters nor writes any.
    usual = {"string_view": pa.large_string(), "binary_view": pa.large_binary()}
    if pa.types.is_dictionary(values.type):
        if (type_ := usual.get(str(values.type.value_type))) is not None:
            values = pa.DictionaryArray.from_arrays(values.indices, values.dictionary.cast(type_))
        return values.dictionary_decode()
    if _is_run_end_encoded(pa, values.type):
        values = pa.compute.run_end_decode(values)
    type_ = usual.get(str(values.type))
    return values if type_ is None else values.cast(type_)


def _array_stats(name: str, ask: Ask, levels: Sequence[float]) -> _ArrayStats:
    return _ArrayStats([name], **ask.options(quantiles=levels))


class Found:
    """What is known of a column so far: how many values it has, and how many are missing."""

    def __init__(self, pa: Any, name: str, kind: str, ask: Ask) -> None:
        self._pa, self._pc = pa, pa.compute
        self.kind = kind
        self._result = Column(name, kind, 0, 0)
        self._ends: tuple[int, int] | None = None

    def update(self, values: Any) -> None:
        """Take in some values."""
        values = decoded(self._pa, values)
        self._result.missing += values.null_count
        self._result.count += len(values) - values.null_count
        self.take(values)

    def update_again(self, values: Any) -> None:
        """Take in some values of a later pass."""
        self.take_again(decoded(self._pa, values))

    def take(self, values: Any) -> None:
        """Take in some values of the type that the class is for."""

    def take_again(self, values: Any) -> None:
        """The same in a later pass."""

    def again(self) -> bool:
        """End a pass; return whether all values have to come again, for the quantiles."""
        return False

    def spread(self, integers: Any) -> None:
        """Widen the extremes by those of ``integers``."""
        both = self._pc.min_max(integers)
        low, high = both["min"].as_py(), both["max"].as_py()
        if low is not None:
            first, last = self._ends or (low, high)
            self._ends = min(first, low), max(last, high)

    def finish(self) -> Column:
        """Return the column."""
        return self._result


class _Numbers(Found):
    def __init__(self, pa: Any, name: str, kind: str, ask: Ask) -> None:
        super().__init__(pa, name, kind, ask)
        self._levels = () if kind == "boolean" else ask.levels
        self._stats = _array_stats(name, ask, self._levels)

    def again(self) -> bool:
        return bool(self._stats.again())

    def take_again(self, values: Any) -> None:
        self.take(values)

    def take(self, values: Any) -> None:
        numbers = values.drop_null().to_numpy(zero_copy_only=False)
        if self.kind != "integer":
            numbers = np.asarray(numbers, np.float64)
        self._stats.update(numbers.reshape(-1, 1))

    def finish(self) -> Column:
        (found,) = self._stats.finish()
        column = Column.of(found, self.kind, self._levels)
        column.missing += self._result.missing
        return column


class _Decimals(Found):
    """Decimals: integers, and where the point is in all of them."""

    def __init__(self, pa: Any, name: str, type_: Any, ask: Ask) -> None:
        super().__init__(pa, name, "float" if type_.scale > 0 else "integer", ask)
        self._scale, self._levels = type_.scale, ask.levels
        self._narrow = _array_stats(name, ask, self._levels) if type_.precision <= NARROW else None
        self._wide = _TableStats(",", None, True, **ask.options())
        self._wide.feed(b"0\n")
        self._is_complete = False

    def again(self) -> bool:
        if self._narrow is not None:
            return bool(self._narrow.again())
        # Other columns may take more passes.
        if self._is_complete:
            return False
        self._wide.end_text()
        self._is_complete = not self._wide.again()
        if not self._is_complete:
            self._wide.feed(b"0\n")
        return not self._is_complete

    def take(self, values: Any) -> None:
        pa, values = self._pa, values.drop_null()
        if not len(values):
            return
        if values.type.bit_width < 128:
            values = values.cast(pa.decimal128(values.type.precision, values.type.scale))
        words = values.type.bit_width // 64
        if self._narrow is not None:
            numbers = np.frombuffer(values.buffers()[1], np.int64, words * (values.offset + len(values)))
            lowest = 0 if sys.byteorder == "little" else -1
            self._narrow.update(numbers.reshape(-1, words)[values.offset :, lowest].reshape(-1, 1))
            return
        whole = pa.decimal128(38, 0) if words == 2 else pa.decimal256(76, 0)
        integers = pa.Array.from_buffers(whole, len(values), values.buffers(), 0, values.offset)
        self._wide.feed(("\n".join(integers.cast(pa.string()).to_pylist()) + "\n").encode())

    def take_again(self, values: Any) -> None:
        self.take(values)

    def finish(self) -> Column:
        (found,) = (self._wide if self._narrow is None else self._narrow).finish()
        column = Column.of(found, "integer", self._levels)
        column.name, column.missing = self._result.name, self._result.missing
        if column.top is not None:
            column.top = [(int(value), count) for value, count in column.top]
        if self._scale and column.count:
            self._move_point(column)
        column.type = self.kind
        return column

    def _move_point(self, column: Column) -> None:
        unit = Fraction(10) ** -self._scale

        def moved(value: Any) -> Any:
            if not isinstance(value, int):
                return float(Fraction(value) * unit) if math.isfinite(value) else value
            return value * int(unit) if self._scale < 0 else Decimal(value).scaleb(-self._scale, EXACT)

        total = column.sum
        column.mean, column.sum = moved(column.mean), moved(column.sum)
        column.min, column.max = moved(column.min), moved(column.max)
        if isinstance(total, int):
            mean = Fraction(total, column.count)
            column.mean = float(mean * unit)
            if not column.min <= column.mean <= column.max:
                column.mean = moved(round(mean))
            if self.kind == "float":
                column.sum = float(total * unit)
        if column.var is not None and math.isfinite(column.var):
            column.var = float(Fraction(column.var) * unit**2)
            column.std = math.sqrt(column.var)
        if column.quantiles is not None:
            column.quantiles = {level: moved(value) for level, value in column.quantiles.items()}
        if column.top is not None:
            column.top = [(moved(value), count) for value, count in column.top]
        if column.histogram is not None:
            column.histogram = _scaled(column.histogram, float(unit))


def _scaled(histogram: Callable[[int], Histogram], unit: float) -> Callable[[int], Histogram]:
    def scaled(most: int) -> Histogram:
        found = histogram(most)
        return Histogram(found.start * unit, found.width * unit, found.counts)

    return scaled


class _Observed(Found):
    """A column of which the different values are those of its texts."""

    def __init__(self, pa: Any, name: str, kind: str, ask: Ask) -> None:
        super().__init__(pa, name, kind, ask)
        self._ask = ask
        self._texts: _TableStats | None = None

    def observe(self, values: Any) -> None:
        """Take texts in among the different values, as fields in quotes."""
        values = values.drop_null()
        if not (self._ask.distinct or self._ask.top) or not len(values):
            return
        if self._texts is None:
            self._texts = _TableStats(
                ",", None, False, quoted_text=True, distinct=self._ask.distinct, top=self._ask.top
            )
        # No delimited text has a NUL.
        values = self._pc.replace_substring(values, "\0", "\ufffd")
        writer, sink = import_module("pyarrow.csv"), self._pa.BufferOutputStream()
        form = writer.WriteOptions(include_header=False, quoting_style="all_valid")
        writer.write_csv(self._pa.table({"values": values}), sink, form)
        self._texts.feed(sink.getvalue().to_pybytes())

    def finish(self) -> Column:
        if self._texts is not None:
            found = Column.of(self._texts.finish()[0])
            self._result.distinct, self._result.distinct_error = found.distinct, found.distinct_error
            self._result.top, self._result.top_error = found.top, found.top_error
        elif self._ask.distinct or self._ask.top:
            self._result.distinct, self._result.distinct_error = (
                (0, 0.0) if self._ask.distinct else (None, None)
            )
            self._result.top = [] if self._ask.top else None
        return self._result


class _Texts(_Observed):
    def take(self, values: Any) -> None:
        self.spread(self._pc.utf8_length(values))
        self.observe(values)

    def finish(self) -> Column:
        self._result.shortest, self._result.longest = self._ends or (None, None)
        return super().finish()


class _Times(_Observed):
    def __init__(self, pa: Any, name: str, kind: str, type_: Any, ask: Ask) -> None:
        super().__init__(pa, name, kind, ask)
        self._type = type_

    def take(self, values: Any) -> None:
        if self._ask.distinct or self._ask.top:
            self.observe(values.cast(self._pa.string()))
        self._spread(values)

    def _spread(self, values: Any) -> None:
        # Not as objects of Python, which has neither nanoseconds nor the year 10000.
        self.spread(values.cast(self._pa.int32() if values.type.bit_width == 32 else self._pa.int64()))

    def text(self, end: int) -> str:
        """Return a time in the form of ISO 8601."""
        pa, type_ = self._pa, self._type
        unit = getattr(type_, "unit", "ms" if type_.bit_width == 64 else "days")
        with contextlib.suppress(ValueError, OverflowError, pa.ArrowInvalid):
            if unit != "ns":
                return str(pa.scalar(end, type_).as_py().isoformat())
            if not pa.types.is_timestamp(type_):
                return str(pa.scalar(end, type_).cast(pa.string()).as_py())
            seconds, nanoseconds = divmod(end, 10**9)
            second = pa.scalar(seconds, pa.timestamp("s", type_.tz)).as_py().isoformat()
            return f"{second[:19]}.{nanoseconds:09d}{second[19:]}"
        return f"{end} {unit} since 1970"

    def finish(self) -> Column:
        if self._ends is not None:
            self._result.min, self._result.max = map(self.text, self._ends)
        return super().finish()


class _Durations(_Times):
    def take(self, values: Any) -> None:
        self._spread(values)

    def text(self, end: int) -> str:
        """Return a duration in the form of ISO 8601."""
        parts = UNITS[self._type.unit]
        seconds, fraction = divmod(abs(end), parts)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        rest = f".{fraction:0{len(str(parts)) - 1}d}".rstrip("0") if fraction else ""
        of_day = f"{hours}H" * (hours > 0) + f"{minutes}M" * (minutes > 0)
        of_day += f"{seconds}{rest}S" if seconds or fraction or not (days or of_day) else ""
        return f"{'-' * (end < 0)}P{f'{days}D' * (days > 0)}{'T' * bool(of_day)}{of_day}"

    def finish(self) -> Column:
        column = super().finish()
        # They are not counted by their texts.
        column.distinct = column.distinct_error = column.top = None
        return column
