"""Arrow IPC (Feather), files and streams, a batch of rows at a time. Needs pyarrow, the extra ``cli``.

A file is a stream between two marks, with a table of contents at its end: it is read from front to back, so that it
may come through a pipe or be compressed. In memory is one batch, as large as its writer has made it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from rust_numpy_example._cli.parquet import BATCH, Batch, collected, column, pyarrow
from rust_numpy_example._cli.source import BLOCK, Source
from rust_numpy_example._cli.table import Ask, Table

#: What a file starts with, filled up to eight bytes, and ends with.
MARK = b"ARROW1"


def read(source: Source, ask: Ask) -> Table:
    """Return the statistics of a file or stream of Arrow IPC."""
    if source.head.startswith(b"FEA1"):
        raise ValueError(
            "a Feather file of version 1; pandas.read_feather(...).to_feather(...) makes one of today"
        )
    pa, ipc = pyarrow("Arrow files", "pyarrow.ipc")
    is_file = source.head.startswith(MARK)
    stream = _Stream(source)
    if is_file:
        stream.read(8)
    try:
        reader = ipc.open_stream(pa.PythonFile(stream, "r"))
        names = list(reader.schema.names)
        order = range(len(names)) if ask.select is None else ask.select.indices(names)
        columns = {index: column(pa, names[index], reader.schema.field(index).type, ask) for index in order}
        table = collected(source, names, columns, _batches(reader, columns), {})
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"the Arrow data are damaged or end too early: {error}") from None
    if is_file and not stream.ends_with(MARK):
        raise ValueError("the Arrow file ends too early: it is truncated")
    return table


def _batches(reader: Any, wanted: dict[int, Any]) -> Iterator[Batch]:
    for batch in reader:
        # A batch may be a whole file.
        for start in range(0, batch.num_rows, BATCH):
            rows = batch.slice(start, BATCH)
            yield rows.num_rows, [(index, rows.column(index)) for index in wanted]


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
