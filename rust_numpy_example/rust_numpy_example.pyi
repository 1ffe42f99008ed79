"""Types of the compiled module."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, SupportsIndex, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

# ---------------------------------------------------------------- package

__version__: str

class InternalError(RuntimeError): ...

def get_num_threads() -> int: ...
def set_num_threads(num_threads: int | None, /) -> None: ...
def build_info() -> dict[str, Any]: ...

# ---------------------------------------------------------------- linalg


# ---------------------------------------------------------------- elementwise


# ---------------------------------------------------------------- reduce


# ---------------------------------------------------------------- stats


# ---------------------------------------------------------------- words


# ---------------------------------------------------------------- image


# ---------------------------------------------------------------- monte_carlo

def monte_carlo_pi(
    n_samples: SupportsIndex,
    *,
    rng: int
    | Sequence[int]
    | np.random.SeedSequence
    | np.random.BitGenerator
    | np.random.Generator
    | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> float: ...


# ---------------------------------------------------------------- fibonacci

def fibonacci(n: SupportsIndex) -> int: ...
def get_fibonacci(number: SupportsIndex) -> int: ...


# ---------------------------------------------------------------- processor


# ---------------------------------------------------------------- interop


# ---------------------------------------------------------------- aio


# ---------------------------------------------------------------- table

