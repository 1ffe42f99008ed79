"""The command line.

=========== ==================================================================
module      what it holds
=========== ==================================================================
stats       the command ``stats``: statistics of every column of a file
words       the command ``words``: the words of a file and how often they occur
demo        the command ``demo``: everything the package does, on data it ships
source      files, pipes and compressed files as one kind of stream
text        tables in delimited text, through ``_TableStats``
arrays      ``.npy`` and ``.npz``, through ``_ArrayStats``
parquet     Parquet, through ``_ArrayStats``
report      what is written to standard output and standard error
=========== ==================================================================

Exit codes: 0, it worked; 1, a file could not be read or the output not be written; 2, wrong
arguments; 130, interrupted (Ctrl-C); 141, whoever read the output has gone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import rust_numpy_example
from rust_numpy_example._cli import demo, report, stats, words

EPILOG = """\
exit codes: 0 it worked; 1 a file could not be read, or the output not be written;
2 wrong arguments; 130 interrupted; 141 the reader of the output has gone.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    top = argparse.ArgumentParser(
        prog="rust-numpy-example",
        description="NumPy arrays processed in Rust, from the command line.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"rust_numpy_example {rust_numpy_example.__version__}"
    top.add_argument("--version", action="version", version=version)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (stats, words, demo):
        command.add_parser(commands)
    return top


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit code."""
    options = parser().parse_args(argv)
    with report.standard_streams() as streams:
        streams.code = options.run(options)
    return streams.code
