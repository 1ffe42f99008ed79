"""How the command ``stats`` shows a table: lines of text, CSV, Markdown, JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from rust_numpy_example._cli import report
from rust_numpy_example._cli.bars import sparkline
from rust_numpy_example._cli.colour import paint
from rust_numpy_example._cli.panels import fitted
from rust_numpy_example._cli.table import Column, Table

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rust_numpy_example._cli.groups import Groups

#: Characters of a name in a table that goes to a file or a pipe, and as many there are on every terminal.
LONGEST_NAME, SHORTEST_NAME = 200, 12

#: Bars of a histogram in a line of a terminal: with fewer there is none.
FEWEST_BARS, MOST_BARS = 10, 24

#: The columns of the output: what they are called, and what they hold. A number is the level of a quantile.
USUAL = ("type", "count", "missing", "mean", "std", "min", "max")
MORE = ("sum", "var", "distinct", "shortest", "longest")
QUARTILES = (0.25, 0.5, 0.75)

#: What groups have not, and what they have where they have no numbers.
GROUPLESS = ("type", "distinct", "shortest", "longest")
COUNTS = ("count", "missing")

#: What a column of the output holds: a statistic, or the quantile of a level.
Key = str | float


def keys_of(levels: Sequence[float], more: Sequence[str] = ()) -> tuple[Key, ...]:
    """Return the columns of a table with these quantiles: they come between the extremes."""
    return (*USUAL[:-1], *levels, USUAL[-1], *more)


def choice(options: argparse.Namespace) -> tuple[tuple[Key, ...], ...]:
    """Return the columns of the table: what is shown where there is room, then what is shown where there is less."""
    more = MORE if options.all else ("distinct",) if options.distinct else ()
    if options.weight:
        more = ("weight", *more)
    if options.quantiles is not None or options.all:
        return (keys_of(_levels(options), more),)
    return keys_of(QUARTILES, more), keys_of((0.5,), more)


def _levels(options: argparse.Namespace) -> Sequence[float]:
    levels: Sequence[float] = QUARTILES if options.quantiles is None else options.quantiles
    return levels


def title(key: Key) -> str:
    """Return what a column is called."""
    return key if isinstance(key, str) else "median" if key == 0.5 else f"{100 * key:.10g}%"


def json_parts(name: str, table: Table) -> Iterator[str]:
    """Yield the statistics of a file as an object of JSON, a column at a time: there may be a million."""
    yield report.to_json({"file": name, "rows": table.rows})[:-1]
    yield ', "columns": ['
    for index, column in enumerate(table.columns):
        yield (", " if index else "") + report.to_json(_json_of(column))
    yield "]}"


def _json_of(column: Column, without: Sequence[str] = ()) -> dict[str, Any]:
    values = {key: getattr(column, key) for key in ("name", *USUAL, *MORE) if key not in without}
    found = column.quantiles
    values["quantiles"] = None if found is None else {str(q): value for q, value in found.items()}
    if column.quantiles_error:
        values["quantiles_error"] = column.quantiles_error
    if column.weight is not None:
        values["weight"] = column.weight
    if column.distinct_error:
        values["distinct_error"] = column.distinct_error
    if column.top is not None:
        values["top"] = [{"value": value, "count": count} for value, count in column.top]
        if column.top_error:
            values["top_error"] = column.top_error
    return values


def lines(table: Table, choices: Sequence[Sequence[Key]] = (keys_of((0.5,)),)) -> Iterator[str]:
    """Yield the lines of the table of a file's statistics: the first of ``choices`` that fits on the terminal."""
    room = report.room()
    choices = choices if room else choices[-1:]
    if len(choices) > 1:
        least = [key for key in choices[-1] if key != "missing" or any(c.missing for c in table.columns)]
        choices = [*choices, least, [key for key in least if key != "std"]]
    for keys in choices:
        cells = ((_name(column), *(cell(column, key) for key in keys)) for column in table.columns)
        rows = report.Rows(chain([("column", *map(title, keys))], cells))
        widths = rows.widths
        left = (room or 0) - sum(widths) - 2 * (len(widths) - 1)
        if room is None or left >= 0:
            break
    else:
        # Names that would make a line go on in the next are cut; where that is not enough, there are several tables.
        rows = _cut_names(
            rows,
            widths[0] + left if widths[0] + left >= SHORTEST_NAME else max((room or 0) // 3, SHORTEST_NAME),
        )
    if room is None and widths[0] > LONGEST_NAME:
        rows = _cut_names(rows, LONGEST_NAME)

    def painted(row: int, column: int, text: str) -> str:
        if row == 0:
            return paint(text, "head")
        if column > len(keys):
            return paint(text, "bar")
        return paint(text, "warn") if column and keys[column - 1] == "missing" and text != "0" else text

    yield from fitted(_with_bars(rows, table, left - 2), 1, room, (1, len(keys) + 1), painted)


def _cut_names(rows: report.Rows, most: int) -> report.Rows:
    return report.Rows((report.cut(row[0], most), *row[1:]) for row in rows)


def _with_bars(rows: report.Rows, table: Table, room: int) -> report.Rows:
    """Add a small histogram to each row, if there is room for it."""
    if room < FEWEST_BARS or not any(column.histogram for column in table.columns):
        return rows
    bars = (
        sparkline(column.histogram(min(room, MOST_BARS)).counts) if column.histogram else ""
        for column in table.columns
    )
    return report.Rows((*row, bar) for row, bar in zip(rows, chain(["histogram"], bars)))


def _name(column: Column) -> str:
    return report.printable(column.name) or '""'


def top_lines(table: Table) -> list[str]:
    """Return the lines of the most frequent values of each column."""
    out = []
    for column in table.columns:
        if column.top is None:
            continue
        low = f" (a count may be too low by {column.top_error})" if column.top_error else ""
        out += ["", f"{_name(column)}: most frequent values{low}"]
        rows = [(str(count), report.cut(_shown(value), 60)) for value, count in column.top]
        out += [f"  {line}" for line in report.aligned(rows, left=(1,))] if rows else ["  none"]
    return out


def value_of(column: Column, key: Key) -> Any:
    """Return a statistic."""
    return getattr(column, key) if isinstance(key, str) else (column.quantiles or {}).get(key)


def cell(column: Column, key: Key) -> str:
    """Return a statistic as the table shows it."""
    value = value_of(column, key)
    if value is None:
        return ""
    if key == "mean":
        return _between(column, value)
    if key == "weight":
        return f"{value:.10g}"
    if key == "std" or key == "var" or (key == "sum" and isinstance(value, float)):
        return f"{value:.6g}"
    if key == "distinct" and column.distinct_error:
        return f"~{value}"
    if isinstance(key, float):
        # All digits, where they are few.
        whole = _shown(value)
        shown = whole if len(whole) <= 10 else _between(column, value)
        return ("~" if column.quantiles_error else "") + shown
    return _shown(value)


def _shown(value: Any) -> str:
    """Return a value with all its digits."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if report.is_decimal(value):
        return f"{value:f}"
    if isinstance(value, str):
        return report.printable(value)
    return str(value)


def _between(column: Column, value: Any) -> str:
    """Return a number with the digits that matter, and as many as it takes to be between the extremes."""
    if not isinstance(value, float):
        return _shown(value)
    for digits in range(6, 18):
        text = f"{value:.{digits}g}"
        if column.min is None or not column.min <= value <= column.max:
            return text
        if column.min <= float(text) <= column.max:
            return text
    return _shown(value)


def _full(value: Any) -> str:
    return "" if value is None or value != value else _shown(value) if not isinstance(value, str) else value


def write_groups(
    called: str,
    heading: str | None,
    table: Table,
    groups: Groups,
    options: argparse.Namespace,
    is_first: bool,
) -> None:
    """Write the statistics of groups: a row for each group and column of numbers."""
    keys = [key for key in choice(options)[0 if options.format else -1] if key not in GROUPLESS]
    titles = [*groups.by, "column", *map(title, keys)]
    if options.format == "json":
        found = [
            {"group": dict(zip(groups.by, key)), "columns": [_json_of(c, GROUPLESS) for c in columns]}
            for key, columns in groups
        ]
        report.write(report.to_json({"file": called, "rows": table.rows, "groups": found}))
    elif options.format == "csv":
        first = [] if heading is None else [("file", heading)]
        if is_first:
            report.write_csv([[*(name for name, _ in first), *titles]])
        for key, columns in groups:
            for column in columns:
                values = (_full(value_of(column, k)) if column.count or k in COUNTS else "" for k in keys)
                report.write_csv([[*(value for _, value in first), *key, column.name, *values]])
    else:
        if heading is not None:
            report.write(f"{report.printable(heading)}:")
        shown_rows = [titles] + [
            [
                *map(report.printable, key),
                _name(column),
                *(cell(column, k) if column.count or k in COUNTS else "" for k in keys),
            ]
            for key, columns in groups
            for column in columns
        ]
        if options.format == "markdown":
            _write_markdown_rows(shown_rows, len(groups.by) + 1)
        else:
            for line in fitted(report.Rows(shown_rows), len(groups.by) + 1, report.room()):
                report.write(line)


def write_csv(name: str | None, table: Table, options: argparse.Namespace, is_first: bool) -> None:
    """Write the statistics as CSV: all digits, all columns."""
    keys: tuple[Key, ...] = ("name", *choice(options)[0])
    first = [] if name is None else [("file", name)]
    top = ["top"] if options.top_values else []
    if is_first:
        report.write_csv([[*(name for name, _ in first), *map(title, keys), *top]])
    for column in table.columns:
        row = [*(value for _, value in first), *(_full(value_of(column, key)) for key in keys)]
        if top:
            row.append("; ".join(f"{_shown(value)}: {count}" for value, count in column.top or ()))
        report.write_csv([row])


def write_markdown(name: str | None, table: Table, options: argparse.Namespace) -> None:
    """Write the statistics as a table of Markdown."""
    keys = choice(options)[0]
    titles: Sequence[str] = ("column", *map(title, keys), *(("top values",) if options.top_values else ()))
    if name is not None:
        report.write(f"{report.printable(name)}:")
        report.write()

    def row_of(column: Column) -> list[str]:
        row = [_name(column), *(cell(column, key) for key in keys)]
        if options.top_values:
            row.append(", ".join(f"{_shown(value)} ({count})" for value, count in column.top or ()))
        return row

    also = titles.index("top values") if options.top_values else None
    _write_markdown_rows(chain([titles], map(row_of, table.columns)), 2, also)
    if name is not None:
        report.write()


def _write_markdown_rows(rows: Iterable[Sequence[str]], left: int, also: int | None = None) -> None:
    """Write a table of Markdown, whose first columns and one more are aligned to the left."""
    for index, row in enumerate(rows):
        report.write("| " + " | ".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in row) + " |")
        if index == 0:
            report.write(
                "|" + "|".join("---" if i < left or i == also else "---:" for i in range(len(row))) + "|"
            )
