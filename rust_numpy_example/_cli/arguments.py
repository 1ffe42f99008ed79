"""What several commands take."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence

#: More threads than that are taken as that.
MOST_JOBS = 1024

#: The largest number that is a count of anything.
MOST = (1 << 63) - 1


def natural(argument: str) -> int:
    """Return a whole number from 0 on."""
    return _whole(argument, 0)


def positive(argument: str) -> int:
    """Return a whole number from 1 on."""
    return _whole(argument, 1)


def _whole(argument: str, least: int) -> int:
    try:
        number = int(argument) if len(argument) < 100 else MOST + 1
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected a whole number from {least} on")
    if number > MOST:
        raise argparse.ArgumentTypeError(f"got '{argument[:40]}', expected at most {MOST}")
    return number


def character(argument: str) -> str:
    """Return one ASCII character."""
    if len(argument) != 1 or not argument.isascii() or argument in '\r\n\0"':
        raise argparse.ArgumentTypeError(f"got '{argument}', expected one ASCII character")
    return argument


#: What a plot can be written as.
PLOTS = ("png", "svg", "pdf")


def plot_path(argument: str) -> str:
    """Return the name of a file of which the suffix says what is to be in it."""
    stem, dot, suffix = argument.rpartition(".")
    if not stem or suffix.lower() not in PLOTS:
        expected = ", ".join(f".{form}" for form in PLOTS)
        raise argparse.ArgumentTypeError(
            f"got '{argument}', expected a name that ends with one of {expected}"
        )
    return argument


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add in what form the output is written, and where."""
    group = parser.add_argument_group("output")
    what = {
        "csv": "CSV, all digits of the numbers",
        "markdown": "a table of Markdown",
        "json": "one JSON object a line and file, all digits of the numbers",
    }
    how = group.add_mutually_exclusive_group() if formats else group
    for name in formats:
        how.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=what[name])
    group.add_argument("-o", "--output", metavar="FILE", help="write to FILE, whole or not at all")


def check_outputs(outputs: Mapping[str, str | None], inputs: Sequence[str] = ()) -> None:
    """Raise an error if what options name to be written is a file that is read, or the same twice."""
    import os

    written = {option: path for option, path in outputs.items() if path and not _is_device(path)}
    real = [os.path.realpath(path) for path in written.values()]
    for index, (option, path) in enumerate(written.items()):
        if real[index] in real[:index]:
            other = list(written)[real.index(real[index])]
            raise argparse.ArgumentError(None, f"{other} and {option} are the same file, {path}")
    for name in inputs:
        with contextlib.suppress(OSError, ValueError):
            for option, path in written.items():
                if name != "-" and os.path.samefile(name, path):
                    raise argparse.ArgumentError(None, f"{option} {path} would replace a file that is read")


def _is_device(path: str) -> bool:
    import os

    return os.path.exists(path) and not os.path.isfile(path)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add how many threads to use."""
    parser.add_argument(
        "-j", "--jobs", type=positive, metavar="N", help="threads to use; default: the processors there are"
    )


@contextlib.contextmanager
def jobs(options: argparse.Namespace) -> Iterator[None]:
    """Use as many threads as the options say."""
    if options.jobs is None:
        yield
        return
    import rust_numpy_example

    rust_numpy_example.set_num_threads(min(options.jobs, MOST_JOBS))
    try:
        yield
    finally:
        rust_numpy_example.set_num_threads(None)


def add_colour(parser: argparse.ArgumentParser) -> None:
    """Add when there are colours."""
    parser.add_argument(
        "--color",
        "--colour",
        dest="color",
        choices=("auto", "always", "never"),
        default="auto",
        help="when to use colours (default: auto, on a terminal unless NO_COLOR is set)",
    )
