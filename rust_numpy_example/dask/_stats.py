"""Statistics: a ``Stats`` a chunk, merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from operator import methodcaller
from typing import Any, cast

import dask.array as da
import numpy as np
from dask.base import DaskMethodsMixin

import rust_numpy_example as rne
from rust_numpy_example import Stats
from rust_numpy_example.dask._door import empty, fitting, lazy, meta_of
from rust_numpy_example.dask._tree import flat, reduce_chunks, task

_KEYS = ("count", "mean", "std", "min", "max")


def compute_stats(
    arr: Any,
    axis: int | tuple[int, ...] | None = None,
    *,
    ddof: float = 1,
    keepdims: bool = False,
    where: Any = None,
    nan_policy: str = "propagate",
    weights: Any = None,
    by: Any = None,
    workers: int | None = 1,
    split_every: int | None = None,
) -> Any:
    """Count, mean, standard deviation, minimum and maximum of a Dask array, in one pass.

    Parameters
    ----------
    arr : dask.array.Array
        Of bool, integers or floats; chunks of any sizes, also unknown ones.
    axis, ddof, keepdims, nan_policy
        As for :func:`rust_numpy_example.compute_stats`.
    where : dask.array.Array or array_like of bool, optional
        The elements that count; broadcast to the shape of ``arr``.
    weights : dask.array.Array or array_like, optional
        How much each element counts: of the shape of ``arr``, or of that of the reduced axes.
    by : dask.array.Array or array_like, optional
        Labels of groups: of the shape of ``arr``, or with an ``axis``, which is then an int, one for each index along it.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many results are merged by a task; Dask's option of this name by default.

    Returns
    -------
    LazyStats
        Its ``compute()`` gives a :class:`rust_numpy_example.Stats`; its ``mean`` and the others are Dask
        arrays, which share the work.
    dask.delayed.Delayed
        With ``by``: of a :class:`rust_numpy_example.GroupedStats`, made in the same one pass.

    Notes
    -----
    Count, minimum and maximum are those of the whole array; mean and standard deviation are so but for
    the last bits. The merge is that of Chan, Golub and LeVeque with the mean in two floats, so
    large offsets cost no digits.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> x = da.arange(6, chunks=2)
    >>> rnd.compute_stats(x).compute()
    Stats(count=6, mean=2.5, std=1.8708286933869707, min=0, max=5)
    """
    array = lazy("compute_stats", "arr", arr)
    options: dict[str, Any] = {
        "ddof": ddof,
        "keepdims": keepdims,
        "nan_policy": nan_policy,
        "workers": workers,
    }
    every = tuple(range(array.ndim))
    operands = {"block": (array, every)}
    if where is not None:
        mask = lazy("compute_stats", "where", where)
        rne.compute_stats(empty(array), axis, where=empty(mask, (1,) * mask.ndim), **options)
        if fitting(lambda a, m: rne.compute_stats(a, where=m), array, mask) != array.shape:
            if not any(np.isnan(length) for length in array.shape):
                _refuse_mask(array, mask)
        operands["where"] = mask, every[array.ndim - mask.ndim :]
    rne.compute_stats(empty(array), axis, **options)
    if weights is not None:
        operands["weights"] = _weights(array, weights, axis)
    if by is not None:
        operands["by"] = _labels(array, by, axis, options)
    # One element, because minimum and maximum of none are always float64.
    one = np.zeros((1,) * array.ndim, array.dtype)
    like = rne.compute_stats(one, axis, weights=None if weights is None else np.ones(one.shape), **options)
    axes = _axes(axis, array.ndim)
    blocks = reduce_chunks(
        partial(_chunk, names=tuple(operands), axis=axis, **options),
        _merged,
        [operand for operand, _ in operands.values()],
        axes,
        indices=[indices for _, indices in operands.values()],
        meta=meta_of(np.ndim(like.count) if by is None else array.ndim, float),
        # The groups take the place of the axis.
        keepdims=keepdims or by is not None,
        split_every=split_every,
    )
    if by is not None:
        return task("compute_stats-groups", _assembled_groups, blocks.to_delayed().tolist())
    dtypes = {key: np.asarray(getattr(like, key)).dtype for key in (*_KEYS, "var", "weight")}
    if array.dtype == np.uint64:
        # Not what a small int of Python would be.
        dtypes["min"] = dtypes["max"] = array.dtype
    return LazyStats(blocks, dtypes, like.ddof, _lines(array, axes, len(operands) > 1))


def _refuse_mask(array: da.Array, mask: da.Array) -> None:
    whole = np.broadcast_to(np.zeros((), array.dtype), array.shape)
    rne.compute_stats(whole, where=np.broadcast_to(np.zeros((), bool), mask.shape))


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that the library has found to be right as a tuple."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(index % ndim for index in (axis if isinstance(axis, tuple) else (axis,)))


def _lines(array: da.Array, axes: tuple[int, ...], is_masked: bool) -> str:
    """Return whether the lines have elements: ``"full"``, ``"empty"``, or ``"unknown"``."""
    lengths = [array.shape[index] for index in axes]
    if 0 in lengths:
        # Where there are no lines, there is none without elements.
        return "full" if 0 in (n for index, n in enumerate(array.shape) if index not in axes) else "empty"
    return "unknown" if is_masked or any(np.isnan(length) for length in lengths) else "full"


def _weights(array: da.Array, weights: Any, axis: Any) -> tuple[da.Array, tuple[int, ...]]:
    """Return weights with the axes of the array that they have, in its order."""
    found = lazy("compute_stats", "weights", weights)
    order = _axes(axis, array.ndim)
    lengths = [tuple(array.shape[index] for index in indices) for indices in (range(array.ndim), order)]
    unknown = any(np.isnan(length) for length in (*array.shape, *found.shape))
    # Says what is wrong with the dtype.
    rne.compute_stats(np.zeros(1), weights=np.zeros(1, found.dtype))
    if found.shape == lengths[0] or (unknown and found.ndim == array.ndim):
        return found, tuple(range(array.ndim))
    if found.shape != lengths[1] and not (unknown and found.ndim == len(order)):
        raise ValueError(
            f"compute_stats: argument weights, got shape {found.shape}, expected {' or '.join(map(str, lengths))}"
        )
    return found.transpose([order.index(index) for index in sorted(order)]), tuple(sorted(order))


def _labels(array: da.Array, by: Any, axis: Any, options: dict[str, Any]) -> tuple[da.Array, tuple[int, ...]]:
    """Return labels with the axes of the array that they have."""
    labels = lazy("compute_stats", "by", by)
    is_whole = axis is None or labels.ndim == array.ndim
    # Says what is wrong with the other arguments, and with labels of this dtype.
    whole = np.zeros((1,) * array.ndim, array.dtype)
    rne.compute_stats(
        whole, axis, by=np.zeros((1,) * (array.ndim if is_whole else 1), labels.dtype), **options
    )
    along = range(array.ndim) if is_whole else _axes(axis, array.ndim)
    expected = tuple(array.shape[index] for index in along)
    if not any(np.isnan(length) for length in (*expected, *labels.shape)) and labels.shape != expected:
        raise ValueError(f"compute_stats: argument by, got shape {labels.shape}, expected {expected}")
    return labels, tuple(along)


def _chunk(block: Any, *others: Any, names: tuple[str, ...], axis: Any, **options: Any) -> Any:
    given = dict(zip(names[1:], others))
    if "weights" in given and given["weights"].shape != block.shape:
        lengths = [1] * block.ndim
        for index, length in zip(sorted(_axes(axis, block.ndim)), given["weights"].shape):
            lengths[index] = length
        # Not as the library does, which looks at the shape: that of a block may be both.
        given["weights"] = np.broadcast_to(given["weights"].reshape(lengths), block.shape)
    return rne.compute_stats(block, axis, **given, **options)


def _merged(parts: list[Any]) -> Any:
    return reduce(type(parts[0]).merge, parts)


def _assembled_groups(blocks: Any) -> Any:
    """Return one GroupedStats of a grid of them, which have the same groups."""
    first, *others = flat([blocks])
    if not others:
        return first
    make: Any = first.__reduce__()[0]
    groups, _, axis = make.keywords["_state"]
    return make.func(**(make.keywords | {"_state": (groups, _assembled(_each(_of_groups, blocks)), axis)}))


def _of_groups(grouped: Any) -> Stats:
    stats: Stats = grouped.__reduce__()[0].keywords["_state"][1]
    return stats


class LazyStats(DaskMethodsMixin, Mapping[str, Any]):  # type: ignore[misc]
    """The :class:`rust_numpy_example.Stats` of a Dask array, not computed yet.

    A Dask collection and a mapping: ``compute()`` gives the ``Stats``; the keys ``count``, ``mean``, ``std``,
    ``min`` and ``max`` give Dask arrays, as do the attributes of these names and ``var``.

    Examples
    --------
    >>> import dask
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> stats = rnd.compute_stats(da.ones((4, 6), chunks=2), axis=0)
    >>> stats.mean
    dask.array<mean, shape=(6,), dtype=float64, chunksize=(2,), chunktype=numpy.ndarray>
    >>> dask.compute(stats.min, stats["max"])
    (array([1., 1., 1., 1., 1., 1.]), array([1., 1., 1., 1., 1., 1.]))
    """

    __slots__ = ("_blocks", "_dtypes", "_lines", "ddof")

    def __init__(self, blocks: da.Array, dtypes: dict[str, Any], ddof: float, lines: str) -> None:
        self._blocks, self._dtypes, self._lines = blocks, dtypes, lines
        #: What the standard deviation is corrected by.
        self.ddof = ddof

    def _field(self, name: str) -> da.Array:
        dtype = self._dtypes[name]
        # A line without elements has NaN, and then all lines are float64. Dask takes the dtype of the first block for all.
        is_nan: list[Any] = []
        if name in ("min", "max") and dtype.kind in "biu":
            if self._lines == "empty":
                dtype = np.dtype(float)
            elif self._lines == "unknown" and self._blocks.npartitions > 1:
                is_nan = [self._has_nan()]
        return da.map_blocks(
            _field,
            self._blocks,
            *is_nan,
            field=name,
            to=dtype,
            name=None,
            token=name,
            dtype=dtype,
            meta=meta_of(self._blocks.ndim, dtype),
        )

    def _has_nan(self) -> da.Array:
        """Return whether there is a line without elements, as an array without axes."""
        every = tuple(range(self._blocks.ndim))
        return reduce_chunks(_has_empty_lines, any, [self._blocks], every, meta=meta_of(0, bool))

    @property
    def count(self) -> da.Array:
        """Number of elements."""
        return self._field("count")

    @property
    def weight(self) -> da.Array:
        """Sum of the weights; without weights the number of elements."""
        return self._field("weight")

    @property
    def mean(self) -> da.Array:
        """Mean."""
        return self._field("mean")

    @property
    def var(self) -> da.Array:
        """Variance."""
        return self._field("var")

    @property
    def std(self) -> da.Array:
        """Standard deviation."""
        return self._field("std")

    @property
    def min(self) -> da.Array:
        """Minimum; float64 if a line has no elements."""
        return self._field("min")

    @property
    def max(self) -> da.Array:
        """Maximum; float64 if a line has no elements."""
        return self._field("max")

    def merge(self, other: LazyStats) -> LazyStats:
        """Return the lazy Stats of the elements of both; their chunks have to be the same."""
        if not isinstance(other, LazyStats):
            raise TypeError(f"merge: argument other, got {type(other).__name__}, expected a LazyStats")
        if not _same_chunks(self._blocks.chunks, other._blocks.chunks):
            raise ValueError(
                f"merge: argument other, got chunks {other._blocks.chunks}, expected {self._blocks.chunks}"
            )
        blocks = da.map_blocks(
            Stats.merge, self._blocks, other._blocks, dtype=self._blocks.dtype, meta=self._blocks._meta
        )
        dtypes = {key: np.result_type(self._dtypes[key], other._dtypes[key]) for key in self._dtypes}
        both = {self._lines, other._lines}
        lines = "full" if "full" in both else self._lines if len(both) == 1 else "unknown"
        return LazyStats(blocks, dtypes, self.ddof, lines)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of each entry."""
        return tuple(self._blocks.shape)

    def __getitem__(self, key: str) -> da.Array:
        if key not in _KEYS:
            raise KeyError(key)
        return self._field(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __repr__(self) -> str:
        return f"LazyStats(shape={self.shape}, ddof={self.ddof}, chunks={self._blocks.chunks})"

    # As objects: the entries are arrays, which do not compare to one bool.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    # The protocol of Dask's collections.

    def __dask_graph__(self) -> Any:
        return self._blocks.__dask_graph__()

    def __dask_keys__(self) -> Any:
        return self._blocks.__dask_keys__()

    def __dask_layers__(self) -> Any:
        return self._blocks.__dask_layers__()

    def __dask_tokenize__(self) -> Any:
        return "LazyStats", self._blocks.name, self.ddof

    @staticmethod
    def __dask_optimize__(dsk: Any, keys: Any, **options: Any) -> Any:
        return da.Array.__dask_optimize__(dsk, keys, **options)

    @staticmethod
    def __dask_scheduler__(dsk: Any, keys: Any, **options: Any) -> Any:
        return da.Array.__dask_scheduler__(dsk, keys, **options)

    def __dask_postcompute__(self) -> tuple[Callable[..., Stats], tuple[()]]:
        return _assembled, ()

    def __dask_postpersist__(self) -> tuple[Callable[..., LazyStats], tuple[Any, ...]]:
        rebuild, arguments = self._blocks.__dask_postpersist__()
        return _persisted, (rebuild, arguments, self._dtypes, self.ddof, self._lines)


def _same_chunks(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    """Whether chunks are the same, as far as their sizes are known: an unknown one is NaN."""
    return [len(lengths) for lengths in mine] == [len(lengths) for lengths in theirs] and all(
        one == other or one != one or other != other
        for lengths, others in zip(mine, theirs)
        for one, other in zip(lengths, others)
    )


def _field(stats: Stats, is_nan: Any = False, *, field: str, to: Any) -> Any:
    value = getattr(stats, field)
    if not isinstance(value, np.ndarray):
        return value
    if is_nan:
        return value.astype(float)
    return value if value.size else value.astype(to)


def _has_empty_lines(stats: Stats) -> bool:
    return bool(np.any(np.equal(stats.count, 0)))


def _persisted(
    graph: Any, rebuild: Any, arguments: tuple[Any, ...], dtypes: dict[str, Any], *kept: Any, **options: Any
) -> LazyStats:
    return LazyStats(rebuild(graph, *arguments, **options), dtypes, *kept)


def _assembled(blocks: Any) -> Stats:
    """Return one Stats of a grid of them, in nested lists as Dask has them: their states side by side."""
    # A block of no lines has the state of integers, whatever its dtype.
    blocks = _with_lines(blocks) or blocks
    first, *others = flat([blocks])
    if not others:
        return cast(Stats, first)
    grid = _each(_State.of, blocks)
    make: Any = first.__reduce__()[0]
    state = tuple(
        _joined(_each(methodcaller("entry", index), grid)) for index in range(len(make.keywords["_state"]))
    )
    whole: Stats = make.func(**(make.keywords | {"_state": state}))
    return whole


@dataclass(frozen=True)
class _State:
    """What a pickled Stats holds. Not the tuple itself: the grid is of lists and tuples, too."""

    entries: tuple[Any, ...]

    @classmethod
    def of(cls, stats: Stats) -> _State:
        make: Any = stats.__reduce__()[0]
        return cls(make.keywords["_state"])

    def entry(self, index: int) -> Any:
        return self.entries[index]


def _with_lines(blocks: Any) -> Any:
    """Return the grid without blocks of no lines, which are whole slices of it; nothing if all are."""
    if isinstance(blocks, (list, tuple)):
        return [inner for inner in map(_with_lines, blocks) if inner]
    return blocks if np.size(blocks.count) else []


def _each(function: Callable[[Any], Any], nested: Any) -> Any:
    if isinstance(nested, (list, tuple)):
        return [_each(function, inner) for inner in nested]
    return function(nested)


def _joined(entries: Any) -> Any:
    """Return an entry of all states: arrays side by side, or one dtype for all."""
    parts = list(flat(entries))
    if isinstance(parts[0], np.ndarray):
        return _side_by_side(entries)
    # Lines without elements have float64; the others what the array has.
    return parts[0] if len(set(parts)) == 1 else str(np.result_type(*parts))


def _side_by_side(arrays: Any, axis: int = 0) -> Any:
    """Join arrays along their first axes, one a level of nesting; what they have more is of one element."""
    if isinstance(arrays, list):
        return np.concatenate([_side_by_side(inner, axis + 1) for inner in arrays], axis=axis)
    return arrays
