"""What is written to standard output and standard error."""

from __future__ import annotations

import codecs
import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

#: Exit codes.
FAILED, BROKEN_PIPE = 1, 141


class Streams:
    """The exit code of a run; see :func:`standard_streams`."""

    code = 0


@contextlib.contextmanager
def standard_streams() -> Iterator[Streams]:
    """Make the end of the output, its failures included, part of the run.

    A reader that has gone and a full disk are found here and not when the interpreter ends, where
    it would write a traceback.
    """
    streams = Streams()
    _replace_what_cannot_be_encoded()
    try:
        yield streams
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        streams.code = BROKEN_PIPE
        _discard_output()
    except OSError as error:
        streams.code = FAILED
        fail("standard output", error)
        _discard_output()


def _replace_what_cannot_be_encoded() -> None:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    # The interpreter flushes once more when it ends; what is left in the buffer goes nowhere.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def write(line: str = "") -> None:
    """Write a line to standard output."""
    if sys.stdout is not None:
        sys.stdout.write(f"{line}\n")


def say(line: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")


def fail(name: str, error: BaseException) -> None:
    """Say in one line what went wrong with ``name``."""
    say(f"error: {printable(name)}: {printable(reason(error))}")


def note(name: str, text: str) -> None:
    """Say in one line what is worth knowing about ``name``."""
    say(f"note: {printable(name)}: {printable(text)}")


def reason(error: BaseException) -> str:
    """Return in words why something failed."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory"
    return str(error) or type(error).__name__


def printable(text: str) -> str:
    """Return ``text`` with what is not printable (line ends, terminal controls) escaped."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,), gap: str = "  ") -> Iterator[str]:
    """Yield the lines of a table; columns are aligned to the right, those in ``left`` to the left."""
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    for row in rows:
        cells = (
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths))
        )
        yield gap.join(cells).rstrip()


def to_json(value: Any) -> str:
    """Return ``value`` as one line of JSON: NaN is null, infinity a string that ``float`` reads."""
    # JSON has escapes of its own for what standard output cannot encode.
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    ascii_only = codecs.lookup(encoding).name != "utf-8"
    return json.dumps(_finite(value), ensure_ascii=ascii_only, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


class Progress:
    """How far a long task is, on standard error if that is a terminal."""

    def __init__(self, name: str, total: int | None) -> None:
        self._name, self._total = printable(name), total
        self._start = self._shown = time.monotonic()
        self._length = 0
        self._on = sys.stderr is not None and sys.stderr.isatty()

    def update(self, done: int) -> None:
        """Show that ``done`` bytes have been read, at most ten times a second."""
        now = time.monotonic()
        if not self._on or now - self._shown < 0.1:
            return
        self._shown = now
        share = f" {100 * done / self._total:3.0f} %" if self._total else ""
        self._show(f"{self._name}:{share} {done / 1e6:,.0f} MB, {done / 1e6 / (now - self._start):,.0f} MB/s")

    def close(self) -> None:
        """Take the line away."""
        if self._length:
            self._show("")
            self._length = 0

    def _show(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write("\r" + line.ljust(self._length) + ("" if line else "\r"))
            sys.stderr.flush()
        self._length = len(line)
