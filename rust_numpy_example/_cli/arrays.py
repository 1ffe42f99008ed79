"""Arrays in ``.npy`` and ``.npz`` files, in blocks and never unpickled.

The columns of an array are along its last axis; an array of one axis is one column, the fields
of a structured array are columns, and a complex number is two.
"""

from __future__ import annotations

import ast
import contextlib
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from rust_numpy_example._cli.report import Progress, reason
from rust_numpy_example._cli.source import BLOCK, Source
from rust_numpy_example._cli.table import Ask, Column, Table, other_columns
from rust_numpy_example.rust_numpy_example import _ArrayStats

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

#: The longest header that is read: room for several thousand fields.
LONGEST_HEADER = 1 << 20

#: Brackets in brackets in a header. No dtype needs that many, and the parser has its limits.
DEEPEST_HEADER = 64

#: The most elements of an array, lengths of zero left out: NumPy counts them in 64 bits.
MOST_ELEMENTS = 2**63 - 1

#: As many columns may a header tell of that has fewer bytes of data behind it: an array without rows, or one
#: that comes through a pipe.
FEW_COLUMNS = 1 << 18

#: How many bytes can be made of a compressed one at most.
DEFLATED = 1032

Read = Callable[[int], bytes]


class NpyReader:
    """The statistics of ``.npy`` files that are one table."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._found: _Columns | None = None
        self._order: Sequence[int] = ()
        #: Whether something comes after an array.
        self._has_more = False

    def take(self, source: Source) -> None:
        """Read an array."""
        progress = Progress(source.name, source.size)
        try:

            def read(count: int) -> bytes:
                progress.update(source.position())
                return source.read(count)

            array = _Array(read, source.size if source.is_plain else None, "")
            if self._found is None:
                select = self._ask.select
                self._order = range(len(array.names)) if select is None else select.indices(array.names)
                self._found = _Columns(array, set(self._order), self._ask)
            self._found.take(array)
            self._has_more |= bool(source.read(1))
        finally:
            progress.close()

    def again(self) -> bool:
        """End a pass over the arrays."""
        return self._found is not None and self._found.again()

    def finish(self) -> Table:
        """Return the table."""
        found = cast(_Columns, self._found)
        columns = found.finish()
        notes = found.notes()
        if self._has_more:
            notes.append("what comes after the array is left out: another one? (numpy.savez writes several)")
        return Table([columns[index] for index in self._order], found.rows, notes)


class NpzReader:
    """The statistics of the arrays in ``.npz`` files that are one table; a name selects a column or an array."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._names: list[str] | None = None
        self._order: Sequence[int] = ()
        #: For each array where its columns are among all, and what is known of them.
        self._arrays: dict[str, tuple[int, _Columns | None]] = {}
        self._failures: dict[str, str] = {}
        self._live: set[str] | None = None

    def take(self, source: Source) -> None:
        """Read an archive."""
        if not source.is_plain:
            raise ValueError("a zip archive can only be read from a file on disk, uncompressed")
        import zipfile

        progress = Progress(source.name, None)
        done = 0
        behind = DEFLATED * (source.size or 0)
        with zipfile.ZipFile(source.file) as archive, contextlib.closing(progress):
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            if not members:
                raise ValueError("a zip archive without an .npy member, expected .npz")

            def opened(member: ZipInfo, file: Any) -> _Array:
                def read(count: int) -> bytes:
                    nonlocal done
                    data = cast(bytes, file.read(count))
                    done += len(data)
                    progress.update(done)
                    return data

                return _Array(read, member.file_size, member.filename[: -len(".npy")], behind)

            if self._live is None:
                self._look(archive, members, opened)
            wanted = set(self._order)
            for member in members:
                name = member.filename
                if name not in self._arrays or (self._live is not None and name not in self._live):
                    continue
                start, found = self._arrays[name]
                try:
                    with archive.open(member) as file:
                        array = opened(member, file)
                        if found is None:
                            inner = {i - start for i in wanted if start <= i < start + len(array.names)}
                            if not inner:
                                continue
                            # Each array has a state of its own.
                            own = self._ask.but(keys=max(self._ask.keys // len(self._arrays), 64))
                            found = _Columns(array, inner, own)
                        found.take(array)
                        self._arrays[name] = start, found
                except Exception as error:
                    self._failures[name] = reason(error)
                    del self._arrays[name]

    def _look(self, archive: ZipFile, members: list[ZipInfo], opened: Any) -> None:
        """Find out what the columns are called, first: a selection may leave out an array."""
        names: list[str] = []
        arrays: dict[str, tuple[int, _Columns | None]] = {}
        failures: dict[str, str] = {}
        for member in members:
            try:
                with archive.open(member) as file:
                    inside = opened(member, file).names
            except Exception as error:
                failures[member.filename] = reason(error)
                continue
            arrays[member.filename] = len(names), None
            names += inside
        if not names and failures and len(members) == len(failures):
            name, why = next(iter(failures.items()))
            raise ValueError(
                f"{name}: {why}" + (f"; and {len(failures) - 1} more" if len(failures) > 1 else "")
            )
        if self._names is not None:
            if names != self._names:
                raise ValueError(other_columns(self._names, names))
            return
        self._names, self._arrays = names, arrays
        self._order = range(len(names)) if self._ask.select is None else self._ask.select.indices(names)
        if self._ask.select is None:
            # What is not asked for does not matter.
            self._failures = failures

    def again(self) -> bool:
        """End a pass over the archives."""
        self._live = {
            name for name, (_, found) in self._arrays.items() if found is not None and found.again()
        }
        return bool(self._live)

    def finish(self) -> Table:
        """Return the table."""
        failures = self._failures
        found: dict[int, Column] = {}
        notes: list[str] = []
        lengths = set()
        for start, inside in self._arrays.values():
            if inside is not None:
                columns = inside.finish()
                found.update((start + index, columns[index]) for index in inside.wanted)
                notes += inside.notes()
                lengths.add(inside.rows)
        if not found and failures:
            name, why = next(iter(failures.items()))
            raise ValueError(f"{name}: {why}")
        rows = lengths.pop() if len(lengths) == 1 else None
        table = Table([found[index] for index in self._order if index in found], rows, notes)
        table.failures = [f"{name}: {why}" for name, why in failures.items()]
        return table


class _Array:
    """An array in a file, of which the header has been read.

    It takes up ``size`` bytes, or so the file says, of which at most ``behind`` can be had.
    """

    def __init__(self, read: Read, size: int | None, name: str, behind: int | None = None) -> None:
        self._read = read
        header, self._dtype, shape, fortran = _header(read)
        dtype = self._dtype
        needed = math.prod(shape) * dtype.itemsize
        if size is not None and size < header + needed:
            raise ValueError(
                f"the header tells of {needed:,} bytes of data (shape {shape}, {dtype}), the file has"
                f" {size - header:,}"
            )
        most = max(FEW_COLUMNS, min(needed, (size if behind is None else behind) or 0))
        # Columns along the last axis.
        self._count = shape[-1] if len(shape) > 1 and dtype.names is None else 1
        if self._count * _count(dtype) > most:
            raise ValueError(f"the header tells of more than {most:,} columns (shape {shape}, {dtype})")
        self.parts = list(_parts(dtype, "", ()))
        if dtype.names is None:
            self.rows = math.prod(shape[:-1]) if len(shape) > 1 else math.prod(shape)
            is_one = name and len(shape) < 2
            numbered = [name] if is_one else [_numbered(name, index) for index in range(self._count)]
            self.names = [n + part.name for n in numbered for part in self.parts]
        else:
            self.rows = math.prod(shape)
            self.names = [f"{name}.{part.name}" if name else part.name for part in self.parts]
        self._fortran = fortran and len(shape) > 1 and dtype.names is None

    def blocks(self) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
        """Yield the elements in the order of the file, as (first column, rows x columns)."""
        return _blocks(self._read, self._dtype, self.rows, self._count, self._fortran)


class _Columns:
    """What is known of the columns of an array, or of arrays of which each has the next rows."""

    def __init__(self, array: _Array, wanted: set[int], ask: Ask) -> None:
        self.names, self.wanted, self.rows = array.names, wanted, 0
        self._parts = parts = array.parts
        self._levels = ask.levels if any(part.kind in ("integer", "float") for part in parts) else ()
        self._stats = _ArrayStats(
            array.names, **ask.options(histogram=ask.pictured(len(wanted)), quantiles=self._levels)
        )
        self._others = {
            index: _Other()
            for index in wanted
            if parts[index % len(parts)].kind not in ("integer", "float", "boolean")
        }
        self._overflows = 0
        self._live: set[int] | None = None

    def take(self, array: _Array) -> None:
        """Read an array."""
        parts = self._parts
        if array.names != self.names:
            raise ValueError(other_columns(self.names, array.names))
        for mine, other in zip(parts, array.parts):
            if mine.kind != other.kind:
                raise ValueError(f"the elements are {other.kind}, in the first file they are {mine.kind}")
        if self._live is None:
            self.rows += array.rows
        for first, block in array.blocks():
            for place, part in enumerate(array.parts):
                if part.kind in ("integer", "float", "boolean"):
                    self._take_numbers(part.take(block), first, place)
                elif self._live is None:
                    for offset in range(block.shape[1]):
                        index = (first + offset) * len(parts) + place
                        if index in self._others:
                            self._others[index].update(part.take(block[:, offset]))

    def _take_numbers(self, values: Any, first: int, place: int) -> None:
        parts = self._parts
        if values.dtype.itemsize > 8:
            with np.errstate(over="ignore"):
                wide, values = values, values.astype(np.float64)
            if self._live is None:
                self._overflows += int(np.count_nonzero(np.isinf(values) & ~np.isinf(wide)))
        elif values.dtype.kind in "bf":
            values = np.asarray(values, np.float64)
        if len(parts) == 1:
            self._stats.update(values, first)
            return
        # A complex array: the parts of a number are neighbours.
        for offset in range(values.shape[1]):
            index = (first + offset) * len(parts) + place
            if self._live is None or index in self._live:
                self._stats.update(values[:, offset : offset + 1], index)

    def again(self) -> bool:
        """End a pass; return whether the arrays have to be read again, for the quantiles."""
        self._live = set(self._stats.again())
        return any(index in self.wanted and self._has_quantiles(index) for index in self._live)

    def _has_quantiles(self, index: int) -> bool:
        return self._parts[index % len(self._parts)].kind in ("integer", "float")

    def finish(self) -> list[Column]:
        """Return the columns, complete where they are wanted."""
        parts = self._parts
        columns: list[Column] = []
        rest = self._stats.finish(take=True)
        rest.reverse()
        while rest:
            # What was taken is let go: there may be a million columns.
            kind = parts[len(columns) % len(parts)].kind
            columns.append(Column.of(rest.pop(), kind, self._levels))
        for index, other in self._others.items():
            columns[index] = other.column(self.names[index], parts[index % len(parts)].kind)
        return columns

    def notes(self) -> list[str]:
        """Return what is worth knowing."""
        if not self._overflows:
            return []
        return [f"{self._overflows} numbers are beyond the range of float64 and were taken as infinity"]


class _Other:
    """What is known of a column that does not hold numbers."""

    def __init__(self) -> None:
        self.count = self.missing = 0
        self.low: Any = None
        self.high: Any = None

    def update(self, values: np.ndarray[Any, Any]) -> None:
        """Take in some elements."""
        if values.dtype.kind in "Mm":
            is_missing = np.isnat(values)
            self.missing += int(np.count_nonzero(is_missing))
            values = values[~is_missing]
            measures = values
        elif values.dtype.kind in "SU":
            measures = np.char.str_len(values)
        else:
            measures = values[:0]
        self.count += len(values)
        if measures.size:
            low, high = measures.min(), measures.max()
            self.low = low if self.low is None or low < self.low else self.low
            self.high = high if self.high is None or high > self.high else self.high

    def column(self, name: str, kind: str) -> Column:
        """Return the column."""
        column = Column(name, kind, self.count, self.missing)
        if self.low is not None:
            if kind == "text":
                column.shortest, column.longest = int(self.low), int(self.high)
            else:
                column.min, column.max = str(self.low), str(self.high)
        return column


def _numbered(name: str, index: int) -> str:
    return f"{name}[{index}]" if name else f"column {index + 1}"


class _Part(NamedTuple):
    """A column in an element: its name, how to take it, and what is in it."""

    name: str
    take: Callable[..., Any]
    kind: str


#: What is in a column, by the kind of its dtype.
KINDS = {
    "b": "boolean",
    "i": "integer",
    "u": "integer",
    "f": "float",
    "S": "text",
    "U": "text",
    "m": "duration",
}


def _count(dtype: np.dtype[Any]) -> int:
    """Return how many columns an element has, without a look at each."""
    if dtype.names is not None:
        return sum(_count(dtype[field]) for field in dtype.names)
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return math.prod(shape) * _count(base)
    return 2 if dtype.kind == "c" else 1


def _parts(dtype: np.dtype[Any], name: str, path: tuple[Any, ...]) -> Iterator[_Part]:
    """Yield the columns in an element."""

    def take(block: Any) -> Any:
        for key in path:
            block = block[key]
        return block

    if dtype.names is not None:
        for field in dtype.names:
            yield from _parts(dtype[field], f"{name}.{field}" if name else field, (*path, field))
    elif dtype.subdtype is not None:
        base, shape = dtype.subdtype
        while base.subdtype is not None:
            # Arrays of arrays: NumPy has the axes of both, the outer ones first.
            base, more = base.subdtype
            shape += more
        # Nothing times millions is nothing, and is not to be counted up to.
        for index in np.ndindex(shape if math.prod(shape) else (0,)):
            inner = ",".join(map(str, index))
            yield from _parts(base, f"{name}[{inner}]", (*path, (..., *index)))
    elif dtype.kind == "c":
        yield _Part(f"{name}.real" if name else ".real", lambda block: take(block).real, "float")
        yield _Part(f"{name}.imag" if name else ".imag", lambda block: take(block).imag, "float")
    elif dtype.kind == "M":
        is_date = np.datetime_data(dtype)[0] in ("Y", "M", "W", "D")
        yield _Part(name, take, "date" if is_date else "timestamp")
    else:
        yield _Part(name, take, KINDS.get(dtype.kind, dtype.name))


def _blocks(
    read: Read, dtype: np.dtype[Any], rows: int, count: int, fortran: bool
) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """Yield the elements in the order of the file, as (first column, rows x columns)."""
    outer, inner = (count, rows) if fortran else (rows, count)
    if not outer * inner:
        return
    if dtype.itemsize == 0:
        raise ValueError(f"elements of dtype {dtype} take up no space")
    per_block = max(1, BLOCK // dtype.itemsize)
    for start in range(0, outer, step := max(1, per_block // inner)):
        lines = min(step, outer - start)
        for offset in range(0, inner, per_block):
            length = min(per_block, inner - offset)
            data = read(lines * length * dtype.itemsize)
            if len(data) < lines * length * dtype.itemsize:
                raise ValueError("the data ends too early: the file is truncated")
            block = np.frombuffer(data, dtype, lines * length).reshape(lines, length)
            yield (start, block.T) if fortran else (offset, block)


def _header(read: Read) -> tuple[int, np.dtype[Any], tuple[int, ...], bool]:
    """Return the length of the header, and what it says: dtype, shape, Fortran order."""
    start = read(8)
    version = tuple(start[6:8])
    if len(start) < 8:
        raise ValueError("the header ends too early: the file is truncated")
    if not start.startswith(b"\x93NUMPY"):
        raise ValueError("not an .npy file")
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"an .npy file of version {'.'.join(map(str, version))}, expected 1.0, 2.0 or 3.0")
    form = "<H" if version == (1, 0) else "<I"
    try:
        (length,) = struct.unpack(form, read(struct.calcsize(form)))
    except struct.error:
        raise ValueError("the header ends too early: the file is truncated") from None
    if length > LONGEST_HEADER:
        raise ValueError(f"the header has {length:,} bytes, expected at most {LONGEST_HEADER:,}")
    data = read(length)
    if len(data) < length:
        raise ValueError("the header ends too early: the file is truncated")
    try:
        dtype, shape, fortran = _parse_header(data.decode("utf-8" if version == (3, 0) else "latin-1"))
    except Exception as error:
        raise ValueError(f"the header cannot be understood: {error}") from None
    if dtype.hasobject:
        raise ValueError(
            "the array holds Python objects (pickled), which are not read: they can run any code"
        )
    return 8 + struct.calcsize(form) + length, dtype, shape, fortran


def _parse_header(text: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST_HEADER:
        raise ValueError(f"brackets are nested {deepest} deep")
    header = ast.literal_eval(text.strip())
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise ValueError("expected a dictionary of 'descr', 'fortran_order' and 'shape'")
    shape, fortran = header["shape"], header["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"shape is {shape!r}, expected a tuple of lengths")
    if math.prod(filter(None, shape)) > MOST_ELEMENTS:
        raise ValueError(f"shape is {shape!r}, which is larger than any array")
    if type(fortran) is not bool:
        raise ValueError(f"fortran_order is {fortran!r}, expected True or False")
    dtype = np.lib.format.descr_to_dtype(header["descr"])
    if dtype.subdtype is not None:
        raise ValueError(f"elements that are arrays ({header['descr']!r}), which NumPy writes as more axes")
    return dtype, shape, fortran
