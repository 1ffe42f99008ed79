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
        columns = stats.finish()
    finally:
        progress.close()
    notes = []
    if header is None and not stats.named:
        notes.append(
            "all of the first row are numbers, so it was taken as data (--header says that it is names)"
        )
    for column in columns:
        if column.texts and column.numbers:
            are = "is" if column.texts == 1 else "are"
            notes.append(
                f"column '{column.name}': {column.texts} of {column.numbers + column.texts} fields {are} text,"
                f" the first in line {column.first_text_line}: '{column.first_text}'"
            )
    return Table(selected([Column.of(column) for column in columns], select), stats.rows, notes)
