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

#: Name, numbers, texts, missing, mean, std, min, max, line of the first text, the text.
_ColumnRow = tuple[str, int, int, int, float, float, float, float, int | None, str | None]

@final
class _TableStats:
    def __new__(
        cls, delimiter: str = ..., select: Sequence[str] | None = None, header: bool | None = None
    ) -> _TableStats: ...
    @property
    def rows(self) -> int: ...
    @property
    def named(self) -> bool: ...
    def feed(self, data: bytes, *, workers: int | None = None) -> None: ...
    def finish(self, *, workers: int | None = None) -> list[_ColumnRow]: ...

@final
class _ArrayStats:
    def __new__(cls, names: Sequence[str]) -> _ArrayStats: ...
    def update(self, block: ArrayLike, first: int = 0, *, workers: int | None = None) -> None: ...
    def finish(self) -> list[_ColumnRow]: ...
