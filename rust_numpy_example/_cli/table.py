"""The statistics of a file, however they were found."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rust_numpy_example._cli.bars import Histogram

# `typing` takes as long to import as all of this, `dataclasses` longer.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from rust_numpy_example._cli.source import Source
    from rust_numpy_example.rust_numpy_example import _Column

    class Reader(Protocol):
        """What finds the statistics of files that are one table."""

        def take(self, source: Source) -> None:
            """Read a file, for the first time or again."""

        def again(self) -> bool:
            """End a pass over all files; return whether all have to be taken again, for the quantiles."""

        def finish(self) -> Table:
            """Return the table."""


#: The types of which there are a mean and a standard deviation.
NUMBERS = ("integer", "float", "boolean")

#: As many columns may have histograms: of more, nobody looks at all of them, and they take memory.
PICTURED = 1 << 14

#: How many numbers may be kept for the quantiles of a table: they take 96 MiB.
KEYS = 12 << 20


class Ask:
    """What is to be known of a file."""

    def __init__(
        self,
        select: Any = None,
        *,
        distinct: bool = False,
        top: int = 0,
        histogram: bool = False,
        levels: Sequence[float] = (),
        once: bool = False,
        by: Any = None,
        weight: Any = None,
        several: bool = False,
        keys: int | None = None,
    ) -> None:
        self.select = select
        #: How many different values there are.
        self.distinct = distinct
        #: How many of the most frequent values.
        self.top = top
        #: How the numbers are spread.
        self.histogram = histogram
        #: The levels of the quantiles.
        self.levels = levels
        #: Whether the files can be read only once.
        self.once = once
        #: The columns whose fields make groups of rows.
        self.by = by
        #: The column that holds the weights of the rows.
        self.weight = weight
        #: Whether several files are one table.
        self.several = several
        #: How many numbers may be kept for the quantiles, of all columns together.
        self.keys = KEYS if keys is None else keys

    def options(self, **other: Any) -> dict[str, Any]:
        """Return the arguments of ``_TableStats`` and ``_ArrayStats``, where ``other`` does not say something else."""
        return {
            "distinct": self.distinct,
            "top": self.top,
            "histogram": self.histogram,
            "quantiles": self.levels,
            "once": self.once,
            "keys": self.keys,
            **other,
        }

    def pictured(self, columns: int) -> bool:
        """Whether to count how the numbers of so many columns are spread."""
        return self.histogram and columns <= PICTURED

    def but(self, **changes: Any) -> Ask:
        """Return the same, but for these."""
        return Ask(**{**vars(self), **changes})


class Column:
    """A column and its statistics; None for what it has none of."""

    # There may be a million.
    __slots__ = (
        *("name", "type", "count", "missing", "weight", "mean", "std", "min", "max", "var", "sum"),
        *("shortest", "longest", "distinct", "distinct_error", "top", "top_error"),
        *("quantiles", "quantiles_error", "lacks_quantiles", "histogram"),
    )

    name: str
    #: "integer", "float", "boolean", "date", "timestamp", "text", "mixed", "empty", or the name of another type.
    type: str
    count: int
    missing: int
    #: What the numbers weigh together; None without weights.
    weight: float | None
    mean: float | None
    std: float | None
    min: Any
    max: Any
    var: float | None
    sum: float | int | None
    shortest: int | None
    longest: int | None
    distinct: int | None
    #: The relative standard error of `distinct`; 0 if it is exact.
    distinct_error: float | None
    #: The most frequent values and their counts.
    top: list[tuple[Any, int]] | None
    #: By how much a count in `top` may be too low.
    top_error: int | None
    #: The quantiles, by their levels.
    quantiles: dict[float, Any] | None
    #: How far their ranks may be off, as a share of the count; 0 if they are exact.
    quantiles_error: float | None
    #: Whether they are left out: there are too many columns to estimate those of all.
    lacks_quantiles: bool
    #: Gives a histogram of the numbers of at most so many bins.
    histogram: Callable[[int], Histogram] | None

    def __init__(self, name: str, type: str, count: int, missing: int) -> None:
        self.name, self.type, self.count, self.missing = name, type, count, missing
        self.weight = self.mean = self.std = self.min = self.max = self.var = self.sum = None
        self.shortest = self.longest = self.distinct = self.distinct_error = self.top = self.top_error = None
        self.quantiles = self.quantiles_error = self.histogram = None
        self.lacks_quantiles = False

    @classmethod
    def of(cls, found: _Column, type_: str | None = None, levels: Sequence[float] = ()) -> Column:
        """Return the column that ``_TableStats`` or ``_ArrayStats`` found, of a type that may be known."""
        type_ = type_ or kind(found)
        column = cls(found.name, type_, found.numbers + found.texts, found.missing)
        if type_ in NUMBERS:
            column.weight = found.weight
        if found.lengths and type_ in ("text", "mixed"):
            column.shortest, column.longest = found.lengths
        if found.times and type_ in ("date", "timestamp"):
            column.min, column.max = found.times
        if found.distinct:
            column.distinct, column.distinct_error = found.distinct
        if found.top:
            column.top, column.top_error = found.top
            if type_ == "boolean":
                # In an array they are numbers, in a text words.
                column.top = [
                    (str(value).lower() in ("1.0", "1", "true"), count) for value, count in column.top
                ]
        if type_ == "boolean" and found.texts:
            trues, falses = found.booleans
            count = trues + falses
            column.min, column.max = falses == 0, trues > 0
            if found.weight is None:
                column.mean = trues / count
                column.var = trues * falses / count / (count - 1) if count > 1 else math.nan
                column.sum = trues
            else:
                column.mean, column.var = found.mean, found.var
                column.sum = found.mean * found.weight
        elif type_ in NUMBERS:
            column.mean, column.var = found.mean, found.var
            column.min, column.max, column.sum = found.min, found.max, found.sum
            if column.sum is None:
                column.sum = found.mean * (found.numbers if found.weight is None else found.weight)
            column.lacks_quantiles = found.lacks_quantiles
            if type_ != "boolean":
                column.histogram = _histogram(found)
            if found.quantiles and type_ != "boolean":
                parts, column.quantiles_error = found.quantiles
                column.quantiles = {level: between(*part) for level, part in zip(levels, parts)}
            if type_ == "boolean" and found.numbers:
                column.min, column.max = bool(found.min), bool(found.max)
                column.sum = round(column.sum)
        column.settle()
        return column

    def settle(self) -> None:
        """Make the mean lie between the extremes, which a float64 need not where they are large integers."""
        if self.var is not None:
            self.std = math.sqrt(self.var)
        if self.type != "integer" or self.mean is None or not self.count:
            return
        if not self.min <= self.mean <= self.max:
            exact = self.sum if isinstance(self.sum, int) else self.min * self.count
            self.mean = (2 * exact + self.count) // (2 * self.count)


def between(low: Any, high: Any, weight: float) -> Any:
    """Return what lies at ``weight`` between two numbers, as NumPy's method ``linear`` has it.

    Of integers it is an int if it is one, and rounded to one if a float64 would have fewer digits.
    """
    if weight == 0 or low == high:
        return low
    if isinstance(low, int) and max(abs(low), abs(high)) > 1 << 53:
        from fractions import Fraction

        return low + round((high - low) * Fraction(weight))
    difference = high - low
    if not math.isfinite(difference):
        is_finite = math.isfinite(low) and math.isfinite(high)
        return low * (1 - weight) + high * weight if is_finite else low + high
    value = high - difference * (1 - weight) if weight >= 0.5 else low + difference * weight
    return int(value) if isinstance(low, int) and value.is_integer() else value


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


class Table:
    """The columns of a file."""

    def __init__(
        self, columns: list[Column], rows: int | None, notes: Sequence[str] = (), groups: Any = None
    ) -> None:
        self.columns = columns
        #: Its length; None if its columns have several.
        self.rows = rows
        #: What the files were, as :func:`rust_numpy_example._cli.source.file_kind` has it.
        self.kind = "text"
        #: What the reader should know.
        self.notes = list(notes)
        #: What could not be read, while the rest could: one line for each.
        self.failures: list[str] = []
        #: The groups of its rows, if these were asked for; then there are no columns.
        self.groups = groups


def other_columns(expected: Sequence[str], got: Sequence[str]) -> str:
    """Return how the columns of a file differ from those of the first one."""
    more = next((f"has '{name}'" for name in got if name not in expected), None)
    fewer = next((f"lacks '{name}'" for name in expected if name not in got), None)
    said = " and ".join(filter(None, (more, fewer))) or "has some twice"
    return f"the columns are not those of the first file: it {said}"
