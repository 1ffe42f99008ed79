"""Rows of Parquet and Arrow that go on as text: those of groups, and those with weights.

There is one reader of groups and of weights, that of text. A float64 written with all its digits is the same when it is read.
"""

from __future__ import annotations

import contextlib
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, cast

import numpy as np

from rust_numpy_example._cli.arrow import Found, decoded, unknown_types
from rust_numpy_example._cli.parquet import Reader
from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import Source, shown
from rust_numpy_example._cli.table import NUMBERS, Ask, Column, Table
from rust_numpy_example._cli.text import ONLY_WEIGHT
from rust_numpy_example.rust_numpy_example import _TableStats

#: What is wrong with a row.
WHY = "the weight is not a number from 0 on"

#: Takes what is left out: file, row, column and reason.
Reject = Callable[[str, int, int, str], None]


class _AsText(Reader, ABC):
    """What hands some columns on to a reader of text."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask)
        import_module("pyarrow.csv")
        self._stats: _TableStats | None = None
        #: The columns that are read besides those that are shown.
        self._besides: list[int] = []

    def take(self, source: Source) -> None:
        """Read a file."""
        opened = self.open(source)
        if self._stats is None:
            self._begin(opened.schema)
            self._stats = self._begin_text()
            self._notes = unknown_types(opened.schema, [*self._besides, *self._columns])
        places = self._places(list(opened.schema.names), opened.schema)
        wanted = [*self._besides, *self._columns]
        done = 0
        with contextlib.closing(Progress(source.name, source.size)) as progress:
            for length, batch in opened.batches(sorted({places[index] for index in wanted})):
                by_place = dict(batch)
                self._take_rows(source, done, {index: by_place[places[index]] for index in wanted})
                done += length
                progress.update(opened.position(source, done))

    @abstractmethod
    def _begin_text(self) -> _TableStats:
        """Return what reads the text."""

    @abstractmethod
    def _take_rows(self, source: Source, before: int, columns: dict[int, Any]) -> None:
        """Take some rows, before which there were so many of the file."""

    def _is_number(self, index: int) -> bool:
        types, type_ = self.pa.types, self._types[index]
        return bool(types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_))

    def _feed(self, columns: Sequence[Any]) -> None:
        """Hand on columns as text."""
        text = io.BytesIO()
        # The names do not matter here, but have to differ.
        block = self.pa.table([self._written(values) for values in columns], [*map(str, range(len(columns)))])
        self.pa.csv.write_csv(block, text, self.pa.csv.WriteOptions(include_header=False))
        cast(_TableStats, self._stats).feed(text.getvalue())

    def _written(self, values: Any) -> Any:
        """Return a column as one that can be written as text, and read as the same."""
        values = decoded(self.pa, values)
        return values.cast(self.pa.float64()) if self.pa.types.is_floating(values.type) else values


class GroupReader(_AsText):
    """The statistics of groups of the rows of files that are one table."""

    def _begin_text(self) -> _TableStats:
        names, ask = self._names, self._ask
        self._besides = ask.by.indices(names)
        for index in self._besides:
            self._check_key(index)
        shown = [i for i in self._columns if self._is_number(i) and i not in self._besides]
        self._columns = {index: self._columns[index] for index in shown}
        by = list(range(len(self._besides)))
        stats = _TableStats(",", None, True, quantiles=ask.levels, keys=ask.keys, by=by)
        wanted = [names[index] for index in (*self._besides, *self._columns)]
        heading = ",".join('"' + name.replace('"', '""') + '"' for name in wanted)
        stats.feed(f"{heading}\n".encode())
        return stats

    def _check_key(self, index: int) -> None:
        type_ = self._types[index]
        try:
            empty = self.pa.table([self._written(self.pa.nulls(1, type_))], ["0"])
            self.pa.csv.write_csv(empty, io.BytesIO())
        except self.pa.ArrowException:
            raise ValueError(
                f"--group takes columns of text, numbers, booleans, dates and times, '{self._names[index]}' is {type_}"
            ) from None

    def _take_rows(self, source: Source, before: int, columns: dict[int, Any]) -> None:
        self._feed([*columns.values()])

    def again(self) -> bool:
        """End a pass over the files: there is no other."""
        return False

    def finish(self) -> Table:
        """Return the table."""
        from rust_numpy_example._cli import groups

        stats = cast(_TableStats, self._stats)
        stats.finish()
        by = [self._names[index] for index in self._besides]
        return groups.table(stats, by, self._ask, None, self._notes)


class WeightReader(_AsText):
    """The statistics of files that are one table, whose rows have weights.

    Of what has no mean, a weight only says whether a row counts: such columns are read as they are without weights.
    """

    def __init__(self, ask: Ask, reject: Reject | None) -> None:
        super().__init__(ask)
        self._reject, self._rejected = reject, 0
        self._numbers: list[int] = []
        self._found: dict[int, Any] = {}
        self._is_later = False

    def _begin_text(self) -> _TableStats:
        names, ask = self._names, self._ask
        weight = ask.weight.index(names, "--weight")
        if not self._is_number(weight):
            raise ValueError(
                f"--weight takes a column of numbers, '{names[weight]}' is {self._types[weight]}"
            )
        self._besides = [weight]
        self._order = [index for index in self._order if index != weight]
        if not self._order and ask.select is not None:
            raise ValueError(ONLY_WEIGHT)
        self._columns.pop(weight, None)
        kinds = {index: self._columns[index].kind for index in self._order if index not in self._failures}
        self._numbers = [index for index, kind in kinds.items() if kind in NUMBERS]
        stats = _TableStats(",", None, True, weight=0, **ask.options(top=0, histogram=False))
        stats.feed(self._heading())
        return stats

    def _heading(self) -> bytes:
        # What they are called does not matter here.
        return ",".join(map(str, range(len(self._numbers) + 1))).encode() + b"\n"

    def _take_rows(self, source: Source, before: int, columns: dict[int, Any]) -> None:
        pa = self.pa
        (weight,) = self._besides
        columns = {index: self._decoded(index, values) for index, values in columns.items()}
        weights = columns.pop(weight)
        weights = np.asarray(weights.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)
        is_weight = (weights >= 0) & (weights < np.inf)
        if not is_weight.all():
            self._refuse(source, before, np.flatnonzero(~is_weight).tolist(), weight)
            kept = pa.array(is_weight)
            weights, columns = weights[is_weight], {i: values.filter(kept) for i, values in columns.items()}
        self._feed([pa.array(weights), *(columns[index] for index in self._numbers)])
        if not self._is_later:
            counts = pa.array(weights > 0)
            for index in columns.keys() - set(self._numbers):
                self._update(index, columns[index].filter(counts))

    def _decoded(self, index: int, values: Any) -> Any:
        """Return a column as one that pyarrow can take rows from."""
        if index in self._columns and type(self._columns[index]) is Found:
            # Of these only matters what is missing, and of some of them pyarrow takes no rows.
            return self.pa.array(np.ones(len(values), bool), mask=np.asarray(values.is_null()))
        return decoded(self.pa, values)

    def _refuse(self, source: Source, before: int, rows: list[int], column: int) -> None:
        if self._reject is None:
            raise ValueError(f"row {before + rows[0] + 1}: {WHY} (--on-error skip leaves such rows out)")
        if not self._is_later:
            self._rejected += len(rows)
            for row in rows:
                self._reject(shown(source.name), before + row + 1, column + 1, WHY)

    def again(self) -> bool:
        """End a pass over the files."""
        stats = cast(_TableStats, self._stats)
        self._is_later = True
        stats.end_text()
        if is_incomplete := stats.again():
            stats.feed(self._heading())
        return is_incomplete

    def finish(self) -> Table:
        """Return the table."""
        stats = cast(_TableStats, self._stats)
        self._found = dict(zip(self._numbers, stats.finish(take=True)))
        self._rows = stats.rows
        table = super().finish()
        if self._rejected:
            were = "row was" if self._rejected == 1 else "rows were"
            table.notes.append(f"{self._rejected} {were} left out: {WHY}")
        return table

    def _finished(self, index: int) -> Column:
        if index not in self._found:
            return super()._finished(index)
        column = Column.of(self._found[index], self._columns[index].kind, self._ask.levels)
        column.name = self._names[index]
        return column
