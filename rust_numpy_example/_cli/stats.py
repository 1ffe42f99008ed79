"""The command ``stats``: statistics of every column of a file."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
from collections.abc import Callable, Sequence

from rust_numpy_example._cli import cluster, listing, report
from rust_numpy_example._cli.arguments import (
    add_colour,
    add_jobs,
    add_output,
    character,
    check_outputs,
    jobs,
    natural,
    plot_path,
)
from rust_numpy_example._cli.colour import Colour
from rust_numpy_example._cli.select import SelectError, Selection
from rust_numpy_example._cli.source import file_kind, open_source, place, shown
from rust_numpy_example._cli.table import Ask, Table

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rust_numpy_example._cli.table import Reader
    from rust_numpy_example._cli.text import Form

DESCRIPTION = """\
Print type, count, missing values, mean, standard deviation, min, median and
max of every column of each FILE, and the quartiles where there is room; a
folder stands for the tables in it, --together makes one table of all.

Quantiles are exact: files that do not fit into memory are read again. Through
a pipe, what does not fit is estimated, and that is said. They are those of
NumPy's quantile.

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
and timestamp (ISO 8601; with an offset, it is shown in UTC, with a Z), text,
and mixed: numbers and text.

JSON: objects, one a line or in one array; the columns are their keys in the
order of their first appearance, and a key that an object does not have is
missing, as null is. What is in quotes is text, or a date. Arrays and objects
as values are taken as text.

Arrays: columns are along the last axis, or the fields of a structured array;
NaN and NaT are missing. In an .npz file the columns are NAME, NAME[0],
NAME.field, ... and --select takes these or NAME.

std and variance have count - 1 in the denominator. With --weight a row stands
for so many rows, and that is their weight - 1; a row of weight 0 does not
count. Weighted quantiles are those of NumPy's inverted_cdf: no interpolation.
"""

EXAMPLES = """\
examples:
  rust-numpy-example stats measurements.csv
  rust-numpy-example stats --select 'price,/^2024/' --all sales.csv.gz
  rust-numpy-example stats --delimiter ';' --decimal , --na - export.csv
  rust-numpy-example stats --top-values 5 --markdown -o summary.md log.csv
  rust-numpy-example stats --quantiles 0.01,0.5,0.99 latencies.csv
  rust-numpy-example stats --together logs/
  rust-numpy-example stats --weight households survey.csv
  rust-numpy-example stats -g country,year --select price sales.csv
  rust-numpy-example stats --on-error skip --rejects bad.csv dirty.csv
  rust-numpy-example stats --report sales.html --plot sales.png sales.csv
  zcat big.csv.gz | rust-numpy-example stats --json -
  rust-numpy-example stats --scheduler tcp://10.0.0.1:8786 '/data/*.parquet'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a file, a folder of files, or - for standard input"
    )
    parser.add_argument("--together", action="store_true", help="take all files as one table")
    add_jobs(parser)
    which = parser.add_argument_group("columns")
    which.add_argument(
        "--select",
        action="append",
        type=selection,
        metavar="COLUMN[,...]",
        help="only these columns, in this order: names, indices from 1 on, ranges (2-5, 3-, a:c), /regex/; !COLUMN"
        " takes away; may be repeated",
    )
    which.add_argument(
        "-g",
        "--group",
        action="append",
        type=selection,
        metavar="COLUMN[,...]",
        help="statistics of the numbers of each group of rows, which have the same text in these columns",
    )
    which.add_argument(
        "--weight",
        action="append",
        type=selection,
        metavar="COLUMN",
        help="how much each row counts: mean, deviation and quantiles are weighted",
    )
    which.add_argument("--distinct", action="store_true", help="how many different values")
    which.add_argument(
        "--all", action="store_true", help="also sum, variance, distinct values, lengths of text"
    )
    which.add_argument(
        "--quantiles",
        type=quantiles,
        metavar="Q[,...]",
        help="these quantiles, 0 to 1, such as 0.05,0.5,0.95; default: 0.25,0.5,0.75; 'none' saves the time",
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
    text.add_argument(
        "--decimal",
        choices=(".", ","),
        default=".",
        metavar="C",
        help="before the fraction of a number: . or ,",
    )
    text.add_argument("--thousands", type=thousands, metavar="C", help="between groups of three digits")
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


def thousands(argument: str) -> str:
    """Return what stands between groups of three digits: no part of a number."""
    mark = character(argument)
    if mark.isalnum() or mark in "+-":
        raise argparse.ArgumentTypeError(f"got '{argument}', expected no letter, digit or sign")
    return mark


def quantiles(argument: str) -> list[float]:
    """Return the levels of quantiles in ascending order, each once."""
    if argument == "none":
        return []
    try:
        levels = sorted({float(part) + 0.0 for part in argument.split(",")})
    except ValueError:
        levels = [math.nan]
    if not all(0 <= level <= 1 for level in levels):
        raise argparse.ArgumentTypeError(
            f"got '{argument}', expected numbers from 0 to 1 and commas, or 'none'"
        )
    return levels


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
    if options.group and (options.distinct or options.top_values):
        raise argparse.ArgumentError(None, "--group goes without --distinct and --top-values")
    if options.weight and (options.group or options.top_values or options.plot or options.report):
        raise argparse.ArgumentError(None, "--weight goes without --group, --top-values, --plot and --report")
    if options.rejects and options.on_error != "skip":
        raise argparse.ArgumentError(None, "--rejects needs --on-error skip")
    if options.group and (options.plot or options.report):
        raise argparse.ArgumentError(None, "--group goes without --plot and --report")
    outputs = {
        "--output": options.output,
        "--rejects": options.rejects,
        "--plot": options.plot,
        "--report": options.report,
    }
    check_outputs(outputs, () if options.scheduler else _expanded(options.files))
    Colour.choice = options.color
    if options.plot:
        from rust_numpy_example._cli import plot

        plot.check(options.plot)
    ask = Ask(
        Selection(options.select) if options.select else None,
        distinct=options.distinct or options.all or options.format == "json",
        top=options.top_values,
        # Bars would show how many rows there are, and not what they weigh.
        histogram=not options.weight
        and (
            bool(options.plot or options.report)
            or (options.format is None and options.output is None and report.room() is not None)
        ),
        levels=listing.QUARTILES if options.quantiles is None else options.quantiles,
        several=options.together,
        by=Selection(options.group) if options.group else None,
        weight=Selection(options.weight) if options.weight else None,
    )
    if options.scheduler:
        cluster.check(options, ("select", "delimiter", "header", "color"))
        # There are none on a cluster.
        options.quantiles = []
    with (
        jobs(options),
        cluster.asked(options) as there,
        report.output(options.output),
        _rejects(options.rejects) as reject,
    ):
        return _tables(options, ask, reject, there)


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


def _tables(
    options: argparse.Namespace, ask: Ask, reject: Callable[..., None], there: cluster.Session | None
) -> int:
    code = 0
    is_first = True
    # On a cluster a folder or a pattern is one table, and the files are those of the workers.
    files = options.files if there else _expanded(options.files)
    tables = [files] if options.together else [[name] for name in files]
    pictured: list[tuple[str, Table]] = []
    for names in tables:
        called = _called(names)
        try:
            if there:
                table = there.stats(names[0], options)
            else:
                table = read(names, ask, _form(options, reject))
        except FileError as error:
            report.fail(shown(error.name), error.error)
            code = report.FAILED
            continue
        except Exception as error:
            report.fail(called, error)
            code = report.FAILED
            continue
        for note in [*table.notes, *_without_effect(table.kind, options)]:
            report.note(called, note)
        for failure in table.failures:
            report.fail(called, ValueError(failure))
            code = report.FAILED
        heading = called if len(tables) > 1 else None
        if table.groups is not None:
            listing.write_groups(called, heading, table, table.groups, options, is_first)
            is_first = False
            continue
        if options.format == "json":
            report.write_parts(listing.json_parts(called, table))
        elif options.format == "csv":
            listing.write_csv(heading, table, options, is_first)
        elif options.format == "markdown":
            listing.write_markdown(heading, table, options)
        else:
            if heading is not None:
                report.write(f"{report.printable(heading)}:")
            for line in listing.lines(table, listing.choice(options)):
                report.write(line)
        if options.top_values and options.format is None:
            for line in listing.top_lines(table):
                report.write(line)
        is_first = False
        if options.plot or options.report:
            pictured.append((called, table))
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

                page.write(
                    path,
                    tables,
                    [(listing.title(key), key) for key in listing.choice(options)[0]],
                    listing.cell,
                )
            else:
                from rust_numpy_example._cli import plot

                if left := plot.columns(path, tables):
                    were = "column was" if left == 1 else "columns were"
                    report.note(path, f"{left} {were} left out: a plot has at most {plot.MOST}")
        except Exception as error:
            report.fail(path, error)
            code = report.FAILED
    return code


#: The options that there are for text alone, and what each is if it is not given.
OF_TEXT = {
    **dict.fromkeys(("delimiter", "header", "comment", "thousands", "encoding")),
    **{"no_quoting": False, "skip": 0, "na": [], "decimal": "."},
}

#: How names end that are tables, apart from the compression.
TABLES = (
    *(".csv", ".tsv", ".tab", ".jsonl", ".ndjson"),
    *(".parquet", ".arrow", ".arrows", ".feather", ".npy", ".npz"),
)
COMPRESSED = (".gz", ".bz2", ".xz", ".lzma", ".zst", ".zip")


def _expanded(names: Sequence[str]) -> list[str]:
    """Return the files that are meant: a folder stands for the tables in it and below it, in order."""
    files: list[str] = []
    for name in names:
        if name == "-" or not os.path.isdir(name):
            files.append(name)
            continue
        found = []
        for folder, inside, leaves in os.walk(name):
            # Hidden ones, and what Spark writes besides the tables.
            inside[:] = sorted(entry for entry in inside if not entry.startswith((".", "_")))
            for leaf in sorted(leaves):
                stem, end = os.path.splitext(leaf.lower())
                end = os.path.splitext(stem)[1] if end in COMPRESSED else end
                if end in TABLES and not leaf.startswith((".", "_")):
                    found.append(os.path.join(folder, leaf))
        # One that has none is an error of its own when it is opened.
        files += found or [name]
    return files


def _called(names: Sequence[str]) -> str:
    """Return what a table is called."""
    return shown(names[0]) if len(names) == 1 else f"{shown(names[0])} and {len(names) - 1} more"


def _form(options: argparse.Namespace, reject: Callable[..., None]) -> Callable[[], Form]:
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
            reject if options.on_error == "skip" else None,
        )

    return form


class FileError(Exception):
    """A file of a table cannot be read."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(name)
        self.name, self.error = name, error


def read(names: Sequence[str], ask: Ask | None = None, form: Callable[[], Form] | None = None) -> Table:
    """Return the statistics of files of any kind, which are one table. What fails is a :exc:`FileError`."""
    places = {name: place(name) for name in names}
    ask = (ask or Ask()).but(once=None in places.values())
    reader: Reader | None = None
    kind = ""
    name = names[0]
    try:
        while True:
            for name in names:
                with open_source(name, places[name]) as source:
                    found = file_kind(source)
                    if reader is None:
                        kind, reader = found, _reader(found, ask, form)
                    elif kind != found:
                        raise ValueError(f"the file is {found}, the first is {kind}")
                    reader.take(source)
            assert reader is not None, "there is a name"
            if not reader.again():
                table = _with_notes(reader.finish(), ask)
                table.kind = kind
                return table
    except Exception as error:
        raise FileError(name, error) from error


def _reader(kind: str, ask: Ask, form: Callable[[], Form] | None) -> Reader:
    if kind in ("npy", "npz"):
        for option, asked in (("--group", ask.by), ("--weight", ask.weight)):
            if asked is not None:
                raise ValueError(f"{option} takes text, JSON, Parquet and Arrow, the file is {kind}")
        from rust_numpy_example._cli import arrays

        return arrays.NpyReader(ask) if kind == "npy" else arrays.NpzReader(ask)
    if kind in ("Parquet", "Arrow"):
        from rust_numpy_example._cli import ipc, parquet, rows

        if ask.by is not None:
            return ipc.GroupReader(ask) if kind == "Arrow" else rows.GroupReader(ask)
        if ask.weight is not None:
            reject = form().reject if form else None
            return ipc.WeightReader(ask, reject) if kind == "Arrow" else rows.WeightReader(ask, reject)
        return ipc.Reader(ask) if kind == "Arrow" else parquet.Reader(ask)
    if kind == "JSON":
        from rust_numpy_example._cli import jsonlines
        from rust_numpy_example._cli.text import Form

        return jsonlines.Reader(ask, form() if form else Form())
    from rust_numpy_example._cli import text

    return text.Reader(ask, form() if form else text.Form())


def _without_effect(kind: str, options: argparse.Namespace) -> list[str]:
    """Return a note on options for text, if a file is none and some were given."""
    if kind in ("text", "JSON"):
        return []
    given = [name for name, usual in OF_TEXT.items() if getattr(options, name) != usual]
    unused = [f"--{name.replace('_', '-')}" for name in given]
    return [f"{', '.join(unused)} had no effect: the file is {kind}"] if unused else []


def _with_notes(table: Table, ask: Ask) -> Table:
    """Say what is to be known of the quantiles."""
    errors = [column.quantiles_error for column in table.columns if column.quantiles_error]
    if errors:
        table.notes.append(
            f"quantiles are estimates, within {100 * max(errors):.2g} % of the ranks: the data came only once and do"
            " not fit into memory (of a file they are exact)"
        )
    if ask.weight is not None:
        lacking = [column.name for column in table.columns if column.lacks_quantiles]
        for name in lacking[:5]:
            table.notes.append(
                f"weighted quantiles of column '{name}' are left out: the data came only once and do not fit into memory,"
                " or there are integers beyond 2**53"
            )
    elif ask.once and any(column.lacks_quantiles for column in table.columns):
        table.notes.append("quantiles are left out: there are too many columns, and the data came only once")
    return table
