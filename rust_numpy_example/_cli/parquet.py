"""Parquet files, a batch of rows at a time. Needs pyarrow, the extra ``cli``."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from rust_numpy_example._cli.report import Progress, reason
from rust_numpy_example._cli.source import Source
from rust_numpy_example._cli.table import Ask, Column, Table, other_columns
from rust_numpy_example.rust_numpy_example import _ArrayStats, _TableStats

#: Rows decoded at a time.
BATCH = 1 << 16


#: The length of some rows, and the columns that are wanted, by their index.
Batch = tuple[int, list[tuple[int, Any]]]


class Opened(NamedTuple):
    """What is in a file."""

    schema: Any
    #: Its rows, if they are known.
    rows: int | None
    #: Whether it has types that pyarrow does not know.
    is_foreign: bool
    #: Yields batches of the columns of these indices, which ascend.
    batches: Callable[[Sequence[int]], Iterator[Batch]]

    def position(self, source: Source, done: int) -> int:
        """Return how many bytes of the file have been read with ``done`` rows."""
        if self.rows is None or source.size is None:
            return source.position()
        return source.size * done // max(self.rows, 1)


class Reader:
    """The statistics of Parquet files that are one table."""

    #: What is read, and the module of pyarrow that reads it.
    KIND, MODULE = "Parquet", "pyarrow.parquet"

    def __init__(self, ask: Ask) -> None:
        try:
            self._pa, self._module = import_module("pyarrow"), import_module(self.MODULE)
            import_module("pyarrow.compute")
        except ImportError as error:
            raise ValueError(
                f"to read {self.KIND} takes pyarrow ({error}): pip install 'rust_numpy_example[cli]'"
            ) from None
        self._ask = ask
        self._names: list[str] = []
        self._types: list[Any] = []
        self._order: Sequence[int] = ()
        self._columns: dict[int, Found] = {}
        self._failures: dict[int, str] = {}
        self._rows = 0
        #: The columns that are read again, if any are.
        self._live: list[int] | None = None

    def open(self, source: Source) -> Opened:
        """Return what is in a file."""
        if not source.is_plain:
            raise ValueError("Parquet can only be read from a file on disk, uncompressed")
        source.file.seek(0)
        file, is_foreign = _opened(self._pa, self._module, source)
        names = list(file.schema_arrow.names)
        return Opened(
            file.schema_arrow,
            file.metadata.num_rows,
            is_foreign,
            lambda wanted: _batches(file, names, wanted),
        )

    def take(self, source: Source) -> None:
        """Read a file."""
        opened = self.open(source)
        names = list(opened.schema.names)
        if not self._columns:
            self._begin(opened.schema, opened.is_foreign)
        places = self._places(names, opened.schema)
        wanted = self._columns if self._live is None else self._live
        done = 0
        with contextlib.closing(Progress(source.name, source.size)) as progress:
            for length, batch in opened.batches(sorted(places[index] for index in wanted)):
                by_place = dict(batch)
                for index in wanted:
                    if index not in self._failures:
                        self._update(index, by_place[places[index]])
                done += length
                progress.update(opened.position(source, done))
        if self._live is None:
            self._rows += done

    def _update(self, index: int, values: Any) -> None:
        column = self._columns[index]
        try:
            if self._live is None:
                column.update(values)
            else:
                column.update_again(values)
        except Exception as error:
            self._failures[index] = reason(error)

    def _begin(self, schema: Any, is_foreign: bool) -> None:
        names, pa, ask = list(schema.names), self._pa, self._ask
        self._order = range(len(names)) if ask.select is None else ask.select.indices(names)
        # Each column has a state of its own.
        count = len(self._order)
        own = ask.but(keys=max(ask.keys // max(count, 1), 64), histogram=ask.pictured(count))
        self._names = names
        self._types = [schema.field(index).type for index in range(len(names))]
        self._columns = {index: column_of(pa, names[index], self._types[index], own) for index in self._order}
        if is_foreign:
            self._failures = {
                i: "integers of 128 bits, which pyarrow does not read"
                for i in self._columns
                if _is_wide(pa, schema, i)
            }

    def _places(self, names: list[str], schema: Any) -> list[int]:
        """Return where the columns of the first file are in this one."""
        if sorted(names) != sorted(self._names):
            raise ValueError(other_columns(self._names, names))
        places = list(range(len(names)))
        if names != self._names:
            if len(set(names)) < len(names):
                raise ValueError(other_columns(self._names, names))
            places = [names.index(name) for name in self._names]
        for index in self._columns:
            type_, first = schema.field(places[index]).type, self._types[index]
            if type_ != first:
                raise ValueError(f"column '{self._names[index]}' is {type_}, in the first file it is {first}")
        return places

    def again(self) -> bool:
        """End a pass over the files."""
        self._live = [i for i, column in self._columns.items() if i not in self._failures and column.again()]
        return bool(self._live)

    def finish(self) -> Table:
        """Return the table."""
        failures = self._failures
        found = [self._finished(index) for index in self._order if index not in failures]
        table = Table(found, self._rows)
        table.failures = [f"column '{self._names[index]}': {why}" for index, why in failures.items()]
        if failures and not found:
            raise ValueError(table.failures[0])
        return table

    def _finished(self, index: int) -> Column:
        return self._columns[index].finish()


def _opened(pa: Any, pq: Any, source: Source) -> tuple[Any, bool]:
    """Open the file; true, if only without the types that its writer has added to Parquet's own."""
    try:
        return pq.ParquetFile(source.file), False
    except pa.ArrowNotImplementedError:
        source.file.seek(0)
        return pq.ParquetFile(_WithoutTypes(source.file)), True


class _WithoutTypes(io.RawIOBase):
    """A Parquet file without the metadata in which writers note the types of their columns.

    pyarrow refuses a file of which one type is unknown to it. Without the note all columns are of Parquet's types.
    """

    KEY, OTHER = b"ARROW:schema", b"other:schema"

    def __init__(self, file: Any) -> None:
        self._file = file
        end = file.seek(0, io.SEEK_END)
        file.seek(max(end - 8, 0))
        footer = int.from_bytes(file.read(8)[:4], "little") + 8
        self._start = max(end - footer, 0)
        file.seek(self._start)
        self._footer = file.read().replace(self.KEY, self.OTHER)
        self._end, self._at = end, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1) -> bytes:
        end = self._end if count < 0 else min(self._at + count, self._end)
        self._file.seek(self._at)
        data = self._file.read(max(min(end, self._start) - self._at, 0))
        data += self._footer[max(self._at - self._start, 0) : max(end - self._start, 0)]
        self._at += len(data)
        return bytes(data)


def _is_wide(pa: Any, schema: Any, index: int) -> bool:
    type_ = schema.field(index).type
    return bool(pa.types.is_fixed_size_binary(type_) and type_.byte_width == 16)


def _batches(file: Any, names: list[str], wanted: Sequence[int]) -> Iterator[Batch]:
    """Yield for each batch its length, and the columns that are wanted, by their index."""
    # Parquet's own selection is by a path with dots, which names with dots or of two columns are not.
    if len(wanted) < len(names) and len(set(names)) == len(names) and not any("." in name for name in names):
        places = {name: index for index, name in enumerate(names)}
        for batch in file.iter_batches(BATCH, columns=[names[index] for index in wanted]):
            yield batch.num_rows, [(places[n], c) for n, c in zip(batch.schema.names, batch.columns)]
        return
    keep = set(wanted)
    for batch in file.iter_batches(BATCH):
        yield batch.num_rows, [(i, c) for i, c in enumerate(batch.columns) if i in keep]


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
        return _Decimals(pa, name, "float" if type_.scale > 0 else "integer", ask)
    is_view = getattr(types, "is_string_view", None)
    if types.is_string(type_) or types.is_large_string(type_) or (is_view is not None and is_view(type_)):
        return _Texts(pa, name, "text", ask)
    for check, kind in (
        (types.is_date, "date"),
        (types.is_timestamp, "timestamp"),
        (types.is_time, "time"),
    ):
        if check(type_):
            return _Times(pa, name, kind, ask)
    # The name of the type, without what is in it.
    short = str(getattr(type_, "extension_name", type_)).removeprefix("arrow.")
    short = short.split("<")[0].split("[")[0].split("(")[0]
    return Found(pa, name, {"null": "empty", "large_binary": "binary"}.get(short, short), ask)


def _is_run_end_encoded(pa: Any, type_: Any) -> bool:
    # From pyarrow 12 on.
    check = getattr(pa.types, "is_run_end_encoded", None)
    return check is not None and bool(check(type_))


def decoded(pa: Any, values: Any) -> Any:
    """Return an array with each of its values in its place."""
    if pa.types.is_dictionary(values.type):
        return values.dictionary_decode()
    return pa.compute.run_end_decode(values) if _is_run_end_encoded(pa, values.type) else values


def _array_stats(name: str, ask: Ask, levels: Sequence[float]) -> _ArrayStats:
    return _ArrayStats(
        [name],
        distinct=ask.distinct,
        top=ask.top,
        histogram=ask.histogram,
        quantiles=levels,
        once=ask.once,
        keys=ask.keys,
    )


class Found:
    """What is known of a column so far: how many values it has, and how many are missing."""

    def __init__(self, pa: Any, name: str, kind: str, ask: Ask) -> None:
        self._pa, self._pc = pa, pa.compute
        self.kind = kind
        self._result = Column(name, kind, 0, 0)
        self._low: Any = None
        self._high: Any = None

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

    def spread(self, values: Any) -> None:
        """Widen the extremes by those of ``values``."""
        both = self._pc.min_max(values)
        low, high = both["min"].as_py(), both["max"].as_py()
        if low is not None:
            self._low = low if self._low is None else min(self._low, low)
            self._high = high if self._high is None else max(self._high, high)

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
    def __init__(self, pa: Any, name: str, kind: str, ask: Ask) -> None:
        super().__init__(pa, name, kind, ask)
        self._levels = ask.levels
        self._stats = _array_stats(name, ask, self._levels)
        self._sum = Fraction(0)

    def again(self) -> bool:
        return bool(self._stats.again())

    def take(self, values: Any) -> None:
        values = values.drop_null()
        if not len(values):
            return
        if values.type.bit_width < 128:
            # Of these, pyarrow has no extremes.
            values = values.cast(self._pa.decimal128(values.type.precision, values.type.scale))
        self.spread(values)
        wide = self._pa.decimal256(76, values.type.scale)
        self._sum += Fraction(self._pc.sum(values.cast(wide)).as_py())
        self.take_again(values)

    def take_again(self, values: Any) -> None:
        values = values.drop_null()
        # Safe would be an error for a number that is not exactly a float64.
        numbers = values.cast(self._pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        self._stats.update(np.asarray(numbers, np.float64).reshape(-1, 1))

    def finish(self) -> Column:
        (found,) = self._stats.finish()
        column = Column.of(found, self.kind, self._levels)
        column.missing = self._result.missing
        if self._low is not None:
            exact = int if self.kind == "integer" else lambda value: value
            column.min, column.max = exact(self._low), exact(self._high)
            column.mean = float(self._sum / column.count)
            column.sum = int(self._sum) if self.kind == "integer" else float(self._sum)
            column.settle()
        return column


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
        if str(values.type) == "string_view":
            values = values.cast(self._pa.large_string())
        self.spread(self._pc.utf8_length(values))
        self.observe(values)

    def finish(self) -> Column:
        self._result.shortest, self._result.longest = self._low, self._high
        return super().finish()


class _Times(_Observed):
    def take(self, values: Any) -> None:
        if self._ask.distinct or self._ask.top:
            self.observe(values.cast(self._pa.string()))
        # Not as objects of Python, which has neither nanoseconds nor the year 10000.
        both = self._pc.min_max(values)
        low, high = both["min"], both["max"]
        if not low.is_valid:
            return
        units = [
            int(end.cast(self._pa.int32() if values.type.bit_width == 32 else self._pa.int64()).as_py())
            for end in (low, high)
        ]
        if self._low is None or units[0] < self._low[0]:
            self._low = units[0], low
        if self._high is None or units[1] > self._high[0]:
            self._high = units[1], high

    def _text(self, end: Any) -> str:
        """Return a time in the form of ISO 8601."""
        with contextlib.suppress(ValueError, OverflowError, self._pa.ArrowInvalid):
            if getattr(end.type, "unit", "") != "ns":
                return str(end.as_py().isoformat())
            if self._pa.types.is_timestamp(end.type):
                return str(self._pc.strftime(end, "%Y-%m-%dT%H:%M:%S").as_py())
            return str(end.cast(self._pa.string()).as_py())
        return f"{end.cast(self._pa.int64()).as_py()} {end.type.unit} since 1970"

    def finish(self) -> Column:
        if self._low is not None:
            self._result.min, self._result.max = self._text(self._low[1]), self._text(self._high[1])
        return super().finish()
