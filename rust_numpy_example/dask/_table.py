"""Statistics of the columns of files: a state a range of bytes, or a few row groups, merged.

A line feed within quotes does not end a row, and whether one is within depends on all that stands before it.
So where the ranges of a text meet is a guess: the first line feed. A range that was cut within
quotes ends with one open; then the merge with the next one reads both again, together. The first range
of a file begins where it says, so, one after the other, all of them do: the result is exact for every
text, and a wrong guess costs time only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from dask.utils import parse_bytes

import rust_numpy_example as rne
from rust_numpy_example import Stats
from rust_numpy_example.dask._cancel import stop_if_cancelled
from rust_numpy_example.dask._files import Range, cut, files, suffix
from rust_numpy_example.dask._tree import fan_in, merge_tree, task
from rust_numpy_example.rust_numpy_example import _TableStats

_TEXT = (".csv", ".tsv", ".tab")
_PARQUET = (".parquet", ".pq")

#: The longest first row.
_LONGEST = 64 << 20

#: Rows decoded at a time.
_BATCH = 1 << 16


@dataclass(frozen=True)
class Column:
    """A column and its statistics."""

    name: str
    #: "number", "text", or the name of another type.
    kind: str
    #: How many values there are.
    count: int
    #: How many are missing.
    missing: int
    #: Of the numbers; that of none where ``kind`` is not "number".
    stats: Stats = field(default_factory=Stats)

    def to_dict(self) -> dict[str, Any]:
        """Return the column as JSON has it."""
        numbers = {key: getattr(self.stats, key) for key in ("mean", "std", "min", "max")}
        return {"name": self.name, "count": self.count, "missing": self.missing, **numbers, "kind": self.kind}


@dataclass(frozen=True)
class Table:
    """The columns of files that make one table."""

    columns: tuple[Column, ...]
    rows: int

    def __getitem__(self, name: str) -> Column:
        """Return the first column of a name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as the command ``stats --json`` prints it."""
        return {"rows": self.rows, "columns": [column.to_dict() for column in self.columns]}


def table_stats(
    paths: Any,
    *,
    select: Sequence[str] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    workers: int | None = 1,
    blocksize: int | str | None = "64MiB",
    split_every: int = 8,
    storage_options: dict[str, Any] | None = None,
) -> Any:
    """Statistics of every column of CSV or Parquet files, taken as one table.

    Parameters
    ----------
    paths : path or list of paths
        Files, patterns, or folders of ``.csv``, ``.tsv`` or ``.parquet`` files; whatever fsspec can open. Text may be
        compressed; it is then read by one task a file.
    select : sequence of str, optional
        Only these columns, in this order.
    delimiter : str, optional
        Between fields of text; by default a comma, or what the suffix ``.tsv`` says.
    header : bool, optional
        Whether the first row of text holds names; by default unless all of it are numbers. Each file has the
        same one.
    workers : int, optional
        Threads of a task.
    blocksize : int, str or None, optional
        Bytes that a task reads, of Parquet at least a row group; None is a whole file.
    split_every : int, optional
        How many results are merged by a task.
    storage_options : dict, optional
        For fsspec.

    Returns
    -------
    dask.delayed.Delayed
        Of a :class:`Table`: that of the command ``stats`` for all the files in one.

    Raises
    ------
    ValueError
        At the call: if an argument is wrong, or a first row cannot be read. When it is computed: as the
        command, with the name of the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import rust_numpy_example.dask as rnd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for year in (1, 2):
    ...         _ = pathlib.Path(folder, f"{year}.csv").write_text(f"year,x\\n{year},0.5\\n{year},1.5\\n")
    ...     table = rnd.table_stats(folder).compute()
    >>> table.rows, table["x"].stats.mean
    (4, 1.0)
    """
    split_every = fan_in("table_stats", split_every)
    rne.compute_stats(0, workers=workers)
    names = None if select is None else list(select)
    found = files("table_stats", paths, _TEXT + _PARQUET, b"\n", storage_options)
    kinds = {_is_parquet(whole) for whole, _ in found}
    if len(kinds) > 1:
        raise ValueError("table_stats: argument paths, got text and Parquet files, expected one kind")
    finish = partial(_table, select=names)
    if kinds == {True}:
        parts = [
            task("table_stats-parquet", _parquet, whole, groups, select=names, workers=workers)
            for whole, size in found
            for groups in _row_groups(whole, size, blocksize)
        ]
        return merge_tree("table_stats", _merged_tables, parts, split_every, finish)
    layout = _layout(found, delimiter, header, names)
    parts = [
        _text(cut("table_stats", whole, size, blocksize), layout, workers, split_every)
        for whole, size in found
    ]
    return merge_tree("table_stats", _merged_tables, parts, split_every, finish)


# --- what is merged


@dataclass(frozen=True)
class _Column:
    """What is known of a column of a part."""

    name: str
    numbers: int
    texts: int
    missing: int
    stats: Stats
    #: Of a column that holds no numbers.
    kind: str | None = None

    def merge(self, other: _Column) -> _Column:
        return _Column(
            self.name,
            self.numbers + other.numbers,
            self.texts + other.texts,
            self.missing + other.missing,
            self.stats.merge(other.stats),
            self.kind,
        )


@dataclass(frozen=True)
class _Rows:
    """What is known of some rows; ``columns`` is empty if there are none."""

    rows: int = 0
    columns: tuple[_Column, ...] = ()
    #: For errors.
    file: str = ""

    def merge(self, other: _Rows) -> _Rows:
        if not self.columns or not other.columns:
            return other if not self.columns else self
        mine, theirs = ([(column.name, column.kind) for column in rows.columns] for rows in (self, other))
        if mine != theirs:
            raise ValueError(
                f"table_stats: file '{other.file}' has the columns {_shown(theirs)}, expected {_shown(mine)}"
            )
        columns = tuple(column.merge(more) for column, more in zip(self.columns, other.columns))
        return _Rows(self.rows + other.rows, columns, self.file)


def _shown(columns: list[tuple[str, str | None]]) -> str:
    shown = [repr(name) if kind is None else f"{name!r} ({kind})" for name, kind in columns[:10]]
    return ", ".join(shown) + (", …" if len(columns) > 10 else "")


def _merged_tables(parts: list[_Rows]) -> _Rows:
    merged = _Rows()
    for part in parts:
        merged = merged.merge(part)
    return merged


def _table(rows: _Rows, select: list[str] | None) -> Table:
    columns = []
    for column in rows.columns:
        if column.kind is None and not column.texts:
            columns.append(Column(column.name, "number", column.numbers, column.missing, column.stats))
        else:
            kind = column.kind or "text"
            columns.append(Column(column.name, kind, column.numbers + column.texts, column.missing))
    if select is not None:
        columns = [column for name in dict.fromkeys(select) for column in columns if column.name == name]
    return Table(tuple(columns), rows.rows)


# --- text


@dataclass(frozen=True)
class _Layout:
    """What the first row of the first file says of all."""

    delimiter: str
    #: The indices of the columns to keep.
    select: list[int] | None
    #: The names, if each file has a row of them.
    names: tuple[str, ...] | None
    #: A row of names for what does not begin with one.
    heading: bytes


@dataclass(frozen=True)
class _Part:
    """Some ranges of a file: the rows that are certain to be right, and where reading has to go on."""

    rows: _Rows
    #: What could not be read by itself.
    unread: Range | None
    #: Where the part ends.
    stop: int | None


def _text(ranges: list[Range], layout: _Layout, workers: int | None, split_every: int) -> Any:
    """Return the ``Delayed`` of the rows of a file."""
    read = [task("table_stats-text", _range, part, layout=layout, workers=workers) for part in ranges]
    return merge_tree(
        "table_stats-file",
        partial(_joined, layout=layout, workers=workers),
        read,
        split_every,
        partial(_complete, layout=layout),
    )


def _is_parquet(whole: Range) -> bool:
    if suffix(whole) in _TEXT + _PARQUET:
        return suffix(whole) in _PARQUET
    with whole.open() as file:
        return file.read(4) == b"PAR1"


def _layout(
    found: list[tuple[Range, int]], delimiter: str | None, header: bool | None, select: list[str] | None
) -> _Layout:
    first = next((whole for whole, size in found if size), found[0][0])
    if delimiter is None:
        delimiter = "\t" if suffix(first) in (".tsv", ".tab") else ","
    names, named = _first_row(first, delimiter, header)
    for name in select or ():
        if name not in names:
            shown = _shown([(known, None) for known in names])
            raise ValueError(f"table_stats: no column '{name}', there are {shown}")
    indices = None if select is None else [index for index, name in enumerate(names) if name in set(select)]
    return _Layout(delimiter, indices, tuple(names) if named else None, _row(names, delimiter))


def _row(names: Sequence[str], delimiter: str) -> bytes:
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    return (delimiter.join(quoted) + "\n").encode()


def _first_row(whole: Range, delimiter: str, header: bool | None) -> tuple[list[str], bool]:
    """Return the names of the columns, and whether they are in the first row."""
    _TableStats(delimiter, None, header)
    with whole.open() as file:
        head = file.read(1 << 16)
        while True:
            end = -1
            while (end := head.find(b"\n", end + 1)) >= 0:
                stats = _TableStats(delimiter, None, header)
                try:
                    stats.feed(head[: end + 1], workers=1)
                    return [column.name for column in stats.finish(workers=1)], stats.named
                except ValueError:
                    # An empty line, or a line feed within quotes.
                    continue
            more = file.read(len(head)) if len(head) < _LONGEST else b""
            if not more:
                break
            head += more
    stats = _TableStats(delimiter, None, header)
    try:
        stats.feed(head, workers=1)
        return [column.name for column in stats.finish(workers=1)], stats.named
    except ValueError as error:
        raise ValueError(f"table_stats: file '{whole.name}': {error}") from None


def _range(part: Range, layout: _Layout, workers: int | None) -> _Part:
    """Read a range; where that fails, leave it to who knows what stands before."""
    if part.start == 0 and layout.names is not None:
        _check_names(part, layout)
    try:
        return _Part(_read(part, layout, workers), None, part.stop)
    except ValueError:
        if part.start == 0 and part.stop is None:
            raise
        return _Part(_Rows(), part, part.stop)


def _read(part: Range, layout: _Layout, workers: int | None) -> _Rows:
    stats = _TableStats(layout.delimiter, layout.select, True)
    if part.start > 0 or layout.names is None:
        stats.feed(layout.heading, workers=workers)
    empty = part.start == 0
    try:
        for data in part.pieces():
            empty = False
            stats.feed(data, workers=workers)
        if empty:
            return _Rows()
        columns = stats.finish(workers=workers)
    except ValueError as error:
        raise ValueError(f"table_stats: file '{part.name}': {error}") from None
    found = (_Column(c.name, c.numbers, c.texts, c.missing, c.stats) for c in columns)
    return _Rows(stats.rows, tuple(found), part.name)


def _check_names(part: Range, layout: _Layout) -> None:
    with part.open() as file:
        if not file.read(1):
            return
    names, _ = _first_row(part, layout.delimiter, True)
    if tuple(names) != layout.names:
        got, expected = (_shown([(name, None) for name in some]) for some in (names, layout.names or ()))
        raise ValueError(f"table_stats: file '{part.name}' has the columns {got}, expected {expected}")


def _joined(parts: list[_Part], layout: _Layout, workers: int | None) -> _Part:
    joined = parts[0]
    for part in parts[1:]:
        if joined.unread is None:
            joined = _Part(joined.rows.merge(part.rows), part.unread, part.stop)
        else:
            # All of the next part is read again, too: it may have begun within quotes.
            again = _range(joined.unread.until(part.stop), layout, workers)
            joined = _Part(joined.rows.merge(again.rows), again.unread, part.stop)
    return joined


def _complete(part: _Part, layout: _Layout) -> _Rows:
    """Return the rows of a file; what could not be read then is wrong, and the whole file says where."""
    if part.unread is not None:
        _read(part.unread.whole(), layout, 1)
        raise ValueError(f"table_stats: file '{part.unread.name}' has changed while it was read")
    return part.rows


# --- Parquet


def _row_groups(whole: Range, size: int, blocksize: Any) -> list[tuple[int, ...] | None]:
    """Return the row groups of each task; None: all. Only large files are looked into."""
    limit = size if blocksize is None else parse_bytes(blocksize)
    if size <= limit:
        return [None]
    with whole.open() as file, _pyarrow("pyarrow.parquet").ParquetFile(file) as parquet:
        metadata = parquet.metadata
        sizes = [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]
    tasks: list[list[int]] = [[]]
    taken = 0
    for index, bytes_ in enumerate(sizes):
        if tasks[-1] and taken + bytes_ > limit:
            tasks.append([])
            taken = 0
        tasks[-1].append(index)
        taken += bytes_
    return [tuple(groups) for groups in tasks]


def _pyarrow(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"table_stats: Parquet needs pyarrow ({error}): pip install 'rust_numpy_example[cli]'"
        ) from error


def _parquet(
    whole: Range, groups: tuple[int, ...] | None, select: list[str] | None, workers: int | None
) -> _Rows:
    pa, pq = _pyarrow("pyarrow"), _pyarrow("pyarrow.parquet")
    with whole.open() as file, pq.ParquetFile(file) as parquet:
        schema = parquet.schema_arrow
        for name in select or ():
            if name not in schema.names:
                shown = _shown([(known, None) for known in schema.names])
                raise ValueError(f"table_stats: file '{whole.name}': no column '{name}', there are {shown}")
        wanted = schema.names if select is None else [name for name in schema.names if name in set(select)]
        kinds = {name: _kind(pa, schema.field(name).type) for name in wanted}
        rows = 0
        missing = dict.fromkeys(wanted, 0)
        stats = {name: Stats() for name in wanted}
        which = range(parquet.metadata.num_row_groups) if groups is None else groups
        for batch in parquet.iter_batches(_BATCH, row_groups=list(which), columns=wanted):
            stop_if_cancelled()
            rows += batch.num_rows
            for name, values in zip(batch.schema.names, batch.columns):
                if kinds[name] is not None:
                    missing[name] += values.null_count
                    continue
                found = rne.compute_stats(_numbers(pa, values), nan_policy="omit", workers=workers)
                missing[name] += len(values) - found.count
                stats[name] = stats[name].merge(found)
    columns = (
        _Column(name, rows - missing[name], 0, missing[name], stats[name], kinds[name]) for name in wanted
    )
    return _Rows(rows, tuple(columns), whole.name)


def _numbers(pa: Any, values: Any) -> Any:
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64(), safe=False)
    return np.asarray(values.drop_null().to_numpy(zero_copy_only=False))


def _kind(pa: Any, type_: Any) -> str | None:
    """Return what a column is that holds no numbers; None if it does."""
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if any(check(type_) for check in checks):
        return None
    return "text" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else str(type_)
