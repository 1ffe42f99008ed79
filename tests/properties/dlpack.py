"""DLPack tensors of any bytes: the numbers that are in them, or an error that says what is wrong.

The memory is as large as a tensor says, which is its producer's word, and ends there. What a reader can see to be wrong
(null pointers, shapes, dtypes, devices, versions, names) has to be refused.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np

import rust_numpy_example as rne

from .drawn import Drawn, Memory

MEMORY = Memory(pieces=4, pages=20)


class Tensor(ctypes.Structure):
    """As DLPack has it."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    )


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    """What a capsule of the name ``dltensor`` holds."""

    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER))


class Versioned(ctypes.Structure):
    """What a capsule of the name ``dltensor_versioned`` holds."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


NAMES = {Managed: b"dltensor", Versioned: b"dltensor_versioned"}
#: Codes and bits of DLPack for what NumPy has.
DTYPES = {(0, bits): f"i{bits // 8}" for bits in (8, 16, 32, 64)}
DTYPES |= {(1, bits): f"u{bits // 8}" for bits in (8, 16, 32, 64)}
DTYPES |= {(2, 16): "f2", (2, 32): "f4", (2, 64): "f8", (5, 64): "c8", (5, 128): "c16"}

new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)


class Producer:
    """An object with DLPack's two methods alone; ``wrong`` if it has to be refused, ``odd`` if it may be."""

    def __init__(self, data: bytes) -> None:
        MEMORY.free()
        drawn = Drawn(data)
        may_lie = drawn.below(2) == 1

        def lies() -> bool:
            return may_lie and drawn.rarely()

        self.deleted, self.handed, self.taken = 0, 0, False
        self.wrong = self.odd = False
        (code, bits), name = drawn.of(*DTYPES.items())
        dtype = np.dtype(name)
        self.kind = Versioned if drawn.below(2) else Managed
        shape = [drawn.below(5) for _ in range(drawn.below(5))]
        order = sorted(range(len(shape)), key=lambda _axis: drawn.below(256))
        # In elements: in the order drawn, with gaps, backwards, or the same elements again and again.
        strides, step = [0] * len(shape), 1
        for axis in order:
            strides[axis] = drawn.of(step, step, step, -step, 2 * step, 0)
            step = abs(strides[axis]) * max(shape[axis], 1) or step
        is_empty = math.prod(shape) == 0
        reach = [(n - 1) * stride for n, stride in zip(shape, strides) if n]
        before = -sum(x for x in reach if x < 0)
        count = 0 if is_empty else before + sum(x for x in reach if x > 0) + 1
        values = (
            np.random.default_rng(drawn.below(256)).integers(0, 256, count * dtype.itemsize, "u1").view(dtype)
        )
        values = np.nan_to_num(values) if dtype.kind in "fc" else values
        address = MEMORY.place(values.tobytes(), behind=drawn.of(0, 0, 0, 1)) + before * dtype.itemsize * (
            not is_empty
        )
        self.values = np.lib.stride_tricks.as_strided(
            values[before:] if count else np.zeros(1, dtype), shape, [s * dtype.itemsize for s in strides]
        )
        self.values = self.values.copy()
        for axis, length in enumerate(shape):
            if length == 1 and drawn.rarely():
                # Of an axis with one element, it does not matter.
                strides[axis] = drawn.of(-1, 1 << 62, -(1 << 63), 12345)
        offset = drawn.of(0, 0, 8, 1)
        tensor = Tensor(address - offset, 1, 0, len(shape), code, bits, 1, byte_offset=offset)
        contiguous = np.cumprod([1, *shape[:0:-1]])[::-1].tolist() if shape else []
        if strides == contiguous and drawn.below(2):
            strides = []
        if shape and lies():
            axis = drawn.below(len(shape))
            rest = math.prod(shape[:axis] + shape[axis + 1 :]) * dtype.itemsize
            # More than memory can be, if that is more than any number of bytes can be.
            shape[axis] = drawn.of(-1, -(1 << 63), *([(1 << 63) - 1] if rest > 1 else []))
            self.wrong = True
        places = [
            MEMORY.place(b"".join(x.to_bytes(8, "little", signed=True) for x in of))
            for of in (shape, strides)
        ]
        tensor.shape, tensor.strides = places[0], places[1] if strides else None
        if shape and lies():
            tensor.shape, self.wrong = None, True
        if lies():
            tensor.data, tensor.byte_offset = None, 0
            self.wrong |= not is_empty
        if lies():
            # Half of the types of float are known to NumPy in some version.
            tensor.code, tensor.bits = drawn.of(
                (3, 64), (4, 16), (17, 255), (0, 7), (2, 8), (6, 8), (5, 32), (255, 64)
            )
            self.wrong |= tensor.code != 6
            self.odd = True
        if lies():
            tensor.lanes, self.wrong = drawn.of(0, 2, 65535), True
        if lies():
            tensor.device_type, self.wrong = drawn.of(2, 4, 255, -1), True
        if lies():
            tensor.ndim, self.wrong = drawn.of(-1, -(1 << 31), 65, (1 << 31) - 1), True
        self.device: Any = (1, 0)
        if lies():
            self.device, self.wrong = drawn.of((2, 0), None, (), (1,), "cpu", (1 << 40, 0)), True
        self.name = NAMES[self.kind]
        if lies():
            self.name, self.wrong = (
                drawn.of(b"used_dltensor", b"used_dltensor_versioned", b"", b"arrow_array"),
                True,
            )
        self.answer = None
        if lies():
            self.answer, self.wrong = drawn.of(None, 1, "dltensor"), True
            self.name = b""
        self.deleter = DELETER(self.delete)
        fields: dict[str, Any] = {"tensor": tensor, "deleter": self.deleter}
        if self.kind is Versioned:
            fields |= {"major": 1, "minor": drawn.below(3), "flags": drawn.below(4)}
            if lies():
                fields["major"] = drawn.of(0, 2, (1 << 32) - 1)
                self.odd = True
        if lies():
            # A tensor that nobody has to give back.
            del fields["deleter"]
        self.structure = self.kind(**fields)
        self.has_deleter = "deleter" in fields

    def delete(self, _address: int) -> None:
        self.deleted += 1

    def __dlpack__(self, **options: Any) -> Any:
        self.handed += 1
        if self.kind is Versioned and "max_version" not in options:
            # For who knows no versions: NumPy before 2.1.
            self.structure = Managed(tensor=self.structure.tensor, deleter=self.structure.deleter)
            self.kind = Managed
            self.name = NAMES[Managed] if self.name == NAMES[Versioned] else self.name
            self.odd = True
        # A version that nobody knows, unless it is handed out without one.
        self.wrong |= self.kind is Versioned and self.structure.major > 1
        if self.answer is not None or not self.name:
            return self.answer
        self.name_kept = ctypes.create_string_buffer(self.name)
        return new_capsule(ctypes.addressof(self.structure), self.name_kept, None)

    def __dlpack_device__(self) -> Any:
        return self.device


def check(data: bytes) -> None:
    """Take the numbers."""
    tensor = Producer(data)
    one = np.ones((), tensor.values.dtype)
    try:
        found = rne.array_multiply(tensor, one)
    except (TypeError, ValueError, MemoryError, OverflowError, RuntimeError) as error:
        assert tensor.wrong or tensor.odd, repr(error)
        assert str(error)
    else:
        assert not tensor.wrong, found
        assert tensor.deleted == tensor.has_deleter, "given back once"
        if not tensor.odd:
            np.testing.assert_array_equal(found, tensor.values)
            assert found.dtype == tensor.values.dtype
    assert tensor.deleted <= 1, "given back more than once"
