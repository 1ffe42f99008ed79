"""Types of the compiled module."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

# ---------------------------------------------------------------- package

__version__: str

class InternalError(RuntimeError): ...

def get_num_threads() -> int: ...
def set_num_threads(num_threads: int | None, /) -> None: ...
def build_info() -> dict[str, Any]: ...

# ---------------------------------------------------------------- linalg

def multiply_matrices(a: ArrayLike, b: ArrayLike) -> Any: ...
def matrix_multiply(
    a: ArrayLike, b: ArrayLike, *, out: NDArray[Any] | None = None, workers: int | None = None
) -> Any: ...

# ---------------------------------------------------------------- elementwise


# ---------------------------------------------------------------- reduce


# ---------------------------------------------------------------- stats


# ---------------------------------------------------------------- words


# ---------------------------------------------------------------- image


# ---------------------------------------------------------------- monte_carlo


# ---------------------------------------------------------------- fibonacci


# ---------------------------------------------------------------- processor


# ---------------------------------------------------------------- interop


# ---------------------------------------------------------------- aio


# ---------------------------------------------------------------- table

