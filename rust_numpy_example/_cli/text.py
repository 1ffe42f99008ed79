"""Tables in delimited text (CSV, TSV), of any size."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rust_numpy_example._cli import dialect
from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import Source
from rust_numpy_example._cli.table import Ask, Column, Table
from rust_numpy_example.rust_numpy_example import _TableStats

#: Bytes in which there is a first row.
LONGEST_ROW = 64 << 20

#: As many columns are told of one by one.
NOTED = 5


@dataclass
class Form:
    """How a text is to be read: what the options say."""

    delimiter: str | None = None
    header: bool | None = None
    quoting: bool = True
    comment: str | None = None
    skip: int = 0
    decimal: str = "."
    thousands: str | None = None
    missing: list[str] = field(default_factory=list)
    encoding: str | None = None
    #: Takes what is left out: line, column and reason. If there is none, such a row is an error.
    reject: Callable[[int, int, str], None] | None = None
    #: Fields in quotes are text or dates, whatever they look like.
    quoted_text: bool = False
    #: What records are counted in.
    unit: str = "line"


def read(source: Source, ask: Ask, form: Form) -> Table:
    """Return the statistics of a table in text."""
    progress = Progress(source.name, source.size)
    blocks = encoded(source.blocks(), form.encoding)
    head = next(blocks, b"")
    dialect.check(head)
    spaces, skip, notes = form.delimiter == "spaces", form.skip, []
    delimiter = "\t" if spaces else form.delimiter
    if delimiter is None:
        guess = dialect.guess(source, head, form.comment, form.skip)
        delimiter, spaces, skip = guess.delimiter, guess.spaces, skip + guess.skip
        notes += [guess.note] if guess.note else []
    blocks = itertools.chain([head], blocks)
    if spaces:
        blocks = _by_tabs(blocks)

    def table(select: list[int] | None) -> _TableStats:
        return _TableStats(
            delimiter,
            select,
            form.header,
            quoting=form.quoting,
            comment=form.comment,
            skip=skip,
            decimal=form.decimal,
            thousands=form.thousands,
            missing=[word.encode("utf-8", "surrogateescape") for word in form.missing],
            skip_bad=form.reject is not None,
            quoted_text=form.quoted_text,
            distinct=ask.distinct,
            top=ask.top,
            histogram=ask.histogram,
        )

    order = None
    if ask.select is not None:
        start = b""
        names = None
        for block in blocks:
            start += block
            names = table(None).names(start)
            if names is not None or len(start) > LONGEST_ROW:
                break
        else:
            names = table(None).names(start + b"\n") if start else None
        if names is not None:
            order = ask.select.indices(names)
        blocks = itertools.chain([start], blocks)
    stats = table(order)
    try:
        for block in blocks:
            stats.feed(block)
            progress.update(source.position())
            _reject(stats, form)
        columns = stats.finish()
        _reject(stats, form)
    except ValueError as error:
        raise ValueError(f"{error}{_advice(str(error), head)}") from None
    finally:
        progress.close()
    if form.header is None and not stats.named:
        notes.append(
            "all of the first row are numbers, so it was taken as data (--header says that it is names)"
        )
    if stats.doubtful:
        notes.append(
            "the first row is taken as names, but all of it are numbers and missing values"
            " (--no-header says that it is data)"
        )
    if stats.swallowed is not None:
        notes.append(
            f"a quoted field from line {stats.swallowed} on may have swallowed rows: each of its lines looks like one"
            " (--no-quoting takes quotes as they are)"
        )
    if stats.rejected:
        rows = "row was" if stats.rejected == 1 else "rows were"
        notes.append(f"{stats.rejected} {rows} left out: not as many fields as the first")
    dirty = []
    for column in columns:
        if column.texts and column.numbers:
            are = "is" if column.texts == 1 else "are"
            where = (
                f", the first in {form.unit} {column.first_text_line}: '{column.first_text}'"
                if column.first_text
                else ""
            )
            dirty.append(
                f"column '{column.name}': {column.texts} of {column.numbers + column.texts} fields {are} text"
                f"{where}{_hint(column.first_text, form)}"
            )
        elif column.first_text and (hint := _hint(column.first_text, form)):
            dirty.append(
                f"column '{column.name}': all fields are text, the first in {form.unit}"
                f" {column.first_text_line}:"
                f" '{column.first_text}'{hint}"
            )
        if column.beyond:
            dirty.append(
                f"column '{column.name}': {column.beyond} numbers are beyond the range of float64 and were taken as"
                " infinity or zero; are they identifiers?"
            )
        if column.first_text and "\ufffd" in column.first_text:
            dirty.append(f"column '{column.name}': text is not in UTF-8 (--encoding says in what)")
    notes += dirty[:NOTED]
    if len(dirty) > NOTED:
        notes.append(f"so it is with {len(dirty) - NOTED} more columns")
    found = [Column.of(column) for column in columns]
    if order is not None:
        # The columns came in the order of the text.
        places = {index: place for place, index in enumerate(sorted(order))}
        found = [found[places[index]] for index in order]
    return Table(found, stats.rows, notes)


def _hint(text: str | None, form: Form) -> str:
    # Of what is known to be text, no option makes a number.
    return "" if text is None or form.quoted_text else dialect.hint(text)


def _reject(stats: _TableStats, form: Form) -> None:
    if form.reject is not None:
        for line, column, reason in stats.rejects():
            form.reject(line, column, reason)


def _advice(error: str, head: bytes) -> str:
    if "the row has" in error and head.lstrip(b"\xef\xbb\xbf").startswith(b"#"):
        return " (--comment '#' leaves out lines that start with it)"
    if "the row has" in error and error.endswith("expected 1"):
        return " (--skip N leaves out N lines before the table, --on-error skip such rows)"
    for words, advice in (
        ("quoted field is not closed", "--no-quoting takes quotes as they are"),
        ("a quote that is not closed", "--no-quoting takes quotes as they are"),
        ("expected", "--on-error skip leaves such rows out"),
        ("not in UTF-8", "--encoding says in what, such as cp1252"),
        ("UTF-16", "--encoding utf-16 reads it"),
    ):
        if words in error and (words != "expected" or "the row has" in error):
            return f" ({advice})"
    return ""


def encoded(blocks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Yield the blocks in UTF-8."""
    if encoding is None or codecs.lookup(encoding).name == "utf-8":
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    for block in itertools.chain(blocks, [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"the text is not in {encoding}: {error.reason} near byte {done + error.start:,}"
            ) from None
        done += len(block)
        yield text.encode("utf-8", "surrogatepass")


def _by_tabs(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield text with a tab for each run of white space between fields."""
    rest = b""
    for block in itertools.chain(blocks, [b""]):
        text = rest + block
        end = text.rfind(b"\n") + 1 if block else len(text)
        text, rest = text[:end], text[end:]
        if len(rest) > LONGEST_ROW:
            raise ValueError("a row is longer than 64 MiB")
        text = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", text)
        yield re.sub(rb"[ \t]+", b"\t", text)
