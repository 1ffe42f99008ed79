"""Matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, equal

#: Promised for integers with AVX-512 and with AVX2.
INTEGERS = {"int8": (100, 20), "int16": (40, 30), "int32": (20, 6), "int64": (4, 3.5)}


#: All dtypes but float64 and float32, which have rows of their own.
EVERY = ("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 complex64 complex128").split()


def _case(
    what: str,
    a: np.ndarray,
    b: np.ndarray,
    must: float | None,
    *,
    headline: bool = False,
    avx2: float | None = None,
) -> Case:
    kind = a.dtype.kind
    eps = np.finfo(a.dtype).eps if kind in "fc" else 0
    check = close(0, 100 * eps * a.shape[-1] ** 0.5) if eps else equal
    return Case(
        "matrix_multiply",
        what,
        "NumPy",
        lambda: rne.matrix_multiply(a, b),
        lambda: a @ b,
        must,
        check,
        headline=headline,
        avx2=avx2,
    )


def _matrix(dtype: str, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(sum(shape))
    if dtype == "bool":
        return rng.random(shape) < 0.05
    if np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype)
    values = rng.random(shape) - 0.5
    if np.dtype(dtype).kind == "c":
        values = values + 1j * (rng.random(shape) - 0.5)
    return np.asarray(values).astype(dtype)


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    for dtype in ("float64", "float32"):
        for n in (8, 16, 32, 64, 128, 256, 512, 1000, 1024, 2048):
            if threads > 1 and n < 64:
                continue
            a, b = _matrix(dtype, n, n), _matrix(dtype, n, n)
            must = {8: 2.0, 128: 1.2}.get(n, 1.0)
            yield _case(f"{dtype} {n}x{n}", a, b, must, headline=n == 1000 and threads == 1)
        n = 512
        yield _case(f"{dtype} A.T @ B, 512", _matrix(dtype, n, n).T, _matrix(dtype, n, n), 1.0)
        yield _case(f"{dtype} A @ B.T, 512", _matrix(dtype, n, n), _matrix(dtype, n, n).T, 1.0)
        yield _case(f"{dtype} 10000x64 @ 64x64", _matrix(dtype, 10000, 64), _matrix(dtype, 64, 64), 1.0)
        for n in (200, 1000, 3000):
            a, x = _matrix(dtype, n, n), _matrix(dtype, n)
            yield _case(f"{dtype} A @ x, {n}", a, x, None)
            yield _case(f"{dtype} A.T @ x, {n}", a.T, x, None)
            yield _case(f"{dtype} x @ A, {n}", x, a, None)
        x = _matrix(dtype, 10**5)
        yield _case(f"{dtype} x @ x, 1e5", x, x, None)
    if threads > 1:
        return
    yield _case("float64 10000 x (4, 4)", _matrix("float64", 10000, 4, 4), _matrix("float64", 10000, 4, 4), 3)
    yield _case(
        "float64 1000 x (16, 16)", _matrix("float64", 1000, 16, 16), _matrix("float64", 1000, 16, 16), 3
    )
    for dtype, (must, avx2) in INTEGERS.items():
        a, b = _matrix(dtype, 1000, 1000), _matrix(dtype, 1000, 1000)
        yield _case(f"{dtype} 1000x1000", a, b, must, headline=True, avx2=avx2)
    for dtype, least in (("bool", 80), ("float16", 100)):
        yield _case(f"{dtype} 1000x1000", _matrix(dtype, 1000, 1000), _matrix(dtype, 1000, 1000), least)
    for dtype in ("complex64", "complex128"):
        for n in (64, 128, 256, 512, 1000):
            yield _case(f"{dtype} {n}x{n}", _matrix(dtype, n, n), _matrix(dtype, n, n), 1.0)
    for dtype in EVERY:
        yield _case(f"{dtype} 8x8", _matrix(dtype, 8, 8), _matrix(dtype, 8, 8), 1.0)
