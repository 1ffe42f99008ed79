"""Results of chunks, merged in a tree.

What the chunks give may be anything that merges: a ``Stats``, a number, a dict. The blocks of a Dask array
that holds them have the shapes of arrays in name only, so that Dask's own reductions place the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import dask
import dask.array as da
from dask.base import tokenize

from rust_numpy_example.dask._door import full, meta_of


def reduce_chunks(
    chunk: Callable[..., Any],
    merge: Callable[[list[Any]], Any],
    arrays: Sequence[da.Array],
    axes: tuple[int, ...],
    *,
    meta: Any,
    indices: Sequence[tuple[int, ...]] | None = None,
    keepdims: bool = False,
    split_every: int | None = None,
) -> da.Array:
    """Return what ``merge`` makes of the results of ``chunk`` along ``axes``.

    ``chunk`` is called with a block of each of ``arrays``, whose axes are those of the first that ``indices`` says; ``merge``
    with lists in the order of the blocks.
    """
    arrays = [full(array) for array in arrays]
    first = arrays[0]
    every = tuple(range(first.ndim))
    placed = [part for pair in zip(arrays, indices or [every]) for part in pair]
    results = da.blockwise(
        chunk,
        every,
        *placed,
        adjust_chunks=dict.fromkeys(axes, 1),
        dtype=meta.dtype,
        meta=meta_of(first.ndim, meta.dtype),
    )
    if not axes:
        return results
    together = partial(_together, merge)
    return da.reduction(
        results,
        chunk=_same,
        combine=together,
        aggregate=together,
        axis=axes,
        keepdims=keepdims,
        concatenate=False,
        dtype=meta.dtype,
        meta=meta,
        split_every=split_every,
    )


def _same(block: Any, axis: Any = None, keepdims: Any = None) -> Any:
    return block


def _together(merge: Callable[[list[Any]], Any], parts: Any, axis: Any, keepdims: bool) -> Any:
    return merge(list(flat(parts)))


def flat(nested: Any) -> Iterator[Any]:
    """Yield what is in nested lists, in order."""
    if not isinstance(nested, (list, tuple)):
        yield nested
        return
    for inner in nested:
        yield from flat(inner)


def task(name: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return the ``Delayed`` of a call; the same call has the same key, in every process."""
    key = f"{name}-{tokenize(function, arguments, options)}"
    return dask.delayed(function, pure=True)(*arguments, **options, dask_key_name=key)


def merge_tree(
    name: str,
    merge: Callable[[list[Any]], Any],
    parts: Sequence[Any],
    split_every: int,
    finish: Callable[[Any], Any],
) -> Any:
    """Return the ``Delayed`` of what ``merge`` makes of ``parts``, a few at a time and in their order."""
    while len(parts) > split_every:
        parts = [
            task(f"{name}-merge", merge, list(parts[start : start + split_every]))
            for start in range(0, len(parts), split_every)
        ]
    return task(name, _finished, list(parts), merge=merge, finish=finish)


def _finished(parts: list[Any], merge: Callable[[list[Any]], Any], finish: Callable[[Any], Any]) -> Any:
    return finish(merge(parts))


def fan_in(function: str, split_every: Any) -> int:
    """Return how many results are merged at a time."""
    if isinstance(split_every, bool) or not isinstance(split_every, int) or split_every < 2:
        raise ValueError(f"{function}: argument split_every, got {split_every!r}, expected an int from 2 on")
    return split_every
