"""The command ``words``: the words of a file and how often they occur."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import rust_numpy_example
from rust_numpy_example._cli import report


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "words",
        help="the words of text files and how often they occur",
        description="Print how often each word occurs in each FILE (UTF-8), the most frequent first.",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a file of any size, or - for standard input"
    )
    parser.add_argument("--top", type=_positive, default=20, metavar="N", help="how many words (default: 20)")
    parser.add_argument(
        "--tokenizer",
        choices=("whitespace", "unicode"),
        default="unicode",
        help="what a word is: what stands between white space, or a word by the Unicode standard (default)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line and file")
    parser.set_defaults(run=run)


def _positive(argument: str) -> int:
    try:
        number = int(argument)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected a whole number from 1 on")
    return number


def run(options: argparse.Namespace) -> int:
    """Write the words of each file; return the exit code."""
    code = 0
    for name in options.files:
        shown = "standard input" if name == "-" else name
        try:
            words = _count(name, options)
        except Exception as error:
            report.fail(shown, error)
            code = report.FAILED
            continue
        if options.json:
            report.write(report.to_json({"file": shown, "words": words}))
            continue
        if len(options.files) > 1:
            report.write(f"{report.printable(shown)}:")
        for line in report.aligned(
            [(str(count), report.printable(word)) for word, count in words.items()], left=(1,)
        ):
            report.write(line)
    return code


def _count(name: str, options: argparse.Namespace) -> dict[str, int]:
    how = {"top": options.top, "tokenizer": options.tokenizer}
    if name != "-":
        return rust_numpy_example.word_count_file(name, **how)
    if sys.stdin is None:
        raise ValueError("standard input is closed")
    return rust_numpy_example.word_count(sys.stdin.buffer.read(), **how)
