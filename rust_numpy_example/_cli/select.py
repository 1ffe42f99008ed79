"""Which columns of a table are meant: by name, index, range or pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Characters of a name that an error shows.
SHOWN = 40


class SelectError(ValueError):
    """A selection that cannot be understood."""


class Selection:
    """What ``--select`` and ``--exclude`` ask for.

    Each part is the name of a column; if there is none of that name, an index from 1 on, a range (``2-5``,
    ``3-``, or ``a:c`` from the name to the name), or a pattern ``/regex/``. A ``!`` before a part takes columns away.
    """

    def __init__(self, options: Iterable[str]) -> None:
        parts = [part.strip() for option in options for part in _parts(option)]
        if not all(parts):
            raise SelectError("an empty name, expected names, indices, ranges or /patterns/")
        self._parts = parts

    def indices(self, names: Sequence[str]) -> list[int]:
        """Return the indices of the columns in the order of the selection."""
        chosen: dict[int, None] = {}
        if self._parts[0].startswith("!") and self._parts[0] not in names:
            # To take something away is to start from all.
            chosen = dict.fromkeys(range(len(names)))
        where: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            where.setdefault(name, []).append(index)
        for part in self._parts:
            if part in where:
                chosen.update(dict.fromkeys(where[part]))
            elif part.startswith("!") and len(part) > 1:
                for index in _meant(part[1:], names, where):
                    chosen.pop(index, None)
            else:
                chosen.update(dict.fromkeys(_meant(part, names, where)))
        if not chosen:
            raise ValueError("no column is left by --select")
        return list(chosen)

    def index(self, names: Sequence[str], option: str) -> int:
        """Return the index of the one column that is meant."""
        found = self.indices(names)
        if len(found) > 1:
            raise ValueError(f"{option} takes one column, got {len(found)}")
        return found[0]


def _parts(option: str) -> list[str]:
    """Return what commas separate; fields may be quoted as in a CSV file."""
    import csv

    try:
        rows = list(csv.reader([option], strict=True))
    except csv.Error:
        # A name as it is, such as one with a line end.
        return [option]
    return [part for row in rows for part in row] or [""]


def _meant(part: str, names: Sequence[str], where: dict[str, list[int]]) -> list[int]:
    if part in where:
        return where[part]
    if len(part) > 2 and part.startswith("/") and part.endswith("/"):
        try:
            pattern = re.compile(part[1:-1])
        except re.error as error:
            raise ValueError(f"the pattern {part} cannot be understood: {error}") from None
        if found := [index for index, name in enumerate(names) if pattern.search(name)]:
            return found
    # The name of an array stands for all its columns.
    if inside := [index for index, name in enumerate(names) if name.startswith((f"{part}[", f"{part}."))]:
        return inside
    if match := re.fullmatch(r"([0-9]{1,9})(-([0-9]{1,9})?)?", part):
        first = int(match[1])
        last = first if match[2] is None else int(match[3] or len(names))
        if 1 <= first <= last <= len(names):
            return list(range(first - 1, last))
    first_name, colon, last_name = part.partition(":")
    if colon and first_name in where and last_name in where:
        start, end = where[first_name][0], where[last_name][-1]
        step = 1 if start <= end else -1
        return list(range(start, end + step, step))
    raise ValueError(_unknown(part, names))


def _unknown(part: str, names: Sequence[str]) -> str:
    import difflib

    shown = ", ".join(f"'{_short(name)}'" for name in names[:10]) + (", …" if len(names) > 10 else "")
    near = difflib.get_close_matches(
        part[:200], [name for name in names[:10_000] if len(name) < 200], 1, 0.75
    )
    meant = f" (did you mean '{near[0]}'?)" if near else ""
    return f"no column '{_short(part)}'{meant}, there are {shown or 'none'}"


def _short(name: str) -> str:
    return name if len(name) <= SHOWN else f"{name[:SHOWN]}…"
