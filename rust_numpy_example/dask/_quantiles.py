"""Exact quantiles: of lines that a task holds, or of an array that none does, in two passes.

Of all elements of many chunks: a first pass makes a sketch, which encloses the rank of each level between two elements. The
second pass counts what is below the first of them, and keeps what lies between; among that is the quantile. The sketch
may be wrong about a rank, with a probability, so the rank is looked for three times its error around, and what
is found is checked by the counts. The second pass computes the chunks again, so that none has to be kept for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.graph_manipulation import bind

import rust_numpy_example as rne
from rust_numpy_example import QuantileSketch
from rust_numpy_example.dask._door import empty, full, known, lazy, meta_of
from rust_numpy_example.dask._tree import reduce_chunks

#: Methods that look at the elements beside the position ``(n - 1) * q``.
_METHODS = ("linear", "lower", "higher", "nearest", "midpoint")


def quantiles(
    arr: Any,
    q: Any,
    axis: int | tuple[int, ...] | None = None,
    *,
    method: str = "linear",
    nan_policy: str = "propagate",
    keepdims: bool = False,
    workers: int | None = 1,
    split_every: int | None = None,
) -> da.Array:
    """Quantiles of a Dask array, exact, over all or some of its axes.

    Parameters
    ----------
    arr : dask.array.Array
        Of bool, integers or floats.
    q, nan_policy, keepdims
        As for :func:`rust_numpy_example.quantiles`.
    axis : int, tuple of int or None, optional
        The axes to reduce. None is all of them; then no task holds more than a chunk and what lies near
        the quantiles. Otherwise a line has to fit into a chunk: the array is rechunked so.
    method : str, optional
        One of NumPy's; over several chunks with ``axis=None`` one of 'linear', 'lower', 'higher', 'nearest' and 'midpoint'.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many results are merged by a task.

    Returns
    -------
    dask.array.Array
        The shape of ``q``, then the axes that remain. The values of :func:`rust_numpy_example.quantiles`;
        over several chunks a zero may have the other sign.

    Raises
    ------
    ValueError
        At the call: if an argument is wrong. When it is computed: if there are no elements, there is a NaN that is not
        allowed, or the chunks are not the same when they are computed again.

    Notes
    -----
    With ``axis=None`` every chunk is computed twice: data that comes from files is read twice, and nothing of it is kept between.
    Call ``persist()`` on an array that is expensive to compute and fits into the memory of the cluster.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> x = da.arange(1_000_001, chunks=10_000)
    >>> rnd.quantiles(x, [0.25, 0.5]).compute()
    array([250000., 500000.])
    """
    array = full(lazy("quantiles", "arr", arr))
    options: dict[str, Any] = {"method": method, "nan_policy": nan_policy, "keepdims": keepdims}
    like = rne.quantiles(np.zeros((1,) * array.ndim, array.dtype), q, axis, workers=workers, **options)
    dtype, levels = np.asarray(like).dtype, np.asarray(q, float)
    if axis is None and array.npartitions > 1:
        if method not in _METHODS:
            raise ValueError(
                f"quantiles: argument method, got {method!r}, expected one of {', '.join(map(repr, _METHODS))} "
                "for an array of several chunks with axis=None"
            )
        found = _of_all(array, levels, method, nan_policy, dtype, split_every)
        return found.reshape(np.shape(like)) if np.shape(like) else found[0]
    axes = range(array.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(index % array.ndim for index in axes)
    if array.npartitions > 1:
        # A chunk that is all of the array has whole lines, whatever its size.
        known("quantiles", "arr", array)
    if any(array.shape[index] == 0 for index in axes):
        # Says that there has to be an element.
        rne.quantiles(
            empty(array, [0 if length == 0 else 1 for length in array.shape]),
            q,
            axis,
            workers=workers,
            **options,
        )
    lines = array.rechunk(dict.fromkeys(axes, -1)) if array.npartitions > 1 else array
    inner = tuple(range(array.ndim))
    kept = inner if keepdims else tuple(index for index in inner if index not in axes)
    before = tuple(range(array.ndim, array.ndim + levels.ndim))
    return da.blockwise(
        partial(rne.quantiles, q=q, axis=axis, workers=workers, **options),
        before + kept,
        lines,
        inner,
        new_axes=dict(zip(before, levels.shape)),
        adjust_chunks=dict.fromkeys(set(axes) & set(kept), 1),
        concatenate=True,
        dtype=dtype,
        meta=meta_of(np.ndim(like), dtype),
        token="quantiles",
    )


def _of_all(
    array: da.Array, levels: Any, method: str, nan_policy: str, dtype: Any, split_every: int | None
) -> da.Array:
    """Return the quantiles of all elements, as an array with one axis."""
    every = tuple(range(array.ndim))
    sketch = reduce_chunks(
        partial(_sketch, nan_policy=nan_policy),
        _merged_sketches,
        [array],
        every,
        meta=meta_of(0, object),
        split_every=split_every,
    )
    bounds = sketch.map_blocks(_bounds, levels=levels.ravel(), dtype=object, meta=meta_of(0, object))
    # Cannot begin before the bounds are known, and so keeps no chunk.
    again = bind(array, bounds, seed=array.name)
    counted = da.blockwise(
        _count, every, again, every, bounds, (), adjust_chunks=dict.fromkeys(every, 1), dtype=object, meta=meta_of(array.ndim, object)
    )  # fmt: skip
    total = reduce_chunks(
        _same, _merged_counts, [counted], every, meta=meta_of(0, object), split_every=split_every
    )
    return da.map_blocks(
        _found, total, bounds, levels=levels.ravel(), method=method, to=dtype, dtype=dtype,
        new_axis=0, chunks=((levels.size,),), meta=meta_of(1, dtype),
    )  # fmt: skip


def _same(block: Any) -> Any:
    return block


@dataclass(frozen=True)
class _Seen:
    """A sketch of some chunks, and how many elements they have, those that it leaves out included."""

    sketch: QuantileSketch
    size: int

    def __sizeof__(self) -> int:
        return self.sketch.__sizeof__()


def _sketch(block: Any, nan_policy: Any) -> _Seen:
    sketch = QuantileSketch(nan_policy=nan_policy)
    sketch.update(block)
    return _Seen(sketch, block.size)


def _merged_sketches(parts: list[_Seen]) -> _Seen:
    # A new one: what a task gets may be used by another one. Chunks without elements know no dtype.
    policy: Any = parts[0].sketch.nan_policy
    merged = QuantileSketch(nan_policy=policy)
    for part in parts:
        if part.sketch.count:
            merged.merge(part.sketch)
    return _Seen(merged, sum(part.size for part in parts))


@dataclass(frozen=True)
class _Bounds:
    """What the first pass found: how many elements, and for each level what encloses it."""

    count: int
    #: Rows of two elements, or None where there is nothing to look for.
    enclosing: Any


def _bounds(seen: _Seen, levels: Any) -> _Bounds:
    sketch = seen.sketch
    if not seen.size:
        raise ValueError("quantiles: argument arr, got no elements, expected at least one")
    if not sketch.count:
        return _Bounds(0, None)
    wide = 3 * sketch.error_bound + 2 / sketch.count
    asked = np.stack([np.maximum(levels - wide, 0), np.minimum(levels + wide, 1)], -1)
    enclosing = sketch.quantile(asked)
    return _Bounds(sketch.count, None if np.any(enclosing != enclosing) else enclosing)


@dataclass(frozen=True)
class _Counts:
    """What the second pass found of one level: how many elements are below, equal to the bounds, and what lies between."""

    below: int
    first: int
    last: int
    between: list[Any]


@dataclass(frozen=True)
class _Pass:
    """What the second pass found; no tuple, which merging would take for several results."""

    count: int
    levels: list[_Counts]


def _count(block: Any, bounds: _Bounds) -> _Pass:
    if bounds.enclosing is None:
        return _Pass(0, [])
    flat = np.ravel(block)
    counts = []
    for first, last in bounds.enclosing:
        between = flat[(flat > first) & (flat < last)]
        counts.append(
            _Counts(
                int(np.count_nonzero(flat < first)),
                int(np.count_nonzero(flat == first)),
                int(np.count_nonzero(flat == last)) if first < last else 0,
                [between],
            )
        )
    return _Pass(int(np.count_nonzero(flat == flat)), counts)


def _merged_counts(parts: list[_Pass]) -> _Pass:
    merged = [
        _Counts(
            sum(one.below for one in same),
            sum(one.first for one in same),
            sum(one.last for one in same),
            [np.concatenate([part for one in same for part in one.between])],
        )
        for same in zip(*(part.levels for part in parts))
    ]
    return _Pass(sum(part.count for part in parts), merged)


def _found(total: _Pass, bounds: _Bounds, levels: Any, method: Any, to: Any) -> Any:
    count, counts = total.count, total.levels
    if bounds.enclosing is None:
        return np.full(levels.shape, np.nan, to)
    out = np.empty(levels.shape, to)
    for index, (level, one, (first, last)) in enumerate(zip(levels, counts, bounds.enclosing)):
        position = (count - 1) * float(level)
        low = math.floor(position)
        share = position - low
        two = np.array(
            [_at(place, one, first, last) for place in (low, min(low + 1, count - 1))], bounds.enclosing.dtype
        )
        if method == "nearest":
            # Of two that are equally near, the one at the even place.
            share = float(share > 0.5 or (share == 0.5 and low % 2 == 1))
        if share == 0:
            # The element itself, with all its digits.
            out[index] = two[0]
            continue
        # A Python number leaves the dtype as it is; an array of float64 makes it float64. Float16 and levels of float32 are
        # rounded to float32 in one step more than by the library.
        asked = share if bounds.enclosing.dtype == to or two.dtype.kind != "f" else np.array([share])
        out[index] = np.ravel(rne.quantiles(two, asked, method=method))[0]
    return out


def _at(place: int, found: _Counts, first: Any, last: Any) -> Any:
    """Return the element at a place of the order."""
    place -= found.below
    (between,) = found.between
    if 0 <= place < found.first:
        return first
    place -= found.first
    if 0 <= place < between.size:
        between.partition(place)
        return between[place]
    place -= between.size
    if 0 <= place < found.last:
        return last
    raise ValueError(
        "quantiles: argument arr, got other elements when its chunks were computed again, expected the same"
    )
