"""Arrays of every layout, dtype and special value that the array door has to take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

#: Every dtype of the table of element types.
DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
INTEGERS = [name for name in DTYPES if "int" in name]
FLOATS = [name for name in DTYPES if name.startswith("float")]


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


def layouts(array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays equal to ``array``, each with another layout of its memory."""
    dtype, shape = array.dtype, array.shape
    yield "C", array.copy(order="C")
    yield "F", array.copy(order="F")
    yield "transposed", np.ascontiguousarray(array.T).T
    if array.ndim:
        yield "reversed", np.ascontiguousarray(array[::-1])[::-1]
        wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
        wide[..., ::2] = array
        yield "every other", wide[..., ::2]
        yield "every other, reversed", np.ascontiguousarray(wide[..., ::-1])[..., ::-1][..., ::2]
    packed = np.zeros(shape, np.dtype([("x", "u1"), ("v", dtype), ("y", "u2")]))
    packed["v"] = array
    yield "field of a packed struct", packed["v"]
    one_and_a_half = np.zeros(shape, np.dtype([("v", dtype), ("y", f"V{max(1, dtype.itemsize // 2)}")]))
    one_and_a_half["v"] = array
    yield "stride of one and a half elements", one_and_a_half["v"]
    raw = np.zeros(array.nbytes + 1, "u1")
    unaligned = raw[1:].view(dtype).reshape(shape)
    unaligned[...] = array
    yield "unaligned", unaligned
    if dtype.itemsize > 1:
        yield "byte-swapped", array.astype(dtype.newbyteorder("S"))
    read_only = array.copy()
    read_only.flags.writeable = False
    yield "read-only", read_only
    if array.ndim == 2:
        yield "np.matrix", np.asarray(array).view(np.matrix)

    class Subclass(np.ndarray):
        pass

    yield "subclass", array.view(Subclass)


@st.composite
def strided(draw: Any, elements_dtype: Any, max_dims: int = 3, max_side: int = 7) -> np.ndarray:
    """Draw an array of any shape, empty ones included, seen through any basic index and layout."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side))
    array = draw(hnp.arrays(elements_dtype, shape))
    if array.ndim:
        array = array[draw(hnp.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=True))]
    array = np.asarray(array)
    name, array = draw(st.sampled_from(list(layouts(array))))
    return array
