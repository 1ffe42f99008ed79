"""Types of the compiled module."""

from asyncio import Future
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Literal, NoReturn, SupportsIndex, final, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

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

def process_image(
    image: ArrayLike,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: NDArray[Any] | None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...
def gaussian_blur(
    image: ArrayLike,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: NDArray[Any] | None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...
def sobel(
    image: ArrayLike,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: NDArray[Any] | None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...


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

def multiply(a: SupportsIndex, b: SupportsIndex) -> int: ...
def sum_as_string(a: SupportsIndex, b: SupportsIndex) -> str: ...
def divide(a: SupportsIndex, b: SupportsIndex) -> int: ...
def dict_printer(d: dict[str, str]) -> None: ...
def word_printer(word: str, n: int, reverse: bool = False, uppercase: bool = False) -> None: ...
@final
class RustStruct:
    data: str
    @property
    def vector(self) -> list[int]: ...
    @vector.setter
    def vector(self, vector: Iterable[SupportsIndex], /) -> None: ...
    def __new__(cls, data: str, vector: Iterable[SupportsIndex]) -> RustStruct: ...
    def printer(self) -> None: ...
    def extend_vector(self, extension: Iterable[SupportsIndex]) -> None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[type[RustStruct], tuple[str, list[int]]]: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Human:
    def __new__(cls, name: str, age: int) -> Human: ...
    @property
    def name(self) -> str: ...
    @property
    def age(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Human], tuple[str, int]]: ...

def human_says_hi(human_data: str) -> Human: ...
def log_example() -> None: ...
def log_different_levels() -> None: ...

class MyCustomError(Exception): ...

def greater_than_2(number: SupportsIndex) -> int: ...
def risky_operation() -> NoReturn: ...
def fallible_function() -> NoReturn: ...

# ---------------------------------------------------------------- aio

def async_sleep(seconds: float) -> Future[None]: ...
def async_fetch_data(url: str, *, timeout: float | None = 30.0, max_bytes: int = 67_108_864) -> Future[bytes]: ...

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
