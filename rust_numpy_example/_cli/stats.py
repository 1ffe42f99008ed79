"""The command ``stats``: statistics of every column of a file."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rust_numpy_example._cli import cluster, report
from rust_numpy_example._cli.arguments import add_colour, add_output, character, natural, plot_path
from rust_numpy_example._cli.bars import sparkline
from rust_numpy_example._cli.colour import Colour, paint
from rust_numpy_example._cli.select import SelectError, Selection
from rust_numpy_example._cli.source import Source, is_zip, looks_like_json, open_source
from rust_numpy_example._cli.table import Ask, Column, Table

if TYPE_CHECKING:
    from rust_numpy_example._cli.text import Form

DESCRIPTION = """\
Print type, count, missing values, mean, standard deviation, min and max of
every column of each FILE.

What a file is, its first bytes say: Parquet or Arrow (take pyarrow), .npz,
.npy, JSON, else a table in text; also compressed with gzip, bzip2, xz or zstd,
or the only member of a zip archive. Files of any size are read in little
memory. Integers of any size are exact.

Text: lines end with LF or CR LF; fields may be quoted as in RFC 4180. What
separates them is guessed, with a note, where the usual (a comma; in a .tsv
file a tab) does not fit. The first row holds the names, unless all of it are
numbers: then it is data, and the columns are "column 1", "column 2", ...
A field is missing if it is empty or NA, NaN, null, None or another of the
words that pandas knows. Types are integer, float, boolean (true, false), date
and timestamp (ISO 8601), text, and mixed: numbers and text.

JSON: objects, one a line or in one array; the columns are their keys in the
order of their first appearance, and a key that an object does not have is
missing, as null is. What is in quotes is text, or a date. Arrays and objects
as values are taken as text.

Arrays: columns are along the last axis, or the fields of a structured array;
NaN and NaT are missing. In an .npz file the columns are NAME, NAME[0],
NAME.field, ... and --select takes these or NAME.

std and variance have count - 1 in the denominator.
"""

EXAMPLES = """\
examples:
  rust-numpy-example stats measurements.csv
  rust-numpy-example stats --select 'price,/^2024/' --all sales.csv.gz
  rust-numpy-example stats --delimiter ';' --decimal , --na - export.csv
  rust-numpy-example stats --top-values 5 --markdown -o summary.md log.csv
  rust-numpy-example stats --on-error skip --rejects bad.csv dirty.csv
  rust-numpy-example stats --report sales.html --plot sales.png sales.csv
  zcat big.csv.gz | rust-numpy-example stats --json -
  rust-numpy-example stats --scheduler tcp://10.0.0.1:8786 '/data/*.parquet'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, or - for standard input")
    which = parser.add_argument_group("columns")
    which.add_argument(
        "--select",
        action="append",
        type=selection,
        metavar="COLUMN[,...]",
        help="only these columns, in this order: names, indices from 1 on, ranges (2-5, 3-, a:c), /regex/; !COLUMN"
        " takes away; may be repeated",
    )
    which.add_argument("--distinct", action="store_true", help="how many different values")
    which.add_argument(
        "--all", action="store_true", help="also sum, variance, distinct values, lengths of text"
    )
    which.add_argument(
        "--top-values", type=natural, default=0, metavar="N", help="the N most frequent values"
    )
    add_output(parser, ("csv", "markdown", "json"))
    add_colour(parser)
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--plot",
        type=plot_path,
        metavar="FILE",
        help="write a histogram and a box of each column of numbers to FILE, .png, .svg or .pdf (takes matplotlib)",
    )
    pictures.add_argument(
        "--report", metavar="HTML", help="write a page with the table and histograms, without scripts"
    )
    cluster.add_scheduler(parser)
    text = parser.add_argument_group("text")
    text.add_argument(
        "--delimiter",
        type=delimiter,
        metavar="C",
        help="between fields: a character, 'tab', or 'spaces' for any white space",
    )
    header = text.add_mutually_exclusive_group()
    header.add_argument("--header", action="store_true", default=None, help="the first row holds names")
    header.add_argument("--no-header", dest="header", action="store_false", help="the first row is data")
    text.add_argument("--no-quoting", action="store_true", help="quotes are characters as any other")
    text.add_argument("--comment", type=character, metavar="C", help="lines that start with C do not count")
    text.add_argument("--skip", type=natural, default=0, metavar="N", help="N lines come before the table")
    text.add_argument(
        "--na", action="append", default=[], metavar="WORD", help="WORD is a missing value; may be repeated"
    )
    text.add_argument("--decimal", choices=(".", ","), default=".", help="before the fraction of a number")
    text.add_argument("--thousands", type=character, metavar="C", help="between groups of three digits")
    text.add_argument("--encoding", type=encoding, metavar="NAME", help="of the text; default: utf-8")
    text.add_argument(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="what to do with a row of another number of fields than the first, or a line that is no JSON: stop"
        " (default), or leave it out",
    )
    text.add_argument(
        "--rejects", metavar="CSV", help="write line, column and reason of rows left out to this file"
    )


def delimiter(argument: str) -> str:
    """Return the delimiter that an argument stands for."""
    if argument == "spaces":
        return argument
    named = "\t" if argument in ("tab", "\\t") else argument
    from rust_numpy_example.rust_numpy_example import _TableStats

    try:
        _TableStats(named)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return named


def selection(argument: str) -> str:
    """Return a part of a selection, if it can be understood."""
    try:
        Selection([argument])
    except SelectError as error:
        raise argparse.ArgumentTypeError(report.printable(str(error))) from None
    return argument


def encoding(argument: str) -> str:
    """Return the name of an encoding that Python knows."""
    import codecs

    with contextlib.suppress(LookupError, UnicodeError, ValueError):
        if codecs.lookup(argument)._is_text_encoding:
            return argument
    raise argparse.ArgumentTypeError(f"got '{argument}', expected the name of an encoding, such as cp1252")


def run(options: argparse.Namespace) -> int:
    """Write the statistics of each file; return the exit code."""
    if options.decimal == options.delimiter or options.decimal == options.thousands:
        raise argparse.ArgumentError(None, "--decimal, --thousands and --delimiter have to differ")
    if options.rejects and options.on_error != "skip":
        raise argparse.ArgumentError(None, "--rejects needs --on-error skip")
    Colour.choice = options.color
    if options.plot:
        from rust_numpy_example._cli import plot

        plot.check(options.plot)
    ask = Ask(
        Selection(options.select) if options.select else None,
        distinct=options.distinct or options.all or options.format == "json",
        top=options.top_values,
        histogram=bool(options.plot or options.report)
        or (options.format is None and options.output is None and report.room() is not None),
    )
    if options.scheduler:
        cluster.check(options, ("select", "delimiter", "header", "color"))
    with cluster.asked(options) as there, report.output(options.output), _rejects(options.rejects) as reject:
        return _files(options, ask, reject, there)


@contextlib.contextmanager
def _rejects(path: str | None) -> Any:
    """Give what takes a row that was left out: the file, its line, column and reason."""
    if path is None:
        yield lambda name, line, column, reason: None
        return
    import csv

    try:
        with report.whole_file(path) as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("file", "line", "column", "reason"))
            yield lambda *row: table.writerow(row)
    except OSError as error:
        raise report.OutputError(path, error) from None


def _files(
    options: argparse.Namespace, ask: Ask, reject: Callable[..., None], there: cluster.Session | None
) -> int:
    code = 0
    is_first = True
    pictured: list[tuple[str, Table]] = []
    for name in options.files:
        shown = "standard input" if name == "-" else name
        try:
            table = there.stats(name, options) if there else read(name, ask, _form(options, shown, reject))
        except Exception as error:
            report.fail(shown, error)
            code = report.FAILED
            continue
        for note in table.notes:
            report.note(shown, note)
        for failure in table.failures:
            report.fail(shown, ValueError(failure))
            code = report.FAILED
        several = len(options.files) > 1
        if options.format == "json":
            report.write(report.to_json(as_dict(shown, table)))
        elif options.format == "csv":
            _write_csv(shown if several else None, table, options, is_first)
        elif options.format == "markdown":
            _write_markdown(shown if several else None, table, options)
        else:
            if several:
                report.write(f"{report.printable(shown)}:")
            for line in lines(table, options.all, options.distinct):
                report.write(line)
        if options.top_values and options.format is None:
            for line in top_lines(table):
                report.write(line)
        is_first = False
        if options.plot or options.report:
            pictured.append((shown, table))
    return max(code, _pictures(options, pictured)) if pictured else code


def _pictures(options: argparse.Namespace, tables: list[tuple[str, Table]]) -> int:
    """Write the plot and the page that are asked for; return the exit code."""
    code = 0
    for path, what in ((options.report, "page"), (options.plot, "plot")):
        if not path:
            continue
        try:
            if what == "page":
                from rust_numpy_example._cli import page

                page.write(path, tables, _keys(options), cell)
            else:
                from rust_numpy_example._cli import plot

                if left := plot.columns(path, tables):
                    were = "column was" if left == 1 else "columns were"
                    report.note(path, f"{left} {were} left out: a plot has at most {plot.MOST}")
        except Exception as error:
            report.fail(path, error)
            code = report.FAILED
    return code


def _keys(options: argparse.Namespace) -> tuple[str, ...]:
    return USUAL + (MORE if options.all else ("distinct",) if options.distinct else ())


def _form(options: argparse.Namespace, shown: str, reject: Callable[..., None]) -> Callable[[], Form]:
    def form() -> Form:
        from rust_numpy_example._cli.text import Form

        return Form(
            options.delimiter,
            options.header,
            not options.no_quoting,
            options.comment,
            options.skip,
            options.decimal,
            options.thousands,
            options.na,
            options.encoding,
            (lambda *row: reject(shown, *row)) if options.on_error == "skip" else None,
        )

    return form


def read(name: str, ask: Ask | None = None, form: Callable[[], Form] | None = None) -> Table:
    """Return the statistics of a file of any kind."""
    with open_source(name) as source:
        return _read(source, ask or Ask(), form)


def _read(source: Source, ask: Ask, form: Callable[[], Form] | None) -> Table:
    head = source.head
    if head.startswith(b"\x93NUMPY"):
        from rust_numpy_example._cli import arrays

        return arrays.read_npy(source, ask)
    if is_zip(head):
        from rust_numpy_example._cli import arrays

        return arrays.read_npz(source, ask)
    if head.startswith(b"PAR1"):
        from rust_numpy_example._cli import parquet

        return parquet.read(source, ask)
    if head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")):
        from rust_numpy_example._cli import ipc

        return ipc.read(source, ask)
    if looks_like_json(source):
        from rust_numpy_example._cli import jsonlines
        from rust_numpy_example._cli.text import Form

        return jsonlines.read(source, ask, form() if form else Form())
    from rust_numpy_example._cli import text

    return text.read(source, ask, form() if form else text.Form())


# ------------------------------------------------------------------------------------- output

#: Bars of a histogram in a line of a terminal: with fewer there is none.
FEWEST_BARS, MOST_BARS = 10, 24

#: The columns of the output: what they are called, and what they hold.
USUAL = ("type", "count", "missing", "mean", "std", "min", "max")
MORE = ("sum", "var", "distinct", "shortest", "longest")


def as_dict(name: str, table: Table) -> dict[str, Any]:
    """Return the statistics of a file as JSON has them."""
    columns = []
    for column in table.columns:
        values = {key: getattr(column, key) for key in ("name", *USUAL, *MORE)}
        if column.distinct_error:
            values["distinct_error"] = column.distinct_error
        if column.top is not None:
            values["top"] = [{"value": value, "count": count} for value, count in column.top]
            if column.top_error:
                values["top_error"] = column.top_error
        columns.append(values)
    return {"file": name, "rows": table.rows, "columns": columns}


def lines(table: Table, show_all: bool = False, distinct: bool = False) -> list[str]:
    """Return the lines of the table of a file's statistics."""
    keys = USUAL + (MORE if show_all else ("distinct",) if distinct else ())
    rows = [("column", *keys)] + [
        (_name(column), *(cell(column, key) for key in keys)) for column in table.columns
    ]
    rows, missing = _fitted(rows), keys.index("missing") + 1

    def painted(row: int, column: int, text: str) -> str:
        if row == 0:
            return paint(text, "head")
        if column == missing and text != "0":
            return paint(text, "warn")
        return paint(text, "bar") if column > len(keys) else text

    return list(report.aligned(_with_bars(rows, table), left=(0, 1, len(keys) + 1), paint=painted))


def _with_bars(rows: list[tuple[str, ...]], table: Table) -> list[tuple[str, ...]]:
    """Add a small histogram to each row, if the terminal has room for it."""
    room = report.room()
    if room is None or not any(column.histogram for column in table.columns):
        return rows
    left = room - sum(max(map(report.width, cells)) + 2 for cells in zip(*rows))
    if left < FEWEST_BARS:
        return rows
    bars = [
        sparkline(column.histogram(min(left, MOST_BARS)).counts) if column.histogram else ""
        for column in table.columns
    ]
    return [(*row, bar) for row, bar in zip(rows, ["histogram", *bars])]


def _fitted(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Cut names that would make a line of a terminal go on in the next."""
    terminal = report.room()
    if terminal is None:
        return rows
    widths = [max(map(report.width, cells)) for cells in zip(*rows)]
    room = terminal - sum(widths[1:]) - 2 * (len(widths) - 1)
    if widths[0] <= room:
        return rows
    return [(report.cut(row[0], max(room, 12)), *row[1:]) for row in rows]


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


def cell(column: Column, key: str) -> str:
    """Return a statistic as the table shows it."""
    value = getattr(column, key)
    if value is None:
        return ""
    if key == "mean":
        return _mean(column)
    if key == "std" or key == "var" or (key == "sum" and isinstance(value, float)):
        return f"{value:.6g}"
    if key == "distinct" and column.distinct_error:
        return f"~{value}"
    return _shown(value)


def _shown(value: Any) -> str:
    """Return a value with all its digits."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return report.printable(value)
    return str(value)


def _mean(column: Column) -> str:
    """Return the mean with the digits that matter, and as many as it takes to be between the extremes."""
    mean = column.mean
    if not isinstance(mean, float):
        return _shown(mean)
    for digits in range(6, 18):
        text = f"{mean:.{digits}g}"
        if column.min is None or not column.min <= mean <= column.max:
            return text
        if column.min <= float(text) <= column.max:
            return text
    return _shown(mean)


def _full(value: Any) -> str:
    return "" if value is None or value != value else _shown(value) if not isinstance(value, str) else value


def _write_csv(name: str | None, table: Table, options: argparse.Namespace, is_first: bool) -> None:
    """Write the statistics as CSV: all digits, all columns."""
    import csv
    import io

    keys = ("name", *USUAL, *(MORE if options.all else ("distinct",) if options.distinct else ()))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    first = [] if name is None else [("file", name)]
    top = ["top"] if options.top_values else []
    if is_first:
        writer.writerow([*(title for title, _ in first), *keys, *top])
    for column in table.columns:
        row = [*(value for _, value in first), *(_full(getattr(column, key)) for key in keys)]
        if top:
            row.append("; ".join(f"{_shown(value)}: {count}" for value, count in column.top or ()))
        writer.writerow(row)
    for line in stream.getvalue().splitlines() if "\r" not in stream.getvalue() else [stream.getvalue()[:-1]]:
        report.write(line)


def _write_markdown(name: str | None, table: Table, options: argparse.Namespace) -> None:
    """Write the statistics as a table of Markdown."""
    keys = USUAL + (MORE if options.all else ("distinct",) if options.distinct else ())
    titles: Sequence[str] = ("column", *keys, *(("top values",) if options.top_values else ()))
    if name is not None:
        report.write(f"{report.printable(name)}:")
        report.write()
    rows = []
    for column in table.columns:
        row = [_name(column), *(cell(column, key) for key in keys)]
        if options.top_values:
            row.append(", ".join(f"{_shown(value)} ({count})" for value, count in column.top or ()))
        rows.append([text.replace("\\", "\\\\").replace("|", "\\|") for text in row])
    report.write("| " + " | ".join(titles) + " |")
    report.write(
        "|"
        + "|".join("---" if title in ("column", "type", "top values") else "---:" for title in titles)
        + "|"
    )
    for row in rows:
        report.write("| " + " | ".join(row) + " |")
    if name is not None:
        report.write()
