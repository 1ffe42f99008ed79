"""What is written to standard output and standard error."""

from __future__ import annotations

import codecs
import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

#: Exit codes.
FAILED, INTERRUPTED, BROKEN_PIPE = 1, 130, 141


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
        with Interrupt.noticed():
            yield streams
            Interrupt.check()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OutputError as error:
        streams.code = FAILED
        fail(*error.args)
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


class Interrupt:
    """Whether Ctrl-C came.

    ``KeyboardInterrupt`` is lost where it is raised while an object goes (in ``__del__``, or in the callback of a weak
    reference): Python writes it to standard error, and goes on. So it is also remembered, and raised again.
    """

    came = False

    @classmethod
    @contextlib.contextmanager
    def noticed(cls) -> Iterator[None]:
        """Remember an interrupt, if it would raise ``KeyboardInterrupt``."""
        import signal

        def handler(*_: Any) -> None:
            cls.came = True
            raise KeyboardInterrupt

        def unraisable(found: Any) -> None:
            if not (cls.came and issubclass(found.exc_type, KeyboardInterrupt)):
                hook(found)

        cls.came, hook = False, sys.unraisablehook
        before = signal.getsignal(signal.SIGINT)
        is_ours = False
        if before is signal.default_int_handler:
            # In a thread it cannot be, nor does Ctrl-C reach it.
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGINT, handler)
                is_ours = True
        try:
            if is_ours:
                sys.unraisablehook = unraisable
            yield
        finally:
            if is_ours:
                sys.unraisablehook = hook
                signal.signal(signal.SIGINT, before)

    @classmethod
    def check(cls) -> None:
        """Raise ``KeyboardInterrupt``, if it came."""
        if cls.came:
            raise KeyboardInterrupt


class Output:
    """Where lines are written: to standard output, or to the file that ``-o`` names."""

    file: TextIO | None = None


def write(line: str = "") -> None:
    """Write a line to the output."""
    stream = Output.file or sys.stdout
    if stream is not None:
        stream.write(f"{line}\n")


def write_parts(parts: Iterable[str]) -> None:
    """Write a line of several parts to the output."""
    stream = Output.file or sys.stdout
    if stream is not None:
        stream.writelines(parts)
        stream.write("\n")


def write_csv(rows: Iterable[Sequence[str]]) -> None:
    """Write rows as CSV to the output."""
    import csv

    stream = Output.file or sys.stdout
    if stream is not None:
        csv.writer(stream, lineterminator="\n").writerows(rows)


@contextlib.contextmanager
def whole_file(path: str, binary: bool = False) -> Iterator[Any]:
    """Give a file to write to, which takes the place of ``path`` when all of it is written, or never."""
    form: dict[str, Any] = (
        {} if binary else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    )
    kind = "b" if binary else ""
    if os.path.exists(path) and not os.path.isfile(path):
        # What is no file, such as a pipe or /dev/stdout, cannot be replaced.
        with open(path, f"w{kind}", **form) as stream:
            yield stream
        return
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        with open(temporary, f"x{kind}", **form) as stream:
            yield stream
        Interrupt.check()
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


class CommandError(Exception):
    """Something other than a file does not work: what, and why."""


class OutputError(Exception):
    """A file that an option such as ``-o`` names cannot be written."""


@contextlib.contextmanager
def output(path: str | None) -> Iterator[None]:
    """Write the lines of the output to the file ``path``, if there is one."""
    if path is None:
        yield
        return
    try:
        with whole_file(path) as stream:
            Output.file = stream
            yield
            stream.flush()
    except OSError as error:
        raise OutputError(path, error) from None
    finally:
        Output.file = None


def room() -> int | None:
    """Return how many columns of a terminal the output goes to has, None if it goes elsewhere."""
    if Output.file is not None or sys.stdout is None or not sys.stdout.isatty():
        return None
    return columns()


def columns() -> int:
    """Return how many columns the terminal has, as `shutil` does, whose import takes longer than most commands."""
    with contextlib.suppress(KeyError, ValueError):
        if (asked := int(os.environ["COLUMNS"])) > 0:
            return asked
    with contextlib.suppress(ValueError, OSError):
        if sys.__stdout__ is not None:
            return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80
    return 80


def say(line: str) -> None:
    """Write a line to standard error, if there is one; on a terminal, which would break words, as several."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            shown = folded(line, columns()) if sys.stderr.isatty() else line
            sys.stderr.write(f"{shown}\n")


def folded(line: str, most: int) -> str:
    """Return a line as lines of at most ``most`` columns; a word that is longer stays whole."""
    words = iter(line.split(" "))
    out = [next(words)]
    for word in words:
        if width(out[-1]) + 1 + width(word) > most:
            out.append(f"  {word}")
        else:
            out[-1] += f" {word}"
    return "\n".join(out)


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
    if isinstance(error, EOFError):
        return "the data end too early: the file is truncated"
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory"
    # One line: some libraries write several.
    return " ".join(str(error).split("\n")[0].split()) or type(error).__name__


def printable(text: str) -> str:
    """Return ``text`` with what is not printable (line ends, terminal controls) escaped."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, most: int) -> str:
    """Return ``text``, or as much of it as fits into ``most`` columns."""
    if width(text) <= most:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += _width(character)
        if taken > most - 1:
            return f"{text[:index]}…"
    return text


class Rows:
    """Rows of cells that can be printed, and the widths of the columns. A row is one str: there may be a million."""

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._rows: list[str] = []
        self.widths: list[int] = []
        for row in rows:
            # What can be printed has no such character.
            self._rows.append("\0".join(row))
            widths = [*map(width, row)]
            self.widths = [*map(max, self.widths, widths)] if self.widths else widths

    def __iter__(self) -> Iterator[list[str]]:
        return (row.split("\0") for row in self._rows)


def aligned(
    rows: Iterable[Sequence[str]],
    left: Sequence[int] = (0,),
    gap: str = "  ",
    paint: Callable[[int, int, str], str] = lambda row, column, cell: cell,
) -> Iterator[str]:
    """Yield the lines of a table; columns are aligned to the right, those in ``left`` to the left.

    ``paint`` may give cells a colour, which takes no room.
    """
    packed = rows if isinstance(rows, Rows) else Rows(rows)
    for number, row in enumerate(packed):
        line = ""
        for index, (cell, column) in enumerate(zip(row, packed.widths)):
            space = " " * (column - width(cell))
            shown = paint(number, index, cell)
            line += (gap if index else "") + (shown + space if index in left else space + shown)
        yield line.rstrip()


def to_json(value: Any) -> str:
    """Return ``value`` as one line of JSON: NaN is null, infinity a string that ``float`` reads."""
    # JSON has escapes of its own for what standard output cannot encode.
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    ascii_only = codecs.lookup(encoding).name != "utf-8"
    import json

    return json.dumps(_finite(value), ensure_ascii=ascii_only, allow_nan=False)


def is_decimal(value: Any) -> bool:
    """Whether a value is a ``Decimal``, of which most commands have none and should not wait for the module."""
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


def _finite(value: Any) -> Any:
    if is_decimal(value):
        # All its digits: a number if a float64 has them, else a string.
        number = float(value)
        return number if type(value)(number) == value else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


class Progress:
    """How far a long task is, on standard error if that is a terminal."""

    def __init__(self, name: str, total: int | None, unit: str = "MB", scale: float = 1e6) -> None:
        self._name, self._total = printable(name), total
        self._unit, self._scale = unit, scale
        self._start = self._shown = time.monotonic()
        self._length = 0
        self.on = sys.stderr is not None and sys.stderr.isatty()

    def update(self, done: int, more: str = "") -> None:
        """Show that ``done`` has been done, at most ten times a second."""
        Interrupt.check()
        now = time.monotonic()
        if not self.on or now - self._shown < 0.1:
            return
        self._shown = now
        rate = done / (now - self._start)
        text = f"{done / self._scale:,.0f} {self._unit}, {rate / self._scale:,.0f} {self._unit}/s"
        if self._total and done:
            left = round(max(self._total - done, 0) / rate) if rate else 0
            text = f"{100 * min(done / self._total, 1):3.0f} % {text}, {left // 60}:{left % 60:02} left"
        self._show(f"{text}{more}")

    def close(self) -> None:
        """Take the line away."""
        if self._length:
            self._show("")
            self._length = 0

    def _show(self, text: str) -> None:
        # A line as wide as the terminal goes on in the next one, and could not be taken away.
        room = max(columns() - 1, 1)
        line = ""
        if text:
            name = cut(self._name, max(room - width(text) - 2, 0)) if room - width(text) > 6 else ""
            line = cut(f"{name}: {text}" if name else text, room)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write("\r" + line + " " * (self._length - width(line)) + "\r")
            sys.stderr.flush()
        self._length = width(line)
