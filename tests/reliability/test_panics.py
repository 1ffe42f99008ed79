"""A panic at every door of every entry of the extension: an exception each time, and life goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from entries import ENTRIES

import rust_numpy_example as rne
from rust_numpy_example import rust_numpy_example as extension

if not hasattr(extension, "_panic_after"):
    pytest.skip("the extension was built without the Cargo feature 'faults'", allow_module_level=True)

#: What the feature itself adds.
FAULTS = {"_panic", "_panic_after", "_sum_below", "_Panics"}

#: What raises without a panic, too. Anything else that does is a call that tests nothing.
RAISES = {"async_fetch_data", "fallible_function", "risky_operation"}

#: Counted under the name of their class, or one function with `__eq__`.
NO_ENTRIES = {"__new__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}


def _entries() -> Iterator[str]:
    """Yield the name of every function, class, method and attribute that is compiled."""
    for name, value in vars(extension).items():
        if name in FAULTS or name.startswith("__"):
            continue
        if inspect.isbuiltin(value):
            yield name
        elif inspect.isclass(value) and not issubclass(value, BaseException):
            if "__new__" in vars(value):
                yield name
            for member, attribute in vars(value).items():
                callable_or_getter = callable(attribute) or inspect.isgetsetdescriptor(attribute)
                if callable_or_getter and member not in NO_ENTRIES:
                    yield f"{name}.{member}"


def _outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return str(error) if isinstance(error, rne.InternalError) else type(error).__name__
    return "done"


def test_every_entry_is_listed() -> None:
    assert sorted(set(_entries()) - set(ENTRIES)) == []


def test_a_panic_at_every_door_is_an_exception(
    figure: Callable[[str, str, bool], None], capfd: pytest.CaptureFixture[str]
) -> None:
    doors, right = 0, 0
    wrong = []
    for name, call in ENTRIES.items():
        usual = _outcome(call)
        if (usual != "done") != (name in RAISES):
            wrong.append((name, 0, usual))
        assert extension._panic_after(None) is False
        caught = 0
        while True:
            extension._panic_after(caught)
            got = _outcome(call)
            if extension._panic_after(None):
                break
            doors += 1
            caught += 1
            if got != "a panic on purpose" or _outcome(call) != usual:
                wrong.append((name, caught, got))
        right += caught > 0
        if not caught:
            wrong.append((name, 0, "no door"))
    capfd.readouterr()
    print(wrong)
    figure(
        "A panic anywhere is an exception that `except Exception` catches",
        f"{right} of {len(ENTRIES)} entries, {doors} doors, wrong: {len(wrong)}",
        not wrong,
    )
