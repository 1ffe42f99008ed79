"""Objects of JSON, one a line or in one array: ``_JsonRows`` makes a table in text of them."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator

from rust_numpy_example._cli import text
from rust_numpy_example._cli.source import ARRAY, IGNORED, Source, open_source
from rust_numpy_example._cli.table import Ask, Table
from rust_numpy_example.rust_numpy_example import _JsonRows

#: Bytes of the start of a text, of which the keys are the columns unless more appear later.
LEARNT = 16 << 20

#: What of a form is for delimited text only, and the option for it.
OTHERS = {
    "delimiter": "--delimiter",
    "header": "--header",
    "quoting": "--no-quoting",
    "comment": "--comment",
    "skip": "--skip",
    "decimal": "--decimal",
    "thousands": "--thousands",
}


def read(source: Source, ask: Ask, form: text.Form) -> Table:
    """Return the statistics of the objects in a text."""
    try:
        return _read(source, text.encoded(source.blocks(), form.encoding), ask, form)
    except ValueError as error:
        raise ValueError(f"{error}{_advice(str(error), form)}") from None


def _advice(error: str, form: text.Form) -> str:
    if error.startswith("line 1,") and "the line ends inside the object" in error:
        return " (expected one object a line, or one array of objects; 'jq -c .' makes such lines)"
    if form.reject is None and re.match(r"line \d+, column", error):
        return " (--on-error skip leaves such objects out)"
    return ""


def _read(source: Source, blocks: Iterator[bytes], ask: Ask, form: text.Form) -> Table:
    table = Objects(source, blocks, form)
    # What is left out is listed as it is found, so only once; else one may hope that there are no more keys.
    if table.has_all_keys or form.reject is None or not table.can_be_read_again:
        with contextlib.suppress(LateKey):
            return table.statistics(ask)
    keys = learn(source.name, form)
    with open_source(source.name) as again:
        return Objects(again, text.encoded(again.blocks(), form.encoding), form, keys).statistics(ask)


def learn(name: str, form: text.Form) -> list[str]:
    """Return all keys of a file."""
    with open_source(name) as source:
        return Objects(source, text.encoded(source.blocks(), form.encoding), form, learn_all=True).keys


class LateKey(Exception):
    """A key that appears when the columns are known already, in a file that can be read again."""


class Objects(Source):
    """The objects in a text as the text of a table."""

    suffix = "csv"

    def __init__(
        self,
        source: Source,
        blocks: Iterator[bytes],
        form: text.Form,
        keys: list[str] | None = None,
        learn_all: bool = False,
    ) -> None:
        self.name, self.size, self.file, self.is_plain = source.name, source.size, source.file, False
        self.can_be_read_again = source.size is not None and source.name != "-"
        self._form = form
        first = next(blocks, b"")
        self._is_empty = not first.strip(IGNORED)
        self.is_array = bool(ARRAY.match(first[: 64 << 10].lstrip(IGNORED)))
        self._blocks = itertools.chain([first], blocks)
        #: Whether all of the text was searched for keys.
        self.has_all_keys = keys is not None
        self.keys = self._learn(learn_all) if keys is None else keys
        self._rows = self._reader(self.keys)

    def _reader(self, keys: list[str] | None) -> _JsonRows:
        return _JsonRows(
            keys,
            is_array=self.is_array,
            missing=[word.encode("utf-8", "surrogateescape") for word in self._form.missing],
            # While the keys are learnt, nothing is told of what is wrong: it is read once more.
            skip_bad=self._form.reject is not None,
        )

    def _learn(self, learn_all: bool) -> list[str]:
        """Return the keys of the start of the text, which is kept to be read for the table, or of all of it."""
        rows = self._reader(None)
        start: list[bytes] = []
        done = 0
        for block in self._blocks:
            rows.feed(block)
            rows.rows()
            rows.rejects()
            done += len(block)
            if not learn_all:
                start.append(block)
                if done >= LEARNT:
                    break
        else:
            rows.end()
            rows.rows()
            self.has_all_keys = True
        self._blocks = itertools.chain(start, self._blocks)
        return rows.keys

    def blocks(self) -> Iterator[bytes]:
        """Yield the table, a record for each object and one with the keys before them."""
        rows = self._rows
        yield rows.header()
        for block in itertools.chain(self._blocks, [None]):
            if block is None:
                rows.end()
            else:
                rows.feed(block)
            while records := rows.rows():
                yield records
                self._check(rows)
            self._check(rows)

    def _check(self, rows: _JsonRows) -> None:
        for line, byte, reason in rows.rejects():
            if self._form.reject is not None:
                self._form.reject(line, byte, reason)
        if rows.late is None:
            return
        if self.can_be_read_again:
            raise LateKey
        key, line = rows.late
        raise ValueError(
            f"line {line}: the key '{key}' appears for the first time, expected all keys in the first"
            f" {LEARNT >> 20} MiB of a pipe (a file is searched for keys to its end)"
        )

    def statistics(self, ask: Ask) -> Table:
        """Return the statistics of the columns, which are the keys."""
        if not self.keys and self.has_all_keys:
            # Unless there is something wrong before that.
            for _ in self.blocks():
                pass
            raise ValueError("the file is empty" if self._is_empty else "the objects have no keys")
        form = text.Form(
            delimiter=",", header=True, quoted_text=True, unit="item" if self.is_array else "line"
        )
        table = text.read(self, ask, form)
        table.notes += self._notes()
        return table

    def _notes(self) -> list[str]:
        notes = []
        default = text.Form()
        unused = [o for name, o in OTHERS.items() if getattr(self._form, name) != getattr(default, name)]
        if unused:
            notes.append(f"{', '.join(unused)} had no effect: the file is JSON")
        if self._rows.rejected:
            were = "object was" if self._rows.rejected == 1 else "objects were"
            notes.append(f"{self._rows.rejected} {were} left out: what is there is no object of JSON")
        nested = self._rows.nested
        for key, count, line in nested[: text.NOTED]:
            are = "value is an array or an object" if count == 1 else "values are arrays or objects"
            notes.append(f"column '{key}': {count} {are}, taken as text, the first in line {line}")
        if len(nested) > text.NOTED:
            notes.append(f"so it is with {len(nested) - text.NOTED} more columns")
        return notes
