"""The door for lazy arrays: what is taken, and what is refused when the graph is built.

Everything that the library itself checks is checked by the library: each function is called once
with empty arrays of the same dtypes and numbers of axes, so a wrong argument is the same error here, and
comes at the call and not from a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dask
import dask.array as da
import numpy as np


def lazy(function: str, name: str, value: Any) -> da.Array:
    """Return an argument as a Dask array of NumPy chunks."""
    if dask.config.get("array.query-planning", False):
        raise NotImplementedError(
            f"{function}: Dask's option array.query-planning is on, expected it to be off (its default) when "
            "dask.array is imported; reductions of chunks that are no arrays do not work with it, nor "
            "does Dask's own std"
        )
    if isinstance(value, da.Array):
        array = value
    elif hasattr(value, "__dask_graph__"):
        raise TypeError(
            f"{function}: argument {name}, got a lazy {_type(value)}, expected a Dask array{_advice(value)}"
        )
    elif isinstance(value, (np.ndarray, np.generic, list, tuple, bool, int, float, complex)):
        array = da.from_array(value if isinstance(value, np.ndarray) else np.asarray(value))
    else:
        raise TypeError(
            f"{function}: argument {name}, got {_type(value)}, expected a Dask array; "
            "dask.array.from_array makes one"
        )
    if type(array._meta) is not np.ndarray:
        raise TypeError(
            f"{function}: argument {name}, got a Dask array with chunks of {_type(array._meta)}, "
            "expected chunks of numpy.ndarray"
        )
    return array


def _type(value: Any) -> str:
    module = type(value).__module__
    name = type(value).__qualname__
    return name if module == "builtins" else f"{module.partition('.')[0]}.{name}"


def _advice(value: Any) -> str:
    if hasattr(value, "to_dask_array"):
        return ": its to_dask_array()"
    if isinstance(getattr(value, "data", None), da.Array):
        return ": its .data"
    return ""


def empty(array: Any, shape: Sequence[int] | None = None) -> Any:
    """Return an array of the dtype and the number of axes of one, without elements."""
    return np.zeros((0,) * array.ndim if shape is None else shape, array.dtype)


def meta_of(ndim: int, dtype: Any) -> Any:
    """Return the array that tells Dask how many axes blocks have, and of which dtype.

    Without axes it has an element, which is part of the key: nothing that memory happened to hold.
    """
    return np.zeros((0,) * ndim, dtype)


def fitting(call: Callable[..., Any], *arrays: Any) -> tuple[Any, ...]:
    """Return the shape that shapes broadcast to, or let ``call`` say what is wrong with them.

    Chunks of unknown size fit where their number does; that is for Dask to see.
    """
    shapes = [array.shape for array in arrays]
    if any(map(_is_unknown, arrays)):
        return max(shapes, key=len)
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        # The same shapes without memory. The call fails before it looks at an element.
        call(*(np.broadcast_to(np.zeros((), array.dtype), array.shape) for array in arrays))
        raise


def full(array: da.Array) -> da.Array:
    """Return an array without empty chunks beside others: Dask does not broadcast them right.

    Chunks of unknown size stay.
    """
    for axis, lengths in enumerate(array.chunks):
        # An unknown length is NaN, which is not zero.
        keep = [index for index, length in enumerate(lengths) if length] or [0]
        if len(keep) < len(lengths):
            # Not by rechunk, which leaves an array without elements as it is.
            array = array.blocks[(slice(None),) * axis + (keep,)]
    return array


def _is_unknown(array: Any) -> bool:
    return any(np.isnan(length) for length in array.shape)


def known(function: str, name: str, array: da.Array) -> None:
    """Refuse chunks of unknown size."""
    if _is_unknown(array):
        raise ValueError(
            f"{function}: argument {name}, got chunks of unknown size, expected known sizes: "
            "call its compute_chunk_sizes() first"
        )
