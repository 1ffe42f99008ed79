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

def word_count(
    text: str | bytes | bytearray | memoryview | NDArray[np.uint8],
    *,
    lowercase: bool = True,
    tokenizer: Literal["whitespace", "unicode"] = "whitespace",
    top: int | None = None,
    workers: int | None = None,
) -> dict[str, int]: ...
def word_count_file(
    path: str | PathLike[str],
    *,
    lowercase: bool = True,
    tokenizer: Literal["whitespace", "unicode"] = "whitespace",
    top: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    chunk_bytes: int = 1048576,
) -> dict[str, int]: ...


# ---------------------------------------------------------------- image


# ---------------------------------------------------------------- monte_carlo


# ---------------------------------------------------------------- fibonacci


# ---------------------------------------------------------------- processor


# ---------------------------------------------------------------- interop


# ---------------------------------------------------------------- aio


# ---------------------------------------------------------------- table

