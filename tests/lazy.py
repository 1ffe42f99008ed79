"""Dask arrays of any chunks, and how results of them are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask.array as da

import rust_numpy_example as rne

#: Of every module of tests on Dask.
MARKS = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:dask", "ignore::FutureWarning:dask"),
    pytest.mark.usefixtures("one_thread"),
]

REAL = "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8".split()
NUMBERS = [*REAL, "c8", "c16"]


def sample(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Return an array of ordinary numbers; large ones where the dtype is of integers."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    values = rng.normal(3, 10, shape)
    return (values + 1j * rng.normal(size=shape) if kind == "c" else values).astype(dtype)


@st.composite
def cuts(draw: st.DrawFn, length: int, empty: bool = True) -> tuple[int, ...]:
    """Draw chunks of an axis: uneven ones, of one element, and empty ones."""
    inner = draw(st.lists(st.integers(0, length), max_size=4))
    bounds = [0, *sorted(inner), length]
    chunks = [b - a for a, b in zip(bounds, bounds[1:])]
    return tuple(chunks if empty else [n for n in chunks if n] or [length])


@st.composite
def chunked(
    draw: st.DrawFn, dtypes: list[str], axes: tuple[int, int] = (0, 3), longest: int = 9
) -> tuple[np.ndarray, da.Array]:
    """Draw an array and the same as a Dask array."""
    shape = draw(st.lists(st.integers(0, longest), min_size=axes[0], max_size=axes[1]))
    whole = sample(tuple(shape), draw(st.sampled_from(dtypes)), draw(st.integers(0, 99)))
    return whole, da.from_array(whole, chunks=tuple(draw(cuts(n)) for n in shape))


def same(got: Any, expected: Any) -> None:
    """Expect the same type of array, shape and bits."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    assert got.tobytes() == expected.tobytes()


def as_declared(lazy: da.Array) -> Any:
    """Compute an array; expect what it said of itself before."""
    got = lazy.compute()
    assert type(lazy._meta) is np.ndarray and lazy._meta.ndim == lazy.ndim
    if lazy.dtype != object:
        assert np.asarray(got).dtype == lazy.dtype
    assert len(lazy.shape) == np.ndim(got)
    assert all(np.isnan(told) or told == is_ for told, is_ in zip(lazy.shape, np.shape(got)))
    return got


def stats_equal(got: rne.Stats, expected: rne.Stats) -> None:
    for key in ("count", "min", "max"):
        same(got[key], expected[key])
        assert type(got[key]) is type(expected[key])
    assert got.ddof == expected.ddof
    assert np.shape(got.mean) == np.shape(expected.mean)
    for key in ("mean", "std"):
        np.testing.assert_allclose(got[key], expected[key], rtol=1e-14, atol=1e-290)
