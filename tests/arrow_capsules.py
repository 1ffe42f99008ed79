"""Arrow structures made by hand, well-formed or not, and how often each was released."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

FORMATS = {
    "bool": "b",
    "int8": "c",
    "uint8": "C",
    "int16": "s",
    "uint16": "S",
    "int32": "i",
    "uint32": "I",
    "int64": "l",
    "uint64": "L",
    "float16": "e",
    "float32": "f",
    "float64": "g",
}


class Schema(ctypes.Structure):
    """As the C data interface has it."""


class Array(ctypes.Structure):
    """As the C data interface has it."""


class Stream(ctypes.Structure):
    """As the C stream interface has it."""


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_FILL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_REASON = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", _FILL),
    ("get_next", _FILL),
    ("get_last_error", _REASON),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class Counted:
    """A structure, what it points to, and how often it was released."""

    def __init__(self, structure: Any, *kept: object) -> None:
        self.structure, self.kept, self.released = structure, kept, 0
        kind = type(structure)

        def release(address: int) -> None:
            # At the address it was moved to.
            kind.from_address(address).release = _RELEASE()
            self.released += 1

        self.callback = _RELEASE(release)
        structure.release = self.callback

    def capsule(self, name: bytes | None = None) -> object:
        names = {Schema: b"arrow_schema", Array: b"arrow_array", Stream: b"arrow_array_stream"}
        self.name = ctypes.create_string_buffer(name or names[type(self.structure)])
        return _new_capsule(ctypes.addressof(self.structure), ctypes.cast(self.name, ctypes.c_char_p), None)


def schema(
    form: str, children: Sequence[Counted] = (), metadata: dict[bytes, bytes] | None = None
) -> Counted:
    """Return the schema of a format."""
    of_children = [child.structure for child in children]
    pointers = (ctypes.POINTER(Schema) * max(1, len(of_children)))(*map(ctypes.pointer, of_children))
    structure = Schema(format=form.encode(), n_children=len(of_children), children=pointers)
    if metadata is not None:
        texts = [text for pair in metadata.items() for text in pair]
        packed = struct.pack("=i", len(metadata)) + b"".join(
            struct.pack("=i", len(text)) + text for text in texts
        )
        structure.metadata = packed
    return Counted(structure, pointers, children)


def bits(values: Sequence[bool], offset: int = 0) -> np.ndarray:
    """Return bits, the lowest first, after some that mean nothing."""
    noise = np.arange(offset) % 2 == 0
    return np.packbits(np.concatenate([noise, np.asarray(values, bool)]), bitorder="little")


def array(
    values: np.ndarray,
    valid: Sequence[bool] | None = None,
    *,
    behind: int = 0,
    children: Sequence[Counted] = (),
    **fields: object,
) -> Counted:
    """Return an array of values and their validity, behind some that are not part of it."""
    if values.dtype == bool:
        data = bits(values.tolist(), behind)
    else:
        data = np.concatenate([np.full(behind, 77, values.dtype), values])
    mask = None if valid is None else bits(valid, behind)
    pointers = (ctypes.c_void_p * 2)(None if mask is None else mask.ctypes.data, data.ctypes.data)
    of_children = [child.structure for child in children]
    child_pointers = (ctypes.POINTER(Array) * max(1, len(of_children)))(*map(ctypes.pointer, of_children))
    structure = Array(
        length=len(values),
        null_count=0 if valid is None else -1,
        offset=behind,
        n_buffers=2,
        n_children=len(of_children),
        buffers=pointers,
        children=child_pointers,
    )
    for name, value in fields.items():
        setattr(structure, name, value)
    return Counted(structure, data, mask, pointers, child_pointers, children)


class ByArray:
    """An object with ``__arrow_c_array__`` alone."""

    def __init__(self, of_schema: Counted, of_array: Counted) -> None:
        self.schema, self.array = of_schema, of_array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self.schema.capsule(), self.array.capsule()


class ByStream:
    """An object with ``__arrow_c_stream__`` alone; what fails says so with a code."""

    def __init__(self, of_schema: Counted, chunks: Sequence[Counted | int]) -> None:
        rest = list(chunks)

        def move(counted: Counted, into: int) -> int:
            ctypes.memmove(into, ctypes.addressof(counted.structure), ctypes.sizeof(counted.structure))
            return 0

        def get_next(_stream: int, into: int) -> int:
            if not rest:
                Array.from_address(into).release = _RELEASE()
                return 0
            chunk = rest.pop(0)
            return chunk if isinstance(chunk, int) else move(chunk, into)

        reason = ctypes.create_string_buffer(b"the disk is on fire")
        self.callbacks = (
            _FILL(lambda _stream, into: move(of_schema, into)),
            _FILL(get_next),
            _REASON(lambda _stream: ctypes.addressof(reason)),
        )
        functions = dict(zip(("get_schema", "get_next", "get_last_error"), self.callbacks, strict=True))
        self.stream = Counted(Stream(**functions), reason, of_schema, chunks)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.stream.capsule()


class Once(ByStream):
    """As a reader of batches: its stream can be asked for once."""

    opened = 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        self.opened += 1
        assert self.opened == 1, "asked for again"
        return super().__arrow_c_stream__(requested_schema)
