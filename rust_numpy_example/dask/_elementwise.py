"""Products element by element, and a filter."""

from __future__ import annotations

from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import elemwise

import rust_numpy_example as rne
from rust_numpy_example.dask._door import empty, fitting, full, known, lazy, meta_of


def array_multiply(a: Any, b: Any, *, workers: int | None = 1) -> da.Array:
    """Multiply two Dask arrays, element by element.

    Parameters
    ----------
    a, b : dask.array.Array or array_like
        Factors, of shapes that broadcast against each other. A Python scalar does not change the dtype of
        the other one.
    workers : int, optional
        Threads of a task.

    Returns
    -------
    dask.array.Array
        With the values and the dtype of :func:`rust_numpy_example.array_multiply`.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.array_multiply(da.arange(4, chunks=2), [1, 10, 100, 1000]).compute()
    array([   0,   10,  200, 3000])
    """
    return _product("array_multiply", rne.array_multiply, ("a", a), ("b", b), workers)


def process_data(data: Any, factor: Any = 2, *, workers: int | None = 1) -> da.Array:
    """Multiply every element of a Dask array by a factor.

    Parameters
    ----------
    data : dask.array.Array
        Any shape.
    factor : scalar, dask.array.Array or array_like, optional
        What to multiply by.
    workers : int, optional
        Threads of a task.

    Returns
    -------
    dask.array.Array
        ``data * factor``.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.process_data(da.arange(4, chunks=2), 0.5).compute()
    array([0. , 0.5, 1. , 1.5])
    """
    return _product("process_data", rne.process_data, ("data", data), ("factor", factor), workers)


def _product(
    function: str, call: Any, first: tuple[str, Any], second: tuple[str, Any], workers: int | None
) -> da.Array:
    factors = [
        # A Python scalar takes the dtype of the other factor, which an array would not.
        value
        if type(value) in (bool, int, float, complex) or value is None
        else full(lazy(function, name, value))
        for name, value in (first, second)
    ]
    if not any(isinstance(factor, da.Array) for factor in factors):
        factors[0] = lazy(function, *first)
    probes = [empty(factor) if isinstance(factor, da.Array) else factor for factor in factors]
    if all(isinstance(factor, da.Array) for factor in factors):
        fitting(call, *factors)
        probes = [np.zeros((1,) * factor.ndim, factor.dtype) for factor in factors]
    dtype = np.asarray(call(*probes, workers=workers)).dtype
    return elemwise(partial(call, workers=workers), *factors, dtype=dtype, name=None)


def process_numbers(numbers: Any, threshold: float) -> da.Array:
    """Keep what is greater than a threshold, doubled, in its order.

    Parameters
    ----------
    numbers : dask.array.Array of integers or floats
        More than one axis is read in C order, for which Dask may have to rechunk.
    threshold : int or float
        As for :func:`rust_numpy_example.process_numbers`.

    Returns
    -------
    dask.array.Array
        Of one axis; the sizes of its chunks are unknown until they are computed.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> rnd.process_numbers(da.arange(6, chunks=2), 3).compute()
    array([ 8, 10])
    """
    array = lazy("process_numbers", "numbers", numbers)
    like: Any = rne.process_numbers(empty(array, (0,)), threshold)
    flat = _in_c_order(array)
    return da.map_blocks(
        _kept, flat, threshold=threshold, chunks=((np.nan,) * flat.numblocks[0],), dtype=like.dtype, meta=like
    )


def _in_c_order(array: da.Array) -> da.Array:
    """Return the elements along one axis."""
    if 0 in array.shape:
        # Dask does not reshape arrays without elements, nor with empty chunks beside others.
        return da.empty(0, dtype=array.dtype, chunks=1)
    array = full(array)
    if array.ndim == 1 or not any(np.isnan(length) for length in array.shape):
        return array.ravel()
    # Rows of unknown number, each made whole in its chunk: that is the order of the chunks.
    if any(np.isnan(length) for length in array.shape[1:]):
        known("process_numbers", "numbers", array)
    return array.rechunk(dict.fromkeys(range(1, array.ndim), -1)).map_blocks(
        np.ravel,
        drop_axis=list(range(1, array.ndim)),
        chunks=((np.nan,) * array.numblocks[0],),
        dtype=array.dtype,
        meta=meta_of(1, array.dtype),
    )


def _kept(block: Any, threshold: float) -> Any:
    return rne.process_numbers(block, threshold)
