"""The command ``info``: the build, the machine, what is missing."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata

from rust_numpy_example._cli import report
from rust_numpy_example._cli.arguments import add_output
from rust_numpy_example._timing import cpu

#: Packages that commands can do without, and what for.
OPTIONAL = {"pyarrow": "Parquet and Arrow", "zstandard": "zstd", "pillow": "images", "matplotlib": "plots"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = "Print what there is to know of the package and of the machine, for a bug report."
    add_output(parser, ("json",))


def run(options: argparse.Namespace) -> int:
    """Write the facts; return the exit code."""
    import rust_numpy_example

    facts: dict[str, object] = {**rust_numpy_example.build_info()}
    facts["python"] = f"{platform.python_implementation()} {platform.python_version()}"
    facts["platform"] = platform.platform()
    facts["cpu"] = cpu()
    for package in ("numpy", *OPTIONAL):
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            facts[package] = None
    with report.output(options.output):
        if options.format == "json":
            report.write(report.to_json(facts))
            return 0
        rows = []
        for name, value in facts.items():
            if value is None and name in OPTIONAL:
                value = f"not installed (for {OPTIONAL[name]})"
            elif isinstance(value, (list, tuple)):
                value = ", ".join(map(str, value))
            rows.append((name, report.printable(str(value))))
        for line in report.aligned(rows, left=(0, 1)):
            report.write(line)
    return 0
