"""The statistics of groups of rows, as ``_TableStats`` has them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from rust_numpy_example._cli.table import Ask, Column, Table
from rust_numpy_example.rust_numpy_example import _TableStats


class Groups:
    """The groups of a table, in the order of their keys."""

    def __init__(self, stats: _TableStats, by: Sequence[str], ask: Ask, order: Sequence[str] | None) -> None:
        #: The names of the columns that make the groups.
        self.by = list(by)
        self._stats, self._levels = stats, ask.levels
        totals = stats.group_columns()
        numbers = [index for index, (_, count, others, _) in enumerate(totals) if count and not others]
        if order is not None:
            numbers.sort(key=lambda index: order.index(totals[index][0]))
        self._columns = numbers
        #: The columns that hold numbers and something else.
        self.mixed = [name for name, count, others, _ in totals if count and others]
        #: The columns without quantiles: their integers are too large.
        self.beyond = [totals[index][0] for index in numbers if totals[index][3] and ask.levels]
        #: The columns of which there are statistics.
        self.names = [totals[index][0] for index in numbers]
        keys = stats.group_keys()
        self._keys = sorted(zip(keys, range(len(keys))), key=_sortable(keys))

    def __iter__(self) -> Iterator[tuple[list[str], list[Column]]]:
        """Yield each group: its key, and its columns of numbers."""
        for key, index in self._keys:
            found = self._stats.group(index)
            yield key, [Column.of(found[place], levels=self._levels) for place in self._columns]

    @property
    def lacks_quantiles(self) -> bool:
        """Whether the numbers were too many to keep them for quantiles."""
        return self._stats.lacks_quantiles


def _sortable(keys: list[list[str]]) -> Callable[[tuple[list[str], int]], list[tuple[float, str]]]:
    """Return the key by which groups are sorted: a field that is a number in all of them as a number."""
    numbers = []
    for place in range(len(keys[0]) if keys else 0):
        numbers.append(all(_number(key[place]) is not None for key in keys))

    def sortable(item: tuple[list[str], int]) -> list[tuple[float, str]]:
        return [
            (_number(field) or 0.0 if is_number else 0.0, field) for field, is_number in zip(item[0], numbers)
        ]

    return sortable


def _number(field: str) -> float | None:
    """Return the number that a field is; a missing one comes first."""
    if not field:
        return float("-inf")
    with contextlib.suppress(ValueError):
        number = float(field)
        return number if number == number else None
    return None


def table(
    stats: _TableStats, by: Sequence[str], ask: Ask, order: Sequence[str] | None, notes: list[str]
) -> Table:
    """Return the table of the groups that were found."""
    groups = Groups(stats, by, ask, order)
    if groups.lacks_quantiles:
        notes.append(
            f"quantiles of groups are left out: there are more than {ask.keys:,} numbers (--select takes fewer columns)"
        )
    for name in groups.beyond[:5]:
        notes.append(f"quantiles of column '{name}' are left out: there are integers beyond 2**53 in groups")
    if stats.rows and not groups.names and not groups.mixed:
        notes.append("there are no columns of numbers besides those that make the groups")
    for name in groups.mixed[:5]:
        notes.append(f"column '{name}' is left out: not all of it are numbers")
    return Table([], stats.rows, notes, groups=groups)
