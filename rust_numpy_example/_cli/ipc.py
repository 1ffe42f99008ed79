"""Arrow IPC (Feather), files and streams, a batch of rows at a time. Needs pyarrow, the extra ``cli``.

A file is a stream between two marks, with a table of contents at its end: it is read from front to back, so that it
may come through a pipe or be compressed. In memory is one batch, as large as its writer has made it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rust_numpy_example._cli import parquet, rows
from rust_numpy_example._cli.parquet import BATCH, Batch
from rust_numpy_example._cli.source import BLOCK, Source

#: What a file starts with, filled up to eight bytes, and ends with.
MARK = b"ARROW1"


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
        stream = _Stream(source)
        if is_file:
            stream.read(8)
        try:
            reader = self._module.open_stream(self._pa.PythonFile(stream, "r"))
        except (OSError, self._pa.ArrowException) as error:
            raise _damaged(error) from None

        def batches(wanted: Sequence[int]) -> Iterator[Batch]:
            try:
                for batch in reader:
                    # A batch may be a whole file.
                    for start in range(0, batch.num_rows, BATCH):
                        part = batch.slice(start, BATCH)
                        yield part.num_rows, [(index, part.column(index)) for index in wanted]
            except (OSError, self._pa.ArrowException) as error:
                raise _damaged(error) from None
            if is_file and not stream.ends_with(MARK):
                raise ValueError("the Arrow file ends too early: it is truncated")

        return parquet.Opened(reader.schema, None, False, batches)


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
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        return self._source.read(count)

    def ends_with(self, mark: bytes) -> bool:
        """Read what is left, and say whether that is its end."""
        end = b""
        while block := self._source.read(BLOCK):
            end = (end + block)[-len(mark) :]
        return end == mark
