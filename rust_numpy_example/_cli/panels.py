"""Tables that are wider than the terminal, as several that are not, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from rust_numpy_example._cli import report
from rust_numpy_example._cli.colour import paint


def _as_they_are(row: int, column: int, text: str) -> str:
    return paint(text, "head") if row == 0 else text


def fitted(
    rows: report.Rows,
    fixed: int,
    room: int | None,
    left: Collection[int] = (),
    painted: Callable[[int, int, str], str] = _as_they_are,
) -> Iterator[str]:
    """Yield the lines of a table; where it does not fit into ``room`` columns, of several.

    Each has the first ``fixed`` columns, of which a reader sees what a row is about. Those in ``left`` are aligned to the
    left, as the first are.
    """
    left = {*range(fixed), *left}
    for number, chosen in enumerate(_panels(rows.widths, fixed, room)):
        if number:
            yield ""
        whole = len(chosen) == len(rows.widths)
        part = rows if whole else report.Rows([row[index] for index in chosen] for row in rows)
        yield from report.aligned(
            part,
            left=[place for place, index in enumerate(chosen) if index in left],
            paint=lambda row, place, text, chosen=chosen: painted(row, chosen[place], text),  # type: ignore[misc]
        )


def _panels(widths: Sequence[int], fixed: int, room: int | None) -> Iterator[list[int]]:
    """Yield the indices of the columns of each table."""
    first = [*range(fixed)]
    start = sum(widths[:fixed]) + 2 * (fixed - 1)
    panel, used = [*first], start
    for index in range(fixed, len(widths)):
        used += 2 + widths[index]
        if room is not None and used > room and len(panel) > fixed:
            yield panel
            panel, used = [*first], start + 2 + widths[index]
        panel.append(index)
    yield panel
