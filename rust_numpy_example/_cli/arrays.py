"""Arrays in ``.npy`` and ``.npz`` files, in blocks and never unpickled.

The columns of an array are along its last axis; an array of one axis is one column, the fields
of a structured array are columns, and a complex number is two.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import BLOCK, Source
from rust_numpy_example._cli.table import Column, Table, selected, unknown
from rust_numpy_example.rust_numpy_example import _ArrayStats

#: The longest header that is read: room for several thousand fields.
LONGEST_HEADER = 1 << 20

#: Brackets in brackets in a header. No dtype needs that many, and the parser has its limits.
DEEPEST_HEADER = 64

#: As many columns may a header tell of that has fewer bytes of data behind it: an array without rows, or one
#: that comes through a pipe.
FEW_COLUMNS = 1 << 18

#: How many bytes can be made of a compressed one at most.
DEFLATED = 1032

Read = Callable[[int], bytes]


def read_npy(source: Source, select: Sequence[str] | None) -> Table:
    """Return the statistics of an ``.npy`` file."""
    progress = Progress(source.name, source.size)
    try:

        def read(count: int) -> bytes:
            progress.update(source.position())
            return source.read(count)

        columns, rows = _array(read, source.size if source.is_plain else None, "")
        return Table(selected(columns, select), rows)
    finally:
        progress.close()


def read_npz(source: Source, select: Sequence[str] | None) -> Table:
    """Return the statistics of the arrays in an ``.npz`` file; a name selects a column or an array."""
    if not source.is_plain:
        raise ValueError("a zip archive can only be read from a file on disk, uncompressed")
    progress = Progress(source.name, None)
    columns: list[Column] = []
    lengths = set()
    done = 0
    with zipfile.ZipFile(source.name) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if not members:
            raise ValueError("a zip archive without an .npy member, expected .npz")
        for member in members:
            name = member.filename[: -len(".npy")]
            with archive.open(member) as file, contextlib.closing(progress):

                def read(count: int) -> bytes:
                    nonlocal done
                    data = file.read(count)
                    done += len(data)
                    progress.update(done)
                    return data

                try:
                    found, rows = _array(read, member.file_size, name, DEFLATED * (source.size or 0))
                except ValueError as error:
                    raise ValueError(f"{member.filename}: {error}") from None
                columns += found
                lengths.add(rows)
    if select is not None:
        # The name of an array stands for all its columns.
        names: dict[str, None] = {}
        for wanted in select:
            inside = [
                c.name for c in columns if c.name == wanted or c.name.startswith((f"{wanted}[", f"{wanted}."))
            ]
            if not inside:
                unknown(wanted, (column.name for column in columns))
            names.update(dict.fromkeys(inside))
        columns = selected(columns, list(names))
    return Table(columns, lengths.pop() if len(lengths) == 1 else None)


def _array(read: Read, size: int | None, name: str, behind: int | None = None) -> tuple[list[Column], int]:
    """Return the columns of an array and how many rows it has.

    It takes up ``size`` bytes, or so the file says, of which at most ``behind`` can be had.
    """
    header, dtype, shape, fortran = _header(read)
    needed = math.prod(shape) * dtype.itemsize
    if size is not None and size < header + needed:
        raise ValueError(
            f"the header tells of {needed:,} bytes of data (shape {shape}, {dtype}), the file has {size - header:,}"
        )
    most = max(FEW_COLUMNS, min(needed, (size if behind is None else behind) or 0))
    parts = list(itertools.islice(_parts(dtype, "", ()), most + 1))
    # Columns along the last axis.
    count = shape[-1] if len(shape) > 1 and dtype.names is None else 1
    if count * len(parts) > most:
        raise ValueError(f"the header tells of more than {most:,} columns (shape {shape}, {dtype})")
    if dtype.names is None:
        rows = math.prod(shape[:-1]) if len(shape) > 1 else math.prod(shape)
        numbered = [name] if name and len(shape) < 2 else [_numbered(name, index) for index in range(count)]
        names = [n + suffix for n in numbered for suffix, _, _ in parts]
    else:
        rows = math.prod(shape)
        names = [f"{name}.{suffix}" if name else suffix for suffix, _, _ in parts]
    whys = [why for _, _, why in parts]
    stats = _ArrayStats(names)
    for first, block in _blocks(read, dtype, rows, count, fortran and len(shape) > 1 and dtype.names is None):
        for index, (_, take, why) in enumerate(parts):
            if not why:
                values = np.asarray(take(block), np.float64)
                if len(parts) == 1:
                    stats.update(values, first)
                else:
                    # A complex array: the parts of a number are neighbours.
                    for offset in range(values.shape[1]):
                        stats.update(values[:, offset : offset + 1], (first + offset) * len(parts) + index)
    columns = [Column.of(found) for found in stats.finish()]
    for index, column in enumerate(columns):
        if why := whys[index % len(parts)]:
            columns[index] = Column(column.name, rows, 0, kind=why)
    return columns, rows


def _numbered(name: str, index: int) -> str:
    return f"{name}[{index}]" if name else f"column {index + 1}"


def _parts(
    dtype: np.dtype[Any], name: str, path: tuple[Any, ...]
) -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Yield what is a column of numbers in an element: its name, how to take it, or why it cannot be."""

    def take(block: Any) -> Any:
        for key in path:
            block = block[key]
        return block

    if dtype.names is not None:
        for field in dtype.names:
            yield from _parts(dtype[field], f"{name}.{field}" if name else field, (*path, field))
    elif dtype.subdtype is not None:
        base, shape = dtype.subdtype
        for index in np.ndindex(shape):
            inner = ",".join(map(str, index))
            yield from _parts(base, f"{name}[{inner}]", (*path, (..., *index)))
    elif dtype.kind == "c":
        yield f"{name}.real" if name else ".real", lambda block: take(block).real, ""
        yield f"{name}.imag" if name else ".imag", lambda block: take(block).imag, ""
    elif dtype.kind in "biuf":
        yield name, take, ""
    else:
        yield name, take, "text" if dtype.kind in "SU" else dtype.name


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
    if type(fortran) is not bool:
        raise ValueError(f"fortran_order is {fortran!r}, expected True or False")
    return np.lib.format.descr_to_dtype(header["descr"]), shape, fortran
