"""Figures of the scorecard: tests report them, ``--figures FILE`` writes the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from page import Row, write

ROWS: dict[str, Row] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--figures", metavar="FILE", help="write the page of figures")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, str, bool], None]:
    """Return a function that notes a figure and fails if it is not at its target."""

    def note(promise: str, text: str, reached: bool) -> None:
        # The larger counts run last, and their rows are those that stay.
        ROWS[promise] = Row(promise, text, reached, f"`{request.path.name}`")
        assert reached, f"{promise}: {text}"

    return note


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page."""
    path = session.config.getoption("--figures")
    if path and ROWS:
        write(session.config.rootpath / path, list(ROWS.values()))
