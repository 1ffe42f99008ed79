"""The command ``stats``: statistics of every column of a file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rust_numpy_example._cli import arrays, parquet, report, text
from rust_numpy_example._cli.source import Source, open_source
from rust_numpy_example._cli.table import Column, Table, names_in
from rust_numpy_example.rust_numpy_example import _TableStats

DESCRIPTION = """\
Print count, missing, mean, std, min and max of every column of each FILE.

What a file is, its first bytes say: Parquet (takes pyarrow), .npz, .npy, else a table in text;
the last two also compressed with gzip, bzip2 or xz. Files of any size are read in little memory.
All numbers are taken as float64, integers beyond 2**53 too.

Text (CSV): lines end with LF or CR LF; fields may be quoted as in RFC 4180. The first row holds
the names, unless all of it are numbers: then it is data, and the columns are "column 1",
"column 2", ... (--header and --no-header decide). A field is missing if it is empty or NA, NaN,
null, None or another of the words that pandas knows. A column with any other text is listed as
"text", with its count. Every row must have as many fields as the first; empty lines do not count.

Arrays: columns are along the last axis, or the fields of a structured array; NaN is missing. In
an .npz file the columns are NAME, NAME[0], NAME.field, ... and --select takes these or NAME.

std has count - 1 in the denominator.
"""


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "stats",
        help="statistics of every column of CSV, npy, npz and Parquet files",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, or - for standard input")
    parser.add_argument(
        "--select",
        action="append",
        metavar="NAME[,NAME]",
        help="only these columns, in this order; may be repeated",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line and file, all digits of the numbers"
    )
    parser.add_argument(
        "--delimiter",
        type=delimiter,
        metavar="C",
        help="between fields of text: one character, or tab; default ',' (in a .tsv file: tab)",
    )
    header = parser.add_mutually_exclusive_group()
    header.add_argument(
        "--header", action="store_true", default=None, help="the first row of text holds names"
    )
    header.add_argument(
        "--no-header", dest="header", action="store_false", help="the first row of text is data"
    )
    parser.set_defaults(run=run)


def delimiter(argument: str) -> str:
    """Return the delimiter that an argument stands for."""
    character = "\t" if argument in ("tab", "\\t") else argument
    try:
        _TableStats(character)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return character


def run(options: argparse.Namespace) -> int:
    """Write the statistics of each file; return the exit code."""
    code = 0
    select = None if options.select is None else names_in(options.select)
    for name in options.files:
        shown = "standard input" if name == "-" else name
        try:
            table = read(name, select, options.delimiter, options.header)
        except Exception as error:
            report.fail(shown, error)
            code = report.FAILED
            continue
        for note in table.notes:
            report.note(shown, note)
        if options.json:
            report.write(report.to_json(as_dict(shown, table)))
        else:
            write(shown, table, heading=len(options.files) > 1)
    return code


def read(name: str, select: Sequence[str] | None, delimiter: str | None, header: bool | None) -> Table:
    """Return the statistics of a file of any kind."""
    with open_source(name) as source:
        return _read(source, select, delimiter, header)


def _read(source: Source, select: Sequence[str] | None, delimiter: str | None, header: bool | None) -> Table:
    head = source.head
    if head.startswith(b"\x93NUMPY"):
        return arrays.read_npy(source, select)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return arrays.read_npz(source, select)
    if head.startswith(b"PAR1"):
        return parquet.read(source, select)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise ValueError("compressed with zstd, expected gzip, bzip2, xz or no compression")
    return text.read(source, select, delimiter, header)


def as_dict(name: str, table: Table) -> dict[str, Any]:
    """Return the statistics of a file as JSON has them."""
    return {"file": name, "rows": table.rows, "columns": [asdict(column) for column in table.columns]}


def write(name: str, table: Table, heading: bool = False) -> None:
    """Write the statistics of a file as an aligned table."""
    if heading:
        report.write(f"{report.printable(name)}:")
    for line in lines(table):
        report.write(line)


def lines(table: Table) -> list[str]:
    """Return the lines of the table of a file's statistics."""
    rows = [("column", "count", "missing", "mean", "std", "min", "max")]
    return list(report.aligned(rows + [_cells(column) for column in table.columns]))


def _cells(column: Column) -> tuple[str, str, str, str, str, str, str]:
    first = report.printable(column.name), str(column.count), str(column.missing)
    if column.kind != "number":
        return (*first, column.kind, "", "", "")
    # Of mean and std the digits that matter; of min and max enough to find them in the file.
    return (*first, f"{column.mean:.6g}", f"{column.std:.6g}", f"{column.min:.10g}", f"{column.max:.10g}")
