"""The twins of linalg."""

from __future__ import annotations

from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


def _pair() -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    return rng.random((48, 64)), rng.random((64, 40))


def _product(a: Any, b: Any) -> list[list[float]]:
    rows, cols = a.tolist(), b.T.tolist()
    return [[sum(x * y for x, y in zip(row, col)) for col in cols] for row in rows]


TWINS: list[Twin] = [
    Twin(
        name="multiply_matrices",
        title="Matrix product by NumPy, called from Rust",
        data=_pair,
        ours=rne.multiply_matrices,
        python=_product,
        numpy=np.dot,
        rtol=1e-13,
    ),
    Twin(
        name="matrix_multiply",
        title="Matrix product in Rust",
        data=_pair,
        ours=rne.matrix_multiply,
        python=_product,
        numpy=np.matmul,
        rtol=1e-13,
    ),
]
