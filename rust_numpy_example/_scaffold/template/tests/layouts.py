"""Arrays of every layout, dtype and special value that the array door has to take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

#: Every dtype of the table of element types.
DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
INTEGERS = [name for name in DTYPES if "int" in name]
FLOATS = [name for name in DTYPES if name.startswith("float")]

#: Whether addresses have 64 bits, as NumPy's default integers have then.
HAS_64_BITS = sys.maxsize > 2**32
needs_64_bits = pytest.mark.skipif(not HAS_64_BITS, reason="needs addresses of 64 bits")


def as_with_64_bits(array: Any) -> Any:
    """Return default integers as int64 or uint64, which they are where addresses have 64 bits."""
    if HAS_64_BITS or array.dtype not in (np.intp, np.uintp):
        return array
    return array.astype(f"{array.dtype.kind}8")


def sample(dtype: Any, shape: tuple[int, ...] = (5, 6), seed: int = 0) -> np.ndarray:
    """Small numbers, signs where the dtype has them, in C order."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    low = 0 if dtype.kind in "bu" else -9
    values = rng.integers(low, 2 if dtype.kind == "b" else 10, shape)
    if dtype.kind in "fc":
        values = values + rng.integers(0, 4, shape) / 4
    if dtype.kind == "c":
        values = values + 1j * rng.integers(-9, 10, shape)
    return np.asarray(values).astype(dtype)


class Subclass(np.ndarray):
    """What inherits from arrays."""


def _every_other(array: np.ndarray) -> np.ndarray:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _field(array: np.ndarray, before: list[Any], after: list[Any]) -> np.ndarray:
    packed = np.zeros(array.shape, np.dtype([*before, ("v", array.dtype), *after]))
    packed["v"] = array
    return packed["v"]


def _unaligned(array: np.ndarray) -> np.ndarray:
    raw = np.zeros(array.nbytes + 1, "u1")
    unaligned = raw[1:].view(array.dtype).reshape(array.shape)
    unaligned[...] = array
    return unaligned


def _read_only(array: np.ndarray) -> np.ndarray:
    read_only = array.copy()
    read_only.flags.writeable = False
    return read_only


#: How each layout is made of an array.
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda a: a.copy(order="C"),
    "F": lambda a: a.copy(order="F"),
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "reversed": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "every other": _every_other,
    "every other, reversed": lambda a: _every_other(a[..., ::-1])[..., ::-1],
    "field of a packed struct": lambda a: _field(a, [("x", "u1")], [("y", "u2")]),
    "stride of one and a half elements": lambda a: _field(a, [], [("y", f"V{max(1, a.itemsize // 2)}")]),
    "unaligned": _unaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "read-only": _read_only,
    "np.matrix": lambda a: np.asarray(a).view(np.matrix),
    "subclass": lambda a: a.view(Subclass),
}


def names_of_layouts(array: np.ndarray) -> list[str]:
    """Return the layouts that there are of an array of this shape and dtype."""
    without = {"np.matrix"} if array.ndim != 2 else set()
    if not array.ndim:
        without |= {"reversed", "every other", "every other, reversed"}
    if array.itemsize == 1:
        without.add("byte-swapped")
    return [name for name in LAYOUTS if name not in without]


def layouts(array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays equal to ``array``, each with another layout of its memory."""
    for name in names_of_layouts(array):
        yield name, LAYOUTS[name](array)


@st.composite
def strided(draw: Any, elements_dtype: Any, max_dims: int = 3, max_side: int = 7) -> np.ndarray:
    """Draw an array of any shape, empty ones included, seen through any basic index and layout."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side))
    array = draw(hnp.arrays(elements_dtype, shape))
    if array.ndim:
        array = array[draw(hnp.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=True))]
    array = np.asarray(array)
    return LAYOUTS[draw(st.sampled_from(names_of_layouts(array)))](array)
