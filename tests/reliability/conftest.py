"""Figures of the scorecard: tests report them, ``--figures FILE`` writes the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FIGURES: dict[str, tuple[str, str, bool]] = {}

HEAD = """# Reliability

Made by `pytest tests/reliability --figures docs/reliability.md`, or by `tox -e soak`, whose counts are the larger
ones; the counts below say which it was. Each row is a promise, the test that tries to break it, and what came out.

| promise | figure | target reached |
|---|---|---|
"""

TAIL = """
## Not tested

Free-threaded CPython, Windows, macOS and big-endian machines: there was none to test on. The workflows in
`.github/workflows` are prepared for the first three. ThreadSanitizer and Miri need parts of a nightly toolchain
that the test machine does not have; AMX instructions are not used.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--figures", metavar="FILE", help="write the page of figures")


@pytest.fixture
def figure() -> Callable[[str, str, bool], None]:
    """Return a function that notes a figure and fails if it is not at its target."""

    def note(promise: str, text: str, reached: bool) -> None:
        FIGURES[promise] = (promise, text, reached)
        assert reached, f"{promise}: {text}"

    return note


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page."""
    path = session.config.getoption("--figures")
    if path and FIGURES:
        rows = [
            f"| {promise} | {text} | {'yes' if ok else '**no**'} |" for promise, text, ok in FIGURES.values()
        ]
        Path(path).write_text(HEAD + "\n".join(rows) + "\n" + TAIL, encoding="utf-8")
