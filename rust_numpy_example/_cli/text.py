"""Tables in delimited text (CSV, TSV), of any size."""

from __future__ import annotations

from collections.abc import Sequence

from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import Source
from rust_numpy_example._cli.table import Column, Table, selected
from rust_numpy_example.rust_numpy_example import _TableStats


def read(source: Source, select: Sequence[str] | None, delimiter: str | None, header: bool | None) -> Table:
    """Return the statistics of a table in text."""
    if delimiter is None:
        delimiter = "\t" if source.name.lower().split(".")[-1] in ("tsv", "tab") else ","
    stats = _TableStats(delimiter, select, header)
    progress = Progress(source.name, source.size)
    try:
        for block in source.blocks():
            stats.feed(block)
            progress.update(source.position())
        rows = stats.finish()
    finally:
        progress.close()
    notes = []
    if header is None and not stats.named:
        notes.append(
            "all of the first row are numbers, so it was taken as data (--header says that it is names)"
        )
    for name, numbers, texts, _, _, _, _, _, line, text in rows:
        if texts and numbers:
            count = f"{texts} of {numbers + texts} fields {'is' if texts == 1 else 'are'} text"
            notes.append(f"column '{name}': {count}, the first in line {line}: '{text}'")
    return Table(selected([Column.from_row(row) for row in rows], select), stats.rows, notes)
