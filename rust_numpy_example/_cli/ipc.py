"""Arrow IPC (Feather), files and streams, a batch of rows at a time. Needs pyarrow, the extra ``cli``.

A file is a stream between two marks, with a table of contents at its end: it is read from front to back, so that it
may come through a pipe or be compressed. Where the schema at the start lacks its length, as polars writes it, the
table of contents is needed: what is no file on disk is written to a temporary one. In memory is one batch, as large
as its writer has made it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rust_numpy_example._cli import parquet, rows, wide
from rust_numpy_example._cli.parquet import BATCH, Batch
from rust_numpy_example._cli.source import BLOCK, Source

#: What a file starts with, filled up to eight bytes, and ends with.
MARK = b"ARROW1"

#: What comes before the length of a message.
CONTINUES = b"\xff\xff\xff\xff"

#: A schema is no longer.
LONGEST = 1 << 30

#: Bytes of a temporary file that are held in memory.
HELD = 16 << 20


class _Arrow(parquet.Reader):
    """What opens files and streams of Arrow."""

    KIND, MODULE = "Arrow files", "pyarrow.ipc"

    def open(self, source: Source) -> parquet.Opened:
        """Return what is in a file."""
        if source.head.startswith(b"FEA1"):
            raise ValueError(
                "a Feather file of version 1; pandas.read_feather(...).to_feather(...) makes one of today"
            )
        is_file = source.head.startswith(MARK)
        if is_file and source.head[8:12] != CONTINUES:
            return self._open_at_end(source)
        stream = _Stream(source)
        if is_file:
            stream.read(8)
        signed = stream.retype()
        try:
            reader = self._module.open_stream(self.pa.PythonFile(stream, "r"))
        except (OSError, self.pa.ArrowException) as error:
            raise _damaged(error) from None

        def rest() -> None:
            if is_file and not stream.ends_with(MARK):
                raise ValueError("the Arrow file ends too early: it is truncated")

        return self._opened(reader.schema, signed, reader, rest)

    def _open_at_end(self, source: Source) -> parquet.Opened:
        """Open a file by its table of contents."""
        file: Any = source.file
        if not source.is_plain:
            file = tempfile.SpooledTemporaryFile(HELD)
            for block in iter(lambda: source.read(BLOCK), b""):
                file.write(block)
        retyped, signed = wide.in_arrow(file)
        retyped.seek(0)
        try:
            reader = self._module.open_file(self.pa.PythonFile(retyped, "r"))
        except (OSError, self.pa.ArrowException) as error:
            raise _damaged(error) from None
        batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        return self._opened(reader.schema, signed, batches, lambda: None if source.is_plain else file.close())

    def _opened(
        self, schema: Any, signed: dict[int, bool], whole: Iterable[Any], rest: Callable[[], None]
    ) -> parquet.Opened:
        def batches(wanted: Sequence[int]) -> Iterator[Batch]:
            try:
                for batch in whole:
                    # A batch may be a whole file.
                    for start in range(0, batch.num_rows, BATCH):
                        part = batch.slice(start, BATCH)
                        yield part.num_rows, [(index, part.column(index)) for index in wanted]
            except (OSError, self.pa.ArrowException) as error:
                raise _damaged(error) from None
            rest()

        pa = self.pa
        return parquet.Opened(
            wide.schema_of(pa, schema, signed),
            None,
            lambda wanted: wide.decimals(pa, batches(wanted), signed),
        )


class Reader(_Arrow):
    """The statistics of files or streams of Arrow that are one table."""


class GroupReader(_Arrow, rows.GroupReader):
    """The statistics of groups of their rows."""


class WeightReader(_Arrow, rows.WeightReader):
    """The statistics of their rows with weights."""


def _damaged(error: Exception) -> ValueError:
    return ValueError(f"the Arrow data are damaged or end too early: {error}")


class _Stream(io.RawIOBase):
    """A source as a file that is read from front to back."""

    def __init__(self, source: Source) -> None:
        self._source, self._ahead = source, b""

    def retype(self) -> dict[int, bool]:
        """Change the schema, with which a stream begins, to one that pyarrow knows; see :mod:`wide`."""
        start = self.read(8)
        length = int.from_bytes(start[4:], "little")
        if start[:4] != CONTINUES or length > LONGEST:
            self._ahead = start
            return {}
        message = bytearray(self.read(length))
        signed = wide.retype(message, wide.IN_MESSAGE)
        self._ahead = start + bytes(message)
        return signed

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        if not self._ahead:
            return self._source.read(count)
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        return ahead + self._source.read(count - len(ahead)) if count > len(ahead) else ahead

    def ends_with(self, mark: bytes) -> bool:
        """Read what is left, and say whether that is its end."""
        end = b""
        while block := self._source.read(BLOCK):
            end = (end + block)[-len(mark) :]
        return end == mark
