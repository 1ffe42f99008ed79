"""Sums."""

from __future__ import annotations

from functools import partial
from typing import Any

import dask.array as da
import numpy as np

import rust_numpy_example as rne
from rust_numpy_example.dask._door import empty, lazy, meta_of
from rust_numpy_example.dask._tree import reduce_chunks

#: What sums of these are kept in until they are complete: a partial sum is rounded only once.
_WIDER = {"e": "d", "f": "d", "F": "D"}


def sum_array(
    arr: Any,
    axis: int | tuple[int, ...] | None = None,
    *,
    keepdims: bool = False,
    workers: int | None = 1,
    split_every: int | None = None,
) -> da.Array:
    """Sum of the elements of a Dask array, over all or some of its axes.

    Parameters
    ----------
    arr : dask.array.Array
        Of bool, integers, floats or complex numbers.
    axis, keepdims
        As for :func:`rust_numpy_example.sum_array`.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many results are merged by a task.

    Returns
    -------
    dask.array.Array
        Over all axes it has none; what is computed is then a Python int, exact whatever its size (the
        dtype is object), a float or a complex. With ``axis`` or ``keepdims`` it has the dtype of
        ``np.sum``.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.sum_array(da.full(4, 2**63 - 1, dtype=np.int64, chunks=1)).compute()
    36893488147419103228
    """
    array = lazy("sum_array", "arr", arr)
    like = rne.sum_array(empty(array), axis, keepdims=keepdims, workers=workers)
    if axis is None and not keepdims:
        dtype: Any = object if isinstance(like, int) else np.asarray(like).dtype
        return reduce_chunks(
            partial(rne.sum_array, workers=workers),
            _complex_total if isinstance(like, complex) else rne.parallel_sum,
            [array],
            tuple(range(array.ndim)),
            meta=meta_of(0, dtype),
            split_every=split_every,
        )
    axes = tuple(range(array.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(index % array.ndim for index in axes)
    wide = np.dtype(_WIDER.get(array.dtype.char, like.dtype.char))
    total = reduce_chunks(
        partial(_along, axis=axes, dtype=wide if array.dtype.char in _WIDER else None, workers=workers),
        _added,
        [array],
        axes,
        meta=meta_of(array.ndim, wide),
        keepdims=True,
        split_every=split_every,
    )
    return da.map_blocks(
        _rounded,
        total,
        to=like.dtype,
        dtype=like.dtype,
        axes=None if keepdims else axes,
        drop_axis=() if keepdims else axes,
        meta=meta_of(like.ndim, like.dtype),
    )


def _complex_total(parts: list[complex]) -> complex:
    return complex(
        rne.parallel_sum([part.real for part in parts]), rne.parallel_sum([part.imag for part in parts])
    )


def _along(block: Any, axis: Any, dtype: Any, workers: int | None) -> Any:
    return rne.sum_array(
        block if dtype is None else block.astype(dtype), axis, keepdims=True, workers=workers
    )


def _added(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else rne.sum_array(np.stack(parts), 0, workers=1)


def _rounded(block: Any, to: Any, axes: tuple[int, ...] | None) -> Any:
    with np.errstate(over="ignore"):
        block = block.astype(to, copy=False)
    return block if axes is None else np.squeeze(block, axes)[()]


def cpu_intensive(data: Any, *, workers: int | None = 1, split_every: int | None = None) -> da.Array:
    """Sum of the sines of all elements of a Dask array, as a Dask array without axes.

    Parameters
    ----------
    data : dask.array.Array
        Angles in radians.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many results are merged by a task.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.cpu_intensive(da.full(10, np.pi / 2, chunks=3)).compute()
    10.0
    """
    array = lazy("cpu_intensive", "data", data)
    rne.cpu_intensive(empty(array), workers=workers)
    return reduce_chunks(
        partial(rne.cpu_intensive, workers=workers),
        rne.parallel_sum,
        [array],
        tuple(range(array.ndim)),
        meta=meta_of(0, float),
        split_every=split_every,
    )
