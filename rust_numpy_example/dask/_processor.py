"""States that take in chunks, and merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import Any

import dask.array as da
import numpy as np

import rust_numpy_example as rne
from rust_numpy_example import DataProcessor, Stats
from rust_numpy_example.dask._door import lazy
from rust_numpy_example.dask._tree import fan_in, merge_tree, task


def fold(state: DataProcessor | Stats, chunks: Any, *, split_every: int = 8) -> Any:
    """Take chunks into a state: a ``Delayed`` of the state with all of them.

    Parameters
    ----------
    state : DataProcessor or Stats
        What to begin with; it is not changed.
    chunks : dask.array.Array, dask.bag.Bag, dask.dataframe.Series, or list of Delayed
        Numbers: each block, partition or delayed array is a chunk, taken in their order. Blocks of an array
        with several axes come in the order of the blocks.
    split_every : int, optional
        How many states are merged by a task.

    Returns
    -------
    dask.delayed.Delayed
        Of a new state of the same kind.

    Notes
    -----
    The buffer of a ``DataProcessor`` holds all its numbers, 8 bytes each: where only ``stats()`` matters, fold into
    ``Stats()``, which stays small.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example as rne
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.fold(rne.DataProcessor(4), da.arange(10, chunks=3)).compute()
    DataProcessor(chunk_size=4, buffered=10, added=10)
    """
    split_every = fan_in("fold", split_every)
    take, merge = _ways(state)
    if isinstance(chunks, (da.Array, np.ndarray)):
        parts = lazy("fold", "chunks", chunks).to_delayed().ravel().tolist()
    elif hasattr(chunks, "to_delayed"):
        parts = chunks.to_delayed()
    elif isinstance(chunks, Iterable):
        parts = list(chunks)
    else:
        raise TypeError(
            f"fold: argument chunks, got {type(chunks).__name__}, expected a Dask array or bag, or a list of Delayed"
        )
    taken = [task("fold-chunk", take, part) for part in parts]
    return merge_tree("fold", merge, [state, *taken], split_every, _same)


def _ways(state: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if isinstance(state, DataProcessor):
        return partial(_into_processor, chunk_size=state.chunk_size), _merged_processors
    if isinstance(state, Stats):
        return partial(_into_stats, ddof=state.ddof), _merged_stats
    raise TypeError(f"fold: argument state, got {type(state).__name__}, expected a DataProcessor or a Stats")


def _numbers(chunk: Any) -> Any:
    return chunk if hasattr(chunk, "__array__") else np.asarray(list(chunk))


def _into_processor(chunk: Any, chunk_size: int) -> DataProcessor:
    processor = DataProcessor(chunk_size)
    processor.add_data(_numbers(chunk))
    return processor


def _merged_processors(parts: list[DataProcessor]) -> DataProcessor:
    # A new one: what a task gets may be used by another one.
    processor = DataProcessor(parts[0].chunk_size)
    for part in parts:
        processor.merge(part)
    return processor


def _into_stats(chunk: Any, ddof: float) -> Stats:
    return rne.compute_stats(_numbers(chunk), ddof=ddof, workers=1)


def _merged_stats(parts: list[Stats]) -> Stats:
    return reduce(Stats.merge, parts)


def _same(state: Any) -> Any:
    return state
