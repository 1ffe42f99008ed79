"""The twins of interop."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin


def _printed(function: Callable[..., Any]) -> Callable[..., str]:
    """Return what a function prints."""

    def call(*arguments: Any) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            function(*arguments)
        return output.getvalue()

    return call


def _raised(function: Callable[..., Any]) -> Callable[..., str]:
    """Return the text of the exception that a function raises."""

    def call(*arguments: Any) -> str:
        try:
            function(*arguments)
        except Exception as error:
            return str(error)
        raise AssertionError(f"{function} should have raised an exception")

    return call


def _logged(function: Callable[..., Any]) -> Callable[..., list[tuple[int, str]]]:
    """Return the levels and texts that a function logs."""

    def call(*arguments: Any) -> list[tuple[int, str]]:
        records: list[logging.LogRecord] = []
        handler = logging.Handler()
        handler.emit = records.append  # type: ignore[assignment,method-assign]
        logger = logging.getLogger("rust_numpy_example")
        level, propagate = logger.level, logger.propagate
        logger.addHandler(handler)
        logger.setLevel(1)
        logger.propagate = False
        try:
            function(*arguments)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        return [(record.levelno, record.getMessage()) for record in records]

    return call


def _divide(a: float, b: float) -> float:
    if b == 0:
        raise ValueError("Cannot divide by zero")
    return a / b


def _print_dict(d: dict[str, str]) -> None:
    for key, value in d.items():
        print(key, value)


def _print_word(word: str, n: int, reverse: bool, uppercase: bool) -> None:
    for _ in range(n):
        line = word[::-1] if reverse else word
        print(line.upper() if uppercase else line)


class _Record:
    """As the struct does, it takes any iterable and checks every element."""

    def __init__(self, data: str, vector: Iterable[int]) -> None:
        self.data = data
        self.vector = [operator.index(number) for number in vector]

    def extend_vector(self, extension: Iterable[int]) -> None:
        self.vector += [operator.index(number) for number in extension]


def _extended(kind: Callable[[str, list[int]], Any]) -> Callable[..., tuple[str, list[int]]]:
    """Make a struct, extend it, and return what is in it."""

    def call(data: str, vector: list[int], extension: list[int]) -> tuple[str, list[int]]:
        struct = kind(data, vector)
        struct.extend_vector(extension)
        return struct.data, struct.vector

    return call


@dataclass(frozen=True)
class _Human:
    name: str
    age: int


def _says_hi(human_data: str) -> _Human:
    human = _Human(**json.loads(human_data))
    print(human_data)
    print("Now we can work with the struct:")
    print(f'Human {{\n    name: "{human.name}",\n    age: {human.age},\n}}')
    print(f"{human.name} is {human.age} years old.")
    return human


def _log(*levels: tuple[int, str]) -> Callable[[], None]:
    def call() -> None:
        for level, text in levels:
            logging.getLogger("rust_numpy_example.interop").log(level, text)

    return call


def _greater_than_2(number: int) -> int:
    if number <= 2:
        raise OSError("Error from Rust: number is less than or equal to 2")
    return number


class _MyCustomError(Exception):
    pass


def _risky_operation() -> None:
    raise _MyCustomError("Something went wrong!")


def _fallible_function() -> None:
    raise ValueError("MyError: Failed operation")


TWINS: list[Twin] = [
    Twin("multiply", "2 * 3", lambda: (2, 3), rne.multiply, lambda a, b: a * b),
    Twin(
        "sum_as_string",
        "sum of two ints past 64 bits, as text",
        lambda: (2**64, 1),
        rne.sum_as_string,
        lambda a, b: str(a + b),
    ),
    Twin("divide", "true division of long ints", lambda: (-(10**400), 7 * 10**390), rne.divide, _divide),
    Twin(
        "dict_printer",
        "print a dict",
        lambda: ({"one": "1", "two": "2"},),
        _printed(rne.dict_printer),
        _printed(_print_dict),
    ),
    Twin(
        "word_printer",
        "print a word 1,000 times",
        lambda: ("hello", 1000, True, True),
        _printed(rne.word_printer),
        _printed(_print_word),
    ),
    Twin(
        "RustStruct",
        "make a struct and extend it",
        lambda: ("text", list(range(100)), list(range(100))),
        _extended(rne.RustStruct),
        _extended(_Record),
    ),
    Twin(
        "Human", "name and age", lambda: ("Ada", 36), lambda *a: rne.Human(*a).age, lambda *a: _Human(*a).age
    ),
    Twin(
        "human_says_hi",
        "JSON to a struct",
        lambda: ('{"name": "Ada", "age": 36}',),
        _printed(rne.human_says_hi),
        _printed(_says_hi),
    ),
    Twin(
        "log_example",
        "log a message",
        lambda: (),
        _logged(rne.log_example),
        _logged(_log((20, "A log message from Rust!"))),
    ),
    Twin(
        "log_different_levels",
        "log at four levels",
        lambda: (),
        _logged(rne.log_different_levels),
        _logged(
            _log(
                (40, "logging an error"),
                (30, "logging a warning"),
                (20, "logging an info message"),
                (10, "logging a debug message"),
            )
        ),
    ),
    Twin("greater_than_2", "check a number", lambda: (3,), rne.greater_than_2, _greater_than_2),
    Twin("MyCustomError", "an exception", lambda: ("text",), lambda text: str(rne.MyCustomError(text)), str),
    Twin(
        "risky_operation",
        "raise an exception defined in Rust",
        lambda: (),
        _raised(rne.risky_operation),
        _raised(_risky_operation),
    ),
    Twin(
        "fallible_function",
        "raise what a Rust error becomes",
        lambda: (),
        _raised(rne.fallible_function),
        _raised(_fallible_function),
    ),
]
