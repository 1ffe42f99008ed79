"""Matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, equal

#: Promised for integers with AVX-512 and with AVX2.
INTEGERS = {"int8": (100, 20), "int16": (40, 30), "int32": (20, 6), "int64": (4, 3.5)}

#: Why products of squares on one thread are near what is promised; the shares of the limits show how near.
SQUARES = {
    64: "so small that its set-up shows; NumPy's code for it is as near to what the CPU can do",
    128: "both are near what the CPU can do: the aim is nearly all of it",
}
TIE = "a tie: both are near the multiply-adds that the CPU can do"
TWO = "near a tie: each thread packs what both need"
VECTOR = "near a tie: both read the matrix once, and the caches or the memory are the limit of both"

DOT = (
    "near a tie where the two vectors are not one; of one, all loads of a block come before what is done with them, as"
    " the compiler has it, and take longer so"
)

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
    reason: str = "",
) -> Case:
    kind = a.dtype.kind
    eps = np.finfo(a.dtype).eps if kind in "fc" else 0
    # Long sums of squares are far from zero, and NumPy rounds them more than this package does.
    check = close(100 * eps, 100 * eps * a.shape[-1] ** 0.5) if eps else equal
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
        reason=reason,
    )


def _square(n: int, threads: int) -> str:
    """Return why the product of two squares is near what is promised."""
    if threads > 1:
        return TWO
    return TIE if n >= 1000 else SQUARES.get(n, "")


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
            headline, reason = n == 1000 and threads == 1, _square(n, threads)
            yield _case(f"{dtype} {n}x{n}", a, b, must, headline=headline, reason=reason)
        a, b = _matrix(dtype, 512, 512), _matrix(dtype, 512, 512)
        copied = "a transposed factor is copied first" + (", by each thread" if threads > 1 else "")
        yield _case(f"{dtype} A.T @ B, 512", a.T, b, 1.0, reason=copied)
        yield _case(f"{dtype} A @ B.T, 512", a, b.T, 1.0, reason=copied)
        tall, small = _matrix(dtype, 10000, 64), _matrix(dtype, 64, 64)
        reason = TWO if threads > 1 else ""
        yield _case(f"{dtype} 10000x64 @ 64x64", tall, small, 1.0, reason=reason)
        for n in (16, 64, 200, 1000, 3000):
            if threads > 1 and n < 200:
                continue
            a, x = _matrix(dtype, n, n), _matrix(dtype, n)
            yield _case(f"{dtype} A @ x, {n}", a, x, 1.0, reason=VECTOR)
            yield _case(f"{dtype} A.T @ x, {n}", a.T, x, 1.0, reason=VECTOR)
            yield _case(f"{dtype} x @ A, {n}", x, a, 1.0, reason=VECTOR)
        for n in (1000, 10**5, 10**6):
            if threads > 1 and n == 1000:
                continue
            x = _matrix(dtype, n)
            yield _case(f"{dtype} x @ x, {n:.0e}", x, x, 1.0, reason=DOT)
    if threads > 1:
        return
    yield _case("float64 10000 x (4, 4)", _matrix("float64", 10000, 4, 4), _matrix("float64", 10000, 4, 4), 3)
    yield _case(
        "float64 1000 x (16, 16)",
        _matrix("float64", 1000, 16, 16),
        _matrix("float64", 1000, 16, 16),
        3,
        reason="NumPy does most of the multiply-adds that the CPU can do: no code can reach the aim",
    )
    stack, column = _matrix("float64", 10000, 4, 4), _matrix("float64", 4, 1)
    yield _case("float64 10000 x (4, 4) @ (4, 1)", stack, column, 2)
    stack, column = _matrix("float64", 1000, 16, 16), _matrix("float64", 16)
    reason = "the matrices are read once, and the caches are the limit"
    yield _case("float64 1000 x (16, 16) @ x", stack, column, 2, reason=reason)
    for dtype in ("complex64", "complex128"):
        a, x = _matrix(dtype, 1000, 1000), _matrix(dtype, 1000)
        yield _case(f"{dtype} A @ x, 1000", a, x, 1.0, reason=VECTOR)
    for dtype, (must, avx2) in INTEGERS.items():
        a, b = _matrix(dtype, 1000, 1000), _matrix(dtype, 1000, 1000)
        yield _case(f"{dtype} 1000x1000", a, b, must, headline=True, avx2=avx2)
    waits = "it waits for elements from the caches"
    for dtype, least, reason in (("bool", 80, waits), ("float16", 100, "")):
        a, b = _matrix(dtype, 1000, 1000), _matrix(dtype, 1000, 1000)
        yield _case(f"{dtype} 1000x1000", a, b, least, reason=reason)
    for dtype in ("complex64", "complex128"):
        for n in (64, 128, 256, 512, 1000):
            yield _case(f"{dtype} {n}x{n}", _matrix(dtype, n, n), _matrix(dtype, n, n), 1.0, reason=TIE)
    for dtype in EVERY:
        reason = TIE if dtype.startswith("complex") else ""
        yield _case(f"{dtype} 8x8", _matrix(dtype, 8, 8), _matrix(dtype, 8, 8), 1.0, reason=reason)
