"""Matrix products: one product a pair of blocks, their sums in a tree."""

from __future__ import annotations

from functools import partial, reduce
from typing import Any
from warnings import catch_warnings, simplefilter

import dask.array as da
import numpy as np
from dask.array.core import PerformanceWarning

import rust_numpy_example as rne
from rust_numpy_example.dask._door import full, known, lazy, meta_of


def matrix_multiply(a: Any, b: Any, *, workers: int | None = 1, split_every: int | None = None) -> da.Array:
    """Matrix product of two Dask arrays.

    Parameters
    ----------
    a, b : dask.array.Array
        Matrices, vectors, or stacks of matrices, as for :func:`rust_numpy_example.matrix_multiply`.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many products of blocks are added by a task.

    Returns
    -------
    dask.array.Array
        With the dtype of the product. Integers wrap as they do in one piece: the bits are the same for any
        chunks. Floats are added block by block, so their last bits depend on the chunks;
        float16 is kept in float32 until its sum is complete.

    Examples
    --------
    >>> import dask.array as da
    >>> import rust_numpy_example.dask as rnd
    >>> a = da.arange(6, chunks=2).reshape(2, 3)
    >>> rnd.matrix_multiply(a, a.T).compute()
    array([[ 5, 14],
           [14, 50]])
    """
    a, b = lazy("matrix_multiply", "a", a), lazy("matrix_multiply", "b", b)
    probes = [np.ones((1,) * array.ndim, array.dtype) for array in (a, b)]
    dtype = np.asarray(rne.matrix_multiply(*probes, workers=workers)).dtype
    known("matrix_multiply", "a", a)
    known("matrix_multiply", "b", b)
    row, column = a.ndim == 1, b.ndim == 1
    a, b = full(a), full(b)
    if row:
        a = a[None, :]
    if column:
        b = b[:, None]
    if a.shape[-1] != b.shape[-2] or not _fit(a.shape[:-2], b.shape[:-2]):
        # The same shapes without memory, so that the library says what is wrong with them.
        left, right = (np.broadcast_to(np.zeros((), array.dtype), array.shape) for array in (a, b))
        rne.matrix_multiply(left[0] if row else left, right[..., 0] if column else right)
    product = _blocks(a, b, dtype, workers, split_every)
    if row:
        product = product[..., 0, :]
    return product[..., 0] if column else product


def _fit(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def _blocks(a: da.Array, b: da.Array, dtype: Any, workers: int | None, split_every: int | None) -> da.Array:
    ndim = max(a.ndim, b.ndim)
    stack = tuple(range(ndim - 2))
    i, j, k = ndim - 2, ndim - 1, ndim
    wide = np.dtype("f4") if dtype == np.float16 else dtype
    of_a = (*stack[len(stack) - a.ndim + 2 :], i, k)
    of_b = (*stack[len(stack) - b.ndim + 2 :], k, j)
    # The blocks of products have one more axis, in front, along which they are to be added.
    with catch_warnings():
        # That a product has more blocks than its factors is no accident.
        simplefilter("ignore", PerformanceWarning)
        parts = da.blockwise(
            partial(_product, dtype=wide, workers=workers),
            (k, *stack, i, j),
            *(a, of_a),
            *(b, of_b),
            adjust_chunks={k: 1},
            dtype=wide,
            meta=meta_of(ndim + 1, wide),
        )
    total = da.reduction(
        parts,
        chunk=_same,
        combine=partial(_added, logical=dtype.kind == "b"),
        aggregate=partial(_added, logical=dtype.kind == "b"),
        axis=0,
        concatenate=False,
        dtype=wide,
        meta=meta_of(ndim, wide),
        split_every=split_every,
    )
    return (
        total
        if wide == dtype
        else da.map_blocks(_narrowed, total, to=dtype, dtype=dtype, meta=meta_of(ndim, dtype))
    )


def _product(a: Any, b: Any, dtype: Any, workers: int | None) -> Any:
    if a.dtype == b.dtype == np.float16:
        a, b = a.astype(dtype), b.astype(dtype)
    return rne.matrix_multiply(a, b, workers=workers)[None]


def _same(block: Any, axis: Any, keepdims: bool) -> Any:
    return block


def _added(parts: Any, axis: Any, keepdims: bool, logical: bool) -> Any:
    add = np.logical_or if logical else np.add
    total = reduce(add, parts) if isinstance(parts, list) else parts
    return total if keepdims else total[0]


def _narrowed(block: Any, to: Any) -> Any:
    with np.errstate(over="ignore"):
        return block.astype(to)
