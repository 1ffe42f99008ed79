"""Colours of a terminal: few, and none where they are not wanted."""

from __future__ import annotations

import os
import sys

from rust_numpy_example._cli.report import Output

#: What the codes of a terminal are called here.
STYLES = {"head": "1", "quiet": "2", "warn": "33", "bar": "36"}


class Colour:
    """What ``--color`` says: ``auto``, ``always`` or ``never``."""

    choice = "auto"


def is_on() -> bool:
    """Whether what is written is to have colours."""
    if Colour.choice != "auto":
        return Colour.choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows shows the codes as they are.
    if os.name == "nt" and "WT_SESSION" not in os.environ:
        return False
    return Output.file is None and sys.stdout is not None and sys.stdout.isatty()


def paint(text: str, style: str) -> str:
    """Return ``text`` in a style, if there are colours."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if text.strip() and is_on() else text
