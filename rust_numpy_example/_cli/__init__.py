"""The command line.

=========== ==================================================================
module      what it holds
=========== ==================================================================
stats       the command ``stats``: statistics of every column of a file
words       the command ``words``: the words of texts and how often they occur
image       the command ``image``: blur images or find their edges
pi          the command ``pi``: an estimate by random points
fib         the command ``fib``: Fibonacci numbers of any size
demo        the command ``demo``: everything the package does, on data it ships
bench       the command ``bench``: the functions beside what else is installed here
info        the command ``info``: the build, the machine, what is missing
completions the command ``completions``: scripts for shells
new         the command ``new``: a new package, made from ``_scaffold``
arguments   what several commands take
source      files, pipes and compressed files as one kind of stream
dialect     how a table in text is written, as its start shows
select      which columns are meant
text        tables in delimited text, through ``_TableStats``
jsonlines   objects of JSON, through ``_JsonRows`` and ``text``
arrays      ``.npy`` and ``.npz``, through ``_ArrayStats``
parquet     files of Parquet
ipc         files and streams of Arrow
arrow       the columns of both, through ``_ArrayStats`` and ``_TableStats``
wide        integers of 128 bits in both
rows        what Parquet and Arrow hand on as text: rows of groups and with weights
table       the statistics of a file, however they were found
listing     how ``stats`` shows them: lines of text, CSV, Markdown, JSON
bars        histograms in a line of a terminal, or in SVG
page        what ``stats --report`` writes
plot        plots by matplotlib
colour      when there are colours, and which
panels      tables that are wider than the terminal, as several
cluster     what ``--scheduler`` adds: commands on a Dask cluster
groups      the statistics of groups of rows
report      what is written to standard output and standard error
=========== ==================================================================

A command is a module with ``add_arguments(parser)`` and ``run(options)``, which is imported when it is named.

Exit codes: 0, it worked; 1, a file could not be read or the output not be written; 2, wrong
arguments; 130, interrupted (Ctrl-C); 141, whoever read the output has gone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

#: The commands and what they do, in few words.
COMMANDS = {
    "stats": "statistics of columns: text, JSON, arrays, Parquet, Arrow",
    "words": "the words of texts and how often they occur",
    "image": "blur images or find their edges",
    "pi": "an estimate of pi by random points",
    "fib": "Fibonacci numbers of any size",
    "demo": "everything the package does, on data it ships",
    "bench": "the functions beside what else is installed here",
    "info": "the build, the machine, what is missing",
    "new": "a new package of the shape of this one, ready to build",
    "completions": "a script that completes commands and options in a shell",
}

EPILOG = """\
exit codes: 0 it worked; 1 a file could not be read, or the output not be
written; 2 wrong arguments; 130 interrupted; 141 the reader of the output has
gone.

examples:
  rust-numpy-example stats measurements.csv
  rust-numpy-example words --top 5 book.txt
  rust-numpy-example stats --help
"""


class Form(argparse.RawDescriptionHelpFormatter):
    """Help within 80 columns; a text of one line is filled, others are as they are."""

    def __init__(self, prog: str) -> None:
        from rust_numpy_example._cli.report import columns

        super().__init__(prog, width=min(columns(), 80) - 1)

    def add_argument(self, action: argparse.Action) -> None:
        """Make room for the names of commands, which argparse counts without what they are indented by."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._action_max_length += self._indent_increment

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, whatever is in the arguments."""

    def error(self, message: str) -> NoReturn:
        """Write what is wrong and end the program."""
        from rust_numpy_example._cli.report import printable, say

        say(f"error: {printable(message)} ({self.prog} --help says more)")
        sys.exit(2)


class Version(argparse.Action):
    """Writes the version, which takes the extension to know."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import rust_numpy_example

        parser._print_message(f"rust_numpy_example {rust_numpy_example.__version__}\n", sys.stdout)
        parser.exit()


def parser(named: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the arguments, with those of the command ``named``, or of all if it is ``"all"``."""
    top = Parser(
        prog="rust-numpy-example",
        description="NumPy arrays processed in Rust, from the command line.",
        epilog=EPILOG,
        formatter_class=Form,
    )
    top.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name, does in COMMANDS.items():
        command = commands.add_parser(name, help=does, formatter_class=Form)
        if named in (name, "all"):
            import_module(f"rust_numpy_example._cli.{name}").add_arguments(command)
            command.set_defaults(parser=command)
    return top


def _meant(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return a question after the nearest of what is known, if one is near."""
    import difflib

    near = difflib.get_close_matches(word, known, 1, cutoff)
    return f" (did you mean '{near[0]}'?)" if near else ""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    named = next((argument for argument in argv if not argument.startswith("-")), None)
    top = parser(named)
    if not argv:
        top.error(f"no command, there are {', '.join(COMMANDS)}")
    if named is not None and named not in COMMANDS:
        top.error(f"no command '{named}'{_meant(named, COMMANDS)}, there are {', '.join(COMMANDS)}")
    options, unknown = top.parse_known_args(argv)
    if unknown:
        # Of the command, whose help lists what there is.
        command_parser = options.parser
        meant = _meant(unknown[0].partition("=")[0], command_parser._option_string_actions, 0.65)
        command_parser.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")

    from rust_numpy_example._cli import report

    command = import_module(f"rust_numpy_example._cli.{options.command}")
    with report.standard_streams() as streams:
        try:
            streams.code = command.run(options)
        except argparse.ArgumentError as error:
            options.parser.error(str(error))
        except ModuleNotFoundError as error:
            if error.name != "numpy":
                raise
            report.fail(options.command, ValueError("takes NumPy, which is not installed: pip install numpy"))
            streams.code = report.FAILED
        except report.CommandError as error:
            report.fail(*error.args)
            streams.code = report.FAILED
    return streams.code
