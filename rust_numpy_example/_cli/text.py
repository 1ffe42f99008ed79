"""Tables in delimited text (CSV, TSV), of any size."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from rust_numpy_example._cli import dialect
from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import Source, shown
from rust_numpy_example._cli.table import Ask, Column, Table
from rust_numpy_example.rust_numpy_example import _Column, _TableStats

#: Bytes in which there is a first row.
LONGEST_ROW = 64 << 20

#: As many columns are told of one by one.
NOTED = 5

#: What is wrong with a selection of the weights alone.
ONLY_WEIGHT = "no column is left by --select besides that of --weight"


class Form:
    """How a text is to be read: what the options say."""

    def __init__(
        self,
        delimiter: str | None = None,
        header: bool | None = None,
        quoting: bool = True,
        comment: str | None = None,
        skip: int = 0,
        decimal: str = ".",
        thousands: str | None = None,
        missing: Sequence[str] = (),
        encoding: str | None = None,
        reject: Callable[[str, int, int, str], None] | None = None,
        *,
        quoted_text: bool = False,
        unit: str = "line",
    ) -> None:
        self.delimiter, self.header, self.quoting = delimiter, header, quoting
        self.comment, self.skip = comment, skip
        self.decimal, self.thousands = decimal, thousands
        self.missing, self.encoding = missing, encoding
        #: Takes what is left out: file, line, column and reason. If there is none, such a row is an error.
        self.reject = reject
        #: Fields in quotes are text or dates, whatever they look like.
        self.quoted_text = quoted_text
        #: What records are counted in.
        self.unit = unit


class Reader:
    """The statistics of texts that are one table."""

    def __init__(self, ask: Ask, form: Form) -> None:
        self._ask, self._form = ask, form
        self._stats: _TableStats | None = None
        self._delimiter, self._spaces = form.delimiter, False
        self._order: list[int] | None = None
        #: The columns that make groups, that of the weights, and the names of all.
        self._by: list[int] = []
        self._weight: int | None = None
        self._names: list[str] = []
        self._count = 1
        self._notes: list[str] = []
        self._is_later = False

    def take(self, source: Source) -> None:
        """Read a text."""
        progress = Progress(source.name, source.size)
        blocks = encoded(source.blocks(), self._form.encoding)
        head = next(blocks, b"")
        if not self._is_later:
            dialect.check(head, source.suffix)
        if self._stats is None:
            self._guess(source, head)
        if self._form.skip == 0 and not self._form.quoted_text:
            head = dialect.without_separator(head)
        if self._stats is None:
            # Where a row is, is found later: here it is enough that there are not many more.
            lines = self._form.skip + 2
            first = max(head.split(b"\n", lines)[:lines], key=len)
            self._count = first.count((self._delimiter or ",").encode()) + 1
        blocks = itertools.chain([head], blocks)
        if self._spaces:
            blocks = _by_tabs(blocks)
        if self._stats is None:
            blocks = self._begin(blocks)
        stats = self._table_stats()
        try:
            for block in blocks:
                stats.feed(block)
                progress.update(source.position())
                self._reject(source, stats)
            stats.end_text()
            self._reject(source, stats)
        except ValueError as error:
            raise ValueError(f"{error}{_advice(str(error), head)}") from None
        finally:
            progress.close()

    def _guess(self, source: Source, head: bytes) -> None:
        """Find out what stands between fields."""
        self._spaces = self._delimiter == "spaces"
        if self._spaces:
            self._delimiter = "\t"
        if self._delimiter is None:
            guess = dialect.guess(source, head, self._form.comment, self._form.skip)
            self._delimiter, self._spaces = guess.delimiter, guess.spaces
            self._notes += [guess.note] if guess.note else []
        if self._form.quoting and dialect.quote_after_space(head, self._delimiter):
            self._notes.append(
                "a quote after a space does not quote: that field ends at the next delimiter, even within the quotes"
            )

    def _table(self, select: list[int] | None) -> _TableStats:
        ask, form = self._ask, self._form
        return _TableStats(
            self._delimiter or ",",
            select,
            form.header,
            quoting=form.quoting,
            comment=form.comment,
            skip=form.skip,
            decimal=form.decimal,
            thousands=form.thousands,
            missing=[word.encode("utf-8", "surrogateescape") for word in form.missing],
            skip_bad=form.reject is not None,
            quoted_text=form.quoted_text,
            several=ask.several,
            by=self._by,
            weight=self._weight,
            **ask.options(histogram=ask.pictured(self._count)),
        )

    def _begin(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Set up the columns; return the blocks with those that it took."""
        ask = self._ask
        if ask.select is not None or ask.by is not None or ask.weight is not None:
            start = b""
            names = None
            for block in blocks:
                start += block
                names = self._table(None).names(start)
                if names is not None or len(start) > LONGEST_ROW:
                    break
            else:
                names = self._table(None).names(start + b"\n") if start else None
            if names is not None:
                self._names = names
                if ask.select is not None:
                    self._order = ask.select.indices(names)
                if ask.by is not None:
                    self._by = ask.by.indices(names)
                if ask.weight is not None:
                    self._weight = ask.weight.index(names, "--weight")
                    if self._order is not None and self._weight in self._order:
                        self._order.remove(self._weight)
                        if not self._order:
                            raise ValueError(ONLY_WEIGHT)
            blocks = itertools.chain([start], blocks)
        self._stats = self._table(self._order)
        return blocks

    def _table_stats(self) -> _TableStats:
        assert self._stats is not None, "a text was taken"
        return self._stats

    def _reject(self, source: Source, stats: _TableStats) -> None:
        if self._form.reject is not None:
            for line, column, reason in stats.rejects():
                self._form.reject(shown(source.name), line, column, reason)

    def again(self) -> bool:
        """End a pass over the texts."""
        self._is_later = True
        return self._table_stats().again()

    def finish(self) -> Table:
        """Return the table."""
        stats = self._table_stats()
        columns = stats.finish(take=not self._by)
        if self._by:
            from rust_numpy_example._cli import groups

            names = self._names
            order = None if self._order is None else [names[index] for index in self._order]
            notes = self._notes + self._remarks(stats, [])
            return groups.table(stats, [names[index] for index in self._by], self._ask, order, notes)
        notes = self._notes + self._remarks(stats, columns)
        found = []
        # What was taken is let go: there may be a million columns.
        columns.reverse()
        while columns:
            found.append(Column.of(columns.pop(), levels=self._ask.levels))
        if self._order is not None:
            # The columns came in the order of the text.
            places = {index: place for place, index in enumerate(sorted(self._order))}
            found = [found[places[index]] for index in self._order]
        return Table(found, stats.rows, notes)

    def _hint(self, text: str | None) -> str:
        # Of what is known to be text, no option makes a number.
        return "" if text is None or self._form.quoted_text else dialect.hint(text)

    def _remarks(self, stats: _TableStats, columns: list[_Column]) -> list[str]:
        """Return what the reader should know of the texts."""
        notes = []
        if self._form.header is None and not stats.named:
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
                f"a quoted field from line {stats.swallowed} on may have swallowed rows: each of its lines looks like"
                " one (--no-quoting takes quotes as they are)"
            )
        if stats.rejected:
            rows = "row was" if stats.rejected == 1 else "rows were"
            # A record that was made of JSON always has its fields.
            reasons = [] if self._form.quoted_text else ["not as many fields as the first"]
            reasons += [] if self._weight is None else ["a weight that is not a number from 0 on"]
            notes.append(f"{stats.rejected} {rows} left out: {', or '.join(reasons)}")
        dirty = []
        for column in columns:
            stamps = sum(column.dates)
            # Of several texts it is not known which one it is.
            line = "" if self._ask.several else f" in {self._form.unit} {column.first_text_line}"
            if column.texts and column.numbers:
                are = "is" if column.texts == 1 else "are"
                where = f", the first{line}: '{column.first_text}'" if column.first_text else ""
                dirty.append(
                    f"column '{column.name}': {column.texts} of {column.numbers + column.texts} fields {are} text"
                    f"{where}{self._hint(column.first_text)}"
                )
            elif 0 < (typed := stamps + sum(column.booleans)) < column.texts <= 2 * typed:
                others = column.texts - typed
                are = "is" if others == 1 else "are"
                what = "date" if stamps else "boolean"
                where = f", the first{line}: '{column.first_text}'" if column.first_text else ""
                dirty.append(
                    f"column '{column.name}': {others} of {column.texts} fields {are} no {what}{where}"
                    f"{self._hint(column.first_text)}"
                )
            elif column.first_text and (hint := self._hint(column.first_text)):
                dirty.append(
                    f"column '{column.name}': all fields are text, the first{line}: '{column.first_text}'{hint}"
                )
            if 0 < column.zoned < stamps == column.texts:
                dirty.append(
                    f"column '{column.name}': {column.zoned} of {stamps} timestamps say how far they are from UTC, the others"
                    " were taken as UTC"
                )
            if column.beyond:
                are, were = ("number is", "was") if column.beyond == 1 else ("numbers are", "were")
                dirty.append(
                    f"column '{column.name}': {column.beyond} {are} beyond the range of float64 and {were} taken"
                    " as infinity or zero; are they identifiers?"
                )
            # JSON that is not in UTF-8 is an error.
            if column.first_text and "\ufffd" in column.first_text and not self._form.quoted_text:
                dirty.append(f"column '{column.name}': text is not in UTF-8 (--encoding says in what)")
        notes += dirty[:NOTED]
        if len(dirty) > NOTED:
            notes.append(f"so it is with {len(dirty) - NOTED} more columns")
        return notes


def _advice(error: str, head: bytes) -> str:
    if "the row has" in error and head.lstrip(b"\xef\xbb\xbf").startswith(b"#"):
        return " (--comment '#' leaves out lines that start with it)"
    if "the row has" in error and error.endswith("expected 1"):
        return " (--skip N leaves out N lines before the table, --on-error skip such rows)"
    if "a NUL byte" in error and (name := _wide(head)):
        return f" (--encoding {name} reads it, if it is that)"
    for words, advice in (
        ("a carriage return without", "tr '\\r' '\\n' < FILE makes such lines, if it has no others"),
        ("quoted field is not closed", "--no-quoting takes quotes as they are"),
        ("a quote that is not closed", "--no-quoting takes quotes as they are"),
        ("expected", "--on-error skip leaves such rows out"),
        ("the weight is not", "--on-error skip leaves such rows out"),
        ("not in UTF-8", "--encoding says in what, such as cp1252"),
    ):
        if words in error and (words != "expected" or "the row has" in error):
            return f" ({advice})"
    return ""


#: How texts start that are not UTF-8, the longer first.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _wide(head: bytes) -> str | None:
    """Return in what encoding a text may be that has NULs at regular places and no mark."""
    start = head[:64]
    for name, size, used in (
        ("utf-32-le", 4, 0),
        ("utf-32-be", 4, 3),
        ("utf-16-le", 2, 0),
        ("utf-16-be", 2, 1),
    ):
        if len(start) >= 2 * size and all(
            any(start[place::size]) == (place == used) for place in range(size)
        ):
            return name
    return None


def encoded(blocks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Yield the blocks in UTF-8."""
    if encoding is None:
        first = next(blocks, b"")
        for mark, name in MARKS.items():
            if first.startswith(mark):
                raise ValueError(f"the text is {name.upper()}, expected UTF-8 (--encoding {name} reads it)")
        blocks = itertools.chain([first] if first else [], blocks)
    if encoding is None or codecs.lookup(encoding).name == "utf-8":
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    for block in itertools.chain(blocks, [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            # Python before 3.13 does not say where.
            if not isinstance(error, UnicodeDecodeError) or error.reason.endswith("start with BOM"):
                raise ValueError(
                    f"the text has no mark of {encoding} at its start (--encoding {encoding}-le or {encoding}-be says"
                    " the order of its bytes)"
                ) from None
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
