"""Objects of JSON, one a line or in one array: ``_JsonRows`` makes tables in text of them."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator

from rust_numpy_example._cli import text
from rust_numpy_example._cli.source import ARRAY, IGNORED, Source, open_source, shown
from rust_numpy_example._cli.table import Ask, Table
from rust_numpy_example.rust_numpy_example import _JsonRows

#: Bytes of the start of a text, of which the keys are the columns unless more appear later.
LEARNT = 16 << 20

#: A record of one field: what is in quotes, or what is not.
RECORD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|([^\n]*))\n')

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


class Reader:
    """The statistics of the objects in files that are one table."""

    def __init__(self, ask: Ask, form: text.Form) -> None:
        self._ask, self._form = ask, form
        self._table: text.Reader | None = None
        self._keys: list[str] = []
        self._is_later = False
        #: For each key how many of its values are arrays and objects, and the line of the first.
        self._nested: dict[str, tuple[int, int]] = {}
        self._rejected = 0

    def take(self, source: Source) -> None:
        """Read a file."""
        try:
            self._take(source)
        except ValueError as error:
            raise ValueError(f"{error}{_advice(str(error), self._form)}") from None

    def _take(self, source: Source) -> None:
        blocks = text.encoded(source.blocks(), self._form.encoding)
        if self._table is not None:
            self._read(Objects(source, blocks, self._form, self._keys), is_first=False)
            return
        objects = Objects(source, blocks, self._form)
        # What is left out is listed as it is found, so only once; else one may hope that there are no more keys.
        if objects.has_all_keys or self._form.reject is None or not objects.can_be_read_again:
            with contextlib.suppress(LateKey):
                self._read(objects, is_first=True)
                return
        keys = learn(source.name, self._form)
        with open_source(source.name) as again:
            blocks = text.encoded(again.blocks(), self._form.encoding)
            self._read(Objects(again, blocks, self._form, keys), is_first=True)

    def _read(self, objects: Objects, is_first: bool) -> None:
        """Read the objects; of the first file, the table begins."""
        objects.is_first, objects.is_later = is_first, self._is_later
        table = self._table
        if table is None:
            objects.check_keys()
            unit = "item" if objects.is_array else "line"
            form = self._form
            made = text.Form(
                delimiter=",",
                header=True,
                missing=form.missing,
                reject=form.reject,
                quoted_text=True,
                unit=unit,
            )
            table = text.Reader(self._ask, made)
        try:
            table.take(objects)
        except ValueError as error:
            # Of an array it counted the items.
            of_item = objects.is_array and "the weight is not" in str(error)
            raise ValueError(str(error).replace("line", "item", 1)) if of_item else error from None
        self._table, self._keys = table, objects.keys
        if self._is_later:
            return
        self._rejected += objects.rows.rejected
        for key, count, line in objects.rows.nested:
            before, first = self._nested.get(key, (0, line))
            self._nested[key] = before + count, first

    def again(self) -> bool:
        """End a pass over the files."""
        self._is_later = True
        assert self._table is not None, "a file was taken"
        return self._table.again()

    def finish(self) -> Table:
        """Return the table."""
        assert self._table is not None, "a file was taken"
        table = self._table.finish()
        table.notes += self._notes()
        return table

    def _notes(self) -> list[str]:
        notes = []
        default = text.Form()
        unused = [o for name, o in OTHERS.items() if getattr(self._form, name) != getattr(default, name)]
        if unused:
            notes.append(f"{', '.join(unused)} had no effect: the file is JSON")
        if self._rejected:
            were = "object was" if self._rejected == 1 else "objects were"
            notes.append(f"{self._rejected} {were} left out: what is there is no object of JSON")
        for key, (count, line) in itertools.islice(self._nested.items(), text.NOTED):
            are = "value is an array or an object" if count == 1 else "values are arrays or objects"
            where = "" if self._ask.several else f", the first in line {line}"
            notes.append(f"column '{key}': {count} {are}, taken as text{where}")
        if len(self._nested) > text.NOTED:
            notes.append(f"so it is with {len(self._nested) - text.NOTED} more columns")
        return notes


def _advice(error: str, form: text.Form) -> str:
    if error.startswith("line 1,") and "the line ends inside the object" in error:
        return " (expected one object a line, or one array of objects; 'jq -c .' makes such lines)"
    if form.reject is None and re.match(r"line \d+, column", error) and "--on-error" not in error:
        return " (--on-error skip leaves such objects out)"
    return ""


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
        #: Whether the columns are those of this file, and whether it was read before.
        self.is_first, self.is_later = True, False
        self._form = form
        first = next(blocks, b"")
        self._is_empty = not first.strip(IGNORED)
        self.is_array = bool(ARRAY.match(first[: 64 << 10].lstrip(IGNORED)))
        self._blocks = itertools.chain([first], blocks)
        #: Whether all of the text was searched for keys.
        self.has_all_keys = keys is not None
        self.keys = self._learn(learn_all) if keys is None else keys
        self.rows = self._reader(self.keys)

    def _reader(self, keys: list[str] | None) -> _JsonRows:
        return _JsonRows(
            keys,
            is_array=self.is_array,
            missing=[word.encode("utf-8", "surrogateescape") for word in self._form.missing],
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
            # They are told when they are read for the table.
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

    def check_keys(self) -> None:
        """Raise an error if there are none."""
        if not self.keys and self.has_all_keys:
            raise ValueError("the file is empty" if self._is_empty else "the objects have no keys")

    def blocks(self) -> Iterator[bytes]:
        """Yield the table, a record for each object and one with the keys before them."""
        yield self.rows.header()
        for records in self._records():
            if records:
                yield records
            self._check(self.rows)

    def values(self, key: str) -> Iterator[list[str]]:
        """Yield the values of one key as texts, some at a time; those that are missing are left out."""
        self.rows = self._reader([key])
        for records in self._records():
            found = RECORD.findall(records)
            texts = [quoted.replace(b'""', b'"') or plain for quoted, plain in found if plain != b"NA"]
            yield [text.decode("utf-8", "replace") for text in texts]

    def _records(self) -> Iterator[bytes]:
        """Yield the records of the objects, and nothing after those of each block."""
        for block in itertools.chain(self._blocks, [None]):
            if block is None:
                self.rows.end()
            else:
                self.rows.feed(block)
            while records := self.rows.rows():
                yield records
            yield b""

    def _check(self, rows: _JsonRows) -> None:
        for line, byte, reason in rows.rejects():
            if self._form.reject is not None and not self.is_later:
                self._form.reject(shown(self.name), line, byte, reason)
        if rows.late is None:
            return
        key, line = rows.late
        if not self.is_first:
            raise ValueError(f"line {line}: the key '{key}' is in no object of the first file")
        if self.can_be_read_again:
            raise LateKey
        raise ValueError(
            f"line {line}: the key '{key}' appears for the first time, expected all keys in the first"
            f" {LEARNT >> 20} MiB of a pipe (a file is searched for keys to its end)"
        )
