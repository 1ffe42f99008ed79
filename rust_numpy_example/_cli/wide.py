"""Integers of 128 bits in Parquet and Arrow: polars writes them, and pyarrow has no type for them.

Where pyarrow refuses a schema that has such a type, the metadata are changed in their place: a column of integers of
128 bits becomes one of 16 bytes, of which both types have the same memory. What is read is then made decimals, which
hold these integers. The metadata are a FlatBuffer; the numbers of its fields and types are those of Arrow's
``Schema.fbs``, ``Message.fbs`` and ``File.fbs``.
"""

from __future__ import annotations

import base64
import io
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

#: Fields by their place in a table: a schema in a message or a footer, what is in it, and in a type.
IN_MESSAGE, IN_FOOTER = 2, 1
FIELDS, TYPE_KIND, TYPE, CHILDREN = 1, 2, 3, 5
WIDTH, IS_SIGNED = 0, 1

#: Types by their number in a union.
INT, FIXED_SIZE_BINARY = 2, 15

#: The precision of decimals that hold every integer of 128 bits.
DIGITS = 39

#: Where Parquet keeps the schema of Arrow: a key and, behind it, a text.
KEY = b"\x0cARROW:schema\x18"


def retype(metadata: bytearray | memoryview, at: int) -> dict[int, bool]:
    """Make the integers of 128 bits in a schema 16 bytes each; return which columns these are, and if signed.

    The schema is in the field ``at`` of the outermost table. What is no such FlatBuffer is left as it is.
    """
    found: dict[int, bool] = {}
    try:
        schema = _table(metadata, _offset(metadata, 0), at)
        seen: set[int] = set()
        for index, field in enumerate(_tables(metadata, schema, FIELDS)):
            is_signed = _retype_field(metadata, field, seen)
            if is_signed is not None:
                found[index] = is_signed
    except (struct.error, LookupError, TypeError, RecursionError):
        return {}
    return found


def _retype_field(data: bytearray | memoryview, field: int, seen: set[int]) -> bool | None:
    is_signed = None
    if field in seen:
        # Else a few bytes could stand for any number of fields.
        raise LookupError(field)
    seen.add(field)
    kind, width = _field(data, field, TYPE_KIND), None
    if kind is not None and data[kind] == INT:
        of_type = _table(data, field, TYPE)
        width, sign = _field(data, of_type, WIDTH), _field(data, of_type, IS_SIGNED)
        if width is not None and struct.unpack_from("<i", data, width) == (128,):
            is_signed = sign is not None and data[sign] != 0
            data[kind] = FIXED_SIZE_BINARY
            struct.pack_into("<i", data, width, 16)
    for child in _tables(data, field, CHILDREN):
        _retype_field(data, child, seen)
    return is_signed


def _offset(data: bytearray | memoryview, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytearray | memoryview, table: int, number: int) -> int | None:
    """Return where a field of a table is, None if it has the value that is usual."""
    of_fields = table - struct.unpack_from("<i", data, table)[0]
    if of_fields < 0 or 4 + 2 * number >= struct.unpack_from("<H", data, of_fields)[0]:
        return None
    (offset,) = struct.unpack_from("<H", data, of_fields + 4 + 2 * number)
    return table + offset if offset else None


def _table(data: bytearray | memoryview, table: int, number: int) -> int:
    at = _field(data, table, number)
    if at is None:
        raise LookupError(number)
    return _offset(data, at)


def _tables(data: bytearray | memoryview, table: int, number: int) -> Iterator[int]:
    at = _field(data, table, number)
    if at is None:
        return
    start = _offset(data, at)
    for index in range(struct.unpack_from("<I", data, start)[0]):
        yield _offset(data, start + 4 * (index + 1))


class Retyped(io.RawIOBase):
    """A file of which some bytes, from ``start`` on, are others."""

    def __init__(self, file: Any, start: int, changed: bytes) -> None:
        self._file, self._start, self._changed = file, start, changed
        self._end, self._at = file.seek(0, io.SEEK_END), 0

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
        data = bytearray(self._file.read(max(end - self._at, 0)))
        first = max(self._at, self._start)
        last = min(self._at + len(data), self._start + len(self._changed))
        if first < last:
            data[first - self._at : last - self._at] = self._changed[first - self._start : last - self._start]
        self._at += len(data)
        return bytes(data)


def in_parquet(file: Any) -> tuple[Retyped, dict[int, bool]]:
    """Return a Parquet file as one that pyarrow can read, and its columns of integers of 128 bits."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(end - 8, 0))
    start = max(end - 8 - int.from_bytes(file.read(8)[:4], "little"), 0)
    file.seek(start)
    footer = bytearray(file.read(end - start))
    found: dict[int, bool] = {}
    at = footer.find(KEY)
    if at >= 0:
        at += len(KEY)
        length = shift = 0
        while at < len(footer):
            byte = footer[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        try:
            message = bytearray(base64.b64decode(footer[at : at + length], validate=True))
        except ValueError:
            message = bytearray()
        found = retype(memoryview(message)[8:], IN_MESSAGE)
        if message:
            footer[at : at + length] = base64.b64encode(message)
    return Retyped(file, start, bytes(footer)), found


def in_arrow(file: Any) -> tuple[Retyped, dict[int, bool]]:
    """Return a file of Arrow as one that pyarrow can read, and its columns of integers of 128 bits."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(end - 10, 0))
    start = max(end - 10 - int.from_bytes(file.read(4), "little"), 0)
    file.seek(start)
    footer = bytearray(file.read(max(end - 10 - start, 0)))
    found = retype(footer, IN_FOOTER)
    return Retyped(file, start, bytes(footer)), found


def schema_of(pa: Any, schema: Any, signed: dict[int, bool]) -> Any:
    """Return the schema of what :func:`decimals` yields."""
    for index in signed:
        schema = schema.set(index, schema.field(index).with_type(pa.decimal256(DIGITS, 0)))
    return schema


def decimals(
    pa: Any, batches: Iterable[tuple[int, list[tuple[int, Any]]]], signed: dict[int, bool]
) -> Iterator[tuple[int, list[tuple[int, Any]]]]:
    """Yield batches of which the columns of 16 bytes are decimals."""
    for length, batch in batches:
        yield length, [(i, _decimals(pa, v, signed[i]) if i in signed else v) for i, v in batch]


def _decimals(pa: Any, values: Any, is_signed: bool) -> Any:
    validity, data = values.buffers()
    words = np.frombuffer(data, "<u8", 2 * (len(values) + values.offset)).reshape(-1, 2)
    wider = np.zeros((len(words), 4), "<u8")
    wider[:, :2] = words
    if is_signed:
        wider[:, 2:] = words[:, 1:].view("<i8") >> 63
    if sys.byteorder == "big":
        wider = np.ascontiguousarray(wider[:, ::-1]).astype(np.uint64)
    return pa.Array.from_buffers(
        pa.decimal256(DIGITS, 0),
        len(values),
        [validity, pa.py_buffer(wider)],
        values.null_count,
        values.offset,
    )
