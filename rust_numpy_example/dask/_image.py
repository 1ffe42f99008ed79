"""Filters: every chunk with as much of its neighbours as the kernel reaches to.

At the border of the image the kernel continues it, as it does for a whole image; only where the image
goes round (``wrap``) does a chunk get what is on the other side. Along an axis that is in one chunk, or
shorter than the kernel, nothing is exchanged. So every pixel is computed from the same neighbours by the
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

import rust_numpy_example as rne
from rust_numpy_example.dask._door import empty, known, lazy

_ROUND = ("wrap", "grid-wrap")


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
    A task holds its chunk with ``int(truncate * sigma + 0.5)`` pixels more on each side, and its result.

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
    axes = [axis for axis in range(image.ndim) if channel_axis is None or axis != channel_axis % image.ndim]
    depth = dict.fromkeys(range(image.ndim), 0)
    boundary = dict.fromkeys(range(image.ndim), "none")
    for axis, pixels, beyond in zip(axes, reach, modes):
        if image.numblocks[axis] == 1 or pixels < 1:
            continue
        if pixels >= image.shape[axis]:
            image = image.rechunk({axis: -1})
            continue
        depth[axis] = int(pixels)
        image = image.rechunk({axis: ensure_minimum_chunksize(depth[axis], image.chunks[axis])})
        boundary[axis] = "periodic" if beyond in _ROUND else "none"
    shared = {"dtype": dtype, "meta": np.empty((0,) * image.ndim, dtype)}
    if not any(depth.values()) or 0 in image.shape:
        return da.map_blocks(_block, image, call=call, token=function, **shared)
    return da.map_overlap(
        _inner,
        image,
        depth=depth,
        boundary=boundary,
        trim=False,
        allow_rechunk=False,
        token=function,
        call=call,
        cut=depth,
        around=[axis for axis in depth if boundary[axis] == "periodic"],
        last=image.numblocks,
        **shared,
    )


def _block(block: Any, call: Callable[..., Any]) -> Any:
    return call(block)


def _inner(
    block: Any,
    call: Callable[..., Any],
    cut: dict[int, int],
    around: list[int],
    last: tuple[int, ...],
    block_id: tuple[int, ...] | None = None,
) -> Any:
    """Filter a block with what was put around it, and cut that off.

    What remains is copied, so that the margin is not kept in memory with it.
    """
    result = call(block)
    if block_id is None:
        return result
    inner = tuple(
        slice(
            cut[axis] if axis in around or index > 0 else 0,
            length - (cut[axis] if axis in around or index < blocks - 1 else 0),
        )
        for axis, (index, blocks, length) in enumerate(zip(block_id, last, block.shape))
    )
    return np.ascontiguousarray(result[inner])
