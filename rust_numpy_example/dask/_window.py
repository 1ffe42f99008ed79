"""Moving averages along chunks."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import Any

import dask.array as da
import numpy as np
from dask.array.overlap import ensure_minimum_chunksize

import rust_numpy_example as rne
from rust_numpy_example.dask._door import empty, full, known, lazy, meta_of


def moving_average(
    arr: Any,
    window: int,
    axis: int = -1,
    *,
    min_count: int | None = None,
    nan_policy: str = "propagate",
    workers: int | None = 1,
) -> da.Array:
    """Mean of the last ``window`` elements, at every element along an axis of a Dask array.

    Parameters
    ----------
    arr : dask.array.Array
        Chunks of known sizes; along ``axis`` those smaller than two windows are merged.
    window, axis, min_count, nan_policy
        As for :func:`rust_numpy_example.moving_average`.
    workers : int, optional
        Threads of a task.

    Returns
    -------
    dask.array.Array
        Bit for bit that of :func:`rust_numpy_example.moving_average`.

    Notes
    -----
    The library cuts a line into blocks as long as the window. A task gets what is before its chunk from the start of
    the last but one block on, and what is behind it to the end of a block: its blocks are those of the whole line.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.moving_average(da.arange(6, chunks=3), 2).compute()
    array([nan, 0.5, 1.5, 2.5, 3.5, 4.5])
    """
    array = lazy("moving_average", "arr", arr)
    known("moving_average", "arr", array)
    options: dict[str, Any] = {"min_count": min_count, "nan_policy": nan_policy, "workers": workers}
    if not (hasattr(axis, "__index__") and -array.ndim <= axis < array.ndim):
        rne.moving_average(empty(array), window, axis, **options)
    # None of the lines, which takes no memory.
    shape = [0] * (array.ndim + 1)
    shape[axis % array.ndim] = array.shape[axis]
    like = rne.moving_average(np.empty(shape, array.dtype), window, axis % array.ndim, **options)
    axis %= array.ndim
    call = partial(rne.moving_average, window=window, axis=axis, **options)
    meta = meta_of(array.ndim, like.dtype)
    before = 2 * window - 1
    if 0 in array.shape or array.numblocks[axis] == 1 or before >= array.shape[axis]:
        return da.map_blocks(
            _whole, array.rechunk({axis: -1}), call=call, token="moving_average", dtype=like.dtype, meta=meta
        )
    array = full(array)
    array = array.rechunk({axis: ensure_minimum_chunksize(before, array.chunks[axis])})
    starts = [0, *accumulate(array.chunks[axis])]
    return da.map_overlap(
        _part,
        array,
        depth={axis: (before, window - 1)},
        boundary={axis: "none"},
        trim=False,
        allow_rechunk=False,
        token="moving_average",
        call=call,
        along=axis,
        window=window,
        starts=starts,
        dtype=like.dtype,
        meta=meta,
    )


def _whole(block: Any, call: Any) -> Any:
    return call(block)


def _part(
    block: Any, call: Any, along: int, window: int, starts: list[int], block_id: tuple[int, ...] | None = None
) -> Any:
    """Return the means of a chunk that comes with some elements of those beside it."""
    if block_id is None:
        return call(block)
    start, end = starts[block_id[along]], starts[block_id[along] + 1]
    first = max(start // window - 1, 0) * window
    last = min(-(-end // window) * window, starts[-1])
    # The first element that has come with the chunk.
    offset = start - (2 * window - 1) if start else 0
    inside = (slice(None),) * along
    result = call(block[inside + (slice(first - offset, last - offset),)])
    return np.ascontiguousarray(result[inside + (slice(start - first, end - first),)])
