"""The statistics of a file, however they were found."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rust_numpy_example.rust_numpy_example import _Column

NAN = math.nan


@dataclass
class Column:
    """A column and its statistics; a column that does not hold numbers has NaN for them."""

    name: str
    count: int
    missing: int
    mean: float = NAN
    std: float = NAN
    min: float = NAN
    max: float = NAN
    #: What is in it: "number", "text", or the name of another type.
    kind: str = "number"

    @classmethod
    def of(cls, found: _Column) -> Column:
        """Return the column that ``_TableStats`` or ``_ArrayStats`` found."""
        if found.texts:
            return cls(found.name, found.numbers + found.texts, found.missing, kind="text")
        return cls(found.name, found.numbers, found.missing, found.mean, found.std, found.min, found.max)


@dataclass
class Table:
    """The columns of a file."""

    columns: list[Column]
    #: Its length; None if its columns have several.
    rows: int | None
    #: What the reader should know.
    notes: list[str] = field(default_factory=list)


def names_in(options: Iterable[str]) -> list[str]:
    """Return the names in ``--select`` options: comma separated, quoted as in a CSV file."""
    return [name for row in csv.reader(options) for name in row]


def selected(columns: list[Column], select: Sequence[str] | None) -> list[Column]:
    """Return the columns with these names, in this order; all if there is no selection."""
    if select is None:
        return columns
    by_name: dict[str, list[Column]] = {}
    for column in columns:
        by_name.setdefault(column.name, []).append(column)
    return [
        column for name in dict.fromkeys(select) for column in by_name.get(name) or unknown(name, by_name)
    ]


def unknown(name: str, known: Iterable[str]) -> list[Column]:
    """Raise the error for a name that is not there."""
    known = list(known)
    shown = ", ".join(f"'{name}'" for name in known[:10]) + (", …" if len(known) > 10 else "")
    raise ValueError(f"no column '{name}', there are {shown}")
