"""Filters: every chunk, and its seams with the neighbours.

A task filters its chunk as it is. Only the pixels at a seam, from which the kernel reaches into a neighbour, are then wrong;
they are computed again, from a strip of the chunk and the neighbours that is three times as wide as the kernel reaches. So
nothing but strips is copied, and nothing but edges is sent: a task for each chunk cuts off its four edges, which are what the
neighbours get. A chunk that is not much larger than its seams is put together with the edges of its neighbours, and filtered as that.

At the border of the image the kernel continues it, as it does for a whole image; only where the image
goes round (``wrap``) is there a seam with the other side. Along an axis that is in one chunk, or
shorter than the kernel, there are none. So every pixel is computed from the same neighbours by the
same code as in the whole image: the bits are the same. The exception are 64-bit integers beyond 2**53, of which
the library keeps more digits where all of the array is near one number: a chunk may be, and the whole not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import dask.array as da
import numpy as np
from dask.array.overlap import ensure_minimum_chunksize
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

import rust_numpy_example as rne
from rust_numpy_example.dask._door import empty, known, lazy, meta_of

_ROUND = ("wrap", "grid-wrap")

#: A chunk has to be so many times as long as the kernel reaches, or it is filtered together with the edges around it.
_LARGE = 8


def gaussian_blur(
    image: Any,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    dtype: Any = None,
    workers: int | None = 1,
) -> da.Array:
    """Blur an image with a Gaussian: bit for bit as :func:`rust_numpy_example.gaussian_blur`.

    Parameters
    ----------
    image : dask.array.Array, shape (rows, columns), or with ``channel_axis`` a third axis
        Chunks of known sizes; those smaller than the kernel are merged.
    sigma, mode, cval, truncate, channel_axis, dtype
        As for :func:`rust_numpy_example.gaussian_blur`.
    workers : int, optional
        Threads of a task.

    Returns
    -------
    dask.array.Array
        Of the shape of the image.

    Notes
    -----
    A task holds its chunk, its result, and strips that are three times ``int(truncate * sigma + 0.5)`` pixels wide.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.gaussian_blur(da.eye(60, chunks=30), 1.0)
    dask.array<gaussian_blur, shape=(60, 60), dtype=float64, chunksize=(30, 30), chunktype=numpy.ndarray>
    """
    image = lazy("gaussian_blur", "image", image)
    options = {
        "mode": mode,
        "cval": cval,
        "truncate": truncate,
        "channel_axis": channel_axis,
        "dtype": dtype,
        "workers": workers,
    }
    like = rne.gaussian_blur(empty(image), sigma, **options)
    reach = [truncate * float(width) + 0.5 for width in np.broadcast_to(np.asarray(sigma, float), (2,))]
    call = partial(rne.gaussian_blur, sigma=sigma, **options)
    return _filtered("gaussian_blur", call, image, reach, mode, channel_axis, like.dtype)


def sobel(
    image: Any,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    dtype: Any = None,
    workers: int | None = 1,
) -> da.Array:
    """Find edges with the Sobel operator: bit for bit as :func:`rust_numpy_example.sobel`.

    Parameters
    ----------
    image : dask.array.Array, shape (rows, columns), or with ``channel_axis`` a third axis
        Chunks of known sizes.
    axis, mode, cval, channel_axis, dtype
        As for :func:`rust_numpy_example.sobel`.
    workers : int, optional
        Threads of a task.

    Returns
    -------
    dask.array.Array
        Of the shape of the image.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.sobel(da.eye(6, chunks=3))[2].compute().round(1)
    array([1.4, 2.8, 0. , 2.8, 1.4, 0. ])
    """
    image = lazy("sobel", "image", image)
    options = {
        "axis": axis,
        "mode": mode,
        "cval": cval,
        "channel_axis": channel_axis,
        "dtype": dtype,
        "workers": workers,
    }
    like = rne.sobel(empty(image), **options)
    call = partial(rne.sobel, **options)
    return _filtered("sobel", call, image, [1, 1], mode, channel_axis, like.dtype)


def process_image(
    image: Any,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    dtype: Any = None,
    workers: int | None = 1,
) -> da.Array:
    """Blur an image, or find its edges: :func:`gaussian_blur` or the magnitude of :func:`sobel`.

    Parameters
    ----------
    image : dask.array.Array
        As for :func:`gaussian_blur`.
    filter : {'blur', 'edges'}, optional
        Which of the two.
    sigma, truncate
        Only for ``'blur'``.
    mode, cval, channel_axis, dtype, workers
        As for :func:`gaussian_blur`.

    Returns
    -------
    dask.array.Array
        Of the shape of the image.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.process_image(da.ones((4, 4), chunks=2), "edges").compute()[0]
    array([0., 0., 0., 0.])
    """
    image = lazy("process_image", "image", image)
    common = {"mode": mode, "cval": cval, "channel_axis": channel_axis, "dtype": dtype, "workers": workers}
    # Says what is wrong in the name of this function, also with what the filter has no use for.
    rne.process_image(empty(image), filter, sigma=sigma, truncate=truncate, **common)
    if filter == "edges":
        return sobel(image, **common)
    return gaussian_blur(image, sigma, truncate=truncate, **common)


def _filtered(
    function: str,
    call: Callable[..., Any],
    image: da.Array,
    reach: Sequence[float],
    mode: str | Sequence[str],
    channel_axis: int | None,
    dtype: Any,
) -> da.Array:
    known(function, "image", image)
    modes = [mode, mode] if isinstance(mode, str) else list(mode)
    rows, columns = (
        axis for axis in range(image.ndim) if channel_axis is None or axis != channel_axis % image.ndim
    )
    depth = [0] * image.ndim
    for axis, pixels in zip((rows, columns), reach):
        if image.numblocks[axis] == 1 or pixels < 1:
            continue
        if pixels >= image.shape[axis]:
            image = image.rechunk({axis: -1})
            continue
        depth[axis] = int(pixels)
        image = image.rechunk({axis: ensure_minimum_chunksize(depth[axis], image.chunks[axis])})
        depth[axis] *= image.numblocks[axis] > 1
    meta = meta_of(image.ndim, dtype)
    if not any(depth) or 0 in image.shape:
        return da.map_blocks(_block, image, call=call, token=function, dtype=dtype, meta=meta)
    around = {axis for axis, beyond in zip((rows, columns), modes) if beyond in _ROUND}
    reaches = (rows, depth[rows]), (columns, depth[columns])
    edges = da.map_blocks(
        _edges, image, reaches=reaches, token=f"{function}-edges", dtype=image.dtype, meta=image._meta
    )
    name = f"{function}-{tokenize(image.name, call, reaches)}"
    graph: dict[Any, Any] = {}
    for index in np.ndindex(image.numblocks):
        graph[name, *index] = (
            partial(_filtered_block, call=call, reaches=reaches),
            (image.name, *index),
            _around(edges, index, (rows, columns), depth, around),
        )
    layers = HighLevelGraph.from_collections(name, graph, dependencies=[image, edges])
    return da.Array(layers, name, image.chunks, meta=meta)


def _around(
    edges: da.Array, index: tuple[int, ...], axes: tuple[int, int], depth: list[int], around: set[int]
) -> list[list[Any]]:
    """Return the keys of the edges of the eight neighbours, in rows; None where there is no neighbour."""

    def shifted(axis: int, step: int) -> int | None:
        place = index[axis] + step
        if not depth[axis]:
            return None if step else place
        if axis in around:
            return place % int(edges.numblocks[axis])
        return place if 0 <= place < edges.numblocks[axis] else None

    keys: list[list[Any]] = []
    for down in (-1, 0, 1):
        keys.append([])
        for right in (-1, 0, 1):
            place: list[int | None] = list(index)
            place[axes[0]], place[axes[1]] = shifted(axes[0], down), shifted(axes[1], right)
            is_there = (down or right) and None not in place
            keys[-1].append((edges.name, *place) if is_there else None)
    return keys


def _block(block: Any, call: Callable[..., Any]) -> Any:
    return call(block)


#: The two axes of the image, and how many pixels the kernel reaches along each.
_Reaches = tuple[tuple[int, int], tuple[int, int]]


def _cut(block: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return block[(slice(None),) * axis + (slice(start, stop),)]


def _edges(block: Any, reaches: _Reaches) -> Any:
    """Return the first and the last rows and columns of a block; copies, which do not keep all of it in memory."""
    return tuple(
        (_cut(block, axis, None, deep).copy(), _cut(block, axis, block.shape[axis] - deep, None).copy())
        for axis, deep in reaches
    )


class _Around:
    """A block and the edges of its neighbours: any part of them as one array."""

    def __init__(self, block: Any, edges: list[list[Any]], reaches: _Reaches) -> None:
        self._block, self._edges = block, edges
        (self._rows, self._deep), (self._columns, self._wide) = reaches
        #: Above, below; to the left, to the right: how much there is.
        self.above, self.below = (self._deep if edges[i][1] is not None else 0 for i in (0, 2))
        self.left, self.right = (self._wide if edges[1][i] is not None else 0 for i in (0, 2))
        self.height, self.width = block.shape[self._rows], block.shape[self._columns]

    def part(self, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        """Return rows and columns from one to another, counted from the first of the block."""
        shape = list(self._block.shape)
        shape[self._rows], shape[self._columns] = rows[1] - rows[0], columns[1] - columns[0]
        out = np.empty(shape, self._block.dtype)
        for down, (top, bottom) in enumerate(_pieces(rows, self.height)):
            for right, (first, last) in enumerate(_pieces(columns, self.width)):
                if top < bottom and first < last:
                    target = self._slice(
                        out, (top - rows[0], bottom - rows[0]), (first - columns[0], last - columns[0])
                    )
                    target[...] = self._piece(down, right, (top, bottom), (first, last))
        return out

    def _piece(self, down: int, right: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        """Return a part of the block, or of one neighbour."""
        if down == right == 1:
            return self._slice(self._block, rows, columns)
        (upper, lower), (first, last) = self._edges[down][right]
        # Counted from the first row and column of the edge that has them; what is beside takes columns, the others rows.
        source = (last if right == 0 else first) if down == 1 else (lower if down == 0 else upper)
        up = {0: self._deep, 1: 0, 2: -self.height}[down]
        if down == 1:
            left = {0: self._wide, 2: -self.width}[right]
        else:
            left = {0: source.shape[self._columns], 1: 0, 2: -self.width}[right]
        return self._slice(source, (rows[0] + up, rows[1] + up), (columns[0] + left, columns[1] + left))

    def _slice(self, array: Any, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        return _cut(_cut(array, self._rows, *rows), self._columns, *columns)


def _pieces(bounds: tuple[int, int], length: int) -> list[tuple[int, int]]:
    """Return what of a range is before 0, up to ``length``, and behind."""
    start, stop = bounds
    return [(start, min(stop, 0)), (max(start, 0), min(stop, length)), (max(start, length), stop)]


def _filtered_block(block: Any, edges: list[list[Any]], call: Callable[..., Any], reaches: _Reaches) -> Any:
    """Filter a block with its seams."""
    around = _Around(block, edges, reaches)
    (rows, deep), (columns, wide) = reaches
    height, width = around.height, around.width
    above, below, left, right = around.above, around.below, around.left, around.right
    if height < _LARGE * deep or width < _LARGE * wide:
        whole = call(around.part((-above, height + below), (-left, width + right)))
        inner = _cut(_cut(whole, rows, above, above + height), columns, left, left + width)
        # A copy, which does not keep the margin in memory.
        return np.ascontiguousarray(inner)
    result = call(block)
    across = (-left, width + right)
    if above:
        strip = call(around.part((-deep, 2 * deep), across))
        _cut(result, rows, None, deep)[...] = _cut(
            _cut(strip, rows, deep, 2 * deep), columns, left, left + width
        )
    if below:
        strip = call(around.part((height - 2 * deep, height + deep), across))
        _cut(result, rows, height - deep, None)[...] = _cut(
            _cut(strip, rows, deep, 2 * deep), columns, left, left + width
        )
    # The corners are done.
    start, stop = above, height - below
    if left:
        strip = call(around.part((0, height), (-wide, 2 * wide)))
        _cut(_cut(result, rows, start, stop), columns, None, wide)[...] = _cut(
            _cut(strip, rows, start, stop), columns, wide, 2 * wide
        )
    if right:
        strip = call(around.part((0, height), (width - 2 * wide, width + wide)))
        _cut(_cut(result, rows, start, stop), columns, width - wide, None)[...] = _cut(
            _cut(strip, rows, start, stop), columns, wide, 2 * wide
        )
    return result
