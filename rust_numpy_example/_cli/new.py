"""The command ``new``: a package of the shape of this one."""

from __future__ import annotations

import argparse
from pathlib import Path

from rust_numpy_example import _scaffold
from rust_numpy_example._cli import report

EXAMPLES = """\
examples:
  rust-numpy-example new fast-loops
  rust-numpy-example new fast-loops work/fast --author "Ada Lovelace"
  rust-numpy-example new fast-loops --maturin --dry-run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Write a package NAME into the folder DIR (default: NAME): a kernel over NumPy arrays in Rust, its doors to "
        "Python, tests, and all that builds and tests it. Nothing is downloaded."
    )
    parser.epilog = EXAMPLES
    parser.add_argument("name", metavar="NAME", help="the name of the package")
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", help="a folder that does not exist, or is empty but for .git"
    )
    parser.add_argument("--minimal", action="store_true", help="no workflows and no type stubs")
    parser.add_argument("--no-abi3", action="store_true", help="a wheel for each version of Python")
    parser.add_argument("--maturin", action="store_true", help="built by maturin, not setuptools-rust")
    pythons = _scaffold.PYTHONS
    parser.add_argument(
        "--license", choices=tuple(_scaffold.LICENSES), default="both", help="(default: %(default)s)"
    )
    parser.add_argument("--author", default="", metavar="TEXT", help="who has the copyright")
    parser.add_argument("--description", default=_scaffold.DESCRIPTION, metavar="TEXT", help="one line")
    parser.add_argument(
        "--python", choices=pythons, default=pythons[0], help="the oldest (default: %(default)s)"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be written")


def run(options: argparse.Namespace) -> int:
    """Write the package; return the exit code."""
    folder = Path(options.folder or options.name)
    try:
        package = _scaffold.Package(
            options.name,
            description=options.description,
            author=options.author,
            license=_scaffold.LICENSES[options.license],
            python=options.python,
            abi3=not options.no_abi3,
            maturin=options.maturin,
            minimal=options.minimal,
        )
        files = package.files()
        if options.dry_run:
            for name in files:
                report.write(report.printable(str(folder / name)))
            return 0
        _scaffold.write(files, folder)
    except _scaffold.Refused as error:
        report.fail("new", error)
        return report.FAILED
    except OSError as error:
        report.fail(f"new: {error.filename or folder}", error)
        return report.FAILED
    report.write(f"{len(files)} files in {report.printable(str(folder))}. Next, there:")
    report.write("    python3 -m venv .venv && .venv/bin/pip install . hypothesis pytest")
    report.write("    .venv/bin/pytest")
    return 0
