"""A free-threaded interpreter, built from the distribution's source, for `tox` to find.

``python tools/free_threaded.py`` makes ``.debian/bin/python3.14t`` or, where the source of that cannot be had,
``python3.13t``; with that folder on ``PATH`` it is an interpreter like others, and `tox -e py314t-newest` (or
``py313t-newest``) runs the tests on it. Nothing outside of ``.debian``, which git ignores, is changed.

The source is that of Debian's package, as its authors released it, from the mirror that the machine's own apt uses,
checked by apt's signatures. It takes minutes to compile. Where that cannot be done, one line says why and the exit
code is 0: `tox` skips the interpreter.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from debian import FOLDER, Unavailable, run, source

#: The versions, the most wanted first, and the suites that have their source.
VERSIONS = {"3.14": "sid", "3.13": "trixie"}


def build(version: str, folder: Path) -> Path:
    """Compile and install an interpreter; its program."""
    # Of its own: a build that was stopped half-way leaves none that looks whole.
    prefix = FOLDER / f"python{version}t"
    run("./configure", "--quiet", "--disable-gil", f"--prefix={prefix}", "CFLAGS=-O2", cwd=folder)
    run("make", "--silent", f"--jobs={os.cpu_count() or 1}", cwd=folder)
    run("make", "--silent", "install", cwd=folder)
    python = prefix / f"bin/python{version}t"
    run(python, "-c", "import ctypes, hashlib, ssl, sqlite3, sys, venv; assert not sys._is_gil_enabled()")
    return python


def main() -> None:
    """Make one, if there is none."""
    bin_folder, scratch = FOLDER / "bin", FOLDER / "scratch"
    if any(shutil.which(f"python{version}t", path=str(bin_folder)) for version in VERSIONS):
        return
    reasons = []
    for version, suite in VERSIONS.items():
        try:
            python = build(version, source(suite, f"python{version}", scratch / "source", scratch))
        except Unavailable as reason:
            reasons.append(f"{version}: {reason}")
            continue
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        bin_folder.mkdir(exist_ok=True)
        (bin_folder / python.name).symlink_to(python)
        print(f"{bin_folder / python.name}: {run(python, '--version').strip()}, free-threaded")
        break
    else:
        print("no free-threaded Python", file=sys.stderr)
    for reason in reasons:
        print(f"not {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
