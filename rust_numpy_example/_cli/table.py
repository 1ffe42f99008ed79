"""The statistics of a file, however they were found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rust_numpy_example._cli.bars import Histogram

if TYPE_CHECKING:
    from rust_numpy_example.rust_numpy_example import _Column

#: The types of which there are a mean and a standard deviation.
NUMBERS = ("integer", "float", "boolean")


@dataclass
class Ask:
    """What is to be known of a file."""

    select: Any = None
    #: How many different values there are.
    distinct: bool = False
    #: How many of the most frequent values.
    top: int = 0
    #: How the numbers are spread.
    histogram: bool = False


@dataclass
class Column:
    """A column and its statistics; None for what it has none of."""

    name: str
    #: "integer", "float", "boolean", "date", "timestamp", "text", "mixed", "empty", or the name of another type.
    type: str
    count: int
    missing: int
    mean: float | None = None
    std: float | None = None
    min: Any = None
    max: Any = None
    var: float | None = None
    sum: float | int | None = None
    shortest: int | None = None
    longest: int | None = None
    distinct: int | None = None
    #: The relative standard error of `distinct`; 0 if it is exact.
    distinct_error: float | None = None
    #: The most frequent values and their counts.
    top: list[tuple[Any, int]] | None = None
    #: By how much a count in `top` may be too low.
    top_error: int | None = None
    #: Gives a histogram of the numbers of at most so many bins.
    histogram: Callable[[int], Histogram] | None = None

    @classmethod
    def of(cls, found: _Column, type_: str | None = None) -> Column:
        """Return the column that ``_TableStats`` or ``_ArrayStats`` found, of a type that may be known."""
        type_ = type_ or kind(found)
        column = cls(found.name, type_, found.numbers + found.texts, found.missing)
        if found.lengths and type_ in ("text", "mixed"):
            column.shortest, column.longest = found.lengths
        if found.times and type_ in ("date", "timestamp"):
            column.min, column.max = found.times
        if found.distinct:
            column.distinct, column.distinct_error = found.distinct
        if type_ in ("integer", "float"):
            column.histogram = _histogram(found)
        if found.top:
            column.top, column.top_error = found.top
        if type_ == "boolean" and found.texts:
            trues, falses = found.booleans
            count = trues + falses
            column.mean = trues / count
            column.var = trues * falses / count / (count - 1) if count > 1 else math.nan
            column.min, column.max = falses == 0, trues > 0
            column.sum = trues
        elif type_ in NUMBERS:
            column.mean, column.var = found.mean, found.var
            column.min, column.max, column.sum = found.min, found.max, found.sum
            if column.sum is None:
                column.sum = found.mean * found.numbers
            if type_ == "boolean" and found.numbers:
                column.min, column.max = bool(found.min), bool(found.max)
                column.sum = round(column.sum)
        column.settle()
        return column

    def settle(self) -> None:
        """Make the mean lie between the extremes, which a float64 need not where they are large integers."""
        if self.var is not None:
            self.std = math.sqrt(self.var)
        if self.type == "integer" and self.mean is not None and not self.min <= self.mean <= self.max:
            exact = self.sum if isinstance(self.sum, int) else self.min * self.count
            self.mean = (2 * exact + self.count) // (2 * self.count)


def _histogram(found: _Column) -> Callable[[int], Histogram] | None:
    if found.histogram(1) is None:
        return None

    def histogram(most: int) -> Histogram:
        return Histogram(*(found.histogram(most) or (0.0, 0.0, [])))

    return histogram


def kind(found: _Column) -> str:
    """Return the type of a column of text."""
    booleans, (dates, timestamps) = sum(found.booleans), found.dates
    if found.numbers and found.texts:
        return "mixed"
    if found.numbers:
        return "integer" if found.is_integer else "float"
    if not found.texts:
        return "empty"
    if booleans == found.texts:
        return "boolean"
    if dates + timestamps == found.texts:
        return "timestamp" if timestamps else "date"
    return "text"


@dataclass
class Table:
    """The columns of a file."""

    columns: list[Column]
    #: Its length; None if its columns have several.
    rows: int | None
    #: What the reader should know.
    notes: list[str] = field(default_factory=list)
    #: What could not be read, while the rest could: one line for each.
    failures: list[str] = field(default_factory=list)
