"""Parquet files, a batch of rows at a time. Needs pyarrow, the extra ``cli``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from rust_numpy_example._cli import wide
from rust_numpy_example._cli.arrow import Found, column_of, unknown_types
from rust_numpy_example._cli.report import Progress, reason
from rust_numpy_example._cli.source import Source
from rust_numpy_example._cli.table import Ask, Column, Table, other_columns

#: Rows decoded at a time.
BATCH = 1 << 16


#: The length of some rows, and the columns that are wanted, by their index.
Batch = tuple[int, list[tuple[int, Any]]]


class Opened(NamedTuple):
    """What is in a file."""

    schema: Any
    #: Its rows, if they are known.
    rows: int | None
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
            self.pa, self._module = import_module("pyarrow"), import_module(self.MODULE)
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
        self._notes: list[str] = []
        self._rows = 0
        #: The columns that are read again, if any are.
        self._live: list[int] | None = None

    def open(self, source: Source) -> Opened:
        """Return what is in a file."""
        if not source.is_plain:
            raise ValueError("Parquet can only be read from a file on disk, uncompressed")
        source.file.seek(0)
        pa = self.pa
        file, signed = _opened(pa, self._module, source)
        names = list(file.schema_arrow.names)
        return Opened(
            wide.schema_of(pa, file.schema_arrow, signed),
            file.metadata.num_rows,
            lambda wanted: wide.decimals(pa, _batches(file, names, wanted), signed),
        )

    def take(self, source: Source) -> None:
        """Read a file."""
        opened = self.open(source)
        names = list(opened.schema.names)
        if not self._columns:
            self._begin(opened.schema)
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

    def _begin(self, schema: Any) -> None:
        names, pa, ask = list(schema.names), self.pa, self._ask
        self._order = range(len(names)) if ask.select is None else ask.select.indices(names)
        # Each column has a state of its own.
        count = len(self._order)
        own = ask.but(keys=max(ask.keys // max(count, 1), 64), histogram=ask.pictured(count))
        self._names = names
        self._types = [schema.field(index).type for index in range(len(names))]
        self._notes = unknown_types(schema, self._order)
        self._columns = {index: column_of(pa, names[index], self._types[index], own) for index in self._order}

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
        table = Table(found, self._rows, self._notes)
        table.failures = [f"column '{self._names[index]}': {why}" for index, why in failures.items()]
        if failures and not found:
            raise ValueError(table.failures[0])
        return table

    def _finished(self, index: int) -> Column:
        return self._columns[index].finish()


def _opened(pa: Any, pq: Any, source: Source) -> tuple[Any, dict[int, bool]]:
    """Open the file; also return its columns of integers of 128 bits, and if signed."""
    try:
        return pq.ParquetFile(source.file), {}
    except pa.ArrowNotImplementedError:
        file, signed = wide.in_parquet(source.file)
        return pq.ParquetFile(file), signed


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
