"""Types of the compiled module."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


# ---------------------------------------------------------------- elementwise


# ---------------------------------------------------------------- reduce


# ---------------------------------------------------------------- stats

def compute_stats(
    arr: ArrayLike,
    axis: int | tuple[int, ...] | None = None,
    *,
    ddof: float = 1,
    keepdims: bool = False,
    where: ArrayLike | None = None,
    nan_policy: Literal["propagate", "omit", "raise"] = "propagate",
    workers: int | None = None,
) -> Stats: ...
@final
class Stats(Mapping[str, Any]):
    def __new__(cls, *, ddof: float = 1) -> Stats: ...
    @property
    def count(self) -> Any: ...
    @property
    def mean(self) -> Any: ...
    @property
    def var(self) -> Any: ...
    @property
    def std(self) -> Any: ...
    @property
    def min(self) -> Any: ...
    @property
    def max(self) -> Any: ...
    @property
    def ddof(self) -> int | float: ...
    def merge(self, other: Stats) -> Stats: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

# ---------------------------------------------------------------- words


# ---------------------------------------------------------------- image


# ---------------------------------------------------------------- monte_carlo


# ---------------------------------------------------------------- fibonacci


# ---------------------------------------------------------------- processor

@final
class DataProcessor:
    def __new__(cls, chunk_size: int) -> DataProcessor: ...
    @property
    def chunk_size(self) -> int: ...
    def add_data(self, values: ArrayLike) -> None: ...
    def process_chunks(self) -> NDArray[np.float64]: ...
    def get_statistics(self) -> tuple[int, float, float]: ...
    def stats(self) -> Stats: ...
    def merge(self, other: DataProcessor) -> None: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...

# ---------------------------------------------------------------- interop


# ---------------------------------------------------------------- aio


# ---------------------------------------------------------------- table

